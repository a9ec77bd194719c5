/* formats/mime_word.h: header texts as people read them: encoded words (RFC 2047) become UTF-8. */
#ifndef SCAMBIO_FORMATS_MIME_WORD_H
#define SCAMBIO_FORMATS_MIME_WORD_H

#include "core/arena.h"
#include "core/buf.h"

/* Appends the raw value as one line of UTF-8: folds undone, encoded words decoded, white space between two of them left out.
 * Words of one character set that stand side by side are decoded together, since some senders cut a character in two. What is
 * no word, or of an unknown set, stays as it is; bytes that are no UTF-8 are taken as windows-1252. Linear in the value.
 * E_MEMORY, TOO_LARGE: the arena is out. */
enum status mime_words(struct arena *a, struct str value, struct buf *out);

/* Appends what quoted-printable (RFC 2045 section 6.7) and base64 (6.8) texts stand for. Lenient: what can not be
 * read is passed over, so it never fails but for out->st. */
void mime_quoted_decode(struct buf *out, struct str text);
void mime_base64_decode(struct buf *out, struct str text);

#endif
