/* formats/versit.h: the line grammar of vCard 2.1, vCalendar 1.0 and vNote 1.1 (the versit consortium's, 1996), which differs from the
 * later one (formats/line.h) in nearly everything below the colon: a fold keeps its white space, values are QUOTED-PRINTABLE with
 * soft line breaks, or BASE64 that ends at an empty line, parameters may be values without a name ("TEL;HOME;VOICE:"), and each
 * line may have a character set of its own.
 *
 * The reader gives lines in the later form: parameters with names, the value decoded and in UTF-8. It is lenient in what devices
 * are known to get wrong and strict in its bounds; it walks the text once. Memory: the arena. */
#ifndef SCAMBIO_FORMATS_VERSIT_H
#define SCAMBIO_FORMATS_VERSIT_H

#include "formats/charset.h"
#include "formats/line.h"

/* ---- reading ---- */

enum versit_encoding { VERSIT_PLAIN, VERSIT_QUOTED, VERSIT_BASE64 };

struct versit_line {
    /* CHARSET and ENCODING are gone from the parameters; line.value is decoded UTF-8 with line feeds for line breaks and still
     * with its backslashes, or of BASE64 the text of it without white space */
    struct line line;
    enum versit_encoding encoding; /* as it came */
    enum charset charset;          /* of CHARSET=, or CHARSET_NONE */
};

struct versit_reader {
    struct str rest;
    struct arena *arena;
    const struct line_limits *limits;
    enum charset charset; /* of 8-bit text that is no UTF-8 and names no set */
    bool utf8; /* what is UTF-8 is that, though CHARSET= still names the set that it was made from */
    size_t number, count;
    struct str why; /* after INVALID, TOO_LARGE, TOO_MANY: what was wrong, with the line's number */
};

/* The text of an item, by its byte order mark or NULs out of UTF-16 into UTF-8, ready for versit_next. `charset` CHARSET_UTF8: it was
 * made UTF-8 already. */
enum status versit_begin(struct versit_reader *r, struct arena *a, struct str text, enum charset charset,
                         const struct line_limits *limits);
/* The next property. NOT_FOUND at the end; INVALID, TOO_LARGE, TOO_MANY, E_MEMORY. */
enum status versit_next(struct versit_reader *r, struct versit_line **out);
/* After AGENT with an empty value: the card that follows, from BEGIN:VCARD to its END:VCARD, in UTF-8, and whatever it has
 * inside. NOT_FOUND when none follows; TOO_MANY when they nest deeper than `depth`. */
enum status versit_nested(struct versit_reader *r, size_t depth, struct str *out);
/* Bytes of a BASE64 value as text: for properties that are texts. INVALID when it is not base64. */
enum status versit_unbase64(struct versit_reader *r, const struct versit_line *l, struct str *out);

/* Values of several parts: "\;" and "\\" (and in lists "\,") stand for the character itself; in a value of one part only "\;" does. */
struct str versit_unescape(struct arena *a, struct str value, bool parts);
void versit_escape(struct buf *out, struct str text, bool list); /* a part */
void versit_escape_text(struct buf *out, struct str text);       /* a value of one part */

/* ---- writing ---- */

struct versit_write {
    enum charset charset; /* of the whole text: CHARSET_UTF8, CHARSET_LATIN1, CHARSET_CP1252 … */
    bool
        qp_8bit; /* what is not ASCII is written as quoted-printable; otherwise as 8-bit text. CHARSET= is written either way */
    bool
        fold; /* long values get soft line breaks (quoted-printable) or are cut (BASE64); otherwise one line each */
    bool empty; /* a property with an empty value is written; otherwise it is left out */
    /* The largest length, in characters, that the device takes of a property; 0: any; NULL: any of all. Texts are cut there;
     * what means nothing when cut (numbers, addresses of mail, pictures, times) is left out instead. */
    size_t (*size)(void *ctx, struct str property);
    void *size_ctx;
};

struct versit_out { /* one line to be written */
    struct str group, name;
    const struct str *params; /* each written as ";" and itself: "HOME", "VALUE=URL" */
    size_t param_count;
    struct str value; /* UTF-8 with its backslashes; line feeds are breaks */
};
void versit_write_line(struct buf *out, const struct versit_write *o, const struct versit_out *l);
/* A BASE64 value; `encoding` "BASE64" (an empty line behind it) or "b". */
void versit_write_binary(struct buf *out, const struct versit_write *o, const struct versit_out *l,
                         struct str encoding);
/* The size that the hook gives for the property, 0 when it is not bounded. */
size_t versit_size(const struct versit_write *o, struct str property);

#endif
