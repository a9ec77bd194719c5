/* formats/vcal10_int.h: what the files of vCalendar 1.0 share: its times, zones and rules, and which form each property has in both
 * versions. */
#ifndef SCAMBIO_FORMATS_VCAL10_INT_H
#define SCAMBIO_FORMATS_VCAL10_INT_H

#include "formats/occur_int.h"
#include "formats/vcal10.h"
#include "formats/versit_int.h"

enum { VCAL10_DAY = 86400 };

/* ---- times ---- */

struct vcal10_stamp {
    int64_t civil; /* as written, "Z" or not; T240000 is the next day's midnight */
    bool is_date, is_utc, t24;
};
/* "19960415T235959Z", "1996-04-15T23:59:59", T240000. False when it is no time. */
bool vcal10_stamp_read(struct str s, struct vcal10_stamp *out);

/* vcal10_rule_write for an object that the device has at another time of day (`moved`), perhaps `days` earlier or later. */
enum status vcal10_rule_write_shifted(struct arena *a, struct str rrule, const struct caltime *start,
                                      const struct tz *zone, int days, bool moved, struct vcal10_rule *out,
                                      struct str *why);

/* ---- zones: TZ and DAYLIGHT ---- */

/* The zone that agrees with the lines of an item: the caller's when it does (or when there are none), one that is often used,
 * one of a constant offset, or the caller's after all. `near` is the UTC time of the item. */
const struct tz *vcal10_zone_find(struct tz_cache *zones, const struct tz *own, const struct line *lines,
                                  int64_t near);
/* TZ and the DAYLIGHT of some years from `from` on. */
void vcal10_zone_write(struct buf *out, const struct versit_write *o, const struct tz *zone, int64_t from);

/* ---- properties ---- */

enum vcal10_form {
    VCAL10_TEXT,
    VCAL10_TEXTS,  /* "a;b" there, "a,b" here */
    VCAL10_RAW,    /* the same in both */
    VCAL10_OPAQUE, /* X-: line breaks alone are said differently */
    VCAL10_UPPER,  /* a word */
    VCAL10_STATUS,
    VCAL10_TRANSP,
    VCAL10_PRIORITY,
    VCAL10_GEO,
    VCAL10_ATTACH,
    VCAL10_PERSON,  /* ATTENDEE, ORGANIZER */
    VCAL10_TIME,    /* DTSTART, DTEND, DUE, RECURRENCE-ID */
    VCAL10_RECORD,  /* when something was done */
    VCAL10_TIMES,   /* EXDATE, RDATE */
    VCAL10_RULE,    /* RRULE, EXRULE */
    VCAL10_ALARM,   /* AALARM … */
    VCAL10_DROPPED, /* says what the other version says otherwise, or nothing */
};

struct vcal10_prop {
    struct str v1, v2; /* names */
    enum vcal10_form form;
    bool cut; /* still means something when it is shortened */
};
const struct vcal10_prop *vcal10_prop_of(struct str name, bool v1);

/* "NEEDS ACTION" and NEEDS-ACTION, of an event or a task; STR_NONE: there is no such word. */
struct str vcal10_status(struct str word, bool task, bool to2);

/* An attendee's or organizer's line of 2.0 out of one of 1.0 (name and parameters and value), and back. */
void vcal10_person_read(struct arena *a, struct line *l);
void vcal10_person_write(struct arena *a, const struct line *l, struct versit_out *out, struct str params[],
                         size_t most, struct buf *value);

/* ---- reading ---- */

struct vcal10_item { /* a VEVENT or VTODO as it came */
    struct str name;
    struct line *lines; /* each in a struct versit_line */
    struct vcal10_item *next;
};

enum { VCAL10_ZONES = 4 };

struct vcal10_reading {
    struct arena *arena;
    const struct vcal10_read *o;
    struct versit_reader reader;
    const struct line *head; /* properties of the VCALENDAR */
    unsigned notes;
    const struct tz *zones[VCAL10_ZONES]; /* that TZIDs refer to */
    size_t zone_count;
    int64_t earliest; /* UTC time of the items */
};
/* The component of 2.0. INVALID with *why. */
enum status vcal10_item_read(struct vcal10_reading *r, const struct vcal10_item *item, struct ical_comp **out,
                             struct str *why);

/* ---- alarms ---- */

struct vcal10_base {     /* what triggers are relative to */
    bool has;            /* a start, or of a task an end */
    bool end;            /* it is the end */
    int64_t start, stop; /* UTC */
};
/* A VALARM of AALARM, DALARM, MALARM, PALARM; NULL when the line says none. `utc`: its time, when it is absolute. */
struct ical_comp *vcal10_alarm_read(struct arena *a, const struct line *l, const struct vcal10_base *base,
                                    const int64_t *utc);
/* When the line's alarm is, as written. */
struct str vcal10_alarm_when(struct arena *a, const struct line *l);
/* The line of a VALARM that goes off at `when`; with `twice` one that shows is written as one that sounds, too. */
void vcal10_alarm_write(struct arena *a, const struct ical_comp *alarm, struct str when,
                        const struct versit_write *o, bool epoc, bool twice, struct buf *out);
/* "-PT15M", "P1D" */
void vcal10_duration(struct buf *b, int64_t seconds);

#endif
