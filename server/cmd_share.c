/* server/cmd_share.c: `scambio share`, `share list`, `unshare`: who else may use a collection. The grantees see it in their
 * homes at once. */
#include "server/cmd_common.h"
#include "store/mount.h"

enum { ENTRIES_MAX = 4096 };

struct grants { /* of one collection */
    struct principal owner;
    struct collection collection;
    struct acl_entry *entries;
    size_t count;
};

/* "all" is every user. */
static bool find_who(struct command_call *c, struct tx *tx, struct arena *a, struct str who, int64_t *id)
{
    struct principal p;
    if (str_eq(who, STR("all"))) {
        *id = PRINCIPAL_ANYONE;
        return true;
    }
    if (!cmd_user(c, tx, a, who, &p))
        return false;
    *id = p.id;
    return true;
}

static bool load(struct command_call *c, struct arena *a, struct str path, struct str who, struct grants *g,
                 int64_t *id)
{
    SCOPED_READ(tx, c->store);
    if (!tx || !cmd_collection(c, tx, a, path, &g->owner, &g->collection) || !find_who(c, tx, a, who, id))
        return false;
    if (g->collection.mount) {
        fail(c, "%.*s: is shared with %.*s, not owned; name it by its owner", STR_ARG(path),
             STR_ARG(g->owner.address));
        return false;
    }
    if (*id == g->owner.id) {
        fail(c, "%.*s: is the owner and has all rights", STR_ARG(who));
        return false;
    }
    struct acl_entry *old;
    enum status st = acl_list(tx, a, g->collection.id, &old, &g->count);
    if (st == OK)
        g->entries = ARENA_ARRAY(a, struct acl_entry, g->count + 1);
    if (st != OK || !g->entries) {
        fail(c, "%.*s: %s", STR_ARG(path), status_text(st != OK ? st : a->st));
        return false;
    }
    if (g->count > 0)
        memcpy(g->entries, old, g->count * sizeof *old);
    return true;
}

static size_t find_entry(const struct grants *g, int64_t id)
{
    size_t i = 0;
    while (i < g->count && g->entries[i].principal != id)
        i++;
    return i;
}

static int save(struct command_call *c, struct grants *g)
{
    enum status st = acl_share(c->store, &actor_system, g->collection.id, g->entries, g->count);
    return st == OK ? 0 : fail(c, "the share could not be changed: %s", status_text(st));
}

static int cmd_share(struct command_call *c)
{
    static const char *const names[] = {NULL};
    struct cmd_args args;
    unsigned rights;
    if (!cmd_args(c, names, &args))
        return 2;
    if (args.rest_count != 3)
        return usage(c, cmd_row(share_commands, "share"));
    if (rights_parse(args.rest[2], &rights) != OK) {
        fail(c, "%.*s: no such rights: free-busy, read, write, manage, or letters of lrswipkxteafcv",
             STR_ARG(args.rest[2]));
        return 2;
    }
    SCOPED_ARENA(a, 4 << 20);
    struct grants g = {.count = 0};
    int64_t id;
    if (!load(c, &a, args.rest[0], args.rest[1], &g, &id))
        return 1;
    size_t i = find_entry(&g, id);
    if (i == g.count && g.count++ >= ENTRIES_MAX)
        return fail(c, "more than %d grants; share with a group instead", ENTRIES_MAX);
    g.entries[i] = (struct acl_entry){.principal = id, .rights = rights};
    return save(c, &g);
}

static int cmd_unshare(struct command_call *c)
{
    static const char *const names[] = {NULL};
    struct cmd_args args;
    if (!cmd_args(c, names, &args))
        return 2;
    if (args.rest_count != 2)
        return usage(c, cmd_row(share_commands, "unshare"));
    SCOPED_ARENA(a, 4 << 20);
    struct grants g = {.count = 0};
    int64_t id;
    if (!load(c, &a, args.rest[0], args.rest[1], &g, &id))
        return 1;
    size_t i = find_entry(&g, id);
    if (i == g.count)
        return fail(c, "%.*s: is not shared with %.*s", STR_ARG(args.rest[0]), STR_ARG(args.rest[1]));
    g.entries[i] = g.entries[--g.count];
    return save(c, &g);
}

/* ---- list ---- */
struct listing {
    struct command_call *call;
    struct tx *tx;
    struct cmd_list list;
    struct arena arena; /* of one owner */
};

static enum status list_grants(struct listing *l, const struct principal *owner,
                               const struct collection *collection)
{
    struct acl_entry *entries;
    size_t count;
    enum status st = acl_list(l->tx, &l->arena, collection->id, &entries, &count);
    for (size_t i = 0; i < count && st == OK; i++) {
        struct principal who = {.address = STR("all")};
        SCOPED_BUF(letters, 64);
        rights_say(&letters, entries[i].rights);
        if (entries[i].principal != PRINCIPAL_ANYONE)
            st = directory_get(l->call->dir, l->tx, &l->arena, entries[i].principal, &who);
        struct str path =
            arena_strf(&l->arena, "%.*s/%.*s", STR_ARG(owner->address), STR_ARG(collection->slug));
        const struct str row[] = {path, who.address.p ? who.address : STR("(deleted)"), buf_view(&letters)};
        if (st == OK || st == NOT_FOUND)
            cmd_list_row(&l->list, row);
        st = st == NOT_FOUND ? OK : st;
    }
    return st;
}

static enum status list_owner(void *ctx, const struct principal *owner)
{
    struct listing *l = ctx;
    struct collection *all;
    size_t count;
    arena_reset(&l->arena);
    enum status st = collection_list(l->tx, &l->arena, &actor_system, owner->id, 0, &all, &count);
    for (size_t i = 0; i < count && st == OK; i++)
        if (!all[i].mount)
            st = list_grants(l, owner, &all[i]);
    return st == NOT_FOUND ? OK : st; /* groups have no account */
}

static int cmd_share_list(struct command_call *c)
{
    static const char *const names[] = {NULL}, *const columns[] = {"collection", "who", "rights", NULL};
    struct cmd_args args;
    if (!cmd_args(c, names, &args))
        return 2;
    if (args.rest_count > 1)
        return usage(c, cmd_row(share_commands, "share list"));
    SCOPED_READ(tx, c->store);
    if (!tx)
        return fail(c, "%s", status_text(E_MEMORY));
    struct listing l = {.call = c, .tx = tx, .arena = ARENA_INIT(64 << 20)};
    struct principal owner;
    struct collection collection;
    enum status st = OK;
    bool found = args.rest_count == 0 || cmd_collection(c, tx, &l.arena, args.rest[0], &owner, &collection);
    cmd_list_begin(&l.list, c, columns);
    if (found && args.rest_count == 0)
        st = principal_each(tx, list_owner, &l);
    else if (found)
        st = list_grants(&l, &owner, &collection);
    arena_free(&l.arena);
    if (!found || st != OK)
        buf_free(&l.list.out);
    if (!found)
        return 1;
    return st == OK ? cmd_list_end(&l.list) : fail(c, "%s", status_text(st));
}

const struct command share_commands[] = {
    {.words = "share list",
     .usage = "[COLLECTION]",
     .summary = "shows who may use what",
     .run = cmd_share_list},
    {.words = "share",
     .usage = "COLLECTION WHO RIGHTS",
     .summary = "shares ADDRESS/calendar with an address, a group or all: free-busy, read, write, manage, or "
                "letters",
     .run = cmd_share},
    {.words = "unshare", .usage = "COLLECTION WHO", .summary = "takes a share back", .run = cmd_unshare},
    {0},
};
