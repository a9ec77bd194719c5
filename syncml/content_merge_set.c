/* syncml/content_merge_set.c: lists in which order says nothing, as CATEGORIES: over all lines of the name, by value. */
#include "syncml/content_int.h"

struct entry {
    struct str text;  /* unescaped */
    struct str value; /* as it stands there */
};

struct entries {
    struct entry *items;
    size_t count, cap;
    bool any; /* the property is there at all */
};

static int by_text(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return str_cmp(x->text, y->text);
}

static enum status gather(struct ctx *x, const struct ical_comp *c, struct str name, struct entries *out)
{
    *out = (struct entries){0};
    for (const struct line *l = c->props; l; l = l->next) {
        if (!str_caseeq(l->name, name))
            continue;
        struct str rest = l->value, one;
        out->any = true;
        while (text_split(&rest, ',', &one)) {
            struct str text = str_trim(text_held(x, text_unescape(x->a, one)));
            struct entry *more =
                text.n ? arena_grow(x->a, out->items, out->count, &out->cap, out->count + 1, sizeof *more)
                       : out->items;
            if (text.n && !more)
                return x->a->st;
            out->items = more;
            if (text.n)
                more[out->count++] = (struct entry){text, str_trim(one)};
        }
    }
    if (out->count > 1)
        qsort(out->items, out->count, sizeof *out->items, by_text);
    return x->a->st;
}

static bool among(const struct entries *set, struct str text)
{
    struct entry wanted = {.text = text};
    return set->count && bsearch(&wanted, set->items, set->count, sizeof *set->items, by_text);
}

/* The line without what was known and did not come back. */
static void thin(struct merge *m, struct line *l, const struct entries *known, const struct entries *fresh)
{
    SCOPED_BUF(out, l->value.n + 1);
    struct str rest = l->value, one;
    bool gone = false;
    while (text_split(&rest, ',', &one)) {
        struct str text = str_trim(text_held(m->x, text_unescape(m->x->a, one)));
        if (among(known, text) && !among(fresh, text)) {
            gone = true;
            continue;
        }
        buf_addz(&out, out.n ? "," : "");
        buf_add(&out, one);
    }
    if (!gone)
        return;
    if (!out.n) {
        merge_drop(m, l);
        return;
    }
    merge_touch(m, l);
    l->value = arena_str(m->x->a, buf_view(&out));
}

static enum status extend(struct merge *m, struct str name, const struct entries *old,
                          const struct entries *known, const struct entries *fresh)
{
    struct line *last = NULL;
    for (struct line *l = m->to->props; l; l = l->next)
        if (str_caseeq(l->name, name))
            last = l;
    SCOPED_BUF(out, ctx_size(m->x) + 64);
    if (last)
        buf_add(&out, last->value);
    size_t before = out.n;
    for (size_t i = 0; i < fresh->count; i++) {
        const struct entry *e = &fresh->items[i];
        if (among(known, e->text) || among(old, e->text) || (i && str_eq(e->text, fresh->items[i - 1].text)))
            continue;
        buf_addz(&out, out.n ? "," : "");
        buf_add(&out, e->value);
    }
    if (out.n == before)
        return OK;
    struct str value = arena_str(m->x->a, buf_view(&out));
    if (last) {
        merge_touch(m, last);
        last->value = value;
    } else {
        merge_add(m, line_new(m->x->a, name, value));
    }
    return out.st == OK ? m->x->a->st : out.st;
}

static enum status merge_set(struct merge *m, struct str name)
{
    struct entries old, known, fresh;
    struct ctx *x = m->x;
    enum status st = gather(x, m->to, name, &old);
    if (st == OK)
        st = gather(x, m->has, name, &known);
    if (st == OK)
        st = gather(x, m->says, name, &fresh);
    if (st != OK)
        return st;
    const struct prop_rule *r = prop_rule(m->old->media, name);
    bool removes = m->how == CONTENT_DEVICE && (fresh.any || merge_removes(m, r, name));
    for (struct line *l = removes ? m->to->props : NULL; l; l = l->next)
        if (str_caseeq(l->name, name))
            thin(m, l, &known, &fresh);
    return extend(m, name, &old, &known, &fresh);
}

enum status merge_sets(struct merge *m)
{
    static const struct str card[] = {STR_INIT("CATEGORIES"), STR_INIT("NICKNAME")};
    static const struct str calendar[] = {STR_INIT("CATEGORIES"), STR_INIT("RESOURCES")};
    const struct str *names = m->old->media == MEDIA_VCARD ? card : calendar;
    enum status st = OK;
    for (size_t i = 0; i < 2 && st == OK; i++)
        st = merge_set(m, names[i]);
    return st;
}
