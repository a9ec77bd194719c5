/* core/arena.h: memory for everything of one request, command or parse, given back at once.
 *
 * The owner calls arena_free (or arena_reset to use it again). What comes out of an arena is never freed
 * alone. An arena has a maximum: past it, or when memory is out, arena_alloc returns NULL and `st` says
 * why; every caller checks. Not for sharing between threads. */
#ifndef SCAMBIO_CORE_ARENA_H
#define SCAMBIO_CORE_ARENA_H

#include "core/scoped.h"
#include "core/status.h"
#include "core/str.h"

struct arena_block;

struct arena {
    struct arena_block *block; /* the newest */
    size_t used, max;          /* bytes taken from the system, and their bound */
    enum status st;
};

#define ARENA_INIT(max_)         ((struct arena){.max = (max_)})
#define SCOPED_ARENA(name, max_) SCOPED(arena_free) struct arena name = ARENA_INIT(max_)

void arena_free(struct arena *a);
void arena_reset(struct arena *a); /* keeps one block */

/* n zeroed bytes aligned for any type, or NULL. */
void *arena_alloc(struct arena *a, size_t n);

/* Zeroed array of count elements; NULL on overflow too. */
void *arena_array(struct arena *a, size_t count, size_t size);
#define ARENA_NEW(a, T)          ((T *)arena_alloc((a), sizeof(T)))
#define ARENA_ARRAY(a, T, count) ((T *)arena_array((a), (count), sizeof(T)))

/* A copy of s with a NUL behind it (outside n); STR_NONE of STR_NONE and when out of memory. */
struct str arena_str(struct arena *a, struct str s);
struct str arena_strf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Grows an arena array of *cap elements so that it holds `want`; the old elements are copied. NULL when
 * out. Use: items = arena_grow(a, items, n, &cap, n + 1, sizeof *items). */
void *arena_grow(struct arena *a, void *old, size_t n, size_t *cap, size_t want, size_t size);

#endif
