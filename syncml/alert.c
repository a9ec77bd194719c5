/* syncml/alert.c: Alerts of the device: it asks for a sync of a database, for our next message, to stop, or to go on with what was
 * cut off (OMA DS section 5.3, 5.10). */
#include "core/log.h"
#include "syncml/engine.h"

/* ---- a sync of a database ---- */

/* It begins anew: what was under way in it does not count any more. */
static void forget(struct session *s, struct database *db)
{
    if (s->in.db == db)
        large_drop(s);
    if (s->out.db == db)
        s->out.db = NULL;
    if (s->no_end_db == db)
        s->no_end_of_data = false;
    sent_forget(s, db);
    database_clear(db);
}

static struct database *slot(struct session *s, const struct database *view)
{
    struct database **at = &s->dbs;
    while (*at && !str_eq((*at)->name, view->name))
        at = &(*at)->next;
    if (*at) {
        forget(s, *at);
        return *at;
    }
    if (s->db_count >= DATABASES_MOST)
        return NULL;
    *at = ARENA_NEW(&s->arena, struct database);
    if (*at)
        s->db_count++;
    return *at;
}

static struct str mine(struct session *s, struct str text)
{
    return text.p ? arena_str(&s->arena, text) : STR_NONE;
}

static enum status judge(struct turn *t, struct database *db, int asked, struct str uri,
                         const struct sml_command *c, const struct sml_item *item, int *code)
{
    enum status st =
        filter_parse(t, database_cgi(uri), item->filters ? item->filters : c->filters, &db->filter);
    if (st) {
        *code = st == UNSUPPORTED ? 421 : 422;
        return st < 0 ? st : OK;
    }
    SCOPED_READ(tx, t->sml->store);
    return tx ? anchor_judge(t, tx, db, asked, code) : E_UNAVAILABLE;
}

static enum status view(struct turn *t, struct str uri, struct database *out)
{
    SCOPED_READ(tx, t->sml->store);
    return tx ? database_view(t, tx, uri, out) : E_UNAVAILABLE;
}

/* A device that only gives may not give to what is somebody else's. */
static bool may_write(const struct database *db)
{
    for (size_t i = 0; i < db->source_count; i++)
        if (!db->sources[i].read_only)
            return true;
    return database_sends(db);
}

static void open_database(struct turn *t, struct sml_command *c, const struct sml_item *item, int asked,
                          struct reply *r)
{
    struct session *s = t->s;
    struct str uri = item->target.n ? item->target : item->source;
    struct database fresh = {0}, *db, *next;
    enum status st = view(t, uri, &fresh);
    if (st) {
        r->code = code_of(SML_ALERT, st);
        t->st = st < 0 ? st : t->st;
        return;
    }
    db = slot(s, &fresh);
    if (!db) {
        r->code = 420;
        return;
    }
    next = db->next;
    fresh.target = mine(s, uri);
    fresh.source = mine(s, item->source.n ? item->source : uri);
    fresh.client_last = mine(s, item->meta.last.n ? item->meta.last : c->meta.last);
    fresh.client_next = mine(s, item->meta.next.n ? item->meta.next : c->meta.next);
    fresh.next = next;
    *db = fresh;
    st = judge(t, db, asked, uri, c, item, &r->code);
    if (st < 0) {
        t->st = st;
        return;
    }
    bool good = r->code == 200 || r->code == 508;
    if (good && !may_write(db)) {
        r->code = 425;
        good = false;
    }
    db->state = good ? DB_ALERTED : DB_FAILED;
    db->alert_back = good;
    db->early = r->code == 508;
    r->next_anchor = db->client_next;
    if (good)
        device_phone_for(t, db);
}

static void alert_sync(struct turn *t, struct sml_command *c, int asked)
{
    static const struct sml_item none;
    const struct sml_item *item = c->items ? c->items : &none;
    for (; item; item = item->next) {
        struct reply *r = reply_new(t, c, item);
        t->alerted = true;
        if (++t->s->alerts > ALERTS_MOST)
            r->code = 403;
        else if (item->bad)
            r->code = item->bad;
        else if (!item->target.n && !item->source.n)
            r->code = 404;
        else
            open_database(t, c, item, asked, r);
    }
}

/* ---- the others ---- */

static void alert_plain(struct turn *t, struct sml_command *c)
{
    reply_new(t, c, c->items)->code = 200;
}

static void alert_display(struct turn *t, struct sml_command *c)
{
    if (c->items)
        log_info("syncml: %.*s says: %.*s", STR_ARG(str_slice(t->s->devid, 0, 100)),
                 STR_ARG(str_slice(c->items->data, 0, 500)));
    alert_plain(t, c);
}

/* The rest of our large object did not arrive: it goes again, from its beginning, at the next session. */
static void alert_no_end(struct turn *t, struct sml_command *c)
{
    struct session *s = t->s;
    if (s->out.db)
        anchor_lower(s->out.db, s->out.head.source, s->out.head.seq);
    s->out.db = NULL;
    alert_plain(t, c);
}

/* All that is needed for going on is in the store with every message. */
static void alert_suspend(struct turn *t, struct sml_command *c)
{
    t->s->suspended = true;
    alert_plain(t, c);
}

static void alert_resume(struct turn *t, struct sml_command *c)
{
    alert_sync(t, c, ALERT_RESUME);
}

static const struct {
    int code, mode; /* mode: of a sync */
    void (*run)(struct turn *t, struct sml_command *c);
} alerts[] = {
    {ALERT_DISPLAY, 0, alert_display},
    {200, MODE_TWO_WAY, NULL},
    {201, MODE_SLOW, NULL},
    {202, MODE_FROM_CLIENT, NULL},
    {203, MODE_REFRESH_FROM_CLIENT, NULL},
    {204, MODE_FROM_SERVER, NULL},
    {205, MODE_REFRESH_FROM_SERVER, NULL},
    {206, MODE_TWO_WAY, NULL}, /* we had alerted it: section 5.11 */
    {207, MODE_FROM_CLIENT, NULL},
    {208, MODE_REFRESH_FROM_CLIENT, NULL},
    {209, MODE_FROM_SERVER, NULL},
    {210, MODE_REFRESH_FROM_SERVER, NULL},
    {ALERT_RESULT, 0, alert_plain},
    {ALERT_NEXT, 0, alert_plain},
    {ALERT_NO_END, 0, alert_no_end},
    {ALERT_SUSPEND, 0, alert_suspend},
    {ALERT_RESUME, 0, alert_resume},
};

void cmd_alert(struct turn *t, struct sml_command *c)
{
    int64_t code = 0;
    str_i64(str_trim(c->data), &code);
    for (size_t i = 0; i < COUNT_OF(alerts); i++) {
        if (alerts[i].code != code)
            continue;
        if (alerts[i].mode)
            alert_sync(t, c, alerts[i].mode);
        else
            alerts[i].run(t, c);
        return;
    }
    reply_new(t, c, c->items)->code = 406;
}
