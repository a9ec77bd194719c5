/* core/fold_name.h: one spelling for names and passwords that people type on different keyboards. For searching text, see
 * core/fold.h. */
#ifndef SCAMBIO_CORE_FOLD_NAME_H
#define SCAMBIO_CORE_FOLD_NAME_H

#include "core/buf.h"

/* Case-folded and composed (NFC): "ALICE" and "alice" give the same bytes, "é" typed as one character or as two does too. False
 * when s is not UTF-8: nothing is appended. */
bool fold_name(struct buf *out, struct str s);

/* Composed only (NFC), case kept: for names that are shown again. False when s is not UTF-8: nothing is appended. */
bool compose_name(struct buf *out, struct str s);

/* For passwords: NFKC, case kept, non-ASCII blanks as SP (RFC 8265 section 4.2.2 with the compatibility forms that
 * SASLprep, RFC 4013, maps). What is not UTF-8 is appended as it is. */
void fold_password(struct buf *out, struct str s);

#endif
