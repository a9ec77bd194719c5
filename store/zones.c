/* store/zones.c: the time zones of a store, read when they are first needed. */
#include "core/log.h"
#include "store/internal.h"

struct tz_cache *store_zones(struct store *s)
{
    struct tz_cache *made = NULL, *zones = atomic_load(&s->zones);
    if (zones)
        return zones;
    enum status st = tz_cache_new(s->config.zoneinfo, &made);
    if (st != OK) {
        log_error("store: time zones in %s: %s", s->config.zoneinfo, status_text(st));
        return NULL;
    }
    if (atomic_compare_exchange_strong(&s->zones, &zones, made))
        return made;
    tz_cache_free(made); /* another thread was first */
    return zones;
}

void zones_close(struct store *s)
{
    tz_cache_free(atomic_load(&s->zones));
}
