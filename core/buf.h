/* core/buf.h: a growing byte buffer with a mandatory maximum and a sticky status.
 *
 * Appends never fail visibly: when the maximum is passed or memory is out, the buffer keeps what it has,
 * remembers TOO_LARGE or E_MEMORY in `st`, and ignores what follows. Look at `st` once, at the end.
 * The owner calls buf_free. buf_view() is valid until the next append. */
#ifndef SCAMBIO_CORE_BUF_H
#define SCAMBIO_CORE_BUF_H

#include "core/scoped.h"
#include "core/status.h"
#include "core/str.h"

#include <stdarg.h>

struct buf {
    char *p;
    size_t n, cap, max;
    enum status st;
};

/* `max` is in bytes. No memory is taken before the first append. */
#define BUF_INIT(max_) ((struct buf){.max = (max_)})

void buf_free(struct buf *b);          /* gives the memory back; the buffer is as after BUF_INIT */
void buf_clear(struct buf *b);         /* forgets content and status, keeps the memory */
void buf_cut(struct buf *b, size_t n); /* shortens to n bytes */

void buf_add(struct buf *b, struct str s);
void buf_addc(struct buf *b, char c);
void buf_addz(struct buf *b, const char *c);
void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_addv(struct buf *b, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
void buf_u64(struct buf *b, uint64_t value); /* decimal */
void buf_i64(struct buf *b, int64_t value);
void buf_hex(struct buf *b, struct str bytes);    /* lower case */
void buf_base64(struct buf *b, struct str bytes); /* RFC 4648 section 4, padded */

/* Decodes base64, skipping white space; false (and nothing appended) when it is not base64. */
bool buf_unbase64(struct buf *b, struct str text);

/* Room for n more bytes: where to write them, or NULL (status set). buf_commit says how many came. */
char *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);

/* The content as a C string (a NUL is kept behind it, outside n); "" after a failed allocation. */
const char *buf_c(struct buf *b);

static inline struct str buf_view(const struct buf *b)
{
    return (struct str){b->p ? b->p : "", b->n};
}

/* SCOPED_BUF(name, max) declares a buffer that is freed at the end of the block. */
#define SCOPED_BUF(name, max_) SCOPED(buf_free) struct buf name = BUF_INIT(max_)

#endif
