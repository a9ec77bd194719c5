/* core/metrics.h: counters of the process, for /metrics and `scambio stats`.
 *
 * They are global because they count what the process does, whoever does it; each is one atomic number. */
#ifndef SCAMBIO_CORE_METRICS_H
#define SCAMBIO_CORE_METRICS_H

#include "core/buf.h"

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
    METRIC_MAIL_RECEIVED,
    METRIC_MAIL_DELIVERED,
    METRIC_MAIL_REFUSED,
    METRIC_MAIL_QUEUED,
    METRIC_POP3_SESSIONS,
    METRIC_POP3_RETRIEVED,
    METRIC_POP3_DELETED,
    METRIC_QUEUE_DELIVERED,
    METRIC_QUEUE_DEFERRED,
    METRIC_QUEUE_BOUNCED,
    METRIC_COUNT
};

void metrics_add(enum metric m, uint64_t n);
void metrics_set(enum metric m, uint64_t value);

/* The two lines before a value in Prometheus text (version 0.0.4). */
void metrics_head(struct buf *out, const char *name, const char *type, const char *help);
/* All counters of the table. */
void metrics_counters(struct buf *out);

#endif
