/* tests/unit/test_pop3.c: POP3 sessions against a maildrop in memory: at once and with ops that end later, whole and cut at each byte. */
#include "mailcore/pop3/pop3.h"
#include "tests/unit/test.h"

#include <stdio.h>

enum { MESSAGES = 3, LARGE = 300000 };

static const struct pop3_limits usual = {
    .line = 255, .errors = 10, .attempts = 3, .command_s = 600, .plain_password = 2, .tls = true};

struct drop { /* what the ops know */
    const char *texts[MESSAGES];
    bool later;  /* ops end after their call */
    bool broken; /* texts cannot be read, and nothing is deleted */
    bool cut;    /* only the first piece of a text can be read */
    struct pop3 *waiting;
    struct pop3_reply reply;
    char piece[1 << 16];
    size_t piece_n;
    int what; /* of `waiting`: 'm' messages, 't' text, 'r' reply alone */
    char log[512];
    int ended;
    struct buf kept; /* input that the engine has left */
};

static void note(struct drop *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(struct drop *d, const char *format, ...)
{
    size_t n = strlen(d->log);
    va_list args;
    va_start(args, format);
    vsnprintf(d->log + n, sizeof d->log - n, format, args);
    va_end(args);
}

static void finish(struct drop *d)
{
    struct pop3 *s = d->waiting;
    d->waiting = NULL;
    if (d->what == 'm') {
        struct pop3_message m[MESSAGES];
        size_t n = 0;
        for (size_t i = 0; i < MESSAGES; i++)
            if (d->texts[i])
                m[n++] =
                    (struct pop3_message){.uid = (int64_t)(10 + i), .size = (int64_t)strlen(d->texts[i])};
        assert_status(pop3_set_messages(s, 0xabc, m, n), OK);
    }
    if (d->what == 't')
        pop3_set_text(s, str_n(d->piece, d->piece_n));
    pop3_resume(s, &d->reply);
}

static void begin(struct drop *d, struct pop3 *s, int what, struct pop3_reply reply)
{
    assert_null(d->waiting);
    d->waiting = s;
    d->what = what;
    d->reply = reply;
    if (!d->later)
        finish(d);
}

static void on_auth(void *ctx, struct pop3 *s, const struct pop3_login *l)
{
    struct drop *d = ctx;
    bool good = str_eq(l->user, STR("anna")) && str_eq(l->password, STR("a b"));
    note(d, "[%.*s %.*s]", STR_ARG(l->mechanism), STR_ARG(l->user));
    begin(d, s, 'r', good ? (struct pop3_reply){.ok = true} : (struct pop3_reply){.text = STR("no\r\nno")});
}

static void on_open(void *ctx, struct pop3 *s)
{
    begin(ctx, s, 'm', (struct pop3_reply){.ok = true});
}

static void on_read(void *ctx, struct pop3 *s, int64_t uid, int64_t from, size_t room)
{
    struct drop *d = ctx;
    struct str text = str_slice(str_c(d->texts[uid - 10]), (size_t)from, room);
    memcpy(d->piece, text.p, text.n);
    d->piece_n = text.n;
    bool ok = !d->broken && (!d->cut || from == 0);
    begin(d, s, 't', (struct pop3_reply){.ok = ok, .text = STR("gone")});
}

static void on_update(void *ctx, struct pop3 *s, const struct pop3_update *u)
{
    struct drop *d = ctx;
    for (size_t i = 0; i < u->deleted_count; i++)
        note(d, "-%lld", (long long)u->deleted[i]);
    for (size_t i = 0; i < u->read_count; i++)
        note(d, "+%lld", (long long)u->read[i]);
    begin(
        d, s, 'r',
        (struct pop3_reply){.ok = !d->broken, .code = d->broken ? "SYS/TEMP" : NULL, .text = STR("broken")});
}

static void on_end(void *ctx, struct pop3 *s)
{
    (void)s;
    ((struct drop *)ctx)->ended++;
}

static const struct pop3_ops ops = {on_auth, on_open, on_read, on_update, on_end};

/* As a connection does it: sends, gives room, resumes. What the client saw is in `seen`; true: the session is over. */
static bool serve(struct drop *d, struct line_engine *e, struct str in, struct buf *seen,
                  struct line_tls *tls)
{
    struct buf *kept = &d->kept;
    if (!kept->max)
        *kept = BUF_INIT(1 << 20);
    buf_add(kept, in);
    for (int round = 0; round < 1000000; round++) {
        size_t largest = e->out.n;
        assert_true(largest < 200 * 1024); /* memory of one client */
        buf_add(seen, buf_view(&e->out));
        buf_clear(&e->out);
        if (d->waiting) {
            finish(d);
        } else if (e->wants & LINE_WANT_ROOM) {
            e->wants &= ~(unsigned)LINE_WANT_ROOM;
            e->ops->event(e, LINE_ROOM);
        } else if (e->wants & LINE_WANT_CLOSE) {
            return true;
        } else if (e->wants & LINE_WANT_TLS) {
            e->wants &= ~(unsigned)LINE_WANT_TLS;
            buf_clear(kept);
            e->tls = tls;
            e->ops->event(e, LINE_SECURED);
        } else if (kept->n) {
            struct str rest = buf_view(kept);
            size_t before = rest.n;
            line_feed(e, &rest);
            memmove(kept->p, rest.p, rest.n);
            buf_cut(kept, rest.n);
            if (rest.n == before && line_ready(e) && !e->out.n)
                return false;
        } else if (!e->out.n) {
            return false;
        }
    }
    fail_msg("it never ends");
    return false;
}

static void close_session(struct drop *d, struct line_engine *e)
{
    e->ops->free(e);
    buf_free(&d->kept);
}

static void play_limits(const struct pop3_limits *limits, struct drop *d, const char *client,
                        const char *server, const char *log)
{
    struct drop fresh = *d;
    fresh.log[0] = 0;
    fresh.ended = 0;
    size_t n = strlen(client);
    for (size_t cut = 0; cut <= n; cut++) /* in two pieces; the first time in one */
        for (int later = 0; later < 2; later++) {
            struct line_engine *e;
            struct line_tls tls = {"", ""};
            SCOPED_BUF(seen, 1 << 20);
            struct line_peer peer = {.port = 1};
            *d = fresh;
            d->later = later;
            assert_status(pop3_new(limits, &ops, d, &peer, &e), OK);
            e->ops->start(e);
            if (!serve(d, e, str_n(client, cut), &seen, &tls))
                serve(d, e, str_from(str_c(client), cut), &seen, &tls);
            close_session(d, e);
            assert_str(buf_view(&seen), server);
            assert_string_equal(d->log, log);
            assert_int_equal(d->ended, 1);
        }
}

static void play(struct drop *d, const char *client, const char *server, const char *log)
{
    play_limits(&usual, d, client, server, log);
}

#define HELLO "+OK Scambio POP3\r\n"
#define LOGIN "USER anna\r\nPASS a b\r\n"
#define IN    HELLO "+OK and the password?\r\n"

static void test_session(void **state)
{
    (void)state;
    struct drop d = {.texts = {"A: b\r\n\r\n.x\r\ny\r\nz\r\n", "C: d\r\n\r\nend", "E\r\n"}};
    play(
        &d,
        LOGIN "STAT\r\nLIST\r\nLIST 2\r\nUIDL\r\nUIDL 1\r\nRETR 1\r\nTOP 1 1\r\nTOP 1 0\r\nTOP 2 9\r\nDELE "
              "2\r\nLIST\r\nLIST 2\r\n"
              "STAT\r\nNOOP\r\nQUIT\r\n",
        IN
        "+OK 3 messages\r\n+OK 3 32\r\n"
        "+OK the list follows\r\n1 18\r\n2 11\r\n3 3\r\n.\r\n+OK 2 11\r\n"
        "+OK the list follows\r\n1 0000000a00000abc\r\n2 0000000b00000abc\r\n3 0000000c00000abc\r\n.\r\n"
        "+OK 1 0000000a00000abc\r\n"
        "+OK 18 octets\r\nA: b\r\n\r\n..x\r\ny\r\nz\r\n.\r\n"
        "+OK the top follows\r\nA: b\r\n\r\n..x\r\n.\r\n+OK the top follows\r\nA: b\r\n\r\n.\r\n"
        "+OK the top follows\r\nC: d\r\n\r\nend\r\n.\r\n"
        "+OK it goes at QUIT\r\n+OK the list follows\r\n1 18\r\n3 3\r\n.\r\n-ERR there is no such message\r\n"
        "+OK 2 21\r\n+OK nothing done\r\n+OK good-bye\r\n",
        "[ anna]-11+10");
    /* what was read and deleted counts as deleted; RSET takes back */
    play(&d, LOGIN "RETR 3\r\nDELE 3\r\nDELE 1\r\nRSET\r\nDELE 3\r\nDELE 3\r\nQUIT\r\n",
         IN
         "+OK 3 messages\r\n+OK 3 octets\r\nE\r\n.\r\n+OK it goes at QUIT\r\n+OK it goes at QUIT\r\n"
         "+OK nothing is deleted\r\n+OK it goes at QUIT\r\n-ERR there is no such message\r\n+OK good-bye\r\n",
         "[ anna]-12");
    /* the connection ends without QUIT: nothing goes */
    play(&d, LOGIN "DELE 1\r\n", IN "+OK 3 messages\r\n+OK it goes at QUIT\r\n", "[ anna]");
    struct drop none = {.later = false};
    play(&none, LOGIN "STAT\r\nLIST\r\nRETR 1\r\nRETR 0\r\nQUIT\r\n",
         IN "+OK 0 messages\r\n+OK 0 0\r\n+OK the list follows\r\n.\r\n-ERR there is no such message\r\n"
            "-ERR there is no such message\r\n+OK good-bye\r\n",
         "[ anna]");
}

static void test_login(void **state)
{
    (void)state;
    struct drop d = {.texts = {"x"}};
    play(&d, "AUTH PLAIN AGFubmEAYSBi\r\nQUIT\r\n", HELLO "+OK 1 messages\r\n+OK good-bye\r\n",
         "[PLAIN anna]");
    play(&d, "AUTH PLAIN\r\nAGFubmEAYSBi\r\nQUIT\r\n", HELLO "+ \r\n+OK 1 messages\r\n+OK good-bye\r\n",
         "[PLAIN anna]");
    play(&d, "AUTH LOGIN\r\nYW5uYQ==\r\nYSBi\r\nQUIT\r\n",
         HELLO "+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n+OK 1 messages\r\n+OK good-bye\r\n", "[LOGIN anna]");
    play(&d, "AUTH PLAIN\r\n*\r\nAUTH PLAIN %\r\nAUTH KERBEROS\r\nPASS x\r\nQUIT\r\n",
         HELLO "+ \r\n-ERR the log-in was cancelled\r\n-ERR this is no answer of the mechanism in base64\r\n"
               "-ERR this mechanism is not known here\r\n-ERR say USER first\r\n+OK good-bye\r\n",
         "");
    /* refused: what the op says stays one line; three times are enough */
    play(&d, "USER x\r\nPASS y\r\nUSER x\r\nPASS y\r\nUSER x\r\nPASS y\r\n",
         IN
         "-ERR [AUTH] no\?\?no\r\n+OK and the password?\r\n-ERR [AUTH] no\?\?no\r\n+OK and the password?\r\n"
         "-ERR [AUTH] no\?\?no\r\n",
         "[ x][ x][ x]");
    play(&d, "STAT\r\nQUIT\r\n", HELLO "-ERR log in first\r\n+OK good-bye\r\n", "");
}

static void test_tls(void **state)
{
    (void)state;
    struct pop3_limits strict = usual;
    struct drop d = {.texts = {"x"}};
    strict.plain_password = 0;
    play_limits(&strict, &d, "CAPA\r\nUSER anna\r\nAUTH PLAIN AGFubmEAYSBi\r\nQUIT\r\n",
                HELLO "+OK what this server can "
                      "do:\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nUTF8\r\n"
                      "EXPIRE NEVER\r\nSTLS\r\nIMPLEMENTATION Scambio\r\n.\r\n"
                      "-ERR [SYS/PERM] passwords are taken over TLS only: say STLS first\r\n"
                      "-ERR [SYS/PERM] passwords are taken over TLS only: say STLS first\r\n+OK good-bye\r\n",
                "");
    /* what was sent with STLS is not taken for what came under TLS */
    struct line_engine *e;
    struct line_tls tls = {"", ""};
    SCOPED_BUF(seen, 1 << 16);
    struct line_peer peer = {.port = 1};
    assert_status(pop3_new(&strict, &ops, &d, &peer, &e), OK);
    e->ops->start(e);
    serve(&d, e, STR("STLS\r\nUSER evil\r\n"), &seen, &tls);
    assert_str(buf_view(&seen), HELLO "+OK begin TLS now\r\n");
    buf_clear(&seen);
    serve(&d, e, STR("PASS x\r\nSTLS\r\nUSER anna\r\nPASS a b\r\nSTLS\r\nQUIT\r\n"), &seen, &tls);
    assert_str(
        buf_view(&seen),
        "-ERR say USER first\r\n-ERR TLS is there already\r\n+OK and the password?\r\n+OK 1 messages\r\n"
        "-ERR you are logged in\r\n+OK good-bye\r\n");
    close_session(&d, e);
}

static void test_bad(void **state)
{
    (void)state;
    struct drop d = {.texts = {"x"}};
    play(&d,
         "\r\nFOO\r\nCAPA x\r\nUSER\r\nretr 1\r\n" LOGIN
         "RETR\r\nRETR 2\r\nRETR 99999999999999999999\r\nTOP 1\r\nTOP 1 x\r\n",
         HELLO
         "-ERR this is no command\r\n-ERR this is no command\r\n-ERR no argument belongs there\r\n-ERR an "
         "argument is missing\r\n"
         "-ERR log in first\r\n+OK and the password?\r\n+OK 1 messages\r\n-ERR an argument is missing\r\n"
         "-ERR there is no such message\r\n-ERR there is no such message\r\n-ERR TOP takes a message and a "
         "number of lines\r\n"
         "-ERR TOP takes a message and a number of lines\r\n",
         "[ anna]");
}

/* A line that never ends costs nothing, and the next one counts again. */
static void test_long_line(void **state)
{
    (void)state;
    struct drop d = {.texts = {"x"}};
    struct line_engine *e;
    struct line_tls tls = {"", ""};
    SCOPED_BUF(seen, 1 << 16);
    SCOPED_BUF(line, 1 << 20);
    struct line_peer peer = {.port = 1};
    assert_status(pop3_new(&usual, &ops, &d, &peer, &e), OK);
    e->ops->start(e);
    for (int i = 0; i < 100000; i++)
        buf_addc(&line, 'x');
    serve(&d, e, buf_view(&line), &seen, &tls);
    serve(&d, e, STR("\r\nNOOP\r\n" LOGIN), &seen, &tls);
    serve(&d, e, str_slice(buf_view(&line), 0, 300), &seen, &tls);
    serve(&d, e, STR("\r\nNOOP\r\n"), &seen, &tls);
    assert_str(buf_view(&seen), HELLO
               "-ERR the line is too long\r\n-ERR log in first\r\n+OK and the password?\r\n+OK 1 messages\r\n"
               "-ERR the line is too long\r\n+OK nothing done\r\n");
    close_session(&d, e);
}

/* A message larger than what is held for one client. */
static void test_large(void **state)
{
    (void)state;
    SCOPED_BUF(text, 1 << 20);
    SCOPED_BUF(expected, 1 << 20);
    buf_addz(&text, "A: b\r\n\r\n");
    while (text.n < LARGE)
        buf_addz(&text, ".a line of the message\r\n");
    buf_addf(&expected, IN "+OK 1 messages\r\n+OK %zu octets\r\nA: b\r\n\r\n", text.n);
    for (size_t i = 0; i < (text.n - 8) / 24; i++)
        buf_addz(&expected, "..a line of the message\r\n");
    buf_addz(&expected, ".\r\n+OK good-bye\r\n");
    for (int later = 0; later < 2; later++) {
        struct drop d = {.texts = {buf_c(&text)}, .later = later};
        struct line_engine *e;
        struct line_tls tls = {"", ""};
        SCOPED_BUF(seen, 1 << 20);
        struct line_peer peer = {.port = 1};
        assert_status(pop3_new(&usual, &ops, &d, &peer, &e), OK);
        e->ops->start(e);
        assert_true(serve(&d, e, STR(LOGIN "RETR 1\r\nQUIT\r\n"), &seen, &tls));
        assert_true(str_eq(buf_view(&seen), buf_view(&expected)));
        close_session(&d, e);
    }
}

/* Half a message is followed by nothing, and does not count as read. */
static void test_cut_off(void **state)
{
    (void)state;
    SCOPED_BUF(text, 1 << 20);
    while (text.n < LARGE)
        buf_addz(&text, "a line of the message\r\n");
    struct drop d = {.texts = {buf_c(&text)}, .cut = true};
    struct line_engine *e;
    struct line_tls tls = {"", ""};
    SCOPED_BUF(seen, 1 << 20);
    struct line_peer peer = {.port = 1};
    assert_status(pop3_new(&usual, &ops, &d, &peer, &e), OK);
    e->ops->start(e);
    assert_true(serve(&d, e, STR(LOGIN "RETR 1\r\nQUIT\r\n"), &seen, &tls));
    assert_false(str_ends(buf_view(&seen), STR(".\r\n")) ||
                 str_find(buf_view(&seen), STR("good-bye"), 0) != SIZE_MAX);
    assert_string_equal(d.log, "[ anna]");
    close_session(&d, e);
}

/* What cannot be read to its end has no end; what cannot be deleted is said to be there. */
static void test_broken(void **state)
{
    (void)state;
    struct drop d = {.texts = {"x\r\n"}, .broken = true};
    play(&d, LOGIN "RETR 1\r\nTOP 1 0\r\nNOOP\r\nQUIT\r\n",
         IN "+OK 1 messages\r\n-ERR gone\r\n-ERR gone\r\n+OK nothing done\r\n+OK good-bye\r\n", "[ anna]");
    play(&d, LOGIN "DELE 1\r\nQUIT\r\n",
         IN "+OK 1 messages\r\n+OK it goes at QUIT\r\n-ERR [SYS/TEMP] broken\r\n", "[ anna]-10");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_session),   cmocka_unit_test(test_login),
                                       cmocka_unit_test(test_tls),       cmocka_unit_test(test_bad),
                                       cmocka_unit_test(test_long_line), cmocka_unit_test(test_large),
                                       cmocka_unit_test(test_cut_off),   cmocka_unit_test(test_broken)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
