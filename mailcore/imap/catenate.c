/* mailcore/imap/catenate.c: a message put together of texts and of parts of messages that are there (CATENATE, RFC 4469). */
#include "mailcore/imap/append.h"
#include "mailcore/imap/url.h"

enum { CODE_URL = 1000 };

/* The bytes of a section (RFC 9051 section 6.4.5). A header of a part that is no message, and a part that there is not: false. */
static bool span_of(const struct mime_map *map, const struct imap_section *s, uint64_t size, uint64_t *from,
                    uint64_t *count)
{
    const struct mime_part *p = mime_section(map, s->part, s->depth);
    if (!p)
        return false;
    if (s->text == IMAP_SECTION_MIME || (!s->depth && s->text == IMAP_SECTION_HEADER)) {
        *from = p->head;
        *count = p->head_n;
        return true;
    }
    if (!s->depth && s->text == IMAP_SECTION_ALL) {
        *from = 0;
        *count = size;
        return true;
    }
    if (s->depth && s->text != IMAP_SECTION_ALL) { /* of the message inside of the part */
        p = p->kind == MIME_MESSAGE ? mime_child(map, p, 1) : NULL;
        if (!p)
            return false;
    }
    const bool head = s->text == IMAP_SECTION_HEADER;
    *from = head ? p->head : p->body;
    *count = head ? p->head_n : p->body_n;
    return true;
}

/* Where the section of the whole message stands, the header lines before the body included. */
static enum status locate(struct imap_call *c, struct tx *tx, const struct message_text *m,
                          const struct imap_url *url, uint64_t *from, uint64_t *count)
{
    struct mime_pack pack;
    const struct imap_section *s = &url->section;
    enum status st = message_pack(tx, &c->arena, m, &pack);
    if (st != OK)
        return st;
    if (!span_of(&pack.map, s, (uint64_t)m->body_size, from, count))
        return INVALID;
    if (!s->depth && s->text != IMAP_SECTION_TEXT)
        *count += m->prefix.n;
    else
        *from += m->prefix.n;
    if (url->partial) {
        uint64_t skip = url->offset < *count ? url->offset : *count;
        *from += skip;
        *count -= skip;
        if (url->octets && url->octets < *count)
            *count = url->octets;
    }
    return OK;
}

static enum status add_message(struct imap_call *c, struct tx *tx, const struct actor *actor, int64_t mailbox,
                               const struct imap_url *url, struct buf *out)
{
    struct mailbox_state state;
    struct message_text m;
    uint64_t from = 0, count = 0;
    enum status st = mailbox_state(tx, actor, mailbox, &state);
    if (st == OK && url->uid_validity && url->uid_validity != state.uidvalidity)
        st = INVALID;
    if (st == OK)
        st = message_open(tx, &c->arena, actor, mailbox, url->uid, &m);
    if (st == OK)
        st = locate(c, tx, &m, url, &from, &count);
    if (st == OK && count > out->max - out->n)
        st = TOO_LARGE;
    return st == OK ? message_body(tx, &m, (int64_t)from, (int64_t)count, out) : st;
}

static enum status add_url(struct imap_call *c, struct str text, struct buf *out)
{
    struct imap_url url;
    struct imap_where where;
    SCOPED_READ(tx, imap_store(c));
    enum status st = tx ? imap_url_parse(&c->arena, text, &url) : E_MEMORY;
    if (st == OK && !url.mailbox.p)
        st = INVALID;
    if (st == OK)
        st = imap_where_in(c, tx, url.mailbox, &where);
    if (st == OK)
        st = add_message(c, tx, &where.actor, where.id, &url, out);
    return st;
}

/* "[BADURL …]" with the URL as it came (RFC 4469 section 5), when it can stand there. */
static void say_url(struct imap_call *c, struct str url)
{
    bool plain = url.n > 0 && url.n <= CODE_URL;
    for (size_t i = 0; i < url.n && plain; i++)
        plain = url.p[i] > ' ' && url.p[i] < 0x7f && url.p[i] != ']';
    buf_clear(&c->code);
    buf_add(&c->code, STR("BADURL "));
    buf_add(&c->code, plain ? url : STR("\"\""));
    c->text = "this URL names no message of yours, or no part of it";
}

enum status imap_catenate(struct imap_call *c, const struct imap_append_message *m, struct buf *out)
{
    enum status st = OK;
    for (size_t i = 0; i < m->count && st == OK; i++) {
        const struct imap_append_part *part = &m->parts[i];
        if (!part->url) {
            buf_add(out, part->text);
            continue;
        }
        st = add_url(c, part->text, out);
        if (st == NOT_FOUND || st == INVALID || st == DENIED) {
            say_url(c, part->text);
            st = INVALID;
        }
    }
    return st == OK ? out->st : st;
}
