/* mailcore/smtp_client.c: the conversation up to the point where mail can be sent, and the table of what each reply means; see
 * smtp_client.h. A mail's own part is in smtp_client_mail.c. */
#include "mailcore/smtp_client_int.h"

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

void smtp_client_init(struct smtp_client *c, const struct smtp_client_config *config)
{
    *c = (struct smtp_client){.config = *config, .state = CLIENT_GREETING, .secure = config->secure};
}

void smtp_client_free(struct smtp_client *c)
{
    smtp_reply_free(&c->reply);
}

enum client_event client_over(struct smtp_client *c, const char *why)
{
    SCOPED_BUF(line, sizeof c->why - 1);
    buf_addz(&line, why);
    if (c->reply.code) {
        buf_addz(&line, ": ");
        smtp_reply_line(&c->reply, &line);
    }
    if (!c->why[0])
        snprintf(c->why, sizeof c->why, "%s", buf_c(&line));
    c->state = CLIENT_OVER;
    if (c->mail)
        client_fail_rest(c, MAIL_LATER, "4.4.2", str_c(c->why));
    return CLIENT_CLOSED;
}

static enum client_event command(struct smtp_client *c, enum client_state next, struct buf *out,
                                 const char *text)
{
    c->state = next;
    buf_addz(out, text);
    buf_addz(out, "\r\n");
    return CLIENT_READ;
}

static enum client_event say_hello(struct smtp_client *c, struct buf *out, bool extended)
{
    c->offers = 0;
    c->size_limit = 0;
    c->state = extended ? CLIENT_EHLO : CLIENT_HELO;
    buf_addz(out, c->config.lmtp ? "LHLO " : extended ? "EHLO " : "HELO ");
    buf_add(out, c->config.hostname);
    buf_addz(out, "\r\n");
    return CLIENT_READ;
}

/* ---- extensions ---- */

static void take_auth(struct smtp_client *c, struct str words)
{
    struct str word;
    while (str_split(&words, ' ', &word)) {
        c->offers |= str_caseeq(word, STR("PLAIN")) ? OFFER_PLAIN : 0;
        c->offers |= str_caseeq(word, STR("LOGIN")) ? OFFER_LOGIN : 0;
    }
}

static void take_offers(struct smtp_client *c)
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

static enum client_event ready(struct smtp_client *c)
{
    c->state = CLIENT_IDLE;
    return CLIENT_READY;
}

static enum client_event begin_auth(struct smtp_client *c, struct buf *out)
{
    if (!c->config.user.p || c->authenticated)
        return ready(c);
    if (!c->secure && !c->config.auth_in_clear)
        return client_over(c, "the password is not sent without TLS");
    if (c->offers & OFFER_PLAIN) {
        SCOPED_BUF(text, 4096);
        buf_addc(&text, '\0');
        buf_add(&text, c->config.user);
        buf_addc(&text, '\0');
        buf_add(&text, c->config.password);
        buf_addz(out, "AUTH PLAIN ");
        buf_base64(out, buf_view(&text));
        return command(c, CLIENT_AUTH, out, "");
    }
    if (c->offers & OFFER_LOGIN)
        return command(c, CLIENT_AUTH_USER, out, "AUTH LOGIN");
    return client_over(c, "the server offers no way to log in that is known (PLAIN, LOGIN)");
}

static enum client_event on_greeting(struct smtp_client *c, struct buf *out)
{
    return c->reply.code == 220 ? say_hello(c, out, true) : client_over(c, "the server takes no mail now");
}

static enum client_event on_hello(struct smtp_client *c, struct buf *out)
{
    bool extended = c->state == CLIENT_EHLO;
    if (c->reply.code / 100 == 5 && extended && !c->config.lmtp)
        return say_hello(c, out, false);
    if (c->reply.code != 250)
        return client_over(c, "the server does not greet us");
    if (extended)
        take_offers(c);
    if (!c->secure && c->config.tls != CLIENT_TLS_NEVER && (c->offers & OFFER_STARTTLS))
        return command(c, CLIENT_STARTTLS, out, "STARTTLS");
    if (!c->secure && c->config.tls == CLIENT_TLS_ALWAYS)
        return client_over(c, "TLS is required, and the server offers none");
    return begin_auth(c, out);
}

static enum client_event on_starttls(struct smtp_client *c, struct buf *out)
{
    if (c->reply.code == 220) {
        c->state = CLIENT_HANDSHAKE;
        return CLIENT_TLS;
    }
    return c->config.tls == CLIENT_TLS_ALWAYS ? client_over(c, "TLS is required, and the server refuses it")
                                              : begin_auth(c, out);
}

enum client_event smtp_client_secured(struct smtp_client *c, struct buf *out)
{
    c->secure = true;
    return say_hello(c, out, true); /* what was offered before counts no more (RFC 3207 section 4.2) */
}

static enum client_event on_auth(struct smtp_client *c, struct buf *out)
{
    (void)out;
    if (c->reply.code != 235)
        return client_over(c, "the log-in is refused");
    c->authenticated = true;
    return ready(c);
}

/* AUTH LOGIN: the server asks for one and then the other. */
static enum client_event on_auth_login(struct smtp_client *c, struct buf *out)
{
    bool user = c->state == CLIENT_AUTH_USER;
    if (c->reply.code != 334)
        return client_over(c, "the log-in is refused");
    buf_base64(out, user ? c->config.user : c->config.password);
    return command(c, user ? CLIENT_AUTH_PASSWORD : CLIENT_AUTH, out, "");
}

static enum client_event on_reset(struct smtp_client *c, struct buf *out)
{
    (void)out;
    return c->reply.code / 100 == 2 ? ready(c) : client_over(c, "the server is confused");
}

static enum client_event on_quit(struct smtp_client *c, struct buf *out)
{
    (void)out;
    c->state = CLIENT_OVER;
    return CLIENT_CLOSED;
}

static enum client_event unasked(struct smtp_client *c, struct buf *out)
{
    (void)out;
    return client_over(c, c->reply.code == 421 ? "the server closes the connection"
                                               : "the server speaks when it was not asked");
}

static enum client_event (*const on_reply[])(struct smtp_client *c, struct buf *out) = {
    [CLIENT_GREETING] = on_greeting,
    [CLIENT_EHLO] = on_hello,
    [CLIENT_HELO] = on_hello,
    [CLIENT_STARTTLS] = on_starttls,
    [CLIENT_HANDSHAKE] = unasked,
    [CLIENT_AUTH] = on_auth,
    [CLIENT_AUTH_USER] = on_auth_login,
    [CLIENT_AUTH_PASSWORD] = on_auth_login,
    [CLIENT_IDLE] = unasked,
    [CLIENT_ENVELOPE] = client_on_envelope,
    [CLIENT_TEXT] = client_on_early_reply,
    [CLIENT_CHUNK] = client_on_early_reply,
    [CLIENT_END] = client_on_end,
    [CLIENT_RESET] = on_reset,
    [CLIENT_QUIT] = on_quit,
    [CLIENT_OVER] = on_quit,
};

enum client_event smtp_client_read(struct smtp_client *c, struct str in, struct buf *out)
{
    enum client_event event = CLIENT_READ;
    while (in.n && c->state != CLIENT_OVER) {
        enum status st = smtp_reply_read(&c->reply, &in);
        if (st == NOT_FOUND)
            break;
        if (st != OK)
            return client_over(c, st == INVALID ? "what the server says is no reply of SMTP" : "no memory");
        if (c->reply.code == 421 && c->state != CLIENT_QUIT)
            return client_over(c, "the server closes the connection");
        event = on_reply[c->state](c, out);
        smtp_reply_clear(&c->reply);
        /* Whatever stands behind the reply to STARTTLS came without TLS: it is not looked at (RFC 3207 section 6). */
        if (event == CLIENT_TLS)
            break;
    }
    return c->state == CLIENT_OVER ? CLIENT_CLOSED : event;
}

void smtp_client_quit(struct smtp_client *c, struct buf *out)
{
    if (c->state == CLIENT_IDLE)
        command(c, CLIENT_QUIT, out, "QUIT");
    else
        c->state = CLIENT_OVER;
}

void smtp_client_lost(struct smtp_client *c, struct str why)
{
    SCOPED_BUF(text, sizeof c->why - 1);
    buf_add(&text, why);
    smtp_reply_clear(&c->reply);
    if (c->state != CLIENT_OVER)
        client_over(c, buf_c(&text));
}
