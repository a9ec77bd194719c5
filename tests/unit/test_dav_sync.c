/* sync-collection: from every earlier token to exactly the present state, whatever the limit; on collections and on homes. */
#include "formats/xml.h"
#include "tests/unit/dav_world.h"

#define HOME     "/dav/calendars/alice@example.test/"
#define CAL      HOME "calendar/"
#define ALICE    "alice@example.test"
#define BOB      "bob@example.test"
#define BOB_HOME "/dav/calendars/bob@example.test/"

static struct world w;

static int setup(void **state)
{
    (void)state;
    world_start(&w, 1, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_stop(&w);
    return 0;
}

static void put(const char *name, int version)
{
    SCOPED_EXCHANGE(x) =
        askf(&w, ALICE,
             "PUT %s\nContent-Type: "
             "text/calendar\n\nBEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:%s\n"
             "DTSTAMP:20260101T000000Z\nDTSTART:20260105T100000Z\nSEQUENCE:%d\nEND:VEVENT\nEND:VCALENDAR\n",
             name, name, version);
    assert_true(x->t.resp.status == 201 || x->t.resp.status == 204);
}

static void erase(const char *name)
{
    SCOPED_EXCHANGE(x) = askf(&w, ALICE, "DELETE %s\n\n", name);
    assert_answer(x, 204, NULL);
}

static struct exchange *sync_as(const char *user, const char *path, struct str token, int limit)
{
    char limits[100] = "";
    if (limit)
        snprintf(limits, sizeof limits, "<D:limit><D:nresults>%d</D:nresults></D:limit>", limit);
    return askf(&w, user,
                "REPORT %s\nDepth: 0\n\n<D:sync-collection "
                "xmlns:D=\"DAV:\"><D:sync-token>%.*s</D:sync-token><D:sync-level>1"
                "</D:sync-level>%s<D:prop><D:getetag/></D:prop></D:sync-collection>",
                path, STR_ARG(token), limits);
}

static struct xml_node *parsed(struct exchange *x)
{
    static const struct xml_limits limits = {.size = 64 << 20, .depth = 100, .nodes = 1000000};
    struct xml_node *root;
    struct str why;
    assert_answer(x, 207, NULL);
    assert_ok(xml_parse(&x->t.arena, answer_body(x), &limits, &root, &why));
    return root;
}

/* ---- a client's copy of a collection ---- */
enum { NAMES = 24 };

struct copy {
    char etag[NAMES][80]; /* "": not there */
    char token[200];
};

static struct str child_text(struct exchange *x, const struct xml_node *n, const char *name)
{
    const struct xml_node *c = xml_child(n, NS_DAV, name);
    return c ? xml_text(&x->t.arena, c) : STR_NONE;
}

/* Takes over one answer. Returns the responses told; *more: it was cut. */
static int apply(struct exchange *x, struct copy *c, bool *more)
{
    int told = 0;
    struct xml_node *root = parsed(x);
    *more = false;
    for (struct xml_node *n = xml_child(root, NS_DAV, "response"); n; n = xml_next(n, NS_DAV, "response")) {
        struct str href = child_text(x, n, "href"), status = child_text(x, n, "status");
        if (str_eq(href, STR(CAL))) {
            assert_true(str_starts(status, STR("HTTP/1.1 507")));
            *more = true;
            continue;
        }
        uint64_t i;
        assert_true(str_starts(href, STR(CAL "n")) && str_ends(href, STR(".ics")));
        assert_true(str_u64(str_slice(href, sizeof CAL, href.n - sizeof CAL - 4), &i) && i < NAMES);
        told++;
        memset(c->etag[i], 0, sizeof c->etag[i]);
        if (status.p) {
            assert_true(str_starts(status, STR("HTTP/1.1 404")));
            continue;
        }
        const struct xml_node *prop = xml_child(xml_child(n, NS_DAV, "propstat"), NS_DAV, "prop");
        struct str etag = child_text(x, prop, "getetag");
        assert_true(etag.n > 2 && etag.n < sizeof c->etag[i]);
        snprintf(c->etag[i], sizeof c->etag[i], "%.*s", STR_ARG(etag));
    }
    struct str token = child_text(x, root, "sync-token");
    assert_true(token.n > 0 && token.n < sizeof c->token);
    snprintf(c->token, sizeof c->token, "%.*s", STR_ARG(token));
    return told;
}

static int follow(struct copy *c, int limit)
{
    bool more = true;
    int told = 0;
    for (int rounds = 0; more; rounds++) {
        assert_true(rounds < 1000);
        SCOPED_EXCHANGE(x) = sync_as(ALICE, CAL, str_c(c->token), limit);
        int n = apply(x, c, &more);
        assert_true(limit == 0 ? !more : n <= limit);
        told += n;
    }
    return told;
}

static unsigned rnd(unsigned n)
{
    static uint64_t s = 88172645463325252u;
    s ^= s << 13;
    s ^= s >> 7;
    s ^= s << 17;
    return (unsigned)(s % n);
}

static void leads_from_every_token_to_the_present(void **state)
{
    enum { STEPS = 150 };
    static struct copy history[STEPS];
    int changed_at[NAMES] = {0}; /* the step of its last change */
    (void)state;
    for (int step = 0; step < STEPS; step++) {
        if (step)
            history[step] = history[step - 1];
        follow(&history[step], 0);
        for (unsigned changes = rnd(3) + 1; changes; changes--) {
            char name[200];
            unsigned i = rnd(NAMES);
            snprintf(name, sizeof name, CAL "n%u.ics", i);
            bool there = history[step].etag[i][0] && changed_at[i] <= step;
            if (changed_at[i] == step + 1)
                continue; /* one change a step: what is told is then known exactly */
            if (there && rnd(3) == 0)
                erase(name);
            else
                put(name, step + 1);
            changed_at[i] = step + 1;
        }
    }
    struct copy now = {.token = ""};
    follow(&now, 0);
    for (int step = 0; step < STEPS; step++) {
        int expected = 0;
        for (int i = 0; i < NAMES; i++) {
            bool was = history[step].etag[i][0], is = now.etag[i][0];
            expected += changed_at[i] > step && (was || is);
        }
        struct copy whole = history[step], parts = history[step];
        int told = follow(&whole, 0);
        assert_memory_equal(whole.etag, now.etag, sizeof now.etag);
        assert_string_equal(whole.token, now.token);
        assert_int_equal(told, expected);
        follow(&parts, (int)rnd(4) + 1);
        assert_memory_equal(parts.etag, now.etag, sizeof now.etag);
        assert_string_equal(parts.token, now.token);
    }
    struct copy fresh = {.token = ""};
    follow(&fresh, 3);
    assert_memory_equal(fresh.etag, now.etag, sizeof now.etag);
}

static void refuses_tokens_that_are_not_its_own(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(first) = sync_as(ALICE, CAL, STR(""), 0);
    struct str token = child_text(first, parsed(first), "sync-token");
    SCOPED_EXCHANGE(same) = sync_as(ALICE, CAL, token, 0);
    assert_answer(same, 207, "<D:sync-token>");
    assert_not_in(same, "<D:response>");
    SCOPED_EXCHANGE(other) = sync_as(ALICE, HOME "tasks/", token, 0);
    assert_answer(other, 403, "valid-sync-token");
    static const char *const wrong[] = {
        "1",       "http://example.test/ns/sync/1",        "urn:scambio:sync:", "urn:scambio:sync:0:0:0",
        "data:,x", "urn:scambio:sync:zzzzzzzzzzzzzzzz:1:1"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        SCOPED_EXCHANGE(x) = sync_as(ALICE, CAL, str_c(wrong[i]), 0);
        assert_answer(x, 403, "valid-sync-token");
    }
    /* of the future: a digit more */
    SCOPED_EXCHANGE(future) = sync_as(ALICE, CAL, arena_strf(&first->t.arena, "%.*s9", STR_ARG(token)), 0);
    assert_answer(future, 403, "valid-sync-token");
}

static void takes_what_clients_send(void **state)
{
    (void)state;
#define SYNC(depth, inside)                                                                                  \
    askf(&w, ALICE,                                                                                          \
         "REPORT " CAL "\n" depth "\n<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token/>" inside             \
         "<D:prop><D:getetag/></D:prop></D:sync-collection>")
    SCOPED_EXCHANGE(thunderbird) = SYNC("Depth: 1\n", "<D:sync-level>1</D:sync-level>");
    assert_answer(thunderbird, 207, "<D:sync-token>");
    SCOPED_EXCHANGE(old) = SYNC("Depth: 1\n", "");
    assert_answer(old, 207, "<D:sync-token>");
    SCOPED_EXCHANGE(infinite) = SYNC("Depth: 0\n", "<D:sync-level>infinite</D:sync-level>");
    assert_answer(infinite, 207, "<D:sync-token>");
    SCOPED_EXCHANGE(level) = SYNC("Depth: 0\n", "<D:sync-level>2</D:sync-level>");
    assert_answer(level, 400, NULL);
    SCOPED_EXCHANGE(depth) = SYNC("Depth: infinity\n", "<D:sync-level>1</D:sync-level>");
    assert_answer(depth, 400, NULL);
    SCOPED_EXCHANGE(zero) =
        SYNC("Depth: 0\n", "<D:sync-level>1</D:sync-level><D:limit><D:nresults>0</D:nresults></D:limit>");
    assert_answer(zero, 507, "number-of-matches-within-limits");
    SCOPED_EXCHANGE(item) = sync_as(ALICE, CAL "x.ics", STR(""), 0);
    assert_true(item->t.resp.status == 403 || item->t.resp.status == 404);
    SCOPED_EXCHANGE(stranger) = sync_as(BOB, CAL, STR(""), 0);
    assert_answer(stranger, 404, NULL);
}

static void agrees_with_the_property(void **state)
{
    (void)state;
    static const char *const paths[] = {CAL, HOME};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        SCOPED_EXCHANGE(x) = sync_as(ALICE, paths[i], STR(""), 0);
        struct str token = child_text(x, parsed(x), "sync-token");
        SCOPED_EXCHANGE(p) = askf(&w, ALICE,
                                  "PROPFIND %s\nDepth: 0\n\n<D:propfind "
                                  "xmlns:D=\"DAV:\"><D:prop><D:sync-token/></D:prop></D:propfind>",
                                  paths[i]);
        assert_answer(p, 207, arena_strf(&x->t.arena, "<D:sync-token>%.*s</D:sync-token>", STR_ARG(token)).p);
    }
}

/* ---- homes ---- */
static char home_token[200], bob_token[200];

/* Syncs a home from its last token on; the answer's token is the next. */
static struct exchange *home_sync(const char *user, const char *home, char token[200], int limit)
{
    struct exchange *x = sync_as(user, home, str_c(token), limit);
    struct str next = child_text(x, parsed(x), "sync-token");
    snprintf(token, 200, "%.*s", STR_ARG(next));
    return x;
}

static size_t responses(struct exchange *x)
{
    size_t n = 0;
    for (struct xml_node *c = xml_child(parsed(x), NS_DAV, "response"); c;
         c = xml_next(c, NS_DAV, "response"))
        n++;
    return n;
}

static void follows_a_home(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(first) = home_sync(ALICE, HOME, home_token, 0);
    assert_answer(first, 207, HOME "calendar/");
    assert_answer(first, 207, HOME "tasks/");
    assert_int_equal(responses(first), 3);
    SCOPED_EXCHANGE(nothing) = home_sync(ALICE, HOME, home_token, 0);
    assert_int_equal(responses(nothing), 0);
    put(CAL "home.ics", 1);
    SCOPED_EXCHANGE(content) = home_sync(ALICE, HOME, home_token, 0);
    assert_answer(content, 207, "<D:href>" HOME "calendar/</D:href>");
    assert_int_equal(responses(content), 1);
    SCOPED_EXCHANGE(made) = askf(&w, ALICE, "MKCALENDAR " HOME "work/\n\n");
    assert_answer(made, 201, NULL);
    SCOPED_EXCHANGE(added) = home_sync(ALICE, HOME, home_token, 0);
    assert_answer(added, 207, "<D:href>" HOME "work/</D:href>");
    assert_int_equal(responses(added), 1);
    SCOPED_EXCHANGE(named) = askf(
        &w, ALICE,
        "PROPPATCH " HOME "work/\n\n<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop><D:displayname>Office"
        "</D:displayname></D:prop></D:set></D:propertyupdate>");
    assert_answer(named, 207, "200 OK");
    SCOPED_EXCHANGE(prop) = home_sync(ALICE, HOME, home_token, 0);
    assert_answer(prop, 207, "<D:href>" HOME "work/</D:href>");
    assert_int_equal(responses(prop), 1);
    erase(HOME "work/");
    put(CAL "home.ics", 2);
    char before[200];
    snprintf(before, sizeof before, "%s", home_token);
    SCOPED_EXCHANGE(both) = home_sync(ALICE, HOME, home_token, 0);
    assert_answer(both, 207, "<D:href>" HOME "work/</D:href><D:status>HTTP/1.1 404 Not Found</D:status>");
    assert_answer(both, 207, "<D:href>" HOME "calendar/</D:href><D:propstat>");
    assert_int_equal(responses(both), 2);
    SCOPED_EXCHANGE(cut) = home_sync(ALICE, HOME, before, 1);
    assert_answer(cut, 207, "<D:href>" HOME "</D:href><D:status>HTTP/1.1 507");
    SCOPED_EXCHANGE(rest) = home_sync(ALICE, HOME, before, 1);
    assert_int_equal(responses(rest), 1);
    assert_string_equal(before, home_token);
}

static void tells_members_of_infinite_depth_to_be_asked_alone(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(x) =
        askf(&w, ALICE,
             "REPORT " HOME
             "\nDepth: 0\n\n<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token/><D:sync-level>infinite"
             "</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>");
    assert_answer(x, 207, "sync-traversal-supported");
}

static void share(unsigned rights)
{
    SCOPED_ARENA(a, 1 << 20);
    struct principal owner, other;
    struct collection c;
    struct acl_entry entry = {.rights = rights};
    {
        SCOPED_READ(tx, w.store);
        assert_ok(directory_find(w.directory, tx, &a, STR(ALICE), &owner));
        assert_ok(directory_find(w.directory, tx, &a, STR(BOB), &other));
        assert_ok(collection_find(tx, &a, &actor_system, owner.id, KIND_CALENDAR, STR("calendar"), &c));
    }
    entry.principal = other.id;
    assert_ok(acl_share(w.store, &actor_system, c.id, &entry, rights ? 1 : 0));
}

/* What is shared with Bob comes and goes in his home, and its changes, numbered in Alice's line, are told in his. */
static void follows_what_is_shared(void **state)
{
    (void)state;
    SCOPED_EXCHANGE(first) = home_sync(BOB, BOB_HOME, bob_token, 0);
    assert_int_equal(responses(first), 3);
    share(RIGHTS_READ);
    SCOPED_EXCHANGE(came) = home_sync(BOB, BOB_HOME, bob_token, 0);
    assert_int_equal(responses(came), 1);
    SCOPED_EXCHANGE(quiet) = home_sync(BOB, BOB_HOME, bob_token, 0);
    assert_int_equal(responses(quiet), 0);
    put(CAL "home.ics", 3);
    SCOPED_EXCHANGE(changed) = home_sync(BOB, BOB_HOME, bob_token, 0);
    assert_int_equal(responses(changed), 1);
    assert_answer(changed, 207, "<D:propstat>");
    SCOPED_EXCHANGE(again) = home_sync(BOB, BOB_HOME, bob_token, 0);
    assert_int_equal(responses(again), 0);
    share(0);
    SCOPED_EXCHANGE(left) = home_sync(BOB, BOB_HOME, bob_token, 0);
    assert_answer(left, 207, "404 Not Found");
    assert_int_equal(responses(left), 1);
}

/* With the right to see private items, their texts change though the items do not: the client must start again. */
static void starts_again_when_private_items_show(void **state)
{
    (void)state;
    share(RIGHTS_READ);
    SCOPED_EXCHANGE(reader) = sync_as(BOB, CAL, STR(""), 0);
    struct str token = child_text(reader, parsed(reader), "sync-token");
    SCOPED_EXCHANGE(same) = sync_as(BOB, CAL, token, 0);
    assert_answer(same, 207, "<D:sync-token>");
    share(RIGHTS_READ | RIGHT_PRIVATE);
    SCOPED_EXCHANGE(refused) = sync_as(BOB, CAL, token, 0);
    assert_answer(refused, 403, "valid-sync-token");
    share(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leads_from_every_token_to_the_present),
        cmocka_unit_test(refuses_tokens_that_are_not_its_own),
        cmocka_unit_test(takes_what_clients_send),
        cmocka_unit_test(agrees_with_the_property),
        cmocka_unit_test(follows_a_home),
        cmocka_unit_test(tells_members_of_infinite_depth_to_be_asked_alone),
        cmocka_unit_test(follows_what_is_shared),
        cmocka_unit_test(starts_again_when_private_items_show),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
