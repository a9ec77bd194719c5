/* mailcore/smtp/smtp.c: a session's life, its input cut into lines, its replies, and the end of what an op began. */
#include "mailcore/smtp/int.h"

#include "core/hash.h"

enum {
    OUT_MOST = 1 << 20,    /* LMTP answers for each recipient */
    RECIPIENT_ROOM = 4096, /* strings of one recipient: path, ORCPT, answer */
};

static struct smtp *of(struct line_engine *e)
{
    return CONTAINER_OF(e, struct smtp, engine);
}

bool smtp_is_lmtp(const struct smtp *s)
{
    return s->client.role == SMTP_ROLE_LMTP;
}

/* ---- replies ---- */
static void add_clean(struct buf *out, struct str text)
{
    size_t from = out->n;
    buf_add(out, str_slice(text, 0, REPLY_MOST - 32));
    for (size_t i = from; i < out->n; i++)
        if ((unsigned char)out->p[i] < ' ' || out->p[i] == 0x7f)
            out->p[i] = '?';
}

static void write_reply(struct smtp *s, int code, const char *enhanced, struct str text)
{
    struct buf *out = &s->engine.out;
    buf_addf(out, "%d ", code);
    if (enhanced)
        buf_addf(out, "%s ", enhanced);
    add_clean(out, text.n ? text : STR("OK"));
    buf_addz(out, "\r\n");
}

static void close_behind(struct smtp *s)
{
    s->engine.wants |= LINE_WANT_CLOSE;
}

/* LMTP comes from a mail server of ours, which may ask for any number of users that are gone. */
static void count_error(struct smtp *s, int code)
{
    const struct smtp_limits *limits = smtp_limits_of(s);
    if (code < 400 || smtp_is_lmtp(s) || (s->engine.wants & LINE_WANT_CLOSE))
        return;
    s->errors++;
    if (s->errors >= limits->errors) {
        write_reply(s, 421, "4.7.0", STR("too many errors; good-bye"));
        close_behind(s);
    }
    if (limits->tarpit_ms && s->errors >= limits->errors / 2) {
        s->engine.wants |= LINE_WANT_PAUSE;
        s->engine.pause_ms = limits->tarpit_ms;
    }
}

void smtp_say(struct smtp *s, int code, const char *enhanced, const char *format, ...)
{
    SCOPED_BUF(text, REPLY_MOST);
    va_list args;
    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    write_reply(s, code, enhanced, buf_view(&text));
    count_error(s, code);
}

void smtp_say_reply(struct smtp *s, const struct smtp_reply *reply, const struct smtp_reply *otherwise)
{
    const struct smtp_reply *r = reply->enhanced ? reply : otherwise;
    write_reply(s, r->code, r->enhanced, r->text);
    if (r->code == 421)
        close_behind(s);
    count_error(s, r->code);
}

void smtp_bye(struct smtp *s, int code, const char *enhanced, const char *why)
{
    write_reply(s, code, enhanced, str_c(why));
    close_behind(s);
}

/* ---- ops ---- */
void smtp_ask(struct smtp *s, enum smtp_wait wait)
{
    s->wait = wait;
    s->asking++;
    s->engine.wants |= LINE_WANT_RESUME;
}

void smtp_asked(struct smtp *s)
{
    s->asking--;
}

static void greet(struct smtp *s)
{
    s->greeted = true;
    SCOPED_BUF(text, REPLY_MOST);
    buf_addf(&text, "%s %s Scambio", s->settings->hostname, smtp_is_lmtp(s) ? "LMTP" : "ESMTP");
    write_reply(s, 220, NULL, buf_view(&text));
}

static void connect_done(struct smtp *s, const struct smtp_reply *reply)
{
    if (reply->code / 100 == 2) {
        greet(s);
        return;
    }
    smtp_say_reply(s, reply, reply);
    close_behind(s);
}

/* What stops a session that had to wait for the end of what is in hand. */
static void rest(struct smtp *s)
{
    if (s->draining && !(s->state & (STATE_MAIL | STATE_RCPT | STATE_BDAT)) &&
        !(s->engine.wants & (LINE_WANT_CLOSE | LINE_WANT_RESUME)))
        smtp_bye(s, 421, "4.3.2", "this server is going down; try again in a moment");
}

void smtp_resume(struct smtp *s, const struct smtp_reply *reply)
{
    static void (*const done[])(struct smtp *, const struct smtp_reply *) = {
        [WAIT_CONNECT] = connect_done, [WAIT_AUTH] = smtp_auth_done, [WAIT_MAIL] = smtp_mail_done,
        [WAIT_RCPT] = smtp_rcpt_done,  [WAIT_DATA] = smtp_data_done, [WAIT_MESSAGE] = smtp_message_done};
    enum smtp_wait wait = s->wait;
    if (wait == WAIT_NONE)
        return;
    s->wait = WAIT_NONE;
    s->engine.wants &= ~(unsigned)LINE_WANT_RESUME;
    s->engine.turn++;
    done[wait](s, reply);
    rest(s);
    if (!s->asking && s->wait == WAIT_NONE)
        line_resume(&s->engine);
}

void smtp_answer(struct smtp *s, size_t recipient, int code, const char *enhanced, struct str text)
{
    if (recipient < s->envelope.count)
        s->envelope.recipient[recipient].answer =
            (struct smtp_reply){code, enhanced, arena_str(&s->transaction, str_slice(text, 0, REPLY_MOST))};
}

void smtp_set_user(struct smtp *s, struct str user)
{
    size_t n = user.n < sizeof s->user ? user.n : sizeof s->user;
    memcpy(s->user, user.p, n);
    s->client.user = str_n(s->user, n);
}

const struct smtp_client *smtp_client(const struct smtp *s)
{
    return &s->client;
}

const struct smtp_envelope *smtp_envelope(const struct smtp *s)
{
    return &s->envelope;
}

struct line_engine *smtp_engine(struct smtp *s)
{
    return &s->engine;
}

void **smtp_slot(struct smtp *s)
{
    return &s->slot;
}

void smtp_reset(struct smtp *s)
{
    smtp_text_close(s);
    arena_free(&s->transaction);
    s->envelope = (struct smtp_envelope){0};
    s->room = 0;
    s->reading = READ_LINE;
    if (s->state != STATE_NEW)
        s->state = STATE_READY;
}

/* ---- input ---- */
static void on_line(struct smtp *s, struct str line)
{
    s->engine.turn++;
    s->engine.wait_s = smtp_limits_of(s)->command_s;
    if (s->reading == READ_AUTH) {
        s->reading = READ_LINE;
        smtp_auth_line(s, line);
    } else {
        smtp_command(s, line);
    }
    rest(s);
}

static void too_long(struct smtp *s)
{
    bool auth = s->sasl.mechanism != NULL;
    s->reading = READ_LINE;
    sasl_end(&s->sasl);
    smtp_say(s, 500, auth ? "5.5.6" : "5.5.2", "the line is too long");
    rest(s);
}

static size_t line_most(const struct smtp *s)
{
    bool auth = s->reading == READ_AUTH || (s->client.role & SMTP_ROLE_SUBMIT);
    return auth && s->settings->limits.line < AUTH_LINE ? AUTH_LINE : s->settings->limits.line;
}

/* The rest of a line that was too long, up to CR LF. */
static void skip_line(struct smtp *s, struct str *in)
{
    for (size_t i = 0; i < in->n; i++) {
        bool end = in->p[i] == '\n' && s->cr;
        s->cr = in->p[i] == '\r';
        if (end) {
            *in = str_from(*in, i + 1);
            too_long(s);
            return;
        }
    }
    *in = str_from(*in, in->n);
}

/* Only CR LF ends a line (RFC 5321 section 2.3.8). An LF alone ends the session: whoever sends it means something else by
 * what follows than we do. */
static void take_line(struct smtp *s, struct str *in)
{
    size_t most = line_most(s), end = str_chr(str_slice(*in, 0, most), '\n', 0);
    if (end == SIZE_MAX && in->n < most)
        return;
    if (end == SIZE_MAX) {
        s->reading = READ_TOO_LONG;
        s->cr = in->p[most - 1] == '\r';
        *in = str_from(*in, most);
        return;
    }
    struct str line = str_slice(*in, 0, end);
    *in = str_from(*in, end + 1);
    if (!line.n || line.p[line.n - 1] != '\r') {
        smtp_bye(s, 500, "5.5.2", "lines end with CR LF; good-bye");
        return;
    }
    on_line(s, str_slice(line, 0, line.n - 1));
}

static void smtp_input(struct line_engine *e, struct str *in)
{
    static void (*const take[])(struct smtp *, struct str *) = {[READ_LINE] = take_line,
                                                                [READ_TOO_LONG] = skip_line,
                                                                [READ_AUTH] = take_line,
                                                                [READ_DATA] = smtp_take_data,
                                                                [READ_BDAT] = smtp_take_bdat};
    struct smtp *s = of(e);
    take[s->reading](s, in);
    if (e->wants & LINE_WANT_TLS)
        *in = STR(""); /* nothing that came in the clear counts behind STARTTLS (RFC 3207 section 4.2) */
}

/* ---- events ---- */
static void ask_connect(struct smtp *s)
{
    if (!s->ops->connect) {
        greet(s);
        return;
    }
    smtp_ask(s, WAIT_CONNECT);
    s->ops->connect(s->ctx, s);
    smtp_asked(s);
}

static void smtp_start(struct line_engine *e)
{
    struct smtp *s = of(e);
    s->client.secure = e->tls != NULL;
    e->wait_s = smtp_limits_of(s)->command_s;
    bool near = net_loopback(&s->client.peer.address);
    if (s->client.role == SMTP_ROLE_MX && smtp_limits_of(s)->greet_ms && !near) {
        e->pause_ms = smtp_limits_of(s)->greet_ms;
        e->wants |= LINE_WANT_PAUSE | LINE_WANT_EARLY;
        return;
    }
    ask_connect(s);
}

/* After STARTTLS all that was known is forgotten (RFC 3207 section 4.2). */
static void secured(struct smtp *s)
{
    smtp_reset(s);
    sasl_end(&s->sasl);
    s->state = STATE_NEW;
    s->client.helo = s->client.user = STR("");
    s->client.extended = false;
    s->client.secure = true;
}

static void smtp_event(struct line_engine *e, enum line_event event)
{
    struct smtp *s = of(e);
    e->turn++;
    switch (event) {
    case LINE_DEFLATED:
    case LINE_CONTINUE:
        if (!s->greeted && s->wait == WAIT_NONE && !(e->wants & LINE_WANT_CLOSE))
            ask_connect(s);
        break;
    case LINE_EARLY:
        smtp_bye(s, 554, "5.5.1", "wait for the greeting; good-bye");
        break;
    case LINE_SECURED:
        secured(s);
        break;
    case LINE_ROOM: /* never asked for */
        break;
    case LINE_LATE:
        smtp_bye(s, 421, "4.4.2", "nothing came for too long; good-bye");
        break;
    case LINE_DRAIN:
        s->draining = true;
        rest(s);
        break;
    }
}

static void smtp_free(struct line_engine *e)
{
    struct smtp *s = of(e);
    if (s->ops->end)
        s->ops->end(s->ctx, s);
    smtp_text_close(s);
    sasl_end(&s->sasl);
    arena_free(&s->transaction);
    buf_free(&e->out);
    smtp_settings_unref(s->settings);
    free(s);
}

enum status smtp_new(struct smtp_settings *settings, const struct smtp_ops *ops, void *ctx,
                     const struct line_peer *peer, struct line_engine **out)
{
    static const struct line_ops engine_ops = {smtp_start, smtp_input, smtp_event, smtp_free};
    struct smtp *s = calloc(1, sizeof *s);
    if (!s)
        return E_MEMORY;
    s->engine = (struct line_engine){.ops = &engine_ops, .out = BUF_INIT(OUT_MOST)};
    s->settings = smtp_settings_ref(settings);
    s->ops = ops;
    s->ctx = ctx;
    s->client = (struct smtp_client){
        .role = settings->role, .peer = *peer, .helo = STR_INIT(""), .user = STR_INIT("")};
    s->transaction = ARENA_INIT((settings->limits.recipients + 16) * RECIPIENT_ROOM);
    s->state = STATE_NEW;
    s->text.spool.fd = -1;
    *out = &s->engine;
    return OK;
}
