/* store/mailbox_list.c: all mailboxes of an account in the order of their paths: its own, and what is shared with it. */
#include "store/mail_rows.h"
#include "store/principal.h"

/* ---- the tree of an account ---- */

static int by_id(const void *a, const void *b)
{
    const struct mailbox_node *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

enum status mailbox_tree(struct tx *tx, struct arena *a, int64_t account, struct mailbox_node **out,
                         size_t *count)
{
    size_t cap = 0;
    *out = NULL;
    *count = 0;
    SCOPED_STMT(q) = DB_QUERY(
        tx_db(tx, account),
        "SELECT id, parent, name, special FROM collection WHERE account = ?1 AND kind = 1 AND gone = 0",
        db_int(account));
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        struct mailbox_node *grown = arena_grow(a, *out, *count, &cap, *count + 1, sizeof **out);
        if (!grown)
            return a->st;
        *out = grown;
        grown[(*count)++] = (struct mailbox_node){col_int(q, 0), col_int(q, 1), arena_str(a, col_str(q, 2)),
                                                  (unsigned)col_int(q, 3)};
    }
    if (*count > 1)
        qsort(*out, *count, sizeof **out, by_id);
    return st == NOT_FOUND ? a->st : st;
}

const struct mailbox_node *mailbox_node_find(const struct mailbox_node *nodes, size_t count, int64_t id)
{
    struct mailbox_node key = {.id = id};
    return count ? bsearch(&key, nodes, count, sizeof *nodes, by_id) : NULL;
}

/* ---- the list ---- */

struct listing {
    struct tx *tx;
    struct arena *arena;
    const struct actor *actor;
    struct mailbox *items;
    size_t count, cap;
};

static enum status add(struct listing *l, const struct mailbox *m)
{
    struct mailbox *grown = arena_grow(l->arena, l->items, l->count, &l->cap, l->count + 1, sizeof *l->items);
    if (!grown)
        return l->arena->st;
    l->items = grown;
    grown[l->count++] = *m;
    return OK;
}

static struct str path_of(struct listing *l, const struct mailbox_node *nodes, size_t count,
                          const struct mailbox_node *node)
{
    struct str path = node->name;
    size_t most = l->tx->store->config.mailbox_depth;
    for (size_t depth = 0; node->parent && depth < most && path.p; depth++) {
        node = mailbox_node_find(nodes, count, node->parent);
        if (!node) /* the one above is gone: shown at the top */
            break;
        path = arena_strf(l->arena, "%.*s/%.*s", STR_ARG(node->name), STR_ARG(path));
    }
    return path;
}

static enum status add_own(struct listing *l, int64_t account)
{
    struct mailbox_node *nodes;
    size_t count;
    enum status st = mailbox_tree(l->tx, l->arena, account, &nodes, &count);
    for (size_t i = 0; i < count && st == OK; i++) {
        struct mailbox m = {.id = nodes[i].id, .account = account, .special = nodes[i].special};
        st = rights_judge(l->tx, l->actor, m.id, account, &m.rights);
        if (st != OK || !m.rights)
            continue;
        m.path = path_of(l, nodes, count, &nodes[i]);
        st = m.path.p ? add(l, &m) : l->arena->st;
    }
    return st;
}

/* "Other Users/alice@example.test/": unlike a local part, an address names one person. */
static enum status owner_prefix(struct listing *l, int64_t owner, struct str *out)
{
    if (owner == PRINCIPAL_SYSTEM) {
        *out = STR(MAILBOX_SHARED "/");
        return OK;
    }
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(l->tx, STORE_MAIN), "SELECT address FROM address WHERE principal = ?1 AND kind = ?2",
                 db_int(owner), db_int(ADDRESS_PRIMARY));
    enum status st = stmt_row(q);
    if (st != OK)
        return st;
    *out = arena_strf(l->arena, MAILBOX_OTHERS "/%.*s/", STR_ARG(col_str(q, 0)));
    return l->arena->st;
}

static enum status add_mount(struct listing *l, const struct mount *mount)
{
    struct collection c;
    struct str prefix, path;
    enum status st = collection_get(l->tx, l->arena, l->actor, mount->collection, &c);
    if (st == OK)
        st = owner_prefix(l, mount->owner, &prefix);
    if (st == OK)
        st = mailbox_path(l->tx, l->arena, c.id, &path);
    if (st != OK)
        return st == NOT_FOUND ? OK : st; /* its grant has gone; the mount follows soon */
    struct mailbox m = {.id = c.id, .account = c.account, .rights = c.rights};
    m.path = arena_strf(l->arena, "%.*s%.*s", STR_ARG(prefix), STR_ARG(path));
    return m.path.p ? add(l, &m) : l->arena->st;
}

static enum status add_mounts(struct listing *l, int64_t account)
{
    struct mount *mounts;
    size_t count;
    if (!actor_is(l->actor, account))
        return OK;
    enum status st = mount_list(l->tx, l->arena, account, &mounts, &count);
    for (size_t i = 0; i < count && st == OK; i++)
        if (mounts[i].kind == KIND_MAIL && mounts[i].subscribed)
            st = add_mount(l, &mounts[i]);
    return st;
}

/* ---- order, and what stands above others without being there ---- */

static int path_cmp(struct str x, struct str y)
{
    size_t n = x.n < y.n ? x.n : y.n;
    for (size_t i = 0; i < n; i++)
        if (x.p[i] != y.p[i]) {
            int a = x.p[i] == '/' ? 0 : (unsigned char)x.p[i];
            int b = y.p[i] == '/' ? 0 : (unsigned char)y.p[i];
            return a < b ? -1 : 1;
        }
    return (x.n > y.n) - (x.n < y.n);
}

static int by_path(const void *a, const void *b)
{
    const struct mailbox *x = a, *y = b;
    return path_cmp(x->path, y->path);
}

static bool is_above(struct str path, struct str other)
{
    return other.n > path.n && other.p[path.n] == '/' && str_starts(other, path);
}

/* The names above `path` that `last`, which stands before it, does not show to be there. */
static enum status add_above(struct listing *l, struct str last, struct str path)
{
    enum status st = OK;
    for (size_t at = str_chr(path, '/', 0); at != SIZE_MAX && st == OK; at = str_chr(path, '/', at + 1)) {
        struct str above = str_slice(path, 0, at);
        if (!last.p || (!str_eq(last, above) && !is_above(above, last)))
            st = add(l, &(struct mailbox){.path = above});
    }
    return st;
}

static enum status add_missing(struct listing *l)
{
    size_t real = l->count;
    enum status st = OK;
    if (real > 1)
        qsort(l->items, real, sizeof *l->items, by_path);
    for (size_t i = 0; i < real && st == OK; i++)
        st = add_above(l, i ? l->items[i - 1].path : STR_NONE, l->items[i].path);
    if (st == OK && l->count > 1)
        qsort(l->items, l->count, sizeof *l->items, by_path);
    for (size_t i = 0; i + 1 < l->count && st == OK; i++)
        l->items[i].children = is_above(l->items[i].path, l->items[i + 1].path);
    return st;
}

/* ---- subscriptions ---- */

static int by_name(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

enum status subscription_list(struct tx *tx, struct arena *a, int64_t account, struct str **out,
                              size_t *count)
{
    size_t cap = 0;
    *out = NULL;
    *count = 0;
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, account), "SELECT name FROM subscription WHERE account = ?1", db_int(account));
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        struct str *grown = arena_grow(a, *out, *count, &cap, *count + 1, sizeof **out);
        if (!grown)
            return a->st;
        *out = grown;
        grown[(*count)++] = arena_str(a, col_str(q, 0));
    }
    if (*count > 1)
        qsort(*out, *count, sizeof **out, by_name);
    return st == NOT_FOUND ? a->st : st;
}

static enum status mark_subscribed(struct listing *l, int64_t account)
{
    struct str *names;
    size_t count;
    enum status st = subscription_list(l->tx, l->arena, account, &names, &count);
    for (size_t i = 0; i < l->count && count && st == OK; i++)
        l->items[i].subscribed = bsearch(&l->items[i].path, names, count, sizeof *names, by_name) != NULL;
    return st;
}

enum status mailbox_list(struct tx *tx, struct arena *a, const struct actor *actor, int64_t account,
                         struct mailbox **out, size_t *count)
{
    struct listing l = {.tx = tx, .arena = a, .actor = actor};
    enum status st = add_own(&l, account);
    if (st == OK)
        st = add_mounts(&l, account);
    if (st == OK)
        st = add_missing(&l);
    if (st == OK)
        st = mark_subscribed(&l, account);
    *out = l.items;
    *count = st == OK ? l.count : 0;
    return st;
}
