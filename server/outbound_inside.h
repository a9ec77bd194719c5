/* server/outbound_inside.h: between the parts of the runner of the queue: its life and the search for what is due (outbound.c), destinations
 * (outbound_dest.c), connections (outbound_conn.c), attempts (outbound_attempt.c), delivery here (outbound_local.c), and notifications
 * (outbound_notice.c). All is on the runner's thread, but where it says so. */
#ifndef SCAMBIO_SERVER_OUTBOUND_INSIDE_H
#define SCAMBIO_SERVER_OUTBOUND_INSIDE_H

#include "core/loop.h"
#include "mailcore/delivery/intake.h"
#include "mailcore/relay/route.h"
#include "server/line_tls.h"
#include "server/outbound.h"
#include "server/resolve.h"
#include "store/queue.h"

#include <pthread.h>
#include <stdatomic.h>

enum relay_tls_choice { TLS_NEVER, TLS_OFFERED, TLS_ALWAYS, TLS_VERIFIED }; /* words of relay.tls */
enum relay_family { FAMILY_ANY, FAMILY_IPV4, FAMILY_IPV6 };                 /* of relay.family */

struct transport {
    struct str domain;
    struct route route;
};

struct outbound_settings { /* of one configuration; counted, immutable */
    atomic_int refs;
    struct arena arena;
    struct str hostname, user, password;
    bool has_relay;
    struct route relay;
    struct transport *transports;
    size_t transport_count;
    enum relay_tls_choice tls;
    enum relay_family family;
    struct net_address source[2]; /* of IPv4 and IPv6; bits 0: none */
    struct line_trust *trust;
    struct retry retry;
    int port;
    size_t connections, destination_connections, connection_mails, recipients, attempts;
    int64_t idle, dns_timeout, connect_timeout, command_timeout, text_timeout, end_timeout;
    int64_t unreachable, delay_warning, expire;
    struct mime_limits mime;
    size_t message_size;
};
enum status outbound_settings_new(const struct conf *conf, struct outbound_settings **out, struct buf *why);
struct outbound_settings *outbound_settings_get(struct outbound_settings *s);
void outbound_settings_put(struct outbound_settings *s); /* NULL is allowed */

enum { ATTEMPT_BUCKETS = 1024, DESTS_MOST = 2000, TARGETS_MOST = 20, TRIES_MOST = 5, HOSTS_MOST = 8 };

struct outbound {
    struct store *store;
    struct directory *dir;
    struct worker_pool *pool;
    struct intake *intake;
    struct loop *loop;
    pthread_t thread;
    bool started;
    struct resolver *resolver;
    pthread_mutex_t lock;            /* of `fresh` */
    struct outbound_settings *fresh; /* from a reload; NULL: none */
    struct outbound_settings *settings;
    struct loop_post wake;
    atomic_bool woken, retry, stop, ended;
    atomic_size_t open; /* attempts in hand, notifications, connections */
    struct loop_timer look, sweep, cut;
    bool stopping, more; /* more: there was no room for all that is due */
    struct dest *dests;
    size_t dest_count, attempt_count, connection_count;
    struct attempt *buckets[ATTEMPT_BUCKETS];
};

/* ---- destinations ---- */
struct target { /* one address to connect to */
    struct str host;
    struct net_address address; /* bits 0: the local socket of the route */
};

struct lookup;
struct dest {
    struct outbound *o;
    struct dest *next;
    struct str key, domain; /* of `arena` */
    struct arena arena;
    bool local; /* users of here */
    struct route route;
    struct attempt *first, *last; /* that wait for a connection */
    struct conn *conns;
    size_t conn_count, working; /* working: local deliveries under way */
    struct lookup *lookup;      /* under way; NULL */
    struct arena found_arena;
    struct target *found;
    size_t found_count;
    int64_t found_until, blocked_until; /* clock_now */
    struct outcome blocked_by;          /* of `blocked_text` */
    struct buf blocked_text;
};
struct dest *dest_find(struct outbound *o,
                       struct str domain); /* made when it is not there; NULL: no memory, or too many */
void dest_add(struct dest *d, struct attempt *a, bool front);
/* The attempt whose turn it is; NULL. */
struct attempt *dest_take(struct dest *d);
/* Does what can be done for those that wait: look-ups, connections. */
void dest_work(struct dest *d);
void dest_work_all(struct outbound *o);
/* Nobody can be reached: those that wait get that answer, and others for a while. */
void dest_block(struct dest *d, const struct outcome *why, enum mail_outcome outcome);
void dest_unblock_all(struct outbound *o);
void dest_free_all(struct outbound *o);

/* ---- attempts: one mail to recipients of one destination ---- */
struct attempt_rcpt {
    int64_t n, tries;
    struct str address, opts_text, last;
    struct rcpt_opts opts;
    bool claimed, answered;
    enum mail_outcome outcome;
    struct outcome result; /* of the attempt's arena */
    /* what is written */
    enum rcpt_state state;
    int64_t next;
    enum notice_kind notice;
};
struct attempt {
    struct outbound *o;
    struct dest *dest;
    struct outbound_settings *settings;
    struct attempt *next, *bucket_next;
    struct conn *conn; /* that carries it; NULL: none (any more) */
    struct arena arena;
    int64_t id, content, size, account, arrived, expires;
    struct str sender, opts_text;
    struct envelope_opts opts;
    struct attempt_rcpt *rcpts;
    size_t count, cap;
    bool fresh; /* rows may still be added */
    bool ready; /* the message is at hand */
    bool narrowed;
    int returned; /* how often a connection was lost before it began */
    enum status st;
    struct message_text text;
    struct buf piece; /* the whole message, or what was read last of it */
    bool whole;
    int64_t at;
    struct mail mail;
    struct mail_recipient *mail_rcpts;
    size_t *mail_index; /* mail_rcpts → rcpts */
    struct job job;
    struct loop_post post;
    struct write write;
    struct loop_timer again;
};
struct attempt *attempt_find(struct outbound *o, int64_t id, const struct dest *d);
/* NULL: no memory. */
struct attempt *attempt_new(struct outbound *o, struct dest *d, const struct queue_entry *e);
enum status attempt_add(struct attempt *a, const struct queue_rcpt *r);
/* Reads and claims, then conn_send with it; or it ends. */
void attempt_begin(struct attempt *a, struct conn *c);
/* Claims, then delivers here. */
void attempt_begin_local(struct attempt *a);
/* The same result for all that have none, then the end. */
void attempt_fail(struct attempt *a, enum mail_outcome outcome, const struct outcome *why);
void attempt_result(struct attempt *a, size_t i, enum mail_outcome outcome, const struct outcome *result);
/* Writes the results down; frees the attempt. */
void attempt_end(struct attempt *a);
/* On a worker: appends the whole message. */
enum status attempt_load(struct attempt *a, struct buf *out);
void attempt_deliver(struct job *job); /* outbound_local.c: on a worker */

/* ---- connections ---- */
struct conn;
/* To one of the destination's addresses. False: no memory. */
bool conn_open(struct dest *d);
/* The attempt that conn_begin asked for is ready. */
void conn_send(struct conn *c, struct attempt *a);
const struct relay *conn_relay(const struct conn *c);
/* It ended before it was sent. */
void conn_free_again(struct conn *c);
/* Those that are not ready yet: each will take an attempt. */
size_t conn_opening(const struct dest *d);
/* An idle one takes the attempt that is next; false: there is no idle one. */
bool conn_wake_idle(struct dest *d);
/* The server stops. */
void conn_drain(struct conn *c, bool at_once);
struct conn *conn_next(const struct conn *c);

/* ---- notifications ---- */
/* Tells the sender of the attempt's recipients that have a notice, and settles those that have ended. */
void notice_of_attempt(const struct attempt *a);
/* Those that were left at an earlier time. */
void notice_sweep(struct outbound *o);

/* The end of something that `open` counts. */
void outbound_less(struct outbound *o);
/* Looks for what is due, soon. */
void outbound_look(struct outbound *o, int64_t us);

#endif
