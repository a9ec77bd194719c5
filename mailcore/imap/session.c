/* mailcore/imap/session.c: commands that concern the session and no mail: CAPABILITY, ID, STARTTLS, log-in, ENABLE, NAMESPACE, IDLE. */
#include "core/hash.h"
#include "mailcore/imap/int.h"

enum { CHALLENGE_MOST = 1024 };

static bool is_safe(const struct imap *s)
{
    int rule = s->settings->bounds.plain_password;
    return s->engine.tls || rule == 2 || (rule == 1 && net_loopback(&s->peer.address));
}

static bool may_tls(const struct imap *s)
{
    return s->settings->tls && !s->engine.tls;
}

static enum status find_verifier(void *ctx, struct str user, struct scram_verifier *out)
{
    struct imap *s = ctx;
    return s->ops->verifier(s->ctx, &s->peer, user, out);
}

static struct sasl_world world_of(struct imap *s)
{
    return (struct sasl_world){
        .tls = s->engine.tls, .verifier = s->ops->verifier ? find_verifier : NULL, .ctx = s};
}

void imap_write_capabilities(struct imap *s, struct buf *out)
{
    buf_add(out, STR(" IMAP4rev1 LITERAL+ SASL-IR ID ENABLE"));
    if (s->state != IMAP_NOT_AUTHENTICATED) {
        buf_addf(out, " NAMESPACE UNAUTHENTICATE%s%s%s%s", s->compressed ? "" : " COMPRESS=DEFLATE",
                 s->ops->idle ? " IDLE" : "", s->ops->capabilities ? " " : "",
                 s->ops->capabilities ? s->ops->capabilities : "");
        return;
    }
    if (may_tls(s))
        buf_add(out, STR(" STARTTLS"));
    if (!is_safe(s))
        buf_add(out, STR(" LOGINDISABLED"));
    const struct sasl_world world = world_of(s);
    for (size_t i = 0; sasl_mechanism(i); i++)
        if ((is_safe(s) || !sasl_mechanism(i)->plain) && sasl_offers(sasl_mechanism(i), &world))
            buf_addf(out, " AUTH=%.*s", STR_ARG(sasl_mechanism(i)->name));
}

static void run_capability(struct imap *s)
{
    buf_add(&s->engine.out, STR("* CAPABILITY"));
    imap_write_capabilities(s, &s->engine.out);
    buf_add(&s->engine.out, STR("\r\n"));
    imap_say(s, "OK", NULL, "done");
}

static void run_logout(struct imap *s)
{
    imap_bye(s, "good-bye");
    imap_say(s, "OK", NULL, "done");
}

static void run_id(struct imap *s)
{
    buf_add(&s->engine.out, STR("* ID (\"name\" \"Scambio\")\r\n"));
    imap_say(s, "OK", NULL, "done");
}

static void run_starttls(struct imap *s)
{
    if (!may_tls(s)) {
        imap_say(s, "BAD", NULL, s->engine.tls ? "TLS is there already" : "there is no certificate here");
        return;
    }
    imap_say(s, "OK", NULL, "begin TLS now");
    s->engine.wants |= LINE_WANT_TLS;
}

/* The answer is the last thing that goes out as it is (RFC 4978 section 3). */
static void run_compress(struct imap *s)
{
    if (!str_caseeq(s->command.u.words.items[0], STR("DEFLATE"))) {
        imap_say(s, "NO", "CANNOT", "DEFLATE is the only way to compress");
        return;
    }
    if (s->compressed) {
        imap_say(s, "NO", "COMPRESSIONACTIVE", "DEFLATE is active already");
        return;
    }
    imap_say(s, "OK", NULL, "DEFLATE begins now");
    s->compressed = true;
    s->engine.wants |= LINE_WANT_DEFLATE;
}

/* ---- log-in ---- */

static void check(struct imap *s, const struct imap_credentials *who)
{
    imap_ask(s, IMAP_WAIT_LOGIN);
    s->ops->login(s->ctx, s, who);
    imap_asked(s);
}

static bool refuse_plain(struct imap *s, bool plain)
{
    if (!plain || is_safe(s))
        return false;
    imap_say(s, "NO", "PRIVACYREQUIRED", "passwords are taken over TLS only: say STARTTLS first");
    return true;
}

static void run_login(struct imap *s)
{
    const struct imap_login *l = &s->command.u.login;
    if (refuse_plain(s, true))
        return;
    if (!str_utf8(l->user) || !str_utf8(l->password)) {
        imap_say(s, "NO", "AUTHENTICATIONFAILED", "name and password are UTF-8");
        return;
    }
    check(s, &(struct imap_credentials){STR("LOGIN"), STR(""), l->user, l->password, NULL});
}

static void go_on(struct imap *s, enum sasl_result result, struct str challenge)
{
    s->reading = IMAP_READING_COMMAND;
    switch (result) {
    case SASL_CHALLENGE:
        buf_addf(&s->engine.out, "+ %.*s\r\n", STR_ARG(challenge));
        s->reading = IMAP_READING_SASL;
        break;
    case SASL_CHECK:
        check(s, &(struct imap_credentials){s->sasl.mechanism->name, buf_view(&s->sasl.authorize),
                                            buf_view(&s->sasl.user), buf_view(&s->sasl.password),
                                            &s->sasl.proof});
        break;
    case SASL_CANCELLED:
        sasl_end(&s->sasl);
        imap_say(s, "BAD", NULL, "the log-in was cancelled");
        break;
    case SASL_MALFORMED:
        sasl_end(&s->sasl);
        imap_say(s, "BAD", NULL, "this is no answer of the mechanism in base64");
        break;
    }
}

static void run_authenticate(struct imap *s)
{
    const struct imap_login *l = &s->command.u.login;
    const struct sasl_world world = world_of(s);
    const struct sasl_mechanism *mechanism = sasl_find(l->mechanism, &world);
    if (!mechanism) {
        imap_say(s, "NO", "CANNOT", "this mechanism is not known here");
        return;
    }
    if (refuse_plain(s, mechanism->plain))
        return;
    SCOPED_BUF(challenge, CHALLENGE_MOST);
    enum sasl_result result = sasl_begin(&s->sasl, mechanism, &world, l->initial, &challenge);
    go_on(s, result, buf_view(&challenge));
}

void imap_sasl_line(struct imap *s, struct str line)
{
    SCOPED_BUF(challenge, CHALLENGE_MOST);
    enum sasl_result result = sasl_next(&s->sasl, line, &challenge);
    go_on(s, result, buf_view(&challenge));
}

void imap_login_done(struct imap *s, const char *status, const char *code, const char *text)
{
    sasl_end(&s->sasl);
    if (s->reader.text.n) /* the password stood in it */
        hash_wipe(s->reader.text.p, s->reader.text.n);
    if (strcmp(status, "OK") != 0) {
        imap_say(s, status, code, text);
        if (++s->attempts >= s->settings->bounds.attempts)
            imap_bye(s, "too many failed log-ins; good-bye");
        return;
    }
    s->state = IMAP_AUTHENTICATED;
    s->attempts = 0;
    buf_addf(&s->engine.out, "%.*s OK [CAPABILITY", STR_ARG(buf_view(&s->tag)));
    imap_write_capabilities(s, &s->engine.out);
    buf_addf(&s->engine.out, "] %s\r\n", text);
}

/* Back to before the log-in (RFC 8437); TLS stays. */
static void run_unauthenticate(struct imap *s)
{
    if (s->ops->leave)
        s->ops->leave(s->ctx, s);
    s->state = IMAP_NOT_AUTHENTICATED;
    s->enabled = 0;
    imap_say(s, "OK", NULL, "done");
}

/* ---- behind the log-in ---- */

static const struct {
    struct str name;
    unsigned bits;
} enables[] = {
    {STR_INIT("CONDSTORE"), IMAP_ENABLED_CONDSTORE}, {STR_INIT("QRESYNC"), IMAP_ENABLED_QRESYNC},
    {STR_INIT("UTF8=ACCEPT"), IMAP_ENABLED_UTF8},    {STR_INIT("IMAP4rev2"), IMAP_ENABLED_REV2},
    {STR_INIT("UIDONLY"), IMAP_ENABLED_UIDONLY},
};

/* What is not known is passed over, and what is new is named (RFC 5161 section 3.1). */
static void run_enable(struct imap *s)
{
    const struct imap_strings *words = &s->command.u.words;
    unsigned asked = 0;
    for (size_t i = 0; i < words->count; i++)
        for (size_t k = 0; k < COUNT_OF(enables); k++)
            if (str_caseeq(words->items[i], enables[k].name))
                asked |= enables[k].bits & s->ops->enables;
    buf_add(&s->engine.out, STR("* ENABLED"));
    for (size_t k = 0; k < COUNT_OF(enables); k++)
        if (asked & ~s->enabled & enables[k].bits)
            buf_addf(&s->engine.out, " %.*s", STR_ARG(enables[k].name));
    buf_add(&s->engine.out, STR("\r\n"));
    if (asked & IMAP_ENABLED_QRESYNC) /* RFC 7162 section 3.2.3 */
        asked |= IMAP_ENABLED_CONDSTORE;
    s->enabled |= asked;
    imap_say(s, "OK", NULL, "done");
}

/* The three roots of store/mailbox.h. */
static void run_namespace(struct imap *s)
{
    buf_add(&s->engine.out,
            STR("* NAMESPACE ((\"\" \"/\")) ((\"Other Users/\" \"/\")) ((\"Shared/\" \"/\"))\r\n"));
    imap_say(s, "OK", NULL, "done");
}

static void run_idle(struct imap *s)
{
    if (!s->ops->idle) {
        imap_say(s, "BAD", NULL, "this command is not known");
        return;
    }
    buf_add(&s->engine.out, STR("+ idling\r\n"));
    s->reading = IMAP_READING_IDLE;
    s->ops->idle(s->ctx, s, true);
}

void imap_idle_line(struct imap *s, struct str line)
{
    s->reading = IMAP_READING_COMMAND;
    s->ops->idle(s->ctx, s, false);
    if (str_caseeq(line, STR("DONE")))
        imap_say(s, "OK", NULL, "done");
    else
        imap_say(s, "BAD", NULL, "IDLE ends with DONE");
}

static void run_noop(struct imap *s)
{
    imap_say(s, "OK", NULL, "done");
}

void imap_dispatch(struct imap *s)
{
    static void (*const own[IMAP_VERB_COUNT])(struct imap *) = {
        [IMAP_AUTHENTICATE] = run_authenticate,
        [IMAP_CAPABILITY] = run_capability,
        [IMAP_COMPRESS] = run_compress,
        [IMAP_ENABLE] = run_enable,
        [IMAP_ID] = run_id,
        [IMAP_IDLE] = run_idle,
        [IMAP_LOGIN] = run_login,
        [IMAP_LOGOUT] = run_logout,
        [IMAP_NAMESPACE] = run_namespace,
        [IMAP_STARTTLS] = run_starttls,
        [IMAP_UNAUTHENTICATE] = run_unauthenticate,
    };
    void (*run)(struct imap *) = own[s->command.verb];
    if (!run && s->state == IMAP_NOT_AUTHENTICATED)
        run = run_noop; /* NOOP is all that is left */
    if (run) {
        run(s);
        return;
    }
    imap_ask(s, IMAP_WAIT_COMMAND);
    s->ops->command(s->ctx, s, &s->command);
    imap_asked(s);
}
