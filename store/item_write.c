/* store/item_write.c: putting and deleting items. All inside one closure: judging, numbers, content, derived rows. */
#include "store/rows.h"

/* ---- judging a put ---- */

static enum status judge_kind(const struct coll_row *c, const struct prepared *p)
{
    if (c->kind == KIND_CALENDAR)
        return p->media == MEDIA_CALENDAR && ((unsigned)p->kind & c->comps) ? OK : UNSUPPORTED;
    return c->kind == KIND_ADDRESSBOOK && p->media == MEDIA_VCARD ? OK : UNSUPPORTED;
}

enum status item_uid_free(struct tx *tx, struct arena *a, int64_t collection, struct str obj_uid,
                          int64_t except, struct str *conflict)
{
    *conflict = STR_NONE;
    if (!obj_uid.p)
        return OK;
    SCOPED_STMT(q) =
        DB_QUERY(tx_wdb(tx, collection), "SELECT id, name FROM item WHERE collection = ?1 AND obj_uid = ?2",
                 db_int(collection), db_text(obj_uid));
    enum status st = stmt_row(q);
    if (st != OK || col_int(q, 0) == except)
        return st == NOT_FOUND ? OK : st;
    *conflict = arena_str(a, col_str(q, 1));
    return a->st != OK ? a->st : UID_CONFLICT;
}

/* A resource keeps its UID for life, and no other of the collection has it (RFC 4791 section 5.3.2.1, RFC 6352 section 6.3.2.1
 * no-uid-conflict). Whoever has the UID is named, otherwise the resource itself. */
static enum status judge_uid(struct tx *tx, struct arena *a, const struct coll_row *c, struct str name,
                             const struct item_old *old, struct str old_uid, const struct prepared *p,
                             struct item_put_result *out)
{
    if (old && str_eq(old_uid, p->uid))
        return OK;
    enum status st = item_uid_free(tx, a, c->id, p->uid, 0, &out->conflict);
    if (st != OK || !old)
        return st;
    out->conflict = arena_str(a, name);
    return a->st != OK ? a->st : UID_CONFLICT;
}

/* ---- writing rows ---- */

static enum status create(struct tx *tx, const struct coll_row *c, struct str name, const struct prepared *p,
                          int64_t content, struct item_put_result *out)
{
    struct db *db = tx_wdb(tx, c->id);
    enum status st = tx_new_id(tx, tx->writing, tx->writing, &out->id);
    if (st == OK)
        st = DB_RUN(db,
                    "INSERT INTO item(id, account, collection, uid, content, name, obj_uid, etag, changed) "
                    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                    db_int(out->id), db_int(c->account), db_int(c->id), db_int(c->uidnext), db_int(content),
                    db_text(name), db_text(p->uid), db_blob(str_n(p->hash, SHA256_SIZE)), db_int(tx->now));
    if (st == OK)
        st = DB_RUN(
            db,
            "INSERT INTO entry(collection, uid, item, seq, born, kind, class, flags, kw, size, date, saved) "
            "VALUES(?1, ?2, ?3, ?4, ?4, ?5, ?6, 0, 0, ?7, ?8, ?8)",
            db_int(c->id), db_int(c->uidnext), db_int(out->id), db_int(out->seq), db_int(p->kind),
            db_int(p->class), db_int((int64_t)p->body.n), db_int(tx->now));
    return st;
}

static enum status replace(struct tx *tx, const struct item_old *old, const struct prepared *p,
                           int64_t content, const struct item_put_result *out)
{
    struct db *db = tx_wdb(tx, old->id);
    enum status kept = former_keep(tx, old);
    if (kept != OK && kept != NOT_FOUND)
        return kept;
    enum status st =
        DB_RUN(db, "UPDATE item SET content = ?2, etag = ?3, changed = ?4 WHERE id = ?1", db_int(old->id),
               db_int(content), db_blob(str_n(p->hash, SHA256_SIZE)), db_int(tx->now));
    if (st == OK)
        st = DB_RUN(
            db,
            "UPDATE entry SET seq = ?3, kind = ?4, class = ?5, size = ?6 WHERE collection = ?1 AND uid = ?2",
            db_int(old->collection), db_int(old->uid), db_int(out->seq), db_int(p->kind), db_int(p->class),
            db_int((int64_t)p->body.n));
    if (st == OK && kept == NOT_FOUND)
        st = content_release(tx, old->content);
    return st != OK ? st : derived_remove(tx, old->id);
}

static enum status write_rows(struct tx *tx, const struct coll_row *c, struct str name,
                              const struct item_old *old, const struct prepared *p,
                              struct item_put_result *out)
{
    int64_t content, items = old ? 0 : 1, bytes = (int64_t)p->body.n - (old ? old->size : 0);
    struct content_new fresh = {.hash = p->hash, .body = p->body, .media = p->media, .is_file = p->is_file};
    enum status st = account_charge(tx, c->account, items, bytes, &out->seq);
    if (st == OK)
        st = content_take(tx, &fresh, &content);
    if (st == OK)
        st = old ? replace(tx, old, p, content, out) : create(tx, c, name, p, content, out);
    if (st == OK)
        st = derived_add(tx, c->id, out->id, p);
    return st != OK ? st : coll_touch(tx, c, out->seq, items, items, bytes);
}

static enum status seq_of(struct tx *tx, const struct item_old *old, int64_t *seq)
{
    return DB_GET_INT(tx_wdb(tx, old->id), seq, "SELECT seq FROM entry WHERE collection = ?1 AND uid = ?2",
                      db_int(old->collection), db_int(old->uid));
}

/* RIGHT_PRIVATE is needed to put where one may not look: over a private item, or of one's own making private. */
static enum status judge_rights(const struct coll_row *c, const struct item_old *old)
{
    if (!(c->rights & (old ? RIGHT_CONTENT : RIGHT_INSERT)))
        return DENIED;
    return old && old->class != ICAL_PUBLIC && !(c->rights & RIGHT_PRIVATE) ? DENIED : OK;
}

enum status tx_item_put(struct tx *tx, struct arena *a, const struct actor *actor, int64_t collection,
                        struct str name, const struct prepared *p, struct item_put_result *out)
{
    struct coll_row c;
    struct item_old found, *old = &found;
    struct str old_uid = STR_NONE;
    *out = (struct item_put_result){0};
    memcpy(out->etag, p->hash, SHA256_SIZE);
    enum status st = coll_load(tx, actor, collection, &c);
    if (st != OK)
        return st;
    st = item_old_find(tx, a, collection, name, &found, &old_uid);
    if (st == NOT_FOUND)
        old = NULL;
    else if (st != OK)
        return st;
    if ((st = judge_rights(&c, old)) != OK || (st = judge_kind(&c, p)) != OK)
        return st;
    out->created = !old;
    out->id = old ? old->id : 0;
    if (old && memcmp(old->etag, p->hash, SHA256_SIZE) == 0) {
        out->unchanged = true;
        return seq_of(tx, old, &out->seq);
    }
    st = judge_uid(tx, a, &c, name, old, old_uid, p, out);
    if (st == OK && !old && (size_t)c.total >= tx->store->config.items)
        st = TOO_MANY;
    return st != OK ? st : write_rows(tx, &c, name, old, p, out);
}

/* ---- deleting ---- */

enum status item_bury(struct tx *tx, const struct item_old *old, struct str name, struct str obj_uid,
                      int64_t seq, bool keep)
{
    return DB_RUN(tx_wdb(tx, old->collection),
                  "INSERT INTO tombstone(collection, seq, uid_lo, uid_hi, item, name, born, kind, obj_uid, "
                  "content, at) "
                  "VALUES(?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                  db_int(old->collection), db_int(seq), db_int(old->uid), db_int(old->id), db_text(name),
                  db_int(old->born), db_int(old->kind), db_text(obj_uid),
                  keep ? db_int(old->content) : db_null(), db_int(tx->now));
}

static enum status remove_rows(struct tx *tx, const struct item_old *old)
{
    struct db *db = tx_wdb(tx, old->id);
    enum status st = DB_RUN(db, "DELETE FROM entry WHERE collection = ?1 AND uid = ?2",
                            db_int(old->collection), db_int(old->uid));
    if (st == OK)
        st = DB_RUN(db, "DELETE FROM item WHERE id = ?1", db_int(old->id));
    if (st == OK)
        st = DB_RUN(db, "DELETE FROM prop WHERE target = ?1", db_int(old->id));
    return st != OK ? st : derived_remove(tx, old->id);
}

enum status item_delete_found(struct tx *tx, struct coll_row *c, const struct item_old *old, struct str name,
                              struct str obj_uid)
{
    int64_t seq;
    bool keep = tx->store->config.keep_deleted > 0; /* the tombstone takes the item's reference over */
    enum status st = account_charge(tx, c->account, -1, -old->size, &seq);
    if (st == OK)
        st = remove_rows(tx, old);
    if (st == OK)
        st = item_bury(tx, old, name, obj_uid, seq, keep);
    if (st == OK && !keep)
        st = content_release(tx, old->content);
    return st != OK ? st : coll_touch(tx, c, seq, 0, -1, -old->size);
}

enum status tx_item_delete(struct tx *tx, const struct actor *actor, int64_t collection, struct str name)
{
    struct coll_row c;
    struct item_old old = {0};
    struct str obj_uid = STR_NONE;
    SCOPED_ARENA(a, 1 << 20);
    enum status st = coll_load(tx, actor, collection, &c);
    if (st == OK)
        st = item_old_find(tx, &a, collection, name, &old, &obj_uid);
    if (st == OK && !(c.rights & RIGHT_DELETE))
        st = DENIED;
    return st != OK ? st : item_delete_found(tx, &c, &old, name, obj_uid);
}
