/* formats/caltime.h: civil dates and times, durations and periods of iCalendar (RFC 5545 section 3.3). */
#ifndef SCAMBIO_FORMATS_CALTIME_H
#define SCAMBIO_FORMATS_CALTIME_H

#include "core/buf.h"
#include "core/status.h"

struct caltime { /* a DATE or DATE-TIME as written */
    int year;    /* 0..9999 */
    int month, day, hour, minute, second;
    bool is_date, is_utc;
};

/* Days since 1970-01-01 of a proleptic Gregorian date, and back. */
int64_t days_from_civil(int year, int month, int day);
void civil_from_days(int64_t days, int *year, int *month, int *day);
int days_in_month(int year, int month);
int weekday_of(int64_t days); /* 0 = Monday … 6 = Sunday */

/* Seconds since 1970 as if the civil time were UTC, and back (is_utc, is_date false). */
int64_t caltime_seconds(const struct caltime *t);
struct caltime caltime_from_seconds(int64_t seconds);

/* "20261124", "20261124T093000", "…Z". Impossible dates and times are INVALID (second 60 counts as 59). */
enum status caltime_parse(struct str s, struct caltime *out);
void caltime_write(struct buf *out, const struct caltime *t);

/* DURATION in any form of the RFC (and P1Y, P1M refused): days kept apart, since they are nominal. */
struct caldur {
    int64_t days, seconds; /* both negative for a negative duration */
};
enum status caldur_parse(struct str s, struct caldur *out);

/* UTC-OFFSET "+0100", "-073000": seconds east of UTC. */
enum status caloffset_parse(struct str s, int *seconds);

#endif
