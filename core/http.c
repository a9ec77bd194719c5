/* core/http.c: reading request headers, setting response headers, and the reason phrases. */
#include "core/http.h"

#include <stdarg.h>
#include <stdio.h>

enum { HEADER_VALUE_MAX = 64 * 1024 }; /* of a joined or composed value */

struct str http_get(const struct http_request *req, struct str name)
{
    for (size_t i = 0; i < req->header_count; i++)
        if (str_caseeq(req->headers[i].name, name))
            return req->headers[i].value;
    return STR_NONE;
}

struct str http_get_list(struct http_txn *t, struct str name)
{
    SCOPED_BUF(joined, HEADER_VALUE_MAX);
    struct str first = STR_NONE;
    for (size_t i = 0; i < t->req.header_count; i++) {
        if (!str_caseeq(t->req.headers[i].name, name))
            continue;
        if (first.p && joined.n == 0)
            buf_add(&joined, first);
        if (first.p) {
            buf_add(&joined, STR(", "));
            buf_add(&joined, t->req.headers[i].value);
        } else {
            first = t->req.headers[i].value;
        }
    }
    return joined.n ? arena_str(&t->arena, buf_view(&joined)) : first;
}

/* A copy without control characters (HT stays): no data may end a header line. */
static struct str clean_copy(struct arena *a, struct str value)
{
    char *p = arena_alloc(a, value.n + 1);
    size_t n = 0;
    if (!p)
        return STR_NONE;
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if (c == '\t' || (c >= 0x20 && c != 0x7f))
            p[n++] = (char)c;
    }
    return str_n(p, n);
}

void http_set(struct http_txn *t, struct str name, struct str value)
{
    struct http_response *r = &t->resp;
    struct http_header *grown = arena_grow(&t->arena, r->headers, r->header_count, &r->header_cap,
                                           r->header_count + 1, sizeof *grown);
    if (!grown)
        return; /* the arena's status says so, and the front answers 500 */
    r->headers = grown;
    r->headers[r->header_count++] =
        (struct http_header){clean_copy(&t->arena, name), clean_copy(&t->arena, value)};
}

void http_setf(struct http_txn *t, struct str name, const char *format, ...)
{
    SCOPED_BUF(value, HEADER_VALUE_MAX);
    va_list args;
    va_start(args, format);
    buf_addv(&value, format, args);
    va_end(args);
    http_set(t, name, buf_view(&value));
}

static const struct {
    int status;
    const char *phrase;
} reasons[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

const char *http_reason(int status)
{
    for (size_t i = 0; i < COUNT_OF(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].phrase;
    return "Unknown";
}
