/* mailcore/imap/set.h: sequence sets (RFC 9051 section 9, sequence-set): which messages a command is about, by number or UID.
 *
 * A set is sorted and merged when it is read, so that whoever walks it goes once through the mailbox, whatever the client
 * wrote. '*' is the largest number in use, which only the mailbox knows: imap_set_resolve puts it in. */
#ifndef SCAMBIO_MAILCORE_IMAP_SET_H
#define SCAMBIO_MAILCORE_IMAP_SET_H

#include "core/arena.h"
#include "core/buf.h"

struct imap_range {
    uint32_t first, last; /* 1 <= first <= last */
};

struct imap_set {
    const struct imap_range *ranges; /* ascending, with a gap between any two */
    size_t count;
    bool saved; /* "$": the result of the last SEARCH with SAVE (RFC 5182); there are no ranges then */
    bool star;  /* '*' is in it, and with it … */
    uint32_t low,
        high; /* … all from the least to the largest number that stands at a ':' with '*'; 0: none does */
};

/* Reads the whole text. INVALID: it is no set. TOO_MANY: it has over `most` ranges. E_MEMORY, TOO_LARGE: the arena is out. */
enum status imap_set_parse(struct arena *a, struct str text, size_t most, struct imap_set *out);

/* The set with `largest` for '*' (0: nothing is there, and '*' nothing); without a '*' it is the same. Linear. A range that goes
 * up to '*' includes the largest even where it begins above it. `out` may be `set`. */
enum status imap_set_resolve(struct arena *a, const struct imap_set *set, uint32_t largest,
                             struct imap_set *out);

bool imap_set_has(const struct imap_set *set, uint32_t number); /* of a resolved set; logarithmic */
uint64_t imap_set_size(const struct imap_set *set);             /* how many numbers a resolved set has */

/* Grows a set by numbers that come in ascending order; ranges form by themselves. */
struct imap_set_builder {
    struct imap_range *ranges;
    size_t count, cap;
};
enum status imap_set_add(struct arena *a, struct imap_set_builder *b, uint32_t first, uint32_t last);
struct imap_set imap_set_built(const struct imap_set_builder *b);

/* Appends "1:3,5". Nothing of an empty set, for which IMAP has no form. */
void imap_set_write(struct buf *out, const struct imap_set *set);

#endif
