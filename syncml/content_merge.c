/* syncml/content_merge.c: what the device changed, property by property, into the stored item.
 *
 * Three lists: what is stored (old), what of it the device knows (known: the export, read back), what it sent (fresh). Each known
 * property is paired with the stored one that it came from and with the one that came back. Equal: the stored line stays, bytes and
 * all. Another value: the stored line gets it and keeps the parameters that the device has no idea of. Nothing came back: it is
 * removed if the device can hold it. What only the device has is added. Pairing sorts, so that thousands of lines cost no square. */
#include "syncml/content_int.h"

enum { OLD, KNOWN, FRESH, SIDES };
enum { MOST_LABELS = 1000 };
enum level { FULL, VALUE, TYPES, NAME };

struct ref {
    struct line *l;
    const struct prop_rule *rule;
    struct str key, types;
    size_t order;
    bool preferred;
    struct ref *mate[SIDES];
};

struct refs {
    struct ref *items;
    size_t count;
};

struct props {
    struct merge *m;
    struct refs side[SIDES];
    const struct doc *item[SIDES];
    bool note;
};

/* ---- collecting ---- */

static bool is_merged(const struct props *p, const struct prop_rule *r)
{
    if (p->note && (str_eq(r->name, STR("SUMMARY")) || str_eq(r->name, STR("DESCRIPTION"))))
        return false;
    return !(r->flags & (PROP_OURS | PROP_SPAN)) && r->kind != PROP_SET;
}

static enum status collect(struct props *p, int side, const struct ical_comp *c)
{
    struct ctx *x = p->m->x;
    const struct doc *item = p->item[side];
    size_t n = 0;
    for (const struct line *l = c->props; l; l = l->next)
        n++;
    struct refs *refs = &p->side[side];
    refs->items = ARENA_ARRAY(x->a, struct ref, n);
    if (!refs->items)
        return x->a->st;
    for (struct line *l = c->props; l; l = l->next) {
        const struct prop_rule *r = prop_rule(item->media, l->name);
        if (!is_merged(p, r))
            continue;
        struct ref *ref = &refs->items[refs->count];
        *ref = (struct ref){.l = l, .rule = r, .order = refs->count, .preferred = prop_preferred(l)};
        ref->key = prop_key(x, item, r, l);
        ref->types = r->flags & PROP_TYPED ? prop_types(x, l) : STR_NONE;
        if (ref->key.n || side == FRESH)
            refs->count++;
    }
    return x->a->st;
}

/* ---- pairing ---- */

static int name_order(struct str a, struct str b)
{
    for (size_t i = 0; i < a.n && i < b.n; i++) {
        int d = (unsigned char)ascii_upper(a.p[i]) - (unsigned char)ascii_upper(b.p[i]);
        if (d)
            return d;
    }
    return (a.n > b.n) - (a.n < b.n);
}

static int compare(const struct ref *a, const struct ref *b, enum level level)
{
    int order = name_order(a->l->name, b->l->name);
    if (!order && (level == FULL || level == VALUE))
        order = str_cmp(a->key, b->key);
    if (!order && (level == FULL || level == TYPES))
        order = str_cmp(a->types, b->types);
    return order;
}

static int compare_refs(const void *a, const void *b, void *level)
{
    const struct ref *x = *(struct ref *const *)a, *y = *(struct ref *const *)b;
    int order = compare(x, y, *(enum level *)level);
    return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* Those of one side that have no mate on the other yet, sorted. */
static struct ref **free_refs(struct props *p, int side, int other, unsigned flags, enum level level,
                              size_t *count)
{
    struct refs *refs = &p->side[side];
    struct ref **list = ARENA_ARRAY(p->m->x->a, struct ref *, refs->count);
    *count = 0;
    for (size_t i = 0; list && i < refs->count; i++) {
        struct ref *r = &refs->items[i];
        bool direct = side != KNOWN && other != KNOWN; /* old with fresh: only what the device was not told */
        if (!r->mate[other] && r->key.n && (!flags || (r->rule->flags & flags)) &&
            !(direct && r->mate[KNOWN]))
            list[(*count)++] = r;
    }
    if (list && *count > 1)
        qsort_r(list, *count, sizeof(struct ref *), compare_refs, &level);
    return list;
}

static enum status pair(struct props *p, int a, int b, enum level level, unsigned flags)
{
    size_t na, nb, i = 0, j = 0;
    struct ref **la = free_refs(p, a, b, flags, level, &na), **lb = free_refs(p, b, a, flags, level, &nb);
    if (!la || !lb)
        return p->m->x->a->st;
    while (i < na && j < nb) {
        int order = compare(la[i], lb[j], level);
        if (order == 0) {
            la[i]->mate[b] = lb[j];
            lb[j]->mate[a] = la[i];
        }
        i += order <= 0;
        j += order >= 0;
    }
    return OK;
}

static enum status pair_all(struct props *p)
{
    static const struct {
        int a, b;
        enum level level;
        unsigned flags;
        bool device; /* not when both sides' additions count */
    } steps[] = {
        {OLD, KNOWN, FULL, 0, false},
        {OLD, KNOWN, VALUE, 0, false},
        {OLD, KNOWN, TYPES, 0, false},
        {OLD, KNOWN, NAME, 0, false},
        {KNOWN, FRESH, FULL, 0, false},
        {KNOWN, FRESH, VALUE, 0, false},
        {KNOWN, FRESH, TYPES, PROP_TYPED, true},
        {KNOWN, FRESH, NAME, PROP_SINGLE, false},
        {OLD, FRESH, FULL, 0, false},
        {OLD, FRESH, VALUE, 0, false},
        {OLD, FRESH, NAME, PROP_SINGLE, false},
    };
    enum status st = OK;
    for (size_t i = 0; i < COUNT_OF(steps) && st == OK; i++)
        if (!steps[i].device || p->m->how == CONTENT_DEVICE)
            st = pair(p, steps[i].a, steps[i].b, steps[i].level, steps[i].flags);
    return st;
}

/* ---- changing ---- */

bool merge_removes(const struct merge *m, const struct prop_rule *r, struct str name)
{
    bool listed;
    if (m->patch)
        return true;
    if (m->how == CONTENT_BOTH || r->kind == PROP_NAME || str_caseeq(name, STR("N")))
        return false; /* nobody loses the name: many devices write but one of N and FN */
    if (doc_is_broken(m->fresh, name))
        return false;
    (void)device_holds(m->x, name, &listed);
    return listed || (!m->x->s->phone->fields && (r->flags & PROP_CORE));
}

void merge_touch(struct merge *m, struct line *l)
{
    m->changed = true;
    if (l)
        l->raw = STR_NONE;
    comp_touch(m->to);
}

/* Part by part, so that the parts the device did not change, or has no room for, stay. */
static struct str merged_parts(struct merge *m, struct str old, struct str known, struct str fresh)
{
    SCOPED_BUF(out, old.n + fresh.n + 64);
    struct ctx *x = m->x;
    for (size_t i = 0; old.p || fresh.p; i++) {
        struct str o = STR(""), k = STR(""), f = STR("");
        (void)(old.p && text_split(&old, ';', &o));
        (void)(known.p && text_split(&known, ';', &k));
        (void)(fresh.p && text_split(&fresh, ';', &f));
        bool same = str_eq(str_trim(text_unescape(x->a, k)), str_trim(text_unescape(x->a, f)));
        buf_addz(&out, i ? ";" : "");
        buf_add(&out, same || (m->how == CONTENT_BOTH && !str_trim(f).n) ? o : f);
    }
    return arena_str(x->a, buf_view(&out));
}

/* Three ways: the parts that were changed here; the others as the device says them. */
static struct str patched_parts(struct merge *m, struct str device, struct str base, struct str here)
{
    SCOPED_BUF(out, device.n + here.n + 64);
    struct ctx *x = m->x;
    for (size_t i = 0; device.p || here.p; i++) {
        struct str d = STR(""), b = STR(""), h = STR("");
        (void)(device.p && text_split(&device, ';', &d));
        (void)(base.p && text_split(&base, ';', &b));
        (void)(here.p && text_split(&here, ';', &h));
        bool kept = str_eq(str_trim(text_unescape(x->a, d)), str_trim(text_unescape(x->a, b)));
        buf_addz(&out, i ? ";" : "");
        buf_add(&out, kept ? h : d);
    }
    return arena_str(x->a, buf_view(&out));
}

/* The device got the beginning of a text and changed it: the rest, which it never saw, stays. */
static struct str merged_text(struct merge *m, struct str old, struct str known, struct str fresh)
{
    struct ctx *x = m->x;
    struct str whole = text_unescape(x->a, old), begin = text_unescape(x->a, known);
    if (!begin.n || begin.n >= whole.n || !str_starts(whole, begin))
        return fresh;
    struct str rest = text_value(x->a, str_from(whole, begin.n));
    return str_joined(x->a, fresh, rest, STR(""));
}

/* How the value is written goes with it. */
static void take_form(struct ctx *x, struct line *to, const struct line *from)
{
    static const struct str forms[] = {STR_INIT("VALUE"), STR_INIT("ENCODING"), STR_INIT("MEDIATYPE"),
                                       STR_INIT("CHARSET"), STR_INIT("X-APPLE-OMIT-YEAR")};
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct str value = line_param1(from, forms[i]);
        line_param_remove(to, forms[i]);
        if (value.p)
            line_param_set(x->a, to, forms[i], value);
    }
}

/* What told the same in other words is out of date now. */
static void drop_companions(struct merge *m, struct line *l)
{
    if (str_caseeq(l->name, STR("DESCRIPTION"))) {
        line_param_remove(l, STR("ALTREP"));
        comp_drop(m->to, STR("X-ALT-DESC"));
    } else if (str_caseeq(l->name, STR("ADR"))) {
        line_param_remove(l, STR("LABEL"));
    }
}

static void change_value(struct merge *m, const struct ref *o, const struct ref *k, const struct ref *f)
{
    struct line *l = o->l;
    struct str known = k ? k->l->value : l->value;
    if (str_eq(k ? k->key : o->key, f->key) || str_eq(o->key, f->key))
        return;
    if (m->how == CONTENT_BOTH && o->rule->kind == PROP_TEXT && str_find(o->key, f->key, 0) != SIZE_MAX)
        return; /* the stored text holds it */
    merge_touch(m, l);
    if (o->rule->kind == PROP_COMPOUND) {
        l->value = merged_parts(m, l->value, known, f->l->value);
    } else if (o->rule->kind == PROP_TEXT || o->rule->kind == PROP_NAME) {
        l->value = k ? merged_text(m, l->value, known, f->l->value) : f->l->value;
    } else {
        l->value = f->l->value;
        take_form(m->x, l, f->l);
    }
    if (o->rule->kind == PROP_BINARY) { /* its format is in TYPE */
        struct line *copy = line_copy(m->x->a, f->l);
        l->params = copy ? copy->params : NULL;
    }
    drop_companions(m, l);
}

static bool has_type(struct str types, struct str type)
{
    struct str one;
    while (types.n && str_split(&types, ',', &one))
        if (str_eq(one, type))
            return true;
    return false;
}

/* Do any of the device's properties of that name have types (or a preferred one)? Otherwise it has no idea of them. */
static bool device_types(const struct props *p, const struct ref *f, bool preferred)
{
    const struct refs *all = &p->side[FRESH];
    for (size_t i = 0; i < all->count; i++) {
        const struct ref *r = &all->items[i];
        if (r->rule == f->rule && (preferred ? r->preferred : r->types.n > 0))
            return true;
    }
    return false;
}

static void change_types(struct props *p, const struct ref *o, const struct ref *k, const struct ref *f)
{
    struct merge *m = p->m;
    struct str rest = f->types, one;
    struct str known = k ? k->types : o->types;
    if (str_eq(known, f->types))
        return;
    while (rest.n && str_split(&rest, ',', &one)) {
        if (has_type(known, one))
            continue;
        merge_touch(m, o->l);
        line_type_add(m->x->a, o->l, one);
    }
    if (m->how == CONTENT_BOTH || !device_types(p, f, false))
        return;
    rest = known;
    while (rest.n && str_split(&rest, ',', &one)) {
        if (has_type(f->types, one))
            continue;
        merge_touch(m, o->l);
        line_type_remove(m->x->a, o->l, one);
    }
}

static void change_preference(struct props *p, const struct ref *o, const struct ref *k, const struct ref *f)
{
    struct merge *m = p->m;
    bool known = k ? k->preferred : o->preferred;
    if (known == f->preferred || (known && (m->how == CONTENT_BOTH || !device_types(p, f, true))))
        return;
    merge_touch(m, o->l);
    line_type_remove(m->x->a, o->l, STR("PREF"));
    line_param_remove(o->l, STR("PREF"));
    if (f->preferred && m->old->version == VCARD_4_0)
        line_param_set(m->x->a, o->l, STR("PREF"), STR("1"));
    else if (f->preferred)
        line_type_add(m->x->a, o->l, STR("PREF"));
}

static bool same_param(const struct line_param *a, const struct line_param *b)
{
    if (!a || !b || a->value_count != b->value_count)
        return a == b;
    for (size_t i = 0; i < a->value_count; i++)
        if (!str_caseeq(a->values[i], b->values[i]))
            return false;
    return true;
}

static void change_params(struct merge *m, const struct ref *o, const struct ref *k, const struct ref *f)
{
    const struct line *known = k ? k->l : o->l;
    for (const struct line_param *param = f->l->params; param; param = param->next) {
        if (!param_matters(param->name) || !param->value_count ||
            line_param(f->l, param->name) != param || /* of two the first */
            same_param(param, line_param(known, param->name)) ||
            same_param(param, line_param(o->l, param->name)))
            continue;
        merge_touch(m, o->l);
        line_param_take(m->x->a, o->l, param);
    }
}

static void add(struct merge *m, const struct ref *f)
{
    struct line *copy = f->key.n && !str_eq(f->key, f->rule->absent) ? line_copy(m->x->a, f->l) : NULL;
    if (!copy)
        return;
    line_param_remove(copy, STR("CHARSET"));
    merge_add(m, copy);
}

void merge_add(struct merge *m, struct line *l)
{
    merge_touch(m, NULL);
    if (!l)
        return;
    l->next = NULL;
    *(m->tail ? m->tail : &m->added) = l;
    m->tail = &l->next;
}

void merge_drop(struct merge *m, struct line *l)
{
    merge_touch(m, NULL);
    l->name = STR_NONE; /* merge_sweep takes it away */
    m->groups |= l->group.n > 0;
}

/* X-ABLabel and the like belong to the property of their group. */
static bool widowed(const struct ical_comp *c, const struct line *label)
{
    if (!label->group.n || !str_casestarts(label->name, STR("X-AB")))
        return false;
    for (const struct line *l = c->props; l; l = l->next)
        if (l->name.n && str_caseeq(l->group, label->group) && !str_casestarts(l->name, STR("X-AB")))
            return false;
    return true;
}

void merge_sweep(struct merge *m)
{
    size_t labels = 0;
    for (struct line *l = m->groups ? m->to->props : NULL; l && labels < MOST_LABELS; l = l->next)
        if (l->group.n && str_casestarts(l->name, STR("X-AB")) && ++labels && widowed(m->to, l))
            l->name = STR_NONE;
    struct line **p = &m->to->props;
    while (*p) {
        if ((*p)->name.n)
            p = &(*p)->next;
        else
            *p = (*p)->next;
    }
    *p = m->added;
    m->added = NULL;
    m->tail = NULL;
    m->groups = false;
}

/* ---- all of them ---- */

/* An empty property is how some devices say that it is gone. */
static bool said_empty(const struct props *p, const struct ref *known)
{
    const struct refs *fresh = &p->side[FRESH];
    if (p->m->how == CONTENT_BOTH || known->rule->kind == PROP_NAME || str_caseeq(known->l->name, STR("N")))
        return false;
    for (size_t i = 0; i < fresh->count; i++)
        if (!fresh->items[i].key.n && str_caseeq(fresh->items[i].l->name, known->l->name))
            return true;
    return false;
}

static bool same_ref(const struct ref *a, const struct ref *b)
{
    return str_eq(a->key, b->key) && str_eq(a->types, b->types) && a->preferred == b->preferred;
}

/* Three ways, and both sides changed it: of what has parts each side's, of what can be there twice both; otherwise the device's. */
static void meet(struct props *p, const struct ref *o, const struct ref *k, const struct ref *f)
{
    struct merge *m = p->m;
    if (str_eq(o->key, f->key))
        return;
    if (k && o->rule->kind == PROP_COMPOUND) {
        merge_touch(m, o->l);
        o->l->value = patched_parts(m, o->l->value, k->l->value, f->l->value);
    } else if (!(o->rule->flags & PROP_SINGLE)) {
        add(m, f);
    }
}

static void apply_fresh(struct props *p, const struct ref *f)
{
    const struct ref *k = f->mate[KNOWN], *o = k ? k->mate[OLD] : f->mate[OLD];
    if (p->m->patch && o && !(k && same_ref(k, o))) {
        if (!k || !same_ref(k, f))
            meet(p, o, k, f);
        return;
    }
    if (!k && !o) {
        add(p->m, f);
        return;
    }
    if (!o) { /* the export made it, as N out of FN */
        if (!str_eq(k->key, f->key))
            add(p->m, f);
        return;
    }
    if (!f->key.n || (!k && str_eq(f->key, f->rule->absent)))
        return; /* what it says by default of what it was never told */
    change_value(p->m, o, k, f);
    if (f->rule->flags & PROP_TYPED) {
        change_types(p, o, k, f);
        change_preference(p, o, k, f);
    }
    change_params(p->m, o, k, f);
}

enum status merge_props(struct merge *m)
{
    struct props p = {.m = m, .item = {m->old, m->known, m->fresh}, .note = merge_is_note(m)};
    enum status st = collect(&p, OLD, m->to);
    if (st == OK)
        st = collect(&p, KNOWN, m->has);
    if (st == OK)
        st = collect(&p, FRESH, m->says);
    if (st == OK)
        st = pair_all(&p);
    if (st != OK)
        return st;
    for (size_t i = 0; i < p.side[KNOWN].count; i++) {
        const struct ref *k = &p.side[KNOWN].items[i];
        if (m->patch && k->mate[OLD] && !same_ref(k, k->mate[OLD]))
            continue; /* gone here, changed there */
        if (!k->mate[FRESH] && k->mate[OLD] && (merge_removes(m, k->rule, k->l->name) || said_empty(&p, k)))
            merge_drop(m, k->mate[OLD]->l);
    }
    for (size_t i = 0; i < p.side[FRESH].count; i++)
        apply_fresh(&p, &p.side[FRESH].items[i]);
    st = merge_sets(m);
    merge_sweep(m);
    return st == OK ? m->x->a->st : st;
}
