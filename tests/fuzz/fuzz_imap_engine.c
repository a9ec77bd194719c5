/* The first byte chooses settings, the second in which pieces the rest comes and whether ops take their time. Neither pieces nor time
 * change an answer; answers are whole lines; a command takes no more memory than its limits; each op is ended once. */
#include "mailcore/imap/int.h"

#include <stdlib.h>

enum { MOST = 16 << 20, PIECES = 3 };

static const struct imap_limits before = {
    .line = 300, .literal = 100, .literals = 3, .memory = 400, .skip = 2000, .depth = 3, .items = 8};
static const struct imap_limits after = {
    .line = 2000, .literal = 1000, .literals = 5, .memory = 4000, .skip = 20000, .depth = 6, .items = 40};

struct run {
    bool later;
    struct imap *waiting;
    const char *status;
    bool more;
    int pieces; /* of the command under way that were said */
    bool idle;
    struct buf out;
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void end(struct run *r, struct imap *s)
{
    if (r->more)
        imap_more(s);
    else
        imap_done(s, r->status, NULL, "decided");
}

static void decide(struct run *r, struct imap *s, bool good, bool more)
{
    must(r->waiting == NULL);
    r->status = good ? "OK" : "NO";
    r->more = more;
    if (r->later)
        r->waiting = s;
    else
        end(r, s);
}

static void on_login(void *ctx, struct imap *s, const struct imap_credentials *who)
{
    must(str_utf8(who->user) && str_utf8(who->password));
    decide(ctx, s, who->user.n && who->user.p[0] != 'x', false);
}

static void on_command(void *ctx, struct imap *s, const struct imap_command *command)
{
    struct run *r = ctx;
    must(imap_state(s) != IMAP_NOT_AUTHENTICATED && !r->idle && command->tag.n);
    buf_addf(imap_answers(s), "* OK %.*s %d\r\n", STR_ARG(imap_verb_name(command->verb)), r->pieces);
    if (command->verb == IMAP_FETCH && ++r->pieces < PIECES) {
        decide(r, s, true, true);
        return;
    }
    r->pieces = 0;
    if (command->verb == IMAP_SELECT)
        imap_set_state(s, IMAP_SELECTED);
    if (command->verb == IMAP_CLOSE)
        imap_set_state(s, IMAP_AUTHENTICATED);
    decide(r, s, command->verb != IMAP_DELETE, false);
}

static void on_idle(void *ctx, struct imap *s, bool on)
{
    struct run *r = ctx;
    (void)s;
    must(r->idle != on);
    r->idle = on;
}

static void on_leave(void *ctx, struct imap *s)
{
    (void)s;
    must(!((struct run *)ctx)->idle);
}

static const struct imap_ops ops = {.capabilities = "X",
                                    .enables = 31,
                                    .login = on_login,
                                    .command = on_command,
                                    .idle = on_idle,
                                    .leave = on_leave};

/* What a connection does between two reads. */
static void settle(struct run *r, struct line_engine *e)
{
    struct imap *s = CONTAINER_OF(e, struct imap, engine);
    const struct imap_limits *limits = s->state == IMAP_NOT_AUTHENTICATED ? &before : &after;
    while (e->out.n || (e->wants & (LINE_WANT_RESUME | LINE_WANT_ROOM | LINE_WANT_DEFLATE))) {
        must(s->reader.text.n <= after.memory && s->reader.count <= after.literals);
        must(s->reader.text.n <= limits->memory || s->wait != IMAP_WAIT_NONE);
        buf_add(&r->out, buf_view(&e->out));
        buf_clear(&e->out);
        if (e->wants & LINE_WANT_RESUME) {
            struct imap *waiting = r->waiting;
            must(waiting != NULL);
            r->waiting = NULL;
            end(r, waiting);
        } else if (e->wants & LINE_WANT_ROOM) {
            e->wants &= ~(unsigned)LINE_WANT_ROOM;
            e->ops->event(e, LINE_ROOM);
        } else if (e->wants & LINE_WANT_DEFLATE) { /* and it is not done */
            e->wants &= ~(unsigned)LINE_WANT_DEFLATE;
            e->ops->event(e, LINE_DEFLATED);
        }
    }
}

static void feed(struct run *r, struct line_engine *e, struct str in, size_t piece)
{
    SCOPED_BUF(pending, MOST);
    while (in.n && !(e->wants & LINE_WANT_CLOSE)) {
        buf_add(&pending, str_slice(in, 0, piece));
        in = str_from(in, piece);
        struct str left = buf_view(&pending);
        size_t had;
        do {
            had = left.n;
            line_feed(e, &left);
            settle(r, e);
        } while (left.n && left.n < had && !(e->wants & LINE_WANT_CLOSE));
        must(left.n < LINE_INPUT || (e->wants & LINE_WANT_CLOSE));
        memmove(pending.p, left.p, left.n);
        buf_cut(&pending, left.n);
    }
}

static void run(struct imap_settings *settings, struct str in, size_t piece, bool later, struct run *r)
{
    struct line_engine *e;
    struct line_peer peer = {0};
    *r = (struct run){.later = later, .out = BUF_INIT(MOST)};
    must(imap_new(settings, &ops, r, &peer, &e) == OK);
    e->ops->start(e);
    settle(r, e);
    feed(r, e, in, piece);
    must(e->out.st == OK && r->out.st == OK && !r->waiting);
    e->ops->free(e);
    must(!r->idle);
}

static void check_answers(struct str out)
{
    must(str_starts(out, STR("* OK [CAPABILITY ")));
    while (out.n) {
        size_t end_ = str_chr(out, '\n', 0);
        must(end_ >= 3 && end_ < out.n && out.p[end_ - 1] == '\r');
        must(!memchr(out.p, '\0', end_) && !memchr(out.p, '\r', end_ - 1));
        out = str_from(out, end_ + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct imap_bounds bounds = {.before = before,
                                       .after = after,
                                       .arena = 1 << 20,
                                       .out = 1 << 20,
                                       .errors = 5,
                                       .attempts = 3,
                                       .login_s = 1,
                                       .idle_s = 1,
                                       .plain_password = data[0] & 1 ? 0 : 2};
    struct imap_settings *settings;
    struct run whole, pieces;
    struct str in = str_n((const char *)data + 2, size - 2);
    /* behind STARTTLS the cut counts: what is in the same piece is dropped */
    must(imap_settings_make(&bounds, STR("mx.test"), false, &settings) == OK);
    run(settings, in, SIZE_MAX, false, &whole);
    run(settings, in, 1 + (data[1] & 127), data[1] & 128, &pieces);
    check_answers(buf_view(&whole.out));
    must(str_eq(buf_view(&whole.out), buf_view(&pieces.out)));
    buf_free(&whole.out);
    buf_free(&pieces.out);
    imap_settings_unref(settings);
    return 0;
}
