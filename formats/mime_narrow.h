/* formats/mime_narrow.h: a message of 8 bits or with binary parts made fit for a server that takes 7 bits only (RFC 6152 section 3). */
#ifndef SCAMBIO_FORMATS_MIME_NARROW_H
#define SCAMBIO_FORMATS_MIME_NARROW_H

#include "formats/mime.h"

/* Appends the message with each part's content that is not of 7 bits, or has lines of more than 998, as quoted-printable (text) or
 * base64 (the rest), and its header saying so; what stands between parts loses such bytes. The header of the message keeps
 * bytes of 8 bits if it has them: no encoding is right for all fields. UNSUPPORTED: a part that must not be encoded needs it (one nested
 * too deep to be looked into, a boundary). E_MEMORY, TOO_LARGE: the arena or the buffer is out. */
enum status mime_narrow(struct arena *a, struct str message, const struct mime_limits *limits,
                        struct buf *out);

#endif
