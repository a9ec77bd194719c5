/* server/push_command.c: a package goes to a program's standard input.
 *
 * The input is a memory file, not a pipe, so that a program which reads nothing stops nobody. */
#include "core/arena.h"
#include "core/clock.h"
#include "server/push.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

enum { WORDS = 32, DEVICE_WORDS = 4, ARENA = 64 * 1024, STEP = 20 * 1000 * 1000 /* ns */ };

static enum status failed(struct buf *why, enum status st, const char *what, const char *program)
{
    buf_addf(why, "%s: %s", program, what);
    return st;
}

/* The words of the command and what the device adds; false: too many, or none. */
static bool words_of(struct arena *a, struct str command, const struct push *p, char *argv[static WORDS + 1])
{
    const struct str device[DEVICE_WORDS] = {p->devid, p->user, p->media, p->model};
    struct str rest = str_trim(command), word;
    size_t n = 0;
    while (str_split(&rest, ' ', &word))
        if (word.n) {
            if (n == WORDS - DEVICE_WORDS)
                return false;
            argv[n++] = unconst(arena_str(a, word).p);
        }
    if (!n)
        return false;
    for (size_t i = 0; i < DEVICE_WORDS; i++)
        argv[n++] = unconst(arena_str(a, device[i].p ? device[i] : STR("")).p);
    argv[n] = NULL;
    return a->st == OK;
}

static int memory_file(struct str package)
{
    int fd = memfd_create("package", MFD_CLOEXEC);
    while (fd >= 0 && package.n) {
        ssize_t n = write(fd, package.p, package.n);
        if (n <= 0) {
            close(fd);
            return -1;
        }
        package = str_from(package, (size_t)n);
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

static enum status start(char *const *argv, int input, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, broken_pipe; /* the caller ignores that one, a program expects it */
    if (posix_spawn_file_actions_init(&actions) != 0)
        return E_MEMORY;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return E_MEMORY;
    }
    sigemptyset(&none);
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &broken_pipe);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_adddup2(&actions, input, 0);
    int code = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    errno = code;
    return code == 0 ? OK : E_UNAVAILABLE;
}

static enum status wait_for(pid_t pid, int seconds, const char *program, struct buf *why)
{
    int64_t end = clock_mono_us() + (int64_t)seconds * 1000 * 1000;
    int status = 0;
    pid_t done;
    while ((done = waitpid(pid, &status, WNOHANG)) == 0 || (done < 0 && errno == EINTR)) {
        if (clock_mono_us() > end) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            return failed(why, E_TIMEOUT, "it took too long and was killed", program);
        }
        nanosleep(&(struct timespec){.tv_nsec = STEP}, NULL);
    }
    if (done == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return OK;
    if (WIFSIGNALED(status))
        buf_addf(why, "%s: killed by signal %d", program, WTERMSIG(status));
    else
        buf_addf(why, "%s: exit status %d", program, WEXITSTATUS(status));
    return E_UNAVAILABLE;
}

enum status push_command(struct str command, const struct push *p, struct buf *why)
{
    SCOPED_ARENA(a, ARENA);
    char *argv[WORDS + 1];
    pid_t pid;
    if (!words_of(&a, command, p, argv))
        return failed(why, INVALID, "no command, or too many words", "notify_command");
    SCOPED(scoped_close) int input = memory_file(p->package);
    if (input < 0)
        return failed(why, E_MEMORY, "no memory for the package", argv[0]);
    if (start(argv, input, &pid) != OK) {
        buf_addf(why, "%s: %m", argv[0]);
        return E_UNAVAILABLE;
    }
    return wait_for(pid, p->seconds, argv[0], why);
}
