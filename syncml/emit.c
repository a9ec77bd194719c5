/* syncml/emit.c: elements as XML or WBXML. */
#include "syncml/emit.h"

#include <stdio.h>

enum {
    SWITCH_PAGE = 0x00,
    END = 0x01,
    STR_I = 0x03,
    OPAQUE = 0xC3,
    CONTENT = 0x40,
    UTF8 = 106,
    WBXML_1_2 = 0x02
};

#define CDATA_BEGIN "<![CDATA["
#define CDATA_END   "]]>"

static const struct {
    struct str xmlns;
    uint32_t syncml, devinf;             /* public ids; 0: as text */
    struct str syncml_text, devinf_text; /* in the string table */
} versions[] = {
    [SML_NONE] = {STR_INIT("SYNCML:SYNCML1.2"), 0x1201, 0x1203, {NULL, 0}, {NULL, 0}},
    [SML_1_0] = {STR_INIT("SYNCML:SYNCML1.0"), 0, 0, STR_INIT("-//SYNCML//DTD SyncML 1.0//EN"),
                 STR_INIT("-//SYNCML//DTD DevInf 1.0//EN")},
    [SML_1_1] = {STR_INIT("SYNCML:SYNCML1.1"), 0x0FD3, 0x0FD4, {NULL, 0}, {NULL, 0}},
    [SML_1_2] = {STR_INIT("SYNCML:SYNCML1.2"), 0x1201, 0x1203, {NULL, 0}, {NULL, 0}},
};

/* ---- WBXML ---- */

static void number(struct buf *out, uint32_t value) /* mb_u_int32 */
{
    for (int shift = 28; shift > 0; shift -= 7)
        if (value >> shift)
            buf_addc(out, (char)(0x80 | (value >> shift & 0x7f)));
    buf_addc(out, (char)(value & 0x7f));
}

static void wbxml_header(struct buf *out, uint32_t public_id, struct str text)
{
    buf_addc(out, WBXML_1_2);
    number(out, public_id);
    if (!public_id)
        number(out, 0); /* index in the table */
    number(out, UTF8);
    number(out, (uint32_t)text.n);
    buf_add(out, text);
}

static bool is_meta(enum sml_tag tag)
{
    const struct sml_tag_row *row = sml_tag_row(tag);
    return !row->token[PAGE_SYNCML] && row->token[PAGE_METINF];
}

static void token(struct emit *e, enum sml_tag tag, bool content)
{
    unsigned page = !e->devinf && is_meta(tag);
    const unsigned char *tokens = sml_tag_row(tag)->token;
    if (page != e->page) {
        buf_addc(e->out, SWITCH_PAGE);
        buf_addc(e->out, (char)page);
        e->page = page;
    }
    unsigned char t = e->devinf ? tokens[PAGE_DEVINF] : page ? tokens[PAGE_METINF] : tokens[PAGE_SYNCML];
    buf_addc(e->out, (char)(content ? t | CONTENT : t));
}

static void opaque(struct buf *out, struct str bytes)
{
    if (bytes.n > UINT32_MAX) {
        out->st = out->st ? out->st : TOO_LARGE;
        return;
    }
    buf_addc(out, (char)OPAQUE);
    number(out, (uint32_t)bytes.n);
    buf_add(out, bytes);
}

static void inline_string(struct buf *out, struct str text)
{
    buf_addc(out, STR_I);
    buf_add(out, text);
    buf_addc(out, 0);
}

/* ---- XML ---- */

static void begin_tag(struct emit *e, enum sml_tag tag)
{
    buf_addc(e->out, '<');
    buf_add(e->out, sml_tag_name(tag));
    if (e->devinf)
        return;
    if (is_meta(tag) && e->meta == 0)
        buf_add(e->out, STR(" xmlns='syncml:metinf'"));
}

static void end_tag(struct buf *out, enum sml_tag tag)
{
    buf_add(out, STR("</"));
    buf_add(out, sml_tag_name(tag));
    buf_addc(out, '>');
}

/* What stands at s[at]: its length there, and in *out what XML gets for it: itself; for a byte that is no UTF-8 the character of
 * ISO-8859-1; nothing when XML cannot say it. */
static size_t character(struct str s, size_t at, char room[2], struct str *out)
{
    unsigned char c = (unsigned char)s.p[at];
    *out = STR("");
    if (c < 0x80) {
        if (c >= 0x20 || c == '\t' || c == '\n' || c == '\r')
            *out = str_slice(s, at, 1);
        return 1;
    }
    size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    struct str one = str_slice(s, at, n);
    if (one.n == n && str_utf8(one)) {
        if (!str_eq(one, STR("\xef\xbf\xbe")) && !str_eq(one, STR("\xef\xbf\xbf")))
            *out = one;
        return n;
    }
    if (c >= 0xa0) {
        room[0] = (char)(0xc0 | c >> 6);
        room[1] = (char)(0x80 | (c & 0x3f));
        *out = str_n(room, 2);
    }
    return 1;
}

/* The bytes as characters; `out` gets nothing when they are that already. */
static struct str as_characters(struct buf *out, struct str s)
{
    size_t done = 0, n;
    for (size_t at = 0; at < s.n; at += n) {
        char room[2];
        struct str said;
        n = character(s, at, room, &said);
        if (said.p == s.p + at)
            continue;
        buf_add(out, str_slice(s, done, at - done));
        buf_add(out, said);
        done = at + n;
    }
    if (!done)
        return s;
    buf_add(out, str_from(s, done));
    return buf_view(out);
}

enum form { PLAIN, CDATA, ESCAPED };

/* CR stays itself in both: no peer's reader turns it into LF, and sizes are counted over it. */
static void xml_data(struct buf *out, struct str s, enum form form)
{
    if (form == PLAIN) {
        buf_add(out, s);
    } else if (form == CDATA) {
        buf_add(out, STR(CDATA_BEGIN));
        buf_add(out, s);
        buf_add(out, STR(CDATA_END));
    } else {
        for (size_t i = 0; i < s.n; i++) {
            if (s.p[i] == '&')
                buf_add(out, STR("&amp;"));
            else if (s.p[i] == '<')
                buf_add(out, STR("&lt;"));
            else if (s.p[i] == '>')
                buf_add(out, STR("&gt;"));
            else
                buf_addc(out, s.p[i]);
        }
    }
}

static enum form form_of(bool markup, bool cdata_end)
{
    return cdata_end ? ESCAPED : markup ? CDATA : PLAIN;
}

/* ---- both ---- */

void emit_document(struct emit *e, enum sml_version version)
{
    enum sml_tag root = e->devinf ? TAG_DEVINF : TAG_SYNCML;
    if (e->encoding == SML_WBXML) {
        if (e->devinf)
            wbxml_header(e->out, versions[version].devinf, versions[version].devinf_text);
        else
            wbxml_header(e->out, versions[version].syncml, versions[version].syncml_text);
        token(e, root, true);
        return;
    }
    buf_add(e->out, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
    begin_tag(e, root);
    if (e->devinf) {
        buf_add(e->out, STR(" xmlns='syncml:devinf'"));
    } else if (!e->plain) {
        buf_add(e->out, STR(" xmlns='"));
        buf_add(e->out, versions[version].xmlns);
        buf_addc(e->out, '\'');
    }
    buf_addc(e->out, '>');
}

void emit_open(struct emit *e, enum sml_tag tag)
{
    if (e->encoding == SML_WBXML) {
        token(e, tag, true);
        return;
    }
    begin_tag(e, tag);
    buf_addc(e->out, '>');
    e->meta += !e->devinf && is_meta(tag);
}

void emit_close(struct emit *e, enum sml_tag tag)
{
    if (e->encoding == SML_WBXML) {
        buf_addc(e->out, END);
        return;
    }
    end_tag(e->out, tag);
    e->meta -= !e->devinf && is_meta(tag);
}

size_t emit_close_size(const struct emit *e, enum sml_tag tag)
{
    return e->encoding == SML_WBXML ? 1 : sml_tag_name(tag).n + 3;
}

void emit_empty(struct emit *e, enum sml_tag tag)
{
    if (e->encoding == SML_WBXML) {
        token(e, tag, false);
        return;
    }
    begin_tag(e, tag);
    buf_add(e->out, STR("/>"));
}

void emit_leaf(struct emit *e, enum sml_tag tag, struct str text)
{
    if (!text.n)
        return;
    emit_open(e, tag);
    if (e->encoding == SML_XML) {
        SCOPED_BUF(room, text.n * 2);
        xml_data(e->out, as_characters(&room, text), ESCAPED);
        if (room.st != OK && e->out->st == OK)
            e->out->st = room.st;
    } else if (memchr(text.p, 0, text.n)) {
        opaque(e->out, text);
    } else {
        inline_string(e->out, text);
    }
    emit_close(e, tag);
}

void emit_number(struct emit *e, enum sml_tag tag, int64_t value)
{
    char text[24];
    if (value >= 0)
        emit_leaf(e, tag, str_n(text, (size_t)snprintf(text, sizeof text, "%lld", (long long)value)));
}

static bool is_printable(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] > 0x7e)
            return false;
    return true;
}

void emit_data(struct emit *e, enum sml_tag tag, struct str data)
{
    if (!data.n)
        return;
    emit_open(e, tag);
    if (e->encoding == SML_XML) {
        SCOPED_BUF(room, data.n * 2);
        struct str s = as_characters(&room, data);
        bool markup = s.n && (memchr(s.p, '<', s.n) || memchr(s.p, '&', s.n));
        xml_data(e->out, s, form_of(markup, str_find(s, STR(CDATA_END), 0) != SIZE_MAX));
        if (room.st != OK && e->out->st == OK)
            e->out->st = room.st;
    } else if (is_printable(data)) {
        inline_string(e->out, data);
    } else {
        opaque(e->out, data);
    }
    emit_close(e, tag);
}

/* What OPAQUE and a length, or STR_I and a NUL, add to n bytes. */
static size_t wbxml_overhead(size_t n)
{
    return n < 0x80 ? 2 : n < 0x4000 ? 3 : n < 0x200000 ? 4 : n < 0x10000000 ? 5 : 6;
}

static size_t xml_fitting(struct str data, size_t room)
{
    const size_t cdata = sizeof CDATA_BEGIN CDATA_END - 1;
    size_t plain = 0, escaped = 0, best = 0, n;
    bool markup = false, cdata_end = false;
    unsigned brackets = 0; /* "]" side by side at the end of what was written */
    for (size_t at = 0; at < data.n && plain <= room; at += n) {
        char c = data.p[at], utf8[2];
        struct str said;
        n = character(data, at, utf8, &said);
        markup = markup || c == '<' || c == '&';
        cdata_end = cdata_end || (c == '>' && brackets >= 2);
        brackets = c == ']' ? brackets + 1 : said.n ? 0 : brackets;
        plain += said.n;
        escaped += c == '&' ? 5 : c == '<' || c == '>' ? 4 : said.n;
        size_t size = cdata_end ? escaped : plain + (markup ? cdata : 0);
        bool split = c == '\r' && at + 1 < data.n && data.p[at + 1] == '\n';
        if (size <= room && !split)
            best = at + n;
    }
    return best;
}

size_t emit_fitting(enum sml_encoding encoding, struct str data, size_t room)
{
    if (encoding == SML_XML)
        return xml_fitting(data, room);
    size_t n = data.n < room ? data.n : room;
    while (n && n + wbxml_overhead(n) > room)
        n--;
    if (n == data.n)
        return n;
    if (n && data.p[n] == '\n' && data.p[n - 1] == '\r')
        n--;
    size_t back = n; /* to the beginning of a character, when it is UTF-8 */
    while (back && n - back < 3 && ((unsigned char)data.p[back] & 0xc0) == 0x80)
        back--;
    char room_for[2];
    struct str said;
    return back && character(data, back, room_for, &said) > n - back ? back : n;
}

static void emit_tree(struct emit *e, const struct sml_node *tree)
{
    const struct sml_node *n = tree->children;
    while (n) {
        bool known = sml_tag_row(n->tag)->token[PAGE_DEVINF] != 0;
        if (known && n->children) {
            emit_open(e, n->tag);
            n = n->children;
            continue;
        }
        if (known && n->text.n)
            emit_leaf(e, n->tag, n->text);
        else if (known)
            emit_empty(e, n->tag);
        while (n != tree && !n->next) {
            n = n->parent;
            if (n != tree)
                emit_close(e, n->tag);
        }
        n = n == tree ? NULL : n->next;
    }
}

void emit_devinf(struct emit *e, const struct sml_node *tree, enum sml_version version)
{
    struct emit inner = {.out = e->out, .encoding = e->encoding, .devinf = true};
    if (e->encoding == SML_XML) {
        buf_add(e->out, STR("<DevInf xmlns='syncml:devinf'>"));
        emit_tree(&inner, tree);
        emit_close(&inner, TAG_DEVINF);
        return;
    }
    SCOPED_BUF(document, e->out->max);
    inner.out = &document;
    emit_document(&inner, version);
    emit_tree(&inner, tree);
    emit_close(&inner, TAG_DEVINF);
    if (document.st != OK && e->out->st == OK)
        e->out->st = document.st;
    opaque(e->out, buf_view(&document));
}
