/* directory/login_cache.h: verified log-ins, so that a password is hashed once and not at every request.
 *
 * Lives in a block of memory that the supervisor holds (a memfd), so that it survives the serving process. Entries are keyed by
 * HMAC-SHA-256 of (user, password, scope) under a random key in the block: it holds no password and no hash of one that could
 * be tried offline without the key. Bounded, with eviction of the oldest; an entry carries the credential's
 * version, so that a changed password counts at once. Wrong passwords are remembered too, for a short time.
 *
 * One process at a time uses a block; its threads share the cache. A process that dies in the middle of a write leaves
 * an entry whose check fails: it counts as absent. */
#ifndef SCAMBIO_DIRECTORY_LOGIN_CACHE_H
#define SCAMBIO_DIRECTORY_LOGIN_CACHE_H

#include "core/status.h"
#include "core/str.h"

struct login_cache;

enum { LOGIN_CACHE_BYTES = 1 << 20 };

/* Uses `memory` (LOGIN_CACHE_BYTES aligned to 64, zeroed or from an earlier process, checked before it is believed); NULL: its
 * own. */
enum status login_cache_open(void *memory, struct login_cache **out);
void login_cache_close(struct login_cache *c); /* leaves `memory` as it is; NULL is allowed */

struct login_tag {
    uint64_t part[2];
};

struct login_entry {
    int64_t principal;  /* 0 with `wrong`: nobody */
    int64_t credential; /* the app password's id, 0: the account password */
    uint64_t version;   /* of the credential; the caller compares it with what is stored now */
    int64_t expires;    /* seconds since 1970 */
    bool wrong;         /* a wrong password */
};

/* The key of a log-in. */
struct login_tag login_cache_tag(const struct login_cache *c, struct str user, struct str password,
                                 unsigned scope);
/* False: not there, expired at `now`, or torn. */
bool login_cache_find(struct login_cache *c, struct login_tag tag, int64_t now, struct login_entry *out);
/* A wrong password never displaces a verified one that is still good. */
void login_cache_put(struct login_cache *c, struct login_tag tag, int64_t now, const struct login_entry *e);
void login_cache_drop(struct login_cache *c, struct login_tag tag);
void login_cache_clear(struct login_cache *c);

#endif
