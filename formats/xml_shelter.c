/* formats/xml_shelter.c: carries bytes through the XML parser that it would refuse or change. */
#include "formats/xml_shelter.h"

enum { MARKS = 32 }; /* U+FDD0 is EF B7 90 */

struct walk {
    const struct xml_shelter *shelter;
    struct str text;
    struct buf *out;
    size_t at, done; /* done: copied to `out` so far */
    size_t depth;    /* open elements */
};

static bool find_mark(struct xml_shelter *s, struct str text)
{
    uint32_t used = 0;
    for (size_t at = 0; (at = str_find(text, STR("\xef\xb7"), at)) != SIZE_MAX; at += 2) {
        unsigned char c = at + 2 < text.n ? (unsigned char)text.p[at + 2] : 0;
        if (c >= 0x90 && c < 0x90 + MARKS)
            used |= 1U << (c - 0x90);
    }
    for (unsigned i = 0; i < MARKS; i++)
        if (!(used >> i & 1)) {
            memcpy(s->mark, "\xef\xb7", 2);
            s->mark[2] = (char)(0x90 + i);
            return true;
        }
    return false;
}

static void copy_to(struct walk *w, size_t at)
{
    buf_add(w->out, str_slice(w->text, w->done, at - w->done));
    w->done = at;
}

static void shelter_byte(struct walk *w)
{
    unsigned char c = (unsigned char)w->text.p[w->at];
    const char character[2] = {(char)(0xc4 | c >> 6), (char)(0x80 | (c & 0x3f))}; /* U+0100 and the byte */
    copy_to(w, w->at);
    buf_add(w->out, str_n(w->shelter->mark, sizeof w->shelter->mark));
    buf_add(w->out, str_n(character, sizeof character));
    w->done = ++w->at;
}

/* Length of the character at w->at; 0 when XML has no way to say what is there. */
static size_t character(const struct walk *w)
{
    unsigned char c = (unsigned char)w->text.p[w->at];
    if (c < 0x80)
        return c >= 0x20 || c == '\t' || c == '\n';
    size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    struct str s = str_slice(w->text, w->at, n);
    if (s.n < n || !str_utf8(s) || str_eq(s, STR("\xef\xbf\xbe")) || str_eq(s, STR("\xef\xbf\xbf")))
        return 0;
    return n;
}

/* "&lt;", "&#233;", "&#xE9;": does one begin at w->at? */
static bool is_reference(const struct walk *w)
{
    static const struct str names[] = {STR_INIT("&lt;"), STR_INIT("&gt;"), STR_INIT("&amp;"),
                                       STR_INIT("&quot;"), STR_INIT("&apos;")};
    struct str rest = str_slice(w->text, w->at, 16);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_starts(rest, names[i]))
            return true;
    if (!str_starts(rest, STR("&#")))
        return false;
    bool hex = str_starts(rest, STR("&#x"));
    size_t first = hex ? 3 : 2, i = first;
    while (i < rest.n && (ascii_digit(rest.p[i]) ||
                          (hex && ascii_lower(rest.p[i]) >= 'a' && ascii_lower(rest.p[i]) <= 'f')))
        i++;
    return i > first && i < rest.n && rest.p[i] == ';';
}

/* Text up to `end`; in CDATA only CR and bad bytes are sheltered. */
static void walk_text(struct walk *w, size_t end, bool cdata)
{
    while (w->at < end) {
        char c = w->text.p[w->at];
        size_t n = character(w);
        bool stray = !cdata && ((c == '&' && !is_reference(w)) ||
                                (c == ']' && str_starts(str_from(w->text, w->at), STR("]]>"))));
        if (n == 0 || stray)
            shelter_byte(w);
        else
            w->at += n;
    }
}

/* From '<' behind the '>' of a tag; counts the depth. */
static void walk_tag(struct walk *w)
{
    char quote = 0;
    bool closing = str_starts(str_from(w->text, w->at), STR("</"));
    for (w->at++; w->at < w->text.n; w->at++) {
        char c = w->text.p[w->at];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>')
            break;
    }
    bool empty = w->at < w->text.n && w->text.p[w->at - 1] == '/';
    if (closing)
        w->depth -= w->depth > 0;
    else
        w->depth += !empty;
    w->at += w->at < w->text.n;
}

/* A document type that only names a DTD is left out: nothing would be fetched, and nothing can be declared in it. */
static void walk_doctype(struct walk *w)
{
    size_t end = str_chr(w->text, '>', w->at);
    if (end == SIZE_MAX || memchr(w->text.p + w->at, '[', end - w->at)) { /* stays, and is refused */
        w->at++;
        return;
    }
    copy_to(w, w->at);
    w->at = w->done = end + 1;
}

static void walk_markup(struct walk *w)
{
    static const struct {
        struct str begin, end;
        bool cdata;
    } forms[] = {{STR_INIT("<!--"), STR_INIT("-->"), false},
                 {STR_INIT("<![CDATA["), STR_INIT("]]>"), true},
                 {STR_INIT("<?"), STR_INIT("?>"), false}};
    struct str rest = str_from(w->text, w->at);
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        if (!str_starts(rest, forms[i].begin))
            continue;
        size_t end = str_find(w->text, forms[i].end, w->at + forms[i].begin.n);
        end = end == SIZE_MAX ? w->text.n : end;
        if (forms[i].cdata && w->depth) {
            w->at += forms[i].begin.n;
            walk_text(w, end, true);
        }
        w->at = end + forms[i].end.n < w->text.n ? end + forms[i].end.n : w->text.n;
        return;
    }
    if (str_starts(rest, STR("<!DOCTYPE")) && !w->depth)
        walk_doctype(w);
    else
        walk_tag(w);
}

enum status xml_shelter(struct xml_shelter *s, struct str *text, struct buf *out)
{
    if (!find_mark(s, *text))
        return INVALID;
    struct walk w = {.shelter = s, .text = *text, .out = out};
    while (w.at < w.text.n) {
        size_t end = str_chr(w.text, '<', w.at);
        end = end == SIZE_MAX ? w.text.n : end;
        if (w.depth)
            walk_text(&w, end, false);
        w.at = end;
        if (w.at < w.text.n)
            walk_markup(&w);
    }
    if (w.done == 0) { /* nothing to shelter: the text as it is */
        *s = (struct xml_shelter){{0}};
        return OK;
    }
    copy_to(&w, w.text.n);
    *text = buf_view(out);
    return out->st;
}

void xml_unshelter(const struct xml_shelter *s, struct buf *text)
{
    struct str mark = str_n(s->mark, sizeof s->mark);
    size_t at = s->mark[0] ? str_find(buf_view(text), mark, 0) : SIZE_MAX, to = at;
    if (at == SIZE_MAX)
        return;
    while (at < text->n) {
        if (text->n - at >= XML_SHELTER_GROWTH && memcmp(text->p + at, mark.p, mark.n) == 0) {
            unsigned char high = (unsigned char)text->p[at + 3], low = (unsigned char)text->p[at + 4];
            text->p[to++] = (char)((high & 3) << 6 | (low & 0x3f));
            at += XML_SHELTER_GROWTH;
        } else {
            text->p[to++] = text->p[at++];
        }
    }
    buf_cut(text, to);
}
