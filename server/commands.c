/* server/commands.c: the joined table, and what commands say things by. */
#include "server/commands.h"

#include "server/cmd_server.h"

#include <errno.h>
#include <stdio.h>

enum { MESSAGE_MAX = 16 * 1024 };

/* In the order of the help. */
static const struct {
    const char *title;
    const struct command *rows;
} tables[] = {
    {"The server", server_commands}, {"Users, groups and aliases", user_commands},
    {"Devices", device_commands},    {NULL, notify_commands},
    {"Sharing", share_commands},     {"Mail that goes out", queue_commands},
    {"Data", store_commands},
};

/* How many words of argv the row's words are; 0 when they are not its beginning. */
static int match(const struct command *row, int argc, char **argv)
{
    struct str rest = str_c(row->words), word;
    int n = 0;
    while (str_split(&rest, ' ', &word)) {
        if (n >= argc || !str_eq(word, str_c(argv[n])))
            return 0;
        n++;
    }
    return n;
}

const struct command *command_find(int argc, char **argv, int *words)
{
    const struct command *best = NULL;
    *words = 0;
    for (size_t t = 0; t < COUNT_OF(tables); t++)
        for (const struct command *row = tables[t].rows; row->words; row++) {
            int n = match(row, argc, argv);
            if (n > *words) {
                best = row;
                *words = n;
            }
        }
    return best;
}

bool command_option_takes_value(const struct command *c, const char *option)
{
    struct str rest = str_c(c->usage), word;
    bool found = false;
    while (str_split(&rest, ' ', &word)) {
        if (found)
            return word.n && ((word.p[0] >= 'A' && word.p[0] <= 'Z') || str_chr(word, '|', 0) != SIZE_MAX ||
                              str_chr(word, ',', 0) != SIZE_MAX);
        bool closed = word.n && word.p[word.n - 1] == ']';
        while (word.n && (word.p[0] == '[' || word.p[word.n - 1] == ']'))
            word = word.p[0] == '[' ? str_from(word, 1) : str_slice(word, 0, word.n - 1);
        found = !closed && str_eq(word, str_c(option));
    }
    return false;
}

static bool write_all(int fd, struct str s)
{
    while (s.n) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno != EINTR)
            return false;
        s = str_from(s, n > 0 ? (size_t)n : 0);
    }
    return true;
}

void say(struct command_call *c, struct str data)
{
    write_all(c->out, data); /* a caller who has gone away does not hear it */
}

int fail(struct command_call *c, const char *format, ...)
{
    SCOPED_BUF(b, MESSAGE_MAX);
    va_list args;
    va_start(args, format);
    buf_addz(&b, "scambio: ");
    buf_addv(&b, format, args);
    va_end(args);
    buf_addc(&b, '\n');
    write_all(c->err, buf_view(&b));
    return 1;
}

int usage(struct command_call *c, const struct command *which)
{
    SCOPED_BUF(b, MESSAGE_MAX);
    buf_addf(&b, "usage: scambio [-c FILE] %s %s\n", which->words, which->usage);
    write_all(c->err, buf_view(&b));
    return 2;
}

int command_run(struct command_call *call, int argc, char **argv)
{
    int words;
    const struct command *row = command_find(argc, argv, &words);
    if (!row)
        return 2;
    call->argc = argc - words + 1;
    call->argv = argv + words - 1;
    return row->run(call);
}

/* ---- help ---- */

/* Does the row begin with all these words? */
static bool begins_with(const struct command *row, int argc, char **argv)
{
    struct str rest = str_c(row->words), word;
    for (int i = 0; i < argc; i++)
        if (!str_split(&rest, ' ', &word) || !str_eq(word, str_c(argv[i])))
            return false;
    return true;
}

static void describe(struct buf *b, const struct command *row)
{
    buf_addf(b, "  %s%s%s\n        %s\n", row->words, *row->usage ? " " : "", row->usage, row->summary);
}

bool commands_list(struct buf *out, int argc, char **argv)
{
    size_t before = out->n;
    for (size_t t = 0; t < COUNT_OF(tables); t++) {
        if (argc == 0 && tables[t].title)
            buf_addf(out, "\n%s\n", tables[t].title);
        for (const struct command *row = tables[t].rows; row->words; row++)
            if (begins_with(row, argc, argv))
                describe(out, row);
    }
    return out->n > before;
}

int command_help(struct command_call *c, const struct command *row)
{
    SCOPED_BUF(b, MESSAGE_MAX);
    buf_addf(&b, "usage: scambio [-c FILE] %s %s\n        %s\n", row->words, row->usage, row->summary);
    say(c, buf_view(&b));
    return 0;
}

int cmd_help(struct command_call *c)
{
    SCOPED_BUF(b, 64 * 1024);
    if (c->argc <= 1)
        buf_addz(&b, "usage: scambio [-c FILE] [--json] COMMAND …\n\n"
                     "FILE is /etc/scambio/scambio.conf when it is not given. Commands work while the server "
                     "runs, and without it.\n");
    if (!commands_list(&b, c->argc - 1, c->argv + 1)) {
        fail(c, "%s: there is no such command; `scambio help` lists them", c->argv[1]);
        return 2;
    }
    say(c, buf_view(&b));
    return 0;
}
