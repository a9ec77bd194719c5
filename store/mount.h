/* store/mount.h: shares as their grantees see them.
 *
 * A grant (store/rights.h) shows up in the grantee's home as a mount: a row in his account and number line with a slug of its
 * own, and his own name, colour, order (properties of the mount) and subscription. Mounts follow grants: mounts_reconcile()
 * brings the mounts of one collection in line, for users, for members of groups, and for everyone; it is idempotent, spans
 * shards by an xop row, and is finished at start-up when it was cut off. */
#ifndef SCAMBIO_STORE_MOUNT_H
#define SCAMBIO_STORE_MOUNT_H

#include "store/collection.h"

struct mount {
    int64_t id, account /* grantee */, owner, collection, via /* group, 0: the user himself */;
    enum collection_kind kind;
    struct str slug, name /* STR_NONE: the owner's */;
    bool subscribed;
    int64_t seq;
};

enum status mount_list(struct tx *tx, struct arena *a, int64_t account, struct mount **out, size_t *count);
/* Own name, subscription. A mount that is unsubscribed leaves the home (DELETE of a share by its grantee). */
enum status tx_mount_update(struct tx *tx, const struct actor *actor, int64_t mount, struct str name,
                            const bool *subscribed);

/* ---- a change that is of the collection and of the mount, in two databases ----
 * In the closure that changes the collection, promise the mount's part; then apply that in a write of the mount's shard, then end the
 * promise in one of the collection's. What a crash or a fault cuts off is finished in the background, unless the mount was changed
 * since. Judge the mount's part before. */
struct mount_change {
    struct str ns, name; /* ns STR_NONE: the mount's own name */
    struct str value;    /* STR_NONE: removed */
};
enum status tx_mount_promise(struct tx *tx, int64_t collection, int64_t mount,
                             const struct mount_change *list, size_t count, int64_t *promise);
enum status tx_mount_promise_end(struct tx *tx, int64_t promise);
/* A promise could not be kept at once: the background tries. */
void mount_promises_retry(struct store *s);

/* Blocking (several writes): call from a worker, a command, or through acl_share below. Needs the current members. */
enum status mounts_reconcile(struct store *s, int64_t collection);
/* All mounts of one account: at its creation and when its groups changed. */
enum status mounts_reconcile_account(struct store *s, int64_t account);
enum status mounts_reconcile_all(struct store *s);

/* All grants to somebody who is deleted for good go. The mounts are the caller's business. */
enum status grants_forget(struct store *s, int64_t principal);

/* For writes on main.db that change whom grants mean (a member, a group): noted in their commit, so that the mounts follow when the
 * caller is cut off before he has reconciled. He gives `*job` to mounts_settled() when he has. */
enum status tx_mounts_due(struct tx *tx, int64_t *job);
enum status mounts_settled(struct store *s, int64_t job);

/* Calls fn for each mount of the collection that mounts_reconcile() would add, change or remove; not while a job that will do so
 * waits. Reads only. */
typedef void (*mount_odd_fn)(void *ctx, const char *what, int64_t account, int64_t collection);
enum status mounts_compare(struct store *s, int64_t collection, mount_odd_fn fn, void *ctx);

/* Sets the ACL and reconciles, durably: an xop row is committed with the ACL. Blocking. */
enum status acl_share(struct store *s, const struct actor *actor, int64_t collection,
                      const struct acl_entry *entries, size_t count);

/* The same for the grant of one principal, with the others as they are in that moment. No rights left: the grant goes. */
enum grant_how { GRANT_SET, GRANT_ADD, GRANT_REMOVE };
enum status acl_grant(struct store *s, const struct actor *actor, int64_t collection,
                      const struct acl_entry *entry, enum grant_how how);

#endif
