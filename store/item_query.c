/* store/item_query.c: candidates for a time range and for a text in a field, from the derived rows: as flat in a
 * collection of 50,000 as in one of 500. */
#include "store/rows.h"

#define WITH_BODY " LEFT JOIN body b ON b.content = i.content"

/* ---- time range: the weeks that it touches, and the three lists beside them (schemas/shard.sql, occ) ---- */

/* What begins in the range for certain, by a row of the weeks whose times are no local ones, need not be judged by the
 * caller: for events the tables of RFC 4791 section 9.9 say nothing else. */
#define IN_RANGE                                                                                             \
    ", hit.sure AND e.kind = 1 FROM (SELECT item, MAX(sure) AS sure FROM ("                                  \
    "SELECT item, (flags & 3) = 0 AND start >= ?2 AS sure FROM occ WHERE collection = ?1 "                   \
    "AND week BETWEEN ?4 AND ?5 AND start < ?3 AND \"end\" >= ?2"                                            \
    " UNION ALL SELECT item, 0 FROM occ WHERE collection = ?1 AND week = -1 AND start < ?3 "                 \
    "AND \"end\" >= ?2"                                                                                      \
    " UNION ALL SELECT item, 0 FROM occ WHERE collection = ?1 AND week = -2 AND start < ?3"                  \
    " UNION ALL SELECT item, 0 FROM occ WHERE collection = ?1 AND week = -3 AND start > ?2 "                 \
    "AND \"end\" < ?3) GROUP BY item) AS hit"                                                                \
    " JOIN item i ON i.id = hit.item"                                                                        \
    " JOIN entry e ON e.collection = i.collection AND e.uid = i.uid AND e.kind & ?6 <> 0"

struct range_walk {
    struct stmt *q;
    item_fn fn;
    void *ctx;
};

static enum status on_candidate(void *ctx, const struct item *item, struct str body)
{
    struct range_walk *w = ctx;
    struct item candidate = *item;
    candidate.sure = col_int(w->q, ITEM_COLUMN_COUNT + 1) != 0;
    return w->fn(w->ctx, &candidate, body);
}

enum status item_in_range(struct tx *tx, const struct actor *actor, int64_t collection, unsigned kinds,
                          int64_t from, int64_t until, bool bodies, item_fn fn, void *ctx)
{
    struct coll_row c;
    enum status st = coll_load_for(tx, actor, collection, RIGHT_READ, &c);
    if (st != OK)
        return st;
    struct db *db = tx_db(tx, collection);
    const struct db_value values[] = {
        db_int(collection),      db_int(from),
        db_int(until),           db_int(occ_week(from)),
        db_int(occ_week(until)), db_int(kinds ? kinds : 0x7fffffff),
    };
    SCOPED_STMT(q) =
        bodies ? db_query(db, "SELECT /*scan*/" ITEM_COLUMNS ", b.data" IN_RANGE WITH_BODY, values,
                          COUNT_OF(values))
               : db_query(db, "SELECT /*scan*/" ITEM_COLUMNS ", NULL" IN_RANGE, values, COUNT_OF(values));
    struct range_walk walk = {q, fn, ctx};
    return item_walk(tx, q, bodies, on_candidate, &walk);
}

/* ---- fields ---- */

struct field_search {
    struct tx *tx;
    struct db *db;
    struct arena *arena;
    int64_t *items; /* that match */
    size_t count, cap;
    bool bodies;
    item_fn fn;
    void *ctx;
};

static bool matches(const struct field_key *key, struct str fold)
{
    switch (key->match) {
    case MATCH_EQUALS:
        return str_eq(fold, key->folded);
    case MATCH_STARTS:
        return str_starts(fold, key->folded);
    case MATCH_ENDS:
        return str_ends(fold, key->folded);
    case MATCH_CONTAINS:
    default:
        return str_find(fold, key->folded, 0) != SIZE_MAX;
    }
}

/* The values are in order of their text: equal ones and those with a prefix are one range of the index. */
static struct stmt *candidates(struct field_search *s, int64_t collection, const struct field_key *key)
{
    if (key->match == MATCH_EQUALS)
        return DB_QUERY(s->db,
                        "SELECT item, fold FROM field WHERE collection = ?1 AND prop = ?2 AND fold = ?3",
                        db_int(collection), db_int(key->field), db_text(key->folded));
    if (key->match == MATCH_STARTS)
        return DB_QUERY(
            s->db,
            "SELECT item, fold FROM field WHERE collection = ?1 AND prop = ?2 AND fold >= ?3 ORDER BY fold",
            db_int(collection), db_int(key->field), db_text(key->folded));
    return DB_QUERY(s->db, "SELECT item, fold FROM field WHERE collection = ?1 AND prop = ?2",
                    db_int(collection), db_int(key->field));
}

/* Adds the items that a key finds. */
static enum status collect(struct field_search *s, int64_t collection, const struct field_key *key)
{
    SCOPED_STMT(q) = candidates(s, collection, key);
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        struct str fold = col_str(q, 1);
        if (key->match == MATCH_STARTS && !str_starts(fold, key->folded))
            return OK; /* past the range */
        if (!matches(key, fold))
            continue;
        int64_t *grown = arena_grow(s->arena, s->items, s->count, &s->cap, s->count + 1, sizeof *s->items);
        if (!grown)
            return s->arena->st;
        s->items = grown;
        grown[s->count++] = col_int(q, 0);
    }
    return st == NOT_FOUND ? OK : st;
}

static enum status report(struct field_search *s, int64_t item)
{
    SCOPED_STMT(q) =
        s->bodies
            ? DB_QUERY(s->db, "SELECT " ITEM_COLUMNS ", b.data FROM " ITEM_JOIN WITH_BODY " WHERE i.id = ?1",
                       db_int(item))
            : DB_QUERY(s->db, "SELECT " ITEM_COLUMNS " FROM " ITEM_JOIN " WHERE i.id = ?1", db_int(item));
    return item_walk(s->tx, q, s->bodies, s->fn, s->ctx);
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

enum status item_by_fields(struct tx *tx, const struct actor *actor, int64_t collection,
                           const struct field_key *keys, size_t key_count, bool bodies, item_fn fn, void *ctx)
{
    struct coll_row c;
    SCOPED_ARENA(a, 64 << 20);
    struct field_search s = {
        .tx = tx, .db = tx_db(tx, collection), .arena = &a, .bodies = bodies, .fn = fn, .ctx = ctx};
    enum status st = coll_load_for(tx, actor, collection, RIGHT_READ, &c);
    for (size_t i = 0; i < key_count && st == OK; i++)
        st = collect(&s, collection, &keys[i]);
    if (st == OK && s.count > 1)
        qsort(s.items, s.count, sizeof *s.items, by_number);
    for (size_t i = 0; i < s.count && st == OK; i++)
        if (i == 0 || s.items[i] != s.items[i - 1])
            st = report(&s, s.items[i]);
    return st;
}
