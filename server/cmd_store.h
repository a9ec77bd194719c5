/* server/cmd_store.h: the commands on what the store holds; their rows are in cmd_store.c. Each returns an exit status. */
#ifndef SCAMBIO_SERVER_CMD_STORE_H
#define SCAMBIO_SERVER_CMD_STORE_H

#include "server/cmd_common.h"

int cmd_import(struct command_call *c);
int cmd_export(struct command_call *c);
int cmd_doctor(struct command_call *c);

#endif
