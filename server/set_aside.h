/* server/set_aside.h: requests that were in hand when the serving process died, so that one that kills it is not run for ever.
 *
 * The table lives in memory that the supervisor shares with each serving process. A request is marked by a hash of what it is
 * before it is worked on. After a death the supervisor counts the marks that are still set; what was there at two deaths is
 * refused from then on. A request that ends well is no suspect any more. */
#ifndef SCAMBIO_SERVER_SET_ASIDE_H
#define SCAMBIO_SERVER_SET_ASIDE_H

#include "core/status.h"
#include "core/str.h"

struct set_aside;

/* Shared by processes that are forked later; NULL when memory is out. */
struct set_aside *set_aside_new(void);
void set_aside_free(struct set_aside *s);

/* Marks a request that is made of these parts. *bad: it is one that is set aside, and was not marked. Returns a handle for
 * set_aside_unmark; -1: not marked (the table is full: then it is not watched). Any thread. */
int set_aside_mark(struct set_aside *s, const struct str *parts, size_t count, bool *bad);
void set_aside_unmark(struct set_aside *s, int mark);

/* In the supervisor, after a death: counts what was in hand. Returns how many that was. */
size_t set_aside_died(struct set_aside *s);

#endif
