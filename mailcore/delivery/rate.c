/* mailcore/delivery/rate.c: sets of few places, found by a hash that peers cannot aim at. */
#include "mailcore/delivery/rate.h"

#include <pthread.h>
#include <stdlib.h>

enum { SETS = 4096, WAYS = 4, HOUR = 3600 };

struct place {
    uint64_t key; /* 0: free */
    int64_t hour; /* of `now` */
    int64_t count, before;
};

struct rates {
    pthread_mutex_t lock;
    struct place sets[SETS][WAYS];
};

enum status rates_new(struct rates **out)
{
    struct rates *r = calloc(1, sizeof *r);
    if (!r)
        return E_MEMORY;
    pthread_mutex_init(&r->lock, NULL);
    *out = r;
    return OK;
}

void rates_free(struct rates *r)
{
    if (!r)
        return;
    pthread_mutex_destroy(&r->lock);
    free(r);
}

static struct place *find(struct rates *r, uint64_t key, int64_t hour)
{
    struct place *set = r->sets[key % SETS], *oldest = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].key == key)
            return &set[i];
        if (set[i].hour < oldest->hour)
            oldest = &set[i];
    }
    *oldest = (struct place){.key = key, .hour = hour};
    return oldest;
}

static void turn_to(struct place *p, int64_t hour)
{
    if (p->hour == hour)
        return;
    p->before = p->hour + 1 == hour ? p->count : 0;
    p->count = 0;
    p->hour = hour;
}

bool rate_take(struct rates *r, enum rate_kind kind, uint64_t who, int64_t limit, int64_t now)
{
    const uint64_t words[2] = {(uint64_t)kind, who};
    uint64_t key = str_hash(str_n(words, sizeof words));
    if (limit <= 0)
        return true;
    pthread_mutex_lock(&r->lock);
    struct place *p = find(r, key ? key : 1, now / HOUR);
    turn_to(p, now / HOUR);
    bool room = p->count + p->before * (HOUR - now % HOUR) / HOUR < limit;
    p->count += room;
    pthread_mutex_unlock(&r->lock);
    return room;
}

uint64_t rate_of_address(const struct net_address *a)
{
    return str_hash(str_n(a->bytes, a->bits == 128 ? 8 : a->bits / 8));
}
