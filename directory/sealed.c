/* directory/sealed.c: the clear text of app passwords for SyncML, encrypted: its MD5 log-in needs what a hash cannot give.
 *
 * The key is a file of its own, so that the database alone (a backup, a stolen disk image of one file) tells nothing. It is made
 * when the first such password is, and no backup holds it. A row is bound to its owner and its app password by the
 * encryption's context. */
#include "core/clock.h"
#include "core/file.h"
#include "core/log.h"
#include "directory/internal.h"

enum { BOUND = 8 /* bytes of the app password's number before the sealed text */ };

static enum status load_key(struct directory *d, struct str path, bool make)
{
    SCOPED_BUF(bytes, SEAL_KEY);
    SCOPED_BUF(why, WHY_BYTES);
    enum status st = file_read(path, SEAL_KEY, &bytes, &why);
    if (st == NOT_FOUND && make) {
        random_bytes(d->sealing.key, SEAL_KEY);
        st = file_write(path, str_n(d->sealing.key, SEAL_KEY), 0600, &why);
    } else if (st == OK && bytes.n == SEAL_KEY) {
        memcpy(d->sealing.key, bytes.p, SEAL_KEY);
    } else if (st == OK || st == TOO_LARGE) {
        buf_addf(&why,
                 "%.*s: is not a key of %d bytes: restore it, or remove it and give out new app passwords",
                 STR_ARG(path), SEAL_KEY);
        st = E_CORRUPT;
    }
    if (bytes.p)
        hash_wipe(bytes.p, bytes.n);
    if (st < 0)
        log_error("%s", buf_c(&why));
    d->sealing.loaded = st == OK;
    return st;
}

enum status sealing_key(struct directory *d, bool make, unsigned char key[SEAL_KEY])
{
    SCOPED_ARENA(a, 16 << 10);
    struct str path = arena_strf(&a, "%s/syncml.key", store_config_of(d->store)->dir);
    if (!path.p)
        return a.st;
    pthread_mutex_lock(&d->sealing.lock);
    enum status st = d->sealing.loaded ? OK : load_key(d, path, make);
    if (st == OK)
        memcpy(key, d->sealing.key, SEAL_KEY);
    pthread_mutex_unlock(&d->sealing.lock);
    return st;
}

static void number(unsigned char out[BOUND], int64_t n)
{
    for (int i = 0; i < BOUND; i++)
        out[i] = (unsigned char)((uint64_t)n >> (8 * (BOUND - 1 - i)));
}

static void context_of(unsigned char out[2 * BOUND], int64_t principal, int64_t app)
{
    number(out, principal);
    number(out + BOUND, app);
}

enum status sealed_make(const unsigned char key[SEAL_KEY], int64_t principal, int64_t app, struct str text,
                        struct buf *out)
{
    unsigned char context[2 * BOUND];
    context_of(context, principal, app);
    buf_add(out, str_n(context + BOUND, BOUND));
    return seal(key, str_n(context, sizeof context), text, out);
}

int64_t sealed_app(struct str data)
{
    uint64_t n = 0;
    for (size_t i = 0; i < BOUND && data.n > BOUND; i++)
        n = n << 8 | (unsigned char)data.p[i];
    return (int64_t)n;
}

enum status sealed_open(const unsigned char key[SEAL_KEY], int64_t principal, struct str data,
                        struct buf *text)
{
    unsigned char context[2 * BOUND];
    context_of(context, principal, sealed_app(data));
    return unseal(key, str_n(context, sizeof context), str_from(data, BOUND), text);
}
