/* server/http_conn.c: slots by descriptor, and a table of counts by client address (an IPv6 client is its
 * /64). */
#include "server/http_conn.h"

#include "core/scoped.h"

#include <pthread.h>
#include <sys/socket.h>

enum slot_state { SLOT_FREE, SLOT_ADMITTED, SLOT_LIVE };

struct address_count {
    struct net_address address; /* bits 0: an empty place */
    size_t count;
};

struct http_conns {
    pthread_mutex_t lock;
    size_t fds, highest; /* slots, and one past the highest that was ever used */
    size_t count, limit, address_limit;
    size_t mask; /* places of the table minus one; a power of two, at least twice the slots */
    struct address_count *table;
    struct http_conn slot[];
};

enum status http_conns_new(size_t fds, struct http_conns **out)
{
    size_t places = 64;
    while (places < fds * 2)
        places *= 2;
    struct http_conns *c = calloc(1, sizeof *c + fds * sizeof *c->slot);
    struct address_count *table = calloc(places, sizeof *table);
    if (!c || !table) {
        free(c);
        free(table);
        return E_MEMORY;
    }
    c->fds = fds;
    c->mask = places - 1;
    c->table = table;
    c->limit = c->address_limit = SIZE_MAX;
    pthread_mutex_init(&c->lock, NULL);
    *out = c;
    return OK;
}

void http_conns_free(struct http_conns *c)
{
    if (!c)
        return;
    pthread_mutex_destroy(&c->lock);
    free(c->table);
    free(c);
}

void http_conns_limits(struct http_conns *c, size_t all, size_t address)
{
    pthread_mutex_lock(&c->lock);
    c->limit = all;
    c->address_limit = address;
    pthread_mutex_unlock(&c->lock);
}

static size_t home(const struct http_conns *c, const struct net_address *a)
{
    return (size_t)str_hash(str_n(a->bytes, sizeof a->bytes)) & c->mask;
}

/* Its place, or the empty one where it would be. */
static size_t find(const struct http_conns *c, const struct net_address *a)
{
    size_t at = home(c, a);
    while (c->table[at].address.bits && !net_equal(&c->table[at].address, a))
        at = (at + 1) & c->mask;
    return at;
}

/* Empties a place and moves those behind it up that would no longer be found. */
static void vacate(struct http_conns *c, size_t hole)
{
    c->table[hole].address.bits = 0;
    for (size_t at = (hole + 1) & c->mask; c->table[at].address.bits; at = (at + 1) & c->mask) {
        size_t wanted = home(c, &c->table[at].address);
        if (((at - wanted) & c->mask) < ((at - hole) & c->mask))
            continue; /* its home lies behind the hole */
        c->table[hole] = c->table[at];
        c->table[at].address.bits = 0;
        hole = at;
    }
}

/* Gives a slot's counts back. The lock is held. */
static void release(struct http_conns *c, struct http_conn *slot)
{
    if (slot->state == SLOT_FREE)
        return;
    slot->state = SLOT_FREE;
    c->count--;
    if (!slot->counted.bits)
        return;
    size_t at = find(c, &slot->counted);
    if (c->table[at].address.bits && --c->table[at].count == 0)
        vacate(c, at);
}

static struct net_address network_of(const struct net_address *peer)
{
    struct net_address a = *peer;
    if (a.bits == 128)
        memset(a.bytes + 8, 0, 8);
    return a;
}

static bool admit(struct http_conns *c, struct http_conn *slot, const struct net_address *peer, bool exempt)
{
    release(c, slot); /* one that the library dropped before it started */
    struct net_address counted = network_of(peer);
    if (exempt)
        counted.bits = 0;
    if (c->count >= c->limit)
        return false;
    if (counted.bits) {
        size_t at = find(c, &counted);
        if (c->table[at].address.bits && c->table[at].count >= c->address_limit)
            return false;
        c->table[at].count = c->table[at].address.bits ? c->table[at].count + 1 : 1;
        c->table[at].address = counted;
    }
    c->count++;
    slot->state = SLOT_ADMITTED;
    slot->counted = counted;
    slot->peer = *peer;
    return true;
}

bool http_conns_admit(struct http_conns *c, int fd, const struct net_address *peer, bool exempt,
                      int64_t deadline)
{
    if (fd < 0 || (size_t)fd >= c->fds)
        return false;
    pthread_mutex_lock(&c->lock);
    struct http_conn *slot = &c->slot[fd];
    bool ok = admit(c, slot, peer, exempt);
    if (ok) {
        atomic_store(&slot->deadline, deadline);
        atomic_store(&slot->phase, HTTP_WAITING);
        if ((size_t)fd >= c->highest)
            c->highest = (size_t)fd + 1;
    }
    pthread_mutex_unlock(&c->lock);
    return ok;
}

struct http_conn *http_conns_started(struct http_conns *c, int fd)
{
    pthread_mutex_lock(&c->lock);
    c->slot[fd].state = SLOT_LIVE;
    pthread_mutex_unlock(&c->lock);
    return &c->slot[fd];
}

void http_conns_closed(struct http_conns *c, int fd)
{
    pthread_mutex_lock(&c->lock);
    release(c, &c->slot[fd]);
    pthread_mutex_unlock(&c->lock);
}

struct http_conn *http_conns_at(struct http_conns *c, int fd)
{
    return &c->slot[fd];
}

size_t http_conns_reap(struct http_conns *c, int64_t now, bool idle)
{
    size_t reaped = 0;
    pthread_mutex_lock(&c->lock);
    for (size_t fd = 0; fd < c->highest; fd++) {
        struct http_conn *slot = &c->slot[fd];
        if (slot->state != SLOT_LIVE)
            continue;
        if (atomic_load(&slot->deadline) >= now && !(idle && atomic_load(&slot->phase) == HTTP_WAITING))
            continue;
        shutdown((int)fd, SHUT_RDWR); /* the library sees the end, and closes it */
        atomic_store(&slot->deadline, INT64_MAX);
        reaped++;
    }
    pthread_mutex_unlock(&c->lock);
    return reaped;
}

size_t http_conns_count(struct http_conns *c)
{
    pthread_mutex_lock(&c->lock);
    size_t count = c->count;
    pthread_mutex_unlock(&c->lock);
    return count;
}
