/* tests/unit/test_imap_token.c: commands out of a stream, wherever it is cut. */
#include "mailcore/imap/token.h"
#include "tests/unit/test.h"

static const struct imap_limits limits = {
    .line = 200, .literal = 5000, .literals = 3, .memory = 6000, .stream = 100000, .skip = 10000};

enum policy { KEEP, STREAM, REFUSE };

/* What happens, a word an event: "<text>" a command, "+" a continuation, "!why" a fault, "#" the end; streamed bytes in []. */
static void run(struct str in, size_t piece, enum policy policy, bool minus, struct buf *log)
{
    struct imap_reader r;
    imap_reader_init(&r, &limits);
    r.minus = minus;
    bool open = false, going = true;
    while (going) {
        struct str part = str_slice(in, 0, piece);
        size_t had = part.n;
        for (enum imap_read e; (e = imap_read(&r, &part)) != IMAP_READ_MORE && going;) {
            if (open && e != IMAP_READ_DATA)
                buf_addc(log, ']');
            if (!open && e == IMAP_READ_DATA)
                buf_addc(log, '[');
            open = e == IMAP_READ_DATA;
            switch (e) {
            case IMAP_READ_LITERAL:
                if (policy == KEEP)
                    imap_read_keep(&r);
                else if (policy == STREAM)
                    imap_read_stream(&r);
                else
                    imap_read_refuse(&r, "no");
                buf_addz(log, imap_read_waits(&r) ? "+" : "");
                break;
            case IMAP_READ_DATA:
                buf_add(log, r.data);
                break;
            case IMAP_READ_COMMAND:
                buf_addf(log, "<%.*s>", STR_ARG(buf_view(&r.text)));
                imap_read_next(&r);
                break;
            case IMAP_READ_FAULT:
                buf_addf(log, "!%.*s:%s!", STR_ARG(imap_read_tag(&r)), r.why);
                imap_read_next(&r);
                break;
            case IMAP_READ_CLOSE:
                buf_addc(log, '#');
                going = false;
                break;
            case IMAP_READ_MORE:
            default:
                break;
            }
        }
        in = str_from(in, had - part.n);
        going &= in.n > 0;
    }
    imap_reader_free(&r);
}

static void expect(struct str in, enum policy policy, bool minus, const char *wanted)
{
    for (size_t piece = 1; piece <= in.n + 1; piece += piece < 40 ? 1 : 977) {
        SCOPED_BUF(log, 1 << 20);
        run(in, piece, policy, minus, &log);
        assert_str(buf_view(&log), wanted);
    }
}

static void test_commands(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        enum policy policy;
        const char *wanted;
    } cases[] = {
        {"a NOOP\r\n", KEEP, "<a NOOP>"},
        {"a NOOP\nb NOOP\r\n", KEEP, "<a NOOP><b NOOP>"},
        {"\r\n", KEEP, "<>"},
        {"a NOOP\r\nb", KEEP, "<a NOOP>"},
        {"a LOGIN {3}\r\njoe {2}\r\npw\r\n", KEEP, "++<a LOGIN {3}joe {2}pw>"},
        {"a LOGIN {3+}\r\njoe {0+}\r\n\r\n", KEEP, "<a LOGIN {3+}joe {0+}>"},
        {"a X ~{3+}\r\n{1}\r\n", KEEP, "<a X ~{3+}{1}>"},
        {"a X {2+}\r\n\r\n\r\n", KEEP, "<a X {2+}\r\n>"},
        {"a X \"{3}\"\r\n", KEEP, "<a X \"{3}\">"},
        {"a X {3} \r\n", KEEP, "<a X {3} >"},
        {"a X {3\r\n", KEEP, "<a X {3>"},
        {"a X {}\r\n", KEEP, "<a X {}>"},
        {"a X {+}\r\n", KEEP, "<a X {+}>"},
        {"a X {3-}\r\n", KEEP, "<a X {3-}>"},
        {"a X {3+}}\r\n", KEEP, "<a X {3+}}>"},
        {"a X {{1+}\r\nx\r\n", KEEP, "<a X {{1+}x>"},
        {"a X \"\\\"{3}\r\nb Y\r\n", KEEP, "!a:a quoted string has no end!<b Y>"},
        {"a X \"\\\\\" {1+}\r\nz\r\n", KEEP, "<a X \"\\\\\" {1+}z>"},
        {"a A i {5}\r\n12345 (x)\r\n", STREAM, "+[12345]<a A i {5} (x)>"},
        {"a A i {5+}\r\n12\r\n5 ~{1}\r\n\xff\r\nb N\r\n", STREAM, "[12\r\n5]+[\xff]<a A i {5+} ~{1}><b N>"},
        {"a A i {5}\r\nb N\r\n", REFUSE, "!a:no!<b N>"},
        {"a A i {5+}\r\n12345 {3+}\r\n\r\nx {9}\r\nb N\r\n", REFUSE, "!a:no!<b N>"},
        {"a X\rY\r\nb N\r\n", KEEP, "!a:a CR stands alone in the command!<b N>"},
        {"a X\r\r\nb N\r\n", KEEP, "!a:a CR stands alone in the command!<b N>"},
        {"a X {6000}\r\nb N\r\n", KEEP, "!a:the literal is too large!<b N>"},
        {"a X {4294967296}\r\nb N\r\n", STREAM, "!a:the literal is too large!<b N>"},
        {"a X {9223372036854775807}\r\nb N\r\n", STREAM, "!a:the literal is too large!<b N>"},
        {"a X {99999999999999999999}\r\nb N\r\n", STREAM, "!a:the literal's size is no number!<b N>"},
        {"a X {99999999999999999999+}\r\nb N\r\n", STREAM, "#"},
        {"a X {20000+}\r\n", REFUSE, ""},
        {"a {0+}\r\n{0+}\r\n{0+}\r\n{0+}\r\n\r\nb N\r\n", KEEP, "!a:the command has too many literals!<b N>"},
        {"(x {0+}\r\n\rz\r\n", KEEP, "!:a CR stands alone in the command!"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect(str_c(cases[i].in), cases[i].policy, false, cases[i].wanted);
    expect(STR("a \0\r\nb N\r\n"), KEEP, false, "!a:a NUL stands in the command!<b N>");
}

static void test_minus(void **state)
{
    (void)state;
    SCOPED_BUF(in, 1 << 16);
    buf_addz(&in, "a X {4096+}\r\n");
    for (size_t i = 0; i < 4096; i++)
        buf_addc(&in, 'x');
    SCOPED_BUF(wanted, 1 << 16);
    buf_addf(&wanted, "<a X {4096+}%.*s>", STR_ARG(str_slice(str_from(buf_view(&in), 13), 0, 4096)));
    buf_addz(&in, "\r\n");
    expect(buf_view(&in), KEEP, true, buf_c(&wanted));
    buf_clear(&in);
    buf_addz(&in, "a X {4097+}\r\n");
    for (size_t i = 0; i < 4097; i++)
        buf_addc(&in, 'x');
    buf_addz(&in, "\r\nb N\r\n");
    expect(buf_view(&in), KEEP, true, "!a:a literal of this size has to wait for the continuation!<b N>");
    expect(STR("a X {4097}\r\n"), KEEP, true, "+");
}

static void test_bounds(void **state)
{
    (void)state;
    SCOPED_BUF(in, 1 << 20);
    buf_addz(&in, "a ");
    for (size_t i = 0; i < 300; i++)
        buf_addc(&in, 'x');
    buf_addz(&in, "{5+}\r\nb N\r\n\r\nc N\r\n"); /* the literal's bytes are no command */
    expect(buf_view(&in), KEEP, false, "!a:the command line is too long!<c N>");
    buf_clear(&in);
    buf_addz(&in, "a ");
    for (size_t i = 0; i < 20000; i++)
        buf_addc(&in, 'x');
    expect(buf_view(&in), KEEP, false, "#");
    buf_clear(&in);
    buf_addz(&in, "a {20000+}\r\n");
    for (size_t i = 0; i < 20000; i++)
        buf_addc(&in, 'x');
    expect(buf_view(&in), REFUSE, false, "#");
}

static void test_line(void **state)
{
    (void)state;
    struct imap_reader r;
    imap_reader_init(&r, &limits);
    imap_read_line(&r);
    struct str in = STR("AGpvZ\"Q= {3}\r\nDONE {3}\r\n");
    assert_int_equal(imap_read(&r, &in), IMAP_READ_COMMAND);
    assert_str(buf_view(&r.text), "AGpvZ\"Q= {3}");
    imap_read_next(&r);
    assert_int_equal(imap_read(&r, &in), IMAP_READ_LITERAL);
    imap_reader_free(&r);
    assert_int_equal(imap_read(&r, &in), IMAP_READ_CLOSE);
}

/* What is refused in the middle of its bytes ends behind them. */
static void test_stopped(void **state)
{
    (void)state;
    struct imap_reader r;
    imap_reader_init(&r, &limits);
    struct str in = STR("a A i {50000}\r\nxxx");
    assert_int_equal(imap_read(&r, &in), IMAP_READ_LITERAL);
    imap_read_stream(&r);
    assert_true(imap_read_waits(&r));
    assert_int_equal(imap_read(&r, &in), IMAP_READ_DATA);
    imap_read_refuse(&r, "the disk is full");
    static char rest[49997];
    in = str_n(rest, sizeof rest);
    assert_int_equal(imap_read(&r, &in), IMAP_READ_MORE);
    in = STR("\r\nb N\r\n");
    assert_int_equal(imap_read(&r, &in), IMAP_READ_FAULT);
    assert_string_equal(r.why, "the disk is full");
    imap_read_next(&r);
    assert_int_equal(imap_read(&r, &in), IMAP_READ_COMMAND);
    imap_reader_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands), cmocka_unit_test(test_minus),   cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_line),     cmocka_unit_test(test_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
