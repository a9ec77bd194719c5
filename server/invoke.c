/* server/invoke.c: a command as the shell gives it: options, files opened with the caller's rights, then the server or here. */
#include "server/commands.h"

#include "core/log.h"
#include "server/control.h"
#include "server/folder.h"
#include "server/listen.h"
#include "server/sandbox.h"
#include "server/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define DEFAULT_CONF "/etc/scambio/scambio.conf"

struct invocation {
    struct command_call call;
    const struct command *row;
    int words;   /* of argv are the command's name */
    int argc;    /* without the shared options, files, and -o */
    char **argv; /* as many places as the shell gave */
};

/* ---- the shell's words ---- */
static void shared_options(struct invocation *v, int argc, char **argv)
{
    v->call.conf_path = DEFAULT_CONF;
    for (int i = 1; i < argc; i++) {
        if (v->argc == 0 && strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            v->call.conf_path = argv[++i];
        else if (strcmp(argv[i], "--json") == 0)
            v->call.json = true;
        else if (v->argc == 0 && strcmp(argv[i], "--version") == 0)
            v->argv[v->argc++] = unconst("version");
        else if (v->argc == 0 && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0))
            v->argv[v->argc++] = unconst("help");
        else
            v->argv[v->argc++] = argv[i];
    }
}

static int open_folder(struct command_call *c, const char *name, bool make)
{
    if (make && mkdir(name, 0700) != 0 && errno != EEXIST)
        return fail(c, "%s: %m", name);
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(c, "%s: %m", name);
    c->files[c->file_count] = fd;
    c->file_names[c->file_count++] = unconst(name);
    return 0;
}

static int open_input(struct command_call *c, const char *name)
{
    static const char *const endings[] = {".ics", ".vcf", ".eml", ".mbox", NULL};
    struct stat info;
    int fd = strcmp(name, "-") == 0 ? fcntl(c->in, F_DUPFD_CLOEXEC, 3) : open(name, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISDIR(info.st_mode))
        fd = folder_offer(fd, endings);
    if (fd < 0)
        return fail(c, "%s: %m", name);
    c->files[c->file_count] = fd;
    c->file_names[c->file_count++] = unconst(name);
    return 0;
}

static int open_output(struct command_call *c, const char *name)
{
    c->out_file = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return c->out_file >= 0 ? 0 : fail(c, "%s: %m", name);
}

/* Opens what the command names, and takes it out of argv. */
static int open_files(struct invocation *v)
{
    struct command_call *c = &v->call;
    int kept = v->words, code = 0;
    for (int i = v->words; i < v->argc && !code; i++) {
        char *word = v->argv[i];
        bool option = word[0] == '-' && word[1];
        if ((v->row->flags & COMMAND_OUT) && strcmp(word, "-o") == 0 && i + 1 < v->argc) {
            code = open_output(c, v->argv[++i]);
        } else if (option) {
            v->argv[kept++] = word;
            if (command_option_takes_value(v->row, word) && i + 1 < v->argc)
                v->argv[kept++] = v->argv[++i];
        } else if (v->row->flags & COMMAND_FILES_IN) {
            code = c->file_count < CONTROL_FILES ? open_input(c, word)
                                                 : fail(c, "more than %d files", CONTROL_FILES);
        } else if ((v->row->flags & COMMAND_DIR) && c->file_count == 0) {
            code = open_folder(c, word, !(v->row->flags & COMMAND_STOPPED)); /* what is restored is there */
        } else {
            v->argv[kept++] = word;
        }
    }
    v->argc = kept;
    return code;
}

/* ---- where it runs ---- */
static bool server_listens(const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if (n >= sizeof un.sun_path)
        return false;
    memcpy(un.sun_path, path, n + 1);
    SCOPED(scoped_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&un, sizeof un) == 0;
}

static int run_with_store(struct invocation *v)
{
    struct command_call *c = &v->call;
    SCOPED_BUF(why, 4096);
    struct directory_config config = {.conf = c->conf};
    enum status st = serve_open_store(c->conf, &c->store, &why);
    if (st == OK)
        st = directory_open(c->store, &config, &c->dir, &why);
    int code = 1;
    if (st == OK)
        code = command_run(c, v->argc, v->argv);
    else
        fail(c, "%.*s: %s", STR_ARG(conf_str(c->conf, CONF_SERVER_DATA)),
             why.n ? buf_c(&why) : status_text(st));
    directory_close(c->dir);
    store_close(c->store);
    return code;
}

/* With the caller's own rights: the server is confined to its data folder and cannot write where the caller can. */
static int run_beside(struct invocation *v)
{
    struct command_call *c = &v->call;
    SCOPED_BUF(why, 4096);
    log_setup(LOG_LEVEL_WARNING, false, 2);
    enum status st = serve_open_beside(c->conf, &c->store, &why);
    int code = st == OK ? command_run(c, v->argc, v->argv)
                        : fail(c, "%s: %s", v->row->words, why.n ? buf_c(&why) : status_text(st));
    store_close(c->store);
    return code;
}

/* No server: the same code, as the user that the server would be. */
static int run_here(struct invocation *v)
{
    SCOPED_BUF(why, 4096);
    log_setup(LOG_LEVEL_WARNING, false, 2);
    if (data_folder(v->call.conf, &why) != OK || sandbox_user(v->call.conf, &why) != OK)
        return fail(&v->call, "%s", buf_c(&why));
    if (v->row->flags & COMMAND_NO_STORE)
        return command_run(&v->call, v->argc, v->argv);
    return run_with_store(v);
}

static int run_somewhere(struct invocation *v)
{
    SCOPED_ARENA(a, 16 * 1024);
    struct str path = control_path(v->call.conf, &a);
    int code;
    if (!path.p)
        return fail(&v->call, "out of memory");
    if (v->row->flags & COMMAND_STOPPED)
        return server_listens(path.p)
                   ? fail(&v->call, "%s: the server is running; stop it first", v->row->words)
                   : run_here(v);
    if (v->row->flags & COMMAND_BESIDE)
        return run_beside(v);
    return control_call(path.p, &v->call, v->argc, v->argv, &code) ? code : run_here(v);
}

static int run_configured(struct invocation *v)
{
    SCOPED_BUF(mistakes, 1 << 20);
    struct conf *conf = NULL;
    enum status st = conf_load(v->call.conf_path, &conf, &mistakes);
    int code;
    if (st != OK) {
        code = fail(&v->call, "%.*s",
                    STR_ARG(mistakes.n ? str_trim(buf_view(&mistakes)) : str_c(status_text(st))));
    } else {
        v->call.conf = conf;
        code = open_files(v);
        if (!code)
            code = run_somewhere(v);
    }
    conf_unref(conf);
    return code;
}

static bool asks_help(const struct invocation *v)
{
    for (int i = v->words; i < v->argc; i++)
        if (strcmp(v->argv[i], "--help") == 0)
            return true;
    return false;
}

/* "user": half a command; "usr": none. */
static int no_command(struct invocation *v)
{
    SCOPED_BUF(list, 64 * 1024);
    int words = v->argc;
    while (words > 0 && !commands_list(&list, words, v->argv))
        words--;
    if (v->argc == 0)
        fail(&v->call, "which command? `scambio help` lists them");
    else if (words == 0)
        fail(&v->call, "%s: there is no such command; `scambio help` lists them", v->argv[0]);
    else
        fail(&v->call, "%s: which of these?\n%.*s", v->argv[words - 1],
             STR_ARG(str_slice(buf_view(&list), 0, list.n - 1)));
    return 2;
}

static int run_invocation(struct invocation *v)
{
    v->row = command_find(v->argc, v->argv, &v->words);
    if (!v->row)
        return no_command(v);
    if (asks_help(v))
        return command_help(&v->call, v->row);
    if ((v->row->flags & (COMMAND_NO_STORE | COMMAND_STOPPED)) != COMMAND_NO_STORE)
        return run_configured(v);
    if (v->argc != v->words && !*v->row->usage)
        return usage(&v->call, v->row);
    return command_run(&v->call, v->argc, v->argv);
}

int commands_main(int argc, char **argv)
{
    struct invocation v = {.call = {.in = 0, .out = 1, .err = 2, .out_file = -1, .terminal = isatty(2)}};
    signal(SIGPIPE, SIG_IGN);
    umask(077);
    v.argv = calloc((size_t)argc + 1, sizeof *v.argv);
    v.call.files = calloc((size_t)argc + 1, sizeof *v.call.files);
    v.call.file_names = calloc((size_t)argc + 1, sizeof *v.call.file_names);
    int code = 1;
    if (v.argv && v.call.files && v.call.file_names) {
        shared_options(&v, argc, argv);
        code = run_invocation(&v);
    }
    for (size_t i = 0; i < v.call.file_count; i++)
        close(v.call.files[i]);
    if (v.call.out_file >= 0 && close(v.call.out_file) != 0 && code == 0)
        code = fail(&v.call, "writing: %m");
    free(v.argv);
    free(v.call.files);
    free(v.call.file_names);
    return code;
}
