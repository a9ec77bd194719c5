/* core/conf.c: reads the configuration with inih and judges every line of it by the table of keys.
 *
 * inih reports only the first bad line, cuts long ones and takes whatever follows a section's bracket. So it
 * is fed line by line by read_line(), which knows the line's number, refuses what inih would swallow, and
 * notices when a line that should have held a key did not reach the handler. inih is used nowhere else. */
#include "core/conf.h"

#include "core/conf_value.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

enum { CONF_ARENA = 4 << 20, SECTION_BYTES = 49 /* inih's own bound */, SUGGEST_BYTES = 32, ENTRIES = 4096 };

struct entry { /* a line of a section that is data; key STR_NONE: the section's own line */
    struct str section, name, key, value;
    int line;
};

struct conf {
    atomic_int refs;
    struct arena arena;
    struct conf_value values[CONF_KEY_COUNT];
    struct entry *entries;
    size_t entry_count, entry_cap;
};

/* Sections whose keys are data; all others are in conf_rows. */
static const struct data_section {
    const char *word;
    bool named;
} data_sections[] = {{"domains", false}, {"directory", true}, {"transport", false}};

struct reading {
    struct conf *conf;
    struct str rest;
    const char *file;
    struct buf *mistakes;
    size_t mistake_count;
    int line;
    bool pending; /* the line given to inih should come back as a key */
    enum { IN_NONE, IN_TABLE, IN_DATA, IN_UNKNOWN } in;
    struct str section, name; /* of the arena */
    enum status st;           /* a fault */
};

static void mistake(struct reading *r, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void mistake(struct reading *r, int line, const char *format, ...)
{
    va_list args;
    r->mistake_count++;
    buf_addf(r->mistakes, line ? "%s:%d: " : "%s: ", r->file, line);
    va_start(args, format);
    buf_addv(r->mistakes, format, args);
    va_end(args);
    buf_addc(r->mistakes, '\n');
}

/* ---- what was meant? ---- */

/* Edit distance of two short words, for "did you mean". */
static size_t distance(struct str a, struct str b)
{
    size_t row[SUGGEST_BYTES + 1];
    if (a.n > SUGGEST_BYTES || b.n > SUGGEST_BYTES)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t change = diagonal + (ascii_lower(a.p[i - 1]) != b.p[j - 1]);
            size_t insert = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < insert ? change : insert;
        }
    }
    return row[b.n];
}

static const char *nearest_key(struct str section, struct str key)
{
    const char *best = NULL;
    size_t best_distance = 4;
    for (size_t i = 0; i < CONF_KEY_COUNT; i++) {
        size_t d =
            str_eq(section, str_c(conf_rows[i].section)) ? distance(key, str_c(conf_rows[i].key)) : SIZE_MAX;
        if (d < best_distance) {
            best_distance = d;
            best = conf_rows[i].key;
        }
    }
    return best;
}

/* Where a key belongs that stands in the wrong section. */
static const char *section_of_key(struct str key)
{
    for (size_t i = 0; i < CONF_KEY_COUNT; i++)
        if (str_eq(key, str_c(conf_rows[i].key)))
            return conf_rows[i].section;
    return NULL;
}

static void unknown_key(struct reading *r, struct str key)
{
    const char *near = nearest_key(r->section, key);
    const char *elsewhere = section_of_key(key);
    if (near)
        mistake(r, r->line, "unknown key '%.*s' in [%.*s]: did you mean '%s'?", STR_ARG(key),
                STR_ARG(r->section), near);
    else if (elsewhere)
        mistake(r, r->line, "unknown key '%.*s' in [%.*s]: it belongs to [%s]", STR_ARG(key),
                STR_ARG(r->section), elsewhere);
    else
        mistake(r, r->line, "unknown key '%.*s' in [%.*s]: remove it, or see scambio.conf(5) for the keys",
                STR_ARG(key), STR_ARG(r->section));
}

static void unknown_section(struct reading *r, struct str name)
{
    const char *last = "";
    SCOPED_BUF(known, 4096);
    for (size_t i = 0; i < CONF_KEY_COUNT; i++) {
        if (strcmp(last, conf_rows[i].section) != 0)
            buf_addf(&known, "[%s] ", conf_rows[i].section);
        last = conf_rows[i].section;
    }
    mistake(r, r->line, "unknown section [%.*s]: there are %s[domains] [directory NAME]", STR_ARG(name),
            buf_c(&known));
}

/* ---- lines ---- */

static void add_entry(struct reading *r, struct str key, struct str value)
{
    struct conf *c = r->conf;
    if (c->entry_count == ENTRIES) {
        mistake(r, r->line, "more than %d lines in [domains] and [directory …]: shorten them", ENTRIES);
        r->in = IN_UNKNOWN;
        return;
    }
    struct entry *entries =
        arena_grow(&c->arena, c->entries, c->entry_count, &c->entry_cap, c->entry_count + 1, sizeof *entries);
    if (!entries) {
        r->st = c->arena.st;
        return;
    }
    c->entries = entries;
    entries[c->entry_count++] = (struct entry){
        .section = r->section,
        .name = r->name,
        .key = arena_str(&c->arena, key),
        .value = arena_str(&c->arena, value),
        .line = r->line,
    };
}

static bool known_section(struct str name)
{
    for (size_t i = 0; i < CONF_KEY_COUNT; i++)
        if (str_eq(name, str_c(conf_rows[i].section)))
            return true;
    return false;
}

/* `text` is what stands between the brackets. */
static void enter_section(struct reading *r, struct str text)
{
    size_t space = str_chr(text, ' ', 0);
    struct str word = str_slice(text, 0, space), name = str_trim(str_from(text, space));
    r->in = IN_UNKNOWN;
    r->section = arena_str(&r->conf->arena, word);
    r->name = arena_str(&r->conf->arena, name.p ? name : STR(""));
    if (known_section(text)) {
        r->in = IN_TABLE;
        return;
    }
    for (size_t i = 0; i < COUNT_OF(data_sections); i++) {
        const struct data_section *d = &data_sections[i];
        if (!str_eq(word, str_c(d->word)) || d->named != (name.n > 0))
            continue;
        if (d->named && conf_has_section(r->conf, d->word, name))
            mistake(r, r->line, "a second section [%.*s]: join the two", STR_ARG(text));
        r->in = IN_DATA;
        add_entry(r, STR_NONE, STR_NONE);
        return;
    }
    unknown_section(r, text);
}

/* "[section]" and perhaps a comment; false when the line is refused. */
static bool section_line(struct reading *r, struct str line)
{
    size_t end = str_chr(line, ']', 1);
    struct str behind = str_trim(str_from(line, end == SIZE_MAX ? line.n : end + 1));
    if (end == SIZE_MAX || end - 1 > SECTION_BYTES ||
        (behind.n && behind.p[0] != ';' && behind.p[0] != '#')) {
        mistake(r, r->line, "not a section: write [name] alone, of at most %d bytes", SECTION_BYTES);
        r->in = IN_UNKNOWN;
        return false;
    }
    enter_section(r, str_slice(line, 1, end - 1));
    return true;
}

static bool is_text(struct str line)
{
    for (size_t i = 0; i < line.n; i++)
        if (((unsigned char)line.p[i] < 0x20 && line.p[i] != '\t') || line.p[i] == 0x7f)
            return false;
    return str_utf8(line);
}

/* Whether inih may see the line. */
static bool judge_line(struct reading *r, struct str line)
{
    bool comment = line.n && (line.p[0] == ';' || line.p[0] == '#');
    if (!line.n || comment)
        return false;
    if (line.n > CONF_LINE - 3) {
        mistake(r, r->line, "a line of more than %d bytes: shorten it", CONF_LINE - 3);
        return false;
    }
    if (!is_text(line)) {
        mistake(r, r->line, "control characters, or text that is not UTF-8: save the file as UTF-8");
        return false;
    }
    if (line.p[0] == '[')
        return section_line(r, line);
    r->pending = true;
    return true;
}

/* inih's reader: one line a call, without indentation (inih would take an indented key as the rest of the
 * value before). */
static char *read_line(char *out, int size, void *stream)
{
    struct reading *r = stream;
    struct str line;
    if (r->pending)
        mistake(r, r->line,
                "neither [section] nor key = value: write one of them, or begin a comment with ';'");
    r->pending = false;
    if (r->st != OK || !str_split(&r->rest, '\n', &line))
        return NULL;
    if (r->line++ == 0 && str_starts(line, STR("\xef\xbb\xbf")))
        line = str_from(line, 3);
    line = str_trim(line);
    if (!judge_line(r, line) || line.n + 2 > (size_t)size)
        line = STR("");
    if (line.n)
        memcpy(out, line.p, line.n);
    out[line.n] = '\n';
    out[line.n + 1] = 0;
    return out;
}

static void table_key(struct reading *r, struct str key, struct str value)
{
    for (size_t i = 0; i < CONF_KEY_COUNT; i++) {
        const struct conf_row *row = &conf_rows[i];
        struct conf_value *slot = &r->conf->values[i];
        if (!str_eq(r->section, str_c(row->section)) || !str_eq(key, str_c(row->key)))
            continue;
        SCOPED_BUF(why, 4096);
        if (slot->line) {
            mistake(r, r->line, "[%s] %s is set a second time: line %d set it; keep one", row->section,
                    row->key, slot->line);
            return;
        }
        enum status st = conf_value_parse(row, &r->conf->arena, value, slot, &why);
        slot->line = r->line;
        if (st == INVALID)
            mistake(r, r->line, "[%s] %s: %s", row->section, row->key, buf_c(&why));
        else if (st != OK)
            r->st = st;
        return;
    }
    unknown_key(r, key);
}

static void data_key(struct reading *r, struct str key, struct str value)
{
    const struct conf *c = r->conf;
    for (size_t i = 0; i < c->entry_count; i++) {
        const struct entry *e = &c->entries[i];
        if (str_eq(e->section, r->section) && str_eq(e->name, r->name) && e->key.p && str_eq(e->key, key)) {
            mistake(r, r->line, "'%.*s' is set a second time: line %d set it; keep one", STR_ARG(key),
                    e->line);
            return;
        }
    }
    if (!key.n || !value.n)
        mistake(r, r->line, "an empty %s: write key = value", key.n ? "value" : "key");
    else
        add_entry(r, key, value);
}

static int handle(void *user, const char *section, const char *key, const char *value)
{
    (void)section; /* read_line has judged it */
    struct reading *r = user;
    r->pending = false;
    if (r->in == IN_TABLE)
        table_key(r, str_c(key), str_c(value));
    else if (r->in == IN_DATA)
        data_key(r, str_c(key), str_c(value));
    else if (r->in == IN_NONE)
        mistake(r, r->line, "'%s' stands before the first section: put it below its [section]", key);
    return 1;
}

/* ---- the whole ---- */

static enum status set_defaults(struct conf *c)
{
    for (size_t i = 0; i < CONF_KEY_COUNT; i++) {
        SCOPED_BUF(why, 1024);
        if (c->values[i].line || !conf_rows[i].fallback)
            continue;
        enum status st =
            conf_value_parse(&conf_rows[i], &c->arena, str_c(conf_rows[i].fallback), &c->values[i], &why);
        if (st != OK)
            return st < 0 ? st : E_INTERNAL; /* the table contradicts itself: a test forbids it */
    }
    return OK;
}

static void require(struct reading *r, enum conf_key key, const char *example)
{
    if (!conf_has(r->conf, key) && !r->conf->values[key].line)
        mistake(r, 0, "[%s] %s is missing: write %s", conf_rows[key].section, conf_rows[key].key, example);
}

static void check_pair(struct reading *r, enum conf_key one, enum conf_key other)
{
    if (conf_has(r->conf, one) && !conf_has(r->conf, other) && !r->conf->values[other].line)
        mistake(r, r->conf->values[one].line, "[%s] %s needs %s too: add it, or remove both",
                conf_rows[one].section, conf_rows[one].key, conf_rows[other].key);
}

static void check_fits(struct reading *r, enum conf_key inner, enum conf_key outer)
{
    const struct conf_value *small = &r->conf->values[inner], *large = &r->conf->values[outer];
    if (small->set && large->set && small->number > large->number)
        mistake(r, small->line ? small->line : large->line, "[%s] %s is larger than %s: raise %s too",
                conf_rows[inner].section, conf_rows[inner].key, conf_rows[outer].key, conf_rows[outer].key);
}

static void check_directories(struct reading *r)
{
    const struct conf_value *v = &r->conf->values[CONF_AUTH_DIRECTORIES];
    for (size_t i = 0; i < v->count; i++) {
        if (!str_eq(v->list[i], STR("local")) && !conf_has_section(r->conf, "directory", v->list[i]))
            mistake(r, v->line, "[auth] directories names '%.*s': add a section [directory %.*s]",
                    STR_ARG(v->list[i]), STR_ARG(v->list[i]));
        for (size_t k = 0; k < i; k++)
            if (str_eq(v->list[i], v->list[k]))
                mistake(r, v->line, "[auth] directories names '%.*s' twice: keep one", STR_ARG(v->list[i]));
    }
}

static void check_domains(struct reading *r)
{
    for (size_t i = 0; i < r->conf->entry_count; i++) {
        const struct entry *e = &r->conf->entries[i];
        if (str_eq(e->section, STR("domains")) && e->key.p && !str_casestarts(e->value, STR("alias of ")))
            mistake(r, e->line, "[domains] %.*s: write '%.*s = alias of DOMAIN'", STR_ARG(e->key),
                    STR_ARG(e->key));
    }
}

static void check_whole(struct reading *r)
{
    require(r, CONF_SERVER_HOSTNAME, "hostname = mail.example.com below [server]");
    require(r, CONF_SERVER_DATA, "data = /var/lib/scambio below [server]");
    check_pair(r, CONF_TLS_CERTIFICATE, CONF_TLS_KEY);
    check_pair(r, CONF_TLS_KEY, CONF_TLS_CERTIFICATE);
    check_fits(r, CONF_LIMITS_RESOURCE_SIZE, CONF_LIMITS_HTTP_BODY);
    check_fits(r, CONF_LIMITS_XML_SIZE, CONF_LIMITS_HTTP_BODY);
    check_directories(r);
    check_domains(r);
}

/* Debian's inih takes its line length from a variable; ours is the only user in the process. */
static void set_line_length(void)
{
    ini_max_line = CONF_LINE;
}

enum status conf_parse(struct str text, const char *name, struct conf **out, struct buf *mistakes)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_line_length);
    struct conf *c = calloc(1, sizeof *c);
    if (!c)
        return E_MEMORY;
    atomic_init(&c->refs, 1);
    c->arena = ARENA_INIT(CONF_ARENA);
    struct reading r = {.conf = c, .rest = text.p ? text : STR(""), .file = name, .mistakes = mistakes};
    if (ini_parse_stream(read_line, &r, handle, &r) < 0)
        r.st = E_MEMORY;
    if (r.st == OK)
        r.st = set_defaults(c);
    if (r.st == OK) {
        check_whole(&r);
        r.st = r.mistake_count ? INVALID : OK;
    }
    if (r.st == OK)
        *out = c;
    else
        conf_unref(c);
    return r.st;
}

enum status conf_load(const char *path, struct conf **out, struct buf *mistakes)
{
    SCOPED(scoped_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? NOT_FOUND : E_IO;
    SCOPED_BUF(text, CONF_FILE);
    for (;;) {
        enum { STEP = 16 * 1024 };
        char *room = buf_reserve(&text, STEP);
        ssize_t n = room ? read(fd, room, STEP) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return E_IO;
        if (n == 0)
            break;
        buf_commit(&text, (size_t)n);
    }
    if (text.st == TOO_LARGE) {
        buf_addf(mistakes, "%s: more than %d bytes: this is not a configuration\n", path, CONF_FILE);
        return INVALID;
    }
    return text.st != OK ? text.st : conf_parse(buf_view(&text), path, out, mistakes);
}

struct conf *conf_ref(struct conf *c)
{
    atomic_fetch_add(&c->refs, 1);
    return c;
}

void conf_unref(struct conf *c)
{
    if (c && atomic_fetch_sub(&c->refs, 1) == 1) {
        arena_free(&c->arena);
        free(c);
    }
}

bool conf_has(const struct conf *c, enum conf_key key)
{
    return c->values[key].set;
}

int64_t conf_int(const struct conf *c, enum conf_key key)
{
    return c->values[key].number;
}

struct str conf_str(const struct conf *c, enum conf_key key)
{
    return c->values[key].text;
}

const struct str *conf_list(const struct conf *c, enum conf_key key, size_t *count)
{
    *count = c->values[key].count;
    return c->values[key].list;
}

bool conf_has_section(const struct conf *c, const char *section, struct str name)
{
    for (size_t i = 0; i < c->entry_count; i++) {
        const struct entry *e = &c->entries[i];
        if (!e->key.p && str_eq(e->section, str_c(section)) && str_eq(e->name, name))
            return true;
    }
    return false;
}

void conf_each(const struct conf *c, const char *section, conf_each_fn fn, void *ctx)
{
    for (size_t i = 0; i < c->entry_count; i++) {
        const struct entry *e = &c->entries[i];
        if (e->key.p && str_eq(e->section, str_c(section)))
            fn(ctx, e->name, e->key, e->value);
    }
}
