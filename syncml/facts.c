/* syncml/facts.c: which stored object an item of the device is. It is found by LUID, by UID, and where sets are compared (slow sync) or
 * Adds of ours wait for their Map, by content. Only then is it a new one. */
#include "syncml/facts.h"

enum status looks_other(struct turn *t, const struct change *c, const struct facts *f, struct str body,
                        bool *other)
{
    struct str out;
    unsigned char hash[16];
    *other = true;
    enum status st =
        content_export(t->work, &f->settings, content_media(c->type), body, f->row.recur_id, c->type, &out);
    if (st == OK)
        st = content_hash(t->work, &f->settings, c->type, out, hash);
    if (st == OK)
        *other = memcmp(hash, f->row.hash, sizeof hash) != 0;
    return st < 0 ? st : OK;
}

enum status facts_base(struct turn *t, struct tx *tx, const struct change *c, struct facts *f)
{
    struct str body;
    int64_t number;
    bool other = false;
    enum status st = former_body(tx, t->work, f->row.item, f->row.seen_seq, &number, &body);
    if (st == OK && number != f->row.seen_seq)
        st = looks_other(t, c, f, body, &other);
    if ((st == NOT_FOUND || (st == OK && other)) && f->grave.obj_uid.p && f->grave.body.p) {
        body = f->grave.body; /* what was deleted may be what it had */
        st = looks_other(t, c, f, body, &other);
    }
    if (st == OK && !other)
        f->base = body;
    return st < 0 ? st : OK;
}

/* Is that text what the device sent? */
static enum status is_sent(struct turn *t, const struct change *c, const struct facts *f, struct str body,
                           bool *sent)
{
    struct facts as_sent = *f;
    bool other = true;
    memcpy(as_sent.row.hash, f->hash, sizeof f->hash);
    enum status st = looks_other(t, c, &as_sent, body, &other);
    *sent = st == OK && !other;
    return st;
}

enum status facts_stale(struct turn *t, struct tx *tx, const struct change *c, const struct facts *f,
                        bool *stale)
{
    struct str body;
    int64_t number = INT64_MAX;
    enum status st = OK;
    *stale = memcmp(f->hash, f->row.hash, sizeof f->hash) == 0;
    if (!*stale && f->grave.obj_uid.p && f->grave.body.p)
        st = is_sent(t, c, f, f->grave.body, stale);
    while (st == OK && !*stale) {
        st = former_body(tx, t->work, f->row.item, number - 1, &number, &body);
        if (st == OK && number <= f->row.seen_seq)
            break;
        if (st == OK)
            st = is_sent(t, c, f, body, stale);
    }
    return st < 0 ? st : OK;
}

/* ---- finding it ---- */

/* In a slow sync a LUID of a device that was reset may mean something else than it did. */
static enum status trust(struct turn *t, struct tx *tx, struct change *c, struct facts *f)
{
    struct database *db = c->db;
    uint64_t key = 0;
    if (!database_slow(db) || memcmp(f->hash, f->row.hash, sizeof f->hash) == 0 ||
        (f->peek.uid.n && str_eq(f->peek.uid, f->object->uid))) {
        db->verified++;
        return OK;
    }
    enum status st = object_body(t, tx, f->object);
    if (st == OK)
        st = content_title_key(t->work, &f->settings, content_media(c->type), f->object->body,
                               f->row.recur_id, &key);
    if (st < 0)
        return st;
    if (st == OK && key && key == f->peek.title) {
        db->verified++;
        return OK;
    }
    if (db->history || (db->verified > 0 && !db->refuted))
        return OK;
    f->has_row = false;
    f->object = NULL;
    return OK;
}

static enum status find_grave(struct turn *t, struct tx *tx, struct change *c, struct facts *f)
{
    enum status st = NOT_FOUND;
    for (size_t i = 0; i < c->db->source_count && st == NOT_FOUND; i++) {
        f->from = &c->db->sources[i];
        st = grave_of_item(tx, t->work, &t->s->login.actor, f->from->collection, f->row.item, &f->grave);
        st = st == DENIED ? NOT_FOUND : st;
    }
    return st;
}

/* As trust(): is it what the LUID named? */
static enum status trust_grave(struct turn *t, struct change *c, struct facts *f, bool *trusted)
{
    uint64_t key = 0;
    *trusted = !database_slow(c->db) || c->db->history || memcmp(f->hash, f->row.hash, sizeof f->hash) == 0 ||
               (f->peek.uid.n && str_eq(f->peek.uid, f->grave.obj_uid));
    if (*trusted || !f->grave.body.p)
        return OK;
    enum status st = content_title_key(t->work, &f->settings, content_media(c->type), f->grave.body,
                                       f->row.recur_id, &key);
    *trusted = st == OK && key && key == f->peek.title;
    return st < 0 ? st : OK;
}

/* Is it a copy of what the device has by another name, unchanged since we sent it? Where it tells all that it has, one of the two is
 * too many. The other one, if it is not there either, goes to it anew. */
static bool is_copy(const struct change *c, const struct facts *f, const struct luid *other)
{
    return c->db->mode == MODE_SLOW && !str_eq(other->luid, c->luid) &&
           memcmp(f->hash, f->row.hash, sizeof f->hash) == 0;
}

/* Its item is gone. It may be back under its UID by another device's change; then it is that one. */
static enum status find_gone(struct turn *t, struct tx *tx, struct change *c, struct facts *f)
{
    bool trusted = false;
    struct luid other;
    enum status st = find_grave(t, tx, c, f);
    if (st == OK)
        st = trust_grave(t, c, f, &trusted);
    f->has_row = trusted;
    if (st || !trusted) {
        f->grave.obj_uid = STR_NONE;
        return st == NOT_FOUND ? OK : st;
    }
    st = object_by_uid(t, tx, c->db, f->grave.obj_uid, &f->object);
    if (st == OK)
        st = row_of_part(t, tx, c->db, f->object, f->row.recur_id, &other);
    if (st == OK && is_copy(c, f, &other)) {
        f->object = NULL;
        f->copy = true;
    } else if (st == OK && !luid_is_unmapped(other.luid)) { /* the device has it already, by another name */
        f->object = NULL;
        f->has_row = false;
        f->grave.obj_uid = STR_NONE;
    }
    return st == NOT_FOUND ? OK : st;
}

/* It looks like an Add of ours that was never mapped: then it is that one, unchanged. What it stands for may have come to the device
 * again since, when it was deleted and made again under its UID. */
static enum status find_unmapped(struct turn *t, struct tx *tx, struct change *c, struct facts *f)
{
    struct unmapped_row *r;
    struct luid other;
    enum status st = unmapped_match(t, tx, c->db, f->hash, &r);
    if (st)
        return st == NOT_FOUND ? OK : st;
    r->claimed = true;
    c->claimed_row = r;
    f->row = r->row;
    f->has_row = true;
    st = object_by_id(t, tx, c->db, f->row.item, &f->object);
    if (st == NOT_FOUND)
        return find_gone(t, tx, c, f);
    if (st == OK)
        st = row_of_part(t, tx, c->db, f->object, f->row.recur_id, &other);
    if (st == OK && !luid_is_unmapped(other.luid) && is_copy(c, f, &other))
        c->extra = c->db;
    return st == NOT_FOUND ? OK : st;
}

enum status facts_by_luid(struct turn *t, struct tx *tx, struct change *c, struct facts *f)
{
    enum status st = row_by_luid(t, tx, c->db, c->luid, &f->row, &f->object);
    f->has_row = st == OK;
    if (st == OK && !f->object)
        return find_gone(t, tx, c, f);
    if (st == OK)
        st = trust(t, tx, c, f);
    else if (st == NOT_FOUND)
        st = OK;
    return st == OK && !f->has_row && database_slow(c->db) ? find_unmapped(t, tx, c, f) : st;
}

/* Another LUID of this device stands for the same part already. *twin: the device really has two. */
static enum status other_luid(struct turn *t, struct tx *tx, struct change *c, struct facts *f, bool *twin)
{
    struct luid row;
    *twin = false;
    enum status st = row_of_part(t, tx, c->db, f->object, f->part, &row);
    if (st)
        return st == NOT_FOUND ? OK : st;
    if (str_eq(row.luid, c->luid) || luid_is_unmapped(row.luid))
        return OK;
    *twin = !database_slow(c->db) || row.round == c->db->round;
    return OK;
}

static enum status is_same(struct turn *t, struct tx *tx, struct change *c, struct facts *f)
{
    enum status st = object_body(t, tx, f->object);
    if (st == OK)
        st = content_same(t->work, &f->settings, c->type, c->data, f->object->body, f->part, &f->same);
    return st < 0 ? st : OK;
}

enum status facts_by_uid(struct turn *t, struct tx *tx, struct change *c, struct facts *f, bool *elsewhere)
{
    bool twin;
    enum status st = object_by_uid(t, tx, c->db, f->peek.uid, &f->object);
    if (st)
        return st == NOT_FOUND ? OK : st;
    const struct db_source *src = facts_source(c, f->object);
    if (!src || !((unsigned)f->object->kind & src->kinds)) {
        *elsewhere = true;
        f->object = NULL;
        return OK;
    }
    f->part = f->peek.recur_id.p ? f->peek.recur_id : STR("");
    st = other_luid(t, tx, c, f, &twin);
    if (st || !twin)
        return st;
    st = is_same(t, tx, c, f);
    if (f->same && database_slow(c->db)) {
        c->extra = c->db; /* one of the two is too many */
        return st;
    }
    if (!f->same) {
        *elsewhere = true;
        f->object = NULL;
    }
    return st;
}

enum status facts_by_content(struct turn *t, struct tx *tx, struct change *c, struct facts *f)
{
    bool taken = true;
    enum status st = OK;
    while (st == OK &&
           taken) { /* also by one that the index does not know of, as it came before it was made */
        st = slow_match(t, tx, c->db, c->type, c->data, &f->peek, &f->entry, &f->object);
        if (st)
            return st == NOT_FOUND ? OK : st;
        f->part = f->entry->recur_id;
        f->entry->claimed = true;
        st = other_luid(t, tx, c, f, &taken);
    }
    f->same = true;
    c->claimed = f->entry;
    return st;
}

void facts_claim(struct change *c, struct facts *f)
{
    struct slow_entry *e = f->object && f->object->id
                               ? slow_entry_of(c->db, f->object->id, f->has_row ? f->row.recur_id : f->part)
                               : NULL;
    if (e && !e->claimed) {
        e->claimed = true;
        c->claimed = e;
    }
}

enum status facts_read(struct turn *t, struct change *c, struct facts *f)
{
    f->settings = t->content;
    f->settings.phone = c->db->phone;
    enum status st = content_peek(t->work, &f->settings, c->type, c->data, &f->peek);
    memcpy(f->hash, f->peek.hash, sizeof f->hash);
    if (st > 0)
        t->why_text = STR("its text can not be understood");
    if (st == OK && !database_takes(c->db, f->peek.kind)) {
        t->why_text = STR("this database does not take such items");
        return UNSUPPORTED;
    }
    return st;
}
