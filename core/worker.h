/* core/worker.h: a pool of threads for work that may block: hashing, directory calls, large reports.
 *
 * Jobs of one queue start in the order submitted. `job` is owned by the submitter until fn runs. */
#ifndef SCAMBIO_CORE_WORKER_H
#define SCAMBIO_CORE_WORKER_H

#include "core/status.h"

struct worker_pool;

struct job {
    void (*fn)(struct job *job);
    struct job *next; /* the pool's */
};

/* Starts `threads` threads (at least 1); at most `backlog` jobs wait. */
enum status worker_start(int threads, int backlog, struct worker_pool **out);

/* E_BUSY when the backlog is full: the caller answers "try again" itself. */
enum status worker_submit(struct worker_pool *pool, struct job *job);

/* Runs what is queued, then joins the threads and frees the pool. NULL is allowed. */
void worker_stop(struct worker_pool *pool);

#endif
