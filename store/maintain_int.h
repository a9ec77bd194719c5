/* store/maintain_int.h: background work in slices: what maintain.c and maintain_stones.c share. */
#ifndef SCAMBIO_STORE_MAINTAIN_INT_H
#define SCAMBIO_STORE_MAINTAIN_INT_H

#include "store/rows.h"

enum { SLICE = 400, DAY = 86400 };

struct round {
    struct store *s;
    int64_t now;
};

struct victim { /* columns of a row */
    int64_t a, b, c, d;
};

/* One slice: a closure that says whether there is more. */
struct slice {
    struct write w;
    enum status (*fn)(struct slice *x, struct tx *tx);
    int64_t subject, from, until;
    int64_t done; /* rows it took in hand; 0: it is at the end */
    struct victim after,
        reached; /* for fn that passes over rows: where the slices that were committed ended, and this one */
    const void *more; /* fn's own; not changed, since a closure can run again */
};

/* Runs slices on `id`'s shard until one finds nothing to do. E_UNAVAILABLE: the store closes. */
enum status slices(struct round *r, int64_t id, struct slice *x);

typedef enum status (*victim_fn)(struct tx *tx, struct slice *x, const struct victim *v);
/* Calls step for each row of a query of 3 or 4 columns, at most SLICE; the rows are read before the first is changed. */
enum status each_victim(struct slice *x, struct tx *tx, struct stmt *q, int columns, victim_fn step);

/* Removes a tombstone and what it keeps. */
enum status sweep_tombstone(struct tx *tx, struct slice *x,
                            const struct victim *v); /* collection, seq, content */

/* ---- maintain_stones.c ---- */
/* Ends the tombstones of a shard whose days are over, except those that a SyncML device still needs. */
enum status end_old_tombstones(struct round *r, int slot);

#endif
