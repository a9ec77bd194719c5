/* mailcore/relay/relay.c: the conversation up to the point where mail can be sent, and the table of what each reply means; see
 * relay.h. A mail's own part is in relay_mail.c. */
#include "mailcore/relay/int.h"

#include <stdio.h>

static const struct {
    const char *keyword;
    unsigned offer;
} extensions[] = {
    {"PIPELINING", OFFER_PIPELINING}, {"8BITMIME", OFFER_8BIT},
    {"BINARYMIME", OFFER_BINARY},     {"CHUNKING", OFFER_CHUNKING},
    {"SMTPUTF8", OFFER_UTF8},         {"DSN", OFFER_DSN},
    {"STARTTLS", OFFER_STARTTLS},     {"SIZE", OFFER_SIZE},
    {"REQUIRETLS", OFFER_REQUIRETLS}, {"AUTH", OFFER_AUTH},
};

void relay_init(struct relay *c, const struct relay_config *config)
{
    *c = (struct relay){.config = *config, .state = RELAY_GREETING, .secure = config->secure};
}

void relay_free(struct relay *c)
{
    relay_reply_free(&c->reply);
}

enum relay_event relay_over(struct relay *c, const char *why)
{
    SCOPED_BUF(line, sizeof c->why - 1);
    buf_addz(&line, why);
    if (c->reply.code) {
        buf_addz(&line, ": ");
        relay_reply_line(&c->reply, &line);
    }
    if (!c->why[0])
        snprintf(c->why, sizeof c->why, "%s", buf_c(&line));
    c->state = RELAY_OVER;
    if (c->mail)
        relay_fail_rest(c, MAIL_LATER, "4.4.2", str_c(c->why));
    return RELAY_CLOSED;
}

static enum relay_event command(struct relay *c, enum relay_state next, struct buf *out, const char *text)
{
    c->state = next;
    buf_addz(out, text);
    buf_addz(out, "\r\n");
    return RELAY_READ;
}

static enum relay_event say_hello(struct relay *c, struct buf *out, bool extended)
{
    c->offers = 0;
    c->size_limit = 0;
    c->state = extended ? RELAY_EHLO : RELAY_HELO;
    buf_addz(out, c->config.lmtp ? "LHLO " : extended ? "EHLO " : "HELO ");
    buf_add(out, c->config.hostname);
    buf_addz(out, "\r\n");
    return RELAY_READ;
}

/* ---- extensions ---- */

static void take_auth(struct relay *c, struct str words)
{
    struct str word;
    while (str_split(&words, ' ', &word)) {
        c->offers |= str_caseeq(word, STR("PLAIN")) ? OFFER_PLAIN : 0;
        c->offers |= str_caseeq(word, STR("LOGIN")) ? OFFER_LOGIN : 0;
    }
}

static void take_offers(struct relay *c)
{
    struct str rest = buf_view(&c->reply.text), line, word;
    str_split(&rest, '\n', &line); /* the greeting */
    while (str_split(&rest, '\n', &line)) {
        uint64_t size;
        if (!str_split(&line, ' ', &word))
            continue;
        for (size_t i = 0; i < COUNT_OF(extensions); i++)
            if (str_caseeq(word, str_c(extensions[i].keyword)))
                c->offers |= extensions[i].offer;
        if (str_caseeq(word, STR("SIZE")) && str_u64(str_trim(line), &size))
            c->size_limit = size;
        if (str_caseeq(word, STR("AUTH")))
            take_auth(c, line);
    }
}

/* ---- before the first mail ---- */

static enum relay_event ready(struct relay *c)
{
    c->state = RELAY_IDLE;
    return RELAY_READY;
}

static enum relay_event begin_auth(struct relay *c, struct buf *out)
{
    if (!c->config.user.p || c->authenticated)
        return ready(c);
    if (!c->secure && !c->config.auth_in_clear)
        return relay_over(c, "the password is not sent without TLS");
    if (c->offers & OFFER_PLAIN) {
        SCOPED_BUF(text, 4096);
        buf_addc(&text, '\0');
        buf_add(&text, c->config.user);
        buf_addc(&text, '\0');
        buf_add(&text, c->config.password);
        buf_addz(out, "AUTH PLAIN ");
        buf_base64(out, buf_view(&text));
        return command(c, RELAY_AUTH, out, "");
    }
    if (c->offers & OFFER_LOGIN)
        return command(c, RELAY_AUTH_USER, out, "AUTH LOGIN");
    return relay_over(c, "the server offers no way to log in that is known (PLAIN, LOGIN)");
}

static enum relay_event on_greeting(struct relay *c, struct buf *out)
{
    return c->reply.code == 220 ? say_hello(c, out, true) : relay_over(c, "the server takes no mail now");
}

static enum relay_event on_hello(struct relay *c, struct buf *out)
{
    bool extended = c->state == RELAY_EHLO;
    if (c->reply.code / 100 == 5 && extended && !c->config.lmtp)
        return say_hello(c, out, false);
    if (c->reply.code != 250)
        return relay_over(c, "the server does not greet us");
    if (extended)
        take_offers(c);
    if (!c->secure && c->config.tls != RELAY_TLS_NEVER && (c->offers & OFFER_STARTTLS))
        return command(c, RELAY_STARTTLS, out, "STARTTLS");
    if (!c->secure && c->config.tls == RELAY_TLS_ALWAYS)
        return relay_over(c, "TLS is required, and the server offers none");
    return begin_auth(c, out);
}

static enum relay_event on_starttls(struct relay *c, struct buf *out)
{
    if (c->reply.code == 220) {
        c->state = RELAY_HANDSHAKE;
        return RELAY_TLS;
    }
    return c->config.tls == RELAY_TLS_ALWAYS ? relay_over(c, "TLS is required, and the server refuses it")
                                             : begin_auth(c, out);
}

enum relay_event relay_secured(struct relay *c, struct buf *out)
{
    c->secure = true;
    return say_hello(c, out, true); /* what was offered before counts no more (RFC 3207 section 4.2) */
}

static enum relay_event on_auth(struct relay *c, struct buf *out)
{
    (void)out;
    if (c->reply.code != 235)
        return relay_over(c, "the log-in is refused");
    c->authenticated = true;
    return ready(c);
}

/* AUTH LOGIN: the server asks for one and then the other. */
static enum relay_event on_auth_login(struct relay *c, struct buf *out)
{
    bool user = c->state == RELAY_AUTH_USER;
    if (c->reply.code != 334)
        return relay_over(c, "the log-in is refused");
    buf_base64(out, user ? c->config.user : c->config.password);
    return command(c, user ? RELAY_AUTH_PASSWORD : RELAY_AUTH, out, "");
}

static enum relay_event on_reset(struct relay *c, struct buf *out)
{
    (void)out;
    return c->reply.code / 100 == 2 ? ready(c) : relay_over(c, "the server is confused");
}

static enum relay_event on_quit(struct relay *c, struct buf *out)
{
    (void)out;
    c->state = RELAY_OVER;
    return RELAY_CLOSED;
}

static enum relay_event unasked(struct relay *c, struct buf *out)
{
    (void)out;
    return relay_over(c, c->reply.code == 421 ? "the server closes the connection"
                                              : "the server speaks when it was not asked");
}

static enum relay_event (*const on_reply[])(struct relay *c, struct buf *out) = {
    [RELAY_GREETING] = on_greeting,
    [RELAY_EHLO] = on_hello,
    [RELAY_HELO] = on_hello,
    [RELAY_STARTTLS] = on_starttls,
    [RELAY_HANDSHAKE] = unasked,
    [RELAY_AUTH] = on_auth,
    [RELAY_AUTH_USER] = on_auth_login,
    [RELAY_AUTH_PASSWORD] = on_auth_login,
    [RELAY_IDLE] = unasked,
    [RELAY_ENVELOPE] = relay_on_envelope,
    [RELAY_TEXT] = relay_on_early_reply,
    [RELAY_CHUNK] = relay_on_early_reply,
    [RELAY_END] = relay_on_end,
    [RELAY_RESET] = on_reset,
    [RELAY_QUIT] = on_quit,
    [RELAY_OVER] = on_quit,
};

enum relay_event relay_read(struct relay *c, struct str in, struct buf *out)
{
    enum relay_event event = RELAY_READ;
    while (in.n && c->state != RELAY_OVER) {
        enum status st = relay_reply_read(&c->reply, &in);
        if (st == NOT_FOUND)
            break;
        if (st != OK)
            return relay_over(c, st == INVALID ? "what the server says is no reply of SMTP" : "no memory");
        if (c->reply.code == 421 && c->state != RELAY_QUIT)
            return relay_over(c, "the server closes the connection");
        event = on_reply[c->state](c, out);
        relay_reply_clear(&c->reply);
        /* Whatever stands behind the reply to STARTTLS came without TLS: it is not looked at (RFC 3207 section 6). */
        if (event == RELAY_TLS)
            break;
    }
    return c->state == RELAY_OVER ? RELAY_CLOSED : event;
}

void relay_quit(struct relay *c, struct buf *out)
{
    if (c->state == RELAY_IDLE)
        command(c, RELAY_QUIT, out, "QUIT");
    else
        c->state = RELAY_OVER;
}

void relay_lost(struct relay *c, struct str why)
{
    SCOPED_BUF(text, sizeof c->why - 1);
    buf_add(&text, why);
    relay_reply_clear(&c->reply);
    if (c->state != RELAY_OVER)
        relay_over(c, buf_c(&text));
}
