/* tests/unit/smtp_play.h: plays an SMTP transcript against the engine, in pieces of any size.
 *
 *     = role mx            a setting: role, tls, size, bare, errors, commands, attempts, recipients, hops, line, memory
 *     C: EHLO x            a line of the client, CR LF behind it;  c: without.  \r \n \0 \t \\ \xHH, and \*N(text): N times text
 *     T:                   what is in front was in the clear; TLS begins here
 *     S: 250 2.0.0 OK      a line of the server; "*" at its end: whatever follows
 *     M: from|to,to|text   a message that was taken, in order
 *     X:                   the server closes
 *
 * Mail is denied to the sender "denied", later to "later"; "unknown" does not exist, "full" is full, "half" only at the end of LMTP;
 * alice's password is "secret", the directory of "busy" is down; "nodata" may not say DATA; a text with "refuse-me" is refused. */
#ifndef SCAMBIO_TESTS_UNIT_SMTP_PLAY_H
#define SCAMBIO_TESTS_UNIT_SMTP_PLAY_H

#include "core/file.h"
#include "mailcore/smtp/smtp.h"
#include "tests/unit/test.h"

enum { PLAY_STAGES = 4, PLAY_BYTES = 8 << 20 };

struct play {
    struct smtp_limits limits;
    enum smtp_role role;
    bool tls, closes;
    struct buf client[PLAY_STAGES]; /* bytes, TLS between them */
    int stages;
    struct buf server, taken; /* wanted */
};

struct played {
    bool later;           /* ops end only when the engine was left */
    struct smtp *waiting; /* for a reply */
    struct smtp_reply reply;
    struct buf server, taken;
    struct buf head; /* of the last message */
    bool closed;
    int ended;
};

/* ---- the ops ---- */
static inline void play_say(struct smtp *s, void *ctx, int code, const char *enhanced, const char *text)
{
    struct played *p = ctx;
    struct smtp_reply reply = {code, enhanced, str_c(text)};
    if (!p->later) {
        smtp_resume(s, &reply);
        return;
    }
    assert_null(p->waiting);
    p->waiting = s;
    p->reply = reply;
}

static inline void play_auth(void *ctx, struct smtp *s, const struct smtp_login *login)
{
    if (str_eq(login->user, STR("busy"))) {
        play_say(s, ctx, 454, "4.7.0", "the directory does not answer");
    } else if (str_eq(login->user, STR("alice")) && str_eq(login->password, STR("secret"))) {
        smtp_set_user(s, STR("alice@example.test"));
        play_say(s, ctx, 235, NULL, NULL);
    } else {
        play_say(s, ctx, 535, "5.7.8", "wrong name or password");
    }
}

static inline void play_mail(void *ctx, struct smtp *s)
{
    struct str local = smtp_envelope(s)->sender.local;
    if (str_eq(local, STR("denied")))
        play_say(s, ctx, 550, "5.7.1", "not you");
    else if (str_eq(local, STR("later")))
        play_say(s, ctx, 451, "4.7.1", "not now");
    else
        play_say(s, ctx, 250, NULL, NULL);
}

static inline void play_rcpt(void *ctx, struct smtp *s, struct smtp_recipient *r)
{
    if (str_starts(r->path.local, STR("unknown")))
        play_say(s, ctx, 550, "5.1.1", "nobody has this address");
    else if (str_eq(r->path.local, STR("full")))
        play_say(s, ctx, 452, "4.2.2", "the mailbox is full");
    else
        play_say(s, ctx, 250, NULL, NULL);
}

static inline void play_data(void *ctx, struct smtp *s)
{
    if (str_eq(smtp_envelope(s)->sender.local, STR("nodata")))
        play_say(s, ctx, 451, "4.7.1", "not now");
    else
        play_say(s, ctx, 250, NULL, NULL);
}

static inline void play_escape(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\r')
            buf_addz(out, "\\r");
        else if (s.p[i] == '\n')
            buf_addz(out, "\\n");
        else if ((unsigned char)s.p[i] < ' ' || (unsigned char)s.p[i] >= 0x7f)
            buf_addf(out, "\\x%02x", (unsigned char)s.p[i]);
        else
            buf_addc(out, s.p[i]);
}

static inline void play_message(void *ctx, struct smtp *s, const struct smtp_message *m)
{
    struct played *p = ctx;
    const struct smtp_envelope *e = smtp_envelope(s);
    SCOPED_BUF(text, PLAY_BYTES);
    size_t n = (size_t)smtp_spool_size(m->text);
    char *to = buf_reserve(&text, n + 1);
    assert_non_null(to);
    assert_ok(smtp_spool_read(m->text, 0, to, n));
    assert_status(smtp_spool_read(m->text, 1, to, n), E_IO);
    buf_commit(&text, n);
    buf_clear(&p->head);
    buf_add(&p->head, m->head);
    if (str_find(buf_view(&text), STR("refuse-me"), 0) != SIZE_MAX) {
        play_say(s, ctx, 554, "5.7.1", "no");
        return;
    }
    smtp_path_write(&p->taken, &e->sender);
    for (size_t i = 0; i < e->count; i++) {
        buf_addc(&p->taken, i ? ',' : '|');
        smtp_path_write(&p->taken, &e->recipient[i].path);
        if (str_eq(e->recipient[i].path.local, STR("half")))
            smtp_answer(s, i, 452, "4.2.2", STR("the mailbox\r\nis full"));
    }
    buf_addc(&p->taken, '|');
    play_escape(&p->taken, buf_view(&text));
    buf_addc(&p->taken, '\n');
    play_say(s, ctx, 250, NULL, NULL);
}

static inline void play_end(void *ctx, struct smtp *s)
{
    (void)s;
    ((struct played *)ctx)->ended++;
}

static const struct smtp_ops play_ops = {NULL,      play_auth,    play_mail, play_rcpt,
                                         play_data, play_message, play_end};

/* ---- the connection ---- */
/* Until the engine waits for input: the ends of ops, and output that is read. */
static inline void play_settle(struct played *p, struct line_engine *e)
{
    static const struct line_tls tls = {"TLSv1.3", "TLS_AES_128_GCM_SHA256"};
    for (bool more = true; more;) {
        more = false;
        buf_add(&p->server, buf_view(&e->out));
        buf_clear(&e->out);
        if (e->wants & LINE_WANT_RESUME) {
            assert_non_null(p->waiting);
            struct smtp *s = p->waiting;
            p->waiting = NULL;
            smtp_resume(s, &p->reply);
            more = true;
        } else if (e->wants & LINE_WANT_PAUSE) {
            e->wants &= ~(unsigned)(LINE_WANT_PAUSE | LINE_WANT_EARLY);
            e->ops->event(e, LINE_CONTINUE);
            more = true;
        } else if (e->wants & LINE_WANT_TLS) {
            e->wants &= ~(unsigned)LINE_WANT_TLS;
            e->tls = &tls;
            e->ops->event(e, LINE_SECURED);
        }
    }
}

/* Feeds one stage, cut at `cut` and then into pieces of at most `piece`. */
static inline void play_stage(struct played *p, struct line_engine *e, struct str in, size_t cut,
                              size_t piece)
{
    SCOPED_BUF(pending, PLAY_BYTES);
    for (size_t at = 0; at < in.n && !(e->wants & LINE_WANT_CLOSE);) {
        size_t to = at < cut && cut < at + piece ? cut : at + piece;
        buf_add(&pending, str_slice(in, at, to - at));
        at = to;
        struct str left = buf_view(&pending);
        size_t before;
        do {
            before = left.n;
            line_feed(e, &left);
            play_settle(p, e);
        } while (left.n && left.n < before && !(e->wants & LINE_WANT_CLOSE));
        if (!(e->wants & LINE_WANT_CLOSE))
            assert_true(left.n < LINE_INPUT);
        memmove(pending.p, left.p, left.n);
        buf_cut(&pending, left.n);
    }
}

static inline void played_free(struct played *p)
{
    buf_free(&p->server);
    buf_free(&p->taken);
    buf_free(&p->head);
}

static inline void play_run(const struct play *play, size_t cut, size_t piece, bool later, struct played *out)
{
    struct smtp_settings *settings;
    struct line_engine *e;
    struct line_peer peer = {.port = 4321};
    assert_true(net_parse(STR("192.0.2.7"), &peer.address));
    *out = (struct played){.later = later,
                           .server = BUF_INIT(PLAY_BYTES),
                           .taken = BUF_INIT(4 * PLAY_BYTES),
                           .head = BUF_INIT(64 * 1024)};
    assert_ok(
        smtp_settings_make(&play->limits, play->role, STR("mx.example.test"), "/tmp", play->tls, &settings));
    assert_ok(smtp_new(settings, &play_ops, out, &peer, &e));
    smtp_settings_unref(settings);
    e->ops->start(e);
    play_settle(out, e);
    for (int i = 0; i < play->stages && !(e->wants & LINE_WANT_CLOSE); i++)
        play_stage(out, e, buf_view(&play->client[i]), i ? SIZE_MAX : cut, piece);
    out->closed = e->wants & LINE_WANT_CLOSE;
    assert_ok(e->out.st);
    e->ops->free(e);
    assert_int_equal(out->ended, 1);
}

/* ---- the transcript ---- */
static inline int play_hex(char c)
{
    return ascii_digit(c) ? c - '0' : ascii_lower(c) - 'a' + 10;
}

static inline void play_unescape(struct buf *out, struct str s)
{
    static const char from[] = "rn0t\\", to[] = "\r\n\0\t\\";
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '\\') {
            buf_addc(out, s.p[i]);
            continue;
        }
        i++;
        assert_true(i < s.n);
        const char *plain = memchr(from, s.p[i], sizeof from - 1);
        if (plain) {
            buf_addc(out, to[plain - from]);
        } else if (s.p[i] == 'x') {
            assert_true(i + 2 < s.n);
            buf_addc(out, (char)(play_hex(s.p[i + 1]) * 16 + play_hex(s.p[i + 2])));
            i += 2;
        } else {
            uint64_t times;
            size_t open = str_chr(s, '(', i), close = str_chr(s, ')', i);
            assert_true(s.p[i] == '*' && close != SIZE_MAX &&
                        str_u64(str_slice(s, i + 1, open - i - 1), &times));
            for (; times; times--)
                play_unescape(out, str_slice(s, open + 1, close - open - 1));
            i = close;
        }
    }
}

static inline void play_set(struct play *play, struct str name, struct str value)
{
    static const struct {
        struct str word;
        enum smtp_role role;
    } roles[] = {{STR_INIT("mx"), SMTP_ROLE_MX},
                 {STR_INIT("submission"), SMTP_ROLE_SUBMISSION},
                 {STR_INIT("submissions"), SMTP_ROLE_SUBMISSIONS},
                 {STR_INIT("lmtp"), SMTP_ROLE_LMTP}};
    struct smtp_limits *l = &play->limits;
    uint64_t n = 0;
    for (size_t i = 0; i < COUNT_OF(roles); i++)
        if (str_eq(value, roles[i].word))
            play->role = roles[i].role;
    if (str_eq(name, STR("role")))
        return;
    assert_true(str_u64(value, &n));
    if (str_eq(name, STR("tls")))
        play->tls = n;
    else if (str_eq(name, STR("size")))
        l->size = n;
    else if (str_eq(name, STR("bare")))
        l->refuse_bare = n;
    else if (str_eq(name, STR("memory")))
        l->memory = n;
    else if (str_eq(name, STR("line")))
        l->line = n;
    else if (str_eq(name, STR("recipients")))
        l->recipients = n;
    else {
        static const struct {
            struct str name;
            size_t at;
        } counts[] = {{STR_INIT("errors"), offsetof(struct smtp_limits, errors)},
                      {STR_INIT("commands"), offsetof(struct smtp_limits, commands)},
                      {STR_INIT("attempts"), offsetof(struct smtp_limits, attempts)},
                      {STR_INIT("hops"), offsetof(struct smtp_limits, hops)},
                      {STR_INIT("plain"), offsetof(struct smtp_limits, plain_password)}};
        size_t i = 0;
        while (i < COUNT_OF(counts) && !str_eq(counts[i].name, name))
            i++;
        assert_true(i < COUNT_OF(counts));
        unsigned value32 = (unsigned)n;
        memcpy((char *)l + counts[i].at, &value32, sizeof value32);
    }
}

static inline struct play play_new(void)
{
    struct play p = {.limits = {.size = 10000000,
                                .memory = 65536,
                                .line = 2048,
                                .recipients = 100,
                                .errors = 100,
                                .commands = 100,
                                .attempts = 3,
                                .hops = 50,
                                .command_s = 300,
                                .text_s = 180},
                     .role = SMTP_ROLE_MX,
                     .tls = true,
                     .stages = 1,
                     .server = BUF_INIT(PLAY_BYTES),
                     .taken = BUF_INIT(4 * PLAY_BYTES)};
    for (int i = 0; i < PLAY_STAGES; i++)
        p.client[i] = BUF_INIT(PLAY_BYTES);
    return p;
}

static inline void play_line(struct play *p, struct str line)
{
    struct str text = str_from(line, 3), name;
    struct buf *client = &p->client[p->stages - 1];
    if (!line.n || line.p[0] == '#')
        return;
    switch (line.p[0]) {
    case '=':
        text = str_from(line, 2);
        assert_true(str_split(&text, ' ', &name));
        play_set(p, name, text);
        break;
    case 'C':
    case 'c':
        play_unescape(client, text);
        buf_addz(client, line.p[0] == 'C' ? "\r\n" : "");
        break;
    case 'T':
        p->stages++;
        assert_true(p->stages <= PLAY_STAGES);
        break;
    case 'S':
    case 'M':
        buf_add(line.p[0] == 'S' ? &p->server : &p->taken, text);
        buf_addc(line.p[0] == 'S' ? &p->server : &p->taken, '\n');
        break;
    case 'X':
        p->closes = true;
        break;
    default:
        fail_msg("what is \"%.*s\"?", STR_ARG(line));
    }
}

static inline struct play play_read(const char *path)
{
    struct play p = play_new();
    SCOPED_BUF(file, 1 << 20);
    SCOPED_BUF(why, 1000);
    assert_ok(file_read(str_c(path), 1 << 20, &file, &why));
    struct str rest = buf_view(&file), line;
    while (str_split(&rest, '\n', &line))
        play_line(&p, line);
    return p;
}

static inline void play_free(struct play *p)
{
    for (int i = 0; i < PLAY_STAGES; i++)
        buf_free(&p->client[i]);
    buf_free(&p->server);
    buf_free(&p->taken);
}

/* Line by line; "*" at the end of a wanted one stands for anything. */
static inline void play_compare(const char *name, struct str got, struct str wanted)
{
    struct str g, w, all = got;
    while (str_split(&wanted, '\n', &w) && wanted.p) {
        if (!str_split(&got, '\n', &g))
            g = STR_NONE;
        if (g.n && g.p[g.n - 1] == '\r')
            g.n--;
        bool any = w.n && w.p[w.n - 1] == '*';
        struct str head = any ? str_slice(w, 0, w.n - 1) : w;
        if (any ? !str_starts(g, head) : !str_eq(g, head))
            fail_msg("%s:\ngot    %.*s\nwanted %.*s\nall:\n%.*s", name, STR_ARG(str_slice(g, 0, 300)),
                     STR_ARG(w), STR_ARG(str_slice(all, 0, 4000)));
    }
    if (got.n)
        fail_msg("%s: more came: %.*s", name, STR_ARG(str_slice(got, 0, 1000)));
}

static inline void play_check(const char *name, const struct play *play, const struct played *got)
{
    play_compare(name, buf_view(&got->server), buf_view(&play->server));
    play_compare(name, buf_view(&got->taken), buf_view(&play->taken));
    if (got->closed != play->closes)
        fail_msg("%s: the server %s", name, got->closed ? "closes" : "does not close");
}

#endif
