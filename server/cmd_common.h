/* server/cmd_common.h: what the commands of cmd_*.c share: their arguments, users and collections by name, times, lists. */
#ifndef SCAMBIO_SERVER_CMD_COMMON_H
#define SCAMBIO_SERVER_CMD_COMMON_H

#include "server/command.h"
#include "store/collection.h"

enum { CMD_OPTIONS = 8, CMD_REST = 64, WORDS_MAX = 256 };

/* ---- options ---- */
struct option_value {
    const char *name; /* "--label"; an '=' behind it does not count */
    struct str value; /* STR_NONE: not given; of a flag: "" */
    bool flag;        /* takes no value */
};
/* Sorts c->argv[1…] into options ("--label TEXT", "--label=TEXT", "--flag") and plain arguments (words[0 … *count-1], WORDS_MAX places);
 * behind "--" all are plain. False, and it has been said: an unknown option, one without its value, too many words. */
bool take_options(struct command_call *c, struct option_value *options, size_t option_count, char **words,
                  size_t *count);

struct cmd_args {
    struct str
        option[CMD_OPTIONS];   /* by the order of `names`; STR_NONE: not given; a flag that is given: "" */
    struct str rest[CMD_REST]; /* what is no option */
    size_t rest_count;
};

/* The same with the names alone: `names` are "--user=" (takes a value, also as --user=VALUE) or "--list" (a flag), NULL at the end. False after a
 * message: the caller returns 2. */
bool cmd_args(struct command_call *c, const char *const *names, struct cmd_args *out);

/* One row of a table, by its words; for usage(). */
const struct command *cmd_row(const struct command *table, const char *words);

/* The user (or group) of an address; false after a message. Strings in the arena. */
bool cmd_user(struct command_call *c, struct tx *tx, struct arena *a, struct str address,
              struct principal *out);

/* "ADDRESS/SLUG"; false after a message. */
bool cmd_collection(struct command_call *c, struct tx *tx, struct arena *a, struct str path,
                    struct principal *owner, struct collection *out);

/* "2h", "7d" ago, or "2026-01-31", "2026-01-31T10:00[:00][Z]" (UTC). */
bool cmd_time(struct str text, int64_t now, int64_t *out);
void cmd_time_write(struct buf *b, int64_t seconds); /* 2026-01-31T10:00:00Z */

/* Words for a collection: calendar, tasks, notes, addressbook. */
const char *cmd_kind(const struct collection *c);

/* Lists: columns as text with tabs, or with --json an array of objects. */
struct cmd_list {
    struct command_call *call;
    const char *const *columns; /* NULL at the end */
    struct buf out;
    size_t rows;
};
void cmd_list_begin(struct cmd_list *l, struct command_call *c, const char *const *columns);
void cmd_list_row(struct cmd_list *l, const struct str *values); /* as many as columns */
int cmd_list_end(struct cmd_list *l);                            /* 0, or 1 after a message */

#endif
