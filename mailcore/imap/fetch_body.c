/* mailcore/imap/fetch_body.c: parts of a message (RFC 9051 section 6.4.5): where they stand, and those that have to be made. */
#include "formats/header.h"
#include "formats/mime_word.h"
#include "mailcore/imap/fetch.h"

enum status imap_open_text(struct imap_call *c, struct tx *tx, const struct actor *actor,
                           struct imap_opened *o)
{
    if (o->has_text)
        return OK;
    enum status st = message_open(tx, &c->piece, actor, c->user->view->mailbox, o->m.uid, &o->text);
    o->has_text = st == OK;
    return st;
}

enum status imap_open_pack(struct imap_call *c, struct tx *tx, const struct actor *actor,
                           struct imap_opened *o)
{
    enum status st = E_CORRUPT;
    if (o->has_pack)
        return OK;
    if (o->m.packed.p) {
        struct str packed = arena_str(&c->piece, o->m.packed);
        st = packed.p ? mime_unpack(&c->piece, packed, (uint64_t)o->m.body_size, &o->pack) : c->piece.st;
    }
    if (st == E_CORRUPT) {
        st = imap_open_text(c, tx, actor, o);
        if (st == OK)
            st = message_pack(tx, &c->piece, &o->text, &o->pack);
    }
    o->has_pack = st == OK;
    return st;
}

enum status imap_text_bytes(struct tx *tx, const struct imap_opened *o, int64_t from, int64_t count,
                            struct buf *out)
{
    const struct str prefix = o->text.prefix;
    if (!o->body.p)
        return message_body(tx, &o->text, from, count, out);
    if (from < 0 || count < 0)
        return INVALID;
    struct str front = str_slice(prefix, (size_t)from, (size_t)count);
    size_t skip = (size_t)from > prefix.n ? (size_t)from - prefix.n : 0;
    buf_add(out, front);
    buf_add(out, str_slice(o->body, skip, (size_t)count - front.n));
    return out->st;
}

/* ---- where parts stand ---- */

static struct imap_span head_of(const struct imap_opened *o, const struct mime_part *p)
{
    return (struct imap_span){(int64_t)(o->text.prefix.n + p->head), (int64_t)p->head_n};
}

static struct imap_span body_of(const struct imap_opened *o, const struct mime_part *p)
{
    return (struct imap_span){(int64_t)(o->text.prefix.n + p->body), (int64_t)p->body_n};
}

/* Of the message itself: its header has the prefix in front, its text is all the rest. */
static struct imap_span top_span(const struct imap_opened *o, enum imap_section_text text)
{
    const struct mime_part *top = &o->pack.map.parts[0];
    int64_t head = (int64_t)(o->text.prefix.n + top->head_n);
    if (text == IMAP_SECTION_ALL)
        return (struct imap_span){0, o->text.size};
    if (text == IMAP_SECTION_TEXT)
        return (struct imap_span){head, o->text.size - head};
    return (struct imap_span){0, head};
}

static enum imap_section_text text_of(const struct imap_fetch_item *item)
{
    if (item->kind == IMAP_FETCH_RFC822)
        return IMAP_SECTION_ALL;
    if (item->kind == IMAP_FETCH_RFC822_HEADER)
        return IMAP_SECTION_HEADER;
    if (item->kind == IMAP_FETCH_RFC822_TEXT)
        return IMAP_SECTION_TEXT;
    return item->section.text;
}

enum status imap_section_span(const struct imap_opened *o, const struct imap_fetch_item *item,
                              struct imap_span *out)
{
    const struct imap_section *s = &item->section;
    const enum imap_section_text text = text_of(item);
    if (!s->depth) {
        *out = top_span(o, text);
        return OK;
    }
    const struct mime_part *p = mime_section(&o->pack.map, s->part, s->depth);
    if (p && text != IMAP_SECTION_ALL && text != IMAP_SECTION_MIME) /* of a message inside */
        p = p->kind == MIME_MESSAGE ? mime_child(&o->pack.map, p, 1) : NULL;
    if (!p)
        return NOT_FOUND;
    *out = text == IMAP_SECTION_ALL || text == IMAP_SECTION_TEXT ? body_of(o, p) : head_of(o, p);
    return OK;
}

void imap_partial_span(const struct imap_fetch_item *item, struct imap_span *span)
{
    if (!item->partial)
        return;
    uint64_t skip = item->offset < (uint64_t)span->count ? item->offset : (uint64_t)span->count;
    span->from += (int64_t)skip;
    span->count -= (int64_t)skip;
    if ((uint64_t)span->count > item->octets)
        span->count = (int64_t)item->octets;
}

/* ---- what is made ---- */

static bool is_named(struct str name, const struct imap_strings *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        if (str_caseeq(name, fields->items[i]))
            return true;
    return false;
}

void imap_header_fields(struct buf *out, struct str head, const struct imap_section *section)
{
    bool wanted = section->text == IMAP_SECTION_HEADER_FIELDS;
    struct header_field field;
    while (header_next(&head, &field))
        if (is_named(field.name, &section->fields) == wanted)
            buf_add(out, field.raw);
    buf_add(out, STR("\r\n"));
}

static enum mime_encoding encoding_of(const struct imap_opened *o, const struct imap_section *s)
{
    const struct mime_part *p = s->depth ? mime_section(&o->pack.map, s->part, s->depth) : NULL;
    return p && (p->kind == MIME_LEAF || p->kind == MIME_TEXT) ? p->encoding : MIME_BINARY;
}

enum status imap_binary(struct tx *tx, const struct imap_opened *o, const struct imap_fetch_item *item,
                        struct buf *out)
{
    struct imap_span span;
    const enum mime_encoding encoding = encoding_of(o, &item->section);
    enum status st = imap_section_span(o, item, &span);
    if (st != OK)
        return st;
    if (encoding == MIME_ENCODING_OTHER)
        return UNSUPPORTED;
    SCOPED_BUF(raw, (size_t)span.count);
    if (encoding != MIME_BASE64 && encoding != MIME_QUOTED)
        return imap_text_bytes(tx, o, span.from, span.count, out);
    st = imap_text_bytes(tx, o, span.from, span.count, &raw);
    if (st != OK)
        return st;
    if (encoding == MIME_BASE64)
        mime_base64_decode(out, buf_view(&raw));
    else
        mime_quoted_decode(out, buf_view(&raw));
    return out->st;
}
