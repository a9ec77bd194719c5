/* Notifications that alert a device: every bit by a decoder that shares nothing with the encoder, digests recomputed by hand, the messages
 * of 1.0 and 1.1 read back. */
#include "tests/unit/test.h"

#include "core/hash.h"
#include "syncml/san.h"

/* ---- a decoder of its own ---- */

struct bytes {
    const unsigned char *p;
    size_t n, at; /* at: in bits */
};

static uint32_t take(struct bytes *b, unsigned width)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < width; i++, b->at++) {
        assert_true(b->at / 8 < b->n);
        value = value * 2 + ((b->p[b->at / 8] & 0x80 >> b->at % 8) ? 1 : 0);
    }
    return value;
}

static struct str take_name(struct bytes *b)
{
    size_t n = take(b, 8), from = b->at / 8;
    assert_int_equal(b->at % 8, 0);
    assert_true(from + n <= b->n);
    b->at += n * 8;
    return str_n(b->p + from, n);
}

static const struct san_db two[] = {{STR_INIT("contacts"), SAN_TWO_WAY, SAN_VCARD},
                                    {STR_INIT("calendar"), SAN_REFRESH_FROM_SERVER, SAN_VCALENDAR}};

static struct san example(void)
{
    return (struct san){.server_id = STR("scambio"),
                        .password = STR("secret"),
                        .nonce = STR("nonce"),
                        .session = 0x1234,
                        .ui = SAN_UI_BACKGROUND,
                        .dbs = two,
                        .count = COUNT_OF(two)};
}

static void test_bits(void **state)
{
    (void)state;
    SCOPED_BUF(out, SAN_PACKAGE);
    struct san s = example();
    assert_ok(san_write(&out, &s));
    struct bytes b = {(const unsigned char *)out.p, out.n, 16 * 8};
    assert_int_equal(take(&b, 10), 12);
    assert_int_equal(take(&b, 2), 1);
    assert_int_equal(take(&b, 1), 1);
    assert_int_equal(take(&b, 27), 0);
    assert_int_equal(take(&b, 16), 0x1234);
    assert_str(take_name(&b), "scambio");
    assert_int_equal(take(&b, 4), 2);
    assert_int_equal(take(&b, 4), 0);
    for (size_t i = 0; i < COUNT_OF(two); i++) {
        assert_int_equal(take(&b, 4) + 200, two[i].alert);
        assert_int_equal(take(&b, 4), 0);
        assert_int_equal(take(&b, 24), two[i].content);
        assert_true(str_eq(take_name(&b), two[i].uri));
    }
    assert_int_equal(b.at, out.n * 8);
}

/* Made by another program from the same values. */
static void test_whole(void **state)
{
    (void)state;
    SCOPED_BUF(out, SAN_PACKAGE);
    SCOPED_BUF(hex, SAN_PACKAGE);
    struct san s = example();
    assert_ok(san_write(&out, &s));
    buf_hex(&hex, buf_view(&out));
    assert_str(buf_view(&hex), "7db73702fb5d74ddfaf68f0284b34bb403180000001234077363616d62696f206000000708636"
                               "f6e7461637473a00000060863616c656e646172");
}

static void test_all_databases(void **state)
{
    (void)state;
    SCOPED_BUF(out, SAN_PACKAGE);
    SCOPED_BUF(hex, SAN_PACKAGE);
    struct san s = {.by_user = true, .ui = SAN_UI_INTERACTION, .session = 1};
    assert_ok(san_write(&out, &s));
    buf_hex(&hex, buf_view(&out));
    /* no password: a digest of zeros */
    assert_str(buf_view(&hex), "00000000000000000000000000000000"
                               "03300000000001"
                               "00"
                               "00");
}

static void test_refuses(void **state)
{
    (void)state;
    static char long_name[256];
    struct san_db many[16], wrong[] = {{STR_INIT("x"), 205, SAN_ANY},
                                       {STR_INIT("x"), 211, SAN_ANY},
                                       {STR_INIT(""), SAN_TWO_WAY, SAN_ANY},
                                       {{long_name, sizeof long_name}, SAN_TWO_WAY, SAN_ANY}};
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(out, SAN_PACKAGE);
    struct san s = example();
    for (size_t i = 0; i < COUNT_OF(many); i++)
        many[i] = two[0];
    s.dbs = many;
    s.count = SAN_DATABASES;
    assert_ok(san_write(&out, &s));
    s.count = SAN_DATABASES + 1;
    assert_status(san_write(&out, &s), INVALID);
    s.count = 1;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        s.dbs = &wrong[i];
        assert_status(san_write(&out, &s), INVALID);
        assert_status(san_write_message(&out, &a, &s, SML_1_1, SML_XML, STR("d")), INVALID);
    }
    s = example();
    s.server_id = str_n(long_name, sizeof long_name);
    assert_status(san_write(&out, &s), INVALID);
    s = example();
    s.count = 0;
    assert_status(san_write_message(&out, &a, &s, SML_1_1, SML_XML, STR("d")), INVALID);
    s = example();
    SCOPED_BUF(tight, 20);
    assert_status(san_write(&tight, &s), TOO_LARGE);
}

static void test_message(void **state)
{
    (void)state;
    static const struct {
        enum sml_version version;
        enum sml_encoding encoding;
        const char *digest;
    } rows[] = {
        {SML_1_1, SML_WBXML, "RcDXM++zaQplt/dcvjGWVg=="},
        {SML_1_1, SML_XML, "RcDXM++zaQplt/dcvjGWVg=="},
        {SML_1_0, SML_WBXML, "MvZ3pV0NVaheKvDNRZMGww=="},
        {SML_1_0, SML_XML, "MvZ3pV0NVaheKvDNRZMGww=="},
    };
    static const struct sml_limits limits = {.size = 1 << 20, .depth = 20, .nodes = 1000, .commands = 100};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_ARENA(a, 1 << 20);
        SCOPED_BUF(out, SAN_PACKAGE);
        struct sml_message m;
        struct str why;
        struct san s = example();
        assert_ok(san_write_message(&out, &a, &s, rows[i].version, rows[i].encoding, STR("IMEI:1")));
        assert_ok(sml_read(&a, rows[i].encoding, buf_view(&out), &limits, &m, &why));
        assert_int_equal(m.version, rows[i].version);
        assert_true(m.final);
        assert_str(m.session_id, "4660");
        assert_str(m.msg_id, "1");
        assert_str(m.target, "IMEI:1");
        assert_str(m.source, "scambio");
        assert_str(m.cred.type, "syncml:auth-md5");
        assert_str(m.cred.data, rows[i].digest);
        const struct sml_command *c = m.commands;
        assert_int_equal(c->cmd, SML_ALERT);
        assert_str(c->data, "206");
        assert_str(c->items->source, "contacts");
        assert_null(c->items->next);
        c = c->next;
        assert_int_equal(c->cmd, SML_ALERT);
        assert_str(c->data, "210");
        assert_str(c->items->source, "calendar");
        assert_null(c->next);
        s.password = STR_NONE;
        buf_clear(&out);
        assert_ok(san_write_message(&out, &a, &s, rows[i].version, rows[i].encoding, STR("IMEI:1")));
        assert_ok(sml_read(&a, rows[i].encoding, buf_view(&out), &limits, &m, &why));
        assert_null(m.cred.data.p);
    }
    assert_str(san_media(SML_1_2, SML_WBXML), "application/vnd.syncml.notification");
    assert_str(san_media(SML_1_1, SML_WBXML), "application/vnd.syncml+wbxml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits),    cmocka_unit_test(test_whole),   cmocka_unit_test(test_all_databases),
        cmocka_unit_test(test_refuses), cmocka_unit_test(test_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
