/* core/buf.c: bounded buffers. */
#include "core/buf.h"

#include <stdio.h>

void buf_free(struct buf *b)
{
    free(b->p);
    *b = BUF_INIT(b->max);
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->st = OK;
}

void buf_cut(struct buf *b, size_t n)
{
    if (n < b->n)
        b->n = n;
}

/* Makes room for `more` bytes and a NUL. */
static bool grow(struct buf *b, size_t more)
{
    size_t need;
    if (b->st != OK)
        return false;
    if (__builtin_add_overflow(b->n, more, &need) || need > b->max) {
        b->st = TOO_LARGE;
        return false;
    }
    if (need < b->cap)
        return true;
    size_t cap = b->cap ? b->cap : 64;
    while (cap <= need)
        cap = cap > SIZE_MAX / 2 ? need + 1 : cap * 2;
    if (cap > b->max && need < b->max)
        cap = b->max + 1;
    char *p = realloc(b->p, cap);
    if (!p) {
        b->st = E_MEMORY;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

char *buf_reserve(struct buf *b, size_t n)
{
    return grow(b, n) ? b->p + b->n : NULL;
}

void buf_commit(struct buf *b, size_t n)
{
    b->n += n;
}

void buf_add(struct buf *b, struct str s)
{
    if (s.n && grow(b, s.n)) {
        memcpy(b->p + b->n, s.p, s.n);
        b->n += s.n;
    }
}

void buf_addc(struct buf *b, char c)
{
    if (grow(b, 1))
        b->p[b->n++] = c;
}

void buf_addz(struct buf *b, const char *c)
{
    buf_add(b, str_c(c));
}

void buf_addv(struct buf *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (n < 0) {
        b->st = b->st ? b->st : E_INTERNAL;
        return;
    }
    char *p = buf_reserve(b, (size_t)n);
    if (p) {
        vsnprintf(p, (size_t)n + 1, format, args);
        b->n += (size_t)n;
    }
}

void buf_addf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_addv(b, format, args);
    va_end(args);
}

void buf_u64(struct buf *b, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    buf_add(b, str_n(digits + at, sizeof digits - at));
}

void buf_i64(struct buf *b, int64_t value)
{
    if (value < 0) {
        buf_addc(b, '-');
        buf_u64(b, 0 - (uint64_t)value);
    } else {
        buf_u64(b, (uint64_t)value);
    }
}

void buf_hex(struct buf *b, struct str bytes)
{
    static const char digit[] = "0123456789abcdef";
    char *p = bytes.n <= SIZE_MAX / 2 ? buf_reserve(b, bytes.n * 2) : NULL;
    if (!p)
        return;
    for (size_t i = 0; i < bytes.n; i++) {
        unsigned char c = (unsigned char)bytes.p[i];
        p[2 * i] = digit[c >> 4];
        p[2 * i + 1] = digit[c & 15];
    }
    b->n += bytes.n * 2;
}

void buf_base64(struct buf *b, struct str bytes)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *in = (const unsigned char *)bytes.p;
    char *p = bytes.n < SIZE_MAX / 2 ? buf_reserve(b, (bytes.n + 2) / 3 * 4) : NULL;
    if (!p)
        return;
    char *start = p;
    for (size_t i = 0; i < bytes.n; i += 3) {
        size_t left = bytes.n - i;
        uint32_t v =
            (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) | (left > 2 ? in[i + 2] : 0);
        *p++ = alphabet[v >> 18];
        *p++ = alphabet[v >> 12 & 63];
        *p++ = left > 1 ? alphabet[v >> 6 & 63] : '=';
        *p++ = left > 2 ? alphabet[v & 63] : '=';
    }
    b->n += (size_t)(p - start);
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

bool buf_unbase64(struct buf *b, struct str text)
{
    size_t before = b->n, symbols = 0, padding = 0;
    uint32_t v = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (ascii_space(c))
            continue;
        int value = base64_value(c);
        if (c == '=')
            padding++;
        else if (value < 0 || padding)
            goto bad;
        v = v << 6 | (uint32_t)(value < 0 ? 0 : value);
        if (++symbols % 4 == 0) {
            if (padding > 2)
                goto bad;
            char out[3] = {(char)(v >> 16), (char)(v >> 8), (char)v};
            buf_add(b, str_n(out, 3 - padding));
            v = 0;
        }
    }
    if (symbols % 4 == 0)
        return true;
bad:
    buf_cut(b, before);
    return false;
}

const char *buf_c(struct buf *b)
{
    if (!b->p) {
        enum status st = b->st;
        b->st = OK;
        bool ok = grow(b, 0);
        b->st = ok ? st : b->st;
    }
    if (!b->p)
        return "";
    b->p[b->n] = 0;
    return b->p;
}
