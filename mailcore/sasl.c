/* mailcore/sasl.c: PLAIN (RFC 4616), LOGIN (never standardised, and what Outlook speaks), and the table of all. */
#include "mailcore/sasl.h"

#include "core/hash.h"

enum { MESSAGE_MOST = 12 * 1024, NAME_MOST = 1024 };

static bool keep(struct buf *b, struct str s)
{
    *b = BUF_INIT(NAME_MOST);
    buf_add(b, s);
    return b->st == OK && str_utf8(s);
}

/* [authzid] NUL authcid NUL passwd */
static enum sasl_result step_plain(struct sasl *x, struct str message, struct buf *challenge)
{
    struct str rest = message, authorize, user;
    (void)challenge;
    bool ok = str_split(&rest, '\0', &authorize) && str_split(&rest, '\0', &user) && rest.p && user.n &&
              rest.n && !memchr(rest.p, '\0', rest.n) && keep(&x->authorize, authorize) &&
              keep(&x->user, user) && keep(&x->password, rest);
    return ok ? SASL_CHECK : SASL_MALFORMED;
}

/* An initial response is the name. */
static enum sasl_result step_login(struct sasl *x, struct str message, struct buf *challenge)
{
    if (x->round == 0 && !message.p) {
        buf_base64(challenge, STR("Username:"));
        return SASL_CHALLENGE;
    }
    if (!message.n || memchr(message.p, '\0', message.n))
        return SASL_MALFORMED;
    if (!x->user.n) {
        buf_base64(challenge, STR("Password:"));
        return keep(&x->user, message) ? SASL_CHALLENGE : SASL_MALFORMED;
    }
    return keep(&x->password, message) ? SASL_CHECK : SASL_MALFORMED;
}

static const struct sasl_mechanism mechanisms[] = {
    {.name = STR_INIT("PLAIN"), .plain = true, .client_first = true, .step = step_plain},
    {.name = STR_INIT("LOGIN"), .plain = true, .step = step_login},
    {.name = STR_INIT("SCRAM-SHA-256"), .scram = true, .client_first = true, .step = sasl_step_scram},
    {.name = STR_INIT("SCRAM-SHA-256-PLUS"),
     .scram = true,
     .bound = true,
     .client_first = true,
     .step = sasl_step_scram},
};

bool sasl_offers(const struct sasl_mechanism *mechanism, const struct sasl_world *world)
{
    if (mechanism->bound && (!world->tls || !(world->tls->exporter.n | world->tls->end_point.n)))
        return false;
    return !mechanism->scram || (world->verifier && world->verifier(world->ctx, STR_NONE, NULL) == OK);
}

const struct sasl_mechanism *sasl_find(struct str name, const struct sasl_world *world)
{
    for (size_t i = 0; i < COUNT_OF(mechanisms); i++)
        if (str_caseeq(mechanisms[i].name, name))
            return sasl_offers(&mechanisms[i], world) ? &mechanisms[i] : NULL;
    return NULL;
}

const struct sasl_mechanism *sasl_mechanism(size_t i)
{
    return i < COUNT_OF(mechanisms) ? &mechanisms[i] : NULL;
}

static bool has_blank(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (ascii_space(s.p[i]))
            return true;
    return false;
}

static enum sasl_result step(struct sasl *x, struct str base64, struct buf *challenge)
{
    SCOPED_BUF(message, MESSAGE_MOST);
    if (has_blank(base64) || !buf_unbase64(&message, base64) || message.st != OK)
        return SASL_MALFORMED;
    enum sasl_result result = x->mechanism->step(x, buf_view(&message), challenge);
    if (message.n)
        hash_wipe(message.p, message.n);
    x->round++;
    return result;
}

enum sasl_result sasl_begin(struct sasl *x, const struct sasl_mechanism *mechanism,
                            const struct sasl_world *world, struct str initial, struct buf *challenge)
{
    sasl_end(x);
    x->mechanism = mechanism;
    x->world = *world;
    if (initial.p)
        return step(x, str_eq(initial, STR("=")) ? STR("") : initial, challenge);
    if (mechanism->client_first)
        return SASL_CHALLENGE;
    enum sasl_result result = mechanism->step(x, STR_NONE, challenge);
    x->round++;
    return result;
}

enum sasl_result sasl_next(struct sasl *x, struct str line, struct buf *challenge)
{
    return str_eq(line, STR("*")) ? SASL_CANCELLED : step(x, line, challenge);
}

void sasl_end(struct sasl *x)
{
    if (x->password.p)
        hash_wipe(x->password.p, x->password.cap);
    buf_free(&x->authorize);
    buf_free(&x->user);
    buf_free(&x->password);
    buf_free(&x->header);
    buf_free(&x->bare);
    buf_free(&x->first);
    hash_wipe(&x->proof, sizeof x->proof);
    *x = (struct sasl){0};
}
