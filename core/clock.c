/* core/clock.c: the real clock and kernel randomness, or what a test set instead. */
#include "core/clock.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static _Atomic int64_t fixed_time;
static _Atomic uint64_t seed_state;

static int64_t read_clock(clockid_t id, int64_t per_second)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * per_second + t.tv_nsec / (1000000000 / per_second);
}

int64_t clock_now(void)
{
    int64_t fixed = atomic_load(&fixed_time);
    return fixed ? fixed : read_clock(CLOCK_REALTIME, 1);
}

int64_t clock_now_ms(void)
{
    int64_t fixed = atomic_load(&fixed_time);
    return fixed ? fixed * 1000 : read_clock(CLOCK_REALTIME, 1000);
}

int64_t clock_mono_us(void)
{
    return read_clock(CLOCK_MONOTONIC, 1000000);
}

/* splitmix64: one step of the seeded generator. */
static uint64_t seeded_next(void)
{
    uint64_t z = atomic_fetch_add(&seed_state, 0x9e3779b97f4a7c15ULL) + 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

void random_bytes(void *p, size_t n)
{
    char *out = p;
    while (n && atomic_load(&seed_state)) {
        uint64_t v = seeded_next();
        size_t part = n < sizeof v ? n : sizeof v;
        memcpy(out, &v, part);
        out += part;
        n -= part;
    }
    while (n) {
        ssize_t got = getrandom(out, n, 0);
        if (got < 0 && errno != EINTR)
            abort();
        if (got < 0)
            continue;
        out += got;
        n -= (size_t)got;
    }
}

uint64_t random_u64(void)
{
    uint64_t v;
    random_bytes(&v, sizeof v);
    return v;
}

void clock_set(int64_t seconds)
{
    atomic_store(&fixed_time, seconds);
}

void random_seed(uint64_t seed)
{
    atomic_store(&seed_state, seed);
}
