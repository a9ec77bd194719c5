/* syncml/sync_close.c: the device's part of a sync is complete: what it did not mention counts now.
 *
 * In a slow sync its LUIDs that did not appear mean nothing any more: what they named goes to it as new. In a refresh from the
 * device what it did not mention is deleted here; in a refresh from us it forgets everything itself. */
#include "syncml/engine.h"

struct close_step {
    struct step step;
    struct database *db;
    bool delete;
};

struct doomed {
    struct str name;
    struct doomed *next;
};

struct search {
    struct tx *tx;
    struct arena *a;
    struct turn *t;
    struct database *db;
    unsigned kinds;
    struct doomed *first;
    bool has_row;
};

static enum status on_row(void *ctx, const struct luid *l)
{
    (void)l;
    ((struct search *)ctx)->has_row = true;
    return OK;
}

static enum status on_item(void *ctx, const struct item *item, struct str body)
{
    struct search *s = ctx;
    (void)body;
    if (!((unsigned)item->kind & s->kinds))
        return OK;
    s->has_row = false;
    enum status st = luid_each_of_item(s->tx, s->t->s->device.id, s->db->name, item->id, on_row, s);
    if (st || s->has_row)
        return st;
    struct doomed *d = ARENA_NEW(s->a, struct doomed);
    if (!d)
        return s->a->st;
    *d = (struct doomed){arena_str(s->a, item->name), s->first};
    s->first = d;
    return s->a->st;
}

static enum status delete_unmentioned(struct close_step *c, struct tx *tx, const struct db_source *src)
{
    struct turn *t = c->step.turn;
    SCOPED_ARENA(a, 256 << 20);
    struct search s = {.tx = tx, .a = &a, .t = t, .db = c->db, .kinds = src->kinds};
    enum status st = item_each(tx, &t->s->login.actor, src->collection, false, on_item, &s);
    for (const struct doomed *d = s.first; d && st == OK; d = d->next)
        st = tx_item_delete(tx, &t->s->login.actor, src->collection, d->name);
    return st;
}

static enum status run_close(struct step *step, struct tx *tx)
{
    struct close_step *c = CONTAINER_OF(step, struct close_step, step);
    enum status st = tx_luid_clear(tx, step->turn->s->device.id, c->db->name, c->db->round);
    for (size_t i = 0; i < c->db->source_count && st == OK && c->delete; i++)
        if (!c->db->sources[i].read_only)
            st = delete_unmentioned(c, tx, &c->db->sources[i]);
    return st;
}

void changes_close(struct turn *t, struct database *db)
{
    if (db->closed)
        return;
    db->closed = true;
    slow_free(db);
    unmapped_free(db);
    if (!db->round)
        return;
    struct close_step *c = ARENA_NEW(t->a, struct close_step);
    if (!c) {
        t->st = t->a->st;
        return;
    }
    *c = (struct close_step){.step = {.run = run_close}, .db = db};
    c->delete = db->mode == MODE_REFRESH_FROM_CLIENT && !db->spare;
    step_add(t, &c->step, true);
}
