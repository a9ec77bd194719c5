/* server/http_rules.c: what is refused before anything else looks at a request, and what its headers ask for.
 *
 * libmicrohttpd takes Content-Length beside Transfer-Encoding, several lengths, and waits for ever for a
 * coding that it does not know; behind another proxy each of these is a way to smuggle a second request. */
#include "server/http_rules.h"

static bool token_char(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!token_char(s.p[i]))
            return false;
    return s.n > 0;
}

/* Visible characters, spaces and tabs; bytes over 0x7f are somebody's UTF-8. */
static bool is_field_text(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
            return false;
    return true;
}

static bool is_target(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= 0x20 || s.p[i] == 0x7f || s.p[i] == '#')
            return false;
    return s.n > 0 && (s.p[0] == '/' || str_eq(s, STR("*")) || str_casestarts(s, STR("http://")) ||
                       str_casestarts(s, STR("https://")));
}

static bool is_authority(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= 0x20 || s.p[i] == 0x7f || strchr("/\\@?#,\"<>", s.p[i]))
            return false;
    return true;
}

struct reading { /* of the headers, one after the other */
    struct http_framing *framing;
    const char *why;
    int hosts;
    bool has_length, has_coding;
};

static int refuse(struct reading *r, int status, const char *why)
{
    r->why = why;
    return status;
}

static int read_host(struct reading *r, struct str value)
{
    if (r->hosts++)
        return refuse(r, 400, "there is more than one Host header");
    return is_authority(value) ? 0 : refuse(r, 400, "the Host header is not a host");
}

static int read_length(struct reading *r, struct str value)
{
    uint64_t length;
    if (!str_u64(value, &length) || length > INT64_MAX)
        return refuse(r, 400, "Content-Length is not a number");
    if (r->has_length && length != r->framing->length)
        return refuse(r, 400, "there are two different Content-Length headers");
    r->has_length = true;
    r->framing->length = length;
    return 0;
}

static int read_coding(struct reading *r, struct str value)
{
    if (r->has_coding || !str_caseeq(value, STR("chunked")))
        return refuse(r, 400, "the only Transfer-Encoding that is taken is chunked");
    r->has_coding = true;
    r->framing->chunked = true;
    return 0;
}

static int read_expect(struct reading *r, struct str value)
{
    if (!str_caseeq(value, STR("100-continue")))
        return refuse(r, 417, "the only expectation that can be met is 100-continue");
    r->framing->expects_continue = true;
    return 0;
}

static const struct {
    struct str name;
    int (*read)(struct reading *r, struct str value);
} readers[] = {
    {STR_INIT("Host"), read_host},
    {STR_INIT("Content-Length"), read_length},
    {STR_INIT("Transfer-Encoding"), read_coding},
    {STR_INIT("Expect"), read_expect},
};

static int read_header(struct reading *r, const struct http_header *h)
{
    if (!is_token(h->name))
        return refuse(r, 400, "a header's name is malformed");
    if (!is_field_text(h->value))
        return refuse(r, 400, "a header's value holds control characters");
    for (size_t i = 0; i < COUNT_OF(readers); i++)
        if (str_caseeq(h->name, readers[i].name))
            return readers[i].read(r, str_trim(h->value));
    return 0;
}

static int judge(const struct http_head *head, struct reading *r)
{
    bool old = str_eq(head->version, STR("HTTP/1.0"));
    if (!old && !str_eq(head->version, STR("HTTP/1.1")))
        return refuse(r, 505, "this server speaks HTTP/1.1 and HTTP/1.0");
    if (!is_token(head->method) || head->method.n > 32)
        return refuse(r, 400, "the method is malformed");
    if (!is_target(head->target))
        return refuse(r, 400, "the request target is malformed");
    for (size_t i = 0; i < head->count; i++) {
        int status = read_header(r, &head->headers[i]);
        if (status)
            return status;
    }
    if (r->has_length && r->has_coding)
        return refuse(r, 400, "Content-Length and Transfer-Encoding contradict each other");
    if (r->has_coding && old)
        return refuse(r, 400, "HTTP/1.0 has no Transfer-Encoding");
    if (!r->hosts && !old)
        return refuse(r, 400, "the Host header is missing");
    return 0;
}

int http_judge(const struct http_head *head, struct http_framing *framing, const char **why)
{
    *framing = (struct http_framing){0};
    struct reading r = {.framing = framing, .why = ""};
    int status = judge(head, &r);
    *why = r.why;
    return status;
}

void http_split_target(struct str target, struct str *path, struct str *query)
{
    if (str_casestarts(target, STR("http://")) || str_casestarts(target, STR("https://"))) {
        size_t authority = str_find(target, STR("//"), 0) + 2;
        size_t end = authority;
        while (end < target.n && target.p[end] != '/' && target.p[end] != '?')
            end++;
        target = str_from(target, end);
    }
    size_t mark = str_chr(target, '?', 0);
    *path = str_slice(target, 0, mark);
    *query = mark == SIZE_MAX ? STR_NONE : str_from(target, mark + 1);
    if (path->n == 0)
        *path = STR("/");
}

enum http_range http_range(struct str header, uint64_t size, uint64_t *from, uint64_t *length)
{
    struct str s = str_trim(header), first, rest;
    *from = 0;
    *length = size;
    if (!str_casestarts(s, STR("bytes=")) || str_chr(s, ',', 0) != SIZE_MAX)
        return HTTP_RANGE_WHOLE;
    rest = str_trim(str_from(s, 6));
    if (!str_split(&rest, '-', &first) || !rest.p)
        return HTTP_RANGE_WHOLE;
    uint64_t a = 0, b = 0;
    bool has_a = str_u64(first, &a), has_b = str_u64(rest, &b);
    if ((first.n && !has_a) || (rest.n && !has_b) || (!has_a && !has_b) || (has_a && has_b && b < a))
        return HTTP_RANGE_WHOLE;
    if (!has_a) { /* the last b bytes */
        if (b == 0 || size == 0)
            return HTTP_RANGE_UNSATISFIABLE;
        *length = b < size ? b : size;
        *from = size - *length;
        return HTTP_RANGE_PART;
    }
    if (a >= size)
        return HTTP_RANGE_UNSATISFIABLE;
    if (!has_b || b >= size)
        b = size - 1;
    *from = a;
    *length = b - a + 1;
    return HTTP_RANGE_PART;
}

/* Is the weight ";q=…" more than nothing? A missing one is 1. */
static bool weight_positive(struct str parameters)
{
    struct str p;
    while (str_split(&parameters, ';', &p)) {
        p = str_trim(p);
        if (!str_casestarts(p, STR("q=")))
            continue;
        for (size_t i = 2; i < p.n; i++)
            if (p.p[i] >= '1' && p.p[i] <= '9')
                return true;
        return false;
    }
    return true;
}

bool http_takes_gzip(struct str accept_encoding)
{
    struct str item, any = STR_NONE;
    while (str_split(&accept_encoding, ',', &item)) {
        size_t semicolon = str_chr(item, ';', 0);
        struct str name = str_trim(str_slice(item, 0, semicolon));
        struct str parameters = semicolon == SIZE_MAX ? STR_NONE : str_from(item, semicolon + 1);
        if (str_caseeq(name, STR("gzip")) || str_caseeq(name, STR("x-gzip")))
            return weight_positive(parameters);
        if (str_eq(name, STR("*")))
            any = item;
    }
    size_t semicolon = str_chr(any, ';', 0);
    return any.p && weight_positive(semicolon == SIZE_MAX ? STR_NONE : str_from(any, semicolon + 1));
}

bool http_basic(struct arena *a, struct str authorization, struct str *user, struct str *password)
{
    enum { LONGEST = 2048 };
    SCOPED_BUF(plain, LONGEST);
    struct str s = str_trim(authorization);
    if (!str_casestarts(s, STR("Basic ")) || !buf_unbase64(&plain, str_trim(str_from(s, 6))) ||
        plain.st != OK)
        return false;
    struct str both = arena_str(a, buf_view(&plain));
    explicit_bzero(plain.p, plain.n);
    size_t colon = str_chr(both, ':', 0);
    if (!both.p || colon == SIZE_MAX || memchr(both.p, 0, both.n) || !str_utf8(both))
        return false;
    *user = str_slice(both, 0, colon);
    *password = str_from(both, colon + 1);
    return true;
}
