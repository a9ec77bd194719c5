/* tests/crash/model.c: reads the load's notes. */
#include "tests/crash/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *grown(void *p, size_t count, size_t size)
{
    p = realloc(p, count * size);
    if (!p)
        abort();
    return p;
}

static struct object *object_of(struct model *m, long id)
{
    if ((size_t)id >= m->object_count) {
        size_t count = (size_t)id + 64;
        m->objects = grown(m->objects, count, sizeof *m->objects);
        memset(m->objects + m->object_count, 0, (count - m->object_count) * sizeof *m->objects);
        m->object_count = count;
    }
    m->objects[id].used = true;
    return &m->objects[id];
}

static void add_event(struct object *o, int64_t collection, int64_t seq, bool present)
{
    if (o->event_count == o->event_cap) {
        o->event_cap = o->event_cap ? 2 * o->event_cap : 8;
        o->events = grown(o->events, o->event_cap, sizeof *o->events);
    }
    o->events[o->event_count++] = (struct event){collection, seq, present};
}

/* "COLLECTION NAME REST" behind the letter of a step. */
static bool begin(struct object *o, char kind, char *text)
{
    char *save = NULL, *collection = strtok_r(text, " ", &save), *name = strtok_r(NULL, " ", &save),
         *rest = strtok_r(NULL, " ", &save);
    if (!collection || !name || !rest)
        return false;
    int64_t at = strtoll(collection, NULL, 10);
    snprintf(o->name, sizeof o->name, "%s", name);
    o->in_flight = true;
    o->flight_from = o->flight_to = at;
    o->next = o->now;
    if (kind == 'P') {
        o->next.collection = at;
        snprintf(o->next.sha, sizeof o->next.sha, "%s", rest);
    } else if (kind == 'D') {
        o->next.collection = 0;
    } else {
        o->next.collection = o->flight_to = strtoll(rest, NULL, 10);
    }
    return true;
}

static void end(struct model *m, struct object *o, const char *text)
{
    char *rest = NULL;
    int64_t seq = strtoll(text, &rest, 10), seq_to = strtoll(rest, NULL, 10);
    if (seq > 0) {
        bool moved = o->flight_from != o->flight_to;
        add_event(o, o->flight_from, seq, !moved && o->next.collection != 0);
        if (moved)
            add_event(o, o->flight_to, seq_to, true);
    }
    o->now = o->next;
    o->in_flight = false;
    m->acknowledged++;
}

bool model_note(struct model *m, const char *line, size_t n)
{
    char text[512];
    if (n >= sizeof text || n < 4)
        return false;
    memcpy(text, line, n);
    text[n - 1] = 0;
    char *rest = NULL;
    long long id = strtoll(text + 2, &rest, 10);
    if (text[0] == 'C') {
        size_t count = m->collection_count + 1;
        m->collections = grown(m->collections, count, sizeof *m->collections);
        m->accounts = grown(m->accounts, count, sizeof *m->accounts);
        m->collections[m->collection_count] = id;
        m->accounts[m->collection_count++] = strtoll(rest, NULL, 10);
        return true;
    }
    if (id < 0 || id > 1000000 || *rest != ' ')
        return false;
    struct object *o = object_of(m, (long)id);
    if (text[0] == 'B')
        return strlen(rest) > 3 && begin(o, rest[1], rest + 3);
    if (text[0] == 'E')
        end(m, o, rest + 1);
    return text[0] == 'E';
}

void model_free(struct model *m)
{
    for (size_t i = 0; i < m->object_count; i++)
        free(m->objects[i].events);
    free(m->objects);
    free(m->collections);
    free(m->accounts);
    *m = (struct model){0};
}

bool model_present_at(const struct object *o, int64_t collection, int64_t seq)
{
    bool present = false;
    for (size_t i = 0; i < o->event_count; i++)
        if (o->events[i].collection == collection && o->events[i].seq <= seq)
            present = o->events[i].present;
    return present;
}

int64_t model_last(const struct object *o, int64_t collection)
{
    int64_t last = 0;
    for (size_t i = 0; i < o->event_count; i++)
        if (o->events[i].collection == collection)
            last = o->events[i].seq;
    return last;
}
