/* store/queue_read.c: what waits in the queue: by time, by domain, by entry; and its messages. */
#include "store/message_rows.h"
#include "store/queue.h"

#define COLUMNS                                                                                              \
    "q.id, q.content, c.size + coalesce(length(q.prefix), 0), q.account, q.sender, q.opts, q.arrived, "      \
    "q.expires, r.n, r.address, r.domain, r.opts, r.state, r.next, r.tries, r.begun, r.last"
#define JOINS " JOIN queue q ON q.id = r.queue JOIN content c ON c.id = q.content"

static enum status walk(struct stmt *q, queue_fn fn, void *ctx)
{
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        struct queue_entry e = {
            .id = col_int(q, 0),
            .content = col_int(q, 1),
            .size = col_int(q, 2),
            .account = col_int(q, 3),
            .sender = col_str(q, 4),
            .opts = col_str(q, 5),
            .arrived = col_int(q, 6),
            .expires = col_int(q, 7),
        };
        struct queue_rcpt r = {
            .n = col_int(q, 8),
            .address = col_str(q, 9),
            .domain = col_str(q, 10),
            .opts = col_str(q, 11),
            .state = (enum rcpt_state)col_int(q, 12),
            .next = col_int(q, 13),
            .tries = col_int(q, 14),
            .begun = col_int(q, 15),
            .last = col_str(q, 16),
        };
        if ((st = fn(ctx, &e, &r)) != OK)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}

/* One statement over every shard, with the same values. */
static enum status every_shard(struct tx *tx, const char *sql, const struct db_value *values, size_t count,
                               queue_fn fn, void *ctx)
{
    enum status st = OK;
    for (int slot = 0; slot < tx->store->shards && st == OK; slot++) {
        SCOPED_STMT(q) = db_query(tx_db_slot(tx, slot), sql, values, count);
        st = walk(q, fn, ctx);
    }
    return st;
}

enum status queue_due(struct tx *tx, int64_t now, size_t limit, queue_fn fn, void *ctx)
{
    return every_shard(tx,
                       "SELECT " COLUMNS " FROM rcpt r" JOINS
                       " WHERE r.state = ?1 AND r.next <= ?2 ORDER BY r.next LIMIT ?3",
                       DB_VALUES(db_int(RCPT_WAITING), db_int(now), db_int((int64_t)limit)), fn, ctx);
}

enum status queue_due_domain(struct tx *tx, struct str domain, int64_t now, size_t limit, queue_fn fn,
                             void *ctx)
{
    return every_shard(tx,
                       "SELECT " COLUMNS " FROM rcpt r" JOINS
                       " WHERE r.domain = ?4 AND r.state = ?1 AND r.next <= ?2 ORDER BY r.next LIMIT ?3",
                       DB_VALUES(db_int(RCPT_WAITING), db_int(now), db_int((int64_t)limit), db_text(domain)),
                       fn, ctx);
}

enum status queue_next(struct tx *tx, int64_t *at)
{
    enum status st = OK;
    *at = INT64_MAX;
    for (int slot = 0; slot < tx->store->shards && st == OK; slot++) {
        int64_t next;
        st = DB_GET_INT(tx_db_slot(tx, slot), &next,
                        "SELECT next FROM rcpt WHERE state = ?1 ORDER BY next LIMIT 1", db_int(RCPT_WAITING));
        if (st == OK && next < *at)
            *at = next;
        st = st == NOT_FOUND ? OK : st;
    }
    return st;
}

enum status queue_ended(struct tx *tx, size_t limit, queue_fn fn, void *ctx)
{
    return every_shard(
        tx,
        "SELECT " COLUMNS " FROM rcpt r" JOINS " WHERE r.state IN (?1, ?2) ORDER BY r.queue, r.n LIMIT ?3",
        DB_VALUES(db_int(RCPT_DELIVERED), db_int(RCPT_BOUNCED), db_int((int64_t)limit)), fn, ctx);
}

enum status queue_each(struct tx *tx, int64_t id, queue_fn fn, void *ctx)
{
    static const char all[] = "SELECT " COLUMNS " FROM rcpt r " DB_SCAN JOINS " ORDER BY r.queue, r.n";
    if (!id)
        return every_shard(tx, all, NULL, 0, fn, ctx);
    SCOPED_STMT(q) = DB_QUERY(
        tx_db(tx, id), "SELECT " COLUMNS " FROM rcpt r" JOINS " WHERE r.queue = ?1 ORDER BY r.n", db_int(id));
    return walk(q, fn, ctx);
}

static enum status count_state(struct tx *tx, int slot, enum rcpt_state state, int64_t *sum)
{
    int64_t n;
    enum status st =
        DB_GET_INT(tx_db_slot(tx, slot), &n, "SELECT count(*) FROM rcpt WHERE state = ?1", db_int(state));
    *sum += st == OK ? n : 0;
    return st;
}

enum status queue_figures(struct tx *tx, struct queue_figures *out)
{
    enum status st = OK;
    *out = (struct queue_figures){.oldest = INT64_MAX};
    for (int slot = 0; slot < tx->store->shards && st == OK; slot++) {
        int64_t first = INT64_MAX;
        st = count_state(tx, slot, RCPT_WAITING, &out->waiting);
        if (st == OK)
            st = count_state(tx, slot, RCPT_ACTIVE, &out->waiting);
        if (st == OK)
            st = count_state(tx, slot, RCPT_HELD, &out->held);
        if (st == OK) /* numbers are given in the order of arrival */
            st = DB_GET_INT(tx_db_slot(tx, slot), &first,
                            "SELECT arrived FROM queue " DB_SCAN "ORDER BY id LIMIT 1"); /* one row of it */
        st = st == NOT_FOUND ? OK : st;
        out->oldest = first < out->oldest ? first : out->oldest;
    }
    return st;
}

enum status queue_open(struct tx *tx, struct arena *a, int64_t id, struct message_text *out)
{
    SCOPED_STMT(q) = DB_QUERY(tx_db(tx, id),
                              "SELECT q.id, q.content, q.prefix, c.size, c.hash, c.blob FROM queue q "
                              "JOIN content c ON c.id = q.content WHERE q.id = ?1",
                              db_int(id));
    enum status st = stmt_row(q);
    return st == OK ? message_text_take(a, q, 0, out) : st;
}
