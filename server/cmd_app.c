/* server/cmd_app.c: scambio user app-password …: passwords for one device. */
#include "core/clock.h"
#include "core/conf_value.h"
#include "core/hash.h"
#include "server/cmd_user.h"

#include <jansson.h>
#include <time.h>

enum { COMMAND_ARENA = 64 << 20 };

static const struct {
    const char *word;
    enum scope scope;
} scopes[] = {{"dav", SCOPE_DAV}, {"mail", SCOPE_MAIL}, {"syncml", SCOPE_SYNCML}};

static bool parse_scope(struct str text, unsigned *out)
{
    struct str rest = text, word;
    *out = text.p ? 0 : SCOPE_ALL;
    while (str_split(&rest, ',', &word)) {
        unsigned found = 0;
        for (size_t i = 0; i < COUNT_OF(scopes); i++)
            if (str_eq(str_trim(word), str_c(scopes[i].word)))
                found = scopes[i].scope;
        if (!found)
            return false;
        *out |= found;
    }
    return true;
}

static void write_scope(struct buf *b, unsigned scope)
{
    const char *comma = "";
    for (size_t i = 0; i < COUNT_OF(scopes); i++) {
        if (!(scope & scopes[i].scope))
            continue;
        buf_addf(b, "%s%s", comma, scopes[i].word);
        comma = ",";
    }
}

/* "90d" from now, or a day "2027-01-31" (its end, UTC). */
static bool parse_expires(struct str text, int64_t *out)
{
    static const struct conf_row row = {.type = CONF_TIME, .min = 1, .max = 100LL * 366 * 86400};
    struct conf_value v;
    struct tm tm = {.tm_hour = 23, .tm_min = 59, .tm_sec = 59};
    SCOPED_ARENA(a, 4096);
    SCOPED_BUF(why, 1024);
    *out = 0;
    if (!text.p)
        return true;
    if (conf_value_parse(&row, &a, text, &v, &why) == OK) {
        *out = clock_now() + v.number;
        return true;
    }
    struct str copy = arena_str(&a, text);
    const char *end = copy.p ? strptime(copy.p, "%Y-%m-%d", &tm) : NULL;
    if (!end || *end)
        return false;
    *out = (int64_t)timegm(&tm);
    return *out > clock_now();
}

int cmd_app_add(struct command_call *c)
{
    struct option_value o[] = {{.name = "--label"}, {.name = "--scope"}, {.name = "--expires"}};
    char *words[WORDS_MAX];
    size_t count;
    unsigned scope;
    int64_t expires;
    struct principal p;
    SCOPED_ARENA(a, COMMAND_ARENA);
    SCOPED_BUF(password, 256);
    if (!take_options(c, o, COUNT_OF(o), words, &count) || count != 1 || !o[0].value.p)
        return wrong_usage(c, cmd_app_add);
    if (!parse_scope(o[1].value, &scope))
        return fail(c, "--scope: write dav, mail or syncml, several with commas");
    if (!parse_expires(o[2].value, &expires))
        return fail(c, "--expires: write a time from now like 90d, or a coming day like 2027-01-31");
    int code = find_user(c, &a, words[0], false, &p);
    if (code)
        return code;
    enum status st = app_password_add(c->dir, p.id, o[0].value, scope, expires, &password);
    if (st == INVALID)
        return fail(c, "--label: write 1 to 255 bytes of text");
    if (st == TOO_MANY)
        return fail(c, "%s: there are 100 app passwords already: revoke those that are not used", words[0]);
    if (st != OK)
        return fail_with(c, words[0], st, NULL);
    buf_addc(&password, '\n');
    say(c, buf_view(&password));
    hash_wipe(password.p, password.n);
    return 0;
}

static void list_text(struct command_call *c, const struct credential *row)
{
    SCOPED_BUF(b, 4096);
    buf_addf(&b, "%lld\t", (long long)row->id);
    write_scope(&b, (unsigned)row->scope);
    buf_addz(&b, "\tcreated ");
    say_time(&b, row->created, "-");
    buf_addz(&b, "\texpires ");
    say_time(&b, row->expires, "never");
    buf_addz(&b, "\tused ");
    say_time(&b, row->used, "never");
    buf_addf(&b, "\t%.*s\n", STR_ARG(row->label));
    say(c, buf_view(&b));
}

static json_t *time_json(int64_t seconds)
{
    SCOPED_BUF(b, 64);
    say_time(&b, seconds, "");
    return b.n ? json_str(buf_view(&b)) : json_null();
}

static json_t *list_json(const struct credential *row)
{
    SCOPED_BUF(scope, 64);
    write_scope(&scope, (unsigned)row->scope);
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "id", (json_int_t)row->id, "label",
                     json_str(row->label), "scope", json_str(buf_view(&scope)), "created",
                     time_json(row->created), "expires", time_json(row->expires), "used",
                     time_json(row->used));
}

int cmd_app_list(struct command_call *c)
{
    char *words[WORDS_MAX];
    size_t count, rows = 0;
    struct credential *list = NULL;
    struct principal p;
    SCOPED_ARENA(a, COMMAND_ARENA);
    if (!take_options(c, NULL, 0, words, &count) || count != 1)
        return wrong_usage(c, cmd_app_list);
    int code = find_user(c, &a, words[0], false, &p);
    if (code)
        return code;
    SCOPED_READ(tx, c->store);
    enum status st = tx ? app_password_list(c->dir, tx, &a, p.id, &list, &rows) : E_MEMORY;
    if (st != OK)
        return fail_with(c, words[0], st, NULL);
    json_t *array = c->json ? json_array() : NULL;
    for (size_t i = 0; i < rows; i++) {
        if (array)
            json_array_append_new(array, list_json(&list[i]));
        else
            list_text(c, &list[i]);
    }
    return array ? say_json(c, array) : 0;
}

int cmd_app_revoke(struct command_call *c)
{
    char *words[WORDS_MAX];
    size_t count;
    int64_t id;
    struct principal p;
    SCOPED_ARENA(a, COMMAND_ARENA);
    if (!take_options(c, NULL, 0, words, &count) || count != 2 || !str_i64(str_c(words[1]), &id))
        return wrong_usage(c, cmd_app_revoke);
    int code = find_user(c, &a, words[0], false, &p);
    if (code)
        return code;
    enum status st = app_password_revoke(c->dir, p.id, id);
    if (st == NOT_FOUND)
        return fail(c, "%s: %s has no app password of this number", words[1], words[0]);
    return st == OK ? 0 : fail_with(c, words[0], st, NULL);
}
