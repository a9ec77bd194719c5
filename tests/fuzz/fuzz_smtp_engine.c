/* The first byte chooses role and settings, the second in which pieces the rest comes and whether decisions take their time. Neither
 * pieces nor time change an answer or a message; answers are whole lines with a code; a message has no bare CR, LF or NUL unless it
 * is BINARYMIME; no mail is taken without a sender and recipients. */
#include "core/clock.h"
#include "mailcore/smtp/smtp.h"

#include <stdlib.h>

enum { MOST = 16 << 20 };

struct run {
    bool later;
    struct smtp *waiting;
    int code;
    struct buf out, taken;
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void decide(struct run *r, struct smtp *s, bool good)
{
    r->code = good ? 250 : 550;
    if (r->later) {
        must(r->waiting == NULL);
        r->waiting = s;
        return;
    }
    struct smtp_reply reply = {r->code, good ? NULL : "5.0.0", STR("no")};
    smtp_resume(s, &reply);
}

static void on_auth(void *ctx, struct smtp *s, const struct smtp_login *login)
{
    must(login->user.n && login->password.n);
    smtp_set_user(s, login->user);
    decide(ctx, s, login->user.p[0] != 'x');
}

static void on_mail(void *ctx, struct smtp *s)
{
    decide(ctx, s, !str_starts(smtp_envelope(s)->sender.local, STR("x")));
}

static void on_rcpt(void *ctx, struct smtp *s, struct smtp_recipient *r)
{
    must(r->path.local.n > 0);
    decide(ctx, s, r->path.local.p[0] != 'x');
}

static void on_data(void *ctx, struct smtp *s)
{
    must(smtp_envelope(s)->count > 0);
    decide(ctx, s, !str_starts(smtp_envelope(s)->sender.local, STR("y")));
}

static void check_lines(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        must(text.p[i] != '\0');
        must(text.p[i] != '\r' || (i + 1 < text.n && text.p[i + 1] == '\n'));
        must(text.p[i] != '\n' || (i && text.p[i - 1] == '\r'));
    }
}

static void on_message(void *ctx, struct smtp *s, const struct smtp_message *m)
{
    struct run *r = ctx;
    size_t n = (size_t)smtp_spool_size(m->text);
    size_t before = r->taken.n;
    char *to = buf_reserve(&r->taken, n + 1);
    must(to != NULL && smtp_spool_read(m->text, 0, to, n) == OK);
    buf_commit(&r->taken, n);
    must(smtp_envelope(s)->count > 0 && str_starts(m->head, STR("Received: from ")));
    check_lines(m->head);
    if (smtp_envelope(s)->body != SMTP_BODY_BINARYMIME)
        check_lines(str_from(buf_view(&r->taken), before));
    buf_addc(&r->taken, '|');
    decide(r, s, true);
}

static const struct smtp_ops ops = {NULL, on_auth, on_mail, on_rcpt, on_data, on_message, NULL};

/* What a connection does between two reads. */
static void settle(struct run *r, struct line_engine *e)
{
    static const struct line_tls tls = {"TLSv1.3", "X"};
    while (e->out.n || (e->wants & (LINE_WANT_RESUME | LINE_WANT_PAUSE | LINE_WANT_TLS))) {
        buf_add(&r->out, buf_view(&e->out));
        buf_clear(&e->out);
        if (e->wants & LINE_WANT_RESUME) {
            struct smtp_reply reply = {r->code, r->code == 250 ? NULL : "5.0.0", STR("no")};
            struct smtp *s = r->waiting;
            must(s != NULL);
            r->waiting = NULL;
            smtp_resume(s, &reply);
        } else if (e->wants & LINE_WANT_PAUSE) {
            e->wants &= ~(unsigned)LINE_WANT_PAUSE;
            e->ops->event(e, LINE_CONTINUE);
        } else if (e->wants & LINE_WANT_TLS) {
            e->wants &= ~(unsigned)LINE_WANT_TLS;
            e->tls = &tls;
            e->ops->event(e, LINE_SECURED);
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
        size_t before;
        do {
            before = left.n;
            line_feed(e, &left);
            settle(r, e);
        } while (left.n && left.n < before && !(e->wants & LINE_WANT_CLOSE));
        must(left.n < LINE_INPUT || (e->wants & LINE_WANT_CLOSE));
        memmove(pending.p, left.p, left.n);
        buf_cut(&pending, left.n);
    }
}

static void run(struct smtp_settings *settings, struct str in, size_t piece, bool later, struct run *r)
{
    struct line_engine *e;
    struct line_peer peer = {0};
    *r = (struct run){.later = later, .out = BUF_INIT(MOST), .taken = BUF_INIT(MOST)};
    random_seed(1);
    must(smtp_new(settings, &ops, r, &peer, &e) == OK);
    e->ops->start(e);
    settle(r, e);
    feed(r, e, in, piece);
    must(e->out.st == OK && r->out.st == OK && r->taken.st == OK);
    e->ops->free(e);
}

static void check_answers(struct str out)
{
    check_lines(out);
    must(out.n && out.p[out.n - 1] == '\n');
    while (out.n) {
        size_t end = str_chr(out, '\n', 0);
        must(end >= 4 && end < 512 && out.p[0] >= '2' && out.p[0] <= '5' && ascii_digit(out.p[1]) &&
             ascii_digit(out.p[2]) && (out.p[3] == ' ' || out.p[3] == '-'));
        out = str_from(out, end + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum smtp_role roles[] = {SMTP_ROLE_MX, SMTP_ROLE_SUBMISSION, SMTP_ROLE_SUBMISSIONS,
                                           SMTP_ROLE_LMTP};
    if (size < 2)
        return 0;
    struct smtp_limits limits = {.size = 2000,
                                 .memory = 8192,
                                 .line = 600,
                                 .recipients = 3,
                                 .errors = 6,
                                 .commands = 30,
                                 .attempts = 2,
                                 .hops = 3,
                                 .tarpit_ms = 1};
    limits.refuse_bare = data[0] & 4;
    limits.plain_password = data[0] & 8 ? 2 : 0;
    struct smtp_settings *settings;
    struct run whole, pieces;
    struct str in = str_n(data + 2, size - 2);
    /* behind STARTTLS the cut counts: what is in the same piece is dropped */
    must(smtp_settings_make(&limits, roles[data[0] & 3], STR("mx.test"), NULL, false, &settings) == OK);
    run(settings, in, SIZE_MAX, false, &whole);
    run(settings, in, 1 + (data[1] & 127), data[1] & 128, &pieces);
    check_answers(buf_view(&whole.out));
    must(str_eq(buf_view(&whole.out), buf_view(&pieces.out)));
    must(str_eq(buf_view(&whole.taken), buf_view(&pieces.taken)));
    buf_free(&whole.out);
    buf_free(&whole.taken);
    buf_free(&pieces.out);
    buf_free(&pieces.taken);
    smtp_settings_unref(settings);
    return 0;
}
