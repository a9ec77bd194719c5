/* directory/people.c: users in memory: a set-associative table of copies, each one block of memory. */
#include "directory/people.h"

#include "core/hash.h"

#include <pthread.h>

enum { SETS = 1024, WAYS = 4, LOCKS = 16 };

struct slot {
    int64_t id; /* 0: empty */
    uint64_t generation, used;
    struct arena arena;
    struct person person;
};

struct people {
    pthread_mutex_t locks[LOCKS];
    uint64_t clock[LOCKS]; /* for "least lately used", one under each lock */
    struct slot slots[SETS][WAYS];
};

enum { SLOT_BYTES = 256 * 1024 };

/* ---- from the store ---- */

static uint64_t version_of(const struct credential *c)
{
    unsigned char hash[SHA256_SIZE];
    uint64_t version;
    sha256(c->data, hash);
    memcpy(&version, hash, sizeof version);
    return (version ^ (uint64_t)c->id) | 1;
}

enum status person_load(struct tx *tx, struct arena *a, int64_t id, struct person *out)
{
    struct principal p;
    struct credential *rows;
    *out = (struct person){.id = id};
    enum status st = principal_get(tx, a, id, &p);
    if (st == OK)
        st = groups_of(tx, a, id, &out->groups, &out->group_count);
    if (st == OK)
        st = credential_list(tx, a, id, &rows, &out->credential_count);
    if (st != OK)
        return st;
    out->kind = p.kind;
    out->state = p.state;
    out->source = p.source;
    out->address = p.address;
    out->name = p.name;
    out->credentials = ARENA_ARRAY(a, struct person_credential, out->credential_count + 1);
    if (!out->credentials)
        return a->st;
    for (size_t i = 0; i < out->credential_count; i++)
        out->credentials[i] = (struct person_credential){.id = rows[i].id,
                                                         .kind = rows[i].kind,
                                                         .scope = (unsigned)rows[i].scope,
                                                         .expires = rows[i].expires,
                                                         .used = rows[i].used,
                                                         .version = version_of(&rows[i]),
                                                         .data = rows[i].data};
    return OK;
}

const struct person_credential *person_credential(const struct person *p, int kind)
{
    for (size_t i = 0; i < p->credential_count; i++)
        if (p->credentials[i].kind == kind)
            return &p->credentials[i];
    return NULL;
}

/* ---- in memory ---- */

enum status people_new(struct people **out)
{
    struct people *p = calloc(1, sizeof *p);
    if (!p)
        return E_MEMORY;
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_init(&p->locks[i], NULL);
    *out = p;
    return OK;
}

void people_free(struct people *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < SETS * WAYS; i++)
        arena_free(&p->slots[i / WAYS][i % WAYS].arena);
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&p->locks[i]);
    free(p);
}

static size_t set_of(int64_t id)
{
    return (size_t)((uint64_t)id * 0x9e3779b97f4a7c15ULL >> 40) % SETS;
}

static void *copy_array(struct arena *a, const void *from, size_t n, size_t size)
{
    void *to = arena_array(a, n + 1, size);
    if (to && n)
        memcpy(to, from, n * size);
    return to;
}

/* Without the credentials' data: they stay in the store. */
static bool copy_person(struct arena *a, const struct person *from, struct person *to)
{
    *to = *from;
    struct str *const views[] = {&to->source, &to->address, &to->name};
    for (size_t i = 0; i < COUNT_OF(views); i++)
        if (views[i]->p)
            *views[i] = arena_str(a, *views[i]);
    to->groups = copy_array(a, from->groups, from->group_count, sizeof *to->groups);
    to->credentials = copy_array(a, from->credentials, from->credential_count, sizeof *to->credentials);
    for (size_t i = 0; to->credentials && i < to->credential_count; i++)
        to->credentials[i].data = STR_NONE;
    return a->st == OK;
}

bool people_find(struct people *p, int64_t id, uint64_t generation, struct arena *a, struct person *out)
{
    size_t set = set_of(id);
    bool found = false;
    pthread_mutex_lock(&p->locks[set % LOCKS]);
    for (size_t i = 0; i < WAYS; i++) {
        struct slot *s = &p->slots[set][i];
        if (s->id != id || s->generation != generation)
            continue;
        s->used = ++p->clock[set % LOCKS];
        found = copy_person(a, &s->person, out);
        break;
    }
    pthread_mutex_unlock(&p->locks[set % LOCKS]);
    return found;
}

void people_put(struct people *p, uint64_t generation, const struct person *who)
{
    size_t set = set_of(who->id);
    pthread_mutex_lock(&p->locks[set % LOCKS]);
    struct slot *victim = &p->slots[set][0];
    for (size_t i = 0; i < WAYS; i++) {
        struct slot *s = &p->slots[set][i];
        if (s->id == who->id) {
            victim = s;
            break;
        }
        if (s->used < victim->used)
            victim = s;
    }
    arena_free(&victim->arena);
    *victim = (struct slot){.id = who->id, .generation = generation, .arena = ARENA_INIT(SLOT_BYTES)};
    victim->used = ++p->clock[set % LOCKS];
    if (!copy_person(&victim->arena, who, &victim->person)) {
        arena_free(&victim->arena);
        *victim = (struct slot){.id = 0};
    }
    pthread_mutex_unlock(&p->locks[set % LOCKS]);
}
