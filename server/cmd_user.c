/* server/cmd_user.c: scambio user …: local users; and the table of all commands about users, groups and aliases. */
#include "server/cmd_user.h"
#include "core/conf_value.h"
#include "core/hash.h"
#include "store/collection.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <termios.h>

enum { PASSWORD_LINE = 1024, COMMAND_ARENA = 64 << 20 };

/* ---- passwords ---- */

/* One line of c->in, without its end. It comes byte by byte, so that nothing behind it is taken from the caller. */
static enum status read_line(struct command_call *c, struct buf *out)
{
    for (;;) {
        char byte;
        ssize_t n = read(c->in, &byte, 1);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            struct pollfd p = {.fd = c->in, .events = POLLIN};
            poll(&p, 1, -1);
            continue;
        }
        if (n < 0)
            return E_IO;
        if (n == 0 || byte == '\n')
            break;
        buf_addc(out, byte);
    }
    if (out->n && out->p[out->n - 1] == '\r')
        buf_cut(out, out->n - 1);
    return out->st;
}

static enum status prompt(struct command_call *c, const char *text, struct buf *out)
{
    ssize_t written = write(c->err, text, strlen(text));
    enum status st = written < 0 ? E_IO : read_line(c, out);
    written = write(c->err, "\n", 1);
    return written < 0 ? E_IO : st;
}

/* On a terminal: twice, unseen. The terminal is put right whatever happens. */
static int ask_password(struct command_call *c, struct buf *out)
{
    struct termios shown, hidden;
    SCOPED_BUF(again, PASSWORD_LINE);
    if (tcgetattr(c->in, &shown) != 0)
        return fail(c, "password: this is no terminal: give it with --password-stdin");
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(c->in, TCSAFLUSH, &hidden) != 0)
        return fail(c, "password: the terminal cannot hide it: give it with --password-stdin");
    enum status st = prompt(c, "New password: ", out);
    if (st == OK)
        st = prompt(c, "Once more: ", &again);
    tcsetattr(c->in, TCSAFLUSH, &shown);
    bool same = str_eq(buf_view(out), buf_view(&again));
    if (again.p)
        hash_wipe(again.p, again.n);
    if (st != OK)
        return fail(c, "password: %s", status_text(st));
    return same ? 0 : fail(c, "password: the two are not the same: nothing was changed");
}

static int get_password(struct command_call *c, bool from_stdin, struct buf *out)
{
    if (!from_stdin)
        return ask_password(c, out);
    enum status st = read_line(c, out);
    if (st != OK)
        return fail(c, "password: %s", status_text(st));
    return out->n ? 0 : fail(c, "password: there is none on standard input");
}

static void wipe(struct buf *b)
{
    if (b->p)
        hash_wipe(b->p, b->n);
    buf_free(b);
}

/* ---- add, passwd ---- */

static int parse_quota(struct command_call *c, struct str text, int64_t *out)
{
    static const struct conf_row row = {.type = CONF_SIZE, .min = 0, .max = INT64_MAX};
    struct conf_value v;
    SCOPED_ARENA(a, 4096);
    SCOPED_BUF(why, 1024);
    if (!text.p)
        return 0;
    if (conf_value_parse(&row, &a, text, &v, &why) != OK)
        return fail(c, "--quota: %s", buf_c(&why));
    *out = v.number;
    return 0;
}

static int cmd_add(struct command_call *c)
{
    struct option_value o[] = {
        {.name = "--name"}, {.name = "--quota"}, {.name = "--password-stdin", .flag = true}};
    char *words[WORDS_MAX];
    size_t count;
    SCOPED(wipe) struct buf password = BUF_INIT(PASSWORD_LINE);
    SCOPED_BUF(why, 4096);
    struct user_new in = {.lang = STR("en"), .quota = -1, .collections = true};
    int64_t id = 0;
    if (!take_options(c, o, COUNT_OF(o), words, &count) || count != 1)
        return wrong_usage(c, cmd_add);
    int code = parse_quota(c, o[1].value, &in.quota);
    if (!code)
        code = get_password(c, o[2].value.p, &password);
    if (code)
        return code;
    in.address = str_c(words[0]);
    in.name = o[0].value.p ? o[0].value : str_slice(in.address, 0, str_chr(in.address, '@', 0));
    in.password = buf_view(&password);
    enum status st = user_add(c->dir, &in, &id, &why);
    return st == OK ? 0 : fail_with(c, words[0], st, &why);
}

static int cmd_passwd(struct command_call *c)
{
    struct option_value o[] = {{.name = "--password-stdin", .flag = true}};
    char *words[WORDS_MAX];
    size_t count;
    SCOPED_ARENA(a, COMMAND_ARENA);
    SCOPED(wipe) struct buf password = BUF_INIT(PASSWORD_LINE);
    SCOPED_BUF(why, 4096);
    struct principal p;
    if (!take_options(c, o, COUNT_OF(o), words, &count) || count != 1)
        return wrong_usage(c, cmd_passwd);
    int code = find_user(c, &a, words[0], false, &p);
    if (!code)
        code = get_password(c, o[0].value.p, &password);
    if (code)
        return code;
    enum status st = user_passwd(c->dir, p.id, buf_view(&password), &why);
    return st == OK ? 0 : fail_with(c, words[0], st, &why);
}

static int cmd_set(struct command_call *c)
{
    struct option_value o[] = {{.name = "--name"}, {.name = "--quota"}};
    char *words[WORDS_MAX];
    size_t count;
    int64_t quota = -1;
    SCOPED_ARENA(a, COMMAND_ARENA);
    SCOPED_BUF(why, 4096);
    struct principal p;
    if (!take_options(c, o, COUNT_OF(o), words, &count) || count != 1 || (!o[0].value.p && !o[1].value.p))
        return wrong_usage(c, cmd_set);
    int code = parse_quota(c, o[1].value, &quota);
    if (!code)
        code = find_user(c, &a, words[0], false, &p);
    if (code)
        return code;
    enum status st = user_set(c->dir, p.id, o[0].value, quota, &why);
    return st == OK ? 0 : fail_with(c, words[0], st, &why);
}

/* ---- show, list ---- */

static const char *const state_words[] = {
    [PRINCIPAL_ACTIVE] = "active", [PRINCIPAL_DISABLED] = "disabled", [PRINCIPAL_DELETED] = "deleted"};
static const char *const address_words[] = {
    [ADDRESS_PRIMARY] = "primary", [ADDRESS_ALIAS] = "alias", [ADDRESS_RETIRED] = "retired"};

struct user_view {
    struct principal p;
    struct account account;
    struct principal_address *addresses;
    size_t address_count;
    struct credential *apps;
    size_t app_count;
};

static enum status read_view(struct command_call *c, struct arena *a, struct user_view *v)
{
    SCOPED_READ(tx, c->store);
    enum status st = tx ? account_get(tx, v->p.id, &v->account) : E_MEMORY;
    if (st == NOT_FOUND) /* added, and cut off before the account was made */
        st = OK;
    if (st == OK)
        st = principal_addresses(tx, a, v->p.id, &v->addresses, &v->address_count);
    if (st == OK)
        st = app_password_list(c->dir, tx, a, v->p.id, &v->apps, &v->app_count);
    return st;
}

static int show_json(struct command_call *c, const struct user_view *v)
{
    json_t *addresses = json_array();
    for (size_t i = 0; i < v->address_count; i++)
        json_array_append_new(addresses, json_pack("{s:o, s:s}", "address", json_str(v->addresses[i].address),
                                                   "kind", address_words[v->addresses[i].kind]));
    return say_json(c, json_pack("{s:o, s:o, s:s, s:o, s:o, s:I, s:I, s:I, s:i}", "address",
                                 json_str(v->p.address), "name", json_str(v->p.name), "state",
                                 state_words[v->p.state], "directory", json_str(v->p.source), "addresses",
                                 addresses, "quota", (json_int_t)v->account.quota, "used",
                                 (json_int_t)v->account.used_bytes, "items",
                                 (json_int_t)v->account.used_items, "app_passwords", (int)v->app_count));
}

static int cmd_show(struct command_call *c)
{
    char *words[WORDS_MAX];
    size_t count;
    struct user_view v = {.account = {.id = 0}};
    SCOPED_ARENA(a, COMMAND_ARENA);
    SCOPED_BUF(b, 1 << 20);
    if (!take_options(c, NULL, 0, words, &count) || count != 1)
        return wrong_usage(c, cmd_show);
    int code = find_user(c, &a, words[0], true, &v.p);
    if (code)
        return code;
    enum status st = read_view(c, &a, &v);
    if (st != OK)
        return fail_with(c, words[0], st, NULL);
    if (c->json)
        return show_json(c, &v);
    buf_addf(&b, "address: %.*s\nname: %.*s\nstate: %s\ndirectory: %.*s\n", STR_ARG(v.p.address),
             STR_ARG(v.p.name), state_words[v.p.state], STR_ARG(v.p.source));
    for (size_t i = 0; i < v.address_count; i++)
        if (v.addresses[i].kind != ADDRESS_PRIMARY)
            buf_addf(&b, "%s: %.*s\n", address_words[v.addresses[i].kind], STR_ARG(v.addresses[i].address));
    if (v.account.quota > 0)
        buf_addf(&b, "quota: %lld bytes\n", (long long)v.account.quota);
    else
        buf_addz(&b, "quota: unlimited\n");
    buf_addf(&b, "used: %lld bytes\nitems: %lld\napp passwords: %zu\n", (long long)v.account.used_bytes,
             (long long)v.account.used_items, v.app_count);
    say(c, buf_view(&b));
    return 0;
}

struct listing {
    struct command_call *c;
    json_t *array; /* NULL: text */
};

static enum status list_one(void *ctx, const struct principal *p)
{
    const struct listing *l = ctx;
    SCOPED_BUF(b, 4096);
    if (p->kind != PRINCIPAL_USER)
        return OK;
    if (l->array) {
        json_array_append_new(l->array, json_pack("{s:o, s:o, s:s, s:o}", "address", json_str(p->address),
                                                  "name", json_str(p->name), "state", state_words[p->state],
                                                  "directory", json_str(p->source)));
        return OK;
    }
    buf_addf(&b, "%.*s\t%s\t%.*s\n", STR_ARG(p->address), state_words[p->state], STR_ARG(p->name));
    say(l->c, buf_view(&b));
    return OK;
}

static int cmd_list(struct command_call *c)
{
    struct listing l = {.c = c, .array = c->json ? json_array() : NULL};
    if (c->argc != 1)
        return wrong_usage(c, cmd_list);
    SCOPED_READ(tx, c->store);
    enum status st = tx ? principal_each_kept(tx, list_one, &l) : E_MEMORY;
    if (st != OK) {
        json_decref(l.array);
        return fail_with(c, "users", st, NULL);
    }
    return l.array ? say_json(c, l.array) : 0;
}

/* ---- disable, enable, delete, rename ---- */

static int set_state(struct command_call *c, enum principal_state state, int (*self)(struct command_call *c))
{
    SCOPED_ARENA(a, COMMAND_ARENA);
    struct principal p;
    char *words[WORDS_MAX];
    size_t count;
    if (!take_options(c, NULL, 0, words, &count) || count != 1)
        return wrong_usage(c, self);
    int code = find_user(c, &a, words[0], state == PRINCIPAL_ACTIVE, &p);
    if (code)
        return code;
    enum status st = user_state(c->dir, p.id, state);
    if (st == GONE)
        return fail(c, "%s: the data is gone already: finish with `scambio user delete --purge %s`", words[0],
                    words[0]);
    return st == OK ? 0 : fail_with(c, words[0], st, NULL);
}

static int cmd_disable(struct command_call *c)
{
    return set_state(c, PRINCIPAL_DISABLED, cmd_disable);
}

static int cmd_enable(struct command_call *c)
{
    return set_state(c, PRINCIPAL_ACTIVE, cmd_enable);
}

static int cmd_delete(struct command_call *c)
{
    struct option_value o[] = {{.name = "--purge", .flag = true}};
    SCOPED_ARENA(a, COMMAND_ARENA);
    struct principal p;
    char *words[WORDS_MAX];
    size_t count;
    if (!take_options(c, o, COUNT_OF(o), words, &count) || count != 1)
        return wrong_usage(c, cmd_delete);
    int code = find_user(c, &a, words[0], o[0].value.p, &p);
    if (code)
        return code;
    enum status st = user_delete(c->dir, p.id, o[0].value.p);
    return st == OK ? 0 : fail_with(c, words[0], st, NULL);
}

static int cmd_rename(struct command_call *c)
{
    SCOPED_ARENA(a, COMMAND_ARENA);
    SCOPED_BUF(why, 4096);
    struct principal p;
    char *words[WORDS_MAX];
    size_t count;
    if (!take_options(c, NULL, 0, words, &count) || count != 2)
        return wrong_usage(c, cmd_rename);
    int code = find_user(c, &a, words[0], false, &p);
    if (code)
        return code;
    enum status st = user_rename(c->dir, p.id, str_c(words[1]), &why);
    return st == OK ? 0 : fail_with(c, words[0], st, &why);
}

/* ---- the table ---- */

const struct command user_commands[] = {
    {"user add", "ADDRESS [--name NAME] [--quota SIZE] [--password-stdin]", "adds a local user", 0, cmd_add},
    {"user passwd", "ADDRESS [--password-stdin]", "sets the password of a local user", 0, cmd_passwd},
    {"user set", "ADDRESS [--name NAME] [--quota SIZE]",
     "changes a user's display name or quota; 0: unlimited", 0, cmd_set},
    {"user show", "ADDRESS", "shows a user", 0, cmd_show},
    {"user list", "", "lists the users", 0, cmd_list},
    {"user disable", "ADDRESS", "lets a user log in no more", 0, cmd_disable},
    {"user enable", "ADDRESS", "lets a disabled or deleted user log in again", 0, cmd_enable},
    {"user delete", "ADDRESS [--purge]", "deletes a user; without --purge the data stays", 0, cmd_delete},
    {"user rename", "ADDRESS NEW", "gives a user another address; the old one still leads to him", 0,
     cmd_rename},
    {"user app-password add", "ADDRESS --label TEXT [--scope dav,mail,syncml] [--expires TIME]",
     "makes a password for one device", 0, cmd_app_add},
    {"user app-password list", "ADDRESS", "lists the app passwords of a user", 0, cmd_app_list},
    {"user app-password revoke", "ADDRESS ID", "revokes an app password", 0, cmd_app_revoke},
    {"alias add", "ADDRESS TARGET…",
     "another address of a user; with several targets or one elsewhere, a list", 0, cmd_alias_add},
    {"alias delete", "ADDRESS", "removes an alias or list", 0, cmd_alias_delete},
    {"alias list", "", "lists aliases and lists", 0, cmd_alias_list},
    {"group add", "ADDRESS [--name NAME]", "adds a group, to share with", 0, cmd_group_add},
    {"group delete", "ADDRESS", "deletes a group; its members stay", 0, cmd_group_delete},
    {"group list", "[ADDRESS]", "lists the groups, or the members of one", 0, cmd_group_list},
    {"group member add", "GROUP ADDRESS…", "adds members to a group", 0, cmd_group_member_add},
    {"group member remove", "GROUP ADDRESS…", "removes members from a group", 0, cmd_group_member_remove},
    {0},
};

int wrong_usage(struct command_call *c, int (*run)(struct command_call *c))
{
    const struct command *row = user_commands;
    while (row->run && row->run != run)
        row++;
    return usage(c, row);
}
