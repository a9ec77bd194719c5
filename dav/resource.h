/* dav/resource.h: a URL resolved in a transaction: the principal, collection and item that it names, as the actor may see them. */
#ifndef SCAMBIO_DAV_RESOURCE_H
#define SCAMBIO_DAV_RESOURCE_H

#include "dav/path.h"
#include "directory/directory.h"
#include "formats/xml.h"
#include "store/collection.h"
#include "store/item.h"

struct resource {
    struct dav_path path;
    enum dav_kind kind;
    struct principal owner;       /* from DAV_PRINCIPAL and homes down */
    struct collection collection; /* DAV_CALENDAR, DAV_ADDRESSBOOK and their items */
    struct item item;             /* …_ITEM that exists */
    struct str href;              /* multiget: the spelling asked for, which the answer repeats */
    struct str body;              /* its stored text when it was loaded, otherwise STR_NONE */
    bool exists;                  /* false: the parent is there, this is not (PUT, MKCOL) */
    bool masked; /* a private item shown as busy to this actor: body and ETag are the masked ones */
};

struct dav_request;

/* NOT_FOUND when a parent is missing or not to be known of; otherwise OK, with r->exists. */
enum status resource_find(struct dav_request *r, struct tx *tx, const struct dav_path *path,
                          struct resource *out);
/* An item met while walking the collection `in`: a shallow copy of `item` beside what `in` holds, masked where due. `body`: its stored
 * text when the walk has it. */
enum status resource_item(struct dav_request *r, struct tx *tx, const struct resource *in,
                          const struct item *item, struct str body, struct resource *out);
/* A collection met in the home `in`. */
void resource_collection(const struct resource *in, const struct collection *c, struct resource *out);
/* Must this actor see the item only as busy time (CLASS:PRIVATE and CONFIDENTIAL without RIGHT_PRIVATE)? */
bool resource_hidden(const struct collection *c, const struct item *item);
/* Reads the collection (by its number) and the item anew, inside a write: NO_PARENT when the collection is gone since, DENIED when the
 * item is hidden from the actor: what he may not see he may not change. */
enum status resource_refresh(struct dav_request *r, struct tx *tx, struct resource *res);
/* Is it this one item that can not be shown, as its text is gone or broken (E_CORRUPT, E_IO, or an answer of a parser)? Then that is
 * logged, and whoever walks a collection leaves it out or says so in its place, and goes on. */
bool resource_broken(const struct dav_request *r, const struct item *item, enum status st);
/* Loads the body once (masked where due). */
enum status resource_body(struct dav_request *r, struct tx *tx, struct resource *res);
/* Inside a write that conditional headers stop (`st` is PRECONDITION): loads what the client that asked so gets with the 412 (RFC 8144
 * section 3.2). Gives `st` back; what can not be loaded is not sent. */
enum status resource_refused(struct dav_request *r, struct tx *tx, struct resource *res, enum status st);
/* Writes the loaded item as a response to something else than GET: headers and body (RFC 8144 section 3). */
void resource_represent(struct dav_request *r, const struct resource *res, struct str body);
const char *resource_media_type(const struct resource *res);
void resource_href(struct buf *out, const struct resource *res);
void resource_etag(struct buf *out,
                   const struct resource *res); /* with its quotes; nothing for collections */
static inline bool resource_is_home(const struct resource *res)
{
    return res->kind == DAV_CALENDAR_HOME || res->kind == DAV_ADDRESSBOOK_HOME;
}
static inline bool resource_is_item(const struct resource *res)
{
    return res->kind == DAV_CALENDAR_ITEM || res->kind == DAV_ADDRESSBOOK_ITEM;
}
static inline bool resource_is_collection(const struct resource *res)
{
    return res->kind == DAV_CALENDAR || res->kind == DAV_ADDRESSBOOK;
}

#endif
