/* formats/ical.h: iCalendar objects (RFC 5545, 7986) as a tree in an arena; reading, checking, writing.
 *
 * The text as it came stays the truth: the tree is for looking. Names are compared case-insensitively.
 * The parser bounds lines, components, depth and properties and never recurses deeper than the limit. */
#ifndef SCAMBIO_FORMATS_ICAL_H
#define SCAMBIO_FORMATS_ICAL_H

#include "core/arena.h"
#include "formats/caltime.h"
#include "formats/line.h"

struct ical_comp {
    struct str name; /* "VEVENT" */
    struct line *props;
    struct ical_comp *children, *next, *parent;
    struct str raw; /* from BEGIN to END with its line end, as it came; STR_NONE of one that we made */
};

struct ical_limits {
    struct line_limits line;
    size_t depth;               /* nesting of components */
    size_t components;          /* in the whole object */
    size_t attendees;           /* in one component (CALDAV:max-attendees-per-instance) */
    size_t overrides;           /* components of one recurrence set */
    size_t instances;           /* that one recurrence set may expand to in a query (CALDAV:max-instances) */
    int64_t min_time, max_time; /* CALDAV:min-date-time, max-date-time, UTC seconds */
};

/* Generous defaults; the configuration sets its own. */
extern const struct ical_limits ical_default_limits;

/* What is wrong with an object, in the terms of RFC 4791 section 5.3.2.1 and 9. */
enum ical_fault {
    ICAL_OK,
    ICAL_SYNTAX,    /* valid-calendar-data: not well-formed */
    ICAL_OBJECT,    /* valid-calendar-object-resource: more than one UID or type, METHOD, no UID … */
    ICAL_SIZE,      /* max-resource-size: a line or the whole is too long */
    ICAL_COMPONENT, /* supported-calendar-component */
    ICAL_MIN_DATE,  /* min-date-time */
    ICAL_MAX_DATE,  /* max-date-time */
    ICAL_INSTANCES, /* max-instances: too many components in the set */
    ICAL_ATTENDEES, /* max-attendees-per-instance */
};

struct ical_problem {
    enum ical_fault fault;
    struct str text; /* what, where (line number), in the arena */
};

/* Parses one VCALENDAR (exactly one; leading BOM allowed). On INVALID, TOO_LARGE, TOO_MANY: *problem. */
enum status ical_parse(struct arena *a, struct str text, const struct ical_limits *limits,
                       struct ical_comp **out, struct ical_problem *problem);

enum ical_kind {
    ICAL_VEVENT = 1,
    ICAL_VTODO = 2,
    ICAL_VJOURNAL = 4,
    ICAL_VFREEBUSY = 8,
    ICAL_VAVAILABILITY = 16
};
enum ical_class { ICAL_PUBLIC, ICAL_PRIVATE, ICAL_CONFIDENTIAL };

struct ical_info { /* of one calendar object resource */
    struct str uid;
    enum ical_kind kind;
    enum ical_class class; /* the strictest of its components */
    size_t components;     /* of that kind */
    bool recurs;           /* any RRULE or RDATE */
    bool alarms;           /* any VALARM */
};

/* Checks the rules for a calendar object resource (RFC 4791 section 4.1): one kind beside VTIMEZONE, one UID,
 * no METHOD, at most one master, distinct RECURRENCE-IDs, parsable times and rules, bounds of `limits`. */
enum status ical_check(struct arena *a, const struct ical_comp *cal, const struct ical_limits *limits,
                       struct ical_info *info, struct ical_problem *problem);

enum ical_kind ical_kind_of(struct str component_name); /* 0 when it is none of them */
struct str ical_kind_name(enum ical_kind kind);

/* Makes trees: both add at the end of a list, walking it. */
void ical_add_prop(struct ical_comp *c, struct line *l);
void ical_add_child(struct ical_comp *parent, struct ical_comp *child);

/* A copy of the components, whose properties are shared with the original. NULL when the arena is out. */
struct ical_comp *ical_copy(struct arena *a, const struct ical_comp *from, struct ical_comp *parent);

/* First property of that name, and the next one after it. */
const struct line *ical_prop(const struct ical_comp *c, struct str name);
const struct line *ical_prop_next(const struct line *l, struct str name);
const struct ical_comp *ical_child(const struct ical_comp *c, struct str name);
const struct ical_comp *ical_child_next(const struct ical_comp *c, struct str name);

void ical_write(struct buf *out, const struct ical_comp *c);

/* Splits an .ics with any number of objects (import, whole-collection PUT) into calendar object resources, one
 * for each UID, each with the VTIMEZONEs it refers to. fn gets each as text; a status other than OK from fn
 * stops and is returned. Objects without a UID get one made from their content, so that a second import finds it. */
typedef enum status (*ical_object_fn)(void *ctx, struct str uid, struct str text);
enum status ical_split(struct arena *a, struct str text, const struct ical_limits *limits, ical_object_fn fn,
                       void *ctx, struct ical_problem *problem);

/* The reverse: one VCALENDAR of many objects (GET of a collection). Call begin, add for each stored text, end.
 * VTIMEZONEs of the same TZID are written once. Memory: the names of the zones, in the arena. */
struct ical_merge {
    struct arena *arena;
    struct buf *out;
    struct str *tzids;
    size_t tzid_count, tzid_cap;
};
void ical_merge_begin(struct ical_merge *m, struct arena *a, struct buf *out, struct str name,
                      struct str color);
enum status ical_merge_add(struct ical_merge *m, struct str text, const struct ical_limits *limits);
void ical_merge_end(struct ical_merge *m);

#endif
