/* tests/crash/record.c: an LD_PRELOAD layer that writes down what a process does to the files below one
 * folder, for the power-cut simulation, and that can play a full disk.
 *
 *   RECORD_DIR      the folder (absolute, without symbolic links)
 *   RECORD_TRACE    the trace (trace.h) to write; absent: nothing is recorded
 *   RECORD_NOTES    what is written to this file is recorded as notes, in order with the rest
 *   RECORD_FULL     while a file of this name exists, no file below the folder can grow: ENOSPC
 *
 * kill -9 cannot find a missing fsync, since the page cache survives it; here a write is known to be on disk
 * only when a sync of that very file was recorded after it. While recording, syncs are written down and not
 * done: the disk of the simulation is the trace. One lock around each call makes the order of the records the
 * order of the effects.
 *
 * Calls that would slip past (sendfile, copy_file_range, O_TMPFILE, …) on a recorded file end the process: no
 * gap is silent. */
#include "tests/crash/trace.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FDS = 65536, OUT_SIZE = 1 << 20 };
enum watched { PLAIN, INSIDE, NOTES };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char watched[FDS];
static char dir[PATH_MAX], notes[PATH_MAX], full[PATH_MAX];
static size_t dir_n;
static int trace_fd = -1;
static char out[OUT_SIZE];
static size_t out_n;

static void die(const char *what)
{
    dprintf(2, "record: %s\n", what);
    abort();
}

static void flush_out(void)
{
    for (size_t done = 0; done < out_n;) {
        long n = syscall(SYS_write, trace_fd, out + done, out_n - done);
        if (n <= 0)
            die("the trace cannot be written");
        done += (size_t)n;
    }
    out_n = 0;
}

static void put(const void *p, size_t n)
{
    for (const char *from = p; n > 0;) {
        if (out_n == OUT_SIZE)
            flush_out();
        size_t part = n < OUT_SIZE - out_n ? n : OUT_SIZE - out_n;
        memcpy(out + out_n, from, part);
        out_n += part, from += part, n -= part;
    }
}

static void record(enum trace_kind kind, int fd, uint64_t arg, const char *name, const void *data,
                   size_t data_n)
{
    if (trace_fd < 0)
        return;
    struct trace_head head = {.kind = kind, .fd = fd, .arg = arg, .data_n = (uint32_t)data_n};
    head.name_n = name ? (uint32_t)strlen(name) : 0;
    put(&head, sizeof head);
    put(name, head.name_n);
    put(data, data_n);
}

__attribute__((constructor)) static void record_begin(void)
{
    const char *d = getenv("RECORD_DIR"), *t = getenv("RECORD_TRACE"), *n = getenv("RECORD_NOTES"),
               *f = getenv("RECORD_FULL");
    snprintf(dir, sizeof dir, "%s", d ? d : "");
    dir_n = strlen(dir);
    snprintf(notes, sizeof notes, "%s", n ? n : "");
    snprintf(full, sizeof full, "%s", f ? f : "");
    if (t && dir_n > 0)
        trace_fd = (int)syscall(SYS_openat, AT_FDCWD, t, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

__attribute__((destructor)) static void record_end(void)
{
    pthread_mutex_lock(&lock);
    if (trace_fd >= 0)
        flush_out();
    pthread_mutex_unlock(&lock);
}

/* The real function behind ours. */
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* The path of (at, path) below the folder, "" for itself; NULL when it lies elsewhere. `room` has PATH_MAX
 * bytes. */
static const char *inside(int at, const char *path, char *room)
{
    if (dir_n == 0 || !path)
        return NULL;
    char base[PATH_MAX] = "";
    if (path[0] != '/') {
        char link[64] = "/proc/self/cwd";
        if (at != AT_FDCWD)
            snprintf(link, sizeof link, "/proc/self/fd/%d", at);
        ssize_t n = readlink(link, base, sizeof base - 2);
        if (n <= 0)
            return NULL;
        base[n] = '/';
        base[n + 1] = 0;
    }
    if (snprintf(room, PATH_MAX, "%s%s", base, path) >= PATH_MAX)
        return NULL;
    size_t n = strlen(room);
    while (n > 1 && room[n - 1] == '/')
        room[--n] = 0;
    if (strncmp(room, dir, dir_n) != 0 || (room[dir_n] && room[dir_n] != '/'))
        return NULL;
    return room[dir_n] ? room + dir_n + 1 : room + dir_n;
}

static enum watched state_of(int fd)
{
    return fd >= 0 && fd < FDS ? (enum watched)watched[fd] : PLAIN;
}

/* ---- opening and closing ---- */
static int opened(int fd, int at, const char *path, int flags)
{
    char room[PATH_MAX];
    const char *name = inside(at, path, room);
    if (fd < 0 || fd >= FDS)
        return fd;
    watched[fd] = PLAIN;
    if (name) {
        if ((flags & O_TMPFILE) == O_TMPFILE)
            die("O_TMPFILE is not understood");
        watched[fd] = INSIDE;
        record(TRACE_OPEN, fd, (uint64_t)flags, name, NULL, 0);
    } else if (notes[0] && strcmp(path, notes) == 0) {
        watched[fd] = NOTES;
    }
    return fd;
}

static bool is_full(void)
{
    return full[0] && syscall(SYS_faccessat, AT_FDCWD, full, F_OK) == 0;
}

static int open_any(int at, const char *path, int flags, mode_t mode)
{
    pthread_mutex_lock(&lock);
    int fd = opened((int)syscall(SYS_openat, at, path, flags, mode), at, path, flags);
    pthread_mutex_unlock(&lock);
    return fd;
}

#define MODE_ARG(flags, mode)                                                                                \
    mode_t mode = 0;                                                                                         \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                                 \
        va_list args;                                                                                        \
        va_start(args, flags);                                                                               \
        mode = va_arg(args, mode_t);                                                                         \
        va_end(args);                                                                                        \
    }

int open(const char *path, int flags, ...)
{
    MODE_ARG(flags, mode)
    return open_any(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...)
{
    MODE_ARG(flags, mode)
    return open_any(AT_FDCWD, path, flags, mode);
}
int openat(int at, const char *path, int flags, ...)
{
    MODE_ARG(flags, mode)
    return open_any(at, path, flags, mode);
}
int openat64(int at, const char *path, int flags, ...)
{
    MODE_ARG(flags, mode)
    return open_any(at, path, flags, mode);
}
/* What _FORTIFY_SOURCE makes of open without a mode. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int at, const char *path, int flags);
int __openat64_2(int at, const char *path, int flags);
int __open_2(const char *path, int flags)
{
    return open_any(AT_FDCWD, path, flags, 0);
}
int __open64_2(const char *path, int flags)
{
    return open_any(AT_FDCWD, path, flags, 0);
}
int __openat_2(int at, const char *path, int flags)
{
    return open_any(at, path, flags, 0);
}
int __openat64_2(int at, const char *path, int flags)
{
    return open_any(at, path, flags, 0);
}

int close(int fd)
{
    pthread_mutex_lock(&lock);
    if (state_of(fd) == INSIDE)
        record(TRACE_CLOSE, fd, 0, NULL, NULL, 0);
    if (state_of(fd) != PLAIN)
        watched[fd] = PLAIN;
    int result = (int)syscall(SYS_close, fd);
    pthread_mutex_unlock(&lock);
    return result;
}

static int duplicated(int fd, int copy)
{
    if (copy >= 0 && copy < FDS) {
        watched[copy] = (unsigned char)state_of(fd);
        if (watched[copy] == INSIDE)
            record(TRACE_DUP, fd, (uint64_t)copy, NULL, NULL, 0);
    }
    return copy;
}

int dup(int fd)
{
    pthread_mutex_lock(&lock);
    int copy = duplicated(fd, (int)syscall(SYS_dup, fd));
    pthread_mutex_unlock(&lock);
    return copy;
}

/* ---- writing ---- */
static bool grows(int fd, off_t end)
{
    struct stat st;
    return fstat(fd, &st) == 0 && end > st.st_size;
}

/* `at` < 0: at the file's own position. */
static ssize_t write_any(int fd, const void *p, size_t n, off_t at)
{
    if (state_of(fd) == PLAIN)
        return at < 0 ? syscall(SYS_write, fd, p, n) : syscall(SYS_pwrite64, fd, p, n, at);
    pthread_mutex_lock(&lock);
    ssize_t done = -1;
    off_t from = at < 0 ? lseek(fd, 0, SEEK_CUR) : at;
    if (state_of(fd) == INSIDE && is_full() && grows(fd, from + (off_t)n)) {
        errno = ENOSPC;
    } else {
        done = at < 0 ? syscall(SYS_write, fd, p, n) : syscall(SYS_pwrite64, fd, p, n, at);
        if (at < 0)
            from = lseek(fd, 0, SEEK_CUR) - done;
        if (done > 0 && state_of(fd) == INSIDE)
            record(TRACE_WRITE, fd, (uint64_t)from, NULL, p, (size_t)done);
        else if (done > 0)
            record(TRACE_NOTE, fd, 0, NULL, p, (size_t)done);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t write(int fd, const void *p, size_t n)
{
    return write_any(fd, p, n, -1);
}
ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    return write_any(fd, p, n, at);
}
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
    return write_any(fd, p, n, at);
}

ssize_t writev(int fd, const struct iovec *v, int count)
{
    if (state_of(fd) == PLAIN)
        return syscall(SYS_writev, fd, v, count);
    ssize_t total = 0;
    for (int i = 0; i < count; i++) {
        ssize_t n = write_any(fd, v[i].iov_base, v[i].iov_len, -1);
        if (n < 0)
            return total > 0 ? total : n;
        total += n;
        if ((size_t)n < v[i].iov_len)
            break;
    }
    return total;
}

static int size_any(int fd, off_t size)
{
    if (state_of(fd) != INSIDE)
        return (int)syscall(SYS_ftruncate, fd, size);
    pthread_mutex_lock(&lock);
    int result = -1;
    if (is_full() && grows(fd, size)) {
        errno = ENOSPC;
    } else {
        result = (int)syscall(SYS_ftruncate, fd, size);
        if (result == 0)
            record(TRACE_SIZE, fd, (uint64_t)size, NULL, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate(int fd, off_t size)
{
    return size_any(fd, size);
}
int ftruncate64(int fd, off64_t size)
{
    return size_any(fd, size);
}

static int allocate_any(int fd, int mode, off_t from, off_t n)
{
    if (state_of(fd) != INSIDE)
        return (int)syscall(SYS_fallocate, fd, mode, from, n);
    if (mode != 0)
        die("fallocate with a mode is not understood");
    return grows(fd, from + n) ? size_any(fd, from + n) : 0;
}
int fallocate(int fd, int mode, off_t from, off_t n)
{
    return allocate_any(fd, mode, from, n);
}
int fallocate64(int fd, int mode, off64_t from, off64_t n)
{
    return allocate_any(fd, mode, from, n);
}
int posix_fallocate(int fd, off_t from, off_t n)
{
    return allocate_any(fd, 0, from, n) == 0 ? 0 : errno;
}
int posix_fallocate64(int fd, off64_t from, off64_t n)
{
    return allocate_any(fd, 0, from, n) == 0 ? 0 : errno;
}

/* ---- syncing ---- */
static int sync_any(int fd, long call)
{
    if (state_of(fd) != INSIDE || trace_fd < 0)
        return (int)syscall(call, fd);
    pthread_mutex_lock(&lock);
    record(TRACE_SYNC, fd, 0, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    return 0;
}
int fsync(int fd)
{
    return sync_any(fd, SYS_fsync);
}
int fdatasync(int fd)
{
    return sync_any(fd, SYS_fdatasync);
}

/* ---- names ---- */
static void renamed(enum trace_kind kind, int from_at, const char *from, int to_at, const char *to)
{
    char room[PATH_MAX], room2[PATH_MAX];
    const char *a = inside(from_at, from, room), *b = inside(to_at, to, room2);
    if (!a && !b)
        return;
    if (!a || !b)
        die("a rename or link across the edge of the folder");
    record(kind, -1, 0, a, b, strlen(b));
}

static int rename_any(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    if (result == 0)
        renamed(TRACE_RENAME, from_at, from, to_at, to);
    pthread_mutex_unlock(&lock);
    return result;
}
int rename(const char *from, const char *to)
{
    return rename_any(AT_FDCWD, from, AT_FDCWD, to, 0);
}
int renameat(int from_at, const char *from, int to_at, const char *to)
{
    return rename_any(from_at, from, to_at, to, 0);
}
int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    return rename_any(from_at, from, to_at, to, flags);
}

int linkat(int from_at, const char *from, int to_at, const char *to, int flags)
{
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_linkat, from_at, from, to_at, to, flags);
    if (result == 0)
        renamed(TRACE_LINK, from_at, from, to_at, to);
    pthread_mutex_unlock(&lock);
    return result;
}
int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int at, const char *path, int flags)
{
    char room[PATH_MAX];
    pthread_mutex_lock(&lock);
    const char *name = inside(at, path, room);
    int result = (int)syscall(SYS_unlinkat, at, path, flags);
    if (result == 0 && name)
        record(TRACE_UNLINK, -1, 0, name, NULL, 0);
    pthread_mutex_unlock(&lock);
    return result;
}
int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}
int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int mkdirat(int at, const char *path, mode_t mode)
{
    char room[PATH_MAX];
    pthread_mutex_lock(&lock);
    const char *name = inside(at, path, room);
    int result = (int)syscall(SYS_mkdirat, at, path, mode);
    if (result == 0 && name)
        record(TRACE_MKDIR, -1, 0, name, NULL, 0);
    pthread_mutex_unlock(&lock);
    return result;
}
int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

/* ---- what must not slip past ---- */
static void refuse(int fd, const char *what)
{
    if (state_of(fd) == INSIDE)
        die(what);
}
ssize_t pwritev(int fd, const struct iovec *v, int count, off_t at)
{
    refuse(fd, "pwritev is not understood");
    return NEXT(pwritev)(fd, v, count, at);
}
ssize_t sendfile(int to, int from, off_t *at, size_t n);
ssize_t sendfile(int to, int from, off_t *at, size_t n)
{
    refuse(to, "sendfile into a recorded file is not understood");
    return NEXT(sendfile)(to, from, at, n);
}
ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t n, unsigned flags)
{
    refuse(to, "copy_file_range into a recorded file is not understood");
    return NEXT(copy_file_range)(from, from_at, to, to_at, n, flags);
}
int truncate(const char *path, off_t size)
{
    char room[PATH_MAX];
    if (inside(AT_FDCWD, path, room))
        die("truncate by name is not understood");
    return NEXT(truncate)(path, size);
}
