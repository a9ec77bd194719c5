/* formats/occur.h: the occurrences of a calendar object: recurrence set with RRULE, RDATE, EXDATE and overrides
 * (RECURRENCE-ID, RANGE=THISANDFUTURE), in UTC; and what RFC 4791 section 9.9 calls overlapping a time range. */
#ifndef SCAMBIO_FORMATS_OCCUR_H
#define SCAMBIO_FORMATS_OCCUR_H

#include "formats/ical.h"
#include "formats/tz.h"

enum occur_flags {
    OCCUR_FLOATING = 1, /* local time without a zone: converted with the query's zone */
    OCCUR_ALLDAY = 2,   /* DATE values: likewise */
    OCCUR_OVERRIDE = 4, /* from a component with RECURRENCE-ID */
    OCCUR_INFINITE = 8, /* overlaps every range (a VTODO without any date) */
};

/* start and end say when a range overlaps: from < end and until > start; for an instant (start == end) from <= start
 * and until > start. For events these are the times of the event. For tasks they are the bounds that the table of
 * RFC 4791 section 9.9 comes to: a second is added on a side where that table counts the edge itself. */
struct occur {
    int64_t start, end;    /* UTC seconds */
    int64_t recurrence_id; /* UTC seconds of the RECURRENCE-ID that names this instance */
    unsigned flags;
    const struct ical_comp *comp; /* where its properties are: the master or the override */
};

/* A false return stops the walk. */
typedef bool (*occur_fn)(void *ctx, const struct occur *o);

struct occur_query {
    int64_t from, until;    /* UTC seconds; INT64_MIN / INT64_MAX: open */
    const struct tz *zone;  /* for floating and all-day times; NULL: UTC */
    struct tz_cache *zones; /* for TZIDs */
    size_t max_instances;   /* TOO_MANY when the object has more in the range; 0: the default limit */
};

/* Every instance of the object that overlaps the range by the rules of RFC 4791 section 9.9 for its component
 * (VEVENT, VTODO, VJOURNAL, VFREEBUSY). The order is by recurrence set, not sorted across overrides. */
enum status occur_each(struct arena *a, const struct ical_comp *cal, const struct occur_query *q, occur_fn fn,
                       void *ctx);

/* Does an instance overlap the range whose component is accepted? Exact for endless series and ranges that are open on a side: a
 * component that is not accepted costs no walk, the first hit ends one. Each component is asked about once, before its instances. */
typedef bool (*occur_accept_fn)(void *ctx, const struct ical_comp *comp);
enum status occur_any(struct arena *a, const struct ical_comp *cal, const struct occur_query *q,
                      occur_accept_fn accept, void *ctx, bool *found);

/* Like occur_each for one VALARM of `comp`'s instances: does any trigger fall into the range (REPEAT included)? */
enum status occur_alarm_overlaps(struct arena *a, const struct ical_comp *cal, const struct ical_comp *alarm,
                                 const struct occur_query *q, bool *overlaps);

/* The whole span of an object: first start and last end over all its instances in UTC with 14 hours of margin
 * when floating or all-day; last = INT64_MAX for an endless rule or one that goes past `horizon`. */
struct occur_span {
    int64_t first, last;
    bool recurs, endless;
    unsigned flags;
};
enum status occur_span(struct arena *a, const struct ical_comp *cal, struct tz_cache *zones, int64_t horizon,
                       struct occur_span *out);

/* The UTC time of a DATE or DATE-TIME property with its TZID (VTIMEZONEs of `cal` count when the system does not know
 * the TZID); `flags` gets OCCUR_FLOATING, OCCUR_ALLDAY. */
enum status occur_time(struct arena *a, const struct ical_comp *cal, const struct line *prop,
                       const struct occur_query *q, int64_t *utc, unsigned *flags);

/* --- what calendar-data and free-busy are made of (RFC 4791 sections 9.6.5-9.6.7, 7.10) --- */

/* CALDAV:expand: the object with one component for each instance in the range, times in UTC (DATE stays DATE),
 * RECURRENCE-ID added, no RRULE RDATE EXDATE, no VTIMEZONE. */
enum status occur_expand(struct arena *a, const struct ical_comp *cal, const struct occur_query *q,
                         struct ical_comp **out);
/* CALDAV:limit-recurrence-set: the master and only the overrides that overlap (or move out of) the range. */
enum status occur_limit_set(struct arena *a, const struct ical_comp *cal, const struct occur_query *q,
                            struct ical_comp **out);
/* CALDAV:limit-freebusy-set: only FREEBUSY periods that overlap the range. */
enum status occur_limit_freebusy(struct arena *a, const struct ical_comp *cal, const struct occur_query *q,
                                 struct ical_comp **out);

enum busy_kind { BUSY, BUSY_TENTATIVE, BUSY_UNAVAILABLE };
struct busy {
    int64_t start, end;
    enum busy_kind kind;
};
/* Collects the busy periods of an object in the range (TRANSP, STATUS, VFREEBUSY): appended to *list. */
struct busy_list {
    struct arena *arena;
    struct busy *items;
    size_t count, cap;
};
enum status busy_collect(struct busy_list *list, const struct ical_comp *cal, const struct occur_query *q);
/* Sorts, merges overlaps of one kind, and writes a VCALENDAR with one VFREEBUSY. */
void busy_write(struct buf *out, struct busy_list *list, int64_t from, int64_t until, int64_t now);

/* What others see of a private object: times, recurrence, UID and "Busy"; everything else left out. */
enum status ical_mask(struct arena *a, const struct ical_comp *cal, struct buf *out);

#endif
