/* store/message_expunge.c: EXPUNGE: messages leave, tombstones stay, with their bodies as long as they can be brought back. */
#include "store/message_rows.h"

enum status message_bury_runs(struct tx *tx, int64_t mailbox, const struct message_row *rows, size_t count,
                              int64_t first)
{
    enum status st = OK;
    for (size_t i = 0, end; i < count && st == OK; i = end) {
        int64_t born = rows[i].born;
        for (end = i + 1; end < count && rows[end].uid == rows[end - 1].uid + 1; end++)
            born = rows[end].born < born ? rows[end].born : born;
        st = DB_RUN(tx_wdb(tx, mailbox),
                    "INSERT INTO tombstone(collection, seq, uid_lo, uid_hi, item, born, kind, at) "
                    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0, ?7)",
                    db_int(mailbox), db_int(first + (int64_t)end - 1), db_int(rows[i].uid),
                    db_int(rows[end - 1].uid), db_int(rows[i].item), db_int(born), db_int(tx->now));
    }
    return st;
}

/* With all that undelete needs; the tombstone takes the item's reference over. */
static enum status bury_kept(struct tx *tx, int64_t mailbox, const struct message_row *r, int64_t seq)
{
    return DB_RUN(
        tx_wdb(tx, mailbox),
        "INSERT INTO tombstone(collection, seq, uid_lo, uid_hi, item, born, kind, at, content, prefix, "
        "flags, date, thread) SELECT ?1, ?2, ?3, ?3, id, ?4, 0, ?5, content, prefix, ?6, ?7, thread "
        "FROM item WHERE id = ?8",
        db_int(mailbox), db_int(seq), db_int(r->uid), db_int(r->born), db_int(tx->now), db_int(r->flags),
        db_int(r->date), db_int(r->item));
}

static enum status remove_one(struct tx *tx, int64_t mailbox, const struct message_row *r, bool keep)
{
    struct db *db = tx_wdb(tx, mailbox);
    int64_t content;
    enum status st =
        DB_RUN(db, "DELETE FROM entry WHERE collection = ?1 AND uid = ?2", db_int(mailbox), db_int(r->uid));
    if (st == OK)
        st = user_seen_drop(tx, mailbox, r->uid);
    if (st == OK)
        st = DB_GET_INT(db, &content, "DELETE FROM item WHERE id = ?1 RETURNING content", db_int(r->item));
    if (st == NOT_FOUND)
        return E_CORRUPT;
    return st == OK && !keep ? content_release(tx, content) : st;
}

/* Those that go, moved to the front. */
static size_t choose(struct message_row *rows, size_t count, bool all)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (all || (rows[i].flags & MESSAGE_DELETED))
            rows[kept++] = rows[i];
    return kept;
}

static enum status remove_all(struct tx *tx, const struct mailbox_row *m, const struct message_row *rows,
                              size_t count, int64_t *uids)
{
    bool keep = tx->store->config.keep_deleted > 0;
    struct mail_delta delta = {.items = -(int64_t)count};
    int64_t first;
    enum status st = tx_seq_take(tx, m->c.account, (int64_t)count, &first);
    for (size_t i = 0; i < count && st == OK; i++) {
        if (keep)
            st = bury_kept(tx, m->c.id, &rows[i], first + (int64_t)i);
        if (st == OK)
            st = remove_one(tx, m->c.id, &rows[i], keep);
        mail_count(&delta, rows[i].flags, rows[i].size, -1);
        delta.bytes -= rows[i].size;
        uids[i] = rows[i].uid;
    }
    if (st == OK && !keep)
        st = message_bury_runs(tx, m->c.id, rows, count, first);
    if (st == OK)
        st = account_use(tx, m->c.account, delta.items, delta.bytes);
    delta.seq = first + (int64_t)count - 1;
    return st == OK ? mail_touch(tx, m->c.id, &delta) : st;
}

enum status tx_message_expunge(struct tx *tx, struct arena *a, const struct actor *actor, int64_t mailbox,
                               struct uid_set uids, bool all, struct expunge_result *out)
{
    struct mailbox_row m;
    struct message_row *rows;
    size_t count = 0;
    *out = (struct expunge_result){0};
    enum status st = mailbox_load(tx, actor, mailbox, RIGHT_EXPUNGE, &m);
    if (st == OK)
        st = message_rows(tx, a, actor, &m, uids, &rows, &count);
    if (st != OK)
        return st;
    count = choose(rows, count, all);
    if (count == 0)
        return OK;
    out->uids = ARENA_ARRAY(a, int64_t, count);
    if (!out->uids)
        return a->st;
    st = remove_all(tx, &m, rows, count, out->uids);
    out->count = st == OK ? count : 0;
    return st;
}
