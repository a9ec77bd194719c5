/* formats/rrule.h: recurrence rules (RFC 5545 section 3.3.10, RFC 7529 SKIP refused): our own expander.
 *
 * Works on civil times (caltime_seconds as if UTC); the caller applies the zone. The days that a rule allows
 * are a bitmap of the year, so the walk goes from allowed day to allowed day and never tries the seconds
 * between. It ends when no day fits in 400 years (the Gregorian cycle), or after a bounded number of steps
 * without an occurrence. No rule can spin. */
#ifndef SCAMBIO_FORMATS_RRULE_H
#define SCAMBIO_FORMATS_RRULE_H

#include "core/arena.h"
#include "formats/caltime.h"

enum rrule_freq {
    RRULE_SECONDLY,
    RRULE_MINUTELY,
    RRULE_HOURLY,
    RRULE_DAILY,
    RRULE_WEEKLY,
    RRULE_MONTHLY,
    RRULE_YEARLY
};

struct rrule;      /* parsed, immutable, in an arena */
struct rrule_iter; /* one walk, in an arena */

/* INVALID with *why for anything outside the grammar, INTERVAL=0, COUNT with UNTIL, RSCALE other than
 * GREGORIAN. */
enum status rrule_parse(struct arena *a, struct str text, struct rrule **out, struct str *why);
bool rrule_has_count(const struct rrule *r);
bool rrule_is_endless(const struct rrule *r); /* neither COUNT nor UNTIL */
/* UNTIL as written (is_date/is_utc kept); false when there is none. */
bool rrule_until(const struct rrule *r, struct caltime *out);

/* Occurrences from dtstart on. dtstart itself counts as the first (RFC 5545), but comes out only when the
 * rule matches it: adding it is the caller's part. `from` lets the walk of a rule without COUNT begin there
 * (nothing earlier comes out; INT64_MIN: all). `until`, inclusive civil seconds, ends it (INT64_MAX: none);
 * the rule's own UNTIL is the caller's to convert and to pass here. */
enum status rrule_iter_new(struct arena *a, const struct rrule *r, const struct caltime *dtstart,
                           int64_t from, int64_t until, struct rrule_iter **out);
/* False at the end. `at` is civil seconds, strictly ascending. */
bool rrule_next(struct rrule_iter *it, int64_t *at);

#endif
