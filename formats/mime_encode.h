/* formats/mime_encode.h: content transfer encodings, written (RFC 2045 sections 6.7 and 6.8). */
#ifndef SCAMBIO_FORMATS_MIME_ENCODE_H
#define SCAMBIO_FORMATS_MIME_ENCODE_H

#include "core/buf.h"

/* Appends the text as quoted-printable, lines of at most 76 characters that end in CR LF. CR LF and LF alone are line ends of the
 * text, and stay such; any other control character is encoded. */
void mime_quoted_encode(struct buf *out, struct str text);

/* Appends the bytes as base64 in lines of 76 characters that end in CR LF. */
void mime_base64_encode(struct buf *out, struct str bytes);

#endif
