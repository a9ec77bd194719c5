/* tests/unit/test_smtp.c: the SMTP engine: transcripts, cut everywhere; smuggling; times, bounds and trace fields. */
#include "core/clock.h"
#include "tests/unit/smtp_play.h"

#include <glob.h>

/* ---- transcripts ---- */
static void play_all_ways(const char *name, const struct play *p)
{
    struct played got;
    static const size_t pieces[] = {SIZE_MAX / 2, 1, 7, 4096};
    for (size_t i = 0; i < COUNT_OF(pieces); i++)
        for (int later = 0; later < 2; later++) {
            play_run(p, SIZE_MAX, pieces[i], later, &got);
            play_check(name, p, &got);
            played_free(&got);
        }
    for (size_t cut = 1; cut < p->client[0].n && p->client[0].n < 5000; cut++) {
        play_run(p, cut, SIZE_MAX / 2, cut & 1, &got);
        play_check(name, p, &got);
        played_free(&got);
    }
}

static void test_transcripts(void **state)
{
    (void)state;
    glob_t found;
    assert_int_equal(glob("tests/transcripts/smtp/*.txt", 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 10);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct play p = play_read(found.gl_pathv[i]);
        play_all_ways(found.gl_pathv[i], &p);
        play_free(&p);
    }
    globfree(&found);
}

static void test_transcripts_can_fail(void **state)
{
    (void)state;
    struct play p = play_new();
    struct played got;
    play_line(&p, STR("C: QUIT"));
    play_run(&p, SIZE_MAX, 1, false, &got);
    assert_true(got.closed);
    assert_str(buf_view(&got.server), "220 mx.example.test ESMTP Scambio\r\n221 2.0.0 good-bye\r\n");
    played_free(&got);
    play_free(&p);
}

/* ---- smuggling: none of these ends the text, whoever sends it, and however bare line ends are treated ---- */
static const char *const fakes[] = {"\\n.\\n",
                                    "\\n.\\r\\n",
                                    "\\r.\\r\\n",
                                    "\\r\\n.\\n",
                                    "\\r.\\r",
                                    "\\r\\n.\\r",
                                    "\\n.\\r",
                                    "\\r.\\n",
                                    "\\r\\n\\0.\\r\\n",
                                    "\\r\\n.\\r\\r\\n",
                                    "\\r\\r\\n.\\r\\r\\n",
                                    "\\n\\n.\\r\\n",
                                    "\\r\\n.\\0\\r\\n",
                                    "\\r\\n.\\x85\\r\\n"};

static void smuggle(const char *fake, const char *role, const char *hello, bool refuse)
{
    struct play p = play_new();
    struct played got;
    play_set(&p, STR("role"), str_c(role));
    p.limits.refuse_bare = refuse;
    SCOPED_BUF(text, 1000);
    buf_addf(&text, "c: %s x\\r\\nMAIL FROM:<a@x>\\r\\nRCPT TO:<b@x>\\r\\nDATA\\r\\none%s", hello, fake);
    buf_addz(&text,
             "MAIL FROM:<evil@x>\\r\\nRCPT TO:<you@x>\\r\\nDATA\\r\\ntwo\\r\\n.\\r\\nNOOP\\r\\nQUIT\\r\\n");
    play_line(&p, buf_view(&text));
    for (size_t cut = 1; cut < p.client[0].n; cut++) {
        play_run(&p, cut, SIZE_MAX / 2, cut & 1, &got);
        assert_true(str_ends(buf_view(&got.server), STR("250 2.0.0 OK\r\n221 2.0.0 good-bye\r\n")));
        size_t lines = 0, mails = 0;
        for (size_t i = 0; i < got.taken.n; i++)
            mails += got.taken.p[i] == '\n';
        for (size_t i = 0; i < got.server.n; i++)
            lines += got.server.p[i] == '\n';
        assert_true(mails <= 1 && (!mails || str_starts(buf_view(&got.taken), STR("a@x|b@x|one"))));
        assert_true(mails == 1 ||
                    (refuse && str_find(buf_view(&got.server), STR("554 5.6.0"), 0) != SIZE_MAX));
        assert_int_equal(lines, 1 + 10 + 6);
        played_free(&got);
    }
    play_free(&p);
}

static void test_smuggling(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(fakes); i++)
        for (int refuse = 0; refuse < 2; refuse++) {
            smuggle(fakes[i], "mx", "EHLO", refuse);
            smuggle(fakes[i], "lmtp", "LHLO", refuse);
        }
}

/* ---- what only a connection can do ---- */
struct rig {
    struct play play;
    struct played got;
    struct line_engine *e;
};

static void rig_up(struct rig *r, const char *address)
{
    struct smtp_settings *settings;
    struct line_peer peer = {0};
    net_parse(str_c(address), &peer.address);
    r->got = (struct played){
        .server = BUF_INIT(PLAY_BYTES), .taken = BUF_INIT(PLAY_BYTES), .head = BUF_INIT(64 * 1024)};
    assert_ok(smtp_settings_make(&r->play.limits, r->play.role, STR("mx.example.test"), NULL, r->play.tls,
                                 &settings));
    assert_ok(smtp_new(settings, &play_ops, &r->got, &peer, &r->e));
    smtp_settings_unref(settings);
    r->e->ops->start(r->e);
}

static void rig_down(struct rig *r)
{
    r->e->ops->free(r->e);
    played_free(&r->got);
    play_free(&r->play);
}

static void say(struct rig *r, const char *text)
{
    struct str in = str_c(text);
    line_feed(r->e, &in);
}

static void expect(struct rig *r, const char *wanted)
{
    assert_str(buf_view(&r->e->out), wanted);
    buf_clear(&r->e->out);
}

static void test_greeting_waits(void **state)
{
    (void)state;
    struct rig r = {.play = play_new()};
    r.play.limits.greet_ms = 2000;
    rig_up(&r, "192.0.2.1");
    assert_int_equal(r.e->wants, LINE_WANT_PAUSE | LINE_WANT_EARLY);
    assert_int_equal(r.e->pause_ms, 2000);
    expect(&r, "");
    r.e->wants = 0;
    r.e->ops->event(r.e, LINE_CONTINUE);
    expect(&r, "220 mx.example.test ESMTP Scambio\r\n");
    rig_down(&r);

    r.play = play_new();
    r.play.limits.greet_ms = 2000;
    rig_up(&r, "192.0.2.1");
    r.e->wants = 0;
    r.e->ops->event(r.e, LINE_EARLY);
    expect(&r, "554 5.5.1 wait for the greeting; good-bye\r\n");
    assert_int_equal(r.e->wants, LINE_WANT_CLOSE);
    rig_down(&r);

    r.play = play_new();
    r.play.limits.greet_ms = 2000;
    rig_up(&r, "127.0.0.1");
    expect(&r, "220 mx.example.test ESMTP Scambio\r\n");
    rig_down(&r);
}

static void test_tarpit(void **state)
{
    (void)state;
    struct rig r = {.play = play_new()};
    r.play.limits.errors = 4;
    r.play.limits.tarpit_ms = 1500;
    rig_up(&r, "192.0.2.1");
    say(&r, "X\r\n");
    assert_int_equal(r.e->wants, 0);
    buf_clear(&r.e->out);
    say(&r, "X\r\nNOOP\r\n");
    assert_int_equal(r.e->wants, LINE_WANT_PAUSE);
    assert_int_equal(r.e->pause_ms, 1500);
    expect(&r, "500 5.5.1 this command is not known here\r\n"); /* and the NOOP waits */
    rig_down(&r);
}

static void test_late_and_drain(void **state)
{
    (void)state;
    struct rig r = {.play = play_new()};
    rig_up(&r, "192.0.2.1");
    buf_clear(&r.e->out);
    assert_int_equal(r.e->wait_s, 300);
    r.e->ops->event(r.e, LINE_LATE);
    expect(&r, "421 4.4.2 nothing came for too long; good-bye\r\n");
    assert_int_equal(r.e->wants, LINE_WANT_CLOSE);
    rig_down(&r);

    r.play = play_new();
    rig_up(&r, "192.0.2.1");
    say(&r, "EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n");
    assert_int_equal(r.e->wait_s, 180);
    buf_clear(&r.e->out);
    r.e->ops->event(r.e, LINE_DRAIN); /* what is in hand is brought to its end */
    assert_int_equal(r.e->wants, 0);
    say(&r, "hello\r\n.\r\n");
    assert_true(str_starts(buf_view(&r.e->out), STR("250 2.0.0 accepted as ")));
    assert_true(
        str_ends(buf_view(&r.e->out), STR("421 4.3.2 this server is going down; try again in a moment\r\n")));
    assert_int_equal(r.e->wants, LINE_WANT_CLOSE);
    rig_down(&r);
}

/* A byte now and then is no turn: only commands and 16K of a text are. */
static void test_turns(void **state)
{
    (void)state;
    struct rig r = {.play = play_new()};
    rig_up(&r, "192.0.2.1");
    uint32_t turn = r.e->turn;
    say(&r, "EHLO");
    assert_int_equal(r.e->turn, turn);
    say(&r, "EHLO x\r\n");
    assert_int_not_equal(r.e->turn, turn);
    say(&r, "MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n");
    turn = r.e->turn;
    for (int i = 0; i < 1000; i++)
        say(&r, "0123456789abcd\r\n");
    assert_int_equal(r.e->turn, turn);
    for (int i = 0; i < 30; i++)
        say(&r, "0123456789abcd\r\n");
    assert_int_equal(r.e->turn, turn + 1);
    rig_down(&r);
}

/* A client that reads nothing fills no memory. */
static void test_output_is_bounded(void **state)
{
    (void)state;
    struct rig r = {.play = play_new()};
    SCOPED_BUF(flood, 1 << 20);
    r.play.limits.commands = 1000000;
    rig_up(&r, "192.0.2.1");
    while (flood.n < 600000)
        buf_addz(&flood, "HELP\r\n");
    struct str in = buf_view(&flood);
    line_feed(r.e, &in);
    assert_true(in.n > 0 && r.e->out.n < LINE_OUT_HIGH + 4096);
    buf_clear(&r.e->out);
    size_t left = in.n;
    line_feed(r.e, &in);
    assert_true(in.n < left);
    rig_down(&r);
}

static void test_disk_full(void **state)
{
    (void)state;
    struct rig r = {.play = play_new()};
    r.play.limits.memory = 4096;
    rig_up(&r, "192.0.2.1"); /* without a folder: what passes the memory has no place */
    say(&r, "EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n");
    buf_clear(&r.e->out);
    for (int i = 0; i < 1000; i++)
        say(&r, "0123456789abcd\r\n");
    say(&r, ".\r\n");
    expect(&r, "452 4.3.1 there is no room for it just now\r\n");
    say(&r, "MAIL FROM:<a@x>\r\n");
    expect(&r, "250 2.1.0 OK\r\n");
    assert_int_equal(r.got.taken.n, 0);
    rig_down(&r);
}

/* ---- trace fields ---- */
static void test_received(void **state)
{
    (void)state;
    static const struct line_tls tls = {"TLSv1.3", "TLS_AES_128_GCM_SHA256"};
    struct line_peer peer = {0};
    const struct smtp_path to = {STR_INIT("b c"), STR_INIT("x.test")};
    struct smtp_trace t = {.hostname = STR_INIT("mx.test"),
                           .helo = STR_INIT("client.test"),
                           .peer = &peer,
                           .tls = &tls,
                           .protocol = "ESMTPS",
                           .id = 0xabc,
                           .recipient = &to,
                           .now = 1795512600};
    SCOPED_BUF(out, 10000);
    assert_true(net_parse(STR("2001:db8::1"), &peer.address));
    smtp_trace_received(&out, &t);
    assert_str(buf_view(&out), "Received: from client.test ([IPv6:2001:db8::1])\r\n"
                               "\t(using TLSv1.3 with cipher TLS_AES_128_GCM_SHA256)\r\n"
                               "\tby mx.test with ESMTPS id 0000000000000abc\r\n"
                               "\tfor <\"b c\"@x.test>;\r\n\tTue, 24 Nov 2026 09:30:00 +0000\r\n");
    buf_clear(&out);
    smtp_trace_prefix(&out, &(struct smtp_path){STR(""), STR("")}, &to);
    assert_str(buf_view(&out), "Return-Path: <>\r\nDelivered-To: \"b c\"@x.test\r\n");
    static const struct {
        struct smtp_manner manner;
        const char *name;
    } names[] = {
        {{false, false, false, false, false}, "SMTP"}, {{false, true, false, false, false}, "ESMTP"},
        {{false, true, true, true, false}, "ESMTPSA"}, {{true, true, false, false, false}, "LMTP"},
        {{true, true, true, false, false}, "LMTPS"},   {{false, true, true, false, true}, "UTF8SMTPS"},
        {{true, true, false, false, true}, "UTF8LMTP"}};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        buf_clear(&out);
        smtp_protocol(&out, names[i].manner);
        assert_str(buf_view(&out), names[i].name);
    }
}

static void test_scan(void **state)
{
    (void)state;
    enum { D = SMTP_FIELD_DATE, M = SMTP_FIELD_MESSAGE_ID, F = SMTP_FIELD_FROM, R = SMTP_FIELD_RECEIVED };
    static const struct {
        const char *text;
        unsigned seen, received;
        bool no_header;
    } cases[] = {
        {"", 0, 0, false},
        {"\r\nDate: x\r\n", 0, 0, false},
        {"Date: x\r\n\r\nFrom: y\r\n", D, 0, false},
        {"date : x\r\nMESSAGE-ID:\r\n <a>\r\n From: no\r\nFrom: y\r\n", D | M | F, 0, false},
        {"Received: a\r\nReceived: b\r\n\tReceived: c\r\nReceived:d\r\n", R, 3, false},
        {"Hello\r\nDate: x\r\n", 0, 0, true},
        {"Hello world: x\r\nDate: x\r\n", 0, 0, true},
        {" Date: x\r\n", 0, 0, true},
        {": x\r\n", 0, 0, true},
        {"X-A-very-long-name-of-a-field-indeed-Date: x\r\nDate: x\r\n", D, 0, false},
        {"Dat: x\r\nDates: x\r\nX: y\r\nno field\r\nDate: x\r\n", 0, 0, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (size_t piece = 1; piece < 40; piece++) {
            struct smtp_scan scan = {0};
            struct str text = str_c(cases[i].text);
            for (size_t at = 0; at < text.n; at += piece)
                smtp_scan(&scan, str_slice(text, at, piece));
            assert_int_equal(scan.seen, cases[i].seen);
            assert_int_equal(scan.received, cases[i].received);
            assert_int_equal(scan.no_header, cases[i].no_header);
        }
}

static void head_of(struct rig *r, const char *text)
{
    say(r, "EHLO c.test\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\n");
    say(r, "RCPT TO:<c@x>\r\nDATA\r\n");
    say(r, text);
    say(r, "\r\n.\r\n");
}

/* What a submitted message lacks is added; what it has is left alone. */
static void test_submission_completes(void **state)
{
    (void)state;
    struct rig r = {.play = play_new()};
    r.play.role = SMTP_ROLE_SUBMISSION;
    r.play.limits.plain_password = 2;
    clock_set(1795512600);
    rig_up(&r, "192.0.2.1");
    head_of(&r, "From: a@x\r\n\r\nhello");
    struct str head = buf_view(&r.got.head);
    assert_true(
        str_starts(head, STR("Received: from c.test ([192.0.2.1])\r\n\tby mx.example.test with ESMTPA id ")));
    assert_true(str_find(head,
                         STR(";\r\n\tTue, 24 Nov 2026 09:30:00 +0000\r\nDate: Tue, 24 Nov 2026 09:30:00 "
                             "+0000\r\nMessage-ID: <"),
                         0) != SIZE_MAX);
    assert_true(str_ends(head, STR("@mx.example.test>\r\n")));
    assert_int_equal(str_find(head, STR("for <"), 0),
                     SIZE_MAX); /* two recipients need not know of each other */
    say(&r, "RSET\r\n");
    say(&r, "MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nDate: x\r\nMessage-Id: <y>\r\n\r\n.\r\n");
    head = buf_view(&r.got.head);
    assert_true(str_ends(head, STR("\tfor <b@x>;\r\n\tTue, 24 Nov 2026 09:30:00 +0000\r\n")));
    say(&r, "MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\njust a text\r\n.\r\n");
    assert_true(str_ends(buf_view(&r.got.head), STR("@mx.example.test>\r\n\r\n")));
    clock_set(0);
    rig_down(&r);
}

static void test_limits_from_configuration(void **state)
{
    (void)state;
    struct conf *conf;
    struct smtp_limits l;
    SCOPED_BUF(why, 1000);
    assert_ok(conf_parse(
        STR("[server]\nhostname = mx.test\ndata = /tmp/x\n[limits]\nmessage_size = 1M\nsmtp_errors = 7\n"
            "[smtp]\nbare_newline = refuse\ntarpit = 3s\n"),
        "x", &conf, &why));
    smtp_limits_from(conf, &l);
    assert_int_equal(l.size, 1 << 20);
    assert_int_equal(l.errors, 7);
    assert_int_equal(l.memory, 128 * 1024);
    assert_int_equal(l.tarpit_ms, 3000);
    assert_int_equal(l.greet_ms, 2000);
    assert_true(l.refuse_bare);
    assert_int_equal(l.plain_password, 1);
    conf_unref(conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transcripts),
        cmocka_unit_test(test_transcripts_can_fail),
        cmocka_unit_test(test_smuggling),
        cmocka_unit_test(test_greeting_waits),
        cmocka_unit_test(test_tarpit),
        cmocka_unit_test(test_late_and_drain),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_output_is_bounded),
        cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_received),
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_submission_completes),
        cmocka_unit_test(test_limits_from_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
