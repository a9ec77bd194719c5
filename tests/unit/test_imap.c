/* tests/unit/test_imap.c: the IMAP engine as conversations: what a client says, what it hears, wherever the stream is cut. */
#include "mailcore/imap/imap.h"
#include "tests/unit/test.h"

#include <stdlib.h>

/* Ops that log joe in with "secret", select any mailbox, and tell what they were asked. */
struct world {
    struct imap *waiting; /* `later`: whose answer is to be given by hand */
    bool later;
    unsigned idles, leaves, ends;
};

static void login(void *ctx, struct imap *s, const struct imap_credentials *who)
{
    struct world *w = ctx;
    bool good = str_eq(who->user, STR("joe")) && str_eq(who->password, STR("secret"));
    if (w->later)
        w->waiting = s;
    else if (good)
        imap_done(s, "OK", NULL, "welcome");
    else
        imap_done(s, "NO", "AUTHENTICATIONFAILED", "no");
}

static void command(void *ctx, struct imap *s, const struct imap_command *c)
{
    struct world *w = ctx;
    buf_addf(imap_answers(s), "* DID %.*s\r\n", STR_ARG(imap_verb_name(c->verb)));
    if (c->verb == IMAP_SELECT)
        imap_set_state(s, IMAP_SELECTED);
    if (c->verb == IMAP_CLOSE)
        imap_set_state(s, IMAP_AUTHENTICATED);
    if (w->later)
        w->waiting = s;
    else
        imap_done(s, "OK", c->verb == IMAP_SELECT ? "READ-WRITE" : NULL, "done");
}

static void idle(void *ctx, struct imap *s, bool on)
{
    struct world *w = ctx;
    w->idles++;
    buf_addz(imap_answers(s), on ? "* 1 EXISTS\r\n" : "");
}

static void leave(void *ctx, struct imap *s)
{
    struct world *w = ctx;
    (void)s;
    w->leaves++;
}

static void end(void *ctx, struct imap *s)
{
    struct world *w = ctx;
    (void)s;
    w->ends++;
}

static const struct imap_ops ops = {.capabilities = "UIDPLUS",
                                    .enables =
                                        IMAP_ENABLED_CONDSTORE | IMAP_ENABLED_QRESYNC | IMAP_ENABLED_UTF8,
                                    .login = login,
                                    .command = command,
                                    .idle = idle,
                                    .leave = leave,
                                    .end = end};

static struct imap_bounds bounds(int plain_password)
{
    const struct imap_limits small = {
        .line = 500, .literal = 100, .literals = 5, .memory = 1000, .skip = 1000, .depth = 10, .items = 100};
    const struct imap_limits large = {.line = 5000,
                                      .literal = 5000,
                                      .literals = 5,
                                      .memory = 20000,
                                      .skip = 10000,
                                      .depth = 10,
                                      .items = 100};
    return (struct imap_bounds){.before = small,
                                .after = large,
                                .arena = 1 << 20,
                                .out = 1 << 20,
                                .errors = 4,
                                .attempts = 3,
                                .login_s = 60,
                                .idle_s = 1800,
                                .plain_password = plain_password};
}

static struct line_engine *begin(struct world *w, int plain_password, bool tls)
{
    struct imap_settings *settings;
    struct line_engine *e;
    const struct imap_bounds b = bounds(plain_password);
    const struct line_peer peer = {.address = {.bits = 32, .bytes = {192, 0, 2, 1}}};
    assert_ok(imap_settings_make(&b, STR("mail.test"), tls, &settings));
    assert_ok(imap_new(settings, &ops, w, &peer, &e));
    imap_settings_unref(settings);
    e->ops->start(e);
    return e;
}

static void say(struct line_engine *e, struct str text, size_t piece)
{
    SCOPED_BUF(in, 1 << 20);
    while (text.n) {
        buf_add(&in, str_slice(text, 0, piece));
        text = str_from(text, piece);
        struct str rest = buf_view(&in);
        line_feed(e, &rest);
        SCOPED_BUF(left, 1 << 20);
        buf_add(&left, rest);
        buf_clear(&in);
        buf_add(&in, buf_view(&left));
    }
}

struct talk {
    const char *in, *out; /* out: behind the greeting */
};

static void check(const struct talk *talks, size_t count, int plain_password)
{
    for (size_t i = 0; i < count; i++)
        for (size_t piece = 1; piece < 300; piece = piece * 3 + 1) {
            struct world w = {0};
            struct line_engine *e = begin(&w, plain_password, true);
            buf_clear(&e->out);
            say(e, str_c(talks[i].in), piece);
            assert_str(buf_view(&e->out), talks[i].out);
            e->ops->free(e);
            assert_int_equal(w.ends, 1);
            assert_int_equal(w.idles % 2, 0);
        }
}

#define CAPS         "IMAP4rev1 LITERAL+ SASL-IR ID ENABLE NAMESPACE UNAUTHENTICATE COMPRESS=DEFLATE IDLE UIDPLUS"
#define IN           "a LOGIN joe secret\r\n"
#define WELCOME(tag) tag " OK [CAPABILITY " CAPS "] welcome\r\n"

static void test_before(void **state)
{
    (void)state;
    static const struct talk talks[] = {
        {"a CAPABILITY\r\n",
         "* CAPABILITY IMAP4rev1 LITERAL+ SASL-IR ID ENABLE STARTTLS AUTH=PLAIN AUTH=LOGIN\r\na OK done\r\n"},
        {"a NOOP\r\nb ID NIL\r\n", "a OK done\r\n* ID (\"name\" \"Scambio\")\r\nb OK done\r\n"},
        {"a LOGOUT\r\nb NOOP\r\n", "* BYE good-bye\r\na OK done\r\n"},
        {"a SELECT x\r\n", "a BAD this command needs a log-in before it\r\n"},
        {"\r\n", "* BAD a command begins with a tag\r\n"},
        {"a FOO\r\n", "a BAD this command is not known\r\n"},
        {IN, WELCOME("a")},
        {"a LOGIN {3}\r\njoe {6+}\r\nsecret\r\n", "+ go on\r\n" WELCOME("a")},
        {"a LOGIN {200}\r\nb NOOP\r\n", "a BAD the literal is too large\r\nb OK done\r\n"},
        {"a LOGIN joe {101+}\r\n", ""},
        {"a LOGIN joe {5000+}\r\n", ""},
        {"a AUTHENTICATE PLAIN AGpvZQBzZWNyZXQ=\r\n", WELCOME("a")},
        {"a AUTHENTICATE plain\r\nAGpvZQBzZWNyZXQ=\r\nb NOOP\r\n",
         "+ \r\n" WELCOME("a") "* DID NOOP\r\nb OK done\r\n"},
        {"a AUTHENTICATE LOGIN\r\nam9l\r\nc2VjcmV0\r\n", "+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n" WELCOME("a")},
        {"a AUTHENTICATE PLAIN\r\n*\r\nb NOOP\r\n", "+ \r\na BAD the log-in was cancelled\r\nb OK done\r\n"},
        {"a AUTHENTICATE PLAIN\r\n!\r\n", "+ \r\na BAD this is no answer of the mechanism in base64\r\n"},
        {"a AUTHENTICATE FOO\r\n", "a NO [CANNOT] this mechanism is not known here\r\n"},
        {"a LOGIN joe x\r\nb LOGIN joe x\r\nc AUTHENTICATE PLAIN AGpvZQB4\r\nd NOOP\r\n",
         "a NO [AUTHENTICATIONFAILED] no\r\nb NO [AUTHENTICATIONFAILED] no\r\nc NO [AUTHENTICATIONFAILED] "
         "no\r\n"
         "* BYE too many failed log-ins; good-bye\r\n"},
        {"a X\r\nb X\r\nc X\r\nd X\r\ne X\r\n",
         "a BAD this command is not known\r\nb BAD this command is not known\r\nc BAD this command is not "
         "known\r\n"
         "d BAD this command is not known\r\n* BYE too many errors; good-bye\r\n"},
        {"a LOGIN \"\xff\" x\r\n", "a NO [AUTHENTICATIONFAILED] name and password are UTF-8\r\n"},
    };
    check(talks, COUNT_OF(talks), 2);
}

static void test_plain(void **state)
{
    (void)state;
    static const struct talk talks[] = {
        {"a CAPABILITY\r\n",
         "* CAPABILITY IMAP4rev1 LITERAL+ SASL-IR ID ENABLE STARTTLS LOGINDISABLED\r\na OK done\r\n"},
        {IN, "a NO [PRIVACYREQUIRED] passwords are taken over TLS only: say STARTTLS first\r\n"},
        {"a AUTHENTICATE PLAIN =\r\n",
         "a NO [PRIVACYREQUIRED] passwords are taken over TLS only: say STARTTLS first\r\n"},
        {"a STARTTLS\r\n", "a OK begin TLS now\r\n"},
    };
    check(talks, COUNT_OF(talks), 1);
}

static void test_behind(void **state)
{
    (void)state;
    static const struct talk talks[] = {
        {IN "b LOGIN joe secret\r\nc STARTTLS\r\n",
         WELCOME("a") "b BAD this command is for before the log-in\r\nc BAD this command is for before the "
                      "log-in\r\n"},
        {IN "b FETCH 1 UID\r\nc SELECT x\r\nd FETCH 1 UID\r\ne CLOSE\r\nf FETCH 1 UID\r\n",
         WELCOME(
             "a") "b BAD this command needs a selected mailbox\r\n* DID SELECT\r\nc OK [READ-WRITE] done\r\n"
                  "* DID FETCH\r\nd OK done\r\n* DID CLOSE\r\ne OK done\r\nf BAD this command needs a "
                  "selected mailbox\r\n"},
        {IN "b ENABLE FOO QRESYNC IMAP4rev2\r\nc ENABLE QRESYNC CONDSTORE\r\n",
         WELCOME("a") "* ENABLED QRESYNC\r\nb OK done\r\n* ENABLED\r\nc OK done\r\n"},
        {IN "b DELETE \"caff\xc3\xa8\"\r\nc ENABLE UTF8=ACCEPT\r\nd DELETE \"caff\xc3\xa8\"\r\n",
         WELCOME("a") "b NO [CANNOT] the name of a mailbox is no modified UTF-7\r\n* ENABLED "
                      "UTF8=ACCEPT\r\nc OK done\r\n"
                      "* DID DELETE\r\nd OK done\r\n"},
        {IN "b NAMESPACE\r\n", WELCOME("a") "* NAMESPACE ((\"\" \"/\")) ((\"Other Users/\" \"/\")) "
                                            "((\"Shared/\" \"/\"))\r\nb OK done\r\n"},
        {IN "b IDLE\r\nDONE\r\nc NOOP\r\n",
         WELCOME("a") "+ idling\r\n* 1 EXISTS\r\nb OK done\r\n* DID NOOP\r\nc OK done\r\n"},
        {IN "b IDLE\r\nc NOOP\r\nd NOOP\r\n",
         WELCOME("a") "+ idling\r\n* 1 EXISTS\r\nb BAD IDLE ends with DONE\r\n* DID NOOP\r\nd OK done\r\n"},
        {IN "b IDLE\r\n", WELCOME("a") "+ idling\r\n* 1 EXISTS\r\n"},
        {IN "b IDLE\r\nx\ry\r\n",
         WELCOME("a") "+ idling\r\n* 1 EXISTS\r\nb BAD a CR stands alone in the command\r\n"},
        {IN "b SELECT x\r\nc UNAUTHENTICATE\r\nd CHECK\r\ne LOGIN joe secret\r\n",
         WELCOME("a") "* DID SELECT\r\nb OK [READ-WRITE] done\r\nc OK done\r\nd BAD this command needs a "
                      "log-in before it\r\n" WELCOME("e")},
        {IN "b APPEND x {300}\r\n", WELCOME("a") "+ go on\r\n"}, /* more than before the log-in */
        {IN "b LOGOUT\r\n", WELCOME("a") "* BYE good-bye\r\nb OK done\r\n"},
    };
    check(talks, COUNT_OF(talks), 2);
}

/* While an op is under way nothing is taken; then the session goes on where it was. */
static void test_later(void **state)
{
    (void)state;
    struct world w = {.later = true};
    struct line_engine *e = begin(&w, 2, false);
    buf_clear(&e->out);
    struct str in = STR("a LOGIN joe secret\r\nb NOOP\r\n");
    line_feed(e, &in);
    assert_str(in, "b NOOP\r\n");
    assert_true(e->wants & LINE_WANT_RESUME);
    imap_done(w.waiting, "OK", NULL, "welcome");
    assert_false(e->wants & LINE_WANT_RESUME);
    assert_int_equal(e->wait_s, 1800);
    imap_done(w.waiting, "OK", NULL, "twice"); /* nobody waits */
    buf_clear(&e->out);
    line_feed(e, &in);
    e->ops->event(e, LINE_DRAIN); /* what is in hand is ended */
    assert_false(e->wants & LINE_WANT_CLOSE);
    imap_done(w.waiting, "OK", NULL, "done");
    assert_true(e->wants & LINE_WANT_CLOSE);
    assert_str(buf_view(&e->out),
               "* DID NOOP\r\nb OK done\r\n* BYE this server is going down; come back in a moment\r\n");
    e->ops->free(e);
}

/* What comes behind COMPRESS is of another stream: it waits for the connection. */
static void test_compress(void **state)
{
    (void)state;
    struct world w = {0};
    struct line_engine *e = begin(&w, 2, false);
    buf_clear(&e->out);
    struct str in = STR(IN "b COMPRESS LZMA\r\nc COMPRESS DEFLATE\r\nd COMPRESS DEFLATE\r\n");
    line_feed(e, &in);
    assert_str(buf_view(&e->out), WELCOME("a") "b NO [CANNOT] DEFLATE is the only way to compress\r\n"
                                               "c OK DEFLATE begins now\r\n");
    assert_str(in, "d COMPRESS DEFLATE\r\n");
    assert_true(e->wants & LINE_WANT_DEFLATE);
    e->wants &= ~(unsigned)LINE_WANT_DEFLATE;
    e->ops->event(e, LINE_DEFLATED);
    buf_clear(&e->out);
    line_feed(e, &in);
    assert_str(buf_view(&e->out), "d NO [COMPRESSIONACTIVE] DEFLATE is active already\r\n");
    e->ops->free(e);
}

/* What came in the clear behind STARTTLS is forgotten, half a command too. */
static void test_tls(void **state)
{
    (void)state;
    static const struct line_tls tls = {"TLSv1.3", "x"};
    struct world w = {0};
    struct line_engine *e = begin(&w, 0, true);
    assert_str(buf_view(&e->out), "* OK [CAPABILITY IMAP4rev1 LITERAL+ SASL-IR ID ENABLE STARTTLS "
                                  "LOGINDISABLED] mail.test Scambio\r\n");
    struct str in = STR("a STARTTLS\r\nb NOOP\r\nc NO");
    line_feed(e, &in);
    assert_int_equal(in.n, 0);
    assert_true(e->wants & LINE_WANT_TLS);
    e->wants &= ~(unsigned)LINE_WANT_TLS;
    e->tls = &tls;
    e->ops->event(e, LINE_SECURED);
    buf_clear(&e->out);
    in = STR("d CAPABILITY\r\ne STARTTLS\r\nf LOGIN joe secret\r\n");
    line_feed(e, &in);
    assert_str(buf_view(&e->out),
               "* CAPABILITY IMAP4rev1 LITERAL+ SASL-IR ID ENABLE AUTH=PLAIN AUTH=LOGIN\r\nd OK done\r\n"
               "e BAD TLS is there already\r\n" WELCOME("f"));
    e->ops->event(e, LINE_LATE);
    assert_true(e->wants & LINE_WANT_CLOSE);
    e->ops->free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before), cmocka_unit_test(test_plain), cmocka_unit_test(test_behind),
        cmocka_unit_test(test_later),  cmocka_unit_test(test_tls),   cmocka_unit_test(test_compress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
