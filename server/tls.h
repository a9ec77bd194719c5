/* server/tls.h: the certificate of HTTPS, and how TLS is spoken.
 *
 * There is one current pair for the process, because the library's certificate callback has no context:
 * tls_use replaces it at any time (SIGHUP), and handshakes that began with the old one end with it. */
#ifndef SCAMBIO_SERVER_TLS_H
#define SCAMBIO_SERVER_TLS_H

#include "core/buf.h"
#include "core/conf.h"

/* Takes a certificate chain and its key, both PEM. INVALID: they do not parse, or do not belong together;
 * `why` says it for the administrator, and the old pair stays. */
enum status tls_use(struct str certificate, struct str key, struct buf *why);
bool tls_ready(void);

/* [tls] min_version and ciphers as the library's priority string. INVALID names the cipher suite that it does
 * not know. */
enum status tls_configure(const struct conf *conf, struct buf *why);

/* The pair of the configuration as PEM. Without one, a self-signed pair below data/tls is read, made first
 * when it is missing or about to expire; *made says so. Runs with the rights that reading the key needs. */
enum status tls_read(const struct conf *conf, struct buf *certificate, struct buf *key, bool *made,
                     struct buf *why);

/* A fresh self-signed pair (EC P-256) for these host names. */
enum status tls_self_signed(struct str hostname, int64_t now, struct buf *certificate, struct buf *key);

/* For server/http.c: what the library is given. */
void *tls_library_callback(void);
const char *tls_priorities(void);

#endif
