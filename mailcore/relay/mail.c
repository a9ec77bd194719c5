/* mailcore/relay/mail.c: one mail on a connection: its envelope (pipelined where the server takes that, RFC 2920), its text by
 * DATA or BDAT, and the replies, in the order in which the commands went out. */
#include "mailcore/relay/int.h"
#include "mailcore/smtp/path.h"

enum { ASKED_NOT, ASKED, TAKEN, DONE }; /* mail_recipient.state */

/* ---- results ---- */

static void give(struct relay *c, size_t n, const struct mail_result *result)
{
    if (c->mail->recipients[n].state == DONE)
        return;
    c->mail->recipients[n].state = DONE;
    c->mail->result(c->mail, n, result);
}

/* What the reply means for a recipient. */
static void give_reply(struct relay *c, size_t n, enum mail_outcome outcome)
{
    char status[12];
    SCOPED_BUF(line, RELAY_REPLY_TEXT);
    relay_reply_status(&c->reply, status);
    relay_reply_line(&c->reply, &line);
    give(c, n,
         &(struct mail_result){.outcome = outcome,
                               .status = status,
                               .reply = buf_view(&line),
                               .remote = true,
                               .dsn = (c->offers & OFFER_DSN) != 0});
}

static enum mail_outcome outcome_of(int code)
{
    return code / 100 == 2 ? MAIL_SENT : code / 100 == 5 ? MAIL_REFUSED : MAIL_LATER;
}

static void forget_mail(struct relay *c)
{
    struct mail *m = c->mail;
    c->mail = NULL;
    c->asked = c->answered = c->taken = c->final = 0;
    c->mail_answered = c->data_asked = false;
    c->dots = (struct smtp_dots){0};
    m->done(m);
}

void relay_fail_rest(struct relay *c, enum mail_outcome outcome, const char *status, struct str reason)
{
    const struct mail_result result = {.outcome = outcome, .status = status, .reply = reason};
    for (size_t i = 0; i < c->mail->count; i++)
        give(c, i, &result);
    forget_mail(c);
}

static void fail_rest_by_reply(struct relay *c)
{
    enum mail_outcome outcome = outcome_of(c->reply.code);
    for (size_t i = 0; i < c->mail->count; i++)
        give_reply(c, i, outcome == MAIL_SENT ? MAIL_LATER : outcome);
}

/* ---- what the server lacks ---- */

static const struct lack {
    unsigned need, offers;
    const char *status, *reason;
} lacks[] = {
    {MAIL_UTF8, OFFER_UTF8, "5.6.7",
     "the next server takes no addresses and headers beyond ASCII (SMTPUTF8)"},
    {MAIL_BINARY, OFFER_BINARY | OFFER_CHUNKING, "5.6.3",
     "the next server takes no binary text (BINARYMIME)"},
    {MAIL_8BIT, OFFER_8BIT, "5.6.3", "the next server takes no text of 8 bits (8BITMIME)"},
    {MAIL_REQUIRE_TLS, OFFER_REQUIRETLS, "5.7.30", "the next server does not promise TLS (REQUIRETLS)"},
};

enum { PATH_MAX_BYTES = 320 }; /* RFC 5321 section 4.5.3.1: 64, 255, and "@" */

/* May it stand in a command? *global: it needs SMTPUTF8. */
static bool path_fits(struct str path, bool *global)
{
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        *global = *global || c >= 0x80;
        if (c < 0x20 || c == 0x7f)
            return false;
    }
    return path.n <= PATH_MAX_BYTES;
}

static bool paths_fit(const struct mail *m, bool *global)
{
    bool fit = path_fits(m->sender, global);
    for (size_t i = 0; i < m->count; i++)
        fit = path_fits(m->recipients[i].path, global) && fit;
    return fit;
}

static const struct lack *find_lack(struct relay *c, const struct mail *m)
{
    static const struct lack unfit = {0, 0, "5.1.3", "an address that SMTP cannot carry"};
    static const struct lack insecure = {0, 0, "5.7.30", "the connection is not secured by TLS (REQUIRETLS)"},
                             large = {0, 0, "5.3.4", "the message is larger than the next server takes"};
    bool global = false;
    if (!paths_fit(m, &global))
        return &unfit;
    unsigned needs = m->needs | (global ? MAIL_UTF8 : 0);
    c->global = needs & MAIL_UTF8;
    for (size_t i = 0; i < COUNT_OF(lacks); i++)
        if ((needs & lacks[i].need) && (c->offers & lacks[i].offers) != lacks[i].offers)
            return &lacks[i];
    if ((m->needs & MAIL_REQUIRE_TLS) && !c->secure)
        return &insecure;
    return c->size_limit && m->size > c->size_limit ? &large : NULL;
}

bool relay_takes(const struct relay *c, unsigned needs)
{
    for (size_t i = 0; i < COUNT_OF(lacks); i++)
        if ((needs & lacks[i].need) && (c->offers & lacks[i].offers) != lacks[i].offers)
            return false;
    return true;
}

/* ---- the envelope ---- */

static void say_mail(struct relay *c, struct buf *out)
{
    const struct mail *m = c->mail;
    buf_addz(out, "MAIL FROM:<");
    buf_add(out, m->sender);
    buf_addz(out, ">");
    if (c->offers & OFFER_SIZE)
        buf_addf(out, " SIZE=%llu", (unsigned long long)m->size);
    if (m->needs & MAIL_BINARY)
        buf_addz(out, " BODY=BINARYMIME");
    else if (m->needs & MAIL_8BIT)
        buf_addz(out, " BODY=8BITMIME");
    if (c->global)
        buf_addz(out, " SMTPUTF8");
    if (m->needs & MAIL_REQUIRE_TLS)
        buf_addz(out, " REQUIRETLS");
    if ((c->offers & OFFER_DSN) && (m->ret_full || m->ret_headers))
        buf_addz(out, m->ret_full ? " RET=FULL" : " RET=HDRS");
    if ((c->offers & OFFER_DSN) && m->envid.p) {
        buf_addz(out, " ENVID=");
        xtext_encode(out, m->envid);
    }
    buf_addz(out, "\r\n");
}

static void say_notify(struct buf *out, unsigned notify)
{
    static const struct {
        unsigned bit;
        const char *word;
    } words[] = {{NOTIFY_NEVER, "NEVER"},
                 {NOTIFY_SUCCESS, "SUCCESS"},
                 {NOTIFY_FAILURE, "FAILURE"},
                 {NOTIFY_DELAY, "DELAY"}};
    const char *between = " NOTIFY=";
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (!(notify & words[i].bit))
            continue;
        buf_addz(out, between);
        buf_addz(out, words[i].word);
        between = ",";
    }
}

/* "rfc822;addr": only the address is xtext. */
static void say_orcpt(struct buf *out, struct str orcpt)
{
    struct str type, rest = orcpt;
    if (!str_split(&rest, ';', &type) || !rest.p)
        return;
    for (size_t i = 0; i < type.n; i++)
        if (!ascii_alpha(type.p[i]) && !ascii_digit(type.p[i]) && type.p[i] != '-')
            return;
    buf_addz(out, " ORCPT=");
    buf_add(out, type);
    buf_addc(out, ';');
    xtext_encode(out, rest);
}

static void say_recipient(struct relay *c, struct buf *out)
{
    struct mail_recipient *r = &c->mail->recipients[c->asked++];
    r->state = ASKED;
    buf_addz(out, "RCPT TO:<");
    buf_add(out, r->path);
    buf_addz(out, ">");
    if (c->offers & OFFER_DSN) {
        say_notify(out, r->notify);
        say_orcpt(out, r->orcpt);
    }
    buf_addz(out, "\r\n");
}

static bool by_chunks(const struct relay *c)
{
    return (c->mail->needs & MAIL_BINARY) != 0;
}

static enum relay_event begin_chunks(struct relay *c)
{
    c->state = RELAY_CHUNK;
    return RELAY_PULL;
}

/* What can be asked now: all recipients at once where the server takes that, otherwise one; then DATA. */
static enum relay_event ask(struct relay *c, struct buf *out)
{
    bool pipelining = (c->offers & OFFER_PIPELINING) != 0;
    const struct mail *m = c->mail;
    while (c->asked < m->count && (pipelining || (c->mail_answered && c->asked == c->answered)))
        say_recipient(c, out);
    if (c->asked < m->count || c->data_asked)
        return RELAY_READ;
    if (!by_chunks(c) && (pipelining || (c->answered == m->count && c->taken))) {
        c->data_asked = true;
        buf_addz(out, "DATA\r\n");
    }
    return RELAY_READ;
}

enum relay_event relay_send(struct relay *c, struct mail *m, struct buf *out)
{
    c->mail = m;
    for (size_t i = 0; i < m->count; i++)
        m->recipients[i].state = ASKED_NOT;
    const struct lack *lack = find_lack(c, m);
    if (lack || !m->count) {
        relay_fail_rest(c, MAIL_REFUSED, lack ? lack->status : "", lack ? str_c(lack->reason) : STR(""));
        return RELAY_READY;
    }
    c->state = RELAY_ENVELOPE;
    say_mail(c, out);
    return c->offers & OFFER_PIPELINING ? ask(c, out) : RELAY_READ;
}

/* The mail is done; the connection is good for another. */
static enum relay_event reset(struct relay *c, struct buf *out)
{
    if (c->mail)
        forget_mail(c);
    c->state = RELAY_RESET;
    buf_addz(out, "RSET\r\n");
    return RELAY_READ;
}

/* All that was asked is answered, and no recipient is left. */
static enum relay_event envelope_failed(struct relay *c, struct buf *out)
{
    relay_fail_rest(c, MAIL_LATER, "4.5.0", STR("the server took no recipient"));
    return reset(c, out);
}

static enum relay_event on_mail(struct relay *c, struct buf *out)
{
    c->mail_answered = true;
    if (c->reply.code / 100 != 2)
        fail_rest_by_reply(c); /* what was pipelined behind it is still answered */
    if (c->reply.code / 100 != 2 && !(c->offers & OFFER_PIPELINING))
        return reset(c, out);
    return c->offers & OFFER_PIPELINING ? RELAY_READ : ask(c, out);
}

static enum relay_event on_recipient(struct relay *c, struct buf *out)
{
    size_t n = c->answered++;
    struct mail_recipient *r = &c->mail->recipients[n];
    if (r->state == ASKED && outcome_of(c->reply.code) == MAIL_SENT) {
        r->state = TAKEN;
        c->taken++;
    } else {
        give_reply(c, n, outcome_of(c->reply.code) == MAIL_REFUSED ? MAIL_REFUSED : MAIL_LATER);
    }
    if (c->answered < c->mail->count)
        return ask(c, out);
    if (!c->taken && !c->data_asked)
        return envelope_failed(c, out);
    return by_chunks(c) ? begin_chunks(c) : ask(c, out);
}

static enum relay_event on_data(struct relay *c, struct buf *out)
{
    if (c->reply.code == 354 && c->taken) {
        c->state = RELAY_TEXT;
        return RELAY_PULL;
    }
    if (c->reply.code == 354) { /* RFC 2920 section 3.1: an empty message for nobody */
        buf_addz(out, ".\r\n");
        c->state = RELAY_END;
        return RELAY_READ;
    }
    if (c->taken)
        fail_rest_by_reply(c);
    return envelope_failed(c, out);
}

enum relay_event relay_on_envelope(struct relay *c, struct buf *out)
{
    if (!c->mail_answered)
        return on_mail(c, out);
    return c->answered < c->mail->count ? on_recipient(c, out) : on_data(c, out);
}

/* ---- the text ---- */

enum relay_event relay_push(struct relay *c, size_t room, struct buf *out)
{
    size_t from = out->n;
    if (c->state != RELAY_TEXT && c->state != RELAY_CHUNK)
        return RELAY_READ;
    while (out->n - from < room) {
        struct str piece = c->mail->next(c->mail);
        if (!piece.p)
            return relay_over(c, "the message cannot be read"); /* without its end the server takes nothing */
        if (c->state == RELAY_CHUNK) {
            buf_addf(out, "BDAT %zu%s\r\n", piece.n, piece.n ? "" : " LAST");
            c->final += piece.n != 0; /* a chunk has a reply of its own */
            buf_add(out, piece);
        } else {
            smtp_data_send(&c->dots, piece, out);
        }
        if (piece.n)
            continue;
        if (c->state == RELAY_TEXT)
            smtp_data_end(&c->dots, out);
        c->state = RELAY_END;
        return RELAY_READ;
    }
    return RELAY_PULL;
}

/* Before the end: a chunk was taken, or the server has had enough. */
enum relay_event relay_on_early_reply(struct relay *c, struct buf *out)
{
    (void)out;
    if (c->state == RELAY_CHUNK && c->reply.code / 100 == 2 && c->final) {
        c->final--;
        return RELAY_PULL;
    }
    fail_rest_by_reply(c);
    return relay_over(c, "the server refused the message before its end");
}

static bool next_taken(const struct relay *c, size_t *n)
{
    for (*n = 0; *n < c->mail->count; (*n)++)
        if (c->mail->recipients[*n].state == TAKEN)
            return true;
    return false;
}

enum relay_event relay_on_end(struct relay *c, struct buf *out)
{
    size_t n;
    (void)out;
    enum mail_outcome outcome = outcome_of(c->reply.code);
    if (c->final && c->reply.code / 100 == 2) { /* of a chunk */
        c->final--;
        return RELAY_READ;
    }
    if (c->final) {
        fail_rest_by_reply(c);
        return relay_over(c, "the server refused a part of the message");
    }
    while (next_taken(c, &n)) {
        give_reply(c, n, outcome);
        if (c->config.lmtp && next_taken(c, &n)) /* RFC 2033 section 4.2: a reply for each */
            return RELAY_READ;
    }
    forget_mail(c);
    c->state = RELAY_IDLE;
    return RELAY_READY;
}
