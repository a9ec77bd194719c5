/* server/cmd_store.c: the commands on what the store holds: collections, backup and restore, undelete, counters. Import, export and
 * doctor have files of their own. */
#include "server/cmd_store.h"

#include "core/clock.h"
#include "store/backup.h"
#include "store/item.h"

/* ---- collection list|create|delete ---- */
static const struct {
    const char *word;
    enum collection_kind kind;
    unsigned comps;
} kinds[] = {
    {"calendar", KIND_CALENDAR, ICAL_VEVENT},
    {"tasks", KIND_CALENDAR, ICAL_VTODO},
    {"notes", KIND_CALENDAR, ICAL_VJOURNAL},
    {"addressbook", KIND_ADDRESSBOOK, 0},
};

static int cmd_collection_list(struct command_call *c)
{
    static const char *const names[] = {"--user=", NULL};
    static const char *const columns[] = {"collection", "kind", "name", "items", "bytes", "owner", NULL};
    struct cmd_args args;
    if (!cmd_args(c, names, &args))
        return 2;
    if (!args.option[0].p || args.rest_count > 0)
        return usage(c, cmd_row(store_commands, "collection list"));
    SCOPED_ARENA(a, 64 << 20);
    SCOPED_READ(tx, c->store);
    struct principal p, owner;
    struct collection *all;
    size_t count;
    if (!tx || !cmd_user(c, tx, &a, args.option[0], &p))
        return 1;
    enum status st = collection_list(tx, &a, &actor_system, p.id, 0, &all, &count);
    if (st != OK)
        return fail(c, "%.*s: %s", STR_ARG(p.address), status_text(st));
    struct cmd_list l;
    cmd_list_begin(&l, c, columns);
    for (size_t i = 0; i < count; i++) {
        owner = p;
        if (all[i].mount && directory_get(c->dir, tx, &a, all[i].account, &owner) != OK)
            owner.address = STR("?");
        const struct str row[] = {all[i].slug,
                                  str_c(cmd_kind(&all[i])),
                                  all[i].name,
                                  arena_strf(&a, "%lld", (long long)all[i].total),
                                  arena_strf(&a, "%lld", (long long)all[i].bytes),
                                  owner.address};
        cmd_list_row(&l, row);
    }
    return cmd_list_end(&l);
}

struct collection_write {
    struct write w;
    struct collection_new in;
    int64_t id;
};

static enum status run_create(struct write *w, struct tx *tx)
{
    struct collection_write *cw = CONTAINER_OF(w, struct collection_write, w);
    return tx_collection_create(tx, &actor_system, &cw->in, &cw->id);
}

static enum status run_delete(struct write *w, struct tx *tx)
{
    struct collection_write *cw = CONTAINER_OF(w, struct collection_write, w);
    return tx_collection_delete(tx, &actor_system, cw->id);
}

/* The user's number; 0 after a message. */
static int64_t user_of(struct command_call *c, struct str address)
{
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_READ(tx, c->store);
    struct principal p;
    return tx && cmd_user(c, tx, &a, address, &p) ? p.id : 0;
}

static int cmd_collection_create(struct command_call *c)
{
    static const char *const names[] = {"--user=", "--kind=", "--name=", NULL};
    struct cmd_args args;
    if (!cmd_args(c, names, &args))
        return 2;
    size_t kind = 0;
    while (args.option[1].p && kind < COUNT_OF(kinds) && !str_eq(args.option[1], str_c(kinds[kind].word)))
        kind++;
    if (!args.option[0].p || args.rest_count != 1 || kind == COUNT_OF(kinds))
        return usage(c, cmd_row(store_commands, "collection create"));
    struct collection_write cw = {.w = {.run = run_create}};
    cw.in = (struct collection_new){.account = user_of(c, args.option[0]),
                                    .kind = kinds[kind].kind,
                                    .comps = kinds[kind].comps,
                                    .slug = args.rest[0],
                                    .name = args.option[2]};
    if (cw.in.account == 0)
        return 1;
    cw.w.account = cw.in.account;
    enum status st = store_run(c->store, &cw.w);
    return st == OK ? 0 : fail(c, "%.*s: %s", STR_ARG(args.rest[0]), status_text(st));
}

static int cmd_collection_delete(struct command_call *c)
{
    static const char *const names[] = {"--user=", NULL};
    struct cmd_args args;
    if (!cmd_args(c, names, &args))
        return 2;
    if (!args.option[0].p || args.rest_count != 1)
        return usage(c, cmd_row(store_commands, "collection delete"));
    struct collection_write cw = {.w = {.run = run_delete}};
    {
        SCOPED_ARENA(a, 1 << 20);
        SCOPED_READ(tx, c->store);
        struct principal p;
        struct collection found;
        if (!tx || !cmd_user(c, tx, &a, args.option[0], &p))
            return 1;
        enum status st = collection_find(tx, &a, &actor_system, p.id, 0, args.rest[0], &found);
        if (st != OK)
            return fail(c, "%.*s: %s", STR_ARG(args.rest[0]), status_text(st));
        if (found.mount)
            return fail(c, "%.*s: is shared by somebody else; take it back with `scambio unshare`",
                        STR_ARG(args.rest[0]));
        cw.id = cw.w.account = found.id;
    }
    enum status st = store_run(c->store, &cw.w);
    return st == OK ? 0 : fail(c, "%.*s: %s", STR_ARG(args.rest[0]), status_text(st));
}

/* ---- undelete ---- */
struct kept {
    struct write w;
    struct kept *next;
    int64_t collection, seq, at;
    struct str slug, name, uid;
    struct arena *arena; /* of the writes, reset for each */
};

struct kept_list {
    struct arena arena;
    struct kept *first, **tail;
};

static enum status keep(void *ctx, const struct deleted_item *d)
{
    struct kept_list *l = ctx;
    struct kept *k = ARENA_NEW(&l->arena, struct kept);
    if (!k)
        return l->arena.st;
    *k = (struct kept){.collection = d->collection, .seq = d->seq, .at = d->at};
    k->slug = arena_str(&l->arena, d->slug);
    k->name = arena_str(&l->arena, d->name);
    k->uid = arena_str(&l->arena, d->obj_uid);
    *l->tail = k;
    l->tail = &k->next;
    return l->arena.st;
}

static enum status run_undelete(struct write *w, struct tx *tx)
{
    struct kept *k = CONTAINER_OF(w, struct kept, w);
    arena_reset(k->arena);
    return tx_undelete(tx, k->arena, &actor_system, k->collection, k->seq);
}

static int list_kept(struct command_call *c, struct kept_list *l)
{
    static const char *const columns[] = {"deleted", "collection", "name", "uid", NULL};
    struct cmd_list out;
    cmd_list_begin(&out, c, columns);
    for (struct kept *k = l->first; k; k = k->next) {
        SCOPED_BUF(when, 32);
        cmd_time_write(&when, k->at);
        const struct str row[] = {buf_view(&when), k->slug,
                                  k->name.p ? k->name : STR("(the whole collection)"), k->uid};
        cmd_list_row(&out, row);
    }
    return cmd_list_end(&out);
}

/* Something that is there again (the user made it anew, or an earlier deletion of the same one came back) is left alone. */
static int bring_back(struct command_call *c, struct kept_list *l)
{
    size_t back = 0, there = 0, failed = 0;
    SCOPED_ARENA(a, 16 << 20);
    for (struct kept *k = l->first; k; k = k->next) {
        k->arena = &a;
        k->w = (struct write){.run = run_undelete, .account = k->collection};
        enum status st = store_run(c->store, &k->w);
        back += st == OK;
        there += st == EXISTS || st == UID_CONFLICT;
        if (st != OK && st != EXISTS && st != UID_CONFLICT) {
            failed++;
            fail(c, "%.*s/%.*s: %s", STR_ARG(k->slug), STR_ARG(k->name), status_text(st));
        }
    }
    SCOPED_BUF(text, 128);
    buf_addf(&text,
             c->json ? "{\"restored\":%zu,\"there\":%zu,\"failed\":%zu}\n"
                     : "%zu restored, %zu were there, %zu failed\n",
             back, there, failed);
    say(c, buf_view(&text));
    return failed ? 1 : 0;
}

static int cmd_undelete(struct command_call *c)
{
    static const char *const names[] = {"--user=", "--since=", "--list", NULL};
    struct cmd_args args;
    int64_t since = 0;
    if (!cmd_args(c, names, &args))
        return 2;
    if (!args.option[0].p || args.rest_count > 0)
        return usage(c, cmd_row(store_commands, "undelete"));
    if (args.option[1].p && !cmd_time(args.option[1], clock_now(), &since)) {
        fail(c, "%.*s: no time: 2h, 7d, 2026-01-31, 2026-01-31T10:00", STR_ARG(args.option[1]));
        return 2;
    }
    int64_t account = user_of(c, args.option[0]);
    if (account == 0)
        return 1;
    struct kept_list l = {.arena = ARENA_INIT(256 << 20), .tail = &l.first};
    enum status st;
    {
        SCOPED_READ(tx, c->store);
        st = tx ? deleted_each(tx, account, since, keep, &l) : E_MEMORY;
    }
    int code = st != OK           ? fail(c, "%s", status_text(st))
               : args.option[2].p ? list_kept(c, &l)
                                  : bring_back(c, &l);
    arena_free(&l.arena);
    return code;
}

/* ---- backup, restore ---- */
static int report(struct command_call *c, enum status st, const char *what, const struct backup_report *r,
                  struct buf *why)
{
    if (st != OK)
        return fail(c, "%s: %s%s%s", what, status_text(st), why->n ? ": " : "", buf_c(why));
    SCOPED_BUF(text, 256);
    buf_addf(&text,
             c->json ? "{\"files\":%lld,\"bytes\":%lld,\"reused\":%lld}\n"
                     : "%lld files, %lld bytes written, %lld pieces reused\n",
             (long long)r->files, (long long)r->bytes, (long long)r->reused);
    say(c, buf_view(&text));
    return 0;
}

static int cmd_backup(struct command_call *c)
{
    if (c->file_count != 1)
        return usage(c, cmd_row(store_commands, "backup"));
    SCOPED_BUF(why, 4096);
    struct backup_report r = {0};
    enum status st = store_backup(c->store, c->files[0], &r, &why);
    return report(c, st, "backup", &r, &why);
}

static int cmd_restore(struct command_call *c)
{
    if (c->file_count != 1)
        return usage(c, cmd_row(store_commands, "restore"));
    SCOPED_BUF(why, 4096);
    SCOPED_BUF(data, 4096);
    struct backup_report r = {0};
    buf_add(&data, conf_str(c->conf, CONF_SERVER_DATA));
    enum status st = store_restore(c->files[0], buf_c(&data), &r, &why);
    return report(c, st, "restore", &r, &why);
}

const struct command store_commands[] = {
    {.words = "import",
     .usage = "--user ADDRESS [--collection NAME] FILE…",
     .summary = "adds what .ics, .vcf, mbox and .eml files and Maildirs hold; what is there already is not "
                "added twice",
     .flags = COMMAND_FILES_IN,
     .run = cmd_import},
    {.words = "export",
     .usage = "--user ADDRESS [--collection NAME] [-o FILE]",
     .summary = "writes a user's calendars (.ics) and cards (.vcf), or one mailbox (mbox)",
     .flags = COMMAND_OUT,
     .run = cmd_export},
    {.words = "collection list",
     .usage = "--user ADDRESS",
     .summary = "lists calendars, task lists, notes, address books",
     .run = cmd_collection_list},
    {.words = "collection create",
     .usage = "--user ADDRESS [--kind calendar|tasks|notes|addressbook] [--name NAME] SLUG",
     .summary = "makes a collection",
     .run = cmd_collection_create},
    {.words = "collection delete",
     .usage = "--user ADDRESS SLUG",
     .summary = "deletes a collection with all that is in it",
     .run = cmd_collection_delete},
    {.words = "undelete",
     .usage = "--user ADDRESS [--since TIME] [--list]",
     .summary = "brings deleted items back while they are kept",
     .run = cmd_undelete},
    {.words = "backup",
     .usage = "DIR",
     .summary = "writes a consistent copy of the store, while it serves; only what is new",
     .flags = COMMAND_DIR | COMMAND_BESIDE,
     .run = cmd_backup},
    {.words = "restore",
     .usage = "DIR",
     .summary = "makes a store from a backup, in an empty data folder",
     .flags = COMMAND_DIR | COMMAND_STOPPED | COMMAND_NO_STORE,
     .run = cmd_restore},
    {.words = "doctor",
     .usage = "[--store] [--rebuild]",
     .summary = "checks configuration, certificates, ports, and with --store every rule of the stored data",
     .run = cmd_doctor},
    {0},
};
