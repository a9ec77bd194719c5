/* dav/report.h: what the reports share: the resource asked, the properties and data wanted, and the answer
 * for each item.
 *
 *     struct report rp;
 *     if (report_open(&rp, r, tx, r->body)) {     false: answered
 *         ms_begin(r); … report_item() …
 *     }
 *     report_close(&rp);                           before the request is finished
 *
 * Memory: what one item needs comes from an arena that is emptied after it, so that a report over a large
 * collection needs no more than its answer. */
#ifndef SCAMBIO_DAV_REPORT_H
#define SCAMBIO_DAV_REPORT_H

#include "dav/props.h"
#include "dav/render.h"

struct report {
    struct dav_request *r;
    struct tx *tx;
    struct resource base; /* what the request names */
    struct prop_request props;
    struct cal_render *cal;
    struct card_render *card;
    struct render_env env;
    struct arena item;   /* of the item at hand */
    struct arena *outer; /* the request's own, while r->arena is the item's */
    struct buf data;     /* calendar-data or address-data of the item at hand */
    size_t count;        /* responses written */
};

/* Finds the resource, reads DAV:prop and the data elements below `wanted`. False: the request is answered. */
bool report_open(struct report *rp, struct dav_request *r, struct tx *tx, const struct xml_node *wanted);
void report_close(struct report *rp);

/* True, and the request is answered, when the actor may not read the items of the collection asked. */
bool report_unreadable(const struct report *rp);

/* From here to report_item_end, r->arena is the item's. */
void report_item_begin(struct report *rp);
void report_item_end(struct report *rp);

/* Writes one response. Loads the text when it is needed and not there. `cal`: the parsed text, or NULL. */
enum status report_item(struct report *rp, struct resource *res, const struct ical_comp *cal);

/* Of an item whose text is gone or broken: the response that says so (500, or 507 for
 * TOO_MANY); OK. Any other status is given back. */
enum status report_broken(struct report *rp, const struct resource *res, enum status st);

/* Is the text of each item needed for what was asked? */
bool report_wants_data(const struct report *rp);

/* The zone for floating times: of the query's CALDAV:timezone or timezone-id (`query` may be NULL), else the
 * calendar's. False: the request is answered (valid-calendar-data, valid-timezone). */
bool report_zone(struct report *rp, const struct xml_node *query);
/* The calendar's own. */
const struct tz *report_collection_zone(struct report *rp, const struct collection *c);

/* False, and the request is answered, when a time is outside of CALDAV:min-date-time … max-date-time. */
bool report_times_allowed(const struct report *rp, int64_t first, int64_t last);

/* The number below DAV:limit (CARDDAV:limit) / nresults; 0: none was given. INVALID. */
enum status report_limit(struct arena *a, const struct xml_node *parent, const char *ns, size_t *limit);

/* The response for the request's own URI that says there is more (RFC 6578 section 3.6, RFC 6352
 * section 8.6.2). */
void report_truncated(struct report *rp);
/* Ends a multistatus: by ms_end, or when `st` is no success by that answer instead. TRUNCATED: the whole is
 * refused with DAV:number-of-matches-within-limits. */
void report_answer(struct dav_request *r, enum status st);

/* REPORT in dav_methods. */
void method_report(struct dav_request *r);

void report_calendar_query(struct dav_request *r);
void report_addressbook_query(struct dav_request *r);
void report_multiget(struct dav_request *r);
void report_sync(struct dav_request *r);
void report_freebusy(struct dav_request *r);
void report_expand_property(struct dav_request *r);
void report_principal_match(struct dav_request *r);
void report_principal_property_search(struct dav_request *r);
void report_principal_search_property_set(struct dav_request *r);
void report_acl_principal_prop_set(struct dav_request *r);

#endif
