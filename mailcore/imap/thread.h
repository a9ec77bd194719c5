/* mailcore/imap/thread.h: THREAD (RFC 5256): messages as conversations, by their subjects or by what they refer to.
 *
 * Time is that of sorting the messages, whatever their fields say: loops are found by a union of sets, no list is walked
 * twice, and nothing recurses. */
#ifndef SCAMBIO_MAILCORE_IMAP_THREAD_H
#define SCAMBIO_MAILCORE_IMAP_THREAD_H

#include "mailcore/imap/parse.h"

struct imap_thread_row {
    uint32_t number;                        /* what is written: the sequence number or the UID */
    int64_t date;                           /* the Date field, or INTERNALDATE where there is none */
    struct str subject;                     /* its base, folded (imap_base_subject) */
    bool reply;                             /* the subject says that it is a reply or was forwarded */
    struct str id, references, in_reply_to; /* raw fields; STR_NONE: none */
};

/* Fills in what a header says; `row->date` is INTERNALDATE before. Views point into the header, the subject lives in the arena. */
enum status imap_thread_read(struct arena *a, struct str head, size_t field, struct imap_thread_row *row);

/* Appends "* THREAD (1 2)(3 (4)(5))". Rows are in the order of the mailbox. Of one message the last `most` references count.
 * E_MEMORY, TOO_LARGE: the arena is out. */
enum status imap_thread(struct arena *a, enum imap_thread_algorithm algorithm,
                        const struct imap_thread_row *rows, size_t count, size_t most, struct buf *out);

#endif
