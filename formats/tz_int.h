/* formats/tz_int.h: what a zone is made of, for the tz_*.c files alone. */
#ifndef SCAMBIO_FORMATS_TZ_INT_H
#define SCAMBIO_FORMATS_TZ_INT_H

#include "formats/tz.h"

enum { TZ_ABBREVIATION = 12, TZ_TABLE_YEAR = 2100 };

struct tz_kind { /* a local time type */
    int offset;  /* seconds east */
    bool dst;
    char abbreviation[TZ_ABBREVIATION];
};

struct tz_date { /* when in a year a POSIX rule changes */
    char form;   /* 'M': month.week.day, 'J': 1..365 without leap days, 'N': 0..365 */
    int month, week, day;
    int time; /* seconds of local time, may be negative or past the day */
};

struct tz_rule { /* the POSIX footer of a TZif file */
    bool yearly; /* two changes a year; otherwise `standard` alone, for ever */
    struct tz_kind standard, daylight;
    struct tz_date start, end; /* of daylight */
};

struct tz {
    struct str name;
    size_t n;
    const int64_t *at;     /* n onsets, UTC seconds, strictly ascending */
    const int32_t *offset; /* n + 1: offset[0] before the first onset, offset[i + 1] from at[i] on */
    const uint8_t *kind;   /* likewise, index into kinds */
    const struct tz_kind *kinds;
    const struct tz_rule *rule; /* for what comes behind the last onset; NULL: none */
};

/* Makes the name, tables and rule of one TZif file (RFC 8536) into a zone; the footer is expanded to
 * TZ_TABLE_YEAR. */
enum status tz_file_parse(struct arena *a, struct str name, struct str bytes, const struct tz **out);

/* "CET-1CEST,M3.5.0,M10.5.0/3" */
enum status tz_rule_parse(struct str text, struct tz_rule *out);
/* UTC seconds of the two changes of a year, ascending; *to_daylight: is the first the one to daylight? */
void tz_rule_onsets(const struct tz_rule *r, int year, int64_t at[2], bool *to_daylight);

/* A zone from separate changes, as VTIMEZONE and TZif have them: sorts, drops duplicates. */
struct tz_onset {
    int64_t at;
    uint8_t kind;
};
enum status tz_build(struct arena *a, struct str name, struct tz_onset *onsets, size_t n, uint8_t first,
                     const struct tz_kind *kinds, const struct tz_rule *rule, const struct tz **out);

#endif
