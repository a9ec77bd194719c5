/* dav/path.h: URLs below /dav/ and what they name. The spelling of the request is kept for the answer. */
#ifndef SCAMBIO_DAV_PATH_H
#define SCAMBIO_DAV_PATH_H

#include "core/arena.h"
#include "core/buf.h"

enum dav_kind {
    DAV_ROOT,          /* /dav/ */
    DAV_PRINCIPALS,    /* /dav/principals/ */
    DAV_PRINCIPAL,     /* /dav/principals/ADDRESS/ */
    DAV_CALENDARS,     /* /dav/calendars/ */
    DAV_CALENDAR_HOME, /* /dav/calendars/ADDRESS/ */
    DAV_CALENDAR,      /* /dav/calendars/ADDRESS/SLUG/ */
    DAV_CALENDAR_ITEM, /* /dav/calendars/ADDRESS/SLUG/NAME */
    DAV_ADDRESSBOOKS,
    DAV_ADDRESSBOOK_HOME,
    DAV_ADDRESSBOOK,
    DAV_ADDRESSBOOK_ITEM,
    DAV_KIND_COUNT
};

/* Sets of kinds, as tables of methods, reports and properties name them. */
enum {
    ON_ROOTS = 1 << DAV_ROOT | 1 << DAV_PRINCIPALS | 1 << DAV_CALENDARS | 1 << DAV_ADDRESSBOOKS,
    ON_PRINCIPAL = 1 << DAV_PRINCIPAL,
    ON_CALENDAR_HOME = 1 << DAV_CALENDAR_HOME,
    ON_ADDRESSBOOK_HOME = 1 << DAV_ADDRESSBOOK_HOME,
    ON_HOMES = ON_CALENDAR_HOME | ON_ADDRESSBOOK_HOME,
    ON_CALENDAR = 1 << DAV_CALENDAR,
    ON_ADDRESSBOOK = 1 << DAV_ADDRESSBOOK,
    ON_COLLECTIONS = ON_CALENDAR | ON_ADDRESSBOOK,
    ON_ITEMS = 1 << DAV_CALENDAR_ITEM | 1 << DAV_ADDRESSBOOK_ITEM,
    ON_ALL = (1 << DAV_KIND_COUNT) - 1,
};

struct dav_path {
    enum dav_kind kind;
    struct str address, slug, name; /* decoded */
    struct str
        raw_home; /* as sent, up to and with the home's (or principal's) slash: the prefix of all hrefs made */
    struct str raw_slug, raw_name; /* as sent: an href of the same slug and name repeats that spelling */
    bool slash;                    /* ended with '/' */
};

/* From an encoded path ("/dav/calendars/alice%40example.test/calendar/x.ics"). NOT_FOUND: not below /dav/ or too deep; INVALID: bad
 * escape, NUL, encoded slash, not UTF-8, "." or ".." segments; TOO_LARGE: a segment over `segment_limit`. */
enum status dav_path_parse(struct arena *a, struct str raw, size_t segment_limit, struct dav_path *out);

/* The same for a Destination or an href in a body: absolute URL (scheme and authority must be this server's: host is the request's
 * Host header) or absolute path. DENIED (mapped to 502) for another server's. */
enum status dav_href_parse(struct arena *a, struct str href, struct str host, size_t segment_limit,
                           struct dav_path *out);

/* Appends the encoded href of a place: home prefix as the request spelled it, then slug and name where they are set. Needs no
 * escaping in XML: a spelling with one of its special characters is not repeated but encoded. */
void dav_href_write(struct buf *out, const struct dav_path *like, struct str slug, struct str name);
/* Hrefs by address: "/dav/principals/ADDRESS/" and so on. */
void dav_href_principal(struct buf *out, struct str address);
void dav_href_home(struct buf *out, enum dav_kind home, struct str address);

#endif
