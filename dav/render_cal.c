/* dav/render_cal.c: calendar-data: the object as it is stored, or the part of it that the client asked for.
 *
 * The usual request wants all of it: then the stored text goes out without being parsed. Otherwise the tree
 * is expanded or thinned out, the properties and components that were named are picked, and the rest is
 * written anew. */
#include "dav/render.h"

enum { SELECT_NODES = 1024, SELECT_DEPTH = 8 };

struct select_prop {
    struct str name;
    bool novalue;
    struct select_prop *next;
};

struct select_comp {
    struct str name;
    bool all_props, all_comps;
    struct select_prop *props;
    struct select_comp *comps, *next;
};

enum recurrence { AS_STORED, EXPAND, LIMIT_SET };

struct cal_render {
    struct select_comp *select; /* VCALENDAR; NULL: all */
    enum recurrence recurrence;
    struct time_range *range;    /* of EXPAND and LIMIT_SET */
    struct time_range *freebusy; /* limit-freebusy-set */
    bool omit_zones;
};

/* ---- reading the element ---- */
struct parser {
    struct arena *a;
    size_t nodes;
    struct str *why;
};

static enum status refuse(struct parser *p, const char *what)
{
    *p->why = arena_strf(p->a, "calendar-data: %s", what);
    return INVALID;
}

static enum status parse_prop(struct parser *p, const struct xml_node *n, struct select_prop **out)
{
    struct select_prop *prop = *out = ARENA_NEW(p->a, struct select_prop);
    if (!prop)
        return p->a->st;
    prop->name = xml_attr(n, "name");
    prop->novalue = str_eq(xml_attr(n, "novalue"), STR("yes"));
    return prop->name.n ? OK : refuse(p, "a prop has no name");
}

static enum status parse_comp(struct parser *p, const struct xml_node *n, size_t depth,
                              struct select_comp **out)
{
    struct select_comp *comp = *out = ARENA_NEW(p->a, struct select_comp);
    if (!comp)
        return p->a->st;
    struct select_prop **props = &comp->props;
    struct select_comp **comps = &comp->comps;
    enum status st = OK;
    comp->name = xml_attr(n, "name");
    if (comp->name.n == 0 || depth > SELECT_DEPTH)
        return refuse(p, depth > SELECT_DEPTH ? "comps nest too deep" : "a comp has no name");
    for (const struct xml_node *c = xml_first(n); c && st == OK; c = xml_sibling(c)) {
        if (++p->nodes > SELECT_NODES)
            return refuse(p, "too many elements");
        if (xml_is(c, NS_CALDAV, "allprop")) {
            comp->all_props = true;
        } else if (xml_is(c, NS_CALDAV, "allcomp")) {
            comp->all_comps = true;
        } else if (xml_is(c, NS_CALDAV, "prop")) {
            st = parse_prop(p, c, props);
            props = *props ? &(*props)->next : props;
        } else if (xml_is(c, NS_CALDAV, "comp")) {
            st = parse_comp(p, c, depth + 1, comps);
            comps = *comps ? &(*comps)->next : comps;
        }
    }
    /* An empty comp stands for all of it, as the example of RFC 4791 section 7.8.1 has it for VTIMEZONE; and
     * without a list of properties the result shall still be a calendar. */
    comp->all_comps |= !comp->props && !comp->comps && !comp->all_props;
    comp->all_props |= !comp->props;
    return st;
}

static enum status parse_range(struct parser *p, const struct xml_node *n, struct time_range **out)
{
    if (*out)
        return refuse(p, "takes one of expand and limit-recurrence-set, and one limit-freebusy-set");
    *out = ARENA_NEW(p->a, struct time_range);
    return *out ? time_range_parse(p->a, n, true, *out, p->why) : p->a->st;
}

static enum status parse_child(struct parser *p, const struct xml_node *n, struct cal_render *r)
{
    if (xml_is(n, NS_CALDAV, "comp")) {
        if (r->select || !str_caseeq(xml_attr(n, "name"), STR("VCALENDAR")))
            return refuse(p, "the outermost comp is one VCALENDAR");
        return parse_comp(p, n, 0, &r->select);
    }
    if (xml_is(n, NS_CALDAV, "expand") || xml_is(n, NS_CALDAV, "limit-recurrence-set")) {
        r->recurrence = xml_is(n, NS_CALDAV, "expand") ? EXPAND : LIMIT_SET;
        return parse_range(p, n, &r->range);
    }
    if (xml_is(n, NS_CALDAV, "limit-freebusy-set"))
        return parse_range(p, n, &r->freebusy);
    return OK; /* elements of extensions that we do not know change nothing */
}

enum status cal_render_parse(struct arena *a, const struct xml_node *data, struct cal_render **out,
                             struct str *why)
{
    struct cal_render *r = *out = ARENA_NEW(a, struct cal_render);
    struct parser p = {a, 0, why};
    enum status st = OK;
    if (!r)
        return a->st;
    if (!data)
        return OK;
    struct str type = xml_attr(data, "content-type"), version = xml_attr(data, "version");
    if ((type.p && !str_caseeq(type, STR("text/calendar"))) || (version.p && !str_eq(version, STR("2.0")))) {
        *why = arena_str(a, STR("calendar-data: only text/calendar version 2.0 can be had"));
        return UNSUPPORTED;
    }
    for (const struct xml_node *c = xml_first(data); c && st == OK; c = xml_sibling(c))
        st = parse_child(&p, c, r);
    return st == OK ? a->st : st;
}

void cal_render_omit_zones(struct cal_render *r)
{
    r->omit_zones = true;
}

static void widen(const struct time_range *range, int64_t *first, int64_t *last)
{
    if (!range)
        return;
    *first = range->from < *first ? range->from : *first;
    *last = range->until > *last ? range->until : *last;
}

bool cal_render_times(const struct cal_render *r, int64_t *first, int64_t *last)
{
    *first = INT64_MAX;
    *last = INT64_MIN;
    widen(r->range, first, last);
    widen(r->freebusy, first, last);
    return *first <= *last;
}

bool cal_render_verbatim(const struct cal_render *r)
{
    return !r->select && !r->range && !r->freebusy && !r->omit_zones;
}

/* ---- picking ---- */
static const struct select_prop *prop_wanted(const struct select_comp *s, struct str name)
{
    for (const struct select_prop *p = s->props; p; p = p->next)
        if (str_caseeq(p->name, name))
            return p;
    return NULL;
}

static const struct select_comp *comp_wanted(const struct select_comp *s, struct str name)
{
    for (const struct select_comp *c = s->comps; c; c = c->next)
        if (str_caseeq(c->name, name))
            return c;
    return NULL;
}

/* The properties wanted, in the order of the object. False: out of memory. */
static bool pick_props(struct arena *a, const struct ical_comp *from, const struct select_comp *s,
                       struct ical_comp *to)
{
    struct line **tail = &to->props;
    for (const struct line *l = from->props; l; l = l->next) {
        const struct select_prop *p = s->all_props ? NULL : prop_wanted(s, l->name);
        if (!p && !s->all_props)
            continue;
        struct line *copy = *tail = ARENA_NEW(a, struct line);
        if (!copy)
            return false;
        *copy = *l;
        copy->next = NULL;
        if (p && p->novalue) {
            copy->value = STR("");
            copy->raw = STR_NONE;
        }
        tail = &copy->next;
    }
    return true;
}

/* `s` NULL: all of it. Components are copied even then, since a tree is walked by its parents; properties are shared. Bounded by the
 * depth that the parser of the object allows. NULL: out of memory. */
static struct ical_comp *pick(struct arena *a, const struct ical_comp *from, struct ical_comp *parent,
                              const struct select_comp *s)
{
    struct ical_comp *to = ARENA_NEW(a, struct ical_comp);
    if (!to)
        return NULL;
    *to = (struct ical_comp){.name = from->name, .props = s ? NULL : from->props, .parent = parent};
    if (s && !pick_props(a, from, s, to))
        return NULL;
    struct ical_comp *last = NULL;
    for (const struct ical_comp *c = from->children; c; c = c->next) {
        const struct select_comp *wanted = s ? comp_wanted(s, c->name) : NULL;
        if (s && !wanted && !s->all_comps)
            continue;
        struct ical_comp *child = pick(a, c, to, wanted);
        if (!child)
            return NULL;
        if (last)
            last->next = child;
        else
            to->children = child;
        last = child;
    }
    return to;
}

/* Is it a VTIMEZONE that every peer of RFC 7809 has by its name? */
static bool zone_known(struct tz_cache *zones, const struct ical_comp *c)
{
    if (!str_caseeq(c->name, STR("VTIMEZONE")))
        return false;
    const struct line *tzid = ical_prop(c, STR("TZID"));
    const struct tz *z = tzid ? tz_find(zones, tzid->value) : NULL;
    return z && str_eq(tz_name(z), tzid->value);
}

/* Takes them out of a tree that is ours. */
static void omit_zones(struct tz_cache *zones, struct ical_comp *cal)
{
    struct ical_comp **at = &cal->children;
    while (*at) {
        if (zone_known(zones, *at))
            *at = (*at)->next;
        else
            at = &(*at)->next;
    }
}

static enum status transform(struct arena *a, const struct cal_render *r, const struct render_env *env,
                             const struct ical_comp *cal, struct ical_comp **out)
{
    struct occur_query q = {INT64_MIN, INT64_MAX, env->zone, env->zones, env->ical->instances};
    struct ical_comp *made = NULL;
    enum status st = OK;
    if (r->range) {
        q.from = r->range->from;
        q.until = r->range->until;
        st = r->recurrence == EXPAND ? occur_expand(a, cal, &q, &made) : occur_limit_set(a, cal, &q, &made);
        cal = made;
    }
    if (st == OK && r->freebusy) {
        q.from = r->freebusy->from;
        q.until = r->freebusy->until;
        st = occur_limit_freebusy(a, cal, &q, &made);
        cal = made;
    }
    if (st != OK)
        return st;
    *out = pick(a, cal, NULL, r->select);
    if (!*out)
        return a->st;
    if (r->omit_zones)
        omit_zones(env->zones, *out);
    return OK;
}

static void write_element(struct buf *out, struct str text)
{
    xml_open(out, NS_CALDAV, "calendar-data");
    xml_escape(out, text);
    xml_close(out, NS_CALDAV, "calendar-data");
}

enum status cal_render_write(struct arena *a, const struct cal_render *r, const struct render_env *env,
                             struct str body, const struct ical_comp *cal, struct buf *out)
{
    struct ical_comp *parsed = NULL, *made = NULL;
    struct ical_problem problem;
    /* some clients fold inside a character: XML cannot carry such octets, so the lines are folded anew */
    bool verbatim = cal_render_verbatim(r) && str_utf8(body);
    if (!cal && !verbatim) {
        enum status st = ical_parse(a, body, env->ical, &parsed, &problem);
        if (st < 0)
            return st;
        cal = st == OK ? parsed : NULL; /* stored under wider limits: the whole is better than nothing */
    }
    if (!cal || verbatim) {
        write_element(out, body);
        return OK;
    }
    enum status st = transform(a, r, env, cal, &made);
    if (st != OK)
        return st;
    SCOPED_BUF(text, out->max);
    ical_write(&text, made);
    if (text.st != OK)
        return text.st;
    write_element(out, buf_view(&text));
    return OK;
}
