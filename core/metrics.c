/* core/metrics.c: the table of counters. */
#include "core/metrics.h"

#include <stdatomic.h>

static const struct {
    const char *name, *type, *help;
} rows[METRIC_COUNT] = {
    [METRIC_CONNECTIONS] = {"scambio_http_connections_total", "counter", "HTTP connections accepted"},
    [METRIC_CONNECTIONS_OPEN] = {"scambio_http_connections_open", "gauge", "HTTP connections open"},
    [METRIC_CONNECTIONS_REFUSED] = {"scambio_http_connections_refused_total", "counter",
                                    "HTTP connections over a limit"},
    [METRIC_CONNECTIONS_TIMED_OUT] = {"scambio_http_connections_timed_out_total", "counter",
                                      "HTTP connections cut off at their deadline"},
    [METRIC_LOGINS] = {"scambio_logins_total", "counter", "log-ins that were checked against a verifier"},
    [METRIC_LOGINS_CACHED] = {"scambio_logins_cached_total", "counter", "log-ins answered from the cache"},
    [METRIC_LOGINS_FAILED] = {"scambio_logins_failed_total", "counter", "log-ins that failed"},
    [METRIC_LOGINS_THROTTLED] = {"scambio_logins_throttled_total", "counter", "log-ins told to wait"},
    [METRIC_SENT_BYTES] = {"scambio_http_sent_bytes_total", "counter", "bytes of HTTP bodies sent"},
    [METRIC_SET_ASIDE] = {"scambio_set_aside_total", "counter",
                          "requests refused because they crashed the process"},
    [METRIC_COMMANDS] = {"scambio_commands_total", "counter", "commands run over the control socket"},
    [METRIC_RELOADS] = {"scambio_reloads_total", "counter", "reloads of the configuration"},
    [METRIC_MAIL_RECEIVED] = {"scambio_mail_received_total", "counter",
                              "mails taken over by SMTP, submission and LMTP"},
    [METRIC_MAIL_DELIVERED] = {"scambio_mail_delivered_total", "counter", "mails put into a mailbox"},
    [METRIC_MAIL_REFUSED] = {"scambio_mail_refused_total", "counter",
                             "senders, recipients and mails that were refused"},
    [METRIC_MAIL_QUEUED] = {"scambio_mail_queued_total", "counter",
                            "recipients put into the queue of mail that goes out"},
    [METRIC_POP3_SESSIONS] = {"scambio_pop3_sessions_total", "counter", "POP3 sessions that logged in"},
    [METRIC_POP3_RETRIEVED] = {"scambio_pop3_retrieved_total", "counter", "messages sent over POP3"},
    [METRIC_POP3_DELETED] = {"scambio_pop3_deleted_total", "counter", "messages deleted over POP3"},
    [METRIC_QUEUE_DELIVERED] = {"scambio_queue_delivered_total", "counter",
                                "recipients of the queue that have their mail"},
    [METRIC_QUEUE_DEFERRED] = {"scambio_queue_deferred_total", "counter",
                               "attempts for recipients of the queue that failed for now"},
    [METRIC_QUEUE_BOUNCED] = {"scambio_queue_bounced_total", "counter",
                              "recipients of the queue that were given up"},
};

static _Atomic uint64_t values[METRIC_COUNT];

void metrics_add(enum metric m, uint64_t n)
{
    atomic_fetch_add_explicit(&values[m], n, memory_order_relaxed);
}

void metrics_set(enum metric m, uint64_t value)
{
    atomic_store_explicit(&values[m], value, memory_order_relaxed);
}

void metrics_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_counters(struct buf *out)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        metrics_head(out, rows[i].name, rows[i].type, rows[i].help);
        buf_addf(out, "%s %llu\n", rows[i].name, (unsigned long long)atomic_load(&values[i]));
    }
}
