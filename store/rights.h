/* store/rights.h: who may do what: the actor of a call and the rights bits of RFC 4314, plus three of ours.
 *
 * Rights are granted, never denied; ACL rows name principals by number. The owner always has all. The grants of the
 * groups that the actor is in, and of PRINCIPAL_ANYONE, add up. */
#ifndef SCAMBIO_STORE_RIGHTS_H
#define SCAMBIO_STORE_RIGHTS_H

#include "store/store.h"

enum rights {
    RIGHT_LOOKUP = 1 << 0,    /* l: the collection is visible */
    RIGHT_READ = 1 << 1,      /* r: its items can be read */
    RIGHT_SEEN = 1 << 2,      /* s: keep \Seen */
    RIGHT_WRITE = 1 << 3,     /* w: flags; DAV: properties of items and the collection */
    RIGHT_INSERT = 1 << 4,    /* i: add items */
    RIGHT_POST = 1 << 5,      /* p */
    RIGHT_CREATE = 1 << 6,    /* k: create child collections */
    RIGHT_REMOVE = 1 << 7,    /* x: delete the collection itself */
    RIGHT_DELETE = 1 << 8,    /* t: delete items */
    RIGHT_EXPUNGE = 1 << 9,   /* e */
    RIGHT_ADMIN = 1 << 10,    /* a: change the ACL */
    RIGHT_FREEBUSY = 1 << 11, /* f: ask for busy times */
    RIGHT_CONTENT = 1 << 12,  /* c: change the content of items */
    RIGHT_PRIVATE = 1 << 13,  /* v: see private items in full */
    RIGHTS_ALL = (1 << 14) - 1,
};

/* What the words of `scambio share` and of the clients mean. */
enum {
    RIGHTS_FREEBUSY = RIGHT_FREEBUSY | RIGHT_LOOKUP,
    RIGHTS_READ = RIGHTS_FREEBUSY | RIGHT_READ | RIGHT_SEEN,
    RIGHTS_WRITE = RIGHTS_READ | RIGHT_WRITE | RIGHT_INSERT | RIGHT_DELETE | RIGHT_EXPUNGE | RIGHT_CONTENT,
    RIGHTS_MANAGE = RIGHTS_WRITE | RIGHT_ADMIN | RIGHT_PRIVATE,
    RIGHTS_READING =
        RIGHT_LOOKUP | RIGHT_READ | RIGHT_FREEBUSY | RIGHT_PRIVATE, /* what a read_only actor keeps */
};

/* "lrswi…" and the words free-busy, read, write, manage. INVALID for others. */
enum status rights_parse(struct str s, unsigned *rights);
void rights_write(struct buf *out, unsigned rights); /* letters */
void rights_say(struct buf *out, unsigned rights);   /* the word when there is one, otherwise letters */

/* Well-known principals (rows of main.db with these ids, made at creation). */
enum {
    PRINCIPAL_SYSTEM = 1 * 64 + 32, /* owns the organisation's collections; its account is in shard 0 */
    PRINCIPAL_ANYONE = 2 * 64 + 32, /* every authenticated user */
};

struct actor {
    int64_t id;            /* principal */
    const int64_t *groups; /* as of now, nested ones included */
    size_t group_count;
    bool system;    /* the server itself or its administrator: every right */
    bool read_only; /* whatever he may do otherwise, he only reads (a master user): every change is DENIED */
};
extern const struct actor actor_system;

struct acl_entry {
    int64_t principal;
    unsigned rights;
};

/* Effective rights of the actor on the collection. */
enum status rights_of(struct tx *tx, const struct actor *actor, int64_t collection, unsigned *rights);

/* All grants of a collection (the owner's own are not rows). Array in the arena. */
enum status acl_list(struct tx *tx, struct arena *a, int64_t collection, struct acl_entry **out,
                     size_t *count);

/* Replaces all grants. Needs RIGHT_ADMIN. The caller then has the mounts follow: store/mount.h. */
enum status tx_acl_set(struct tx *tx, const struct actor *actor, int64_t collection,
                       const struct acl_entry *entries, size_t count);

#endif
