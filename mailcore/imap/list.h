/* mailcore/imap/list.h: patterns of LIST and LSUB (RFC 9051 section 6.3.9): '*' stands for anything, '%' for anything without the
 * hierarchy's delimiter.
 *
 * A pattern is made ready once and then compared with many names; one comparison costs the name's length times a 64th of
 * the pattern's, whatever the two are. */
#ifndef SCAMBIO_MAILCORE_IMAP_LIST_H
#define SCAMBIO_MAILCORE_IMAP_LIST_H

#include "core/arena.h"
#include "core/buf.h"

struct imap_pattern;

enum imap_list_match {
    IMAP_LIST_NAME = 1,  /* the name matches */
    IMAP_LIST_BELOW = 2, /* some name below it in the hierarchy could */
};

/* Reference and pattern as one pattern, in the arena: appended to each other, with one delimiter where both have it. */
struct str imap_list_join(struct arena *a, struct str reference, struct str pattern, char delimiter);

/* Names and patterns are of one encoding. TOO_LARGE: over `most` bytes, or the arena is out; E_MEMORY. */
enum status imap_pattern_new(struct arena *a, struct str text, char delimiter, size_t most,
                             struct imap_pattern **out);

/* Bits of enum imap_list_match. "INBOX" and what is below it match in any case of these letters (section 5.1). Not for two threads at
 * once: the pattern holds the state. */
unsigned imap_pattern_match(struct imap_pattern *p, struct str name);

#endif
