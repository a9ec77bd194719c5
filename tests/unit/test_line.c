/* tests/unit/test_line.c: content lines and their values. */
#include "tests/unit/test.h"

#include "formats/line.h"

static const struct line_limits limits = {.line = 1000, .lines = 100, .params = 20};

static struct line *read_one(struct arena *a, const char *text)
{
    struct line_reader r = {.rest = str_c(text), .arena = a, .limits = &limits};
    struct line *l;
    return line_next(&r, &l) == OK ? l : NULL;
}

static void test_reads(void **state)
{
    (void)state;
    static const struct {
        const char *text, *group, *name, *value;
    } rows[] = {
        {"SUMMARY:hello\r\n", "", "SUMMARY", "hello"},
        {"SUMMARY:hello", "", "SUMMARY", "hello"},
        {"\r\n\nSUMMARY:a:b;c\n", "", "SUMMARY", "a:b;c"},
        {"SUMMARY:hel\r\n lo\r\n\t wo\r\n rld\r\n", "", "SUMMARY", "hello world"},
        {"SUM\r\n MARY\r\n :x\r\n", "", "SUMMARY", "x"},
        {"SUMMARY:x\n \n y\n", "", "SUMMARY", "xy"},
        {"item1.TEL;TYPE=home:+1", "item1", "TEL", "+1"},
        {"X-EMPTY:", "", "X-EMPTY", ""},
        {"TEL;HOME;;VOICE:1", "", "TEL", "1"},
        {"SUMMARY:caf\xC3\r\n \xA9", "", "SUMMARY", "caf\xC3\xA9"},
    };
    SCOPED_ARENA(a, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct line *l = read_one(&a, rows[i].text);
        assert_non_null(l);
        assert_str(l->group, rows[i].group);
        assert_str(l->name, rows[i].name);
        assert_str(l->value, rows[i].value);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
        enum status st;
    } rows[] = {
        {"no colon here\r\n", "line 1: a colon is missing", INVALID},
        {"\r\nSUMMARY\r\n", "line 2: a colon is missing", INVALID},
        {" x:y\r\n", "line 1: a property name is missing", INVALID},
        {":x\r\n", "line 1: a property name is missing", INVALID},
        {"A;=x:y\r\n", "line 1: a parameter has no name", INVALID},
        {"A;B=\"x:y\r\n", "line 1: a parameter value does not end", INVALID},
        {"A;B=1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0:y\r\n", "line 1: too many parameters", TOO_MANY},
    };
    SCOPED_ARENA(a, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct line_reader r = {.rest = str_c(rows[i].text), .arena = &a, .limits = &limits};
        struct line *l;
        assert_status(line_next(&r, &l), rows[i].st);
        assert_str(r.why, rows[i].why);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(text, 1 << 20);
    buf_addz(&text, "A:");
    for (int i = 0; i < 999; i++)
        buf_addz(&text, i % 50 == 49 ? "x\r\n " : "x");
    struct line_reader r = {.rest = buf_view(&text), .arena = &a, .limits = &limits};
    struct line *l;
    assert_status(line_next(&r, &l), TOO_LARGE);
    assert_str(r.why, "line 1: the line is too long");

    buf_clear(&text);
    for (int i = 0; i < 101; i++)
        buf_addz(&text, "A:1\r\n");
    r = (struct line_reader){.rest = buf_view(&text), .arena = &a, .limits = &limits};
    for (int i = 0; i < 100; i++)
        assert_ok(line_next(&r, &l));
    assert_int_equal(l->number, 100);
    assert_status(line_next(&r, &l), TOO_MANY);
}

static void test_params(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct line *l =
        read_one(&a, "ATTENDEE;CN=\"Doe, J: ^'x^' ^^ ^n.\";MEMBER=\"a\",b,\"\";type=\"HOME,work\";x=^z:v");
    assert_non_null(l);
    assert_str(line_param1(l, STR("cn")), "Doe, J: \"x\" ^ \n.");
    const struct line_param *p = line_param(l, STR("MEMBER"));
    assert_int_equal(p->value_count, 3);
    assert_str(p->values[0], "a");
    assert_str(p->values[1], "b");
    assert_str(p->values[2], "");
    assert_true(line_param_has(l, STR("TYPE"), STR("Work")));
    assert_true(line_param_has(l, STR("TYPE"), STR("home")));
    assert_false(line_param_has(l, STR("TYPE"), STR("hom")));
    assert_str(line_param1(l, STR("X")), "^z");
    assert_null(line_param(l, STR("Y")));
    assert_null(line_param1(l, STR("Y")).p);
    SCOPED_BUF(out, 10000);
    line_write(&out, l);
    struct line *again = read_one(&a, buf_c(&out));
    assert_str(line_param1(again, STR("cn")), "Doe, J: \"x\" ^ \n.");
    assert_int_equal(line_param(again, STR("MEMBER"))->value_count, 3);
}

static void test_raw(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct line_reader r = {.rest = STR("A:1\r\n 2\r\nB:3\n"), .arena = &a, .limits = &limits};
    struct line *l;
    assert_ok(line_next(&r, &l));
    assert_str(l->raw, "A:1\r\n 2");
    assert_ok(line_next(&r, &l));
    assert_str(l->raw, "B:3");
    assert_int_equal(l->number, 3);
    assert_status(line_next(&r, &l), NOT_FOUND);
}

static void test_text(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *text, *escaped;
    } rows[] = {
        {"plain", "plain", "plain"},
        {"a\\nb\\Nc", "a\nb\nc", "a\\nb\\nc"},
        {"a\\,b\\;c\\\\d", "a,b;c\\d", "a\\,b\\;c\\\\d"},
        {"a\\:b\\x\\", "a:b\\x\\", "a:b\\\\x\\\\"},
        {"", "", ""},
    };
    SCOPED_ARENA(a, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SCOPED_BUF(out, 1000);
        assert_str(text_unescape(&a, str_c(rows[i].raw)), rows[i].text);
        text_escape(&out, str_c(rows[i].text));
        assert_str(buf_view(&out), rows[i].escaped);
    }
    struct str rest = STR("a\\,b,,c\\"), head;
    assert_true(text_split(&rest, ',', &head));
    assert_str(head, "a\\,b");
    assert_true(text_split(&rest, ',', &head));
    assert_str(head, "");
    assert_true(text_split(&rest, ',', &head));
    assert_str(head, "c\\");
    assert_false(text_split(&rest, ',', &head));
}

/* Every line at most 75 octets, no character cut, the same value when read again. */
static void test_fold(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    for (size_t n = 60; n < 90; n++) {
        SCOPED_BUF(value, 2000);
        for (size_t i = 0; i < n; i++)
            buf_addc(&value, 'x');
        for (size_t i = 0; i < 60; i++)
            buf_addz(&value, i % 2 ? "\xF0\x9F\x8E\x89" : "\xC3\xA8");
        struct line l = {.name = STR("SUMMARY"), .value = buf_view(&value)};
        SCOPED_BUF(out, 5000);
        line_write(&out, &l);
        struct str rest = buf_view(&out), one;
        while (str_split(&rest, '\n', &one)) {
            assert_true(one.n <= 76);
            assert_true(str_utf8(one));
        }
        struct line *again = read_one(&a, buf_c(&out));
        assert_true(str_eq(again->value, l.value));
    }
    SCOPED_BUF(out, 5000);
    struct line bad = {.name = STR("X"), .value = STR("a\r\nATTENDEE:evil")};
    line_write(&out, &bad);
    assert_str(buf_view(&out), "X:aATTENDEE:evil\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),  cmocka_unit_test(test_refuses), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_params), cmocka_unit_test(test_raw),     cmocka_unit_test(test_text),
        cmocka_unit_test(test_fold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
