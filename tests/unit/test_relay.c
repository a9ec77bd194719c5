/* tests/unit/test_relay.c: conversations of the SMTP client with servers of all kinds, whole and byte by byte. */
#include "mailcore/relay/relay.h"
#include "tests/unit/test.h"

#include <stdio.h>

enum { RECIPIENTS = 3 };

struct letter {
    struct mail mail;
    struct mail_recipient recipients[RECIPIENTS];
    const char *text;
    size_t at, piece;
    bool unreadable;
    char results[512];
    int done;
};

static struct str next_piece(struct mail *m)
{
    struct letter *l = CONTAINER_OF(m, struct letter, mail);
    struct str text = str_c(l->text), piece = str_slice(text, l->at, l->piece);
    if (l->unreadable && l->at)
        return STR_NONE;
    l->at += piece.n;
    return piece.n ? piece : STR("");
}

static void take_result(struct mail *m, size_t n, const struct mail_result *r)
{
    static const char *const outcomes[] = {"sent", "later", "refused"};
    struct letter *l = CONTAINER_OF(m, struct letter, mail);
    size_t used = strlen(l->results);
    assert_false(l->done);
    snprintf(l->results + used, sizeof l->results - used, "%zu %s %s%s%s; ", n, outcomes[r->outcome],
             r->status, r->remote ? " remote" : "", r->dsn ? " dsn" : "");
}

static void take_done(struct mail *m)
{
    CONTAINER_OF(m, struct letter, mail)->done++;
}

struct played { /* one conversation */
    struct relay_config config;
    const char *server; /* what it says: one line for each of our turns; "\n" ends a turn */
    const char *client; /* what we say */
    const char *results;
    enum relay_state state;
    const char *sender;
    const char *to[RECIPIENTS];
    const char *text;
    unsigned needs;
    uint64_t size;
    bool unreadable, ret_full, secured_by_handshake;
    const char *envid, *orcpt;
    unsigned notify;
    const char *why;
};

static void write_letter(struct letter *l, const struct played *p, size_t piece)
{
    *l = (struct letter){
        .text = p->text ? p->text : "Subject: x\r\n\r\n.y\r\n", .piece = piece, .unreadable = p->unreadable};
    l->mail = (struct mail){.sender = str_c(p->sender ? p->sender : "a@x.test"),
                            .needs = p->needs,
                            .size = p->size ? p->size : strlen(l->text),
                            .ret_full = p->ret_full,
                            .envid = str_c(p->envid),
                            .recipients = l->recipients,
                            .next = next_piece,
                            .result = take_result,
                            .done = take_done};
    for (size_t i = 0; i < RECIPIENTS && (p->to[i] || !i); i++)
        l->recipients[l->mail.count++] = (struct mail_recipient){
            .path = str_c(p->to[i] ? p->to[i] : "b@y.test"), .orcpt = str_c(p->orcpt), .notify = p->notify};
}

/* Does what the event asks for, until the engine waits. */
static enum relay_event obey(struct relay *c, enum relay_event event, struct letter *l, struct buf *out)
{
    for (bool sent = false; event != RELAY_READ && event != RELAY_CLOSED;) {
        if (event == RELAY_TLS) {
            buf_addz(out, "<TLS>\r\n");
            event = relay_secured(c, out);
        } else if (event == RELAY_PULL) {
            event = relay_push(c, 10, out);
        } else if (!l->done && !sent) {
            event = relay_send(c, &l->mail, out);
            sent = true;
        } else {
            relay_quit(c, out);
            return RELAY_READ;
        }
    }
    return event;
}

static void play_in_pieces(const struct played *p, size_t piece)
{
    struct relay c;
    struct letter l;
    SCOPED_BUF(out, 1 << 16);
    write_letter(&l, p, piece);
    relay_init(&c, &p->config);
    struct str rest = str_c(p->server);
    enum relay_event event = RELAY_READ;
    while (rest.n && event != RELAY_CLOSED) {
        size_t line = str_chr(rest, '\n', 0) + 1; /* a server speaks in turn */
        struct str in = str_slice(rest, 0, piece < line ? piece : line);
        rest = str_from(rest, in.n);
        event = obey(&c, relay_read(&c, in, &out), &l, &out);
    }
    if (event != RELAY_CLOSED && c.state != RELAY_QUIT)
        relay_lost(&c, STR("the connection broke"));
    assert_string_equal(buf_c(&out), p->client);
    assert_string_equal(l.results, p->results);
    assert_int_equal(l.done, p->results[0] ? 1 : 0);
    assert_int_equal(c.state, p->state);
    if (p->why && !strstr(c.why, p->why))
        fail_msg("\"%s\" is not in \"%s\"", p->why, c.why);
    relay_free(&c);
}

static void play(const struct played *p)
{
    play_in_pieces(p, 1 << 16);
    play_in_pieces(p, 1);
    play_in_pieces(p, 7);
}

#define CONFIG .config = {.hostname = STR("h")}
#define GREET  "220 hi\r\n250 x\r\n"

static void test_plain(void **state)
{
    (void)state;
    play(&(struct played){CONFIG,
                          .server = GREET "250 ok\r\n250 ok\r\n354 go\r\n250 2.0.0 taken\r\n221 bye\r\n",
                          .client = "EHLO h\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n"
                                    "Subject: x\r\n\r\n..y\r\n.\r\nQUIT\r\n",
                          .results = "0 sent 2.0.0 remote; ", .state = RELAY_OVER});
    /* a server that knows HELO only, and the null path */
    play(&(struct played){
        CONFIG,
        .server = "220-hi\r\n220 there\r\n502 what\r\n250 x\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n",
        .client = "EHLO h\r\nHELO h\r\nMAIL FROM:<>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n"
                  "Subject: x\r\n\r\n..y\r\n.\r\nQUIT\r\n",
        .results = "0 sent 2.0.0 remote; ", .sender = "", .state = RELAY_QUIT});
}

static void test_refused(void **state)
{
    (void)state;
    /* one of two; the other goes on */
    play(&(struct played){
        CONFIG, .server = GREET "250 ok\r\n550 5.1.1 who\r\n250 ok\r\n354 go\r\n451 4.3.0 no\r\n",
        .client = "EHLO h\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nRCPT TO:<c@y.test>\r\n"
                  "DATA\r\nSubject: x\r\n\r\n..y\r\n.\r\nQUIT\r\n",
        .results = "0 refused 5.1.1 remote; 1 later 4.3.0 remote; ", .to = {"b@y.test", "c@y.test"},
        .state = RELAY_QUIT});
    /* the sender */
    play(&(struct played){CONFIG, .server = GREET "553 5.7.1 not you\r\n250 reset\r\n",
                          .client = "EHLO h\r\nMAIL FROM:<a@x.test>\r\nRSET\r\nQUIT\r\n",
                          .results = "0 refused 5.7.1 remote; ", .state = RELAY_QUIT});
    /* all of them */
    play(
        &(struct played){CONFIG, .server = GREET "250 ok\r\n450 later\r\n250 reset\r\n",
                         .client = "EHLO h\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nRSET\r\nQUIT\r\n",
                         .results = "0 later 4.0.0 remote; ", .state = RELAY_QUIT});
    /* DATA, by a status of another class than the code */
    play(&(struct played){
        CONFIG, .server = GREET "250 ok\r\n250 ok\r\n554 2.0.0 no\r\n250 reset\r\n",
        .client = "EHLO h\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\nRSET\r\nQUIT\r\n",
        .results = "0 refused 5.0.0 remote; ", .state = RELAY_QUIT});
}

#define PIPE "220 hi\r\n250-x\r\n250-PIPELINING\r\n250 SIZE 1000\r\n"

static void test_pipelined(void **state)
{
    (void)state;
    play(&(struct played){
        CONFIG, .server = PIPE "250 ok\r\n250 ok\r\n550 5.1.1 who\r\n354 go\r\n250 ok\r\n",
        .client = "EHLO h\r\nMAIL FROM:<a@x.test> SIZE=18\r\nRCPT TO:<b@y.test>\r\nRCPT TO:<c@y.test>\r\n"
                  "DATA\r\nSubject: x\r\n\r\n..y\r\n.\r\nQUIT\r\n",
        .results = "1 refused 5.1.1 remote; 0 sent 2.0.0 remote; ", .to = {"b@y.test", "c@y.test"},
        .state = RELAY_QUIT});
    /* nobody is left, and the server wants the text all the same */
    play(&(struct played){
        CONFIG, .server = PIPE "250 ok\r\n550 5.1.1 who\r\n354 go\r\n554 nobody\r\n",
        .client = "EHLO h\r\nMAIL FROM:<a@x.test> SIZE=18\r\nRCPT TO:<b@y.test>\r\nDATA\r\n.\r\nQUIT\r\n",
        .results = "0 refused 5.1.1 remote; ", .state = RELAY_QUIT});
    /* the sender is refused, and all that was sent with it */
    play(&(struct played){
        CONFIG, .server = PIPE "452 4.3.1 full\r\n503 order\r\n503 order\r\n250 reset\r\n",
        .client = "EHLO h\r\nMAIL FROM:<a@x.test> SIZE=18\r\nRCPT TO:<b@y.test>\r\nDATA\r\nRSET\r\nQUIT\r\n",
        .results = "0 later 4.3.1 remote; ", .state = RELAY_QUIT});
    /* too large to be tried */
    play(&(struct played){CONFIG, .server = PIPE, .client = "EHLO h\r\nQUIT\r\n",
                          .results = "0 refused 5.3.4; ", .size = 1001, .state = RELAY_QUIT});
}

/* Three replies that come together. */
static void test_together(void **state)
{
    (void)state;
    struct relay c;
    struct letter l;
    const struct relay_config config = {.hostname = STR("h")};
    const struct played p = {.text = "x\r\n"};
    SCOPED_BUF(out, 4096);
    write_letter(&l, &p, 100);
    relay_init(&c, &config);
    relay_read(&c, STR("220 hi\r\n"), &out);
    assert_int_equal(relay_read(&c, STR("250-x\r\n250 PIPELINING\r\n"), &out), RELAY_READY);
    assert_int_equal(relay_send(&c, &l.mail, &out), RELAY_READ);
    assert_int_equal(relay_read(&c, STR("250 ok\r\n250 ok\r\n354 go\r\n"), &out), RELAY_PULL);
    assert_int_equal(relay_push(&c, 100, &out), RELAY_READ);
    assert_int_equal(relay_read(&c, STR("250 ok\r\n"), &out), RELAY_READY);
    assert_string_equal(l.results, "0 sent 2.0.0 remote; ");
    relay_free(&c);
}

static void test_tls(void **state)
{
    (void)state;
    static const char offered[] = "220 hi\r\n250-x\r\n250 STARTTLS\r\n";
    char server[512];
    snprintf(server, sizeof server, "%s%s", offered,
             "220 go\r\n250 x\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n");
    struct played p = {
        .config = {.hostname = STR("h"), .tls = RELAY_TLS_OFFERED},
        .server = server,
        .client = "EHLO h\r\nSTARTTLS\r\n<TLS>\r\nEHLO h\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\n"
                  "DATA\r\nSubject: x\r\n\r\n..y\r\n.\r\nQUIT\r\n",
        .results = "0 sent 2.0.0 remote; ",
        .state = RELAY_QUIT};
    play_in_pieces(&p, 1); /* byte by byte: nothing stands behind the reply to STARTTLS */
    /* refused: goes on without, or does not */
    snprintf(server, sizeof server, "%s%s", offered, "454 no\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n");
    p.client = "EHLO h\r\nSTARTTLS\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\nSubject: "
               "x\r\n\r\n..y\r\n.\r\nQUIT\r\n";
    play(&p);
    p.config.tls = RELAY_TLS_ALWAYS;
    p.client = "EHLO h\r\nSTARTTLS\r\n";
    p.results = "";
    p.state = RELAY_OVER;
    p.why = "TLS is required, and the server refuses it: 454 no";
    play(&p);
    p.server = "220 hi\r\n250 x\r\n";
    p.client = "EHLO h\r\n";
    p.why = "TLS is required, and the server offers none";
    play(&p);
}

/* Replies that came in the clear behind the reply to STARTTLS are not taken for replies under TLS. */
static void test_tls_injection(void **state)
{
    (void)state;
    struct relay c;
    const struct relay_config config = {.hostname = STR("h"), .tls = RELAY_TLS_OFFERED};
    SCOPED_BUF(out, 4096);
    relay_init(&c, &config);
    relay_read(&c, STR("220 hi\r\n250-x\r\n250 STARTTLS\r\n"), &out);
    assert_int_equal(relay_read(&c, STR("220 go\r\n250-x\r\n250 8BITMIME\r\n"), &out), RELAY_TLS);
    assert_int_equal(relay_secured(&c, &out), RELAY_READ);
    assert_int_equal(c.state, RELAY_EHLO);
    assert_int_equal(relay_read(&c, STR("250 x\r\n"), &out), RELAY_READY);
    assert_int_equal(c.offers, 0);
    relay_free(&c);
}

static void test_auth(void **state)
{
    (void)state;
    struct played p = {
        .config = {.hostname = STR("h"), .secure = true, .user = STR("u"), .password = STR("p")},
        .server =
            "220 hi\r\n250-x\r\n250 AUTH LOGIN PLAIN\r\n235 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n",
        .client = "EHLO h\r\nAUTH PLAIN AHUAcA==\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\n"
                  "DATA\r\nSubject: x\r\n\r\n..y\r\n.\r\nQUIT\r\n",
        .results = "0 sent 2.0.0 remote; ",
        .state = RELAY_QUIT};
    play(&p);
    p.server = "220 hi\r\n250-x\r\n250 AUTH LOGIN\r\n334 VXNlcg==\r\n334 UGFzcw==\r\n535 5.7.8 no\r\n";
    p.client = "EHLO h\r\nAUTH LOGIN\r\ndQ==\r\ncA==\r\n";
    p.results = "";
    p.state = RELAY_OVER;
    p.why = "the log-in is refused: 535 5.7.8 no";
    play(&p);
    p.config.secure = false;
    p.server = "220 hi\r\n250-x\r\n250 AUTH PLAIN\r\n";
    p.client = "EHLO h\r\n";
    p.why = "not sent without TLS";
    play(&p);
}

static void test_lmtp(void **state)
{
    (void)state;
    play(&(struct played){
        .config = {.hostname = STR("h"), .lmtp = true},
        .server =
            "220 hi\r\n250-x\r\n250 PIPELINING\r\n250 ok\r\n250 ok\r\n550 5.1.1 who\r\n250 ok\r\n354 go\r\n"
            "250 2.1.5 b\r\n452 4.2.2 full\r\n",
        .client = "LHLO h\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nRCPT TO:<c@y.test>\r\n"
                  "RCPT TO:<d@y.test>\r\nDATA\r\nSubject: x\r\n\r\n..y\r\n.\r\nQUIT\r\n",
        .results = "1 refused 5.1.1 remote; 0 sent 2.1.5 remote; 2 later 4.2.2 remote; ",
        .to = {"b@y.test", "c@y.test", "d@y.test"},
        .state = RELAY_QUIT});
}

static void test_extensions(void **state)
{
    (void)state;
    static const char all[] =
        "220 hi\r\n250-x\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250-CHUNKING\r\n250 BINARYMIME\r\n";
    char server[512];
    snprintf(server, sizeof server, "%s%s", all, "250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n");
    play(&(struct played){
        CONFIG, .server = server,
        .client = "EHLO h\r\nMAIL FROM:<\303\250@x.test> BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=a+2Bb\r\n"
                  "RCPT TO:<b@y.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bc@y.test\r\n"
                  "DATA\r\nSubject: x\r\n\r\n..y\r\n.\r\nQUIT\r\n",
        .results = "0 sent 2.0.0 remote dsn; ", .sender = "\303\250@x.test", .needs = MAIL_8BIT,
        .ret_full = true, .envid = "a+b", .orcpt = "rfc822;b+c@y.test",
        .notify = NOTIFY_SUCCESS | NOTIFY_DELAY, .state = RELAY_QUIT});
    static const struct {
        unsigned needs;
        const char *results;
    } lacks[] = {{MAIL_UTF8, "0 refused 5.6.7; "},
                 {MAIL_BINARY, "0 refused 5.6.3; "},
                 {MAIL_8BIT, "0 refused 5.6.3; "},
                 {MAIL_REQUIRE_TLS, "0 refused 5.7.30; "}};
    for (size_t i = 0; i < COUNT_OF(lacks); i++)
        play(&(struct played){CONFIG, .server = GREET, .client = "EHLO h\r\nQUIT\r\n",
                              .results = lacks[i].results, .needs = lacks[i].needs, .state = RELAY_QUIT});
    play(&(struct played){CONFIG, .server = GREET, .client = "EHLO h\r\nQUIT\r\n",
                          .results = "0 refused 5.1.3; ", .to = {"b@y.test>\r\nRCPT TO:<c@y.test"},
                          .state = RELAY_QUIT});
}

static void test_chunks(void **state)
{
    (void)state;
    struct relay c;
    struct letter l;
    const struct relay_config config = {.hostname = STR("h")};
    const struct played p = {.text = "a\n.\r\n\0b", .needs = MAIL_BINARY};
    SCOPED_BUF(out, 4096);
    write_letter(&l, &p, 4);
    relay_init(&c, &config);
    relay_read(&c, STR("220 hi\r\n250-x\r\n250-CHUNKING\r\n250 BINARYMIME\r\n"), &out);
    relay_read(&c, STR(""), &out);
    buf_clear(&out);
    assert_int_equal(relay_send(&c, &l.mail, &out), RELAY_READ);
    relay_read(&c, STR("250 ok\r\n"), &out);
    assert_int_equal(relay_read(&c, STR("250 ok\r\n"), &out), RELAY_PULL);
    assert_int_equal(relay_push(&c, 1000, &out), RELAY_READ);
    assert_string_equal(buf_c(&out), "MAIL FROM:<a@x.test> BODY=BINARYMIME\r\nRCPT TO:<b@y.test>\r\n"
                                     "BDAT 4\r\na\n.\rBDAT 1\r\n\nBDAT 0 LAST\r\n");
    assert_int_equal(relay_read(&c, STR("250 4\r\n250 1\r\n"), &out), RELAY_READ);
    assert_string_equal(l.results, "");
    assert_int_equal(relay_read(&c, STR("250 2.6.0 all\r\n"), &out), RELAY_READY);
    assert_string_equal(l.results, "0 sent 2.6.0 remote; ");
    relay_free(&c);
}

static void test_broken(void **state)
{
    (void)state;
    static const struct {
        const char *server, *results, *why;
        bool unreadable;
    } cases[] = {
        {"554 no mail here\r\n", "", "takes no mail now: 554 no mail here", false},
        {"HTTP/1.1 400 Bad Request\r\n", "", "no reply of SMTP", false},
        {"220 hi\r\n250-x\r\n251 y\r\n", "", "no reply of SMTP", false},
        {GREET "250 ok\r\n421 4.3.2 stopping\r\n", "0 later 4.4.2; ", "closes the connection: 421", false},
        {GREET "250 ok\r\n250 ok\r\n354 go\r\n", "0 later 4.4.2; ", "connection broke", false},
        {GREET "250 ok\r\n250 ok\r\n354 go\r\n", "0 later 4.4.2; ", "cannot be read", true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct relay c;
        struct letter l;
        const struct relay_config config = {.hostname = STR("h")};
        const struct played p = {.unreadable = cases[i].unreadable};
        SCOPED_BUF(out, 4096);
        struct str rest = str_c(cases[i].server);
        enum relay_event event = RELAY_READ;
        write_letter(&l, &p, 5);
        relay_init(&c, &config);
        while (rest.n && event != RELAY_CLOSED) {
            size_t n = str_chr(rest, '\n', 0) + 1;
            event = obey(&c, relay_read(&c, str_slice(rest, 0, n), &out), &l, &out);
            rest = str_from(rest, n);
        }
        relay_lost(&c, STR("the connection broke"));
        assert_string_equal(l.results, cases[i].results);
        assert_int_equal(c.state, RELAY_OVER);
        if (!strstr(c.why, cases[i].why))
            fail_msg("%zu: \"%s\"", i, c.why);
        relay_free(&c);
    }
}

static void test_endless(void **state)
{
    (void)state;
    struct relay c;
    const struct relay_config config = {.hostname = STR("h")};
    SCOPED_BUF(out, 4096);
    relay_init(&c, &config);
    enum relay_event event = RELAY_READ;
    size_t lines = 0;
    for (; event == RELAY_READ && lines < 100000; lines++)
        event = relay_read(&c, STR("220-and more\r\n"), &out);
    assert_int_equal(event, RELAY_CLOSED);
    assert_true(lines <= RELAY_REPLY_LINES + 1);
    relay_free(&c);
    relay_init(&c, &config);
    size_t bytes = 0;
    for (event = RELAY_READ; event == RELAY_READ && bytes < 1000000; bytes++)
        event = relay_read(&c, STR("2"), &out);
    assert_int_equal(event, RELAY_CLOSED);
    assert_true(bytes <= RELAY_REPLY_LINE + 1);
    relay_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),         cmocka_unit_test(test_refused),
        cmocka_unit_test(test_pipelined),     cmocka_unit_test(test_tls),
        cmocka_unit_test(test_together),      cmocka_unit_test(test_auth),
        cmocka_unit_test(test_tls_injection), cmocka_unit_test(test_lmtp),
        cmocka_unit_test(test_chunks),        cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_broken),        cmocka_unit_test(test_endless)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
