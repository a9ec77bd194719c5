/* server/line_tls_out.c: TLS as a client: to mail servers, whose certificates are verified only where that is asked for. */
#include "server/line_tls_inside.h"

#include "core/scoped.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct line_trust {
    SSL_CTX *ctx;
};

static const char system_authorities[] = "/etc/ssl/certs/ca-certificates.crt";

static enum status load_authorities(SSL_CTX *ctx, struct str file, struct buf *why)
{
    SCOPED_BUF(path, 4096);
    buf_add(&path, file);
    int ok = SSL_CTX_load_verify_file(ctx, file.p ? buf_c(&path) : system_authorities);
    ERR_clear_error();
    if (ok == 1 || !file.p) /* without the system's, none is good */
        return OK;
    buf_addf(why, "relay.ca: %s: no certificates can be read from it", buf_c(&path));
    return INVALID;
}

enum status line_trust_new(struct str ca_file, struct line_trust **out, struct buf *why)
{
    struct line_trust *t = calloc(1, sizeof *t);
    if (!t)
        return E_MEMORY;
    t->ctx = SSL_CTX_new(TLS_client_method());
    enum status st = t->ctx ? load_authorities(t->ctx, ca_file, why) : E_MEMORY;
    if (st != OK) {
        line_trust_free(t);
        return st;
    }
    SSL_CTX_set_options(t->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION);
    *out = t;
    return OK;
}

void line_trust_free(struct line_trust *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->ctx);
    free(t);
}

static bool prepare(SSL *ssl, const char *host, bool verify)
{
    bool name = host[0] && !strchr(host, ':') && (host[0] < '0' || host[0] > '9');
    if (name && SSL_set_tlsext_host_name(ssl, host) != 1)
        return false;
    if (!verify)
        return true;
    SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return name ? SSL_set1_host(ssl, host) == 1
                : X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
}

enum status line_secure_connect(struct line_trust *t, int fd, struct str host, bool verify,
                                struct line_secure **out)
{
    SCOPED_BUF(name, 256);
    struct line_secure *s = calloc(1, sizeof *s);
    if (!s)
        return E_MEMORY;
    buf_add(&name, host);
    s->ssl = SSL_new(t->ctx);
    if (!s->ssl || SSL_set_fd(s->ssl, fd) != 1 || name.st != OK || !prepare(s->ssl, buf_c(&name), verify)) {
        ERR_clear_error();
        line_secure_free(s);
        return E_UNAVAILABLE;
    }
    SSL_set_connect_state(s->ssl);
    *out = s;
    return OK;
}

void line_secure_why(const struct line_secure *s, struct buf *out)
{
    long code = SSL_get_verify_result(s->ssl);
    if (code == X509_V_OK)
        buf_addz(out, "TLS cannot be agreed on");
    else
        buf_addf(out, "the certificate is not good: %s", X509_verify_cert_error_string(code));
}
