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

static struct str key_path(struct directory *d, struct arena *a)
{
    return arena_strf(a, "%s/syncml.key", store_config_of(d->store)->dir);
}

static enum status read_key(struct str path, unsigned char key[SEAL_KEY], struct buf *why)
{
    SCOPED_BUF(bytes, SEAL_KEY);
    enum status st = file_read(path, SEAL_KEY, &bytes, why);
    if (st == TOO_LARGE || (st == OK && bytes.n != SEAL_KEY)) {
        buf_clear(why);
        buf_addf(why,
                 "%.*s: is not a key of %d bytes: restore it, or remove it and give out new app passwords",
                 STR_ARG(path), SEAL_KEY);
        st = E_CORRUPT;
    }
    if (st == OK)
        memcpy(key, bytes.p, SEAL_KEY);
    if (bytes.p)
        hash_wipe(bytes.p, bytes.n);
    return st;
}

static enum status load_key(struct directory *d, bool make)
{
    SCOPED_BUF(why, WHY_BYTES);
    SCOPED_ARENA(a, 16 << 10);
    struct str path = key_path(d, &a);
    enum status st = path.p ? read_key(path, d->sealing.key, &why) : a.st;
    if (st == NOT_FOUND && make) {
        random_bytes(d->sealing.key, SEAL_KEY);
        st = file_write(path, str_n(d->sealing.key, SEAL_KEY), 0600, &why);
    }
    if (st < 0)
        log_error("%s", why.n ? buf_c(&why) : status_text(st));
    d->sealing.loaded = st == OK;
    return st;
}

enum status sealing_key(struct directory *d, bool make, unsigned char key[SEAL_KEY])
{
    pthread_mutex_lock(&d->sealing.lock);
    enum status st = d->sealing.loaded ? OK : load_key(d, make);
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

/* ---- for doctor ---- */

struct tally {
    struct tx *tx;
    const unsigned char *key; /* NULL: there is none */
    size_t *kept, *lost;
};

static enum status count_sealed(void *ctx, const struct principal *p)
{
    struct tally *t = ctx;
    SCOPED_ARENA(a, 1 << 20);
    struct credential *rows;
    size_t count;
    enum status st = credential_list(t->tx, &a, p->id, &rows, &count);
    for (size_t i = 0; i < count && st == OK; i++) {
        if (rows[i].kind != CREDENTIAL_SEALED)
            continue;
        SCOPED_BUF(text, CREDENTIAL_BYTES);
        bool open = t->key && sealed_open(t->key, p->id, rows[i].data, &text) == OK;
        ++*(open ? t->kept : t->lost);
        if (text.p)
            hash_wipe(text.p, text.n);
    }
    return st;
}

enum status app_password_check(struct directory *d, size_t *kept, size_t *lost)
{
    unsigned char key[SEAL_KEY];
    SCOPED_ARENA(a, 16 << 10);
    SCOPED_BUF(why, WHY_BYTES);
    SCOPED_READ(tx, d->store);
    struct str path = key_path(d, &a); /* the file, not what is in memory: after a restart it counts */
    *kept = *lost = 0;
    if (!tx || !path.p)
        return E_MEMORY;
    struct tally t = {.tx = tx, .kept = kept, .lost = lost};
    if (read_key(path, key, &why) == OK)
        t.key = key;
    enum status st = principal_each(tx, count_sealed, &t);
    hash_wipe(key, sizeof key);
    return st;
}
