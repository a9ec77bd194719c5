/* server/folder.c: files of a folder, one packet each: the name, a NUL, and the descriptor or the reason why there is none. */
#include "server/folder.h"

#include "core/scoped.h"
#include "server/channel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static bool has_ending(const char *name, const char *const *endings)
{
    size_t n = strlen(name);
    for (size_t i = 0; endings[i]; i++) {
        size_t tail = strlen(endings[i]);
        if (n > tail && strcasecmp(name + n - tail, endings[i]) == 0)
            return true;
    }
    return false;
}

static int everything(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

/* False: nobody listens any more. */
static bool send_file(int to, int dir, const char *name)
{
    char packet[sizeof((struct folder_file *)NULL)->name + sizeof((struct folder_file *)NULL)->why];
    SCOPED(scoped_close) int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const char *why = fd < 0 ? strerrordesc_np(errno) : "";
    int n = snprintf(packet, sizeof packet, "%s%c%s", name, 0, why ? why : "it cannot be opened");
    return n > 0 && channel_send(to, str_n(packet, (size_t)n + 1), &fd, fd >= 0);
}

/* The files of the folder below `dir` that is called PART or BOX/PART. */
static bool send_part(int to, int dir, const char *box, const char *part)
{
    char where[sizeof((struct folder_file *)NULL)->name];
    struct dirent **list;
    int n = snprintf(where, sizeof where, "%s%s%s", box, *box ? "/" : "", part);
    int count = n > 0 && (size_t)n < sizeof where ? scandirat(dir, where, &list, everything, alphasort) : -1;
    bool listens = true;
    for (int i = 0; i < count; i++) {
        char path[sizeof where];
        n = snprintf(path, sizeof path, "%s/%s", where, list[i]->d_name);
        if (listens && n > 0 && (size_t)n < sizeof path)
            listens = send_file(to, dir, path);
        free(list[i]);
    }
    if (count >= 0)
        free(list);
    return listens;
}

static int subfolder(const struct dirent *e)
{
    return e->d_name[0] == '.' && e->d_name[1] && e->d_name[1] != '.';
}

/* A Maildir (one with a folder "cur") and its subfolders; what lies in tmp is not delivered yet. */
static void send_maildir(int to, int dir)
{
    struct dirent **list;
    struct stat info;
    if (fstatat(dir, "cur", &info, 0) != 0 || !S_ISDIR(info.st_mode))
        return;
    bool listens = send_part(to, dir, "", "cur") && send_part(to, dir, "", "new");
    int count = scandirat(dir, ".", &list, subfolder, alphasort);
    for (int i = 0; i < count; i++) {
        listens = listens && send_part(to, dir, list[i]->d_name, "cur") &&
                  send_part(to, dir, list[i]->d_name, "new");
        free(list[i]);
    }
    if (count >= 0)
        free(list);
}

static void send_all(int to, int dir, const char *const *endings)
{
    struct dirent **list;
    int count = scandirat(dir, ".", &list, everything, alphasort);
    bool listens = true;
    for (int i = 0; i < count && listens; i++)
        if (has_ending(list[i]->d_name, endings))
            listens = send_file(to, dir, list[i]->d_name);
    for (int i = 0; i < count; i++)
        free(list[i]);
    if (count >= 0)
        free(list);
    if (listens)
        send_maildir(to, dir);
}

int folder_offer(int dir, const char *const *endings)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        close(dir);
        return -1;
    }
    pid_t child = fork();
    if (child == 0) { /* keeps the caller's rights when he becomes the server's user */
        close(pair[0]);
        send_all(pair[1], dir, endings);
        _exit(0);
    }
    close(pair[1]);
    close(dir);
    if (child < 0)
        scoped_close(&pair[0]);
    return child < 0 ? -1 : pair[0];
}

bool folder_is(int fd)
{
    int type = 0;
    socklen_t size = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

enum status folder_next(int fd, struct folder_file *out)
{
    char packet[sizeof out->name + sizeof out->why];
    int fds[CHANNEL_FDS];
    size_t count;
    ssize_t n = channel_receive(fd, packet, sizeof packet, fds, &count);
    for (size_t i = 1; i < count; i++)
        close(fds[i]);
    *out = (struct folder_file){.fd = count > 0 ? fds[0] : -1};
    if (n <= 0)
        return n == 0 ? NOT_FOUND : E_IO;
    struct str rest = str_n(packet, (size_t)n), name;
    if (!str_split(&rest, 0, &name) || name.n >= sizeof out->name)
        return E_IO;
    memcpy(out->name, name.p, name.n);
    snprintf(out->why, sizeof out->why, "%.*s", STR_ARG(rest));
    return OK;
}
