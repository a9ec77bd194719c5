/* store/rebuild.c: drops and recomputes what is derived: occurrences, spans, search fields from the bodies; counters from the rows; and what users
 * need beside their rows (store/mend.c). In writes of bounded size, while the store serves. */
#include "store/doctor.h"
#include "store/rows.h"

enum { PAGE = 500, CONTENTS = 2000 };

struct rebuild {
    struct store *s;
    struct tx *tx;
    struct arena arena;
    int64_t account, done, total;
    void (*progress)(void *ctx, int64_t done, int64_t total);
    void *ctx;
};

struct recount {
    struct write w;
    int64_t account, from, until;
};

/* ---- counters ---- */
static enum status mailbox_recount(struct tx *tx, int64_t account)
{
    static const char *const steps[] = {
        "UPDATE collection SET (unseen, deleted_n, deleted_bytes) = (SELECT count(*) FILTER (WHERE e.flags & "
        "1 = 0),"
        " count(*) FILTER (WHERE e.flags & 8 <> 0), coalesce(sum(e.size) FILTER (WHERE e.flags & 8 <> 0), 0)"
        " FROM entry e WHERE e.collection = collection.id) WHERE account = ?1 AND kind = 1",
        "DELETE FROM user_state WHERE collection IN (SELECT id FROM collection WHERE account = ?1 AND kind = "
        "1)"
        " AND NOT EXISTS(SELECT 1 FROM entry e WHERE e.collection = user_state.collection AND"
        " e.uid = user_state.uid)",
        "DELETE FROM user_count WHERE collection IN (SELECT id FROM collection WHERE account = ?1 AND kind = "
        "1)",
        "INSERT INTO user_count(collection, principal, seen) SELECT u.collection, u.principal, count(*)"
        " FROM collection c JOIN user_state u ON u.collection = c.id WHERE c.account = ?1 AND c.kind = 1 AND"
        " u.flags & 1 <> 0 GROUP BY u.collection, u.principal",
    };
    enum status st = OK;
    for (size_t i = 0; i < COUNT_OF(steps) && st == OK; i++)
        st = db_run(tx_wdb(tx, account), steps[i], (const struct db_value[]){db_int(account)}, 1);
    return st;
}

static enum status run_totals(struct write *w, struct tx *tx)
{
    struct recount *r = CONTAINER_OF(w, struct recount, w);
    struct db *db = tx_wdb(tx, r->account);
    enum status st = DB_RUN(
        db,
        "UPDATE collection SET total = (SELECT count(*) FROM entry e WHERE e.collection = id),"
        " bytes = (SELECT coalesce(sum(e.size), 0) FROM entry e WHERE e.collection = id) WHERE account = ?1",
        db_int(r->account));
    if (st == OK)
        st = mailbox_recount(tx, r->account);
    if (st == OK)
        st = tx_settle(tx);
    if (st != OK)
        return st;
    return DB_RUN(db,
                  "UPDATE account SET (used_items, used_bytes) = (SELECT coalesce(sum(total), 0), "
                  "coalesce(sum(bytes), 0)"
                  " FROM collection WHERE account = ?1 AND gone = 0) WHERE id = ?1",
                  db_int(r->account));
}

static enum status run_refs(struct write *w, struct tx *tx)
{
    struct recount *r = CONTAINER_OF(w, struct recount, w);
    return DB_RUN(
        tx_wdb(tx, r->w.account),
        "UPDATE content SET refs = (SELECT count(*) FROM item i WHERE i.content = content.id) +"
        " (SELECT count(*) FROM tombstone t WHERE t.content = content.id AND t.content IS NOT NULL) +"
        " (SELECT count(*) FROM former f WHERE f.content = content.id) +"
        " (SELECT count(*) FROM queue q WHERE q.content = content.id)"
        " WHERE id > ?1 AND id <= ?2",
        db_int(r->from), db_int(r->until));
}

/* Rows of items that are no more. */
static enum status run_orphans(struct write *w, struct tx *tx)
{
    static const char *const steps[] = {
        DB_SCAN "DELETE FROM occ WHERE NOT EXISTS(SELECT 1 FROM item i WHERE i.id = occ.item AND "
                "i.collection = occ.collection)",
        DB_SCAN "DELETE FROM field WHERE NOT EXISTS(SELECT 1 FROM item i WHERE i.id = field.item"
                " AND i.collection = field.collection)",
        DB_SCAN "DELETE FROM span WHERE NOT EXISTS(SELECT 1 FROM item i WHERE i.id = span.item)",
        DB_SCAN
        "DELETE FROM body WHERE NOT EXISTS(SELECT 1 FROM content c WHERE c.id = body.content AND c.blob = 0)",
        DB_SCAN "DELETE FROM content WHERE refs = 0",
        DB_SCAN
        "DELETE FROM mail_key WHERE NOT EXISTS(SELECT 1 FROM content c WHERE c.id = mail_key.content)",
    };
    enum status st = OK;
    for (size_t i = 0; i < COUNT_OF(steps) && st == OK; i++)
        st = db_run(tx_wdb(tx, w->account), steps[i], NULL, 0);
    return st;
}

static enum status rebuild_refs(struct rebuild *r, int slot)
{
    int64_t top = 0, id = 0;
    enum status st = DB_GET_INT(tx_db_slot(r->tx, slot), &top, "SELECT coalesce(max(id), 0) FROM content");
    store_read_end(r->tx);
    r->tx = NULL;
    for (; id < top && st == OK; id += CONTENTS * 64) {
        struct recount c = {.w = {.run = run_refs, .account = slot}, .from = id, .until = id + CONTENTS * 64};
        st = store_run(r->s, &c.w);
    }
    struct write orphans = {.run = run_orphans, .account = slot};
    return st == OK ? store_run(r->s, &orphans) : st;
}

/* ---- items ---- */
/* The next ids after `*last`, read to the end before anything is written. */
static enum status next_page(struct rebuild *r, int slot, int64_t *last, int64_t ids[PAGE], size_t *count)
{
    SCOPED_READ(tx, r->s);
    *count = 0;
    if (!tx)
        return E_MEMORY;
    SCOPED_STMT(q) = DB_QUERY(
        tx_db_slot(tx, slot),
        "SELECT id, account FROM item WHERE id > ?1 AND (?2 = 0 OR account = ?2) ORDER BY id LIMIT 500",
        db_int(*last), db_int(r->account));
    enum status st = OK;
    while (*count < PAGE && (st = stmt_row(q)) == OK)
        ids[(*count)++] = *last = col_int(q, 0);
    return st == NOT_FOUND ? OK : st;
}

static enum status rebuild_items(struct rebuild *r, int slot)
{
    int64_t ids[PAGE], last = 0;
    size_t count;
    enum status st;
    do {
        st = next_page(r, slot, &last, ids, &count);
        for (size_t i = 0; i < count && st >= OK; i++)
            st = derive_again(r->s, &r->arena, ids[i]);
        r->done += (int64_t)count;
        if (r->progress)
            r->progress(r->ctx, r->done, r->total);
    } while (st >= OK && count == PAGE);
    return st > OK ? OK : st; /* an object that is not taken any more stays as it is: store_check names it */
}

static enum status rebuild_totals(struct rebuild *r, int slot)
{
    SCOPED_ARENA(a, 64 << 20);
    size_t count = 0, cap = 0;
    int64_t *ids = NULL;
    SCOPED_STMT(q) = DB_QUERY(tx_db_slot(r->tx, slot),
                              DB_SCAN "SELECT id FROM account WHERE ?1 = 0 OR id = ?1", db_int(r->account));
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        ids = arena_grow(&a, ids, count, &cap, count + 1, sizeof *ids);
        if (!ids)
            return a.st;
        ids[count++] = col_int(q, 0);
    }
    st = st == NOT_FOUND ? OK : st;
    for (size_t i = 0; i < count && st == OK; i++) {
        struct recount c = {.w = {.run = run_totals, .account = ids[i]}, .account = ids[i]};
        st = store_run(r->s, &c.w);
    }
    return st;
}

static enum status rebuild_slot(struct rebuild *r, int slot)
{
    int64_t items = 0;
    r->tx = store_read(r->s);
    if (!r->tx)
        return E_MEMORY;
    enum status st = DB_GET_INT(tx_db_slot(r->tx, slot), &items, DB_SCAN "SELECT count(*) FROM item");
    r->total += items;
    if (st == OK)
        st = rebuild_totals(r, slot);
    if (st == OK)
        st = rebuild_refs(r, slot);
    store_read_end(r->tx);
    return st == OK ? rebuild_items(r, slot) : st;
}

enum status store_rebuild(struct store *s, int64_t account,
                          void (*progress)(void *ctx, int64_t done, int64_t total), void *ctx)
{
    struct rebuild r = {
        .s = s, .account = account, .progress = progress, .ctx = ctx, .arena = ARENA_INIT(64 << 20)};
    enum status st = OK;
    pthread_mutex_lock(&s->sweep);
    for (int slot = 0; slot < s->shards && st == OK; slot++)
        if (account == 0 || slot == slot_of_id(account))
            st = rebuild_slot(&r, slot);
    pthread_mutex_unlock(&s->sweep);
    arena_free(&r.arena);
    if (st == OK)
        st = account == 0 ? store_mend(s) : mounts_reconcile_account(s, account);
    return st;
}
