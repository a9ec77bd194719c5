/* core/hash.h: SHA-256 and HMAC-SHA-256 (OpenSSL's libcrypto behind one file), and constant-time equality. */
#ifndef SCAMBIO_CORE_HASH_H
#define SCAMBIO_CORE_HASH_H

#include "core/status.h"
#include "core/str.h"

enum { SHA256_SIZE = 32 };

void sha256(struct str data, unsigned char out[SHA256_SIZE]);
void hmac_sha256(struct str key, struct str data, unsigned char out[SHA256_SIZE]);

/* Whether two secrets are equal, in time that does not depend on where they differ. */
bool hash_equal(const void *a, const void *b, size_t n);

#endif
