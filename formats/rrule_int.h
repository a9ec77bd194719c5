/* formats/rrule_int.h: a parsed rule, for the files that look into it, inside formats/.
 *
 * Every BY list is a set of bits: no list that a peer can grow, and matching is a few AND operations. Bit n
 * stands for the number n; negative numbers have a set of their own. */
#ifndef SCAMBIO_FORMATS_RRULE_INT_H
#define SCAMBIO_FORMATS_RRULE_INT_H

#include "formats/rrule.h"

enum { RRULE_WORDS = 6 }; /* 384 bits: days of a year, positions */

struct rrule_signed { /* numbers 1..366 from the start, and from the end */
    uint64_t plus[RRULE_WORDS], minus[RRULE_WORDS];
};

struct rrule {
    enum rrule_freq freq;
    int64_t interval, count; /* count 0: none */
    struct caltime until;
    bool has_until;
    int wkst; /* 0 = Monday */

    uint64_t second, minute;      /* BYSECOND 0..59, BYMINUTE */
    uint32_t hour, month;         /* BYHOUR 0..23, BYMONTH bits 1..12 */
    unsigned weekday;             /* BYDAY without a number: bits 0..6 */
    uint64_t nth[7], nth_last[7]; /* BYDAY with one: bit n of the weekday */
    uint64_t week, week_last;     /* BYWEEKNO 1..53 */
    uint64_t monthday, monthday_last;
    struct rrule_signed yearday, setpos;
    bool has_nth, has_yearday, has_setpos;
};

/* The days of one year that the BY parts of a rule let through, bit n for the day n after January 1st. */
struct rrule_year {
    int year, length; /* length 0: not computed */
    int64_t first;    /* day number of January 1st */
    uint64_t days[RRULE_WORDS];
    bool any;
};

/* The rule must be complete: what DTSTART implies (RFC 5545) has been filled in. */
void rrule_year_days(const struct rrule *r, int year, struct rrule_year *out);

#endif
