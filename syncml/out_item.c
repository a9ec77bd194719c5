/* syncml/out_item.c: what the device needs of one stored object: an Add for each part that it does not have, a Replace for each that
 * looks different to it than what it has, a Delete for each that is gone.
 *
 * A part whose text comes out as the device has it already costs no message: its LUID's seen_seq is raised. */
#include "formats/occur.h"
#include "syncml/engine.h"

#include <stdlib.h>

struct rows { /* what the device has of the object */
    struct arena *a;
    struct luid *list;
    size_t count, cap;
    bool unseen; /* one of them is older than the object */
    int64_t seq;
};

static enum status on_row(void *ctx, const struct luid *l)
{
    struct rows *r = ctx;
    struct luid *grown = arena_grow(r->a, r->list, r->count, &r->cap, r->count + 1, sizeof *grown);
    if (!grown)
        return r->a->st;
    r->list = grown;
    grown[r->count] = *l;
    grown[r->count].luid = arena_str(r->a, l->luid);
    grown[r->count].recur_id = arena_str(r->a, l->recur_id);
    r->count++;
    r->unseen |= l->seen_seq < r->seq;
    return r->a->st;
}

static enum status load_rows(struct out *x, int64_t item, int64_t seq, struct rows *r)
{
    *r = (struct rows){.a = &x->item, .seq = seq};
    return luid_each_of_item(x->tx, x->t->s->device.id, x->db->name, item, on_row, r);
}

static const struct luid *row_of(const struct rows *r, struct str recur_id)
{
    for (size_t i = 0; i < r->count; i++)
        if (str_eq(r->list[i].recur_id, recur_id))
            return &r->list[i];
    return NULL;
}

/* ---- parts that are done, when the message was full amid an object ---- */

static uint64_t part_mark(enum sml_cmd what, struct str recur_id)
{
    return str_hash(recur_id) ^ (uint64_t)(what == SML_DELETE);
}

static bool is_done(const struct out *x, int64_t item, enum sml_cmd what, struct str recur_id)
{
    const struct database *db = x->db;
    for (size_t i = 0; db->out_item == item && i < db->out_part_count; i++)
        if (db->out_parts[i] == part_mark(what, recur_id))
            return true;
    return false;
}

static enum status mark_done(struct out *x, int64_t item, enum sml_cmd what, struct str recur_id)
{
    struct database *db = x->db;
    if (x->counting)
        return OK;
    if (db->out_item != item)
        db->out_part_count = 0;
    db->out_item = item;
    if (db->out_part_count == db->out_part_cap) {
        size_t cap = db->out_part_cap ? db->out_part_cap * 2 : 8;
        uint64_t *grown = realloc(db->out_parts, cap * sizeof *grown);
        if (!grown)
            return E_MEMORY;
        db->out_parts = grown;
        db->out_part_cap = cap;
    }
    db->out_parts[db->out_part_count++] = part_mark(what, recur_id);
    return OK;
}

/* A chunked unit answers TRUNCATED too, but it is under way. */
static enum status put(struct out *x, const struct unit *u)
{
    if (is_done(x, u->item, u->what, u->recur_id))
        return OK;
    const struct database *large = x->t->s->out.db;
    enum status st = out_unit(x, u);
    if (st == OK || (st == TRUNCATED && !large && x->t->s->out.db)) {
        enum status marked = mark_done(x, u->item, u->what, u->recur_id);
        return marked ? marked : st;
    }
    return st;
}

/* ---- seen already ---- */

struct raise_step {
    struct step step;
    struct str db;
    struct luid row;
    bool drop;
};

static enum status run_raise(struct step *step, struct tx *tx)
{
    struct raise_step *r = CONTAINER_OF(step, struct raise_step, step);
    int64_t device = step->turn->s->device.id;
    return r->drop ? tx_luid_delete(tx, device, r->db, r->row.luid) : tx_luid_put(tx, device, r->db, &r->row);
}

/* seq -1: the row goes. */
static enum status raise_seen(struct out *x, const struct luid *row, int64_t seq)
{
    struct turn *t = x->t;
    struct raise_step *r = ARENA_NEW(t->a, struct raise_step);
    if (!r)
        return t->a->st;
    *r = (struct raise_step){.step = {.run = run_raise}, .db = x->db->name, .row = *row};
    r->row.luid = arena_str(t->a, row->luid);
    r->row.recur_id = arena_str(t->a, row->recur_id);
    r->row.seen_seq = seq;
    r->drop = seq < 0;
    step_add(t, &r->step, false);
    return t->a->st;
}

/* ---- parts ---- */

static enum status export_part(struct out *x, struct str body, struct unit *u)
{
    enum status st = content_export(&x->item, &x->settings, database_media(x->db), body, u->recur_id,
                                    x->db->type, &u->data);
    return st ? st : content_hash(&x->item, &x->settings, x->db->type, u->data, u->hash);
}

/* An Add of a session that broke is not sent again to a device that may have it under a name that it forgot: the next session is a slow
 * one, which tells. Where that session is resumed, it may be one that was answered for. */
static bool is_held(const struct out *x, const struct luid *row)
{
    return row && luid_is_unmapped(row->luid) && (!row->seen_seq || x->db->resumed) && x->db->unsure &&
           !x->db->remembers;
}

static enum status send_part(struct out *x, const struct out_candidate *c, struct str body, struct str part,
                             const struct luid *row)
{
    struct unit u = {.what = SML_ADD, .source = c->source, .item = c->id, .seq = c->seq, .recur_id = part};
    bool has = row && !luid_is_unmapped(row->luid);
    if (row && row->seen_seq >= c->seq)
        return OK;
    if (is_held(x, row)) {
        anchor_lower(x->db, c->source, c->seq);
        return OK;
    }
    if (x->counting)
        return out_unit(x, &u);
    enum status st = export_part(x, body, &u);
    if (st > 0) /* it has no form for this device */
        return OK;
    if (st < 0)
        return st;
    if (has && memcmp(u.hash, row->hash, sizeof u.hash) == 0)
        return raise_seen(x, row, c->seq);
    u.what = has ? SML_REPLACE : SML_ADD;
    u.luid = row ? row->luid : STR_NONE;
    return put(x, &u);
}

static enum status delete_row(struct out *x, size_t source, const struct luid *row, int64_t seq)
{
    struct unit u = {.what = SML_DELETE,
                     .source = source,
                     .item = row->item,
                     .seq = seq,
                     .luid = row->luid,
                     .recur_id = row->recur_id};
    if (is_held(x, row))
        return OK;
    if (luid_is_unmapped(row->luid)) /* it never said what it calls it, if it has it */
        return x->counting ? OK : raise_seen(x, row, -1);
    return put(x, &u);
}

static bool holds(const struct str *parts, size_t count, struct str recur_id)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(parts[i], recur_id))
            return true;
    return false;
}

static enum status send_parts(struct out *x, const struct out_candidate *c, struct str body,
                              const struct rows *rows)
{
    struct str whole = STR(""), *parts = &whole;
    size_t count = 1;
    enum status st = OK;
    if (database_media(x->db) == MEDIA_CALENDAR && str_find(body, STR("RECURRENCE-ID"), 0) != SIZE_MAX)
        st = content_parts(&x->item, &x->settings, MEDIA_CALENDAR, body, x->db->type, &parts, &count);
    if (st)
        return st < 0 ? st : OK;
    for (size_t i = 0; i < count && st == OK; i++)
        st = send_part(x, c, body, parts[i], row_of(rows, parts[i]));
    for (size_t i = 0; i < rows->count && st == OK; i++)
        if (!holds(parts, count, rows->list[i].recur_id))
            st = delete_row(x, c->source, &rows->list[i], c->seq);
    return st;
}

/* ---- the object ---- */

/* Of somebody else's private event only that he is busy. */
static enum status mask(struct out *x, struct str *body)
{
    struct ical_comp *cal;
    struct ical_problem problem;
    SCOPED_BUF(text, body->n * 2 + 4096);
    enum status st = ical_parse(&x->item, *body, &x->t->sml->content.ical, &cal, &problem);
    if (st == OK)
        st = ical_mask(&x->item, cal, &text);
    if (st || text.st)
        return st ? st : text.st;
    *body = arena_str(&x->item, buf_view(&text));
    return x->item.st;
}

static enum status load_body(struct out *x, const struct out_candidate *c, struct str *body)
{
    const struct db_source *src = &x->db->sources[c->source];
    struct item item = {.id = c->id, .collection = src->collection, .content = c->content, .size = c->size};
    enum status st = item_body_arena(x->tx, &x->item, &item, body);
    if (st == OK && src->hides && c->class != ICAL_PUBLIC && database_media(x->db) == MEDIA_CALENDAR)
        st = mask(x, body);
    return st;
}

enum status out_item(struct out *x, const struct out_candidate *c)
{
    struct rows rows;
    struct str body = STR("");
    bool passes = true;
    if (!((unsigned)c->kind & x->db->sources[c->source].kinds))
        return OK;
    enum status st = load_rows(x, c->id, c->seq, &rows);
    if (st || (rows.count && !rows.unseen))
        return st;
    if (x->counting && x->db->filter.window.from == x->db->filter.window.until)
        return send_part(x, c, body, STR(""), rows.count ? &rows.list[0] : NULL);
    st = load_body(x, c, &body);
    if (st)
        return st < 0 ? st : OK;
    if (!rows.count)
        st = filter_passes(x->t, x->db, body, &passes);
    if (st || !passes)
        return st;
    return send_parts(x, c, body, &rows);
}

enum status out_gone(struct out *x, size_t source, int64_t item, int64_t seq)
{
    struct rows rows;
    struct item now;
    enum status st = load_rows(x, item, seq, &rows);
    if (st || !rows.count)
        return st;
    st = item_get(x->tx, &x->item, &x->t->s->login.actor, item, &now);
    if (st < 0)
        return st;
    size_t place = st == OK ? database_source_of(x->db, now.collection) : SIZE_MAX;
    if (place != SIZE_MAX && ((unsigned)now.kind & x->db->sources[place].kinds))
        return OK; /* it moved, and is still in the view */
    st = OK;
    for (size_t i = 0; i < rows.count && st == OK; i++)
        st = delete_row(x, source, &rows.list[i], seq);
    return st;
}
