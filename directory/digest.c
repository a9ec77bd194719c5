/* directory/digest.c: log-in by the digests of SyncML (SyncML Representation Protocol 1.1 section 5.3.1; MAC: OMA-TS-DM_Security
 * 1.2 section 5.4.3).
 *
 * A digest says neither whose password it is nor how it was typed: every app password of the user is tried, with and without
 * its hyphens, in lower and upper case. That is a few hundred MD5 at most, and needs no gate. */
#include "core/clock.h"
#include "core/log.h"
#include "directory/internal.h"

enum { DIGEST_MOST = 4096, OLD_MOST = 8 };

static struct str bytes_of(const unsigned char hash[MD5_SIZE])
{
    return str_n(hash, MD5_SIZE);
}

void digest_of(enum digest_form form, struct str user, struct str password, struct str nonce,
               const unsigned char body[MD5_SIZE], unsigned char out[MD5_SIZE])
{
    SCOPED_BUF(text, DIGEST_MOST);
    buf_add(&text, user);
    buf_addc(&text, ':');
    buf_add(&text, password);
    if (form != DIGEST_MD5_1_0) {
        md5(buf_view(&text), out);
        buf_clear(&text);
        buf_base64(&text, bytes_of(out));
    }
    buf_addc(&text, ':');
    buf_add(&text, nonce);
    if (form == DIGEST_MAC) {
        buf_addc(&text, ':');
        buf_base64(&text, bytes_of(body));
    }
    if (text.st == OK)
        md5(buf_view(&text), out);
    else
        random_bytes(out, MD5_SIZE); /* equal to nothing */
    if (text.p)
        hash_wipe(text.p, text.n);
}

/* ---- one password ---- */

enum verdict { WRONG, OLD, RIGHT };

struct
try {
    const struct digest_request *req;
    unsigned char body[MD5_SIZE];
};

static bool fits(const struct try *t, struct str password, struct str nonce)
{
    static const enum digest_form forms[] = {DIGEST_MD5, DIGEST_MD5_1_0};
    unsigned char wanted[MD5_SIZE];
    bool mac = t->req->form == DIGEST_MAC, same = false;
    for (size_t i = 0; i < (mac ? 1 : COUNT_OF(forms)) && !same; i++) {
        digest_of(mac ? DIGEST_MAC : forms[i], t->req->user, password, nonce, t->body, wanted);
        same = hash_equal(wanted, t->req->digest, MD5_SIZE);
    }
    return same;
}

static enum verdict judge(const struct try *t, struct str password)
{
    if (fits(t, password, t->req->nonce))
        return RIGHT;
    for (size_t i = 0; i < t->req->old_count && i < OLD_MOST; i++)
        if (fits(t, password, t->req->old[i]))
            return OLD;
    return WRONG;
}

/* As it was shown, and as people type it. */
static enum verdict judge_spellings(const struct try *t, struct str password)
{
    static const struct {
        char between; /* in the place of hyphens; 0: nothing */
        bool upper, first;
    } spellings[] = {{'-', false, false}, {0, false, false},  {'-', true, false},
                     {0, true, false},    {'-', false, true}, {0, false, true},
                     {' ', false, false}, {' ', true, false}, {' ', false, true}};
    enum verdict best = WRONG;
    char text[64];
    for (size_t i = 0; i < COUNT_OF(spellings) && best != RIGHT; i++) {
        size_t n = 0;
        for (size_t k = 0; k < password.n && n < sizeof text; k++) {
            char c = password.p[k] == '-' ? spellings[i].between : password.p[k];
            if (c)
                text[n++] = spellings[i].upper || (spellings[i].first && k == 0) ? ascii_upper(c) : c;
        }
        enum verdict v = judge(t, str_n(text, n));
        best = v > best ? v : best;
    }
    hash_wipe(text, sizeof text);
    return best;
}

/* ---- all of a user's ---- */

static const struct person_credential *app_of(const struct person *p, int64_t id, int64_t now)
{
    for (size_t i = 0; i < p->credential_count; i++) {
        const struct person_credential *c = &p->credentials[i];
        if (c->id == id && c->kind == CREDENTIAL_APP && (c->scope & SCOPE_SYNCML) &&
            (!c->expires || c->expires > now))
            return c;
    }
    return NULL;
}

static enum verdict judge_sealed(struct directory *d, const struct try *t, const unsigned char key[SEAL_KEY],
                                 const struct person *p, const struct person_credential *c, bool *opened)
{
    SCOPED_BUF(text, CREDENTIAL_BYTES);
    if (sealed_open(key, p->id, c->data, &text) != OK) {
        if (!atomic_exchange(&d->sealing.warned,
                             true)) /* once: strangers can ask for it as often as they like */
            log_warning(
                "app passwords of %.*s (and others) cannot be decrypted: data/syncml.key is not the one they "
                "were made with; bring it back, or give out new ones",
                STR_ARG(p->address));
        return WRONG;
    }
    *opened = true;
    enum verdict v = judge_spellings(t, buf_view(&text));
    hash_wipe(text.p, text.n);
    return v;
}

/* UNSUPPORTED: there is none to compare with. *out: the app password, with OK. */
static enum status judge_all(struct directory *d, const struct try *t, const struct person *p, int64_t now,
                             const struct person_credential **out)
{
    unsigned char key[SEAL_KEY];
    bool opened = false;
    enum verdict best = WRONG;
    enum status st = person_credential(p, CREDENTIAL_SEALED) ? sealing_key(d, false, key) : NOT_FOUND;
    if (st != OK)
        return st < 0 ? st : UNSUPPORTED;
    for (size_t i = 0; i < p->credential_count && best != RIGHT; i++) {
        const struct person_credential *c = &p->credentials[i],
                                       *app = c->kind == CREDENTIAL_SEALED
                                                  ? app_of(p, sealed_app(c->data), now)
                                                  : NULL;
        enum verdict v = app ? judge_sealed(d, t, key, p, c, &opened) : WRONG;
        best = v > best ? v : best;
        if (v == RIGHT)
            *out = app;
    }
    hash_wipe(key, sizeof key);
    return !opened ? UNSUPPORTED : best == RIGHT ? OK : best == OLD ? PRECONDITION : UNAUTHENTICATED;
}

/* ---- the verdict ---- */

/* One spelling for throttling, and the address to look for. */
static enum status spell(const struct directory_view *v, const struct digest_request *req, struct arena *a,
                         struct str *address, struct str *account)
{
    enum status st = address_normalise(&v->domains, a, req->user, address);
    if (st == INVALID)
        *address = STR_NONE;
    *account = st == OK ? *address : req->user;
    return st < 0 ? st : OK;
}

enum status auth_digest(struct directory *d, const struct digest_request *req, struct arena *a,
                        struct login *out)
{
    const struct directory_view *view = directory_view(d);
    const struct person_credential *app = NULL;
    struct str address, account;
    struct subject who;
    int64_t now = clock_now();
    if (!req->user.n || req->user.n > USER_BYTES || str_chr(req->user, '*', 0) != SIZE_MAX)
        return UNSUPPORTED;
    enum status st = spell(view, req, a, &address, &account);
    if (st == OK && throttle_wait(d->throttle, &view->limits, req->peer, account, now) > 0)
        return THROTTLED;
    if (st == OK) {
        SCOPED_READ(tx, d->store);
        st = tx ? subject_find(view, tx, a, req->user, address, &who) : E_MEMORY;
    }
    if (st != OK)
        return st < 0 ? st : E_INTERNAL;
    if (!who.source || who.person.state != PRINCIPAL_ACTIVE)
        return UNSUPPORTED;
    struct try t = {.req = req};
    if (req->form == DIGEST_MAC)
        md5(req->body, t.body);
    st = judge_all(d, &t, &who.person, now, &app);
    if (st == OK) {
        throttle_good(d->throttle, req->peer, account);
        credential_note_use(d, who.person.id, app, now);
        login_fill(&who.person, app->id, out);
    } else if (st == UNAUTHENTICATED) {
        throttle_failed(d->throttle, &view->limits, req->peer, account, now);
    }
    return st;
}

int64_t auth_digest_retry_after(struct directory *d, const struct digest_request *req)
{
    SCOPED_ARENA(a, 64 * 1024);
    const struct directory_view *view = directory_view(d);
    struct str address, account;
    if (spell(view, req, &a, &address, &account) != OK)
        return 0;
    return throttle_wait(d->throttle, &view->limits, req->peer, account, clock_now());
}
