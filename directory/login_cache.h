/* directory/login_cache.h: verified log-ins, so that a password is hashed once and not at every request.
 *
 * Lives in a block of memory that the supervisor holds (a memfd), so that it survives the serving process. Entries are keyed by
 * HMAC-SHA-256 of (user, password, scope) under a random key in the block: it holds no password and no hash of one that could
 * be tried offline without the key. Bounded, with eviction of the oldest; an entry carries the credential's
 * version, so that a changed password counts at once. Wrong passwords are remembered too, for a short time. */
#ifndef SCAMBIO_DIRECTORY_LOGIN_CACHE_H
#define SCAMBIO_DIRECTORY_LOGIN_CACHE_H

#include "core/status.h"
#include "core/str.h"

struct login_cache;

enum { LOGIN_CACHE_BYTES = 1 << 20 };

/* Uses `memory` (LOGIN_CACHE_BYTES, zeroed or from an earlier process, checked before it is believed); NULL: its own. */
enum status login_cache_open(void *memory, struct login_cache **out);
void login_cache_close(struct login_cache *c);

#endif
