/* formats/mime_structure.h: a message as IMAP describes it: ENVELOPE and BODYSTRUCTURE (RFC 9051 section 7.5.2). */
#ifndef SCAMBIO_FORMATS_MIME_STRUCTURE_H
#define SCAMBIO_FORMATS_MIME_STRUCTURE_H

#include "core/arena.h"
#include "core/buf.h"
#include "formats/mime.h"

/* Appends an nstring: quoted where that may be, otherwise a literal; NIL of STR_NONE. NUL is left out. */
void imap_nstring(struct buf *out, struct str s);

/* Appends the parenthesized list of the header's envelope. */
enum status mime_envelope(struct arena *a, struct str head, const struct mime_limits *limits,
                          struct buf *out);

/* Appends the parenthesized list of the whole map: BODYSTRUCTURE, or without its extension data BODY. */
enum status mime_structure(struct arena *a, struct str message, const struct mime_map *map,
                           const struct mime_limits *limits, bool extended, struct buf *out);

#endif
