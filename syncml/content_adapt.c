/* syncml/content_adapt.c: a stored item as the device can hold it: properties that it knows, not longer than it takes. Whatever is
 * left out or cut here stays in the store: the merge compares with what came through. */
#include "syncml/content_int.h"

/* Properties that go by other names on the wire. */
static const struct {
    struct str name, wire;
} aliases[] = {
    {STR_INIT("VALARM"), STR_INIT("AALARM")},
    {STR_INIT("VALARM"), STR_INIT("DALARM")},
    {STR_INIT("CREATED"), STR_INIT("DCREATED")},
    {STR_INIT("ANNIVERSARY"), STR_INIT("X-ANNIVERSARY")},
    {STR_INIT("ATTACH"), STR_INIT("X-ATTACH")},
    {STR_INIT("ANNIVERSARY"), STR_INIT("X-EVOLUTION-ANNIVERSARY")},
    {STR_INIT("KIND"), STR_INIT("X-ADDRESSBOOKSERVER-KIND")},
};

/* What goes out whatever the CTCap says: without it the item is none. */
static const struct str needed[] = {
    STR_INIT("N"),       STR_INIT("FN"),      STR_INIT("DTSTART"), STR_INIT("DTEND"),    STR_INIT("DUE"),
    STR_INIT("SUMMARY"), STR_INIT("VERSION"), STR_INIT("PRODID"),  STR_INIT("DURATION"),
};

static bool is_sif(enum content_type type)
{
    return type == CONTENT_SIFC || type == CONTENT_SIFE || type == CONTENT_SIFT || type == CONTENT_SIFN;
}

/* Types whose properties have no names of their own: what they can say is what their writer writes. */
static bool is_fixed(const struct ctx *x)
{
    return is_sif(x->type) || x->type == CONTENT_PLAIN || x->type == CONTENT_VNOTE;
}

static const struct phone_field *field_named(const struct ctx *x, struct str name)
{
    const struct phone *p = x->s->phone;
    for (size_t i = 0; i < p->field_count; i++)
        if (str_caseeq(p->fields[i].name, name))
            return &p->fields[i];
    return NULL;
}

static const struct phone_field *field_of(const struct ctx *x, struct str name)
{
    const struct phone_field *f = field_named(x, name);
    for (size_t i = 0; !f && i < COUNT_OF(aliases); i++)
        if (str_caseeq(aliases[i].name, name))
            f = field_named(x, aliases[i].wire);
    return f;
}

bool device_holds(const struct ctx *x, struct str name, bool *listed)
{
    *listed = is_fixed(x);
    if (*listed || !x->s->phone->fields)
        return true;
    *listed = field_of(x, name) != NULL;
    for (size_t i = 0; i < COUNT_OF(needed); i++)
        if (str_caseeq(needed[i], name))
            return true;
    return *listed;
}

size_t device_size(const struct ctx *x, struct str name)
{
    const struct phone *p = x->s->phone;
    const struct phone_field *f = is_fixed(x) || !p->fields ? NULL : field_of(x, name);
    size_t size = f ? f->size : 0;
    for (size_t i = 0; i < p->length_count; i++)
        if (str_caseeq(p->lengths[i].name, name) && (!size || p->lengths[i].size < size))
            size = p->lengths[i].size;
    return size;
}

/* ---- lengths ---- */

/* Bytes of the first `most` characters. */
static size_t characters(struct str s, size_t most, size_t *count)
{
    size_t at = 0, n = 0;
    while (at < s.n && n < most) {
        at++;
        while (at < s.n && ((unsigned char)s.p[at] & 0xc0) == 0x80)
            at++;
        n++;
    }
    *count = n;
    return at;
}

static struct str cut_text(struct ctx *x, struct str value, size_t *room)
{
    struct str text = text_unescape(x->a, value);
    size_t n, bytes = characters(text, *room, &n);
    *room -= n;
    return bytes == text.n ? value : text_value(x->a, str_slice(text, 0, bytes));
}

static struct str cut_parts(struct ctx *x, struct str value, size_t room)
{
    SCOPED_BUF(out, value.n * 2 + 1);
    struct str rest = value, one;
    for (bool first = true; text_split(&rest, ';', &one); first = false) {
        buf_addz(&out, first ? "" : ";");
        buf_add(&out, cut_text(x, one, &room));
    }
    return arena_str(x->a, buf_view(&out));
}

/* False when a part of it would be of no use: half a number, half a picture. */
static bool fit(struct ctx *x, enum prop_kind kind, struct line *l, size_t size)
{
    const struct phone_field *f = x->s->phone->fields ? field_of(x, l->name) : NULL;
    size_t n, room = size;
    (void)characters(l->value, SIZE_MAX, &n);
    if (n <= size)
        return true;
    if (f && f->no_truncate)
        return false;
    if (kind == PROP_TEXT || kind == PROP_NAME)
        l->value = cut_text(x, l->value, &room);
    else if (kind == PROP_COMPOUND)
        l->value = cut_parts(x, l->value, room);
    else
        return false;
    return true;
}

/* ---- properties ---- */

static struct str with_prefix(struct ctx *x, struct str list)
{
    SCOPED_BUF(out, list.n * 3 + 8);
    struct str rest = list, one;
    while (text_split(&rest, ',', &one)) {
        buf_addz(&out, out.n ? "," : "");
        buf_addz(&out, "X-");
        buf_add(&out, str_trim(one));
    }
    return arena_str(x->a, buf_view(&out));
}

static struct str narrow_priority(struct str value)
{
    uint64_t n;
    if (!str_u64(str_trim(value), &n) || n == 0)
        return STR_NONE;
    return n < 5 ? STR("1") : n == 5 ? STR("2") : STR("3");
}

static bool adapt_line(struct ctx *x, enum media media, struct line *l)
{
    const struct phone *p = x->s->phone;
    const struct prop_rule *r = prop_rule(media, l->name);
    bool listed;
    size_t size = device_size(x, l->name);
    if (!device_holds(x, l->name, &listed))
        return false;
    if (!str_trim(l->value).n && !p->empty_properties)
        return false;
    if (size && !fit(x, r->kind, l, size))
        return false;
    bool ways = x->type == CONTENT_ICAL20 || x->type == CONTENT_VCARD30; /* the other writers do it */
    if (ways && p->categories_x && str_caseeq(l->name, STR("CATEGORIES")))
        l->value = with_prefix(x, l->value);
    if (ways && p->priorities == 3 && str_caseeq(l->name, STR("PRIORITY")))
        l->value = narrow_priority(l->value);
    return l->value.p != NULL;
}

/* The device takes so many of a property: the first ones go out. */
static void adapt_counts(struct ctx *x, enum media media, struct ical_comp *c)
{
    const struct phone *p = x->s->phone;
    for (size_t i = 0; i < p->field_count && !is_fixed(x); i++) {
        size_t n = 0;
        if (!p->fields[i].most || (prop_rule(media, p->fields[i].name)->flags & PROP_SPAN))
            continue;
        for (struct line **l = &c->props; *l;) {
            if (str_caseeq((*l)->name, p->fields[i].name) && n++ >= p->fields[i].most)
                *l = (*l)->next;
            else
                l = &(*l)->next;
        }
    }
}

void adapt_props(struct ctx *x, enum media media, struct ical_comp *c)
{
    for (struct line **p = &c->props; *p;) {
        if (adapt_line(x, media, *p))
            p = &(*p)->next;
        else
            *p = (*p)->next;
    }
    adapt_counts(x, media, c);
}

/* ---- cards ---- */

/* Parameters that phones are known to take; the others stay in the store. */
static void plain_params(struct line *l)
{
    static const struct str kept[] = {STR_INIT("TYPE"), STR_INIT("ENCODING"), STR_INIT("VALUE"),
                                      STR_INIT("LANGUAGE"), STR_INIT("CHARSET")};
    for (struct line_param **p = &l->params; *p;) {
        bool keep = !(*p)->value_count;
        for (size_t i = 0; i < COUNT_OF(kept); i++)
            keep |= str_caseeq((*p)->name, kept[i]);
        if (keep)
            p = &(*p)->next;
        else
            *p = (*p)->next;
    }
}

static int year_of(struct str date)
{
    uint64_t year;
    return str_u64(str_slice(date, 0, 4), &year) && date.n >= 8 ? (int)year : 0;
}

/* Of a date the device must know the year, and a later one than it begins with. */
static bool dateless(const struct ctx *x, const struct line *l)
{
    if (prop_rule(MEDIA_VCARD, l->name)->kind != PROP_DATE)
        return false;
    int year = year_of(str_trim(l->value));
    return year == 0 || line_param(l, STR("X-APPLE-OMIT-YEAR")) || (year < x->s->phone->year_min);
}

static bool card_line(struct ctx *x, struct line *l, bool groups)
{
    static const struct str never[] = {STR_INIT("REV"),     STR_INIT("PRODID"),  STR_INIT("X-ABLABEL"),
                                       STR_INIT("X-ABADR"), STR_INIT("PROFILE"), STR_INIT("SOURCE"),
                                       STR_INIT("NAME")};
    for (size_t i = 0; i < COUNT_OF(never); i++)
        if (str_caseeq(never[i], l->name) && !(groups && str_casestarts(l->name, STR("X-AB"))))
            return false;
    if (x->type == CONTENT_VCARD40)
        return true;
    if (dateless(x, l))
        return false;
    if (!groups)
        l->group = STR_NONE;
    plain_params(l);
    if (x->type == CONTENT_VCARD30 && x->s->phone->email_internet && str_caseeq(l->name, STR("EMAIL")))
        line_type_add(x->a, l, STR("INTERNET"));
    return true;
}

bool card_is_group(const struct ical_comp *c)
{
    const struct line *kind = ical_prop(c, STR("KIND"));
    if (!kind)
        kind = ical_prop(c, STR("X-ADDRESSBOOKSERVER-KIND"));
    return kind && str_caseeq(str_trim(kind->value), STR("group"));
}

static bool takes_groups(const struct ctx *x)
{
    bool listed;
    if (x->type == CONTENT_VCARD40)
        return true;
    bool holds = device_holds(x, STR("KIND"), &listed);
    return x->type == CONTENT_VCARD30 && holds;
}

/* N of FN, where a card has none: every device wants one. */
static enum status give_names(struct ctx *x, struct ical_comp *c)
{
    struct line *fn = comp_prop(c, STR("FN")), *n = comp_prop(c, STR("N")), *org = comp_prop(c, STR("ORG"));
    if (!n && fn) {
        struct str value = str_joined(x->a, fn->value, STR(";;;;"), STR(""));
        n = value.p ? comp_set(x->a, c, STR("N"), value) : NULL;
    }
    if (!n && org) {
        struct str rest = org->value, name = STR("");
        (void)text_split(&rest, ';', &name);
        n = comp_set(x->a, c, STR("N"), str_joined(x->a, name, STR(";;;;"), STR("")));
    }
    if (!n)
        (void)comp_set(x->a, c, STR("N"), STR(";;;;"));
    return x->a->st;
}

static enum status adapt_card(struct ctx *x, const struct doc *stored, struct doc *out)
{
    bool listed,
        groups = x->type == CONTENT_VCARD40 ||
                 (x->type == CONTENT_VCARD30 && device_holds(x, STR("X-ABLABEL"), &listed) && listed);
    *out = *stored;
    if (card_is_group(stored->root) && !takes_groups(x))
        return ctx_fail(x, UNSUPPORTED, "the device has no groups");
    enum status st = doc_to_version(x, out, x->type == CONTENT_VCARD40 ? VCARD_4_0 : VCARD_3_0);
    if (st != OK)
        return st;
    out->root = out->main = comp_copy(x->a, out->root, NULL);
    if (!out->root)
        return x->a->st;
    for (struct line **p = &out->root->props; *p;) {
        if (card_line(x, *p, groups))
            p = &(*p)->next;
        else
            *p = (*p)->next;
    }
    st = x->type == CONTENT_VCARD40 ? OK : give_names(x, out->root);
    adapt_props(x, MEDIA_VCARD, out->root);
    return st == OK ? x->a->st : st;
}

enum status doc_adapt(struct ctx *x, const struct doc *stored, struct str recur_id, struct doc *out)
{
    if (content_media(x->type) != stored->media)
        return ctx_fail(x, UNSUPPORTED, "cards and calendar objects have types of their own");
    const struct ical_comp *part = part_find(x, stored, recur_id);
    if (!part)
        return ctx_fail(x, NOT_FOUND, "no such instance");
    return stored->media == MEDIA_VCARD ? adapt_card(x, stored, out) : adapt_calendar(x, stored, part, out);
}
