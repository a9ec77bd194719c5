/* store/schema.c: makes and migrates the databases: the scripts of schemas/, each in one transaction with its
 * number. */
#include "core/clock.h"
#include "schemas/embed.h"
#include "store/internal.h"
#include "store/rights.h"

struct script {
    int64_t version;
    const char *sql;
};

/* Ascending. A change of the schema is a new file and a row here; what has been released is never edited. */
static const struct script main_scripts[] = {
    {1, schema_main_sql}, {2, schema_main_002_sql}, {3, schema_main_003_sql}};
static const struct script shard_scripts[] = {
    {1, schema_shard_sql}, {2, schema_shard_002_sql}, {3, schema_shard_003_sql}, {4, schema_shard_004_sql}};

static enum status version_of(struct db *db, int64_t *version)
{
    int64_t tables;
    *version = 0;
    enum status st =
        DB_GET_INT(db, &tables,
                   "SELECT count(*) FROM sqlite_master " DB_SCAN "WHERE type = 'table' AND name = 'setting'");
    if (st != OK || tables == 0)
        return st;
    st = DB_GET_INT(db, version, "SELECT CAST(value AS INTEGER) FROM setting WHERE key = 'schema'");
    return st == NOT_FOUND ? E_CORRUPT : st;
}

static enum status set(struct db *db, struct str key, struct str value)
{
    return DB_RUN(db,
                  "INSERT INTO setting(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value = "
                  "excluded.value",
                  db_text(key), db_text(value));
}

static enum status set_int(struct db *db, struct str key, int64_t value)
{
    SCOPED_BUF(text, 32);
    buf_i64(&text, value);
    return set(db, key, buf_view(&text));
}

static void random_hex(struct buf *out)
{
    unsigned char bytes[8];
    random_bytes(bytes, sizeof bytes);
    buf_hex(out, str_n(bytes, sizeof bytes));
}

/* The facts that a new database carries from its first commit on. */
static enum status first_settings(struct store *s, int slot, struct db *db)
{
    SCOPED_BUF(hex, 64);
    random_hex(&hex);
    if (slot == 0) {
        enum status st = DB_RUN(
            db,
            "INSERT INTO account(id, seq, horizon, quota, used_bytes, used_items, indexed_seq, deleted) "
            "VALUES(?1, 0, 0, 0, 0, 0, 0, 0)",
            db_int(PRINCIPAL_SYSTEM));
        if (st != OK)
            return st;
    }
    if (slot != SLOT_MAIN)
        return set_int(db, STR("shard"), slot);
    enum status st = set(db, STR("store"), buf_view(&hex));
    buf_clear(&hex);
    random_hex(&hex);
    if (st == OK)
        st = set(db, STR("epoch"), buf_view(&hex));
    return st != OK ? st : set_int(db, STR("shards"), s->config.shards);
}

static enum status apply(struct store *s, int slot, struct db *db, const struct script *script)
{
    enum status st = DB_RUN(db, "BEGIN IMMEDIATE");
    if (st == OK)
        st = db_script(db, script->sql);
    if (st == OK && script->version == 1)
        st = first_settings(s, slot, db);
    if (st == OK)
        st = set_int(db, STR("schema"), script->version);
    if (st == OK)
        st = DB_RUN(db, "COMMIT");
    if (st != OK && db_in_transaction(db))
        (void)DB_RUN(db, "ROLLBACK");
    return st;
}

enum status schema_prepare(struct store *s, int slot, struct db *db, struct buf *why)
{
    const struct script *scripts = slot == SLOT_MAIN ? main_scripts : shard_scripts;
    size_t count = slot == SLOT_MAIN ? COUNT_OF(main_scripts) : COUNT_OF(shard_scripts);
    char name[16];
    int64_t version;
    slot_file(name, slot);
    enum status st = version_of(db, &version);
    if (st == OK && version > scripts[count - 1].version) {
        buf_addf(why, "%s: made by a newer version of this program: install that one", name);
        return E_UNAVAILABLE;
    }
    for (size_t i = 0; i < count && st == OK; i++)
        if (scripts[i].version > version)
            st = apply(s, slot, db, &scripts[i]);
    if (st != OK)
        buf_addf(why, "%s: schema: %s", name, status_text(st));
    return st;
}
