/* store/check.c: is the store sound? The rules that the schema and the invariants imply, as a table of statements that find the rows
 * which break one; then the bytes against their hashes; then what is derived against a fresh computation. */
#include "store/blob.h"
#include "store/doctor.h"
#include "store/rows.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { ITEM_ARENA = 64 << 20, SHARES_ARENA = 256 << 20 };

struct check {
    struct store *s;
    struct tx *tx;
    bool deep;
    doctor_fn fn;
    void *ctx;
    size_t *findings;
    char file[16]; /* the database in hand; "": several */
};

struct rule {
    const char *what;
    const char *sql; /* one column: where */
};

static const struct rule shard_rules[] = {
    {"an entry without its item", DB_SCAN
     "SELECT 'collection ' || e.collection || ' uid ' || e.uid FROM entry e LEFT JOIN item i ON i.id = e.item"
     " WHERE i.id IS NULL OR i.collection <> e.collection OR i.uid <> e.uid"},
    {"an item without its entry", DB_SCAN
     "SELECT 'item ' || i.id FROM item i LEFT JOIN entry e ON e.collection = i.collection AND e.uid = i.uid"
     " WHERE e.item IS NULL OR e.item <> i.id"},
    {"an item outside its account's collections",
     DB_SCAN "SELECT 'item ' || i.id FROM item i LEFT JOIN collection c ON c.id = i.collection"
             " WHERE c.id IS NULL OR c.account <> i.account"},
    {"a collection without account", DB_SCAN "SELECT 'collection ' || c.id FROM collection c LEFT JOIN "
                                             "account a ON a.id = c.account WHERE a.id IS NULL"},
    {"an item without content",
     DB_SCAN "SELECT 'item ' || i.id FROM item i LEFT JOIN content c ON c.id = i.content WHERE c.id IS NULL"},
    {"a kept deletion without content", DB_SCAN
     "SELECT 'collection ' || t.collection || ' number ' || t.seq FROM tombstone t LEFT JOIN content c"
     " ON c.id = t.content WHERE t.content IS NOT NULL AND c.id IS NULL"},
    {"a wrong count of references",
     DB_SCAN "SELECT 'content ' || c.id FROM content c WHERE c.refs <> (SELECT count(*) FROM item i WHERE "
             "i.content = c.id)"
             " + (SELECT count(*) FROM tombstone t WHERE t.content = c.id AND t.content IS NOT NULL)"
             " + (SELECT count(*) FROM former f WHERE f.content = c.id)"
             " + (SELECT count(*) FROM queue q WHERE q.content = c.id)"},
    {"a former text without content",
     DB_SCAN "SELECT 'item ' || f.item || ' number ' || f.seq FROM former f LEFT JOIN content c"
             " ON c.id = f.content WHERE c.id IS NULL"},
    {"a body that is missing or of another length",
     DB_SCAN "SELECT 'content ' || c.id FROM content c LEFT JOIN body b ON b.content = c.id"
             " WHERE c.blob = 0 AND (b.content IS NULL OR length(b.data) <> c.size)"},
    {"a body without content",
     DB_SCAN "SELECT 'content ' || b.content FROM body b LEFT JOIN content c ON c.id = b.content"
             " WHERE c.id IS NULL OR c.blob <> 0"},
    {"an ETag that is not of the bytes",
     DB_SCAN "SELECT 'item ' || i.id FROM item i JOIN content c ON c.id = i.content"
             " WHERE i.prefix IS NULL AND i.etag <> c.hash"},
    {"a wrong size",
     DB_SCAN "SELECT 'item ' || i.id FROM item i JOIN content c ON c.id = i.content JOIN entry e"
             " ON e.collection = i.collection AND e.uid = i.uid WHERE e.size <> c.size + "
             "coalesce(length(i.prefix), 0)"},
    {"wrong totals of a collection",
     DB_SCAN "SELECT 'collection ' || c.id FROM collection c WHERE c.gone = 0 AND"
             " (c.total, c.bytes) <> (SELECT count(*), coalesce(sum(e.size), 0) FROM entry e WHERE "
             "e.collection = c.id)"},
    {"a UID that was not given out yet",
     DB_SCAN "SELECT 'collection ' || c.id FROM collection c WHERE"
             " c.uidnext <= (SELECT max(e.uid) FROM entry e WHERE e.collection = c.id) OR"
             " c.uidnext <= (SELECT max(t.uid_hi) FROM tombstone t WHERE t.collection = c.id)"},
    {"a collection behind its own changes",
     DB_SCAN "SELECT 'collection ' || c.id FROM collection c WHERE c.horizon > c.seq OR"
             " c.seq < (SELECT max(e.seq) FROM entry e WHERE e.collection = c.id) OR"
             " c.seq < (SELECT max(t.seq) FROM tombstone t WHERE t.collection = c.id)"},
    {"an account behind its own changes",
     DB_SCAN "SELECT 'collection ' || c.id FROM collection c JOIN account a ON a.id = c.account"
             " WHERE c.seq > a.seq OR c.prop_seq > a.seq OR c.floor_seq > a.seq"},
    {"an account behind its own shares", DB_SCAN "SELECT 'mount ' || m.id FROM mount m LEFT JOIN account a "
                                                 "ON a.id = m.account WHERE a.id IS NULL OR m.seq > a.seq"},
    {"a number that was taken twice",
     DB_SCAN "SELECT 'collection ' || e.collection || ' number ' || e.seq FROM entry e JOIN tombstone t"
             " ON t.collection = e.collection AND t.seq = e.seq"},
    {"an item that is older than itself",
     DB_SCAN "SELECT 'collection ' || e.collection || ' uid ' || e.uid FROM entry e WHERE e.born > e.seq"},
    {"wrong use of an account", DB_SCAN
     "SELECT 'account ' || a.id FROM account a WHERE a.deleted = 0 AND (a.used_items, a.used_bytes) <>"
     " (SELECT coalesce(sum(c.total), 0), coalesce(sum(c.bytes), 0) FROM collection c"
     " WHERE c.account = a.id AND c.gone = 0)"},
    {"a grant on nothing",
     DB_SCAN "SELECT 'collection ' || g.collection FROM acl g LEFT JOIN collection c ON c.id = g.collection"
             " WHERE c.id IS NULL"},
    {"a property of nothing", DB_SCAN
     "SELECT 'target ' || p.target FROM prop p WHERE NOT EXISTS(SELECT 1 FROM item WHERE id = p.target) AND"
     " NOT EXISTS(SELECT 1 FROM collection WHERE id = p.target) AND"
     " NOT EXISTS(SELECT 1 FROM mount WHERE id = p.target) AND"
     " NOT EXISTS(SELECT 1 FROM account WHERE id = p.target)"},
    {"an id that was not given out yet",
     DB_SCAN "SELECT k.name FROM (SELECT 'collection' AS name, max(id) AS top FROM collection UNION ALL"
             " SELECT 'item', max(id) FROM item UNION ALL SELECT 'mount', max(id) FROM mount UNION ALL"
             " SELECT 'queue', max(id) FROM queue) k"
             " WHERE k.top / 64 >= (SELECT next FROM counter WHERE name = 'id')"},
    {"an occurrence of nothing",
     DB_SCAN "SELECT 'item ' || o.item FROM occ o LEFT JOIN item i ON i.id = o.item"
             " WHERE i.id IS NULL OR i.collection <> o.collection"},
    {"a search field of nothing",
     DB_SCAN "SELECT 'item ' || f.item FROM field f LEFT JOIN item i ON i.id = f.item"
             " WHERE i.id IS NULL OR i.collection <> f.collection"},
    {"a time span of nothing",
     DB_SCAN "SELECT 'item ' || s.item FROM span s LEFT JOIN item i ON i.id = s.item WHERE i.id IS NULL"},
    {"a calendar object without its time span",
     DB_SCAN "SELECT 'item ' || i.id FROM item i JOIN collection c ON c.id = i.collection LEFT JOIN span s "
             "ON s.item = "
             "i.id WHERE c.kind = 2 AND s.item IS NULL"},
    {"wrong counters of a mailbox", DB_SCAN
     "SELECT 'collection ' || c.id FROM collection c WHERE c.gone = 0 AND c.kind = 1 AND"
     " (c.unseen, c.deleted_n, c.deleted_bytes) <> (SELECT count(*) FILTER (WHERE e.flags & 1 = 0),"
     " count(*) FILTER (WHERE e.flags & 8 <> 0), coalesce(sum(e.size) FILTER (WHERE e.flags & 8 <> 0), 0)"
     " FROM entry e WHERE e.collection = c.id)"},
    {"a mailbox below none",
     DB_SCAN "SELECT 'collection ' || c.id FROM collection c LEFT JOIN collection p ON p.id = c.parent"
             " WHERE c.parent <> 0 AND c.gone = 0 AND (p.id IS NULL OR p.gone > 0 OR p.kind <> 1 OR"
             " p.account <> c.account)"},
    {"a keyword of no mailbox", DB_SCAN
     "SELECT 'collection ' || k.collection FROM keyword k LEFT JOIN collection c ON c.id = k.collection"
     " WHERE c.id IS NULL"},
    {"a message with a keyword without name", DB_SCAN
     "SELECT 'collection ' || e.collection || ' uid ' || e.uid FROM entry e WHERE e.kw <> 0 AND e.kw &"
     " ~(SELECT coalesce(sum(1 << k.bit), 0) FROM keyword k WHERE k.collection = e.collection) <> 0"},
    {"who has seen a message that is not there",
     DB_SCAN "SELECT 'collection ' || u.collection || ' uid ' || u.uid FROM user_state u LEFT JOIN entry e"
             " ON e.collection = u.collection AND e.uid = u.uid WHERE e.item IS NULL"},
    {"a wrong count of seen messages",
     DB_SCAN "SELECT 'collection ' || n.collection || ' principal ' || n.principal FROM user_count n WHERE"
             " n.seen <> (SELECT count(*) FROM user_state u WHERE u.collection = n.collection AND"
             " u.principal = n.principal AND u.flags & 1 <> 0)"},
    {"seen messages that are not counted",
     DB_SCAN "SELECT DISTINCT 'collection ' || u.collection || ' principal ' || u.principal FROM user_state u"
             " LEFT JOIN user_count n ON n.collection = u.collection AND n.principal = u.principal"
             " WHERE u.flags & 1 <> 0 AND n.seen IS NULL"},
    {"a message without its key", DB_SCAN
     "SELECT 'item ' || i.id FROM item i JOIN collection c ON c.id = i.collection LEFT JOIN mail_key k"
     " ON k.content = i.content WHERE c.kind = 1 AND k.content IS NULL"},
    {"a key of no message",
     DB_SCAN "SELECT 'content ' || k.content FROM mail_key k LEFT JOIN content c ON c.id = k.content"
             " WHERE c.id IS NULL"},
    {"a subscription of nobody",
     DB_SCAN "SELECT 'account ' || s.account FROM subscription s LEFT JOIN account a ON a.id = s.account"
             " WHERE a.id IS NULL"},
    {"a queued message without content", DB_SCAN
     "SELECT 'queue ' || q.id FROM queue q LEFT JOIN content c ON c.id = q.content WHERE c.id IS NULL"},
    {"a queued message to nobody", DB_SCAN
     "SELECT 'queue ' || q.id FROM queue q WHERE NOT EXISTS(SELECT 1 FROM rcpt r WHERE r.queue = q.id)"},
    {"a recipient of no queued message",
     DB_SCAN "SELECT 'queue ' || r.queue FROM rcpt r LEFT JOIN queue q ON q.id = r.queue WHERE q.id IS NULL"},
};

static const struct rule main_rules[] = {
    {"an address of nobody", DB_SCAN
     "SELECT a.address FROM address a LEFT JOIN principal p ON p.id = a.principal WHERE p.id IS NULL"},
    {"a principal without primary address",
     DB_SCAN "SELECT 'principal ' || p.id FROM principal p WHERE p.kind < 5 AND p.state <> 3 AND"
             " (SELECT count(*) FROM address a WHERE a.principal = p.id AND a.kind = 1) <> 1"},
    {"a principal that is not where its number says",
     DB_SCAN "SELECT 'principal ' || id FROM principal WHERE (id & 63) <> 32 + shard"},
    {"a credential of nobody", DB_SCAN "SELECT 'credential ' || c.id FROM credential c LEFT JOIN principal p "
                                       "ON p.id = c.principal WHERE p.id IS NULL"},
    {"an encrypted password of no app password",
     DB_SCAN "SELECT 'credential ' || s.id FROM credential s WHERE s.kind = 4 AND NOT EXISTS(SELECT 1 FROM "
             "credential c"
             " WHERE c.principal = s.principal AND c.kind = 3 AND printf('%016X', c.id) = hex(substr(s.data, "
             "1, 8)))"},
    {"a member that is nobody", DB_SCAN
     "SELECT 'group ' || m.grp FROM member m WHERE NOT EXISTS(SELECT 1 FROM principal WHERE id = m.grp) OR"
     " NOT EXISTS(SELECT 1 FROM principal WHERE id = m.member)"},
    {"an id that was not given out yet",
     DB_SCAN "SELECT k.name FROM (SELECT 'principal' AS name, max(id) AS top FROM principal UNION ALL"
             " SELECT 'credential', max(id) FROM credential) k"
             " WHERE k.top / 64 >= (SELECT next FROM counter WHERE name = 'id')"},
};

static void found(struct check *c, const char *what, struct str where)
{
    SCOPED_BUF(text, 512);
    buf_addf(&text, "%s%s%.*s", c->file, *c->file ? ": " : "", STR_ARG(str_slice(where, 0, 400)));
    ++*c->findings;
    if (c->fn)
        c->fn(c->ctx, str_c(what), buf_view(&text));
}

static enum status check_rule(struct check *c, int slot, const struct rule *rule)
{
    SCOPED_STMT(q) = db_query(tx_db_slot(c->tx, slot), rule->sql, NULL, 0);
    enum status st;
    while ((st = stmt_row(q)) == OK)
        found(c, rule->what, col_str(q, 0));
    return st == NOT_FOUND ? OK : st;
}

/* SQLite's own: pages, trees, and every index against its table. */
static enum status check_pages(struct check *c, int slot)
{
    const char *sql = c->deep ? "PRAGMA integrity_check(20)" : "PRAGMA quick_check(20)";
    SCOPED_STMT(q) = db_query(tx_db_slot(c->tx, slot), sql, NULL, 0);
    enum status st;
    while ((st = stmt_row(q)) == OK)
        if (!str_eq(col_str(q, 0), STR("ok")))
            found(c, "a damaged database", col_str(q, 0));
    return st == NOT_FOUND ? OK : st;
}

/* ---- between databases ---- */
/* As administrators know him. */
static void name_user(struct tx *tx, struct buf *out, int64_t id)
{
    SCOPED_STMT(q) = DB_QUERY(tx_db_slot(tx, SLOT_MAIN),
                              "SELECT address FROM address WHERE principal = ?1 AND kind = 1", db_int(id));
    if (stmt_row(q) == OK)
        buf_add(out, col_str(q, 0));
    else
        buf_addf(out, "principal %lld", (long long)id);
}

static void name_collection(struct tx *tx, struct buf *out, int64_t id)
{
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, id), "SELECT account, slug FROM collection WHERE id = ?1", db_int(id));
    if (stmt_row(q) != OK) {
        buf_addf(out, "collection %lld", (long long)id);
        return;
    }
    name_user(tx, out, col_int(q, 0));
    buf_addf(out, "/%.*s", STR_ARG(col_str(q, 1)));
}

/* In a transaction of its own, which reads main.db first: who is in it without a job has had his account by then. */
static enum status check_users(struct check *c)
{
    SCOPED_ARENA(a, SHARES_ARENA);
    SCOPED_READ(tx, c->s);
    int64_t *ids = NULL;
    size_t count = 0;
    enum status st = tx ? users_unfinished(tx, &a, &ids, &count) : E_MEMORY;
    c->file[0] = 0;
    for (size_t i = 0; i < count && st == OK; i++) {
        SCOPED_BUF(where, 512);
        name_user(tx, &where, ids[i]);
        found(c, "a user without account", buf_view(&where));
    }
    return st;
}

static void see_mount(void *ctx, const char *what, int64_t account, int64_t collection)
{
    struct check *c = ctx;
    SCOPED_BUF(where, 1024);
    name_collection(c->tx, &where, collection);
    buf_addz(&where, " for ");
    name_user(c->tx, &where, account);
    found(c, what, buf_view(&where));
}

static enum status check_mounts(struct check *c)
{
    SCOPED_ARENA(a, SHARES_ARENA);
    int64_t *ids = NULL;
    size_t count = 0;
    enum status st = shared_collections(c->tx, &a, &ids, &count);
    for (size_t i = 0; i < count && st == OK; i++)
        st = mounts_compare(c->s, ids[i], see_mount, c);
    return st;
}

static enum status check_owners(struct check *c, int slot)
{
    SCOPED_STMT(q) = db_query(tx_db_slot(c->tx, slot),
                              DB_SCAN "SELECT id FROM account UNION SELECT principal FROM acl", NULL, 0);
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        int64_t there;
        SCOPED_BUF(where, 64);
        buf_addf(&where, "principal %lld", (long long)col_int(q, 0));
        st = DB_GET_INT(tx_db_slot(c->tx, SLOT_MAIN), &there, "SELECT id FROM principal WHERE id = ?1",
                        db_int(col_int(q, 0)));
        if (st == NOT_FOUND)
            found(c, "an account or grant of nobody", buf_view(&where));
        else if (st != OK)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}

/* ---- bytes ---- */
static const char *judge_body(struct check *c, const unsigned char *hash, int64_t size, bool blob,
                              struct buf *body)
{
    unsigned char real[SHA256_SIZE];
    char name[BLOB_NAME_SIZE];
    struct stat info;
    if (blob) {
        blob_name(name, hash);
        if (fstatat(blobs_fd(c->s), name, &info, AT_SYMLINK_NOFOLLOW) != 0 || info.st_size != size)
            return "a body's file that is missing or of another length";
        if (c->deep && blob_read(c->s, hash, (size_t)size, body) != OK)
            return "a body's file that cannot be read";
    }
    sha256(buf_view(body), real);
    return c->deep && memcmp(real, hash, SHA256_SIZE) != 0 ? "a body whose bytes have changed" : NULL;
}

static enum status check_bodies(struct check *c, int slot)
{
    SCOPED_STMT(q) = DB_QUERY(tx_db_slot(c->tx, slot),
                              DB_SCAN "SELECT c.id, c.hash, c.size, c.blob, CASE WHEN ?1 THEN b.data END"
                                      " FROM content c LEFT JOIN body b ON b.content = c.id",
                              db_int(c->deep));
    enum status st;
    SCOPED_BUF(body, (size_t)1 << 30);
    while ((st = stmt_row(q)) == OK) {
        struct str hash = col_str(q, 1);
        SCOPED_BUF(where, 64);
        buf_addf(&where, "content %lld", (long long)col_int(q, 0));
        buf_clear(&body);
        buf_add(&body, col_str(q, 4));
        const char *what = hash.n != SHA256_SIZE ? "a content whose hash is none"
                                                 : judge_body(c, (const unsigned char *)hash.p, col_int(q, 2),
                                                              col_int(q, 3) != 0, &body);
        if (what)
            found(c, what, buf_view(&where));
    }
    return st == NOT_FOUND ? OK : st;
}

/* ---- what is derived ---- */
static enum status count_of(struct check *c, int slot, const char *sql, int64_t item, int64_t *n)
{
    return db_get_int(tx_db_slot(c->tx, slot), sql, (const struct db_value[]){db_int(item)}, 1, n);
}

/* What recurs is expanded as of the day it was stored: its rows are not compared, its span is. */
static enum status compare_derived(struct check *c, int slot, int64_t item, const struct prepared *p,
                                   const char **what)
{
    int64_t occ = 0, fields = 0, same = 0;
    enum status st = count_of(c, slot, "SELECT count(*) FROM occ WHERE item = ?1", item, &occ);
    if (st == OK)
        st = count_of(c, slot, "SELECT count(*) FROM field WHERE item = ?1", item, &fields);
    if (st == OK && p->media == MEDIA_CALENDAR)
        st = DB_GET_INT(
            tx_db_slot(c->tx, slot), &same,
            "SELECT count(*) FROM span WHERE item = ?1 AND recurs = ?2 AND first = ?3 AND (?2 OR last = ?4)",
            db_int(item), db_int(p->recurs), db_int(p->first), db_int(p->last));
    if (st != OK)
        return st;
    if (p->media == MEDIA_CALENDAR && same != 1)
        *what = "a time span that is not the object's";
    else if (!p->recurs && (size_t)occ != p->occ_count)
        *what = "occurrences that are not the object's";
    else if ((size_t)fields != p->field_count)
        *what = "search fields that are not the card's";
    return OK;
}

static enum status check_derived_item(struct check *c, int slot, struct arena *a, struct stmt *q)
{
    struct prepared p;
    struct item item = {.id = col_int(q, 0), .content = col_int(q, 1)};
    struct str body;
    const char *what = NULL;
    enum status st = item_body_arena(c->tx, a, &item, &body);
    if (st != OK)
        return st == E_MEMORY ? st : OK; /* a missing body has been reported */
    st = prepare_derived(c->s, a, media_of((enum collection_kind)col_int(q, 2)), body, &p);
    if (st > OK) {
        what = "an object that this version would not take";
    } else if (st == OK) {
        if (!str_eq(p.uid, col_str(q, 3)) || p.kind != (int)col_int(q, 4) || p.class != (int)col_int(q, 5))
            what = "a UID, kind or class that is not the object's";
        else
            st = compare_derived(c, slot, item.id, &p, &what);
    }
    SCOPED_BUF(where, 64);
    buf_addf(&where, "item %lld", (long long)item.id);
    if (what)
        found(c, what, buf_view(&where));
    return st < 0 ? st : OK;
}

static enum status check_derived(struct check *c, int slot)
{
    SCOPED_ARENA(a, ITEM_ARENA);
    SCOPED_STMT(q) = db_query(tx_db_slot(c->tx, slot),
                              DB_SCAN "SELECT i.id, i.content, c.kind, i.obj_uid, e.kind, e.class FROM item i"
                                      " JOIN entry e ON e.collection = i.collection AND e.uid = i.uid"
                                      " JOIN collection c ON c.id = i.collection WHERE c.kind IN (2, 3)",
                              NULL, 0);
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        arena_reset(&a);
        st = check_derived_item(c, slot, &a, q);
        if (st != OK)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}

static enum status check_slot(struct check *c, int slot)
{
    const struct rule *rules = slot == SLOT_MAIN ? main_rules : shard_rules;
    size_t count = slot == SLOT_MAIN ? COUNT_OF(main_rules) : COUNT_OF(shard_rules);
    slot_file(c->file, slot);
    enum status st = check_pages(c, slot);
    for (size_t i = 0; i < count && st == OK; i++)
        st = check_rule(c, slot, &rules[i]);
    if (slot == SLOT_MAIN || st != OK)
        return st;
    st = check_owners(c, slot);
    if (st == OK)
        st = check_bodies(c, slot);
    return st == OK && c->deep ? check_derived(c, slot) : st;
}

enum status store_check(struct store *s, bool deep, doctor_fn fn, void *ctx, size_t *findings)
{
    struct check c = {.s = s, .deep = deep, .fn = fn, .ctx = ctx, .findings = findings};
    *findings = 0;
    c.tx = store_read(s);
    if (!c.tx)
        return E_MEMORY;
    enum status st = OK;
    for (int slot = 0; slot < s->shards && st == OK; slot++)
        st = check_slot(&c, slot);
    if (st == OK)
        st = check_slot(&c, SLOT_MAIN);
    if (st == OK)
        st = check_users(&c);
    if (st == OK)
        st = check_mounts(&c);
    store_read_end(c.tx);
    return st;
}
