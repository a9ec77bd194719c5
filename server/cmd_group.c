/* server/cmd_group.c: scambio alias … and scambio group …: other addresses, lists, and groups to share with. */
#include "server/cmd_user.h"

#include <jansson.h>

enum { COMMAND_ARENA = 64 << 20 };

static int find_group(struct command_call *c, struct arena *a, const char *address, struct principal *out)
{
    int code = find_principal(c, a, address, false, out);
    if (!code && out->kind != PRINCIPAL_GROUP)
        return fail(c, "%s: this is not a group", address);
    return code;
}

/* ---- members ---- */

/* Is it an address of another server's domain that nobody here has? */
static bool is_outside(struct command_call *c, struct arena *a, const char *word)
{
    const char *at = strrchr(word, '@');
    struct principal p;
    struct str domain;
    SCOPED_READ(tx, c->store);
    return tx && at && domain_normalise(a, str_c(at + 1), &domain) == OK &&
           !domain_is_own(directory_domains(c->dir), domain) &&
           directory_find(c->dir, tx, a, str_c(word), &p) == NOT_FOUND;
}

static int set_outside(struct command_call *c, const struct principal *group, const char *word, bool in)
{
    SCOPED_BUF(why, 4096);
    enum status st = group_set_outside(c->dir, group->id, str_c(word), in, &why);
    return st == OK ? 0 : fail_with(c, word, st, &why);
}

/* Somebody of here, or elsewhere (id 0). */
static int find_target(struct command_call *c, struct arena *a, const char *word, struct principal *out)
{
    *out = (struct principal){.id = 0};
    return is_outside(c, a, word) ? 0 : find_principal(c, a, word, false, out);
}

static int set_members(struct command_call *c, const struct principal *group, char **words, size_t count,
                       bool in)
{
    for (size_t i = 0; i < count; i++) {
        SCOPED_ARENA(a, COMMAND_ARENA);
        struct principal member;
        int code = find_target(c, &a, words[i], &member);
        if (!code && !member.id)
            code = set_outside(c, group, words[i], in);
        if (code)
            return code;
        if (!member.id)
            continue;
        enum status st = group_set_member(c->dir, group->id, member.id, in);
        if (st == INVALID)
            return fail(c, "%s: it cannot be a member of this group", words[i]);
        if (st != OK)
            return fail_with(c, words[i], st, NULL);
    }
    return 0;
}

static int change_members(struct command_call *c, bool in, int (*self)(struct command_call *c))
{
    char *words[WORDS_MAX];
    size_t count;
    struct principal group;
    SCOPED_ARENA(a, COMMAND_ARENA);
    if (!take_options(c, NULL, 0, words, &count) || count < 2)
        return wrong_usage(c, self);
    int code = find_group(c, &a, words[0], &group);
    return code ? code : set_members(c, &group, words + 1, count - 1, in);
}

int cmd_group_member_add(struct command_call *c)
{
    return change_members(c, true, cmd_group_member_add);
}

int cmd_group_member_remove(struct command_call *c)
{
    return change_members(c, false, cmd_group_member_remove);
}

/* ---- groups ---- */

int cmd_group_add(struct command_call *c)
{
    struct option_value o[] = {{.name = "--name"}};
    char *words[WORDS_MAX];
    size_t count;
    int64_t id;
    SCOPED_BUF(why, 4096);
    if (!take_options(c, o, COUNT_OF(o), words, &count) || count != 1)
        return wrong_usage(c, cmd_group_add);
    struct str address = str_c(words[0]);
    struct str name = o[0].value.p ? o[0].value : str_slice(address, 0, str_chr(address, '@', 0));
    enum status st = group_add(c->dir, address, name, &id, &why);
    return st == OK ? 0 : fail_with(c, words[0], st, &why);
}

int cmd_group_delete(struct command_call *c)
{
    char *words[WORDS_MAX];
    size_t count;
    struct principal group;
    SCOPED_ARENA(a, COMMAND_ARENA);
    if (!take_options(c, NULL, 0, words, &count) || count != 1)
        return wrong_usage(c, cmd_group_delete);
    int code = find_group(c, &a, words[0], &group);
    if (code)
        return code;
    enum status st = group_delete(c->dir, group.id);
    return st == OK ? 0 : fail_with(c, words[0], st, NULL);
}

/* ---- lists ---- */

struct listing {
    struct command_call *c;
    struct tx *tx;
    json_t *array; /* NULL: text */
    int64_t only;  /* a group, 0: all */
    bool aliases;  /* aliases as well as groups */
};

static void list_line(struct listing *l, struct str address, const char *kind, struct str targets)
{
    SCOPED_BUF(b, 1 << 20);
    if (l->array) {
        json_t *array = json_array();
        struct str rest = targets, one;
        while (targets.n && str_split(&rest, ' ', &one))
            json_array_append_new(array, json_str(one));
        json_array_append_new(l->array, json_pack("{s:o, s:s, s:o}", "address", json_str(address), "kind",
                                                  kind, l->aliases ? "targets" : "members", array));
        return;
    }
    buf_addf(&b, "%.*s\t%s\t%.*s\n", STR_ARG(address), kind, STR_ARG(targets));
    say(l->c, buf_view(&b));
}

static enum status list_members(struct listing *l, struct arena *a, const struct principal *group)
{
    int64_t *members;
    size_t count;
    SCOPED_BUF(targets, 1 << 20);
    enum status st = member_list(l->tx, a, group->id, &members, &count);
    for (size_t i = 0; st == OK && i < count; i++) {
        struct principal m;
        st = principal_get(l->tx, a, members[i], &m);
        if (st == OK && m.state != PRINCIPAL_DELETED)
            buf_addf(&targets, "%s%.*s", targets.n ? " " : "", STR_ARG(m.address));
        if (st == NOT_FOUND)
            st = OK;
    }
    struct str *outside;
    if (st == OK)
        st = outside_members(l->tx, a, group->id, &outside, &count);
    for (size_t i = 0; st == OK && i < count; i++)
        buf_addf(&targets, "%s%.*s", targets.n ? " " : "", STR_ARG(outside[i]));
    if (st == OK)
        list_line(l, group->address, "group", buf_view(&targets));
    return st;
}

static enum status list_aliases(struct listing *l, struct arena *a, const struct principal *p)
{
    struct principal_address *addresses;
    size_t count;
    enum status st = principal_addresses(l->tx, a, p->id, &addresses, &count);
    for (size_t i = 0; st == OK && i < count; i++)
        if (addresses[i].kind == ADDRESS_ALIAS)
            list_line(l, addresses[i].address, "alias", p->address);
    return st;
}

static enum status list_one(void *ctx, const struct principal *p)
{
    struct listing *l = ctx;
    SCOPED_ARENA(a, COMMAND_ARENA);
    enum status st = l->aliases ? list_aliases(l, &a, p) : OK;
    if (st == OK && p->kind == PRINCIPAL_GROUP && (!l->only || l->only == p->id))
        st = list_members(l, &a, p);
    return st;
}

static int list(struct command_call *c, int64_t only, bool aliases)
{
    SCOPED_READ(tx, c->store);
    struct listing l = {
        .c = c, .tx = tx, .only = only, .aliases = aliases, .array = c->json ? json_array() : NULL};
    enum status st = tx ? principal_each(tx, list_one, &l) : E_MEMORY;
    if (st != OK) {
        json_decref(l.array);
        return fail_with(c, "list", st, NULL);
    }
    return l.array ? say_json(c, l.array) : 0;
}

int cmd_group_list(struct command_call *c)
{
    struct principal group = {.id = 0};
    SCOPED_ARENA(a, COMMAND_ARENA);
    if (c->argc > 2)
        return wrong_usage(c, cmd_group_list);
    int code = c->argc == 2 ? find_group(c, &a, c->argv[1], &group) : 0;
    return code ? code : list(c, group.id, false);
}

int cmd_alias_list(struct command_call *c)
{
    return c->argc == 1 ? list(c, 0, true) : wrong_usage(c, cmd_alias_list);
}

/* ---- aliases ---- */

/* A list of several, or of somebody elsewhere, is a group: it can be shared with, too. */
static int add_list(struct command_call *c, char **words, size_t count)
{
    SCOPED_BUF(why, 4096);
    SCOPED_ARENA(a, COMMAND_ARENA);
    struct principal group, target;
    struct str address = str_c(words[0]);
    for (size_t i = 1; i < count; i++) { /* nothing is made when one is wrong */
        int code = find_target(c, &a, words[i], &target);
        if (code)
            return code;
    }
    group = (struct principal){.kind = PRINCIPAL_GROUP};
    enum status st =
        group_add(c->dir, address, str_slice(address, 0, str_chr(address, '@', 0)), &group.id, &why);
    return st == OK ? set_members(c, &group, words + 1, count - 1, true) : fail_with(c, words[0], st, &why);
}

int cmd_alias_add(struct command_call *c)
{
    char *words[WORDS_MAX];
    size_t count;
    struct principal target;
    SCOPED_ARENA(a, COMMAND_ARENA);
    SCOPED_BUF(why, 4096);
    if (!take_options(c, NULL, 0, words, &count) || count < 2)
        return wrong_usage(c, cmd_alias_add);
    int code = find_target(c, &a, words[1], &target);
    if (code)
        return code;
    if (count > 2 || !target.id)
        return add_list(c, words, count);
    enum status st = alias_add(c->dir, str_c(words[0]), target.id, &why);
    return st == OK ? 0 : fail_with(c, words[0], st, &why);
}

int cmd_alias_delete(struct command_call *c)
{
    char *words[WORDS_MAX];
    size_t count;
    struct principal p;
    SCOPED_ARENA(a, COMMAND_ARENA);
    if (!take_options(c, NULL, 0, words, &count) || count != 1)
        return wrong_usage(c, cmd_alias_delete);
    int code = find_principal(c, &a, words[0], false, &p);
    if (code)
        return code;
    enum status st = alias_delete(c->dir, str_c(words[0]));
    if (st == PROTECTED && p.kind == PRINCIPAL_GROUP)
        st = group_delete(c->dir, p.id);
    if (st == PROTECTED)
        return fail(c, "%s: this is a user's own address: see `user rename` and `user delete`", words[0]);
    return st == OK ? 0 : fail_with(c, words[0], st, NULL);
}
