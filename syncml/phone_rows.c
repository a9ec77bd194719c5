/* syncml/phone_rows.c: the files of profiles: sections of "key = value", read strictly, since a key that is misspelled would leave a
 * device with half its data. */
#include "syncml/phone_int.h"

#include "schemas/embed.h"

enum { MOST_ROWS = 2000, MOST_NUMBER = 100000 };

static const struct {
    const char *name, *text;
} own_files[] = {
    {"clients/phones/nokia.ini", schema_phones_nokia},
    {"clients/phones/ericsson.ini", schema_phones_ericsson},
    {"clients/phones/motorola.ini", schema_phones_motorola},
    {"clients/phones/siemens.ini", schema_phones_siemens},
    {"clients/phones/funambol.ini", schema_phones_funambol},
    {"clients/phones/synthesis.ini", schema_phones_synthesis},
    {"clients/phones/other.ini", schema_phones_other},
};

struct reading {
    struct phones *phones;
    const char *name;
    size_t line;
    struct phone_row *row; /* the section in hand */
    struct buf *mistakes;
    bool fresh; /* nothing was said in the section yet */
};

static void mistake(struct reading *r, const char *what, struct str text)
{
    buf_addf(r->mistakes, "%s:%zu: %s \"%.*s\"\n", r->name, r->line, what, STR_ARG(str_slice(text, 0, 80)));
}

/* ---- values ---- */

enum kind { YES_NO, NUMBER, WORD };

struct word {
    struct str text;
    int value;
};
static const struct word times[] = {{STR_INIT("utc"), PHONE_UTC},
                                    {STR_INIT("local"), PHONE_LOCAL},
                                    {STR_INIT("local-as-utc"), PHONE_LOCAL_AS_UTC},
                                    {STR_INIT(""), 0}};
static const struct word charsets[] = {{STR_INIT("utf8"), PHONE_UTF8},
                                       {STR_INIT("latin1"), PHONE_LATIN1},
                                       {STR_INIT("cp1252"), PHONE_CP1252},
                                       {STR_INIT(""), 0}};

#define FIELD(field) STR_INIT(#field), offsetof(struct phone, field)
static const struct {
    struct str key;
    size_t at;
    enum kind kind;
    const struct word *words;
} fields[] = {
    {FIELD(time), WORD, times},
    {FIELD(time_asked), YES_NO, NULL},
    {FIELD(zones), YES_NO, NULL},
    {FIELD(tz_properties), YES_NO, NULL},
    {FIELD(charset_in), WORD, charsets},
    {FIELD(charset_out), WORD, charsets},
    {FIELD(fold), YES_NO, NULL},
    {FIELD(qp_8bit), YES_NO, NULL},
    {FIELD(empty_properties), YES_NO, NULL},
    {FIELD(alarms_utc), YES_NO, NULL},
    {FIELD(tasks_in_calendar), YES_NO, NULL},
    {FIELD(categories_x), YES_NO, NULL},
    {FIELD(priorities), NUMBER, NULL},
    {FIELD(photo_base64), YES_NO, NULL},
    {FIELD(email_internet), YES_NO, NULL},
    {FIELD(allday_t24), YES_NO, NULL},
    {FIELD(epoc), YES_NO, NULL},
    {FIELD(due_local_midnight), YES_NO, NULL},
    {FIELD(drop_status), YES_NO, NULL},
    {FIELD(summary_echo), YES_NO, NULL},
    {FIELD(sif), YES_NO, NULL},
    {FIELD(ignore_ctcap), YES_NO, NULL},
    {FIELD(no_resp_uri_on_401), YES_NO, NULL},
    {FIELD(no_size_in_ctcap), YES_NO, NULL},
    {FIELD(omit_statuses), YES_NO, NULL},
    {FIELD(year_min), NUMBER, NULL},
    {FIELD(max_sync_types), NUMBER, NULL},
};

static const struct str match_keys[PHONE_KEYS] = {
    [PHONE_MAN] = STR_INIT("man"),
    [PHONE_MOD] = STR_INIT("mod"),
    [PHONE_SWV] = STR_INIT("swv"),
    [PHONE_DEVID] = STR_INIT("devid"),
};

static bool number(struct str value, int *out)
{
    uint64_t n;
    if (!str_u64(value, &n) || n > MOST_NUMBER)
        return false;
    *out = (int)n;
    return true;
}

static void set_field(struct reading *r, size_t i, struct str value)
{
    char *at = (char *)&r->row->phone + fields[i].at;
    bool yes = str_eq(value, STR("yes")), known = false;
    int n = 0;
    switch (fields[i].kind) {
    case YES_NO:
        if (yes || str_eq(value, STR("no")))
            memcpy(at, &yes, sizeof yes);
        else
            mistake(r, "yes or no expected, not", value);
        return;
    case NUMBER:
        if (number(value, &n))
            memcpy(at, &n, sizeof n);
        else
            mistake(r, "a number expected, not", value);
        return;
    case WORD:
        for (const struct word *w = fields[i].words; w->text.n && !known; w++) {
            known = str_eq(w->text, value);
            n = w->value;
        }
        if (known)
            memcpy(at, &n, sizeof n); /* enums are ints here */
        else
            mistake(r, "unknown word", value);
        return;
    }
}
_Static_assert(sizeof(enum phone_time) == sizeof(int) && sizeof(enum phone_charset) == sizeof(int),
               "the table writes them as int");

/* ---- sections and keys ---- */

static void add_patterns(struct reading *r, enum phone_key key, struct str list)
{
    struct phone_patterns *p = &r->row->match[key];
    struct arena *a = &r->phones->arena;
    struct str one;
    while (str_split(&list, ',', &one)) {
        one = str_trim(one);
        if (!one.n || (str_chr(one, '*', 0) != SIZE_MAX && str_chr(one, '*', 0) != one.n - 1)) {
            mistake(r, "a text, or a beginning with one * behind it, expected, not", one);
            continue;
        }
        struct str *more = arena_grow(a, p->texts, p->count, &p->cap, p->count + 1, sizeof *more);
        if (!more)
            return;
        p->texts = more;
        more[p->count++] = arena_str(a, one);
    }
}

static void add_length(struct reading *r, struct str name, struct str value)
{
    struct phone_row *row = r->row;
    struct arena *a = &r->phones->arena;
    int n;
    if (!name.n || !number(value, &n) || n == 0) {
        mistake(r, "length.NAME = characters expected, not", value);
        return;
    }
    struct phone_field *more = ARENA_ARRAY(a, struct phone_field, row->phone.length_count + 1);
    if (!more)
        return;
    if (row->phone.length_count)
        memcpy(more, row->phone.lengths, row->phone.length_count * sizeof *more);
    more[row->phone.length_count++] = (struct phone_field){.name = arena_str(a, name), .size = (size_t)n};
    row->phone.lengths = more;
}

static void take_over(struct reading *r, struct str from)
{
    struct phone_row *row = r->row;
    const struct phone *other = phone_named(r->phones, from);
    if (!other || other == &row->phone) {
        mistake(r, "no earlier section", from);
        return;
    }
    if (!r->fresh) {
        mistake(r, "the first line of its section must be: like =", from);
        return;
    }
    struct str profile = row->phone.profile;
    row->phone = *other;
    row->phone.profile = profile;
}

static void read_key(struct reading *r, struct str key, struct str value)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (str_eq(fields[i].key, key)) {
            set_field(r, i, value);
            return;
        }
    for (size_t i = 0; i < PHONE_KEYS; i++)
        if (str_eq(match_keys[i], key)) {
            add_patterns(r, (enum phone_key)i, value);
            return;
        }
    if (str_eq(key, STR("like")))
        take_over(r, value);
    else if (str_starts(key, STR("length.")))
        add_length(r, str_from(key, 7), value);
    else
        mistake(r, "unknown key", key);
}

static enum status begin_section(struct reading *r, struct str name)
{
    struct phones *p = r->phones;
    const struct phone *old = phone_named(p, name);
    r->row = NULL;
    r->fresh = true;
    if (!name.n || p->count == MOST_ROWS) {
        mistake(r, name.n ? "too many sections:" : "a section without a name", name);
        return OK;
    }
    if (old) { /* a later file says it anew */
        r->row = CONTAINER_OF(unconst(old), struct phone_row, phone);
        *r->row = (struct phone_row){.phone = {.profile = old->profile, .priorities = 9}};
        return OK;
    }
    struct phone_row *more = arena_grow(&p->arena, p->rows, p->count, &p->cap, p->count + 1, sizeof *more);
    if (!more)
        return p->arena.st;
    p->rows = more;
    r->row = &more[p->count++];
    *r->row = (struct phone_row){.phone = {.profile = arena_str(&p->arena, name), .priorities = 9}};
    return p->arena.st;
}

static enum status read_line(struct reading *r, struct str line)
{
    struct str value = line, key;
    if (!line.n || line.p[0] == '#')
        return OK;
    if (line.p[0] == '[') {
        if (str_ends(line, STR("]")))
            return begin_section(r, str_trim(str_slice(line, 1, line.n - 2)));
        mistake(r, "a section without its ]:", line);
        return OK;
    }
    str_split(&value, '=', &key);
    if (!value.p || !r->row) {
        mistake(r, r->row ? "key = value expected, not" : "a line before the first section:", line);
        return OK;
    }
    read_key(r, str_trim(key), str_trim(value));
    r->fresh = false;
    return r->phones->arena.st;
}

enum status phone_rows_read(struct phones *p, struct str text, const char *name, struct buf *mistakes)
{
    struct reading r = {.phones = p, .name = name, .mistakes = mistakes};
    struct str line;
    enum status st = OK;
    while (st == OK && str_split(&text, '\n', &line)) {
        r.line++;
        st = read_line(&r, str_trim(line));
    }
    return st == OK ? p->arena.st : st;
}

enum status phone_rows_own(struct phones *p, struct buf *mistakes)
{
    enum status st = OK;
    for (size_t i = 0; i < COUNT_OF(own_files) && st == OK; i++)
        st = phone_rows_read(p, str_c(own_files[i].text), own_files[i].name, mistakes);
    return st;
}
