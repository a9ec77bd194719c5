/* mailcore/smtp/data.h: the text of a message as DATA carries it (RFC 5321 section 4.5.2): where it ends, and its bytes without
 * the dots that transparency adds.
 *
 * Only CR LF ends a line and only CR LF "." CR LF the text: whatever else looks like an end to some server is content to us, on
 * its way in and out, so that no second message hides in a first one. */
#ifndef SCAMBIO_MAILCORE_SMTP_DATA_H
#define SCAMBIO_MAILCORE_SMTP_DATA_H

#include "core/buf.h"

/* What SMTP forbids in a text and senders write nevertheless. */
enum smtp_data_fault {
    SMTP_BARE_LF = 1,
    SMTP_BARE_CR = 2,
    SMTP_NUL = 4,
};

/* Zeroed except for `max` it is at the beginning of a text. */
struct smtp_data {
    uint64_t max;     /* bytes; what is more is counted and dropped */
    uint64_t size;    /* of the text so far, dropped bytes included */
    unsigned faults;  /* of enum smtp_data_fault, for the caller to refuse by */
    bool eight_bit;   /* a byte over 127 was seen */
    bool ended;       /* the end was read */
    unsigned char at; /* of enum place in the .c file */
};

/* Takes bytes off *in and appends the text's to out, line ends as CR LF: a bare CR or LF becomes one, NUL is left out. Stops behind
 * the end; what follows it stays in *in. */
void smtp_data_read(struct smtp_data *d, struct str *in, struct buf *out);

/* The other direction, in pieces: zeroed it is at the beginning of a text. */
struct smtp_dots {
    bool in_line;   /* the last byte did not end a line */
    bool behind_cr; /* it was a CR, and its line end is written */
};

/* Appends a piece of a stored text with its dots. A bare CR or LF in it becomes a line end first. */
void smtp_data_send(struct smtp_dots *d, struct str text, struct buf *out);
/* Appends its end. */
void smtp_data_end(struct smtp_dots *d, struct buf *out);

/* Both, for a text that is there as a whole. */
void smtp_data_write(struct buf *out, struct str text);

#endif
