/* directory/throttle.c: failure counters in a set-associative table under one lock. Only log-ins that the
 * cache did not answer come here. */
#include "directory/throttle.h"

#include "core/buf.h"
#include "core/scoped.h"

#include <arpa/inet.h>
#include <pthread.h>

enum { SETS = 2048, WAYS = 8, KEY_BYTES = 1024 };

struct counter {
    uint64_t key; /* 0: empty */
    int64_t start;
    int64_t count;
};

struct throttle {
    pthread_mutex_t lock;
    struct counter counters[SETS][WAYS];
};

enum status throttle_new(struct throttle **out)
{
    struct throttle *t = calloc(1, sizeof *t);
    if (!t)
        return E_MEMORY;
    pthread_mutex_init(&t->lock, NULL);
    *out = t;
    return OK;
}

void throttle_free(struct throttle *t)
{
    if (!t)
        return;
    pthread_mutex_destroy(&t->lock);
    free(t);
}

/* ---- keys ---- */

/* Appends what counts as one address: IPv4 whole (also when mapped into IPv6), IPv6 by its first 64 bits,
 * since one host chooses the rest freely; other text (a socket's path) as it is. */
static void add_peer(struct buf *b, struct str peer)
{
    char text[INET6_ADDRSTRLEN + 1];
    unsigned char bytes[16];
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    size_t zone = str_chr(peer, '%', 0); /* fe80::1%eth0 */
    struct str address = str_slice(peer, 0, zone);
    if (address.n && address.n < sizeof text) {
        memcpy(text, address.p, address.n);
        text[address.n] = 0;
        if (inet_pton(AF_INET, text, bytes) == 1) {
            buf_add(b, str_n(bytes, 4));
            return;
        }
        if (inet_pton(AF_INET6, text, bytes) == 1) {
            bool four = memcmp(bytes, mapped, sizeof mapped) == 0;
            buf_add(b, four ? str_n(bytes + 12, 4) : str_n(bytes, 8));
            return;
        }
    }
    buf_add(b, str_slice(peer, 0, KEY_BYTES / 4));
}

static uint64_t finish_key(const struct buf *b)
{
    return str_hash(buf_view(b)) | 1;
}

static uint64_t key_address(struct str peer)
{
    SCOPED_BUF(b, KEY_BYTES);
    buf_addc(&b, 'a');
    add_peer(&b, peer);
    return finish_key(&b);
}

static uint64_t key_account(struct str account)
{
    SCOPED_BUF(b, KEY_BYTES);
    buf_addc(&b, 'u');
    buf_add(&b, str_slice(account, 0, KEY_BYTES / 2));
    return finish_key(&b);
}

static uint64_t key_both(struct str peer, struct str account)
{
    SCOPED_BUF(b, KEY_BYTES);
    buf_addc(&b, 'b');
    add_peer(&b, peer);
    buf_addc(&b, 0);
    buf_add(&b, str_slice(account, 0, KEY_BYTES / 2));
    return finish_key(&b);
}

/* ---- the table; all under the lock ---- */

static struct counter *find(struct throttle *t, uint64_t key)
{
    struct counter *set = t->counters[key / 2 % SETS];
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].key == key)
            return &set[i];
    return NULL;
}

static bool over(const struct counter *c, int64_t window, int64_t now)
{
    return now >= c->start + window || now < c->start; /* the clock was set back */
}

/* Whether a gives way before b. */
static bool cheaper(const struct counter *a, const struct counter *b, int64_t window, int64_t now)
{
    int64_t count_a = a->key && !over(a, window, now) ? a->count : 0;
    int64_t count_b = b->key && !over(b, window, now) ? b->count : 0;
    return count_a < count_b || (count_a == count_b && a->start < b->start);
}

static void count(struct throttle *t, uint64_t key, int64_t window, int64_t now)
{
    struct counter *c = find(t, key);
    if (!c) {
        struct counter *set = t->counters[key / 2 % SETS];
        c = &set[0];
        for (size_t i = 1; i < WAYS; i++)
            if (cheaper(&set[i], c, window, now))
                c = &set[i];
        *c = (struct counter){.key = key, .start = now};
    } else if (over(c, window, now)) {
        *c = (struct counter){.key = key, .start = now};
    }
    c->count++;
}

static int64_t wait_of(struct throttle *t, uint64_t key, int64_t limit, int64_t window, int64_t now)
{
    const struct counter *c = find(t, key);
    if (!c || over(c, window, now) || c->count < limit)
        return 0;
    return c->start + window - now;
}

/* ---- the interface ---- */

int64_t throttle_wait(struct throttle *t, const struct throttle_limits *l, struct str peer,
                      struct str account, int64_t now)
{
    uint64_t address = key_address(peer), both = key_both(peer, account);
    pthread_mutex_lock(&t->lock);
    int64_t one = wait_of(t, address, l->address, l->window, now);
    int64_t other = wait_of(t, both, l->account, l->window, now);
    pthread_mutex_unlock(&t->lock);
    return one > other ? one : other;
}

bool throttle_hot(struct throttle *t, const struct throttle_limits *l, struct str account, int64_t now)
{
    uint64_t key = key_account(account);
    pthread_mutex_lock(&t->lock);
    bool hot = wait_of(t, key, l->account * THROTTLE_HOT_FACTOR, l->window, now) > 0;
    pthread_mutex_unlock(&t->lock);
    return hot;
}

void throttle_failed(struct throttle *t, const struct throttle_limits *l, struct str peer, struct str account,
                     int64_t now)
{
    uint64_t keys[] = {key_address(peer), key_both(peer, account), key_account(account)};
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        count(t, keys[i], l->window, now);
    pthread_mutex_unlock(&t->lock);
}

int64_t throttle_repeat(struct throttle *t, const struct throttle_limits *l, struct str peer,
                        uint64_t password, bool count_it, int64_t now)
{
    SCOPED_BUF(b, KEY_BYTES);
    buf_addc(&b, 'p');
    add_peer(&b, peer);
    buf_add(&b, str_n(&password, sizeof password));
    uint64_t key = finish_key(&b);
    pthread_mutex_lock(&t->lock);
    int64_t wait = wait_of(t, key, l->account, l->window, now);
    if (count_it && !wait)
        count(t, key, l->window, now);
    pthread_mutex_unlock(&t->lock);
    return wait;
}

void throttle_good(struct throttle *t, struct str peer, struct str account)
{
    uint64_t key = key_both(peer, account);
    pthread_mutex_lock(&t->lock);
    struct counter *c = find(t, key);
    if (c)
        *c = (struct counter){.key = 0};
    pthread_mutex_unlock(&t->lock);
}
