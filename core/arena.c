/* core/arena.c: arenas as a list of blocks, each twice the one before, up to 256 KB. */
#include "core/arena.h"

#include <stdarg.h>
#include <stdio.h>

enum { FIRST_BLOCK = 2048, LARGEST_BLOCK = 256 * 1024 };

struct arena_block {
    struct arena_block *older;
    size_t used, cap;
    _Alignas(max_align_t) char data[];
};

static void free_blocks(struct arena_block *b)
{
    while (b) {
        struct arena_block *older = b->older;
        free(b);
        b = older;
    }
}

void arena_free(struct arena *a)
{
    free_blocks(a->block);
    *a = ARENA_INIT(a->max);
}

void arena_reset(struct arena *a)
{
    if (!a->block)
        return;
    free_blocks(a->block->older);
    a->block->older = NULL;
    a->block->used = 0;
    a->used = a->block->cap;
    a->st = OK;
}

static bool add_block(struct arena *a, size_t need)
{
    size_t cap = a->block ? a->block->cap * 2 : FIRST_BLOCK;
    if (cap > LARGEST_BLOCK)
        cap = LARGEST_BLOCK;
    if (cap < need)
        cap = need;
    if (cap > a->max - a->used) /* a->used <= a->max always */
        cap = need;
    if (cap > a->max - a->used) {
        a->st = TOO_LARGE;
        return false;
    }
    struct arena_block *b = malloc(sizeof *b + cap);
    if (!b) {
        a->st = E_MEMORY;
        return false;
    }
    *b = (struct arena_block){.older = a->block, .cap = cap};
    a->block = b;
    a->used += cap;
    return true;
}

void *arena_alloc(struct arena *a, size_t n)
{
    const size_t align = _Alignof(max_align_t);
    if (a->st != OK)
        return NULL;
    if (n > SIZE_MAX / 4) {
        a->st = TOO_LARGE;
        return NULL;
    }
    n = (n + align - 1) / align * align;
    if (n == 0)
        n = align;
    if ((!a->block || a->block->cap - a->block->used < n) && !add_block(a, n))
        return NULL;
    void *p = a->block->data + a->block->used;
    a->block->used += n;
    return memset(p, 0, n);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t n;
    if (__builtin_mul_overflow(count, size, &n)) {
        a->st = a->st ? a->st : TOO_LARGE;
        return NULL;
    }
    return arena_alloc(a, n);
}

struct str arena_str(struct arena *a, struct str s)
{
    char *p = s.p && s.n < SIZE_MAX ? arena_alloc(a, s.n + 1) : NULL;
    if (!p)
        return STR_NONE;
    if (s.n)
        memcpy(p, s.p, s.n);
    return str_n(p, s.n);
}

struct str arena_strf(struct arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (!p)
        return STR_NONE;
    va_start(args, format);
    vsnprintf(p, (size_t)n + 1, format, args);
    va_end(args);
    return str_n(p, (size_t)n);
}

void *arena_grow(struct arena *a, void *old, size_t n, size_t *cap, size_t want, size_t size)
{
    if (want <= *cap)
        return old;
    size_t bigger = *cap ? *cap * 2 : 8;
    if (bigger < want)
        bigger = want;
    void *p = arena_array(a, bigger, size);
    if (!p)
        return NULL;
    if (n)
        memcpy(p, old, n * size);
    *cap = bigger;
    return p;
}
