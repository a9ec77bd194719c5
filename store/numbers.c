/* store/numbers.c: where numbers come from: an account's number line, and ids. Neither ever goes back. And what an account uses, which
 * moves with its line.
 *
 * A write takes many of them, so they are counted in the transaction: read at the first, written by tx_settle when the closure is
 * through. A closure that fails is forgotten with its rows; a step that is undone (tx_nested) gives back what it took. */
#include "store/rows.h"

static void remember(struct tx *tx, int64_t account, int64_t seq)
{
    for (size_t i = 0; i < tx->hint_count; i++)
        if (tx->hints[i].account == account) {
            tx->hints[i].seq = seq;
            return;
        }
    if (tx->hint_count < tx->hint_cap)
        tx->hints[tx->hint_count++] = (struct hint){account, seq};
}

/* ---- an account's line ---- */

static enum status account_write(struct tx *tx, const struct account_line *l)
{
    if (!l->changed)
        return OK;
    return DB_RUN(tx_wdb(tx, l->account),
                  "UPDATE account SET seq = ?2, used_items = ?3, used_bytes = ?4 WHERE id = ?1",
                  db_int(l->account), db_int(l->seq), db_int(l->items), db_int(l->bytes));
}

static enum status account_read(struct tx *tx, int64_t account, struct account_line *out)
{
    SCOPED_STMT(q) =
        DB_QUERY(tx_wdb(tx, account),
                 "SELECT seq, quota, used_items, used_bytes FROM account WHERE id = ?1 AND deleted = 0",
                 db_int(account));
    enum status st = stmt_row(q);
    if (st == OK)
        *out =
            (struct account_line){account, col_int(q, 0), col_int(q, 1), col_int(q, 2), col_int(q, 3), false};
    return st;
}

static enum status account_of(struct tx *tx, int64_t account, struct account_line **out)
{
    struct numbers *n = &tx->numbers;
    enum status st = OK;
    for (size_t i = 0; i < n->line_count; i++)
        if (n->lines[i].account == account) {
            *out = &n->lines[i];
            return OK;
        }
    if (n->line_count == LINES_MOST)
        st = tx_settle(tx);
    struct account_line *l = &n->lines[n->line_count];
    if (st == OK)
        st = account_read(tx, account, l);
    if (st == OK)
        n->line_count++;
    *out = l;
    return st;
}

enum status tx_seq_take(struct tx *tx, int64_t account, int64_t count, int64_t *first)
{
    struct account_line *l;
    if (tx->writing < 0 || count < 1)
        return E_INTERNAL;
    enum status st = account_of(tx, account, &l);
    if (st != OK)
        return st;
    *first = l->seq + 1;
    l->seq += count;
    l->changed = true;
    remember(tx, account, l->seq);
    return OK;
}

enum status tx_seq_next(struct tx *tx, int64_t account, int64_t *seq)
{
    return tx_seq_take(tx, account, 1, seq);
}

enum status account_use(struct tx *tx, int64_t account, int64_t items, int64_t bytes)
{
    struct account_line *l;
    enum status st = account_of(tx, account, &l);
    if (st != OK)
        return st;
    l->items += items;
    l->bytes += bytes;
    l->changed = true;
    return l->quota > 0 && bytes > 0 && l->bytes > l->quota ? OVER_QUOTA : OK;
}

enum status account_charge(struct tx *tx, int64_t account, int64_t items, int64_t bytes, int64_t *seq)
{
    enum status st = tx_seq_next(tx, account, seq);
    return st == OK ? account_use(tx, account, items, bytes) : st;
}

/* ---- ids ---- */

enum status tx_ids_take(struct tx *tx, int slot, int64_t count, int64_t *first)
{
    struct numbers *n = &tx->numbers;
    int64_t next = n->id;
    enum status st = OK;
    if (slot != tx->writing || count < 1)
        return E_INTERNAL;
    if (!next)
        st = DB_GET_INT(tx->db[slot], &next, "SELECT next FROM counter WHERE name = 'id'");
    if (st != OK)
        return st == NOT_FOUND ? E_CORRUPT : st;
    *first = next;
    n->id = next + count;
    n->id_changed = true;
    return OK;
}

enum status tx_new_id(struct tx *tx, int slot, int kind, int64_t *id)
{
    int64_t n;
    enum status st = tx_ids_take(tx, slot, 1, &n);
    if (st == OK)
        *id = n * 64 + kind;
    return st;
}

/* ---- the end ---- */

enum status tx_settle(struct tx *tx)
{
    struct numbers *n = &tx->numbers;
    enum status st = OK;
    for (size_t i = 0; i < n->line_count && st == OK; i++)
        st = account_write(tx, &n->lines[i]);
    if (st == OK && n->id_changed)
        st = DB_RUN(tx->db[tx->writing], "UPDATE counter SET next = ?1 WHERE name = 'id'", db_int(n->id));
    *n = (struct numbers){0};
    return st;
}
