/* core/file.c: reading and replacing small files. */
#include "core/file.h"

#include "core/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static enum status complain(struct buf *why, struct str path)
{
    enum status st = errno == ENOENT ? NOT_FOUND : errno == ENOSPC || errno == EDQUOT ? E_FULL : E_IO;
    buf_addf(why, "%.*s: %m", STR_ARG(path));
    return st;
}

enum status file_read(struct str path, size_t max, struct buf *out, struct buf *why)
{
    SCOPED_ARENA(a, 16 * 1024);
    struct str name = arena_str(&a, path);
    if (!name.p)
        return E_MEMORY;
    SCOPED(scoped_close) int fd = open(name.p, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return complain(why, path);
    for (;;) {
        char block[16 * 1024];
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return complain(why, path);
        if (n == 0)
            return out->st;
        if ((size_t)n > max) {
            buf_addf(why, "%.*s: too large", STR_ARG(path));
            return TOO_LARGE;
        }
        max -= (size_t)n;
        buf_add(out, str_n(block, (size_t)n));
    }
}

static bool write_all(int fd, struct str s)
{
    while (s.n) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno != EINTR)
            return false;
        s = str_from(s, n > 0 ? (size_t)n : 0);
    }
    return fsync(fd) == 0;
}

static bool sync_folder(struct str path, struct arena *a)
{
    size_t slash = path.n;
    while (slash && path.p[slash - 1] != '/')
        slash--;
    struct str folder = slash ? arena_str(a, str_slice(path, 0, slash)) : STR(".");
    SCOPED(scoped_close) int fd = folder.p ? open(folder.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    return fd >= 0 && fsync(fd) == 0;
}

enum status file_write(struct str path, struct str content, unsigned mode, struct buf *why)
{
    SCOPED_ARENA(a, 16 * 1024);
    struct str name = arena_str(&a, path), fresh = arena_strf(&a, "%.*s.new", STR_ARG(path));
    if (a.st != OK)
        return E_MEMORY;
    SCOPED(scoped_close) int fd = open(fresh.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0 || fchmod(fd, mode) != 0 || !write_all(fd, content) || rename(fresh.p, name.p) != 0 ||
        !sync_folder(name, &a))
        return complain(why, path);
    return OK;
}
