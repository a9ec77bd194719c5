/* core/fold.h: case folding for comparison: the two collations that CalDAV, CardDAV and IMAP need.
 *
 * i;ascii-casemap   RFC 4790 section 9.2: ASCII letters only.
 * i;unicode-casemap RFC 5051: titlecase mapping, then full decomposition; "nicolo" is contained in no form of
 *                   "Nicolò" by letters alone, but its folded form begins with it, since the accent follows
 *                   as a character of its own. "strasse" does not match "straße".
 * Input that is not UTF-8 is compared as it is, bytewise (section 2, step 1b). What is folded is not folded again: of a few
 * characters ("dž", "ª") the folded form has small letters. */
#ifndef SCAMBIO_CORE_FOLD_H
#define SCAMBIO_CORE_FOLD_H

#include "core/buf.h"

void fold_ascii(struct buf *out, struct str s);
void fold_unicode(struct buf *out, struct str s);

#endif
