/* store/mailbox.c: finding one mailbox, and what it holds in numbers. */
#include "core/fold_name.h"
#include "store/mail_rows.h"
#include "store/principal.h"

enum status mailbox_child(struct tx *tx, int64_t account, int64_t parent, struct str name, int64_t *id)
{
    return DB_GET_INT(
        tx_db(tx, account), id,
        "SELECT id FROM collection WHERE account = ?1 AND parent = ?2 AND name = ?3 AND gone = 0 "
        "AND kind = 1",
        db_int(account), db_int(parent), db_text(name));
}

enum status mailbox_walk(struct tx *tx, int64_t account, struct str path, int64_t *id)
{
    struct str segment;
    enum status st = OK;
    *id = 0;
    while (st == OK && str_split(&path, '/', &segment))
        st = mailbox_child(tx, account, *id, segment, id);
    return st;
}

enum status mailbox_load(struct tx *tx, const struct actor *actor, int64_t id, unsigned needed,
                         struct mailbox_row *out)
{
    *out = (struct mailbox_row){0};
    enum status st = coll_load(tx, actor, id, &out->c);
    if (st == OK && out->c.kind != KIND_MAIL)
        st = NOT_FOUND;
    if (st == OK && (out->c.rights & needed) != needed)
        st = DENIED;
    if (st != OK)
        return st;
    SCOPED_STMT(q) = DB_QUERY(
        tx_db(tx, id), "SELECT uidvalidity, floor_seq, parent FROM collection WHERE id = ?1", db_int(id));
    st = stmt_row(q);
    out->uidvalidity = col_int(q, 0);
    out->floor = col_int(q, 1);
    out->parent = col_int(q, 2);
    out->owner = actor_is(actor, out->c.account);
    return st;
}

/* ---- by path ---- */

/* Is it "ROOT/rest"? */
static bool below(struct str path, struct str root, struct str *rest)
{
    if (!str_starts(path, root) || path.n < root.n + 2 || path.p[root.n] != '/')
        return false;
    *rest = str_from(path, root.n + 1);
    return true;
}

static enum status place_of_other(struct tx *tx, struct arena *a, struct str rest, struct mailbox_place *out)
{
    struct principal p;
    enum address_kind kind;
    struct str address;
    SCOPED_BUF(folded, 4096);
    (void)str_split(&rest, '/', &address);
    if (!rest.n || !fold_name(&folded, address))
        return NOT_FOUND;
    enum status st = principal_by_address(tx, a, buf_view(&folded), &p, &kind);
    if (st == OK)
        *out = (struct mailbox_place){p.id, rest};
    return st;
}

enum status mailbox_place(struct tx *tx, struct arena *a, const struct actor *actor, int64_t account,
                          struct str name, struct mailbox_place *out)
{
    SCOPED_BUF(path, 8192 + 4 * tx->store->config.mailbox_name);
    struct str rest;
    enum status st = mailbox_name(&tx->store->config, name, &path);
    if (st != OK)
        return st;
    *out = (struct mailbox_place){account, arena_str(a, buf_view(&path))};
    if (a->st != OK)
        return a->st;
    if (str_eq(out->path, STR(MAILBOX_OTHERS)) || str_eq(out->path, STR(MAILBOX_SHARED)))
        return NOT_FOUND;
    bool others = below(out->path, STR(MAILBOX_OTHERS), &rest);
    if (!others && !below(out->path, STR(MAILBOX_SHARED), &rest))
        return OK;
    if (!actor_is(actor, account)) /* what others share with him is nobody else's business */
        return NOT_FOUND;
    if (others)
        return place_of_other(tx, a, rest, out);
    *out = (struct mailbox_place){PRINCIPAL_SYSTEM, rest};
    return OK;
}

enum status mailbox_find(struct tx *tx, struct arena *a, const struct actor *actor, int64_t account,
                         struct str name, int64_t *id)
{
    struct mailbox_place place;
    unsigned rights = 0;
    *id = 0;
    enum status st = mailbox_place(tx, a, actor, account, name, &place);
    if (st == OK)
        st = mailbox_walk(tx, place.account, place.path, id);
    if (st == OK)
        st = rights_judge(tx, actor, *id, place.account, &rights);
    return st == OK && !rights ? NOT_FOUND : st;
}

enum status mailbox_path(struct tx *tx, struct arena *a, int64_t id, struct str *path)
{
    size_t most = tx->store->config.mailbox_depth;
    *path = STR_NONE;
    for (size_t depth = 0; id != 0 && depth <= most; depth++) {
        SCOPED_STMT(q) = DB_QUERY(
            tx_db(tx, id), "SELECT parent, name FROM collection WHERE id = ?1 AND kind = 1", db_int(id));
        enum status st = stmt_row(q);
        if (st != OK)
            return st;
        struct str name = col_str(q, 1);
        *path = path->p ? arena_strf(a, "%.*s/%.*s", STR_ARG(name), STR_ARG(*path)) : arena_str(a, name);
        if (a->st != OK)
            return a->st;
        id = col_int(q, 0);
    }
    return id == 0 && path->p ? OK : NOT_FOUND;
}

/* ---- its state ---- */

/* What somebody who is not the owner has seen. */
static enum status seen_by(struct tx *tx, const struct actor *actor, int64_t id, int64_t *seen)
{
    enum status st = DB_GET_INT(tx_db(tx, id), seen,
                                "SELECT seen FROM user_count WHERE collection = ?1 AND principal = ?2",
                                db_int(id), db_int(actor->id));
    if (st == NOT_FOUND)
        *seen = 0;
    return st == NOT_FOUND ? OK : st;
}

enum status mailbox_state(struct tx *tx, const struct actor *actor, int64_t id, struct mailbox_state *out)
{
    struct mailbox_row m;
    int64_t seen = 0;
    enum status st = mailbox_load(tx, actor, id, RIGHT_READ, &m);
    if (st == OK && !m.owner)
        st = seen_by(tx, actor, id, &seen);
    if (st != OK)
        return st;
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, id),
                 "SELECT unseen, deleted_n, bytes, deleted_bytes FROM collection WHERE id = ?1", db_int(id));
    st = stmt_row(q);
    *out = (struct mailbox_state){
        .messages = m.c.total,
        .unseen = m.owner ? col_int(q, 0) : m.c.total - seen,
        .deleted = col_int(q, 1),
        .bytes = col_int(q, 2),
        .deleted_bytes = col_int(q, 3),
        .uidnext = m.c.uidnext,
        .uidvalidity = m.uidvalidity,
        .modseq = m.c.seq > m.floor ? m.c.seq : m.floor,
        .rights = m.c.rights,
        .owner = m.owner,
    };
    return st;
}

enum status mailbox_keywords(struct tx *tx, struct arena *a, const struct actor *actor, int64_t id,
                             struct str names[KEYWORDS_MAX])
{
    struct mailbox_row m;
    memset(names, 0, KEYWORDS_MAX * sizeof *names);
    enum status st = mailbox_load(tx, actor, id, RIGHT_READ, &m);
    if (st != OK)
        return st;
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, id), "SELECT bit, name FROM keyword WHERE collection = ?1", db_int(id));
    while ((st = stmt_row(q)) == OK)
        if (col_int(q, 0) >= 0 && col_int(q, 0) < KEYWORDS_MAX)
            names[col_int(q, 0)] = arena_str(a, col_str(q, 1));
    return st == NOT_FOUND ? a->st : st;
}
