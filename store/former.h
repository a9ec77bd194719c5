/* store/former.h: what an item was before, for devices that know it by that (SyncML).
 *
 * A text that is overwritten while a device holds it (a LUID whose seen_seq has reached it) is kept as long as deleted bodies are,
 * [store] keep_deleted, so that what the device changes in its copy can be told from what others changed. The body of a
 * deleted item is what its tombstone keeps (undelete). Only devices of the same shard count: for the others nothing is kept. */
#ifndef SCAMBIO_STORE_FORMER_H
#define SCAMBIO_STORE_FORMER_H

#include "store/item.h"

/* The newest text of the item that is kept and had a number of at most `seq`; *exact: it had just that. The item is one that the caller
 * may read. NOT_FOUND: none. */
enum status former_body(struct tx *tx, struct arena *a, int64_t item, int64_t seq, bool *exact,
                        struct str *body);

struct grave { /* of a deleted item */
    int64_t seq;
    struct str name, obj_uid;
    struct str body; /* STR_NONE: let go already */
};
/* Was the item deleted from this collection? Needs RIGHT_READ there. NOT_FOUND: no, or it is forgotten. */
enum status grave_of_item(struct tx *tx, struct arena *a, const struct actor *actor, int64_t collection,
                          int64_t item, struct grave *out);

#endif
