/* formats/tz.h: time zones: the system's tzdata (TZif files) and an object's own VTIMEZONE.
 *
 * A zone is immutable once made. System zones are loaded once under a lock, cached for the life of the
 * process in struct tz_cache, and shared by all threads. A zone of a VTIMEZONE lives in an arena. */
#ifndef SCAMBIO_FORMATS_TZ_H
#define SCAMBIO_FORMATS_TZ_H

#include "core/arena.h"
#include "core/status.h"
#include "core/str.h"

struct tz;
struct tz_cache;
struct ical_comp;

/* `dir` is the zoneinfo folder ("/usr/share/zoneinfo"). */
enum status tz_cache_new(const char *dir, struct tz_cache **out);
void tz_cache_free(struct tz_cache *c);

/* A number that changes when the system's tzdata does (derived rows remember it). */
int64_t tz_cache_version(const struct tz_cache *c);

/* The zone of an IANA name, a Windows name ("W. Europe Standard Time"), or either behind a vendor prefix
 * ("/freeassociation.sourceforge.net/Europe/Rome"); NULL when unknown. The name never becomes a path
 * unless it is in the table of IANA names that was read from the folder. */
const struct tz *tz_find(struct tz_cache *c, struct str tzid);
const struct tz *tz_utc(void);

/* A zone from a VTIMEZONE (parsed), for a TZID that tz_find does not know. Bounded: at most `max_onsets`
 * transitions are computed, up to the year 2100. INVALID when it has no usable observance. */
enum status tz_from_vtimezone(struct arena *a, const struct ical_comp *vtimezone, size_t max_onsets,
                              const struct tz **out);

struct str tz_name(const struct tz *z); /* IANA name or TZID */

/* UTC seconds of a local civil time given as caltime_seconds(); in a gap the offset before it counts, of
 * two candidates the first (RFC 5545 section 3.3.5). */
int64_t tz_to_utc(const struct tz *z, int64_t local);
int64_t tz_to_local(const struct tz *z, int64_t utc);
int tz_offset(const struct tz *z, int64_t utc); /* seconds east */

/* Appends a short VTIMEZONE for the zone that is right from `from` (UTC seconds) on. */
struct buf;
enum status tz_write_vtimezone(struct buf *out, const struct tz *z, struct str tzid, int64_t from,
                               int64_t until);

/* Walks the IANA names known (for tests, /setup and CALDAV:timezone checks). */
void tz_each(struct tz_cache *c, void (*fn)(void *ctx, struct str name), void *ctx);

#endif
