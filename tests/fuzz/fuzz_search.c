/* The first line are the keys of a SEARCH, the rest is a message. A search and its NOT disagree; what the ordered tree says is what
 * the definition says, key by key; a text is found wherever it is cut. */
#include "core/fold.h"
#include "formats/header.h"
#include "formats/mime.h"
#include "mailcore/imap/search.h"

#include <stdlib.h>

enum { MEMORY = 16 << 20, PIECE = 7 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

struct mail {
    struct str text;
    struct mime_map map;
};

static bool has_keyword(void *ctx, struct str name)
{
    (void)ctx;
    return name.n % 2 == 0;
}

static enum status sent(void *ctx, struct maildate *out)
{
    const struct mail *m = ctx;
    struct str value = header_find(m->text, STR("Date"));
    return value.p && maildate_parse(value, out) == OK ? OK : NOT_FOUND;
}

static enum status field(void *ctx, struct str name, struct imap_finder *f)
{
    const struct mail *m = ctx;
    return imap_search_field(m->text, &m->map, name, MEMORY, f);
}

static enum status body(void *ctx, struct imap_finder *f)
{
    const struct mail *m = ctx;
    return imap_search_body(m->text, &m->map, MEMORY, f);
}

static struct imap_key *read_keys(struct arena *a, const char *before, struct str keys, const char *after)
{
    static const struct imap_limits limits = {.depth = 20, .items = 500};
    static const struct imap_search_world world = {.largest_number = 9, .largest_uid = 9, .now = 1000000};
    SCOPED_BUF(line, 1 << 20);
    buf_addf(&line, "a SEARCH %s%.*s%s", before, STR_ARG(keys), after);
    const struct imap_parse_args args = {
        .text = arena_str(a, buf_view(&line)), .limits = &limits, .state = IMAP_SELECTED};
    struct imap_command c;
    struct imap_fault fault;
    if (imap_parse(a, &args, &c, &fault) != OK || c.u.search.extended)
        return NULL;
    must(imap_search_prepare(a, c.u.search.key, &world) == OK);
    return c.u.search.key;
}

/* By the definition: every child is asked. */
static bool plain(const struct imap_key *k, const struct imap_message *m)
{
    bool any = false, all = true, one;
    if (!k->child) {
        must(imap_search_match(k, m, &one) == OK);
        return one;
    }
    for (const struct imap_key *c = k->child; c; c = c->next) {
        one = plain(c, m);
        any |= one;
        all &= one;
        must(!c->next || c->cost <= c->next->cost);
    }
    return k->kind == IMAP_KEY_NOT ? !any : k->kind == IMAP_KEY_OR ? any : all;
}

static void check_search(struct str keys, struct str text)
{
    static const struct mime_limits mime = {.parts = 100, .depth = 20, .addresses = 100, .field = 10000};
    SCOPED_ARENA(a, 64 << 20);
    struct mail mail = {.text = text};
    bool yes, no;
    must(mime_scan(&a, text, &mime, &mail.map) == OK);
    const struct imap_message m = {.number = 5,
                                   .uid = 7,
                                   .flags = IMAP_SEEN,
                                   .size = text.n,
                                   .modseq = 3,
                                   .received = {.at = 86400, .offset = -3600},
                                   .saved = {.at = INT64_MIN},
                                   .email_id = STR("M"),
                                   .thread_id = STR("T"),
                                   .ctx = &mail,
                                   .keyword = has_keyword,
                                   .sent = sent,
                                   .field = field,
                                   .body = body};
    struct imap_key *key = read_keys(&a, "(", keys, ")");
    struct imap_key *opposite = read_keys(&a, "NOT (", keys, ")");
    if (!key || !opposite)
        return;
    must(imap_search_match(key, &m, &yes) == OK && imap_search_match(opposite, &m, &no) == OK);
    must(yes != no && plain(key, &m) == yes);
}

static void check_pieces(struct str needle, struct str text)
{
    SCOPED_BUF(folded_needle, 1 << 20);
    SCOPED_BUF(folded, 16 << 20);
    if (!str_utf8(text))
        return;
    fold_unicode(&folded_needle, str_slice(needle, 0, 10));
    fold_unicode(&folded, text);
    struct imap_finder f = imap_finder_new(buf_view(&folded_needle));
    for (struct str rest = text; rest.n; rest = str_from(rest, PIECE))
        must(imap_find(&f, str_slice(rest, 0, PIECE)) == OK);
    must(imap_find_end(&f) == OK);
    must(f.found == (str_find(buf_view(&folded), buf_view(&folded_needle), 0) != SIZE_MAX));
    imap_finder_free(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str in = str_n(data, size);
    size_t end = str_chr(in, '\n', 0);
    if (end == SIZE_MAX || end > 2000)
        return 0;
    check_search(str_slice(in, 0, end), str_from(in, end + 1));
    check_pieces(str_slice(in, 0, end), str_from(in, end + 1));
    return 0;
}
