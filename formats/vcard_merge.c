/* formats/vcard_merge.c: a card written by a client of the other version over the one that is stored: what that version has no
 * words for stays as it is stored. */
#include "formats/vcard_int.h"

enum { SEARCH = 2000000 }; /* comparisons in one merge */

/* Parameters of 4.0 that a client of 3.0 does not give back. */
static const struct str kept_params[] = {
    STR_INIT("ALTID"), STR_INIT("PID"),  STR_INIT("MEDIATYPE"), STR_INIT("CALSCALE"), STR_INIT("INDEX"),
    STR_INIT("LEVEL"), STR_INIT("PREF"), STR_INIT("GEO"),       STR_INIT("TZ"),       STR_INIT("SORT-AS"),
};

static bool has(const struct vcard *c, struct str name)
{
    for (const struct line *l = c->props; l; l = l->next)
        if (str_caseeq(l->name, name))
            return true;
    return false;
}

/* Searches from where the last one was found, since clients mostly keep the order; `budget` bounds what others cost. */
static const struct line *same_property(const struct vcard *stored, const struct line **from,
                                        const struct line *l, size_t *budget)
{
    const struct line *s = *from;
    for (bool wrapped = false; *budget; --*budget, s = s->next) {
        if (!s) {
            if (wrapped || !stored->props)
                return NULL;
            wrapped = true;
            s = stored->props;
        }
        if (wrapped && s == *from)
            return NULL;
        if (str_caseeq(s->name, l->name) && str_eq(s->value, l->value)) {
            *from = s->next;
            return s;
        }
    }
    return NULL;
}

static void keep_params(struct arena *a, const struct line *stored, struct line *l)
{
    for (size_t i = 0; i < COUNT_OF(kept_params); i++) {
        struct str value = line_param1(stored, kept_params[i]);
        bool sayable = str_eq(kept_params[i], STR("PREF")) && str_eq(value, STR("1")); /* TYPE=PREF says it */
        if (value.p && !sayable && !line_param(l, kept_params[i]))
            vcard_param_set(a, l, kept_params[i], value);
    }
}

/* Is a stored property of that name to be kept? A client that writes a group writes its members too. */
static bool keeps(const struct vcard *incoming, enum vcard_version stored, struct str name)
{
    if (!(stored == VCARD_4_0 ? vcard_only4(name) : vcard_only3(name)) || has(incoming, name))
        return false;
    return !str_caseeq(name, STR("MEMBER")) || !has(incoming, STR("KIND"));
}

/* What is kept of `stored`, as a list of copies. */
static enum status kept(struct arena *a, const struct vcard *stored, const struct vcard *incoming,
                        struct line **out)
{
    struct line **tail = out;
    struct str name = STR_NONE;
    bool keep = false;
    *tail = NULL;
    for (const struct line *l = stored->props; l; l = l->next) {
        if (!name.p || !str_caseeq(name, l->name))
            keep = keeps(incoming, stored->version, l->name);
        name = l->name;
        if (!keep)
            continue;
        *tail = vcard_copy(a, l);
        if (!*tail)
            return a->st;
        tail = &(*tail)->next;
    }
    return OK;
}

enum status vcard_merge(struct arena *a, const struct vcard *stored, const struct vcard *incoming,
                        struct vcard **out)
{
    struct vcard *made;
    struct line *rest;
    enum status st = vcard_convert(a, incoming, stored->version, &made);
    *out = made;
    if (st != OK || incoming->version == stored->version)
        return st;
    st = kept(a, stored, made, &rest);
    if (st != OK)
        return st;
    struct line **tail = &made->props;
    const struct line *from = stored->props;
    size_t budget = SEARCH;
    for (struct line *l = made->props; l; l = l->next) {
        const struct line *old =
            stored->version == VCARD_4_0 ? same_property(stored, &from, l, &budget) : NULL;
        if (old)
            keep_params(a, old, l);
        tail = &l->next;
    }
    *tail = rest;
    return a->st;
}
