/* tests/fuzz/fuzz_pop3.c: whatever a client of POP3 says, in whatever pieces it comes, and whether the ops end at once or later: the answers
 * are the same, each line begins as it must, the answers are at most one a line, and only QUIT deletes. */
#include "mailcore/pop3/pop3.h"

#include <stdlib.h>

enum { MOST = 16 << 20, MESSAGES = 3 };

static const char *const texts[MESSAGES] = {"A: b\r\n\r\n.x\r\ny\r\n", "\r\n", "C: d\r\n..\r\nno end"};

struct run {
    bool later;
    struct pop3 *waiting;
    int what; /* that is waited for: 'r' a reply alone, 'm' messages, 't' a text */
    bool good;
    struct str text;
    struct buf out;
    size_t updates, deleted;
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void end(struct run *r)
{
    struct pop3 *s = r->waiting;
    struct pop3_message m[MESSAGES];
    struct pop3_reply reply = {.ok = r->good, .code = r->good ? NULL : "AUTH", .text = STR("no")};
    r->waiting = NULL;
    for (size_t i = 0; i < MESSAGES; i++)
        m[i] = (struct pop3_message){.uid = (int64_t)i + 7, .size = (int64_t)strlen(texts[i])};
    if (r->what == 'm')
        must(pop3_set_messages(s, 1, m, MESSAGES) == OK);
    if (r->what == 't')
        pop3_set_text(s, r->text);
    pop3_resume(s, &reply);
}

static void begin(struct run *r, struct pop3 *s, int what, bool good)
{
    must(r->waiting == NULL);
    r->waiting = s;
    r->what = what;
    r->good = good;
    if (!r->later)
        end(r);
}

static void on_auth(void *ctx, struct pop3 *s, const struct pop3_login *login)
{
    begin(ctx, s, 'r', !str_starts(login->user, STR("x")));
}

static void on_open(void *ctx, struct pop3 *s)
{
    begin(ctx, s, 'm', true);
}

static void on_read(void *ctx, struct pop3 *s, int64_t uid, int64_t from, size_t room)
{
    struct run *r = ctx;
    must(uid >= 7 && uid < 7 + MESSAGES && from >= 0);
    r->text = str_slice(str_c(texts[uid - 7]), (size_t)from, room);
    begin(r, s, 't', true);
}

static void on_update(void *ctx, struct pop3 *s, const struct pop3_update *update)
{
    struct run *r = ctx;
    r->updates++;
    r->deleted += update->deleted_count;
    must(update->deleted_count + update->read_count > 0 &&
         update->deleted_count + update->read_count <= MESSAGES);
    for (size_t i = 1; i < update->deleted_count; i++)
        must(update->deleted[i - 1] < update->deleted[i]);
    begin(r, s, 'r', true);
}

static const struct pop3_ops ops = {on_auth, on_open, on_read, on_update, NULL};

static void settle(struct run *r, struct line_engine *e)
{
    static const struct line_tls tls = {"TLSv1.3", "X"};
    while (e->out.n || r->waiting || (e->wants & (LINE_WANT_ROOM | LINE_WANT_TLS))) {
        buf_add(&r->out, buf_view(&e->out));
        buf_clear(&e->out);
        if (r->waiting) {
            end(r);
        } else if (e->wants & LINE_WANT_ROOM) {
            e->wants &= ~(unsigned)LINE_WANT_ROOM;
            e->ops->event(e, LINE_ROOM);
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

static void run(const struct pop3_limits *limits, struct str in, size_t piece, bool later, struct run *r)
{
    struct line_engine *e;
    struct line_peer peer = {0};
    *r = (struct run){.later = later, .out = BUF_INIT(MOST)};
    must(pop3_new(limits, &ops, r, &peer, &e) == OK);
    e->ops->start(e);
    settle(r, e);
    feed(r, e, in, piece);
    must(e->out.st == OK && r->out.st == OK && r->updates <= 1);
    must(!r->updates || (e->wants & LINE_WANT_CLOSE));
    e->ops->free(e);
}

static size_t count(struct str s, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == c;
    return n;
}

/* Lines end with CR LF; no more of them than commands answer with. */
static void check(struct str out, struct str in)
{
    size_t answers = 0;
    for (size_t i = 0; i < out.n; i++)
        must((out.p[i] == '\n') == (i && out.p[i - 1] == '\r'));
    while (out.n) {
        size_t line = str_chr(out, '\n', 0);
        must(line != SIZE_MAX);
        answers +=
            str_starts(out, STR("+OK ")) || str_starts(out, STR("-ERR ")) || str_starts(out, STR("+ "));
        out = str_from(out, line + 1);
    }
    must(answers >= 1 && answers <= 1 + count(in, '\n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct pop3_limits limits = {.line = 255, .errors = 8, .attempts = 2, .command_s = 1};
    limits.plain_password = data[0] & 1 ? 2 : 0;
    struct str in = str_n(data + 2, size - 2);
    struct run whole, pieces;
    run(&limits, in, SIZE_MAX, false, &whole);
    run(&limits, in, 1 + (data[1] & 127), data[1] & 128, &pieces);
    check(buf_view(&whole.out), in);
    must(str_eq(buf_view(&whole.out), buf_view(&pieces.out)) && whole.deleted == pieces.deleted);
    buf_free(&whole.out);
    buf_free(&pieces.out);
    return 0;
}
