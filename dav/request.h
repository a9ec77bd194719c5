/* dav/request.h: one DAV request on its way from HTTP to a method, and the answers that all methods share. */
#ifndef SCAMBIO_DAV_REQUEST_H
#define SCAMBIO_DAV_REQUEST_H

#include "core/hash.h"
#include "dav/dav.h"
#include "dav/path.h"
#include "dav/resource.h"
#include "formats/xml.h"

struct dav { /* immutable while serving, but for `limits` on SIGHUP */
    struct store *store;
    struct directory *dir;
    struct xml_limits xml;
    unsigned char identity[SHA256_SIZE]; /* of the host name: what makes DAV:resource-id this server's */
    size_t resource_size, path_segment, response_size, report_items, properties, property_size;
};

enum { DEPTH_INFINITY = -1, DEPTH_ABSENT = -2 };

struct dav_request {
    struct dav *dav;
    struct http_txn *t;
    struct arena *arena; /* the transaction's */
    struct login login;
    const struct actor *actor;
    struct dav_path path;
    int depth;           /* 0, 1, DEPTH_INFINITY, DEPTH_ABSENT */
    bool prefer_minimal; /* Prefer: return=minimal, or Brief: t */
    bool prefer_representation;
    bool depth_noroot;
    struct xml_node *body; /* parsed, when the method takes XML and there was one */
    const struct dav_method *method;
    bool detached; /* the transaction is suspended: this is a worker's or a writer's thread */
};

/* One row a method; looked up by name. DEFER: run on the worker pool (may read much or block); SHALLOW: but in place when the request
 * says Depth: 0; LARGE: only when the body is large; SCAN: only on a collection, whose items it reads. */
enum {
    METHOD_XML_BODY = 1,
    METHOD_XML_REQUIRED = 2,
    METHOD_DEFER = 4,
    METHOD_RAW_BODY = 8,
    METHOD_SHALLOW = 16,
    METHOD_LARGE = 32,
    METHOD_SCAN = 64,
};
struct dav_method {
    struct str name;
    unsigned flags;
    unsigned kinds; /* bits 1 << enum dav_kind it is allowed on; others: 405 with Allow */
    void (*run)(struct dav_request *r);
};
extern const struct dav_method dav_methods[];
extern const size_t dav_method_count;

/* One row a report (REPORT's body root). */
struct dav_report {
    const char *ns, *name;
    unsigned kinds;
    void (*run)(struct dav_request *r);
};
extern const struct dav_report dav_reports[];
extern const size_t dav_report_count;

/* A write on its way: suspends the transaction when that has not been done, and submits. w->done builds the answer. */
void dav_submit(struct dav_request *r, struct write *w);

/* ---- answers: each finishes the request ---- */
/* By the one table status → HTTP (dav/answer.c): 404, 403, 412, 507 …, 503 with Retry-After for faults that pass. Logs faults. */
void dav_answer(struct dav_request *r, enum status st);
void dav_answer_http(struct dav_request *r, int http);
/* 412, with the item as it is now when the client prefers that and resource_refused could load it. */
void dav_answer_refused(struct dav_request *r, const struct resource *res);
/* A DAV:error body with a precondition element, and human-readable text. `text` may be STR_NONE. */
void dav_error(struct dav_request *r, int http, const char *ns, const char *element, struct str text);
/* The same with an href inside the element (no-uid-conflict). */
void dav_error_href(struct dav_request *r, int http, const char *ns, const char *element, struct str href);
/* 403 DAV:need-privileges for the request's own resource (RFC 3744 section 7.1.1). `privilege`: a local name in DAV:. */
void dav_need_privilege(struct dav_request *r, const char *privilege);
int dav_http_of(enum status st);

/* ---- conditional headers, judged inside the closure or the read ---- */
struct dav_conditions {
    struct str if_match, if_none_match, if_modified_since, if_unmodified_since, if_header;
};
void dav_conditions_get(struct dav_request *r, struct dav_conditions *out);
/* OK, PRECONDITION, NOT_MODIFIED (reads), INVALID. `etag` with quotes, STR_NONE when the resource does not exist. The If header's
 * tagged lists are resolved with `tx`. */
enum status dav_conditions_judge(struct dav_request *r, struct tx *tx, const struct dav_conditions *c,
                                 struct str etag, int64_t changed, bool read);
/* The same for a resource as it was read. */
enum status dav_conditions_on(struct dav_request *r, struct tx *tx, const struct dav_conditions *c,
                              const struct resource *res, bool read);

#endif
