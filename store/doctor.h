/* store/doctor.h: is the store sound? Checks every rule that the schema and the invariants imply, and rebuilds what is
 * derived. */
#ifndef SCAMBIO_STORE_DOCTOR_H
#define SCAMBIO_STORE_DOCTOR_H

#include "store/store.h"

typedef void (*doctor_fn)(void *ctx, struct str what, struct str where); /* one call a finding */

/* SQLite's integrity check, referential rules, counters (seq, totals, refs, quota) against the rows, blob files against
 * their hashes, derived rows against a fresh computation, mounts against grants, accounts against users. OK also when there are findings: the count says. */
enum status store_check(struct store *s, bool deep, doctor_fn fn, void *ctx, size_t *findings);

/* Drops and recomputes occ, span, field, counters, for all accounts (0) or one; then mounts follow grants, and (0) users without
 * account get one. */
enum status store_rebuild(struct store *s, int64_t account,
                          void (*progress)(void *ctx, int64_t done, int64_t total), void *ctx);

/* One round of the background work that is due: sweep of gone collections and accounts, tombstones past their days, kept
 * bodies, blobs without references, expansion of recurring items, WAL checkpoint. The store runs it by itself; tests call it. */
enum status store_maintain(struct store *s, int64_t now);

#endif
