/* formats/mime_type.c: Content-Type and the fields of its form. */
#include "formats/mime_type.h"
#include "formats/charset.h"
#include "formats/header.h"

struct mime_value mime_value(struct str field)
{
    struct mime_value v = {STR_NONE, STR_NONE, STR_NONE};
    struct header_token t;
    bool slash = false;
    while (header_token(&field, "/;", &t)) {
        if (t.kind == HEADER_COMMENT)
            continue;
        if (t.kind == HEADER_SPECIAL && t.text.p[0] == ';') {
            v.params = field;
            break;
        }
        if (t.kind == HEADER_SPECIAL)
            slash = true;
        else if (!slash && !v.type.p)
            v.type = t.text;
        else if (slash && !v.subtype.p)
            v.subtype = t.text;
    }
    return v;
}

/* Takes what is behind '=': words up to ';', a quoted string without its quotes. */
static struct str param_value(struct arena *a, struct str *params, bool *ended)
{
    struct header_token t;
    struct str value = STR_NONE;
    *ended = false;
    while (!*ended && header_token(params, ";", &t)) {
        if (t.kind == HEADER_SPECIAL) {
            *ended = true;
        } else if (t.kind == HEADER_QUOTED) {
            SCOPED_BUF(b, t.text.n + 1);
            header_unquote(&b, t.text);
            value = value.p ? value : arena_str(a, buf_view(&b));
        } else if (t.kind != HEADER_COMMENT) {
            value = value.p ? value : t.text;
        }
    }
    return value;
}

bool mime_param_next(struct arena *a, struct str *params, struct mime_param *out)
{
    struct header_token t;
    struct str name = STR_NONE;
    while (a->st == OK && header_token(params, ";=", &t)) {
        if (t.kind == HEADER_COMMENT)
            continue;
        if (t.kind != HEADER_SPECIAL) {
            name = name.p ? name : t.text;
        } else if (t.text.p[0] == ';') {
            name = STR_NONE;
        } else {
            bool ended;
            struct str value = param_value(a, params, &ended);
            if (name.n && value.p) {
                *out = (struct mime_param){name, value};
                return true;
            }
            name = STR_NONE;
        }
    }
    return false;
}

/* One piece of a parameter: "name*3*" is piece 3, encoded. */
struct piece {
    uint64_t n;
    size_t at; /* its place in the field */
    bool encoded;
    struct str value;
};

/* Is `name` the parameter asked for, or a piece of it? */
static bool is_piece(struct str name, struct str wanted, struct piece *out)
{
    if (!str_casestarts(name, wanted))
        return false;
    struct str more = str_from(name, wanted.n);
    *out = (struct piece){.n = 0};
    if (more.n && more.p[more.n - 1] == '*') {
        out->encoded = true;
        more.n--;
    }
    if (!more.n)
        return true;
    return more.p[0] == '*' && str_u64(str_from(more, 1), &out->n);
}

/* Of two that have one number the encoded one counts, then the first. */
static int by_number(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    if (x->n != y->n)
        return x->n > y->n ? 1 : -1;
    if (x->encoded != y->encoded)
        return x->encoded ? -1 : 1;
    return x->at > y->at ? 1 : -1;
}

static int hex(char c)
{
    c = ascii_lower(c);
    return ascii_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void add_percent(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        int high = s.p[i] == '%' && i + 2 < s.n ? hex(s.p[i + 1]) : -1;
        int low = high >= 0 ? hex(s.p[i + 2]) : -1;
        if (low >= 0) {
            buf_addc(out, (char)(high * 16 + low));
            i += 2;
        } else {
            buf_addc(out, s.p[i]);
        }
    }
}

/* Puts sorted pieces together: those numbered 0, 1, 2, … without a gap. The first encoded one names the character set. */
static struct str join(struct arena *a, struct piece *pieces, size_t count)
{
    SCOPED_BUF(b, a->max);
    struct str set = STR_NONE;
    for (size_t i = 0; i < count && pieces[i].n <= pieces[i ? i - 1 : 0].n + 1; i++) {
        struct str value = pieces[i].value;
        if (i && pieces[i].n == pieces[i - 1].n)
            continue;
        if (pieces[i].encoded && i == 0) {
            size_t first = str_chr(value, '\'', 0),
                   second = first == SIZE_MAX ? first : str_chr(value, '\'', first + 1);
            if (second != SIZE_MAX) {
                set = str_slice(value, 0, first);
                value = str_from(value, second + 1);
            }
        }
        if (pieces[i].encoded)
            add_percent(&b, value);
        else
            buf_add(&b, value);
    }
    struct str bytes = b.st == OK ? arena_str(a, buf_view(&b)) : STR_NONE, text = STR_NONE;
    enum charset cs = set.n ? charset_find(set) : CHARSET_NONE;
    if (!bytes.p)
        return STR_NONE;
    enum status st = cs != CHARSET_NONE ? charset_decode(a, cs, bytes, &text)
                                        : charset_guess(a, CHARSET_CP1252, bytes, &text);
    return st == OK ? text : STR_NONE;
}

struct str mime_param(struct arena *a, struct str params, struct str name)
{
    struct piece *pieces = NULL;
    size_t count = 0, cap = 0;
    struct mime_param p;
    while (mime_param_next(a, &params, &p)) {
        struct piece piece;
        if (!is_piece(p.name, name, &piece))
            continue;
        pieces = arena_grow(a, pieces, count, &cap, count + 1, sizeof *pieces);
        if (!pieces)
            return STR_NONE;
        piece.value = p.value;
        piece.at = count;
        pieces[count++] = piece;
    }
    if (!count)
        return STR_NONE;
    qsort(pieces, count, sizeof *pieces, by_number);
    return join(a, pieces, count);
}

enum mime_encoding mime_encoding(struct str field)
{
    static const struct {
        struct str name;
        enum mime_encoding encoding;
    } names[] = {
        {STR_INIT("7bit"), MIME_7BIT},     {STR_INIT("8bit"), MIME_8BIT},
        {STR_INIT("binary"), MIME_BINARY}, {STR_INIT("quoted-printable"), MIME_QUOTED},
        {STR_INIT("base64"), MIME_BASE64},
    };
    struct header_token t;
    while (header_token(&field, ";", &t))
        if (t.kind != HEADER_COMMENT) {
            for (size_t i = 0; i < COUNT_OF(names); i++)
                if (str_caseeq(t.text, names[i].name))
                    return names[i].encoding;
            return MIME_ENCODING_OTHER;
        }
    return MIME_7BIT;
}
