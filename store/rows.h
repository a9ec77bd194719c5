/* store/rows.h: what the files about collections and items share inside store/: rows read for judging, and the small
 * steps that every change is made of. Callers outside store/ use collection.h and item.h. */
#ifndef SCAMBIO_STORE_ROWS_H
#define SCAMBIO_STORE_ROWS_H

#include "store/internal.h"
#include "store/item.h"
#include "store/mount.h"

/* ---- rights.c ---- */
/* Rights on a collection whose owner is known. */
enum status rights_judge(struct tx *tx, const struct actor *actor, int64_t collection, int64_t owner,
                         unsigned *rights);
static inline bool actor_is(const struct actor *actor, int64_t account)
{
    return actor->system || actor->id == account;
}
/* May he change what only the account's owner may? */
static inline bool actor_owns(const struct actor *actor, int64_t account)
{
    return actor_is(actor, account) && !actor->read_only;
}

/* ---- collection.c ---- */
struct coll_row { /* what judging a change needs */
    int64_t id, account, uidnext, total, seq, horizon;
    int kind;
    unsigned comps, rights;
};
/* NOT_FOUND: gone, or the actor has no right at all. */
enum status coll_load(struct tx *tx, const struct actor *actor, int64_t id, struct coll_row *out);
/* The same, and DENIED when one of `needed` is missing. */
enum status coll_load_for(struct tx *tx, const struct actor *actor, int64_t id, unsigned needed,
                          struct coll_row *out);

/* The collection behind a mount, with the mount's slug and name. */
enum status collection_of_mount(struct tx *tx, struct arena *a, const struct actor *actor,
                                const struct mount *m, struct collection *out);

/* ---- collection_write.c ---- */
/* Something in it changed: its new number, and what was added. */
enum status coll_touch(struct tx *tx, const struct coll_row *c, int64_t seq, int64_t uids, int64_t items,
                       int64_t bytes);
/* It changed itself. */
enum status coll_touch_self(struct tx *tx, int64_t id, int64_t seq);
/* Is the slug free in the home: OK or EXISTS. */
enum status slug_free(struct tx *tx, int64_t account, int kind, struct str slug);
/* A name left the home. */
enum status home_tombstone(struct tx *tx, int64_t account, int64_t seq, int64_t what, int kind,
                           struct str slug, int64_t born);

/* ---- numbers.c ---- */
/* Takes a number and adds to what the account uses; OVER_QUOTA when it grows past its quota. */
enum status account_charge(struct tx *tx, int64_t account, int64_t items, int64_t bytes, int64_t *seq);
/* The second half alone. */
enum status account_use(struct tx *tx, int64_t account, int64_t items, int64_t bytes);

/* ---- item_row.c ---- */
/* The columns of struct item, in the order that item_row() takes them; and where they come from. */
#define ITEM_COLUMNS                                                                                         \
    "i.id, i.collection, i.uid, i.name, i.obj_uid, e.kind, e.class, i.etag, e.size, e.seq, e.date, "         \
    "i.changed, i.content"
#define ITEM_JOIN "item i JOIN entry e ON e.collection = i.collection AND e.uid = i.uid"
enum { ITEM_COLUMN_COUNT = 13 };
void item_row(struct stmt *q, struct item *out);           /* views of the row */
enum status item_copy(struct arena *a, struct item *item); /* views into the arena */
enum status item_one(struct arena *a, struct stmt *q,
                     struct item *out); /* the first row; arena NULL: views */

struct item_old { /* an item as the writing functions need it */
    int64_t id, collection, uid, content, born, size, date;
    int kind, class;
    unsigned char etag[SHA256_SIZE];
};
enum status item_old_find(struct tx *tx, struct arena *a, int64_t collection, struct str name,
                          struct item_old *out, struct str *obj_uid);
/* Calls fn for each row of a statement whose columns are ITEM_COLUMNS and, with `bodies`, the text behind them. */
enum status item_walk(struct tx *tx, struct stmt *q, bool bodies, item_fn fn, void *ctx);

/* ---- former.c ---- */
/* The text is about to be overwritten: kept where a device holds it (the reference is taken over). NOT_FOUND: it is not kept. */
enum status former_keep(struct tx *tx, const struct item_old *old);
/* All that is kept of an item that goes for good. */
enum status former_drop(struct tx *tx, int64_t item);

/* ---- item_write.c ---- */
/* UID_CONFLICT with the name of the item (other than `except`) that has the UID. */
enum status item_uid_free(struct tx *tx, struct arena *a, int64_t collection, struct str obj_uid,
                          int64_t except, struct str *conflict);
/* The tombstone of what left under that name; with `keep` it takes over the reference on the content. */
enum status item_bury(struct tx *tx, const struct item_old *old, struct str name, struct str obj_uid,
                      int64_t seq, bool keep);
enum status item_delete_found(struct tx *tx, struct coll_row *c, const struct item_old *old, struct str name,
                              struct str obj_uid);

/* ---- content.c ---- */
struct content_new {
    const unsigned char *hash;
    struct str body;
    enum media media;
    bool is_file;
    struct str mime; /* messages: what mime_pack wrote */
};
/* Finds or makes the content with these bytes, one reference more. */
enum status content_take(struct tx *tx, const struct content_new *in, int64_t *content);
enum status content_ref(struct tx *tx, int64_t content);
enum status content_release(struct tx *tx, int64_t content);

/* What a collection holds. (A content's own media is that of who had the bytes first.) */
static inline enum media media_of(enum collection_kind kind)
{
    return kind == KIND_MAIL ? MEDIA_MESSAGE : kind == KIND_CALENDAR ? MEDIA_CALENDAR : MEDIA_VCARD;
}

/* ---- derived.c: occ, span, field ---- */
enum status derived_add(struct tx *tx, int64_t collection, int64_t item, const struct prepared *p);
enum status derived_remove(struct tx *tx, int64_t item);
/* The rows of `item`, for `copy` in `collection` (the same item when it moves). */
enum status derived_move(struct tx *tx, int64_t item, int64_t collection);
enum status derived_copy(struct tx *tx, int64_t item, int64_t copy, int64_t collection);

/* ---- xop.c ---- */
enum xop {
    XOP_RECONCILE = 1, /* the mounts of a collection follow its grants */
    XOP_MOVE = 2,
    XOP_MOUNT = 3,
    XOP_ACCOUNT = 4, /* in main.db: a new user's account is to be made */
    XOP_MEND = 5,    /* in main.db: accounts and mounts follow who exists, all of them (store/mend.c) */
    XOP_PURGE = 6,   /* in main.db: somebody is being deleted for good (store/purge.c) */
    XOP_CARRY = 7,   /* messages go into another shard (store/message_carry.c) … */
    XOP_CARRIED = 8, /* … and have arrived there */
};
/* A row that says what is still to be done after this commit. `id` may be NULL. */
enum status tx_xop_add(struct tx *tx, enum xop op, int64_t subject, struct str data, int64_t *id);
enum status tx_xop_remove(struct tx *tx, int64_t id);
/* The mounts of the collection follow soon after this commit, in the background. */
enum status tx_reconcile_later(struct tx *tx, int64_t collection);
/* Removes the row in a write of its own. */
enum status xop_remove(struct store *s, int64_t id);

/* ---- mend.c ---- */
/* Finishes what a row of op XOP_ACCOUNT says. */
enum status account_keep_promise(struct store *s, int64_t account, struct str data, int64_t job);
/* Accounts for users who have none, then mounts as grants want them. */
enum status store_mend(struct store *s);
/* The users that have no account, and for whom none is being made. Reads main.db first, so that it can run beside writers. */
enum status users_unfinished(struct tx *tx, struct arena *a, int64_t **out, size_t *count);
/* All collections with grants or mounts, ascending. */
enum status shared_collections(struct tx *tx, struct arena *a, int64_t **out, size_t *count);

/* ---- item_move_end.c ---- */
/* What the xop row of a move between shards remembers. */
enum status move_note(struct buf *out, const struct item *item, int64_t to, struct str new_name);
/* Deletes what has arrived elsewhere, and the row. PRECONDITION: it was changed meanwhile. OK when it is gone already. */
enum status move_leave(struct tx *tx, struct arena *a, int64_t from, const struct item *item, int64_t xop);
/* After a crash: finishes the move when the item has arrived, forgets it otherwise. */
enum status xop_move_recover(struct store *s, int64_t id, int64_t from, struct str data);

/* ---- message_carry.c ---- */
/* After a crash: finishes the move when the messages have arrived, forgets it otherwise. */
enum status xop_carry_recover(struct store *s, int64_t id, int64_t from, struct str data);
/* The other shard's row, whose use is over when the first one is gone. */
enum status xop_carried_recover(struct store *s, int64_t id, int64_t source);

/* ---- mount_promise.c ---- */
enum status xop_mount_recover(struct store *s, int64_t id, struct str data);

#endif
