/* directory/scram_login.c: log-in by SCRAM-SHA-256: the verifier that a proof is judged by, and what a proof came to.
 *
 * Somebody who does not exist, is disabled or has no account password gets a salt too, always the same, which nobody can tell from a real
 * one: it is made of his name and a key that only we have. */
#include "core/clock.h"
#include "directory/internal.h"

struct found {
    const struct directory_view *view;
    struct str account; /* one spelling, for throttling */
    struct subject who;
    int64_t now;
};

bool auth_scram_ready(struct directory *d)
{
    const struct directory_view *v = directory_view(d);
    for (size_t i = 0; i < v->source_count; i++)
        if (!v->sources[i].ops->verifier)
            return false;
    return v->source_count > 0;
}

static enum status find(struct directory *d, const struct auth_request *req, struct arena *a, struct found *f)
{
    struct str address;
    *f = (struct found){.view = directory_view(d), .now = clock_now()};
    if (!req->secure)
        return DENIED;
    if (!req->user.n || req->user.n > USER_BYTES)
        return UNAUTHENTICATED;
    enum status st = address_normalise(&f->view->domains, a, req->user, &address);
    if (st == INVALID)
        address = STR_NONE;
    else if (st != OK)
        return st;
    f->account = address.p ? address : req->user;
    if (throttle_wait(d->throttle, &f->view->limits, req->peer, f->account, f->now) > 0)
        return THROTTLED;
    SCOPED_READ(tx, d->store);
    return tx ? subject_find(f->view, tx, a, req->user, address, &f->who) : E_MEMORY;
}

static enum status verifier_of(const struct found *f, struct scram_verifier *out)
{
    struct directory_source *s = f->who.source;
    if (!s || !s->ops->verifier || f->who.person.state != PRINCIPAL_ACTIVE)
        return NOT_FOUND;
    return s->ops->verifier(s, &f->who.person, out);
}

static enum status make_up(struct directory *d, struct str account, struct scram_verifier *out)
{
    unsigned char key[SEAL_KEY], salt[SHA256_SIZE];
    enum status st = sealing_key(d, true, key);
    if (st != OK)
        return st < 0 ? st : E_INTERNAL;
    hmac_sha256(str_n(key, sizeof key), account, salt);
    hash_wipe(key, sizeof key);
    *out = (struct scram_verifier){.iterations = SCRAM_ITERATIONS, .salt_n = SCRAM_SALT};
    memcpy(out->salt, salt, SCRAM_SALT);
    random_bytes(out->stored_key, SHA256_SIZE); /* that of no password */
    random_bytes(out->server_key, SHA256_SIZE);
    return OK;
}

enum status auth_scram_find(struct directory *d, const struct auth_request *req, struct arena *a,
                            struct scram_verifier *out)
{
    struct found f;
    enum status st = find(d, req, a, &f);
    if (st == OK)
        st = verifier_of(&f, out);
    return st == NOT_FOUND ? make_up(d, f.account, out) : st;
}

enum status auth_scram_end(struct directory *d, const struct auth_request *req,
                           const struct scram_verifier *judged, bool proved, struct arena *a,
                           struct login *out)
{
    struct found f;
    struct scram_verifier now;
    enum status st = find(d, req, a, &f);
    if (st != OK)
        return st;
    st = proved ? verifier_of(&f, &now) : NOT_FOUND;
    if (st < 0)
        return st;
    if (st != OK || !hash_equal(now.stored_key, judged->stored_key, SHA256_SIZE)) {
        throttle_failed(d->throttle, &f.view->limits, req->peer, f.account, f.now);
        return UNAUTHENTICATED;
    }
    throttle_good(d->throttle, req->peer, f.account);
    login_fill(&f.who.person, 0, out);
    return OK;
}
