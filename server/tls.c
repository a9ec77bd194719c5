/* server/tls.c: the current certificate, swapped under a lock; and the priority string. */
#include "server/tls.h"

#include "core/clock.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>

enum { CHAIN_MAX = 16, KEEP_OLD_S = 600 }; /* longer than any handshake may take */

struct pair {
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned length;
    gnutls_privkey_t key;
    int64_t retired; /* when another took its place; 0: it is the current one */
    struct pair *older;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct pair *current;
static char priorities[1024] = "NORMAL";

static void pair_free(struct pair *p)
{
    for (unsigned i = 0; i < p->length; i++)
        gnutls_pcert_deinit(&p->chain[i]);
    gnutls_privkey_deinit(p->key);
    free(p);
}

static gnutls_datum_t datum(struct str s)
{
    return (gnutls_datum_t){unconst(s.p), (unsigned)s.n};
}

/* Whether the key is that of the chain's first certificate. */
static bool belong_together(struct pair *p)
{
    unsigned char id[2][64];
    size_t size[2] = {sizeof id[0], sizeof id[1]};
    gnutls_pubkey_t public;
    if (gnutls_pubkey_init(&public) < 0)
        return false;
    bool ok = gnutls_pubkey_import_privkey(public, p->key, 0, 0) == 0 &&
              gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, id[0], &size[0]) == 0 &&
              gnutls_pubkey_get_key_id(p->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256, id[1], &size[1]) == 0 &&
              size[0] == size[1] && memcmp(id[0], id[1], size[0]) == 0;
    gnutls_pubkey_deinit(public);
    return ok;
}

static enum status pair_read(struct pair *p, struct str certificate, struct str key, struct buf *why)
{
    gnutls_datum_t c = datum(certificate), k = datum(key);
    unsigned length = CHAIN_MAX;
    int code = gnutls_pcert_list_import_x509_raw(p->chain, &length, &c, GNUTLS_X509_FMT_PEM, 0);
    if (code < 0) {
        buf_addf(why, "the certificate cannot be read: %s", gnutls_strerror(code));
        return INVALID;
    }
    p->length = length;
    code = gnutls_privkey_import_x509_raw(p->key, &k, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (code < 0) {
        buf_addf(why, "the key cannot be read: %s", gnutls_strerror(code));
        return INVALID;
    }
    if (!belong_together(p)) {
        buf_addz(why, "the key is not that of the certificate");
        return INVALID;
    }
    return OK;
}

/* Makes it the current one, and frees those that no handshake can use any more. */
static void install(struct pair *fresh)
{
    int64_t now = clock_mono_us() / 1000000;
    pthread_mutex_lock(&lock);
    if (current)
        current->retired = now;
    fresh->older = current;
    current = fresh;
    for (struct pair **at = &fresh->older; *at;) {
        struct pair *old = *at;
        if (now - old->retired <= KEEP_OLD_S) {
            at = &old->older;
            continue;
        }
        *at = old->older;
        pair_free(old);
    }
    pthread_mutex_unlock(&lock);
}

enum status tls_use(struct str certificate, struct str key, struct buf *why)
{
    struct pair *p = calloc(1, sizeof *p);
    if (!p || gnutls_privkey_init(&p->key) < 0) {
        free(p);
        return E_MEMORY;
    }
    enum status st = pair_read(p, certificate, key, why);
    if (st == OK)
        install(p);
    else
        pair_free(p);
    return st;
}

bool tls_ready(void)
{
    pthread_mutex_lock(&lock);
    bool ready = current != NULL;
    pthread_mutex_unlock(&lock);
    return ready;
}

static int give_current(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                        const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
                        unsigned *length, gnutls_privkey_t *key)
{
    (void)session;
    (void)authorities;
    (void)authority_count;
    (void)algorithms;
    (void)algorithm_count;
    pthread_mutex_lock(&lock);
    struct pair *p = current;
    pthread_mutex_unlock(&lock);
    if (!p)
        return -1;
    *chain = p->chain;
    *length = p->length;
    *key = p->key;
    return 0;
}

void *tls_library_callback(void)
{
    union {
        gnutls_certificate_retrieve_function2 *fn;
        void *p;
    } callback = {.fn = give_current};
    return callback.p;
}

/* ---- how it is spoken ---- */
const char *tls_priorities(void)
{
    return priorities;
}

/* The IANA name is the library's with "_WITH" behind the key exchange. */
static bool same_suite(struct str iana, struct str ours)
{
    size_t with = str_find(iana, STR("_WITH_"), 0);
    if (with == SIZE_MAX)
        return str_eq(iana, ours);
    return ours.n + 5 == iana.n && str_starts(ours, str_slice(iana, 0, with)) &&
           str_ends(ours, str_from(iana, with + 5));
}

static bool add_suite(struct buf *b, struct str iana)
{
    gnutls_kx_algorithm_t kx;
    gnutls_cipher_algorithm_t cipher;
    gnutls_mac_algorithm_t mac;
    const char *name;
    for (size_t i = 0; (name = gnutls_cipher_suite_info(i, NULL, &kx, &cipher, &mac, NULL)); i++) {
        if (!same_suite(iana, str_c(name)))
            continue;
        buf_addf(b, ":+%s:+%s", gnutls_cipher_get_name(cipher), gnutls_mac_get_name(mac));
        if (kx != GNUTLS_KX_UNKNOWN)
            buf_addf(b, ":+%s", gnutls_kx_get_name(kx));
        return true;
    }
    return false;
}

enum status tls_configure(const struct conf *conf, struct buf *why)
{
    SCOPED_BUF(b, sizeof priorities - 1);
    size_t count;
    const struct str *suites = conf_list(conf, CONF_TLS_CIPHERS, &count);
    bool only_13 = str_eq(conf_str(conf, CONF_TLS_MIN_VERSION), STR("1.3"));
    buf_addz(&b, count ? "NONE:+COMP-NULL:+SIGN-ALL:+GROUP-ALL:+CTYPE-X509" : "NORMAL:-VERS-ALL");
    buf_addz(&b, only_13 ? ":+VERS-TLS1.3" : ":+VERS-TLS1.3:+VERS-TLS1.2");
    for (size_t i = 0; i < count; i++) {
        if (!add_suite(&b, suites[i])) {
            buf_addf(why, "tls.ciphers: '%.*s' is no cipher suite that the TLS library knows",
                     STR_ARG(suites[i]));
            return INVALID;
        }
    }
    buf_addz(&b, count ? ":%SERVER_PRECEDENCE"
                       : ":-RSA:-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305"
                         ":%SERVER_PRECEDENCE");
    gnutls_priority_t parsed;
    const char *at;
    if (b.st != OK || gnutls_priority_init(&parsed, buf_c(&b), &at) < 0) {
        buf_addz(why, "tls.ciphers: the TLS library does not take this list");
        return INVALID;
    }
    gnutls_priority_deinit(parsed);
    memcpy(priorities, buf_c(&b), b.n + 1);
    return OK;
}
