/* server/http_answer.c: what all answers share, so that no handler can forget it. */
#include "server/http_answer.h"

#include "server/http_rules.h"

#include <zlib.h>

enum { GZIP_FROM = 1024, GZIP_LEVEL = 4 }; /* smaller bodies fit in one packet anyway */
enum { SPARE = 16 * 1024 };                /* for the answer that says that memory is out */

struct str http_answer_header(const struct http_response *resp, struct str name)
{
    for (size_t i = 0; i < resp->header_count; i++)
        if (str_caseeq(resp->headers[i].name, name))
            return resp->headers[i].value;
    return STR_NONE;
}

void http_plain(struct http_txn *t, int status, const char *text)
{
    struct http_response *r = &t->resp;
    r->status = status;
    r->header_count = 0;
    r->compress = false;
    if (r->file >= 0)
        close(r->file);
    r->file = -1;
    buf_clear(&r->body);
    buf_addf(&r->body, "%s\n", text);
    http_set(t, STR("Content-Type"), STR("text/plain; charset=utf-8"));
}

static void set_default(struct http_txn *t, struct str name, struct str value)
{
    if (!http_answer_header(&t->resp, name).p)
        http_set(t, name, value);
}

static const struct http_header safe_headers[] = {
    {STR_INIT("X-Content-Type-Options"), STR_INIT("nosniff")},
    {STR_INIT("X-Frame-Options"), STR_INIT("DENY")},
    {STR_INIT("Referrer-Policy"), STR_INIT("no-referrer")},
    {STR_INIT("Content-Security-Policy"), STR_INIT("default-src 'none'; frame-ancestors 'none'")},
};

static void set_safe_headers(struct http_txn *t)
{
    for (size_t i = 0; i < COUNT_OF(safe_headers); i++)
        set_default(t, safe_headers[i].name, safe_headers[i].value);
    if (str_eq(t->req.scheme, STR("https")))
        set_default(t, STR("Strict-Transport-Security"), STR("max-age=31536000"));
    set_default(t, STR("Server"), STR("Scambio"));
}

/* Does If-Range (RFC 9110 section 13.1.5) hold? Absent: yes. */
static bool range_condition(struct http_txn *t, struct str etag)
{
    struct str wanted = http_get(&t->req, STR("If-Range"));
    if (!wanted.p)
        return true;
    wanted = str_trim(wanted);
    if (str_starts(wanted, STR("\"")))
        return str_eq(wanted, etag);
    int64_t a, b;
    return http_parse_date(wanted, &a) &&
           http_parse_date(http_answer_header(&t->resp, STR("Last-Modified")), &b) && a == b;
}

static void take_range(struct http_txn *t, struct http_slice *slice)
{
    struct http_response *r = &t->resp;
    struct str etag = http_answer_header(r, STR("ETag"));
    if (r->status != 200 || !str_eq(t->req.method, STR("GET")) || (!etag.p && r->file < 0))
        return;
    http_set(t, STR("Accept-Ranges"), STR("bytes"));
    struct str header = http_get(&t->req, STR("Range"));
    uint64_t size = slice->length;
    if (!header.p || !range_condition(t, etag))
        return;
    enum http_range range = http_range(header, size, &slice->from, &slice->length);
    if (range == HTTP_RANGE_UNSATISFIABLE) {
        http_plain(t, 416, "The file is shorter than that.");
        http_setf(t, STR("Content-Range"), "bytes */%llu", (unsigned long long)size);
        *slice = (struct http_slice){0, r->body.n};
    } else if (range == HTTP_RANGE_PART) {
        r->status = 206;
        http_setf(t, STR("Content-Range"), "bytes %llu-%llu/%llu", (unsigned long long)slice->from,
                  (unsigned long long)(slice->from + slice->length - 1), (unsigned long long)size);
    }
}

/* Compresses `in` to `out` as one gzip member. False when it is no use or memory is out: the plain body is
 * sent then. */
static bool gzip(struct str in, struct buf *out)
{
    z_stream z = {0};
    if (in.n > UINT32_MAX / 2 ||
        deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    size_t bound = deflateBound(&z, in.n);
    char *room = buf_reserve(out, bound);
    bool ok = room != NULL;
    if (ok) {
        z.next_in = unconst(in.p);
        z.avail_in = (uInt)in.n;
        z.next_out = (Bytef *)room;
        z.avail_out = (uInt)bound;
        ok = deflate(&z, Z_FINISH) == Z_STREAM_END;
        buf_commit(out, bound - z.avail_out);
    }
    deflateEnd(&z);
    return ok && out->n < in.n;
}

static void compress_body(struct http_txn *t)
{
    struct http_response *r = &t->resp;
    if (!r->compress || r->file >= 0 || r->body.n < GZIP_FROM || http_answer_header(r, STR("ETag")).p)
        return;
    http_set(t, STR("Vary"), STR("Accept-Encoding"));
    if (!http_takes_gzip(http_get_list(t, STR("Accept-Encoding"))))
        return;
    struct buf packed = BUF_INIT(SIZE_MAX / 2);
    if (gzip(buf_view(&r->body), &packed)) {
        buf_free(&r->body);
        r->body = packed;
        http_set(t, STR("Content-Encoding"), STR("gzip"));
    } else {
        buf_free(&packed);
    }
}

struct http_slice http_complete(struct http_txn *t)
{
    struct http_response *r = &t->resp;
    if (t->arena.st != OK || r->body.st != OK || r->status == 0) {
        t->arena.max += SPARE; /* headers that were lost half-way are not sent at all */
        t->arena.st = OK;
        http_plain(t, 500, "The answer does not fit into memory.");
    }
    compress_body(t);
    struct http_slice slice = {0, r->file >= 0 ? (uint64_t)r->file_size : r->body.n};
    take_range(t, &slice);
    set_safe_headers(t);
    return slice;
}
