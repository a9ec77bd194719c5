/* directory/login_cache.c: a set-associative table of fixed entries in a given block of memory.
 *
 * The block must survive the death of its user at any instruction: there is no lock in it and no pointer, and
 * each entry ends in a check that is cleared before the entry changes and set after it. Locks are the
 * process's own. */
#include "directory/login_cache.h"

#include "core/clock.h"
#include "core/hash.h"
#include "core/scoped.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

enum {
    HEADER_BYTES = 4096,
    WAYS = 8,
    SETS = (LOGIN_CACHE_BYTES - HEADER_BYTES) / 64 / WAYS,
    LOCKS = 32,
    FORMAT = 1, /* of the block; another one is begun anew */
};

struct slot { /* one cache line */
    uint64_t check;
    struct login_tag tag;
    int64_t principal, credential;
    uint64_t version;
    int64_t expires;
    uint64_t wrong;
};
_Static_assert(sizeof(struct slot) == 64, "a slot is one cache line");

struct block {
    char magic[8];
    uint64_t format;
    unsigned char key[SHA256_SIZE], check[SHA256_SIZE]; /* check: SHA-256 of what is before it */
    _Alignas(HEADER_BYTES) struct slot slots[SETS][WAYS];
};
_Static_assert(sizeof(struct block) <= LOGIN_CACHE_BYTES, "the block is as large as promised");

struct login_cache {
    struct block *block;
    bool own;
    pthread_mutex_t locks[LOCKS];
};

static void header_check(const struct block *b, unsigned char out[SHA256_SIZE])
{
    sha256(str_n(b, offsetof(struct block, check)), out);
}

static bool believable(const struct block *b)
{
    unsigned char check[SHA256_SIZE];
    header_check(b, check);
    return memcmp(b->magic, "scambioL", 8) == 0 && b->format == FORMAT &&
           hash_equal(check, b->check, SHA256_SIZE);
}

static void begin(struct block *b)
{
    memset(b, 0, sizeof *b);
    memcpy(b->magic, "scambioL", 8);
    b->format = FORMAT;
    random_bytes(b->key, sizeof b->key);
    header_check(b, b->check);
}

enum status login_cache_open(void *memory, struct login_cache **out)
{
    struct login_cache *c = calloc(1, sizeof *c);
    if (!c)
        return E_MEMORY;
    c->own = !memory;
    if (c->own)
        memory = mmap(NULL, LOGIN_CACHE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        free(c);
        return E_MEMORY;
    }
    c->block = memory;
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_init(&c->locks[i], NULL);
    if (!believable(c->block))
        begin(c->block);
    *out = c;
    return OK;
}

void login_cache_close(struct login_cache *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&c->locks[i]);
    if (c->own) {
        hash_wipe(c->block, sizeof *c->block);
        munmap(c->block, LOGIN_CACHE_BYTES);
    }
    free(c);
}

struct login_tag login_cache_tag(const struct login_cache *c, struct str user, struct str password,
                                 unsigned scope)
{
    /* Each part is preceded by its length, so that no two triples give the same bytes. Longer ones are never
     * cached. The key goes first into one hash: a tag is half of it and never told to anybody, so nobody could append to
     * it, and this is done for each request. */
    struct {
        unsigned char key[SHA256_SIZE];
        uint32_t head[3];
        unsigned char text[2048];
    } in;
    unsigned char mac[SHA256_SIZE];
    struct login_tag tag = {{0, 0}};
    if (user.n > sizeof in.text || password.n > sizeof in.text - user.n)
        return tag;
    memcpy(in.key, c->block->key, sizeof in.key);
    in.head[0] = (uint32_t)user.n;
    in.head[1] = (uint32_t)password.n;
    in.head[2] = scope;
    if (user.n)
        memcpy(in.text, user.p, user.n);
    if (password.n)
        memcpy(in.text + user.n, password.p, password.n);
    size_t n = offsetof(__typeof__(in), text) + user.n + password.n;
    sha256(str_n(&in, n), mac);
    hash_wipe(&in, n);
    memcpy(&tag, mac, sizeof tag);
    return tag;
}

/* Not against an attacker (who writes the block owns the server), but against a write that was cut off. */
static uint64_t slot_check(const struct slot *s)
{
    const uint64_t words[] = {
        s->tag.part[0],       s->tag.part[1], (uint64_t)s->principal, (uint64_t)s->credential, s->version,
        (uint64_t)s->expires, s->wrong};
    uint64_t h = 0x9e3779b97f4a7c15ULL;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        h = (h ^ words[i]) * 0xff51afd7ed558ccdULL;
        h ^= h >> 32;
    }
    return h | 1; /* never 0, which says "empty" */
}

static bool usable(const struct slot *s, int64_t now)
{
    return s->check && s->check == slot_check(s) && s->expires > now;
}

static struct slot *lock_set(struct login_cache *c, struct login_tag tag)
{
    size_t set = (size_t)(tag.part[0] % SETS);
    pthread_mutex_lock(&c->locks[set % LOCKS]);
    return c->block->slots[set];
}

static void unlock_set(struct login_cache *c, struct login_tag tag)
{
    pthread_mutex_unlock(&c->locks[tag.part[0] % SETS % LOCKS]);
}

static bool same_tag(const struct slot *s, struct login_tag tag)
{
    return s->tag.part[0] == tag.part[0] && s->tag.part[1] == tag.part[1];
}

bool login_cache_find(struct login_cache *c, struct login_tag tag, int64_t now, struct login_entry *out)
{
    bool found = false;
    if (!tag.part[0] && !tag.part[1])
        return false;
    const struct slot *set = lock_set(c, tag);
    for (size_t i = 0; i < WAYS && !found; i++) {
        const struct slot *s = &set[i];
        if (!same_tag(s, tag) || !usable(s, now))
            continue;
        *out = (struct login_entry){s->principal, s->credential, s->version, s->expires, s->wrong != 0};
        found = true;
    }
    unlock_set(c, tag);
    return found;
}

/* How little a slot would be missed: the same log-in, what is empty, wrong passwords, then the first to
 * expire. */
static int64_t worth(const struct slot *s, struct login_tag tag, int64_t now)
{
    if (same_tag(s, tag))
        return -3;
    if (!usable(s, now))
        return -2;
    return s->wrong ? -1 : s->expires;
}

void login_cache_put(struct login_cache *c, struct login_tag tag, int64_t now, const struct login_entry *e)
{
    if (!tag.part[0] && !tag.part[1])
        return;
    struct slot *set = lock_set(c, tag), *victim = &set[0];
    for (size_t i = 1; i < WAYS; i++)
        if (worth(&set[i], tag, now) < worth(victim, tag, now))
            victim = &set[i];
    if (!e->wrong || worth(victim, tag, now) < 0) {
        victim->check = 0;
        atomic_signal_fence(memory_order_seq_cst); /* the order that a killed process leaves behind */
        victim->tag = tag;
        victim->principal = e->principal;
        victim->credential = e->credential;
        victim->version = e->version;
        victim->expires = e->expires;
        victim->wrong = e->wrong;
        uint64_t check = slot_check(victim);
        atomic_signal_fence(memory_order_seq_cst);
        victim->check = check;
    }
    unlock_set(c, tag);
}

void login_cache_drop(struct login_cache *c, struct login_tag tag)
{
    struct slot *set = lock_set(c, tag);
    for (size_t i = 0; i < WAYS; i++)
        if (same_tag(&set[i], tag))
            set[i].check = 0;
    unlock_set(c, tag);
}

void login_cache_clear(struct login_cache *c)
{
    for (size_t set = 0; set < SETS; set++) {
        pthread_mutex_lock(&c->locks[set % LOCKS]);
        for (size_t i = 0; i < WAYS; i++)
            c->block->slots[set][i].check = 0;
        pthread_mutex_unlock(&c->locks[set % LOCKS]);
    }
}
