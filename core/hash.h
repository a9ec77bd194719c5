/* core/hash.h: SHA-256, HMAC-SHA-256, PBKDF2, and MD5 for protocols that ask for it (OpenSSL's libcrypto behind one file), and
 * constant-time equality. */
#ifndef SCAMBIO_CORE_HASH_H
#define SCAMBIO_CORE_HASH_H

#include "core/status.h"
#include "core/str.h"

enum { SHA256_SIZE = 32, MD5_SIZE = 16 };

void sha256(struct str data, unsigned char out[SHA256_SIZE]);
void hmac_sha256(struct str key, struct str data, unsigned char out[SHA256_SIZE]);

/* RFC 1321; broken as a hash, and what SyncML's log-in is made of. */
void md5(struct str data, unsigned char out[MD5_SIZE]);

/* PBKDF2 with HMAC-SHA-256 (RFC 8018 section 5.2), one block: the Hi() of SCRAM (RFC 5802 section 2.2). */
void pbkdf2_sha256(struct str password, struct str salt, int iterations, unsigned char out[SHA256_SIZE]);

/* Forgets a secret, whatever the optimiser thinks of it. */
void hash_wipe(void *p, size_t n);

/* Whether two secrets are equal, in time that does not depend on where they differ. */
bool hash_equal(const void *a, const void *b, size_t n);

#endif
