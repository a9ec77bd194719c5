/* syncml/slow.c: the index by which a device's item is matched with what is stored, when neither LUID nor UID tell.
 *
 * It is made once a session, when it is first needed: of a slow sync from all objects of the view, otherwise from the few that
 * were sent to the device and never mapped. It holds a key of each object, no bodies. An object is matched once: of two equal
 * cards on the device the second finds the second, or none. */
#include "syncml/engine.h"

#include <stdlib.h>

enum { CANDIDATES = 64, SCRATCH = 64 << 20, PAGE = 256 };

struct slow {
    struct slow_entry *entries;
    size_t count, cap;
    int *keys, *items; /* heads of buckets */
    size_t buckets;
    struct arena arena; /* recurrence-ids */
};

struct build {
    struct turn *t;
    struct tx *tx;
    struct database *db;
    struct slow *slow;
    struct content_settings settings;
    enum media media;
    unsigned kinds;
    struct arena scratch;
};

void slow_free(struct database *db)
{
    if (!db->slow)
        return;
    free(db->slow->entries);
    free(db->slow->keys);
    free(db->slow->items);
    arena_free(&db->slow->arena);
    free(db->slow);
    db->slow = NULL;
}

/* ---- making it ---- */

static enum status add(struct build *b, int64_t item, struct str recur_id, uint64_t key, bool claimed)
{
    struct slow *s = b->slow;
    if (s->count == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 256;
        struct slow_entry *grown = cap < INT32_MAX ? realloc(s->entries, cap * sizeof *grown) : NULL;
        if (!grown)
            return E_MEMORY;
        s->entries = grown;
        s->cap = cap;
    }
    struct slow_entry *e = &s->entries[s->count++];
    *e = (struct slow_entry){.item = item, .key = key, .claimed = claimed};
    e->recur_id = recur_id.n ? arena_str(&s->arena, recur_id) : STR("");
    return e->recur_id.p ? OK : E_MEMORY;
}

static enum status add_part(struct build *b, int64_t item, struct str body, struct str recur_id)
{
    uint64_t key = 0;
    struct luid row;
    enum status st = content_key(&b->scratch, &b->settings, b->media, body, recur_id, &key);
    if (st)
        return st < 0 ? st : OK; /* what can not be read can not be matched */
    bool claimed = false;
    st = luid_of_item(b->tx, &b->scratch, b->t->s->device.id, b->db->name, item, recur_id, &row);
    if (st == OK)
        claimed = b->db->round && row.round == b->db->round && !str_starts(row.luid, STR("#"));
    else if (st != NOT_FOUND)
        return st;
    return add(b, item, recur_id, key, claimed);
}

static enum status add_object(struct build *b, int64_t item, struct str body)
{
    struct str whole = STR(""), *parts = &whole;
    size_t count = 1;
    enum status st = OK;
    if (b->media == MEDIA_CALENDAR && str_find(body, STR("RECURRENCE-ID"), 0) != SIZE_MAX)
        st = content_parts(&b->scratch, &b->settings, b->media, body, b->db->type, &parts, &count);
    if (st)
        return st < 0 ? st : OK;
    for (size_t i = 0; i < count && st == OK; i++)
        st = add_part(b, item, body, parts[i]);
    return st;
}

static enum status on_item(void *ctx, const struct item *item, struct str body)
{
    struct build *b = ctx;
    if (!((unsigned)item->kind & b->kinds))
        return OK;
    enum status st = add_object(b, item->id, body);
    arena_reset(&b->scratch);
    return st;
}

static enum status of_all(struct build *b)
{
    enum status st = OK;
    for (size_t i = 0; i < b->db->source_count && st == OK; i++) {
        b->kinds = b->db->sources[i].kinds;
        st = item_each(b->tx, &b->t->s->login.actor, b->db->sources[i].collection, true, on_item, b);
        if (st == NOT_FOUND || st == DENIED)
            st = OK; /* it went, or the share was withdrawn, a moment ago */
    }
    return st;
}

/* ---- what waits for its Map ---- */

struct waiting {
    struct str luid, recur_id;
    int64_t item;
};
struct page {
    struct arena *a;
    struct waiting rows[PAGE];
    size_t count;
    bool end;
};

static enum status on_row(void *ctx, const struct luid *l)
{
    struct page *p = ctx;
    if (!str_starts(l->luid, STR("#"))) {
        p->end = true;
        return OK;
    }
    if (str_starts(l->luid, STR("##")) || p->count == PAGE)
        return OK;
    p->rows[p->count++] = (struct waiting){arena_str(p->a, l->luid), arena_str(p->a, l->recur_id), l->item};
    return OK;
}

static enum status add_waiting(struct build *b, const struct waiting *w)
{
    struct item item;
    struct str body;
    enum status st = item_get(b->tx, &b->scratch, &b->t->s->login.actor, w->item, &item);
    if (st == OK)
        st = item_body_arena(b->tx, &b->scratch, &item, &body);
    if (st)
        return st < 0 ? st : OK;
    return add_part(b, w->item, body, w->recur_id);
}

static enum status of_waiting(struct build *b)
{
    SCOPED_ARENA(a, SCRATCH);
    struct str after = STR("#");
    enum status st = TRUNCATED;
    while (st == TRUNCATED) {
        struct page page = {.a = &a};
        st = luid_each(b->tx, b->t->s->device.id, b->db->name, after, PAGE, on_row, &page);
        enum status one = a.st;
        for (size_t i = 0; i < page.count && one == OK; i++) {
            one = add_waiting(b, &page.rows[i]);
            arena_reset(&b->scratch);
        }
        if (one)
            return one;
        if (page.end || !page.count)
            return OK;
        after = page.rows[page.count - 1].luid;
    }
    return st;
}

/* ---- buckets ---- */

static size_t bucket(const struct slow *s, uint64_t key)
{
    return (size_t)((key * 0x9E3779B97F4A7C15u) >> 20) % s->buckets;
}

static enum status hash(struct slow *s)
{
    s->buckets = s->count * 2 + 1;
    s->keys = calloc(s->buckets, sizeof *s->keys);
    s->items = calloc(s->buckets, sizeof *s->items);
    if (!s->keys || !s->items)
        return E_MEMORY;
    for (size_t i = 0; i < s->buckets; i++)
        s->keys[i] = s->items[i] = -1;
    for (size_t i = s->count; i-- > 0;) { /* backwards, so that chains are in order */
        struct slow_entry *e = &s->entries[i];
        size_t k = bucket(s, e->key), n = bucket(s, (uint64_t)e->item);
        e->next_key = s->keys[k];
        s->keys[k] = (int)i;
        e->next_item = s->items[n];
        s->items[n] = (int)i;
    }
    return OK;
}

static enum status make(struct turn *t, struct tx *tx, struct database *db)
{
    struct slow *s = calloc(1, sizeof *s);
    if (!s)
        return E_MEMORY;
    s->arena = ARENA_INIT(SCRATCH);
    db->slow = s;
    struct build b = {.t = t, .tx = tx, .db = db, .slow = s, .settings = t->content};
    b.settings.phone = db->phone;
    b.media = database_media(db);
    b.scratch = ARENA_INIT(SCRATCH);
    enum status st = database_slow(db) ? of_all(&b) : of_waiting(&b);
    arena_free(&b.scratch);
    if (st == OK)
        st = hash(s);
    if (st)
        slow_free(db);
    return st;
}

/* ---- using it ---- */

struct slow_entry *slow_entry_of(struct database *db, int64_t item, struct str recur_id)
{
    struct slow *s = db->slow;
    if (!s)
        return NULL;
    for (int i = s->items[bucket(s, (uint64_t)item)]; i >= 0; i = s->entries[i].next_item)
        if (s->entries[i].item == item && str_eq(s->entries[i].recur_id, recur_id))
            return &s->entries[i];
    return NULL;
}

enum status slow_match(struct turn *t, struct tx *tx, struct database *db, enum content_type type,
                       struct str data, const struct content_peek *peek, struct slow_entry **out,
                       struct object **object)
{
    struct content_settings settings = t->content;
    size_t tried = 0;
    enum status st = db->slow ? OK : make(t, tx, db);
    settings.phone = db->phone;
    if (st || !peek->key)
        return st ? st : NOT_FOUND;
    struct slow *s = db->slow;
    for (int i = s->keys[bucket(s, peek->key)]; i >= 0 && tried < CANDIDATES; i = s->entries[i].next_key) {
        struct slow_entry *e = &s->entries[i];
        bool same = false;
        if (e->key != peek->key || e->claimed)
            continue;
        tried++;
        st = object_by_id(t, tx, db, e->item, object);
        if (st == OK)
            st = object_body(t, tx, *object);
        if (st == OK)
            st = content_same(t->work, &settings, type, data, (*object)->body, e->recur_id, &same);
        if (st < 0)
            return st;
        if (st == OK && same) {
            *out = e;
            return OK;
        }
    }
    *object = NULL;
    return NOT_FOUND;
}
