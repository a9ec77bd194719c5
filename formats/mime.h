/* formats/mime.h: the structure of a message (RFC 2045, 2046): which parts it has and where they stand, found in one pass and
 * kept as offsets, so that no part is ever looked for again.
 *
 * mime_scan reads the bytes; mime_pack writes what IMAP asks for again and again (the table of parts, ENVELOPE, BODYSTRUCTURE)
 * as one blob that is stored beside the message, mime_unpack reads that blob. Nothing is refused: what is broken is a part of
 * the kind that remains. Time is linear in the message, whatever it claims to contain. */
#ifndef SCAMBIO_FORMATS_MIME_H
#define SCAMBIO_FORMATS_MIME_H

#include "core/arena.h"
#include "core/buf.h"

enum mime_kind {
    MIME_LEAF,      /* has a body and no parts; also what is nested too deep */
    MIME_TEXT,      /* a leaf whose type is text/ */
    MIME_MULTIPART, /* its parts follow it */
    MIME_MESSAGE,   /* message/rfc822 or message/global: one part follows it, the message inside */
};

enum mime_encoding { /* Content-Transfer-Encoding */
                     MIME_7BIT,
                     MIME_8BIT,
                     MIME_BINARY,
                     MIME_QUOTED,
                     MIME_BASE64,
                     MIME_ENCODING_OTHER,
};

struct mime_limits {
    size_t parts;     /* parts in all; boundaries of further ones are text */
    size_t depth;     /* parts inside of parts; what is deeper is a leaf */
    size_t addresses; /* in one field of an envelope */
    size_t field;     /* bytes of one header field that are looked at */
};

struct mime_part {
    enum mime_kind kind;
    enum mime_encoding encoding;
    uint32_t depth;        /* of the message itself: 0 */
    uint64_t head, head_n; /* the header with the empty line behind it: offset and bytes */
    uint64_t body, body_n; /* without the line end that belongs to a boundary */
    uint64_t lines;        /* line ends in the body */
};

/* In the order in which they begin: a part is followed by those inside of it. */
struct mime_map {
    struct mime_part *parts;
    size_t count; /* at least 1: the message */
};

/* Everything lives in the arena. E_MEMORY, TOO_LARGE: the arena is out. */
enum status mime_scan(struct arena *a, struct str message, const struct mime_limits *limits,
                      struct mime_map *out);

/* The n-th part inside of part `of` (from 1), NULL when there is none. */
const struct mime_part *mime_child(const struct mime_map *map, const struct mime_part *of, size_t n);

/* The part that IMAP's section numbers name (RFC 9051 section 6.4.5): "2.1" is {2, 1}; none is the message. A part that is
 * no multipart has itself as number 1. NULL when there is none. */
const struct mime_part *mime_section(const struct mime_map *map, const uint32_t *numbers, size_t count);

static inline struct str mime_head(struct str message, const struct mime_part *p)
{
    return str_slice(message, p->head, p->head_n);
}
static inline struct str mime_body(struct str message, const struct mime_part *p)
{
    return str_slice(message, p->body, p->body_n);
}

/* What is stored beside a message. */
struct mime_pack {
    struct mime_map map;
    struct str envelope;  /* RFC 9051 section 7.5.2, ENVELOPE: the parenthesized list */
    struct str structure; /* BODYSTRUCTURE, with the extension data */
};

/* Appends the packed form; see `out->st`. E_MEMORY, TOO_LARGE: the arena is out. */
enum status mime_pack(struct arena *a, struct str message, const struct mime_map *map,
                      const struct mime_limits *limits, struct buf *out);

/* Reads it again; strings are views into `packed`. `size` is the message's: offsets outside of it are refused. E_CORRUPT when
 * it is not what mime_pack wrote; the caller then scans the message again. */
enum status mime_unpack(struct arena *a, struct str packed, uint64_t size, struct mime_pack *out);

#endif
