/* syncml/turn.c: one message of a device from its bytes to our answer; and where the session stands after it. */
#include "core/clock.h"
#include "core/log.h"
#include "syncml/engine.h"

/* ---- the packages ---- */

static bool any_came(const struct session *s)
{
    for (const struct database *db = s->dbs; db; db = db->next)
        if (db->came && db->state == DB_CHANGES)
            return true;
    return false;
}

/* Is there a database whose changes the device has still to give? */
static bool any_expected(const struct session *s)
{
    for (const struct database *db = s->dbs; db; db = db->next)
        if ((db->state == DB_OPEN || db->state == DB_ALERTED) && database_takes_in(db))
            return true;
    return false;
}

static void begin_sending(struct turn *t)
{
    t->s->phase = PHASE_SENDING;
    for (struct database *db = t->s->dbs; db; db = db->next) {
        bool refresh =
            db->mode == MODE_REFRESH_FROM_SERVER && (db->state == DB_OPEN || db->state == DB_ALERTED);
        if (db->state == DB_CHANGES || refresh)
            changes_close(t, db);
    }
}

static void end_session(struct turn *t)
{
    struct session *s = t->s;
    bool any = false;
    sent_confirm_acked(t);
    for (struct database *db = s->dbs; db; db = db->next)
        if (db->state == DB_SENT) {
            anchor_commit(t, db);
            any = true;
        }
    s->device.syncs += any;
    s->device_dirty |= any;
}

/* The device's package is complete: ours is due. */
static void package_complete(struct turn *t)
{
    struct session *s = t->s;
    bool was_ours = s->ours;
    s->ours = true;
    if (s->suspended)
        return;
    if (t->alerted && s->phase >= PHASE_MAPS)
        s->phase = PHASE_INIT; /* another sync in the same session */
    switch (s->phase) {
    case PHASE_INIT:
    case PHASE_CHANGES:
        if (any_came(s))
            begin_sending(t);
        else if (t->alerted || was_ours || !s->dbs)
            s->phase = s->dbs ? PHASE_CHANGES : PHASE_INIT;
        else if (any_expected(s) && !s->waited)
            s->waited = true; /* Final in every message: its changes come in the next */
        else
            begin_sending(t);
        break;
    case PHASE_SENDING:
        if (any_came(s))
            begin_sending(t);
        break;
    case PHASE_MAPS:
        if (any_came(s)) /* of one that it had to begin anew, behind the others */
            begin_sending(t);
        else
            end_session(t);
        break;
    case PHASE_OVER:
        break;
    }
}

/* ---- a turn inside of a session ---- */

static void fail(struct turn *t, int http, struct str why)
{
    struct http_response *resp = &t->http->resp;
    buf_clear(&resp->body);
    resp->status = http;
    http_set(t->http, STR("Content-Type"), STR("text/plain; charset=utf-8"));
    buf_add(&resp->body, why);
    buf_addc(&resp->body, '\n');
}

/* Neither can the device be answered in what it takes, nor is anything of its message done. */
static bool has_room(struct turn *t)
{
    if (answer_fits(t))
        return true;
    fail(t, 413, STR("The names in the SyncHdr are too long for an answer in the MaxMsgSize."));
    return false;
}

/* Something of ours does not fit into any message that the device takes. */
static enum status give_up(struct turn *t)
{
    struct session *s = t->s;
    log_warning(
        "syncml: %.*s: what it is to be told does not fit into %zu bytes (MaxMsgSize); the session was ended",
        STR_ARG(str_slice(s->devid, 0, 100)), s->max_msg);
    t->header_code = 413;
    session_end(s);
    return answer_refuse(t);
}

static void enter(struct turn *t)
{
    struct session *s = t->s;
    s->turns++;
    s->version = t->in.version;
    if (t->in.meta.max_msg >= 0)
        s->max_msg = (size_t)t->in.meta.max_msg;
    if (t->in.meta.max_obj >= 0)
        s->max_obj = t->in.meta.max_obj;
    t->no_resp = t->in.no_resp;
    t->content = (struct content_settings){.phone = &s->phone,
                                           .zones = store_zones(t->sml->store),
                                           .zone = s->zone,
                                           .limits = &t->sml->content,
                                           .recoded = t->in.recoded,
                                           .now = t->now};
}

static enum status play(struct turn *t)
{
    struct session *s = t->s;
    plan_commands(t);
    if (t->st)
        return t->st;
    if (s->phone.omit_statuses)
        sent_confirm_all(t);
    enum status st = t->changes ? changes_run(t) : OK;
    if (st)
        return st;
    if (t->in.final)
        package_complete(t);
    if (s->phase == PHASE_INIT || t->alerted)
        devinf_ask(t);
    if (t->early)
        st = steps_commit(t);
    if (st == OK)
        st = answer_write(t);
    if (st == OK)
        st = out_guids(t);
    if (st)
        return st;
    device_save(t);
    return steps_commit(t);
}

static void settle_codes(const struct turn *t)
{
    for (struct group *g = t->groups; g; g = g->next)
        if (g->doomed && g->reply->code == 200)
            g->reply->code = 507;
}

static enum status run_session(struct turn *t)
{
    struct session *s = t->s;
    enter(t);
    trace_message(t, "the device", t->http->req.body);
    if (s->turns > t->sml->turns) {
        log_warning("syncml: %.*s: a session of more than %lld messages was ended (limits.syncml_messages)",
                    STR_ARG(str_slice(s->devid, 0, 100)), (long long)t->sml->turns);
        t->header_code = 403;
        session_end(s);
        return answer_refuse(t);
    }
    if (!has_room(t)) {
        session_end(s);
        return OK;
    }
    enum status st = play(t);
    if (st == OK && s->stuck > STUCK_MOST)
        return give_up(t);
    settle_codes(t);
    if (st == OK)
        trace_message(t, "the server", buf_view(&t->http->resp.body));
    else
        session_end(s);
    if (st == OK && s->suspended)
        session_end(s);
    return st;
}

/* ---- the door ---- */

static void fault(struct turn *t, enum status st)
{
    bool passing = st == E_BUSY || st == E_UNAVAILABLE || st == E_TIMEOUT || st == E_MEMORY || st == E_FULL;
    log_error("syncml: message %.*s of %.*s: %s", STR_ARG(str_slice(t->in.msg_id, 0, 32)),
              STR_ARG(str_slice(t->in.source, 0, 100)), status_text(st));
    fail(t, passing ? 503 : 500, STR("The server has a problem; the device tries again later."));
    if (passing)
        http_set(t->http, STR("Retry-After"), STR("10"));
}

static bool read_message(struct turn *t)
{
    struct str why = STR("it is no SyncML message");
    struct str charset = sml_charset_of(http_get(&t->http->req, STR("Content-Type")));
    enum status st =
        sml_read_as(t->a, t->encoding, charset, t->http->req.body, &t->sml->message, &t->in, &why);
    if (st == OK)
        return true;
    if (st < 0)
        fault(t, st);
    else
        fail(t, st == INVALID ? 400 : 413, why);
    return false;
}

static bool speaks(struct turn *t)
{
    struct str dtd = t->in.ver_dtd;
    bool known = !dtd.n || str_eq(dtd, STR("1.0")) || str_eq(dtd, STR("1.1")) || str_eq(dtd, STR("1.2"));
    t->header_code = t->in.version == SML_NONE ? 513 : known ? 0 : 505;
    return !t->header_code;
}

void turn_run(struct turn *t)
{
    enum status st = OK;
    enum session_find found = SESSION_NONE;
    t->now = clock_now();
    t->replies_end = &t->replies;
    t->steps_end = &t->steps;
    t->changes_end = &t->changes;
    if (!read_message(t) || !has_room(t))
        return;
    if (speaks(t))
        found = turn_login(t);
    if (found == SESSION_AGAIN) {
        t->http->resp.status = 200;
        http_set(t->http, STR("Content-Type"), sml_media(t->encoding));
        return;
    }
    if (t->s) {
        t->http->user = arena_str(t->a, t->s->login.address);
        st = run_session(t);
    } else {
        st = t->st ? t->st : answer_refuse(t);
    }
    if (st)
        fault(t, st);
    if (t->s)
        session_leave(t, t->s);
}
