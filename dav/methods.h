/* dav/methods.h: the methods of the table in methods.c. Each ends in an answer. */
#ifndef SCAMBIO_DAV_METHODS_H
#define SCAMBIO_DAV_METHODS_H

#include "dav/request.h"

void method_get(struct dav_request *r); /* and HEAD: the front leaves the body away */
void method_put(struct dav_request *r);
void method_post(struct dav_request *r);
void method_delete(struct dav_request *r);
void method_propfind(struct dav_request *r);
void method_proppatch(struct dav_request *r);
void method_mkcol(struct dav_request *r); /* and MKCALENDAR */
void method_copy(struct dav_request *r);
void method_move(struct dav_request *r);
void method_acl(struct dav_request *r);
void method_options(struct dav_request *r);

/* PUT of the request's body as the item `res`, which was found in a reading transaction that is over. `added`: the name is ours (POST),
 * and is told by Location. */
void put_item(struct dav_request *r, const struct resource *res, bool added);

#endif
