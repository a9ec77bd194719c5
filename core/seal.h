/* core/seal.h: short secrets encrypted and authenticated under a key of the server: AES-256-GCM (NIST SP 800-38D), libcrypto
 * behind one file.
 *
 * A sealed text is nonce, ciphertext and tag. `context` is not stored: whoever opens it must say the same, so that a sealed
 * text cannot be put into another's place. */
#ifndef SCAMBIO_CORE_SEAL_H
#define SCAMBIO_CORE_SEAL_H

#include "core/buf.h"

enum { SEAL_KEY = 32, SEAL_NONCE = 12, SEAL_TAG = 16, SEAL_MORE = SEAL_NONCE + SEAL_TAG };

/* Appends the sealed text: SEAL_MORE bytes longer than `text`. E_MEMORY, or the buffer's fault. */
enum status seal(const unsigned char key[SEAL_KEY], struct str context, struct str text, struct buf *out);

/* Appends the text. INVALID: another key or context, or changed bytes; nothing is appended then. */
enum status unseal(const unsigned char key[SEAL_KEY], struct str context, struct str sealed, struct buf *out);

#endif
