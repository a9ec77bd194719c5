/* directory/people.h: what a log-in needs to know of a user, kept in memory: a request that the log-in cache answers reads
 * no database.
 *
 * Everything that changes a principal, an address, a member or a credential moves the directory's generation
 * (directory_changed); what was read under an older one is read again. Bounded; safe for threads. */
#ifndef SCAMBIO_DIRECTORY_PEOPLE_H
#define SCAMBIO_DIRECTORY_PEOPLE_H

#include "store/principal.h"

struct person_credential {
    int64_t id;
    int kind; /* enum credential_kind */
    unsigned scope;
    int64_t expires;  /* 0: never */
    int64_t used;     /* when it was read */
    uint64_t version; /* of its data; the same in every process */
    struct str data;  /* only from person_load; STR_NONE from people_find */
};

struct person {
    int64_t id;
    enum principal_kind kind;
    enum principal_state state;
    struct str source, address, name;
    int64_t *groups;
    size_t group_count;
    struct person_credential *credentials;
    size_t credential_count;
};

/* From the store, into the arena. NOT_FOUND. */
enum status person_load(struct tx *tx, struct arena *a, int64_t id, struct person *out);
const struct person_credential *person_credential(const struct person *p, int kind);

struct people;

enum status people_new(struct people **out);
void people_free(struct people *p); /* NULL is allowed */
/* A copy in the arena, if it was put under this generation. */
bool people_find(struct people *p, int64_t id, uint64_t generation, struct arena *a, struct person *out);
void people_put(struct people *p, uint64_t generation, const struct person *who);

#endif
