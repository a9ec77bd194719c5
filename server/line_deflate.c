/* server/line_deflate.c: zlib, with windows small enough for many idle connections. */
#include "server/line_deflate.h"

#include <stdlib.h>
#include <zlib.h>

enum {
    PIECE = 16 * 1024,
    LEVEL = 5,
    WINDOW_OUT = -13, /* negative: raw; 8 KB, which with MEMORY takes 96 KB a connection */
    MEMORY = 7,
    SPARE = 4096,    /* by which a piece can grow at most, and its flush */
    WINDOW_IN = -15, /* the peer's may be as large as any */
};

struct line_deflate {
    z_stream out, in;
    bool ended; /* the peer's stream is */
    bool more;  /* the last call filled all the room: it may have more to give without another byte */
    size_t from, to;
    char waiting[PIECE + SPARE], came[PIECE];
};

enum status line_deflate_new(struct line_deflate **out)
{
    struct line_deflate *d = calloc(1, sizeof *d);
    if (!d)
        return E_MEMORY;
    if (deflateInit2(&d->out, LEVEL, Z_DEFLATED, WINDOW_OUT, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(d);
        return E_MEMORY;
    }
    if (inflateInit2(&d->in, WINDOW_IN) != Z_OK) {
        deflateEnd(&d->out);
        free(d);
        return E_MEMORY;
    }
    *out = d;
    return OK;
}

void line_deflate_free(struct line_deflate *d)
{
    if (!d)
        return;
    deflateEnd(&d->out);
    inflateEnd(&d->in);
    free(d);
}

/* Each piece is flushed to a byte's border, so that the peer can read all of it and nothing is held back here. */
enum status line_deflate_put(struct line_deflate *d, struct str bytes, size_t *taken)
{
    struct str piece = str_slice(bytes, 0, PIECE);
    d->out.next_in = (Bytef *)(uintptr_t)piece.p;
    d->out.avail_in = (uInt)piece.n;
    d->out.next_out = (Bytef *)d->waiting;
    d->out.avail_out = sizeof d->waiting;
    int code = deflate(&d->out, Z_SYNC_FLUSH);
    d->from = 0;
    d->to = sizeof d->waiting - d->out.avail_out;
    *taken = piece.n;
    return code == Z_OK && !d->out.avail_in && d->out.avail_out ? OK : E_INTERNAL;
}

struct str line_deflate_waiting(const struct line_deflate *d)
{
    return str_n(d->waiting + d->from, d->to - d->from);
}

void line_deflate_sent(struct line_deflate *d, size_t n)
{
    d->from += n;
}

char *line_deflate_room(struct line_deflate *d, size_t *room)
{
    *room = sizeof d->came;
    return d->came;
}

void line_deflate_got(struct line_deflate *d, size_t n)
{
    d->in.next_in = (Bytef *)d->came;
    d->in.avail_in = (uInt)n;
}

enum status line_deflate_get(struct line_deflate *d, char *to, size_t room, size_t *n)
{
    *n = 0;
    d->in.next_out = (Bytef *)to;
    d->in.avail_out = (uInt)(room < UINT32_MAX ? room : UINT32_MAX);
    uInt had = d->in.avail_out;
    if (d->ended)
        return GONE;
    int code = d->in.avail_in || d->more ? inflate(&d->in, Z_SYNC_FLUSH) : Z_BUF_ERROR;
    *n = had - d->in.avail_out;
    d->more = had && !d->in.avail_out;
    d->ended = code == Z_STREAM_END;
    if (*n || code == Z_OK || code == Z_BUF_ERROR)
        return OK;
    return code == Z_STREAM_END ? GONE : code == Z_MEM_ERROR ? E_MEMORY : INVALID;
}

bool line_deflate_pending(const struct line_deflate *d)
{
    return d->more || d->ended || d->in.avail_in;
}
