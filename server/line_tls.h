/* server/line_tls.h: TLS of the line protocols, by OpenSSL: the only part that knows it. HTTPS is spoken by another library
 * (server/tls.h) with the same certificate and the same [tls] section.
 *
 * A struct line_keys holds the current certificate; line_keys_use replaces it at any time, connections go on with what they began. */
#ifndef SCAMBIO_SERVER_LINE_TLS_H
#define SCAMBIO_SERVER_LINE_TLS_H

#include "core/conf.h"
#include "mailcore/line.h"

struct line_keys;
struct line_secure; /* one connection */

enum status line_keys_new(struct line_keys **out);
void line_keys_free(struct line_keys *k); /* NULL is allowed */
/* Certificate chain and key in PEM, and min_version and ciphers of the configuration. INVALID: `why` says what, and all stays as
 * it was. For any thread. */
enum status line_keys_use(struct line_keys *k, const struct conf *conf, struct str certificate,
                          struct str key, struct buf *why);
bool line_keys_ready(struct line_keys *k);

enum line_io {
    LINE_IO_DONE,
    LINE_IO_READ,  /* when the socket is readable, again */
    LINE_IO_WRITE, /* when it is writable */
    LINE_IO_END,   /* the peer has closed */
    LINE_IO_BROKEN,
};

/* The server's side on a socket that stays the caller's. E_UNAVAILABLE: no certificate. */
enum status line_secure_new(struct line_keys *k, int fd, struct line_secure **out);
void line_secure_free(struct line_secure *s); /* NULL is allowed */

/* ---- the client's side, for mail that goes out ---- */
struct line_trust;
/* Authorities: those of the file, or of the system. INVALID: the file cannot be read; `why`. */
enum status line_trust_new(struct str ca_file, struct line_trust **out, struct buf *why);
void line_trust_free(struct line_trust *t); /* NULL is allowed; connections go on */
/* `host` is said to the server; with `verify` its certificate must be good for that name. Otherwise any will do (RFC 7435). */
enum status line_secure_connect(struct line_trust *t, int fd, struct str host, bool verify,
                                struct line_secure **out);
/* Why a handshake failed, in words. */
void line_secure_why(const struct line_secure *s, struct buf *out);

enum line_io line_secure_handshake(struct line_secure *s);
enum line_io line_secure_read(struct line_secure *s, void *out, size_t room, size_t *n);
enum line_io line_secure_write(struct line_secure *s, struct str bytes, size_t *n);
/* Bytes that are read already and that no event of the socket will tell of. */
bool line_secure_pending(const struct line_secure *s);
void line_secure_bye(struct line_secure *s);
/* After the handshake. */
void line_secure_info(const struct line_secure *s, struct line_tls *out);

#endif
