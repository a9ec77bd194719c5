/* store/message_undelete.c: an expunged message comes back: in the same mailbox, with its flags but \Deleted, and a new UID. */
#include "store/message_rows.h"

struct kept {
    int64_t content, flags, date, size, id, uid, seq;
};

static enum status add_item(struct tx *tx, struct stmt *q, const struct mailbox_row *m, const struct kept *k)
{
    unsigned char etag[SHA256_SIZE];
    struct str prefix = col_str(q, 1), hash = col_str(q, 5);
    if (hash.n != SHA256_SIZE)
        return E_CORRUPT;
    message_etag(prefix, (const unsigned char *)hash.p, etag);
    return DB_RUN(tx_wdb(tx, k->id),
                  "INSERT INTO item(id, account, collection, uid, content, prefix, thread, etag, changed) "
                  "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                  db_int(k->id), db_int(m->c.account), db_int(m->c.id), db_int(k->uid), db_int(k->content),
                  db_blob(prefix), db_int(col_int(q, 6)), db_blob(str_n(etag, SHA256_SIZE)), db_int(tx->now));
}

static enum status add_rows(struct tx *tx, struct stmt *q, const struct mailbox_row *m, struct kept *k)
{
    struct mail_delta delta = {.uids = 1, .items = 1, .bytes = k->size};
    enum status st = account_charge(tx, m->c.account, 1, k->size, &k->seq);
    if (st == OK)
        st = tx_new_id(tx, tx->writing, tx->writing, &k->id);
    if (st == OK)
        st = add_item(tx, q, m, k);
    if (st == OK)
        st = DB_RUN(
            tx_wdb(tx, m->c.id),
            "INSERT INTO entry(collection, uid, item, seq, born, kind, class, flags, kw, size, date, saved) "
            "VALUES(?1, ?2, ?3, ?4, ?4, 0, 0, ?5, 0, ?6, ?7, ?8)",
            db_int(m->c.id), db_int(k->uid), db_int(k->id), db_int(k->seq), db_int(k->flags), db_int(k->size),
            db_int(k->date), db_int(tx->now));
    mail_count(&delta, (unsigned)k->flags, k->size, 1);
    delta.seq = k->seq;
    return st == OK ? mail_touch(tx, m->c.id, &delta) : st;
}

enum status message_raise(struct tx *tx, const struct actor *actor, int64_t mailbox, int64_t seq)
{
    struct mailbox_row m;
    enum status st = mailbox_load(tx, actor, mailbox, RIGHT_INSERT, &m);
    if (st == OK)
        st = message_room(tx, &m, 1);
    if (st != OK)
        return st;
    SCOPED_STMT(q) = DB_QUERY(
        tx_wdb(tx, mailbox),
        "SELECT t.content, t.prefix, coalesce(t.flags, 0), coalesce(t.date, t.at), c.size, c.hash, t.thread "
        "FROM tombstone t JOIN content c ON c.id = t.content WHERE t.collection = ?1 AND t.seq = ?2",
        db_int(mailbox), db_int(seq));
    st = stmt_row(q);
    if (st != OK)
        return st;
    struct kept k = {.content = col_int(q, 0),
                     .flags = col_int(q, 2) & ~(int64_t)MESSAGE_DELETED,
                     .date = col_int(q, 3),
                     .size = col_int(q, 4) + (int64_t)col_str(q, 1).n,
                     .uid = m.c.uidnext};
    st = add_rows(tx, q, &m, &k);
    return st != OK
               ? st /* the new item has the tombstone's reference */
               : DB_RUN(
                     tx_wdb(tx, mailbox),
                     "UPDATE tombstone SET content = NULL, prefix = NULL WHERE collection = ?1 AND seq = ?2",
                     db_int(mailbox), db_int(seq));
}
