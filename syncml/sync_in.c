/* syncml/sync_in.c: what an Add or Replace of the device comes to: which stored object it is about, and what is written.
 * What the device had from us before and sends again changes nothing (its hash is in the LUID's row). */
#include "syncml/facts.h"

static enum status refuse(struct turn *t, enum status st, const char *why)
{
    t->why_text = str_c(why);
    return st;
}

static struct str keep(struct turn *t, struct str s)
{
    return s.p ? arena_str(t->work, s) : STR_NONE;
}

/* ---- rows ---- */

static void fill_row(struct change *c, const struct facts *f, struct object *o, struct str part)
{
    c->put_row = true;
    c->row = (struct luid){.luid = c->luid, .recur_id = part, .round = c->db->round};
    memcpy(c->row.hash, f->hash, sizeof f->hash);
    c->collection = o->collection;
    c->name = o->name;
    c->id = o->planned ? 0 : o->id;
    c->seq = o->planned ? 0 : o->seq;
    c->row.item = o->id;
    row_plan(c->step.turn, c->db, &c->row, o, false);
}

/* A set of several parts is looked at again when we send: the device may lack one of them, and has one LUID a part. */
static bool has_parts(const struct change *c, struct str body)
{
    return database_media(c->db) == MEDIA_CALENDAR && str_find(body, STR("RECURRENCE-ID"), 0) != SIZE_MAX;
}

/* Nothing is written to the object. `back`: the device shall get ours. */
static enum status leave(struct change *c, const struct facts *f, struct str part, bool back, int code)
{
    c->act = ACT_NOTHING;
    c->differs = back || (database_slow(c->db) && has_parts(c, f->object->body));
    back = c->differs;
    c->code = code;
    fill_row(c, f, f->object, part);
    c->row.seen_seq = back ? c->seq - 1 : c->seq;
    return OK;
}

/* ---- writing ---- */

static enum status problem_of(struct turn *t, enum status st, const struct prepare_problem *p)
{
    if (st > 0)
        t->why_text = keep(t, p->text);
    return st;
}

static enum status prepare(struct turn *t, struct change *c, enum media media, struct str body)
{
    struct prepare_problem problem = {0};
    enum status st = media == MEDIA_VCARD
                         ? prepare_vcard(t->sml->store, t->work, body, &c->prepared, &problem)
                         : prepare_calendar(t->sml->store, t->work, body, &c->prepared, &problem);
    c->holds_prepared = st == OK;
    return st == OK ? OK : problem_of(t, st, &problem);
}

/* What the object is from here on, for those who come behind in this message. */
static void plan_object(struct object *o, const struct change *c)
{
    o->exists = true;
    o->planned = true;
    o->kind = c->prepared.kind;
    o->class = c->prepared.class;
    o->body = c->prepared.body;
    memcpy(o->etag, c->prepared.hash, sizeof o->etag);
}

static enum status import(struct turn *t, struct change *c, const struct facts *f, struct str stored,
                          struct str part, enum content_merge how, struct content_in *in)
{
    *in = (struct content_in){0};
    enum status st = content_import_since(t->work, &f->settings, c->type, c->data, stored, f->base, part,
                                          STR_NONE, how, in);
    if (st > 0)
        t->why_text = keep(t, in->why);
    return st;
}

/* The href: the UID where that makes a plain name, as clients of DAV do; otherwise random. */
static struct str name_of(struct turn *t, const struct change *c, struct str uid, enum media media)
{
    struct str random;
    const char *ext = media == MEDIA_VCARD ? ".vcf" : ".ics";
    bool plain = uid.n > 0 && uid.n <= 120 && uid.p[0] != '.' && !c->tries;
    for (size_t i = 0; i < uid.n && plain; i++)
        plain =
            ascii_alpha(uid.p[i]) || ascii_digit(uid.p[i]) || str_chr(STR("-_.@"), uid.p[i], 0) != SIZE_MAX;
    if (plain)
        return arena_strf(t->work, "%.*s%s", STR_ARG(uid), ext);
    uid_make(t->work, &random);
    return arena_strf(t->work, "%.*s%s", STR_ARG(random), ext);
}

static enum status is_free(struct turn *t, struct tx *tx, int64_t collection, struct str name, struct str uid)
{
    struct item item;
    const struct actor *actor = &t->s->login.actor;
    enum status st = item_find(tx, t->work, actor, collection, name, &item);
    if (st == NOT_FOUND)
        st = item_find_uid(tx, t->work, actor, collection, uid, &item);
    return st == NOT_FOUND ? OK : st == OK ? EXISTS : st;
}

/* A new object. `other_uid`: the one that it came with belongs to something else. */
static enum status add(struct turn *t, struct tx *tx, struct change *c, const struct facts *f, bool other_uid,
                       int code)
{
    struct content_in in;
    size_t place = database_place(c->db, f->peek.kind);
    enum media media = content_media(c->type);
    if (place == SIZE_MAX)
        return refuse(t, UNSUPPORTED, "this database does not take such items");
    if (c->db->sources[place].read_only)
        return refuse(t, DENIED, "this database can only be read");
    enum status st = import(t, c, f, STR_NONE, f->peek.recur_id, CONTENT_DEVICE, &in);
    if (st == OK && other_uid) {
        uid_make(t->work, &in.uid);
        st = uid_replace(t->work, &t->sml->content, media, in.body, in.uid, &in.body);
    }
    if (st)
        return st;
    c->collection = c->db->sources[place].collection;
    c->name = name_of(t, c, in.uid, media);
    st = is_free(t, tx, c->collection, c->name, in.uid);
    if (st == EXISTS && !other_uid && c->tries < PASSES_MOST) {
        c->tries++;
        return add(t, tx, c, f, true, code); /* once: then the UID and the name are new */
    }
    if (st == OK)
        st = prepare(t, c, media, in.body);
    if (st)
        return st;
    struct object *o = object_new(t, c->collection, c->name, c->prepared.uid);
    if (!o)
        return E_MEMORY;
    plan_object(o, c);
    c->act = ACT_PUT;
    c->exists = false;
    c->differs = in.differs || has_parts(c, in.body);
    c->code = code;
    fill_row(c, f, o, in.recur_id);
    return OK;
}

static enum status write_over(struct turn *t, struct change *c, const struct facts *f, struct str part,
                              enum content_merge how, int code)
{
    struct content_in in;
    struct object *o = f->object;
    enum status st = import(t, c, f, o->body, part, how, &in);
    if (st)
        return st;
    if (in.unchanged)
        return leave(c, f, in.recur_id, in.differs, code);
    memcpy(c->base, o->etag, sizeof c->base);
    st = prepare(t, c, content_media(c->type), in.body);
    if (st)
        return st;
    plan_object(o, c);
    c->act = ACT_PUT;
    c->exists = true;
    c->differs = in.differs || has_parts(c, in.body);
    c->code = code;
    fill_row(c, f, o, in.recur_id);
    return OK;
}

/* ---- an object that is there ---- */

/* A refresh from the device: what it has is what there shall be, whatever was done here since. */
static bool device_wins(const struct change *c)
{
    return c->db->mode == MODE_REFRESH_FROM_CLIENT && !c->db->spare;
}

/* The device has it, and no row says what it had of it. *other: it is not ours to the letter; *stale: it is a text that ours was. */
static enum status compare_unknown(struct turn *t, struct tx *tx, const struct change *c, struct facts *f,
                                   struct str part, bool *other, bool *stale)
{
    memcpy(f->row.hash, f->hash, sizeof f->hash);
    f->row.recur_id = part;
    enum status st = looks_other(t, c, f, f->object->body, other);
    if (st || !*other || !f->object->id)
        return st;
    f->row.item = f->object->id;
    f->row.seen_seq = 0;
    memset(f->row.hash, 0, sizeof f->row.hash);
    return facts_stale(t, tx, c, f, stale);
}

static enum status meet(struct turn *t, struct tx *tx, struct change *c, struct facts *f)
{
    struct object *o = f->object;
    const struct db_source *src = facts_source(c, o);
    struct str part = f->has_row ? f->row.recur_id : f->part;
    int code = c->cmd == SML_ADD ? 201 : 200;
    bool visible = false, stale = false;
    enum status st = object_body(t, tx, o);
    if (st == OK && f->has_row && !o->planned && o->seq > f->row.seen_seq)
        st = looks_other(t, c, f, o->body, &visible);
    if (st)
        return st;
    if (!f->has_row && !device_wins(c)) {
        st = compare_unknown(t, tx, c, f, part, &visible, &stale);
        if (st || !visible || stale)
            return st ? st : leave(c, f, part, stale, code);
        visible = false;
    }
    if (!src || src->read_only) {
        st = leave(c, f, part, true, f->has_row ? 425 : code);
        return st;
    }
    if (!visible || device_wins(c))
        return write_over(
            t, c, f, part,
            f->has_row || c->db->mode == MODE_REFRESH_FROM_CLIENT ? CONTENT_DEVICE : CONTENT_BOTH, code);
    if (f->has_row && (st = facts_stale(t, tx, c, f, &stale)) != OK)
        return st;
    if (stale)
        return leave(c, f, part, true, c->cmd == SML_ADD ? 201 : 200);
    switch (conflict_judge(t->sml, c->db, c->data, o->changed, &code)) {
    case VERDICT_STORED:
        return leave(c, f, part, true, code);
    case VERDICT_TWO:
        return add(t, tx, c, f, true, code);
    case VERDICT_DEVICE:
        return write_over(t, c, f, part, CONTENT_DEVICE, code);
    case VERDICT_BOTH:
        break;
    }
    if (f->has_row && (st = facts_base(t, tx, c, f)) != OK)
        return st;
    return write_over(t, c, f, part, CONTENT_BOTH, code);
}

/* Deleted here, changed there: an update beats a deletion. What was deleted is the base, so that it comes back whole, under its UID and
 * its old name, and other devices that changed it too find it there. */
static enum status revive(struct turn *t, struct tx *tx, struct change *c, struct facts *f)
{
    struct content_in in = {0};
    enum media media = content_media(c->type);
    const struct grave *g = &f->grave;
    if (f->from->read_only)
        return refuse(t, DENIED, "this database can only be read");
    enum status st = facts_base(t, tx, c, f);
    if (st == OK)
        st = import(t, c, f, g->body, f->row.recur_id, CONTENT_DEVICE, &in);
    if (st == OK && !str_eq(in.uid, g->obj_uid))
        st = uid_replace(t->work, &t->sml->content, media, in.body, g->obj_uid, &in.body);
    if (st)
        return st;
    c->collection = f->from->collection;
    c->name = g->name;
    st = g->name.p ? is_free(t, tx, c->collection, c->name, g->obj_uid) : EXISTS;
    if (st == EXISTS) {
        c->name = name_of(t, c, g->obj_uid, media);
        st = is_free(t, tx, c->collection, c->name, g->obj_uid);
    }
    if (st == EXISTS) /* somebody else has its UID by now */
        return add(t, tx, c, f, true, 201);
    if (st == OK)
        st = prepare(t, c, media, in.body);
    if (st)
        return st;
    struct object *o = object_new(t, c->collection, c->name, c->prepared.uid);
    if (!o)
        return E_MEMORY;
    plan_object(o, c);
    c->act = ACT_PUT;
    c->exists = false;
    c->differs = in.differs || has_parts(c, in.body);
    c->code = 201;
    fill_row(c, f, o, in.recur_id);
    return OK;
}

/* It is deleted here, and the device has it unchanged: it is told, as long as its row is there. In a slow sync only who knows its last
 * sync is taken to mean no more by it than that it is there. */
static enum status stay_gone(struct turn *t, struct tx *tx, struct change *c, const struct facts *f,
                             bool *stays)
{
    enum status st = OK;
    bool known = f->copy || c->db->history || luid_is_unmapped(f->row.luid) || !database_slow(c->db);
    *stays = false;
    if (f->grave.obj_uid.p && !f->object && known && !device_wins(c))
        st = facts_stale(t, tx, c, f, stays);
    if (st || !*stays)
        return st;
    c->act = ACT_NOTHING;
    c->code = c->cmd == SML_ADD ? 201 : 200;
    c->put_row = true;
    c->row = f->row;
    c->row.luid = c->luid;
    c->row.round = c->db->round;
    c->id = f->row.item;
    return OK;
}

/* The device deletes its twin: no row. */
static enum status be_extra(struct change *c)
{
    c->act = ACT_NOTHING;
    c->code = c->cmd == SML_ADD ? 201 : 200;
    return OK;
}

static enum status plan_put(struct turn *t, struct tx *tx, struct change *c)
{
    struct facts f = {.part = STR(""), .grave = {.obj_uid = STR_NONE}};
    bool elsewhere = false, gone = false;
    enum status st = facts_read(t, c, &f);
    if (st == OK)
        st = facts_by_luid(t, tx, c, &f);
    if (st == OK && c->extra)
        return be_extra(c);
    if (st == OK)
        st = stay_gone(t, tx, c, &f, &gone);
    if (st || gone)
        return st;
    bool known = f.object && f.has_row && !f.object->planned && f.object->id == f.row.item &&
                 memcmp(f.hash, f.row.hash, sizeof f.hash) == 0;
    if (known && !(device_wins(c) && f.object->seq > f.row.seen_seq)) {
        facts_claim(c, &f);
        if (database_slow(c->db) && database_media(c->db) == MEDIA_CALENDAR)
            st = object_body(t, tx, f.object);
        if (st)
            return st;
        return leave(c, &f, f.row.recur_id, f.object->seq > f.row.seen_seq, c->cmd == SML_ADD ? 201 : 200);
    }
    bool had_row = f.has_row;
    if (st == OK && !f.object && f.grave.obj_uid.p)
        return revive(t, tx, c, &f);
    if (st == OK && !f.object)
        st = facts_by_uid(t, tx, c, &f, &elsewhere);
    if (st == OK && !f.object)
        st = facts_by_content(t, tx, c, &f);
    if (st)
        return st;
    if (c->extra)
        return be_extra(c);
    if (!had_row && f.object && f.row.luid.p)
        c->db->refuted++; /* the LUID was somebody else's */
    facts_claim(c, &f);
    if (f.object)
        return meet(t, tx, c, &f);
    return add(t, tx, c, &f, elsewhere, 201);
}

/* ---- Delete ---- */

static enum status without_part(struct turn *t, struct change *c, struct facts *f)
{
    struct str body;
    struct object *o = f->object;
    enum status st = content_without(t->work, &f->settings, o->body, f->row.recur_id, &body);
    if (st == NOT_FOUND) {
        c->act = ACT_NOTHING;
        return OK;
    }
    if (st == OK) {
        memcpy(c->base, o->etag, sizeof c->base);
        st = prepare(t, c, MEDIA_CALENDAR, body);
    }
    if (st)
        return st;
    plan_object(o, c);
    c->act = ACT_PUT;
    c->exists = true;
    return OK;
}

static enum status plan_delete(struct turn *t, struct tx *tx, struct change *c)
{
    struct facts f = {.settings = t->content};
    bool visible = false;
    f.settings.phone = c->db->phone;
    c->code = c->archive ? 210 : 200;
    enum status st = row_by_luid(t, tx, c->db, c->luid, &f.row, &f.object);
    if (st)
        return st; /* NOT_FOUND says 211 */
    c->drop_row = true;
    row_plan(t, c->db, &f.row, NULL, true);
    c->act = ACT_NOTHING;
    if (!f.object)
        return OK;
    c->collection = f.object->collection;
    c->name = f.object->name;
    c->seq = f.object->planned ? 0 : f.object->seq;
    const struct db_source *src = facts_source(c, f.object);
    st = object_body(t, tx, f.object);
    if (st == OK && !f.object->planned && f.object->seq > f.row.seen_seq) {
        c->type = c->db->sent_type ? c->db->sent_type : c->db->type;
        st = looks_other(t, c, &f, f.object->body, &visible);
    }
    if (st)
        return st;
    if (!src || src->read_only || visible) { /* an update beats a deletion: it goes back to the device */
        c->differs = true;
        c->row.seen_seq = c->seq - 1;
        c->code = visible ? 419 : 425;
        return OK;
    }
    if (f.row.recur_id.n)
        return without_part(t, c, &f);
    memcpy(c->base, f.object->etag, sizeof c->base);
    f.object->exists = false;
    c->act = ACT_DELETE;
    c->exists = true;
    return OK;
}

/* ---- Copy and Move: inside of the view ---- */

static enum status plan_copy(struct turn *t, struct tx *tx, struct change *c)
{
    struct object *o, *copy, *there;
    struct str uid, body, name = luid_key(t->work, c->item->target);
    struct luid row, old;
    bool named = c->item->source.n && name.n;
    enum media media = database_media(c->db);
    enum status st = row_by_luid(t, tx, c->db, c->luid, &row, &o);
    if (st == OK && !o)
        st = NOT_FOUND;
    if (st == OK && named) {
        enum status taken = row_by_luid(t, tx, c->db, name, &old, &there);
        if (taken == OK && there)
            return refuse(t, EXISTS, "the device has an item of the copy's name already");
        st = taken == NOT_FOUND ? OK : taken;
    }
    if (st == OK)
        st = object_body(t, tx, o);
    if (st)
        return st;
    uid_make(t->work, &uid);
    size_t place = database_place(c->db, o->kind);
    if (place == SIZE_MAX || c->db->sources[place].read_only)
        return refuse(t, DENIED, "this database can only be read");
    st = uid_replace(t->work, &t->sml->content, media, o->body, uid, &body);
    if (st == OK)
        st = prepare(t, c, media, body);
    if (st)
        return st;
    c->act = ACT_PUT;
    c->code = 201;
    c->collection = c->db->sources[place].collection;
    c->name = name_of(t, c, uid, media);
    copy = object_new(t, c->collection, c->name, uid);
    if (!copy)
        return E_MEMORY;
    plan_object(copy, c);
    if (named) { /* the device says what its copy is called */
        c->put_row = true;
        c->differs = !o->planned && o->seq > row.seen_seq; /* it copied an older state than ours */
        c->row = row;
        c->row.luid = name;
        c->row.recur_id = STR("");
        row_plan(t, c->db, &c->row, copy, false);
    }
    return OK;
}

/* The parent is named as a database is ("calendar/work"), or by the last part of that. A device calls it its own (SourceParent) or
 * ours (TargetParent). */
static struct str parent_slug(const struct sml_item *item)
{
    struct str slug = item->target_parent.n ? item->target_parent : item->source_parent;
    for (size_t at; (at = str_chr(slug, '/', 0)) != SIZE_MAX;)
        slug = str_from(slug, at + 1);
    return slug;
}

static enum status plan_move(struct turn *t, struct tx *tx, struct change *c)
{
    struct object *o;
    struct luid row;
    struct collection to;
    struct str slug = parent_slug(c->item);
    enum status st = row_by_luid(t, tx, c->db, c->luid, &row, &o);
    if (st == OK && !o)
        st = NOT_FOUND;
    if (st == OK)
        st = collection_find(tx, t->work, &t->s->login.actor, t->s->account,
                             database_media(c->db) == MEDIA_VCARD ? KIND_ADDRESSBOOK : KIND_CALENDAR, slug,
                             &to);
    if (st)
        return st;
    size_t from = database_source_of(c->db, o->collection), into = database_source_of(c->db, to.id);
    if (into == SIZE_MAX || from == SIZE_MAX)
        return NOT_FOUND;
    if (c->db->sources[from].read_only || c->db->sources[into].read_only)
        return DENIED;
    c->code = 200;
    c->act = from == into ? ACT_NOTHING : ACT_MOVE;
    c->collection = o->collection;
    c->to = to.id;
    c->name = o->name;
    c->exists = true;
    memcpy(c->base, o->etag, sizeof c->base);
    c->put_row =
        c->act == ACT_MOVE && (o->planned || o->seq <= row.seen_seq); /* it knows all but the place */
    c->row = row;
    return OK;
}

enum status change_plan(struct turn *t, struct tx *tx, struct change *c)
{
    c->act = ACT_NOTHING;
    c->put_row = c->drop_row = c->differs = c->exists = false;
    c->id = c->seq = 0;
    c->collection = 0;
    c->extra = NULL;
    t->why_text = STR_NONE;
    static enum status (*const plans[SML_CMD_COUNT])(struct turn *, struct tx *,
                                                     struct change *) = {[SML_ADD] = plan_put,
                                                                         [SML_REPLACE] = plan_put,
                                                                         [SML_DELETE] = plan_delete,
                                                                         [SML_COPY] = plan_copy,
                                                                         [SML_MOVE] = plan_move};
    return plans[c->cmd](t, tx, c);
}
