/* directory/scram.c: the verifiers of SCRAM-SHA-256 (RFC 5802, RFC 7677): keys from which a server checks a
 * log-in without ever seeing the password. */
#include "directory/credential.h"

#include "core/clock.h"

enum { ITERATIONS_MAX = 10000000 };

void scram_derive(struct str password, struct str salt, int iterations, struct scram_verifier *out)
{
    unsigned char salted[SHA256_SIZE], client_key[SHA256_SIZE];
    out->salt_n = salt.n < sizeof out->salt ? salt.n : sizeof out->salt;
    memcpy(out->salt, salt.p, out->salt_n);
    out->iterations = iterations;
    pbkdf2_sha256(password, str_n(out->salt, out->salt_n), iterations, salted);
    hmac_sha256(str_n(salted, sizeof salted), STR("Client Key"), client_key);
    sha256(str_n(client_key, sizeof client_key), out->stored_key);
    hmac_sha256(str_n(salted, sizeof salted), STR("Server Key"), out->server_key);
    hash_wipe(salted, sizeof salted);
    hash_wipe(client_key, sizeof client_key);
}

void scram_write(const struct scram_verifier *v, struct buf *out)
{
    buf_addf(out, "SCRAM-SHA-256$%d:", v->iterations);
    buf_base64(out, str_n(v->salt, v->salt_n));
    buf_addc(out, '$');
    buf_base64(out, str_n(v->stored_key, SHA256_SIZE));
    buf_addc(out, ':');
    buf_base64(out, str_n(v->server_key, SHA256_SIZE));
}

enum status scram_make(struct str password, struct buf *out)
{
    unsigned char salt[SCRAM_SALT];
    struct scram_verifier v;
    random_bytes(salt, sizeof salt);
    scram_derive(password, str_n(salt, sizeof salt), SCRAM_ITERATIONS, &v);
    scram_write(&v, out);
    return out->st;
}

static bool read_bytes(struct str text, unsigned char *out, size_t max, size_t *n)
{
    SCOPED_BUF(bytes, 128);
    if (!buf_unbase64(&bytes, text) || bytes.n > max || !bytes.n)
        return false;
    memcpy(out, bytes.p, bytes.n);
    *n = bytes.n;
    return true;
}

static bool read_key(struct str text, unsigned char out[SHA256_SIZE])
{
    size_t n;
    return read_bytes(text, out, SHA256_SIZE, &n) && n == SHA256_SIZE;
}

enum status scram_read(struct str data, struct scram_verifier *out)
{
    struct str rest = data, name, salted, keys, iterations, stored;
    uint64_t count;
    if (!str_split(&rest, '$', &name) || !str_split(&rest, '$', &salted) || !str_split(&rest, '$', &keys) ||
        rest.p)
        return E_CORRUPT;
    if (!str_eq(name, STR("SCRAM-SHA-256")) || !str_split(&salted, ':', &iterations) ||
        !str_split(&keys, ':', &stored))
        return E_CORRUPT;
    if (!str_u64(iterations, &count) || !count || count > ITERATIONS_MAX)
        return E_CORRUPT;
    if (!read_bytes(salted, out->salt, sizeof out->salt, &out->salt_n) ||
        !read_key(stored, out->stored_key) || !read_key(keys, out->server_key))
        return E_CORRUPT;
    out->iterations = (int)count;
    return OK;
}

bool scram_proves(const struct scram_verifier *v, struct str auth_message,
                  const unsigned char proof[SHA256_SIZE], unsigned char server_signature[SHA256_SIZE])
{
    unsigned char signature[SHA256_SIZE], stored[SHA256_SIZE];
    hmac_sha256(str_n(v->stored_key, SHA256_SIZE), auth_message, signature);
    for (size_t i = 0; i < SHA256_SIZE; i++)
        signature[i] ^= proof[i]; /* ClientKey := ClientProof XOR ClientSignature */
    sha256(str_n(signature, SHA256_SIZE), stored);
    bool proven = hash_equal(stored, v->stored_key, SHA256_SIZE);
    if (proven)
        hmac_sha256(str_n(v->server_key, SHA256_SIZE), auth_message, server_signature);
    hash_wipe(signature, sizeof signature);
    return proven;
}
