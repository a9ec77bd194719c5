/* server/command.h: the commands of `scambio`: one row each.
 *
 * A command runs in the serving process (over data/control.sock) or, when no server runs, in the process of
 * the caller, by the same code: it sees open files, a store and a directory, and does not know which. The
 * caller's process opens every file that the command names, so that the caller's rights decide. */
#ifndef SCAMBIO_SERVER_COMMAND_H
#define SCAMBIO_SERVER_COMMAND_H

#include "core/conf.h"
#include "directory/directory.h"
#include "store/store.h"

struct command_call {
    struct store *store;
    struct directory *dir;
    const struct conf *conf;
    const char *conf_path; /* NULL in the serving process */
    int argc;              /* without the options that all commands share */
    char **argv;           /* argv[0] is the command's last word */
    bool json, terminal;   /* --json; stderr is a terminal (progress) */
    int in, out, err;      /* descriptors of the caller */
    int *files;            /* descriptors of the FILE arguments, in order (COMMAND_FILES_*), and of -o */
    char **file_names;
    size_t file_count;
    int out_file; /* -o FILE, or -1 */
};

enum command_flags {
    COMMAND_FILES_IN = 1, /* arguments after the options are files or folders to read */
    COMMAND_DIR = 2, /* the one argument is a folder (made when missing, but for what is COMMAND_STOPPED) */
    COMMAND_OUT = 4, /* takes -o FILE */
    COMMAND_STOPPED = 8,   /* refuses to run while the server does (restore) */
    COMMAND_BESIDE = 32,   /* runs in the caller with a store to read only, beside the server when it runs */
    COMMAND_NO_STORE = 16, /* runs in the caller alone, without a store (check-config, version) */
};

struct command {
    const char *words;   /* "user app-password add" */
    const char *usage;   /* behind the words */
    const char *summary; /* one line */
    unsigned flags;
    int (*run)(struct command_call *c); /* exit status 0, 1, 2 */
};

/* The tables of cmd_*.c, joined in server/commands.c. */
extern const struct command user_commands[], device_commands[], notify_commands[], store_commands[],
    share_commands[], server_commands[], queue_commands[];

/* For commands: data to the caller's stdout, a message "scambio: what: why" to stderr. */
void say(struct command_call *c, struct str data);
int fail(struct command_call *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));                      /* returns 1 */
int usage(struct command_call *c, const struct command *which); /* returns 2 */

#endif
