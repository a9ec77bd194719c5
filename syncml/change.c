/* syncml/change.c: the item changes of a message: planned in slices, each slice committed in one closure, and what was overtaken by
 * somebody else's write between plan and commit is planned again.
 *
 * What the closure may not take for granted is judged in it: that the item is still the one that was read (its hash), or that the
 * name is still free. An Atomic is one step: it is there as a whole or not at all. */
#include "syncml/engine.h"

#include <stdlib.h>

enum { SLICE = 200, WORK_ARENA = 1 << 30 };

struct str luid_key(struct arena *a, struct str luid)
{
    return str_starts(luid, STR("#")) ? arena_strf(a, "#%.*s", STR_ARG(luid)) : luid;
}

struct change *change_new(struct turn *t, struct database *db, const struct sml_command *c,
                          const struct sml_item *item, struct reply *reply)
{
    struct change *n = ARENA_NEW(t->a, struct change);
    if (!n) {
        t->st = t->a->st;
        return NULL;
    }
    struct str luid = item->source.n ? item->source : item->target;
    *n = (struct change){.cmd = c->cmd, .archive = c->archive, .db = db, .reply = reply, .item = item};
    n->step.turn = t;
    n->luid = luid_key(t->a, luid);
    *t->changes_end = n;
    t->changes_end = &n->next;
    return n;
}

void change_data(struct turn *t, struct change *n, const struct sml_command *c, const struct sml_item *item)
{
    struct str type = sml_item_type(c, item);
    struct str version = item->meta.version.n ? item->meta.version : c->meta.version;
    enum status st = sml_item_data(t->a, c, item, &n->data);
    n->type = st == OK ? content_type_of(type, version, n->data) : CONTENT_NONE;
    if (st == OK && n->type && content_base64(n->type) && !str_starts(str_trim(n->data), STR("<"))) {
        SCOPED_BUF(plain, n->data.n + 1); /* SIF is base64 whether its Format says so or not */
        if (buf_unbase64(&plain, n->data))
            n->data = arena_str(t->a, buf_view(&plain));
    }
    if (st < 0 || t->a->st)
        t->st = st < 0 ? st : t->a->st;
    if (st == OK && n->db && database_knows(n->db->kind, n->type)) {
        if (n->db->sent_type != n->type) {
            n->db->sent_type = n->type;
            device_phone_for(t, n->db);
        }
        return;
    }
    t->why_text = st ? STR("its data is not base64") : STR("a type that this database does not take");
    change_fail(t, n, 415);
}

void change_fail(struct turn *t, struct change *c, int code)
{
    c->reply->code = code;
    c->done = true;
    if (c->claimed)
        c->claimed->claimed = false;
    if (c->claimed_row)
        c->claimed_row->claimed = false;
    c->claimed = NULL;
    c->claimed_row = NULL;
    if (c->group && code >= 300) /* that what shall go is not there is no failure */
        c->group->doomed = true;
    if (code == 211 || code == 216 || code == 406)
        return;
    SCOPED_BUF(why, 400);
    buf_addf(&why, "status %d", code);
    if (t->why_text.n)
        buf_addf(&why, ": %.*s", (int)(t->why_text.n < 300 ? t->why_text.n : 300), t->why_text.p);
    device_failed(t->s, t->now, "from the device", c->luid, buf_view(&why));
    t->why_text = STR_NONE;
}

/* ---- in the writer's transaction ---- */

static enum status run_row(struct change *c, struct tx *tx)
{
    struct session *s = c->step.turn->s;
    struct str db = c->db->name;
    enum status st = OK;
    if (c->drop_row)
        st = tx_luid_delete(tx, s->device.id, db, c->luid);
    if (st == OK && c->put_row)
        st = tx_luid_put(tx, s->device.id, db, &c->row);
    return st;
}

/* The anchor bounds what is looked at: what the device must get back may not lie below it. */
static enum status run_lower(struct change *c, struct tx *tx, int64_t seq)
{
    struct session *s = c->step.turn->s;
    size_t i = database_source_of(c->db, c->collection);
    if (i == SIZE_MAX || !c->differs || seq > c->db->sources[i].since)
        return OK;
    return tx_anchor_seq_put(tx, s->device.id, c->db->name, c->collection, seq - 1);
}

static enum status run_nothing(struct change *c, struct tx *tx)
{
    struct turn *t = c->step.turn;
    int64_t seq = c->seq;
    if (c->put_row && !c->id) { /* an object that this message made or changed */
        struct item item;
        SCOPED_ARENA(a, 1 << 16);
        enum status st = item_find(tx, &a, &t->s->login.actor, c->collection, c->name, &item);
        if (st)
            return st == NOT_FOUND ? PRECONDITION : st;
        c->row.item = item.id;
        c->row.seen_seq = c->differs ? item.seq - 1 : item.seq;
        seq = item.seq;
    }
    enum status st = run_row(c, tx);
    return st == OK && seq ? run_lower(c, tx, seq) : st;
}

static enum status still_so(struct change *c, struct tx *tx, struct arena *a, struct item *item)
{
    enum status st = item_find(tx, a, &c->step.turn->s->login.actor, c->collection, c->name, item);
    if (st)
        return st == NOT_FOUND ? PRECONDITION : st;
    return memcmp(item->etag, c->base, sizeof c->base) == 0 ? OK : PRECONDITION;
}

static enum status run_put(struct change *c, struct tx *tx)
{
    struct turn *t = c->step.turn;
    struct item item;
    struct item_put_result res;
    SCOPED_ARENA(a, 1 << 20);
    enum status st = c->exists ? still_so(c, tx, &a, &item) : OK;
    if (st)
        return st;
    st = tx_item_put(tx, &a, &t->s->login.actor, c->collection, c->name, &c->prepared, &res);
    if (st == UID_CONFLICT ||
        (st == OK && !c->exists && !res.created)) /* the name is not free: it is undone */
        return PRECONDITION;
    if (st)
        return st;
    c->row.item = res.id;
    c->row.seen_seq = c->differs ? res.seq - 1 : res.seq;
    return run_row(c, tx);
}

static enum status run_delete(struct change *c, struct tx *tx)
{
    struct item item;
    SCOPED_ARENA(a, 1 << 20);
    enum status st = still_so(c, tx, &a, &item);
    if (st == OK)
        st = tx_item_delete(tx, &c->step.turn->s->login.actor, c->collection, c->name);
    return st == OK ? run_row(c, tx) : st;
}

static enum status run_move(struct change *c, struct tx *tx)
{
    struct item item;
    struct item_move_result res;
    SCOPED_ARENA(a, 1 << 20);
    enum status st = still_so(c, tx, &a, &item);
    if (st == OK)
        st = tx_item_move(tx, &a, &c->step.turn->s->login.actor, c->collection, c->name, c->to, c->name,
                          false, &res);
    if (st || !c->put_row)
        return st;
    st = item_get(tx, &a, &c->step.turn->s->login.actor, item.id, &item);
    if (st)
        return st;
    c->row.item = item.id;
    c->row.seen_seq = item.seq;
    return run_row(c, tx);
}

static enum status run_change(struct step *s, struct tx *tx)
{
    static enum status (*const acts[])(struct change *, struct tx *) = {
        [ACT_NOTHING] = run_nothing, [ACT_PUT] = run_put, [ACT_DELETE] = run_delete, [ACT_MOVE] = run_move};
    struct change *c = CONTAINER_OF(s, struct change, step);
    return acts[c->act](c, tx);
}

static enum status run_group(struct step *s, struct tx *tx)
{
    const struct group *g = CONTAINER_OF(s, struct group, step);
    enum status st = OK;
    for (struct change *c = g->first; c; c = c->group_next)
        c->step.st = OK;
    for (struct change *c = g->first; c && st == OK; c = c->group_next)
        if (!c->done)
            st = c->step.st = run_change(&c->step, tx);
    return st;
}

/* ---- after the commit ---- */

static void let_go(struct change *c)
{
    if (c->holds_prepared)
        prepared_release(&c->prepared);
    c->holds_prepared = false;
}

static void succeed(struct turn *t, struct change *c)
{
    struct database *db = c->db;
    size_t i = database_source_of(db, c->collection);
    c->done = true;
    c->reply->code = c->code;
    t->s->device.received++;
    t->s->device_dirty = true;
    if (c->act == ACT_NOTHING && c->differs && i != SIZE_MAX && c->row.seen_seq < db->sources[i].since)
        db->sources[i].since = c->row.seen_seq;
    if (!c->extra || c->extra->extra_count >= EXTRA_MOST)
        return;
    if (db->extra_count == db->extra_cap) {
        size_t cap = db->extra_cap ? db->extra_cap * 2 : 16;
        struct str *grown = realloc(db->extra, cap * sizeof *grown);
        if (!grown)
            return;
        db->extra = grown;
        db->extra_cap = cap;
    }
    char *copy = malloc(c->luid.n + 1);
    if (!copy)
        return;
    memcpy(copy, c->luid.p, c->luid.n);
    db->extra[db->extra_count++] = str_n(copy, c->luid.n);
}

static void again(struct change *c)
{
    c->planned = false;
    c->tries++;
    if (c->claimed)
        c->claimed->claimed = false;
    if (c->claimed_row)
        c->claimed_row->claimed = false;
    c->claimed = NULL;
    c->claimed_row = NULL;
}

static void settle_one(struct turn *t, struct change *c)
{
    if (c->step.st == OK)
        succeed(t, c);
    else if (c->step.st == PRECONDITION && c->tries < PASSES_MOST)
        again(c);
    else
        change_fail(t, c, code_of(c->cmd, c->step.st));
}

void group_fail(struct group *g)
{
    g->reply->code = 507;
    for (struct reply *r = g->sequences; r; r = r->in_group)
        r->code = 216;
}

static void settle_group(struct turn *t, struct group *g)
{
    bool retry = g->step.st == PRECONDITION && !g->doomed && g->first->tries < PASSES_MOST;
    bool failed = g->step.st || g->doomed;
    g->added = false;
    g->done = !retry;
    for (struct change *c = g->first; c; c = c->group_next) {
        if (c->done || c->apart)
            continue;
        if (retry)
            again(c);
        else if (!failed)
            succeed(t, c);
        else
            change_fail(t, c, c->step.st ? code_of(c->cmd, c->step.st) : 216);
    }
    if (g->done && failed)
        group_fail(g);
}

static void settle(struct turn *t, struct change *first, const struct change *end)
{
    for (struct change *c = first; c != end; c = c->next) {
        let_go(c);
        if ((!c->group || c->apart) && !c->done)
            settle_one(t, c);
        if (c->group && c == c->group->first && !c->group->done)
            settle_group(t, c->group);
    }
}

/* ---- slices ---- */

/* A change that is answered with an error though nothing is wrong with it (425, 419) is none that an Atomic may count as done. Alone it
 * is refused still, and what the device gets back for it it gets. */
static void judge_refused(struct turn *t, struct change *c)
{
    if (!c->group)
        return;
    if (c->apart && c->act != ACT_NOTHING)
        change_fail(t, c, 216);
    if (c->apart || c->code < 400)
        return;
    c->group->doomed = c->apart = true;
}

static enum status plan_slice(struct turn *t, struct change *first, const struct change *end)
{
    SCOPED_READ(tx, t->sml->store);
    if (!tx)
        return E_UNAVAILABLE;
    for (struct change *c = first; c != end; c = c->next) {
        if (c->done || (c->group && c->group->doomed && !c->apart))
            continue;
        enum status st = change_plan(t, tx, c);
        if (st < 0 || t->work->st)
            return st < 0 ? st : t->work->st;
        c->planned = st == OK;
        if (st)
            change_fail(t, c, code_of(c->cmd, st));
        else
            judge_refused(t, c);
    }
    return OK;
}

static void add_steps(struct turn *t, struct change *first, const struct change *end)
{
    for (struct change *c = first; c != end; c = c->next) {
        c->step.st = OK;
        if (c->done || !c->planned)
            continue;
        c->step.bytes = c->prepared.body.n;
        c->step.run = run_change;
        if (!c->group || c->apart) {
            step_add(t, &c->step, true);
        } else if (!c->group->added && !c->group->doomed) {
            c->group->added = true;
            c->group->step = (struct step){.run = run_group, .bytes = c->prepared.body.n};
            step_add(t, &c->group->step, true);
        }
    }
}

static bool unsettled(const struct change *first, const struct change *end)
{
    for (const struct change *c = first; c != end; c = c->next)
        if (!c->done || (c->group && !c->group->done))
            return true;
    return false;
}

static enum status run_slice(struct turn *t, struct change *first, const struct change *end)
{
    enum status st = OK;
    while (st == OK && unsettled(first, end)) {
        SCOPED_ARENA(work, WORK_ARENA);
        t->work = &work;
        t->objects = NULL;
        st = plan_slice(t, first, end);
        if (st == OK) {
            add_steps(t, first, end);
            st = steps_commit(t);
        }
        if (st == OK)
            settle(t, first, end);
        for (struct change *c = first; c != end; c = c->next)
            let_go(c);
        t->work = NULL;
        t->objects = NULL;
    }
    return st;
}

/* Behind the last change of a slice; an Atomic is not cut. */
static struct change *slice_end(struct change *first)
{
    size_t n = 0;
    struct change *c = first;
    while (c && (n < SLICE || (c->group && c != c->group->first))) {
        c = c->next;
        n++;
    }
    return c;
}

enum status changes_run(struct turn *t)
{
    enum status st = steps_commit(t); /* Maps and Statuses of the message come first */
    struct change *first = t->changes;
    while (first && st == OK) {
        struct change *end = slice_end(first);
        st = run_slice(t, first, end);
        first = end;
    }
    t->changes = NULL;
    t->changes_end = &t->changes;
    return st;
}
