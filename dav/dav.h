/* dav/dav.h: the WebDAV, CalDAV and CardDAV server: what server/ calls.
 *
 * dav_handle() answers any request below /dav/ of an authenticated user; dav_options() those that need no log-in
 * (OPTIONS), and server/ redirects the well-known URLs itself. The folder: request.c (from HTTP to a method), path.c (URLs), resource.c
 * (what a URL names), props*.c (the property table), method_*.c, report_*.c, filter_*.c. */
#ifndef SCAMBIO_DAV_DAV_H
#define SCAMBIO_DAV_DAV_H

#include "core/conf.h"
#include "core/http.h"
#include "directory/directory.h"

struct dav;

enum status dav_new(struct store *store, struct directory *dir, const struct conf *conf, struct dav **out);
void dav_free(struct dav *d);

/* Always ends in http_finish(t). `login` is copied into t->arena. */
void dav_handle(struct dav *d, struct http_txn *t, const struct login *login);

/* OPTIONS of any path: needs no log-in and no store. Ends in http_finish(t). */
void dav_options(struct dav *d, struct http_txn *t);

/* The largest body that a request may have, known before it is read: 0 when the method takes none. */
size_t dav_body_limit(struct dav *d, struct str method, struct str path);

#endif
