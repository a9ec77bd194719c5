/* syncml/auth.c: from the Cred of a message to who sends it, and the challenge when that is not clear. */
#include "syncml/auth.h"

#include "core/clock.h"
#include "core/hash.h"
#include "core/log.h"

enum {
    NONCE = 16,
    HOUR = 3600,
    CANDIDATES = 8, /* accounts that one DevID is tried for */
    BASIC_BYTES = 4096,
    OLD_NONCES = 3,
};

struct candidate { /* somebody it may be: a user's name, and what his device of that DevID knows */
    struct str user;
    int64_t account; /* 0: no such device of his yet */
    struct str nonce, old;
};

struct judging {
    struct directory *d;
    struct arena *a;
    const struct sml_auth_request *r;
    struct sml_auth *out;
    struct candidate who[CANDIDATES];
    size_t count;
    bool guessed; /* the message names no user: they are those who had the device */
};

/* ---- challenges ---- */

static struct str base64(struct arena *a, struct str bytes)
{
    SCOPED_BUF(text, 4 * DEVICE_NONCE_BYTES);
    buf_base64(&text, bytes);
    return text.st == OK ? arena_str(a, buf_view(&text)) : STR_NONE;
}

static void challenge(struct judging *j, struct str type, struct str nonce)
{
    j->out->chal = (struct sml_cred){.type = type, .format = STR("b64")};
    if (nonce.p)
        j->out->chal.data = base64(j->a, nonce);
}

/* Of somebody who has proved nothing: it follows from what he says, under a key that str_hash drew at start. */
static struct str hour_nonce(struct judging *j, struct str user, int64_t hour)
{
    const struct str devid = j->r->message->source;
    struct str nonce = STR_NONE;
    SCOPED_BUF(text, 2 * BASIC_BYTES);
    SCOPED_BUF(bytes, NONCE);
    for (int half = 0; half < 2; half++) {
        buf_clear(&text);
        buf_addf(&text, "%d %lld %zu ", half, (long long)hour, devid.n);
        buf_add(&text, str_slice(devid, 0, BASIC_BYTES));
        buf_add(&text, str_slice(user, 0, BASIC_BYTES / 2));
        uint64_t n = str_hash(buf_view(&text));
        buf_add(&bytes, str_n(&n, sizeof n));
    }
    if (bytes.st == OK)
        nonce = arena_str(j->a, buf_view(&bytes));
    return nonce;
}

static struct str nonce_now(struct judging *j, const struct candidate *c)
{
    return c->nonce.p ? c->nonce : hour_nonce(j, c->user, clock_now() / HOUR);
}

/* By what the client may do here: without TLS no password is asked for. */
static void challenge_any(struct judging *j)
{
    static const struct candidate nobody;
    if (j->r->secure)
        challenge(j, STR("syncml:auth-basic"), STR_NONE);
    else
        challenge(j, STR("syncml:auth-md5"), nonce_now(j, j->count ? &j->who[0] : &nobody));
}

/* ---- who it may be ---- */

static enum status add_candidate(void *ctx, const struct device *d)
{
    struct judging *j = ctx;
    if (j->count == CANDIDATES || !d->user.n)
        return OK;
    struct candidate *c = &j->who[j->count++];
    *c = (struct candidate){arena_str(j->a, d->user), d->account, arena_str(j->a, d->nonce),
                            arena_str(j->a, d->old_nonce)};
    return j->a->st;
}

/* The device of a named user: by his account, or, for names that are no addresses, by the name that he gave then. */
static enum status name_candidate(struct judging *j, struct tx *tx, struct str user)
{
    struct principal p;
    struct device d;
    struct candidate mine = {.user = user};
    struct str devid = j->r->message->source;
    enum status st = directory_find(j->d, tx, j->a, user, &p);
    if (st == OK) {
        st = device_find(tx, j->a, p.id, devid, &d);
        if (st == OK)
            mine = (struct candidate){user, d.account, d.nonce, d.old_nonce};
    } else if (st > 0) {
        st = device_each_named(tx, devid, add_candidate, j);
        for (size_t i = 0; i < j->count; i++)
            if (str_eq(j->who[i].user, user))
                mine = j->who[i];
    }
    j->who[0] = mine;
    j->count = 1;
    return st < 0 ? st : OK;
}

static enum status find_candidates(struct judging *j, struct str user)
{
    SCOPED_READ(tx, directory_store(j->d));
    if (!tx)
        return E_MEMORY;
    if (user.n)
        return name_candidate(j, tx, user);
    j->guessed = true;
    return device_each_named(tx, j->r->message->source, add_candidate, j);
}

/* ---- verdicts ---- */

/* What a log-in came to that was not good; faults that are the machine's own are passed up. */
static enum status refuse(struct judging *j, enum status st, int64_t retry_after)
{
    if (st < 0 && st != E_BUSY && st != E_UNAVAILABLE && st != E_TIMEOUT)
        return st;
    j->out->code = st < 0 || st == THROTTLED ? 503 : 401;
    j->out->retry_after = retry_after;
    return OK;
}

static void log_refusal(const struct judging *j, struct str user)
{
    const struct log_field fields[] = {{"user", str_slice(user, 0, 256)},
                                       {"peer", j->r->peer},
                                       {"device", str_slice(j->r->message->source, 0, 256)}};
    log_event(LOG_LEVEL_WARNING, "login-failed", fields, COUNT_OF(fields));
}

/* ---- basic ---- */

static bool is_base64(const struct sml_cred *c)
{
    return !c->format.n || str_caseeq(c->format, STR("b64"));
}

/* "user:password"; some devices do not code it, whatever they say. */
static bool split_basic(const struct sml_cred *c, struct buf *text, struct str *user, struct str *password)
{
    struct str rest;
    if (!is_base64(c) || !buf_unbase64(text, c->data) || str_chr(buf_view(text), ':', 0) == SIZE_MAX) {
        buf_clear(text);
        buf_add(text, c->data);
    }
    rest = buf_view(text);
    *user = STR_NONE;
    bool found = text->st == OK && str_split(&rest, ':', user) && rest.p;
    *password = rest;
    return found;
}

static enum status by_basic(struct judging *j)
{
    SCOPED_BUF(text, BASIC_BYTES);
    struct auth_request req = {.peer = j->r->peer, .scope = SCOPE_SYNCML, .secure = true};
    bool decided;
    if (!j->r->secure || !split_basic(&j->r->message->cred, &text, &req.user, &req.password)) {
        j->out->code = 401;
        if (!j->r->secure)
            log_warning("syncml: %.*s sends a password without TLS; see [auth] plaintext_without_tls",
                        STR_ARG(str_slice(j->r->message->source, 0, 256)));
        enum status found = find_candidates(j, j->r->message->source_name);
        challenge_any(j);
        return found;
    }
    enum status st = auth_try(j->d, &req, j->a, &j->out->login, &decided);
    if (!decided)
        st = auth_verify(j->d, &req, j->a, &j->out->login);
    if (st == OK) {
        j->out->code = 212;
        j->out->user = arena_str(j->a, req.user);
    } else {
        if (st > 0 && st != THROTTLED)
            log_refusal(j, req.user);
        st = refuse(j, st, st == THROTTLED ? auth_retry_after(j->d, &req) : 0);
        if (j->out->code == 401)
            challenge_any(j);
    }
    if (text.p)
        hash_wipe(text.p, text.n);
    return st == OK ? j->a->st : st;
}

/* ---- digests ---- */

/* 16 bytes: in base64, as they are, or (in SyncML 1.0's own examples) in base64 of hexadecimal. */
static bool read_digest(struct str data, bool coded, unsigned char out[MD5_SIZE])
{
    SCOPED_BUF(bytes, 64);
    if (!coded || !buf_unbase64(&bytes, data)) {
        buf_clear(&bytes);
        buf_add(&bytes, data);
    }
    if (bytes.st != OK || (bytes.n != MD5_SIZE && bytes.n != 2 * MD5_SIZE))
        return false;
    if (bytes.n == MD5_SIZE) {
        memcpy(out, bytes.p, MD5_SIZE);
        return true;
    }
    for (size_t i = 0; i < bytes.n; i++) {
        size_t at = str_chr(STR("0123456789abcdef"), ascii_lower(bytes.p[i]), 0);
        if (at == SIZE_MAX)
            return false;
        out[i / 2] = (unsigned char)(i % 2 ? out[i / 2] | at : at << 4);
    }
    return true;
}

static enum status try_candidate(struct judging *j, const struct candidate *c, enum digest_form form,
                                 const unsigned char digest[MD5_SIZE], int64_t *retry_after)
{
    int64_t hour = clock_now() / HOUR;
    const struct str old[OLD_NONCES] = {STR(""), c->old.p ? c->old : STR(""),
                                        hour_nonce(j, c->user, hour - 1)};
    struct digest_request req = {.form = form,
                                 .user = c->user,
                                 .peer = j->r->peer,
                                 .digest = digest,
                                 .nonce = nonce_now(j, c),
                                 .old = old,
                                 .old_count = OLD_NONCES,
                                 .body = j->r->body};
    enum status st = auth_digest(j->d, &req, j->a, &j->out->login);
    if (st == OK && c->account && c->account != j->out->login.actor.id)
        st = UNAUTHENTICATED; /* the name means somebody else by now: so does the nonce */
    *retry_after = st == THROTTLED ? auth_digest_retry_after(j->d, &req) : 0;
    return st;
}

/* *best: who it is, or whose nonce has to be used. */
static enum status try_candidates(struct judging *j, enum digest_form form,
                                  const unsigned char digest[MD5_SIZE], const struct candidate **best,
                                  int64_t *retry_after)
{
    enum status result = UNSUPPORTED;
    *best = NULL;
    for (size_t i = 0; i < j->count; i++) {
        enum status st = try_candidate(j, &j->who[i], form, digest, retry_after);
        if (st == UNSUPPORTED || (st == UNAUTHENTICATED && result == PRECONDITION))
            continue;
        result = st;
        *best = &j->who[i];
        if (st == OK || st < 0 || st == THROTTLED)
            break;
    }
    return result;
}

static void accept(struct judging *j, const struct candidate *c, struct str chal, enum digest_form form)
{
    unsigned char fresh[NONCE];
    random_bytes(fresh, sizeof fresh);
    struct sml_auth *out = j->out;
    out->every_message = form == DIGEST_MAC;
    out->code = out->every_message ? 200 : 212;
    out->user = c->user;
    out->spends = true;
    out->nonce_used = c->nonce;
    out->nonce_next = arena_str(j->a, str_n(fresh, sizeof fresh));
    challenge(j, chal, out->nonce_next);
}

static enum status by_digest(struct judging *j, enum digest_form form, struct str user, struct str chal,
                             const unsigned char digest[MD5_SIZE])
{
    const struct candidate *c = NULL;
    int64_t retry_after = 0;
    enum status st = find_candidates(j, user);
    if (st == OK)
        st = try_candidates(j, form, digest, &c, &retry_after);
    if (st == OK) {
        accept(j, c, chal, form);
        return j->a->st;
    }
    if (st == UNAUTHENTICATED)
        log_refusal(j, c ? c->user : user);
    if (st == UNSUPPORTED && !j->r->secure)
        log_warning("syncml: %.*s logs in by MD5 without TLS: that needs an app password with scope syncml",
                    STR_ARG(str_slice(user.n ? user : j->r->message->source, 0, 256)));
    bool again = st == PRECONDITION || (st == UNAUTHENTICATED && !j->guessed);
    st = refuse(j, st, retry_after);
    if (st == OK && j->out->code == 401) {
        if (again)
            challenge(j, chal, nonce_now(j, c ? c : &j->who[0]));
        else
            challenge_any(j);
    }
    return st == OK ? j->a->st : st;
}

static enum status by_md5(struct judging *j)
{
    const struct sml_message *m = j->r->message;
    unsigned char digest[MD5_SIZE];
    if (!read_digest(m->cred.data, is_base64(&m->cred), digest))
        memset(digest, 0, sizeof digest); /* equal to none, and answered in the same way */
    return by_digest(j, m->version == SML_1_0 ? DIGEST_MD5_1_0 : DIGEST_MD5, m->source_name,
                     STR("syncml:auth-md5"), digest);
}

/* ---- MAC: x-syncml-hmac: algorithm=MD5, username="alice", mac=… ---- */

/* One parameter off the list; the value without its quotes. */
static bool next_parameter(struct str *rest, struct str *name, struct str *value)
{
    size_t equals = str_chr(*rest, '=', 0);
    if (equals == SIZE_MAX)
        return false;
    *name = str_trim(str_slice(*rest, 0, equals));
    *rest = str_trim(str_from(*rest, equals + 1));
    bool quoted = rest->n && rest->p[0] == '"';
    size_t end = str_chr(*rest, quoted ? '"' : ',', quoted);
    *value = str_trim(quoted ? str_slice(*rest, 1, end == SIZE_MAX ? SIZE_MAX : end - 1)
                             : str_slice(*rest, 0, end));
    size_t comma = end == SIZE_MAX ? SIZE_MAX : str_chr(*rest, ',', end);
    *rest = comma == SIZE_MAX ? STR("") : str_from(*rest, comma + 1);
    return true;
}

static enum status by_mac(struct judging *j)
{
    struct str rest = j->r->hmac, name, value, user = j->r->message->source_name, algorithm = STR("MD5");
    unsigned char digest[MD5_SIZE] = {0};
    while (next_parameter(&rest, &name, &value)) {
        if (str_caseeq(name, STR("username")))
            user = value;
        else if (str_caseeq(name, STR("algorithm")))
            algorithm = value;
        else if (str_caseeq(name, STR("mac")) && !read_digest(value, true, digest))
            memset(digest, 0, sizeof digest);
    }
    if (!str_caseeq(algorithm, STR("MD5")))
        memset(digest, 0, sizeof digest);
    return by_digest(j, DIGEST_MAC, user, STR("syncml:auth-MAC"), digest);
}

/* ---- all ---- */

static enum status judge(struct judging *j)
{
    const struct sml_cred *cred = &j->r->message->cred;
    if (j->r->hmac.n)
        return by_mac(j);
    if (str_caseeq(cred->type, STR("syncml:auth-md5")))
        return by_md5(j);
    if (cred->data.n && (!cred->type.n || str_caseeq(cred->type, STR("syncml:auth-basic"))))
        return by_basic(j);
    j->out->code =
        cred->type.n || cred->data.n ? 401 : 407; /* a scheme that we do not have; nothing at all */
    enum status st = find_candidates(j, j->r->message->source_name);
    if (st == OK)
        challenge_any(j);
    return st == OK ? j->a->st : st;
}

enum status sml_auth(struct directory *d, struct arena *a, const struct sml_auth_request *r,
                     struct sml_auth *out)
{
    *out = (struct sml_auth){.code = 401};
    struct judging j = {.d = d, .a = a, .r = r, .out = out};
    return judge(&j);
}

enum status sml_auth_message(struct directory *d, struct arena *a, const struct sml_auth_request *r,
                             const struct sml_auth *session, struct sml_auth *out)
{
    *out = (struct sml_auth){.code = 401};
    struct judging j = {.d = d, .a = a, .r = r, .out = out};
    if (!r->hmac.n) {
        challenge(&j, STR("syncml:auth-MAC"), session->nonce_next);
        return a->st;
    }
    enum status st = judge(&j);
    if (st == OK && out->code == 200 && out->login.actor.id != session->login.actor.id)
        *out = (struct sml_auth){.code = 401};
    return st;
}

enum status tx_sml_auth(struct tx *tx, const struct sml_auth *auth, struct device *d)
{
    if (auth->spends) {
        enum status st = tx_device_nonce(tx, d->id, auth->nonce_used, auth->nonce_next);
        if (st != OK)
            return st;
        d->old_nonce = auth->nonce_used;
        d->nonce = auth->nonce_next;
    }
    d->user = auth->user;
    d->credential = auth->login.credential;
    return OK;
}
