/* store/maintain_stones.c: deletions that are forgotten after [store] tombstone_days, and who still needs them.
 *
 * A SyncML device that was seen in that time and has not come past a deletion keeps it, so that its next sync is no slow one;
 * at most for twice the time. What it needs follows from its anchors (store/device.h), which may be in any shard. */
#include "store/device.h"
#include "store/maintain_int.h"

struct hold { /* deletions of the collection above this number are needed */
    int64_t collection, seq;
};

struct stones {
    struct arena arena;
    struct hold *holds; /* by collection */
    size_t count, cap;
    int64_t always; /* deletions as old as this end in any case */
};

static int by_collection(const void *a, const void *b)
{
    const struct hold *x = a, *y = b;
    return x->collection != y->collection ? x->collection < y->collection ? -1 : 1
           : x->seq != y->seq             ? x->seq < y->seq ? -1 : 1
                                          : 0;
}

static enum status add_holds(struct stones *s, struct db *db, int64_t seen)
{
    SCOPED_STMT(q) = DB_QUERY(db,
                              DB_SCAN "SELECT a.collection, min(a.seq) FROM device d JOIN anchor_seq a ON"
                                      " a.device = d.id WHERE d.state = ?1 AND d.seen > ?2 GROUP BY"
                                      " a.collection",
                              db_int(DEVICE_ACTIVE), db_int(seen));
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        s->holds = arena_grow(&s->arena, s->holds, s->count, &s->cap, s->count + 1, sizeof *s->holds);
        if (!s->holds)
            return s->arena.st;
        s->holds[s->count++] = (struct hold){col_int(q, 0), col_int(q, 1)};
    }
    return st == NOT_FOUND ? OK : st;
}

static enum status find_holds(struct round *r, struct stones *s, int64_t seen)
{
    SCOPED_READ(tx, r->s);
    enum status st = tx ? OK : E_MEMORY;
    for (int slot = 0; slot < r->s->shards && st == OK; slot++)
        st = add_holds(s, tx_db_slot(tx, slot), seen);
    if (st == OK && s->count)
        qsort(s->holds, s->count, sizeof *s->holds, by_collection);
    return st;
}

/* Several shards may hold the same collection: the first is the lowest. */
static bool is_needed(const struct stones *s, int64_t collection, int64_t seq)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->holds[middle].collection < collection)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->count && s->holds[low].collection == collection && seq > s->holds[low].seq;
}

/* A token from before this deletion can no longer be answered: the horizon says so. */
static enum status end_tombstone(struct tx *tx, struct slice *x,
                                 const struct victim *v) /* collection, seq, content, at */
{
    const struct stones *s = x->more;
    struct db *db = tx_wdb(tx, x->subject);
    x->reached = *v;
    if (v->d > s->always && is_needed(s, v->a, v->b))
        return OK;
    enum status st = DB_RUN(db, "UPDATE collection SET horizon = max(horizon, ?2) WHERE id = ?1",
                            db_int(v->a), db_int(v->b));
    if (st == OK)
        st = DB_RUN(db, "UPDATE account SET horizon = max(horizon, ?2) WHERE id = ?1", db_int(v->a),
                    db_int(v->b));
    return st == OK ? sweep_tombstone(tx, x, v) : st;
}

static enum status end_tombstones(struct slice *x, struct tx *tx)
{
    struct stmt *q = DB_QUERY(tx_wdb(tx, x->subject),
                              "SELECT collection, seq, content, at FROM tombstone WHERE at <= ?1 AND"
                              " (at, collection, seq) > (?2, ?3, ?4) ORDER BY at, collection, seq LIMIT 400",
                              db_int(x->until), db_int(x->after.d), db_int(x->after.a), db_int(x->after.b));
    return each_victim(x, tx, q, 4, end_tombstone);
}

enum status end_old_tombstones(struct round *r, int slot)
{
    int64_t days = r->s->config.tombstone_days * DAY;
    struct stones s = {.arena = ARENA_INIT(64 << 20), .always = r->now - 2 * days};
    struct slice x = {
        .fn = end_tombstones, .subject = slot, .until = r->now - days, .after.d = INT64_MIN, .more = &s};
    enum status st = find_holds(r, &s, r->now - days);
    if (st == OK)
        st = slices(r, slot, &x);
    arena_free(&s.arena);
    return st;
}
