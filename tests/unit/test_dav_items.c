/* Tests of items over DAV: PUT, GET, DELETE, POST, and what makes them conditional. */
#include "tests/unit/dav_world.h"

#define ALICE "alice@example.test"
#define CAL   "/dav/calendars/alice@example.test/calendar/"
#define BOOK  "/dav/addressbooks/alice@example.test/contacts/"

#define EVENT(uid, more)                                                                                     \
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//T//EN\r\nBEGIN:VEVENT\r\nUID:" uid                          \
    "\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260105T100000Z\r\nDTEND:20260105T110000Z\r\n" more            \
    "SUMMARY:Meeting\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
#define CARD(version, uid, more)                                                                             \
    "BEGIN:VCARD\r\nVERSION:" version "\r\nUID:" uid "\r\nFN:Carlo Verdi\r\nN:Verdi;Carlo;;;\r\n" more       \
    "END:VCARD\r\n"

static struct world w;

static int start(void **state)
{
    (void)state;
    world_start(&w, 1, "[limits]\nattendees = 3\nresource_size = 20K\n");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    world_stop(&w);
    return 0;
}

/* The ETag of a successful PUT, in the exchange's arena. */
static struct str put_ok(struct exchange *x, int status)
{
    assert_answer(x, status, NULL);
    struct str etag = answer_header(x, "ETag");
    assert_true(etag.n > 2 && etag.p[0] == '"');
    return etag;
}

static void stores_and_gives_back_the_same_bytes(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(put) = askf(
        &w, ALICE, "PUT " CAL "1.ics\nContent-Type: text/calendar; charset=utf-8\n\n%s", EVENT("u1", ""));
    struct str etag = put_ok(put, 201);
    SCOPED_EXCHANGE(get) = ask(&w, ALICE, STR("GET " CAL "1.ics\n\n"));
    assert_answer(get, 200, NULL);
    assert_str(answer_body(get), EVENT("u1", ""));
    assert_true(str_eq(answer_header(get, "ETag"), etag));
    assert_str(answer_header(get, "Content-Type"), "text/calendar; charset=utf-8");
    assert_true(answer_header(get, "Last-Modified").n > 0);
    SCOPED_EXCHANGE(again) = askf(&w, ALICE, "PUT " CAL "1.ics\n\n%s", EVENT("u1", "LOCATION:Rome\r\n"));
    assert_false(str_eq(put_ok(again, 204), etag));
}

static void judges_conditions_in_the_write(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(first) = askf(&w, ALICE, "PUT " CAL "2.ics\nIf-None-Match: *\n\n%s", EVENT("u2", ""));
    struct str etag = put_ok(first, 201);
    SCOPED_EXCHANGE(twice) =
        askf(&w, ALICE, "PUT " CAL "2.ics\nIf-None-Match: *\n\n%s", EVENT("u2", "LOCATION:B\r\n"));
    assert_answer(twice, 412, NULL);
    SCOPED_EXCHANGE(wrong) =
        askf(&w, ALICE, "PUT " CAL "2.ics\nIf-Match: \"nonsense\"\n\n%s", EVENT("u2", "LOCATION:C\r\n"));
    assert_answer(wrong, 412, NULL);
    SCOPED_EXCHANGE(weak) = askf(&w, ALICE, "PUT " CAL "2.ics\nIf-Match: W/%.*s\n\n%s", STR_ARG(etag),
                                 EVENT("u2", "LOCATION:C\r\n"));
    assert_answer(weak, 412, NULL);
    SCOPED_EXCHANGE(right) = askf(&w, ALICE, "PUT " CAL "2.ics\nIf-Match: \"x\", %.*s\n\n%s", STR_ARG(etag),
                                  EVENT("u2", "LOCATION:D\r\n"));
    struct str second = put_ok(right, 204);
    SCOPED_EXCHANGE(gone) = askf(&w, ALICE, "DELETE " CAL "2.ics\nIf-Match: %.*s\n\n", STR_ARG(etag));
    assert_answer(gone, 412, NULL);
    SCOPED_EXCHANGE(delete) = askf(&w, ALICE, "DELETE " CAL "2.ics\nIf-Match: %.*s\n\n", STR_ARG(second));
    assert_answer(delete, 204, NULL);
    SCOPED_EXCHANGE(deleted) =
        askf(&w, ALICE, "PUT " CAL "2.ics\nIf-Match: %.*s\n\n%s", STR_ARG(second), EVENT("u2", ""));
    assert_answer(deleted, 412, NULL);
    SCOPED_EXCHANGE(nothing) = ask(&w, ALICE, STR("DELETE " CAL "2.ics\n\n"));
    assert_answer(nothing, 404, NULL);
}

/* Many clients change one item at the same time, all from the version that they know: one is heard. */
static void lets_one_of_many_win(void **state)
{
    enum { CLIENTS = 16 };
    struct exchange *x[CLIENTS];
    struct login login;
    SCOPED_ARENA(a, 1 << 16);
    (void)state;
    SCOPED_EXCHANGE(first) = askf(&w, ALICE, "PUT " CAL "race.ics\n\n%s", EVENT("race", ""));
    struct str etag = put_ok(first, 201);
    world_login(&w, &a, ALICE, &login);
    for (int i = 0; i < CLIENTS; i++) {
        SCOPED_BUF(text, 4096);
        buf_addf(
            &text,
            "PUT " CAL
            "race.ics\nIf-Match: %.*s\n\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\n"
            "UID:race\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260105T100000Z\r\nSUMMARY:%d\r\nEND:VEVENT\r\n"
            "END:VCALENDAR\r\n",
            STR_ARG(etag), i);
        x[i] = exchange_try(buf_view(&text));
        assert_non_null(x[i]);
        dav_handle(w.dav, &x[i]->t, &login);
    }
    int won = 0, lost = 0;
    for (int i = 0; i < CLIENTS; i++) {
        exchange_wait(x[i]);
        won += x[i]->t.resp.status == 204;
        lost += x[i]->t.resp.status == 412;
        exchange_free(x[i]);
    }
    assert_int_equal(won, 1);
    assert_int_equal(lost, CLIENTS - 1);
}

static void reads_conditionally(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(put) = askf(&w, ALICE, "PUT " CAL "3.ics\n\n%s", EVENT("u3", ""));
    struct str etag = put_ok(put, 201);
    SCOPED_EXCHANGE(same) = askf(&w, ALICE, "GET " CAL "3.ics\nIf-None-Match: %.*s\n\n", STR_ARG(etag));
    assert_answer(same, 304, NULL);
    assert_int_equal(answer_body(same).n, 0);
    SCOPED_EXCHANGE(date) =
        ask(&w, ALICE, STR("GET " CAL "3.ics\nIf-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\n\n"));
    assert_answer(date, 304, NULL);
    SCOPED_EXCHANGE(old) =
        ask(&w, ALICE, STR("GET " CAL "3.ics\nIf-Unmodified-Since: Fri, 01 Jan 1999 00:00:00 GMT\n\n"));
    assert_answer(old, 412, NULL);
}

static void reads_the_if_header(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(put) = askf(&w, ALICE, "PUT " CAL "4.ics\n\n%s", EVENT("u4", ""));
    struct str etag = put_ok(put, 201);
    static const struct {
        const char *header;
        int status;
    } rows[] = {
        {"([%E])", 200},
        {"([\"other\"])", 412},
        {"([\"other\"]) ([%E])", 200},
        {"(Not [%E])", 412},
        {"(<urn:uuid:a-lock>)", 412},
        {"(Not <DAV:no-lock> [%E])", 200},
        {"(<urn:uuid:a-lock>) (Not <DAV:no-lock>)", 200},
        {"<" CAL "4.ics> ([%E])", 200},
        {"<http://mail.example.test" CAL "4.ics> ([\"other\"])", 412},
        {"<http://elsewhere.test" CAL "4.ics> ([%E])", 412},
        {"<" CAL "none.ics> (Not [%E])", 200},
        {"()", 400},
        {"([%E]", 400},
        {"nonsense", 400},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_BUF(header, 4096);
        for (const char *c = rows[i].header; *c; c++)
            if (c[0] == '%' && c[1] == 'E')
                buf_add(&header, etag), c++;
            else
                buf_addc(&header, *c);
        SCOPED_EXCHANGE(get) = askf(&w, ALICE, "GET " CAL "4.ics\nIf: %s\n\n", buf_c(&header));
        if (get->t.resp.status != rows[i].status)
            print_error("If: %s\n", buf_c(&header));
        assert_answer(get, rows[i].status, NULL);
    }
}

static void bounds_the_if_header(void **state)
{
    (void)state;
    SCOPED_BUF(header, 1 << 20);
    for (int i = 0; i < 200; i++)
        buf_addz(&header, "([\"x\"]) ");
    SCOPED_EXCHANGE(get) = askf(&w, ALICE, "GET " CAL "4.ics\nIf: %s\n\n", buf_c(&header));
    assert_answer(get, 400, NULL);
}

static void names_what_is_wrong_with_a_calendar(void **state)
{
    static const struct {
        const char *type, *body, *element;
        int status;
    } rows[] = {
        {"text/calendar", "nonsense", "C:valid-calendar-data", 403},
        {"text/calendar", "", "C:valid-calendar-data", 403},
        {"text/calendar",
         "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:m\r\n"
         "DTSTAMP:20260101T000000Z\r\nDTSTART:20260105T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
         "C:valid-calendar-object-resource", 403},
        {"text/calendar",
         "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTODO\r\nUID:t\r\n"
         "DTSTAMP:20260101T000000Z\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
         "C:supported-calendar-component", 403},
        {"text/calendar",
         EVENT(
             "a",
             "ATTENDEE:mailto:a@b\r\nATTENDEE:mailto:b@b\r\nATTENDEE:mailto:c@b\r\nATTENDEE:mailto:d@b\r\n"),
         "C:max-attendees-per-instance", 403},
        {"text/plain", EVENT("p", ""), "C:supported-calendar-data", 403},
        {"application/calendar+json", "[]", "C:supported-calendar-data", 403},
        {"text/calendar; charset=iso-8859-1", EVENT("p", ""), "C:supported-calendar-data", 403},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_EXCHANGE(put) =
            askf(&w, ALICE, "PUT " CAL "bad.ics\nContent-Type: %s\n\n%s", rows[i].type, rows[i].body);
        assert_answer(put, rows[i].status, rows[i].element);
        SCOPED_EXCHANGE(get) = ask(&w, ALICE, STR("GET " CAL "bad.ics\n\n"));
        assert_answer(get, 404, NULL);
    }
}

static void refuses_what_is_too_large(void **state)
{
    (void)state;
    SCOPED_BUF(more, 1 << 20);
    for (int i = 0; i < 2000; i++)
        buf_addz(&more, "COMMENT:longer\r\n");
    SCOPED_EXCHANGE(put) =
        askf(&w, ALICE,
             "PUT " CAL "large.ics\n\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:l\r\n"
             "DTSTAMP:20260101T000000Z\r\nDTSTART:20260105T100000Z\r\n%sEND:VEVENT\r\nEND:VCALENDAR\r\n",
             buf_c(&more));
    assert_answer(put, 403, "C:max-resource-size");
}

static void keeps_uids_apart(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(put) = askf(&w, ALICE, "PUT " CAL "5.ics\n\n%s", EVENT("u5", ""));
    put_ok(put, 201);
    SCOPED_EXCHANGE(other) = askf(&w, ALICE, "PUT " CAL "5b.ics\n\n%s", EVENT("u5", ""));
    assert_answer(other, 409, "<C:no-uid-conflict><D:href>" CAL "5.ics</D:href></C:no-uid-conflict>");
    SCOPED_EXCHANGE(changed) = askf(&w, ALICE, "PUT " CAL "5.ics\n\n%s", EVENT("u5-other", ""));
    assert_answer(changed, 409, "<C:no-uid-conflict><D:href>" CAL "5.ics</D:href></C:no-uid-conflict>");
}

static void returns_the_representation(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(put) =
        askf(&w, ALICE, "PUT " CAL "6.ics\nPrefer: return=representation\n\n%s", EVENT("u6", ""));
    put_ok(put, 201);
    assert_str(answer_body(put), EVENT("u6", ""));
    assert_str(answer_header(put, "Preference-Applied"), "return=representation");
    assert_str(answer_header(put, "Content-Location"), CAL "6.ics");
}

/* RFC 8144 section 3.2: whoever asks so gets with a 412 what is there now, and needs no GET. */
static void a_412_brings_the_representation(void **state)
{
    static const char *const stopped[] = {
        "PUT " CAL "6r.ics\nIf-Match: \"other\"\n",
        "PUT " CAL "6r.ics\nIf-None-Match: *\n",
        "DELETE " CAL "6r.ics\nIf-Match: \"other\"\n",
    };
    (void)state;
    SCOPED_EXCHANGE(put) = askf(&w, ALICE, "PUT " CAL "6r.ics\n\n%s", EVENT("u6r", "SUMMARY:Now\r\n"));
    struct str etag = put_ok(put, 201);
    for (size_t i = 0; i < COUNT_OF(stopped); i++) {
        SCOPED_EXCHANGE(plain) = askf(&w, ALICE, "%s\n%s", stopped[i], EVENT("u6r", "SUMMARY:New\r\n"));
        assert_answer(plain, 412, NULL);
        assert_int_equal(answer_body(plain).n, 0);
        SCOPED_EXCHANGE(x) = askf(&w, ALICE, "%sPrefer: return=representation\n\n%s", stopped[i],
                                  EVENT("u6r", "SUMMARY:New\r\n"));
        assert_answer(x, 412, NULL);
        assert_str(answer_body(x), EVENT("u6r", "SUMMARY:Now\r\n"));
        assert_true(str_eq(answer_header(x, "ETag"), etag));
        assert_str(answer_header(x, "Preference-Applied"), "return=representation");
        assert_str(answer_header(x, "Content-Location"), CAL "6r.ics");
        assert_str(answer_header(x, "Content-Type"), "text/calendar; charset=utf-8");
    }
    /* There is nothing to show of what is not there. */
    SCOPED_EXCHANGE(none) =
        askf(&w, ALICE, "PUT " CAL "6none.ics\nIf-Match: *\nPrefer: return=representation\n\n%s",
             EVENT("u6none", ""));
    assert_answer(none, 412, NULL);
    assert_int_equal(answer_body(none).n, 0);
    assert_null(answer_header(none, "Preference-Applied").p);
    SCOPED_EXCHANGE(card) = askf(&w, ALICE, "PUT " BOOK "6r.vcf\n\n%s", CARD("3.0", "c6r", ""));
    put_ok(card, 201);
    SCOPED_EXCHANGE(again) =
        askf(&w, ALICE, "PUT " BOOK "6r.vcf\nIf-None-Match: *\nPrefer: return=representation\n\n%s",
             CARD("4.0", "c6r", ""));
    assert_answer(again, 412, NULL);
    assert_str(answer_body(again), CARD("3.0", "c6r", ""));
    assert_str(answer_header(again, "Content-Type"), "text/vcard; charset=utf-8");
}

static void adds_a_member(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(post) =
        askf(&w, ALICE, "POST " CAL "\nContent-Type: text/calendar\n\n%s", EVENT("u7", ""));
    struct str etag = put_ok(post, 201), location = answer_header(post, "Location");
    assert_true(str_starts(location, STR(CAL)) && str_ends(location, STR(".ics")));
    SCOPED_EXCHANGE(get) = askf(&w, ALICE, "GET %.*s\n\n", STR_ARG(location));
    assert_answer(get, 200, "UID:u7");
    assert_true(str_eq(answer_header(get, "ETag"), etag));
    SCOPED_EXCHANGE(again) =
        askf(&w, ALICE, "POST " CAL "\nContent-Type: text/calendar\n\n%s", EVENT("u7", ""));
    assert_answer(again, 409, "no-uid-conflict");
}

static void takes_cards_of_both_versions(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(three) =
        askf(&w, ALICE, "PUT " BOOK "3.vcf\nContent-Type: text/vcard\n\n%s", CARD("3.0", "c3", ""));
    put_ok(three, 201);
    SCOPED_EXCHANGE(four) = askf(&w, ALICE, "PUT " BOOK "4.vcf\nContent-Type: text/vcard; version=4.0\n\n%s",
                                 CARD("4.0", "c4", "GENDER:M\r\n"));
    put_ok(four, 201);
    SCOPED_EXCHANGE(get) = ask(&w, ALICE, STR("GET " BOOK "4.vcf\n\n"));
    assert_answer(get, 200, NULL);
    assert_str(answer_body(get), CARD("4.0", "c4", "GENDER:M\r\n"));
    assert_str(answer_header(get, "Content-Type"), "text/vcard; charset=utf-8");
    SCOPED_EXCHANGE(old) = askf(&w, ALICE, "PUT " BOOK "2.vcf\n\n%s", CARD("2.1", "c2", ""));
    assert_answer(old, 403, "CR:supported-address-data");
    SCOPED_EXCHANGE(bad) = ask(&w, ALICE, STR("PUT " BOOK "bad.vcf\n\nnonsense"));
    assert_answer(bad, 403, "CR:valid-address-data");
    SCOPED_EXCHANGE(type) =
        askf(&w, ALICE, "PUT " BOOK "bad.vcf\nContent-Type: text/html\n\n%s", CARD("3.0", "cx", ""));
    assert_answer(type, 403, "CR:supported-address-data");
}

/* A phone that knows 3.0 alone changes a card: what it cannot say stays, and it hears no ETag, since it must read anew. */
static void merges_an_older_version_into_a_newer(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(four) =
        askf(&w, ALICE, "PUT " BOOK "m.vcf\n\n%s", CARD("4.0", "cm", "KIND:individual\r\nGENDER:M\r\n"));
    put_ok(four, 201);
    SCOPED_EXCHANGE(three) =
        askf(&w, ALICE, "PUT " BOOK "m.vcf\n\n%s", CARD("3.0", "cm", "TEL;TYPE=CELL:+39 1\r\n"));
    assert_answer(three, 204, NULL);
    assert_false(answer_header(three, "ETag").p != NULL);
    SCOPED_EXCHANGE(get) = ask(&w, ALICE, STR("GET " BOOK "m.vcf\n\n"));
    assert_answer(get, 200, "VERSION:4.0");
    assert_answer(get, 200, "GENDER:M");
    assert_answer(get, 200, "+39 1");
}

static void gives_a_whole_collection(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(cal) = ask(&w, ALICE, STR("GET " CAL "\n\n"));
    assert_answer(cal, 200, "UID:u1");
    assert_answer(cal, 200, "UID:u3");
    assert_true(str_starts(answer_body(cal), STR("BEGIN:VCALENDAR\r\n")));
    assert_true(str_ends(answer_body(cal), STR("END:VCALENDAR\r\n")));
    assert_true(str_find(answer_body(cal), STR("BEGIN:VCALENDAR"), 1) == SIZE_MAX);
    struct str etag = answer_header(cal, "ETag");
    SCOPED_EXCHANGE(same) = askf(&w, ALICE, "GET " CAL "\nIf-None-Match: %.*s\n\n", STR_ARG(etag));
    assert_answer(same, 304, NULL);
    SCOPED_EXCHANGE(book) = ask(&w, ALICE, STR("GET " BOOK "\n\n"));
    assert_answer(book, 200, "UID:c3");
    assert_answer(book, 200, "UID:c4");
    assert_str(answer_header(book, "Content-Disposition"), "attachment; filename=\"contacts.vcf\"");
}

static void answers_strange_requests(void **state)
{
    static const struct {
        const char *request;
        int status;
    } rows[] = {
        {"PUT /dav/calendars/alice@example.test/none/1.ics\n\nx", 409},
        {"PUT /dav/calendars/nobody@example.test/calendar/1.ics\n\nx", 409},
        {"PUT /dav/calendars/alice@example.test/calendar/\n\nx", 405},
        {"GET /dav/calendars/alice@example.test/none/1.ics\n\n", 404},
        {"GET /dav/calendars/bob@example.test/calendar/\n\n", 404},
        {"PUT /dav/calendars/bob@example.test/calendar/1.ics\n\nx", 409},
        {"GET /dav/calendars/alice@example.test/calendar/%2e%2e\n\n", 400},
        {"GET /dav/calendars/alice@example.test/calendar/a%00\n\n", 400},
        {"GET /dav/elsewhere\n\n", 404},
        {"LOCK /dav/calendars/alice@example.test/calendar/1.ics\n\n", 405},
        {"BREW /dav/\n\n", 501},
        {"DELETE /dav/calendars/alice@example.test/\n\n", 405},
        {"PUT " CAL "r.ics\nContent-Range: bytes 0-1/2\n\nx", 400},
        {"PUT " CAL "r.ics\nContent-Encoding: gzip\n\nx", 415},
        {"PROPFIND /dav/\nDepth: 2\n\n", 400},
        {"PROPFIND /dav/\nDepth: 0\n\n<broken", 400},
        {"PROPFIND /dav/\nDepth: 0\n\n<propfind xmlns=\"DAV:\"/>", 400},
        {"REPORT /dav/\nDepth: 0\n\n", 400},
        {"REPORT /dav/\nDepth: 0\n\n<unknown xmlns=\"DAV:\"/>", 403},
        {"PROPPATCH /dav/\n\n<propertyupdate xmlns=\"DAV:\"><set><prop><x/></prop></set></propertyupdate>",
         403},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_EXCHANGE(x) = ask(&w, ALICE, str_c(rows[i].request));
        assert_answer(x, rows[i].status, NULL);
        if (rows[i].status == 405)
            assert_true(answer_header(x, "Allow").p != NULL);
    }
}

static void keeps_strange_names(void **state)
{
    static const char *const names[] = {
        ".hidden.ics", "a%20b.ics", "%C3%A0%C3%A8.ics", "%2525.ics", "a&b;c=d.ics", "x%3Ay", "inbox"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        SCOPED_BUF(uid, 64);
        buf_addf(&uid, "strange-%zu", i);
        SCOPED_EXCHANGE(put) =
            askf(&w, ALICE,
                 "PUT " CAL "%s\n\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:%s\r\n"
                 "DTSTAMP:20260101T000000Z\r\nDTSTART:20260105T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
                 names[i], buf_c(&uid));
        put_ok(put, 201);
        SCOPED_EXCHANGE(get) = askf(&w, ALICE, "GET " CAL "%s\n\n", names[i]);
        assert_answer(get, 200, buf_c(&uid));
        SCOPED_EXCHANGE(delete) = askf(&w, ALICE, "DELETE " CAL "%s\n\n", names[i]);
        assert_answer(delete, 204, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stores_and_gives_back_the_same_bytes),
        cmocka_unit_test(judges_conditions_in_the_write),
        cmocka_unit_test(lets_one_of_many_win),
        cmocka_unit_test(reads_conditionally),
        cmocka_unit_test(reads_the_if_header),
        cmocka_unit_test(bounds_the_if_header),
        cmocka_unit_test(names_what_is_wrong_with_a_calendar),
        cmocka_unit_test(refuses_what_is_too_large),
        cmocka_unit_test(keeps_uids_apart),
        cmocka_unit_test(returns_the_representation),
        cmocka_unit_test(a_412_brings_the_representation),
        cmocka_unit_test(adds_a_member),
        cmocka_unit_test(takes_cards_of_both_versions),
        cmocka_unit_test(merges_an_older_version_into_a_newer),
        cmocka_unit_test(gives_a_whole_collection),
        cmocka_unit_test(answers_strange_requests),
        cmocka_unit_test(keeps_strange_names),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
