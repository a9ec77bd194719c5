/* store/blob.c: content-addressed files; see blob.h for the order of writes that makes them durable. */
#include "store/blob.h"

#include "core/clock.h"
#include "core/log.h"
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* ---- pins: a chained table of the hashes in use ---- */

struct pin {
    unsigned char hash[SHA256_SIZE];
    size_t count;
    struct pin *next;
};

enum { PIN_BUCKETS = 256 };

struct blob_pins {
    pthread_mutex_t lock;
    struct pin *bucket[PIN_BUCKETS];
    uint64_t temporary; /* number of the next temporary name */
};

static struct pin **pin_find(struct blob_pins *pins, const unsigned char *hash)
{
    struct pin **at = &pins->bucket[hash[0]];
    while (*at && memcmp((*at)->hash, hash, SHA256_SIZE) != 0)
        at = &(*at)->next;
    return at;
}

static enum status pin(struct store *s, const unsigned char *hash, uint64_t *temporary)
{
    struct blob_pins *pins = s->pins;
    enum status st = OK;
    pthread_mutex_lock(&pins->lock);
    struct pin **at = pin_find(pins, hash);
    if (!*at) {
        *at = calloc(1, sizeof **at);
        if (*at)
            memcpy((*at)->hash, hash, SHA256_SIZE);
    }
    if (*at)
        (*at)->count++;
    else
        st = E_MEMORY;
    *temporary = pins->temporary++;
    pthread_mutex_unlock(&pins->lock);
    return st;
}

void blob_unpin(struct store *s, const unsigned char hash[SHA256_SIZE])
{
    struct blob_pins *pins = s->pins;
    pthread_mutex_lock(&pins->lock);
    struct pin **at = pin_find(pins, hash);
    struct pin *p = *at;
    if (p && --p->count == 0) {
        *at = p->next;
        free(p);
    }
    pthread_mutex_unlock(&pins->lock);
}

/* ---- files ---- */

void blob_name(char out[BLOB_NAME_SIZE], const unsigned char hash[SHA256_SIZE])
{
    static const char digit[] = "0123456789abcdef";
    char *p = out;
    for (int i = 0; i < SHA256_SIZE; i++) {
        *p++ = digit[hash[i] >> 4];
        *p++ = digit[hash[i] & 15];
    }
    *p = 0;
    memmove(out + 3, out, (size_t)(p - out) + 1);
    out[2] = '/';
}

int blobs_fd(const struct store *s)
{
    return s->blobsfd;
}

static enum status errno_status(void)
{
    if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
        return E_FULL;
    return errno == ENOMEM ? E_MEMORY : errno == ENOENT ? NOT_FOUND : E_IO;
}

static enum status fault(const char *what, const char *name)
{
    enum status st = errno_status();
    log_error("store: blob %s: %s: %s", name, what, strerrordesc_np(errno));
    return st == NOT_FOUND ? E_IO : st;
}

/* The folder's fsync makes names in it durable. */
static enum status sync_folder(struct store *s, const char *name)
{
    char folder[3] = {name[0], name[1], 0};
    SCOPED(scoped_close) int fd = openat(s->blobsfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) != 0 ? fault("sync of its folder", name) : OK;
}

static enum status write_all(int fd, struct str body)
{
    while (body.n) {
        ssize_t n = write(fd, body.p, body.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return E_IO;
        body = str_from(body, (size_t)n);
    }
    return OK;
}

static enum status write_file(struct store *s, const char *temporary, const char *name, struct str body)
{
    SCOPED(scoped_close)
    int fd = openat(s->blobsfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fault("creation", name);
    if (write_all(fd, body) != OK || fdatasync(fd) != 0)
        return fault("writing", name);
    return renameat(s->blobsfd, temporary, s->blobsfd, name) != 0 ? fault("renaming", name) : OK;
}

enum status blob_put(struct store *s, const unsigned char hash[SHA256_SIZE], struct str body)
{
    char name[BLOB_NAME_SIZE], temporary[BLOB_NAME_SIZE];
    struct stat there;
    uint64_t number;
    blob_name(name, hash);
    enum status st = pin(s, hash, &number);
    if (st != OK)
        return st;
    if (fstatat(s->blobsfd, name, &there, AT_SYMLINK_NOFOLLOW) != 0 || there.st_size != (off_t)body.n) {
        snprintf(temporary, sizeof temporary, "%.2s/tmp-%llx", name, (unsigned long long)number);
        st = write_file(s, temporary, name, body);
        if (st != OK)
            (void)unlinkat(s->blobsfd, temporary, 0);
    }
    /* Also when it was there: whoever renamed it may not have come to this line yet. */
    if (st == OK)
        st = sync_folder(s, name);
    if (st != OK)
        blob_unpin(s, hash);
    return st;
}

enum status blob_hold(struct store *s, const unsigned char hash[SHA256_SIZE])
{
    uint64_t number;
    return pin(s, hash, &number);
}

enum status blob_read_range(struct store *s, const unsigned char hash[SHA256_SIZE], size_t size, size_t from,
                            size_t count, struct buf *out)
{
    char name[BLOB_NAME_SIZE];
    struct stat there;
    blob_name(name, hash);
    from = from < size ? from : size;
    count = count < size - from ? count : size - from;
    SCOPED(scoped_close) int fd = openat(s->blobsfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &there) != 0)
        return errno == ENOENT ? E_CORRUPT : fault("reading", name);
    if (there.st_size != (off_t)size)
        return E_CORRUPT;
    char *p = buf_reserve(out, count);
    if (!p)
        return out->st;
    for (size_t got = 0; got < count;) {
        ssize_t n = pread(fd, p + got, count - got, (off_t)(from + got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? E_CORRUPT : fault("reading", name);
        got += (size_t)n;
    }
    buf_commit(out, count);
    return OK;
}

enum status blob_read(struct store *s, const unsigned char hash[SHA256_SIZE], size_t size, struct buf *out)
{
    return blob_read_range(s, hash, size, 0, size, out);
}

enum status blob_remove(struct store *s, const unsigned char hash[SHA256_SIZE])
{
    char name[BLOB_NAME_SIZE];
    enum status st = EXISTS;
    blob_name(name, hash);
    pthread_mutex_lock(&s->pins->lock); /* nobody can pin it between the look and the removal */
    if (!*pin_find(s->pins, hash))
        st = unlinkat(s->blobsfd, name, 0) == 0 ? OK : errno_status();
    pthread_mutex_unlock(&s->pins->lock);
    return st;
}

/* ---- opening ---- */

enum status blobs_open(struct store *s, struct buf *why)
{
    s->pins = calloc(1, sizeof *s->pins);
    if (!s->pins)
        return E_MEMORY;
    pthread_mutex_init(&s->pins->lock, NULL);
    s->pins->temporary = random_u64(); /* a run that was cut off may have left some; the sweep takes them */
    bool made = mkdirat(s->dirfd, "blobs", 0700) == 0;
    s->blobsfd = openat(s->dirfd, "blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (unsigned i = 0; i < 256 && s->blobsfd >= 0; i++) {
        char folder[3];
        snprintf(folder, sizeof folder, "%02x", i);
        if (mkdirat(s->blobsfd, folder, 0700) != 0 && errno != EEXIST) {
            buf_addf(why, "%s/blobs/%s: %s", s->dir, folder, strerrordesc_np(errno));
            return E_IO;
        }
    }
    if (s->blobsfd < 0 || fsync(s->blobsfd) != 0 || (made && fsync(s->dirfd) != 0)) {
        buf_addf(why, "%s/blobs: %s", s->dir, strerrordesc_np(errno));
        return E_IO;
    }
    return OK;
}

void blobs_close(struct store *s)
{
    if (!s->pins)
        return;
    for (size_t i = 0; i < PIN_BUCKETS; i++)
        while (s->pins->bucket[i]) {
            struct pin *p = s->pins->bucket[i];
            s->pins->bucket[i] = p->next;
            free(p);
        }
    pthread_mutex_destroy(&s->pins->lock);
    free(s->pins);
    s->pins = NULL;
}
