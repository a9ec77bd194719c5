/* formats/versit_write.c: lines of vCard 2.1 and vCalendar 1.0 as old devices can read them. Plain text is never folded, since devices
 * do not agree on what a fold's white space means; soft line breaks of quoted-printable and the lines of BASE64 are understood by all. */
#include "formats/versit_int.h"

enum { WIDTH = 76, BINARY_WIDTH = 72 };

struct str versit_unescape(struct arena *a, struct str value, bool parts)
{
    if (str_chr(value, '\\', 0) == SIZE_MAX)
        return value;
    char *out = arena_alloc(a, value.n + 1);
    size_t n = 0;
    for (size_t i = 0; out && i < value.n; i++) {
        char next = i + 1 < value.n ? value.p[i + 1] : 0;
        if (value.p[i] == '\\' && (next == ';' || (parts && (next == '\\' || next == ','))))
            i++;
        out[n++] = value.p[i];
    }
    return out ? str_n(out, n) : STR_NONE;
}

void versit_escape(struct buf *out, struct str text, bool list)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == ';' || c == '\\' || (list && c == ','))
            buf_addc(out, '\\');
        buf_addc(out, c);
    }
}

void versit_escape_text(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == ';' && i && text.p[i - 1] == '\\')
            buf_addc(out, '\\');
        buf_addc(out, text.p[i]);
    }
}

size_t versit_size(const struct versit_write *o, struct str property)
{
    return o->size ? o->size(o->size_ctx, property) : 0;
}

static bool is_plain(struct str s, bool *ascii)
{
    bool plain = true;
    *ascii = true;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x80)
            *ascii = false;
        else if (c < ' ' && c != '\t')
            plain = false;
    }
    return plain;
}

static size_t write_head(struct buf *out, const struct versit_out *l)
{
    size_t from = out->n;
    if (l->group.n) {
        buf_add(out, l->group);
        buf_addc(out, '.');
    }
    buf_add(out, l->name);
    for (size_t i = 0; i < l->param_count; i++) {
        buf_addc(out, ';');
        buf_add(out, l->params[i]);
    }
    return out->n - from;
}

/* Bytes of the character at i that must stay on one line. */
static size_t unit(struct str s, size_t i, bool utf8)
{
    size_t n = 1;
    if (utf8 && ((unsigned char)s.p[i] & 0xC0) == 0xC0)
        while (n < 4 && i + n < s.n && ((unsigned char)s.p[i + n] & 0xC0) == 0x80)
            n++;
    return n;
}

static bool is_literal(struct str s, size_t i)
{
    char c = s.p[i];
    bool last = i + 1 == s.n || s.p[i + 1] == '\n';
    return c == '\t' || c == ' ' ? !last : c > ' ' && c < 0x7F && c != '=';
}

/* RFC 2045 section 6.7; a line feed of the text is "=0D=0A". */
static void write_quoted(struct buf *out, struct str s, size_t column, bool fold, bool utf8)
{
    for (size_t i = 0; i < s.n;) {
        size_t n = unit(s, i, utf8);
        bool literal = n == 1 && is_literal(s, i);
        size_t width = s.p[i] == '\n' ? 6 : literal ? 1 : n * 3;
        if (fold && column + width >= WIDTH) { /* one column for the '=' */
            buf_add(out, STR("=\r\n"));
            column = 0;
        }
        column += width;
        for (; n; n--, i++) {
            unsigned char c = (unsigned char)s.p[i];
            if (c == '\n')
                buf_add(out, STR("=0D=0A"));
            else if (c < ' ' && c != '\t') /* no text has it, and readers take a CR for a line break */
                continue;
            else if (literal)
                buf_addc(out, s.p[i]);
            else
                buf_addf(out, "=%02X", (unsigned)c);
        }
    }
}

void versit_write_line(struct buf *out, const struct versit_write *o, const struct versit_out *l)
{
    bool ascii, plain = is_plain(l->value, &ascii);
    if (!l->value.n && !o->empty)
        return;
    size_t column = write_head(out, l);
    SCOPED_BUF(bytes, out->max);
    if (!ascii) {
        buf_add(out, STR(";CHARSET="));
        buf_add(out, charset_name(o->charset == CHARSET_NONE ? CHARSET_UTF8 : o->charset));
        charset_encode(&bytes, o->charset, l->value);
        if (bytes.st != OK)
            out->st = out->st == OK ? bytes.st : out->st;
    }
    struct str value = ascii ? l->value : buf_view(&bytes);
    if (plain && (ascii || !o->qp_8bit)) {
        buf_addc(out, ':');
        buf_add(out, value);
    } else {
        size_t before = out->n;
        buf_add(out, STR(";ENCODING=QUOTED-PRINTABLE:"));
        column += out->n - before + (ascii ? 0 : STR(";CHARSET=").n + charset_name(o->charset).n);
        write_quoted(out, value, column, o->fold, o->charset == CHARSET_UTF8 || o->charset == CHARSET_NONE);
    }
    buf_add(out, STR("\r\n"));
}

void versit_write_binary(struct buf *out, const struct versit_write *o, const struct versit_out *l,
                         struct str encoding)
{
    if (!l->value.n && !o->empty)
        return;
    write_head(out, l);
    buf_add(out, STR(";ENCODING="));
    buf_add(out, encoding);
    buf_addc(out, ':');
    struct str rest = l->value;
    if (!o->fold)
        buf_add(out, rest);
    for (; o->fold && rest.n; rest = str_from(rest, BINARY_WIDTH)) {
        buf_add(out, STR("\r\n "));
        buf_add(out, str_slice(rest, 0, BINARY_WIDTH));
    }
    buf_add(out, str_eq(encoding, STR("BASE64")) ? STR("\r\n\r\n") : STR("\r\n"));
}
