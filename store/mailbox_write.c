/* store/mailbox_write.c: making, renaming and deleting mailboxes, the first ones of an account, and subscriptions. */
#include "store/mail_rows.h"
#include "store/message_rows.h"

/* ---- making ---- */

static enum status judge_count(struct tx *tx, int64_t account)
{
    int64_t count;
    enum status st =
        DB_GET_INT(tx_wdb(tx, account), &count,
                   "SELECT count(*) FROM collection WHERE account = ?1 AND kind = ?2 AND gone = 0",
                   db_int(account), db_int(KIND_MAIL));
    return st == OK && (size_t)count >= tx->store->config.mailboxes ? TOO_MANY : st;
}

/* Seconds since 1970, but above all that the account's mailboxes have, deleted ones too: a name that is made again does not get the
 * number that it had (RFC 9051 section 2.3.1.1). */
static enum status next_uidvalidity(struct tx *tx, int64_t account, int64_t *out)
{
    enum status st = DB_GET_INT(
        tx_wdb(tx, account), out,
        "SELECT coalesce(max(uidvalidity), 0) + 1 FROM collection WHERE account = ?1 AND kind = ?2",
        db_int(account), db_int(KIND_MAIL));
    if (st == OK && *out < tx->now)
        *out = tx->now;
    return st;
}

/* Who may use the mailbox above may use this one. */
static enum status inherit(struct tx *tx, int64_t parent, int64_t id)
{
    struct db *db = tx_wdb(tx, id);
    int64_t changes = db_changes(db);
    enum status st =
        DB_RUN(db,
               "INSERT INTO acl(collection, principal, rights) SELECT ?2, principal, rights FROM acl "
               "WHERE collection = ?1",
               db_int(parent), db_int(id));
    return st == OK && db_changes(db) != changes ? tx_reconcile_later(tx, id) : st;
}

static enum status insert(struct tx *tx, int64_t account, int64_t parent, struct str name, unsigned special,
                          int64_t *id)
{
    int64_t seq, uidvalidity;
    int slot = slot_of_id(account);
    SCOPED_BUF(slug, 32);
    enum status st = judge_count(tx, account);
    if (st == OK)
        st = tx_seq_next(tx, account, &seq);
    if (st == OK)
        st = tx_new_id(tx, slot, slot, id);
    if (st == OK)
        st = next_uidvalidity(tx, account, &uidvalidity);
    if (st != OK)
        return st;
    buf_i64(&slug, *id);
    st = DB_RUN(tx_wdb(tx, account),
                "INSERT INTO collection(id, account, kind, parent, name, slug, comps, special, uidvalidity, "
                "uidnext, seq, prop_seq, born, floor_seq, horizon, total, bytes, gone) "
                "VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, 1, ?9, ?9, ?9, 0, 0, 0, 0, 0)",
                db_int(*id), db_int(account), db_int(KIND_MAIL), db_int(parent), db_text(name),
                db_text(buf_view(&slug)), db_int(special), db_int(uidvalidity), db_int(seq));
    return st == OK && parent ? inherit(tx, parent, *id) : st;
}

/* The owner may create everywhere, others below what they were given the right for. */
static enum status judge_parent(struct tx *tx, const struct actor *actor, int64_t account, int64_t parent)
{
    unsigned rights = 0;
    if (actor_owns(actor, account))
        return OK;
    enum status st = parent ? rights_judge(tx, actor, parent, account, &rights) : OK;
    return st == OK && !(rights & RIGHT_CREATE) ? DENIED : st;
}

static bool reserved(struct str path)
{
    struct str first;
    (void)str_split(&path, '/', &first);
    return str_eq(first, STR(MAILBOX_OTHERS)) || str_eq(first, STR(MAILBOX_SHARED));
}

enum status mailbox_make(struct tx *tx, const struct actor *actor, int64_t account, struct str path,
                         unsigned special, int64_t *id)
{
    struct str segment;
    bool made = false;
    enum status st = reserved(path) ? INVALID : OK;
    *id = 0;
    while (st == OK && str_split(&path, '/', &segment)) {
        int64_t parent = *id;
        st = made ? NOT_FOUND : mailbox_child(tx, account, parent, segment, id);
        if (st != NOT_FOUND)
            continue;
        st = made ? OK : judge_parent(tx, actor, account, parent);
        made = true;
        if (st == OK)
            st = insert(tx, account, parent, segment, path.p ? 0 : special, id);
    }
    return st == OK && !made ? EXISTS : st;
}

enum status tx_mailbox_create(struct tx *tx, const struct actor *actor, int64_t account, struct str name,
                              unsigned special, int64_t *id)
{
    SCOPED_BUF(path, 8192 + 4 * tx->store->config.mailbox_name);
    *id = 0;
    enum status st = mailbox_name(&tx->store->config, name, &path);
    if (st == OK && (special & ~(unsigned)SPECIAL_USES))
        st = UNSUPPORTED;
    return st == OK ? mailbox_make(tx, actor, account, buf_view(&path), special, id) : st;
}

static const struct {
    struct str name;
    unsigned special;
} first_mailboxes[] = {
    {STR_INIT("INBOX"), 0},
    {STR_INIT("Sent"), SPECIAL_SENT},
    {STR_INIT("Drafts"), SPECIAL_DRAFTS},
    {STR_INIT("Trash"), SPECIAL_TRASH},
    {STR_INIT("Junk"), SPECIAL_JUNK},
    {STR_INIT("Archive"), SPECIAL_ARCHIVE},
};

enum status tx_mailbox_defaults(struct tx *tx, int64_t account)
{
    int64_t id;
    enum status st = mailbox_child(tx, account, 0, first_mailboxes[0].name, &id);
    if (st != NOT_FOUND)
        return st;
    st = OK;
    for (size_t i = 0; i < COUNT_OF(first_mailboxes) && st == OK; i++) {
        st = mailbox_make(tx, &actor_system, account, first_mailboxes[i].name, first_mailboxes[i].special,
                          &id);
        if (st == OK)
            st = tx_mailbox_subscribe(tx, &actor_system, account, first_mailboxes[i].name, true);
        st = st == EXISTS ? OK : st;
    }
    return st;
}

/* ---- renaming ---- */

/* Bytes and segments between a mailbox and one below it. */
struct extent {
    size_t bytes, depth;
    bool inside;
};

static struct extent extent_of(const struct mailbox_node *nodes, size_t count, const struct mailbox_node *n,
                               int64_t above, size_t most)
{
    struct extent e = {0};
    while (n && n->id != above && e.depth <= most) {
        e.bytes += n->name.n + 1;
        e.depth++;
        n = n->parent ? mailbox_node_find(nodes, count, n->parent) : NULL;
    }
    e.inside = n && n->id == above;
    return e;
}

/* Would every mailbox below `id` still have a name that may be one? And is the new place not below the mailbox itself? */
static enum status judge_tree(struct tx *tx, int64_t account, int64_t id, struct str path)
{
    SCOPED_ARENA(a, 16 << 20);
    const struct store_config *config = &tx->store->config;
    struct mailbox_node *nodes;
    size_t count, depth = 1;
    for (size_t at = str_chr(path, '/', 0); at != SIZE_MAX; at = str_chr(path, '/', at + 1))
        depth++;
    enum status st = mailbox_tree(tx, &a, account, &nodes, &count);
    for (size_t i = 0; i < count && st == OK; i++) {
        struct extent e = extent_of(nodes, count, &nodes[i], id, config->mailbox_depth);
        if (e.inside && depth + e.depth > config->mailbox_depth)
            st = INVALID;
        else if (e.inside && path.n + e.bytes > config->mailbox_name)
            st = TOO_LARGE;
    }
    return st;
}

static enum status is_inside(struct tx *tx, int64_t id, int64_t above)
{
    enum status st = OK;
    for (size_t depth = 0; st == OK && id && depth <= tx->store->config.mailbox_depth; depth++) {
        if (id == above)
            return INVALID;
        st = DB_GET_INT(tx_wdb(tx, id), &id, "SELECT parent FROM collection WHERE id = ?1", db_int(id));
    }
    return st;
}

static struct str last_segment(struct str path, struct str *above)
{
    size_t at = path.n;
    while (at > 0 && path.p[at - 1] != '/')
        at--;
    *above = at ? str_slice(path, 0, at - 1) : STR_NONE;
    return str_from(path, at);
}

/* The mailbox above the new name, made when it is missing. */
static enum status new_parent(struct tx *tx, const struct actor *actor, int64_t account, struct str above,
                              int64_t *parent)
{
    *parent = 0;
    enum status st = OK;
    if (above.p) {
        st = mailbox_walk(tx, account, above, parent);
        if (st == NOT_FOUND)
            st = mailbox_make(tx, actor, account, above, 0, parent);
    }
    return st == OK ? judge_parent(tx, actor, account, *parent) : st;
}

static enum status move_mailbox(struct tx *tx, const struct actor *actor, const struct mailbox_row *m,
                                struct str path)
{
    struct str above, name = last_segment(path, &above);
    int64_t parent, seq;
    enum status st = judge_tree(tx, m->c.account, m->c.id, path);
    if (st == OK)
        st = new_parent(tx, actor, m->c.account, above, &parent);
    if (st == OK)
        st = is_inside(tx, parent, m->c.id);
    if (st == OK)
        st = tx_seq_next(tx, m->c.account, &seq);
    if (st != OK)
        return st;
    return DB_RUN(tx_wdb(tx, m->c.id),
                  "UPDATE collection SET parent = ?2, name = ?3, prop_seq = ?4 WHERE id = ?1",
                  db_int(m->c.id), db_int(parent), db_text(name), db_int(seq));
}

static enum status is_inbox(struct tx *tx, const struct mailbox_row *m)
{
    int64_t inbox;
    enum status st = mailbox_child(tx, m->c.account, 0, STR("INBOX"), &inbox);
    return st == OK && inbox != m->c.id ? NOT_FOUND : st;
}

static enum status rename_inbox(struct tx *tx, const struct actor *actor, const struct mailbox_row *m,
                                struct str path)
{
    int64_t id;
    enum status st = mailbox_make(tx, actor, m->c.account, path, 0, &id);
    return st == OK ? message_move_all(tx, actor, m->c.id, id) : st;
}

enum status tx_mailbox_rename(struct tx *tx, const struct actor *actor, int64_t id, struct str name)
{
    struct mailbox_row m;
    int64_t there;
    SCOPED_BUF(path, 8192 + 4 * tx->store->config.mailbox_name);
    enum status st = mailbox_load(tx, actor, id, RIGHT_REMOVE, &m);
    if (st == OK)
        st = mailbox_name(&tx->store->config, name, &path);
    if (st == OK && reserved(buf_view(&path)))
        st = INVALID;
    if (st != OK)
        return st;
    st = mailbox_walk(tx, m.c.account, buf_view(&path), &there);
    if (st != NOT_FOUND)
        return st == OK ? EXISTS : st;
    st = is_inbox(tx, &m);
    if (st == OK)
        return rename_inbox(tx, actor, &m, buf_view(&path));
    return st == NOT_FOUND ? move_mailbox(tx, actor, &m, buf_view(&path)) : st;
}

/* ---- deleting ---- */

enum status tx_mailbox_delete(struct tx *tx, const struct actor *actor, int64_t id)
{
    struct mailbox_row m;
    int64_t child;
    enum status st = mailbox_load(tx, actor, id, RIGHT_REMOVE, &m);
    if (st != OK)
        return st;
    st = is_inbox(tx, &m);
    if (st != NOT_FOUND)
        return st == OK ? PROTECTED : st;
    st = DB_GET_INT(
        tx_wdb(tx, id), &child,
        "SELECT id FROM collection WHERE account = ?1 AND parent = ?2 AND gone = 0 AND kind = 1 LIMIT 1",
        db_int(m.c.account), db_int(id));
    if (st != NOT_FOUND)
        return st == OK ? PRECONDITION : st;
    return tx_collection_delete(tx, actor, id);
}

/* ---- what is the owner's alone ---- */

enum status tx_mailbox_special(struct tx *tx, const struct actor *actor, int64_t id, unsigned special)
{
    struct mailbox_row m;
    int64_t seq;
    enum status st = mailbox_load(tx, actor, id, 0, &m);
    if (st == OK && !actor_owns(actor, m.c.account))
        st = DENIED;
    if (st == OK && (special & ~(unsigned)SPECIAL_USES))
        st = UNSUPPORTED;
    if (st == OK)
        st = tx_seq_next(tx, m.c.account, &seq);
    if (st != OK)
        return st;
    return DB_RUN(tx_wdb(tx, id), "UPDATE collection SET special = ?2, prop_seq = ?3 WHERE id = ?1",
                  db_int(id), db_int(special), db_int(seq));
}

static enum status subscribe(struct tx *tx, int64_t account, struct str name)
{
    int64_t count;
    enum status st = DB_GET_INT(tx_wdb(tx, account), &count,
                                "SELECT count(*) FROM subscription WHERE account = ?1", db_int(account));
    if (st == OK && (size_t)count >= tx->store->config.mailboxes)
        st = TOO_MANY;
    return st != OK ? st
                    : DB_RUN(tx_wdb(tx, account),
                             "INSERT INTO subscription(account, name) VALUES(?1, ?2) ON CONFLICT DO NOTHING",
                             db_int(account), db_text(name));
}

enum status tx_mailbox_subscribe(struct tx *tx, const struct actor *actor, int64_t account, struct str name,
                                 bool on)
{
    int64_t seq, there;
    SCOPED_BUF(path, 8192 + 4 * tx->store->config.mailbox_name);
    enum status st = actor_owns(actor, account) ? mailbox_name(&tx->store->config, name, &path) : DENIED;
    if (st != OK)
        return st;
    st =
        DB_GET_INT(tx_wdb(tx, account), &there, "SELECT 1 FROM subscription WHERE account = ?1 AND name = ?2",
                   db_int(account), db_text(buf_view(&path)));
    if (st != NOT_FOUND && st != OK)
        return st;
    if ((st == OK) == on) /* it is so already: no number is taken */
        return OK;
    st = tx_seq_next(tx, account, &seq);
    if (st != OK)
        return st;
    return on ? subscribe(tx, account, buf_view(&path))
              : DB_RUN(tx_wdb(tx, account), "DELETE FROM subscription WHERE account = ?1 AND name = ?2",
                       db_int(account), db_text(buf_view(&path)));
}
