/* store/device_int.h: what the files behind store/device.h share. */
#ifndef SCAMBIO_STORE_DEVICE_INT_H
#define SCAMBIO_STORE_DEVICE_INT_H

#include "store/device.h"
#include "store/rows.h"

/* The name of something, as a key: present, and not longer than `max`. TOO_LARGE, INVALID. */
enum status device_key(struct str s, size_t max);

/* Forgets what a cut session left of the database. */
enum status partial_remove(struct tx *tx, int64_t device, struct str db);

static inline struct str or_empty(struct str s) /* columns that are NOT NULL */
{
    return s.p ? s : STR("");
}

#endif
