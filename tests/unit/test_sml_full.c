/* tests/unit/test_sml_full.c: messages of a limited size: never larger than the device takes, nothing lost at the edge, large objects in
 * chunks. */
#include "tests/unit/test.h"

#include "tests/unit/sml_fixture.h"

static const struct sml_limits limits = {.size = 1 << 20, .depth = 32, .nodes = 20000, .commands = 2000};

static void read_ok(struct arena *a, enum sml_encoding encoding, struct str body, struct sml_message *m)
{
    struct str why;
    enum status st = sml_read(a, encoding, body, &limits, m, &why);
    if (st != OK)
        print_error("%.*s\n", STR_ARG(why));
    assert_ok(st);
}

struct sizes { /* what a series of messages was made of */
    size_t sent, messages;
    struct buf data; /* joined chunks */
};

/* Reads a message that must not be over `max` back, and counts. */
static void check_message(struct sml_out *o, size_t max, struct sizes *sizes)
{
    SCOPED_ARENA(a, 4 << 20);
    struct sml_message m;
    if (o->buf.n > max)
        fail_msg("%zu bytes where %zu are allowed", o->buf.n, max);
    read_ok(&a, o->encoding, buf_view(&o->buf), &m);
    assert_true(m.final);
    sizes->messages++;
    int id = 1;
    for (const struct sml_command *c = m.commands; c; c = sml_command_step(c)) {
        uint64_t value;
        assert_true(str_u64(c->cmd_id, &value) && value == (uint64_t)id++); /* no number is lost */
        if (c->cmd == SML_ADD) {
            sizes->sent++;
            buf_add(&sizes->data, c->items->data);
        }
    }
}

static const struct sml_meta no_meta = {.size = -1, .max_msg = -1, .max_obj = -1};

static void begin(struct sml_out *o, struct arena *a, enum sml_encoding encoding, size_t max)
{
    struct sml_message head = {.version = SML_1_2,
                               .session_id = STR("7"),
                               .msg_id = STR("1"),
                               .target = STR("IMEI:1"),
                               .source = STR("h"),
                               .meta = no_meta};
    sml_begin(o, a, encoding, max, &head);
}

static bool begin_sync(struct sml_out *o)
{
    struct sml_command status = {.cmd = SML_STATUS,
                                 .msg_ref = STR("1"),
                                 .cmd_ref = STR("0"),
                                 .cmd_name = STR("SyncHdr"),
                                 .data = STR("200"),
                                 .meta = no_meta,
                                 .changes = -1};
    struct sml_command sync = {
        .cmd = SML_SYNC, .source = STR("c"), .target = STR("./c"), .meta = no_meta, .changes = 3};
    return sml_add(o, &status) && sml_sync_begin(o, &sync);
}

/* Items of growing size, as many as fit, message after message. */
static void fill(enum sml_encoding encoding, size_t max, struct sizes *sizes)
{
    static const char text[] = "BEGIN:VCARD\r\nN:a<b>&c\r\n";
    size_t sent = 0;
    for (size_t before = SIZE_MAX; sent < 12 && sent != before;) {
        before = sent;
        SCOPED_ARENA(a, 1 << 20);
        struct sml_out o;
        begin(&o, &a, encoding, max);
        bool open = begin_sync(&o);
        while (open && sent < 12) {
            struct sml_item item = {
                .source = STR("1"), .data = str_slice(str_c(text), 0, 2 * sent + 1), .meta = no_meta};
            struct sml_command add = {
                .cmd = sent % 2 ? SML_ADD : SML_REPLACE, .items = &item, .meta = no_meta, .changes = -1};
            add.meta.type = STR("text/x-vcard");
            size_t n = o.buf.n;
            int id = o.next_cmd_id;
            unsigned page = o.page;
            if (!sml_add(&o, &add)) {
                assert_true(o.buf.n == n && o.next_cmd_id == id && o.page == page && o.buf.st == OK);
                assert_null(add.cmd_id.p);
                break;
            }
            sent++;
        }
        enum status st = sml_end(&o, true);
        if (st != OK)
            assert_int_equal(st, TOO_LARGE);
        else if (max % 7 == 0) /* reading takes most of the time */
            check_message(&o, max, sizes);
        else
            assert_true(o.buf.n <= max);
        assert_true(st == OK || !open);
        buf_free(&o.buf);
    }
    sizes->sent = sent;
}

static void test_never_too_large(void **state)
{
    (void)state;
    for (enum sml_encoding encoding = SML_XML; encoding <= SML_WBXML; encoding++)
        for (size_t max = 100; max <= 5000; max++) {
            struct sizes sizes = {.data = BUF_INIT(1 << 20)};
            fill(encoding, max, &sizes);
            buf_free(&sizes.data);
            assert_true(sizes.sent == 12 || max < 900);
            assert_true(max != 4998 || sizes.messages == 1);
        }
}

/* A command is taken if and only if it fits: with one byte less it is not. */
static void test_exact(void **state)
{
    (void)state;
    for (enum sml_encoding encoding = SML_XML; encoding <= SML_WBXML; encoding++)
        for (int sync = 0; sync < 2; sync++) {
            SCOPED_ARENA(a, 1 << 20);
            struct sml_item item = {.source = STR("1"), .data = STR("x\r\n"), .meta = no_meta};
            struct sml_command add = {.cmd = SML_ADD, .items = &item, .meta = no_meta, .changes = -1};
            size_t size = 0;
            for (size_t max = 0; max == 0 || max >= size - 1; max = max == 0 ? size : max - 1) {
                struct sml_out o;
                begin(&o, &a, encoding, max);
                assert_true(!sync || begin_sync(&o));
                bool added = sml_add(&o, &add);
                assert_int_equal(added, max != size - 1);
                assert_ok(sml_end(&o, true));
                if (max == 0)
                    size = o.buf.n;
                assert_true(!added || o.buf.n == size);
                buf_free(&o.buf);
            }
        }
}

static void test_reserve(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 20);
    struct sml_command status = {.cmd = SML_STATUS, .data = STR("200"), .meta = no_meta, .changes = -1};
    struct sml_out o;
    begin(&o, &a, SML_WBXML, 1000);
    o.reserve = 990;
    assert_false(sml_add(&o, &status));
    assert_int_equal(sml_room(&o, &status), 0);
    o.reserve = SIZE_MAX;
    assert_false(sml_add(&o, &status));
    o.reserve = 0;
    assert_true(sml_add(&o, &status));
    assert_str(status.cmd_id, "1");
    assert_ok(sml_end(&o, false));
    buf_free(&o.buf);
}

/* A large object goes in chunks of what sml_room says; together they are the object, and each message is nearly full. */
static void chunks(enum sml_encoding encoding, size_t max, struct str data)
{
    struct sizes sizes = {.data = BUF_INIT(1 << 20)};
    struct str left = data;
    bool cdata_end =
        str_find(data, STR("]]>"), 0) != SIZE_MAX; /* it may cost much: all is escaped from there on */
    while (left.n) {
        SCOPED_ARENA(a, 1 << 20);
        struct sml_out o;
        struct sml_item item = {.source = STR("1"), .data = left, .meta = no_meta};
        struct sml_command add = {.cmd = SML_ADD, .items = &item, .meta = no_meta, .changes = -1};
        if (left.n == data.n)
            item.meta.size = (int64_t)data.n;
        begin(&o, &a, encoding, max);
        assert_true(begin_sync(&o));
        if (!sml_add(&o, &add)) {
            size_t n = sml_room(&o, &add);
            assert_true(n >= 32 && n <= left.n);
            item.data = str_slice(left, 0, n);
            item.more_data = true;
            if (!sml_add(&o, &add))
                fail_msg("encoding %d, max %zu: %zu bytes do not fit", encoding, max, n);
        }
        left = str_from(left, item.data.n);
        assert_ok(sml_end(&o, true));
        if (item.more_data && o.buf.n + 24 < max && (encoding == SML_WBXML || !cdata_end))
            fail_msg("encoding %d, max %zu: only %zu bytes used", encoding, max, o.buf.n);
        check_message(&o, max, &sizes);
        buf_free(&o.buf);
    }
    assert_true(str_eq(buf_view(&sizes.data), data));
    buf_free(&sizes.data);
}

static void test_chunks(void **state)
{
    (void)state;
    static const char *const pieces[] = {"NOTE:plain text\r\n",
                                         "<a>&amp;&&&",
                                         "]]>",
                                         "\xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\x89",
                                         "\r\n\r\n",
                                         "]]"};
    for (size_t first = 0; first < 2 * COUNT_OF(pieces); first++) {
        SCOPED_BUF(data, 1 << 16);
        for (size_t i = 0; i < 300; i++)
            buf_addz(&data, pieces[first < COUNT_OF(pieces) ? first : (i * i + first) % COUNT_OF(pieces)]);
        for (size_t max = 900; max <= 1100; max += 1 + first) {
            chunks(SML_XML, max, buf_view(&data));
            chunks(SML_WBXML, max, buf_view(&data));
        }
        chunks(SML_XML, 5000, buf_view(&data));
        chunks(SML_WBXML, 5000, buf_view(&data));
    }
}

/* Without data, any data of that size fits. */
static void test_room_for_any(void **state)
{
    (void)state;
    char text[3000];
    for (enum sml_encoding encoding = SML_XML; encoding <= SML_WBXML; encoding++)
        for (size_t max = 700; max < 2000; max += 7) {
            SCOPED_ARENA(a, 1 << 20);
            struct sml_out o;
            struct sml_item item = {.source = STR("1"), .meta = no_meta};
            struct sml_command add = {.cmd = SML_ADD, .items = &item, .meta = no_meta, .changes = -1};
            begin(&o, &a, encoding, max);
            assert_true(begin_sync(&o));
            size_t n = sml_room(&o, &add);
            memset(text, '<', sizeof text);
            item.data = str_n(text, n);
            assert_true(n < max);
            assert_true(sml_add(&o, &add));
            assert_ok(sml_end(&o, true));
            buf_free(&o.buf);
        }
}

static void test_faults(void **state)
{
    (void)state;
    struct sml_command status = {.cmd = SML_STATUS, .data = STR("200"), .meta = no_meta, .changes = -1},
                       none = {0};
    SCOPED_ARENA(tiny, 8);
    struct sml_out o;
    begin(&o, &tiny, SML_WBXML, 1000);
    assert_false(sml_add(&o, &status));
    assert_status(sml_end(&o, true), TOO_LARGE); /* of the arena */
    buf_free(&o.buf);
    SCOPED_ARENA(a, 10000);
    begin(&o, &a, SML_XML, 1000);
    assert_false(sml_add(&o, &none));
    assert_status(sml_end(&o, true), E_INTERNAL);
    buf_free(&o.buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_too_large), cmocka_unit_test(test_exact),
        cmocka_unit_test(test_reserve),         cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_room_for_any),    cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
