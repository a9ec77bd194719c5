/* core/seal.c: AES-256-GCM by libcrypto. */
#include "core/seal.h"

#include "core/clock.h"
#include "core/hash.h"

#include <openssl/evp.h>

static void cipher_free(EVP_CIPHER_CTX **c)
{
    EVP_CIPHER_CTX_free(*c);
}

static const unsigned char *bytes_of(struct str s)
{
    return (const unsigned char *)(s.p ? s.p : "");
}

/* Everything but the tag's comparison: one pass over context and text. */
static bool run(EVP_CIPHER_CTX *c, int encrypt, const unsigned char *key, const unsigned char *nonce,
                struct str context, struct str in, unsigned char *out)
{
    int n;
    return in.n < INT32_MAX && context.n < INT32_MAX &&
           EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce, encrypt) &&
           EVP_CipherUpdate(c, NULL, &n, bytes_of(context), (int)context.n) &&
           EVP_CipherUpdate(c, out, &n, bytes_of(in), (int)in.n) && n == (int)in.n;
}

enum status seal(const unsigned char key[SEAL_KEY], struct str context, struct str text, struct buf *out)
{
    int n;
    SCOPED(cipher_free) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    unsigned char *to = (unsigned char *)buf_reserve(out, text.n + SEAL_MORE);
    if (!c || !to)
        return c ? out->st : E_MEMORY;
    unsigned char *body = to + SEAL_NONCE, *tag = body + text.n;
    random_bytes(to, SEAL_NONCE);
    if (!run(c, 1, key, to, context, text, body) || !EVP_CipherFinal_ex(c, tag, &n) ||
        !EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, SEAL_TAG, tag))
        return E_MEMORY;
    buf_commit(out, text.n + SEAL_MORE);
    return OK;
}

enum status unseal(const unsigned char key[SEAL_KEY], struct str context, struct str sealed, struct buf *out)
{
    int n;
    if (sealed.n < SEAL_MORE)
        return INVALID;
    size_t size = sealed.n - SEAL_MORE;
    unsigned char tag[SEAL_TAG];
    memcpy(tag, sealed.p + sealed.n - SEAL_TAG, SEAL_TAG);
    SCOPED(cipher_free) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    unsigned char *to = (unsigned char *)buf_reserve(out, size + 1);
    if (!c || !to)
        return c ? out->st : E_MEMORY;
    if (!run(c, 0, key, bytes_of(sealed), context, str_slice(sealed, SEAL_NONCE, size), to))
        return E_MEMORY;
    if (!EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, SEAL_TAG, tag))
        return E_MEMORY;
    if (EVP_CipherFinal_ex(c, to + size, &n) <= 0) {
        hash_wipe(to, size);
        return INVALID;
    }
    buf_commit(out, size);
    return OK;
}
