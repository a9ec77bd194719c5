/* server/metrics.h: all that /metrics (Prometheus text) and `scambio stats` show: the counters of core/metrics.h, requests by method and
 * status, the store's numbers and the process's. */
#ifndef SCAMBIO_SERVER_METRICS_H
#define SCAMBIO_SERVER_METRICS_H

#include "core/metrics.h"
#include "store/store.h"

/* An answered request: method, status, and the time it took. */
void metrics_request(struct str method, int status, int64_t us);

/* Everything as Prometheus text (version 0.0.4), the store's numbers included (NULL: without). */
void metrics_write(struct buf *out, struct store *store);

#endif
