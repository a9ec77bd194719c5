/* server/cmd_export.c: `scambio export`: a user's calendars as one .ics each and his cards as .vcf, one behind the other; a mailbox
 * as an mbox (server/export_mail.c).
 *
 * Goes through a collection in pages by number, and ends each read before it writes: the reader of the output may be slow, and a
 * snapshot held that long would keep the write-ahead log from shrinking. What changes meanwhile is exported as it is then. An item
 * that cannot be read or is not what it should be is named and left out: the others must not be lost with it. */
#include "server/cmd_store.h"
#include "server/export_mail.h"
#include "store/item.h"
#include "store/mailbox.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { PAGE = 200, OUT_MAX = 1 << 30, WAIT_MS = 60000 };

struct export
{
    struct command_call *call;
    struct str user;
    struct collection collection;
    bool book;
    struct arena arena; /* of a page */
    struct item *page;
    size_t count, cap;
    int64_t since, first_seq; /* first_seq: the collection's number when the export began */
    size_t broken;            /* items that were left out */
    int64_t *done;            /* ids that were written */
    size_t done_count, done_cap;
    struct buf out;
    struct arena zones; /* of the merge */
    struct ical_merge merge;
    int fd;
};

static enum status drain(struct export *e)
{
    struct str left = buf_view(&e->out);
    while (left.n > 0) {
        ssize_t n = write(e->fd, left.p, left.n);
        struct pollfd p = {.fd = e->fd, .events = POLLOUT};
        if (n >= 0)
            left = str_from(left, (size_t)n);
        else if (errno == EAGAIN && poll(&p, 1, WAIT_MS) <= 0)
            return E_TIMEOUT;
        else if (errno != EAGAIN && errno != EINTR)
            return errno == ENOSPC ? E_FULL : E_IO;
    }
    enum status st = e->out.st;
    buf_clear(&e->out);
    return st;
}

static bool is_done(const struct export *e, int64_t id)
{
    for (size_t i = 0; i < e->done_count; i++)
        if (e->done[i] == id)
            return true;
    return false;
}

static enum status mark_done(struct export *e, int64_t id)
{
    if (e->done_count == e->done_cap) {
        size_t cap = e->done_cap ? 2 * e->done_cap : 1024;
        int64_t *grown = realloc(e->done, cap * sizeof *grown);
        if (!grown)
            return E_MEMORY;
        e->done = grown;
        e->done_cap = cap;
    }
    e->done[e->done_count++] = id;
    return OK;
}

static enum status take_change(void *ctx, const struct item_change *change)
{
    struct export *e = ctx;
    e->since = change->item.seq;
    /* Only what changed after the start can come a second time. */
    if (change->gone || (change->item.seq > e->first_seq && is_done(e, change->item.id)))
        return OK;
    e->page = arena_grow(&e->arena, e->page, e->count, &e->cap, e->count + 1, sizeof *e->page);
    if (!e->page)
        return e->arena.st;
    struct item *kept = &e->page[e->count++];
    *kept = change->item;
    kept->name = arena_str(&e->arena, change->item.name); /* the row's text ends with the call */
    return e->arena.st;
}

static enum status write_item(struct export *e, struct tx *tx, const struct item *item)
{
    SCOPED_BUF(body, OUT_MAX);
    enum status st = item_body(tx, item, &body);
    if (st == OK)
        st = body.st;
    if (st != OK)
        return st;
    if (!e->book)
        return ical_merge_add(&e->merge, buf_view(&body), &store_config_of(e->call->store)->ical);
    buf_add(&e->out, buf_view(&body));
    if (!str_ends(buf_view(&body), STR("\n")))
        buf_addz(&e->out, "\r\n");
    return OK;
}

/* Is the failure this item's alone? Not when memory or the room for the output is at its end. */
static bool is_of_item(const struct export *e, enum status st)
{
    return st != E_MEMORY && e->out.st == OK && e->zones.st == OK;
}

static enum status export_item(struct export *e, struct tx *tx, const struct item *item)
{
    enum status st = write_item(e, tx, item);
    if (st == OK)
        return mark_done(e, item->id);
    if (!is_of_item(e, st))
        return st;
    e->broken++;
    fail(e->call, "export: %.*s/%.*s/%.*s: left out: %s", STR_ARG(e->user), STR_ARG(e->collection.slug),
         STR_ARG(item->name), status_text(st));
    return OK;
}

/* One page; TRUNCATED when there are more. */
static enum status export_page(struct export *e)
{
    SCOPED_READ(tx, e->call->store);
    if (!tx)
        return E_MEMORY;
    arena_reset(&e->arena);
    e->page = NULL;
    e->count = e->cap = 0;
    enum status more = item_changes(tx, &actor_system, e->collection.id, e->since, PAGE, take_change, e);
    if (more != OK && more != TRUNCATED)
        return more;
    for (size_t i = 0; i < e->count; i++) {
        enum status st = export_item(e, tx, &e->page[i]);
        if (st != OK)
            return st;
    }
    return more;
}

static enum status export_collection(struct export *e)
{
    enum status st, more;
    e->book = e->collection.kind == KIND_ADDRESSBOOK;
    e->since = 0;
    e->first_seq = e->collection.seq;
    e->done_count = 0;
    if (!e->book)
        ical_merge_begin(&e->merge, &e->zones, &e->out, e->collection.name, STR_NONE);
    do {
        more = export_page(e);
        st = more == TRUNCATED ? OK : more;
        if (st == OK)
            st = drain(e);
    } while (more == TRUNCATED && st == OK);
    if (st == OK && !e->book)
        ical_merge_end(&e->merge);
    if (st == OK)
        st = drain(e);
    arena_reset(&e->zones);
    return st;
}

/* The collections to export, in the arena: the named one, or all of the user's own. */
static bool choose(struct command_call *c, struct arena *a, struct str user, struct str name,
                   struct collection **out, size_t *count, int64_t *mail_of)
{
    *mail_of = 0;
    SCOPED_READ(tx, c->store);
    struct principal p;
    if (!tx || !cmd_user(c, tx, a, user, &p))
        return false;
    enum status st;
    if (name.p) {
        *out = ARENA_NEW(a, struct collection);
        *count = 1;
        st = *out ? collection_find(tx, a, &actor_system, p.id, 0, name, *out) : E_MEMORY;
        if (st == NOT_FOUND) {
            int64_t mailbox;
            const struct actor owner = {.id = p.id};
            st = mailbox_find(tx, a, &owner, p.id, name, &mailbox);
            *mail_of = st == OK ? p.id : 0;
        }
    } else {
        st = collection_list(tx, a, &actor_system, p.id, 0, out, count);
    }
    if (st != OK)
        fail(c, "%.*s: %.*s: %s", STR_ARG(p.address), STR_ARG(name), status_text(st));
    return st == OK;
}

/* Calendars first: a reader that takes only .ics stops at the first card. */
static enum status export_all(struct export *e, const struct collection *list, size_t count)
{
    enum status st = OK;
    for (int book = 0; book < 2; book++)
        for (size_t i = 0; i < count && st == OK; i++) {
            if ((list[i].kind == KIND_ADDRESSBOOK) != (book == 1) || (list[i].mount && count > 1))
                continue;
            e->collection = list[i];
            st = export_collection(e);
        }
    return st;
}

int cmd_export(struct command_call *c)
{
    static const char *const names[] = {"--user=", "--collection=", NULL};
    struct cmd_args args;
    if (!cmd_args(c, names, &args))
        return 2;
    if (!args.option[0].p || args.rest_count > 0)
        return usage(c, cmd_row(store_commands, "export"));
    SCOPED_ARENA(a, 64 << 20);
    struct collection *list;
    size_t count;
    int64_t mail_of;
    if (!choose(c, &a, args.option[0], args.option[1], &list, &count, &mail_of))
        return 1;
    struct export e = {.call = c,
                       .user = args.option[0],
                       .arena = ARENA_INIT((size_t)1 << 30),
                       .zones = ARENA_INIT(256 << 20),
                       .out = BUF_INIT(OUT_MAX)};
    e.fd = c->out_file >= 0 ? c->out_file : c->out;
    enum status st =
        mail_of ? mail_export(c, mail_of, args.option[1], e.fd, &e.broken) : export_all(&e, list, count);
    if (st == OK && c->out_file >= 0 && fsync(c->out_file) != 0 && errno != EINVAL && errno != EROFS)
        st = errno == ENOSPC ? E_FULL : E_IO;
    arena_free(&e.arena);
    arena_free(&e.zones);
    buf_free(&e.out);
    free(e.done);
    if (st != OK)
        return fail(c, "export: %s", status_text(st));
    return e.broken == 0
               ? 0
               : fail(c, "export: items left out: %zu; `scambio doctor --store` tells more", e.broken);
}
