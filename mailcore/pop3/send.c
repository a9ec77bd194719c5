/* mailcore/pop3/send.c: LIST, UIDL, RETR and TOP: answers as long as a mailbox or a message, said piece by piece as the client takes them. */
#include "mailcore/pop3/int.h"

enum { PIECE = 32 * 1024 };

static void send_row(struct pop3 *s)
{
    size_t n = s->at++;
    const struct pop3_message *m = &s->messages[n];
    if (m->deleted)
        return;
    if (s->sending == SEND_LIST)
        buf_addf(&s->engine.out, "%zu %lld\r\n", n + 1, (long long)m->size);
    else
        buf_addf(&s->engine.out, "%zu %08llx%08llx\r\n", n + 1, (unsigned long long)m->uid,
                 (unsigned long long)s->uidvalidity);
}

/* How much of the piece TOP shows; true: that was all. */
static bool cut_top(struct pop3 *s, struct str *text)
{
    if (s->lines < 0)
        return false;
    for (size_t i = 0; i < text->n; i++) {
        char c = text->p[i];
        if (s->in_body && !s->lines) {
            *text = str_slice(*text, 0, i);
            return true;
        }
        if (c == '\n') {
            s->lines -= s->in_body;
            s->in_body = s->in_body || s->line_empty;
            s->line_empty = true;
        } else if (c != '\r') {
            s->line_empty = false;
        }
    }
    return s->in_body && !s->lines;
}

static void end_text(struct pop3 *s)
{
    smtp_data_end(&s->dots, &s->engine.out);
    s->sending = SEND_NOTHING;
    buf_free(&s->piece);
}

static void open_text(struct pop3 *s)
{
    struct pop3_message *m = &s->messages[s->at];
    s->opening = false;
    if (s->lines >= 0) {
        pop3_ok(s, "the top follows");
        return;
    }
    m->read = true;
    pop3_ok(s, "%lld octets", (long long)m->size);
}

void pop3_text_read(struct pop3 *s)
{
    if (s->opening)
        open_text(s);
    struct str text = buf_view(&s->piece);
    bool last = text.n < PIECE, cut = cut_top(s, &text);
    smtp_data_send(&s->dots, text, &s->engine.out);
    s->from += (int64_t)text.n;
    buf_clear(&s->piece);
    if (last || cut)
        end_text(s);
}

static void ask_text(struct pop3 *s)
{
    pop3_ask(s, POP3_READ);
    s->ops->read(s->ctx, s, s->messages[s->at].uid, s->from, PIECE);
    pop3_asked(s);
}

void pop3_send(struct pop3 *s)
{
    while (s->sending != SEND_NOTHING && s->wait == POP3_NONE) {
        if (s->engine.out.n > LINE_OUT_HIGH) {
            s->engine.wants |= LINE_WANT_ROOM;
            return;
        }
        if (s->sending == SEND_TEXT) {
            ask_text(s);
        } else if (s->at < s->count) {
            send_row(s);
        } else {
            buf_addz(&s->engine.out, ".\r\n");
            s->sending = SEND_NOTHING;
        }
    }
}

void pop3_send_text(struct pop3 *s, size_t n, int64_t lines)
{
    s->sending = SEND_TEXT;
    s->at = n;
    s->from = 0;
    s->lines = lines;
    s->opening = true;
    s->in_body = false;
    s->line_empty = true;
    s->dots = (struct smtp_dots){0};
    s->piece = BUF_INIT(PIECE);
    pop3_send(s);
}
