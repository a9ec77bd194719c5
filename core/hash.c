/* core/hash.c: hashes by libcrypto. */
#include "core/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>

void sha256(struct str data, unsigned char out[SHA256_SIZE])
{
    SHA256((const unsigned char *)(data.p ? data.p : ""), data.n, out);
}

void hmac_sha256(struct str key, struct str data, unsigned char out[SHA256_SIZE])
{
    unsigned int n = SHA256_SIZE;
    const unsigned char *bytes = (const unsigned char *)(data.p ? data.p : "");
    if (key.n > INT32_MAX || !HMAC(EVP_sha256(), key.p ? key.p : "", (int)key.n, bytes, data.n, out, &n))
        abort(); /* only out of memory inside libcrypto: no safe answer exists for a secret */
}

void md5(struct str data, unsigned char out[MD5_SIZE])
{
    unsigned int n = MD5_SIZE;
    if (!EVP_Digest(data.p ? data.p : "", data.n, out, &n, EVP_md5(), NULL))
        abort(); /* as above */
}

void pbkdf2_sha256(struct str password, struct str salt, int iterations, unsigned char out[SHA256_SIZE])
{
    if (password.n > INT32_MAX || salt.n > INT32_MAX ||
        !PKCS5_PBKDF2_HMAC(password.p ? password.p : "", (int)password.n,
                           (const unsigned char *)(salt.p ? salt.p : ""), (int)salt.n, iterations,
                           EVP_sha256(), SHA256_SIZE, out))
        abort(); /* as above */
}

void hash_wipe(void *p, size_t n)
{
    OPENSSL_cleanse(p, n);
}

bool hash_equal(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}
