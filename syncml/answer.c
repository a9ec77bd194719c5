/* syncml/answer.c: our message: the SyncHdr's Status, Statuses that found no room before, those of this message, and then, when the
 * device's package was complete, what ours holds: Results, Alerts, changes. What finds no room waits for the next message; the
 * one that holds the last of it has Final. */
#include "syncml/engine.h"

#include <stdlib.h>

enum { ALONE = 2 }; /* CmdID of what is first behind the Status of the SyncHdr */

#define NO_COOKIE "00000000000000000000000000000000"

static const struct sml_meta no_meta = {.size = -1, .max_msg = -1, .max_obj = -1};

/* ---- the header ---- */

struct str answer_uri(struct turn *t)
{
    const struct http_request *req = &t->http->req;
    struct str to = t->in.target;
    const size_t room = sizeof "?s=" + sizeof t->s->cookie; /* the device sends it back as its Target */
    bool absolute = str_casestarts(to, STR("http://")) || str_casestarts(to, STR("https://"));
    if (!absolute || to.n + room > t->sml->message.address)
        to =
            arena_strf(t->a, "%.*s://%.*s%.*s", STR_ARG(req->scheme), STR_ARG(req->host), STR_ARG(req->path));
    to = str_slice(to, 0, str_chr(to, '?', 0));
    return arena_strf(t->a, "%.*s?s=%s", STR_ARG(to), t->s ? t->s->cookie : NO_COOKIE);
}

static size_t room_of(const struct turn *t, int64_t device)
{
    if (device <= 0 || device > (int64_t)t->sml->answer)
        return t->sml->answer;
    return device < ANSWER_LEAST ? ANSWER_LEAST : (size_t)device;
}

static void begin(struct turn *t, struct sml_out *o, struct str msg_id, struct str resp_uri, int64_t room)
{
    struct sml_message head = {.version = t->in.version,
                               .session_id = t->in.session_id,
                               .msg_id = msg_id,
                               .target = t->in.source,
                               .source = t->in.target,
                               .resp_uri = resp_uri,
                               .plain = t->in.plain,
                               .meta = no_meta};
    head.meta.max_msg = (int64_t)t->sml->message.size;
    if (t->in.version != SML_1_0)
        head.meta.max_obj = t->sml->object;
    sml_begin(o, t->a, t->encoding, room_of(t, room), &head);
}

/* Its addresses are a courtesy: where there is no room for them, it goes without. */
static bool put_status(struct sml_out *o, struct sml_command *c, bool alone)
{
    if (sml_add(o, c))
        return true;
    if (!alone)
        return false;
    c->target_ref_count = c->source_ref_count = 0;
    if (sml_add(o, c))
        return true;
    c->items = NULL;
    return sml_add(o, c);
}

static bool put_header_status(struct turn *t, struct sml_out *o)
{
    struct str target = t->in.target, source = t->in.source;
    struct sml_command c = {.cmd = SML_STATUS, .meta = no_meta, .changes = -1};
    c.msg_ref = t->in.msg_id;
    c.cmd_ref = STR("0");
    c.cmd_name = STR("SyncHdr");
    if (target.n) {
        c.target_refs = &target;
        c.target_ref_count = 1;
    }
    if (source.n) {
        c.source_refs = &source;
        c.source_ref_count = 1;
    }
    if (t->chal)
        c.chal = *t->chal;
    c.data = arena_strf(t->a, "%d", t->header_code);
    return put_status(o, &c, true);
}

/* ---- how much room there is ---- */

/* A message as it may come later in the session, when the device sends to our RespURI; at most one command is in it. */
static bool probe(struct turn *t, int64_t room, struct sml_command *c, size_t more)
{
    struct sml_out o = {0};
    struct str target = t->in.target, uri = answer_uri(t);
    t->in.target = uri.n > target.n ? uri : target;
    begin(t, &o, STR("1000000000"), uri, room);
    t->in.target = target;
    bool holds = o.buf.st == OK && o.buf.n + more <= o.max;
    if (holds && c) {
        t->in.target = uri;
        holds = put_header_status(t, &o) && sml_add(&o, c);
        t->in.target = target;
    }
    buf_free(&o.buf);
    return holds;
}

bool answer_fits(struct turn *t)
{
    int64_t said = t->in.meta.max_msg;
    return probe(t, said >= 0 || !t->s ? said : (int64_t)t->s->max_msg, NULL, STATUS_LEAST);
}

bool answer_holds(struct turn *t, struct sml_command *c)
{
    return probe(t, (int64_t)t->s->max_msg, c, 0);
}

/* ---- Statuses ---- */

static bool put_reply(struct turn *t, struct sml_out *o, const struct reply *r)
{
    struct str target = r->target, source = r->source;
    struct sml_item item = {.meta = no_meta, .next_anchor = r->next_anchor};
    struct sml_command c = {.cmd = SML_STATUS, .meta = no_meta, .changes = -1};
    if (!r->cmd_ref.p) /* NoResp */
        return true;
    c.msg_ref = r->msg_ref;
    c.cmd_ref = r->cmd_ref;
    c.cmd_name = sml_cmd_name(r->cmd);
    if (target.n) {
        c.target_refs = &target;
        c.target_ref_count = 1;
    }
    if (source.n) {
        c.source_refs = &source;
        c.source_ref_count = 1;
    }
    if (r->next_anchor.n)
        c.items = &item;
    c.data = arena_strf(t->a, "%d", r->code ? r->code : 500);
    return put_status(o, &c, o->next_cmd_id <= ALONE);
}

static bool put_kept(struct turn *t, struct sml_out *o)
{
    struct session *s = t->s;
    while (s->replies) {
        struct reply *r = s->replies;
        if (!put_reply(t, o, r))
            return false;
        s->replies = r->next;
        s->reply_count--;
        free(r);
    }
    s->replies_end = &s->replies;
    return true;
}

static bool put_replies(struct turn *t, struct sml_out *o)
{
    struct reply *r = t->replies;
    bool all = put_kept(t, o);
    while (all && r) {
        all = put_reply(t, o, r);
        if (all)
            r = r->next;
    }
    if (all)
        return true;
    enum status st = replies_keep(t->s, r);
    t->st = st == OK ? t->st : st == TOO_MANY ? E_BUSY : st;
    return false;
}

/* ---- what the package holds ---- */

static bool put_results(struct turn *t, struct sml_out *o)
{
    struct session *s = t->s;
    size_t before = o->buf.n;
    for (; s->results; s->results = s->results->next) {
        struct sml_command *c;
        int attempt = 0;
        while ((c = result_command(t, s->results, attempt)) && !sml_add(o, c))
            attempt++;
        if (!c && (t->replies || o->buf.n > before)) {
            /* In a message of its own it may fit; after that it is left out. */
            if (!s->results->waited) {
                s->results->waited = true;
                return false;
            }
        }
    }
    s->results_end = &s->results;
    return true;
}

static bool put_no_end(struct turn *t, struct sml_out *o)
{
    struct session *s = t->s;
    struct sml_item item = {.meta = no_meta};
    struct sml_command c = {
        .cmd = SML_ALERT, .data = STR("223"), .items = &item, .meta = no_meta, .changes = -1};
    if (!s->no_end_of_data)
        return true;
    item.source = s->no_end_source;
    if (!sml_add(o, &c))
        return false;
    s->no_end_of_data = false;
    return true;
}

static bool put_alert(struct turn *t, struct sml_out *o, struct database *db)
{
    struct sml_item item = {.target = db->source, .source = db->target, .meta = no_meta};
    struct sml_command c = {.cmd = SML_ALERT, .items = &item, .meta = no_meta, .changes = -1};
    /* Of a session that is resumed, too: a client that is told 225 here (SyncEvolution) takes it for an error and sends nothing. */
    c.data = arena_strf(t->a, "%d", (int)db->mode);
    item.meta.last = db->server_last;
    item.meta.next = db->server_next;
    return sml_add(o, &c);
}

static bool put_alerts(struct turn *t, struct sml_out *o)
{
    for (struct database *db = t->s->dbs; db; db = db->next) {
        if (!db->alert_back)
            continue;
        if (!put_alert(t, o, db))
            return false;
        db->alert_back = db->early = false;
        if (db->state == DB_ALERTED)
            db->state = DB_OPEN;
    }
    return true;
}

static bool put_package(struct turn *t, struct sml_out *o)
{
    struct session *s = t->s;
    if (!s->ours)
        return false;
    if (s->suspended)
        return true;
    return put_results(t, o) && put_alerts(t, o) && (s->phase != PHASE_SENDING || sync_out(t, o));
}

static void next_phase(struct session *s)
{
    s->ours = false;
    if (s->suspended)
        s->phase = PHASE_OVER;
    else if (s->phase == PHASE_SENDING)
        s->phase = PHASE_MAPS;
    else if (s->phase == PHASE_MAPS)
        s->phase = PHASE_OVER;
}

/* ---- the answers ---- */

static enum status finish(struct turn *t, struct sml_out *o, bool final)
{
    struct http_response *resp = &t->http->resp;
    enum status st = sml_end(o, final);
    if (st == OK) {
        resp->status = 200;
        http_set(t->http, STR("Content-Type"), sml_media(t->encoding));
        buf_clear(&resp->body);
        buf_add(&resp->body, buf_view(&o->buf));
        st = resp->body.st;
    }
    buf_free(&o->buf);
    return st;
}

enum status answer_write(struct turn *t)
{
    struct session *s = t->s;
    struct sml_out o = {0};
    s->out_msg++;
    results_judge(t);
    begin(t, &o, arena_strf(t->a, "%lld", (long long)s->out_msg), answer_uri(t), (int64_t)s->max_msg);
    if (!t->no_resp || t->header_code >= 300 || t->chal) /* without its next nonce it could not go on */
        put_header_status(t, &o);
    bool all = put_replies(t, &o);
    all = all && put_no_end(t, &o);
    t->final = all && put_package(t, &o);
    if (t->final)
        next_phase(s);
    bool nothing = !t->final && (s->ours || !all) && o.next_cmd_id <= ALONE;
    s->stuck = nothing ? s->stuck + 1 : 0;
    enum status st = finish(t, &o, t->final);
    return t->st ? t->st : st;
}

enum status answer_refuse(struct turn *t)
{
    struct sml_out o = {0};
    begin(t, &o, t->in.msg_id.n ? t->in.msg_id : STR("1"), STR_NONE, t->in.meta.max_msg);
    bool room = put_header_status(t, &o);
    for (const struct sml_command *c = t->in.commands; c && room; c = c->next) {
        struct reply r = {
            .msg_ref = t->in.msg_id, .cmd_ref = c->cmd_id, .cmd = c->cmd, .code = t->header_code};
        r.target = c->items ? c->items->target : c->target;
        r.source = c->items ? c->items->source : c->source;
        if (c->cmd != SML_STATUS)
            room = put_reply(t, &o, &r);
    }
    return finish(t, &o, true);
}
