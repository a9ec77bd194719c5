/* syncml/large.c: large objects of the device, which come in chunks over several messages (OMA DS section 5.8).
 *
 * What has come is kept in the store too, so that a session that was cut off goes on where it was. One object at a time is on its
 * way. Where we refuse one, the rest of it is swallowed and each chunk is refused with the same code. */
#include "syncml/engine.h"

#include <stdlib.h>

struct piece {
    struct step step;
    struct str db;
    struct partial part; /* with data: a new one begins */
    struct str more;     /* it goes on */
    bool drop;
};

static enum status run_piece(struct step *step, struct tx *tx)
{
    struct piece *p = CONTAINER_OF(step, struct piece, step);
    int64_t device = step->turn->s->device.id;
    if (p->drop)
        return tx_partial_put(tx, device, p->db, NULL);
    if (!p->more.p)
        return tx_partial_put(tx, device, p->db, &p->part);
    return tx_partial_append(tx, device, p->db, p->more);
}

static struct piece *piece_add(struct turn *t, struct database *db)
{
    struct piece *p = ARENA_NEW(t->a, struct piece);
    if (!p) {
        t->st = t->a->st;
        return NULL;
    }
    *p = (struct piece){.step = {.run = run_piece}, .db = db->name};
    step_add(t, &p->step, false);
    return p;
}

void large_drop(struct session *s)
{
    free(unconst(s->in.luid.p));
    buf_free(&s->in.data);
    size_t max = s->in.data.max;
    s->in = (struct chunks_in){.data = BUF_INIT(max)};
}

/* The text lasts as long as the object is on its way. */
static bool remember(struct chunks_in *in, struct str luid, struct str type, struct str version,
                     struct str format)
{
    struct str from[] = {luid, type, version, format},
               *to[] = {&in->luid, &in->type, &in->version, &in->format};
    size_t n = 0;
    for (size_t i = 0; i < COUNT_OF(from); i++)
        n += from[i].n + 1;
    char *at = malloc(n);
    if (!at)
        return false;
    for (size_t i = 0; i < COUNT_OF(from); i++) {
        if (from[i].n)
            memcpy(at, from[i].p, from[i].n);
        *to[i] = str_n(at, from[i].n);
        at += from[i].n + 1;
    }
    return true;
}

static struct str luid_of(const struct sml_item *item)
{
    return item->source.n ? item->source : item->target;
}

/* ---- beginning ---- */

static struct str or_else(struct str a, struct str b)
{
    return a.n ? a : b;
}

/* Somebody else comes before the end: Alert 223, and what there was of it is forgotten. */
static void no_end(struct turn *t)
{
    struct session *s = t->s;
    struct piece *p = piece_add(t, s->in.db);
    if (p)
        p->drop = true;
    free(unconst(s->no_end_source.p));
    char *copy = malloc(s->in.luid.n + 1);
    if (copy) {
        memcpy(copy, s->in.luid.p, s->in.luid.n);
        s->no_end_source = str_n(copy, s->in.luid.n);
        s->no_end_db = s->in.db;
        s->no_end_of_data = true;
    }
    large_drop(s);
}

static bool continues(const struct chunks_in *in, const struct sml_command *c, const struct sml_item *item,
                      const struct database *db)
{
    return in->db == db && in->cmd == c->cmd && str_eq(in->luid, luid_of(item));
}

/* What an earlier session left, when the device goes on with it. */
static enum status take_up(struct turn *t, struct sml_command *c, const struct sml_item *item,
                           struct database *db)
{
    struct partial part;
    struct session *s = t->s;
    SCOPED_READ(tx, t->sml->store);
    if (!tx)
        return E_UNAVAILABLE;
    enum status st = partial_get(tx, t->a, s->device.id, db->name, &part);
    if (st)
        return st;
    if (!str_eq(part.luid, luid_of(item)) || !str_eq(part.command, sml_cmd_name(c->cmd)))
        return NOT_FOUND;
    s->in.db = db;
    s->in.cmd = c->cmd;
    s->in.size = part.size;
    buf_add(&s->in.data, part.data);
    return remember(&s->in, part.luid, part.type, STR(""), STR("")) ? s->in.data.st : E_MEMORY;
}

static enum status begin(struct turn *t, struct sml_command *c, const struct sml_item *item,
                         struct database *db, int64_t size)
{
    struct chunks_in *in = &t->s->in;
    in->db = db;
    in->cmd = c->cmd;
    in->size = size;
    struct str type = sml_item_type(c, item), format = sml_item_format(c, item);
    if (!remember(in, luid_of(item), type, or_else(item->meta.version, c->meta.version), format))
        return E_MEMORY;
    in->refused = size > t->sml->object;
    in->recoded = t->in.recoded;
    if (in->refused)
        return OK;
    buf_add(&in->data, item->data);
    if (in->recoded)
        return OK; /* where it was cut off can not be told in the device's bytes */
    struct piece *p = piece_add(t, db);
    if (p) {
        struct str data = arena_str(t->a, item->data.p ? item->data : STR(""));
        p->part = (struct partial){.luid = arena_str(t->a, in->luid),
                                   .type = arena_str(t->a, in->type),
                                   .command = sml_cmd_name(c->cmd),
                                   .size = size,
                                   .data = data};
    }
    return OK;
}

static void go_on(struct turn *t, struct database *db, struct str data)
{
    struct chunks_in *in = &t->s->in;
    if (in->refused)
        return;
    buf_add(&in->data, data);
    in->recoded |= t->in.recoded;
    if (in->recoded)
        return;
    struct piece *p = piece_add(t, db);
    if (p)
        p->more = arena_str(t->a, data.p ? data : STR(""));
}

/* Synthesis says at which byte its chunk begins: "datapos=17791". */
static bool at_position(const struct chunks_in *in, struct str emi)
{
    int64_t at;
    if (!str_starts(emi, STR("datapos=")) || !str_i64(str_trim(str_from(emi, 8)), &at))
        return true;
    return at == (int64_t)in->data.n;
}

/* Not the last piece of what an earlier session left: it was changed since, and is no large object any more. It begins as that did. */
static bool is_whole(const struct chunks_in *in, const struct sml_item *item)
{
    enum { BEGINNING = 6 }; /* "BEGIN:", or as much of an XML declaration in base64 */
    struct str old = str_slice(buf_view(&in->data), 0, BEGINNING), now = str_slice(item->data, 0, BEGINNING);
    return !item->meta.emi.n && in->size >= 0 && (int64_t)(in->data.n + item->data.n) != in->size &&
           str_eq(old, now);
}

/* ---- ending ---- */

static enum status end(struct turn *t, struct database *db, struct reply *r, struct sml_item *whole)
{
    struct chunks_in *in = &t->s->in;
    enum status st = OK;
    if (in->refused || in->data.st) {
        r->code = in->size > t->sml->object ? 413 : 424;
        st = TOO_LARGE;
    } else if (in->size >= 0 && in->size != (int64_t)in->data.n && !in->recoded) {
        r->code = 424;
        st = INVALID;
    } else {
        whole->data = arena_str(t->a, buf_view(&in->data));
        whole->meta.type = or_else(whole->meta.type, arena_str(t->a, in->type));
        whole->meta.version = or_else(whole->meta.version, arena_str(t->a, in->version));
        whole->meta.format = or_else(whole->meta.format, arena_str(t->a, in->format));
    }
    struct piece *p = piece_add(t, db);
    if (p)
        p->drop = true;
    large_drop(t->s);
    return st == OK ? t->a->st : st;
}

enum status large_in(struct turn *t, struct sml_command *c, struct sml_item *item, struct database *db,
                     struct reply *r)
{
    struct chunks_in *in = &t->s->in;
    int64_t size = item->meta.size >= 0 ? item->meta.size : c->meta.size;
    enum status st = OK;
    bool more = item->more_data;
    if (in->db && (!continues(in, c, item, db) || (more && size >= 0 && in->data.n && !item->meta.emi.n)))
        no_end(t);
    bool resumes = !in->db && db->resumed && (size < 0 || item->meta.emi.n);
    if (resumes)
        st = take_up(t, c, item, db);
    if (st < 0)
        return st;
    if (!in->db && !more)
        return OK; /* an ordinary item */
    if (!in->db && size < 0) {
        r->code = 411;
        return INVALID;
    }
    if (in->db && !at_position(in, item->meta.emi)) {
        r->code = 424;
        struct piece *p = piece_add(t, db);
        if (p)
            p->drop = true;
        large_drop(t->s);
        return INVALID;
    }
    if (resumes && in->db && !more && is_whole(in, item)) {
        struct piece *p = piece_add(t, db);
        if (p)
            p->drop = true;
        large_drop(t->s);
        return OK;
    }
    if (in->db)
        go_on(t, db, item->data);
    else if ((st = begin(t, c, item, db, size)) != OK)
        return st;
    int64_t most = in->recoded ? t->sml->object : in->size;
    in->refused |= in->size >= 0 && (int64_t)in->data.n > most;
    if (!more)
        return end(t, db, r, item);
    r->code = !in->refused ? 213 : in->size > t->sml->object ? 413 : 424;
    return TRUNCATED;
}
