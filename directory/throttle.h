/* directory/throttle.h: counts failed log-ins, so that passwords cannot be guessed at the speed of the wire.
 *
 * Four counts, each in a window that begins with its first failure:
 *   address            failures of anybody from one client address (IPv6: one /64)      → that address waits
 *   account + address  failures for one account from one client address                 → that address waits for that account
 *   password + address the same wrong password again and again                           → that address waits with it
 *   account            failures for one account from everywhere                         → the account is `hot`
 * Nobody can lock a user out from afar: a hot account is never refused. Its unverified passwords queue for one hash slot
 * (directory/hash_gate.h), which bounds what a guessing crowd costs, and a password that was verified lately is
 * answered from the cache, which comes before all of this.
 *
 * The table is bounded; when it is full, the counter nearest to being forgotten (smallest, then oldest) gives way. */
#ifndef SCAMBIO_DIRECTORY_THROTTLE_H
#define SCAMBIO_DIRECTORY_THROTTLE_H

#include "core/status.h"
#include "core/str.h"

struct throttle;

struct throttle_limits {
    int64_t address, account; /* failures in a window */
    int64_t window;           /* seconds */
};

enum { THROTTLE_HOT_FACTOR = 10 }; /* an account is hot after this many times `account` failures */

enum status throttle_new(struct throttle **out);
void throttle_free(struct throttle *t); /* NULL is allowed */

/* Seconds until this peer may try this account again; 0: now. `account` in one spelling. */
int64_t throttle_wait(struct throttle *t, const struct throttle_limits *l, struct str peer,
                      struct str account, int64_t now);
bool throttle_hot(struct throttle *t, const struct throttle_limits *l, struct str account, int64_t now);
void throttle_failed(struct throttle *t, const struct throttle_limits *l, struct str peer, struct str account,
                     int64_t now);
/* The same wrong password again, which the cache knows (a device that was not told the new one): counts by itself, so that it
 * is slowed down and harms nobody else. Returns how long it has to wait; `count` false: only asks. */
int64_t throttle_repeat(struct throttle *t, const struct throttle_limits *l, struct str peer,
                        uint64_t password, bool count_it, int64_t now);
/* A good password: forgets the failures of this account from this address (not those of the address: who knows one
 * password must not guess others for ever). */
void throttle_good(struct throttle *t, struct str peer, struct str account);

#endif
