/* store/queue.c: changing the queue of mail that goes out. */
#include "store/queue.h"

#include "store/message_rows.h"

/* ---- adding ---- */

static enum status add_rcpt(struct tx *tx, int64_t id, int64_t n, const struct queue_rcpt *r, bool held)
{
    return DB_RUN(tx_wdb(tx, id),
                  "INSERT INTO rcpt(queue, n, address, domain, opts, state, next, tries, begun, last) "
                  "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, NULL)",
                  db_int(id), db_int(n), db_text(r->address), db_text(r->domain), db_blob(r->opts),
                  db_int(held ? RCPT_HELD : RCPT_WAITING), db_int(r->next));
}

enum status tx_queue_add(struct tx *tx, const struct queue_new *in, const struct message_prepared *p,
                         int64_t *id)
{
    int64_t content;
    if (in->rcpt_count == 0)
        return INVALID;
    if (in->prefix.n > PREFIX_MAX)
        return TOO_LARGE;
    enum status st = message_content_take(tx, p, &content);
    if (st == OK)
        st = tx_new_id(tx, tx->writing, tx->writing, id);
    if (st == OK)
        st = DB_RUN(tx_wdb(tx, *id),
                    "INSERT INTO queue(id, content, prefix, account, sender, opts, arrived, expires) "
                    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                    db_int(*id), db_int(content), db_blob(in->prefix.n ? in->prefix : STR_NONE),
                    db_int(in->account), db_text(in->sender.p ? in->sender : STR("")), db_blob(in->opts),
                    db_int(tx->now), db_int(in->expires));
    for (size_t i = 0; i < in->rcpt_count && st == OK; i++)
        st = add_rcpt(tx, *id, (int64_t)i + 1, &in->rcpts[i], in->held);
    tx->queue_hint = tx->queue_hint ? tx->queue_hint : QUEUE_HINT_ADDED;
    return st;
}

/* ---- attempts ---- */

enum status tx_queue_claim(struct tx *tx, int64_t id, int64_t n)
{
    int64_t begun;
    enum status st =
        DB_GET_INT(tx_wdb(tx, id), &begun,
                   "UPDATE rcpt SET state = ?3, begun = begun + 1 WHERE queue = ?1 AND n = ?2 AND state = ?4 "
                   "RETURNING begun",
                   db_int(id), db_int(n), db_int(RCPT_ACTIVE), db_int(RCPT_WAITING));
    return st == NOT_FOUND ? PRECONDITION : st;
}

enum status tx_queue_result(struct tx *tx, int64_t id, int64_t n, enum rcpt_state state, int64_t next,
                            struct str text)
{
    int64_t tries;
    if (state != RCPT_WAITING && state != RCPT_DELIVERED && state != RCPT_BOUNCED)
        return INVALID;
    enum status st =
        DB_GET_INT(tx_wdb(tx, id), &tries,
                   "UPDATE rcpt SET state = ?3, next = ?4, last = ?5, tries = tries + 1, begun = 0 "
                   "WHERE queue = ?1 AND n = ?2 AND state = ?6 RETURNING tries",
                   db_int(id), db_int(n), db_int(state), db_int(next),
                   db_text(str_slice(text, 0, RCPT_TEXT_MAX)), db_int(RCPT_ACTIVE));
    return st == NOT_FOUND ? PRECONDITION : st;
}

enum status tx_queue_recover(struct tx *tx, int64_t *held)
{
    struct db *db = tx_db_slot(tx, tx->writing);
    int64_t before = db_changes(db);
    enum status st = DB_RUN(db, "UPDATE rcpt SET state = ?2 WHERE state = ?1 AND begun >= ?3",
                            db_int(RCPT_ACTIVE), db_int(RCPT_HELD), db_int(RCPT_BEGUN_MOST));
    *held = db_changes(db) - before;
    return st != OK ? st
                    : DB_RUN(db, "UPDATE rcpt SET state = ?2 WHERE state = ?1", db_int(RCPT_ACTIVE),
                             db_int(RCPT_WAITING));
}

/* ---- the end ---- */

static enum status forget(struct tx *tx, int64_t id)
{
    int64_t content;
    enum status st =
        DB_GET_INT(tx_wdb(tx, id), &content, "DELETE FROM queue WHERE id = ?1 RETURNING content", db_int(id));
    return st == OK ? content_release(tx, content) : st;
}

enum status tx_queue_settle(struct tx *tx, int64_t id, int64_t n, int64_t *left)
{
    struct db *db = tx_wdb(tx, id);
    enum status st = DB_RUN(db, "DELETE FROM rcpt WHERE queue = ?1 AND n = ?2 AND state IN (?3, ?4)",
                            db_int(id), db_int(n), db_int(RCPT_DELIVERED), db_int(RCPT_BOUNCED));
    if (st == OK)
        st = DB_GET_INT(db, left, "SELECT count(*) FROM rcpt WHERE queue = ?1", db_int(id));
    return st == OK && *left == 0 ? forget(tx, id) : st;
}

/* NOT_FOUND: no such entry. */
static enum status exists(struct tx *tx, int64_t id)
{
    int64_t there;
    return DB_GET_INT(tx_wdb(tx, id), &there, "SELECT id FROM queue WHERE id = ?1", db_int(id));
}

enum status tx_queue_hold(struct tx *tx, int64_t id, bool hold)
{
    enum status st = exists(tx, id);
    if (st != OK)
        return st;
    tx->queue_hint = QUEUE_HINT_RETRY;
    return DB_RUN(tx_wdb(tx, id),
                  "UPDATE rcpt SET state = ?3, begun = 0, next = CASE WHEN ?3 = ?4 THEN ?5 ELSE next END "
                  "WHERE queue = ?1 AND state = ?2",
                  db_int(id), db_int(hold ? RCPT_WAITING : RCPT_HELD),
                  db_int(hold ? RCPT_HELD : RCPT_WAITING), db_int(RCPT_WAITING), db_int(tx->now));
}

enum status tx_queue_retry(struct tx *tx, int64_t id)
{
    enum status st = exists(tx, id);
    tx->queue_hint = QUEUE_HINT_RETRY;
    return st != OK ? st
                    : DB_RUN(tx_wdb(tx, id), "UPDATE rcpt SET next = ?3 WHERE queue = ?1 AND state = ?2",
                             db_int(id), db_int(RCPT_WAITING), db_int(tx->now));
}

enum status tx_queue_delete(struct tx *tx, int64_t id)
{
    enum status st = exists(tx, id);
    if (st == OK)
        st = DB_RUN(tx_wdb(tx, id), "DELETE FROM rcpt WHERE queue = ?1", db_int(id));
    return st == OK ? forget(tx, id) : st;
}
