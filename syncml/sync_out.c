/* syncml/sync_out.c: our changes of all databases, in as many messages as the device's MaxMsgSize makes of them (package 4).
 *
 * Of each database, in this order: twins that the device shall delete; what belonged to collections that left the view; what was
 * deleted; what changed since the anchor; what time has brought into its date window. The place reached is kept in the database,
 * and each message reads on from there: no statement and no body outlives a message. */
#include "syncml/engine.h"

#include <stdlib.h>

enum { PAGE = 128, ITEM_ARENA = 256 << 20 };

/* ---- pages ---- */

struct gone {
    int64_t seq, item;
};
struct page {
    struct out_candidate items[PAGE];
    struct gone gone[PAGE];
    size_t count;
};

static enum status on_item(void *ctx, const struct item *item, struct str body)
{
    struct page *p = ctx;
    (void)body;
    p->items[p->count++] = (struct out_candidate){.id = item->id,
                                                  .seq = item->seq,
                                                  .content = item->content,
                                                  .size = item->size,
                                                  .kind = item->kind,
                                                  .class = item->class};
    return OK;
}

static enum status on_gone(void *ctx, int64_t seq, int64_t item)
{
    struct page *p = ctx;
    p->gone[p->count++] = (struct gone){seq, item};
    return OK;
}

/* A collection that is not there any more (or not for this user) has nothing to give. */
static enum status page_result(enum status st)
{
    return st == NOT_FOUND || st == DENIED ? OK : st;
}

/* ---- phases: OK: nothing is left of it; TRUNCATED: the message is full ---- */

static enum status out_extra(struct out *x)
{
    struct database *db = x->db;
    while (db->extra_done < db->extra_count) {
        struct unit u = {
            .what = SML_DELETE, .luid = db->extra[db->extra_done], .recur_id = STR(""), .seq = INT64_MAX};
        enum status st = out_unit(x, &u);
        if (st)
            return st;
        if (!x->counting)
            db->extra_done++;
        else
            break;
    }
    return OK;
}

struct luids {
    struct arena *a;
    struct luid rows[PAGE];
    size_t count;
};

static enum status on_luid(void *ctx, const struct luid *l)
{
    struct luids *p = ctx;
    p->rows[p->count] = *l;
    p->rows[p->count].luid = arena_str(p->a, l->luid);
    p->count++;
    return p->a->st;
}

static enum status remember_luid(struct database *db, struct str luid)
{
    char *copy = malloc(luid.n + 1);
    if (!copy)
        return E_MEMORY;
    memcpy(copy, luid.p, luid.n);
    free(unconst(db->out_luid.p));
    db->out_luid = str_n(copy, luid.n);
    return OK;
}

/* All LUIDs are looked at: only when a collection left the view. */
static enum status out_left(struct out *x)
{
    struct database *db = x->db;
    enum status more = db->left && !x->counting ? TRUNCATED : OK;
    while (more == TRUNCATED) {
        SCOPED_ARENA(a, 16 << 20);
        struct luids page = {.a = &a};
        more = luid_each(x->tx, x->t->s->device.id, db->name, db->out_luid.p ? db->out_luid : STR(""), PAGE,
                         on_luid, &page);
        enum status st = more == TRUNCATED ? OK : more;
        for (size_t i = 0; i < page.count && st == OK; i++) {
            st = out_gone(x, 0, page.rows[i].item, INT64_MAX);
            arena_reset(&x->item);
            if (st == OK)
                st = remember_luid(db, page.rows[i].luid);
        }
        if (st)
            return st;
    }
    return more;
}

static enum status gone_of(struct out *x, size_t source, int64_t *at)
{
    const struct db_source *src = &x->db->sources[source];
    enum status more = *at < src->upto ? TRUNCATED : OK;
    while (more == TRUNCATED) {
        struct page page = {.count = 0};
        more = page_result(
            item_gone_after(x->tx, &x->t->s->login.actor, src->collection, *at, PAGE, on_gone, &page));
        enum status st = more == TRUNCATED ? OK : more;
        for (size_t i = 0; i < page.count && st == OK; i++) {
            if (page.gone[i].seq > src->upto)
                return OK;
            st = out_gone(x, source, page.gone[i].item, page.gone[i].seq);
            arena_reset(&x->item);
            if (st == OK)
                *at = page.gone[i].seq;
        }
        if (st)
            return st;
    }
    return more;
}

static enum status changed_of(struct out *x, size_t source, int64_t *at)
{
    const struct db_source *src = &x->db->sources[source];
    enum status more = *at < src->upto ? TRUNCATED : OK;
    while (more == TRUNCATED) {
        struct page page = {.count = 0};
        more =
            page_result(item_after(x->tx, &x->t->s->login.actor, src->collection, *at, PAGE, on_item, &page));
        enum status st = more == TRUNCATED ? OK : more;
        for (size_t i = 0; i < page.count && st == OK; i++) {
            if (page.items[i].seq > src->upto)
                return OK;
            page.items[i].source = source;
            st = out_item(x, &page.items[i]);
            arena_reset(&x->item);
            if (st == OK)
                *at = page.items[i].seq;
        }
        if (st)
            return st;
    }
    return more;
}

/* One of the two above for each collection of the view; the place is `out_source`, `out_at`. */
static enum status out_sources(struct out *x, enum status (*walk)(struct out *, size_t, int64_t *),
                               bool from_start)
{
    struct database *db = x->db;
    enum status st = OK;
    size_t first = x->counting ? 0 : db->out_source;
    for (size_t i = first; i < db->source_count && st == OK; i++) {
        int64_t counted = 0, *at = x->counting ? &counted : &db->out_at;
        if (x->counting || i != db->out_source || db->out_at < 0)
            *at = from_start ? 0 : db->sources[i].since;
        if (!x->counting)
            db->out_source = i;
        st = walk(x, i, at);
        if (st == OK && !x->counting)
            db->out_at = -1;
    }
    return st;
}

/* In a sync of the whole the device may have told of an item before it was deleted: its LUID is there, whenever that was. */
static enum status out_deleted(struct out *x)
{
    return out_sources(x, gone_of, x->db->round);
}

static enum status out_changed(struct out *x)
{
    return out_sources(x, changed_of, x->db->round || x->db->rescan);
}

/* ---- what time brings into the window ---- */

struct entering {
    struct out *x;
    enum status st;
    bool has_row;
};

static enum status on_known(void *ctx, const struct luid *l)
{
    (void)l;
    ((struct entering *)ctx)->has_row = true;
    return OK;
}

static enum status on_entering(void *ctx, const struct item *item, struct str body)
{
    struct entering *e = ctx;
    struct database *db = e->x->db;
    (void)body;
    e->has_row = false;
    enum status st = luid_each_of_item(e->x->tx, e->x->t->s->device.id, db->name, item->id, on_known, e);
    if (st || e->has_row)
        return st;
    if (db->entered_count == db->entered_cap) {
        size_t cap = db->entered_cap ? db->entered_cap * 2 : 64;
        int64_t *grown = realloc(db->entered, cap * sizeof *grown);
        if (!grown)
            return E_MEMORY;
        db->entered = grown;
        db->entered_cap = cap;
    }
    db->entered[db->entered_count++] = item->id;
    return OK;
}

static enum status find_entering(struct out *x)
{
    struct database *db = x->db;
    struct window w = db->filter.window;
    struct entering e = {.x = x};
    enum status st = OK;
    db->entered_count = 0;
    bool moved = (w.from || w.until) && (w.from != db->old_window.from || w.until != db->old_window.until);
    for (size_t i = 0; i < db->source_count && st == OK && moved && !db->round; i++)
        st = page_result(item_in_range(x->tx, &x->t->s->login.actor, db->sources[i].collection,
                                       db->sources[i].kinds, w.from ? w.from : -(1LL << 40),
                                       w.until ? w.until : 1LL << 40, false, on_entering, &e));
    return st;
}

static enum status out_entered(struct out *x)
{
    struct database *db = x->db;
    enum status st = OK;
    if (x->counting)
        return OK;
    if (db->out_at < 0) {
        st = find_entering(x);
        db->out_at = 0;
    }
    for (; st == OK && (size_t)db->out_at < db->entered_count; db->out_at += st == OK) {
        struct item item;
        struct page page = {.count = 0};
        st = item_get(x->tx, &x->item, &x->t->s->login.actor, db->entered[db->out_at], &item);
        size_t source = st == OK ? database_source_of(db, item.collection) : SIZE_MAX;
        if (st == OK && source != SIZE_MAX && on_item(&page, &item, STR_NONE) == OK) {
            page.items[0].source = source;
            st = out_item(x, &page.items[0]);
        } else if (st > 0) {
            st = OK;
        }
        arena_reset(&x->item);
    }
    return st;
}

static enum status (*const phases[OUT_DONE])(struct out *x) = {
    [OUT_EXTRA] = out_extra,     [OUT_LEFT] = out_left,       [OUT_GONE] = out_deleted,
    [OUT_CHANGED] = out_changed, [OUT_ENTERED] = out_entered,
};

/* ---- a database ---- */

static enum status count_changes(struct out *x)
{
    struct database *db = x->db;
    const struct devinf *d = device_devinf(x->t);
    db->changes = -1;
    if (!d || !d->number_of_changes || x->t->s->version == SML_1_0)
        return OK;
    x->counting = true;
    x->count = (int64_t)db->extra_count;
    enum status st = out_deleted(x);
    if (st == OK)
        st = out_changed(x);
    x->counting = false;
    db->changes = x->count;
    return st;
}

/* What is sent ends with what is there now. */
static enum status begin(struct out *x)
{
    struct database *db = x->db;
    enum status st = OK;
    for (size_t i = 0; i < db->source_count && st == OK; i++) {
        struct collection c = {0};
        st =
            page_result(collection_get(x->tx, x->t->a, &x->t->s->login.actor, db->sources[i].collection, &c));
        if (st == OK && c.id == db->sources[i].collection)
            db->sources[i].upto = c.seq;
    }
    db->out = OUT_EXTRA;
    db->out_source = 0;
    db->out_at = -1;
    return st == OK ? count_changes(x) : st;
}

static enum status fill(struct out *x)
{
    struct database *db = x->db;
    enum status st = x->t->s->out.db == db ? out_chunk(x) : OK;
    while (st == OK && db->out < OUT_DONE) {
        st = phases[db->out](x);
        if (st == OK) {
            db->out++;
            db->out_source = 0;
            db->out_at = -1;
        }
    }
    return st;
}

static enum status send_database(struct turn *t, struct sml_out *o, struct database *db, size_t replies)
{
    static const struct sml_meta none = {.size = -1, .max_msg = -1, .max_obj = -1};
    struct sml_command sync = {
        .cmd = SML_SYNC, .target = db->source, .source = db->target, .meta = none, .changes = -1};
    struct out x = {.t = t, .sml = o, .db = db, .settings = t->content, .item = ARENA_INIT(ITEM_ARENA)};
    x.settings.phone = db->phone;
    x.fresh = replies <= 2;
    SCOPED_READ(tx, t->sml->store);
    if (!tx)
        return E_UNAVAILABLE;
    x.tx = tx;
    enum status st = db->out == OUT_BEGIN ? begin(&x) : OK;
    if (st == OK && !db->sync_sent && db->changes > 0)
        sync.changes = db->changes;
    if (st == OK && !sml_sync_begin(o, &sync))
        st = TRUNCATED;
    if (st == OK) {
        db->sync_sent = true;
        st = fill(&x);
        sml_sync_end(o);
    }
    arena_free(&x.item);
    return st;
}

/* One that is synced anew may still be told of, while we send the others. */
static bool is_due(const struct database *db)
{
    if (db->state == DB_CHANGES)
        return db->closed;
    return (db->state == DB_ALERTED || db->state == DB_OPEN) && !database_takes_in(db);
}

static size_t replies_in(const struct turn *t)
{
    size_t n = t->s->reply_count;
    for (const struct reply *r = t->replies; r; r = r->next)
        n++;
    return n;
}

/* False: the message is full. */
static bool send_due(struct turn *t, struct sml_out *o, struct database *db, size_t replies)
{
    anchor_note(t, db);
    db->state = DB_SENDING;
    enum status st = database_sends(db) ? send_database(t, o, db, replies) : OK;
    if (st < 0)
        t->st = st;
    if (st == OK)
        db->state = DB_SENT;
    return st == OK;
}

bool sync_out(struct turn *t, struct sml_out *o)
{
    size_t replies = replies_in(t);
    /* What was begun is ended first: a large object may be on its way. */
    for (struct database *db = t->s->dbs; db; db = db->next)
        if (db->state == DB_SENDING && !send_due(t, o, db, replies))
            return false;
    for (struct database *db = t->s->dbs; db; db = db->next)
        if (is_due(db) && !send_due(t, o, db, replies))
            return false;
    for (struct database *db = t->s->dbs; db; db = db->next)
        if (db->state == DB_SENT && !db->pending) {
            db->pending = true;
            anchor_pending(t, db);
        }
    return true;
}
