/* store/collection.h: accounts and their collections (calendars, task lists, notes, address books; mailboxes later),
 * and their properties.
 *
 * A struct collection is a copy, with its strings in the caller's arena. Seen through an actor: `rights` are his, and a
 * collection that is mounted in the asked account carries the mount's slug, names and number. */
#ifndef SCAMBIO_STORE_COLLECTION_H
#define SCAMBIO_STORE_COLLECTION_H

#include "store/rights.h"
#include "store/store.h"

enum collection_kind { KIND_MAIL = 1, KIND_CALENDAR = 2, KIND_ADDRESSBOOK = 3 };

struct collection {
    int64_t id, account; /* account: the owner */
    enum collection_kind kind;
    struct str
        slug; /* the last segment of its URL in the account that was asked (mount's slug when mounted) */
    struct str name;     /* display name; a mount's own name when it has one */
    unsigned comps;      /* calendars: enum ical_kind bits it takes */
    struct str timezone; /* TZID or STR_NONE */
    int64_t seq;         /* last change of anything in it: CTag, sync-token */
    int64_t prop_seq;    /* last change of itself */
    int64_t horizon;     /* sync from before this number is not possible */
    int64_t total, bytes;
    bool gone;
    unsigned rights; /* the actor's */
    int64_t mount;   /* 0: own; otherwise the mount's id */
    int64_t mount_account, mount_seq;
    bool subscribed; /* mounts: shown in the home */
};

/* ---- accounts ---- */
struct account {
    int64_t id, seq, quota, used_bytes, used_items;
};
enum status account_get(struct tx *tx, int64_t account, struct account *out);
/* Makes the account's row and, with `defaults`, its collections calendar, tasks, notes, contacts. Idempotent. */
enum status tx_account_create(struct tx *tx, int64_t account, bool defaults, struct str lang);
enum status tx_account_quota(struct tx *tx, int64_t account, int64_t quota);
/* Marks for deletion; a sweeper removes the rows in slices. */
enum status tx_account_purge(struct tx *tx, int64_t account);

/* An account is in another database than its principal. The promise is a row of main.db, in the commit that makes the principal;
 * account_make() keeps it, or the next start of the store does: a user who exists has an account. */
struct account_plan {
    bool collections; /* with the default ones */
    int64_t quota;    /* -1: the default */
};
enum status tx_account_promise(struct tx *tx, int64_t account, const struct account_plan *plan, int64_t *job);
/* Blocking, can be repeated: the account, its collections, the mounts of what is shared with it; then `job` is done (0: none). */
enum status account_make(struct store *s, int64_t account, const struct account_plan *plan, int64_t job);

/* Deleting somebody for good takes several databases too. The promise is made in main.db by the commit that says so; account_purge()
 * keeps it, or the next start of the store does. */
enum status tx_purge_promise(struct tx *tx, int64_t account,
                             int64_t *job); /* one that is there already serves */
enum status tx_purge_promised(struct tx *tx, int64_t account, int64_t *job); /* NOT_FOUND: none */
/* Blocking, can be repeated: what he shared, his data, what was granted to him, his addresses; then `job` is done. */
enum status account_purge(struct store *s, int64_t account, int64_t job);

/* ---- finding ---- */
/* By slug in an account's home, own or mounted. NOT_FOUND also when the actor has no right on it at all (others must
 * not learn what exists). With `kind` 0: any of calendar and address book. */
enum status collection_find(struct tx *tx, struct arena *a, const struct actor *actor, int64_t account,
                            enum collection_kind kind, struct str slug, struct collection *out);
enum status collection_get(struct tx *tx, struct arena *a, const struct actor *actor, int64_t id,
                           struct collection *out);

/* All collections of a home that the actor may see, own first, then mounts, each by slug. Array in the arena. */
enum status collection_list(struct tx *tx, struct arena *a, const struct actor *actor, int64_t account,
                            enum collection_kind kind, struct collection **out, size_t *count);

/* Home sync: what changed after `since` in the account's number line: collections whose prop_seq or seq is larger, mounts
 * likewise, and what is gone (slug only). `*mounted` sums the seq of all mounted collections (their changes are numbered in
 * their owners' lines). BAD_TOKEN before the horizon or in the future. */
struct home_change {
    bool gone;
    struct str slug;
    int64_t seq;                  /* its number in the account's line */
    struct collection collection; /* when not gone */
};
enum status home_changes(struct tx *tx, struct arena *a, const struct actor *actor, int64_t account,
                         enum collection_kind kind, int64_t since, struct home_change **out, size_t *count);
enum status home_mount_sum(struct tx *tx, int64_t account, enum collection_kind kind, int64_t *sum);

/* ---- changing (inside a write on the owner's shard) ---- */
struct collection_new {
    int64_t account;
    enum collection_kind kind;
    struct str slug; /* 1..255 bytes, no '/', not a reserved name */
    struct str name; /* display name; STR_NONE: as the slug */
    unsigned comps;  /* 0: VEVENT for calendars */
    struct str timezone;
};
/* EXISTS, DENIED, OVER_QUOTA, TOO_MANY. */
enum status tx_collection_create(struct tx *tx, const struct actor *actor, const struct collection_new *in,
                                 int64_t *id);
/* Marks it gone: at once invisible, its rows are swept later, undelete brings it back. Needs RIGHT_REMOVE. */
enum status tx_collection_delete(struct tx *tx, const struct actor *actor, int64_t id);
/* Another slug in the same account (DAV MOVE of a collection). */
enum status tx_collection_rename(struct tx *tx, const struct actor *actor, int64_t id, struct str slug);
/* STR_NONE leaves a field alone. Needs RIGHT_WRITE. */
enum status tx_collection_update(struct tx *tx, const struct actor *actor, int64_t id, struct str name,
                                 struct str timezone);

/* ---- properties: dead ones and the ones kept for clients ----
 * `target` is a collection, a mount (then they are the grantee's own: colour, order, name), or an account (its homes and
 * principal); `item` 0 or an item of the collection. Values are the inner XML as canonical text. */
struct prop {
    struct str ns, name, value;
};
enum status prop_list(struct tx *tx, struct arena *a, int64_t target, int64_t item, struct prop **out,
                      size_t *count);
enum status prop_get(struct tx *tx, struct arena *a, int64_t target, int64_t item, struct str ns,
                     struct str name, struct str *value);
/* value STR_NONE removes. Takes a number (prop_seq / mount seq / entry seq). Needs RIGHT_WRITE on a collection or item; a mount or
 * account must be the actor's own. TOO_LARGE, TOO_MANY. */
enum status tx_prop_set(struct tx *tx, const struct actor *actor, int64_t target, int64_t item, struct str ns,
                        struct str name, struct str value);

#endif
