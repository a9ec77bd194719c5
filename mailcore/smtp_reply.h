/* mailcore/smtp_reply.h: what an SMTP server answers (RFC 5321 section 4.2), read line by line as it comes. */
#ifndef SCAMBIO_MAILCORE_SMTP_REPLY_H
#define SCAMBIO_MAILCORE_SMTP_REPLY_H

#include "core/buf.h"

enum { SMTP_REPLY_LINE = 4096, SMTP_REPLY_LINES = 200, SMTP_REPLY_TEXT = 16384 };

/* Zeroed it is ready for a reply; the text is the caller's to free with smtp_reply_free. */
struct smtp_reply {
    int code; /* 200..599 */
    struct buf
        text; /* the lines without their codes, LF between them; what is over SMTP_REPLY_TEXT is dropped */
    size_t lines;     /* so far */
    struct buf begun; /* a line that is not whole yet */
};

/* Takes bytes off *in up to the end of one reply. OK: it is whole. NOT_FOUND: more must come. INVALID: this is no SMTP server, or one
 * that never ends. */
enum status smtp_reply_read(struct smtp_reply *r, struct str *in);

void smtp_reply_clear(struct smtp_reply *r); /* ready for the next one */
void smtp_reply_free(struct smtp_reply *r);

/* The enhanced status code (RFC 2034) that the text begins with; without one, or when its class is another than the code's, "X.0.0" of
 * the code's class. */
void smtp_reply_status(const struct smtp_reply *r, char out[12]);

/* Reply as one line for logs and notifications: "550 5.1.1 no such user". */
void smtp_reply_line(const struct smtp_reply *r, struct buf *out);

#endif
