/* server/channel.c: SCM_RIGHTS and memfd. */
#include "server/channel.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>

union control {
    char space[CMSG_SPACE(CHANNEL_FDS * sizeof(int))];
    struct cmsghdr align;
};

bool channel_send(int fd, struct str message, const int *fds, size_t fd_count)
{
    union control control = {.space = {0}};
    struct iovec part = {unconst(message.p), message.n};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd_count > CHANNEL_FDS)
        return false;
    if (fd_count) {
        m.msg_control = control.space;
        m.msg_controllen = CMSG_SPACE(fd_count * sizeof *fds);
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(fd_count * sizeof *fds);
        memcpy(CMSG_DATA(c), fds, fd_count * sizeof *fds);
    }
    ssize_t n;
    do
        n = sendmsg(fd, &m, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return false;
    struct str rest = str_from(message, (size_t)n); /* a stream may take it in parts */
    return rest.n == 0 || channel_send(fd, rest, NULL, 0);
}

ssize_t channel_receive(int fd, void *p, size_t size, int *fds, size_t *fd_count)
{
    union control control;
    struct iovec part = {p, size};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control.space,
                       .msg_controllen = sizeof control.space};
    ssize_t n;
    *fd_count = 0;
    do
        n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return n;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds + *fd_count, CMSG_DATA(c), count * sizeof(int));
        *fd_count += count;
    }
    return n;
}

int channel_memory(struct str content)
{
    int fd = memfd_create("scambio", MFD_CLOEXEC);
    size_t done = 0;
    while (fd >= 0 && done < content.n) {
        ssize_t n = pwrite(fd, content.p + done, content.n - done, (off_t)done);
        if (n < 0 && errno != EINTR) {
            close(fd);
            return -1;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return fd;
}

enum status channel_content(int fd, size_t max, struct buf *out)
{
    off_t at = 0;
    for (;;) {
        char block[16 * 1024];
        ssize_t n = pread(fd, block, sizeof block, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return E_IO;
        if (n == 0)
            return out->st;
        at += n;
        if ((size_t)at > max)
            return TOO_LARGE;
        buf_add(out, str_n(block, (size_t)n));
    }
}
