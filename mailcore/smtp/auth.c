/* mailcore/smtp/auth.c: AUTH (RFC 4954): the exchange line by line, then the directory's word. */
#include "mailcore/smtp/int.h"

static enum status find_verifier(void *ctx, struct str user, struct scram_verifier *out)
{
    const struct smtp *s = ctx;
    return s->ops->verifier(s->ctx, &s->client.peer, user, out);
}

struct sasl_world smtp_sasl_world(const struct smtp *s)
{
    return (struct sasl_world){.tls = s->engine.tls,
                               .verifier = s->ops->verifier ? find_verifier : NULL,
                               .ctx = (void *)(uintptr_t)s};
}

static void check(struct smtp *s)
{
    struct smtp_login login = {.mechanism = s->sasl.mechanism->name,
                               .authorize = buf_view(&s->sasl.authorize),
                               .user = buf_view(&s->sasl.user),
                               .password = buf_view(&s->sasl.password),
                               .proof = &s->sasl.proof};
    smtp_ask(s, WAIT_AUTH);
    s->ops->auth(s->ctx, s, &login);
    smtp_asked(s);
}

static void go_on(struct smtp *s, enum sasl_result result, struct str challenge)
{
    switch (result) {
    case SASL_CHALLENGE:
        buf_addf(&s->engine.out, "334 %.*s\r\n", STR_ARG(challenge));
        s->reading = READ_AUTH;
        break;
    case SASL_CHECK:
        check(s);
        break;
    case SASL_CANCELLED:
        sasl_end(&s->sasl);
        smtp_say(s, 501, "5.7.0", "the log-in was cancelled");
        break;
    case SASL_MALFORMED:
        sasl_end(&s->sasl);
        smtp_say(s, 501, "5.5.2", "this is no answer of the mechanism in base64");
        break;
    }
}

void smtp_cmd_auth(struct smtp *s, struct str argument)
{
    size_t blank = str_chr(argument, ' ', 0);
    const struct sasl_world world = smtp_sasl_world(s);
    const struct sasl_mechanism *mechanism = sasl_find(str_slice(argument, 0, blank), &world);
    struct str initial = blank == SIZE_MAX ? STR_NONE : str_trim(str_from(argument, blank));
    if (s->client.user.n) {
        smtp_say(s, 503, "5.5.1", "somebody is logged in already");
    } else if (!smtp_may_auth(s)) {
        smtp_say(s, 538, "5.7.11", "passwords are taken over TLS only: say STARTTLS first");
    } else if (!mechanism) {
        smtp_say(s, 504, "5.5.4", "this mechanism is not known here");
    } else {
        SCOPED_BUF(challenge, 1024);
        enum sasl_result result = sasl_begin(&s->sasl, mechanism, &world, initial, &challenge);
        go_on(s, result, buf_view(&challenge));
    }
}

void smtp_auth_line(struct smtp *s, struct str line)
{
    SCOPED_BUF(challenge, 1024);
    enum sasl_result result = sasl_next(&s->sasl, line, &challenge);
    go_on(s, result, buf_view(&challenge));
}

void smtp_auth_done(struct smtp *s, const struct smtp_reply *reply)
{
    static const struct smtp_reply good = {235, "2.7.0", STR_INIT("welcome")};
    sasl_end(&s->sasl);
    if (reply->code / 100 != 2)
        s->client.user = STR("");
    smtp_say_reply(s, reply, &good);
    if (reply->code / 100 == 5 && ++s->attempts >= smtp_limits_of(s)->attempts &&
        !(s->engine.wants & LINE_WANT_CLOSE))
        smtp_bye(s, 421, "4.7.0", "too many failed log-ins; good-bye");
}
