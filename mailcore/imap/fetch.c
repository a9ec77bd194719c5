/* mailcore/imap/fetch.c: one statement walks the messages; bodies are read beside it, large ones piece by piece. */
#include "mailcore/imap/fetch.h"
#include "mailcore/imap/object_id.h"

#include "formats/mime_structure.h"

enum { STREAM_FROM = 64 << 10 }; /* larger literals may be cut */

struct imap_fetching {
    const struct imap_fetch_item *items;
    size_t count;
    unsigned want;
    struct uid_range *ranges; /* what is left */
    size_t left;
    uint32_t answered;
    /* a message whose literal is under way */
    bool streaming;
    size_t item; /* the one behind it */
    struct imap_span span;
    struct imap_opened open;
    /* of one run */
    struct imap_call *c;
    struct tx *tx;
    struct actor actor;
    struct imap_names names;
};

static unsigned wanted(const struct imap_fetch_item *item)
{
    static const unsigned wants[] = {
        [IMAP_FETCH_ENVELOPE] = WANT_PACK,
        [IMAP_FETCH_RFC822] = WANT_PACK | WANT_TEXT,
        [IMAP_FETCH_RFC822_HEADER] = WANT_PACK | WANT_TEXT,
        [IMAP_FETCH_RFC822_TEXT] = WANT_PACK | WANT_TEXT,
        [IMAP_FETCH_BODYSTRUCTURE] = WANT_PACK,
        [IMAP_FETCH_BODY] = WANT_PACK | WANT_TEXT,
        [IMAP_FETCH_BODY_SECTION] = WANT_PACK | WANT_TEXT,
        [IMAP_FETCH_BINARY] = WANT_PACK | WANT_TEXT,
        [IMAP_FETCH_BINARY_SIZE] = WANT_PACK | WANT_TEXT,
        [IMAP_FETCH_EMAILID] = WANT_KEY,
        [IMAP_FETCH_THREADID] = WANT_KEY,
        [IMAP_FETCH_PREVIEW] = WANT_KEY,
    };
    return (size_t)item->kind < COUNT_OF(wants) ? wants[item->kind] : 0;
}

enum status imap_fetch_start(struct imap_call *c, const struct imap_picked *picked,
                             const struct imap_fetch_list *list, struct imap_fetching **out)
{
    struct imap_fetching *f = ARENA_NEW(&c->arena, struct imap_fetching);
    struct imap_fetch_item *items = ARENA_ARRAY(&c->arena, struct imap_fetch_item, list->count + 1);
    if (!f || !items)
        return c->arena.st;
    bool uid = c->command->uid && !(c->enabled & IMAP_ENABLED_UIDONLY);
    if (uid)
        items[f->count++] = (struct imap_fetch_item){.kind = IMAP_FETCH_UID};
    for (size_t i = 0; i < list->count; i++)
        if (!uid || list->items[i].kind != IMAP_FETCH_UID)
            items[f->count++] = list->items[i];
    for (size_t i = 0; i < f->count; i++)
        f->want |= wanted(&items[i]);
    f->items = items;
    f->ranges = ARENA_ARRAY(&c->arena, struct uid_range, picked->uids.count + 1);
    if (!f->ranges)
        return c->arena.st;
    if (picked->uids.count)
        memcpy(f->ranges, picked->uids.ranges, picked->uids.count * sizeof *f->ranges);
    f->left = picked->uids.count;
    *out = f;
    return OK;
}

/* ---- plain items ---- */

static void write_flags(struct imap_fetching *f, struct imap_fetch_writer *w)
{
    struct imap_flags flags = imap_view_flags(&f->names, f->open.m.flags, f->open.m.keywords);
    imap_fetch_flags(w, &flags);
}

static void write_date(struct imap_fetch_writer *w, const char *name, int64_t at)
{
    const struct maildate date = {.at = at};
    imap_fetch_date(w, name, &date);
}

static void write_id(struct imap_fetching *f, struct imap_fetch_writer *w, bool thread)
{
    const struct message *m = &f->open.m;
    SCOPED_BUF(id, 2 * SHA256_SIZE + 8);
    if (thread && !m->thread) {
        imap_fetch_text(w, "THREADID", STR("NIL"));
        return;
    }
    buf_addc(&id, '(');
    if (thread)
        imap_write_thread_id(&id, m->thread);
    else
        imap_write_email_id(&id, m->etag);
    buf_addc(&id, ')');
    imap_fetch_text(w, thread ? "THREADID" : "EMAILID", buf_view(&id));
}

static enum status write_structure(struct imap_fetching *f, struct imap_fetch_writer *w,
                                   const struct imap_fetch_item *item)
{
    struct imap_call *c = f->c;
    enum status st = imap_open_pack(c, f->tx, &f->actor, &f->open);
    if (st != OK)
        return st;
    if (item->kind != IMAP_FETCH_BODY) {
        bool envelope = item->kind == IMAP_FETCH_ENVELOPE;
        imap_fetch_text(w, envelope ? "ENVELOPE" : "BODYSTRUCTURE",
                        envelope ? f->open.pack.envelope : f->open.pack.structure);
        return OK;
    }
    st = imap_open_text(c, f->tx, &f->actor, &f->open);
    if (st != OK)
        return st;
    const struct message_text *t = &f->open.text;
    SCOPED_BUF(message, (size_t)t->body_size);
    st = imap_text_bytes(f->tx, &f->open, (int64_t)t->prefix.n, t->body_size, &message);
    if (st != OK)
        return st;
    imap_fetch_text(w, "BODY", STR(""));
    return mime_structure(&c->piece, buf_view(&message), &f->open.pack.map,
                          &store_config_of(imap_store(c))->mime, false, &c->out);
}

static enum status write_plain(struct imap_fetching *f, struct imap_fetch_writer *w,
                               const struct imap_fetch_item *item)
{
    const struct message *m = &f->open.m;
    switch (item->kind) {
    case IMAP_FETCH_FLAGS:
        write_flags(f, w);
        return OK;
    case IMAP_FETCH_INTERNALDATE:
        write_date(w, "INTERNALDATE", m->date);
        return OK;
    case IMAP_FETCH_SAVEDATE:
        write_date(w, "SAVEDATE", m->saved);
        return OK;
    case IMAP_FETCH_RFC822_SIZE:
        imap_fetch_number(w, "RFC822.SIZE", (uint64_t)m->size);
        return OK;
    case IMAP_FETCH_UID:
        imap_fetch_number(w, "UID", (uint64_t)m->uid);
        return OK;
    case IMAP_FETCH_MODSEQ:
        imap_fetch_modseq(w, (uint64_t)m->modseq);
        return OK;
    case IMAP_FETCH_EMAILID:
    case IMAP_FETCH_THREADID:
        write_id(f, w, item->kind == IMAP_FETCH_THREADID);
        return OK;
    case IMAP_FETCH_PREVIEW:
        imap_fetch_text(w, "PREVIEW", STR(""));
        imap_write_string(&f->c->out, m->key.preview, imap_utf8(f->c));
        return OK;
    case IMAP_FETCH_ENVELOPE:
    case IMAP_FETCH_BODYSTRUCTURE:
    case IMAP_FETCH_BODY:
        return write_structure(f, w, item);
    case IMAP_FETCH_RFC822:
    case IMAP_FETCH_RFC822_HEADER:
    case IMAP_FETCH_RFC822_TEXT:
    case IMAP_FETCH_BODY_SECTION:
    case IMAP_FETCH_BINARY:
    case IMAP_FETCH_BINARY_SIZE:
        break;
    }
    return E_INTERNAL;
}

/* ---- bodies ---- */

/* As much of the literal as the piece has room for. TRUNCATED: there is more. */
static enum status stream(struct imap_fetching *f)
{
    struct buf *out = &f->c->out;
    int64_t room = out->n < IMAP_OUT_PIECE ? (int64_t)(IMAP_OUT_PIECE - out->n) : 0;
    int64_t n = f->span.count <= STREAM_FROM || f->span.count < room ? f->span.count : room;
    size_t before = out->n;
    enum status st = imap_text_bytes(f->tx, &f->open, f->span.from, n, out);
    if (st == OK && out->n - before != (size_t)n)
        st = E_CORRUPT;
    f->span.from += n;
    f->span.count -= n;
    return st == OK && f->span.count ? TRUNCATED : st;
}

static void write_made(struct imap_fetching *f, const struct imap_fetch_item *item, struct str made)
{
    struct imap_span span = {0, (int64_t)made.n};
    imap_partial_span(item, &span);
    imap_write_literal(&f->c->out, str_slice(made, (size_t)span.from, (size_t)span.count));
}

static enum status write_fields(struct imap_fetching *f, const struct imap_fetch_item *item,
                                const struct imap_span *span)
{
    SCOPED_BUF(head, (size_t)span->count);
    SCOPED_BUF(made, (size_t)span->count + 2);
    enum status st = imap_text_bytes(f->tx, &f->open, span->from, span->count, &head);
    if (st != OK)
        return st;
    imap_header_fields(&made, buf_view(&head), &item->section);
    if (made.st == OK)
        write_made(f, item, buf_view(&made));
    return made.st;
}

static enum status write_binary(struct imap_fetching *f, struct imap_fetch_writer *w,
                                const struct imap_fetch_item *item)
{
    SCOPED_BUF(made, (size_t)f->open.text.size);
    enum status st = imap_binary(f->tx, &f->open, item, &made);
    if (st == UNSUPPORTED) {
        buf_clear(&f->c->code);
        buf_add(&f->c->code, STR("UNKNOWN-CTE"));
        f->c->text = "the part is encoded in a way that is not known here";
    }
    if (st != OK && st != NOT_FOUND)
        return st;
    imap_fetch_name(w, item);
    if (item->kind == IMAP_FETCH_BINARY_SIZE)
        buf_u64(&f->c->out, made.n);
    else if (st == NOT_FOUND)
        buf_add(&f->c->out, STR("NIL"));
    else
        write_made(f, item, buf_view(&made));
    return OK;
}

static enum status write_section(struct imap_fetching *f, struct imap_fetch_writer *w,
                                 const struct imap_fetch_item *item)
{
    struct imap_span span;
    enum status st = imap_section_span(&f->open, item, &span);
    imap_fetch_name(w, item);
    if (st == NOT_FOUND) {
        buf_add(&f->c->out, STR("NIL"));
        return OK;
    }
    const enum imap_section_text text = item->section.text;
    if (text == IMAP_SECTION_HEADER_FIELDS || text == IMAP_SECTION_HEADER_FIELDS_NOT)
        return write_fields(f, item, &span);
    imap_partial_span(item, &span);
    buf_addf(&f->c->out, "{%lld}\r\n", (long long)span.count);
    f->span = span;
    return stream(f);
}

static bool is_body(enum imap_fetch_kind kind)
{
    return kind == IMAP_FETCH_RFC822 || kind == IMAP_FETCH_RFC822_HEADER || kind == IMAP_FETCH_RFC822_TEXT ||
           kind == IMAP_FETCH_BODY_SECTION || kind == IMAP_FETCH_BINARY || kind == IMAP_FETCH_BINARY_SIZE;
}

static enum status write_body(struct imap_fetching *f, struct imap_fetch_writer *w,
                              const struct imap_fetch_item *item)
{
    enum status st = imap_open_text(f->c, f->tx, &f->actor, &f->open);
    if (st == OK)
        st = imap_open_pack(f->c, f->tx, &f->actor, &f->open);
    if (st != OK)
        return st;
    return item->kind == IMAP_FETCH_BINARY || item->kind == IMAP_FETCH_BINARY_SIZE
               ? write_binary(f, w, item)
               : write_section(f, w, item);
}

/* ---- a message ---- */

/* \Seen that this command has set is told with it. */
static bool newly_seen(const struct imap_fetching *f)
{
    size_t low = 0, high = f->c->told_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (f->c->told[middle].uid < f->open.m.uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < f->c->told_count && f->c->told[low].uid == f->open.m.uid;
}

/* From item `f->item` on. TRUNCATED: a literal goes on in the next piece. */
static enum status write_items(struct imap_fetching *f, struct imap_fetch_writer *w)
{
    enum status st = OK;
    bool flags = false;
    while (f->item < f->count && st == OK) {
        const struct imap_fetch_item *item = &f->items[f->item++];
        st = is_body(item->kind) ? write_body(f, w, item) : write_plain(f, w, item);
    }
    if (st != OK)
        return st;
    for (size_t i = 0; i < f->count; i++)
        flags |= f->items[i].kind == IMAP_FETCH_FLAGS;
    if (!flags && f->c->command->verb == IMAP_FETCH && newly_seen(f))
        write_flags(f, w);
    imap_fetch_end(w);
    f->streaming = false;
    f->answered++;
    return f->c->out.st;
}

static enum status write_message(struct imap_fetching *f, const struct message *m, uint32_t number)
{
    bool only = (f->c->enabled & IMAP_ENABLED_UIDONLY) != 0;
    size_t before = f->c->out.n;
    struct imap_fetch_writer w = imap_fetch_begin(&f->c->out, only ? (uint32_t)m->uid : number, only);
    arena_reset(&f->c->piece);
    f->open = (struct imap_opened){.m = *m};
    f->open.m.key = (struct mail_key){.preview = arena_str(&f->c->piece, m->key.preview)};
    f->item = 0;
    if (f->want & WANT_TEXT) {
        f->open.has_text = true;
        f->open.text = m->text;
        f->open.text.prefix = arena_str(&f->c->piece, m->text.prefix);
        f->open.body = message_inline(m);
    }
    enum status st = write_items(f, &w);
    if (st == TRUNCATED) {
        f->streaming = true;
        f->open.body = STR_NONE;
        f->open.m.packed = STR_NONE; /* it is gone with the statement */
        return st;
    }
    if (st != OK)
        buf_cut(&f->c->out, before);
    return st == NOT_FOUND ? OK : st; /* expunged meanwhile */
}

static enum status on_message(void *ctx, const struct message *m)
{
    struct imap_fetching *f = ctx;
    uint32_t number = imap_view_number(f->c->user->view, m->uid);
    if (!number)
        return OK;
    while (f->left && f->ranges->hi <= m->uid) {
        f->ranges++;
        f->left--;
    }
    if (f->left && f->ranges->lo <= m->uid)
        f->ranges->lo = m->uid + 1;
    enum status st = write_message(f, m, number);
    return st == OK && f->c->out.n >= IMAP_OUT_PIECE ? TRUNCATED : st;
}

/* What a literal still lacks has to come, or the client takes something else for it. */
static enum status finish_message(struct imap_fetching *f)
{
    struct imap_fetch_writer w = {.out = &f->c->out, .any = true};
    enum status st = stream(f);
    if (st == OK)
        st = write_items(f, &w);
    if (st != OK && st != TRUNCATED)
        f->c->bye = "a message went while it was sent; good-bye";
    return st;
}

static enum status go(struct imap_fetching *f)
{
    const struct imap_view *v = f->c->user->view;
    enum status st = imap_actor(f->c, f->tx, &f->actor);
    if (st == OK)
        st = imap_view_names(f->c, f->tx, &f->actor, &f->names);
    if (f->streaming && st != OK)
        f->c->bye = "what was being sent cannot be read any more; good-bye";
    if (f->streaming && st == OK)
        st = finish_message(f);
    if (st != OK || !f->left)
        return st;
    const struct message_query query = {.uids = {f->ranges, f->left}, .want = f->want};
    return message_each(f->tx, &f->actor, v->mailbox, &query, on_message, f);
}

enum status imap_fetch_go(struct imap_call *c, struct imap_fetching *f, uint32_t *answered)
{
    SCOPED_READ(tx, imap_store(c));
    if (!tx)
        return E_MEMORY;
    f->c = c;
    f->tx = tx;
    enum status st = f->left || f->streaming ? go(f) : OK;
    if (st == TRUNCATED) {
        c->more = true;
        st = OK;
    }
    *answered = f->answered;
    return st;
}
