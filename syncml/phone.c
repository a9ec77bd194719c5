/* syncml/phone.c: which profile a device has, and what its DevInf adds. */
#include "syncml/phone.h"

#include "core/file.h"
#include "syncml/phone_int.h"

#include <dirent.h>
#include <errno.h>

enum { FILE_SIZE = 1 << 20, MOST_FILES = 1000, MEMORY = 16 << 20, BOGUS_PICTURE = 1024 };

/* ---- all of them ---- */

static enum status begin(struct phones **out, struct buf *mistakes)
{
    struct phones *p = calloc(1, sizeof *p);
    *out = p;
    if (!p)
        return E_MEMORY;
    p->arena = ARENA_INIT(MEMORY);
    return phone_rows_own(p, mistakes);
}

/* Who names nobody fits all: there must be one. */
static enum status finish(struct phones *p, enum status st, size_t mistakes, const struct buf *out)
{
    bool found = false;
    for (size_t i = 0; i < p->count; i++) {
        bool any = true;
        for (size_t k = 0; k < PHONE_KEYS; k++)
            any &= p->rows[i].match[k].count == 0;
        if (any) {
            p->generic = i;
            found = true;
        }
    }
    if (st == OK && (out->n > mistakes || !found))
        return INVALID;
    return st;
}

enum status phones_parse(struct str text, const char *name, struct phones **out, struct buf *mistakes)
{
    size_t before = mistakes->n;
    enum status st = begin(out, mistakes);
    if (st == OK)
        st = phone_rows_read(*out, text, name, mistakes);
    if (*out)
        st = finish(*out, st, before, mistakes);
    if (st != OK) {
        phones_free(*out);
        *out = NULL;
    }
    return st;
}

static enum status read_one(struct phones *p, const char *folder, const char *name, struct buf *mistakes)
{
    SCOPED_BUF(path, 4096);
    SCOPED_BUF(text, FILE_SIZE);
    buf_addf(&path, "%s/%s", folder, name);
    enum status st = file_read(buf_view(&path), FILE_SIZE, &text, mistakes);
    if (st != OK)
        return st;
    struct str kept = arena_str(&p->arena, buf_view(&text));
    return kept.p ? phone_rows_read(p, kept, buf_c(&path), mistakes) : p->arena.st;
}

static int is_ini(const struct dirent *e)
{
    return e->d_name[0] != '.' && str_ends(str_c(e->d_name), STR(".ini"));
}

static enum status read_folder(struct phones *p, const char *folder, struct buf *mistakes)
{
    struct dirent **list = NULL;
    int n = scandir(folder, &list, is_ini, alphasort);
    enum status st = n >= 0 ? OK : errno == ENOENT ? NOT_FOUND : E_IO;
    if (n < 0)
        buf_addf(mistakes, "%s: the folder of profiles cannot be read\n", folder);
    for (int i = 0; i < n; i++) {
        if (st == OK && i < MOST_FILES)
            st = read_one(p, folder, list[i]->d_name, mistakes);
        free(list[i]);
    }
    free(list);
    return st;
}

enum status phones_new(const char *folder, struct phones **out, struct buf *mistakes)
{
    size_t before = mistakes->n;
    enum status st = begin(out, mistakes);
    if (st == OK && folder)
        st = read_folder(*out, folder, mistakes);
    if (*out)
        st = finish(*out, st, before, mistakes);
    if (st != OK) {
        phones_free(*out);
        *out = NULL;
    }
    return st;
}

void phones_free(struct phones *p)
{
    if (!p)
        return;
    arena_free(&p->arena);
    free(p);
}

/* ---- choosing ---- */

/* How many characters of the text a pattern names; 0: it does not fit. */
static size_t pattern_fits(struct str pattern, struct str text)
{
    bool beginning = str_ends(pattern, STR("*"));
    struct str literal = str_slice(pattern, 0, pattern.n - beginning);
    if (!text.p || !(beginning ? str_casestarts(text, literal) : str_caseeq(text, literal)))
        return 0;
    return 2 * literal.n + !beginning + 1;
}

/* How well the row fits; 0: not at all. What a key tells counts more than any length: the maker least. */
static size_t row_fits(const struct phone_row *row, const struct str asked[PHONE_KEYS])
{
    static const size_t weight[PHONE_KEYS] = {
        [PHONE_MAN] = 100000, [PHONE_SWV] = 200000, [PHONE_DEVID] = 300000, [PHONE_MOD] = 400000};
    size_t score = 1;
    for (size_t k = 0; k < PHONE_KEYS; k++) {
        const struct phone_patterns *p = &row->match[k];
        size_t best = 0;
        for (size_t i = 0; i < p->count; i++) {
            size_t one = pattern_fits(p->texts[i], asked[k]);
            best = one > best ? one : best;
        }
        if (p->count && !best)
            return 0;
        score += best ? best + weight[k] : 0;
    }
    return score;
}

const struct phone *phone_choose(const struct phones *p, struct str man, struct str mod, struct str swv,
                                 struct str devid)
{
    const struct str asked[PHONE_KEYS] = {man, mod, swv, devid};
    const struct phone_row *best = &p->rows[p->generic];
    size_t most = 1;
    for (size_t i = 0; i < p->count; i++) {
        size_t score = row_fits(&p->rows[i], asked);
        if (score > 1 && score >= most) { /* of equals the later one: that of the administrator's folder */
            most = score;
            best = &p->rows[i];
        }
    }
    return &best->phone;
}

const struct phone *phone_named(const struct phones *p, struct str profile)
{
    for (size_t i = 0; i < p->count; i++)
        if (str_eq(p->rows[i].phone.profile, profile))
            return &p->rows[i].phone;
    return NULL;
}

void phones_each(const struct phones *p, phone_fn fn, void *ctx)
{
    for (size_t i = 0; i < p->count; i++)
        fn(ctx, &p->rows[i].phone);
}

/* ---- what the DevInf says ---- */

static bool is_of(const struct devinf_cap *c, struct str mime, struct str version, bool exact)
{
    bool type = str_caseeq(c->type.type, mime);
    return type && (!exact || !version.n || str_eq(c->type.version, version));
}

static const struct devinf_cap *cap_in(const struct devinf_cap *caps, struct str mime, struct str version)
{
    for (const struct devinf_cap *c = caps; c; c = c->next)
        if (is_of(c, mime, version, true))
            return c;
    for (const struct devinf_cap *c = caps; c; c = c->next)
        if (is_of(c, mime, version, false) && !c->type.version.n)
            return c;
    return NULL;
}

static struct str bare_source(struct str s)
{
    size_t query = str_chr(s, '?', 0);
    s = str_starts(s, STR("./")) ? str_from(s, 2) : s;
    return query == SIZE_MAX ? s : str_slice(s, 0, query);
}

static const struct devinf_cap *find_cap(const struct devinf *d, struct str source, struct str mime,
                                         struct str version)
{
    const struct devinf_cap *found = NULL;
    for (const struct devinf_store *s = d->stores; s && !found; s = s->next)
        if (source.n && str_caseeq(bare_source(s->source), bare_source(source)))
            found = cap_in(s->caps, mime, version);
    for (const struct devinf_store *s = d->stores; s && !found && !source.n; s = s->next)
        found = cap_in(s->caps, mime, version);
    return found ? found : cap_in(d->caps, mime, version);
}

static bool has_prop(const struct devinf_cap *c, const char *name)
{
    for (const struct devinf_prop *p = c->props; p; p = p->next)
        if (str_caseeq(p->name, str_c(name)))
            return true;
    return false;
}

/* Does it name what every item of the type has? Some send a list of nothing but BEGIN and VERSION. */
static bool is_sound(const struct devinf_cap *c, struct str mime)
{
    bool card = str_caseeq(mime, STR("text/x-vcard")) || str_caseeq(mime, STR("text/vcard"));
    return card ? has_prop(c, "N") || has_prop(c, "FN") : has_prop(c, "SUMMARY") || has_prop(c, "DTSTART");
}

static bool is_picture(struct str name)
{
    return str_caseeq(name, STR("PHOTO")) || str_caseeq(name, STR("LOGO")) || str_caseeq(name, STR("SOUND"));
}

static enum status take_fields(struct arena *a, const struct devinf_cap *cap, struct phone *out)
{
    size_t n = 0;
    for (const struct devinf_prop *p = cap->props; p; p = p->next)
        n++;
    struct phone_field *fields = ARENA_ARRAY(a, struct phone_field, n);
    if (!fields)
        return a->st;
    n = 0;
    for (const struct devinf_prop *p = cap->props; p; p = p->next) {
        struct phone_field *f = &fields[n++];
        *f = (struct phone_field){.name = p->name, .no_truncate = p->no_truncate};
        /* 256 characters of a picture are a mistake of their makers */
        if (p->size > 0 && !(is_picture(p->name) && p->size < BOGUS_PICTURE))
            f->size = (size_t)p->size;
        if (p->max_occur > 0)
            f->most = (size_t)p->max_occur;
    }
    out->fields = fields;
    out->field_count = n;
    return OK;
}

enum status phone_with_devinf(struct arena *a, const struct phone *base, const struct devinf *d,
                              struct str source, struct str mime, struct str version, struct phone *out)
{
    *out = *base;
    out->fields = NULL;
    out->field_count = 0;
    if (!d)
        return OK;
    bool can_ask = !str_eq(d->version, STR("1.0")); /* whose DevInf has no such element */
    if (base->time_asked && can_ask && base->time == PHONE_UTC && !d->utc)
        out->time = PHONE_LOCAL;
    const struct devinf_cap *cap = base->ignore_ctcap ? NULL : find_cap(d, source, mime, version);
    return cap && is_sound(cap, mime) ? take_fields(a, cap, out) : OK;
}
