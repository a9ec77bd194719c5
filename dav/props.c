/* dav/props.c: the property tables joined, looked up by name. */
#include "dav/props.h"

#include <pthread.h>

const struct prop_table *const prop_tables[PROP_TABLES] = {&props_dav, &props_acl, &props_caldav,
                                                           &props_carddav, &props_apple};

enum { SLOTS = 256 };

/* Open addressing over all rows; made once, then only read. The names are ours, so an unkeyed hash will do.
 */
static const struct dav_prop *slots[SLOTS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static unsigned hash_add(unsigned h, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 16777619u;
    return h;
}

static unsigned hash_name(struct str ns, struct str name)
{
    unsigned h = hash_add(hash_add(2166136261u, ns), name);
    return (h ^ h >> 15) % SLOTS;
}

static void fill(void)
{
    for (size_t t = 0; t < PROP_TABLES; t++)
        for (size_t i = 0; i < prop_tables[t]->count; i++) {
            const struct dav_prop *row = &prop_tables[t]->rows[i];
            unsigned at = hash_name(str_c(row->ns), str_c(row->name));
            while (slots[at])
                at = (at + 1) % SLOTS;
            slots[at] = row;
        }
}

const struct dav_prop *dav_prop_find(struct xml_name name)
{
    pthread_once(&once, fill);
    unsigned at = hash_name(name.ns, name.name);
    for (; slots[at]; at = (at + 1) % SLOTS)
        if (str_eq(str_c(slots[at]->name), name.name) && str_eq(str_c(slots[at]->ns), name.ns))
            return slots[at];
    return NULL;
}
