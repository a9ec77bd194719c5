/* store/message_move.c: COPY and MOVE of messages within a shard, all or none. */
#include "store/message_rows.h"

struct trip {
    struct tx *tx;
    struct arena *arena;
    const struct actor *actor;
    bool move;
    struct mailbox_row from, to;
    struct message_row *rows;
    size_t count;
    uint64_t bits_to[KEYWORDS_MAX];
    unsigned allowed; /* flags that the actor may set in the target */
    int64_t bytes;
};

static enum status judge(struct trip *t, int64_t from, int64_t to)
{
    unsigned needed = RIGHT_READ | (t->move ? RIGHT_DELETE | RIGHT_EXPUNGE : 0);
    enum status st = mailbox_load(t->tx, t->actor, from, needed, &t->from);
    if (st != OK)
        return st;
    if (slot_of_id(from) != slot_of_id(to))
        return UNSUPPORTED;
    st = mailbox_load(t->tx, t->actor, to, RIGHT_INSERT, &t->to);
    return st == NOT_FOUND ? NO_PARENT : st;
}

/* Keywords are taken along by their names. */
static enum status prepare(struct trip *t, struct uid_set uids)
{
    uint64_t used = 0;
    bool keywords;
    enum status st = message_rows(t->tx, t->arena, t->actor, &t->from, uids, &t->rows, &t->count);
    for (size_t i = 0; i < t->count && st == OK; i++) {
        used |= t->rows[i].kw;
        t->bytes += t->rows[i].size;
    }
    t->allowed = flags_allowed(t->to.c.rights, &keywords);
    if (st == OK)
        st = message_room(t->tx, &t->to, (int64_t)t->count);
    return st == OK ? keyword_translate(t->tx, t->from.c.id, t->to.c.id, keywords ? used : 0, t->bits_to)
                    : st;
}

/* Over his quota, one may still tidy up: within an account nothing is added by a move. */
static enum status charge(struct trip *t)
{
    int64_t n = (int64_t)t->count;
    if (t->move && t->from.c.account == t->to.c.account)
        return OK;
    enum status st = t->move ? account_use(t->tx, t->from.c.account, -n, -t->bytes) : OK;
    return st == OK ? account_use(t->tx, t->to.c.account, n, t->bytes) : st;
}

/* ---- out of the old place ---- */

static enum status leave(struct trip *t)
{
    struct mail_delta delta = {.items = -(int64_t)t->count, .bytes = -t->bytes};
    int64_t first, id = t->from.c.id;
    enum status st = tx_seq_take(t->tx, t->from.c.account, (int64_t)t->count, &first);
    for (size_t i = 0; i < t->count && st == OK; i++) {
        const struct message_row *r = &t->rows[i];
        st = DB_RUN(tx_wdb(t->tx, id), "DELETE FROM entry WHERE collection = ?1 AND uid = ?2", db_int(id),
                    db_int(r->uid));
        if (st == OK)
            st = user_seen_drop(t->tx, id, r->uid);
        mail_count(&delta, r->flags, r->size, -1);
    }
    if (st == OK)
        st = message_bury_runs(t->tx, id, t->rows, t->count, first);
    delta.seq = first + (int64_t)t->count - 1;
    return st == OK ? mail_touch(t->tx, id, &delta) : st;
}

/* ---- into the new one ---- */

static enum status duplicate(struct trip *t, const struct message_row *r, int64_t uid, int64_t id)
{
    struct db *db = tx_wdb(t->tx, t->to.c.id);
    enum status st =
        DB_RUN(db,
               "INSERT INTO item(id, account, collection, uid, content, prefix, thread, etag, changed) "
               "SELECT ?2, ?3, ?4, ?5, content, prefix, CASE WHEN account = ?3 THEN thread ELSE ?2 END, "
               "etag, ?6 FROM item WHERE id = ?1",
               db_int(r->item), db_int(id), db_int(t->to.c.account), db_int(t->to.c.id), db_int(uid),
               db_int(t->tx->now));
    return st != OK
               ? st
               : DB_RUN(
                     db,
                     "UPDATE content SET refs = refs + 1 WHERE id = (SELECT content FROM item WHERE id = ?1)",
                     db_int(id));
}

static enum status relocate(struct trip *t, const struct message_row *r, int64_t uid)
{
    return DB_RUN(tx_wdb(t->tx, r->item),
                  "UPDATE item SET thread = CASE WHEN account = ?2 THEN thread ELSE id END, account = ?2, "
                  "collection = ?3, uid = ?4 WHERE id = ?1",
                  db_int(r->item), db_int(t->to.c.account), db_int(t->to.c.id), db_int(uid));
}

/* The flags of the new entry: as the actor saw them; whether the owner of somebody else's mailbox has seen it is known only when it was
 * his before. */
static unsigned flags_of(const struct trip *t, const struct message_row *r)
{
    unsigned flags = r->flags & ~(unsigned)MESSAGE_SEEN & t->allowed;
    bool same = t->from.c.account == t->to.c.account;
    bool seen = t->to.owner ? r->seen : same && (r->flags & MESSAGE_SEEN);
    return flags | (seen ? MESSAGE_SEEN : 0);
}

static enum status enter(struct trip *t, const struct message_row *r, unsigned flags, int64_t uid,
                         int64_t item, int64_t seq)
{
    enum status st = DB_RUN(
        tx_wdb(t->tx, t->to.c.id),
        "INSERT INTO entry(collection, uid, item, seq, born, kind, class, flags, kw, size, date, saved) "
        "VALUES(?1, ?2, ?3, ?4, ?4, 0, 0, ?5, ?6, ?7, ?8, ?9)",
        db_int(t->to.c.id), db_int(uid), db_int(item), db_int(seq), db_int(flags),
        db_int((int64_t)keyword_map(r->kw, t->bits_to)), db_int(r->size), db_int(r->date),
        db_int(t->tx->now));
    if (st == OK && !t->to.owner && r->seen && (t->allowed & MESSAGE_SEEN))
        st = user_seen_set(t->tx, t->to.c.id, uid, t->actor->id, true, seq);
    return st;
}

static enum status arrive(struct trip *t, struct copy_result *out)
{
    int64_t n = (int64_t)t->count, seq, id = 0;
    struct mail_delta delta = {.uids = n, .items = n, .bytes = t->bytes};
    enum status st = tx_seq_take(t->tx, t->to.c.account, n, &seq);
    if (st == OK && !t->move)
        st = tx_ids_take(t->tx, t->tx->writing, n, &id);
    for (size_t i = 0; i < t->count && st == OK; i++) {
        const struct message_row *r = &t->rows[i];
        int64_t uid = t->to.c.uidnext + (int64_t)i,
                item = t->move ? r->item : (id + (int64_t)i) * 64 + t->tx->writing;
        unsigned flags = flags_of(t, r);
        st = t->move ? relocate(t, r, uid) : duplicate(t, r, uid, item);
        if (st == OK)
            st = enter(t, r, flags, uid, item, seq + (int64_t)i);
        mail_count(&delta, flags, r->size, 1);
        out->from[i] = r->uid;
        out->to[i] = uid;
    }
    delta.seq = seq + n - 1;
    return st == OK ? mail_touch(t->tx, t->to.c.id, &delta) : st;
}

static enum status go(struct trip *t, int64_t from, struct uid_set uids, int64_t to, struct copy_result *out)
{
    *out = (struct copy_result){0};
    enum status st = judge(t, from, to);
    if (st == OK)
        st = prepare(t, uids);
    out->uidvalidity = t->to.uidvalidity;
    if (st != OK || t->count == 0)
        return st;
    out->from = ARENA_ARRAY(t->arena, int64_t, t->count);
    out->to = ARENA_ARRAY(t->arena, int64_t, t->count);
    if (!out->from || !out->to)
        return t->arena->st;
    st = charge(t);
    if (st == OK && t->move)
        st = leave(t);
    if (st == OK)
        st = arrive(t, out);
    out->count = st == OK ? t->count : 0;
    return st;
}

enum status tx_message_copy(struct tx *tx, struct arena *a, const struct actor *actor, int64_t from,
                            struct uid_set uids, int64_t to, struct copy_result *out)
{
    struct trip t = {.tx = tx, .arena = a, .actor = actor};
    return go(&t, from, uids, to, out);
}

enum status tx_message_move(struct tx *tx, struct arena *a, const struct actor *actor, int64_t from,
                            struct uid_set uids, int64_t to, struct copy_result *out)
{
    struct trip t = {.tx = tx, .arena = a, .actor = actor, .move = true};
    return go(&t, from, uids, to, out);
}

enum status message_move_all(struct tx *tx, const struct actor *actor, int64_t from, int64_t to)
{
    SCOPED_ARENA(a, (size_t)256 << 20);
    struct copy_result moved;
    return tx_message_move(tx, &a, actor, from, (struct uid_set){0}, to, &moved);
}
