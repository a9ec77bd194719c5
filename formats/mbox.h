/* formats/mbox.h: messages in files of the mbox family (RFC 4155 and its elders), cut apart as the file is read.
 *
 * A message begins with a line "From ADDRESS DATE" at the file's start, or behind an empty line. A Content-Length is believed when the
 * message that it makes is followed by such a line or by the end, and not otherwise. Quoted From lines (">From ", ">>From ") lose one
 * sign, unless Content-Length shows that nothing was quoted. */
#ifndef SCAMBIO_FORMATS_MBOX_H
#define SCAMBIO_FORMATS_MBOX_H

#include "core/buf.h"

struct mbox {
    size_t most;    /* bytes of a message as it is in the file; longer ones are passed over */
    size_t scanned; /* its own from here on; 0 at the start */
    bool skipping;
};

struct mbox_message {
    struct str text; /* behind the From line, as it is in the file */
    int64_t date;    /* of the From line, seconds since 1970; 0: none */
    bool plain;      /* nothing in it is quoted */
};

/* Does a line (without its end) begin a message? With a date in `date`. */
bool mbox_from(struct str line, int64_t *date);

/* Cuts the next message off *window, the bytes of the file that are not taken yet; views point into it. TRUNCATED: with more bytes behind it
 * (never with `last`: the file ends there). NOT_FOUND: there are no more. TOO_LARGE: one was passed over, or its begin: go on. INVALID: no
 * message begins there. */
enum status mbox_next(struct mbox *m, struct str *window, bool last, struct mbox_message *out);

/* What mail programs note in fields of an mbox. */
enum mbox_mark { MBOX_SEEN = 1, MBOX_ANSWERED = 2, MBOX_FLAGGED = 4, MBOX_DELETED = 8, MBOX_DRAFT = 16 };

/* Appends the message as it was sent: with CR LF, unquoted, without the fields that only belong to the file, whose marks are in *marks (enum
 * mbox_mark). False: it is no message, but what a program keeps about the folder. */
bool mbox_unpack(const struct mbox_message *m, struct buf *out, unsigned *marks);

/* Appends a message (CR LF) to an mbox: From line, marks, quoted (each "From " and ">From " gets one sign), LF, and an empty line. */
void mbox_write(struct buf *out, struct str message, struct str sender, int64_t date, unsigned marks);

#endif
