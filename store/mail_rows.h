/* store/mail_rows.h: what the files about mailboxes and messages share inside store/. Callers outside use mailbox.h and
 * message.h. */
#ifndef SCAMBIO_STORE_MAIL_ROWS_H
#define SCAMBIO_STORE_MAIL_ROWS_H

#include "store/mailbox.h"
#include "store/rows.h"

/* ---- mailbox.c ---- */
/* One step down the tree. */
enum status mailbox_child(struct tx *tx, int64_t account, int64_t parent, struct str name, int64_t *id);
/* Down a normalised path. NOT_FOUND. */
enum status mailbox_walk(struct tx *tx, int64_t account, struct str path, int64_t *id);

struct mailbox_row { /* a mailbox as judging and changing need it */
    struct coll_row c;
    int64_t uidvalidity, floor, parent;
    bool owner; /* the actor's \Seen is in entry.flags */
};
/* NOT_FOUND: gone, no mailbox, or no right at all. DENIED: one of `needed` is missing. */
enum status mailbox_load(struct tx *tx, const struct actor *actor, int64_t id, unsigned needed,
                         struct mailbox_row *out);

/* ---- mailbox_list.c ---- */
struct mailbox_node { /* of an account's tree */
    int64_t id, parent;
    struct str name;
    unsigned special;
};
/* All that live, by id. */
enum status mailbox_tree(struct tx *tx, struct arena *a, int64_t account, struct mailbox_node **out,
                         size_t *count);
const struct mailbox_node *mailbox_node_find(const struct mailbox_node *nodes, size_t count, int64_t id);

/* ---- mailbox_write.c ---- */
/* The path's last mailbox is new, with what is missing above it. */
enum status mailbox_make(struct tx *tx, const struct actor *actor, int64_t account, struct str path,
                         unsigned special, int64_t *id);

#endif
