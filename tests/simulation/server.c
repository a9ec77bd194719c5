/* tests/simulation/server.c: the simulated server's process; see server.h. */
#include "tests/simulation/server.h"
#include "store/item.h"
#include "syncml/syncml.h"
#include "tests/unit/dav_engine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct frame {
    uint32_t call, die_at, what, body;
};
struct reply {
    int32_t status;
    uint32_t n;
};

enum { LARGEST = 64 << 20 };

/* ---- bytes over the pair of sockets ---- */

static bool send_all(int fd, const void *p, size_t n)
{
    const char *at = p;
    while (n) {
        ssize_t k = send(fd, at, n, MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        at += k;
        n -= (size_t)k;
    }
    return true;
}

static bool read_all(int fd, void *p, size_t n)
{
    char *at = p;
    while (n) {
        ssize_t k = read(fd, at, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        at += k;
        n -= (size_t)k;
    }
    return true;
}

/* ---- inside the server ---- */

struct inside {
    struct world world;
    struct syncml_sessions *sessions;
    struct syncml *syncml;
};

static atomic_int writes_left; /* 0: no end is set */
static ssize_t (*real_pwrite)(int fd, const void *p, size_t n, off_t at);

/* The last write is torn in the middle: what a process that dies leaves behind. */
static ssize_t dying_pwrite(int fd, const void *p, size_t n, off_t at)
{
    if (atomic_load(&writes_left) && atomic_fetch_sub(&writes_left, 1) == 1) {
        real_pwrite(fd, p, n / 2, at);
        raise(SIGKILL);
    }
    return real_pwrite(fd, p, n, at);
}

static void hook_writes(void)
{
    static const char *const names[] = {"pwrite", "pwrite64"};
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        sqlite3_syscall_ptr real = vfs->xGetSystemCall(vfs, names[i]), ours;
        ssize_t (*mine)(int, const void *, size_t, off_t) = dying_pwrite;
        if (!real)
            continue;
        memcpy(&real_pwrite, &real, sizeof real);
        memcpy(&ours, &mine, sizeof ours);
        vfs->xSetSystemCall(vfs, names[i], ours);
    }
}

static int handle_syncml(struct inside *in, struct str query, struct str body, struct buf *answer)
{
    SCOPED_EXCHANGE(x) = exchange_try(STR("POST /syncml\n\n"));
    MUST(x != NULL);
    struct http_header header = {STR("Content-Type"), STR("application/vnd.syncml+wbxml")};
    x->t.req.headers = &header;
    x->t.req.header_count = 1;
    x->t.req.body = body;
    x->t.req.query = query.n ? query : STR_NONE;
    syncml_handle(in->syncml, &x->t, true);
    exchange_wait(x);
    buf_add(answer, answer_body(x));
    return x->t.resp.status;
}

static enum status list_item(void *ctx, const struct item *item, struct str body)
{
    struct buf *answer = ctx;
    buf_addf(answer, "%.*s %zu\n%.*s", STR_ARG(item->name), body.n, STR_ARG(body));
    return answer->st;
}

static int list(struct inside *in, struct str name, struct buf *answer)
{
    struct login login;
    struct collection c;
    SCOPED_ARENA(a, 1 << 20);
    world_login(&in->world, &a, SERVER_USER, &login);
    SCOPED_READ(tx, in->world.store);
    MUST(tx != NULL);
    MUST(collection_find(tx, &a, &login.actor, login.actor.id, 0, name, &c) == OK);
    MUST(item_each(tx, &login.actor, c.id, true, list_item, answer) == OK);
    return 200;
}

static int add_user(struct inside *in, struct buf *answer)
{
    int64_t id = world_user(&in->world, SERVER_USER, "Alice");
    MUST(app_password_add(in->world.directory, id, STR("phone"), SCOPE_SYNCML, 0, answer) == OK);
    return 200;
}

static int handle(struct inside *in, enum server_call call, struct str what, struct str body,
                  struct buf *answer)
{
    switch (call) {
    case SERVER_SYNCML:
        return handle_syncml(in, what, body, answer);
    case SERVER_DAV: {
        SCOPED_EXCHANGE(x) = ask(&in->world, SERVER_USER, body);
        buf_add(answer, answer_body(x));
        return x->t.resp.status;
    }
    case SERVER_LIST:
        return list(in, what, answer);
    case SERVER_USER_ADD:
        return add_user(in, answer);
    case SERVER_STOP:
        break;
    }
    return 0;
}

static void open_inside(struct inside *in, const char *dir)
{
    *in = (struct inside){0};
    hook_writes();
    world_open_zoned(&in->world, dir, 1, NULL, "/usr/share/zoneinfo/Etc"); /* all are looked at, each time */
    MUST(syncml_sessions_new(in->world.store, in->world.directory, &in->sessions) == OK);
    MUST(syncml_new(in->sessions, in->world.conf, &in->syncml) == OK);
}

static void close_inside(struct inside *in)
{
    syncml_free(in->syncml);
    syncml_sessions_free(in->sessions);
    world_close(&in->world);
}

/* Serves until it is told to stop, or the simulation is gone. */
static void serve(int fd, const char *dir)
{
    struct inside in;
    struct frame f;
    open_inside(&in, dir);
    while (read_all(fd, &f, sizeof f) && f.call != SERVER_STOP) {
        SCOPED_BUF(data, LARGEST);
        SCOPED_BUF(answer, LARGEST);
        char *at = buf_reserve(&data, (size_t)f.what + f.body);
        if (!at || !read_all(fd, at, (size_t)f.what + f.body))
            break;
        atomic_store(&writes_left, (int)f.die_at);
        struct reply r = {.status = handle(&in, (enum server_call)f.call, str_n(at, f.what),
                                           str_n(at + f.what, f.body), &answer)};
        atomic_store(&writes_left, 0);
        r.n = (uint32_t)answer.n;
        if (answer.st || !send_all(fd, &r, sizeof r) || !send_all(fd, buf_c(&answer), answer.n))
            break;
    }
    close_inside(&in);
}

/* ---- outside of it ---- */

void server_start(struct server *s)
{
    int pair[2];
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    fflush(NULL);
    s->starts++;
    s->pid = fork();
    MUST(s->pid >= 0);
    if (s->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(pair[0]);
        serve(pair[1], s->dir);
        _exit(0);
    }
    close(pair[1]);
    s->fd = pair[0];
}

static int bury(struct server *s)
{
    int status = 0;
    if (s->fd < 0)
        return 0;
    close(s->fd);
    s->fd = -1;
    MUST(waitpid(s->pid, &status, 0) == s->pid);
    return status;
}

void server_kill(struct server *s)
{
    if (s->fd >= 0)
        kill(s->pid, SIGKILL);
    bury(s);
}

void server_stop(struct server *s)
{
    struct frame f = {.call = SERVER_STOP};
    if (s->fd < 0)
        return;
    MUST(send_all(s->fd, &f, sizeof f));
    int status = bury(s);
    MUST(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void server_remove(struct server *s)
{
    if (!s->dir[0])
        return;
    server_kill(s);
    nftw(s->dir, world_unlink, 16, FTW_DEPTH | FTW_PHYS);
    for (size_t i = 0; i < s->fresh_count; i++)
        buf_free(&s->fresh[i].content);
}

int server_call(struct server *s, enum server_call call, struct str what, struct str body, unsigned die_at,
                struct buf *answer)
{
    struct frame f = {(uint32_t)call, die_at, (uint32_t)what.n, (uint32_t)body.n};
    struct reply r;
    if (s->fd < 0)
        return 0;
    if (send_all(s->fd, &f, sizeof f) && send_all(s->fd, what.p ? what.p : "", what.n) &&
        send_all(s->fd, body.p ? body.p : "", body.n) && read_all(s->fd, &r, sizeof r)) {
        char *at = buf_reserve(answer, r.n + 1);
        if (at && read_all(s->fd, at, r.n)) {
            buf_commit(answer, r.n);
            return r.status;
        }
    }
    int status = bury(s);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
        fprintf(stderr, "the server died by itself (%d)\n", status);
        abort();
    }
    return 0;
}

/* ---- its store ---- */

static void keep_file(struct server *s, const char *name, const char *path)
{
    FILE *f = fopen(path, "r");
    MUST(f != NULL && s->fresh_count < COUNT_OF(s->fresh));
    struct server_file *file = &s->fresh[s->fresh_count++];
    MUST(snprintf(file->name, sizeof file->name, "%s", name) < (int)sizeof file->name);
    file->content = BUF_INIT(LARGEST);
    char piece[65536];
    for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
        buf_add(&file->content, str_n(piece, n));
    MUST(!ferror(f) && file->content.st == OK);
    fclose(f);
}

/* `fn` for each file that lies in the folder itself. What the samples hold is too small for a blob. */
static void each_file(struct server *s, void (*fn)(struct server *s, const char *name, const char *path))
{
    char path[sizeof s->dir + 300];
    struct dirent *e;
    struct stat st;
    DIR *d = opendir(s->dir);
    MUST(d != NULL);
    while ((e = readdir(d))) {
        snprintf(path, sizeof path, "%s/%s", s->dir, e->d_name);
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
            fn(s, e->d_name, path);
    }
    closedir(d);
}

static void drop_file(struct server *s, const char *name, const char *path)
{
    (void)s, (void)name;
    MUST(unlink(path) == 0);
}

static void make_store(struct server *s)
{
    SCOPED_BUF(answer, 4096);
    s->fd = -1;
    snprintf(s->dir, sizeof s->dir, "/dev/shm/scambio-simulation-XXXXXX");
    MUST(mkdtemp(s->dir) != NULL);
    server_start(s);
    MUST(server_call(s, SERVER_USER_ADD, STR(""), STR(""), 0, &answer) == 200);
    snprintf(s->password, sizeof s->password, "%s", buf_c(&answer));
    server_stop(s);
    each_file(s, keep_file);
}

static void copy_store(struct server *s)
{
    each_file(s, drop_file);
    for (size_t i = 0; i < s->fresh_count; i++) {
        struct buf *content = &s->fresh[i].content;
        char path[sizeof s->dir + sizeof s->fresh[i].name + 1];
        snprintf(path, sizeof path, "%s/%s", s->dir, s->fresh[i].name);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        MUST(fd >= 0 && write(fd, buf_c(content), content->n) == (ssize_t)content->n);
        close(fd);
    }
}

void server_create(struct server *s)
{
    if (s->fresh_count)
        copy_store(s);
    else
        make_store(s);
    s->starts = 0;
    server_start(s);
}
