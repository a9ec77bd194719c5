/* syncml/content_digest.c: a hash over what an item means: the same for the same thing said in another order or another way. */
#include "core/hash.h"
#include "syncml/content_int.h"

struct digest {
    struct ctx *x;
    struct str *rows;
    size_t count, cap;
};

static void add_row(struct digest *d, struct str row)
{
    struct str *more = arena_grow(d->x->a, d->rows, d->count, &d->cap, d->count + 1, sizeof *more);
    if (!more)
        return;
    d->rows = more;
    more[d->count++] = row;
}

/* "NAME;TYPES:VALUE" */
static struct str row_of(struct arena *a, struct str name, struct str types, struct str value)
{
    const struct str parts[] = {name, STR(";"), types, STR(":"), value};
    size_t n = 0;
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        n += parts[i].n;
    char *row = ARENA_ARRAY(a, char, n), *at = row;
    for (size_t i = 0; i < COUNT_OF(parts) && row; i++)
        if (parts[i].n) {
            memcpy(at, parts[i].p, parts[i].n);
            at += parts[i].n;
        }
    return row ? str_n(row, n) : STR("");
}

static void add_prop(struct digest *d, const struct doc *i, const struct line *l)
{
    struct ctx *x = d->x;
    const struct prop_rule *r = prop_rule(i->media, l->name);
    bool listed, typed = (r->flags & PROP_TYPED) != 0;
    if ((r->flags & (PROP_OURS | PROP_SPAN)) || !device_holds(x, l->name, &listed))
        return;
    struct str key = prop_key(x, i, r, l);
    if (!key.n || str_eq(key, r->absent))
        return;
    struct str name = r->name.n ? r->name : l->name;
    struct str types = typed ? prop_types(x, l) : STR_NONE;
    add_row(d, row_of(x->a, name, types, key));
}

static void add_time(struct digest *d, const char *name, const struct when *w)
{
    add_row(d, arena_strf(d->x->a, "%s:%lld%s", name, (long long)(w->is_date ? w->civil : w->utc),
                          w->is_date ? "d" : ""));
}

static void add_span(struct digest *d, const struct doc *i, const struct ical_comp *c)
{
    struct ctx *x = d->x;
    struct extent e;
    extent_read(x, i->root, c, &e);
    if (e.has_start)
        add_time(d, "start", &e.start);
    if (e.has_end || e.has_start)
        add_time(d, "end", e.has_end || ical_kind_of(c->name) == ICAL_VEVENT ? &e.end : &e.start);
    for (const struct line *l = c->props; l; l = l->next) {
        if (str_caseeq(l->name, STR("RRULE")))
            add_row(d, arena_strf(x->a, "rule:%.*s", STR_ARG(l->value)));
        struct str rest = str_caseeq(l->name, STR("EXDATE")) ? l->value : STR_NONE, one;
        struct when w;
        while (str_split(&rest, ',', &one))
            if (when_read(x, i->root, l, one, &w))
                add_time(d, "except", &w);
    }
    for (const struct ical_comp *alarm = ical_child(c, STR("VALARM")); alarm;
         alarm = ical_child_next(alarm, STR("VALARM"))) {
        const struct line *l = ical_prop(alarm, STR("TRIGGER"));
        if (l)
            add_row(d, arena_strf(x->a, "alarm:%.*s", STR_ARG(l->value)));
    }
}

static int by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

enum status doc_digest(struct ctx *x, const struct doc *i, unsigned char out[16])
{
    struct digest d = {.x = x};
    unsigned char hash[SHA256_SIZE];
    for (const struct line *l = i->main->props; l; l = l->next)
        add_prop(&d, i, l);
    if (i->media == MEDIA_CALENDAR)
        add_span(&d, i, i->main);
    if (d.count > 1)
        qsort(d.rows, d.count, sizeof *d.rows, by_bytes);
    SCOPED_BUF(all, (size_t)1 << 30);
    for (size_t k = 0; k < d.count; k++) {
        buf_add(&all, d.rows[k]);
        buf_addc(&all, '\n');
    }
    if (all.st != OK || x->a->st != OK)
        return all.st != OK ? all.st : x->a->st;
    sha256(buf_view(&all), hash);
    memcpy(out, hash, 16);
    return OK;
}
