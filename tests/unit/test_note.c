/* Notes as plain text and as VJOURNAL: which part is the title, and that text comes back as it was. */
#include "tests/unit/test.h"

#include "formats/note.h"

static struct str value_of(struct arena *a, const struct ical_comp *c, struct str name)
{
    const struct line *l = ical_prop(c, name);
    return l ? text_unescape(a, l->value) : STR_NONE;
}

static struct str text_of(struct arena *a, const struct ical_comp *c, struct str eol)
{
    SCOPED_BUF(b, 1 << 16);
    assert_ok(note_write(&b, a, c, eol));
    return arena_str(a, buf_view(&b));
}

static struct str repeat(struct arena *a, const char *what, size_t count, const char *behind)
{
    SCOPED_BUF(b, 1 << 16);
    for (size_t i = 0; i < count; i++)
        buf_addz(&b, what);
    buf_addz(&b, behind);
    return arena_str(a, buf_view(&b));
}

static void test_reads(void **state)
{
    (void)state;
    static const struct {
        const char *text, *summary, *description; /* NULL: no such property */
    } rows[] = {
        {"", NULL, NULL},
        {"Shopping", "Shopping", NULL},
        {"Shopping\nMilk\nEggs", "Shopping", "Milk\nEggs"},
        {"Shopping\r\nMilk\r\nEggs\r\n", "Shopping", "Milk\nEggs\n"},
        {"Shopping\rMilk", "Shopping", "Milk"},
        {"Shopping\n", "Shopping", "Shopping\n"},
        {"Shopping\n\nMilk", "Shopping", "\nMilk"},
        {"\nMilk", NULL, "\nMilk"},
        {"\n", NULL, "\n"},
        {"a\nabc", "a", "a\nabc"}, /* "abc" alone would be the whole of it */
        {"1, 2; 3\\4\nx, y", "1, 2; 3\\4", "x, y"},
        {"be\x01ll\n\x02t\tab", "bell", "t\tab"},
    };
    SCOPED_ARENA(a, 1 << 20);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ical_comp c = {.name = STR("VJOURNAL")};
        assert_ok(note_read(&a, str_c(rows[i].text), &c));
        struct str summary = value_of(&a, &c, STR("SUMMARY")),
                   description = value_of(&a, &c, STR("DESCRIPTION"));
        assert_int_equal(summary.p != NULL, rows[i].summary != NULL);
        assert_int_equal(description.p != NULL, rows[i].description != NULL);
        assert_str(summary, rows[i].summary ? rows[i].summary : "");
        assert_str(description, rows[i].description ? rows[i].description : "");
    }
    struct ical_comp c = {.name = STR("VJOURNAL")};
    assert_status(note_read(&a, STR("caf\xe9"), &c), INVALID);
}

static void test_long_first_line(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    /* 120 characters, not bytes */
    struct ical_comp whole = {.name = STR("VJOURNAL")}, cut = {.name = STR("VJOURNAL")};
    struct str fits = repeat(&a, "\xc3\xa9", 120, "\nrest"), longer = repeat(&a, "\xc3\xa9", 121, "\nrest");
    assert_ok(note_read(&a, fits, &whole));
    assert_int_equal(value_of(&a, &whole, STR("SUMMARY")).n, 240);
    assert_str(value_of(&a, &whole, STR("DESCRIPTION")), "rest");
    assert_ok(note_read(&a, longer, &cut));
    assert_int_equal(value_of(&a, &cut, STR("SUMMARY")).n, 240);
    assert_true(str_eq(value_of(&a, &cut, STR("DESCRIPTION")), longer));
    assert_true(str_eq(text_of(&a, &cut, STR("\n")), longer));
}

static struct line *prop(struct arena *a, const char *name, const char *value)
{
    struct line *l = ARENA_NEW(a, struct line);
    *l = (struct line){.name = str_c(name), .value = str_c(value)};
    return l;
}

static void test_writes(void **state)
{
    (void)state;
    static const struct {
        const char *summary, *description, *text;
    } rows[] = {
        {NULL, NULL, ""},
        {"Title", NULL, "Title"},
        {NULL, "Body", "Body"},
        {"Title", "", "Title"},
        {"", "Body", "Body"},
        {"Title", "Body\\nmore", "Title\r\nBody\r\nmore"},
        {"Title", "Title\\nmore", "Title\r\nmore"},
        {"Title", "Titles are dull", "Titles are dull"},
        {"A\\, b", "c\\; d", "A, b\r\nc; d"},
    };
    SCOPED_ARENA(a, 1 << 20);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ical_comp c = {.name = STR("VJOURNAL")};
        if (rows[i].summary)
            ical_add_prop(&c, prop(&a, "SUMMARY", rows[i].summary));
        if (rows[i].description)
            ical_add_prop(&c, prop(&a, "DESCRIPTION", rows[i].description));
        assert_str(text_of(&a, &c, STR("\r\n")), rows[i].text);
    }
}

/* Any text, out of a small alphabet that meets itself often: it comes back, and what it became comes back too. */
static void test_back_and_forth(void **state)
{
    (void)state;
    static const char alphabet[] = "aab\n\n,;\\ ";
    uint64_t seed = 20261124;
    for (int round = 0; round < 20000; round++) {
        SCOPED_ARENA(a, 1 << 20);
        char text[300];
        size_t n = 0, most = round % 3 ? 12 : sizeof text;
        while (n < most) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            if (seed >> 60 == 0)
                break;
            text[n++] = alphabet[(seed >> 33) % (sizeof alphabet - 1)];
        }
        struct ical_comp once = {.name = STR("VJOURNAL")}, again = {.name = STR("VJOURNAL")};
        assert_ok(note_read(&a, str_n(text, n), &once));
        struct str back = text_of(&a, &once, STR("\n"));
        assert_true(str_eq(back, str_n(text, n)));
        assert_ok(note_read(&a, text_of(&a, &once, STR("\r\n")), &again));
        assert_true(str_eq(value_of(&a, &again, STR("SUMMARY")), value_of(&a, &once, STR("SUMMARY"))));
        assert_true(
            str_eq(value_of(&a, &again, STR("DESCRIPTION")), value_of(&a, &once, STR("DESCRIPTION"))));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_long_first_line),
        cmocka_unit_test(test_writes),
        cmocka_unit_test(test_back_and_forth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
