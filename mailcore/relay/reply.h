/* mailcore/relay/reply.h: what an SMTP server answers (RFC 5321 section 4.2), read line by line as it comes. */
#ifndef SCAMBIO_MAILCORE_RELAY_REPLY_H
#define SCAMBIO_MAILCORE_RELAY_REPLY_H

#include "core/buf.h"

enum { RELAY_REPLY_LINE = 4096, RELAY_REPLY_LINES = 200, RELAY_REPLY_TEXT = 16384 };

/* Zeroed it is ready for a reply; the text is the caller's to free with relay_reply_free. */
struct relay_reply {
    int code; /* 200..599 */
    struct buf
        text; /* the lines without their codes, LF between them; what is over RELAY_REPLY_TEXT is dropped */
    size_t lines;     /* so far */
    struct buf begun; /* a line that is not whole yet */
};

/* Takes bytes off *in up to the end of one reply. OK: it is whole. NOT_FOUND: more must come. INVALID: this is no SMTP server, or one
 * that never ends. */
enum status relay_reply_read(struct relay_reply *r, struct str *in);

void relay_reply_clear(struct relay_reply *r); /* ready for the next one */
void relay_reply_free(struct relay_reply *r);

/* The enhanced status code (RFC 2034) that the text begins with; without one, or when its class is another than the code's, "X.0.0" of
 * the code's class. */
void relay_reply_status(const struct relay_reply *r, char out[12]);

/* Reply as one line for logs and notifications: "550 5.1.1 no such user". */
void relay_reply_line(const struct relay_reply *r, struct buf *out);

#endif
