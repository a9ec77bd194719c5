/* server/http_rules.h: rules of HTTP that do not depend on the library: what is refused, who the client is,
 * what it takes.
 *
 * Pure functions over a request's head; unit tests and the fuzzer call them without a socket. */
#ifndef SCAMBIO_SERVER_HTTP_RULES_H
#define SCAMBIO_SERVER_HTTP_RULES_H

#include "core/http.h"
#include "core/net.h"

struct http_head {
    struct str method, target, version; /* as sent */
    const struct http_header *headers;
    size_t count;
};

struct http_framing { /* what follows the head */
    bool chunked, expects_continue;
    uint64_t length; /* of a body that is not chunked; 0: none */
};

/* 0: go on, and *framing is set; otherwise the status to refuse with (400, 417, 505), and *why says it in a
 * sentence. Refused is what two parsers could understand differently (RFC 9112
 * sections 3.2, 5.1, 6.1, 6.3, 11.2). */
int http_judge(const struct http_head *head, struct http_framing *framing, const char **why);

/* Path and query of a target in origin-form or absolute-form ("*" is its own path). The query is STR_NONE
 * when absent. */
void http_split_target(struct str target, struct str *path, struct str *query);

/* Who really asks, when `peer` is a trusted proxy: the rightmost address in Forwarded (RFC 7239) or
 * X-Forwarded-For that is no trusted proxy itself. *scheme is changed when the proxy names one. */
struct net_address http_real_client(const struct http_request *req, const struct net_address *peer,
                                    const struct net_network *trusted, size_t trusted_count,
                                    struct str *scheme);

/* A Range header against a body of `size` bytes (RFC 9110 section 14): one range only; several, and other
 * units, are answered whole. */
enum http_range { HTTP_RANGE_WHOLE, HTTP_RANGE_PART, HTTP_RANGE_UNSATISFIABLE };
enum http_range http_range(struct str header, uint64_t size, uint64_t *from, uint64_t *length);

/* Does an Accept-Encoding value take gzip (RFC 9110 section 12.5.3)? STR_NONE: no. */
bool http_takes_gzip(struct str accept_encoding);

/* Basic credentials (RFC 7617) of an Authorization value, into the arena. False when they are not. */
bool http_basic(struct arena *a, struct str authorization, struct str *user, struct str *password);

#endif
