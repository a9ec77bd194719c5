/* server/commands.c: the joined table, and what commands say things by. */
#include "server/commands.h"

#include "server/cmd_server.h"

#include <errno.h>
#include <stdio.h>

enum { MESSAGE_MAX = 16 * 1024 };

static const struct command *const tables[] = {
    server_commands, user_commands, device_commands, notify_commands, store_commands, share_commands, NULL};

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
    for (size_t t = 0; tables[t]; t++)
        for (const struct command *row = tables[t]; row->words; row++) {
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

static void list_table(struct buf *b, const struct command *rows)
{
    for (; rows->words; rows++)
        buf_addf(b, "  %s%s%s\n        %s\n", rows->words, *rows->usage ? " " : "", rows->usage,
                 rows->summary);
}

int cmd_help(struct command_call *c)
{
    SCOPED_BUF(b, 64 * 1024);
    buf_addz(&b, "usage: scambio [-c FILE] [--json] COMMAND …\n\n"
                 "FILE is /etc/scambio/scambio.conf when it is not given. Commands work while the server "
                 "runs, and without it.\n\n");
    for (size_t t = 0; tables[t]; t++)
        list_table(&b, tables[t]);
    say(c, buf_view(&b));
    return 0;
}
