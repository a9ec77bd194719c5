/* core/net.h: IP addresses and networks as values: parsing, printing, matching. No sockets.
 *
 * An IPv4 address mapped into IPv6 (::ffff:192.0.2.1) is held as the IPv4 address that it is, so that a rule
 * for one counts for the other. */
#ifndef SCAMBIO_CORE_NET_H
#define SCAMBIO_CORE_NET_H

#include "core/buf.h"
#include "core/str.h"

#include <sys/socket.h>

struct net_address {
    int bits; /* 32 or 128; 0: none (a local socket) */
    unsigned char bytes[16];
};

struct net_network {
    struct net_address address;
    int prefix;
};

/* "192.0.2.1", "2001:db8::1", also "[2001:db8::1]"; nothing behind it. */
bool net_parse(struct str s, struct net_address *out);
/* "192.0.2.0/24", or an address alone. */
bool net_parse_network(struct str s, struct net_network *out);
/* Of a socket; false for other families. */
bool net_of_sockaddr(const struct sockaddr *sa, struct net_address *out);
int net_port(const struct sockaddr *sa); /* 0 for other families */
/* Into a socket address with that port, for a family of its own. Returns its length. */
socklen_t net_to_sockaddr(const struct net_address *a, int port, struct sockaddr_storage *out);

void net_text(struct buf *b, const struct net_address *a); /* "local" for none */
bool net_in(const struct net_address *a, const struct net_network *n);
bool net_in_any(const struct net_address *a, const struct net_network *n, size_t count);
bool net_equal(const struct net_address *a, const struct net_address *b);
bool net_loopback(const struct net_address *a); /* this machine: 127.0.0.0/8, ::1, a local socket */

#endif
