/* core/worker.c: a bounded queue under one mutex; threads wait on its condition. */
#include "core/worker.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct worker_pool {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct job *head, **tail;
    int waiting, backlog, threads;
    bool stopping;
    pthread_t thread[];
};

static void *worker_main(void *arg)
{
    struct worker_pool *pool = arg;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->head && !pool->stopping)
            pthread_cond_wait(&pool->work, &pool->lock);
        struct job *job = pool->head;
        if (!job)
            break;
        pool->head = job->next;
        if (!pool->head)
            pool->tail = &pool->head;
        pool->waiting--;
        pthread_mutex_unlock(&pool->lock);
        job->fn(job);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

enum status worker_start(int threads, int backlog, struct worker_pool **out)
{
    if (threads < 1)
        threads = 1;
    struct worker_pool *pool = calloc(1, sizeof *pool + (size_t)threads * sizeof *pool->thread);
    if (!pool)
        return E_MEMORY;
    pool->backlog = backlog;
    pool->tail = &pool->head;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    while (pool->threads < threads &&
           pthread_create(&pool->thread[pool->threads], NULL, worker_main, pool) == 0)
        pool->threads++;
    if (pool->threads == 0) {
        worker_stop(pool);
        return E_MEMORY;
    }
    *out = pool;
    return OK;
}

enum status worker_submit(struct worker_pool *pool, struct job *job)
{
    enum status st = E_BUSY;
    job->next = NULL;
    pthread_mutex_lock(&pool->lock);
    if (pool->waiting < pool->backlog && !pool->stopping) {
        *pool->tail = job;
        pool->tail = &job->next;
        pool->waiting++;
        pthread_cond_signal(&pool->work);
        st = OK;
    }
    pthread_mutex_unlock(&pool->lock);
    return st;
}

void worker_stop(struct worker_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->threads; i++)
        pthread_join(pool->thread[i], NULL);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}
