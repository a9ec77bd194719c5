/* mailcore/imap/token.c: a machine that reads a byte at a time, with a fast way for runs of plain text. "{5+}" at the end of a
 * line is recognised while it passes by, so that nothing depends on what is still in memory. */
#include "mailcore/imap/token.h"

#include <stdlib.h>

enum place {
    IN_LINE,
    AT_LITERAL, /* announced, and nobody has decided yet */
    KEEPING,
    STREAMING,
    SKIPPING, /* the bytes of a refused literal */
    DRAINING, /* … that was let in first */
    COMPLETE,
    REFUSED,
    CLOSED,
};

enum head { NO_HEAD, IN_HEAD, HAS_PLUS, HAS_END }; /* of "{5+}" */

enum { KEPT_BUFFER = 4096 };

void imap_reader_init(struct imap_reader *r, const struct imap_limits *limits)
{
    *r = (struct imap_reader){.limits = limits};
    imap_read_next(r);
}

void imap_reader_free(struct imap_reader *r)
{
    buf_free(&r->text);
    free(r->literals);
    *r = (struct imap_reader){.limits = r->limits, .at = CLOSED, .why = "the connection is closed"};
}

void imap_read_next(struct imap_reader *r)
{
    if (r->at == CLOSED)
        return;
    struct imap_reader fresh = {.limits = r->limits, .minus = r->minus, .text = r->text};
    if (fresh.text.cap > KEPT_BUFFER)
        buf_free(&fresh.text);
    buf_clear(&fresh.text);
    fresh.text.max = r->limits->memory;
    free(r->literals);
    *r = fresh;
}

void imap_read_line(struct imap_reader *r)
{
    imap_read_next(r);
    r->raw = true;
}

static void fault(struct imap_reader *r, const char *why)
{
    if (!r->why)
        r->why = why;
}

static enum imap_read close_with(struct imap_reader *r, const char *why)
{
    r->why = why;
    r->at = CLOSED;
    return IMAP_READ_CLOSE;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Text of a line. Of what is too much the beginning is kept all the same, so that it makes no difference where the stream is cut; of a
 * refused command nothing more. */
static void add(struct imap_reader *r, struct str s)
{
    const struct imap_limits *l = r->limits;
    const size_t line = l->line > r->outside ? l->line - r->outside : 0,
                 memory = l->memory > r->text.n ? l->memory - r->text.n : 0;
    struct str fits = r->why ? STR("") : str_slice(s, 0, least(line, memory));
    r->text.max = l->memory;
    r->outside += s.n;
    r->skipped += s.n - fits.n;
    if (r->why)
        return;
    buf_add(&r->text, fits);
    if (r->text.st != OK)
        fault(r, "out of memory");
    else if (s.n > line)
        fault(r, "the command line is too long");
    else if (s.n > memory)
        fault(r, "the command is too large");
}

/* Follows "{5+}" and the quotes through a line. */
static void follow(struct imap_reader *r, char c)
{
    unsigned char was = r->head;
    r->head = NO_HEAD;
    if (r->quoted) {
        r->quoted = r->escaped || c != '"';
        r->escaped = !r->escaped && c == '\\';
        return;
    }
    if (c == '"') {
        r->quoted = true;
    } else if (c == '{') {
        r->head = IN_HEAD;
        r->head_at = r->text.n - (r->tilde && r->text.n ? 1 : 0);
        r->number = 0;
        r->plus = r->digits = r->overflow = false;
        return; /* the tilde stays in mind */
    } else if (was == IN_HEAD && ascii_digit(c)) {
        unsigned digit = (unsigned)(c - '0');
        r->overflow |= r->number > ((uint64_t)INT64_MAX - digit) / 10;
        r->number = r->overflow ? 0 : r->number * 10 + digit;
        r->head = IN_HEAD;
        r->digits = true;
        return;
    } else if (was == IN_HEAD && r->digits && c == '+') {
        r->head = HAS_PLUS;
        r->plus = true;
        return;
    } else if (c == '}' && ((was == IN_HEAD && r->digits) || was == HAS_PLUS)) {
        r->head = HAS_END;
        return;
    }
    r->tilde = c == '~';
}

static enum imap_read announce(struct imap_reader *r)
{
    struct imap_literal *grown = r->literals;
    bool grows = r->count == r->cap && !r->why;
    if (grows && r->count < r->limits->literals)
        grown = reallocarray(r->literals, r->cap * 2 + 1, sizeof *grown);
    if (grows && (r->count >= r->limits->literals || !grown)) {
        fault(r, "the command has too many literals");
    } else if (grows) {
        r->literals = grown;
        r->cap = r->cap * 2 + 1;
    }
    const struct imap_literal literal = {.at = r->head_at,
                                         .head = r->text.n - r->head_at,
                                         .size = r->number,
                                         .binary = r->tilde,
                                         .synchronous = !r->plus};
    r->head = NO_HEAD;
    r->tilde = false;
    r->left = literal.size;
    if (r->overflow && r->plus)
        return close_with(r, "the literal's size is no number");
    if (r->overflow)
        fault(r, "the literal's size is no number");
    if (r->plus && r->minus && literal.size > IMAP_LITERAL_MINUS)
        fault(r, "a literal of this size has to wait for the continuation");
    if (!r->why) {
        r->literals[r->count++] = literal;
        r->at = AT_LITERAL;
        return IMAP_READ_LITERAL;
    }
    r->at = r->plus ? SKIPPING : REFUSED;
    return IMAP_READ_MORE;
}

/* At LF: the command is complete, or a literal follows. */
static enum imap_read end_line(struct imap_reader *r)
{
    r->cr = false;
    if (r->head == HAS_END && !r->raw)
        return announce(r);
    if (r->quoted && !r->raw)
        fault(r, "a quoted string has no end");
    r->at = r->why ? REFUSED : COMPLETE;
    return IMAP_READ_MORE;
}

static bool is_plain(char c)
{
    return c != '\r' && c != '\n' && c != '\0' && c != '"' && c != '\\' && c != '{' && c != '}' && c != '~';
}

static enum imap_read in_line(struct imap_reader *r, struct str *in)
{
    size_t n = 0;
    if (r->head == NO_HEAD && !r->escaped && !r->cr)
        while (n < in->n && is_plain(in->p[n]))
            n++;
    if (n) {
        r->tilde = false;
        add(r, str_slice(*in, 0, n));
        *in = str_from(*in, n);
        return IMAP_READ_MORE;
    }
    const char c = in->p[0];
    *in = str_from(*in, 1);
    if (c == '\n')
        return end_line(r);
    if (r->cr)
        fault(r, "a CR stands alone in the command");
    r->cr = c == '\r';
    if (r->cr)
        return IMAP_READ_MORE;
    if (c == '\0')
        fault(r, "a NUL stands in the command");
    if (!r->raw)
        follow(r, c);
    add(r, str_n(&c, 1));
    return IMAP_READ_MORE;
}

/* The next bytes of a literal, as many as are here. */
static struct str take(struct imap_reader *r, struct str *in)
{
    struct str piece = str_slice(*in, 0, in->n < r->left ? in->n : (size_t)r->left);
    *in = str_from(*in, piece.n);
    r->left -= piece.n;
    return piece;
}

static enum imap_read in_literal(struct imap_reader *r, struct str *in)
{
    if (r->left) {
        struct str piece = take(r, in);
        if (r->at == STREAMING) {
            r->data = piece;
            return IMAP_READ_DATA;
        }
        if (r->at == SKIPPING)
            r->skipped += piece.n;
        else if (r->at == KEEPING)
            buf_add(&r->text, piece);
        if (r->text.st != OK)
            fault(r, "the command is too large");
    }
    if (!r->left)
        r->at = IN_LINE;
    return IMAP_READ_MORE;
}

enum imap_read imap_read(struct imap_reader *r, struct str *in)
{
    for (;;) {
        enum imap_read event = IMAP_READ_MORE;
        switch ((enum place)r->at) {
        case COMPLETE:
            return IMAP_READ_COMMAND;
        case REFUSED:
            return IMAP_READ_FAULT;
        case CLOSED:
            return IMAP_READ_CLOSE;
        case AT_LITERAL:
            return IMAP_READ_LITERAL;
        case KEEPING:
        case STREAMING:
        case SKIPPING:
        case DRAINING:
            if (!in->n && r->left)
                return IMAP_READ_MORE;
            event = in_literal(r, in);
            break;
        case IN_LINE:
        default:
            if (!in->n)
                return IMAP_READ_MORE;
            event = in_line(r, in);
        }
        if (r->skipped > r->limits->skip)
            return close_with(r, "the command is much too long");
        if (event != IMAP_READ_MORE)
            return event;
    }
}

void imap_read_keep(struct imap_reader *r)
{
    if (r->at != AT_LITERAL)
        return;
    if (r->left > r->limits->literal || r->left + r->text.n > r->limits->memory) {
        imap_read_refuse(r, "the literal is too large");
        return;
    }
    r->at = KEEPING;
}

void imap_read_stream(struct imap_reader *r)
{
    if (r->at != AT_LITERAL)
        return;
    if (r->left > r->limits->stream) {
        imap_read_refuse(r, "the literal is too large");
        return;
    }
    r->literals[r->count - 1].streamed = true;
    r->at = STREAMING;
}

void imap_read_refuse(struct imap_reader *r, const char *why)
{
    if (r->at == KEEPING || r->at == STREAMING) {
        fault(r, why);
        r->at = DRAINING;
    }
    if (r->at != AT_LITERAL)
        return;
    fault(r, why);
    r->at = r->literals[r->count - 1].synchronous ? REFUSED : SKIPPING;
}

bool imap_read_waits(const struct imap_reader *r)
{
    return (r->at == KEEPING || r->at == STREAMING) && r->literals[r->count - 1].synchronous;
}

bool imap_is_atom(char c)
{
    return (unsigned char)c > ' ' && (unsigned char)c < 0x7f && strchr("(){%*\"\\]", c) == NULL;
}

bool imap_is_tag(char c)
{
    return (imap_is_atom(c) || c == ']') && c != '+';
}

struct str imap_read_tag(const struct imap_reader *r)
{
    struct str text = buf_view(&r->text);
    size_t n = 0;
    while (n < text.n && imap_is_tag(text.p[n]))
        n++;
    return n && (n == text.n || text.p[n] == ' ') ? str_slice(text, 0, n) : STR_NONE;
}
