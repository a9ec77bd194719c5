/* syncml/object.c: stored objects and LUIDs as a change finds them when it is its turn.
 *
 * The changes of a message are planned before any of them is written. So that a master and its overrides, or an Add and a
 * Replace of the same item, can be in one message, each plan leaves here what its object will be, and the next one builds on it.
 * All of it lives in the turn's `work` arena and is forgotten with the commit. */
#include "syncml/engine.h"

enum { BUCKETS = 512 };

struct objects {
    struct object *first[BUCKETS]; /* by collection and UID */
    struct object_row *rows[BUCKETS];
};

static struct objects *table(struct turn *t)
{
    if (!t->objects)
        t->objects = ARENA_NEW(t->work, struct objects);
    return t->objects;
}

static size_t bucket(struct str s, int64_t more)
{
    return (size_t)((str_hash(s) ^ (uint64_t)more * 0x9E3779B97F4A7C15u) % BUCKETS);
}

static struct object *known_uid(struct turn *t, int64_t collection, struct str uid)
{
    struct objects *all = table(t);
    struct object *o = all ? all->first[bucket(uid, collection)] : NULL;
    while (o && (o->collection != collection || !str_eq(o->uid, uid)))
        o = o->next;
    return o;
}

struct object *object_new(struct turn *t, int64_t collection, struct str name, struct str uid)
{
    struct objects *all = table(t);
    struct object *o = ARENA_NEW(t->work, struct object);
    if (!all || !o)
        return NULL;
    o->collection = collection;
    o->name = arena_str(t->work, name);
    o->uid = arena_str(t->work, uid);
    size_t b = bucket(uid, collection);
    o->next = all->first[b];
    all->first[b] = o;
    return o;
}

static enum status object_of_item(struct turn *t, const struct item *item, struct object **out)
{
    struct object *o = known_uid(t, item->collection, item->obj_uid);
    if (!o) {
        o = object_new(t, item->collection, item->name, item->obj_uid);
        if (!o)
            return E_MEMORY;
        o->exists = true;
        o->id = item->id;
        o->seq = item->seq;
        o->kind = item->kind;
        o->class = item->class;
        o->content = item->content;
        o->size = item->size;
        o->changed = item->changed;
        memcpy(o->etag, item->etag, sizeof o->etag);
    }
    *out = o;
    return o->exists ? OK : NOT_FOUND;
}

enum status object_by_id(struct turn *t, struct tx *tx, struct database *db, int64_t id, struct object **out)
{
    struct item item;
    *out = NULL;
    enum status st = item_get(tx, t->work, &t->s->login.actor, id, &item);
    if (st)
        return st == DENIED ? NOT_FOUND : st;
    size_t source = database_source_of(db, item.collection);
    if (source == SIZE_MAX || !((unsigned)item.kind & db->sources[source].kinds))
        return NOT_FOUND;
    st = object_of_item(t, &item, out);
    if (st == NOT_FOUND)
        *out = NULL;
    return st;
}

enum status object_by_uid(struct turn *t, struct tx *tx, struct database *db, struct str uid,
                          struct object **out)
{
    *out = NULL;
    for (size_t i = 0; uid.n && i < db->source_count; i++) {
        struct item item;
        struct object *o = known_uid(t, db->sources[i].collection, uid);
        enum status st = o ? o->exists ? OK : NOT_FOUND : BAD_TOKEN;
        if (st == BAD_TOKEN) {
            st = item_find_uid(tx, t->work, &t->s->login.actor, db->sources[i].collection, uid, &item);
            if (st == OK)
                st = object_of_item(t, &item, &o);
        }
        if (st == OK) {
            *out = o;
            return OK;
        }
        if (st != NOT_FOUND && st != DENIED)
            return st;
    }
    return NOT_FOUND;
}

enum status object_body(struct turn *t, struct tx *tx, struct object *o)
{
    struct item item = {.id = o->id, .collection = o->collection, .size = o->size, .content = o->content};
    return o->body.p ? OK : item_body_arena(tx, t->work, &item, &o->body);
}

/* ---- LUIDs ---- */

static struct object_row *planned_row(struct turn *t, const struct database *db, struct str luid)
{
    struct objects *all = table(t);
    struct object_row *r = all ? all->rows[bucket(luid, 0)] : NULL;
    while (r && (r->db != db || !str_eq(r->luid, luid)))
        r = r->next;
    return r;
}

enum status row_by_luid(struct turn *t, struct tx *tx, struct database *db, struct str luid, struct luid *row,
                        struct object **object)
{
    const struct object_row *r = planned_row(t, db, luid);
    *object = NULL;
    if (r) {
        *row = r->row;
        if (!r->dropped && r->object && r->object->exists)
            *object = r->object;
        return r->dropped ? NOT_FOUND : OK;
    }
    enum status st = luid_find(tx, t->work, t->s->device.id, db->name, luid, row);
    if (st)
        return st;
    st = object_by_id(t, tx, db, row->item, object);
    return st == NOT_FOUND ? OK : st;
}

enum status row_of_part(struct turn *t, struct tx *tx, struct database *db, struct object *o,
                        struct str recur_id, struct luid *row)
{
    for (const struct object_row *r = o->rows; r; r = r->of_object)
        if (r->db == db && !r->dropped && str_eq(r->row.recur_id, recur_id)) {
            *row = r->row;
            return OK;
        }
    if (!o->id)
        return NOT_FOUND;
    enum status st = luid_of_item(tx, t->work, t->s->device.id, db->name, o->id, recur_id, row);
    if (st)
        return st;
    const struct object_row *r = planned_row(t, db, row->luid); /* it may mean something else by now */
    return r && (r->dropped || r->object != o) ? NOT_FOUND : OK;
}

void row_plan(struct turn *t, struct database *db, const struct luid *row, struct object *o, bool dropped)
{
    struct objects *all = table(t);
    struct object_row *r = planned_row(t, db, row->luid);
    if (!all)
        return;
    if (r && r->object) { /* it leaves the object that it was of */
        struct object_row **at = &r->object->rows;
        while (*at && *at != r)
            at = &(*at)->of_object;
        if (*at)
            *at = r->of_object;
    }
    if (!r) {
        size_t b = bucket(row->luid, 0);
        r = ARENA_NEW(t->work, struct object_row);
        if (!r)
            return;
        r->next = all->rows[b];
        all->rows[b] = r;
    }
    struct object_row *next = r->next;
    *r = (struct object_row){
        .next = next, .db = db, .luid = row->luid, .object = o, .row = *row, .dropped = dropped};
    if (o) {
        r->of_object = o->rows;
        o->rows = r;
    }
}
