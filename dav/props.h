/* dav/props.h: the property table, and multistatus answers made from it. */
#ifndef SCAMBIO_DAV_PROPS_H
#define SCAMBIO_DAV_PROPS_H

#include "dav/request.h"

enum {
    PROP_ALLPROP = 1 /* in allprop */,
    PROP_PROTECTED = 2 /* PROPPATCH: 403 cannot-modify-protected-property */,
    PROP_PER_USER = 4 /* on a mount: the grantee's own */
};

/* Writes the value (inner XML) to `out`. NOT_FOUND: the resource has no such property (404 propstat); DENIED: 403 propstat. A row
 * without a function is kept as clients set it. */
typedef enum status (*prop_get_fn)(struct dav_request *r, struct tx *tx, struct resource *res,
                                   struct buf *out);

struct dav_prop {
    const char *ns, *name;
    unsigned kinds; /* bits of enum dav_kind it is defined on */
    unsigned flags;
    prop_get_fn get;
};
/* The tables of props_*.c joined; looked up through a hash made at first use. */
const struct dav_prop *dav_prop_find(struct xml_name name);

/* What a client asked for. */
enum prop_mode { PROPS_NAMED, PROPS_ALL, PROPS_NAMES };
struct prop_request {
    enum prop_mode mode;
    struct xml_name *names; /* NAMED, and the `include` of ALL */
    size_t count;
    const struct xml_node *calendar_data, *address_data; /* the elements, when they were asked for; NULL */
    const struct dav_prop **rows;                        /* of each name; NULL: no live property */
    unsigned char *found;                                /* scratch of ms_resource, one a name */
};
/* From DAV:prop / allprop / propname below `parent` (NULL: allprop). INVALID. */
enum status prop_request_parse(struct dav_request *r, const struct xml_node *parent,
                               struct prop_request *out);

/* ---- multistatus ---- */
void ms_begin(struct dav_request *r); /* 207, prolog, root */
/* One DAV:response with propstats 200, 404 (left out when minimal), 403. `data`: the whole element CALDAV:calendar-data or
 * CARDDAV:address-data, ready as XML, STR_NONE when there is none. */
enum status ms_resource(struct dav_request *r, struct tx *tx, struct resource *res,
                        const struct prop_request *props, struct str data);
/* One DAV:response with a status (404 in multiget and sync, 507 for truncation), optionally with a DAV:error element. */
void ms_status(struct dav_request *r, struct str href, int http, const char *error_ns, const char *error);
void ms_sync_token(struct dav_request *r, struct str token);
/* Closes the root and finishes the request. When the answer outgrew the limit: 507 instead. */
void ms_end(struct dav_request *r);
bool ms_full(
    const struct dav_request *r); /* the answer is near its limit: truncate now where the report allows it */

/* The value of a property that is kept as set (NOT_FOUND); on a mount the grantee's own first. */
enum status prop_stored(struct dav_request *r, struct tx *tx, const struct resource *res,
                        struct xml_name name, struct str *value);
/* The rows of one props_*.c. */
struct prop_table {
    const struct dav_prop *rows;
    size_t count;
};
extern const struct prop_table props_dav, props_acl, props_caldav, props_carddav, props_apple;
enum { PROP_TABLES = 5 };
extern const struct prop_table *const prop_tables[PROP_TABLES]; /* all of them */

/* Sync tokens: "urn:scambio:sync:EPOCH:ID:SEQ[:SUM]". BAD_TOKEN for anything but a token of this resource and epoch. */
void sync_token_write(struct buf *out, struct dav_request *r, int64_t id, int64_t seq, int64_t sum);
enum status sync_token_parse(struct dav_request *r, struct str token, int64_t id, int64_t *seq, int64_t *sum);
/* What a token of this collection or home is made of; for collections `sum` is -1 (not written), or 1 where private items are masked. */
enum status sync_state(struct tx *tx, const struct resource *res, int64_t *id, int64_t *seq, int64_t *sum);

#endif
