/* What a notification tells of, from the outside: names, addresses, ORCPT, replies and the message itself are cut out of the bytes. Whatever they
 * hold, the notification is a multipart/report of three parts, each recipient has his block and each block his fields, nothing of the
 * texts becomes a field of its own, and what we write is lines of at most 998 bytes. */
#include "formats/header.h"
#include "formats/mime.h"
#include "mailcore/relay/dsn.h"

#include <stdlib.h>

enum { RECIPIENTS = 4, MOST = 8 << 20, LINE = 998, SENDER = 320 };

static const struct mime_limits limits = {.parts = 100, .depth = 20, .addresses = 50, .field = 65536};

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Up to the next 0xff; one that begins with 0xfe is absent. */
static struct str next_text(struct str *rest)
{
    struct str text;
    if (!str_split(rest, '\xff', &text))
        return STR("");
    return text.n && text.p[0] == '\xfe' ? STR_NONE : text;
}

static struct str present(struct str text)
{
    return text.p ? text : STR("");
}

static size_t count_fields(struct str head, struct str name)
{
    struct header_field field;
    size_t n = 0;
    while (header_next(&head, &field))
        n += str_caseeq(field.name, name);
    return n;
}

static void check_lines(struct str text)
{
    size_t start = 0;
    for (size_t i = 0; i < text.n; i++) {
        must(text.p[i] != '\0' && (text.p[i] != '\n' || (i && text.p[i - 1] == '\r')));
        must(text.p[i] != '\r' || (i + 1 < text.n && text.p[i + 1] == '\n'));
        if (text.p[i] == '\n') {
            must(i - start <= LINE + 1);
            start = i + 1;
        }
    }
}

/* The part for programs: a block of the message's, then one of each recipient. */
static void check_blocks(struct str text, size_t count)
{
    struct header_field field;
    size_t blocks = 0, recipients = 0, actions = 0, statuses = 0;
    while (text.n) {
        size_t fields = 0;
        while (header_next(&text, &field)) {
            recipients += str_caseeq(field.name, STR("Final-Recipient"));
            actions += str_caseeq(field.name, STR("Action"));
            statuses += str_caseeq(field.name, STR("Status"));
            fields++;
        }
        blocks += fields > 0;
        size_t end = str_chr(text, '\n', 0);
        text = end == SIZE_MAX ? STR("") : str_from(text, end + 1);
    }
    must(blocks == count + 1 && recipients == count && actions == count && statuses == count);
}

static void check(struct str out, const struct dsn *d)
{
    static const char *const once[] = {"From",       "To",           "Subject",      "Date",
                                       "Message-ID", "MIME-Version", "Content-Type", "Auto-Submitted"};
    struct mime_map map;
    SCOPED_ARENA(a, MOST);
    must(mime_scan(&a, out, &limits, &map) == OK && map.parts[0].kind == MIME_MULTIPART);
    for (size_t i = 0; i < COUNT_OF(once); i++)
        must(count_fields(mime_head(out, &map.parts[0]), str_c(once[i])) == 1);
    const struct mime_part *parts[3];
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        parts[i] = mime_child(&map, &map.parts[0], i + 1);
        must(parts[i] != NULL);
    }
    must(mime_child(&map, &map.parts[0], 4) == NULL);
    check_lines(str_slice(out, 0, parts[2]->body));
    check_blocks(mime_body(out, parts[1]), d->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dsn_recipient r[RECIPIENTS];
    if (size < 2)
        return 0;
    struct str rest = str_n((const char *)data + 2, size - 2);
    struct dsn d = {.hostname = STR("mx.test"),
                    .language = data[0] & 1 ? DSN_ITALIAN : DSN_ENGLISH,
                    .arrived = data[1] & 1 ? 0 : 1764000000,
                    .now = 1764003600,
                    .recipients = r,
                    .count = 1 + (data[0] >> 1) % RECIPIENTS,
                    .whole = data[0] & 16};
    d.sender = str_slice(present(next_text(&rest)), 0, SENDER);
    d.envid = next_text(&rest);
    for (size_t i = 0; i < d.count; i++) {
        r[i] = (struct dsn_recipient){.action = (enum dsn_action)((data[1] >> 1) % DSN_ACTIONS),
                                      .status = STR("5.1.1"),
                                      .tried = data[1] & 16 ? 1764000001 : 0,
                                      .until = 1764400000};
        r[i].address = present(next_text(&rest));
        r[i].original = next_text(&rest);
        r[i].remote = next_text(&rest);
        r[i].diagnostic = next_text(&rest);
    }
    d.message = present(rest);
    SCOPED_BUF(out, MOST);
    dsn_write(&out, &d);
    must(out.st == OK);
    check(buf_view(&out), &d);
    return 0;
}
