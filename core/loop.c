/* core/loop.c: epoll, a binary heap of timers, and an eventfd that wakes the loop for posted work. */
#include "core/loop.h"

#include "core/clock.h"
#include "core/scoped.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

enum { BATCH = 64 };

struct loop {
    int epoll, wake;
    struct loop_watch wake_watch;
    struct epoll_event batch[BATCH];
    int batch_at,
        batch_count; /* the round's events that are still to be handed out: batch_at .. batch_count */
    struct loop_timer **heap;
    size_t armed, cap;
    pthread_mutex_t lock; /* of the two below */
    struct loop_post *posted, **posted_tail;
    atomic_bool stopping;
};

static void wake_up(struct loop *l)
{
    uint64_t one = 1;
    ssize_t written = write(l->wake, &one, sizeof one);
    (void)written; /* a full counter wakes it as well */
}

static void run_posted(struct loop_watch *w, uint32_t events)
{
    struct loop *l = CONTAINER_OF(w, struct loop, wake_watch);
    uint64_t count;
    (void)events;
    ssize_t got = read(l->wake, &count, sizeof count);
    (void)got; /* nothing there: somebody was faster */
    pthread_mutex_lock(&l->lock);
    struct loop_post *p = l->posted;
    l->posted = NULL;
    l->posted_tail = &l->posted;
    pthread_mutex_unlock(&l->lock);
    while (p) {
        struct loop_post *next = p->next;
        p->fn(p);
        p = next;
    }
}

enum status loop_new(struct loop **out)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l)
        return E_MEMORY;
    l->posted_tail = &l->posted;
    pthread_mutex_init(&l->lock, NULL);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    l->wake_watch = (struct loop_watch){.fd = l->wake, .fn = run_posted};
    if (l->epoll < 0 || l->wake < 0 || loop_add(l, &l->wake_watch, EPOLLIN) != OK) {
        loop_free(l);
        return E_IO;
    }
    *out = l;
    return OK;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    if (l->epoll >= 0)
        close(l->epoll);
    if (l->wake >= 0)
        close(l->wake);
    pthread_mutex_destroy(&l->lock);
    free(l->heap);
    free(l);
}

static enum status control(struct loop *l, int operation, struct loop_watch *w, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = w};
    return epoll_ctl(l->epoll, operation, w->fd, &e) == 0 ? OK : E_IO;
}

enum status loop_add(struct loop *l, struct loop_watch *w, uint32_t events)
{
    return control(l, EPOLL_CTL_ADD, w, events);
}

enum status loop_change(struct loop *l, struct loop_watch *w, uint32_t events)
{
    return control(l, EPOLL_CTL_MOD, w, events);
}

void loop_remove(struct loop *l, struct loop_watch *w)
{
    control(l, EPOLL_CTL_DEL, w, 0);
    for (int i = l->batch_at; i < l->batch_count; i++)
        if (l->batch[i].data.ptr == w)
            l->batch[i].data.ptr = NULL;
}

/* ---- timers: heap[0] is due first; slot says where each is ---- */
static void heap_put(struct loop *l, size_t at, struct loop_timer *t)
{
    l->heap[at] = t;
    t->slot = at + 1;
}

static void heap_up(struct loop *l, size_t at)
{
    struct loop_timer *t = l->heap[at];
    while (at > 0 && l->heap[(at - 1) / 2]->due > t->due) {
        heap_put(l, at, l->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_put(l, at, t);
}

static void heap_down(struct loop *l, size_t at)
{
    struct loop_timer *t = l->heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < l->armed && l->heap[child + 1]->due < l->heap[child]->due)
            child++;
        if (child >= l->armed || l->heap[child]->due >= t->due)
            break;
        heap_put(l, at, l->heap[child]);
        at = child;
    }
    heap_put(l, at, t);
}

void loop_cancel(struct loop *l, struct loop_timer *t)
{
    if (!t->slot)
        return;
    size_t at = t->slot - 1;
    struct loop_timer *last = l->heap[--l->armed];
    t->slot = 0;
    if (last == t)
        return;
    heap_put(l, at, last);
    heap_up(l, at);
    heap_down(l, last->slot - 1);
}

enum status loop_arm(struct loop *l, struct loop_timer *t, int64_t us)
{
    loop_cancel(l, t);
    if (l->armed == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 16;
        struct loop_timer **bigger = realloc(l->heap, cap * sizeof(struct loop_timer *));
        if (!bigger)
            return E_MEMORY;
        l->heap = bigger;
        l->cap = cap;
    }
    t->due = clock_mono_us() + us;
    heap_put(l, l->armed++, t);
    heap_up(l, l->armed - 1);
    return OK;
}

/* Only those due at one moment, so that a timer that arms itself at 0 does not starve the rest. */
static void run_timers(struct loop *l)
{
    int64_t now = clock_mono_us();
    while (l->armed && l->heap[0]->due <= now) {
        struct loop_timer *t = l->heap[0];
        loop_cancel(l, t);
        t->fn(t);
    }
}

static int wait_ms(const struct loop *l)
{
    if (!l->armed)
        return -1;
    int64_t us = l->heap[0]->due - clock_mono_us();
    if (us <= 0)
        return 0;
    return us > 60 * 1000000LL ? 60000 : (int)((us + 999) / 1000);
}

void loop_post(struct loop *l, struct loop_post *p)
{
    p->next = NULL;
    pthread_mutex_lock(&l->lock);
    *l->posted_tail = p;
    l->posted_tail = &p->next;
    pthread_mutex_unlock(&l->lock);
    wake_up(l);
}

void loop_run(struct loop *l)
{
    while (!atomic_load(&l->stopping)) {
        int n = epoll_wait(l->epoll, l->batch, BATCH, wait_ms(l));
        l->batch_count = n > 0 ? n : 0;
        for (l->batch_at = 0; l->batch_at < l->batch_count;) {
            const struct epoll_event *e = &l->batch[l->batch_at++];
            struct loop_watch *w = e->data.ptr;
            if (w)
                w->fn(w, e->events);
        }
        l->batch_count = 0;
        run_timers(l);
    }
    run_posted(&l->wake_watch, EPOLLIN);
    atomic_store(&l->stopping, false);
}

void loop_stop(struct loop *l)
{
    atomic_store(&l->stopping, true);
    wake_up(l);
}
