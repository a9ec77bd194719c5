/* server/resolve.h: DNS for mail that goes out, by libunbound (its header is included in the .c file only): asynchronous in a loop, with
 * DNSSEC validation. Doctor's questions are those of server/dns.h, which asks the configured servers alone. */
#ifndef SCAMBIO_SERVER_RESOLVE_H
#define SCAMBIO_SERVER_RESOLVE_H

#include "core/arena.h"
#include "core/conf.h"
#include "core/loop.h"
#include "core/net.h"

struct resolver;

enum resolve_type { RESOLVE_A = 1, RESOLVE_MX = 15, RESOLVE_AAAA = 28 };
enum { RESOLVE_MOST = 64 }; /* records of an answer that are looked at */

struct resolve_record {
    unsigned preference;        /* MX */
    struct str name;            /* MX: without the last dot, "." for none */
    struct net_address address; /* A, AAAA */
};

/* A question. `arena`, `ctx`, `done` and `type` are the caller's to set; it lives until `done`, or resolver_forget. */
struct resolve {
    struct arena *arena; /* for names of the answer */
    void *ctx;
    void (*done)(struct resolve *q);
    enum resolve_type type;
    /* OK; NOT_FOUND: the name has no such record; INVALID: no name, or an answer that is none; E_UNAVAILABLE and E_TIMEOUT: later. */
    enum status st;
    bool none;   /* with NOT_FOUND: the name does not exist at all */
    bool secure; /* by DNSSEC */
    struct resolve_record *records;
    size_t count;
    /* the resolver's */
    struct resolver *resolver;
    struct loop_timer timer;
    int id;
    bool open;
};

/* Asks the servers of [server] resolver, or those of /etc/resolv.conf. All that follows is on the thread of the loop. */
enum status resolver_new(const struct conf *conf, struct loop *loop, struct resolver **out, struct buf *why);
void resolver_free(struct resolver *r); /* NULL is allowed; open questions have been forgotten */

/* `done` is called later, never from within, in `seconds` at most. */
void resolver_ask(struct resolver *r, struct resolve *q, struct str name, int seconds);
/* Its `done` is not called any more. One that is not open is left alone. */
void resolver_forget(struct resolve *q);

#endif
