/* store/principal.c: who exists: principals, their addresses, and who is a member of which group. Rows of
 * main.db. */
#include "store/principal.h"

#include "core/fold.h"
#include "store/internal.h"

enum { GROUPS_MAX = 4096 };

#define COLUMNS                                                                                              \
    "p.id, p.kind, p.source, p.ext_id, p.name, p.state, p.shard, p.lang,"                                    \
    "(SELECT a.address FROM address a WHERE a.principal = p.id AND a.kind = 1)"

static struct db *reading(struct tx *tx)
{
    return tx_db(tx, STORE_MAIN);
}

static struct db *writing(struct tx *tx)
{
    return tx_wdb(tx, STORE_MAIN);
}

/* The row as views that end with the next one. */
static struct principal row_of(struct stmt *q)
{
    return (struct principal){
        .id = col_int(q, 0),
        .kind = (enum principal_kind)col_int(q, 1),
        .source = col_str(q, 2),
        .ext_id = col_str(q, 3),
        .name = col_str(q, 4),
        .state = (enum principal_state)col_int(q, 5),
        .shard = (int)col_int(q, 6),
        .lang = col_str(q, 7),
        .address = col_str(q, 8),
    };
}

static enum status keep_row(struct stmt *q, struct arena *a, struct principal *out)
{
    enum status st = stmt_row(q);
    if (st != OK)
        return st;
    *out = row_of(q);
    struct str *const views[] = {&out->source, &out->ext_id, &out->name, &out->lang, &out->address, NULL};
    for (struct str *const *view = views; *view; view++)
        if ((*view)->p)
            **view = arena_str(a, **view);
    return a->st;
}

/* ---- principals ---- */
enum status principal_get(struct tx *tx, struct arena *a, int64_t id, struct principal *out)
{
    SCOPED_STMT(q) = DB_QUERY(reading(tx), "SELECT " COLUMNS " FROM principal p WHERE p.id = ?1", db_int(id));
    return keep_row(q, a, out);
}

enum status principal_by_ext(struct tx *tx, struct arena *a, struct str source, struct str ext_id,
                             struct principal *out)
{
    SCOPED_STMT(q) =
        DB_QUERY(reading(tx), "SELECT " COLUMNS " FROM principal p WHERE p.source = ?1 AND p.ext_id = ?2",
                 db_text(source), db_blob(ext_id));
    return keep_row(q, a, out);
}

static enum status address_owner(struct db *db, struct str address, int64_t *principal,
                                 enum address_kind *kind)
{
    SCOPED_STMT(q) = DB_QUERY(db, "SELECT principal, kind FROM address WHERE address = ?1", db_text(address));
    enum status st = stmt_row(q);
    if (st == OK) {
        *principal = col_int(q, 0);
        *kind = (enum address_kind)col_int(q, 1);
    }
    return st;
}

enum status principal_by_address(struct tx *tx, struct arena *a, struct str address, struct principal *out,
                                 enum address_kind *kind)
{
    SCOPED_STMT(q) =
        DB_QUERY(reading(tx),
                 "SELECT " COLUMNS ", s.kind FROM address s JOIN principal p ON p.id = s.principal"
                 " WHERE s.address = ?1",
                 db_text(address));
    enum status st = keep_row(q, a, out);
    if (kind)
        *kind = st == OK ? (enum address_kind)col_int(q, 9) : ADDRESS_PRIMARY;
    return st;
}

/* `deleted`: with those whose data is kept. */
static enum status each(struct tx *tx, bool deleted, principal_fn fn, void *ctx)
{
    SCOPED_STMT(q) =
        DB_QUERY(reading(tx),
                 DB_SCAN "SELECT " COLUMNS " FROM address s JOIN principal p ON p.id = s.principal"
                         " WHERE s.kind = 1 AND (p.state <> 3 OR ?1) ORDER BY s.address",
                 db_int(deleted));
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        struct principal p = row_of(q);
        st = fn(ctx, &p);
        if (st != OK)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}

enum status principal_each(struct tx *tx, principal_fn fn, void *ctx)
{
    return each(tx, false, fn, ctx);
}

enum status principal_each_kept(struct tx *tx, principal_fn fn, void *ctx)
{
    return each(tx, true, fn, ctx);
}

struct search {
    struct str text;
    size_t left;
    principal_fn fn;
    void *ctx;
    struct buf fold;
};

static bool contains(struct search *s, struct str value)
{
    buf_clear(&s->fold);
    fold_unicode(&s->fold, value);
    return str_find(buf_view(&s->fold), s->text, 0) != SIZE_MAX;
}

static enum status search_one(void *ctx, const struct principal *p)
{
    struct search *s = ctx;
    if (!contains(s, p->name) && !contains(s, p->address))
        return OK;
    if (s->left-- == 0)
        return TRUNCATED;
    return s->fn(s->ctx, p);
}

enum status principal_search(struct tx *tx, struct str text, size_t limit, principal_fn fn, void *ctx)
{
    struct search s = {.text = text, .left = limit, .fn = fn, .ctx = ctx, .fold = BUF_INIT(1 << 16)};
    enum status st = principal_each(tx, search_one, &s);
    buf_free(&s.fold);
    return st;
}

/* ---- addresses ---- */
/* Gives the address to a principal. A retired one is taken from whoever had it. */
static enum status address_take(struct tx *tx, int64_t id, struct str address, enum address_kind kind)
{
    int64_t owner = 0;
    enum address_kind owned = ADDRESS_RETIRED;
    enum status st = address_owner(writing(tx), address, &owner, &owned);
    if (st < 0)
        return st;
    if (st == OK && owner != id && owned != ADDRESS_RETIRED)
        return EXISTS;
    return DB_RUN(writing(tx),
                  "INSERT INTO address(address, principal, kind) VALUES(?1, ?2, ?3)"
                  " ON CONFLICT(address) DO UPDATE SET principal = ?2, kind = ?3",
                  db_text(address), db_int(id), db_int(kind));
}

enum status principal_addresses(struct tx *tx, struct arena *a, int64_t id, struct principal_address **out,
                                size_t *count)
{
    SCOPED_STMT(q) =
        DB_QUERY(reading(tx), "SELECT address, kind FROM address WHERE principal = ?1 ORDER BY kind, address",
                 db_int(id));
    size_t cap = 0;
    enum status st;
    *out = NULL;
    *count = 0;
    while ((st = stmt_row(q)) == OK) {
        *out = arena_grow(a, *out, *count, &cap, *count + 1, sizeof **out);
        if (!*out)
            return a->st;
        (*out)[(*count)++] =
            (struct principal_address){arena_str(a, col_str(q, 0)), (enum address_kind)col_int(q, 1)};
    }
    return st == NOT_FOUND ? a->st : st;
}

enum status tx_address_add(struct tx *tx, int64_t id, struct str address, enum address_kind kind)
{
    int64_t owner = 0;
    enum address_kind owned = ADDRESS_RETIRED;
    enum status st = address_owner(writing(tx), address, &owner, &owned);
    if (st == OK && owner == id && owned == ADDRESS_PRIMARY && kind != ADDRESS_PRIMARY)
        return EXISTS; /* a principal is never without its primary address */
    return st < 0 ? st : address_take(tx, id, address, kind);
}

enum status tx_address_remove(struct tx *tx, struct str address)
{
    int64_t owner = 0;
    enum address_kind kind = ADDRESS_RETIRED;
    enum status st = address_owner(writing(tx), address, &owner, &kind);
    if (st != OK)
        return st;
    if (kind == ADDRESS_PRIMARY)
        return PROTECTED;
    return DB_RUN(writing(tx), "DELETE FROM address WHERE address = ?1", db_text(address));
}

/* ---- changing principals ---- */
enum status tx_principal_create(struct tx *tx, struct principal *p)
{
    int64_t id;
    enum status st = tx_new_id(tx, SLOT_MAIN, 0, &id);
    if (st != OK)
        return st;
    p->shard = (int)(id / 64 % tx_store(tx)->shards); /* in turn */
    p->id = id + 32 + p->shard;
    SCOPED_BUF(text, 24);
    buf_i64(&text, p->id);
    struct str ext_id = p->ext_id.p ? p->ext_id : buf_view(&text);
    st = DB_RUN(writing(tx),
                "INSERT INTO principal(id, kind, source, ext_id, name, state, shard, lang)"
                " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                db_int(p->id), db_int(p->kind), db_text(p->source.p ? p->source : STR("local")),
                db_blob(ext_id), db_text(p->name), db_int(p->state ? p->state : PRINCIPAL_ACTIVE),
                db_int(p->shard), db_text(p->lang));
    return st == OK && p->address.p ? address_take(tx, p->id, p->address, ADDRESS_PRIMARY) : st;
}

enum status tx_principal_update(struct tx *tx, int64_t id, struct str name, enum principal_state state,
                                struct str lang)
{
    int64_t found;
    return DB_GET_INT(writing(tx), &found,
                      "UPDATE principal SET name = coalesce(?2, name), lang = coalesce(?4, lang),"
                      " state = CASE ?3 WHEN 0 THEN state ELSE ?3 END WHERE id = ?1 RETURNING id",
                      db_int(id), db_text(name), db_int(state), db_text(lang));
}

enum status tx_principal_rename(struct tx *tx, int64_t id, struct str new_address)
{
    int64_t found;
    enum status st = DB_GET_INT(writing(tx), &found, "SELECT id FROM principal WHERE id = ?1", db_int(id));
    if (st == OK)
        st = DB_RUN(writing(tx), "UPDATE address SET kind = 3 WHERE principal = ?1 AND kind = 1", db_int(id));
    return st == OK ? address_take(tx, id, new_address, ADDRESS_PRIMARY) : st;
}

/* The row stays, so that its number is never given again and its data can still be told apart. */
enum status tx_principal_delete(struct tx *tx, int64_t id)
{
    enum status st = tx_principal_update(tx, id, STR_NONE, PRINCIPAL_DELETED, STR_NONE);
    if (st == OK)
        st = DB_RUN(writing(tx), "UPDATE address SET kind = 3 WHERE principal = ?1", db_int(id));
    if (st == OK)
        st = DB_RUN(writing(tx), "DELETE FROM credential WHERE principal = ?1", db_int(id));
    if (st == OK)
        st = DB_RUN(writing(tx), "DELETE FROM member WHERE grp = ?1", db_int(id));
    if (st == OK)
        st = DB_RUN(writing(tx), "DELETE FROM member WHERE member = ?1", db_int(id));
    return st == OK ? DB_RUN(writing(tx), "DELETE FROM outside_member WHERE grp = ?1", db_int(id)) : st;
}

/* ---- members ---- */
static enum status numbers(struct stmt *q, struct arena *a, int64_t **out, size_t *count)
{
    size_t cap = 0;
    enum status st;
    *out = NULL;
    *count = 0;
    while ((st = stmt_row(q)) == OK) {
        *out = arena_grow(a, *out, *count, &cap, *count + 1, sizeof **out);
        if (!*out)
            return a->st;
        (*out)[(*count)++] = col_int(q, 0);
    }
    return st == NOT_FOUND ? OK : st;
}

enum status member_list(struct tx *tx, struct arena *a, int64_t group, int64_t **out, size_t *count)
{
    SCOPED_STMT(q) =
        DB_QUERY(reading(tx), "SELECT member FROM member WHERE grp = ?1 ORDER BY member", db_int(group));
    return numbers(q, a, out, count);
}

/* UNION (not ALL) drops what was seen: a cycle ends by itself. */
enum status groups_of(struct tx *tx, struct arena *a, int64_t principal, int64_t **out, size_t *count)
{
    SCOPED_STMT(q) =
        DB_QUERY(reading(tx),
                 DB_SCAN "WITH RECURSIVE up(id) AS (SELECT grp FROM member WHERE member = ?1 UNION"
                         " SELECT m.grp FROM up JOIN member m ON m.member = up.id)"
                         " SELECT id FROM up WHERE id <> ?1 LIMIT ?2",
                 db_int(principal), db_int(GROUPS_MAX));
    return numbers(q, a, out, count);
}

enum status outside_members(struct tx *tx, struct arena *a, int64_t group, struct str **out, size_t *count)
{
    SCOPED_STMT(q) = DB_QUERY(
        reading(tx), "SELECT address FROM outside_member WHERE grp = ?1 ORDER BY address", db_int(group));
    size_t cap = 0;
    enum status st;
    *out = NULL;
    *count = 0;
    while ((st = stmt_row(q)) == OK) {
        *out = arena_grow(a, *out, *count, &cap, *count + 1, sizeof **out);
        if (!*out)
            return a->st;
        (*out)[(*count)++] = arena_str(a, col_str(q, 0));
    }
    return st == NOT_FOUND ? a->st : st;
}

enum status tx_outside_member_set(struct tx *tx, int64_t group, struct str address, bool in)
{
    if (!in)
        return DB_RUN(writing(tx), "DELETE FROM outside_member WHERE grp = ?1 AND address = ?2",
                      db_int(group), db_text(address));
    return DB_RUN(writing(tx), "INSERT OR IGNORE INTO outside_member(grp, address) VALUES(?1, ?2)",
                  db_int(group), db_text(address));
}

enum status principal_first_user(struct tx *tx, struct arena *a, struct principal *out)
{
    SCOPED_STMT(q) = DB_QUERY(reading(tx),
                              DB_SCAN "SELECT " COLUMNS " FROM principal p WHERE p.kind = ?1 AND p.state = ?2"
                                      " ORDER BY p.id LIMIT 1",
                              db_int(PRINCIPAL_USER), db_int(PRINCIPAL_ACTIVE));
    return keep_row(q, a, out);
}

enum status tx_member_set(struct tx *tx, int64_t group, int64_t member, bool in)
{
    if (!in)
        return DB_RUN(writing(tx), "DELETE FROM member WHERE grp = ?1 AND member = ?2", db_int(group),
                      db_int(member));
    return DB_RUN(writing(tx), "INSERT OR IGNORE INTO member(grp, member) VALUES(?1, ?2)", db_int(group),
                  db_int(member));
}
