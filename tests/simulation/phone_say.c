/* tests/simulation/phone_say.c: the messages that a simulated phone sends; see phone.h. */
#include "tests/simulation/phone_int.h"

#include <stdio.h>
#include <stdlib.h>

enum { HEAD_ROOM = 500, COMMAND_ROOM = 40, CHUNK_LEAST = 200 };

static const char *version(const struct phone *p)
{
    return p->ways.v12 ? "1.2" : "1.1";
}

static void place(struct phone *p, struct el *parent, enum tag tag, const char *uri)
{
    el_text(&p->arena, el_new(&p->arena, parent, tag), T_LOCURI, str_c(uri));
}

static struct el *command(struct phone *p, struct el *parent, enum tag tag)
{
    struct el *e = el_new(&p->arena, parent, tag);
    el_number(&p->arena, e, T_CMDID, ++p->cmd);
    return e;
}

/* What we sent wants a Status: they must come in this order. */
static void wait_for(struct phone *p, enum tag tag, enum db db, const char *luid, bool more)
{
    if (p->wait_count == PHONE_WAITING) {
        phone_faultf(p, "a session without an end");
        return;
    }
    struct phone_wait *w = &p->waits[p->wait_count++];
    *w = (struct phone_wait){
        .msg = p->msg, .cmd = tag == T_SYNCHDR ? 0 : p->cmd, .command = tag, .db = db, .more = more};
    snprintf(w->luid, sizeof w->luid, "%s", luid);
}

static size_t size_of(const struct el *e)
{
    SCOPED_BUF(b, 1 << 20);
    wire_write(&b, e, PUBLIC_SYNCML_12);
    return b.n + 4;
}

/* ---- device information ---- */

static void type(struct phone *p, struct el *store, enum devinf_tag tag, enum db db)
{
    struct el *e = el_new(&p->arena, store, (enum tag)tag);
    el_text(&p->arena, e, (enum tag)D_CTTYPE, str_c(sample_type(db, p->ways.modern)));
    el_text(&p->arena, e, (enum tag)D_VERCT, str_c(sample_version(db, p->ways.modern)));
}

static void put_devinf(struct phone *p, struct el *body)
{
    struct arena *a = &p->arena;
    SCOPED_BUF(inner, 1 << 16);
    SCOPED_BUF(name, 64);
    buf_addf(&name, "./devinf%s", p->ways.v12 ? "12" : "11");
    struct el *d = el_new(a, NULL, (enum tag)D_DEVINF);
    el_text(a, d, (enum tag)D_VERDTD, str_c(version(p)));
    el_text(a, d, (enum tag)D_MAN, STR("Scambio"));
    el_text(a, d, (enum tag)D_MOD, STR("Simulation"));
    el_text(a, d, (enum tag)D_DEVID, str_c(p->devid));
    el_text(a, d, (enum tag)D_DEVTYP, STR("phone"));
    el_new(a, d, (enum tag)D_UTC);
    el_new(a, d, (enum tag)D_LARGEOBJS);
    el_new(a, d, (enum tag)D_NUMBEROFCHANGES);
    for (enum db db = 0; db < DB_COUNT; db++) {
        struct el *s = el_new(a, d, (enum tag)D_DATASTORE);
        el_text(a, s, (enum tag)D_SOURCEREF, str_c(sample_db(db)));
        if (p->ways.max_guid)
            el_number(a, s, (enum tag)D_MAXGUIDSIZE, p->ways.max_guid);
        type(p, s, D_RX_PREF, db);
        type(p, s, D_TX_PREF, db);
        struct el *cap = el_new(a, s, (enum tag)D_SYNCCAP);
        for (int i = 1; i <= 7; i++)
            el_number(a, cap, (enum tag)D_SYNCTYPE, i);
    }
    wire_write(&inner, d, p->ways.v12 ? PUBLIC_DEVINF_12 : PUBLIC_DEVINF_11);
    struct el *put = command(p, body, T_PUT), *item;
    wait_for(p, T_PUT, 0, "", false);
    el_text(a, el_new(a, put, T_META), T_TYPE, STR("application/vnd.syncml-devinf+wbxml"));
    item = el_new(a, put, T_ITEM);
    place(p, item, T_SOURCE, buf_c(&name));
    el_text(a, item, T_DATA, buf_view(&inner));
}

/* ---- parts of messages ---- */

static void alert(struct phone *p, struct el *body, enum db db)
{
    struct arena *a = &p->arena;
    struct phone_store *s = &p->stores[db];
    struct el *e = command(p, body, T_ALERT), *item, *anchor;
    wait_for(p, T_ALERT, db, "", false);
    el_number(a, e, T_DATA, p->resuming ? ALERT_RESUME : p->mode[db]);
    item = el_new(a, e, T_ITEM);
    place(p, item, T_TARGET, sample_db(db));
    place(p, item, T_SOURCE, sample_db(db));
    anchor = el_new(a, el_new(a, item, T_META), T_ANCHOR);
    if (s->last && (p->resuming || p->mode[db] != SYNC_SLOW))
        el_number(a, anchor, T_LAST, s->last);
    el_number(a, anchor, T_NEXT, p->anchor);
}

static void plain_alert(struct phone *p, struct el *body, int code)
{
    struct el *e = command(p, body, T_ALERT);
    wait_for(p, T_ALERT, 0, "", false);
    el_number(&p->arena, e, T_DATA, code);
}

struct el *phone_status(struct phone *p, struct str msg, struct str cmd, const char *name, int code)
{
    struct arena *a = &p->arena;
    struct el *e = el_new(a, p->statuses, T_STATUS);
    el_text(a, e, T_CMDID, STR("?")); /* numbered when it is sent */
    el_text(a, e, T_MSGREF, msg);
    el_text(a, e, T_CMDREF, cmd);
    el_text(a, e, T_CMD, str_c(name));
    el_number(a, e, T_DATA, code);
    return e;
}

static void say_statuses(struct phone *p, struct el *body)
{
    for (struct el *e = p->statuses->children, *next; e; e = next) {
        next = e->next;
        e->next = NULL;
        el_get(e, T_CMDID)->text = arena_strf(&p->arena, "%ld", ++p->cmd);
        el_add(body, e);
    }
    *p->statuses = (struct el){0};
}

static void say_maps(struct phone *p, struct el *body)
{
    struct arena *a = &p->arena;
    for (enum db db = 0; db < DB_COUNT; db++) {
        struct phone_store *s = &p->stores[db];
        if (!s->map_count || p->told_count == sizeof p->told / sizeof *p->told)
            continue;
        struct el *map = command(p, body, T_MAP);
        wait_for(p, T_MAP, db, "", false);
        place(p, map, T_TARGET, sample_db(db));
        place(p, map, T_SOURCE, sample_db(db));
        for (size_t i = 0; i < s->map_count; i++) {
            struct el *item = el_new(a, map, T_MAPITEM);
            place(p, item, T_TARGET, s->maps[i].guid);
            place(p, item, T_SOURCE, s->maps[i].luid);
        }
        p->told[p->told_count].msg = p->msg;
        p->told[p->told_count].cmd = p->cmd;
        p->told[p->told_count].db = db;
        p->told[p->told_count++].count = s->map_count;
    }
}

/* ---- our changes ---- */

static void plan(struct phone *p, enum db db, enum tag tag, const char *luid)
{
    if (tag != NO_TAG && p->resuming && phone_is_confirmed(p, db, str_c(luid)))
        return;
    struct phone_work *w = &p->work[p->work_count++];
    *w = (struct phone_work){.db = db, .command = tag};
    snprintf(w->luid, sizeof w->luid, "%s", luid);
}

void phone_plan(struct phone *p)
{
    p->work_count = p->work_at = 0;
    for (enum db db = 0; db < DB_COUNT; db++) {
        struct phone_store *s = &p->stores[db];
        bool slow = p->mode[db] == SYNC_SLOW;
        if (!slow)
            s->deleted_before = 0;
        else if (!p->resuming || p->refused[db])
            s->deleted_before = s->deleted_count;
        plan(p, db, NO_TAG, "");
        for (size_t i = 0; i < s->count; i++) {
            struct phone_item *item = &s->items[i];
            if (slow || item->pending != CLEAN)
                plan(p, db,
                     slow                     ? (p->ways.adds_in_slow ? T_ADD : T_REPLACE)
                     : item->pending == ADDED ? T_ADD
                                              : T_REPLACE,
                     item->luid);
        }
        for (size_t i = s->deleted_before; i < s->deleted_count; i++)
            plan(p, db, T_DELETE, s->deleted[i]);
        p->slow += slow;
    }
}

/* One change; of a large one the piece from w->offset that has room. NULL: nothing fits now. */
static struct el *change(struct phone *p, struct phone_work *w, size_t room, bool fresh, size_t *end,
                         bool *more)
{
    struct arena *a = &p->arena;
    struct el *e = el_new(a, NULL, w->command), *item;
    SCOPED_BUF(text, 1 << 20);
    *more = false;
    *end = 0;
    el_text(a, e, T_CMDID, STR("9999"));
    item = el_new(a, e, T_ITEM);
    place(p, item, T_SOURCE, w->luid);
    if (w->command == T_DELETE)
        return size_of(e) <= room ? e : NULL;
    struct phone_item *mine = phone_find(p, w->db, str_c(w->luid));
    if (!mine)
        abort();
    sample_write(&text, w->db, p->ways.modern, NULL, &mine->content);
    struct el *meta = el_new(a, item, T_META);
    el_text(a, meta, T_TYPE, str_c(sample_type(w->db, p->ways.modern)));
    size_t rest = text.n - w->offset, around = size_of(e) + COMMAND_ROOM;
    bool whole = rest + around <= room;
    if (!whole && (room < around + CHUNK_LEAST || (!fresh && !w->offset)))
        return NULL;
    size_t n = whole ? rest : room - around;
    *more = !whole;
    *end = w->offset + n;
    if (*more && !w->offset)
        el_number(a, meta, T_SIZE, (long)text.n);
    el_text(a, item, T_DATA, str_slice(buf_view(&text), w->offset, n));
    if (*more)
        el_new(a, item, T_MOREDATA);
    return e;
}

static void say_changes(struct phone *p, struct el *body)
{
    struct el *sync = NULL;
    size_t limit =
        (size_t)(p->server_max && p->server_max < p->ways.max_out ? p->server_max : p->ways.max_out);
    size_t used = size_of(body) + HEAD_ROOM;
    bool fresh = true, more = false;
    while (p->work_at < p->work_count && !more) {
        struct phone_work *w = &p->work[p->work_at];
        if (w->command == NO_TAG || !sync) {
            sync = command(p, body, T_SYNC);
            wait_for(p, T_SYNC, w->db, "", false);
            place(p, sync, T_TARGET, sample_db(w->db));
            place(p, sync, T_SOURCE, sample_db(w->db));
            used += size_of(sync);
        }
        if (w->command == NO_TAG) {
            p->work_at++;
            continue;
        }
        size_t end;
        struct el *e = used < limit ? change(p, w, limit - used, fresh, &end, &more) : NULL;
        if (!e)
            return;
        el_get(e, T_CMDID)->text = arena_strf(&p->arena, "%ld", ++p->cmd);
        wait_for(p, w->command, w->db, w->luid, more);
        el_add(sync, e);
        used += size_of(e);
        fresh = false;
        if (more)
            w->offset = end;
        else
            p->work_at++;
    }
}

/* ---- messages ---- */

static void head(struct phone *p, struct el *root)
{
    struct arena *a = &p->arena;
    struct el *h = el_new(a, root, T_SYNCHDR), *source, *cred, *meta;
    SCOPED_BUF(data, 1024);
    SCOPED_BUF(proto, 32);
    buf_addf(&proto, "SyncML/%s", version(p));
    el_text(a, h, T_VERDTD, str_c(version(p)));
    el_text(a, h, T_VERPROTO, buf_view(&proto));
    el_number(a, h, T_SESSIONID, p->sessions);
    el_number(a, h, T_MSGID, p->msg);
    place(p, h, T_TARGET, "http://mail.example.test/syncml");
    source = el_new(a, h, T_SOURCE);
    el_text(a, source, T_LOCURI, str_c(p->devid));
    el_text(a, source, T_LOCNAME, str_c(p->user));
    if (!p->accepted) {
        phone_credential(p, &data);
        cred = el_new(a, h, T_CRED);
        meta = el_new(a, cred, T_META);
        el_text(a, meta, T_FORMAT, STR("b64"));
        el_text(a, meta, T_TYPE, p->ways.md5 ? STR("syncml:auth-md5") : STR("syncml:auth-basic"));
        el_text(a, cred, T_DATA, buf_view(&data));
    }
    el_number(a, el_new(a, h, T_META), T_MAXMSGSIZE, p->ways.max_in);
    wait_for(p, T_SYNCHDR, 0, "", false);
}

static bool say(struct phone *p, struct el *body)
{
    if (p->phase == PHASE_INIT) {
        put_devinf(p, body);
        for (enum db db = 0; db < DB_COUNT; db++)
            alert(p, body, db);
        if (!p->ways.at_once)
            return true;
        say_maps(
            p,
            body); /* before its changes, which may be of items that the server does not know by their LUIDs */
        phone_plan(p);
        say_changes(p, body);
        return p->work_at == p->work_count;
    }
    say_statuses(p, body);
    if (p->suspend && p->ways.v12 && p->phase >= PHASE_CHANGES) {
        plain_alert(p, body, ALERT_SUSPEND);
        p->suspended = true;
        return false;
    }
    say_maps(p, body);
    if (p->phase == PHASE_CHANGES)
        say_changes(p, body);
    bool asks = p->phase == PHASE_INIT_MORE || p->phase == PHASE_SERVER;
    if (asks || p->ways.asks_always)
        plain_alert(p, body, ALERT_NEXT);
    return p->phase == PHASE_LAST || (p->phase == PHASE_CHANGES && p->work_at == p->work_count);
}

void phone_compose(struct phone *p)
{
    struct el *root = el_new(&p->arena, NULL, T_SYNCML), *body;
    p->msg++;
    p->cmd = 0;
    p->messages++;
    head(p, root);
    body = el_new(&p->arena, root, T_SYNCBODY);
    if (say(p, body) || p->ways.final_always)
        el_new(&p->arena, body, T_FINAL);
    buf_clear(&p->out);
    wire_write(&p->out, root, p->ways.v12 ? PUBLIC_SYNCML_12 : PUBLIC_SYNCML_11);
    if (p->out.st)
        abort();
}
