/* mailcore/smtp/spool.c: the tail is written out whenever it is full, so that the file grows in large pieces. */
#include "mailcore/smtp/spool.h"

#include <errno.h>
#include <fcntl.h>

void smtp_spool_open(struct smtp_spool *s, size_t memory, const char *folder)
{
    *s = (struct smtp_spool){.tail = BUF_INIT(memory), .fd = -1, .folder = folder};
}

void smtp_spool_close(struct smtp_spool *s)
{
    buf_free(&s->tail);
    if (s->folder && s->fd >= 0)
        close(s->fd);
    *s = (struct smtp_spool){.fd = -1};
}

static enum status fault(void)
{
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? E_FULL : E_IO;
}

static enum status write_all(struct smtp_spool *s, struct str bytes)
{
    while (bytes.n) {
        ssize_t n = pwrite(s->fd, bytes.p, bytes.n, (off_t)s->filed);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fault();
        s->filed += (uint64_t)n;
        bytes = str_from(bytes, (size_t)n);
    }
    return OK;
}

static enum status write_out(struct smtp_spool *s)
{
    if (!s->folder)
        return E_FULL;
    if (s->fd < 0)
        s->fd = open(s->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (s->fd < 0)
        return fault();
    enum status st = write_all(s, buf_view(&s->tail));
    buf_clear(&s->tail);
    return st;
}

void smtp_spool_add(struct smtp_spool *s, struct str bytes)
{
    if (s->st == OK && bytes.n > s->tail.max - s->tail.n)
        s->st = write_out(s);
    if (s->st != OK)
        return;
    if (bytes.n > s->tail.max) {
        s->st = write_all(s, bytes);
        return;
    }
    buf_add(&s->tail, bytes);
    s->st = s->tail.st;
}

uint64_t smtp_spool_size(const struct smtp_spool *s)
{
    return s->filed + s->tail.n;
}

enum status smtp_spool_read(const struct smtp_spool *s, uint64_t at, void *out, size_t n)
{
    char *to = out;
    if (at > smtp_spool_size(s) || n > smtp_spool_size(s) - at)
        return E_IO;
    while (n && at < s->filed) {
        size_t part = n < s->filed - at ? n : (size_t)(s->filed - at);
        ssize_t got = pread(s->fd, to, part, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return E_IO;
        at += (uint64_t)got;
        to += got;
        n -= (size_t)got;
    }
    if (n)
        memcpy(to, s->tail.p + (at - s->filed), n);
    return OK;
}
