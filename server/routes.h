/* server/routes.h: which URL is answered by whom, and log-in over HTTP. Implements struct http_service. */
#ifndef SCAMBIO_SERVER_ROUTES_H
#define SCAMBIO_SERVER_ROUTES_H

#include "dav/dav.h"
#include "server/http.h"
#include "server/set_aside.h"

struct routes;

/* `store`, `dir` and `aside` (NULL: none) outlive it. */
enum status routes_new(struct store *store, struct directory *dir, struct conf *conf, struct set_aside *aside,
                       struct routes **out);
void routes_free(struct routes *r);

/* SIGHUP: for requests that come from now on. */
enum status routes_reload(struct routes *r, struct conf *conf);

const struct http_service *routes_service(struct routes *r);

#endif
