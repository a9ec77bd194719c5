/* store/prepare.h: everything about a new body that can be done before the writer's turn: checking, hashing, index rows,
 * the blob file. Runs on the caller's thread; needs no transaction.
 *
 * The result lives in the arena; prepared_release() must be called when the write is done (or given up): it lets go
 * of the blob's pin. */
#ifndef SCAMBIO_STORE_PREPARE_H
#define SCAMBIO_STORE_PREPARE_H

#include "core/hash.h"
#include "store/collection.h"

enum media { MEDIA_CALENDAR = 1, MEDIA_VCARD = 2, MEDIA_MESSAGE = 3 };

/* Derived index of occurrences. A row says that the item has occurrences in that week, the first beginning at `start`, the last
 * ending at `end`. What the weeks can not hold stands in lists, with week = one of enum occ_list:
 *   OCC_LONG    occurrences of more than eight weeks: start and end over all of them
 *   OCC_LATER   it goes on beyond what is expanded: the weeks are complete up to `start` (INT64_MIN: the rule has too
 *               many instances, or no time at all; every query judges it)
 *   OCC_EARLIER it began, at `end`, before what is expanded: the weeks are complete from `start` on
 * Recurring items are expanded from a year back to three years ahead of when they were prepared. */
enum occ_list { OCC_LONG = -1, OCC_LATER = -2, OCC_EARLIER = -3 };
enum { OCC_WEEK = 7 * 86400, OCC_LONG_AFTER = 8 * OCC_WEEK };
static inline int64_t occ_week(int64_t t) /* everything before 1970 is in week 0 */
{
    return t < 0 ? 0 : t / OCC_WEEK;
}
struct occ_row {
    int64_t week, start, end;
    unsigned flags;
};

struct field_row {
    int field, n;
    struct str fold;
};

struct prepared {
    enum media media;
    struct str body;
    unsigned char hash[SHA256_SIZE];
    bool is_file; /* the body is in a blob file, pinned */
    struct str uid;
    int kind;  /* enum ical_kind, or 1 for a card and 2 for a group */
    int class; /* enum ical_class */
    struct occ_row *occ;
    size_t occ_count;
    int64_t first, last; /* span */
    bool recurs;
    int64_t until_done; /* expanded up to; INT64_MAX: complete */
    int64_t tzver;      /* of the time zone data it was computed with */
    struct field_row *fields;
    size_t field_count;
    struct store *store;
};

struct prepare_problem {
    enum ical_fault fault; /* calendars; cards: ICAL_SYNTAX or ICAL_SIZE */
    struct str text;       /* names what, where */
};

/* OK, INVALID, UNSUPPORTED, TOO_LARGE, TOO_MANY with *problem; faults. The component is not yet judged against a collection
 * (tx_item_put does that: UNSUPPORTED). */
enum status prepare_calendar(struct store *s, struct arena *a, struct str body, struct prepared *out,
                             struct prepare_problem *problem);
enum status prepare_vcard(struct store *s, struct arena *a, struct str body, struct prepared *out,
                          struct prepare_problem *problem);
void prepared_release(struct prepared *p);

/* The derived part alone, of a body that is stored already (rebuilding, expanding further, undelete): no blob is touched. */
enum status prepare_derived(struct store *s, struct arena *a, enum media media, struct str body,
                            struct prepared *out);

#endif
