/* server/cmd_common.c: arguments, names, times and lists for the commands. */
#include "server/cmd_common.h"

#include <time.h>

/* ---- arguments ---- */
static bool is_valued(const char *name)
{
    return str_ends(str_c(name), STR("="));
}

static struct option_value *option_find(struct option_value *options, size_t count, struct str word)
{
    for (size_t i = 0; i < count; i++) {
        struct str name = str_c(options[i].name);
        if (str_eq(word, is_valued(options[i].name) ? str_slice(name, 0, name.n - 1) : name))
            return &options[i];
    }
    return NULL;
}

/* The option at argv[*i]; *i moves on when its value is the next word. */
static bool take_option(struct command_call *c, struct option_value *options, size_t count, int *i)
{
    struct str word = str_c(c->argv[*i]), value = STR_NONE;
    size_t eq = str_chr(word, '=', 0);
    if (eq != SIZE_MAX) {
        value = str_from(word, eq + 1);
        word = str_slice(word, 0, eq);
    }
    struct option_value *o = option_find(options, count, word);
    if (!o || (o->flag && value.p)) {
        fail(c, "%.*s: %s", STR_ARG(word), o ? "takes no value" : "no such option");
        return false;
    }
    if (!o->flag && !value.p && *i + 1 < c->argc)
        value = str_c(c->argv[++*i]);
    if (!o->flag && !value.p) {
        fail(c, "%.*s: needs a value", STR_ARG(word));
        return false;
    }
    o->value = o->flag ? STR("") : value;
    return true;
}

bool take_options(struct command_call *c, struct option_value *options, size_t option_count, char **words,
                  size_t *count)
{
    bool plain = false;
    *count = 0;
    for (int i = 1; i < c->argc; i++) {
        if (!plain && strcmp(c->argv[i], "--") == 0) {
            plain = true;
        } else if (!plain && strncmp(c->argv[i], "--", 2) == 0) {
            if (!take_option(c, options, option_count, &i))
                return false;
        } else if (*count < WORDS_MAX) {
            words[(*count)++] = c->argv[i];
        } else {
            fail(c, "more than %d arguments", WORDS_MAX);
            return false;
        }
    }
    return true;
}

bool cmd_args(struct command_call *c, const char *const *names, struct cmd_args *out)
{
    struct option_value options[CMD_OPTIONS];
    char *words[WORDS_MAX];
    size_t count = 0;
    *out = (struct cmd_args){0};
    while (count < CMD_OPTIONS && names[count]) {
        options[count] = (struct option_value){.name = names[count], .flag = !is_valued(names[count])};
        count++;
    }
    if (!take_options(c, options, count, words, &out->rest_count))
        return false;
    if (out->rest_count > CMD_REST) {
        fail(c, "more than %d arguments", CMD_REST);
        return false;
    }
    for (size_t i = 0; i < count; i++)
        out->option[i] = options[i].value;
    for (size_t i = 0; i < out->rest_count; i++)
        out->rest[i] = str_c(words[i]);
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
