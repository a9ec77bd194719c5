/* directory/hash_gate.c: a counting semaphore with a narrow lane. */
#include "directory/hash_gate.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct hash_gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int free_slots;
    bool hot_inside;
    int hot_waiting;
};

enum status hash_gate_new(int slots, struct hash_gate **out)
{
    struct hash_gate *g = calloc(1, sizeof *g);
    if (!g)
        return E_MEMORY;
    if (slots < 1)
        slots = (int)sysconf(_SC_NPROCESSORS_ONLN);
    g->free_slots = slots < 1 ? 1 : slots;
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->changed, NULL);
    *out = g;
    return OK;
}

void hash_gate_free(struct hash_gate *g)
{
    if (!g)
        return;
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

enum status hash_gate_enter(struct hash_gate *g, bool hot)
{
    pthread_mutex_lock(&g->lock);
    if (hot && g->hot_waiting >= HASH_GATE_HOT_WAITING) {
        pthread_mutex_unlock(&g->lock);
        return E_BUSY;
    }
    g->hot_waiting += hot;
    while (!g->free_slots || (hot && g->hot_inside))
        pthread_cond_wait(&g->changed, &g->lock);
    g->hot_waiting -= hot;
    g->free_slots--;
    if (hot)
        g->hot_inside = true;
    pthread_mutex_unlock(&g->lock);
    return OK;
}

void hash_gate_leave(struct hash_gate *g, bool hot)
{
    pthread_mutex_lock(&g->lock);
    g->free_slots++;
    if (hot)
        g->hot_inside = false;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}
