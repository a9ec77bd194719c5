/* mailcore/pop3/pop3.c: a session's life, its input cut into lines, its answers, and the ends of ops. */
#include "mailcore/pop3/int.h"

enum { OUT_MOST = 256 * 1024, SASL_LINE = 12288, TEXT_MOST = 400 };

static struct pop3 *of(struct line_engine *e)
{
    return CONTAINER_OF(e, struct pop3, engine);
}

/* ---- answers ---- */
static void add_line(struct pop3 *s, const char *start, struct str text)
{
    buf_addz(&s->engine.out, start);
    text = str_slice(text, 0, TEXT_MOST);
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        buf_addc(&s->engine.out, c < ' ' || c == 0x7f ? '?' : text.p[i]);
    }
    buf_addz(&s->engine.out, "\r\n");
}

void pop3_ok(struct pop3 *s, const char *format, ...)
{
    SCOPED_BUF(text, TEXT_MOST);
    va_list args;
    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    add_line(s, "+OK ", buf_view(&text));
}

void pop3_bye(struct pop3 *s)
{
    s->engine.wants |= LINE_WANT_CLOSE;
}

static void add_error(struct pop3 *s, const char *code, struct str text)
{
    SCOPED_BUF(start, 64);
    buf_addz(&start, "-ERR ");
    if (code)
        buf_addf(&start, "[%s] ", code);
    add_line(s, buf_c(&start), text);
    if (++s->errors >= s->limits.errors)
        pop3_bye(s);
}

void pop3_err(struct pop3 *s, const char *code, const char *format, ...)
{
    SCOPED_BUF(text, TEXT_MOST);
    va_list args;
    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    add_error(s, code, buf_view(&text));
}

bool pop3_may_auth(const struct pop3 *s)
{
    bool near = !s->peer.address.bits || net_loopback(&s->peer.address);
    return s->secure || s->limits.plain_password == 2 || (s->limits.plain_password == 1 && near);
}

/* ---- ops ---- */
void pop3_ask(struct pop3 *s, enum pop3_wait wait)
{
    s->wait = wait;
    s->asking = true;
    s->answered = false;
    s->engine.wants |= LINE_WANT_RESUME;
}

static void auth_done(struct pop3 *s, const struct pop3_reply *reply)
{
    if (reply->ok) {
        pop3_ask(s, POP3_OPEN);
        s->ops->open(s->ctx, s);
        pop3_asked(s);
        return;
    }
    add_error(s, reply->code ? reply->code : "AUTH", reply->text);
    if (++s->attempts >= s->limits.attempts)
        pop3_bye(s);
}

static void open_done(struct pop3 *s, const struct pop3_reply *reply)
{
    if (!reply->ok) {
        add_error(s, reply->code, reply->text);
        return;
    }
    s->state = POP3_TRANSACTION;
    pop3_ok(s, "%zu messages", s->count);
}

/* A text that cannot be read to its end: the client must not take what it has for all of it. One of which nothing was said yet is only
 * refused: another session may have expunged it. */
static void read_done(struct pop3 *s, const struct pop3_reply *reply)
{
    if (reply->ok) {
        pop3_text_read(s);
        return;
    }
    s->sending = SEND_NOTHING;
    buf_free(&s->piece);
    if (s->opening) {
        add_error(s, reply->code, reply->text);
        return;
    }
    s->messages[s->at].read = false;
    pop3_bye(s);
}

static void update_done(struct pop3 *s, const struct pop3_reply *reply)
{
    if (reply->ok)
        pop3_ok(s, "good-bye");
    else
        add_error(s, reply->code, reply->text);
    pop3_bye(s);
}

static void rest(struct pop3 *s)
{
    if (s->draining && s->wait == POP3_NONE && s->sending == SEND_NOTHING &&
        !(s->engine.wants & LINE_WANT_CLOSE)) {
        pop3_err(s, "SYS/TEMP", "this server is going down; nothing was deleted");
        pop3_bye(s);
    }
}

static void finish(struct pop3 *s)
{
    static void (*const done[])(struct pop3 *, const struct pop3_reply *) = {[POP3_AUTH] = auth_done,
                                                                             [POP3_OPEN] = open_done,
                                                                             [POP3_READ] = read_done,
                                                                             [POP3_UPDATE] = update_done};
    enum pop3_wait wait = s->wait;
    s->wait = POP3_NONE;
    s->engine.wants &= ~(unsigned)LINE_WANT_RESUME;
    s->engine.turn++;
    done[wait](s, &s->reply);
}

void pop3_asked(struct pop3 *s)
{
    s->asking = false;
    if (s->answered)
        finish(s);
}

void pop3_resume(struct pop3 *s, const struct pop3_reply *reply)
{
    if (s->wait == POP3_NONE)
        return;
    s->reply = *reply;
    if (s->asking) { /* inside of the op's call */
        struct str text = str_slice(reply->text, 0, sizeof s->said);
        if (text.n)
            memcpy(s->said, text.p, text.n);
        s->reply.text = str_n(s->said, text.n);
        s->answered = true;
        return;
    }
    finish(s);
    pop3_send(s);
    rest(s);
    if (s->wait == POP3_NONE)
        line_resume(&s->engine);
}

enum status pop3_set_messages(struct pop3 *s, int64_t uidvalidity, const struct pop3_message *messages,
                              size_t count)
{
    struct pop3_message *copy = calloc(count + 1, sizeof *copy);
    if (!copy)
        return E_MEMORY;
    if (count)
        memcpy(copy, messages, count * sizeof *copy);
    free(s->messages);
    s->messages = copy;
    s->count = count;
    s->uidvalidity = uidvalidity;
    return OK;
}

void pop3_set_text(struct pop3 *s, struct str text)
{
    buf_clear(&s->piece);
    buf_add(&s->piece, text);
}

const struct pop3_message *pop3_messages(const struct pop3 *s, size_t *count)
{
    *count = s->count;
    return s->messages;
}

const struct line_peer *pop3_peer(const struct pop3 *s)
{
    return &s->peer;
}

struct line_engine *pop3_engine(struct pop3 *s)
{
    return &s->engine;
}

bool pop3_secure(const struct pop3 *s)
{
    return s->secure;
}

void **pop3_slot(struct pop3 *s)
{
    return &s->slot;
}

/* ---- input ---- */
static void on_line(struct pop3 *s, struct str line)
{
    s->engine.turn++;
    s->engine.wait_s = s->limits.command_s;
    if (s->sasl.mechanism)
        pop3_sasl_line(s, line);
    else
        pop3_command(s, line);
    rest(s);
}

/* LF alone ends a line too: no client hides anything behind one here, and old ones send it. */
static void pop3_input(struct line_engine *e, struct str *in)
{
    struct pop3 *s = of(e);
    size_t most = s->state == POP3_AUTHORIZATION ? SASL_LINE : s->limits.line;
    size_t end = str_chr(str_slice(*in, 0, most), '\n', 0);
    if (end == SIZE_MAX) {
        if (in->n >= most) {
            s->too_long = true;
            *in = str_from(*in, most);
        }
        return;
    }
    struct str line = str_slice(*in, 0, end);
    *in = str_from(*in, end + 1);
    if (s->too_long) {
        s->too_long = false;
        sasl_end(&s->sasl);
        pop3_err(s, NULL, "the line is too long");
        return;
    }
    on_line(s, str_slice(line, 0, line.n && line.p[line.n - 1] == '\r' ? line.n - 1 : line.n));
    if (e->wants & LINE_WANT_TLS)
        *in = STR(""); /* nothing that came in the clear counts behind STLS (RFC 2595 section 4) */
}

/* ---- events ---- */
static void pop3_start(struct line_engine *e)
{
    struct pop3 *s = of(e);
    s->secure = e->tls != NULL;
    e->wait_s = s->limits.command_s;
    pop3_ok(s, "Scambio POP3");
}

static void secured(struct pop3 *s)
{
    s->secure = true;
    buf_free(&s->user);
    sasl_end(&s->sasl);
}

static void pop3_event(struct line_engine *e, enum line_event event)
{
    struct pop3 *s = of(e);
    e->turn++;
    switch (event) {
    case LINE_SECURED:
        secured(s);
        break;
    case LINE_ROOM:
        pop3_send(s);
        break;
    case LINE_LATE:
        pop3_err(s, "SYS/TEMP", "nothing came for too long; nothing was deleted");
        pop3_bye(s);
        break;
    case LINE_DRAIN:
        s->draining = true;
        break;
    case LINE_DEFLATED:
    case LINE_CONTINUE:
    case LINE_EARLY: /* never asked for */
        break;
    }
    rest(s);
}

static void pop3_free(struct line_engine *e)
{
    struct pop3 *s = of(e);
    if (s->ops->end)
        s->ops->end(s->ctx, s);
    sasl_end(&s->sasl);
    buf_free(&s->user);
    buf_free(&s->piece);
    buf_free(&e->out);
    free(s->messages);
    free(s->uids);
    free(s);
}

enum status pop3_new(const struct pop3_limits *limits, const struct pop3_ops *ops, void *ctx,
                     const struct line_peer *peer, struct line_engine **out)
{
    static const struct line_ops engine_ops = {pop3_start, pop3_input, pop3_event, pop3_free};
    struct pop3 *s = calloc(1, sizeof *s);
    if (!s)
        return E_MEMORY;
    s->engine = (struct line_engine){.ops = &engine_ops, .out = BUF_INIT(OUT_MOST)};
    s->limits = *limits;
    s->ops = ops;
    s->ctx = ctx;
    s->peer = *peer;
    s->state = POP3_AUTHORIZATION;
    *out = &s->engine;
    return OK;
}
