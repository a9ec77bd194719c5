/* formats/mime_narrow.c: see mime_narrow.h. Goes through the parts in their order and copies what is between them. */
#include "formats/mime_narrow.h"

#include "formats/header.h"
#include "formats/mime_encode.h"

enum { LINE_MAX_BYTES = 998 }; /* RFC 5322 section 2.1.1 */

/* Can the text stand in a message of 7 bits as it is? */
static bool is_narrow(struct str s)
{
    size_t column = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '\n') {
            column = 0;
            continue;
        }
        bool bare = c == '\r' && !(i + 1 < s.n && s.p[i + 1] == '\n');
        if (c >= 0x80 || c == '\0' || bare || (c != '\r' && ++column > LINE_MAX_BYTES))
            return false;
    }
    return true;
}

static bool is_seven_bit(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!s.p[i] || (unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

/* Preambles, boundaries: what is more than 7 bits in a line becomes "?". UNSUPPORTED: in one that may be a boundary, or would become one. */
static enum status add_between(struct buf *out, struct str s)
{
    while (s.n) {
        size_t end = str_chr(s, '\n', 0);
        struct str line = str_slice(s, 0, end == SIZE_MAX ? s.n : end + 1);
        s = str_from(s, line.n);
        if (is_seven_bit(line)) {
            buf_add(out, line);
            continue;
        }
        if (str_starts(line, STR("--")))
            return UNSUPPORTED;
        for (size_t i = 0; i < line.n; i++)
            buf_addc(out, is_seven_bit(str_slice(line, i, 1)) ? line.p[i] : '?');
    }
    return OK;
}

static void add_field(struct buf *out, const char *name, const char *value)
{
    buf_addf(out, "%s: %s\r\n", name, value);
}

/* The part's header with another encoding; `encoding` NULL: 7 bits, which needs no word. `whole`: that of a message. */
static void add_head(struct buf *out, struct str head, bool whole, const char *encoding, bool utf8)
{
    struct str rest = head;
    struct header_field field;
    while (header_next(&rest, &field))
        if (!str_caseeq(field.name, STR("Content-Transfer-Encoding")))
            buf_add(out, field.raw);
    if (encoding && whole && !header_find(head, STR("MIME-Version")).p) {
        add_field(out, "MIME-Version", "1.0");
        if (!header_find(head, STR("Content-Type")).p) /* RFC 1428 */
            add_field(out, "Content-Type",
                      utf8 ? "text/plain; charset=utf-8" : "text/plain; charset=unknown-8bit");
    }
    if (encoding)
        add_field(out, "Content-Transfer-Encoding", encoding);
    buf_addz(out, "\r\n");
}

static bool is_composite(struct str head)
{
    struct str type = str_trim(header_find(head, STR("Content-Type")));
    return str_casestarts(type, STR("multipart/")) || str_casestarts(type, STR("message/"));
}

static enum status add_leaf(struct buf *out, struct str head, struct str body, const struct mime_part *p,
                            bool whole)
{
    bool is_encoded = p->encoding == MIME_QUOTED || p->encoding == MIME_BASE64;
    if (is_encoded || is_narrow(body)) {
        if (is_encoded || p->encoding == MIME_ENCODING_OTHER)
            buf_add(out, head);
        else
            add_head(out, head, whole, NULL, false);
        return add_between(out, body); /* what is no encoded text among it says nothing */
    }
    if (is_composite(head) || p->encoding == MIME_ENCODING_OTHER)
        return UNSUPPORTED;
    bool text = p->kind == MIME_TEXT && p->encoding != MIME_BINARY;
    add_head(out, head, whole, text ? "quoted-printable" : "base64", str_utf8(body));
    if (text)
        mime_quoted_encode(out, body);
    else
        mime_base64_encode(out, body);
    return OK;
}

enum status mime_narrow(struct arena *a, struct str message, const struct mime_limits *limits,
                        struct buf *out)
{
    struct mime_map map = {0};
    enum status st = mime_scan(a, message, limits, &map);
    uint64_t at = 0;
    for (size_t i = 0; i < map.count && st == OK; i++) {
        const struct mime_part *p = &map.parts[i];
        bool whole = !i || p[-1].kind == MIME_MESSAGE; /* the message, or one in it */
        bool leaf = p->kind == MIME_LEAF || p->kind == MIME_TEXT;
        struct str head = mime_head(message, p);
        st = add_between(out, str_slice(message, at, p->head - at));
        at = leaf ? p->body + p->body_n : p->body;
        if (leaf && st == OK)
            st = add_leaf(out, head, mime_body(message, p), p, whole);
        else if (!leaf)
            add_head(out, head, whole, NULL, false);
    }
    if (st == OK)
        st = add_between(out, str_from(message, at));
    return st == OK ? out->st : st;
}
