/* tests/crash/model.h: what a load was promised: the state of every object after the notes of load.c up to
 * some moment.
 *
 *   C COLLECTION ACCOUNT            a collection was made
 *   B OBJECT P COLLECTION NAME SHA  a put begins        (then E OBJECT SEQ: acknowledged; SEQ 0: nothing
 * changed) B OBJECT D COLLECTION NAME -    a deletion begins   (E OBJECT SEQ) B OBJECT M FROM NAME TO a move
 * begins       (E OBJECT SEQ-IN-FROM SEQ-IN-TO)
 *
 * Between B and E a step may or may not have happened: both states are right. */
#ifndef SCAMBIO_TESTS_CRASH_MODEL_H
#define SCAMBIO_TESTS_CRASH_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event { /* one acknowledged change of an object in one collection */
    int64_t collection, seq;
    bool present;
};

struct place { /* collection 0: nowhere */
    int64_t collection;
    char sha[65];
};

struct object {
    bool used;
    char name[32];
    struct place now, next; /* next: of the step in flight */
    bool in_flight;
    int64_t flight_from, flight_to; /* collections that it touches */
    struct event *events;
    size_t event_count, event_cap;
};

struct model {
    struct object *objects;
    size_t object_count;
    int64_t *collections, *accounts;
    size_t collection_count;
    size_t acknowledged;
};

bool model_note(struct model *m, const char *line, size_t n); /* false: not understood */
void model_free(struct model *m);

/* Was the object in the collection once the change with that number was done? */
bool model_present_at(const struct object *o, int64_t collection, int64_t seq);
/* The number of its last acknowledged change in the collection; 0: none. */
int64_t model_last(const struct object *o, int64_t collection);

#endif
