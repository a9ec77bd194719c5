/* syncml/login.c: whose message it is: that of a session under way, or of somebody who logs in (auth.h) and begins one. */
#include "core/log.h"
#include "syncml/engine.h"

enum { RETRY_LEAST = 5 }; /* seconds */

static struct sml_auth_request request_of(const struct turn *t)
{
    return (struct sml_auth_request){.message = &t->in,
                                     .body = t->http->req.body,
                                     .hmac = http_get(&t->http->req, STR("x-syncml-hmac")),
                                     .peer = t->http->req.peer,
                                     .secure = t->secure};
}

static void refuse(struct turn *t, int code, const struct sml_cred *chal)
{
    t->header_code = code;
    t->chal = chal && chal->type.p ? chal : NULL;
}

/* Status 503 says "later" to the device, and the header when, to those that look at it. */
static void retry_after(struct turn *t, int64_t seconds)
{
    http_setf(t->http, STR("Retry-After"), "%lld", (long long)(seconds > 0 ? seconds : RETRY_LEAST));
}

/* The session is over, and none is there for the answer. */
static enum session_find put_out(struct turn *t)
{
    session_end(t->s);
    session_leave(t, t->s);
    t->s = NULL;
    return SESSION_NONE;
}

/* A session lasts, and its device may have been blocked or forgotten meanwhile: then nothing of this message is done. */
static enum session_find judge_device(struct turn *t)
{
    enum device_state state = DEVICE_BLOCKED;
    SCOPED_READ(tx, t->sml->store);
    enum status st = tx ? device_state(tx, t->s->device.id, &state) : E_UNAVAILABLE;
    if (st == OK && state == DEVICE_ACTIVE)
        return SESSION_FOUND;
    if (st < 0)
        t->st = st;
    refuse(t, st == OK ? 403 : 407, NULL);
    return put_out(t);
}

/* Strings that outlive the turn. */
static bool adopt(struct session *s, const struct sml_auth *auth, const struct turn *t)
{
    struct arena *a = &s->arena;
    s->auth = *auth;
    struct str *all[] = {&s->auth.login.address, &s->auth.login.name, &s->auth.user,
                         &s->auth.nonce_used,    &s->auth.nonce_next, &s->auth.chal.type,
                         &s->auth.chal.format,   &s->auth.chal.data};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (all[i]->p)
            *all[i] = arena_str(a, *all[i]);
    size_t n = auth->login.actor.group_count;
    int64_t *groups = n ? ARENA_ARRAY(a, int64_t, n) : NULL;
    for (size_t i = 0; groups && i < n; i++)
        groups[i] = auth->login.actor.groups[i];
    s->auth.login.actor.groups = groups;
    s->login = s->auth.login;
    s->session_id = arena_str(a, t->in.session_id);
    return !a->st;
}

static enum session_find begin(struct turn *t, const struct sml_auth *auth)
{
    struct session *s = NULL;
    enum session_find found = session_open(t, auth->login.actor.id, &s);
    if (found != SESSION_FOUND) {
        refuse(t, found == SESSION_BUSY ? 417 : 503, NULL);
        return SESSION_NONE;
    }
    t->s = s;
    enum status st = adopt(s, auth, t) ? device_open(t) : E_MEMORY;
    if (st == OK)
        return SESSION_FOUND;
    refuse(t,
           st == DENIED         ? 403
           : st == TOO_MANY     ? 420
           : st == PRECONDITION ? 401
                                : code_of(SML_SYNCHDR, st),
           st == PRECONDITION ? &auth->chal : NULL);
    if (st < 0)
        log_error("syncml: opening device %.*s: %s", STR_ARG(str_slice(t->in.source, 0, 100)),
                  status_text(st));
    return put_out(t);
}

static enum session_find log_in(struct turn *t)
{
    struct sml_auth_request r = request_of(t);
    struct sml_auth *auth = ARENA_NEW(t->a, struct sml_auth);
    enum status st = auth ? sml_auth(t->sml->dir, t->a, &r, auth) : E_MEMORY;
    if (st) {
        t->st = st;
        return SESSION_NONE;
    }
    if (auth->code == 503)
        retry_after(t, auth->retry_after);
    t->header_code = auth->code;
    t->chal = auth->chal.type.p ? &auth->chal : NULL;
    if (auth->code != 212 && auth->code != 200)
        return SESSION_NONE;
    enum session_find found = session_continue(t, auth->login.actor.id);
    if (found == SESSION_BUSY)
        refuse(t, 417, NULL);
    return found == SESSION_NONE ? begin(t, auth) : found == SESSION_FOUND ? judge_device(t) : found;
}

/* By MAC each message proves itself, each with the nonce that the answer before told. The one that it used is spent before anything
 * is done. */
static enum session_find prove(struct turn *t)
{
    struct sml_auth_request r = request_of(t);
    struct session *s = t->s;
    struct sml_auth *auth = ARENA_NEW(t->a, struct sml_auth);
    enum status st = auth ? sml_auth_message(t->sml->dir, t->a, &r, &s->auth, auth) : E_MEMORY;
    if (st == OK && auth->code == 200)
        st = device_prove(t, auth);
    if (st == OK && auth->code == 200) {
        s->login.actor = auth->login.actor;
        refuse(t, 200, &auth->chal);
        return SESSION_FOUND;
    }
    if (st == PRECONDITION) {
        auth->code = 401;
        st = OK;
    }
    t->st = st;
    if (st == OK && auth->code == 503)
        retry_after(t, auth->retry_after);
    if (st == OK)
        refuse(t, auth->code, &auth->chal);
    return put_out(t);
}

/* Groups, and whether he is still somebody, as of now: a session may last. */
static enum session_find refresh(struct turn *t)
{
    struct session *s = t->s;
    struct principal p;
    SCOPED_READ(tx, t->sml->store);
    enum status st = tx ? directory_get(t->sml->dir, tx, t->a, s->account, &p) : E_UNAVAILABLE;
    if (st == OK && p.state == PRINCIPAL_ACTIVE)
        st = directory_actor(t->sml->dir, tx, t->a, s->account, &s->login.actor);
    else if (st == OK)
        st = DENIED;
    if (st == OK)
        return SESSION_FOUND;
    if (st < 0)
        t->st = st;
    refuse(t, 401, NULL);
    return put_out(t);
}

enum session_find turn_login(struct turn *t)
{
    enum session_find found = session_enter(t, t->http->req.body);
    if (found == SESSION_AGAIN)
        return found;
    if (found == SESSION_BUSY) {
        refuse(t, 417, NULL);
        return SESSION_NONE;
    }
    if (found == SESSION_NONE)
        return log_in(t);
    if (!t->s->auth.every_message)
        refuse(t, 212, NULL);
    found = t->s->auth.every_message ? prove(t) : refresh(t);
    return found == SESSION_FOUND ? judge_device(t) : found;
}
