/* store/mend.c: what a user needs in several databases: his account, and the mounts of what is shared with him. Made after the
 * principal, by a job that outlives a crash; and made good when it is found to be missing (restore, doctor). */
#include "store/principal.h"
#include "store/rows.h"

enum { MEND_ARENA = 256 << 20, ACCOUNT_BYTES = 4096 };

/* ---- accounts ---- */

static void plan_write(struct buf *out, const struct account_plan *plan)
{
    buf_addc(out, plan->collections ? 'c' : '-');
    buf_i64(out, plan->quota);
}

static bool plan_read(struct str text, struct account_plan *out)
{
    out->collections = text.n > 0 && text.p[0] == 'c';
    return text.n > 1 && str_i64(str_from(text, 1), &out->quota);
}

enum status tx_account_promise(struct tx *tx, int64_t account, const struct account_plan *plan, int64_t *job)
{
    SCOPED_BUF(data, 64);
    plan_write(&data, plan);
    return tx_xop_add(tx, XOP_ACCOUNT, account, buf_view(&data), job);
}

struct making {
    struct write w;
    int64_t account;
    const struct account_plan *plan;
    struct str lang;
};

static enum status making_run(struct write *w, struct tx *tx)
{
    const struct making *m = CONTAINER_OF(w, struct making, w);
    enum status st = tx_account_create(tx, m->account, m->plan->collections, m->lang);
    if (st == OK && m->plan->quota >= 0)
        st = tx_account_quota(tx, m->account, m->plan->quota);
    return st;
}

/* NOT_FOUND: he was deleted meanwhile. */
static enum status find_lang(struct store *s, struct arena *a, int64_t account, struct str *lang)
{
    SCOPED_READ(tx, s);
    struct principal p;
    enum status st = tx ? principal_get(tx, a, account, &p) : E_MEMORY;
    if (st == OK && p.state == PRINCIPAL_DELETED)
        return NOT_FOUND;
    *lang = st == OK && p.lang.p ? p.lang : STR("en");
    return st;
}

static enum status make(struct store *s, int64_t account, const struct account_plan *plan)
{
    SCOPED_ARENA(a, 1 << 20);
    struct making m = {.w = {.run = making_run, .account = account, .bytes = ACCOUNT_BYTES},
                       .account = account,
                       .plan = plan};
    enum status st = find_lang(s, &a, account, &m.lang);
    if (st == OK)
        st = store_run(s, &m.w);
    return st == OK ? mounts_reconcile_account(s, account) : st;
}

enum status account_make(struct store *s, int64_t account, const struct account_plan *plan, int64_t job)
{
    enum status st = make(s, account, plan);
    return st == OK && job ? xop_remove(s, job) : st;
}

enum status account_keep_promise(struct store *s, int64_t account, struct str data, int64_t job)
{
    struct account_plan plan;
    if (!plan_read(data, &plan))
        return E_CORRUPT;
    enum status st = make(s, account, &plan);
    return st == OK || st == NOT_FOUND ? xop_remove(s, job) : st;
}

/* ---- mounts ---- */

enum status tx_mounts_due(struct tx *tx, int64_t *job)
{
    return tx_xop_add(tx, XOP_MEND, 0, STR_NONE, job);
}

enum status mounts_settled(struct store *s, int64_t job)
{
    return xop_remove(s, job);
}

static enum status numbers(struct stmt *q, struct arena *a, int64_t **out, size_t *count, size_t *cap)
{
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        int64_t *grown = arena_grow(a, *out, *count, cap, *count + 1, sizeof **out);
        if (!grown)
            return a->st;
        *out = grown;
        grown[(*count)++] = col_int(q, 0);
    }
    return st == NOT_FOUND ? OK : st;
}

static int by_number(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

enum status shared_collections(struct tx *tx, struct arena *a, int64_t **out, size_t *count)
{
    size_t cap = 0, kept = 0;
    enum status st = OK;
    *out = NULL;
    *count = 0;
    for (int slot = 0; slot < tx->store->shards && st == OK; slot++) {
        SCOPED_STMT(q) = DB_QUERY(tx_db_slot(tx, slot),
                                  DB_SCAN "SELECT collection FROM acl UNION SELECT collection FROM mount");
        st = numbers(q, a, out, count, &cap);
    }
    if (*count > 1)
        qsort(*out, *count, sizeof **out, by_number);
    for (size_t i = 0; i < *count; i++)
        if (kept == 0 || (*out)[kept - 1] != (*out)[i])
            (*out)[kept++] = (*out)[i];
    *count = kept;
    return st;
}

static enum status read_shared(struct store *s, struct arena *a, int64_t **out, size_t *count)
{
    SCOPED_READ(tx, s);
    return tx ? shared_collections(tx, a, out, count) : E_MEMORY;
}

enum status mounts_reconcile_all(struct store *s)
{
    SCOPED_ARENA(a, MEND_ARENA);
    int64_t *ids = NULL;
    size_t count = 0;
    enum status st = read_shared(s, &a, &ids, &count);
    for (size_t i = 0; i < count && st == OK; i++)
        st = mounts_reconcile(s, ids[i]);
    return st;
}

/* ---- both ---- */

enum status users_unfinished(struct tx *tx, struct arena *a, int64_t **out, size_t *count)
{
    size_t cap = 0, kept = 0;
    *out = NULL;
    *count = 0;
    SCOPED_STMT(q) = DB_QUERY(tx_db_slot(tx, SLOT_MAIN),
                              DB_SCAN "SELECT p.id FROM principal p WHERE p.kind = ?1 AND p.state <> ?2 AND"
                                      " NOT EXISTS(SELECT 1 FROM xop x WHERE x.op = ?3 AND x.subject = p.id)",
                              db_int(PRINCIPAL_USER), db_int(PRINCIPAL_DELETED), db_int(XOP_ACCOUNT));
    enum status st = numbers(q, a, out, count, &cap);
    for (size_t i = 0; i < *count && st == OK; i++) {
        int64_t there;
        st = DB_GET_INT(tx_db(tx, (*out)[i]), &there, "SELECT id FROM account WHERE id = ?1",
                        db_int((*out)[i]));
        if (st == NOT_FOUND) {
            (*out)[kept++] = (*out)[i];
            st = OK;
        }
    }
    *count = kept;
    return st;
}

static enum status read_unfinished(struct store *s, struct arena *a, int64_t **out, size_t *count)
{
    SCOPED_READ(tx, s);
    return tx ? users_unfinished(tx, a, out, count) : E_MEMORY;
}

enum status store_mend(struct store *s)
{
    static const struct account_plan usual = {.collections = true, .quota = -1};
    SCOPED_ARENA(a, MEND_ARENA);
    int64_t *ids = NULL;
    size_t count = 0;
    enum status st = read_unfinished(s, &a, &ids, &count);
    for (size_t i = 0; i < count && st == OK; i++) {
        st = account_make(s, ids[i], &usual, 0);
        st = st == NOT_FOUND ? OK : st;
    }
    return st == OK ? mounts_reconcile_all(s) : st;
}
