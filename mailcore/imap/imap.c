/* mailcore/imap/imap.c: a session's life, its input, and the end of what an op began. */
#include "mailcore/imap/int.h"

#include "core/hash.h"

#include <stdlib.h>

enum { TAG_MOST = 256 };

static struct imap *of(struct line_engine *e)
{
    return CONTAINER_OF(e, struct imap, engine);
}

void imap_say(struct imap *s, const char *status, const char *code, const char *text)
{
    imap_write_status(&s->engine.out, s->tag.n ? buf_view(&s->tag) : STR_NONE, status, code, text);
}

void imap_bye(struct imap *s, const char *why)
{
    imap_write_status(&s->engine.out, STR_NONE, "BYE", NULL, why);
    s->engine.wants |= LINE_WANT_CLOSE;
}

void imap_ask(struct imap *s, enum imap_wait wait)
{
    s->wait = wait;
    s->asking++;
    s->engine.wants |= LINE_WANT_RESUME;
}

void imap_asked(struct imap *s)
{
    s->asking--;
}

/* ---- input ---- */

/* The command is over; a log-in leaves no password behind. */
static void next_command(struct imap *s)
{
    const struct imap_bounds *b = &s->settings->bounds;
    if (s->state == IMAP_NOT_AUTHENTICATED && s->reader.text.n)
        hash_wipe(s->reader.text.p, s->reader.text.n);
    s->reader.limits = s->state == IMAP_NOT_AUTHENTICATED ? &b->before : &b->after;
    s->engine.wait_s = s->state == IMAP_NOT_AUTHENTICATED ? b->login_s : b->idle_s;
    if (s->reading == IMAP_READING_COMMAND)
        imap_read_next(&s->reader);
    else
        imap_read_line(&s->reader);
    arena_free(&s->arena);
}

static void rest(struct imap *s)
{
    if (s->wait != IMAP_WAIT_NONE)
        return;
    next_command(s);
    if (s->draining && !(s->engine.wants & LINE_WANT_CLOSE))
        imap_bye(s, "this server is going down; come back in a moment");
}

static void say_fault(struct imap *s, const struct imap_fault *fault)
{
    imap_write_fault(&s->engine.out, s->tag.n ? buf_view(&s->tag) : STR_NONE, fault);
    if (!fault->no && ++s->errors >= s->settings->bounds.errors)
        imap_bye(s, "too many errors; good-bye");
}

static void on_command(struct imap *s)
{
    const struct imap_parse_args args = {.text = buf_view(&s->reader.text),
                                         .literals = s->reader.literals,
                                         .count = s->reader.count,
                                         .limits = s->reader.limits,
                                         .state = s->state,
                                         .utf8 = (s->enabled & (IMAP_ENABLED_UTF8 | IMAP_ENABLED_REV2)) != 0};
    struct imap_fault fault;
    enum status st = imap_parse(&s->arena, &args, &s->command, &fault);
    buf_clear(&s->tag);
    buf_add(&s->tag, s->command.tag);
    if (s->tag.st != OK) {
        buf_clear(&s->tag);
        fault = (struct imap_fault){.why = "the tag is too long"};
        st = INVALID;
    }
    if (st == OK) {
        s->errors = 0;
        imap_dispatch(s);
    } else if (st == INVALID) {
        say_fault(s, &fault);
    } else {
        imap_say(s, "NO", "UNAVAILABLE", "the server is out of memory; try again later");
    }
}

static void on_line(struct imap *s)
{
    s->engine.turn++;
    if (s->reading == IMAP_READING_SASL)
        imap_sasl_line(s, buf_view(&s->reader.text));
    else if (s->reading == IMAP_READING_IDLE)
        imap_idle_line(s, buf_view(&s->reader.text));
    else
        on_command(s);
    rest(s);
}

/* A line that is no command could not be read: whatever it answers is over too. */
static void on_fault(struct imap *s)
{
    s->engine.turn++;
    if (s->reading == IMAP_READING_COMMAND) {
        buf_clear(&s->tag);
        buf_add(&s->tag, imap_read_tag(&s->reader));
        if (s->tag.st != OK)
            buf_clear(&s->tag);
    } else if (s->reading == IMAP_READING_SASL) {
        sasl_end(&s->sasl);
    } else if (s->ops->idle) {
        s->ops->idle(s->ctx, s, false);
    }
    s->reading = IMAP_READING_COMMAND;
    say_fault(s, &(struct imap_fault){.why = s->reader.why});
    rest(s);
}

static void on_literal(struct imap *s)
{
    imap_read_keep(&s->reader);
    if (imap_read_waits(&s->reader))
        buf_add(&s->engine.out, STR("+ go on\r\n"));
}

/* One command at most: it may stop the input. Behind a literal the reader is asked again, since one that was refused ends its command. */
static void imap_input(struct line_engine *e, struct str *in)
{
    struct imap *s = of(e);
    enum imap_read event;
    while ((event = imap_read(&s->reader, in)) == IMAP_READ_LITERAL)
        on_literal(s);
    switch (event) {
    case IMAP_READ_COMMAND:
        on_line(s);
        break;
    case IMAP_READ_FAULT:
        on_fault(s);
        break;
    case IMAP_READ_CLOSE:
        imap_bye(s, s->reader.why);
        break;
    case IMAP_READ_MORE:
    case IMAP_READ_LITERAL:
    case IMAP_READ_DATA: /* nothing is streamed */
        break;
    }
    if (e->wants & LINE_WANT_TLS)
        *in = STR(""); /* nothing that came in the clear counts behind STARTTLS (RFC 9051 section 6.2.1) */
}

void imap_done(struct imap *s, const char *status, const char *code, const char *text)
{
    enum imap_wait wait = s->wait;
    if (wait == IMAP_WAIT_NONE)
        return;
    s->wait = IMAP_WAIT_NONE;
    s->engine.wants &= ~(unsigned)LINE_WANT_RESUME;
    s->engine.turn++;
    if (wait == IMAP_WAIT_LOGIN)
        imap_login_done(s, status, code, text);
    else
        imap_say(s, status, code, text);
    if (s->asking)
        return; /* on_line goes on behind the op's call */
    rest(s);
    line_resume(&s->engine);
}

void imap_end(struct imap *s, const char *why)
{
    s->wait = IMAP_WAIT_NONE;
    s->engine.wants &= ~(unsigned)LINE_WANT_RESUME;
    imap_bye(s, why);
    if (!s->asking)
        line_resume(&s->engine);
}

void imap_more(struct imap *s)
{
    if (s->wait != IMAP_WAIT_COMMAND)
        return;
    s->engine.wants &= ~(unsigned)LINE_WANT_RESUME;
    s->engine.wants |= LINE_WANT_ROOM;
    s->engine.turn++;
    if (!s->asking)
        line_resume(&s->engine);
}

/* There is room again. */
static void go_on(struct imap *s)
{
    if (s->wait != IMAP_WAIT_COMMAND)
        return;
    imap_ask(s, IMAP_WAIT_COMMAND);
    s->ops->command(s->ctx, s, &s->command);
    imap_asked(s);
    rest(s);
}

/* ---- life ---- */

static void imap_start(struct line_engine *e)
{
    struct imap *s = of(e);
    next_command(s);
    buf_add(&e->out, STR("* OK [CAPABILITY"));
    imap_write_capabilities(s, &e->out);
    buf_addf(&e->out, "] %s Scambio\r\n", s->settings->hostname);
}

static void imap_event(struct line_engine *e, enum line_event event)
{
    struct imap *s = of(e);
    e->turn++;
    switch (event) {
    case LINE_SECURED: /* the client asks for the capabilities again */
        s->reading = IMAP_READING_COMMAND;
        sasl_end(&s->sasl);
        next_command(s);
        break;
    case LINE_LATE:
        imap_bye(s, "nothing came for too long; good-bye");
        break;
    case LINE_DRAIN:
        s->draining = true;
        if (s->wait == IMAP_WAIT_NONE && !(e->wants & LINE_WANT_CLOSE))
            imap_bye(s, "this server is going down; come back in a moment");
        break;
    case LINE_ROOM:
        go_on(s);
        break;
    case LINE_DEFLATED: /* nothing depends on it */
        break;
    case LINE_CONTINUE:
    case LINE_EARLY: /* never asked for */
        break;
    }
}

static void imap_free(struct line_engine *e)
{
    struct imap *s = of(e);
    if (s->reading == IMAP_READING_IDLE && s->ops->idle)
        s->ops->idle(s->ctx, s, false);
    if (s->ops->end)
        s->ops->end(s->ctx, s);
    sasl_end(&s->sasl);
    imap_reader_free(&s->reader);
    arena_free(&s->arena);
    buf_free(&s->tag);
    buf_free(&e->out);
    imap_settings_unref(s->settings);
    free(s);
}

enum status imap_new(struct imap_settings *settings, const struct imap_ops *ops, void *ctx,
                     const struct line_peer *peer, struct line_engine **out)
{
    static const struct line_ops engine_ops = {imap_start, imap_input, imap_event, imap_free};
    struct imap *s = calloc(1, sizeof *s);
    if (!s)
        return E_MEMORY;
    s->engine = (struct line_engine){.ops = &engine_ops, .out = BUF_INIT(settings->bounds.out)};
    s->settings = imap_settings_ref(settings);
    s->ops = ops;
    s->ctx = ctx;
    s->peer = *peer;
    s->arena = ARENA_INIT(settings->bounds.arena);
    s->tag = BUF_INIT(TAG_MOST);
    s->state = IMAP_NOT_AUTHENTICATED;
    imap_reader_init(&s->reader, &settings->bounds.before);
    *out = &s->engine;
    return OK;
}

/* ---- what ops ask ---- */

void imap_set_state(struct imap *s, enum imap_state state)
{
    s->state = state;
}

void imap_enable(struct imap *s, unsigned bits)
{
    s->enabled |= bits;
}

struct buf *imap_answers(struct imap *s)
{
    return &s->engine.out;
}

enum imap_state imap_state(const struct imap *s)
{
    return s->state;
}

unsigned imap_enabled(const struct imap *s)
{
    return s->enabled;
}

const struct line_peer *imap_peer(const struct imap *s)
{
    return &s->peer;
}

struct line_engine *imap_engine(struct imap *s)
{
    return &s->engine;
}

void **imap_slot(struct imap *s)
{
    return &s->slot;
}

/* ---- settings ---- */

enum status imap_settings_make(const struct imap_bounds *bounds, struct str hostname, bool tls,
                               struct imap_settings **out)
{
    struct imap_settings *s = calloc(1, sizeof *s);
    if (!s)
        return E_MEMORY;
    if (hostname.n >= sizeof s->hostname) {
        free(s);
        return TOO_LARGE;
    }
    s->refs = 1;
    s->tls = tls;
    s->bounds = *bounds;
    if (hostname.n)
        memcpy(s->hostname, hostname.p, hostname.n);
    *out = s;
    return OK;
}

struct imap_settings *imap_settings_ref(struct imap_settings *s)
{
    atomic_fetch_add(&s->refs, 1);
    return s;
}

void imap_settings_unref(struct imap_settings *s)
{
    if (s && atomic_fetch_sub(&s->refs, 1) == 1)
        free(s);
}
