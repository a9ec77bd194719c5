/* mailcore/smtp/text.c: the text of a message, by DATA or in chunks (RFC 3030), into the spool; and its end.
 *
 * What is wrong with a text is said at its end, so that both sides agree where that is: bytes of a refused text never become
 * commands. Where the end cannot be known, the session ends. */
#include "mailcore/smtp/int.h"

#include "core/clock.h"

enum {
    TURN_BYTES = 16 * 1024,  /* so much of a text is worth another wait */
    PIECE = 16 * 1024,       /* taken at once */
    TEXT_SPARE = 1024 * 1024 /* what is swallowed beyond twice the largest message */
};

void smtp_text_close(struct smtp *s)
{
    struct smtp_text *t = &s->text;
    if (t->open)
        smtp_spool_close(&t->spool);
    buf_free(&t->piece);
    buf_free(&t->head);
    *t = (struct smtp_text){.spool.fd = -1};
}

static void text_open(struct smtp *s)
{
    struct smtp_text *t = &s->text;
    const char *folder = s->settings->folder[0] ? s->settings->folder : NULL;
    smtp_spool_open(&t->spool, smtp_limits_of(s)->memory, folder);
    t->open = true;
    t->data = (struct smtp_data){.max = UINT64_MAX};
    t->piece = BUF_INIT(4 * PIECE);
    t->id = random_u64();
}

/* What came of a piece goes into the spool, as long as the message is not too large. */
static void text_add(struct smtp *s)
{
    struct smtp_text *t = &s->text;
    if (t->piece.st != OK && t->spool.st == OK)
        t->spool.st = t->piece.st;
    smtp_scan(&t->scan, buf_view(&t->piece));
    if (t->data.size <= smtp_limits_of(s)->size)
        smtp_spool_add(&t->spool, buf_view(&t->piece));
    buf_clear(&t->piece);
}

static void turn(struct smtp *s, size_t taken)
{
    struct smtp_text *t = &s->text;
    t->counted += taken;
    if (t->counted < TURN_BYTES)
        return;
    t->counted = 0;
    s->engine.turn++;
}

/* ---- the end of a text ---- */
/* LMTP answers for each recipient, whatever became of the whole (RFC 2033 section 4.2). */
static void say_end(struct smtp *s, const struct smtp_reply *reply, const struct smtp_reply *good)
{
    const struct smtp_envelope *e = &s->envelope;
    if (!smtp_is_lmtp(s)) {
        smtp_say_reply(s, reply, good);
        return;
    }
    for (size_t i = 0; i < e->count; i++)
        smtp_say_reply(s, e->recipient[i].answer.code ? &e->recipient[i].answer : reply, good);
}

/* Why the text cannot be taken; code 0: it can. */
static struct smtp_reply text_fault(const struct smtp *s)
{
    const struct smtp_text *t = &s->text;
    const struct smtp_limits *limits = smtp_limits_of(s);
    if (t->data.size > limits->size)
        return (struct smtp_reply){552, "5.3.4", STR("the message is larger than this server takes")};
    if (t->spool.st == E_FULL)
        return (struct smtp_reply){452, "4.3.1", STR("there is no room for it just now")};
    if (t->spool.st != OK)
        return (struct smtp_reply){451, "4.3.0", STR("the message cannot be kept just now")};
    if (t->faults && limits->refuse_bare)
        return (struct smtp_reply){554, "5.6.0",
                                   STR("a CR or LF stands alone in the text, or a NUL is in it")};
    if (t->scan.received > limits->hops)
        return (struct smtp_reply){554, "5.4.6", STR("too many Received fields: this mail goes in circles")};
    return (struct smtp_reply){0, NULL, STR_NONE};
}

static void refuse_text(struct smtp *s, const struct smtp_reply *why, bool whole)
{
    if (whole)
        say_end(s, why, why);
    else
        smtp_say_reply(s, why, why);
    smtp_reset(s);
}

static void write_head(struct smtp *s)
{
    struct smtp_text *t = &s->text;
    const struct smtp_envelope *e = &s->envelope;
    SCOPED_BUF(protocol, 32);
    smtp_protocol(&protocol, (struct smtp_manner){smtp_is_lmtp(s), s->client.extended, s->client.secure,
                                                  s->client.user.n > 0, e->utf8});
    struct smtp_trace trace = {.hostname = str_c(s->settings->hostname),
                               .helo = s->client.helo,
                               .peer = &s->client.peer,
                               .tls = s->engine.tls,
                               .protocol = buf_c(&protocol),
                               .id = t->id,
                               .recipient = e->count == 1 ? &e->recipient[0].path : NULL,
                               .now = clock_now()};
    t->head = BUF_INIT(8 * 1024);
    smtp_trace_received(&t->head, &trace);
    if (s->client.role & SMTP_ROLE_SUBMIT)
        smtp_trace_complete(&t->head, &t->scan, &trace);
    if (t->scan.no_header)
        buf_addz(&t->head, "\r\n");
}

static void finish_text(struct smtp *s)
{
    struct smtp_text *t = &s->text;
    struct smtp_reply why = text_fault(s);
    s->reading = READ_LINE;
    s->engine.turn++;
    s->engine.wait_s = smtp_limits_of(s)->command_s;
    if (why.code) {
        refuse_text(s, &why, true);
        return;
    }
    write_head(s);
    if (t->head.st != OK) {
        refuse_text(s, &(struct smtp_reply){451, "4.3.0", STR("the message cannot be kept just now")}, true);
        return;
    }
    struct smtp_message message = {.id = t->id,
                                   .head = buf_view(&t->head),
                                   .text = &t->spool,
                                   .scan = &t->scan,
                                   .eight_bit = t->data.eight_bit};
    smtp_ask(s, WAIT_MESSAGE);
    s->ops->message(s->ctx, s, &message);
    smtp_asked(s);
}

void smtp_message_done(struct smtp *s, const struct smtp_reply *reply)
{
    SCOPED_BUF(text, 64);
    buf_addf(&text, "accepted as %016llx", (unsigned long long)s->text.id);
    struct smtp_reply good = {250, "2.0.0", buf_view(&text)};
    say_end(s, reply, &good);
    if (reply->code < 400)
        s->commands = 0;
    smtp_reset(s);
}

/* ---- DATA ---- */
static void begin(struct smtp *s)
{
    if (!s->ops->data) {
        smtp_data_done(s, &(struct smtp_reply){250, NULL, STR_NONE});
        return;
    }
    smtp_ask(s, WAIT_DATA);
    s->ops->data(s->ctx, s);
    smtp_asked(s);
}

void smtp_cmd_data(struct smtp *s, struct str argument)
{
    (void)argument;
    s->text.chunked = s->text.last = false;
    if (s->envelope.body == SMTP_BODY_BINARYMIME)
        smtp_say(s, 503, "5.5.1", "BINARYMIME comes by BDAT"); /* RFC 3030 section 3 */
    else
        begin(s);
}

void smtp_take_data(struct smtp *s, struct str *in)
{
    struct smtp_text *t = &s->text;
    struct str part = str_slice(*in, 0, PIECE);
    size_t had = part.n;
    smtp_data_read(&t->data, &part, &t->piece);
    *in = str_from(*in, had - part.n);
    t->faults |= t->data.faults;
    text_add(s);
    turn(s, had - part.n);
    if (t->data.ended)
        finish_text(s);
    else if (t->data.size / 2 > smtp_limits_of(s)->size + TEXT_SPARE)
        smtp_bye(s, 552, "5.3.4", "the message is far larger than this server takes; good-bye");
}

/* ---- BDAT ---- */
/* Lines of a chunk, which has no dots to undo. */
static void add_lines(struct smtp_text *t, struct str in)
{
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        bool after_cr = t->at_cr;
        t->at_cr = c == '\r';
        if (after_cr && c != '\n')
            t->faults |= SMTP_BARE_CR;
        if (after_cr || c == '\n')
            buf_add(&t->piece, STR("\r\n"));
        if (!after_cr && c == '\n')
            t->faults |= SMTP_BARE_LF;
        if (c == '\0')
            t->faults |= SMTP_NUL;
        else if (c != '\r' && c != '\n')
            buf_addc(&t->piece, c);
        t->data.eight_bit |= (unsigned char)c >= 0x80;
    }
}

static void add_bytes(struct smtp_text *t, struct str in)
{
    buf_add(&t->piece, in);
    for (size_t i = 0; i < in.n && !t->data.eight_bit; i++)
        t->data.eight_bit = (unsigned char)in.p[i] >= 0x80;
}

static void add_chunk(struct smtp *s, struct str in)
{
    struct smtp_text *t = &s->text;
    if (s->envelope.body == SMTP_BODY_BINARYMIME)
        add_bytes(t, in);
    else
        add_lines(t, in);
    t->data.size += t->piece.n;
    text_add(s);
}

static void end_chunk(struct smtp *s)
{
    struct smtp_text *t = &s->text;
    s->reading = READ_LINE;
    s->engine.wait_s = smtp_limits_of(s)->command_s;
    if (t->skip) { /* answered when the chunk was announced, or by an op */
        t->skip = false;
        return;
    }
    if (t->last && t->at_cr) {
        t->faults |= SMTP_BARE_CR;
        buf_add(&t->piece, STR("\r\n"));
        t->data.size += 2;
        t->at_cr = false;
        text_add(s);
    }
    struct smtp_reply why = text_fault(s);
    if (t->last) {
        finish_text(s);
    } else if (why.code) {
        refuse_text(s, &why, false);
    } else {
        s->state = STATE_BDAT;
        smtp_say(s, 250, "2.0.0", "%llu octets received", (unsigned long long)t->chunk_size);
    }
}

void smtp_take_bdat(struct smtp *s, struct str *in)
{
    struct smtp_text *t = &s->text;
    struct str part = str_slice(*in, 0, t->chunk < PIECE ? (size_t)t->chunk : PIECE);
    *in = str_from(*in, part.n);
    t->chunk -= part.n;
    if (!t->skip)
        add_chunk(s, part);
    turn(s, part.n);
    if (!t->chunk)
        end_chunk(s);
}

static void read_chunk(struct smtp *s)
{
    s->reading = READ_BDAT;
    s->engine.wait_s = smtp_limits_of(s)->text_s;
    if (!s->text.chunk)
        end_chunk(s);
}

/* The chunk of a refused BDAT comes all the same. */
static void skip_chunk(struct smtp *s)
{
    s->text.skip = true;
    read_chunk(s);
}

static bool parse_bdat(struct str argument, uint64_t *size, bool *last)
{
    size_t blank = str_chr(argument, ' ', 0);
    struct str word = blank == SIZE_MAX ? STR("") : str_trim(str_from(argument, blank));
    *last = str_caseeq(word, STR("LAST"));
    return str_u64(str_slice(argument, 0, blank), size) && (*last || !word.n);
}

static const char *bdat_refused(const struct smtp *s)
{
    if (s->state == STATE_MAIL)
        return "no recipient was accepted";
    return s->state == STATE_NEW || s->state == STATE_READY ? "say MAIL and RCPT first" : NULL;
}

void smtp_cmd_bdat(struct smtp *s, struct str argument)
{
    struct smtp_text *t = &s->text;
    uint64_t size;
    bool last;
    if (!parse_bdat(argument, &size, &last)) {
        smtp_bye(s, 501, "5.5.4", "BDAT has a size and perhaps LAST; good-bye");
        return;
    }
    if (size > smtp_limits_of(s)->size) {
        smtp_bye(s, 552, "5.3.4", "the chunk is larger than a message may be; good-bye");
        return;
    }
    t->chunk = t->chunk_size = size;
    t->last = last;
    t->chunked = true;
    if (bdat_refused(s)) {
        smtp_say(s, 503, "5.5.1", "%s", bdat_refused(s));
        skip_chunk(s);
    } else if (s->state == STATE_RCPT) {
        begin(s);
    } else {
        read_chunk(s);
    }
}

/* ---- may the text come? ---- */
void smtp_data_done(struct smtp *s, const struct smtp_reply *reply)
{
    struct smtp_text *t = &s->text;
    bool good = reply->code / 100 == 2;
    if (!good) {
        uint64_t chunk = t->chunk;
        refuse_text(s, reply, t->last);
        t->chunk = chunk;
        if (chunk)
            skip_chunk(s);
        return;
    }
    text_open(s);
    if (t->chunked) {
        read_chunk(s);
        return;
    }
    s->reading = READ_DATA;
    s->engine.wait_s = smtp_limits_of(s)->text_s;
    smtp_say(s, 354, NULL, "end the text with CR LF . CR LF");
}
