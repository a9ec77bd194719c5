/* mailcore/smtp/spool.h: the text of a message while it comes in: in memory up to a bound, what is more in a file that has no name
 * and goes away with its descriptor. */
#ifndef SCAMBIO_MAILCORE_SMTP_SPOOL_H
#define SCAMBIO_MAILCORE_SMTP_SPOOL_H

#include "core/buf.h"

struct smtp_spool {
    struct buf tail;    /* the newest bytes; without a file all of them */
    int fd;             /* what is before the tail; -1: none */
    uint64_t filed;     /* bytes in the file */
    const char *folder; /* where the file is made */
    enum status st;     /* sticky: E_FULL, E_IO, E_MEMORY */
};

/* `memory`: bytes kept in memory. `folder` outlives the spool; NULL: what passes the memory is E_FULL. */
void smtp_spool_open(struct smtp_spool *s, size_t memory, const char *folder);
void smtp_spool_close(struct smtp_spool *s); /* of a zeroed one too */

/* Failures stay in `st`. */
void smtp_spool_add(struct smtp_spool *s, struct str bytes);
uint64_t smtp_spool_size(const struct smtp_spool *s);

/* Exactly n bytes from `at`; the caller knows the size. E_IO. For any thread, while nothing is added. */
enum status smtp_spool_read(const struct smtp_spool *s, uint64_t at, void *out, size_t n);

#endif
