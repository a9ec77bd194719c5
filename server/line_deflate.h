/* server/line_deflate.h: DEFLATE (RFC 1951) between an engine and its socket, as COMPRESS of IMAP wants it (RFC 4978): raw, one stream each
 * way, flushed whenever there is nothing more to say.
 *
 * What goes out is taken in pieces and waits here until the socket took it; what comes in is read from a piece that the socket
 * brought, into the room that there is: a little that stands for very much is read as slowly as anything else. */
#ifndef SCAMBIO_SERVER_LINE_DEFLATE_H
#define SCAMBIO_SERVER_LINE_DEFLATE_H

#include "core/buf.h"

struct line_deflate;

enum status line_deflate_new(struct line_deflate **out); /* E_MEMORY */
void line_deflate_free(struct line_deflate *d);          /* NULL is allowed */

/* ---- to the peer ---- */
/* Takes some of `bytes`, while nothing waits; *taken: how many. E_INTERNAL. */
enum status line_deflate_put(struct line_deflate *d, struct str bytes, size_t *taken);
/* What waits for the socket; valid until the next call. */
struct str line_deflate_waiting(const struct line_deflate *d);
void line_deflate_sent(struct line_deflate *d, size_t n);

/* ---- from the peer ---- */
/* Where bytes of the socket go, when line_deflate_get had nothing; then line_deflate_got. */
char *line_deflate_room(struct line_deflate *d, size_t *room);
void line_deflate_got(struct line_deflate *d, size_t n);
/* OK and *n bytes; 0: more has to come. GONE: the peer has ended its stream. INVALID: this is no DEFLATE. E_MEMORY. */
enum status line_deflate_get(struct line_deflate *d, char *to, size_t room, size_t *n);
/* Is something there that no event of the socket will tell of? */
bool line_deflate_pending(const struct line_deflate *d);

#endif
