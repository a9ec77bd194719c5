/* server/line_tls.c: a context for each certificate, counted by the library: a connection holds the one that it began with. */
#include "server/line_tls_inside.h"

#include "core/scoped.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>

enum { CHAIN_MAX = 16 };

struct line_keys {
    pthread_mutex_t lock;
    SSL_CTX *current; /* NULL: no certificate yet */
};

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

static void free_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

/* ---- certificates ---- */
static bool use_chain(SSL_CTX *ctx, struct str pem)
{
    SCOPED(free_bio) BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    bool ok = bio != NULL;
    int count = 0;
    while (ok && count < CHAIN_MAX) {
        X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (!x)
            break;
        ok = count++ == 0 ? SSL_CTX_use_certificate(ctx, x) == 1 : SSL_CTX_add1_chain_cert(ctx, x) == 1;
        X509_free(x);
    }
    ERR_clear_error();
    return ok && count > 0;
}

static bool use_key(SSL_CTX *ctx, struct str pem)
{
    SCOPED(free_bio) BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    SCOPED(free_key) EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    bool ok = key && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;
    ERR_clear_error();
    return ok;
}

/* The library's own name of a suite by the IANA's; NULL: it does not know it. */
static const SSL_CIPHER *find_suite(const SSL_CTX *ctx, struct str iana)
{
    STACK_OF(SSL_CIPHER) *all = SSL_CTX_get_ciphers(ctx);
    for (int i = 0; i < sk_SSL_CIPHER_num(all); i++) {
        const SSL_CIPHER *c = sk_SSL_CIPHER_value(all, i);
        if (str_eq(str_c(SSL_CIPHER_standard_name(c)), iana))
            return c;
    }
    return NULL;
}

/* Suites of TLS 1.3 and the older ones are two lists to the library; an empty one of them says that this version is not spoken. */
static enum status use_suites(SSL_CTX *ctx, const struct conf *conf, struct buf *why)
{
    SCOPED_BUF(modern, 4096);
    SCOPED_BUF(old, 4096);
    size_t count;
    const struct str *list = conf_list(conf, CONF_TLS_CIPHERS, &count);
    SSL_CTX_set_cipher_list(ctx, "ALL:COMPLEMENTOFALL");
    for (size_t i = 0; i < count; i++) {
        const SSL_CIPHER *c = find_suite(ctx, list[i]);
        if (!c) {
            buf_addf(why, "tls.ciphers: the TLS library of mail does not know %.*s", STR_ARG(list[i]));
            return INVALID;
        }
        struct buf *b = strcmp(SSL_CIPHER_get_version(c), "TLSv1.3") == 0 ? &modern : &old;
        buf_addz(b, b->n ? ":" : "");
        buf_addz(b, SSL_CIPHER_get_name(c));
    }
    if (!count)
        buf_addz(&old, "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM");
    if (count && !modern.n && SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION) != 1)
        return E_INTERNAL;
    if (count && !old.n && SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1)
        return E_INTERNAL;
    bool ok = (!modern.n || SSL_CTX_set_ciphersuites(ctx, buf_c(&modern)) == 1) &&
              (!old.n || SSL_CTX_set_cipher_list(ctx, buf_c(&old)) == 1);
    if (!ok)
        buf_addz(why, "tls.ciphers: the TLS library of mail does not take this list");
    return ok ? OK : INVALID;
}

static enum status configure(SSL_CTX *ctx, const struct conf *conf, struct buf *why)
{
    int oldest = conf_int(conf, CONF_TLS_MIN_VERSION) ? TLS1_3_VERSION : TLS1_2_VERSION;
    SSL_CTX_set_options(ctx,
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_set_min_proto_version(ctx, oldest) != 1)
        return E_INTERNAL;
    return use_suites(ctx, conf, why);
}

static enum status fill(SSL_CTX *ctx, const struct conf *conf, struct str certificate, struct str key,
                        struct buf *why)
{
    enum status st = configure(ctx, conf, why);
    if (st != OK)
        return st;
    if (!use_chain(ctx, certificate)) {
        buf_addz(why, "the certificate cannot be read by the TLS library of mail");
        return INVALID;
    }
    if (!use_key(ctx, key)) {
        buf_addz(why, "the key cannot be read, or is not that of the certificate");
        return INVALID;
    }
    return OK;
}

enum status line_keys_new(struct line_keys **out)
{
    struct line_keys *k = calloc(1, sizeof *k);
    if (!k)
        return E_MEMORY;
    pthread_mutex_init(&k->lock, NULL);
    *out = k;
    return OK;
}

void line_keys_free(struct line_keys *k)
{
    if (!k)
        return;
    SSL_CTX_free(k->current);
    pthread_mutex_destroy(&k->lock);
    free(k);
}

enum status line_keys_use(struct line_keys *k, const struct conf *conf, struct str certificate,
                          struct str key, struct buf *why)
{
    if (certificate.n > INT32_MAX || key.n > INT32_MAX)
        return TOO_LARGE;
    SSL_CTX *fresh = SSL_CTX_new(TLS_server_method());
    if (!fresh)
        return E_MEMORY;
    enum status st = fill(fresh, conf, certificate, key, why);
    if (st == OK) {
        pthread_mutex_lock(&k->lock);
        SSL_CTX *old = k->current;
        k->current = fresh;
        fresh = old;
        pthread_mutex_unlock(&k->lock);
    }
    SSL_CTX_free(fresh);
    return st;
}

bool line_keys_ready(struct line_keys *k)
{
    pthread_mutex_lock(&k->lock);
    bool ready = k->current != NULL;
    pthread_mutex_unlock(&k->lock);
    return ready;
}

/* ---- a connection ---- */
enum status line_secure_new(struct line_keys *k, int fd, struct line_secure **out)
{
    struct line_secure *s = calloc(1, sizeof *s);
    if (!s)
        return E_MEMORY;
    pthread_mutex_lock(&k->lock);
    bool ready = k->current != NULL;
    s->ssl = ready ? SSL_new(k->current) : NULL;
    pthread_mutex_unlock(&k->lock);
    if (!s->ssl || SSL_set_fd(s->ssl, fd) != 1) {
        line_secure_free(s);
        return ready ? E_MEMORY : E_UNAVAILABLE;
    }
    SSL_set_accept_state(s->ssl);
    *out = s;
    return OK;
}

void line_secure_free(struct line_secure *s)
{
    if (!s)
        return;
    SSL_free(s->ssl);
    free(s);
}

static enum line_io result(const struct line_secure *s, int code)
{
    int error = SSL_get_error(s->ssl, code);
    enum line_io io = error == SSL_ERROR_NONE          ? LINE_IO_DONE
                      : error == SSL_ERROR_WANT_READ   ? LINE_IO_READ
                      : error == SSL_ERROR_WANT_WRITE  ? LINE_IO_WRITE
                      : error == SSL_ERROR_ZERO_RETURN ? LINE_IO_END
                                                       : LINE_IO_BROKEN;
    ERR_clear_error();
    return io;
}

enum line_io line_secure_handshake(struct line_secure *s)
{
    ERR_clear_error();
    return result(s, SSL_do_handshake(s->ssl));
}

enum line_io line_secure_read(struct line_secure *s, void *out, size_t room, size_t *n)
{
    *n = 0;
    ERR_clear_error();
    return result(s, SSL_read_ex(s->ssl, out, room, n));
}

enum line_io line_secure_write(struct line_secure *s, struct str bytes, size_t *n)
{
    *n = 0;
    ERR_clear_error();
    return result(s, SSL_write_ex(s->ssl, bytes.p, bytes.n, n));
}

bool line_secure_pending(const struct line_secure *s)
{
    return SSL_pending(s->ssl) > 0;
}

void line_secure_bye(struct line_secure *s)
{
    ERR_clear_error();
    SSL_shutdown(s->ssl);
    ERR_clear_error();
}

/* RFC 9266 section 2. */
static void take_exporter(SSL *ssl, struct line_binding *out)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    enum { LENGTH = 32 };
    if (SSL_version(ssl) >= TLS1_3_VERSION &&
        SSL_export_keying_material(ssl, out->bytes, LENGTH, label, sizeof label - 1, NULL, 0, 0) == 1)
        out->n = LENGTH;
}

/* RFC 5929 section 4.1: by the hash of the certificate's signature, where that is no weaker than SHA-256. */
static void take_end_point(SSL *ssl, struct line_binding *out)
{
    const X509 *x = SSL_get_certificate(ssl);
    int digest = NID_undef;
    unsigned n = 0;
    if (!x || OBJ_find_sigid_algs(X509_get_signature_nid(x), &digest, NULL) != 1 || digest == NID_undef)
        return;
    const EVP_MD *md = digest == NID_md5 || digest == NID_sha1 ? EVP_sha256() : EVP_get_digestbynid(digest);
    if (md && EVP_MD_get_size(md) <= LINE_BINDING_MOST && X509_digest(x, md, out->bytes, &n) == 1)
        out->n = n;
}

void line_secure_info(const struct line_secure *s, struct line_tls *out)
{
    snprintf(out->version, sizeof out->version, "%s", SSL_get_version(s->ssl));
    snprintf(out->cipher, sizeof out->cipher, "%s", SSL_get_cipher_name(s->ssl));
    take_exporter(s->ssl, &out->exporter);
    take_end_point(s->ssl, &out->end_point);
    ERR_clear_error();
}
