/* formats/occur_int.h: the recurrence set of one object, taken apart; for the files that walk it, inside formats/.
 *
 * occur_begin fills a context; set_read takes the object apart; set_walk calls back for every instance that may touch
 * a range (more than that, never less: the caller judges). Everything lives in the context's arena. */
#ifndef SCAMBIO_FORMATS_OCCUR_INT_H
#define SCAMBIO_FORMATS_OCCUR_INT_H

#include "formats/occur.h"
#include "formats/rrule.h"

enum { OCCUR_DAY = 86400 };

struct moment {             /* a DATE or DATE-TIME of the object */
    int64_t civil;          /* as written (caltime_seconds) */
    int64_t utc;            /* floating times and dates: by the query's zone */
    const struct tz *zone;  /* the one that was used; never NULL */
    bool is_date, floating; /* a DATE is floating too */
};

struct known_zone {
    struct str tzid;
    const struct tz *zone; /* NULL: nobody knows it */
};

struct occur_ctx {
    struct arena *arena;
    const struct ical_comp *cal;
    const struct occur_query *query;
    struct known_zone *zones;
    size_t zone_count;
    size_t onsets; /* of VTIMEZONEs, that may still be computed */
};

void occur_begin(struct occur_ctx *x, struct arena *a, const struct ical_comp *cal,
                 const struct occur_query *q);
/* The value (one of prop's list) with prop's TZID. INVALID when it is no time. */
enum status moment_read(struct occur_ctx *x, const struct line *prop, struct str value, struct moment *out);
/* The moment `civil` in m's zone, and the one a duration later: days by the calendar, seconds exactly. */
int64_t moment_utc(const struct moment *m, int64_t civil);
int64_t moment_add(const struct moment *m, int64_t civil, const struct caldur *d);
unsigned moment_flags(const struct moment *m);

enum extent { EXTENT_NONE, EXTENT_EXACT, EXTENT_NOMINAL };

struct part { /* one component of the set */
    const struct ical_comp *comp;
    enum ical_kind kind;
    bool has_start; /* DTSTART, or DUE of a task without */
    bool due_only;
    struct moment start;
    enum extent extent;
    int64_t exact; /* seconds from start to DTEND or DUE */
    struct caldur nominal;
    bool has_rid, future; /* RECURRENCE-ID; RANGE=THISANDFUTURE */
    struct moment rid;
    int64_t shift; /* THISANDFUTURE: civil seconds from the instance's own time to where it went */
};

struct extra { /* an RDATE */
    int64_t civil, utc;
    bool has_end;
    int64_t end;
};

struct occur_set {
    struct occur_ctx *x;
    struct part *master;     /* NULL: overrides alone */
    struct part **overrides; /* with RECURRENCE-ID, sorted by rid.utc */
    struct part **futures;   /* those of them for THISANDFUTURE, in that order */
    size_t override_count, future_count;
    struct extra *extras; /* sorted by civil */
    size_t extra_count, extra_cap;
    int64_t *ex_utc, *ex_day; /* EXDATE instants; EXDATE dates (civil); sorted */
    size_t ex_utc_count, ex_utc_cap, ex_day_count, ex_day_cap;
    const struct line *first_rule; /* whether there is any RRULE */
    bool recurs;
    int64_t longest, farthest; /* upper bounds of an instance's length, and of a shift (absolute) */
};

enum status set_read(struct occur_ctx *x, struct occur_set *set);

struct instance {
    const struct part *part;
    int64_t civil, start, end; /* in the part's zone; UTC; end >= start */
    bool alone;                /* an override: not out of the set's own rules */
    bool period;               /* an RDATE with an end of its own */
    int64_t rid_civil, rid_utc;
    const struct moment
        *rid_like; /* the moment whose zone and type the RECURRENCE-ID has; NULL: no recurrence */
};

typedef bool (*instance_fn)(void *ctx, const struct instance *i);

/* TOO_MANY when the walk is too long to go on. */
enum status set_walk(struct occur_set *set, int64_t from, int64_t until, instance_fn fn, void *ctx);
/* The same for the instances of one component alone. What others give is passed over without a step where that can be. */
enum status set_walk_part(struct occur_set *set, const struct part *part, int64_t from, int64_t until,
                          instance_fn fn, void *ctx);
/* An upper bound of its instances' length, RDATE periods aside, but for days that daylight saving makes longer. */
int64_t part_length(const struct part *p);
int64_t part_end(const struct part *p, int64_t civil, int64_t start);
/* Civil seconds of the rule's UNTIL for a set that starts at m, inclusive; INT64_MAX: none. */
int64_t rule_end(const struct rrule *r, const struct moment *m);

/* The bounds by RFC 4791 section 9.9 that an instance has; false when it overlaps nothing. */
bool instance_bounds(struct occur_ctx *x, const struct instance *i, struct occur *out);
bool bounds_overlap(const struct occur *o, int64_t from, int64_t until);

/* Every instance that overlaps the query's range, at most max_instances of them (TOO_MANY). */
typedef bool (*found_fn)(void *ctx, const struct instance *i, const struct occur *o);
enum status set_each(struct occur_set *set, found_fn fn, void *ctx);

int64_t time_add(int64_t a, int64_t b); /* saturating: INT64_MIN and INT64_MAX stay open */
/* Start and end of a FREEBUSY or RDATE period; false when it is none. */
bool period_read(struct occur_ctx *x, const struct line *l, struct str value, int64_t *start, int64_t *end);

#endif
