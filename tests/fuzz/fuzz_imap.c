/* The first byte says in which pieces the rest arrives, in which state of a session and whether literals are streamed. Commands are the
 * same wherever the stream is cut; what a command names is written and read again as the same. */
#include "mailcore/imap/parse.h"
#include "mailcore/imap/utf7.h"
#include "mailcore/imap/write.h"
#include "tests/unit/imap_dump.h"

#include <stdlib.h>

static const struct imap_limits wide = {.line = 1 << 20,
                                        .literal = 1 << 20,
                                        .literals = 10000,
                                        .memory = 1 << 20,
                                        .skip = 1 << 20,
                                        .depth = 30,
                                        .items = 10000};
static const struct imap_limits limits = {.line = 8000,
                                          .literal = 4000,
                                          .literals = 10,
                                          .memory = 16000,
                                          .stream = 100000,
                                          .skip = 20000,
                                          .depth = 30,
                                          .items = 1000};

static void must(bool holds)
{
    if (!holds)
        abort();
}

struct session {
    enum imap_state state;
    bool utf8, stream, minus;
};

static enum status parse(struct arena *a, const struct session *s, struct str text,
                         const struct imap_reader *r, struct imap_command *c)
{
    const struct imap_parse_args args = {.text = text,
                                         .literals = r->literals,
                                         .count = r->count,
                                         .limits = r->limits,
                                         .state = s->state,
                                         .utf8 = s->utf8};
    struct imap_fault fault;
    enum status st = imap_parse(a, &args, c, &fault);
    must(st == OK ? !fault.why : st == INVALID && fault.why && (!fault.no || fault.code));
    return st;
}

/* A command made of what was read, through the reader, since it may have literals. */
static void again(struct str line, const struct session *s, struct buf *out)
{
    SCOPED_ARENA(a, 16 << 20);
    struct imap_reader r;
    struct imap_command c;
    imap_reader_init(&r, &wide);
    enum imap_read e;
    while ((e = imap_read(&r, &line)) == IMAP_READ_LITERAL)
        imap_read_keep(&r);
    must(e == IMAP_READ_COMMAND && !line.n);
    must(parse(&a, s, buf_view(&r.text), &r, &c) == OK);
    dump_command(out, &c);
    imap_reader_free(&r);
}

static void check_fetch(const struct imap_command *c, const struct session *s)
{
    SCOPED_BUF(line, 1 << 20);
    SCOPED_BUF(one, 1 << 20);
    SCOPED_BUF(two, 1 << 20);
    if (c->u.fetch.set.saved || c->u.fetch.set.star)
        return;
    struct imap_command plain = *c;
    plain.uid = plain.u.fetch.changed = plain.u.fetch.page.given = false;
    dump_command(&one, &plain);
    buf_add(&line, plain.tag);
    buf_add(&line, STR(" FETCH "));
    imap_set_write(&line, &plain.u.fetch.set);
    for (size_t i = 0; i < plain.u.fetch.list.count; i++) {
        buf_add(&line, i ? STR(" ") : STR(" ("));
        imap_fetch_item_write(&line, &plain.u.fetch.list.items[i], true);
    }
    buf_add(&line, STR(")\r\n"));
    again(buf_view(&line), s, &two);
    must(str_eq(buf_view(&one), buf_view(&two)));
}

static void check_store(const struct imap_command *c, const struct session *s)
{
    SCOPED_BUF(line, 1 << 20);
    SCOPED_BUF(one, 1 << 20);
    SCOPED_BUF(two, 1 << 20);
    if (c->u.store.set.saved || c->u.store.set.star)
        return;
    dump_command(&one, c);
    buf_add(&line, c->tag);
    buf_add(&line, c->uid ? STR(" UID STORE ") : STR(" STORE "));
    imap_set_write(&line, &c->u.store.set);
    if (c->u.store.unchanged)
        buf_addf(&line, " (UNCHANGEDSINCE %llu)", (unsigned long long)c->u.store.unchanged_since);
    static const char *const modes[] = {" ", " +", " -"};
    buf_addf(&line, "%sFLAGS%s ", modes[c->u.store.mode], c->u.store.silent ? ".SILENT" : "");
    imap_write_flags(&line, &c->u.store.flags);
    buf_add(&line, STR("\r\n"));
    again(buf_view(&line), s, &two);
    must(str_eq(buf_view(&one), buf_view(&two)));
}

/* Names and strings. */
static void check_words(const struct imap_command *c, const struct session *s)
{
    SCOPED_BUF(line, 1 << 20);
    SCOPED_BUF(one, 1 << 20);
    SCOPED_BUF(two, 1 << 20);
    dump_command(&one, c);
    buf_add(&line, c->tag);
    buf_addf(&line, " %.*s ", STR_ARG(imap_verb_name(c->verb)));
    if (c->verb == IMAP_LOGIN) {
        imap_write_astring(&line, c->u.login.user);
        buf_addc(&line, ' ');
        imap_write_astring(&line, c->u.login.password);
    } else if (c->verb == IMAP_RENAME) {
        imap_write_mailbox(&line, c->u.mailbox.mailbox, s->utf8);
        buf_addc(&line, ' ');
        imap_write_mailbox(&line, c->u.mailbox.to, s->utf8);
    } else {
        return;
    }
    buf_add(&line, STR("\r\n"));
    again(buf_view(&line), s, &two);
    must(str_eq(buf_view(&one), buf_view(&two)));
}

static void take_command(const struct imap_reader *r, const struct session *s, struct buf *log)
{
    SCOPED_ARENA(a, 16 << 20);
    struct imap_command c;
    buf_addf(log, "<%.*s", STR_ARG(buf_view(&r->text)));
    for (size_t i = 0; i < r->count; i++)
        buf_addf(log, "|%zu %zu %llu", r->literals[i].at, r->literals[i].head,
                 (unsigned long long)r->literals[i].size);
    buf_addc(log, '>');
    if (parse(&a, s, buf_view(&r->text), r, &c) != OK)
        return;
    dump_command(log, &c);
    if (c.verb == IMAP_FETCH)
        check_fetch(&c, s);
    else if (c.verb == IMAP_STORE)
        check_store(&c, s);
    else
        check_words(&c, s);
}

/* Everything that happens, as text. */
static void run(struct str in, size_t piece, const struct session *s, struct buf *log)
{
    struct imap_reader r;
    imap_reader_init(&r, &limits);
    r.minus = s->minus;
    while (in.n) {
        struct str part = str_slice(in, 0, piece);
        size_t had = part.n;
        enum imap_read e;
        while ((e = imap_read(&r, &part)) != IMAP_READ_MORE && e != IMAP_READ_CLOSE) {
            if (e == IMAP_READ_LITERAL) {
                if (s->stream)
                    imap_read_stream(&r);
                else
                    imap_read_keep(&r);
                buf_addz(log, imap_read_waits(&r) ? "+" : "-");
            } else if (e == IMAP_READ_DATA) {
                buf_add(log, r.data);
            } else if (e == IMAP_READ_COMMAND) {
                take_command(&r, s, log);
                imap_read_next(&r);
            } else {
                buf_addf(log, "!%.*s:%s", STR_ARG(imap_read_tag(&r)), r.why);
                imap_read_next(&r);
            }
        }
        if (e == IMAP_READ_CLOSE)
            break; /* where exactly depends on the pieces */
        must(part.n == 0);
        in = str_from(in, had);
    }
    imap_reader_free(&r);
}

static void check_name(struct str in)
{
    SCOPED_BUF(utf8, 1 << 20);
    SCOPED_BUF(back, 1 << 20);
    if (imap_utf7_decode(&utf8, in)) {
        must(str_utf8(buf_view(&utf8)) && imap_utf7_encode(&back, buf_view(&utf8)));
        must(str_eq(buf_view(&back), in));
    }
    buf_clear(&utf8);
    buf_clear(&back);
    if (imap_utf7_encode(&utf8, in) && !memchr(in.n ? in.p : "", '\0', in.n))
        must(imap_utf7_decode(&back, buf_view(&utf8)) && str_eq(buf_view(&back), in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    const struct str in = str_n(data + 1, size - 1);
    static const enum imap_state states[] = {IMAP_SELECTED, IMAP_AUTHENTICATED, IMAP_NOT_AUTHENTICATED,
                                             IMAP_SELECTED};
    const struct session s = {states[data[0] & 3], (data[0] & 4) != 0, (data[0] & 8) != 0,
                              (data[0] & 16) != 0};
    SCOPED_BUF(whole, 64 << 20);
    SCOPED_BUF(pieces, 64 << 20);
    run(in, SIZE_MAX, &s, &whole);
    run(in, (size_t)1 + (data[0] >> 5), &s, &pieces);
    must(str_eq(buf_view(&whole), buf_view(&pieces)));
    check_name(in);
    return 0;
}
