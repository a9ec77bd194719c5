/* server/metrics.h: counters of the process, for /metrics (Prometheus text) and `scambio stats`.
 *
 * They are global because they count what the process does, whoever does it; each is one atomic number. */
#ifndef SCAMBIO_SERVER_METRICS_H
#define SCAMBIO_SERVER_METRICS_H

#include "core/buf.h"
#include "store/store.h"

enum metric {
    METRIC_CONNECTIONS,
    METRIC_CONNECTIONS_OPEN,
    METRIC_CONNECTIONS_REFUSED,
    METRIC_CONNECTIONS_TIMED_OUT,
    METRIC_LOGINS,
    METRIC_LOGINS_CACHED,
    METRIC_LOGINS_FAILED,
    METRIC_LOGINS_THROTTLED,
    METRIC_SENT_BYTES,
    METRIC_SET_ASIDE,
    METRIC_COMMANDS,
    METRIC_RELOADS,
    METRIC_COUNT
};

void metrics_add(enum metric m, uint64_t n);
void metrics_set(enum metric m, uint64_t value);

/* An answered request: method, status, and the time it took. */
void metrics_request(struct str method, int status, int64_t us);

/* Everything as Prometheus text (version 0.0.4), the store's numbers included (NULL: without). */
void metrics_write(struct buf *out, struct store *store);

#endif
