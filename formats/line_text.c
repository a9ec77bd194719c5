/* formats/line_text.c: TEXT values and the writing of content lines: escaping and folding (RFC 5545
 * section 3.1). */
#include "formats/line.h"

enum { FOLD = 75 }; /* octets of a line, the break excluded */

struct str text_unescape(struct arena *a, struct str value)
{
    if (str_chr(value, '\\', 0) == SIZE_MAX)
        return value;
    char *out = arena_alloc(a, value.n + 1);
    if (!out)
        return STR_NONE;
    size_t n = 0;
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (c == '\\' && i + 1 < value.n) {
            char next = value.p[i + 1];
            /* "\:" and "\"" come from clients that escape too much */
            if (next == 'n' || next == 'N' || next == ',' || next == ';' || next == '\\' || next == ':' ||
                next == '"') {
                c = next == 'n' || next == 'N' ? '\n' : next;
                i++;
            }
        }
        out[n++] = c;
    }
    return str_n(out, n);
}

void text_escape(struct buf *out, struct str text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c != '\n' && c != '\r' && c != ',' && c != ';' && c != '\\')
            continue;
        buf_add(out, str_slice(text, from, i - from));
        from = i + 1;
        if (c == '\r')
            continue;
        buf_addc(out, '\\');
        buf_addc(out, c == '\n' ? 'n' : c);
    }
    buf_add(out, str_from(text, from));
}

bool text_split(struct str *rest, char sep, struct str *head)
{
    if (!rest->p)
        return false;
    for (size_t i = 0; i < rest->n; i++) {
        if (rest->p[i] == '\\') {
            i++;
        } else if (rest->p[i] == sep) {
            *head = str_slice(*rest, 0, i);
            *rest = str_from(*rest, i + 1);
            return true;
        }
    }
    *head = *rest;
    *rest = STR_NONE;
    return true;
}

struct folder {
    struct buf *out;
    size_t column;
};

/* How many bytes of s may go on the line: `room` at most, not inside a UTF-8 character. */
static size_t cut_at(struct str s, size_t room, bool fresh)
{
    size_t cut = room;
    while (cut && room - cut < 4 && ((unsigned char)s.p[cut] & 0xC0) == 0x80)
        cut--;
    if (room - cut == 4) /* not UTF-8: anywhere */
        cut = room;
    return cut || !fresh ? cut : room;
}

static void fold_run(struct folder *f, struct str s)
{
    while (f->column + s.n > FOLD) {
        size_t cut = cut_at(s, FOLD - f->column, f->column <= 1);
        buf_add(f->out, str_slice(s, 0, cut));
        buf_add(f->out, STR("\r\n "));
        s = str_from(s, cut);
        f->column = 1;
    }
    buf_add(f->out, s);
    f->column += s.n;
}

/* Line breaks cannot be content here: dropping them keeps data from adding a line. */
static void fold_add(struct folder *f, struct str s)
{
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '\n' && s.p[i] != '\r')
            continue;
        fold_run(f, str_slice(s, from, i - from));
        from = i + 1;
    }
    fold_run(f, str_from(s, from));
}

static bool needs_quotes(struct str v)
{
    return str_chr(v, ',', 0) != SIZE_MAX || str_chr(v, ';', 0) != SIZE_MAX || str_chr(v, ':', 0) != SIZE_MAX;
}

static void write_param_value(struct folder *f, struct str v)
{
    bool quotes = needs_quotes(v);
    size_t from = 0;
    if (quotes)
        fold_add(f, STR("\""));
    for (size_t i = 0; i < v.n; i++) { /* RFC 6868 */
        char c = v.p[i];
        if (c != '\n' && c != '"' && c != '^')
            continue;
        fold_add(f, str_slice(v, from, i - from));
        fold_add(f, c == '\n' ? STR("^n") : c == '"' ? STR("^'") : STR("^^"));
        from = i + 1;
    }
    fold_add(f, str_from(v, from));
    if (quotes)
        fold_add(f, STR("\""));
}

void line_write(struct buf *out, const struct line *l)
{
    struct folder f = {.out = out};
    if (l->group.p) {
        fold_add(&f, l->group);
        fold_add(&f, STR("."));
    }
    fold_add(&f, l->name);
    for (const struct line_param *p = l->params; p; p = p->next) {
        fold_add(&f, STR(";"));
        fold_add(&f, p->name);
        for (size_t i = 0; i < p->value_count; i++) {
            fold_add(&f, i ? STR(",") : STR("="));
            write_param_value(&f, p->values[i]);
        }
    }
    fold_add(&f, STR(":"));
    fold_add(&f, l->value);
    buf_add(out, STR("\r\n"));
}
