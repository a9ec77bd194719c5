/* server/line_tls_inside.h: between the server's side of TLS (server/line_tls.c) and the client's (server/line_tls_out.c). */
#ifndef SCAMBIO_SERVER_LINE_TLS_INSIDE_H
#define SCAMBIO_SERVER_LINE_TLS_INSIDE_H

#include "server/line_tls.h"

typedef struct ssl_st line_ssl; /* the library's */

struct line_secure {
    line_ssl *ssl;
};

#endif
