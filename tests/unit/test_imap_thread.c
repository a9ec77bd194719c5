/* tests/unit/test_imap_thread.c: threads, from headers to the response. */
#include "mailcore/imap/thread.h"
#include "tests/unit/test.h"

#include <time.h>

enum { MOST = 20, REFS = 8 };

/* One message: what stands in its header, by lines. NULL ends a mailbox. */
static void thread(enum imap_thread_algorithm algorithm, const char *const *heads, size_t refs,
                   const char *wanted)
{
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(out, 1 << 16);
    struct imap_thread_row rows[MOST];
    size_t n = 0;
    for (; heads[n]; n++) {
        assert_true(n < MOST);
        rows[n] = (struct imap_thread_row){.number = (uint32_t)n + 1, .date = 1000000 + (int64_t)n};
        assert_ok(imap_thread_read(&a, str_c(heads[n]), 1000, &rows[n]));
    }
    assert_ok(imap_thread(&a, algorithm, rows, n, refs, &out));
    assert_str(buf_view(&out), wanted);
}

static void test_subject(void **state)
{
    (void)state;
    static const struct {
        const char *heads[MOST];
        const char *wanted;
    } rows[] = {
        {{NULL}, "* THREAD\r\n"},
        {{"Subject: a\r\n", NULL}, "* THREAD (1)\r\n"},
        {{"Subject: a\r\n", "Subject: b\r\n", "Subject: Re: A\r\n", NULL}, "* THREAD (1 3)(2)\r\n"},
        {{"Subject: a\r\n", "Subject: Re: a\r\n", "Subject: [x] fwd: a (fwd)\r\n", "Subject: b\r\n", NULL},
         "* THREAD (1 (2)(3))(4)\r\n"},
        {{"Subject: a\r\nDate: Tue, 24 Nov 2026 09:00:00 +0000\r\n",
          "Subject: a\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\n",
          "Subject: =?utf-8?q?b?=\r\nDate: Tue, 24 Nov 2026 08:00:00 +0000\r\n", NULL},
         "* THREAD (2 1)(3)\r\n"},
        {{"", "\r\n", "Subject:\r\n", NULL}, "* THREAD (1 (2)(3))\r\n"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        thread(IMAP_THREAD_ORDEREDSUBJECT, rows[i].heads, REFS, rows[i].wanted);
}

#define ID(n)   "Message-ID: <" n "@t>\r\n"
#define SUBJ(s) "Subject: " s "\r\n"

static void test_references(void **state)
{
    (void)state;
    static const struct {
        const char *heads[MOST];
        const char *wanted;
    } rows[] = {
        {{NULL}, "* THREAD\r\n"},
        /* a chain, and two answers to one */
        {{ID("1"), ID("2") "References: <1@t>\r\n", ID("3") "References: <1@t> <2@t>\r\n", NULL},
         "* THREAD (1 2 3)\r\n"},
        {{ID("1"), ID("2") "References: <1@t>\r\n", ID("3") "References: <1@t>\r\n", NULL},
         "* THREAD (1 (2)(3))\r\n"},
        /* In-Reply-To counts where References is missing */
        {{ID("1"), ID("2") "In-Reply-To: your mail <1@t> of Monday\r\n", NULL}, "* THREAD (1 2)\r\n"},
        {{ID("1"), ID("x"), ID("2") "In-Reply-To: <x@t>\r\nReferences: <1@t>\r\n", NULL},
         "* THREAD (1 3)(2)\r\n"},
        /* the answer came first */
        {{ID("2") "References: <1@t>\r\n", ID("1"), NULL}, "* THREAD (2 1)\r\n"},
        /* an absent parent of one goes, of two stays */
        {{ID("2") "References: <1@t>\r\n", NULL}, "* THREAD (1)\r\n"},
        {{ID("2") "References: <1@t>\r\n", ID("3") "References: <1@t>\r\n", NULL}, "* THREAD ((1)(2))\r\n"},
        {{ID("2") "References: <0@t> <1@t>\r\n", ID("3") "References: <0@t> <9@t>\r\n", NULL},
         "* THREAD ((1)(2))\r\n"},
        /* an absent one between two that are here */
        {{ID("1"), ID("3") "References: <1@t> <2@t>\r\n", NULL}, "* THREAD (1 2)\r\n"},
        {{ID("1"), ID("3") "References: <1@t> <2@t>\r\n", ID("4") "References: <1@t> <2@t>\r\n", NULL},
         "* THREAD (1 (2)(3))\r\n"},
        /* what a message says of itself is worth more than what others say of it */
        {{ID("9") "References: <1@t> <2@t>\r\n", ID("2") "References: <3@t>\r\n", ID("1"), ID("3"), NULL},
         "* THREAD (3)(4 2 1)\r\n"},
        /* others say that 2 answers 1; 2 says nothing */
        {{ID("3") "References: <1@t> <2@t>\r\n", ID("2"), ID("1"), NULL}, "* THREAD (3 2 1)\r\n"},
        /* loops */
        {{ID("1") "References: <1@t>\r\n", NULL}, "* THREAD (1)\r\n"},
        {{ID("1") "References: <2@t>\r\n", ID("2") "References: <1@t>\r\n", NULL}, "* THREAD (2 1)\r\n"},
        {{ID("1") "References: <2@t> <3@t>\r\n", ID("2") "References: <3@t> <1@t>\r\n",
          ID("3") "References: <1@t> <2@t>\r\n", NULL},
         "* THREAD (3 1 2)\r\n"},
        {{ID("5") "References: <7@t> <8@t> <7@t> <8@t>\r\n", NULL}, "* THREAD (1)\r\n"},
        /* two messages with one identifier: the first has it */
        {{ID("1"), ID("1") SUBJ("x"), ID("2") "References: <1@t>\r\n", NULL}, "* THREAD (1 3)(2)\r\n"},
        /* no identifiers at all */
        {{"", "", NULL}, "* THREAD (1)(2)\r\n"},
        /* one subject: an answer hangs on what it answers */
        {{ID("1") SUBJ("a"), ID("2") SUBJ("Re: a"), NULL}, "* THREAD (1 2)\r\n"},
        {{ID("2") SUBJ("Re: a"), ID("1") SUBJ("a"), NULL}, "* THREAD (2 1)\r\n"},
        {{ID("1") SUBJ("a"), ID("2") SUBJ("a"), NULL}, "* THREAD ((1)(2))\r\n"},
        {{ID("1") SUBJ("a"), ID("2") SUBJ("a"), ID("3") SUBJ("a"), NULL}, "* THREAD ((1)(2)(3))\r\n"},
        {{ID("1") SUBJ("Re: a"), ID("2") SUBJ("Re: a"), NULL}, "* THREAD ((1)(2))\r\n"},
        /* one whose parent is absent is joined by others of its subject; two absent ones are one */
        {{ID("2") SUBJ("Re: a") "References: <1@t>\r\n", ID("3") SUBJ("Re: a") "References: <1@t>\r\n",
          ID("9") SUBJ("a"), NULL},
         "* THREAD ((1)(2)(3))\r\n"},
        {{ID("2") SUBJ("a") "References: <1@t>\r\n", ID("3") SUBJ("a") "References: <1@t>\r\n",
          ID("5") SUBJ("a") "References: <4@t>\r\n", ID("6") SUBJ("a") "References: <4@t>\r\n", NULL},
         "* THREAD ((1)(2)(3)(4))\r\n"},
        /* no subject is none in common */
        {{ID("1") "Subject:\r\n", ID("2") "Subject: Re:\r\n", NULL}, "* THREAD (1)(2)\r\n"},
        /* by the dates of the messages */
        {{ID("1"), ID("2") "References: <1@t>\r\nDate: Wed, 25 Nov 2026 09:00:00 +0000\r\n",
          ID("3") "References: <1@t>\r\nDate: Tue, 24 Nov 2026 09:00:00 +0000\r\n", NULL},
         "* THREAD (1 (3)(2))\r\n"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        thread(IMAP_THREAD_REFERENCES, rows[i].heads, REFS, rows[i].wanted);
    static const char *const bounded[] = {ID("1"), ID("2"), ID("3") "References: <1@t> <2@t>\r\n", NULL};
    thread(IMAP_THREAD_REFERENCES, bounded, 2, "* THREAD (1 2 3)\r\n");
    thread(IMAP_THREAD_REFERENCES, bounded, 1, "* THREAD (1)(2 3)\r\n");
}

/* Every number once, and the parentheses in pairs. */
static void check_whole(struct str text, size_t count)
{
    bool *seen = calloc(count + 1, sizeof *seen);
    size_t depth = 0, found = 0, n = 0;
    for (size_t i = sizeof "* THREAD" - 1; i < text.n; i++) {
        char c = text.p[i];
        if (ascii_digit(c)) {
            n = n * 10 + (size_t)(c - '0');
            continue;
        }
        if (n) {
            assert_true(n <= count && !seen[n]);
            seen[n] = true;
            found++;
            n = 0;
        }
        depth += c == '(';
        assert_true(c != ')' || depth);
        depth -= c == ')';
    }
    assert_int_equal(found, count);
    assert_int_equal(depth, 0);
    free(seen);
}

/* Messages that refer to each other at random, loops and all. */
static void test_random(void **state)
{
    (void)state;
    uint32_t seed = 11;
    for (int round = 0; round < 300; round++) {
        enum { COUNT = 60 };
        SCOPED_ARENA(a, 1 << 22);
        SCOPED_BUF(out, 1 << 16);
        static struct imap_thread_row rows[COUNT];
        for (uint32_t i = 0; i < COUNT; i++) {
            uint32_t r[6];
            for (size_t k = 0; k < COUNT_OF(r); k++) {
                seed = seed * 1103515245 + 12345;
                r[k] = (seed >> 12) % 90;
            }
            rows[i] = (struct imap_thread_row){.number = i + 1, .date = r[0], .reply = r[1] % 2 == 0};
            rows[i].subject = arena_strf(&a, r[2] % 3 ? "s%u" : "", r[2] % 17);
            rows[i].id = arena_strf(&a, "<%u>", r[5] % 3 ? i : r[3]);
            rows[i].references = arena_strf(&a, "<%u> <%u> <%u>", r[3], r[4], r[5]);
            if (r[4] % 4 == 0)
                rows[i].references = STR_NONE;
        }
        assert_ok(imap_thread(&a, IMAP_THREAD_REFERENCES, rows, COUNT, REFS, &out));
        check_whole(buf_view(&out), COUNT);
        buf_clear(&out);
        assert_ok(imap_thread(&a, IMAP_THREAD_ORDEREDSUBJECT, rows, COUNT, REFS, &out));
        check_whole(buf_view(&out), COUNT);
    }
}

enum shape { CHAIN, BACKWARDS, STAR, BRANCHES, ONE_FIELD };

static void build(struct arena *a, enum shape shape, struct imap_thread_row *rows, uint32_t count)
{
    SCOPED_BUF(all, 1 << 22);
    for (uint32_t i = 0; i < count && shape == ONE_FIELD; i++)
        buf_addf(&all, "<%u> ", i);
    struct str field = arena_str(a, buf_view(&all));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t of = shape == CHAIN ? i - 1 : shape == BACKWARDS ? i + 1 : shape == STAR ? 0 : i / 2;
        rows[i] = (struct imap_thread_row){.number = i + 1, .date = i, .subject = STR("")};
        rows[i].id = arena_strf(a, "<%u>", i);
        rows[i].references =
            shape == ONE_FIELD ? (i < 2 ? field : STR_NONE) : arena_strf(a, "<%u> <%u>", of, of);
    }
}

/* What would cost the square of its size, or a stack, in a simple program. */
static void test_hostile(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct imap_thread_row *rows = calloc(COUNT, sizeof *rows);
    clock_t began = clock();
    for (unsigned shape = CHAIN; shape <= ONE_FIELD; shape++) {
        SCOPED_ARENA(a, 256 << 20);
        SCOPED_BUF(out, 16 << 20);
        build(&a, (enum shape)shape, rows, COUNT);
        assert_ok(imap_thread(&a, IMAP_THREAD_REFERENCES, rows, COUNT, COUNT, &out));
        assert_int_equal(out.st, OK);
        check_whole(buf_view(&out), COUNT);
    }
    assert_true(clock() - began < 20 * CLOCKS_PER_SEC);
    free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subject),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
