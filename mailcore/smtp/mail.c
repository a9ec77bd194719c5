/* mailcore/smtp/mail.c: MAIL and RCPT: the path, and a table of parameters with the extension that each belongs to. */
#include "mailcore/smtp/int.h"

enum { ENVID_MOST = 100, ORCPT_MOST = 500, PARAMETERS_MOST = 16 };

/* What a parameter came to: NULL when it is good. */
struct refusal {
    int code;
    const char *enhanced, *text;
};
static const struct refusal bad_value = {501, "5.5.4", "the value of a parameter is not well formed"};

/* xtext into the transaction's arena; STR_NONE when it is none, or holds what a header could not. */
static struct str decode(struct smtp *s, struct str value, size_t most)
{
    SCOPED_BUF(text, most);
    if (!xtext_decode(&text, value) || text.st != OK)
        return STR_NONE;
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
            return STR_NONE;
    return arena_str(&s->transaction, buf_view(&text));
}

/* ---- parameters of MAIL ---- */
static const struct refusal *mail_size(struct smtp *s, struct str value)
{
    static const struct refusal too_large = {552, "5.3.4", "the message is larger than this server takes"};
    if (value.n > 20 || !str_u64(value, &s->envelope.size))
        return &bad_value;
    return s->envelope.size > smtp_limits_of(s)->size ? &too_large : NULL;
}

static const struct refusal *mail_body(struct smtp *s, struct str value)
{
    static const struct str words[] = {[SMTP_BODY_7BIT] = STR_INIT("7BIT"),
                                       [SMTP_BODY_8BITMIME] = STR_INIT("8BITMIME"),
                                       [SMTP_BODY_BINARYMIME] = STR_INIT("BINARYMIME")};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (str_caseeq(value, words[i])) {
            s->envelope.body = (enum smtp_body)i;
            return NULL;
        }
    return &bad_value;
}

static const struct refusal *mail_utf8(struct smtp *s, struct str value)
{
    s->envelope.utf8 = true;
    return value.p ? &bad_value : NULL;
}

static const struct refusal *mail_require_tls(struct smtp *s, struct str value)
{
    static const struct refusal in_clear = {530, "5.7.10", "REQUIRETLS over a connection without TLS"};
    s->envelope.require_tls = true;
    if (!s->client.secure)
        return &in_clear;
    return value.p ? &bad_value : NULL;
}

static const struct refusal *mail_ret(struct smtp *s, struct str value)
{
    bool full = str_caseeq(value, STR("FULL"));
    s->envelope.ret = full ? SMTP_RETURN_FULL : SMTP_RETURN_HEADERS;
    return full || str_caseeq(value, STR("HDRS")) ? NULL : &bad_value;
}

static const struct refusal *mail_envid(struct smtp *s, struct str value)
{
    s->envelope.envid = value.n <= ENVID_MOST ? decode(s, value, ENVID_MOST) : STR_NONE;
    return s->envelope.envid.p ? NULL : &bad_value;
}

/* RFC 4954 section 5: read everywhere, believed where the client may be. */
static const struct refusal *mail_auth(struct smtp *s, struct str value)
{
    struct str mailbox = value.n <= ORCPT_MOST ? decode(s, value, ORCPT_MOST) : STR_NONE;
    if (!mailbox.n)
        return &bad_value;
    if (s->client.user.n || smtp_is_lmtp(s))
        s->envelope.auth = mailbox;
    return NULL;
}

/* ---- parameters of RCPT; the recipient is the one behind those accepted ---- */
static struct smtp_recipient *candidate(struct smtp *s)
{
    return &s->envelope.recipient[s->envelope.count];
}

static const struct refusal *rcpt_notify(struct smtp *s, struct str value)
{
    static const struct {
        struct str word;
        enum smtp_notify bit;
    } words[] = {{STR_INIT("NEVER"), SMTP_NOTIFY_NEVER},
                 {STR_INIT("SUCCESS"), SMTP_NOTIFY_SUCCESS},
                 {STR_INIT("FAILURE"), SMTP_NOTIFY_FAILURE},
                 {STR_INIT("DELAY"), SMTP_NOTIFY_DELAY}};
    struct smtp_recipient *r = candidate(s);
    struct str word;
    while (str_split(&value, ',', &word)) {
        unsigned bit = 0;
        for (size_t i = 0; i < COUNT_OF(words); i++)
            bit |= str_caseeq(word, words[i].word) ? words[i].bit : 0;
        if (!bit || (r->notify & bit))
            return &bad_value;
        r->notify |= bit;
    }
    bool alone = r->notify == SMTP_NOTIFY_NEVER || !(r->notify & SMTP_NOTIFY_NEVER);
    return r->notify && alone ? NULL : &bad_value;
}

static const struct refusal *rcpt_orcpt(struct smtp *s, struct str value)
{
    struct smtp_recipient *r = candidate(s);
    size_t semicolon = str_chr(value, ';', 0);
    if (value.n > ORCPT_MOST || semicolon == SIZE_MAX || !semicolon)
        return &bad_value;
    r->orcpt_type = decode(s, str_slice(value, 0, semicolon), ORCPT_MOST);
    r->orcpt = decode(s, str_from(value, semicolon + 1), ORCPT_MOST);
    return r->orcpt.n && r->orcpt_type.n ? NULL : &bad_value;
}

struct parameter {
    struct str key;
    const struct refusal *(*fn)(struct smtp *s, struct str value);
};
static const struct parameter mail_parameters[] = {
    {STR_INIT("SIZE"), mail_size},
    {STR_INIT("BODY"), mail_body},
    {STR_INIT("RET"), mail_ret},
    {STR_INIT("ENVID"), mail_envid},
    {STR_INIT("AUTH"), mail_auth},
    {STR_INIT("SMTPUTF8"), mail_utf8},
    {STR_INIT("REQUIRETLS"), mail_require_tls},
};
static const struct parameter rcpt_parameters[] = {
    {STR_INIT("NOTIFY"), rcpt_notify},
    {STR_INIT("ORCPT"), rcpt_orcpt},
};

static const struct refusal *read_parameters(struct smtp *s, struct str rest, const struct parameter *table,
                                             size_t rows)
{
    static const struct refusal unknown = {555, "5.5.4", "a parameter is not known here"},
                                twice = {501, "5.5.4", "a parameter stands there twice"},
                                malformed = {501, "5.5.4", "the parameters are not well formed"};
    struct smtp_param p;
    unsigned seen = 0;
    enum status st = OK;
    for (int n = 0; n < PARAMETERS_MOST && (st = smtp_param_next(&rest, &p)) == OK; n++) {
        size_t i = 0;
        while (i < rows && !str_caseeq(table[i].key, p.key))
            i++;
        if (i == rows || !s->client.extended)
            return &unknown;
        if (seen & 1U << i)
            return &twice;
        seen |= 1U << i;
        const struct refusal *no = table[i].fn(s, p.value);
        if (no)
            return no;
    }
    return st == NOT_FOUND ? NULL : &malformed;
}

static bool has_high(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return true;
    return false;
}

/* The path behind "FROM:" or "TO:", as a copy in the arena. */
static bool read_path(struct smtp *s, struct str *rest, struct str word, unsigned flags,
                      struct smtp_path *out, const char *enhanced)
{
    const char *why = NULL;
    if (!str_casestarts(*rest, word)) {
        smtp_say(s, 501, "5.5.4", "the argument begins with %.*s", STR_ARG(word));
        return false;
    }
    *rest = str_from(*rest, word.n);
    enum status st = smtp_path_parse(&s->transaction, rest, flags | SMTP_PATH_UTF8, out, &why);
    out->local = st == OK ? arena_str(&s->transaction, out->local) : STR_NONE;
    out->domain = st == OK ? arena_str(&s->transaction, out->domain) : STR_NONE;
    if (st == INVALID)
        smtp_say(s, 501, enhanced, "%s", why);
    else if (!out->local.p || !out->domain.p)
        smtp_say(s, 452, "4.3.1", "there is no room for it just now");
    return out->local.p && out->domain.p;
}

static void say_no(struct smtp *s, const struct refusal *no)
{
    smtp_say(s, no->code, no->enhanced, "%s", no->text);
}

static const struct refusal needs_utf8 = {553, "5.6.7", "an address beyond ASCII needs SMTPUTF8"};

void smtp_cmd_mail(struct smtp *s, struct str argument)
{
    struct smtp_envelope *e = &s->envelope;
    const struct refusal *no = NULL;
    if (!read_path(s, &argument, STR("FROM:"), SMTP_PATH_NULL, &e->sender, "5.1.7")) {
        smtp_reset(s);
        return;
    }
    no = read_parameters(s, argument, mail_parameters, COUNT_OF(mail_parameters));
    if (!no && !e->utf8 && (has_high(e->sender.local) || has_high(e->sender.domain)))
        no = &needs_utf8;
    if (no) {
        smtp_reset(s);
        say_no(s, no);
        return;
    }
    smtp_ask(s, WAIT_MAIL);
    s->ops->mail(s->ctx, s);
    smtp_asked(s);
}

void smtp_mail_done(struct smtp *s, const struct smtp_reply *reply)
{
    static const struct smtp_reply good = {250, "2.1.0", STR_INIT("OK")};
    if (reply->code / 100 == 2)
        s->state = STATE_MAIL;
    else
        smtp_reset(s);
    smtp_say_reply(s, reply, &good);
}

/* Room for one behind those accepted. */
static bool make_room(struct smtp *s)
{
    struct smtp_envelope *e = &s->envelope;
    struct smtp_recipient *more =
        arena_grow(&s->transaction, e->recipient, e->count, &s->room, e->count + 1, sizeof *e->recipient);
    if (!more)
        return false;
    e->recipient = more;
    more[e->count] = (struct smtp_recipient){0};
    return true;
}

void smtp_cmd_rcpt(struct smtp *s, struct str argument)
{
    static const struct refusal too_many = {452, "4.5.3", "too many recipients: send the rest separately"},
                                no_room = {452, "4.3.1", "there is no room for it just now"};
    struct smtp_envelope *e = &s->envelope;
    const struct refusal *no = NULL;
    if (e->count >= smtp_limits_of(s)->recipients || !make_room(s)) {
        say_no(s, e->count >= smtp_limits_of(s)->recipients ? &too_many : &no_room);
        return;
    }
    struct smtp_recipient *r = candidate(s);
    if (!read_path(s, &argument, STR("TO:"), SMTP_PATH_POSTMASTER, &r->path, "5.1.3"))
        return;
    no = read_parameters(s, argument, rcpt_parameters, COUNT_OF(rcpt_parameters));
    if (!no && !e->utf8 && (has_high(r->path.local) || has_high(r->path.domain)))
        no = &needs_utf8;
    if (no) {
        say_no(s, no);
        return;
    }
    smtp_ask(s, WAIT_RCPT);
    s->ops->rcpt(s->ctx, s, r);
    smtp_asked(s);
}

void smtp_rcpt_done(struct smtp *s, const struct smtp_reply *reply)
{
    static const struct smtp_reply good = {250, "2.1.5", STR_INIT("OK")};
    if (reply->code / 100 == 2) {
        s->envelope.count++;
        s->state = STATE_RCPT;
    }
    smtp_say_reply(s, reply, &good);
}
