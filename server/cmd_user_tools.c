/* server/cmd_user_tools.c: options, names, and output of the commands about users. */
#include "server/cmd_user.h"

#include <jansson.h>

int find_principal(struct command_call *c, struct arena *a, const char *address, bool deleted,
                   struct principal *out)
{
    SCOPED_READ(tx, c->store);
    enum status st = tx ? directory_find_any(c->dir, tx, a, str_c(address), out, NULL) : E_MEMORY;
    if (st == OK && out->state == PRINCIPAL_DELETED && (!deleted || !out->address.p))
        st = NOT_FOUND;
    if (st == NOT_FOUND)
        return fail(c, "%s: nobody has this address; `scambio user list` and `scambio alias list` show all",
                    address);
    if (st == INVALID)
        return fail(c, "%s: this is not an address: write NAME@DOMAIN", address);
    return st == OK ? 0 : fail(c, "%s: %s", address, status_text(st));
}

int find_user(struct command_call *c, struct arena *a, const char *address, bool deleted,
              struct principal *out)
{
    int code = find_principal(c, a, address, deleted, out);
    if (!code && out->kind != PRINCIPAL_USER)
        return fail(c, "%s: this is not a user", address);
    return code;
}

int fail_with(struct command_call *c, const char *what, enum status st, const struct buf *why)
{
    if (st == UNSUPPORTED)
        return fail(c, "%s: it belongs to another directory: change it there", what);
    if (why && why->n)
        return fail(c, "%s: %.*s", what, STR_ARG(buf_view(why)));
    return fail(c, "%s: %s", what, status_text(st));
}

int say_json(struct command_call *c, json_t *j)
{
    char *text = json_dumps(j, JSON_INDENT(2) | JSON_SORT_KEYS);
    json_decref(j);
    if (!text)
        return fail(c, "json: %s", status_text(E_MEMORY));
    say(c, str_c(text));
    say(c, STR("\n"));
    free(text);
    return 0;
}

json_t *json_str(struct str s)
{
    return s.p ? json_stringn(s.p, s.n) : json_null();
}

void say_time(struct buf *b, int64_t seconds, const char *never)
{
    if (seconds)
        cmd_time_write(b, seconds);
    else
        buf_addz(b, never);
}
