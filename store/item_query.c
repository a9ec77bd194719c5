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
    enum field_match match;
    struct str wanted;
    bool bodies;
    item_fn fn;
    void *ctx;
};

static bool matches(const struct field_search *s, struct str fold)
{
    switch (s->match) {
    case MATCH_EQUALS:
        return str_eq(fold, s->wanted);
    case MATCH_STARTS:
        return str_starts(fold, s->wanted);
    case MATCH_ENDS:
        return str_ends(fold, s->wanted);
    case MATCH_CONTAINS:
    default:
        return str_find(fold, s->wanted, 0) != SIZE_MAX;
    }
}

/* The values are in order of their text: equal ones and those with a prefix are one range of the index. */
static struct stmt *candidates(struct field_search *s, int64_t collection, int field)
{
    if (s->match == MATCH_EQUALS)
        return DB_QUERY(s->db,
                        "SELECT item, fold FROM field WHERE collection = ?1 AND prop = ?2 AND fold = ?3",
                        db_int(collection), db_int(field), db_text(s->wanted));
    if (s->match == MATCH_STARTS)
        return DB_QUERY(
            s->db,
            "SELECT item, fold FROM field WHERE collection = ?1 AND prop = ?2 AND fold >= ?3 ORDER BY fold",
            db_int(collection), db_int(field), db_text(s->wanted));
    return DB_QUERY(s->db, "SELECT item, fold FROM field WHERE collection = ?1 AND prop = ?2",
                    db_int(collection), db_int(field));
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

/* Collects the items that match, each once. */
static enum status collect(struct field_search *s, struct stmt *q, struct arena *a, int64_t **items,
                           size_t *count)
{
    size_t cap = 0;
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        struct str fold = col_str(q, 1);
        if (s->match == MATCH_STARTS && !str_starts(fold, s->wanted))
            return OK; /* past the range */
        if (!matches(s, fold))
            continue;
        int64_t *grown = arena_grow(a, *items, *count, &cap, *count + 1, sizeof **items);
        if (!grown)
            return a->st;
        *items = grown;
        grown[(*count)++] = col_int(q, 0);
    }
    return st == NOT_FOUND ? OK : st;
}

enum status item_by_field(struct tx *tx, const struct actor *actor, int64_t collection, int field,
                          enum field_match match, struct str folded, bool bodies, item_fn fn, void *ctx)
{
    struct coll_row c;
    struct field_search s = {.tx = tx,
                             .db = tx_db(tx, collection),
                             .match = match,
                             .wanted = folded,
                             .bodies = bodies,
                             .fn = fn,
                             .ctx = ctx};
    SCOPED_ARENA(a, 64 << 20);
    int64_t *items = NULL;
    size_t count = 0;
    enum status st = coll_load_for(tx, actor, collection, RIGHT_READ, &c);
    if (st != OK)
        return st;
    SCOPED_STMT(q) = candidates(&s, collection, field);
    st = collect(&s, q, &a, &items, &count);
    if (st == OK && count > 1)
        qsort(items, count, sizeof *items, by_number);
    for (size_t i = 0; i < count && st == OK; i++)
        if (i == 0 || items[i] != items[i - 1])
            st = report(&s, items[i]);
    return st;
}
