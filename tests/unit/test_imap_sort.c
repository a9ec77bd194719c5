/* tests/unit/test_imap_sort.c: SORT, from headers to the order of messages. */
#include "mailcore/imap/sort.h"
#include "tests/unit/test.h"

static const char *const heads[] = {
    /* 1 */ "From: Zoe <b@x.test>\r\nTo: m@x\r\nSubject: Re: apples\r\nDate: Tue, 24 Nov 2026 09:00:00 "
            "+0000\r\nCc: k@x\r\n",
    /* 2 */
    "From: a@x.test (Anna)\r\nTo: =?utf-8?q?=C3=89mile?= <z@x>\r\nSubject: Bananas\r\nDate: Tue, 24 Nov 2026 "
    "09:30:00 +0100\r\n",
    /* 3 */ "From: C@x.test\r\nTo: undisclosed:;\r\nSubject: [list] Fwd: APPLES (fwd)\r\nCc: A@x\r\n",
    /* 4 */
    "From: =?utf-8?q?=C3=A9mile?= <d@x.test>\r\nTo: Friends: Bob <y@x>, c@x;\r\nSubject: cherry\r\nDate: "
    "Mon, 23 Nov 2026 09:00:00 +0000\r\n",
};

static void sorts(const struct imap_sort_criterion *criteria, size_t count, const char *wanted)
{
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(out, 1000);
    struct imap_sort_row rows[COUNT_OF(heads)];
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        rows[i] = (struct imap_sort_row){
            .number = (uint32_t)i + 1, .arrival = (int64_t)(5 - i % 3), .size = i % 2 ? 100 : 4000000000000};
        assert_ok(imap_sort_read(&a, str_c(heads[i]), criteria, count, 1000, &rows[i]));
    }
    imap_sort(criteria, count, rows, COUNT_OF(rows));
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        buf_addf(&out, "%u", rows[i].number);
    assert_str(buf_view(&out), wanted);
}

static void test_orders(void **state)
{
    (void)state;
    static const struct {
        struct imap_sort_criterion criteria[3];
        size_t count;
        const char *wanted;
    } rows[] = {
        {{{IMAP_SORT_ARRIVAL, false}}, 1, "3214"},
        {{{IMAP_SORT_ARRIVAL, true}}, 1, "1423"}, /* equal ones keep their order */
        {{{IMAP_SORT_DATE, false}}, 1, "3421"},   /* 3 has none: its arrival */
        {{{IMAP_SORT_DATE, true}}, 1, "1243"},
        {{{IMAP_SORT_SIZE, false}}, 1, "2413"},
        {{{IMAP_SORT_SUBJECT, false}}, 1, "1324"},
        {{{IMAP_SORT_SUBJECT, false}, {IMAP_SORT_DATE, false}}, 2, "3124"},
        {{{IMAP_SORT_SUBJECT, true}, {IMAP_SORT_ARRIVAL, false}}, 2, "4231"},
        {{{IMAP_SORT_FROM, false}}, 1, "2134"},
        {{{IMAP_SORT_TO, false}}, 1, "3142"},
        {{{IMAP_SORT_CC, false}}, 1, "2431"},
        {{{IMAP_SORT_DISPLAYFROM, false}}, 1, "2341"}, /* Anna, C@x.test, émile, Zoe */
        {{{IMAP_SORT_DISPLAYTO, false}}, 1, "3421"},   /* nothing, Bob, Émile, m@x */
        {{{IMAP_SORT_SIZE, false}, {IMAP_SORT_SIZE, true}, {IMAP_SORT_FROM, true}}, 3, "4231"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        sorts(rows[i].criteria, rows[i].count, rows[i].wanted);
    imap_sort(rows[0].criteria, 1, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
