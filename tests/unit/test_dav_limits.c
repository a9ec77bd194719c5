/* Tests of the bounds of XML bodies: each is a key of [limits], what is within it is answered, and what is beyond is 413 with the
 * bound in words. */
#include "tests/unit/dav_world.h"

#define ALICE "alice@example.test"
#define HOME  "/dav/calendars/alice@example.test/"

static struct world w;

static int start(void **state)
{
    (void)state;
    world_start(&w, 1,
                "[limits]\nxml_size = 4K\nxml_depth = 10\nxml_nodes = 100\nxml_attributes = 8\n"
                "xml_namespaces = 12\n");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    world_stop(&w);
    return 0;
}

/* `count` times a piece of text with its number, and what closes it, around `middle`. */
static void nest(struct buf *out, const char *open, const char *middle, const char *close, int count)
{
    for (int i = 0; i < count; i++) {
        size_t at = out->n;
        buf_addz(out, open);
        for (; at < out->n; at++)
            if (out->p[at] == '#')
                out->p[at] = (char)('A' + i % 26);
    }
    buf_addz(out, middle);
    for (int i = 0; i < count; i++)
        buf_addz(out, close);
}

static void each_bound_has_a_key(void **state)
{
    (void)state;
    static const struct {
        const char *head, *open, *middle, *close;
        int within, beyond;
        const char *why;
    } rows[] = {
        {"<propfind xmlns=\"DAV:\"><prop>", "<a>", "", "</a>", 8, 9, "more than 10 elements in one another"},
        {"<propfind xmlns=\"DAV:\"><prop>", "<a/>", "", "", 98, 99,
         "more than 100 elements, texts and attributes"},
        {"<propfind xmlns=\"DAV:\"><prop><a ", "#=\"\" ", "/>", "", 8, 9,
         "line 1: an element has more than 8 attributes"},
        {"<propfind xmlns=\"DAV:\"><prop>\n", "<a xmlns:#=\"u\" xmlns:x#=\"u\">", "", "</a>", 5, 6,
         "line 2: more than 12 namespaces declared at once"},
        {"<propfind xmlns=\"DAV:\"><prop><a>", "many bytes for one element. ", "</a>", "", 100, 200,
         "more than 4096 bytes"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (int beyond = 0; beyond < 2; beyond++) {
            SCOPED_BUF(text, 1 << 20);
            buf_addf(&text, "PROPFIND " HOME "\nDepth: 0\n\n%s", rows[i].head);
            nest(&text, rows[i].open, rows[i].middle, rows[i].close,
                 beyond ? rows[i].beyond : rows[i].within);
            buf_addz(&text, "</prop></propfind>");
            SCOPED_EXCHANGE(x) = ask(&w, ALICE, buf_view(&text));
            assert_answer(x, beyond ? 413 : 207, beyond ? rows[i].why : NULL);
            if (beyond)
                assert_answer(x, 413, "<D:valid-request-body/>");
        }
}

static void what_is_no_xml_is_400(void **state)
{
    (void)state;
    static const struct {
        const char *body, *why;
    } rows[] = {
        {"<propfind", "line 1"},
        {"<a>\n</b>", "line 2"},
        {"<!DOCTYPE a><a/>", "document type"},
        {"<a>\xff</a>", "not XML in UTF-8"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_EXCHANGE(x) = askf(&w, ALICE, "PROPFIND " HOME "\nDepth: 0\n\n%s", rows[i].body);
        assert_answer(x, 400, "<D:valid-request-body/>");
        assert_answer(x, 400, rows[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bound_has_a_key),
        cmocka_unit_test(what_is_no_xml_is_400),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
