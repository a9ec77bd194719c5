/* server/cmd_notify.c: scambio device notify: asks a device to synchronise now.
 *
 * The package is made here and handed on by what the configuration names. It runs beside the server, in the caller's process, since
 * the server may start no programs. */
#include "core/clock.h"
#include "server/cmd_common.h"
#include "server/cmd_user.h"
#include "server/push.h"
#include "store/device.h"
#include "syncml/devinf.h"
#include "syncml/san.h"

enum { COMMAND_ARENA = 4 << 20, SHARD_IDS = 31, SECONDS = 60 };

struct notice {
    struct command_call *call;
    struct arena *arena;
    struct device device;
    struct principal owner;
    struct san san;
    struct san_db dbs[SAN_DATABASES];
    enum san_alert alert;
    enum sml_version version;
    struct buf package;
};

enum option { OPTION_DATABASE, OPTION_ALERT, OPTION_FORM };

static const struct {
    const char *word;
    enum san_alert alert;
} alerts[] = {
    {"two-way", SAN_TWO_WAY},
    {"from-client", SAN_ONE_WAY_FROM_CLIENT},
    {"refresh-from-client", SAN_REFRESH_FROM_CLIENT},
    {"from-server", SAN_ONE_WAY_FROM_SERVER},
    {"refresh-from-server", SAN_REFRESH_FROM_SERVER},
};

static const struct {
    const char *word;
    enum sml_version version;
} forms[] = {{"1.2", SML_1_2}, {"1.1", SML_1_1}, {"1.0", SML_1_0}};

/* ---- what the caller wants ---- */

static bool take_alert(struct notice *n, struct str word)
{
    n->alert = SAN_TWO_WAY;
    if (!word.p)
        return true;
    for (size_t i = 0; i < COUNT_OF(alerts); i++)
        if (str_eq(word, str_c(alerts[i].word))) {
            n->alert = alerts[i].alert;
            return true;
        }
    fail(n->call,
         "device notify: --alert %.*s: one of two-way, from-client, refresh-from-client, from-server, "
         "refresh-from-server is wanted",
         STR_ARG(word));
    return false;
}

static bool take_form(struct notice *n, struct str word)
{
    for (size_t i = 0; i < COUNT_OF(forms) && word.p; i++)
        if (str_eq(word, str_c(forms[i].word))) {
            n->version = forms[i].version;
            return true;
        }
    if (word.p)
        fail(n->call, "device notify: --form %.*s: one of 1.2, 1.1, 1.0 is wanted", STR_ARG(word));
    return !word.p;
}

static bool add_database(struct notice *n, struct str name)
{
    if (n->san.count == SAN_DATABASES || !name.n || name.n > SAN_NAME)
        return false;
    n->dbs[n->san.count++] = (struct san_db){arena_str(n->arena, name), n->alert, SAN_ANY};
    return true;
}

/* "contacts,calendar"; "all": the device knows itself which it has. */
static bool take_databases(struct notice *n, struct str list)
{
    struct str name;
    if (str_eq(list, STR("all")))
        return true;
    while (str_split(&list, ',', &name))
        if (!add_database(n, str_trim(name))) {
            fail(n->call, "device notify: --database %.*s: at most %d names of at most %d bytes",
                 STR_ARG(name), SAN_DATABASES, SAN_NAME);
            return false;
        }
    return true;
}

/* ---- what the device is ---- */

static enum status each_database(void *ctx, const struct device_db *d)
{
    add_database(ctx, d->db); /* those that find no place are synchronised another time */
    return OK;
}

/* The version that its DevInf has; of a device that has sent none the newest. */
static enum sml_version version_of(struct notice *n)
{
    static const struct sml_limits limits = {
        .size = DEVICE_DEVINF_BYTES, .depth = 20, .nodes = 20000, .commands = 1};
    struct devinf d;
    struct str why;
    if (!n->device.devinf.n || devinf_parse(n->arena, n->device.devinf, &limits, &d, &why) != OK)
        return SML_1_2;
    for (size_t i = 0; i < COUNT_OF(forms); i++)
        if (str_eq(d.version, str_c(forms[i].word)))
            return forms[i].version;
    return SML_1_2;
}

static enum status find(struct notice *n, int64_t id, bool databases)
{
    SCOPED_READ(tx, n->call->store);
    enum status st = tx ? device_get(tx, n->arena, id, &n->device) : E_MEMORY;
    if (st == OK)
        st = directory_get(n->call->dir, tx, n->arena, n->device.account, &n->owner);
    if (st == OK && databases)
        st = device_each_db(tx, id, each_database, n);
    return st == OK ? n->arena->st : st;
}

/* ---- the package ---- */

static enum status build(struct notice *n)
{
    const struct conf *conf = n->call->conf;
    struct san *s = &n->san;
    s->server_id = conf_str(conf, CONF_SYNCML_SERVER_ID);
    if (!s->server_id.n)
        s->server_id = conf_str(conf, CONF_SERVER_HOSTNAME);
    s->password = conf_str(conf, CONF_SYNCML_SERVER_PASSWORD);
    s->ui = SAN_UI_BACKGROUND;
    s->session = (uint16_t)(1 + random_u64() % 0xffff);
    s->dbs = n->dbs;
    if (n->version == SML_1_2)
        return san_write(&n->package, s);
    return san_write_message(&n->package, n->arena, s, n->version, SML_WBXML, n->device.devid);
}

static bool write_all(int fd, struct str s)
{
    while (s.n) {
        ssize_t done = write(fd, s.p, s.n);
        if (done <= 0)
            return false;
        s = str_from(s, (size_t)done);
    }
    return true;
}

static int deliver(struct notice *n)
{
    struct command_call *c = n->call;
    struct str command = conf_str(c->conf, CONF_SYNCML_NOTIFY_COMMAND),
               url = conf_str(c->conf, CONF_SYNCML_NOTIFY_URL);
    SCOPED_BUF(why, 4096);
    struct push p = {.package = buf_view(&n->package),
                     .media = san_media(n->version, SML_WBXML),
                     .devid = n->device.devid,
                     .user = n->owner.address,
                     .ca = conf_str(c->conf, CONF_SYNCML_NOTIFY_CA),
                     .model =
                         arena_strf(n->arena, "%.*s %.*s", STR_ARG(n->device.man), STR_ARG(n->device.mod)),
                     .seconds = SECONDS};
    p.model = str_trim(p.model);
    if (c->out_file >= 0)
        return write_all(c->out_file, p.package) ? 0 : fail(c, "device notify: %m");
    if (!command.n && !url.n)
        return fail(c, "device notify: nothing in [syncml] says how to reach devices: set notify_command or "
                       "notify_url, or write the package with -o FILE");
    enum status st = command.n ? push_command(command, &p, &why) : push_url(url, &p, &why);
    return st == OK ? 0 : fail(c, "device notify: %s", why.n ? buf_c(&why) : status_text(st));
}

static int notify(struct notice *n, int64_t id, const struct cmd_args *args)
{
    struct str databases = args->option[OPTION_DATABASE], form = args->option[OPTION_FORM];
    if (!take_alert(n, args->option[OPTION_ALERT]) || !take_form(n, form) ||
        (databases.p && !take_databases(n, databases)))
        return 2;
    enum status st = find(n, id, !databases.p);
    if (st == NOT_FOUND)
        return fail(n->call, "%lld: no such device; `scambio device list` shows all with their numbers",
                    (long long)id);
    if (st != OK)
        return fail(n->call, "%lld: %s", (long long)id, status_text(st));
    if (n->device.state == DEVICE_BLOCKED)
        return fail(n->call, "%lld: the device is blocked; `scambio device unblock` lets it synchronise",
                    (long long)id);
    if (!form.p)
        n->version = version_of(n);
    if (n->version != SML_1_2 && !n->san.count)
        return fail(n->call,
                    "%lld: SyncML %s names each database, and this device has synchronised none: "
                    "say which with --database",
                    (long long)id, n->version == SML_1_1 ? "1.1" : "1.0");
    st = build(n);
    return st == OK ? deliver(n) : fail(n->call, "%lld: %s", (long long)id, status_text(st));
}

static int cmd_device_notify(struct command_call *c)
{
    static const char *const names[] = {
        [OPTION_DATABASE] = "--database=", [OPTION_ALERT] = "--alert=", [OPTION_FORM] = "--form=", NULL};
    struct cmd_args args;
    int64_t id;
    if (!cmd_args(c, names, &args))
        return 2;
    if (args.rest_count != 1)
        return usage(c, cmd_row(notify_commands, "device notify"));
    if (!str_i64(args.rest[0], &id) || id <= 0 || (id & 63) >= SHARD_IDS)
        return fail(c, "%.*s: no such device; `scambio device list` shows all with their numbers",
                    STR_ARG(args.rest[0]));
    SCOPED_ARENA(a, COMMAND_ARENA);
    struct notice n = {.call = c, .arena = &a, .package = BUF_INIT(SAN_PACKAGE)};
    int code = notify(&n, id, &args);
    buf_free(&n.package);
    return code;
}

const struct command notify_commands[] = {
    {"device notify", "ID [--database NAMES] [--alert TYPE] [--form VERSION] [-o FILE]",
     "asks a device to synchronise now", COMMAND_BESIDE | COMMAND_OUT, cmd_device_notify},
    {0},
};
