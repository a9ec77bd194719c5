/* mailcore/imap/search_text.c: what a search asks of a message beyond its row: a few fields stand in the key beside it, the rest comes from the
 * bytes, whose parts the store knows. */
#include "formats/header.h"
#include "formats/mime.h"
#include "mailcore/imap/search_walk.h"

enum {
    ARENA_MOST = 256 << 20,
    KEY_WHOLE = 990, /* a text of the key that is shorter was not cut */
    SPARE = 1 << 20,
    GROWS = 4, /* times that a text becomes longer in UTF-8 and in its field */
};

void imap_text_begin(struct imap_text *t, const struct message *m)
{
    imap_text_free(t);
    t->arena = ARENA_INIT(ARENA_MOST);
    t->m = m;
    t->opened = t->whole = false;
}

void imap_text_free(struct imap_text *t)
{
    arena_free(&t->arena);
    buf_free(&t->held);
}

static enum status unpack(struct imap_text *t)
{
    const struct message *m = t->m;
    enum status st = E_CORRUPT;
    if (t->inlined && m->packed.p)
        st = mime_unpack(&t->arena, m->packed, (uint64_t)m->body_size, &t->pack);
    return st == E_CORRUPT ? message_pack(t->tx, &t->arena, &t->text, &t->pack) : st;
}

/* The row's own bytes, or a look-up. */
static enum status open_text(struct imap_text *t)
{
    enum status st = OK;
    if (t->opened)
        return OK;
    if (t->inlined)
        t->text = t->m->text;
    else
        st = message_open(t->tx, &t->arena, t->actor, t->mailbox, t->m->uid, &t->text);
    if (st == OK)
        st = unpack(t);
    struct str own = st == OK && t->inlined ? message_inline(t->m) : STR_NONE;
    if (own.p && (int64_t)own.n == t->text.body_size) {
        t->body = own;
        t->whole = true;
    }
    t->opened = st == OK;
    return st;
}

static enum status read_to(struct imap_text *t, uint64_t n)
{
    buf_free(&t->held);
    t->held = BUF_INIT((size_t)n + 1);
    enum status st = message_body(t->tx, &t->text, (int64_t)t->text.prefix.n, (int64_t)n, &t->held);
    t->body = buf_view(&t->held);
    return st == OK && t->body.n < n ? E_CORRUPT : st;
}

/* Of a message in a file no more than is needed. */
static enum status need(struct imap_text *t, bool whole)
{
    enum status st = open_text(t);
    if (st != OK || t->whole || (!whole && t->body.p && t->held.n))
        return st;
    st = read_to(t, whole ? (uint64_t)t->text.body_size : t->pack.map.parts[0].head_n);
    t->whole = whole && st == OK;
    return st;
}

enum status imap_text_head(struct imap_text *t, struct str *out)
{
    enum status st = need(t, false);
    if (st == OK)
        *out = mime_head(t->body, &t->pack.map.parts[0]);
    return st;
}

enum status imap_text_sent(struct imap_text *t, struct maildate *out)
{
    struct str head;
    if (t->m->key.sent == INT64_MIN && t->m->key.msgid.p)
        return NOT_FOUND;
    enum status st = imap_text_head(t, &head);
    if (st != OK)
        return st;
    struct str value = header_find(head, STR("Date"));
    return value.p && maildate_parse(value, out) == OK ? OK : NOT_FOUND;
}

/* ---- fields ---- */

/* A text of the key: false when there is none of this name, or it was cut. */
static bool in_key(const struct mail_key *k, struct str name, struct str *out)
{
    const struct {
        struct str name, text;
    } fields[] = {
        {STR("Subject"), k->subject}, {STR("From"), k->from}, {STR("To"), k->to}, {STR("Cc"), k->cc}};
    if (!k->subject.p && !k->from.p && !k->to.p && !k->cc.p)
        return false; /* no key, maybe */
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (str_caseeq(fields[i].name, name)) {
            *out = fields[i].text;
            return out->n < KEY_WHOLE;
        }
    return false;
}

/* Lines that the delivery put before the message. */
static enum status in_prefix(const struct imap_text *t, struct str name, struct imap_finder *f)
{
    struct mime_part part = {.head_n = t->text.prefix.n, .body = t->text.prefix.n};
    const struct mime_map map = {&part, 1};
    if (!t->text.prefix.n)
        return OK;
    return imap_search_field(t->text.prefix, &map, name, t->text.prefix.n * GROWS + SPARE, f);
}

enum status imap_text_field(struct imap_text *t, struct str name, struct imap_finder *f)
{
    struct str text;
    if (name.p && in_key(&t->m->key, name, &text)) {
        enum status st = text.p ? imap_find(f, text) : OK;
        return st == OK && text.p ? imap_find_end(f) : st;
    }
    enum status st = need(t, !name.p);
    if (st == OK)
        st = in_prefix(t, name, f);
    if (st == OK && !f->found)
        st = imap_search_field(t->body, &t->pack.map, name, t->body.n * GROWS + SPARE, f);
    return st;
}

enum status imap_text_body(struct imap_text *t, struct imap_finder *f)
{
    enum status st = need(t, true);
    return st == OK ? imap_search_body(t->body, &t->pack.map, t->body.n * GROWS + SPARE, f) : st;
}
