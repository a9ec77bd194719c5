/* server/set_aside.c: two small arrays in shared memory: marks of now, and suspects of the deaths so far. */
#include "server/set_aside.h"

#include "core/hash.h"

#include <stdatomic.h>
#include <sys/mman.h>

enum { MARKS = 256, SUSPECTS = 256, DEATHS = 2 };

struct suspect {
    _Atomic uint64_t what;         /* 0: an empty place */
    _Atomic uint32_t deaths, last; /* how many it was there at, and the number of the last one */
};

struct set_aside {
    _Atomic uint64_t mark[MARKS]; /* 0: free */
    struct suspect suspect[SUSPECTS];
    uint32_t deaths; /* the supervisor's */
};

struct set_aside *set_aside_new(void)
{
    void *p = mmap(NULL, sizeof(struct set_aside), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void set_aside_free(struct set_aside *s)
{
    if (s)
        munmap(s, sizeof *s);
}

/* Not str_hash: its key differs in each process. */
static uint64_t hash_parts(const struct str *parts, size_t count)
{
    unsigned char all[SHA256_SIZE * 4 + SHA256_SIZE], out[SHA256_SIZE];
    size_t n = 0;
    for (size_t i = 0; i < count && n + SHA256_SIZE <= sizeof all; i++, n += SHA256_SIZE)
        sha256(parts[i], all + n);
    sha256(str_n(all, n), out);
    uint64_t h;
    memcpy(&h, out, sizeof h);
    return h ? h : 1;
}

static struct suspect *find_suspect(struct set_aside *s, uint64_t what)
{
    for (size_t i = 0; i < SUSPECTS; i++)
        if (atomic_load(&s->suspect[i].what) == what)
            return &s->suspect[i];
    return NULL;
}

int set_aside_mark(struct set_aside *s, const struct str *parts, size_t count, bool *bad)
{
    uint64_t what = hash_parts(parts, count);
    const struct suspect *known = find_suspect(s, what);
    *bad = known && atomic_load(&known->deaths) >= DEATHS;
    for (int i = 0; i < MARKS && !*bad; i++) {
        uint64_t none = 0;
        if (atomic_compare_exchange_strong(&s->mark[i], &none, what))
            return i;
    }
    return -1;
}

void set_aside_unmark(struct set_aside *s, int mark)
{
    if (mark < 0 || mark >= MARKS)
        return;
    uint64_t what = atomic_exchange(&s->mark[mark], 0);
    struct suspect *cleared = find_suspect(s, what);
    if (cleared)
        atomic_store(&cleared->what, 0);
}

static void suspect(struct set_aside *s, uint64_t what)
{
    struct suspect *at = find_suspect(s, what);
    if (!at)
        at = find_suspect(s, 0);
    if (!at)
        return; /* 256 suspects: the fault lies elsewhere */
    if (atomic_load(&at->what) != what)
        atomic_store(&at->deaths, 1);
    else if (atomic_load(&at->last) != s->deaths) /* several at once died one death */
        atomic_fetch_add(&at->deaths, 1);
    atomic_store(&at->last, s->deaths);
    atomic_store(&at->what, what);
}

size_t set_aside_died(struct set_aside *s)
{
    size_t n = 0;
    s->deaths++;
    for (int i = 0; i < MARKS; i++) {
        uint64_t what = atomic_exchange(&s->mark[i], 0);
        if (!what)
            continue;
        suspect(s, what);
        n++;
    }
    return n;
}
