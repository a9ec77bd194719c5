/* formats/vcal10.h: vCalendar 1.0 (versit, 1996) of phones and desktop programs: read into an iCalendar tree, written from one component.
 *
 * TIMES. A device writes times in UTC, in local time, or local time that it calls UTC (`time`). Read, a time with "Z" is that moment
 * and is said in the zone when one is known (so that a rule which counts local days stays right), with TZID and a VTIMEZONE in the
 * tree; local times are in the zone. The zone is that of TZ and DAYLIGHT when they contradict the caller's, otherwise the caller's.
 * Without any zone "Z" stays and local times float. Times of record (CREATED, LAST-MODIFIED, COMPLETED) are always UTC in the tree.
 *
 * DAYS. An event from local midnight to a later one (T000000, T235959, T235900, T240000), or with an entry type of EVENT or
 * ANNIVERSARY, becomes DATE values; so do a task's times that are all local midnight.
 *
 * ALARMS become VALARMs with a trigger relative to the start (of a task without one: to DUE), and absolute times again.
 *
 * RULES. See vcal10_rule_*: both directions are exact or refuse. */
#ifndef SCAMBIO_FORMATS_VCAL10_H
#define SCAMBIO_FORMATS_VCAL10_H

#include "formats/ical.h"
#include "formats/tz.h"
#include "formats/versit.h"

enum vcal10_time { VCAL10_UTC, VCAL10_LOCAL, VCAL10_LOCAL_AS_UTC /* says Z and means local */ };

struct vcal10_read {
    const struct ical_limits *limits; /* NULL: ical_default_limits */
    enum charset
        charset; /* of 8-bit text that is no UTF-8 and names no set; CHARSET_NONE: windows-1252; CHARSET_UTF8: see versit_begin */
    enum vcal10_time time;  /* only LOCAL_AS_UTC makes a difference here */
    struct tz_cache *zones; /* NULL: no zones */
    struct str zone;        /* TZID of local times; STR_NONE: none */
    int priorities;         /* 3: PRIORITY is 1 2 3; anything else: 1..9 */
    bool categories_x;      /* "X-" before each category is taken off */
    bool drop_status;       /* STATUS of events means nothing */
    int64_t now;            /* DTSTAMP when the item has no time of its last change; 0: none is made */
};

/* One vCalendar: a VCALENDAR 2.0 tree with VTIMEZONE when needed and the VEVENTs and VTODOs of the item (usually one), without
 * UID when the device gives none. A text of VERSION 2.0 goes to ical_parse. A rule that no RRULE says is left out and *notes gets
 * VCAL10_RULE_LEFT_OUT. INVALID, TOO_LARGE, TOO_MANY: *problem. */
enum status vcal10_parse(struct arena *a, struct str text, const struct vcal10_read *o,
                         struct ical_comp **out, unsigned *notes, struct ical_problem *problem);

enum vcal10_note {
    VCAL10_RULE_LEFT_OUT = 1, /* the rule could not be said; the first instance alone is there */
    VCAL10_RULE_NEAR =
        2, /* said, but where the object's zone and the device's change their clocks on other days, an hour off */
    VCAL10_CLAMPED = 4, /* a time was before year_min */
};

enum vcal10_rules {
    VCAL10_RULES_EXACT, /* UNSUPPORTED when the rule cannot be said exactly */
    VCAL10_RULES_NEAR, /* as near as zones allow (VCAL10_RULE_NEAR); UNSUPPORTED when it cannot be said at all */
    VCAL10_RULES_NONE, /* the component without its rule, RDATE and EXDATE */
};

enum vcal10_alarms { VCAL10_ALARMS_AS_TIMES, VCAL10_ALARMS_UTC, VCAL10_ALARMS_RELATIVE /* -PT15M */ };

enum vcal10_allday {
    VCAL10_ALLDAY_2359, /* T000000 .. T235959 of the last day */
    VCAL10_ALLDAY_NEXT, /* T000000 .. T000000 of the day after */
    VCAL10_ALLDAY_T24,  /* T000000Z .. T240000Z of the last day, the date as it is */
    VCAL10_ALLDAY_DATE, /* 20260105 .. 20260106 */
};

struct vcal10_write {
    struct versit_write text;
    enum vcal10_time time;
    struct tz_cache *zones; /* NULL: UTC and floating only */
    struct str zone;        /* TZID of the device's local times; STR_NONE: UTC */
    enum vcal10_rules rules;
    enum vcal10_alarms alarms;
    bool
        alarms_twice; /* an alarm that shows (DALARM) is written as one that sounds (AALARM), too; both are read as one */
    enum vcal10_allday allday;
    bool due_local_midnight; /* DUE of a day is T000000 without Z whatever `time` is */
    bool epoc;               /* X-EPOCAGENDAENTRYTYPE is written */
    bool tz_properties;      /* TZ and DAYLIGHT are written */
    bool recurrence_id; /* RECURRENCE-ID is written; otherwise an override goes as an object of its own */
    int priorities;     /* 3, or 9 */
    bool categories_x;  /* "X-" before each category */
    int year_min;       /* earlier times are moved into this year; 0: any */
};

/* Appends a vCalendar of one VEVENT or VTODO of `cal` (whose VTIMEZONEs count where the system does not know a TZID). Of an alarm, only
 * what 1.0 can say. UNSUPPORTED: another kind of component, or its rule (see `rules`). *notes: enum vcal10_note. */
enum status vcal10_write(struct arena *a, const struct ical_comp *cal, const struct ical_comp *comp,
                         const struct vcal10_write *o, struct buf *out, unsigned *notes);

/* ---- rules: "MP1 2+ MO #10" and FREQ=MONTHLY;BYDAY=2MO;COUNT=10 ----
 * "#n" counts occurrences, as most devices do (the versit text can be read either way where an interval holds several), so writing says
 * a COUNT by the time of its last occurrence where both ways of counting would differ. */

/* The value of an RRULE for a rule of 1.0 whose object starts at the local time `start` in `zone` (NULL: UTC or floating); an end
 * with Z is a moment, a local one is in the zone; `z_is_local` takes Z as local. UNSUPPORTED with *why: what no RRULE says (nested
 * rules other than months with days, times that are no product). INVALID: not the grammar. */
enum status vcal10_rule_read(struct arena *a, struct str rule, const struct caltime *start,
                             const struct tz *zone, bool z_is_local, struct str *rrule, struct str *why);

/* The rule of 1.0 for the value of an RRULE; its end is appended as local time, without Z: *end is given apart so that the caller says
 * it in the device's way: false in `has_end` when the rule has none or says it by "#n". UNSUPPORTED with *why. */
struct vcal10_rule {
    struct str text; /* without the end: "W1 MO FR", "D1 #10", "MD1 5 #0" */
    bool has_end;
    struct caltime end; /* local civil time of the last occurrence or of UNTIL, in `zone` */
};
enum status vcal10_rule_write(struct arena *a, struct str rrule, const struct caltime *start,
                              const struct tz *zone, struct vcal10_rule *out, struct str *why);

#endif
