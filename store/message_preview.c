/* store/message_preview.c: how a message's text begins (RFC 8970): of its first plain part, or of its first HTML part without
 * the tags. */
#include "formats/charset.h"
#include "formats/header.h"
#include "formats/mime_type.h"
#include "formats/mime_word.h"
#include "store/message_rows.h"

enum { PREVIEW_CHARS = 200, LINE_BYTES = 4 * PREVIEW_CHARS, PLAIN_BYTES = 4 << 10, LOOK_BYTES = 16 << 10 };

static const struct mime_part *text_part(struct str message, const struct mime_map *map, bool *html)
{
    const struct mime_part *found = NULL;
    for (size_t i = 0; i < map->count; i++) {
        const struct mime_part *p = &map->parts[i];
        if (p->kind != MIME_TEXT)
            continue;
        struct str field = header_find(mime_head(message, p), STR("Content-Type"));
        struct mime_value v = mime_value(field);
        bool plain = !v.subtype.p || str_caseeq(v.subtype, STR("plain"));
        if (plain) {
            *html = false;
            return p;
        }
        if (!found && str_caseeq(v.subtype, STR("html"))) {
            found = p;
            *html = true;
        }
    }
    return found;
}

/* What the part's first bytes say, in UTF-8. */
static enum status decode(struct arena *a, struct str message, const struct mime_part *p, size_t most,
                          struct str *out)
{
    SCOPED_BUF(bytes, LOOK_BYTES + 1024);
    struct str raw = str_slice(mime_body(message, p), 0, most);
    struct mime_value v = mime_value(header_find(mime_head(message, p), STR("Content-Type")));
    enum charset cs = charset_find(mime_param(a, str_slice(v.params, 0, LOOK_BYTES), STR("charset")));
    if (p->encoding == MIME_QUOTED)
        mime_quoted_decode(&bytes, raw);
    else if (p->encoding == MIME_BASE64)
        mime_base64_decode(&bytes, raw);
    else
        buf_add(&bytes, raw);
    struct str copy = arena_str(a, buf_view(&bytes));
    if (bytes.st != OK || a->st != OK)
        return bytes.st != OK ? bytes.st : a->st;
    return cs == CHARSET_NONE || cs == CHARSET_UTF8 || cs == CHARSET_ASCII
               ? charset_guess(a, CHARSET_CP1252, copy, out)
               : charset_decode(a, cs, copy, out);
}

/* ---- HTML ---- */

/* Cuts an element off whose content is no text ("<style>…</style>"), or a comment, or a tag. */
static struct str skip_tag(struct str html)
{
    static const struct {
        struct str open, close;
    } silent[] = {
        {STR_INIT("<style"), STR_INIT("</style")},
        {STR_INIT("<script"), STR_INIT("</script")},
        {STR_INIT("<title"), STR_INIT("</title")},
        {STR_INIT("<!--"), STR_INIT("--")},
    };
    for (size_t i = 0; i < COUNT_OF(silent); i++) {
        if (!str_casestarts(html, silent[i].open))
            continue;
        struct str rest = str_from(html, silent[i].open.n);
        while (rest.n && !str_casestarts(rest, silent[i].close))
            rest = str_from(rest, 1);
        html = rest;
        break;
    }
    size_t end = str_chr(html, '>', 0);
    return str_from(html, end == SIZE_MAX ? html.n : end + 1);
}

static struct str add_entity(struct buf *out, struct str html)
{
    static const struct {
        struct str name, text;
    } entities[] = {
        {STR_INIT("&amp;"), STR_INIT("&")},  {STR_INIT("&lt;"), STR_INIT("<")},
        {STR_INIT("&gt;"), STR_INIT(">")},   {STR_INIT("&quot;"), STR_INIT("\"")},
        {STR_INIT("&nbsp;"), STR_INIT(" ")}, {STR_INIT("&#39;"), STR_INIT("'")},
    };
    for (size_t i = 0; i < COUNT_OF(entities); i++)
        if (str_casestarts(html, entities[i].name)) {
            buf_add(out, entities[i].text);
            return str_from(html, entities[i].name.n);
        }
    buf_addc(out, '&');
    return str_from(html, 1);
}

static void add_html(struct buf *out, struct str html)
{
    while (html.n && out->st == OK) {
        if (html.p[0] == '<') {
            html = skip_tag(html);
            buf_addc(out, ' ');
        } else if (html.p[0] == '&') {
            html = add_entity(out, html);
        } else {
            buf_addc(out, html.p[0]);
            html = str_from(html, 1);
        }
    }
}

/* ---- one line ---- */

static void add_line(struct buf *out, struct str text)
{
    bool space = true;
    for (size_t i = 0; i < text.n && out->n <= LINE_BYTES; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool blank = c <= ' ' || c == 0x7f;
        if (blank && !space)
            buf_addc(out, ' ');
        else if (!blank)
            buf_addc(out, (char)c);
        space = blank;
    }
}

enum status mail_preview(struct arena *a, struct str message, const struct mime_map *map, struct str *out)
{
    bool html = false;
    struct str text;
    SCOPED_BUF(plain, 8 * LOOK_BYTES);
    SCOPED_BUF(line, 8 * LOOK_BYTES);
    const struct mime_part *p = text_part(message, map, &html);
    *out = STR_NONE;
    if (!p)
        return OK;
    enum status st = decode(a, message, p, html ? LOOK_BYTES : PLAIN_BYTES, &text);
    if (st != OK)
        return st;
    if (html) {
        add_html(&plain, text);
        text = buf_view(&plain);
    }
    add_line(&line, text);
    if (plain.st != OK || line.st != OK)
        return plain.st != OK ? plain.st : line.st;
    *out = arena_str(a, str_trim(charset_cut(buf_view(&line), PREVIEW_CHARS)));
    return a->st;
}
