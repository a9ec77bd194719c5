/* dav/render.h: CALDAV:calendar-data (RFC 4791 section 9.6) and CARDDAV:address-data (RFC 6352 section 10.4):
 * from the element in a report to the element in its answer. Parsed once a request, used for each object. */
#ifndef SCAMBIO_DAV_RENDER_H
#define SCAMBIO_DAV_RENDER_H

#include "dav/match.h"
#include "formats/occur.h"
#include "formats/vcard.h"

struct cal_render;
struct card_render;

/* `data`: the element; NULL is allowed and means the whole text. INVALID (the request is wrong), UNSUPPORTED
 * (CALDAV:supported-calendar-data, CARDDAV:supported-address-data); *why. */
enum status cal_render_parse(struct arena *a, const struct xml_node *data, struct cal_render **out,
                             struct str *why);
enum status card_render_parse(struct arena *a, const struct xml_node *data, struct card_render **out,
                              struct str *why);

/* Leave out the VTIMEZONEs of zones that the tz database knows (RFC 7809 section 3.1.3). */
void cal_render_omit_zones(struct cal_render *r);
/* The earliest and latest time named (expand and its like); false when there is none. */
bool cal_render_times(const struct cal_render *r, int64_t *first, int64_t *last);
/* Is the text given out as stored? Then no tree is needed. */
bool cal_render_verbatim(const struct cal_render *r);

struct render_env {
    const struct ical_limits *ical;
    const struct vcard_limits *vcard;
    const struct tz *zone; /* for floating times; NULL: UTC */
    struct tz_cache *zones;
};

/* Appends the element with its text. `cal`: the parsed body when the caller has it, or NULL. TOO_MANY: more
 * instances than the limit allows. */
enum status cal_render_write(struct arena *a, const struct cal_render *r, const struct render_env *env,
                             struct str body, const struct ical_comp *cal, struct buf *out);
/* UNSUPPORTED: it can not be converted (CARDDAV:supported-address-data-conversion). */
enum status card_render_write(struct arena *a, const struct card_render *r, const struct render_env *env,
                              struct str body, struct buf *out);

#endif
