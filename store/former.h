/* store/former.h: what an item was before, for devices that know it by that (SyncML).
 *
 * A text that is overwritten while a device knows the item (it has a LUID) is kept as long as deleted bodies are, [store]
 * keep_deleted, so that what the device changes in its copy can be told from what others changed. It is kept also where the device is
 * not known to have got it: it may have, and its word for that was lost. The body of a deleted item is what its tombstone
 * keeps (undelete). Only devices of the same shard count: for the others nothing is kept. */
#ifndef SCAMBIO_STORE_FORMER_H
#define SCAMBIO_STORE_FORMER_H

#include "store/item.h"

/* The newest text of the item that is kept and had a number of at most `seq`; *number: which. The item is one that the caller may read.
 * NOT_FOUND: none. */
enum status former_body(struct tx *tx, struct arena *a, int64_t item, int64_t seq, int64_t *number,
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
