/* core/fold.c: the two collations, with utf8proc for what is not ASCII.
 *
 * RFC 5051 section 2: each character becomes its titlecase, and that its full decomposition, of any kind. The parts are not put
 * into titlecase again: "dž" is "D", "z" and a caron, in the RFC's own example. Only the mappings of one character to one
 * (UnicodeData.txt) count, so that "ß" stays itself. */
#include "core/fold.h"

#include <utf8proc.h>

enum { PARTS = 32 }; /* the longest decomposition has 18 characters */

void fold_ascii(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_addc(out, ascii_upper(s.p[i]));
}

static void fold_char(struct buf *out, utf8proc_int32_t c)
{
    const utf8proc_int32_t sharp_s = 0xDF; /* utf8proc gives it a capital, the Unicode data file does not */
    utf8proc_int32_t parts[PARTS], title = c == sharp_s ? c : utf8proc_totitle(c);
    int last_class = 0;
    utf8proc_ssize_t n =
        utf8proc_decompose_char(title, parts, PARTS, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &last_class);
    if (n < 1 || n > PARTS) {
        parts[0] = title;
        n = 1;
    }
    for (utf8proc_ssize_t i = 0; i < n; i++) {
        utf8proc_uint8_t bytes[4];
        utf8proc_ssize_t length = utf8proc_encode_char(parts[i], bytes);
        buf_add(out, str_n(bytes, (size_t)length));
    }
}

/* How many bytes of s, from i on, are ASCII. */
static size_t ascii_run(struct str s, size_t i)
{
    const uint64_t high = 0x8080808080808080;
    size_t n = i;
    for (uint64_t word; n + sizeof word <= s.n; n += sizeof word) {
        memcpy(&word, s.p + n, sizeof word);
        if (word & high)
            break;
    }
    while (n < s.n && (unsigned char)s.p[n] < 0x80)
        n++;
    return n - i;
}

/* Eight letters at once: 'a' to 'z' lose the bit that tells them from capitals. Every byte is below 0x80. */
static uint64_t upper_word(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101, high = 0x80 * ones;
    uint64_t from_a = word + (0x80 - 'a') * ones, above_z = word + (0x7f - 'z') * ones;
    return word ^ (((from_a ^ above_z) & high) >> 2);
}

/* Most text is nothing else. */
static void fold_run(struct buf *out, struct str s)
{
    char *to = s.n ? buf_reserve(out, s.n) : NULL;
    size_t i = 0;
    if (!to)
        return;
    for (uint64_t word; i + sizeof word <= s.n; i += sizeof word) {
        memcpy(&word, s.p + i, sizeof word);
        word = upper_word(word);
        memcpy(to + i, &word, sizeof word);
    }
    for (; i < s.n; i++)
        to[i] = ascii_upper(s.p[i]);
    buf_commit(out, s.n);
}

void fold_unicode(struct buf *out, struct str s)
{
    if (ascii_run(s, 0) == s.n) {
        fold_run(out, s);
        return;
    }
    if (!str_utf8(s)) {
        buf_add(out, s);
        return;
    }
    for (size_t i = 0; i < s.n;) {
        utf8proc_int32_t c;
        size_t run = ascii_run(s, i);
        if (run) {
            fold_run(out, str_slice(s, i, run));
            i += run;
            continue;
        }
        utf8proc_ssize_t n =
            utf8proc_iterate((const utf8proc_uint8_t *)s.p + i, (utf8proc_ssize_t)(s.n - i), &c);
        if (n < 1)
            break; /* str_utf8 has seen to it */
        fold_char(out, c);
        i += (size_t)n;
    }
}
