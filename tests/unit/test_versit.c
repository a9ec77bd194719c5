/* The line grammar of vCard 2.1 and vCalendar 1.0: folds, quoted-printable, BASE64, parameters without names, character sets, bounds;
 * and what a million bad bytes cost. */
#include "tests/unit/test.h"

#include "formats/versit.h"

#include <time.h>

static const struct line_limits limits = {.line = 4 << 20, .lines = 100000, .params = 50};

static struct versit_line *one(struct arena *a, struct str text)
{
    struct versit_reader r;
    struct versit_line *l = NULL;
    assert_ok(versit_begin(&r, a, text, CHARSET_LATIN1, &limits));
    assert_ok(versit_next(&r, &l));
    return l;
}

static enum status fails(struct arena *a, struct str text)
{
    struct versit_reader r;
    struct versit_line *l;
    assert_ok(versit_begin(&r, a, text, CHARSET_LATIN1, &limits));
    enum status st = OK;
    while (st == OK)
        st = versit_next(&r, &l);
    return st;
}

static void plain(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 8 << 20);
    struct versit_line *l = one(&a, STR("item1.tel;HOME;VOICE;TYPE=x-1,pref;X-A=b:+39 06:1\r\nEND:x"));
    assert_str(l->line.group, "item1");
    assert_str(l->line.name, "tel");
    assert_str(l->line.value, "+39 06:1");
    assert_int_equal(line_param(&l->line, STR("TYPE"))->value_count, 4);
    assert_true(line_param_has(&l->line, STR("TYPE"), STR("voice")));
    assert_true(line_param_has(&l->line, STR("TYPE"), STR("PREF")));
    assert_str(line_param1(&l->line, STR("X-A")), "b");
    assert_str(l->line.raw, "item1.tel;HOME;VOICE;TYPE=x-1,pref;X-A=b:+39 06:1");
    assert_str(one(&a, STR("NOTE:one\r\n two\r\n\tthree\n\nX:1"))->line.value, "one two\tthree");
    assert_str(one(&a, STR("X;A=1;\r\n  B=2:v"))->line.value, "v");
    assert_str(one(&a, STR("X;;TYPE=;:v"))->line.value, "v");
    assert_null(one(&a, STR("X;;TYPE=;:v"))->line.params);
    assert_str(one(&a, STR("X;A=5\" disk:v"))->line.value, "v");
    assert_str(one(&a, STR("X;VALUE=URL:http://x"))->line.value, "http://x");
    assert_str(one(&a, STR("X:a\x01\x02"
                           "b\x7f"))
                   ->line.value,
               "ab\x7f");
    assert_int_equal(fails(&a, STR("A:1\r\nno colon\r\n")), INVALID);
    assert_int_equal(fails(&a, STR(";A:1\r\n")), INVALID);
    assert_int_equal(fails(&a, STR("A:1\r\n\r\n \r\n\0\0")), NOT_FOUND);
}

static void quoted(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 8 << 20);
    struct versit_line *l =
        one(&a, STR("NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:a=C3=A4=\r\n b=0D=0Ac = =3D\r\nX:1"));
    assert_str(l->line.value, "aä b\nc = =");
    assert_int_equal(l->encoding, VERSIT_QUOTED);
    assert_int_equal(l->charset, CHARSET_UTF8);
    assert_null(l->line.params);
    assert_str(one(&a, STR("N;QUOTED-PRINTABLE:M=FCller;=4a\n"))->line.value, "Müller;J");
    assert_str(one(&a, STR("N;QUOTED-PRINTABLE;CHARSET=X-UNKNOWN:M=FC\n"))->line.value, "Mü");
    assert_str(one(&a, STR("N;ENCODING=QUOTED-PRINTABLE:ab=\r\n"))->line.value, "ab");
    assert_str(one(&a, STR("N;ENCODING=QUOTED-PRINTABLE:=\nShannon=40x.com\n"))->line.value, "Shannon@x.com");
    assert_str(one(&a, STR("N;ENCODING=QUOTED-PRINTABLE:a= \r\nb\r\n"))->line.value, "ab");
    assert_str(one(&a, STR("N;ENCODING=QUOTED-PRINTABLE:=E4=F6=zz=\r\n=4"))->line.value, "äö=zz=4");
    /* a Nokia N9 ends with a break that leads nowhere */
    struct versit_reader r;
    assert_ok(versit_begin(&r, &a, STR("DESCRIPTION;ENCODING=QUOTED-PRINTABLE:x=0A=0D=\r\nDTSTART:2010\r\n"),
                           CHARSET_NONE, &limits));
    assert_ok(versit_next(&r, &l));
    assert_str(l->line.value, "x\n");
    assert_ok(versit_next(&r, &l));
    assert_str(l->line.name, "DTSTART");
}

static void base64(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 8 << 20);
    struct versit_reader r;
    struct versit_line *l;
    struct str text;
    assert_ok(
        versit_begin(&r, &a,
                     STR("PHOTO;JPEG;ENCODING=BASE64:\r\n  AAEC\r\n  AwQ=\r\n\r\nNOTE;BASE64:TfxsbGVy\r\n\r\n"
                         "KEY;ENCODING=b:AAEC\r\nAwQF\r\nEND:VCARD\r\n"),
                     CHARSET_LATIN1, &limits));
    assert_ok(versit_next(&r, &l));
    assert_str(l->line.value, "AAECAwQ=");
    assert_str(line_param1(&l->line, STR("TYPE")), "JPEG");
    assert_ok(versit_next(&r, &l));
    assert_ok(versit_unbase64(&r, l, &text));
    assert_str(text, "Müller");
    assert_ok(versit_next(&r, &l));
    assert_str(l->line.value, "AAECAwQF");
    assert_ok(versit_next(&r, &l));
    assert_str(l->line.name, "END");
    assert_int_equal(fails(&a, STR("PHOTO;BASE64:a-b\n")), INVALID);
}

static void whole_texts(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 8 << 20);
    assert_str(one(&a, str_n("X\0:\0\xe4\0\n\0", 8))->line.value, "ä");
    assert_str(one(&a, STR("X:\xe4"))->line.value, "ä");
    assert_str(one(&a, STR("X:\xc3\xa4"))->line.value, "ä");
    assert_str(one(&a, STR("X;CHARSET=WINDOWS-1251:\xc4\xe0"))->line.value, "Да");
    assert_str(one(&a, STR("X;CHARSET=UTF-8:\xc3"))->line.value, "\xef\xbf\xbd");
}

static void nested(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 8 << 20);
    struct versit_reader r;
    struct versit_line *l;
    struct str card;
    assert_ok(versit_begin(
        &r, &a,
        STR("AGENT:\r\n\r\nBEGIN:VCARD\r\nN:x\r\nAGENT:\r\nBEGIN:VCARD\r\nEND:VCARD\r\nEND:VCARD\r\nX:1\r\n"),
        CHARSET_NONE, &limits));
    assert_ok(versit_next(&r, &l));
    assert_ok(versit_nested(&r, 2, &card));
    assert_str(card, "BEGIN:VCARD\nN:x\nAGENT:\nBEGIN:VCARD\nEND:VCARD\nEND:VCARD");
    assert_ok(versit_next(&r, &l));
    assert_str(l->line.name, "X");
    assert_int_equal(l->line.number, 9);
    assert_status(versit_nested(&r, 2, &card), NOT_FOUND);
    assert_ok(versit_begin(&r, &a, STR("BEGIN:VCARD\nBEGIN:VCARD\nBEGIN:VCARD\n"), CHARSET_NONE, &limits));
    assert_status(versit_nested(&r, 2, &card), TOO_MANY);
    assert_ok(versit_begin(&r, &a, STR("BEGIN:VCARD\nX:1\n"), CHARSET_NONE, &limits));
    assert_status(versit_nested(&r, 2, &card), INVALID);
}

static void bounds(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 8 << 20);
    struct versit_reader r;
    struct versit_line *l;
    const struct line_limits small = {.line = 20, .lines = 2, .params = 2};
    assert_ok(versit_begin(&r, &a, STR("A;HOME;WORK;CELL:1\n"), CHARSET_NONE, &small));
    assert_status(versit_next(&r, &l), TOO_MANY);
    assert_ok(versit_begin(&r, &a, STR("A;TYPE=a,b,c:1\n"), CHARSET_NONE, &small));
    assert_status(versit_next(&r, &l), TOO_MANY);
    assert_str(r.why, "line 1: too many parameters");
    assert_ok(versit_begin(&r, &a, STR("A:1\nB:2\nC:3\n"), CHARSET_NONE, &small));
    assert_ok(versit_next(&r, &l));
    assert_ok(versit_next(&r, &l));
    assert_status(versit_next(&r, &l), TOO_MANY);
    assert_ok(versit_begin(&r, &a, STR("A:0123456789\n 0123456789\n"), CHARSET_NONE, &small));
    assert_status(versit_next(&r, &l), TOO_LARGE);
    assert_ok(versit_begin(&r, &a, STR("A;QUOTED-PRINTABLE:=\n=\n=\n"), CHARSET_NONE, &small));
    assert_status(versit_next(&r, &l), TOO_LARGE);
    assert_ok(versit_begin(&r, &a, STR("A;BASE64:\n AAAA\n BBBB\n CCCC\n"), CHARSET_NONE, &small));
    assert_status(versit_next(&r, &l), TOO_LARGE);
}

/* Each of these is over in well under a second when nothing is quadratic. */
static void hostile(void **state)
{
    (void)state;
    static const struct {
        const char *head, *unit;
        size_t times;
    } shapes[] = {
        {"A;QUOTED-PRINTABLE:", "=", 1000000},
        {"A;QUOTED-PRINTABLE:", "=\n", 1000000},
        {"A:", "x\n ", 1000000},
        {"A;BASE64:", "A\n ", 1000000},
        {"A", "\n ", 1000000},
        {"A;", "X=\"", 300000},
        {"A:", "\r", 1000000},
        {"A:", "\\", 1000000},
        {"A:", "\xff", 1000000},
    };
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        SCOPED_ARENA(a, 64 << 20);
        SCOPED_BUF(text, 16 << 20);
        buf_addz(&text, shapes[i].head);
        for (size_t n = 0; n < shapes[i].times; n++)
            buf_addz(&text, shapes[i].unit);
        clock_t began = clock();
        enum status st = fails(&a, buf_view(&text));
        assert_true(st == NOT_FOUND || st == INVALID);
        assert_true(clock() - began < 5 * CLOCKS_PER_SEC);
    }
}

static void assert_line(const struct versit_write *o, struct versit_out l, const char *wanted)
{
    SCOPED_BUF(out, 10000);
    versit_write_line(&out, o, &l);
    assert_ok(out.st);
    assert_str(buf_view(&out), wanted);
}

static void writing(void **state)
{
    (void)state;
    const struct str params[] = {STR_INIT("HOME"), STR_INIT("VALUE=URL")};
    struct versit_write qp = {.charset = CHARSET_UTF8, .qp_8bit = true, .fold = true},
                        eight = {.charset = CHARSET_LATIN1}, empty = {.empty = true};
    assert_line(&qp, (struct versit_out){STR("g"), STR("TEL"), params, 2, STR("+1")},
                "g.TEL;HOME;VALUE=URL:+1\r\n");
    assert_line(&qp, (struct versit_out){STR_NONE, STR("X"), NULL, 0, STR("ä=\n ")},
                "X;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=A4=3D=0D=0A=20\r\n");
    assert_line(&eight, (struct versit_out){STR_NONE, STR("X"), NULL, 0, STR("ä")},
                "X;CHARSET=ISO-8859-1:\xe4\r\n");
    assert_line(&eight, (struct versit_out){STR_NONE, STR("X"), NULL, 0, STR("ä\n")},
                "X;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:=E4=0D=0A\r\n");
    assert_line(&eight, (struct versit_out){STR_NONE, STR("X"), NULL, 0, STR("a\nb")},
                "X;ENCODING=QUOTED-PRINTABLE:a=0D=0Ab\r\n");
    assert_line(&qp, (struct versit_out){STR_NONE, STR("X"), NULL, 0, STR("")}, "");
    assert_line(&empty, (struct versit_out){STR_NONE, STR("X"), NULL, 0, STR("")}, "X:\r\n");
    SCOPED_BUF(out, 10000);
    struct versit_out photo = {STR_NONE, STR("PHOTO"), NULL, 0, STR("AAAA")};
    versit_write_binary(&out, &qp, &photo, STR("BASE64"));
    versit_write_binary(&out, &eight, &photo, STR("b"));
    assert_str(buf_view(&out), "PHOTO;ENCODING=BASE64:\r\n AAAA\r\n\r\nPHOTO;ENCODING=b:AAAA\r\n");
}

/* Any text through any of the ways to write it comes back as it was, and folded lines are short. */
static void any_text(void **state)
{
    (void)state;
    static const char *const pieces[] = {"a",  "ä",  "\n", "=",     ";", "\\", ",",  " ",
                                         "\t", "0A", "€",  "wort ", "𝄞", "X:", "\\;"};
    uint32_t seed = 20260105;
    for (int round = 0; round < 5000; round++) {
        SCOPED_ARENA(a, 1 << 20);
        SCOPED_BUF(text, 10000);
        SCOPED_BUF(value, 20000);
        SCOPED_BUF(out, 100000);
        for (int n = round % 60; n; n--)
            buf_addz(&text, pieces[((seed = seed * 1664525 + 1013904223) >> 8) % COUNT_OF(pieces)]);
        const struct versit_write o = {
            .charset = CHARSET_UTF8, .qp_8bit = round & 1, .fold = round & 2, .empty = true};
        const bool parts = round & 4;
        if (parts)
            versit_escape(&value, buf_view(&text), round & 8);
        else
            versit_escape_text(&value, buf_view(&text));
        versit_write_line(&out, &o, &(struct versit_out){STR_NONE, STR("NOTE"), NULL, 0, buf_view(&value)});
        struct versit_line *l = one(&a, buf_view(&out));
        assert_true(str_eq(versit_unescape(&a, l->line.value, parts), buf_view(&text)));
        struct str rest = buf_view(&out), line;
        while (o.fold && l->encoding == VERSIT_QUOTED && str_split(&rest, '\n', &line))
            assert_true(line.n <= 77); /* with its CR */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),       cmocka_unit_test(quoted),  cmocka_unit_test(base64),
        cmocka_unit_test(whole_texts), cmocka_unit_test(nested),  cmocka_unit_test(bounds),
        cmocka_unit_test(hostile),     cmocka_unit_test(writing), cmocka_unit_test(any_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
