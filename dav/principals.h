/* dav/principals.h: principals as properties show them. */
#ifndef SCAMBIO_DAV_PRINCIPALS_H
#define SCAMBIO_DAV_PRINCIPALS_H

#include "dav/request.h"

/* Appends <D:href>/dav/principals/ADDRESS/</D:href>. */
void principal_href(struct buf *out, struct str address);
/* The same by number. NOT_FOUND: nobody, or one without an address. */
enum status principal_href_of(struct dav_request *r, struct tx *tx, int64_t id, struct buf *out);

/* The principal that an href names: its principal URL, or mailto:ADDRESS. NOT_FOUND, INVALID. */
enum status principal_from_href(struct dav_request *r, struct tx *tx, struct str href, struct principal *out);

/* Appends an href a group that `id` is in, and a member of the group `id`. */
enum status principal_groups(struct dav_request *r, struct tx *tx, int64_t id, struct buf *out);
enum status principal_members(struct dav_request *r, struct tx *tx, int64_t id, struct buf *out);

#endif
