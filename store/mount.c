/* store/mount.c: a mount as its grantee changes it: his own name for it, and whether it shows in his home. */
#include "store/rows.h"

struct mount_old {
    int64_t account, seq, born;
    int kind;
    bool subscribed;
    struct str slug;
};

static enum status mount_find(struct tx *tx, struct arena *a, int64_t id, struct mount_old *out)
{
    SCOPED_STMT(q) =
        DB_QUERY(tx_wdb(tx, id), "SELECT account, seq, born, kind, subscribed, slug FROM mount WHERE id = ?1",
                 db_int(id));
    enum status st = stmt_row(q);
    if (st != OK)
        return st;
    *out = (struct mount_old){col_int(q, 0),      col_int(q, 1),      col_int(q, 2),
                              (int)col_int(q, 3), col_int(q, 4) != 0, arena_str(a, col_str(q, 5))};
    return a->st;
}

/* It leaves the home, or comes back to it: for a sync the name is gone, or new. */
static enum status subscribe(struct tx *tx, int64_t id, const struct mount_old *m, bool on, int64_t seq)
{
    if (!on) {
        enum status st = home_tombstone(tx, m->account, seq, id, m->kind, m->slug, m->born);
        if (st != OK)
            return st;
    }
    return DB_RUN(
        tx_wdb(tx, id),
        "UPDATE mount SET subscribed = ?2, born = CASE WHEN ?2 = 1 THEN ?3 ELSE born END WHERE id = ?1",
        db_int(id), db_int(on), db_int(seq));
}

enum status tx_mount_update(struct tx *tx, const struct actor *actor, int64_t id, struct str name,
                            const bool *subscribed)
{
    struct mount_old m = {0};
    int64_t seq;
    SCOPED_ARENA(a, 1 << 16);
    enum status st = mount_find(tx, &a, id, &m);
    if (st == OK && !actor_owns(actor, m.account))
        st = DENIED;
    bool turn = subscribed && *subscribed != m.subscribed;
    if (st != OK || (!name.p && !turn))
        return st;
    st = tx_seq_next(tx, m.account, &seq);
    if (st == OK)
        st = DB_RUN(tx_wdb(tx, id),
                    "UPDATE mount SET name = nullif(coalesce(?2, name), ''), seq = ?3 WHERE id = ?1",
                    db_int(id), db_text(name), db_int(seq));
    return st == OK && turn ? subscribe(tx, id, &m, *subscribed, seq) : st;
}
