/* formats/charset.h: texts of old devices: from their character sets to UTF-8 and back (iconv behind one file).
 *
 * Only names of the table are known; a name that a peer sends never reaches iconv. Both directions always come to an end
 * and give something: what is no character becomes U+FFFD, what the set has no character for becomes a near one or '?'. */
#ifndef SCAMBIO_FORMATS_CHARSET_H
#define SCAMBIO_FORMATS_CHARSET_H

#include "core/arena.h"
#include "core/buf.h"

enum charset {
    CHARSET_NONE, /* not known */
    CHARSET_UTF8,
    CHARSET_ASCII,
    CHARSET_LATIN1,
    CHARSET_CP1252,
    CHARSET_UTF16,   /* a byte order mark tells; without one big-endian */
    CHARSET_UTF16LE, /* a byte order mark is dropped */
    CHARSET_UTF16BE,
    CHARSET_LATIN2,
    CHARSET_LATIN5,
    CHARSET_LATIN9,
    CHARSET_CYRILLIC,
    CHARSET_GREEK,
    CHARSET_HEBREW,
    CHARSET_ARABIC,
    CHARSET_CP1250,
    CHARSET_CP1251,
    CHARSET_CP1253,
    CHARSET_CP1254,
    CHARSET_CP1255,
    CHARSET_CP1256,
    CHARSET_CP1257,
    CHARSET_KOI8R,
    CHARSET_KOI8U,
    CHARSET_SJIS,
    CHARSET_EUCJP,
    CHARSET_JIS,
    CHARSET_GB2312,
    CHARSET_GBK,
    CHARSET_GB18030,
    CHARSET_BIG5,
    CHARSET_EUCKR,
    CHARSET_THAI,
    CHARSET_COUNT
};

/* Of an IANA name or a usual alias, in any case, with or without quotes; CHARSET_NONE when it is not in the table. */
enum charset charset_find(struct str name);
/* Of an IANA MIBenum, as WBXML has it; CHARSET_NONE when it is not in the table. */
enum charset charset_mib(uint32_t mib);
/* The name as it is written ("ISO-8859-1"); STR_NONE of CHARSET_NONE. */
struct str charset_name(enum charset cs);

/* The bytes as UTF-8 (of UTF-16 without the byte order mark); the same view when they are that already. At most three times as many
 * bytes; *out is STR_NONE only when the arena is out. CHARSET_NONE is taken as UTF-8. Bytes that are no UTF-8 under
 * CHARSET_UTF8, and what other sets have no meaning for, become U+FFFD. E_MEMORY, TOO_LARGE: of the arena. */
enum status charset_decode(struct arena *a, enum charset cs, struct str bytes, struct str *out);

/* Like charset_decode for bytes of which nobody says what they are: UTF-8 when they are well-formed UTF-8, otherwise
 * `otherwise`. */
enum status charset_guess(struct arena *a, enum charset otherwise, struct str bytes, struct str *out);

/* A whole text whose first bytes may say more: UTF-8, UTF-16 with a byte order mark, or UTF-16 without one, seen by the
 * NUL beside its first letter; anything else comes back as it is (its lines may each have a set of their own). */
enum status charset_whole(struct arena *a, struct str bytes, struct str *out);

/* Appends UTF-8 text in the set; see `out->st`. Typographic quotes, dashes, the ellipsis and spaces that the set has not
 * become their ASCII forms, everything else that it has not '?'. */
void charset_encode(struct buf *out, enum charset cs, struct str utf8);

/* Does every character of the text exist in the set? */
bool charset_holds(enum charset cs, struct str utf8);

/* The first `most` characters of UTF-8 text. */
struct str charset_cut(struct str utf8, size_t most);
/* How many characters the text has. */
size_t charset_length(struct str utf8);

#endif
