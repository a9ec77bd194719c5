/* store/purge.c: somebody is deleted for good: shares, data, grants and name, in several databases, one commit each. A row of op XOP_PURGE
 * stands in main.db from the first commit to the last, so that what is cut off in between is finished by the next start.
 *
 * The order: what he shared goes from the homes of others while the grants still say whose; then his data; then what was granted to him; his
 * addresses last, so that a command can name him until everything is gone. Every step can be repeated. */
#include "store/mount.h"
#include "store/principal.h"
#include "store/rights.h"
#include "store/rows.h"

enum { PURGE_ARENA = 64 << 20, STEP_BYTES = 4096 };

enum status tx_purge_promised(struct tx *tx, int64_t account, int64_t *job)
{
    return DB_GET_INT(tx_db_slot(tx, SLOT_MAIN), job,
                      DB_SCAN "SELECT id FROM xop WHERE op = ?1 AND subject = ?2", db_int(XOP_PURGE),
                      db_int(account));
}

enum status tx_purge_promise(struct tx *tx, int64_t account, int64_t *job)
{
    enum status st = tx_purge_promised(tx, account, job);
    return st == NOT_FOUND ? tx_xop_add(tx, XOP_PURGE, account, STR_NONE, job) : st;
}

static enum status withdraw_shares(struct store *s, int64_t account)
{
    SCOPED_ARENA(a, PURGE_ARENA);
    struct collection *list = NULL;
    size_t count = 0;
    enum status st;
    {
        SCOPED_READ(tx, s);
        st = tx ? collection_list(tx, &a, &actor_system, account, 0, &list, &count) : E_MEMORY;
    }
    for (size_t i = 0; st == OK && i < count; i++) {
        if (list[i].mount)
            continue;
        st = acl_share(s, &actor_system, list[i].id, NULL, 0);
        st = st == NOT_FOUND ? OK : st; /* deleted meanwhile */
    }
    return st == NOT_FOUND ? OK : st;
}

struct purging {
    struct write w;
    int64_t account, job;
};

static enum status data_run(struct write *w, struct tx *tx)
{
    enum status st = tx_account_purge(tx, CONTAINER_OF(w, struct purging, w)->account);
    return st == NOT_FOUND ? OK : st; /* an earlier try came that far */
}

static enum status name_run(struct write *w, struct tx *tx)
{
    const struct purging *p = CONTAINER_OF(w, struct purging, w);
    enum status st = tx_principal_delete(tx, p->account);
    return st == OK || st == NOT_FOUND ? tx_xop_remove(tx, p->job) : st;
}

enum status account_purge(struct store *s, int64_t account, int64_t job)
{
    struct purging data = {.w = {.run = data_run, .account = account, .bytes = STEP_BYTES},
                           .account = account};
    struct purging name = {
        .w = {.run = name_run, .account = STORE_MAIN, .bytes = STEP_BYTES}, .account = account, .job = job};
    enum status st = withdraw_shares(s, account);
    if (st == OK)
        st = store_run(s, &data.w);
    if (st == OK)
        st = grants_forget(s, account);
    return st == OK ? store_run(s, &name.w) : st;
}
