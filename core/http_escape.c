/* core/http_escape.c: percent-encoding (RFC 3986 section 2), the one place where a URL's bytes become names
 * and back. */
#include "core/http.h"

static int hex_value(char c)
{
    if (ascii_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum status http_unescape(struct arena *a, struct str in, bool slash, struct str *out)
{
    char *p = in.n < SIZE_MAX ? arena_alloc(a, in.n + 1) : NULL;
    size_t n = 0;
    if (!p)
        return a->st < 0 ? a->st : TOO_LARGE;
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        if (c == '%') {
            int high = i + 2 < in.n ? hex_value(in.p[i + 1]) : -1;
            int low = i + 2 < in.n ? hex_value(in.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return INVALID;
            c = (char)(high << 4 | low);
            i += 2;
            if (c == '/' && !slash)
                return INVALID;
        }
        if (c == 0)
            return INVALID;
        p[n++] = c;
    }
    *out = str_n(p, n);
    return str_utf8(*out) ? OK : INVALID;
}

static bool unreserved(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

void http_escape(struct buf *b, struct str s, const char *keep)
{
    static const char digit[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (unreserved((char)c) || (c && strchr(keep, c))) {
            buf_addc(b, (char)c);
        } else {
            char escaped[3] = {'%', digit[c >> 4], digit[c & 15]};
            buf_add(b, str_n(escaped, sizeof escaped));
        }
    }
}
