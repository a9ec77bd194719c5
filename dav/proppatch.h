/* dav/proppatch.h: changes of properties as PROPPATCH, MKCOL and MKCALENDAR ask for them: read once, judged, then applied inside a
 * write. Order: parse → check → apply → answer. */
#ifndef SCAMBIO_DAV_PROPPATCH_H
#define SCAMBIO_DAV_PROPPATCH_H

#include "dav/props.h"

struct prop_change {
    struct xml_name name;
    const struct xml_node *node; /* the property element */
    struct str value;            /* its inner XML; STR_NONE: remove */
    struct str text;             /* its text, for properties that mean something to the server */
    bool mount;                  /* goes to the mount, as it is the grantee's own */
    int http;                    /* 0: nothing against it yet; otherwise 403, 507 … */
    const char *error_ns, *error;
};

struct prop_changes {
    struct prop_change *list;
    size_t count, cap;
    bool refused; /* one of them is */
};

/* Reads DAV:set and DAV:remove below `root`, in their order. INVALID, TOO_MANY, TOO_LARGE. */
enum status changes_parse(struct dav_request *r, const struct xml_node *root, struct prop_changes *out);

/* Judges each against the property tables: protected ones, bad values. `creating`: resourcetype and
 * supported-calendar-component-set were taken out by the caller. */
void changes_check(struct dav_request *r, const struct resource *res, struct prop_changes *changes);

/* Inside a write: applies those for the mount, those for the rest, or all in their order. A documented refusal marks the change and is
 * returned. */
enum { CHANGES_REST = 1, CHANGES_MOUNT = 2 };
enum status changes_apply(struct dav_request *r, struct tx *tx, const struct resource *res,
                          struct prop_changes *changes, unsigned which);
/* Those for the mount as the store promises them (store/mount.h). NULL: no memory. */
struct mount_change *changes_of_mount(struct dav_request *r, const struct prop_changes *changes,
                                      size_t *count);

/* Appends propstats: all 200; or, when one was refused, its status and 424 for the others (RFC 4918 section 9.2). */
void changes_propstats(struct buf *out, const struct prop_changes *changes);

#endif
