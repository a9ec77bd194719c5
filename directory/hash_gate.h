/* directory/hash_gate.h: how many password hashes run at once: as many as processors, since each takes 19 MiB and a whole one.
 *
 * Accounts under attack (throttle_hot) share one of the slots, and only few may wait for it. */
#ifndef SCAMBIO_DIRECTORY_HASH_GATE_H
#define SCAMBIO_DIRECTORY_HASH_GATE_H

#include "core/status.h"

#include <stdbool.h>

struct hash_gate;

enum { HASH_GATE_HOT_WAITING = 4 };

enum status hash_gate_new(int slots, struct hash_gate **out); /* 0: one a processor */
void hash_gate_free(struct hash_gate *g);                     /* NULL is allowed; nobody may be inside */

/* Waits for a slot. E_BUSY, only if `hot`: too many wait already. After OK: hash_gate_leave with the same `hot`. */
enum status hash_gate_enter(struct hash_gate *g, bool hot);
void hash_gate_leave(struct hash_gate *g, bool hot);

#endif
