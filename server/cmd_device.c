/* server/cmd_device.c: scambio device …: the SyncML devices of users: what they are, how far they have come, and an end to it. */
#include "server/cmd_common.h"
#include "server/cmd_user.h"
#include "store/device.h"

#include <jansson.h>

enum { COMMAND_ARENA = 64 << 20, SHARD_IDS = 31 };

/* What nobody should find out after the loss of a phone. */
#define NO_WIPE                                                                                              \
    "A blocked device is refused. SyncML has no command that wipes a device: what is on it stays on it."

static const char *state_word(enum device_state state)
{
    return state == DEVICE_BLOCKED ? "blocked" : "active";
}

/* "Nokia E51" */
static struct str model_of(struct arena *a, const struct device *d)
{
    const char *between = d->man.n && d->mod.n ? " " : "";
    return arena_strf(a, "%.*s%s%.*s", STR_ARG(d->man), between, STR_ARG(d->mod));
}

static struct str time_text(struct arena *a, int64_t seconds, const char *never)
{
    SCOPED_BUF(b, 64);
    say_time(&b, seconds, never);
    return arena_str(a, buf_view(&b));
}

static struct str owner_of(struct command_call *c, struct tx *tx, struct arena *a, int64_t account)
{
    struct principal p;
    enum status st = directory_get(c->dir, tx, a, account, &p);
    return st == OK ? p.address : arena_strf(a, "account %lld", (long long)account);
}

/* ---- list ---- */
struct listing {
    struct command_call *call;
    struct tx *tx;
    struct arena *arena;
    struct cmd_list list;
};

static enum status list_row(void *ctx, const struct device *d)
{
    struct listing *l = ctx;
    struct arena *a = l->arena;
    arena_reset(a);
    const struct str row[] = {arena_strf(a, "%lld", (long long)d->id),
                              owner_of(l->call, l->tx, a, d->account),
                              d->devid,
                              model_of(a, d),
                              d->profile.p ? d->profile : STR(""),
                              str_c(state_word(d->state)),
                              time_text(a, d->seen, "never"),
                              arena_strf(a, "%lld", (long long)d->syncs),
                              d->last_error.p ? d->last_error : STR("")};
    if (a->st == OK)
        cmd_list_row(&l->list, row);
    return a->st;
}

static int cmd_device_list(struct command_call *c)
{
    static const char *const names[] = {"--user=", NULL};
    static const char *const columns[] = {"id",    "user", "device", "model", "profile",
                                          "state", "seen", "syncs",  "error", NULL};
    struct cmd_args args;
    struct principal p = {.id = 0};
    if (!cmd_args(c, names, &args))
        return 2;
    if (args.rest_count > 0)
        return usage(c, cmd_row(device_commands, "device list"));
    SCOPED_ARENA(a, COMMAND_ARENA);
    SCOPED_READ(tx, c->store);
    if (!tx)
        return fail(c, "device list: %s", status_text(E_MEMORY));
    if (args.option[0].p && !cmd_user(c, tx, &a, args.option[0], &p))
        return 1;
    struct listing l = {.call = c, .tx = tx, .arena = &a};
    cmd_list_begin(&l.list, c, columns);
    enum status st = device_each(tx, p.id, list_row, &l);
    if (st == OK)
        return cmd_list_end(&l.list);
    buf_free(&l.list.out);
    return fail(c, "device list: %s", status_text(st));
}

/* ---- which one ---- */
/* The number of a device, as `device list` shows it; 0 after a message. */
static int64_t number_of(struct command_call *c, struct str text)
{
    int64_t id;
    if (str_i64(text, &id) && id > 0 && (id & 63) < SHARD_IDS)
        return id;
    fail(c, "%.*s: no such device; `scambio device list` shows all with their numbers", STR_ARG(text));
    return 0;
}

static int no_device(struct command_call *c, int64_t id, enum status st)
{
    if (st == NOT_FOUND)
        return fail(c, "%lld: no such device; `scambio device list` shows all with their numbers",
                    (long long)id);
    return fail(c, "%lld: %s", (long long)id, status_text(st));
}

/* The only argument; 0 after a message. */
static int64_t only_number(struct command_call *c, const char *words, int *code)
{
    static const char *const names[] = {NULL};
    struct cmd_args args;
    *code = 2;
    if (!cmd_args(c, names, &args))
        return 0;
    if (args.rest_count != 1) {
        usage(c, cmd_row(device_commands, words));
        return 0;
    }
    *code = 1;
    return number_of(c, args.rest[0]);
}

/* ---- show ---- */
struct view {
    struct command_call *call;
    struct tx *tx;
    struct arena *a;
    struct device d;
    struct str owner, password; /* what it logs in with */
    struct buf text;
    json_t *databases;
};

static enum status find_password(struct view *v)
{
    struct credential *rows;
    size_t count;
    v->password = STR("the account password");
    if (!v->d.credential)
        return OK;
    v->password = arena_strf(v->a, "app password %lld (revoked)", (long long)v->d.credential);
    enum status st = app_password_list(v->call->dir, v->tx, v->a, v->d.account, &rows, &count);
    for (size_t i = 0; i < count && st == OK; i++)
        if (rows[i].id == v->d.credential)
            v->password =
                arena_strf(v->a, "app password %lld, %.*s", (long long)rows[i].id, STR_ARG(rows[i].label));
    return st == OK ? v->a->st : st;
}

/* A line "name   value"; control characters, which a device can send, become blanks. */
static void line(struct view *v, const char *name, struct str value)
{
    buf_addf(&v->text, "%-12s", name);
    for (size_t i = 0; i < value.n; i++)
        buf_addc(&v->text, (unsigned char)value.p[i] < 0x20 || value.p[i] == 0x7f ? ' ' : value.p[i]);
    buf_addc(&v->text, '\n');
}

static enum status database_text(void *ctx, const struct device_db *d)
{
    struct view *v = ctx;
    SCOPED_BUF(b, 4096);
    buf_addf(&b, "%.*s: last sync ", STR_ARG(d->db));
    say_time(&b, d->at, "never");
    buf_addf(&b, ", %lld items", (long long)d->luids);
    if (d->unconfirmed)
        buf_addf(&b, " (%lld not confirmed)", (long long)d->unconfirmed);
    if (d->partial_size)
        buf_addf(&b, ", %lld of %lld bytes of an object have come", (long long)d->partial_bytes,
                 (long long)d->partial_size);
    line(v, "database", buf_view(&b));
    return b.st;
}

static enum status show_text(struct view *v)
{
    const struct device *d = &v->d;
    struct arena *a = v->a;
    line(v, "device", arena_strf(a, "%lld", (long long)d->id));
    line(v, "user", v->owner);
    line(v, "DevID", d->devid);
    line(v, "model", model_of(a, d));
    line(v, "software", d->swv);
    line(v, "profile", d->profile);
    line(v, "state", str_c(state_word(d->state)));
    line(v, "log-in", arena_strf(a, "as %.*s, with %.*s", STR_ARG(d->user), STR_ARG(v->password)));
    line(v, "first seen", time_text(a, d->first_seen, "never"));
    line(v, "last seen", time_text(a, d->seen, "never"));
    line(v, "syncs", arena_strf(a, "%lld", (long long)d->syncs));
    line(v, "items",
         arena_strf(a, "%lld from it, %lld to it, %lld refused", (long long)d->received, (long long)d->sent,
                    (long long)d->failed));
    line(v, "last error",
         d->last_error.n ? arena_strf(a, "%.*s: %.*s", STR_ARG(time_text(a, d->last_error_at, "?")),
                                      STR_ARG(d->last_error))
                         : STR("none"));
    enum status st = a->st == OK ? device_each_db(v->tx, d->id, database_text, v) : a->st;
    buf_addz(&v->text, NO_WIPE "\n");
    return st == OK ? v->text.st : st;
}

/* What a device says may be no UTF-8. */
static json_t *said(struct str s)
{
    return s.p && !str_utf8(s) ? json_string("?") : json_str(s);
}

static json_t *time_json(struct arena *a, int64_t seconds)
{
    return seconds ? json_str(time_text(a, seconds, "")) : json_null();
}

static enum status database_json(void *ctx, const struct device_db *d)
{
    struct view *v = ctx;
    json_t *row =
        json_pack("{s:o, s:o, s:I, s:I}", "database", said(d->db), "last_sync", time_json(v->a, d->at),
                  "items", (json_int_t)d->luids, "unconfirmed", (json_int_t)d->unconfirmed);
    if (row && d->partial_size)
        json_object_set_new(row, "partial",
                            json_pack("{s:I, s:I}", "bytes", (json_int_t)d->partial_bytes, "size",
                                      (json_int_t)d->partial_size));
    return json_array_append_new(v->databases, row) == 0 ? OK : E_MEMORY;
}

static int show_json(struct view *v)
{
    const struct device *d = &v->d;
    struct arena *a = v->a;
    v->databases = json_array();
    enum status st = v->databases ? device_each_db(v->tx, d->id, database_json, v) : E_MEMORY;
    if (st != OK) {
        json_decref(v->databases);
        return no_device(v->call, d->id, st);
    }
    json_t *j = json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "id", (json_int_t)d->id, "user",
                          json_str(v->owner), "device", said(d->devid), "manufacturer", said(d->man), "model",
                          said(d->mod), "software", said(d->swv), "profile", said(d->profile), "state",
                          state_word(d->state));
    json_t *more =
        json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:s}", "login", said(d->user),
                  "password", json_str(v->password), "first_seen", time_json(a, d->first_seen), "seen",
                  time_json(a, d->seen), "syncs", (json_int_t)d->syncs, "received", (json_int_t)d->received,
                  "sent", (json_int_t)d->sent, "failed", (json_int_t)d->failed, "error", said(d->last_error),
                  "error_at", time_json(a, d->last_error_at), "databases", v->databases, "note", NO_WIPE);
    if (j && more)
        json_object_update(j, more);
    json_decref(more);
    return j ? say_json(v->call, j) : no_device(v->call, d->id, E_MEMORY);
}

static int cmd_device_show(struct command_call *c)
{
    int code;
    int64_t id = only_number(c, "device show", &code);
    if (!id)
        return code;
    SCOPED_ARENA(a, COMMAND_ARENA);
    SCOPED_READ(tx, c->store);
    struct view v = {.call = c, .tx = tx, .a = &a, .text = BUF_INIT(1 << 20)};
    enum status st = tx ? device_get(tx, &a, id, &v.d) : E_MEMORY;
    if (st == OK)
        v.owner = owner_of(c, tx, &a, v.d.account);
    if (st == OK)
        st = find_password(&v);
    if (st == OK && c->json)
        return show_json(&v);
    if (st == OK)
        st = show_text(&v);
    if (st == OK)
        say(c, buf_view(&v.text));
    buf_free(&v.text);
    return st == OK ? 0 : no_device(c, id, st);
}

/* ---- block, unblock, forget ---- */
struct change {
    struct write w;
    int64_t id;
    enum device_state state;
};

static enum status run_state(struct write *w, struct tx *tx)
{
    const struct change *x = CONTAINER_OF(w, struct change, w);
    return tx_device_state(tx, x->id, x->state);
}

static enum status run_forget(struct write *w, struct tx *tx)
{
    const struct change *x = CONTAINER_OF(w, struct change, w);
    return tx_device_forget(tx, x->id);
}

static int change(struct command_call *c, const char *words,
                  enum status (*run)(struct write *w, struct tx *tx), enum device_state state)
{
    int code;
    struct change x = {.w = {.run = run}, .id = only_number(c, words, &code), .state = state};
    if (!x.id)
        return code;
    x.w.account = x.id;
    enum status st = store_run(c->store, &x.w);
    return st == OK ? 0 : no_device(c, x.id, st);
}

static int cmd_device_block(struct command_call *c)
{
    return change(c, "device block", run_state, DEVICE_BLOCKED);
}

static int cmd_device_unblock(struct command_call *c)
{
    return change(c, "device unblock", run_state, DEVICE_ACTIVE);
}

static int cmd_device_forget(struct command_call *c)
{
    return change(c, "device forget", run_forget, DEVICE_ACTIVE);
}

const struct command device_commands[] = {
    {"device list", "[--user ADDRESS]", "lists SyncML devices", 0, cmd_device_list},
    {"device show", "ID", "shows a device: its databases, last syncs, errors", 0, cmd_device_show},
    {"device block", "ID", "refuses a device from now on; does not wipe it", 0, cmd_device_block},
    {"device unblock", "ID", "lets a blocked device synchronise again", 0, cmd_device_unblock},
    {"device forget", "ID", "removes what is known of a device; its next sync is the first", 0,
     cmd_device_forget},
    {0},
};
