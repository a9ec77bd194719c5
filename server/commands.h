/* server/commands.h: the one table of commands, and how one is found and run. */
#ifndef SCAMBIO_SERVER_COMMANDS_H
#define SCAMBIO_SERVER_COMMANDS_H

#include "server/command.h"

/* The row whose words begin argv, the longest that fits; NULL. *words: how many of argv they are. */
const struct command *command_find(int argc, char **argv, int *words);

/* The commands that begin with these words (none: all, with headings), a line each and what it does. False: there are none. */
bool commands_list(struct buf *out, int argc, char **argv);

/* `scambio COMMAND --help`. Returns 0. */
int command_help(struct command_call *c, const struct command *row);

/* Whether an option ("--user", "-o") of the command takes a value, as its usage line says. */
bool command_option_takes_value(const struct command *c, const char *option);

/* Runs the command that argv names (files are in the call, not in argv). */
int command_run(struct command_call *call, int argc, char **argv);

/* The program: reads the options that all commands share, opens files, and runs in the server or here. */
int commands_main(int argc, char **argv);

#endif
