/* dav/report_principals.h: what the reports about principals share: a principal as a resource, and by what it
 * can be searched. */
#ifndef SCAMBIO_DAV_REPORT_PRINCIPALS_H
#define SCAMBIO_DAV_REPORT_PRINCIPALS_H

#include "dav/match.h"
#include "dav/report.h"

enum status principal_resource(struct report *rp, const struct principal *p, struct resource *out);
/* Writes the response of one principal. */
enum status principal_tell(struct report *rp, const struct principal *p);

/* A property that principal-property-search looks into. */
struct principal_search {
    const char *ns, *name, *description;
    enum status (*match)(struct report *rp, const struct principal *p, const struct text_match *m,
                         bool *match);
};
extern const struct principal_search principal_searches[];
extern const size_t principal_search_count;

#endif
