/* core/loop.h: an event loop of one thread: descriptors, timers, and work posted from other threads.
 *
 * The structs are embedded in what they belong to and owned by the caller; the loop only links them. All
 * functions are for the loop's own thread, but loop_post and loop_stop, which any thread may call. A callback
 * may remove any watch or timer, its own included, and free what it is embedded in: nothing of the current
 * round that belongs to it is called again. */
#ifndef SCAMBIO_CORE_LOOP_H
#define SCAMBIO_CORE_LOOP_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

struct loop_watch {
    int fd;
    void (*fn)(struct loop_watch *w, uint32_t events); /* EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR */
};

struct loop_timer {
    void (*fn)(struct loop_timer *t);
    int64_t due; /* the loop's: microseconds of clock_mono_us */
    size_t slot; /* the loop's: place in the heap plus one, 0 when not armed */
};

struct loop_post {
    void (*fn)(struct loop_post *p);
    struct loop_post *next; /* the loop's, until fn runs */
};

enum status loop_new(struct loop **out);
void loop_free(struct loop *l); /* NULL is allowed; watches and timers left are forgotten */

/* Level-triggered. The descriptor stays the caller's, who removes the watch before he closes it. */
enum status loop_add(struct loop *l, struct loop_watch *w, uint32_t events);
enum status loop_change(struct loop *l, struct loop_watch *w, uint32_t events);
void loop_remove(struct loop *l, struct loop_watch *w);

/* Calls fn once after `us` microseconds; an armed timer is moved. */
enum status loop_arm(struct loop *l, struct loop_timer *t, int64_t us);
void loop_cancel(struct loop *l, struct loop_timer *t); /* one that is not armed is left alone */

/* Runs fn on the loop's thread, soon. */
void loop_post(struct loop *l, struct loop_post *p);

/* Until loop_stop; what was posted before it still runs. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

#endif
