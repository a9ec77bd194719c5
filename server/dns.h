/* server/dns.h: questions to DNS that cannot hang, by the resolver of libc.
 *
 * Asks the servers of [server] resolver, or those of /etc/resolv.conf. A question takes some seconds at most, and all questions of one
 * struct dns together DNS_SECONDS: after that, or when no server has answered, every further one is E_TIMEOUT at once. Blocks: for
 * commands, never for a handler. One thread at a time. */
#ifndef SCAMBIO_SERVER_DNS_H
#define SCAMBIO_SERVER_DNS_H

#include "core/arena.h"
#include "core/conf.h"

enum { DNS_SECONDS = 10 };

enum dns_type { DNS_A, DNS_AAAA, DNS_MX, DNS_SRV };

struct dns_record {
    unsigned priority, weight, port; /* MX: priority; SRV: all three */
    struct str target; /* a host without the last dot, "." for none; A, AAAA: the address in text */
};

struct dns;

enum status dns_open(const struct conf *conf, struct dns **out); /* E_MEMORY, E_UNAVAILABLE */
void dns_close(struct dns *d);                                   /* NULL is allowed */

/* The records of that name and type, in the order of the answer, DNS_RECORDS at most; strings in the arena. NOT_FOUND: there is none.
 * INVALID: no name for DNS, or an answer that is none. E_UNAVAILABLE: a server refused or failed. E_TIMEOUT: none answers. */
enum { DNS_RECORDS = 64 };
enum status dns_ask(struct dns *d, struct arena *a, struct str name, enum dns_type type,
                    struct dns_record **out, size_t *count);

#endif
