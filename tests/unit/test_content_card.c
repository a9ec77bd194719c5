/* tests/unit/test_content_card.c: contacts as vCard 3.0 and 4.0, out and back, and which of them are the same person. */
#include "tests/unit/content_fixture.h"

static const char rich[] =
    "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:card-1\r\nPRODID:-//other//EN\r\nREV:2025-01-01T00:00:00Z\r\n"
    "N:Rossi;Anna;Maria;Dott.;\r\nFN:Dott. Anna Maria Rossi\r\nNICKNAME:Annina\r\n"
    "item1.TEL;TYPE=CELL,VOICE,PREF:+39 333 1234567\r\nitem1.X-ABLabel:_$!<Mobile>!$_\r\n"
    "TEL;TYPE=HOME;X-NOTE=a:+39 02 555\r\nEMAIL;TYPE=INTERNET,WORK:anna@example.test\r\n"
    "ADR;TYPE=HOME:;;Via Roma 1;Milano;MI;20100;Italia\r\nORG:Acme;Sales\r\nTITLE:Boss\r\n"
    "BDAY:1980-04-12\r\nNOTE:First\\nSecond\r\nCATEGORIES:Friends,Work\r\n"
    "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQ==\r\nX-SKYPE:anna\r\nIMPP:xmpp:anna@example.test\r\n"
    "END:VCARD\r\n";

static void test_untouched(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct str stored = str_c(rich);
    struct str out = exported(&a, CONTENT_VCARD30, stored, "");
    assert_lacks(out, "X-ABLabel");
    assert_lacks(out, "item1");
    assert_unchanged(&a, CONTENT_VCARD30, out, stored, "");
    assert_unchanged(&a, CONTENT_VCARD40, exported(&a, CONTENT_VCARD40, stored, ""), stored, "");
}

/* Another order, other spellings, no UID, none of what the device has no idea of. */
static void test_rewritten(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    assert_unchanged(
        &a, CONTENT_VCARD30,
        STR("BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//device//EN\r\nREV:20260201T000000Z\r\n"
            "FN:Rossi, Anna Maria Dott.\r\nN:Rossi;Anna;Maria;Dott.\r\nTITLE:Boss\r\n"
            "NOTE:First\\nSecond\r\nORG:Acme;Sales;\r\nBDAY:19800412\r\n"
            "EMAIL:anna@example.test\r\nTEL;TYPE=HOME:+3902555\r\n"
            "TEL;TYPE=CELL:+393331234567\r\nADR;TYPE=HOME,POSTAL:;;Via Roma 1;Milano;MI;20100;Italia\r\n"
            "END:VCARD\r\n"),
        str_c(rich), "");
}

static void test_one_change(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct str stored = str_c(rich), out = exported(&a, CONTENT_VCARD30, stored, "");
    struct content_in in =
        imported(&a, CONTENT_VCARD30, edited(&a, out, "333 1234567", "333 7654321"), stored, "");
    assert_str(in.uid, "card-1");
    assert_false(in.differs);
    const char *there[] = {"item1.TEL;TYPE=CELL,VOICE,PREF:+39 333 7654321",
                           "item1.X-ABLabel",
                           "X-NOTE=a:+39 02 555",
                           "X-SKYPE:anna",
                           "IMPP:xmpp",
                           "UID:card-1",
                           "PRODID:-//other//EN",
                           "REV:2026-01-01T00:00:00Z",
                           "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQ=="};
    for (size_t i = 0; i < COUNT_OF(there); i++)
        assert_holds(in.body, there[i]);
    in = imported(&a, CONTENT_VCARD30, edited(&a, out, "Milano", "Torino"), stored, "");
    assert_holds(in.body, "ADR;TYPE=HOME:;;Via Roma 1;Torino;MI;20100;Italia");
    in = imported(&a, CONTENT_VCARD30, edited(&a, out, "TEL;TYPE=HOME:+39 02 555\r\n", ""), stored, "");
    assert_lacks(in.body, "02 555");
    assert_holds(in.body, "333 1234567");
    in = imported(&a, CONTENT_VCARD30, edited(&a, out, "TITLE:Boss", "TITLE:"), stored, "");
    assert_lacks(in.body, "TITLE");
    in = imported(&a, CONTENT_VCARD30, edited(&a, out, "TITLE:Boss", "TITLE:Boss\r\nTEL;TYPE=WORK:+39 06 1"),
                  stored, "");
    assert_holds(in.body, "TEL;TYPE=WORK:+39 06 1");
    in = imported(&a, CONTENT_VCARD30, edited(&a, out, "Friends,Work", "Friends,New"), stored, "");
    assert_holds(in.body, "CATEGORIES:Friends,New");
    in = imported(&a, CONTENT_VCARD30, edited(&a, out, "TEL;TYPE=HOME", "TEL;TYPE=WORK"), stored, "");
    assert_holds(in.body, "TEL;X-NOTE=a;TYPE=WORK:+39 02 555");
}

static void test_name_follows(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct str stored = str_c(rich);
    struct str out =
        edited(&a, exported(&a, CONTENT_VCARD30, stored, ""), "FN:Dott. Anna Maria Rossi\r\n", "");
    assert_unchanged(&a, CONTENT_VCARD30, out, stored, "");
    struct content_in in = imported(&a, CONTENT_VCARD30, edited(&a, out, "N:Rossi", "N:Bianchi"), stored, "");
    assert_holds(in.body, "FN:Dott. Anna Maria Bianchi");
    in = imported(&a, CONTENT_VCARD30, STR("BEGIN:VCARD\r\nVERSION:3.0\r\nN:Verdi;Carlo\r\nEND:VCARD\r\n"),
                  STR_NONE, "");
    assert_holds(in.body, "FN:Carlo Verdi");
    assert_holds(in.body, "UID:made-uid");
    assert_true(in.made_uid);
}

static void test_version4(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct str stored =
        STR("BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:1\r\nFN:Anna Rossi\r\nN:Rossi;Anna;;;\r\nGENDER:F\r\n"
            "TEL;VALUE=uri;TYPE=\"cell,voice\";PREF=1:tel:+39-333-1\r\nEMAIL;PREF=1:anna@example.test\r\n"
            "BDAY:--0412\r\nANNIVERSARY:20100601\r\nRELATED;TYPE=friend:urn:uuid:2\r\n"
            "ADR;LABEL=\"Via Roma 1\\nMilano\";TYPE=home:;;Via Roma 1;Milano;;;\r\nEND:VCARD\r\n");
    struct str out = exported(&a, CONTENT_VCARD30, stored, "");
    assert_lacks(out, "BDAY"); /* without a year it would be a lie */
    assert_unchanged(&a, CONTENT_VCARD30, out, stored, "");
    struct content_in in = imported(&a, CONTENT_VCARD30, edited(&a, out, "333-1", "333-2"), stored, "");
    assert_holds(in.body, "VERSION:4.0");
    assert_holds(in.body, "BDAY:--0412");
    assert_holds(in.body, "333-2");
    assert_holds(in.body, "PREF=1:anna@example.test");
    assert_holds(in.body, "RELATED;TYPE=friend:urn:uuid:2");
    assert_holds(in.body, "GENDER:F");
}

static void test_fields(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    static const struct phone_field fields[] = {{STR_INIT("N"), 10},    {STR_INIT("FN"), 8},
                                                {STR_INIT("TEL"), 0},   {STR_INIT("NOTE"), 7},
                                                {STR_INIT("EMAIL"), 5}, {STR_INIT("CATEGORIES"), 0}};
    phone.fields = fields;
    phone.field_count = COUNT_OF(fields);
    struct str stored = str_c(rich), out = exported(&a, CONTENT_VCARD30, stored, "");
    assert_lacks(out, "TITLE");
    assert_lacks(out, "EMAIL"); /* half an address is none */
    assert_lacks(out, "UID");
    assert_holds(out, "NOTE:First\\nS\r");
    assert_holds(out, "N:Rossi;Anna;M;;\r");
    assert_unchanged(&a, CONTENT_VCARD30, out, stored, "");
    struct content_in in =
        imported(&a, CONTENT_VCARD30, edited(&a, out, "NOTE:First", "NOTE:Third"), stored, "");
    assert_holds(in.body, "NOTE:Third\\nSecond");
    assert_holds(in.body, "TITLE:Boss");
    assert_holds(in.body, "anna@example.test");
    assert_holds(in.body, "N:Rossi;Anna;Maria;Dott.;");
    in = imported(&a, CONTENT_VCARD30, edited(&a, out, "CATEGORIES:Friends,Work\r\n", ""), stored, "");
    assert_lacks(in.body, "CATEGORIES");
}

static void test_groups(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct str group =
        STR("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:g\r\nFN:Team\r\nN:Team;;;;\r\n"
            "X-ADDRESSBOOKSERVER-KIND:group\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:1\r\nEND:VCARD\r\n");
    struct str out;
    static const struct phone_field fields[] = {{STR_INIT("N"), 0}, {STR_INIT("FN"), 0}};
    assert_unchanged(&a, CONTENT_VCARD30, exported(&a, CONTENT_VCARD30, group, ""), group, "");
    phone.fields = fields;
    phone.field_count = COUNT_OF(fields);
    assert_status(content_export(&a, &settings, MEDIA_VCARD, group, STR(""), CONTENT_VCARD30, &out),
                  UNSUPPORTED);
}

static bool same(struct arena *a, const char *sent, const char *stored)
{
    struct str one = arena_strf(a, "BEGIN:VCARD\r\nVERSION:3.0\r\n%sEND:VCARD\r\n", sent);
    struct str two = arena_strf(a, "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:x\r\n%sEND:VCARD\r\n", stored);
    struct content_peek peek;
    uint64_t key;
    bool yes;
    assert_ok(content_peek(a, &settings, CONTENT_VCARD30, one, &peek));
    assert_ok(content_key(a, &settings, MEDIA_VCARD, two, STR(""), &key));
    assert_ok(content_same(a, &settings, CONTENT_VCARD30, one, two, STR(""), &yes));
    assert_true(!yes || (peek.key == key && key));
    return yes;
}

static void test_same(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    assert_true(same(&a, "FN:Anna Rossi\r\nN:Rossi;Anna\r\nTEL:1234567\r\n",
                     "N:Rossi;Anna;;;\r\nFN:Rossi Anna\r\nTEL:123 45 67\r\n"));
    assert_true(same(&a, "FN:anna ROSSI\r\nTEL:+393331234567\r\n",
                     "N:Rossi;Anna;Maria;Dr.;\r\nFN:Dr. Anna Rossi\r\nTEL:3331234567\r\n"));
    assert_false(same(&a, "FN:Anna Rossi\r\nTEL:1234567\r\n", "FN:Anna Rossi\r\nTEL:7654321\r\n"));
    assert_false(same(&a, "FN:Anna Rossi\r\nEMAIL:a@x.test\r\n", "FN:Anna Rossi\r\nEMAIL:b@x.test\r\n"));
    assert_true(same(&a, "FN:Anna Rossi\r\nEMAIL:a@x.test\r\nEMAIL:c@x.test\r\n",
                     "FN:Anna Rossi\r\nEMAIL:A@x.test\r\nTEL:1\r\n"));
    assert_true(same(&a, "FN:Anna Rossi\r\n", "FN:Anna Rossi\r\nTEL:1\r\n"));
    assert_false(same(&a, "FN:Anna Rossi\r\nEMAIL:a@x.test\r\n", "FN:Anna Rossi\r\nTEL:1234567\r\n"));
    assert_false(same(&a, "FN:Anna Rossi\r\n", "FN:Anna Bianchi\r\n"));
    assert_true(same(&a, "N:Acme;;;;\r\nORG:Acme\r\n", "FN:Acme\r\nORG:Acme\r\nN:;;;;\r\n"));
}

static void test_both(void **state)
{
    (void)state;
    SCOPED_ARENA(a, 1 << 26);
    struct content_in in;
    struct str sent =
        STR("BEGIN:VCARD\r\nVERSION:3.0\r\nN:Rossi;Anna;;;\r\nFN:Anna Rossi\r\nTEL;TYPE=CELL:+39 333 9\r\n"
            "NICKNAME:Nina\r\nEND:VCARD\r\n");
    assert_ok(content_import(&a, &settings, CONTENT_VCARD30, sent, str_c(rich), STR(""), STR_NONE,
                             CONTENT_BOTH, &in));
    assert_holds(in.body, "+39 333 9");
    assert_holds(in.body, "+39 333 1234567");
    assert_holds(in.body, "NICKNAME:Annina,Nina");
    assert_holds(in.body, "N:Rossi;Anna;Maria;Dott.;");
    assert_holds(in.body, "TITLE:Boss");
    assert_true(in.differs);
}

/* Three ways: what the device did not touch stays as others made it. */
static void test_since(void **state)
{
    (void)state;
    static const struct {
        const char *base, *now, *sent, *holds[4], *lacks[3];
    } rows[] = {
        {"TEL;TYPE=CELL:111\r\nNOTE:uno\r\n",
         "TEL;TYPE=CELL:111\r\nNOTE:due\r\n",
         "TEL;TYPE=CELL:222\r\nNOTE:uno\r\n",
         {"TEL;TYPE=CELL:222", "NOTE:due"},
         {"111", "uno"}},
        {"TEL;TYPE=CELL:111\r\nTEL;TYPE=HOME:333\r\nCATEGORIES:A,B\r\n",
         "TEL;TYPE=CELL:444\r\nCATEGORIES:B,C\r\nEMAIL:x@y.test\r\n",
         "TEL;TYPE=CELL:111\r\nTEL;TYPE=HOME:333\r\nCATEGORIES:A,B,D\r\nTITLE:Boss\r\n",
         {"444", "B,C,D", "x@y.test", "TITLE:Boss"},
         {"111", "333", "A,"}},
        {"TEL:111\r\nNOTE:a\r\n", /* both changed both */
         "TEL:222\r\nNOTE:b\r\n",
         "TEL:333\r\nNOTE:c\r\n",
         {"222", "333", "NOTE:c"},
         {"111", "NOTE:b", "NOTE:a"}},
        {"TEL:111\r\nEMAIL:x@y.test\r\n", /* gone on one side, changed on the other */
         "TEL:222\r\n",
         "EMAIL:z@y.test\r\n",
         {"222", "z@y.test"},
         {"111", "x@y.test"}},
        {"TEL:111\r\nTITLE:a\r\n", /* gone on one side alone */
         "TEL:111\r\n",
         "TITLE:a\r\n",
         {"FN:Anna"},
         {"111", "TITLE"}},
        {"ADR:;;Via Roma 1;Udine;;33100;\r\n", /* parts of one value */
         "ADR:;;Via Roma 1;Trieste;;34100;\r\n",
         "ADR:;;Via Milano 2;Udine;;33100;\r\n",
         {"ADR:;;Via Milano 2;Trieste;;34100;"},
         {"Roma", "Udine"}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_ARENA(a, 1 << 26);
        struct content_in in;
        struct str text[3];
        const char *inner[] = {rows[i].base, rows[i].now, rows[i].sent};
        for (int k = 0; k < 3; k++)
            text[k] = arena_strf(&a,
                                 "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u\r\nN:Rossi;Anna;;;\r\nFN:Anna Rossi\r\n"
                                 "%sEND:VCARD\r\n",
                                 inner[k]);
        assert_ok(content_import_since(&a, &settings, CONTENT_VCARD30, text[2], text[1], text[0], STR(""),
                                       STR_NONE, CONTENT_BOTH, &in));
        for (size_t k = 0; k < COUNT_OF(rows[i].holds) && rows[i].holds[k]; k++)
            assert_holds(in.body, rows[i].holds[k]);
        for (size_t k = 0; k < COUNT_OF(rows[i].lacks) && rows[i].lacks[k]; k++)
            assert_lacks(in.body, rows[i].lacks[k]);
        assert_true(in.differs);
    }
}

static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *mime, *version, *data;
        enum content_type type;
    } rows[] = {
        {"text/vcard", "", "", CONTENT_VCARD30},
        {"text/vcard; charset=UTF-8", "4.0", "", CONTENT_VCARD40},
        {"TEXT/X-VCARD", "", "", CONTENT_VCARD21},
        {"text/x-vcard", "", "BEGIN:VCARD\r\nVERSION:3.0\r\n", CONTENT_VCARD30},
        {"text/vcard", "3.0", "BEGIN:VCARD\nVERSION:4.0\n", CONTENT_VCARD40},
        {"text/calendar", "", "BEGIN:VCALENDAR\r\nVERSION:1.0\r\n", CONTENT_VCAL10},
        {"text/x-vcalendar", "1.0", "", CONTENT_VCAL10},
        {"text/x-s4j-sifn", "1.0", "", CONTENT_SIFN},
        {"text/x-sifc", "", "", CONTENT_SIFC},
        {"text/plain;charset=utf-8", "1.0", "", CONTENT_PLAIN},
        {"application/octet-stream", "", "", CONTENT_NONE},
        {"", "", "", CONTENT_NONE},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(content_type_of(str_c(rows[i].mime), str_c(rows[i].version), str_c(rows[i].data)),
                         rows[i].type);
    for (enum content_type t = CONTENT_NONE + 1; t < CONTENT_TYPE_COUNT; t++)
        assert_int_equal(content_type_of(content_mime(t), content_version(t), STR("")), t);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, content_setup, content_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_untouched), TEST(test_rewritten), TEST(test_one_change), TEST(test_name_follows),
        TEST(test_version4),  TEST(test_fields),    TEST(test_groups),     TEST(test_same),
        TEST(test_both),      TEST(test_since),     TEST(test_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
