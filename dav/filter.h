/* dav/filter.h: CALDAV:filter and CARDDAV:filter: parsed once, then judged against objects. */
#ifndef SCAMBIO_DAV_FILTER_H
#define SCAMBIO_DAV_FILTER_H

#include "dav/match.h"
#include "formats/occur.h"
#include "formats/vcard.h"
#include "formats/xml.h"
#include "store/item.h"

struct cal_filter;
struct card_filter;

/* INVALID: valid-filter. UNSUPPORTED: supported-filter. BAD_COLLATION: supported-collation. *why says what
 * and where. */
enum status cal_filter_parse(struct arena *a, const struct xml_node *filter, struct cal_filter **out,
                             struct str *why);
enum status card_filter_parse(struct arena *a, const struct xml_node *filter, struct card_filter **out,
                              struct str *why);

/* What the store's indexes can narrow: component kinds (0: any) and the time range that every match must
 * overlap. An empty range (from >= until): nothing can match. */
void cal_filter_bounds(const struct cal_filter *f, unsigned *kinds, int64_t *from, int64_t *until);
/* True when the range test of the index alone decides (VCALENDAR / one component / one time-range, nothing
 * else). */
bool cal_filter_is_range(const struct cal_filter *f);
/* True when the kind of an object alone decides (VCALENDAR / one component, nothing else): all VEVENTs, for
 * instance. */
bool cal_filter_is_kind(const struct cal_filter *f);
/* The earliest and the latest time that a time-range of the filter names (CALDAV:min-date-time,
 * max-date-time); false when it names none. */
bool cal_filter_times(const struct cal_filter *f, int64_t *first, int64_t *last);

/* `zone`: the query's or the calendar's time zone for floating times. */
enum status cal_filter_match(struct arena *a, const struct cal_filter *f, const struct ical_comp *cal,
                             const struct tz *zone, struct tz_cache *zones, size_t max_instances,
                             bool *match);
enum status card_filter_match(struct arena *a, const struct card_filter *f, const struct vcard *card,
                              bool *match);
/* What the store's index of fields can look for: every match satisfies at least one of the keys. NULL: nothing, scan. */
const struct field_key *card_filter_keys(const struct card_filter *f, size_t *count);

#endif
