/* Any bytes as a request of a logged-in user: "METHOD PATH", header lines, an empty line, the body. Every request gets exactly one
 * answer, never a 500, and what is answered as XML is well-formed. The store is small and begun anew now and then. */
#include "tests/unit/dav_engine.h"

#include "formats/xml.h"

enum { ANEW = 2000 };

static struct world world;
static struct login login;
static struct arena login_arena = {.max = 1 << 20};
static unsigned count;

static void put(const char *path, const char *body)
{
    SCOPED_BUF(text, 1 << 16);
    buf_addf(&text, "PUT %s\n\n%s", path, body);
    SCOPED_EXCHANGE(x) = ask(&world, "alice@example.test", buf_view(&text));
    MUST(x->t.resp.status == 201);
}

static void begin(void)
{
    if (count)
        world_stop(&world);
    world_start_in(&world, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", 1,
                   "[limits]\nresponse_size = 1M\nxml_size = 64K\n");
    arena_reset(&login_arena);
    world_login(&world, &login_arena, "alice@example.test", &login);
    put("/dav/calendars/alice@example.test/calendar/1.ics",
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n"
        "DTSTART:20260105T100000Z\r\nRRULE:FREQ=WEEKLY;COUNT=9\r\nSUMMARY:One\r\nEND:VEVENT\r\nEND:"
        "VCALENDAR\r\n");
    put("/dav/addressbooks/alice@example.test/contacts/1.vcf",
        "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:1\r\nFN:One\r\nEND:VCARD\r\n");
}

static void judge_xml(const struct exchange *x)
{
    static const struct xml_limits limits = {.size = 4 << 20, .depth = 200, .nodes = 1000000};
    SCOPED_ARENA(a, 256 << 20);
    struct xml_node *root;
    struct str why;
    if (str_starts(answer_header(x, "Content-Type"), STR("application/xml")))
        MUST(xml_parse(&a, answer_body(x), &limits, &root, &why) == OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (count % ANEW == 0)
        begin();
    count++;
    struct exchange *x = exchange_try(str_n(data, size));
    if (!x)
        return 0;
    if (x->t.req.body.n <=
        dav_body_limit(world.dav, x->t.req.method, x->t.req.path)) { /* as the front bounds it */
        exchange_handle(&world, x, &login);
        MUST(x->t.resp.status >= 200 && x->t.resp.status < 600 && x->t.resp.status != 500);
        judge_xml(x);
    }
    exchange_free(x);
    return 0;
}
