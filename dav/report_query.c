/* dav/report_query.c: CALDAV:calendar-query (RFC 4791 section 7.8) and CARDDAV:addressbook-query (RFC 6352
 * section 8.6).
 *
 * The filter says what the store's indexes can narrow; only what they propose is looked at, and only what
 * they can not decide is parsed. A calendar's answer is all or nothing (number-of-matches-within-limits
 * refuses it): clients take what is missing for deleted. An address book's may be cut, since its response
 * says so. */
#include "dav/filter.h"
#include "dav/report.h"

enum decided { BY_PARSING, BY_RANGE, BY_KIND };

struct query {
    struct report rp;
    const struct resource *in; /* the collection walked */
    struct resource place;     /* storage of it, where it is not what was asked */
    struct cal_filter *cal;
    struct card_filter *card;
    enum decided decided;
    unsigned kinds;
    int64_t from, until;
    size_t limit; /* most responses; more of them end in TRUNCATED */
    bool may_cut;
};

static bool refuse_filter(struct dav_request *r, enum status st, const char *ns, struct str why)
{
    const char *element = st == UNSUPPORTED     ? "supported-filter"
                          : st == BAD_COLLATION ? "supported-collation"
                                                : "valid-filter";
    if (st < 0)
        dav_answer(r, st);
    else
        dav_error(r, 403, ns, element, why);
    return false;
}

/* ---- judging ---- */
static enum status judge_event(struct query *q, struct resource *res, const struct ical_comp **parsed,
                               bool *match)
{
    struct report *rp = &q->rp;
    struct arena *a = rp->r->arena;
    struct ical_comp *cal = NULL;
    struct ical_problem problem;
    *match = false;
    if (q->kinds && !(q->kinds & (unsigned)res->item.kind))
        return OK;
    *match = q->decided == BY_KIND || (q->decided == BY_RANGE && res->item.sure);
    if (*match)
        return OK;
    enum status st = resource_body(rp->r, rp->tx, res);
    if (st == OK)
        st = ical_parse(a, res->body, rp->env.ical, &cal, &problem);
    if (st == OK)
        st = cal_filter_match(a, q->cal, cal, rp->env.zone, rp->env.zones, rp->env.ical->instances, match);
    *parsed = cal;
    return st;
}

static enum status judge_card(struct query *q, struct resource *res, bool *match)
{
    struct report *rp = &q->rp;
    struct vcard *card;
    struct vcard_problem problem;
    enum status st = resource_body(rp->r, rp->tx, res);
    if (st == OK)
        st = vcard_parse(rp->r->arena, res->body, rp->env.vcard, &card, &problem);
    return st != OK ? st : card_filter_match(rp->r->arena, q->card, card, match);
}

static enum status emit(struct query *q, struct resource *res, const struct ical_comp *cal)
{
    struct report *rp = &q->rp;
    if (rp->count >= q->limit || ms_full(rp->r))
        return TRUNCATED;
    return report_item(rp, res, cal);
}

static enum status on_item_inside(struct query *q, const struct item *item, struct str body)
{
    struct report *rp = &q->rp;
    struct resource res;
    const struct ical_comp *cal = NULL;
    bool match = false;
    enum status st = resource_item(rp->r, rp->tx, q->in, item, body, &res);
    if (st == OK)
        st = q->card ? judge_card(q, &res, &match) : judge_event(q, &res, &cal, &match);
    if (st > OK && st != TOO_MANY) /* a text that its own checks would refuse today is no match */
        return OK;
    if (st != OK)
        return report_broken(rp, &res, st);
    return match ? emit(q, &res, cal) : OK;
}

static enum status on_item(void *ctx, const struct item *item, struct str body)
{
    struct query *q = ctx;
    report_item_begin(&q->rp);
    enum status st = on_item_inside(q, item, body);
    report_item_end(&q->rp);
    return st;
}

/* ---- walking ---- */
static enum status walk_calendar(struct query *q)
{
    struct report *rp = &q->rp;
    const struct collection *c = &q->in->collection;
    const struct actor *actor = rp->r->actor;
    bool bodies = q->decided == BY_PARSING || report_wants_data(rp);
    if (q->from >= q->until)
        return OK;
    if (q->from == INT64_MIN && q->until == INT64_MAX)
        return item_each(rp->tx, actor, c->id, bodies, on_item, q);
    return item_in_range(rp->tx, actor, c->id, q->kinds, q->from, q->until, bodies, on_item, q);
}

static enum status walk_book(struct query *q)
{
    struct report *rp = &q->rp;
    const struct collection *c = &q->in->collection;
    size_t count;
    const struct field_key *keys = card_filter_keys(q->card, &count);
    if (!keys)
        return item_each(rp->tx, rp->r->actor, c->id, true, on_item, q);
    return item_by_fields(rp->tx, rp->r->actor, c->id, keys, count, true, on_item, q);
}

static enum status walk_one(struct query *q)
{
    struct report *rp = &q->rp;
    q->place = rp->base;
    q->in = &q->place;
    return on_item(q, &rp->base.item, STR_NONE);
}

/* All collections of a home that can be read. A calendar's own zone counts unless the query brought one. */
static enum status walk_home(struct query *q, bool own_zone)
{
    struct report *rp = &q->rp;
    struct collection *list;
    size_t count;
    enum collection_kind kind = q->card ? KIND_ADDRESSBOOK : KIND_CALENDAR;
    enum status st =
        collection_list(rp->tx, rp->r->arena, rp->r->actor, rp->base.owner.id, kind, &list, &count);
    for (size_t i = 0; i < count && st == OK; i++) {
        if (!(list[i].rights & RIGHT_READ))
            continue;
        resource_collection(&rp->base, &list[i], &q->place);
        q->in = &q->place;
        if (own_zone)
            rp->env.zone = report_collection_zone(rp, &list[i]);
        st = q->card ? walk_book(q) : walk_calendar(q);
    }
    return st;
}

/* Depth counts from the resource asked: a collection's items are at 1, a home's at infinity. Absent means 0
 * by the RFCs, which on a collection could match nothing; what such a client wants are the items. */
static enum status walk(struct query *q, bool own_zone)
{
    const struct resource *base = &q->rp.base;
    int depth = q->rp.r->depth;
    if (resource_is_item(base))
        return walk_one(q);
    if (resource_is_home(base))
        return depth == DEPTH_INFINITY ? walk_home(q, own_zone) : OK;
    if (depth == 0)
        return OK;
    q->in = base;
    return q->card ? walk_book(q) : walk_calendar(q);
}

static void answer(struct query *q, bool own_zone)
{
    struct report *rp = &q->rp;
    struct dav_request *r = rp->r;
    ms_begin(r);
    enum status st = walk(q, own_zone);
    if (st == TRUNCATED && q->may_cut) {
        report_truncated(rp);
        st = OK;
    }
    report_close(rp);
    report_answer(r, st);
}

/* ---- calendar-query ---- */
static bool open_calendar_query(struct query *q, const struct xml_node *body)
{
    struct report *rp = &q->rp;
    struct dav_request *r = rp->r;
    struct str why = STR_NONE;
    int64_t first, last;
    enum status st = cal_filter_parse(r->arena, xml_child(body, NS_CALDAV, "filter"), &q->cal, &why);
    if (st != OK)
        return refuse_filter(r, st, NS_CALDAV, why);
    if (cal_filter_times(q->cal, &first, &last) && !report_times_allowed(rp, first, last))
        return false;
    cal_filter_bounds(q->cal, &q->kinds, &q->from, &q->until);
    q->decided = cal_filter_is_range(q->cal) ? BY_RANGE : cal_filter_is_kind(q->cal) ? BY_KIND : BY_PARSING;
    q->limit = r->dav->report_items;
    return report_zone(rp, body);
}

void report_calendar_query(struct dav_request *r)
{
    SCOPED_READ(tx, r->dav->store);
    struct query q = {.in = NULL};
    bool own_zone =
        !xml_child(r->body, NS_CALDAV, "timezone") && !xml_child(r->body, NS_CALDAV, "timezone-id");
    if (report_open(&q.rp, r, tx, r->body) && !report_unreadable(&q.rp) && open_calendar_query(&q, r->body))
        answer(&q, own_zone);
    else
        report_close(&q.rp);
}

/* ---- addressbook-query ---- */
static bool open_addressbook_query(struct query *q, const struct xml_node *body)
{
    struct dav_request *r = q->rp.r;
    struct str why = STR_NONE;
    const struct xml_node *filter = xml_child(body, NS_CARDDAV, "filter");
    enum status st = card_filter_parse(r->arena, filter, &q->card, &why);
    if (st != OK)
        return refuse_filter(r, st, NS_CARDDAV, why);
    st = report_limit(r->arena, body, NS_CARDDAV, &q->limit);
    if (st != OK) {
        dav_error(r, 400, NS_DAV, "valid-request-body", STR("limit: nresults is a number from 1 on"));
        return false;
    }
    if (q->limit == 0 || q->limit > r->dav->report_items)
        q->limit = r->dav->report_items;
    q->may_cut = true;
    return true;
}

void report_addressbook_query(struct dav_request *r)
{
    SCOPED_READ(tx, r->dav->store);
    struct query q = {.in = NULL};
    if (report_open(&q.rp, r, tx, r->body) && !report_unreadable(&q.rp) &&
        open_addressbook_query(&q, r->body))
        answer(&q, false);
    else
        report_close(&q.rp);
}
