/* server/data_folder.c: the folder of everything that the server writes, and who owns it. */
#include "server/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>

/* Root's, and without a store: made for us by somebody else (systemd's StateDirectory). A folder that was named by mistake and holds
 * other things is not given away. */
static bool is_unused(int fd)
{
    static const char *const ours[] = {".", "..", "tls", "supervisor.lock", NULL};
    struct stat info;
    if (fstat(fd, &info) != 0 || info.st_uid != 0)
        return false;
    DIR *d = fdopendir(dup(fd));
    bool unused = d != NULL;
    for (struct dirent *e; d && unused && (e = readdir(d));) {
        size_t i = 0;
        while (ours[i] && strcmp(ours[i], e->d_name) != 0)
            i++;
        unused = ours[i] != NULL;
    }
    if (d)
        closedir(d);
    return unused;
}

enum status data_folder(const struct conf *conf, struct buf *why)
{
    SCOPED_BUF(path, 4096);
    SCOPED_BUF(user, 256);
    buf_add(&path, conf_str(conf, CONF_SERVER_DATA));
    bool fresh = mkdir(buf_c(&path), 0700) == 0;
    SCOPED(scoped_close) int fd = open(buf_c(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        buf_addf(why, "server.data: %s: %m: make the folder, or its parent", buf_c(&path));
        return errno == ENOENT ? NOT_FOUND : E_IO;
    }
    if (geteuid() != 0 || !conf_has(conf, CONF_SERVER_USER) || !(fresh || is_unused(fd)))
        return OK;
    struct passwd pw, *found = NULL;
    char space[4096];
    buf_add(&user, conf_str(conf, CONF_SERVER_USER));
    if (getpwnam_r(buf_c(&user), &pw, space, sizeof space, &found) == 0 && found &&
        fchown(fd, pw.pw_uid, pw.pw_gid) != 0) {
        buf_addf(why, "server.data: %s cannot be given to %s: %m", buf_c(&path), buf_c(&user));
        return E_IO;
    }
    return OK;
}
