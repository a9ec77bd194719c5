/* server/sandbox.c: privileges, Landlock and seccomp.
 *
 * Landlock has no library: three system calls. Rights that the running kernel does not know are masked by its ABI version. */
#include "server/sandbox.h"

#include "core/log.h"
#include "server/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* ---- limits ---- */
void sandbox_limits(const struct conf *conf)
{
    enum { SPARE_FILES = 512 };
    rlim_t want = (rlim_t)conf_int(conf, CONF_LIMITS_HTTP_CONNECTIONS) + SPARE_FILES;
    if (listeners_mail(conf)) /* each may have a message in a file */
        want += 2 * (rlim_t)conf_int(conf, CONF_LIMITS_MAIL_CONNECTIONS);
    struct rlimit files, none = {0, 0};
    setrlimit(RLIMIT_CORE, &none); /* a core would hold passwords and mail */
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = want;
    if (files.rlim_max < want)
        files.rlim_max = want; /* root may */
    if (setrlimit(RLIMIT_NOFILE, &files) == 0)
        return;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    log_warning(
        "open files are limited to %llu: fewer connections than limits.http_connections can be served; raise "
        "LimitNOFILE",
        (unsigned long long)files.rlim_max);
}

/* ---- the user ---- */
enum status sandbox_user(const struct conf *conf, struct buf *why)
{
    if (geteuid() != 0 || !conf_has(conf, CONF_SERVER_USER))
        return OK;
    SCOPED_BUF(name, 256);
    buf_add(&name, conf_str(conf, CONF_SERVER_USER));
    struct passwd pw, *found = NULL;
    char space[4096];
    if (getpwnam_r(buf_c(&name), &pw, space, sizeof space, &found) != 0 || !found) {
        buf_addf(why, "server.user: there is no user '%s' on this system", buf_c(&name));
        return NOT_FOUND;
    }
    if (initgroups(pw.pw_name, pw.pw_gid) != 0 || setresgid(pw.pw_gid, pw.pw_gid, pw.pw_gid) != 0 ||
        setresuid(pw.pw_uid, pw.pw_uid, pw.pw_uid) != 0) {
        buf_addf(why, "cannot become user '%s': %m", buf_c(&name));
        return E_UNAVAILABLE;
    }
    return OK;
}

/* ---- Landlock ---- */
enum {
    FS_READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
    FS_WRITE = FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
               LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
               LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_REFER,
    FS_ALL = (1 << 14) - 1, /* every right of ABI 2 */
    FS_TRUNCATE = 1 << 14,  /* ABI 3 */
};

static long landlock_abi(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static void allow(int ruleset, const char *path, uint64_t access)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access};
    SCOPED(scoped_close) int fd = open(path, O_PATH | O_CLOEXEC);
    rule.parent_fd = fd;
    if (fd >= 0 && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        log_warning("landlock: %s: %m", path);
}

/* Folders, not files: what is inside them is replaced by updates while we run. Those of /run are what /etc/resolv.conf may
 * lead to. */
static const char *const readable[] = {"/etc",
                                       "/usr/share/zoneinfo",
                                       "/usr/lib",
                                       "/lib",
                                       "/proc/self",
                                       "/sys/devices",
                                       "/run/systemd/resolve",
                                       "/run/resolvconf",
                                       "/run/NetworkManager"};

/* Folders beside the data that the configuration names. They must be there at start. */
static const struct {
    enum conf_key key;
    uint64_t access;
} named[] = {{CONF_SYNCML_TRACE, FS_WRITE | FS_TRUNCATE}, {CONF_SYNCML_PROFILES, FS_READ}};

static void allow_named(int ruleset, const struct conf *conf, uint64_t handled)
{
    for (size_t i = 0; i < COUNT_OF(named); i++) {
        SCOPED_BUF(path, 4096);
        if (!conf_has(conf, named[i].key))
            continue;
        buf_add(&path, conf_str(conf, named[i].key));
        allow(ruleset, buf_c(&path), named[i].access & handled);
    }
}

static enum status landlock(const struct conf *conf, struct buf *why)
{
    long abi = landlock_abi();
    if (abi < 1) {
        log_warning(
            "this kernel has no Landlock: files outside the data folder are protected by permissions alone");
        return OK;
    }
    uint64_t handled = FS_ALL;
    if (abi < 2)
        handled &= ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3)
        handled |= FS_TRUNCATE;
    struct landlock_ruleset_attr attr = {.handled_access_fs = handled};
    SCOPED(scoped_close)
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr.handled_access_fs, 0);
    if (ruleset < 0) {
        buf_addf(why, "landlock: %m");
        return E_UNAVAILABLE;
    }
    for (size_t i = 0; i < COUNT_OF(readable); i++)
        allow(ruleset, readable[i], FS_READ & handled);
    SCOPED_BUF(data, 4096);
    buf_add(&data, conf_str(conf, CONF_SERVER_DATA));
    allow_named(ruleset, conf, handled);
    allow(ruleset, buf_c(&data), (FS_WRITE | FS_TRUNCATE) & handled);
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
        buf_addf(why, "landlock: %m");
        return E_UNAVAILABLE;
    }
    return OK;
}

/* ---- seccomp: what a server of files and sockets needs; everything else fails with EPERM ---- */
static const int calls[] = {
    /* files */
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(preadv),
    SCMP_SYS(pwritev),
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(close),
    SCMP_SYS(lseek),
    SCMP_SYS(stat),
    SCMP_SYS(fstat),
    SCMP_SYS(lstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(getdents64),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getcwd),
    SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),
    SCMP_SYS(rmdir),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(link),
    SCMP_SYS(linkat),
    SCMP_SYS(truncate),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(sync_file_range),
    SCMP_SYS(flock),
    SCMP_SYS(fcntl),
    SCMP_SYS(fadvise64),
    SCMP_SYS(copy_file_range),
    SCMP_SYS(sendfile),
    SCMP_SYS(splice),
    SCMP_SYS(fchmod),
    SCMP_SYS(chmod),
    SCMP_SYS(fchmodat),
    SCMP_SYS(fchown),
    SCMP_SYS(umask),
    SCMP_SYS(utimensat),
    SCMP_SYS(memfd_create),
    SCMP_SYS(dup),
    SCMP_SYS(dup2),
    SCMP_SYS(dup3),
    SCMP_SYS(pipe2),
    SCMP_SYS(ioctl),
    /* sockets */
    SCMP_SYS(socket),
    SCMP_SYS(socketpair),
    SCMP_SYS(connect),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(bind),
    SCMP_SYS(listen),
    SCMP_SYS(shutdown),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    /* waiting */
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    SCMP_SYS(epoll_create),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(eventfd2),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(signalfd4),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(futex),
    SCMP_SYS(restart_syscall),
    /* memory, threads, time, ourselves */
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mprotect),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(msync),
    SCMP_SYS(clone),
    SCMP_SYS(clone3),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(get_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(membarrier),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_setaffinity),
    SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
    SCMP_SYS(getppid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getrandom),
    SCMP_SYS(getrusage),
    SCMP_SYS(getrlimit),
    SCMP_SYS(prlimit64),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(prctl),
    SCMP_SYS(arch_prctl),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(tgkill),
#ifdef SCAMBIO_SANITIZE
    SCMP_SYS(personality),
    SCMP_SYS(ptrace),
    SCMP_SYS(wait4),
    SCMP_SYS(kill),
    SCMP_SYS(process_vm_readv),
#endif
};

static enum status filter_calls(struct buf *why)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int code = ctx ? 0 : -ENOMEM;
    for (size_t i = 0; i < COUNT_OF(calls) && code == 0; i++)
        if (calls[i] >= 0) /* negative: not a call of this processor */
            code = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
    if (code == 0)
        code = seccomp_load(ctx);
    if (ctx)
        seccomp_release(ctx);
    if (code == -EINVAL || code == -ENOSYS) {
        log_warning("this kernel has no seccomp filters: system calls are not restricted");
        return OK;
    }
    if (code != 0) {
        buf_addf(why, "seccomp: %s", strerrordesc_np(-code));
        return E_UNAVAILABLE;
    }
    return OK;
}

enum status sandbox_enter(const struct conf *conf, struct buf *why)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        buf_addf(why, "no_new_privs: %m");
        return E_UNAVAILABLE;
    }
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    enum status st = landlock(conf, why);
    return st == OK ? filter_calls(why) : st;
}
