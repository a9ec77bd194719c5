/* directory/internal.h: the structs behind directory/directory.h, for the files of this folder only. */
#ifndef SCAMBIO_DIRECTORY_INTERNAL_H
#define SCAMBIO_DIRECTORY_INTERNAL_H

#include "core/seal.h"
#include "directory/credential.h"
#include "directory/directory.h"
#include "directory/hash_gate.h"
#include "directory/login_cache.h"
#include "directory/people.h"
#include "directory/source.h"
#include "directory/throttle.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    WHY_BYTES = 4096,
    NAME_BYTES = 255,
    USER_BYTES = 512 /* of a name to log in with */,
    LABEL_BYTES_MAX = 255,
    DIRECTORY_ARENA = 16 << 20
};

/* What follows from the configuration. Immutable; an old one lives until directory_close, so that readers need no lock. */
struct directory_view {
    struct directory_view *older;
    struct conf *conf;
    struct arena arena;
    struct domains domains;
    struct directory_source *sources;
    size_t source_count;
    struct throttle_limits limits;
    int64_t cache_time;
    struct str *masters; /* normalised */
    size_t master_count;
};

struct sealing { /* the key of sealed.c, once it was needed */
    pthread_mutex_t lock;
    bool loaded;
    atomic_bool warned; /* that it does not fit */
    unsigned char key[SEAL_KEY];
};

struct directory {
    struct store *store;
    struct sealing sealing;
    struct login_cache *cache;
    bool own_cache;
    struct throttle *throttle;
    struct hash_gate *gate;
    struct people *people;
    struct buf decoy; /* argon2id of no password: users who have none, or do not exist, cost the same */
    atomic_uint_fast64_t generation; /* begins at random: what another process remembered does not count */
    _Atomic(struct directory_view *) view;
    pthread_mutex_t reload;
};

static inline const struct directory_view *directory_view(const struct directory *d)
{
    return atomic_load_explicit(&d->view, memory_order_acquire);
}

/* After every commit that changed who is who. */
void directory_changed(struct directory *d);

/* The person, from memory or the store. */
enum status directory_person(struct directory *d, struct arena *a, int64_t id, struct person *out);
struct directory_source *source_of(const struct directory_view *v, const struct person *p);

/* Runs a closure on main.db, and moves the generation when it was committed. */
enum status directory_write(struct directory *d, struct write *w);

/* ---- sealed.c: clear texts of app passwords ---- */
/* NOT_FOUND: there is none yet, and `make` is false. */
enum status sealing_key(struct directory *d, bool make, unsigned char key[SEAL_KEY]);
enum status sealed_make(const unsigned char key[SEAL_KEY], int64_t principal, int64_t app, struct str text,
                        struct buf *out);
int64_t sealed_app(struct str data); /* the app password that such a row belongs to; 0: no such row */
/* INVALID: sealed under another key, or somebody else's. */
enum status sealed_open(const unsigned char key[SEAL_KEY], int64_t principal, struct str data,
                        struct buf *text);

/* ---- digest.c ---- */
/* What a client has to send: MD5 of user, password and nonce as the form says, for MAC with the hash of the message. */
void digest_of(enum digest_form form, struct str user, struct str password, struct str nonce,
               const unsigned char body[MD5_SIZE], unsigned char out[MD5_SIZE]);

/* ---- subject.c: what both ways to log in share ---- */
struct subject { /* whose password it would be */
    struct person person;
    struct directory_source *source; /* NULL: nobody knows him */
};
/* `user` as sent, `address` normalised or STR_NONE. OK also when nobody knows him. */
enum status subject_find(const struct directory_view *v, struct tx *tx, struct arena *a, struct str user,
                         struct str address, struct subject *out);
void login_fill(const struct person *p, int64_t credential, struct login *out);
/* "Last used" is for people: nobody waits for it, it may be lost, and it is written once in an hour. */
enum { USED_EVERY = 3600 };
void credential_note_use(struct directory *d, int64_t principal, const struct person_credential *c,
                         int64_t now);

/* A text that people read: 1..max bytes of UTF-8 without control characters. */
bool good_label(struct str text, size_t max);

/* Checks and normalises the address of a new user, group or alias. INVALID and `why`. */
enum status new_address(struct directory *d, struct arena *a, struct str in, struct str *out,
                        struct buf *why);

/* The display name of a user or group: INVALID and `why`. */
enum status check_name(struct str name, struct buf *why);

/* The mounts of everybody who is a member of the group, however deep. */
enum status reconcile_members(struct directory *d, int64_t group);

#endif
