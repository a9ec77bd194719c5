/* formats/sif_int.h: what the sif_*.c files share: fields of an item that is read, fields of one that is written.
 *
 * A row of a table ties an element to a property and says how the value crosses. Elements that only make sense together (times,
 * recurrence, reminders, names) have functions of their own. */
#ifndef SCAMBIO_FORMATS_SIF_INT_H
#define SCAMBIO_FORMATS_SIF_INT_H

#include "formats/occur_int.h"
#include "formats/sif.h"

#define SIF_MARK "X-SIF" /* parameter: which of several SIF values that one property value stands for */

/* ---- an item that is read: elements in, properties out ---- */
struct sif_in {
    struct arena *arena;
    const struct tz *zone;       /* of local times; NULL: none, they float */
    const struct xml_node *root; /* <contact> … */
    struct line **tail;          /* where the next property goes */
};

/* The root element of that name, in `in`. */
enum status sif_open(struct sif_in *in, struct arena *a, const char *root, struct str text,
                     const struct sif_settings *s, struct str *why);
/* Text of the first element of that name, trimmed; STR_NONE when it is absent or empty. sif_body: not trimmed. */
struct str sif_value(const struct sif_in *in, const char *name);
struct str sif_body(const struct sif_in *in, const char *name);
bool sif_flag(const struct sif_in *in, const char *name);                    /* "1", "true" */
int64_t sif_number(const struct sif_in *in, const char *name, int64_t most); /* 0..most; -1: none */

/* Adds a property: with its value as it stands, or as TEXT. NULL: out of memory. */
struct line *sif_add(struct sif_in *in, const char *name, struct str value);
struct line *sif_add_text(struct sif_in *in, const char *name, struct str text);
void sif_param(struct sif_in *in, struct line *l, const char *name, struct str value);

struct sif_time {
    int64_t civil; /* seconds by the clock on the wall of the zone; of is_utc: UTC */
    bool is_date, is_utc;
    bool came_utc; /* it had a Z */
    int64_t utc;   /* of came_utc */
};
/* A date or time in any of the forms that clients send; false: none of them. Outlook's "no date" (year 4501) is none. */
bool sif_time_of(const struct sif_in *in, struct str value, struct sif_time *out);
bool sif_time(const struct sif_in *in, const char *name, struct sif_time *out);
int64_t sif_time_utc(const struct sif_in *in, const struct sif_time *t);
int64_t sif_day(int64_t civil);                                              /* days since 1970 */
struct str sif_time_text(const struct sif_in *in, const struct sif_time *t); /* "20261124T093000Z" */
struct line *sif_add_time(struct sif_in *in, const char *name,
                          const struct sif_time *t); /* with TZID, VALUE */

/* ---- an item that is written: properties in, elements out ---- */
struct sif_out {
    struct buf *buf;
    struct arena *arena;
    const struct line *props;
    struct occur_ctx times; /* of calendars */
    const struct tz *zone;  /* NULL: none */
    bool local;
};

void sif_begin(struct sif_out *out, const char *root);
void sif_end(struct sif_out *out, const char *root);
void sif_leaf(struct sif_out *out, const char *name, struct str value); /* empty: <Name/> */
void sif_leaf_number(struct sif_out *out, const char *name, int64_t value);
const struct line *sif_prop(const struct sif_out *out, const char *name);
struct str sif_text(struct sif_out *out, const char *name); /* a TEXT property's text; STR_NONE without */
/* A time of the object: in UTC, or local; a date as such. */
bool sif_moment(struct sif_out *out, const struct line *l, struct moment *m);
void sif_leaf_moment(struct sif_out *out, const char *name, const struct moment *m);
void sif_leaf_date(struct sif_out *out, const char *name, int64_t day);
void sif_leaf_local(struct sif_out *out, const char *name, int64_t civil); /* without Z */
void sif_leaf_utc(struct sif_out *out, const char *name, int64_t utc);     /* with Z, or local */
bool sif_day_exists(
    int64_t day); /* in SIF: from the year 1 to 4499; what is not written is an empty element */
/* Seconds by the clock of the zone in which local times are written. */
int64_t sif_local(const struct sif_out *out, const struct moment *m);

/* ---- rows ---- */
struct sif_choice { /* the first of a list is what absence means; nothing is stored for it */
    struct str sif, value, mark;
};
struct sif_row {
    const char *element, *property;
    void (*read)(struct sif_in *in, const struct sif_row *row);
    void (*write)(struct sif_out *out, const struct sif_row *row);
    const char *also;                 /* another name of the property, where it is looked for too */
    const struct sif_choice *choices; /* the last has sif.p == NULL */
};
void sif_read_rows(struct sif_in *in, const struct sif_row *rows, size_t count);
void sif_write_rows(struct sif_out *out, const struct sif_row *rows, size_t count);

void sif_text_read(struct sif_in *in, const struct sif_row *row); /* TEXT */
void sif_text_write(struct sif_out *out, const struct sif_row *row);
void sif_body_read(struct sif_in *in, const struct sif_row *row); /* TEXT of many lines */
void sif_list_read(struct sif_in *in, const struct sif_row *row); /* "a, b" and a list of TEXT */
void sif_list_write(struct sif_out *out, const struct sif_row *row);
void sif_choice_read(struct sif_in *in, const struct sif_row *row);
void sif_choice_write(struct sif_out *out, const struct sif_row *row);
void sif_kept_read(struct sif_in *in, const struct sif_row *row); /* TEXT, nothing for "0" */
void sif_priority_read(struct sif_in *in, const struct sif_row *row);
void sif_priority_write(struct sif_out *out, const struct sif_row *row);
#define SIF_TEXT(element, property)                                                                          \
    {                                                                                                        \
        element, property, sif_text_read, sif_text_write, NULL, NULL                                         \
    }
#define SIF_BODY(element, property)                                                                          \
    {                                                                                                        \
        element, property, sif_body_read, sif_text_write, NULL, NULL                                         \
    }
#define SIF_LIST(element, property)                                                                          \
    {                                                                                                        \
        element, property, sif_list_read, sif_list_write, NULL, NULL                                         \
    }
#define SIF_KEPT(element, property)                                                                          \
    {                                                                                                        \
        element, property, sif_kept_read, sif_text_write, NULL, NULL                                         \
    }
#define SIF_CHOICE(element, property, choices)                                                               \
    {                                                                                                        \
        element, property, sif_choice_read, sif_choice_write, NULL, choices                                  \
    }
#define SIF_PRIORITY(element)                                                                                \
    {                                                                                                        \
        element, "PRIORITY", sif_priority_read, sif_priority_write, NULL, NULL                               \
    }
extern const struct sif_choice sif_sensitivity[];

/* ---- parts of events and tasks ---- */
enum { SIF_ALL_DAYS = 127, SIF_LAST = 5 }; /* DayOfWeekMask; Instance: the last one */
enum sif_type {                            /* RecurrenceType */
                SIF_DAILY,
                SIF_WEEKLY,
                SIF_MONTHLY,
                SIF_MONTHLY_NTH,
                SIF_YEARLY = 5,
                SIF_YEARLY_NTH,
                SIF_TYPE_LAST = SIF_YEARLY_NTH
};
struct sif_pattern {
    int type, mask, day, month, instance; /* mask: 1 Sunday … 64 Saturday */
    int64_t interval;
};
int sif_mask_of(int weekday);           /* 0 Monday … */
int sif_mask_moved(int mask, int days); /* to later weekdays */
/* Adds RRULE, EXDATE, RDATE of an item that starts at `start`. */
void sif_rule_read(struct sif_in *in, const struct sif_time *start);
/* IsRecurring and what goes with it. `exceptions`: with the dates that are left out and added (events). */
void sif_rule_write(struct sif_out *out, const struct ical_comp *c, const struct moment *start,
                    bool exceptions);
/* A VALARM in the component. */
void sif_alarm_add(struct sif_in *in, struct ical_comp *c, const char *value, struct str trigger);
/* The first alarm that is shown or sounds; false: none. `end`: NULL when there is none. */
struct sif_alarm {
    int64_t at, before; /* UTC; seconds before the start */
};
bool sif_alarm_find(struct sif_out *out, const struct ical_comp *c, const struct moment *start,
                    const int64_t *end, struct sif_alarm *found);

/* ---- the kinds ---- */
enum status sif_event_read(struct sif_in *in, struct ical_comp *c, struct str *why);
enum status sif_event_write(struct sif_out *out, const struct ical_comp *c);
enum status sif_task_read(struct sif_in *in, struct ical_comp *c, struct str *why);
enum status sif_task_write(struct sif_out *out, const struct ical_comp *c);
enum status sif_note_read(struct sif_in *in, struct ical_comp *c, struct str *why);
enum status sif_note_write(struct sif_out *out, const struct ical_comp *c);

/* Telephone numbers, addresses of mail and pages of a card (sif_numbers.c). */
void sif_numbers_read(struct sif_in *in);
void sif_numbers_write(struct sif_out *out);

#endif
