/* mailcore/relay/reply.c: see relay_reply.h. */
#include "mailcore/relay/reply.h"

#include <stdio.h>

static bool take_line(struct relay_reply *r, struct str *in, bool *whole)
{
    size_t end = str_chr(*in, '\n', 0);
    *whole = end != SIZE_MAX;
    if (!r->begun.max)
        r->begun = BUF_INIT(RELAY_REPLY_LINE);
    buf_add(&r->begun, str_slice(*in, 0, *whole ? end + 1 : in->n));
    *in = str_from(*in, *whole ? end + 1 : in->n);
    return r->begun.st == OK;
}

/* "250-text", "250 text", "250". */
static bool take_code(struct str line, int *code, bool *last, struct str *text)
{
    uint64_t n;
    if (line.n < 3 || !str_u64(str_slice(line, 0, 3), &n) || n < 200 || n > 599)
        return false;
    *code = (int)n;
    *last = line.n == 3 || line.p[3] == ' ';
    *text = str_from(line, 4);
    return *last || line.p[3] == '-';
}

static void keep(struct relay_reply *r, struct str text)
{
    if (!r->text.max)
        r->text = BUF_INIT(RELAY_REPLY_TEXT);
    if (r->lines > 1)
        buf_addc(&r->text, '\n');
    buf_add(&r->text, text);
}

enum status relay_reply_read(struct relay_reply *r, struct str *in)
{
    while (in->n) {
        bool whole, last;
        struct str text;
        int code;
        if (!take_line(r, in, &whole))
            return r->begun.st == E_MEMORY ? E_MEMORY : INVALID;
        if (!whole)
            return NOT_FOUND;
        if (!take_code(str_trim(buf_view(&r->begun)), &code, &last, &text) || (r->lines && code != r->code) ||
            ++r->lines > RELAY_REPLY_LINES)
            return INVALID;
        r->code = code;
        keep(r, text);
        buf_clear(&r->begun);
        if (last)
            return OK;
    }
    return NOT_FOUND;
}

void relay_reply_clear(struct relay_reply *r)
{
    r->code = 0;
    r->lines = 0;
    buf_clear(&r->text);
    buf_clear(&r->begun);
}

void relay_reply_free(struct relay_reply *r)
{
    buf_free(&r->text);
    buf_free(&r->begun);
    *r = (struct relay_reply){0};
}

/* One to three digits off *s. */
static bool digits(struct str *s)
{
    size_t n = 0;
    while (n < s->n && n < 3 && ascii_digit(s->p[n]))
        n++;
    *s = str_from(*s, n);
    return n > 0;
}

static bool dot(struct str *s)
{
    bool is = s->n && s->p[0] == '.';
    *s = str_from(*s, is);
    return is;
}

void relay_reply_status(const struct relay_reply *r, char out[12])
{
    struct str text = buf_view(&r->text), rest = str_from(text, 1);
    bool good = text.n && text.p[0] == (char)('0' + r->code / 100) && dot(&rest) && digits(&rest) &&
                dot(&rest) && digits(&rest) && (!rest.n || ascii_space(rest.p[0]));
    if (good)
        snprintf(out, 12, "%.*s", (int)(text.n - rest.n), text.p);
    else
        snprintf(out, 12, "%d.0.0", r->code / 100 % 10);
}

void relay_reply_line(const struct relay_reply *r, struct buf *out)
{
    struct str rest = buf_view(&r->text), line;
    buf_addf(out, "%d", r->code);
    while (str_split(&rest, '\n', &line)) {
        if (!line.n)
            continue;
        buf_addc(out, ' ');
        for (size_t i = 0; i < line.n; i++) {
            unsigned char c = (unsigned char)line.p[i];
            buf_addc(out, c < 0x20 || c == 0x7f ? ' ' : line.p[i]);
        }
    }
}
