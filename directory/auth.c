/* directory/auth.c: log-in by password.
 *
 * auth_try() runs where nothing may block: a password that was verified lately is one HMAC, one look into the cache and one into
 * the people in memory. Everything else goes to auth_verify() on a worker, which asks in this order: the cache again (another
 * request may just have verified the same password), throttling, app passwords (a SHA-256), and inside the hash gate the
 * source that knows the user.
 *
 * Somebody who does not exist, is disabled or has no password costs the same hash as a wrong password. */
#include "core/clock.h"
#include "core/fold_name.h"
#include "directory/internal.h"

struct attempt {
    struct directory *d;
    const struct directory_view *view;
    const struct auth_request *req;
    struct arena *a;
    int64_t now;
    uint64_t generation; /* read before anything else is */
    struct login_tag tag;
    struct str user,
        master;         /* "USER*MASTER": who is to be, and whose password it is; master STR_NONE otherwise */
    struct str prover;  /* whose password it is, as sent */
    struct str account; /* its spelling for throttling */
    struct str address; /* prover, normalised; STR_NONE: not an address */
};

static enum status begin(struct directory *d, const struct auth_request *req, struct arena *a,
                         struct attempt *t)
{
    *t = (struct attempt){.d = d, .view = directory_view(d), .req = req, .a = a, .now = clock_now()};
    t->generation = atomic_load(&d->generation);
    if (!req->secure)
        return DENIED;
    if (!req->user.n || !req->password.n || req->user.n > USER_BYTES || req->password.n > PASSWORD_BYTES)
        return UNAUTHENTICATED;
    t->tag = login_cache_tag(d->cache, req->user, req->password, req->scope);
    return OK;
}

/* What only log-ins need that the cache does not answer. */
static enum status spell(struct attempt *t)
{
    size_t star = str_chr(t->req->user, '*', 0);
    t->user = str_slice(t->req->user, 0, star);
    t->master = star == SIZE_MAX ? STR_NONE : str_from(t->req->user, star + 1);
    t->prover = t->master.p ? t->master : t->user;
    enum status st = address_normalise(&t->view->domains, t->a, t->prover, &t->address);
    if (st == INVALID) {
        t->address = STR_NONE;
        st = OK;
    }
    t->account = t->address.p ? t->address : t->prover;
    return st;
}

/* ---- the cache ---- */

static bool is_master(const struct directory_view *v, struct str address)
{
    for (size_t i = 0; i < v->master_count; i++)
        if (str_eq(v->masters[i], address))
            return true;
    return false;
}

/* Whether what was verified then still holds now. */
static bool still_good(const struct attempt *t, const struct login_entry *e, const struct person *p)
{
    if (p->state != PRINCIPAL_ACTIVE)
        return false;
    if (!e->credential) {
        struct directory_source *s = source_of(t->view, p);
        return s && s->ops->version(s, p) == e->version;
    }
    for (size_t i = 0; i < p->credential_count; i++) {
        const struct person_credential *c = &p->credentials[i];
        if (c->id == e->credential)
            return c->version == e->version && (c->scope & t->req->scope) &&
                   (!c->expires || c->expires > t->now);
    }
    return false;
}

/* OK or UNAUTHENTICATED or THROTTLED, or NOT_FOUND: the cache does not know. */
static enum status ask_cache(struct attempt *t, bool first, struct login *out)
{
    struct login_entry e;
    struct person p;
    if (!login_cache_find(t->d->cache, t->tag, t->now, &e))
        return NOT_FOUND;
    if (e.wrong) {
        if (e.version != t->generation)
            return NOT_FOUND;
        return throttle_repeat(t->d->throttle, &t->view->limits, t->req->peer, t->tag.part[0], first, t->now)
                   ? THROTTLED
                   : UNAUTHENTICATED;
    }
    enum status st = directory_person(t->d, t->a, e.principal, &p);
    if (st < 0)
        return st;
    if (st != OK || !still_good(t, &e, &p)) {
        login_cache_drop(t->d->cache, t->tag);
        return NOT_FOUND;
    }
    login_fill(&p, e.credential, out);
    return OK;
}

static void remember_good(struct attempt *t, const struct person *p, int64_t credential, uint64_t version)
{
    int64_t time = t->view->cache_time;
    if (credential && time > USED_EVERY)
        time = USED_EVERY; /* so that "last used" is written now and then */
    if (!time || !version || t->master.p)
        return;
    struct login_entry e = {
        .principal = p->id, .credential = credential, .version = version, .expires = t->now + time};
    login_cache_put(t->d->cache, t->tag, t->now, &e);
}

static void remember_wrong(struct attempt *t)
{
    struct login_entry e = {
        .wrong = true, .version = t->generation, .expires = t->now + t->view->limits.window};
    login_cache_put(t->d->cache, t->tag, t->now, &e);
}

enum status auth_try(struct directory *d, const struct auth_request *req, struct arena *a, struct login *out,
                     bool *decided)
{
    struct attempt t;
    enum status st = begin(d, req, a, &t);
    *decided = true;
    if (st != OK)
        return st;
    st = ask_cache(&t, true, out);
    if (st != NOT_FOUND)
        return st;
    st = spell(&t);
    if (st == OK && throttle_wait(d->throttle, &t.view->limits, req->peer, t.account, t.now) > 0)
        return THROTTLED;
    *decided = st != OK;
    return st;
}

int64_t auth_retry_after(struct directory *d, const struct auth_request *req)
{
    SCOPED_ARENA(a, 64 * 1024);
    struct attempt t;
    if (begin(d, req, &a, &t) != OK || spell(&t) != OK)
        return 0;
    int64_t wait = throttle_wait(d->throttle, &t.view->limits, req->peer, t.account, t.now);
    int64_t repeat = throttle_repeat(d->throttle, &t.view->limits, req->peer, t.tag.part[0], false, t.now);
    return wait > repeat ? wait : repeat;
}

/* ---- who is it? ---- */

/* The transaction ends here: none is held while a password is hashed. */
static enum status find_subject(struct attempt *t, struct subject *out)
{
    SCOPED_READ(tx, t->d->store);
    return tx ? subject_find(t->view, tx, t->a, t->prover, t->address, out) : E_MEMORY;
}

/* ---- app passwords ---- */

/* OK, DENIED (right, but not for this, or too late), NOT_FOUND: it is none of them. */
static enum status try_app_passwords(struct attempt *t, const struct person *p,
                                     const struct person_credential **out)
{
    unsigned char hash[SHA256_SIZE];
    if (!app_password_hash(t->req->password, hash))
        return NOT_FOUND;
    for (size_t i = 0; i < p->credential_count; i++) {
        const struct person_credential *c = &p->credentials[i];
        if (c->kind != CREDENTIAL_APP || c->data.n != SHA256_SIZE ||
            !hash_equal(hash, c->data.p, SHA256_SIZE))
            continue;
        *out = c;
        return (c->scope & t->req->scope) && (!c->expires || c->expires > t->now) ? OK : DENIED;
    }
    return NOT_FOUND;
}

/* ---- the account password ---- */

static enum status hash_password(struct attempt *t, const struct subject *who)
{
    enum { FOLDED = 4 * PASSWORD_BYTES };
    SCOPED_BUF(folded, FOLDED);
    fold_password(&folded, t->req->password);
    if (folded.st != OK)
        return folded.st < 0 ? folded.st : UNAUTHENTICATED;
    enum status st;
    if (who->source) {
        st = who->source->ops->verify(who->source, &who->person, buf_view(&folded));
    } else {
        st = password_verify(buf_view(&t->d->decoy), buf_view(&folded));
        st = st == OK ? UNAUTHENTICATED : st;
    }
    hash_wipe(folded.p, folded.n);
    return st;
}

/* In the gate: what happened while we waited, then the hash. *decided: the cache knew, and *out is filled. */
static enum status verify_in_gate(struct attempt *t, const struct subject *who, struct login *out,
                                  bool *decided)
{
    bool hot = throttle_hot(t->d->throttle, &t->view->limits, t->account, t->now);
    enum status st = hash_gate_enter(t->d->gate, hot);
    *decided = false;
    if (st != OK)
        return st;
    st = ask_cache(t, false, out);
    *decided = st != NOT_FOUND;
    if (!*decided && throttle_wait(t->d->throttle, &t->view->limits, t->req->peer, t->account, t->now) > 0) {
        st = THROTTLED;
        *decided = true;
    }
    if (!*decided)
        st = hash_password(t, who);
    hash_gate_leave(t->d->gate, hot);
    return st;
}

/* ---- the verdict ---- */

static enum status refuse(struct attempt *t, enum status st)
{
    throttle_failed(t->d->throttle, &t->view->limits, t->req->peer, t->account, t->now);
    remember_wrong(t);
    return st;
}

/* The master's password was right: is he one, and whom does he want to be? He then reads, and never writes. */
static enum status become(struct attempt *t, const struct person *master, struct login *out)
{
    struct str address;
    struct subject who;
    SCOPED_READ(tx, t->d->store);
    if (!tx)
        return E_MEMORY;
    if (!t->req->honours_read_only || !is_master(t->view, master->address))
        return DENIED;
    enum status st = address_normalise(&t->view->domains, t->a, t->user, &address);
    if (st == OK)
        st = subject_find(t->view, tx, t->a, t->user, address, &who);
    if (st < 0)
        return st;
    if (st != OK || !who.source || who.person.state != PRINCIPAL_ACTIVE)
        return DENIED;
    login_fill(&who.person, 0, out);
    out->actor.read_only = true;
    return OK;
}

static enum status admit(struct attempt *t, const struct subject *who, int64_t credential, uint64_t version,
                         struct login *out)
{
    if (who->person.state != PRINCIPAL_ACTIVE)
        return refuse(t, DENIED);
    if (t->master.p) {
        enum status st = become(t, &who->person, out);
        return st == DENIED ? refuse(t, st) : st;
    }
    throttle_good(t->d->throttle, t->req->peer, t->account);
    remember_good(t, &who->person, credential, version);
    login_fill(&who->person, credential, out);
    return OK;
}

enum status auth_verify(struct directory *d, const struct auth_request *req, struct arena *a,
                        struct login *out)
{
    struct attempt t;
    struct subject who;
    const struct person_credential *app = NULL;
    enum status st = begin(d, req, a, &t);
    if (st == OK)
        st = ask_cache(&t, false, out);
    if (st != NOT_FOUND)
        return st;
    st = spell(&t);
    if (st == OK && throttle_wait(d->throttle, &t.view->limits, req->peer, t.account, t.now) > 0)
        return THROTTLED;
    if (st == OK)
        st = find_subject(&t, &who);
    if (st != OK)
        return st < 0 ? st : E_INTERNAL;

    st = who.source && !t.master.p ? try_app_passwords(&t, &who.person, &app) : NOT_FOUND;
    if (st == OK) {
        credential_note_use(d, who.person.id, app, t.now);
        return admit(&t, &who, app->id, app->version, out);
    }
    if (st == DENIED)
        return refuse(&t, st);

    bool decided;
    st = verify_in_gate(&t, &who, out, &decided);
    if (decided || st < 0)
        return st;
    if (st != OK || !who.source)
        return refuse(&t, UNAUTHENTICATED);
    return admit(&t, &who, 0, who.source->ops->version(who.source, &who.person), out);
}
