/* syncml/map.c: Map: the device tells what it calls the items that we added (OMA DS section 5.9).
 *
 * A Map can come in a later session than the Add: the row "#guid" waits for it. A Map that comes again finds its LUID there. */
#include "syncml/engine.h"

#include <stdlib.h>

struct map {
    struct step step;
    struct str db, guid, luid;
    bool known; /* from this session: what was sent is known */
    int64_t seq;
    unsigned char hash[16];
};

static enum status run_map(struct step *step, struct tx *tx)
{
    struct map *m = CONTAINER_OF(step, struct map, step);
    int64_t device = step->turn->s->device.id;
    struct luid row;
    SCOPED_ARENA(a, 1 << 16);
    enum status st = luid_find(tx, &a, device, m->db, m->guid, &row);
    if (st == NOT_FOUND)
        return luid_find(tx, &a, device, m->db, m->luid, &row); /* it came before */
    if (st == OK)
        st = tx_luid_rename(tx, device, m->db, m->guid, m->luid);
    if (st != OK || !m->known)
        return st;
    row.luid = m->luid;
    row.seen_seq = m->seq > row.seen_seq ? m->seq : row.seen_seq;
    memcpy(row.hash, m->hash, sizeof m->hash);
    return tx_luid_put(tx, device, m->db, &row);
}

/* A Map of an Add that went out in another session: this device does not forget them. */
static enum status note_late(struct turn *t, struct database *db, struct str guid)
{
    struct luid row;
    int64_t n;
    if (!guid_number(guid, &n) || n >= t->s->guid_first)
        return OK;
    SCOPED_READ(tx, t->sml->store);
    enum status st = tx ? luid_find(tx, t->a, t->s->device.id, db->name, guid, &row) : E_UNAVAILABLE;
    db->remembers |= st == OK;
    return st < 0 ? st : OK;
}

static void map_item(struct turn *t, struct database *db, const struct sml_item *item)
{
    struct map *m = ARENA_NEW(t->a, struct map);
    if (!m) {
        t->st = t->a->st;
        return;
    }
    *m = (struct map){.step = {.run = run_map}, .db = db->name};
    m->guid = arena_strf(t->a, "#%.*s", STR_ARG(item->target));
    m->luid = luid_key(t->a, item->source);
    struct sent *n = sent_by_luid(t->s, db, m->guid);
    if (n) {
        m->known = true;
        m->seq = n->seq;
        memcpy(m->hash, n->hash, sizeof m->hash);
        n->mapped = true;
    } else if (!db->remembers) {
        enum status st = note_late(t, db, m->guid);
        t->st = st ? st : t->st;
    }
    step_add(t, &m->step, db->state <= DB_CHANGES); /* before ours goes out */
}

void cmd_map(struct turn *t, struct sml_command *c)
{
    struct reply *r = reply_new(t, c, NULL);
    struct database *db = database_find(t->s, c->target, c->source);
    if (!db) {
        r->code = 404;
        return;
    }
    r->code = 200;
    t->mapped = true;
    for (const struct sml_item *item = c->items; item; item = item->next)
        if (item->target.n && item->source.n)
            map_item(t, db, item);
}
