/* core/scoped.h: cleanup attributes for objects that end with their block.
 *
 * SCOPED(type_free) T *x = …;   calls type_free(&x) when x leaves its scope.
 * DEFINE_SCOPED(T, free_fn)     makes `free_fn##_p(T *)`, which calls free_fn when the value is set.
 * TAKE(x)                       moves x out: yields its value and leaves NULL behind. */
#ifndef SCAMBIO_CORE_SCOPED_H
#define SCAMBIO_CORE_SCOPED_H

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define SCOPED(fn) __attribute__((cleanup(fn)))

#define DEFINE_SCOPED(T, free_fn)                                                                            \
    static inline void free_fn##_p(T *value)                                                                 \
    {                                                                                                        \
        if (*value)                                                                                          \
            free_fn(*value);                                                                                 \
    }                                                                                                        \
    struct scoped_needs_semicolon

#define TAKE(x)                                                                                              \
    __extension__({                                                                                          \
        __typeof__(x) taken_ = (x);                                                                          \
        (x) = NULL;                                                                                          \
        taken_;                                                                                              \
    })

/* For interfaces of libraries and the system that forget a const: the bytes are not changed. */
static inline void *unconst(const void *p)
{
    union {
        const void *constant;
        void *plain;
    } u = {p};
    return u.plain;
}

/* The object that embeds `member`, from a pointer to the member. */
#define CONTAINER_OF(ptr, T, member) ((T *)(void *)((char *)(ptr)-offsetof(T, member)))

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

static inline void scoped_free(void *p)
{
    free(*(void **)p);
}

static inline void scoped_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#endif
