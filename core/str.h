/* core/str.h: a view of bytes: pointer and length, not NUL-terminated, never owned.
 *
 * Views are passed by value. They go in; what comes out is a struct buf (core/buf.h) or lives in a struct
 * arena (core/arena.h). `char *` appears only where a library wants one. A view with p == NULL means
 * "absent" and has n == 0; an empty view that is present has p != NULL. */
#ifndef SCAMBIO_CORE_STR_H
#define SCAMBIO_CORE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

#define STR(literal) ((struct str){("" literal), sizeof(literal) - 1})
#define STR_INIT(literal)                                                                                    \
    {                                                                                                        \
        ("" literal), sizeof(literal) - 1                                                                    \
    } /* for static tables */
#define STR_NONE   ((struct str){NULL, 0})
#define STR_ARG(s) (int)((s).n > INT32_MAX ? INT32_MAX : (s).n), ((s).p ? (s).p : "") /* for "%.*s" */

static inline struct str str_c(const char *c) /* of a C string; NULL gives STR_NONE */
{
    return c ? (struct str){c, strlen(c)} : STR_NONE;
}
static inline struct str str_n(const void *p, size_t n)
{
    return (struct str){(const char *)p, n};
}

bool str_eq(struct str a, struct str b);
bool str_caseeq(struct str a, struct str b); /* ASCII case only */
int str_cmp(struct str a, struct str b);     /* bytewise; shorter first */
bool str_starts(struct str s, struct str prefix);
bool str_casestarts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);

/* Position of the first c or needle at or after `from`; SIZE_MAX when there is none. */
size_t str_chr(struct str s, char c, size_t from);
size_t str_find(struct str s, struct str needle, size_t from);

/* The part from `from` (clamped) of at most `n` bytes; and from `from` to the end. */
struct str str_slice(struct str s, size_t from, size_t n);
struct str str_from(struct str s, size_t from);

/* Without leading and trailing SP, HT, CR, LF. */
struct str str_trim(struct str s);

/* Cuts `*rest` at the first `sep`: *head gets what is before, *rest what is behind. False once *rest is
 * absent. "a,,b" yields "a", "", "b"; an empty view yields one empty head. */
bool str_split(struct str *rest, char sep, struct str *head);

/* Decimal, the whole view, no sign (u64) or an optional sign (i64), no overflow; otherwise false. */
bool str_u64(struct str s, uint64_t *out);
bool str_i64(struct str s, int64_t *out);

/* Is it well-formed UTF-8 (RFC 3629: no surrogates, nothing over U+10FFFF, no overlong forms)? */
bool str_utf8(struct str s);

/* 64-bit hash for tables in memory, keyed so that clients cannot aim at a bucket (SipHash-2-4 with a key
 * drawn at start). */
uint64_t str_hash(struct str s);

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}
static inline char ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}
static inline bool ascii_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool ascii_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static inline bool ascii_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

#endif
