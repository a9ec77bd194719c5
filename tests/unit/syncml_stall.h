/* tests/unit/syncml_stall.h: a message of the device (syncml_one.h) that is planned, and has to wait for the store's writer: what comes
 * between its plan and its commit. */
#ifndef SCAMBIO_TESTS_UNIT_SYNCML_STALL_H
#define SCAMBIO_TESTS_UNIT_SYNCML_STALL_H

#include "tests/unit/syncml_one.h"

#include <semaphore.h>

struct stall { /* keeps the writer busy */
    struct write write;
    enum status (*then)(struct stall *s, struct tx *tx); /* what it writes in the end; NULL: nothing */
    struct sml_command *changes; /* what the message holds; NULL: all that the device has changed */
    struct login login;
    struct arena a;
    sem_t inside, go;
    pthread_t writer, message;
};

static inline enum status stall_run(struct write *w, struct tx *tx)
{
    struct stall *s = CONTAINER_OF(w, struct stall, write);
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 20; /* a test that fails comes to its end */
    sem_post(&s->inside);
    sem_timedwait(&s->go, &end);
    return s->then ? s->then(s, tx) : OK;
}

static inline void *stall_write(void *arg)
{
    struct stall *s = arg;
    assert_ok(store_run(rig.w.store, &s->write));
    return NULL;
}

/* The session of the device is open. */
static inline void *stall_message(void *arg)
{
    struct sml_out o;
    int at = 0;
    size_t offset = 0;
    const struct stall *s = arg;
    if (s->changes) {
        send_change(s->changes, true);
        return NULL;
    }
    dev_begin(&d, &o);
    dev_say(&d, &o);
    dev_fill(&d, &o, &at, &offset);
    dev_send(&d, &o, true);
    return NULL;
}

/* The writer is busy, and the device's message is behind it. */
static inline void stall_begin(struct stall *s)
{
    s->a = ARENA_INIT(1 << 24);
    world_login(&rig.w, &s->a, "alice@example.test", &s->login);
    s->write = (struct write){.run = stall_run, .account = s->login.actor.id};
    sem_init(&s->inside, 0, 0);
    sem_init(&s->go, 0, 0);
    assert_int_equal(pthread_create(&s->writer, NULL, stall_write, s), 0);
    sem_wait(&s->inside);
    assert_int_equal(pthread_create(&s->message, NULL, stall_message, s), 0);
    usleep(500000); /* it is inside */
}

/* The writer goes on; the message's answer is there. */
static inline void stall_end(struct stall *s)
{
    sem_post(&s->go);
    pthread_join(s->writer, NULL);
    pthread_join(s->message, NULL);
    arena_free(&s->a);
}

#endif
