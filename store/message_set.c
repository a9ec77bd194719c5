/* store/message_set.c: what changes of messages have in common: sets of UIDs, the rows of messages, counters, who has seen what. */
#include "store/message_rows.h"

/* ---- sets ---- */

bool uid_set_valid(struct uid_set set)
{
    int64_t last = 0;
    for (size_t i = 0; i < set.count; i++) {
        const struct uid_range *r = &set.ranges[i];
        if (r->lo <= last || r->hi < r->lo)
            return false;
        last = r->hi;
    }
    return true;
}

bool uid_set_has(struct uid_set set, int64_t uid)
{
    size_t lo = 0, hi = set.count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (set.ranges[mid].hi < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < set.count && set.ranges[lo].lo <= uid;
}

/* ---- rows ---- */

struct rows {
    struct arena *arena;
    struct message_row *items;
    size_t count, cap, most;
};

static enum status take(struct rows *r, struct stmt *q, bool owner)
{
    if (r->count >= r->most)
        return TOO_MANY;
    struct message_row *grown =
        arena_grow(r->arena, r->items, r->count, &r->cap, r->count + 1, sizeof *r->items);
    if (!grown)
        return r->arena->st;
    r->items = grown;
    struct message_row *m = &grown[r->count++];
    *m = (struct message_row){
        .uid = col_int(q, 0),
        .item = col_int(q, 1),
        .seq = col_int(q, 2),
        .born = col_int(q, 3),
        .flags = (unsigned)col_int(q, 4),
        .kw = (uint64_t)col_int(q, 5),
        .size = col_int(q, 6),
        .date = col_int(q, 7),
        .seen_seq = col_int(q, 9),
    };
    m->seen = ((owner ? m->flags : (unsigned)col_int(q, 8)) & MESSAGE_SEEN) != 0;
    return OK;
}

static enum status take_range(struct tx *tx, const struct actor *actor, const struct mailbox_row *m,
                              struct uid_range range, struct rows *r)
{
    static const char own[] =
        "SELECT uid, item, seq, born, flags, kw, size, date, NULL, NULL FROM entry "
        "WHERE collection = ?1 AND uid BETWEEN ?2 AND ?3 AND ?4 IS NOT NULL ORDER BY uid";
    static const char others[] =
        "SELECT e.uid, e.item, e.seq, e.born, e.flags, e.kw, e.size, e.date, u.flags, u.seq FROM entry e "
        "LEFT JOIN user_state u ON u.collection = e.collection AND u.uid = e.uid AND u.principal = ?4 "
        "WHERE e.collection = ?1 AND e.uid BETWEEN ?2 AND ?3 ORDER BY e.uid";
    SCOPED_STMT(q) = DB_QUERY(tx_db(tx, m->c.id), m->owner ? own : others, db_int(m->c.id), db_int(range.lo),
                              db_int(range.hi), db_int(actor->id));
    enum status st;
    while ((st = stmt_row(q)) == OK)
        if ((st = take(r, q, m->owner)) != OK)
            return st;
    return st == NOT_FOUND ? OK : st;
}

enum status message_rows(struct tx *tx, struct arena *a, const struct actor *actor,
                         const struct mailbox_row *m, struct uid_set set, struct message_row **out,
                         size_t *count)
{
    static const struct uid_range all = {1, INT64_MAX};
    struct rows r = {.arena = a, .most = tx->store->config.message_batch};
    enum status st = uid_set_valid(set) ? OK : INVALID;
    if (set.count == 0)
        set = (struct uid_set){&all, 1};
    for (size_t i = 0; i < set.count && st == OK; i++)
        st = take_range(tx, actor, m, set.ranges[i], &r);
    *out = r.items;
    *count = r.count;
    return st;
}

void message_etag(struct str prefix, const unsigned char hash[SHA256_SIZE], unsigned char out[SHA256_SIZE])
{
    SCOPED_BUF(both, PREFIX_MAX + SHA256_SIZE);
    memcpy(out, hash, SHA256_SIZE);
    if (!prefix.n)
        return;
    buf_add(&both, prefix);
    buf_add(&both, str_n(hash, SHA256_SIZE));
    sha256(buf_view(&both), out);
}

/* ---- counters ---- */

void mail_count(struct mail_delta *d, unsigned flags, int64_t size, int sign)
{
    if (!(flags & MESSAGE_SEEN))
        d->unseen += sign;
    if (flags & MESSAGE_DELETED) {
        d->deleted += sign;
        d->deleted_bytes += sign * size;
    }
}

enum status mail_touch(struct tx *tx, int64_t mailbox, const struct mail_delta *d)
{
    return DB_RUN(
        tx_wdb(tx, mailbox),
        "UPDATE collection SET seq = ?2, uidnext = uidnext + ?3, total = total + ?4, bytes = bytes + ?5, "
        "unseen = unseen + ?6, deleted_n = deleted_n + ?7, deleted_bytes = deleted_bytes + ?8 "
        "WHERE id = ?1",
        db_int(mailbox), db_int(d->seq), db_int(d->uids), db_int(d->items), db_int(d->bytes),
        db_int(d->unseen), db_int(d->deleted), db_int(d->deleted_bytes));
}

/* ---- \Seen of those who are not the owner ---- */

static enum status seen_count(struct tx *tx, int64_t mailbox, int64_t principal, int64_t by)
{
    return DB_RUN(tx_wdb(tx, mailbox),
                  "INSERT INTO user_count(collection, principal, seen) VALUES(?1, ?2, ?3) "
                  "ON CONFLICT(collection, principal) DO UPDATE SET seen = seen + excluded.seen",
                  db_int(mailbox), db_int(principal), db_int(by));
}

enum status user_seen_set(struct tx *tx, int64_t mailbox, int64_t uid, int64_t principal, bool seen,
                          int64_t seq)
{
    enum status st = DB_RUN(
        tx_wdb(tx, mailbox),
        "INSERT INTO user_state(collection, uid, principal, flags, seq) VALUES(?1, ?2, ?3, ?4, ?5) "
        "ON CONFLICT(collection, uid, principal) DO UPDATE SET flags = excluded.flags, seq = excluded.seq",
        db_int(mailbox), db_int(uid), db_int(principal), db_int(seen ? MESSAGE_SEEN : 0), db_int(seq));
    return st == OK ? seen_count(tx, mailbox, principal, seen ? 1 : -1) : st;
}

enum status user_seen_drop(struct tx *tx, int64_t mailbox, int64_t uid)
{
    int64_t principal;
    enum status st;
    while ((st = DB_GET_INT(tx_wdb(tx, mailbox), &principal,
                            "SELECT principal FROM user_state WHERE collection = ?1 AND uid = ?2 LIMIT 1",
                            db_int(mailbox), db_int(uid))) == OK) {
        int64_t flags;
        st = DB_GET_INT(
            tx_wdb(tx, mailbox), &flags,
            "DELETE FROM user_state WHERE collection = ?1 AND uid = ?2 AND principal = ?3 RETURNING flags",
            db_int(mailbox), db_int(uid), db_int(principal));
        if (st == OK && (flags & MESSAGE_SEEN))
            st = seen_count(tx, mailbox, principal, -1);
        if (st != OK)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}

/* ---- rights ---- */

unsigned flags_allowed(unsigned rights, bool *keywords)
{
    unsigned flags = 0;
    if (rights & RIGHT_SEEN)
        flags |= MESSAGE_SEEN;
    if (rights & RIGHT_DELETE)
        flags |= MESSAGE_DELETED;
    *keywords = (rights & RIGHT_WRITE) != 0;
    if (*keywords)
        flags |= MESSAGE_ANSWERED | MESSAGE_FLAGGED | MESSAGE_DRAFT;
    return flags;
}
