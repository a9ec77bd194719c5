/* formats/note.c: notes as plain text: which part of the text is the title. */
#include "formats/note.h"

/* Line feeds alone; no control characters, which neither side can hold. STR_NONE: out of memory. */
static struct str normal(struct arena *a, struct str text)
{
    char *p = arena_alloc(a, text.n + 1);
    if (!p)
        return STR_NONE;
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '\r') {
            i += i + 1 < text.n && text.p[i + 1] == '\n';
            c = '\n';
        }
        if ((unsigned char)c >= 0x20 || c == '\t' || c == '\n')
            p[n++] = c;
    }
    return str_n(p, n);
}

struct str note_title(struct str text)
{
    struct str rest = text, line = STR("");
    str_split(&rest, '\n', &line);
    size_t characters = 0;
    for (size_t i = 0; i < line.n; i++)
        if (((unsigned char)line.p[i] & 0xC0) != 0x80 && characters++ == NOTE_TITLE)
            return str_slice(line, 0, i);
    return line;
}

static enum status add_text(struct arena *a, struct ical_comp *c, struct str name, struct str text)
{
    SCOPED_BUF(b, text.n * 2 + 1);
    text_escape(&b, text);
    struct line *l = ARENA_NEW(a, struct line);
    if (!l || b.st < 0)
        return E_MEMORY;
    l->name = name;
    l->value = arena_str(a, buf_view(&b));
    ical_add_prop(c, l);
    return l->value.p ? OK : a->st;
}

enum status note_read(struct arena *a, struct str text, struct ical_comp *journal)
{
    if (!str_utf8(text))
        return INVALID;
    text = normal(a, text);
    if (!text.p)
        return a->st;
    struct str title = note_title(text), rest = str_from(text, title.n + 1);
    bool apart = title.n && rest.n && text.p[title.n] == '\n' && !str_starts(rest, title);
    enum status st = title.n ? add_text(a, journal, STR("SUMMARY"), title) : OK;
    struct str body = apart ? rest : text.n > title.n ? text : STR("");
    return st == OK && body.n ? add_text(a, journal, STR("DESCRIPTION"), body) : st;
}

static void add_lines(struct buf *out, struct str text, struct str eol)
{
    size_t from = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '\n')
            continue;
        buf_add(out, str_slice(text, from, i - from));
        buf_add(out, eol);
        from = i + 1;
    }
    buf_add(out, str_from(text, from));
}

enum status note_write(struct buf *out, struct arena *a, const struct ical_comp *journal, struct str eol)
{
    const struct line *summary = ical_prop(journal, STR("SUMMARY")),
                      *description = ical_prop(journal, STR("DESCRIPTION"));
    struct str title = summary ? text_unescape(a, summary->value) : STR("");
    struct str body = description ? text_unescape(a, description->value) : STR("");
    if (!title.p || !body.p)
        return a->st;
    if (!body.n || !str_starts(body, title)) {
        add_lines(out, title, eol);
        buf_add(out, body.n ? eol : STR(""));
    }
    add_lines(out, body, eol);
    return out->st;
}
