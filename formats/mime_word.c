/* formats/mime_word.c: encoded words, and the two encodings that they and bodies use. */
#include "formats/mime_word.h"
#include "formats/charset.h"
#include "formats/header.h"

static int hex(char c)
{
    c = ascii_lower(c);
    return ascii_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that "=XX" stands for, -1 when it is none. */
static int quoted_byte(struct str s, size_t at)
{
    int high = at + 2 < s.n ? hex(s.p[at + 1]) : -1, low = high >= 0 ? hex(s.p[at + 2]) : -1;
    return low >= 0 ? high * 16 + low : -1;
}

/* Appends one line of quoted-printable without its end; false when a soft line break ends it. */
static bool quoted_line(struct buf *out, struct str line)
{
    while (line.n && ascii_space(line.p[line.n - 1])) /* blanks at the end are transport's */
        line.n--;
    bool soft = line.n && line.p[line.n - 1] == '=';
    line.n -= soft;
    for (size_t i = 0; i < line.n; i++) {
        int byte = line.p[i] == '=' ? quoted_byte(line, i) : -1;
        buf_addc(out, byte >= 0 ? (char)byte : line.p[i]);
        i += byte >= 0 ? 2 : 0;
    }
    return !soft;
}

void mime_quoted_decode(struct buf *out, struct str text)
{
    while (text.n) {
        size_t end = str_chr(text, '\n', 0);
        struct str line = str_slice(text, 0, end);
        bool crlf = line.n && line.p[line.n - 1] == '\r';
        text = end == SIZE_MAX ? STR_NONE : str_from(text, end + 1);
        if (quoted_line(out, line) && end != SIZE_MAX)
            buf_add(out, crlf ? STR("\r\n") : STR("\n"));
    }
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (ascii_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

void mime_base64_decode(struct buf *out, struct str text)
{
    uint32_t bits = 0, have = 0;
    for (size_t i = 0; i < text.n; i++) {
        int value = base64_value(text.p[i]);
        if (text.p[i] == '=') { /* padding ends a text; another may follow it */
            bits = have = 0;
            continue;
        }
        if (value < 0)
            continue;
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            buf_addc(out, (char)(bits >> have & 0xFF));
        }
    }
}

/* ---- encoded words ---- */

struct word {
    enum charset set;
    char encoding; /* B or Q */
    struct str text;
};

/* Is there a word at the front of s: =?charset?B?text?= (with *language behind the charset, RFC 2231 section 5)? *n: its bytes. */
static bool word_at(struct str s, struct word *w, size_t *n)
{
    enum { CHARSET_MOST = 60, WORD_MOST = 1000 /* RFC 2047 allows 75; senders do not keep to it */ };
    if (!str_starts(s, STR("=?")))
        return false;
    struct str head = str_slice(s, 0, CHARSET_MOST);
    size_t mark = str_chr(head, '?', 2);
    if (mark == SIZE_MAX || mark == 2 || mark + 3 >= s.n || s.p[mark + 2] != '?')
        return false;
    struct str name = str_slice(s, 2, mark - 2);
    w->set = charset_find(str_slice(name, 0, str_chr(name, '*', 0)));
    w->encoding = ascii_upper(s.p[mark + 1]);
    struct str rest = str_slice(s, mark + 3, WORD_MOST);
    size_t end = str_find(rest, STR("?="), 0);
    if (end == SIZE_MAX || w->set == CHARSET_NONE || (w->encoding != 'B' && w->encoding != 'Q'))
        return false;
    w->text = str_slice(rest, 0, end);
    *n = mark + 3 + end + 2;
    return memchr(w->text.p, ' ', w->text.n) == NULL || w->encoding == 'Q';
}

static void decode_word(struct buf *out, const struct word *w)
{
    if (w->encoding == 'B') {
        mime_base64_decode(out, w->text);
        return;
    }
    for (size_t i = 0; i < w->text.n; i++) {
        int byte = w->text.p[i] == '=' ? quoted_byte(w->text, i) : -1;
        buf_addc(out, byte >= 0 ? (char)byte : w->text.p[i] == '_' ? ' ' : w->text.p[i]);
        i += byte >= 0 ? 2 : 0;
    }
}

struct decoder {
    struct arena *arena;
    struct buf *out;
    struct buf bytes; /* of words of one character set that stand side by side */
    enum charset set;
    enum status st;
};

/* Line breaks, NUL and tabs that words hide are blanks: the value is one line. */
static void add_line(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        buf_addc(out, (unsigned char)text.p[i] < ' ' ? ' ' : text.p[i]);
}

static void flush(struct decoder *d)
{
    struct str text;
    if (d->bytes.n && d->st == OK) {
        d->st =
            d->bytes.st != OK ? d->bytes.st : charset_decode(d->arena, d->set, buf_view(&d->bytes), &text);
        if (d->st == OK)
            add_line(d->out, text);
    }
    buf_clear(&d->bytes);
}

static void add_plain(struct decoder *d, struct str s)
{
    struct str text;
    flush(d);
    if (!s.n || d->st != OK)
        return;
    d->st = charset_guess(d->arena, CHARSET_CP1252, s, &text);
    if (d->st == OK)
        add_line(d->out, text);
}

static void add_word(struct decoder *d, const struct word *w)
{
    if (w->set != d->set)
        flush(d);
    d->set = w->set;
    decode_word(&d->bytes, w);
}

static size_t blanks(struct str s)
{
    size_t n = 0;
    while (n < s.n && ascii_space(s.p[n]))
        n++;
    return n;
}

enum status mime_words(struct arena *a, struct str value, struct buf *out)
{
    SCOPED_BUF(line, value.n + 1);
    header_unfold(&line, value);
    struct decoder d = {.arena = a, .out = out, .bytes = BUF_INIT(value.n + 1)};
    struct str rest = buf_view(&line);
    size_t plain = 0; /* bytes at the front of rest that are no word */
    bool after_word = false;
    while (plain < rest.n && d.st == OK) {
        struct word w;
        size_t n;
        if (rest.p[plain] != '=' || !word_at(str_from(rest, plain), &w, &n)) {
            plain++;
            continue;
        }
        /* white space between two words is not shown */
        if (plain && !(after_word && blanks(rest) == plain))
            add_plain(&d, str_slice(rest, 0, plain));
        add_word(&d, &w);
        rest = str_from(rest, plain + n);
        plain = 0;
        after_word = true;
    }
    add_plain(&d, rest);
    buf_free(&d.bytes);
    return d.st != OK ? d.st : line.st;
}
