/* mailcore/smtp/data.c: a machine of five places, a byte at a time, with a fast way for runs of plain text. */
#include "mailcore/smtp/data.h"

enum place {
    LINE_START, /* behind CR LF, or at the beginning */
    IN_LINE,
    BEHIND_CR,
    BEHIND_DOT,    /* "." at the start of a line */
    BEHIND_DOT_CR, /* … and a CR */
};

static void add(struct smtp_data *d, struct buf *out, struct str s)
{
    uint64_t room = d->size < d->max ? d->max - d->size : 0;
    d->size += s.n;
    buf_add(out, str_slice(s, 0, s.n < room ? s.n : (size_t)room));
}

static void break_line(struct smtp_data *d, struct buf *out)
{
    add(d, out, STR("\r\n"));
}

static bool is_plain(char c)
{
    return c != '\r' && c != '\n' && c != '\0';
}

/* Takes what needs no look at the place: a run of plain bytes inside of a line. */
static void take_run(struct smtp_data *d, struct str *in, struct buf *out)
{
    size_t n = 0;
    unsigned char high = 0;
    while (n < in->n && is_plain(in->p[n]))
        high |= (unsigned char)in->p[n++];
    d->eight_bit |= high >= 0x80;
    add(d, out, str_slice(*in, 0, n));
    *in = str_from(*in, n);
}

/* A byte inside of a line, or one that is not what the place before hoped for. */
static enum place in_line(struct smtp_data *d, struct buf *out, char c)
{
    switch (c) {
    case '\r':
        return BEHIND_CR;
    case '\n': /* no line start: a dot behind it is content */
        d->faults |= SMTP_BARE_LF;
        break_line(d, out);
        return IN_LINE;
    case '\0':
        d->faults |= SMTP_NUL;
        return IN_LINE;
    default:
        d->eight_bit |= (unsigned char)c >= 0x80;
        add(d, out, str_n(&c, 1));
        return IN_LINE;
    }
}

/* The CR was no half of a line end. */
static enum place bare_cr(struct smtp_data *d, struct buf *out, char c)
{
    d->faults |= SMTP_BARE_CR;
    break_line(d, out);
    return in_line(d, out, c);
}

static enum place step(struct smtp_data *d, struct buf *out, char c)
{
    switch ((enum place)d->at) {
    case LINE_START:
        return c == '.' ? BEHIND_DOT : in_line(d, out, c);
    case BEHIND_CR:
        if (c != '\n')
            return bare_cr(d, out, c);
        break_line(d, out);
        return LINE_START;
    case BEHIND_DOT:
        return c == '\r' ? BEHIND_DOT_CR : in_line(d, out, c);
    case BEHIND_DOT_CR:
        if (c != '\n')
            return bare_cr(d, out, c);
        d->ended = true;
        return LINE_START;
    case IN_LINE:
    default:
        return in_line(d, out, c);
    }
}

void smtp_data_read(struct smtp_data *d, struct str *in, struct buf *out)
{
    while (in->n && !d->ended) {
        if (d->at == IN_LINE && is_plain(in->p[0])) {
            take_run(d, in, out);
            continue;
        }
        char c = in->p[0];
        *in = str_from(*in, 1);
        d->at = (unsigned char)step(d, out, c);
    }
}

void smtp_data_send(struct smtp_dots *d, struct str text, struct buf *out)
{
    if (text.n && d->behind_cr && text.p[0] == '\n')
        text = str_from(text, 1); /* the line ended with the piece before */
    while (text.n) {
        size_t n = 0;
        while (n < text.n && text.p[n] != '\r' && text.p[n] != '\n')
            n++;
        if (!d->in_line && text.p[0] == '.')
            buf_addc(out, '.');
        buf_add(out, str_slice(text, 0, n));
        d->in_line = n == text.n;
        d->behind_cr = false;
        if (!d->in_line) {
            buf_add(out, STR("\r\n"));
            d->behind_cr = text.p[n] == '\r' && n + 1 == text.n;
            n += text.p[n] == '\r' && n + 1 < text.n && text.p[n + 1] == '\n' ? 2 : 1;
        }
        text = str_from(text, n);
    }
}

void smtp_data_end(struct smtp_dots *d, struct buf *out)
{
    buf_add(out, d->in_line ? STR("\r\n.\r\n") : STR(".\r\n"));
    *d = (struct smtp_dots){0};
}

void smtp_data_write(struct buf *out, struct str text)
{
    struct smtp_dots d = {0};
    smtp_data_send(&d, text, out);
    smtp_data_end(&d, out);
}
