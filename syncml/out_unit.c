/* syncml/out_unit.c: one Add, Replace or Delete of ours into the message: whole, or as a large object in chunks (OMA DS section 5.8).
 *
 * An Add goes out under a short name of our own ("GUID"); that it was sent is in the store before the message leaves, so that it is
 * not doubled when the Map does not come. */
#include "syncml/engine.h"

static const struct sml_meta no_meta = {.size = -1, .max_msg = -1, .max_obj = -1};

/* ---- what is put on record for an Add ---- */

struct added {
    struct step step;
    struct database *db;
    struct luid row;
};

static enum status run_added(struct step *step, struct tx *tx)
{
    struct added *n = CONTAINER_OF(step, struct added, step);
    return tx_luid_put(tx, step->turn->s->device.id, n->db->name, &n->row);
}

static enum status record_add(struct turn *t, const struct sent *head)
{
    struct added *n = ARENA_NEW(t->a, struct added);
    if (!n)
        return t->a->st;
    *n = (struct added){.step = {.run = run_added}, .db = head->db};
    n->row = (struct luid){.luid = arena_str(t->a, head->luid),
                           .item = head->item,
                           .recur_id = arena_str(t->a, head->recur_id),
                           .round = head->db->round};
    memcpy(n->row.hash, head->hash, sizeof head->hash);
    step_add(t, &n->step, false);
    return t->a->st;
}

struct guids {
    struct step step;
    int64_t from, count;
};

static enum status run_guids(struct step *step, struct tx *tx)
{
    struct guids *g = CONTAINER_OF(step, struct guids, step);
    int64_t first;
    enum status st = tx_device_guid(tx, step->turn->s->device.id, g->count, &first);
    return st == OK && first != g->from ? E_BUSY : st; /* another session of the device gave them out */
}

enum status out_guids(struct turn *t)
{
    struct session *s = t->s;
    if (s->guid == s->guid_saved)
        return OK;
    struct guids *g = ARENA_NEW(t->a, struct guids);
    if (!g)
        return t->a->st;
    *g = (struct guids){.step = {.run = run_guids}, .from = s->guid_saved, .count = s->guid - s->guid_saved};
    s->guid_saved = s->guid;
    step_add(t, &g->step, false);
    return OK;
}

/* ---- the command ---- */

/* As the device has it: a doubled '#' is ours. */
static struct str wire_luid(struct str key)
{
    return str_starts(key, STR("#")) ? str_from(key, 1) : key;
}

static void command(const struct out *x, const struct sent *head, struct sml_item *item,
                    struct sml_command *c)
{
    *item = (struct sml_item){.meta = no_meta};
    *c = (struct sml_command){.cmd = head->what, .items = item, .meta = no_meta, .changes = -1};
    if (head->what == SML_ADD)
        item->source = wire_luid(head->luid);
    else
        item->target = wire_luid(head->luid);
    if (head->what == SML_DELETE)
        return;
    c->meta.type = content_mime(x->db->type);
    if (content_base64(x->db->type))
        c->meta.format = STR("b64");
}

static enum status remember(struct out *x, const struct sent *head, int64_t cmd, bool whole)
{
    struct sent n = *head;
    n.msg = x->t->s->out_msg;
    n.cmd = cmd;
    n.whole = whole;
    x->t->units++;
    return sent_add(x->t->s, &n) ? OK : E_MEMORY;
}

static int64_t number_of(struct str cmd_id)
{
    int64_t n = 0;
    str_i64(cmd_id, &n);
    return n;
}

static bool takes_chunks(struct turn *t)
{
    const struct devinf *d = device_devinf(t);
    return t->s->version >= SML_1_1 && (d ? d->large_objects : t->s->max_obj > 0);
}

/* It can not be sent: it is told, and tried again when the device can take more. */
static enum status give_up(struct out *x, const struct sent *head, const char *why)
{
    anchor_lower(x->db, head->source, head->seq);
    device_failed(x->t->s, x->t->now, "to the device", wire_luid(head->luid), str_c(why));
    return OK;
}

/* ---- chunks ---- */

static enum status chunks_begin(struct out *x, const struct sent *head, struct str data)
{
    struct session *s = x->t->s;
    struct str luid = arena_str(&s->arena, head->luid), recur_id = arena_str(&s->arena, head->recur_id);
    buf_clear(&s->out.data);
    buf_add(&s->out.data, data);
    if (s->out.data.st || s->arena.st)
        return s->out.data.st ? s->out.data.st : s->arena.st;
    s->out.db = x->db;
    s->out.head = *head;
    s->out.head.luid = luid;
    s->out.head.recur_id = recur_id;
    s->out.at = 0;
    return out_chunk(x);
}

enum status out_chunk(struct out *x)
{
    struct session *s = x->t->s;
    struct chunks_out *out = &s->out;
    struct sml_item item;
    struct sml_command c;
    struct str rest = str_from(buf_view(&out->data), out->at);
    command(x, &out->head, &item, &c);
    item.data = rest;
    if (out->at == 0)
        c.meta.size = (int64_t)out->data.n;
    if (out->at && sml_add(x->sml, &c)) {
        struct sent head = out->head;
        out->db = NULL;
        buf_clear(&out->data);
        return remember(x, &head, number_of(c.cmd_id), true);
    }
    item.more_data = true;
    size_t room = sml_room(x->sml, &c);
    if (!room && x->fresh && !x->t->units) {
        out->db = NULL;
        return give_up(x, &out->head, "not even a piece of it fits into the device's messages");
    }
    if (!room || room >= rest.n)
        return TRUNCATED;
    item.data = str_slice(rest, 0, room);
    if (!sml_add(x->sml, &c))
        return TRUNCATED;
    out->at += room;
    out->acked = false;
    enum status st = remember(x, &out->head, number_of(c.cmd_id), false);
    return st ? st : TRUNCATED; /* nothing may follow a chunk */
}

/* ---- one unit ---- */

static enum status sent_head(struct out *x, const struct unit *u, struct sent *head)
{
    struct session *s = x->t->s;
    *head = (struct sent){.db = x->db,
                          .what = u->what,
                          .source = u->source,
                          .item = u->item,
                          .seq = u->seq,
                          .luid = u->luid,
                          .recur_id = u->recur_id};
    memcpy(head->hash, u->hash, sizeof u->hash);
    if (u->luid.p)
        return OK;
    head->luid = guid_text(&x->item, s->guid);
    return x->item.st;
}

static enum status encode(struct out *x, struct str *data)
{
    if (!content_base64(x->db->type) || !data->n)
        return OK;
    SCOPED_BUF(text, data->n * 2 + 16);
    buf_base64(&text, *data);
    *data = arena_str(&x->item, buf_view(&text));
    return x->item.st;
}

enum status out_unit(struct out *x, const struct unit *u)
{
    struct session *s = x->t->s;
    struct sml_item item;
    struct sml_command c;
    struct sent head;
    struct str data = u->data;
    if (x->counting) {
        x->count++;
        return OK;
    }
    enum status st = sent_head(x, u, &head);
    if (st == OK)
        st = encode(x, &data);
    if (st)
        return st;
    if (s->max_obj > 0 && (int64_t)data.n > s->max_obj)
        return give_up(x, &head, "it is larger than the device takes (MaxObjSize)");
    command(x, &head, &item, &c);
    item.data = u->what == SML_DELETE ? STR_NONE : data;
    bool fits = sml_add(x->sml, &c);
    if (!fits && (x->t->units || !x->fresh))
        return TRUNCATED;
    if (!fits && (u->what == SML_DELETE || !takes_chunks(x->t)))
        return give_up(x, &head, "it is larger than the device's messages (MaxMsgSize)");
    if (u->what == SML_ADD) {
        if (!u->luid.p)
            s->guid++;
        st = record_add(x->t, &head);
    }
    if (st)
        return st;
    return fits ? remember(x, &head, number_of(c.cmd_id), true) : chunks_begin(x, &head, data);
}
