/* store/account.c: accounts: their row, what they use, and their first collections. */
#include "store/rows.h"

enum status account_get(struct tx *tx, int64_t account, struct account *out)
{
    enum status st = tx_settle(tx);
    if (st != OK)
        return st;
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, account),
                 "SELECT seq, quota, used_bytes, used_items FROM account WHERE id = ?1 AND deleted = 0",
                 db_int(account));
    st = stmt_row(q);
    if (st == OK)
        *out = (struct account){account, col_int(q, 0), col_int(q, 1), col_int(q, 2), col_int(q, 3)};
    return st;
}

/* ---- creation ---- */

struct first_collection {
    enum collection_kind kind;
    unsigned comps;
    struct str slug, english, italian;
};

static const struct first_collection first_collections[] = {
    {KIND_CALENDAR, ICAL_VEVENT, STR_INIT("calendar"), STR_INIT("Calendar"), STR_INIT("Calendario")},
    {KIND_CALENDAR, ICAL_VTODO, STR_INIT("tasks"), STR_INIT("Tasks"), STR_INIT("Attività")},
    {KIND_CALENDAR, ICAL_VJOURNAL, STR_INIT("notes"), STR_INIT("Notes"), STR_INIT("Note")},
    {KIND_ADDRESSBOOK, 0, STR_INIT("contacts"), STR_INIT("Contacts"), STR_INIT("Contatti")},
};

enum status tx_account_create(struct tx *tx, int64_t account, bool defaults, struct str lang)
{
    bool italian = str_casestarts(lang, STR("it"));
    enum status st =
        DB_RUN(tx_wdb(tx, account),
               "INSERT INTO account(id, seq, horizon, quota, used_bytes, used_items, indexed_seq, deleted) "
               "VALUES(?1, 0, 0, ?2, 0, 0, 0, 0) ON CONFLICT(id) DO NOTHING",
               db_int(account), db_int(tx->store->config.default_quota));
    for (size_t i = 0; i < COUNT_OF(first_collections) && defaults && st == OK; i++) {
        const struct first_collection *f = &first_collections[i];
        struct collection_new in = {
            .account = account,
            .kind = f->kind,
            .slug = f->slug,
            .comps = f->comps,
            .name = italian ? f->italian : f->english,
        };
        int64_t id;
        st = tx_collection_create(tx, &actor_system, &in, &id);
        st = st == EXISTS ? OK : st;
    }
    return st;
}

enum status tx_account_quota(struct tx *tx, int64_t account, int64_t quota)
{
    int64_t id;
    enum status st = tx_settle(tx);
    return st == OK ? DB_GET_INT(tx_wdb(tx, account), &id,
                                 "UPDATE account SET quota = ?2 WHERE id = ?1 AND deleted = 0 RETURNING id",
                                 db_int(account), db_int(quota))
                    : st;
}

/* ---- removal ---- */

/* Its collections' grantees must lose their mounts. */
static enum status unshare_all(struct tx *tx, int64_t account)
{
    SCOPED_STMT(q) =
        DB_QUERY(tx_wdb(tx, account), "SELECT id FROM collection WHERE account = ?1", db_int(account));
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        enum status added = tx_reconcile_later(tx, col_int(q, 0));
        if (added != OK)
            return added;
    }
    return st == NOT_FOUND ? OK : st;
}

enum status tx_account_purge(struct tx *tx, int64_t account)
{
    int64_t id;
    struct db *db = tx_wdb(tx, account);
    enum status st = tx_settle(tx);
    if (st == OK)
        st = DB_GET_INT(db, &id, "UPDATE account SET deleted = ?2 WHERE id = ?1 AND deleted = 0 RETURNING id",
                        db_int(account), db_int(tx->now));
    if (st == OK)
        st = unshare_all(tx, account);
    if (st == OK)
        st = DB_RUN(db, "UPDATE collection SET gone = ?2 WHERE account = ?1 AND gone = 0", db_int(account),
                    db_int(tx->now));
    return st;
}
