/* syncml/device.c: the device as its session knows it: its row in the store, its DevInf, and what follows from both: the profile, and
 * for each database the type that it gets and what it can hold of that. */
#include "syncml/engine.h"

#include <stdio.h>

/* ---- opening ---- */

struct opening {
    struct write write;
    struct turn *t;
    struct device device;
};

static enum status run_open(struct write *w, struct tx *tx)
{
    struct opening *o = CONTAINER_OF(w, struct opening, write);
    struct session *s = o->t->s;
    enum status st = tx_device_open(tx, &s->arena, s->account, s->devid, &o->device);
    if (st == OK && o->device.state == DEVICE_BLOCKED)
        return DENIED;
    return st == OK ? tx_sml_auth(tx, &s->auth, &o->device) : st;
}

static void load_zone(struct turn *t, struct tx *tx)
{
    struct collection c;
    enum status st =
        collection_find(tx, t->a, &t->s->login.actor, t->s->account, KIND_CALENDAR, STR("calendar"), &c);
    if (st == OK && c.timezone.p)
        t->s->zone = arena_str(&t->s->arena, c.timezone);
}

static void choose_phone(struct turn *t)
{
    struct session *s = t->s;
    const struct device *d = &s->device;
    const struct phone *row = phone_choose(t->sml->phones, d->man, d->mod, d->swv, d->devid);
    if (phone_with_devinf(&s->arena, row, NULL, STR_NONE, STR_NONE, STR_NONE, &s->phone))
        s->phone = *row;
    if (!str_eq(s->device.profile, row->profile)) {
        s->device.profile = arena_str(&s->arena, row->profile);
        s->device_dirty = true;
    }
}

enum status device_open(struct turn *t)
{
    struct session *s = t->s;
    struct opening o = {.write = {.run = run_open, .account = s->account, .bytes = 1024}, .t = t};
    enum status st = store_run(t->sml->store, &o.write);
    if (st)
        return st;
    s->device = o.device;
    s->device.seen = t->now;
    s->guid_first = s->guid = s->guid_saved = s->device.next_guid;
    s->device_dirty = true;
    SCOPED_READ(tx, t->sml->store);
    if (!tx)
        return E_UNAVAILABLE;
    load_zone(t, tx);
    choose_phone(t);
    return s->arena.st;
}

struct proof {
    struct write write;
    struct turn *t;
    const struct sml_auth *auth;
};

static enum status run_prove(struct write *w, struct tx *tx)
{
    struct proof *p = CONTAINER_OF(w, struct proof, write);
    struct device d = p->t->s->device;
    return tx_sml_auth(tx, p->auth, &d);
}

enum status device_prove(struct turn *t, const struct sml_auth *auth)
{
    struct session *s = t->s;
    struct proof p = {
        .write = {.run = run_prove, .account = s->account, .bytes = 1024}, .t = t, .auth = auth};
    enum status st = auth->nonce_next.n <= sizeof s->nonce ? store_run(t->sml->store, &p.write) : E_INTERNAL;
    if (st)
        return st;
    memcpy(s->nonce, auth->nonce_next.p, auth->nonce_next.n);
    s->auth.nonce_next = str_n(s->nonce, auth->nonce_next.n);
    return OK;
}

/* ---- DevInf ---- */

struct devinf *device_devinf(struct turn *t)
{
    struct str why;
    if (t->devinf_tried)
        return t->devinf;
    t->devinf_tried = true;
    struct devinf *d = ARENA_NEW(t->a, struct devinf);
    if (d && t->s->device.devinf.n &&
        devinf_parse(t->a, t->s->device.devinf, &t->sml->message, d, &why) == OK)
        t->devinf = d;
    return t->devinf;
}

static struct str mine(struct session *s, struct str text)
{
    return text.p ? arena_str(&s->arena, str_slice(text, 0, DEVICE_NAME_BYTES)) : STR_NONE;
}

/* When it is what we know already, nothing needs to be kept or written. */
static enum status keep_devinf(struct turn *t, struct devinf *d)
{
    struct session *s = t->s;
    SCOPED_BUF(xml, DEVICE_DEVINF_BYTES);
    devinf_write_xml(&xml, t->a, d, t->in.version);
    if (xml.st)
        return xml.st;
    if (str_eq(buf_view(&xml), s->device.devinf))
        return OK;
    s->device.devinf = arena_str(&s->arena, buf_view(&xml));
    s->device.man = mine(s, d->man);
    s->device.mod = mine(s, d->mod);
    s->device.swv = mine(s, d->swv);
    s->device_dirty = s->devinf_new = true;
    t->devinf = d;
    t->devinf_tried = true;
    choose_phone(t);
    for (struct database *db = s->dbs; db; db = db->next)
        device_phone_for(t, db);
    return s->arena.st;
}

enum status device_take_devinf(struct turn *t, const struct sml_item *item)
{
    struct str why;
    struct devinf *d = ARENA_NEW(t->a, struct devinf);
    if (!d)
        return t->a->st;
    if (++t->s->devinfs > DEVINFS_MOST)
        return OK; /* it has said enough */
    enum status st = item->inner ? devinf_read(t->a, item->inner, d, &why)
                                 : devinf_parse(t->a, item->data, &t->sml->message, d, &why);
    return st == OK ? keep_devinf(t, d) : st;
}

static bool same_name(struct str a, struct str b)
{
    struct str *both[] = {&a, &b};
    for (size_t i = 0; i < 2; i++) {
        *both[i] = str_slice(*both[i], 0, str_chr(*both[i], '?', 0));
        while (str_starts(*both[i], STR("./")) || str_starts(*both[i], STR("/")))
            *both[i] = str_from(*both[i], 1);
    }
    return a.n && str_caseeq(a, b);
}

const struct devinf_store *device_store_of(struct turn *t, struct str source)
{
    const struct devinf *d = device_devinf(t);
    for (const struct devinf_store *s = d ? d->stores : NULL; s; s = s->next)
        if (same_name(s->source, source))
            return s;
    return NULL;
}

/* The names of fields point into the DevInf, which goes with the turn. */
static bool adopt_fields(struct session *s, struct phone *p)
{
    struct phone_field *fields =
        p->field_count ? ARENA_ARRAY(&s->arena, struct phone_field, p->field_count) : NULL;
    for (size_t i = 0; fields && i < p->field_count; i++) {
        fields[i] = p->fields[i];
        fields[i].name = arena_str(&s->arena, fields[i].name);
    }
    p->fields = fields;
    return !s->arena.st;
}

void device_phone_for(struct turn *t, struct database *db)
{
    struct session *s = t->s;
    enum content_type type = database_type(t, db);
    if (db->phone && db->type == type && !s->devinf_new)
        return;
    struct phone *p = ARENA_NEW(&s->arena, struct phone);
    db->type = type;
    const struct phone *row = phone_named(t->sml->phones, s->phone.profile);
    enum status st = p ? phone_with_devinf(t->a, row ? row : &s->phone, device_devinf(t), db->source,
                                           content_mime(type), content_version(type), p)
                       : E_MEMORY;
    if (st || !adopt_fields(s, p)) {
        t->st = st ? st : s->arena.st;
        return;
    }
    db->phone = p;
}

/* ---- what went wrong, and the counts ---- */

void device_failed(struct session *s, int64_t now, const char *what, struct str item, struct str why)
{
    s->device.failed++;
    snprintf(s->last_error, sizeof s->last_error, "%s: item \"%.*s\": %.*s", what,
             STR_ARG(str_slice(item, 0, 100)), STR_ARG(str_slice(why, 0, 300)));
    s->device.last_error = str_c(s->last_error);
    s->device.last_error_at = now;
    s->device_dirty = true;
}

struct saving {
    struct step step;
    struct device device;
};

static enum status run_save(struct step *step, struct tx *tx)
{
    return tx_device_update(tx, &CONTAINER_OF(step, struct saving, step)->device);
}

void device_save(struct turn *t)
{
    struct session *s = t->s;
    struct saving *n = s->device_dirty ? ARENA_NEW(t->a, struct saving) : NULL;
    if (!n)
        return;
    *n = (struct saving){.step = {.run = run_save}, .device = s->device};
    n->device.seen = t->now;
    if (!s->devinf_new)
        n->device.devinf = STR_NONE;
    s->device_dirty = s->devinf_new = false;
    step_add(t, &n->step, false);
}
