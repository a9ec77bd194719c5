/* store/numbers.c: where numbers come from: an account's number line, and ids. Neither ever goes back. */
#include "store/internal.h"

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

enum status tx_seq_next(struct tx *tx, int64_t account, int64_t *seq)
{
    enum status st = DB_GET_INT(
        tx_wdb(tx, account), seq,
        "UPDATE account SET seq = seq + 1 WHERE id = ?1 AND deleted = 0 RETURNING seq", db_int(account));
    if (st == OK)
        remember(tx, account, *seq);
    return st;
}

enum status tx_new_id(struct tx *tx, int slot, int kind, int64_t *id)
{
    int64_t n;
    if (slot != tx->writing)
        return E_INTERNAL;
    enum status st = DB_GET_INT(tx->db[slot], &n,
                                "UPDATE counter SET next = next + 1 WHERE name = 'id' RETURNING next - 1");
    if (st == OK)
        *id = n * 64 + kind;
    return st == NOT_FOUND ? E_CORRUPT : st;
}
