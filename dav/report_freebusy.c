/* dav/report_freebusy.c: CALDAV:free-busy-query (RFC 4791 section 7.10): when somebody is busy, and nothing
 * else.
 *
 * The right to ask is one of its own (CALDAV:read-free-busy): who has it need not be allowed to read. So the
 * items are read in the server's name here, after that right was judged, and only times leave this file. */
#include "core/clock.h"
#include "dav/report.h"

struct freebusy {
    struct report rp;
    struct time_range range;
    struct busy_list list;
};

static enum status on_item(void *ctx, const struct item *item, struct str body)
{
    struct freebusy *f = ctx;
    struct report *rp = &f->rp;
    struct occur_query q = {f->range.from, f->range.until, rp->env.zone, rp->env.zones,
                            rp->env.ical->instances};
    struct ical_comp *cal;
    struct ical_problem problem;
    if (f->list.count > rp->r->dav->report_items)
        return TRUNCATED;
    if (!body.p) { /* free, for all that can be known */
        resource_broken(rp->r, item, E_CORRUPT);
        return OK;
    }
    report_item_begin(rp);
    enum status st = ical_parse(rp->r->arena, body, rp->env.ical, &cal, &problem);
    if (st == OK)
        st = busy_collect(&f->list, cal, &q);
    report_item_end(rp);
    return st == TOO_MANY ? TRUNCATED : st > OK ? OK : st;
}

static enum status collect(struct freebusy *f, const struct collection *c)
{
    enum { KINDS = ICAL_VEVENT | ICAL_VFREEBUSY };
    return item_in_range(f->rp.tx, &actor_system, c->id, KINDS, f->range.from, f->range.until, true, on_item,
                         f);
}

/* A calendar that its owner set to be transparent (RFC 6638 section 9.1) makes nobody busy, unless it is
 * asked by name. */
static bool transparent(struct freebusy *f, const struct collection *c)
{
    struct str value;
    enum status st =
        prop_get(f->rp.tx, f->rp.r->arena, c->id, 0, STR(NS_CALDAV), STR("schedule-calendar-transp"), &value);
    return st == OK && str_find(value, STR("transparent"), 0) != SIZE_MAX;
}

static enum status collect_home(struct freebusy *f)
{
    struct report *rp = &f->rp;
    struct collection *list;
    size_t count, asked = 0;
    enum status st =
        collection_list(rp->tx, rp->r->arena, rp->r->actor, rp->base.owner.id, KIND_CALENDAR, &list, &count);
    for (size_t i = 0; i < count && st == OK; i++) {
        if (list[i].mount || !(list[i].rights & RIGHT_FREEBUSY))
            continue;
        asked++;
        rp->env.zone = report_collection_zone(rp, &list[i]);
        if (!transparent(f, &list[i]))
            st = collect(f, &list[i]);
    }
    return st == OK && asked == 0 ? DENIED : st;
}

static void answer(struct freebusy *f)
{
    struct dav_request *r = f->rp.r;
    struct buf *out = &r->t->resp.body;
    f->list.arena = r->arena;
    enum status st = resource_is_home(&f->rp.base) ? collect_home(f) : collect(f, &f->rp.base.collection);
    report_close(&f->rp);
    if (st == OK) {
        r->t->resp.status = 200;
        http_set(r->t, STR("Content-Type"), STR("text/calendar; charset=utf-8"));
        busy_write(out, &f->list, f->range.from, f->range.until, clock_now());
        st = out->st == TOO_LARGE ? TRUNCATED : out->st;
    }
    if (st == OK)
        http_finish(r->t);
    else if (st == DENIED)
        dav_need_privilege(r, "read-free-busy");
    else if (st == TRUNCATED)
        dav_error(r, 507, NS_DAV, "number-of-matches-within-limits",
                  STR("free-busy-query: there are too many busy times in this range; ask for a shorter one"));
    else
        dav_answer(r, st);
}

static bool open_query(struct freebusy *f, struct dav_request *r)
{
    struct str why = STR("free-busy-query: needs one time-range");
    const struct xml_node *n = xml_child(r->body, NS_CALDAV, "time-range");
    if (!n || time_range_parse(r->arena, n, true, &f->range, &why) != OK) {
        dav_error(r, 400, NS_CALDAV, "valid-filter", why);
        return false;
    }
    if (!report_times_allowed(&f->rp, f->range.from, f->range.until))
        return false;
    if (!resource_is_home(&f->rp.base) && !(f->rp.base.collection.rights & RIGHT_FREEBUSY)) {
        dav_need_privilege(r, "read-free-busy");
        return false;
    }
    return report_zone(&f->rp, r->body);
}

void report_freebusy(struct dav_request *r)
{
    SCOPED_READ(tx, r->dav->store);
    struct freebusy f = {.range = {0, 0}};
    if (report_open(&f.rp, r, tx, NULL) && open_query(&f, r))
        answer(&f);
    else
        report_close(&f.rp);
}
