/* mailcore/smtp/command.c: the table of commands: who may say which, in which state; and those that need no decision. */
#include "mailcore/smtp/int.h"

enum command_flags {
    ARGUMENT = 1,    /* it needs one */
    NO_ARGUMENT = 2, /* it has none */
    OPEN = 4,        /* before log-in too, where one is needed (RFC 4954 section 4, RFC 6409 section 4.3) */
    LONG = 8,        /* its line has the length of AUTH */
    COUNTED = 16,    /* brings no mail forward: too many of them end the session */
};

struct command {
    struct str verb;
    unsigned roles, states, flags;
    void (*fn)(struct smtp *s, struct str argument);
    const char *otherwise; /* the reply in another state */
    const char *help;      /* NULL: not told */
};

enum {
    ANY = STATE_NEW | STATE_READY | STATE_MAIL | STATE_RCPT | STATE_BDAT,
    GREETED = ANY & ~STATE_NEW,
};

/* ---- EHLO ---- */
static bool has_tls_to_start(const struct smtp *s)
{
    return s->settings->tls && !s->client.secure;
}

static bool is_secure(const struct smtp *s)
{
    return s->client.secure;
}

bool smtp_may_auth(const struct smtp *s)
{
    int rule = smtp_limits_of(s)->plain_password;
    bool safe = s->client.secure || rule == 2 || (rule == 1 && net_loopback(&s->client.peer.address));
    return (s->client.role & SMTP_ROLE_SUBMIT) && safe && !s->client.user.n;
}

static void write_size(const struct smtp *s, struct buf *out)
{
    buf_addc(out, ' ');
    buf_u64(out, smtp_limits_of(s)->size);
}

static void write_mechanisms(const struct smtp *s, struct buf *out)
{
    const struct sasl_world world = smtp_sasl_world(s);
    for (size_t i = 0; sasl_mechanism(i); i++) {
        if (!sasl_offers(sasl_mechanism(i), &world))
            continue;
        buf_addc(out, ' ');
        buf_add(out, sasl_mechanism(i)->name);
    }
}

static const struct {
    const char *keyword;
    bool (*when)(const struct smtp *s); /* NULL: always */
    void (*write)(const struct smtp *s, struct buf *out);
} extensions[] = {
    {"PIPELINING", NULL, NULL},                /* RFC 2920 */
    {"SIZE", NULL, write_size},                /* RFC 1870 */
    {"8BITMIME", NULL, NULL},                  /* RFC 6152 */
    {"SMTPUTF8", NULL, NULL},                  /* RFC 6531 */
    {"CHUNKING", NULL, NULL},                  /* RFC 3030 */
    {"BINARYMIME", NULL, NULL},                /* RFC 3030 */
    {"DSN", NULL, NULL},                       /* RFC 3461 */
    {"STARTTLS", has_tls_to_start, NULL},      /* RFC 3207 */
    {"REQUIRETLS", is_secure, NULL},           /* RFC 8689 */
    {"AUTH", smtp_may_auth, write_mechanisms}, /* RFC 4954 */
    {"ENHANCEDSTATUSCODES", NULL, NULL},       /* RFC 2034 */
};

/* It goes into a trace header as it is: nothing in it may mean anything there. */
static bool good_helo(struct str name)
{
    if (!name.n || name.n > 255)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (!ascii_alpha(name.p[i]) && !ascii_digit(name.p[i]) && !strchr("-._:[]%+", name.p[i]))
            return false;
    return !memchr(name.p, '\0', name.n);
}

static bool hello(struct smtp *s, struct str argument, bool extended)
{
    if (!good_helo(argument)) {
        smtp_say(s, 501, "5.5.4", "say a host name or an address literal");
        return false;
    }
    memcpy(s->helo, argument.p, argument.n);
    s->client.helo = str_n(s->helo, argument.n);
    s->client.extended = extended;
    s->state = STATE_READY;
    smtp_reset(s);
    return true;
}

static void cmd_helo(struct smtp *s, struct str argument)
{
    if (hello(s, argument, false))
        smtp_say(s, 250, NULL, "%s", s->settings->hostname);
}

static void cmd_ehlo(struct smtp *s, struct str argument)
{
    struct buf *out = &s->engine.out;
    if (!hello(s, argument, true))
        return;
    buf_addf(out, "250-%s\r\n", s->settings->hostname);
    for (size_t i = 0; i < COUNT_OF(extensions); i++) {
        if (extensions[i].when && !extensions[i].when(s))
            continue;
        buf_addf(out, "250%c%s", i + 1 < COUNT_OF(extensions) ? '-' : ' ', extensions[i].keyword);
        if (extensions[i].write)
            extensions[i].write(s, out);
        buf_addz(out, "\r\n");
    }
}

/* ---- the others ---- */
static void cmd_starttls(struct smtp *s, struct str argument)
{
    (void)argument;
    if (s->client.secure)
        smtp_say(s, 503, "5.5.1", "TLS is in use already");
    else if (!s->settings->tls)
        smtp_say(s, 454, "4.7.0", "TLS is not available just now");
    else {
        smtp_say(s, 220, "2.0.0", "begin the handshake");
        s->engine.wants |= LINE_WANT_TLS;
    }
}

static void cmd_rset(struct smtp *s, struct str argument)
{
    (void)argument;
    smtp_reset(s);
    smtp_say(s, 250, "2.0.0", "OK");
}

static void cmd_noop(struct smtp *s, struct str argument)
{
    (void)argument;
    smtp_say(s, 250, "2.0.0", "OK");
}

static void cmd_quit(struct smtp *s, struct str argument)
{
    (void)argument;
    smtp_bye(s, 221, "2.0.0", "good-bye");
}

/* Whether the address exists is said to who sends mail to it (RFC 5321 section 7.3). */
static void cmd_vrfy(struct smtp *s, struct str argument)
{
    (void)argument;
    smtp_say(s, 252, "2.0.0", "send mail to it, and see");
}

static void cmd_help(struct smtp *s, struct str argument);

/* A browser that was lured here sends its page behind such a line. */
static void cmd_foreign(struct smtp *s, struct str argument)
{
    (void)argument;
    smtp_bye(s, 554, "5.7.0", "this is not a web server; good-bye");
}

static const char hello_first[] = "say EHLO first", lhlo_first[] = "say LHLO first",
                  sender_first[] = "say MAIL first", recipient_first[] = "no recipient was accepted",
                  one_transaction[] = "a message is under way: end it, or say RSET";

static const struct command commands[] = {
    {STR_INIT("EHLO"), SMTP_ROLE_SMTP, ANY, ARGUMENT | OPEN | COUNTED, cmd_ehlo, "", "EHLO name"},
    {STR_INIT("HELO"), SMTP_ROLE_SMTP, ANY, ARGUMENT | OPEN | COUNTED, cmd_helo, "", "HELO name"},
    {STR_INIT("LHLO"), SMTP_ROLE_LMTP, ANY, ARGUMENT | OPEN | COUNTED, cmd_ehlo, "", "LHLO name"},
    {STR_INIT("MAIL"), SMTP_ROLE_ALL, STATE_READY, ARGUMENT, smtp_cmd_mail, one_transaction,
     "MAIL FROM:<address>"},
    {STR_INIT("RCPT"), SMTP_ROLE_ALL, STATE_MAIL | STATE_RCPT, ARGUMENT, smtp_cmd_rcpt, sender_first,
     "RCPT TO:<address>"},
    {STR_INIT("DATA"), SMTP_ROLE_ALL, STATE_RCPT, NO_ARGUMENT, smtp_cmd_data, recipient_first, "DATA"},
    {STR_INIT("BDAT"), SMTP_ROLE_ALL, ANY, OPEN, smtp_cmd_bdat, "", "BDAT size [LAST]"},
    {STR_INIT("RSET"), SMTP_ROLE_ALL, ANY, NO_ARGUMENT | OPEN | COUNTED, cmd_rset, "", "RSET"},
    {STR_INIT("NOOP"), SMTP_ROLE_ALL, ANY, OPEN | COUNTED, cmd_noop, "", "NOOP"},
    {STR_INIT("QUIT"), SMTP_ROLE_ALL, ANY, NO_ARGUMENT | OPEN, cmd_quit, "", "QUIT"},
    {STR_INIT("VRFY"), SMTP_ROLE_ALL, GREETED, ARGUMENT | COUNTED, cmd_vrfy, hello_first, "VRFY text"},
    {STR_INIT("HELP"), SMTP_ROLE_ALL, ANY, OPEN | COUNTED, cmd_help, "", "HELP"},
    {STR_INIT("STARTTLS"), SMTP_ROLE_ALL, STATE_READY, NO_ARGUMENT | OPEN | COUNTED, cmd_starttls,
     one_transaction, "STARTTLS"},
    {STR_INIT("AUTH"), SMTP_ROLE_SUBMIT, STATE_READY, ARGUMENT | OPEN | LONG | COUNTED, smtp_cmd_auth,
     one_transaction, "AUTH mechanism"},
    {STR_INIT("GET"), SMTP_ROLE_ALL, ANY, OPEN, cmd_foreign, "", NULL},
    {STR_INIT("POST"), SMTP_ROLE_ALL, ANY, OPEN, cmd_foreign, "", NULL},
    {STR_INIT("PUT"), SMTP_ROLE_ALL, ANY, OPEN, cmd_foreign, "", NULL},
    {STR_INIT("CONNECT"), SMTP_ROLE_ALL, ANY, OPEN, cmd_foreign, "", NULL},
};

static void cmd_help(struct smtp *s, struct str argument)
{
    (void)argument;
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (commands[i].help && (commands[i].roles & s->client.role))
            buf_addf(&s->engine.out, "214-2.0.0 %s\r\n", commands[i].help);
    smtp_say(s, 214, "2.0.0", "see RFC 5321");
}

static const struct command *find(const struct smtp *s, struct str verb)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if ((commands[i].roles & s->client.role) && str_caseeq(commands[i].verb, verb))
            return &commands[i];
    return NULL;
}

static bool needs_login(const struct smtp *s)
{
    return (s->client.role & SMTP_ROLE_SUBMIT) && !s->client.user.n;
}

static const char *wrong_state(const struct smtp *s, const struct command *c)
{
    if (s->state == STATE_NEW)
        return smtp_is_lmtp(s) ? lhlo_first : hello_first;
    if (s->state == STATE_READY && c->states == STATE_RCPT)
        return sender_first;
    return s->state == STATE_BDAT ? one_transaction : c->otherwise;
}

/* What stands in the table against it; false: it was answered. */
static bool admit(struct smtp *s, const struct command *c, struct str argument, size_t line)
{
    if (!(c->flags & LONG) && line + 2 > smtp_limits_of(s)->line)
        smtp_say(s, 500, "5.5.2", "the line is too long");
    else if (!(c->flags & OPEN) && s->state != STATE_NEW && needs_login(s))
        smtp_say(s, 530, "5.7.0", "log in first");
    else if (!(c->states & s->state))
        smtp_say(s, 503, "5.5.1", "%s", wrong_state(s, c));
    else if ((c->flags & ARGUMENT) && !argument.n)
        smtp_say(s, 501, "5.5.4", "an argument is missing: %s", c->help);
    else if ((c->flags & NO_ARGUMENT) && argument.n)
        smtp_say(s, 501, "5.5.4", "this command has no argument");
    else
        return true;
    return false;
}

static bool has_control(struct str line)
{
    for (size_t i = 0; i < line.n; i++)
        if ((unsigned char)line.p[i] < ' ' && line.p[i] != '\t')
            return true;
    return false;
}

/* False: that was one too many without a message. */
static bool count(struct smtp *s, const struct command *c)
{
    if (smtp_is_lmtp(s) || !(c->flags & COUNTED) || s->commands++ < smtp_limits_of(s)->commands)
        return true;
    smtp_bye(s, 421, "4.7.0", "too many commands without a message; good-bye");
    return false;
}

void smtp_command(struct smtp *s, struct str line)
{
    size_t blank = str_chr(line, ' ', 0);
    struct str verb = str_slice(line, 0, blank);
    struct str argument = blank == SIZE_MAX ? STR("") : str_trim(str_from(line, blank + 1));
    const struct command *c = find(s, verb);
    if (has_control(line)) {
        smtp_say(s, 500, "5.5.2", "the line has control characters");
        return;
    }
    if (!c) {
        smtp_say(s, 500, "5.5.1", "this command is not known here");
        return;
    }
    if (count(s, c) && admit(s, c, argument, line.n))
        c->fn(s, argument);
}
