/* dav/filter_cal.c: reads CALDAV:filter (RFC 4791 section 9.7), and says what of it the store's indexes can
 * narrow.
 *
 * What can never match anything sensible is refused here (valid-filter), so that a client's mistake shows as
 * an error and not as an empty calendar: a component in the wrong place, a time range on what has no time,
 * children that exclude each other. */
#include "dav/filter_cal.h"

enum {
    FILTER_NODES = 256, /* comp-, prop- and param-filters of one query: each costs a look at every object */
    FILTER_DEPTH = 8,   /* comp-filters in comp-filters; iCalendar itself has three levels */
};

struct parser {
    struct arena *a;
    struct cal_filter *filter;
    size_t nodes;
    struct str *why;
};

/* Where the components of the standards may stand. Others (X-, IANA tokens) may stand anywhere. */
static const struct {
    struct str name, parent, other_parent;
    bool timed; /* takes a time-range */
} places[] = {
    {STR_INIT("VEVENT"), STR_INIT("VCALENDAR"), {NULL, 0}, true},
    {STR_INIT("VTODO"), STR_INIT("VCALENDAR"), {NULL, 0}, true},
    {STR_INIT("VJOURNAL"), STR_INIT("VCALENDAR"), {NULL, 0}, true},
    {STR_INIT("VFREEBUSY"), STR_INIT("VCALENDAR"), {NULL, 0}, true},
    {STR_INIT("VAVAILABILITY"), STR_INIT("VCALENDAR"), {NULL, 0}, true},
    {STR_INIT("VTIMEZONE"), STR_INIT("VCALENDAR"), {NULL, 0}, false},
    {STR_INIT("VALARM"), STR_INIT("VEVENT"), STR_INIT("VTODO"), true},
    {STR_INIT("AVAILABLE"), STR_INIT("VAVAILABILITY"), {NULL, 0}, false},
    {STR_INIT("STANDARD"), STR_INIT("VTIMEZONE"), {NULL, 0}, false},
    {STR_INIT("DAYLIGHT"), STR_INIT("VTIMEZONE"), {NULL, 0}, false},
};

/* Properties whose value is a date, a time or a period. A time-range on another property of the standards is
 * a mistake. */
static const struct str timed_props[] = {
    STR_INIT("DTSTART"),      STR_INIT("DTEND"),   STR_INIT("DUE"),           STR_INIT("COMPLETED"),
    STR_INIT("CREATED"),      STR_INIT("DTSTAMP"), STR_INIT("LAST-MODIFIED"), STR_INIT("RECURRENCE-ID"),
    STR_INIT("EXDATE"),       STR_INIT("RDATE"),   STR_INIT("FREEBUSY"),      STR_INIT("TRIGGER"),
    STR_INIT("ACKNOWLEDGED"),
};

static enum status refuse(struct parser *p, enum status st, const struct xml_node *n, const char *what)
{
    struct str name = str_slice(xml_attr(n, "name"), 0, 80);
    *p->why = arena_strf(p->a, "%.*s \"%.*s\": %s", STR_ARG(n->name.name), STR_ARG(name), what);
    return st;
}

static enum status parse_range(struct parser *p, const struct xml_node *n, const struct time_range **out)
{
    struct time_range *range = ARENA_NEW(p->a, struct time_range);
    if (!range)
        return p->a->st;
    enum status st = time_range_parse(p->a, n, false, range, p->why);
    if (st != OK)
        return st;
    int64_t times[2] = {range->from, range->until};
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        if (times[i] == INT64_MIN || times[i] == INT64_MAX)
            continue;
        struct cal_filter *f = p->filter;
        f->first = f->times && f->first < times[i] ? f->first : times[i];
        f->last = f->times && f->last > times[i] ? f->last : times[i];
        f->times = true;
    }
    *out = range;
    return OK;
}

static enum status parse_text(struct parser *p, const struct xml_node *n, const struct text_match **out)
{
    struct text_match *text = ARENA_NEW(p->a, struct text_match);
    *out = text;
    return text ? text_match_parse(p->a, n, COLLATE_ASCII, text, p->why) : p->a->st;
}

/* The name attribute and the bound that every filter element shares. */
static enum status parse_name(struct parser *p, const struct xml_node *n, struct str *name)
{
    *name = xml_attr(n, "name");
    if (name->n == 0)
        return refuse(p, INVALID, n, "has no name");
    if (++p->nodes > FILTER_NODES)
        return refuse(p, UNSUPPORTED, n, "too many filters in one query");
    return OK;
}

static enum status parse_param(struct parser *p, const struct xml_node *n, struct cal_param_filter *out)
{
    enum status st = parse_name(p, n, &out->name);
    for (const struct xml_node *c = xml_first(n); c && st == OK; c = xml_sibling(c)) {
        if (out->absent || out->text)
            st = refuse(p, INVALID, n, "takes one is-not-defined or one text-match");
        else if (xml_is(c, NS_CALDAV, "is-not-defined"))
            out->absent = true;
        else if (xml_is(c, NS_CALDAV, "text-match"))
            st = parse_text(p, c, &out->text);
        else
            st = refuse(p, UNSUPPORTED, n, "has an element that is not known");
    }
    return st;
}

static bool prop_timed(struct str name)
{
    if (str_casestarts(name, STR("X-")))
        return true;
    for (size_t i = 0; i < COUNT_OF(timed_props); i++)
        if (str_caseeq(name, timed_props[i]))
            return true;
    return false;
}

static enum status parse_prop_child(struct parser *p, const struct xml_node *n, const struct xml_node *c,
                                    struct cal_prop_filter *out, struct cal_param_filter ***tail)
{
    if (out->absent)
        return refuse(p, INVALID, n, "is-not-defined stands alone");
    if (xml_is(c, NS_CALDAV, "is-not-defined")) {
        out->absent = true;
        return out->text || out->range || out->params ? refuse(p, INVALID, n, "is-not-defined stands alone")
                                                      : OK;
    }
    if (xml_is(c, NS_CALDAV, "param-filter")) {
        **tail = ARENA_NEW(p->a, struct cal_param_filter);
        if (!**tail)
            return p->a->st;
        enum status st = parse_param(p, c, **tail);
        *tail = &(**tail)->next;
        return st;
    }
    bool range = xml_is(c, NS_CALDAV, "time-range");
    if (!range && !xml_is(c, NS_CALDAV, "text-match"))
        return refuse(p, UNSUPPORTED, n, "has an element that is not known");
    if (out->text || out->range)
        return refuse(p, INVALID, n, "takes one time-range or one text-match");
    if (!range)
        return parse_text(p, c, &out->text);
    if (!prop_timed(out->name))
        return refuse(p, INVALID, n, "has no time for a time-range");
    return parse_range(p, c, &out->range);
}

static enum status parse_prop(struct parser *p, const struct xml_node *n, struct cal_prop_filter *out)
{
    enum status st = parse_name(p, n, &out->name);
    struct cal_param_filter **tail = &out->params;
    for (const struct xml_node *c = xml_first(n); c && st == OK; c = xml_sibling(c))
        st = parse_prop_child(p, n, c, out, &tail);
    return st;
}

/* Is a component of that name at home in `parent`, and may it have a time range? */
static bool placed(struct str name, struct str parent, bool *timed)
{
    *timed = false;
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        if (!str_caseeq(name, places[i].name))
            continue;
        *timed = places[i].timed;
        return str_caseeq(parent, places[i].parent) ||
               (places[i].other_parent.p && str_caseeq(parent, places[i].other_parent));
    }
    return !str_caseeq(name, STR("VCALENDAR"));
}

struct comp_context {
    struct cal_comp_filter *out;
    struct cal_prop_filter **prop_tail;
    struct cal_comp_filter **comp_tail;
    bool timed;
    size_t depth;
};

static enum status parse_comp(struct parser *p, const struct xml_node *n, struct str parent, size_t depth,
                              struct cal_comp_filter *out);

static enum status parse_comp_child(struct parser *p, const struct xml_node *n, const struct xml_node *c,
                                    struct comp_context *x)
{
    struct cal_comp_filter *out = x->out;
    if (out->absent)
        return refuse(p, INVALID, n, "is-not-defined stands alone");
    if (xml_is(c, NS_CALDAV, "is-not-defined")) {
        out->absent = true;
        return out->range || out->props || out->comps ? refuse(p, INVALID, n, "is-not-defined stands alone")
                                                      : OK;
    }
    if (xml_is(c, NS_CALDAV, "time-range")) {
        if (out->range || !x->timed)
            return refuse(p, INVALID, n, out->range ? "has two time-ranges" : "has no time for a time-range");
        return parse_range(p, c, &out->range);
    }
    if (xml_is(c, NS_CALDAV, "prop-filter")) {
        struct cal_prop_filter *prop = ARENA_NEW(p->a, struct cal_prop_filter);
        if (!prop)
            return p->a->st;
        *x->prop_tail = prop;
        x->prop_tail = &prop->next;
        return parse_prop(p, c, prop);
    }
    if (xml_is(c, NS_CALDAV, "comp-filter")) {
        struct cal_comp_filter *comp = ARENA_NEW(p->a, struct cal_comp_filter);
        if (!comp)
            return p->a->st;
        *x->comp_tail = comp;
        x->comp_tail = &comp->next;
        return parse_comp(p, c, out->name, x->depth + 1, comp);
    }
    return refuse(p, UNSUPPORTED, n, "has an element that is not known");
}

static enum status parse_comp(struct parser *p, const struct xml_node *n, struct str parent, size_t depth,
                              struct cal_comp_filter *out)
{
    struct comp_context x = {out, &out->props, &out->comps, false, depth};
    enum status st = parse_name(p, n, &out->name);
    if (st != OK)
        return st;
    if (depth > FILTER_DEPTH)
        return refuse(p, UNSUPPORTED, n, "comp-filters nest too deep");
    if (depth == 0 ? !str_caseeq(out->name, STR("VCALENDAR")) : !placed(out->name, parent, &x.timed))
        return refuse(p, INVALID, n,
                      depth ? "does not occur inside its parent" : "the outermost is VCALENDAR");
    for (const struct xml_node *c = xml_first(n); c && st == OK; c = xml_sibling(c))
        st = parse_comp_child(p, n, c, &x);
    return st;
}

enum status cal_filter_parse(struct arena *a, const struct xml_node *filter, struct cal_filter **out,
                             struct str *why)
{
    struct cal_filter *f = ARENA_NEW(a, struct cal_filter);
    if (!f)
        return a->st;
    struct parser p = {a, f, 0, why};
    const struct xml_node *root = filter ? xml_first(filter) : NULL;
    if (!root || !xml_is(root, NS_CALDAV, "comp-filter") || xml_sibling(root)) {
        *why = arena_str(a, STR("filter: needs exactly one comp-filter"));
        return INVALID;
    }
    enum status st = parse_comp(&p, root, STR_NONE, 0, &f->root);
    if (st == OK && a->st != OK)
        st = a->st;
    *out = f;
    return st;
}

/* ---- what the indexes can narrow ---- */
void cal_filter_bounds(const struct cal_filter *f, unsigned *kinds, int64_t *from, int64_t *until)
{
    unsigned wanted = ~0u;
    bool ranged = false;
    *from = INT64_MIN;
    *until = INT64_MAX;
    for (const struct cal_comp_filter *c = f->root.comps; c; c = c->next) {
        unsigned kind = ical_kind_of(c->name);
        if (!kind || c->absent)
            continue;
        wanted &= kind; /* an object has one kind: two different ones exclude each other */
        if (c->range &&
            !ranged) { /* the first alone: a second one may be met by another instance, outside of this one */
            *from = c->range->from;
            *until = c->range->until;
            ranged = true;
        }
    }
    if (wanted == 0 || f->root.absent) {
        *from = 0;
        *until = 0;
    }
    *kinds = wanted == ~0u ? 0 : wanted;
}

/* The one component that the filter asks for when it asks for nothing else. */
static const struct cal_comp_filter *only_comp(const struct cal_filter *f)
{
    const struct cal_comp_filter *c = f->root.comps;
    if (f->root.absent || f->root.props || !c || c->next || c->absent || c->props || c->comps)
        return NULL;
    return ical_kind_of(c->name) ? c : NULL;
}

bool cal_filter_is_range(const struct cal_filter *f)
{
    const struct cal_comp_filter *c = only_comp(f);
    return c && c->range;
}

bool cal_filter_is_kind(const struct cal_filter *f)
{
    const struct cal_comp_filter *c = only_comp(f);
    return c && !c->range;
}

bool cal_filter_times(const struct cal_filter *f, int64_t *first, int64_t *last)
{
    *first = f->first;
    *last = f->last;
    return f->times;
}
