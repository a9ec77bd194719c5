/* server/proxy.h: the header that a load balancer sends first, so that the client's address is known (PROXY protocol, version 2).
 * Only whom the configuration trusts is asked for it. */
#ifndef SCAMBIO_SERVER_PROXY_H
#define SCAMBIO_SERVER_PROXY_H

#include "mailcore/line.h"

enum { PROXY_MOST = 1024 }; /* bytes of a header with all that may be appended to it */

/* OK: *used bytes are the header, and *peer is the client, unless the balancer speaks for itself (LOCAL) or for a family that is none of
 * the Internet's. TRUNCATED: it goes on, at least to *used bytes. INVALID: this is none. */
enum status proxy_parse(struct str in, size_t *used, struct line_peer *peer);

#endif
