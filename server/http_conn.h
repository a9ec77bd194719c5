/* server/http_conn.h: the connections of the HTTP front: how many there are, from where, and until when each
 * may go on.
 *
 * A connection is the slot of its descriptor. The acceptor admits it (counted against both limits), the
 * library's threads say that it started and that it is closed, the loop's timer cuts off those whose deadline
 * has passed. All functions may be called from any thread; `phase` and `deadline` of a live slot belong to
 * the thread that works on the connection. */
#ifndef SCAMBIO_SERVER_HTTP_CONN_H
#define SCAMBIO_SERVER_HTTP_CONN_H

#include "core/net.h"
#include "core/status.h"

#include <stdatomic.h>

enum http_phase {
    HTTP_WAITING,
    HTTP_READING,
    HTTP_WORKING,
    HTTP_SENDING
}; /* for a head, a body; by us; an answer */

struct http_thread;

struct http_conn {
    _Atomic int64_t deadline; /* clock_mono_us; INT64_MAX while we are at work */
    _Atomic int phase;
    int state;               /* the slot's: free, admitted, live */
    struct net_address peer; /* of the socket, or as a PROXY header said */
    struct net_address counted;
    struct http_thread *thread; /* that has the connection */
};

struct http_conns;

/* For descriptors below `fds`. */
enum status http_conns_new(size_t fds, struct http_conns **out);
void http_conns_free(struct http_conns *c);

/* Counts a new connection; false when it is one too many (of all, or of its address; `exempt` from the
 * second). */
bool http_conns_admit(struct http_conns *c, int fd, const struct net_address *peer, bool exempt,
                      int64_t deadline);
void http_conns_limits(struct http_conns *c, size_t all, size_t address);

struct http_conn *http_conns_started(struct http_conns *c, int fd);
void http_conns_closed(struct http_conns *c, int fd); /* before the descriptor is closed */
struct http_conn *http_conns_at(struct http_conns *c, int fd);

/* Shuts down every live connection whose deadline is before `now`, and with `idle` those that wait for a
 * head. Returns how many it shut down. */
size_t http_conns_reap(struct http_conns *c, int64_t now, bool idle);

size_t http_conns_count(struct http_conns *c);

#endif
