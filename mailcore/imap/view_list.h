/* mailcore/imap/view_list.h: the UIDs of a mailbox at one of its modseqs, in order: what numbers are counted by. Immutable and counted; the last list
 * of each mailbox is kept, so that selecting it reads what changed since and no more. */
#ifndef SCAMBIO_MAILCORE_IMAP_VIEW_LIST_H
#define SCAMBIO_MAILCORE_IMAP_VIEW_LIST_H

#include "store/message.h"

#include <stdatomic.h>

struct uid_list {
    atomic_int refs;
    uint32_t count;
    uint32_t uids[];
};

struct imap_views; /* of a service: the last list of each mailbox */

void uid_list_unref(struct uid_list *l); /* NULL is allowed */

/* The list as of `modseq`, which mailbox_state said in the same transaction. */
enum status uid_list_now(struct imap_views *v, struct tx *tx, const struct actor *actor, int64_t mailbox,
                         const struct mailbox_state *state, struct uid_list **out);

/* `old` and behind it what of `now` has larger UIDs: both stay. E_MEMORY. */
enum status uid_list_extend(const struct uid_list *old, const struct uid_list *now, struct uid_list **out);

/* How many are smaller. */
uint32_t uid_list_before(const struct uid_list *l, int64_t uid);

#endif
