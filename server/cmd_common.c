/* server/cmd_common.c: arguments, names, times and lists for the commands. */
#include "server/cmd_common.h"

#include <time.h>

/* ---- arguments ---- */
/* Does `arg` name the option? *value is what stands behind '=', STR_NONE without. */
static bool option_is(const char *name, const char *arg, struct str *value)
{
    size_t n = strlen(name);
    bool valued = name[n - 1] == '=';
    *value = STR_NONE;
    if (!valued)
        return strcmp(name, arg) == 0;
    if (strncmp(name, arg, n) == 0) {
        *value = str_c(arg + n);
        return true;
    }
    return strncmp(name, arg, n - 1) == 0 && arg[n - 1] == 0;
}

static bool take_option(struct command_call *c, const char *const *names, struct cmd_args *out, int *i)
{
    for (int k = 0; k < CMD_OPTIONS && names[k]; k++) {
        struct str value;
        if (!option_is(names[k], c->argv[*i], &value))
            continue;
        bool valued = names[k][strlen(names[k]) - 1] == '=';
        if (valued && !value.p) {
            if (*i + 1 >= c->argc) {
                fail(c, "%s: needs a value", c->argv[*i]);
                return false;
            }
            value = str_c(c->argv[++*i]);
        }
        out->option[k] = valued ? value : STR("");
        return true;
    }
    fail(c, "%s: no such option", c->argv[*i]);
    return false;
}

bool cmd_args(struct command_call *c, const char *const *names, struct cmd_args *out)
{
    bool options = true;
    *out = (struct cmd_args){0};
    for (int i = 1; i < c->argc; i++) {
        const char *arg = c->argv[i];
        if (options && strcmp(arg, "--") == 0) {
            options = false;
        } else if (options && arg[0] == '-' && arg[1] == '-') {
            if (!take_option(c, names, out, &i))
                return false;
        } else if (out->rest_count < CMD_REST) {
            out->rest[out->rest_count++] = str_c(arg);
        } else {
            fail(c, "more than %d arguments", CMD_REST);
            return false;
        }
    }
    return true;
}

const struct command *cmd_row(const struct command *table, const char *words)
{
    while (table->words && strcmp(table->words, words) != 0)
        table++;
    return table;
}

/* ---- names ---- */
bool cmd_user(struct command_call *c, struct tx *tx, struct arena *a, struct str address,
              struct principal *out)
{
    enum status st = directory_find(c->dir, tx, a, address, out);
    if (st == OK && out->state != PRINCIPAL_DELETED)
        return true;
    if (st < 0)
        fail(c, "%.*s: %s", STR_ARG(address), status_text(st));
    else
        fail(c, "%.*s: no such user; `scambio user list` shows all", STR_ARG(address));
    return false;
}

bool cmd_collection(struct command_call *c, struct tx *tx, struct arena *a, struct str path,
                    struct principal *owner, struct collection *out)
{
    size_t slash = str_chr(path, '/', 0);
    if (slash == SIZE_MAX || slash + 1 >= path.n) {
        fail(c, "%.*s: a collection is written as ADDRESS/calendar", STR_ARG(path));
        return false;
    }
    if (!cmd_user(c, tx, a, str_slice(path, 0, slash), owner))
        return false;
    enum status st = collection_find(tx, a, &actor_system, owner->id, 0, str_from(path, slash + 1), out);
    if (st != OK)
        fail(c, "%.*s: %s; `scambio collection list --user %.*s` shows all", STR_ARG(path), status_text(st),
             STR_ARG(owner->address));
    return st == OK;
}

const char *cmd_kind(const struct collection *c)
{
    if (c->kind == KIND_ADDRESSBOOK)
        return "addressbook";
    return c->comps & ICAL_VEVENT ? "calendar" : c->comps & ICAL_VTODO ? "tasks" : "notes";
}

/* ---- times ---- */
static bool span_seconds(struct str text, int64_t *out)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    uint64_t n;
    if (text.n < 2 || !str_u64(str_slice(text, 0, text.n - 1), &n) || n > 100000000)
        return false;
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (text.p[text.n - 1] == units[i].unit) {
            *out = (int64_t)n * units[i].seconds;
            return true;
        }
    return false;
}

bool cmd_time(struct str text, int64_t now, int64_t *out)
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M",
                                        "%Y-%m-%d"};
    char copy[40];
    int64_t span;
    if (span_seconds(text, &span)) {
        *out = now - span;
        return true;
    }
    if (text.n >= sizeof copy)
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct tm tm = {0};
        const char *end = strptime(copy, forms[i], &tm);
        if (end && *end == 0) {
            *out = timegm(&tm);
            return true;
        }
    }
    return false;
}

void cmd_time_write(struct buf *b, int64_t seconds)
{
    struct tm tm;
    char text[32];
    time_t t = (time_t)seconds;
    gmtime_r(&t, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    buf_addz(b, text);
}

/* ---- lists ---- */
static void json_string(struct buf *b, struct str s)
{
    buf_addc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char ch = (unsigned char)s.p[i];
        if (ch == '"' || ch == '\\')
            buf_addf(b, "\\%c", ch);
        else if (ch < 0x20)
            buf_addf(b, "\\u%04x", ch);
        else
            buf_addc(b, (char)ch);
    }
    buf_addc(b, '"');
}

/* Text columns: what would break the table or a terminal becomes a blank. */
static void text_cell(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_addc(b, (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f ? ' ' : s.p[i]);
}

void cmd_list_begin(struct cmd_list *l, struct command_call *c, const char *const *columns)
{
    *l = (struct cmd_list){.call = c, .columns = columns, .out = BUF_INIT(256 << 20)};
    if (c->json)
        buf_addc(&l->out, '[');
}

void cmd_list_row(struct cmd_list *l, const struct str *values)
{
    if (l->call->json)
        buf_addz(&l->out, l->rows ? ",\n{" : "\n{");
    for (size_t i = 0; l->columns[i]; i++) {
        if (l->call->json) {
            buf_addf(&l->out, "%s\"%s\":", i ? "," : "", l->columns[i]);
            json_string(&l->out, str_utf8(values[i]) ? values[i] : STR("?"));
        } else {
            if (i > 0)
                buf_addc(&l->out, '\t');
            text_cell(&l->out, values[i]);
        }
    }
    buf_addc(&l->out, l->call->json ? '}' : '\n');
    l->rows++;
}

int cmd_list_end(struct cmd_list *l)
{
    if (l->call->json)
        buf_addz(&l->out, "]\n");
    int code = l->out.st == OK ? 0 : fail(l->call, "%s", status_text(l->out.st));
    if (code == 0)
        say(l->call, buf_view(&l->out));
    buf_free(&l->out);
    return code;
}
