/* server/versions.c: asked of the libraries that are loaded where they can tell, and of what we were built with otherwise.
 *
 * The headers of most libraries stay in their rooms, so each room's version function is declared here by its own prototype. */
#include "server/versions.h"

#include <dlfcn.h>
#include <gnutls/gnutls.h>
#include <jansson.h>
#include <openssl/crypto.h>

/* A function without parameters that gives a version, by its name: whatever library has it. */
static const char *ask(const char *function)
{
    union {
        void *p;
        const char *(*fn)(void);
    } f = {.p = dlsym(RTLD_DEFAULT, function)};
    return f.p ? f.fn() : NULL;
}

static const struct {
    const char *name, *function;
} libraries[] = {
    {"libmicrohttpd", "MHD_get_version"},
    {"sqlite", "sqlite3_libversion"},
    {"utf8proc", "utf8proc_version"},
    {"zstd", "ZSTD_versionString"},
    {"zlib", "zlibVersion"},
    {"libqrencode", "QRcode_APIVersionString"},
};

static void add(struct buf *b, bool json, const char *name, const char *version)
{
    if (version)
        buf_addf(b, json ? ", \"%s\": \"%s\"" : "%s %s\n", name, version);
}

void versions_write(struct buf *b, bool json)
{
    buf_addf(b, json ? "{\"scambio\": \"%s\"" : "scambio %s\n", SCAMBIO_VERSION);
    for (size_t i = 0; i < COUNT_OF(libraries); i++)
        add(b, json, libraries[i].name, ask(libraries[i].function));
    add(b, json, "gnutls", gnutls_check_version(NULL));
    add(b, json, "openssl", OpenSSL_version(OPENSSL_VERSION_STRING));
    add(b, json, "jansson", jansson_version_str());
    buf_addz(b, json ? "}\n" : "");
}
