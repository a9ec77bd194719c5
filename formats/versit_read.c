/* formats/versit_read.c: lines of vCard 2.1 and vCalendar 1.0, one after the other. What is one piece and ASCII stays a view into the
 * input; everything else is put together in one pass, so that a million folds cost what a million bytes cost. */
#include "formats/versit.h"

#include "formats/versit_int.h"

static enum status fail(struct versit_reader *r, enum status st, const char *what)
{
    r->why = arena_strf(r->arena, "line %zu: %s", r->number, what);
    return r->arena->st < 0 ? r->arena->st : st;
}

/* Cuts one physical line off *rest; CRs before the LF are not content. */
static struct str physical(struct str *rest)
{
    size_t at = str_chr(*rest, '\n', 0);
    struct str line = at == SIZE_MAX ? *rest : str_slice(*rest, 0, at);
    *rest = at == SIZE_MAX ? str_from(*rest, rest->n) : str_from(*rest, at + 1);
    while (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

static bool is_fold(struct str rest)
{
    return rest.n && (rest.p[0] == ' ' || rest.p[0] == '\t');
}

static struct str without_end(struct str s)
{
    while (s.n && ascii_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

enum status versit_begin(struct versit_reader *r, struct arena *a, struct str text, enum charset charset,
                         const struct line_limits *limits)
{
    *r = (struct versit_reader){.arena = a, .limits = limits};
    r->utf8 = charset == CHARSET_UTF8;
    r->charset = charset == CHARSET_NONE || r->utf8 ? CHARSET_CP1252 : charset;
    enum status st = charset_whole(a, text, &r->rest);
    while (st == OK && r->rest.n && !r->rest.p[r->rest.n - 1]) /* NULs behind the end are seen */
        r->rest.n--;
    return st;
}

/* ---- the value, by its encoding; *b gets the bytes; false when the line is longer than the limit ---- */

struct gather {
    struct versit_reader *r;
    struct buf *b;
    size_t raw;      /* bytes seen */
    const char *end; /* of the last piece */
};

static bool piece(struct gather *g, struct str s)
{
    g->raw += s.n;
    g->end = s.p + s.n;
    return g->raw <= g->r->limits->line;
}

static struct str next_piece(struct gather *g)
{
    g->r->number++;
    return physical(&g->r->rest);
}

static bool gather_plain(struct gather *g, struct str s)
{
    buf_add(g->b, s);
    while (is_fold(g->r->rest)) {
        s = next_piece(g);
        if (!piece(g, s))
            return false;
        if (str_trim(s).n)
            buf_add(g->b, s);
    }
    return true;
}

static int hex(char c)
{
    return ascii_digit(c)         ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

static void unquote(struct buf *b, struct str s)
{
    size_t from = 0;
    for (size_t i = 0; i + 2 < s.n; i++) {
        int high = s.p[i] == '=' ? hex(s.p[i + 1]) : -1, low = high >= 0 ? hex(s.p[i + 2]) : -1;
        if (low < 0)
            continue;
        buf_add(b, str_slice(s, from, i - from));
        buf_addc(b, (char)(high << 4 | low));
        i += 2;
        from = i + 1;
    }
    buf_add(b, str_from(s, from));
}

/* "NAME:" or "NAME;" in capitals at the start. */
static bool looks_like_property(struct str s)
{
    size_t i = 0;
    while (i < s.n && ((s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '-'))
        i++;
    return i > 1 && i < s.n && (s.p[i] == ':' || s.p[i] == ';');
}

/* Does the line end in a soft break? Nokia N9 ends a value with "=0A=0D=", and the next line is the next property. */
static bool breaks_softly(struct str s, struct str rest)
{
    return str_ends(s, STR("=")) && !(str_ends(s, STR("=0A=0D=")) && looks_like_property(rest));
}

static bool gather_quoted(struct gather *g, struct str s)
{
    for (;;) {
        struct str bare = without_end(s);
        bool soft = str_ends(bare, STR("="));
        bool more = breaks_softly(bare, g->r->rest) ? g->r->rest.n > 0 : is_fold(g->r->rest);
        unquote(g->b, soft ? str_slice(bare, 0, bare.n - 1) : s);
        if (!more)
            return true;
        s = next_piece(g);
        if (!piece(g, s))
            return false;
    }
}

static bool is_base64_line(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_alpha(s.p[i]) && !ascii_digit(s.p[i]) && s.p[i] != '+' && s.p[i] != '/' && s.p[i] != '=' &&
            !ascii_space(s.p[i]))
            return false;
    return true;
}

static void add_without_space(struct buf *b, struct str s)
{
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_space(s.p[i]))
            continue;
        buf_add(b, str_slice(s, from, i - from));
        from = i + 1;
    }
    buf_add(b, str_from(s, from));
}

/* The block ends at an empty line, or before what can be no part of it. */
static bool gather_base64(struct gather *g, struct str s)
{
    for (;;) {
        add_without_space(g->b, s);
        struct str ahead = g->r->rest, line = physical(&ahead);
        if (!g->r->rest.n || (!is_fold(g->r->rest) && !is_base64_line(line)))
            return true;
        s = next_piece(g);
        if (!str_trim(s).n)
            return true;
        if (!piece(g, s))
            return false;
    }
}

/* ---- the decoded bytes as text ---- */

static bool is_clean(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' && s.p[i] != '\t' && s.p[i] != '\n')
            return false;
    return true;
}

/* One line feed for each of CR LF, LF CR, CR; no other controls. */
struct str versit_clean(struct arena *a, struct str s)
{
    if (is_clean(s))
        return s;
    char *p = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; p && i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i], next = i + 1 < s.n ? (unsigned char)s.p[i + 1] : 0;
        if (c >= ' ' || c == '\t') {
            p[n++] = (char)c;
        } else if (c == '\n' || c == '\r') {
            p[n++] = '\n';
            bool crlf_next = i + 2 < s.n && next == '\r' && s.p[i + 2] == '\n';
            if ((next == '\n' || next == '\r') && next != c && !crlf_next)
                i++;
        }
    }
    return p ? str_n(p, n) : STR_NONE;
}

static enum status to_text(struct versit_reader *r, enum charset cs, struct str bytes, struct str *out)
{
    enum status st = cs != CHARSET_NONE ? charset_decode(r->arena, cs, bytes, out)
                                        : charset_guess(r->arena, r->charset, bytes, out);
    if (st == OK)
        *out = versit_clean(r->arena, *out);
    return st == OK && !out->p ? r->arena->st : st;
}

static enum status read_value(struct versit_reader *r, struct versit_line *v, struct str first, size_t head,
                              const char **end)
{
    SCOPED_BUF(bytes, r->limits->line + 1);
    struct gather g = {r, &bytes, head, first.p};
    enum status st = OK;
    bool fits = piece(&g, first);
    bool alone = v->encoding == VERSIT_PLAIN && !is_fold(r->rest);
    if (fits && !alone)
        fits = v->encoding == VERSIT_QUOTED   ? gather_quoted(&g, first)
               : v->encoding == VERSIT_BASE64 ? gather_base64(&g, first)
                                              : gather_plain(&g, first);
    if (!fits || bytes.st == TOO_LARGE)
        return fail(r, TOO_LARGE, "the line is too long");
    if (bytes.st != OK)
        return bytes.st;
    struct str whole = alone ? first : arena_str(r->arena, buf_view(&bytes));
    if (!whole.p)
        return r->arena->st;
    *end = g.end;
    v->line.value = whole;
    bool made = r->utf8 && v->encoding == VERSIT_PLAIN && str_utf8(whole);
    if (v->encoding != VERSIT_BASE64)
        st = to_text(r, made ? CHARSET_UTF8 : v->charset, whole, &v->line.value);
    else if (!is_base64_line(whole))
        return fail(r, INVALID, "not base64");
    return st;
}

enum status versit_unbase64(struct versit_reader *r, const struct versit_line *l, struct str *out)
{
    SCOPED_BUF(bytes, l->line.value.n + 4);
    if (!buf_unbase64(&bytes, l->line.value))
        return INVALID;
    struct str copy = arena_str(r->arena, buf_view(&bytes));
    if (bytes.st != OK || !copy.p)
        return bytes.st != OK ? bytes.st : r->arena->st;
    return to_text(r, l->charset, copy, out);
}

/* ---- the whole line ---- */

/* Where the value begins: behind the first colon outside quotes; SIZE_MAX: there is none from `from` on. */
static size_t colon(struct str s, size_t from, bool *quoted)
{
    for (size_t i = from; i < s.n; i++) {
        if (s.p[i] == '"')
            *quoted = !*quoted;
        else if (s.p[i] == ':' && !*quoted)
            return i;
    }
    return SIZE_MAX;
}

/* The line up to its colon, which may come behind folds: *head without, *value what follows on that physical line. */
static enum status read_head(struct versit_reader *r, struct str first, struct str *head, struct str *value)
{
    bool quoted = false;
    struct str whole = first;
    size_t at = colon(whole, 0, &quoted);
    if (at == SIZE_MAX && quoted) { /* a lone quotation mark is no quotation */
        at = str_chr(whole, ':', 0);
        quoted = false;
    }
    SCOPED_BUF(joined, r->limits->line + 1);
    while (at == SIZE_MAX && is_fold(r->rest)) {
        if (!joined.n)
            buf_add(&joined, first);
        r->number++;
        size_t from = joined.n;
        struct str s = physical(&r->rest);
        buf_add(&joined, str_from(s, 1));
        if (joined.st != OK)
            return fail(r, joined.st, "the line is too long");
        at = colon(buf_view(&joined), from, &quoted);
    }
    if (at == SIZE_MAX)
        return fail(r, INVALID, "a colon is missing");
    if (joined.n)
        whole = arena_str(r->arena, buf_view(&joined));
    *head = str_slice(whole, 0, at);
    *value = str_from(whole, at + 1);
    return whole.p ? OK : r->arena->st;
}

enum status versit_next(struct versit_reader *r, struct versit_line **out)
{
    struct str first, head, value;
    do {
        if (!r->rest.n)
            return NOT_FOUND;
        r->number++;
        first = physical(&r->rest);
    } while (!str_trim(first).n);
    if (++r->count > r->limits->lines)
        return fail(r, TOO_MANY, "too many lines");
    struct versit_line *v = ARENA_NEW(r->arena, struct versit_line);
    if (!v)
        return r->arena->st;
    v->line.number = r->number;
    const char *end = first.p + first.n;
    if (first.n > r->limits->line)
        return fail(r, TOO_LARGE, "the line is too long");
    enum status st = read_head(r, first, &head, &value);
    const char *what = NULL;
    if (st == OK)
        st = versit_head(r->arena, r->charset, head, r->limits->params, v, &what);
    if (what)
        return fail(r, st, what);
    if (st == OK)
        st = read_value(r, v, value, head.n + 1, &end);
    if (st != OK)
        return st;
    v->line.raw = str_n(first.p, end > first.p && end <= r->rest.p ? (size_t)(end - first.p) : first.n);
    *out = v;
    return OK;
}

/* ---- cards inside of cards ---- */

enum status versit_nested(struct versit_reader *r, size_t depth, struct str *out)
{
    size_t open = 0, lines = 0;
    struct str rest = r->rest, line, text = STR_NONE;
    const char *begin = NULL;
    while (rest.n && !text.p) {
        lines++;
        line = physical(&rest);
        bool fold = is_fold(line);
        struct str bare = str_trim(line);
        if (!bare.n && !open)
            continue;
        if (!fold && str_caseeq(bare, STR("BEGIN:VCARD"))) {
            begin = begin ? begin : line.p;
            if (++open > depth)
                return fail(r, TOO_MANY, "cards nest too deep");
        } else if (!open) {
            return NOT_FOUND;
        } else if (!fold && str_caseeq(bare, STR("END:VCARD")) && --open == 0) {
            text = str_n(begin, (size_t)(line.p + line.n - begin));
        }
    }
    if (!begin)
        return NOT_FOUND;
    if (!text.p)
        return fail(r, INVALID, "a card inside does not end");
    if (text.n > r->limits->line)
        return fail(r, TOO_LARGE, "a card inside is too long");
    r->rest = rest;
    r->number += lines;
    return to_text(r, CHARSET_NONE, text, out);
}
