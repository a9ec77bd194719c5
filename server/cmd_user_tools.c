/* server/cmd_user_tools.c: options, names, and output of the commands about users. */
#include "server/cmd_user.h"

#include <jansson.h>
#include <time.h>

bool take_options(struct command_call *c, struct option_value *options, size_t option_count, char **words,
                  size_t *count)
{
    *count = 0;
    for (int i = 1; i < c->argc; i++) {
        struct str word = str_c(c->argv[i]), inline_value = STR_NONE;
        if (!str_starts(word, STR("--"))) {
            if (*count < WORDS_MAX)
                words[(*count)++] = c->argv[i];
            continue;
        }
        size_t eq = str_chr(word, '=', 0);
        if (eq != SIZE_MAX) {
            inline_value = str_from(word, eq + 1);
            word = str_slice(word, 0, eq);
        }
        struct option_value *o = NULL;
        for (size_t k = 0; k < option_count; k++)
            if (str_eq(word, str_c(options[k].name)))
                o = &options[k];
        bool next = o && !o->flag && !inline_value.p && i + 1 < c->argc;
        if (!o || (o->flag && inline_value.p) || (!o->flag && !inline_value.p && !next)) {
            fail(c, "%.*s: %s", STR_ARG(word), o ? "this option is written otherwise" : "no such option");
            return false;
        }
        o->value = o->flag ? STR("") : next ? str_c(c->argv[++i]) : inline_value;
    }
    return true;
}

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
    time_t at = (time_t)seconds;
    struct tm tm;
    char text[32];
    if (!seconds || !gmtime_r(&at, &tm)) {
        buf_addz(b, never);
        return;
    }
    buf_add(b, str_n(text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm)));
}
