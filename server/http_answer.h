/* server/http_answer.h: the last steps of every answer before it is handed to the library: headers that all
 * have, the range that was asked for, gzip. */
#ifndef SCAMBIO_SERVER_HTTP_ANSWER_H
#define SCAMBIO_SERVER_HTTP_ANSWER_H

#include "core/http.h"

struct http_slice { /* the part of the body that is sent */
    uint64_t from, length;
};

/* Completes t->resp (status, headers, body). Runs once, on the thread that finished the transaction. */
struct http_slice http_complete(struct http_txn *t);

/* Makes t->resp a plain-text answer of one line; what was there before is dropped. */
void http_plain(struct http_txn *t, int status, const char *text);

/* A response header by name, STR_NONE when it is not set. */
struct str http_answer_header(const struct http_response *resp, struct str name);

#endif
