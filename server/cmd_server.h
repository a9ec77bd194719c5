/* server/cmd_server.h: the commands about the server itself. */
#ifndef SCAMBIO_SERVER_CMD_SERVER_H
#define SCAMBIO_SERVER_CMD_SERVER_H

#include "server/command.h"

int cmd_help(struct command_call *c); /* commands.c: it prints the joined table */

#endif
