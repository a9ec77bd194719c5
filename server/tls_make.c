/* server/tls_make.c: reading the pair, and making a self-signed one for who has none yet. */
#include "core/clock.h"
#include "core/file.h"
#include "server/tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <sys/stat.h>

enum {
    DAY = 86400,
    VALID_DAYS = 825,
    RENEW_DAYS = 30,
    PEM_MAX = 256 * 1024
}; /* 825: more, and Apple refuses it */

/* The object that gnutls allocates for us, appended and freed. */
static bool add_datum(struct buf *b, gnutls_datum_t *d)
{
    buf_add(b, str_n(d->data, d->size));
    gnutls_free(d->data);
    return b->st == OK;
}

static bool name_it(gnutls_x509_crt_t crt, struct str hostname)
{
    static const unsigned char loopback[4] = {127, 0, 0, 1};
    return gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, hostname.p,
                                         (unsigned)hostname.n) == 0 &&
           gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, hostname.p, (unsigned)hostname.n,
                                                GNUTLS_FSAN_SET) == 0 &&
           gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, "localhost", 9,
                                                GNUTLS_FSAN_APPEND) == 0 &&
           gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, loopback, sizeof loopback,
                                                GNUTLS_FSAN_APPEND) == 0;
}

static bool sign(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, struct str hostname, int64_t now)
{
    unsigned char serial[16];
    random_bytes(serial, sizeof serial);
    serial[0] = (serial[0] & 0x7f) | 1; /* positive, and not empty */
    return gnutls_x509_crt_set_version(crt, 3) == 0 && name_it(crt, hostname) &&
           gnutls_x509_crt_set_serial(crt, serial, sizeof serial) == 0 &&
           gnutls_x509_crt_set_activation_time(crt, (time_t)(now - DAY)) == 0 &&
           gnutls_x509_crt_set_expiration_time(crt, (time_t)(now + (int64_t)(VALID_DAYS - 1) * DAY)) == 0 &&
           gnutls_x509_crt_set_basic_constraints(crt, 0, -1) == 0 &&
           gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE) == 0 &&
           gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0) == 0 &&
           gnutls_x509_crt_set_key(crt, key) == 0 &&
           gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0) == 0;
}

enum status tls_self_signed(struct str hostname, int64_t now, struct buf *certificate, struct buf *key_pem)
{
    gnutls_x509_crt_t crt;
    gnutls_x509_privkey_t key;
    gnutls_datum_t out;
    if (gnutls_x509_crt_init(&crt) < 0)
        return E_MEMORY;
    if (gnutls_x509_privkey_init(&key) < 0) {
        gnutls_x509_crt_deinit(crt);
        return E_MEMORY;
    }
    bool ok = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                           GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) == 0 &&
              sign(crt, key, hostname, now) && gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &out) == 0 &&
              add_datum(certificate, &out) &&
              gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &out) == 0 && add_datum(key_pem, &out);
    gnutls_x509_crt_deinit(crt);
    gnutls_x509_privkey_deinit(key);
    return ok ? OK : E_INTERNAL;
}

/* A self-signed certificate that goes on for a while, and names this host. */
static bool still_good(struct str certificate, struct str hostname, int64_t now)
{
    gnutls_x509_crt_t crt;
    gnutls_datum_t d = {unconst(certificate.p), (unsigned)certificate.n};
    SCOPED_BUF(name, 256);
    buf_add(&name, hostname);
    if (gnutls_x509_crt_init(&crt) < 0)
        return false;
    bool good = gnutls_x509_crt_import(crt, &d, GNUTLS_X509_FMT_PEM) == 0 &&
                gnutls_x509_crt_get_expiration_time(crt) > (time_t)(now + (int64_t)RENEW_DAYS * DAY) &&
                gnutls_x509_crt_check_hostname(crt, buf_c(&name)) != 0;
    gnutls_x509_crt_deinit(crt);
    return good;
}

static enum status read_configured(const struct conf *conf, struct buf *certificate, struct buf *key,
                                   struct buf *why)
{
    struct str c = conf_str(conf, CONF_TLS_CERTIFICATE), k = conf_str(conf, CONF_TLS_KEY);
    if (!k.p) {
        buf_addz(why, "tls.key is missing: name the certificate's key");
        return INVALID;
    }
    enum status st = file_read(c, PEM_MAX, certificate, why);
    return st == OK ? file_read(k, PEM_MAX, key, why) : st;
}

static enum status make_pair(struct str folder, struct str hostname, struct str c, struct str k,
                             struct buf *certificate, struct buf *key, struct buf *why)
{
    buf_clear(certificate);
    buf_clear(key);
    enum status st = tls_self_signed(hostname, clock_now(), certificate, key);
    if (st == OK && mkdir(folder.p, 0700) != 0 && errno != EEXIST)
        st = E_IO;
    if (st == OK)
        st = file_write(k, buf_view(key), 0600, why);
    if (st == OK)
        st = file_write(c, buf_view(certificate), 0644, why);
    if (st != OK && why->n == 0)
        buf_addf(why, "cannot make a self-signed certificate in %.*s: %s", STR_ARG(folder), status_text(st));
    return st;
}

enum status tls_read(const struct conf *conf, struct buf *certificate, struct buf *key, bool *made,
                     struct buf *why)
{
    *made = false;
    if (conf_has(conf, CONF_TLS_CERTIFICATE))
        return read_configured(conf, certificate, key, why);
    SCOPED_ARENA(a, 16 * 1024);
    SCOPED_BUF(silent, 512);
    struct str data = conf_str(conf, CONF_SERVER_DATA), hostname = conf_str(conf, CONF_SERVER_HOSTNAME);
    struct str folder = arena_strf(&a, "%.*s/tls", STR_ARG(data));
    struct str c = arena_strf(&a, "%.*s/self-signed.pem", STR_ARG(folder));
    struct str k = arena_strf(&a, "%.*s/self-signed.key", STR_ARG(folder));
    if (a.st != OK)
        return E_MEMORY;
    if (file_read(c, PEM_MAX, certificate, &silent) == OK && file_read(k, PEM_MAX, key, &silent) == OK &&
        still_good(buf_view(certificate), hostname, clock_now()))
        return OK;
    *made = true;
    return make_pair(folder, hostname, c, k, certificate, key, why);
}
