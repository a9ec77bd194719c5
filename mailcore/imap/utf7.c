/* mailcore/imap/utf7.c: UTF-16 in a base64 of its own, between '&' and '-'. */
#include "mailcore/imap/utf7.h"

enum { FIRST_HIGH = 0xD800, FIRST_LOW = 0xDC00, LAST_LOW = 0xDFFF, FIRST_PAIR = 0x10000 };

static const char digits[64] = {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,"};

static bool is_direct(uint32_t c)
{
    return c >= 0x20 && c <= 0x7e;
}

static int digit_of(char c)
{
    const char *at = c ? memchr(digits, c, sizeof digits) : NULL;
    return at ? (int)(at - digits) : -1;
}

static void add_utf8(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_addc(out, (char)c);
        return;
    }
    if (c < 0x800) {
        buf_addc(out, (char)(0xC0 | c >> 6));
    } else {
        if (c < FIRST_PAIR) {
            buf_addc(out, (char)(0xE0 | c >> 12));
        } else {
            buf_addc(out, (char)(0xF0 | c >> 18));
            buf_addc(out, (char)(0x80 | (c >> 12 & 0x3F)));
        }
        buf_addc(out, (char)(0x80 | (c >> 6 & 0x3F)));
    }
    buf_addc(out, (char)(0x80 | (c & 0x3F)));
}

/* One unit of UTF-16; *high is the first half of a pair. */
static bool take_unit(struct buf *out, uint32_t unit, uint32_t *high)
{
    bool low = unit >= FIRST_LOW && unit <= LAST_LOW;
    if (low != (*high != 0) || (!low && is_direct(unit)) || unit == 0)
        return false;
    if (unit >= FIRST_HIGH && unit < FIRST_LOW) {
        *high = unit;
        return true;
    }
    add_utf8(out, low ? FIRST_PAIR + ((*high - FIRST_HIGH) << 10) + (unit - FIRST_LOW) : unit);
    *high = 0;
    return true;
}

/* What is between '&' and '-': whole units, whose last bits are zero. */
static bool decode_run(struct buf *out, struct str run)
{
    uint32_t bits = 0, high = 0;
    unsigned held = 0;
    for (size_t i = 0; i < run.n; i++) {
        int digit = digit_of(run.p[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        held += 6;
        if (held < 16)
            continue;
        held -= 16;
        if (!take_unit(out, bits >> held & 0xFFFF, &high))
            return false;
        bits &= (1U << held) - 1;
    }
    return held < 6 && bits == 0 && high == 0;
}

bool imap_utf7_decode(struct buf *out, struct str name)
{
    bool behind_run = false; /* another run would have been one with it */
    for (size_t i = 0; i < name.n; i++) {
        if (!is_direct((unsigned char)name.p[i]))
            return false;
        if (name.p[i] != '&') {
            buf_addc(out, name.p[i]);
            behind_run = false;
            continue;
        }
        size_t end = str_chr(name, '-', i);
        if (end == SIZE_MAX)
            return false;
        struct str run = str_slice(name, i + 1, end - i - 1);
        if (run.n && (behind_run || !decode_run(out, run)))
            return false;
        if (!run.n)
            buf_addc(out, '&');
        behind_run = run.n > 0;
        i = end;
    }
    return true;
}

struct encoder {
    struct buf *out;
    uint32_t bits;
    unsigned held;
    bool open;
};

static void end_run(struct encoder *e)
{
    if (e->held)
        buf_addc(e->out, digits[e->bits << (6 - e->held) & 0x3F]);
    if (e->open)
        buf_addc(e->out, '-');
    e->bits = e->held = 0;
    e->open = false;
}

static void add_unit(struct encoder *e, uint32_t unit)
{
    e->bits = e->bits << 16 | unit;
    e->held += 16;
    while (e->held >= 6) {
        e->held -= 6;
        buf_addc(e->out, digits[e->bits >> e->held & 0x3F]);
    }
    e->bits &= (1U << e->held) - 1;
}

static void encode(struct encoder *e, uint32_t c)
{
    if (is_direct(c)) {
        end_run(e);
        buf_addc(e->out, (char)c);
        if (c == '&')
            buf_addc(e->out, '-');
        return;
    }
    if (!e->open)
        buf_addc(e->out, '&');
    e->open = true;
    if (c >= FIRST_PAIR)
        add_unit(e, FIRST_HIGH + ((c - FIRST_PAIR) >> 10));
    add_unit(e, c >= FIRST_PAIR ? FIRST_LOW + ((c - FIRST_PAIR) & 0x3FF) : c);
}

/* The character at *i of well-formed UTF-8. */
static uint32_t next_char(struct str s, size_t *i)
{
    unsigned char first = (unsigned char)s.p[(*i)++];
    unsigned more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    uint32_t c = more ? first & (0x3FU >> more) : first;
    for (; more && *i < s.n; more--)
        c = c << 6 | ((unsigned char)s.p[(*i)++] & 0x3F);
    return c;
}

bool imap_utf7_encode(struct buf *out, struct str utf8)
{
    struct encoder e = {.out = out};
    if (!str_utf8(utf8))
        return false;
    for (size_t i = 0; i < utf8.n;)
        encode(&e, next_char(utf8, &i));
    end_run(&e);
    return true;
}
