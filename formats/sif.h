/* formats/sif.h: SIF, the flat XML of Funambol (Sync4j) clients: SIF-C (contacts), SIF-E (events), SIF-T (tasks), SIF-N (notes).
 *
 * Its fields are Outlook's. Each maps to a property by a table (sif_contact.c, sif_event.c, sif_task.c, sif_note.c). Fields that no
 * other format knows (Mileage, TeamTask …) are kept as X-SIF-NAME and come back as they were; elements in no table are ignored,
 * as is white space around a value. An empty element means the same as an absent one. The reader takes the elements in any order and
 * of each the first; what has no meaning (a date that is none, a number out of range) counts as absent: old clients send plenty of that.
 *
 * The writer writes every field that an Outlook-style client has, empty ones too: such a client keeps its own value when the element is
 * absent. What SIF cannot say is left out: a rule with no Outlook pattern (the first instance is written alone), the time of day
 * of a task, alarms but one, a fourth e-mail address.
 *
 * TIMES. Dates are "2026-11-24", times "20261124T093000Z", or local ones without Z. In a recurring event the pattern (days, end) is in
 * local time while Start, End and Exceptions are in UTC; an all-day event's End is its last day. Local time is that of
 * `sif_settings.zone`, and what is read is said in it, with TZID, so that a rule stays on the clock; without a zone "Z" stays and local
 * times float. Times of record (COMPLETED, an absolute TRIGGER) are in UTC. A client in another zone than the account's, or an old one that
 * counts days by UTC, is found out by its PatternStartDate or the start's own weekday.
 *
 * The base64 around an item (Meta/Format) is the caller's. Pure functions; everything read lives in the arena. */
#ifndef SCAMBIO_FORMATS_SIF_H
#define SCAMBIO_FORMATS_SIF_H

#include "formats/ical.h"
#include "formats/tz.h"
#include "formats/vcard.h"
#include "formats/xml.h"

struct sif_settings {
    const struct tz *zone;        /* of local times; NULL: none, they float */
    struct tz_cache *zones;       /* for the TZIDs of what is written; NULL: the object's VTIMEZONEs alone */
    bool local;                   /* write local times, without Z */
    const struct xml_limits *xml; /* size, depth, nodes of what is read; NULL: generous ones */
};

/* A SIF-C as vCard 3.0 (no UID unless it says one; FN always when there is any name). INVALID (not well-formed, another root),
 * TOO_LARGE, TOO_MANY; *why says what and where. */
enum status sif_read_contact(struct arena *a, struct str text, const struct sif_settings *s,
                             struct vcard **out, struct str *why);

/* Appends the card, 3.0, as SIF-C. INVALID: it is of another version. Memory from the arena, for the time of the call. */
enum status sif_write_contact(struct buf *out, struct arena *a, const struct vcard *c);

/* A SIF-E, SIF-T or SIF-N as VEVENT, VTODO or VJOURNAL: one component with its VALARM, without UID, DTSTAMP and VCALENDAR around.
 * INVALID also when an event has no start. */
enum status sif_read_calendar(struct arena *a, enum ical_kind kind, struct str text,
                              const struct sif_settings *s, struct ical_comp **out, struct str *why);

/* Appends one VEVENT, VTODO or VJOURNAL as SIF. Its parent, when it has one, gives the VTIMEZONEs and the overrides: the
 * instances that they replace are among the ExcludeDates of the master, since a SIF client gets each as an item of its own. UNSUPPORTED:
 * another component, or a year that Outlook does not have (before 1, after 4499). INVALID: an event without a start. */
enum status sif_write_calendar(struct buf *out, struct arena *a, const struct ical_comp *c,
                               const struct sif_settings *s);

#endif
