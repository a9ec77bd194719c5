/* mailcore/delivery/rate.h: how much somebody did in the last hour: a bounded table of counters, each of two hours of which the older
 * one counts by the part of it that is not past.
 *
 * For any thread. When the table is full, the place that was used longest ago gives way. */
#ifndef SCAMBIO_MAILCORE_DELIVERY_RATE_H
#define SCAMBIO_MAILCORE_DELIVERY_RATE_H

#include "core/net.h"
#include "core/status.h"

struct rates;

enum rate_kind { RATE_ACCOUNT_MESSAGES = 1, RATE_ACCOUNT_RECIPIENTS, RATE_ADDRESS_MESSAGES };

enum status rates_new(struct rates **out);
void rates_free(struct rates *r); /* NULL is allowed */

/* Counts one more of a kind, when `limit` an hour allows it (0: always). False: it does not. */
bool rate_take(struct rates *r, enum rate_kind kind, uint64_t who, int64_t limit, int64_t now);

/* One number for an address; of IPv6 for its /64. */
uint64_t rate_of_address(const struct net_address *a);

#endif
