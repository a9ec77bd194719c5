/* server/cmd_user.h: what the commands about users, groups and aliases share. For cmd_user.c, cmd_app.c and cmd_group.c. */
#ifndef SCAMBIO_SERVER_CMD_USER_H
#define SCAMBIO_SERVER_CMD_USER_H

#include "server/cmd_common.h"

/* ---- who is meant ---- */
/* 0: found; otherwise it has been said and is the exit status. Deleted users are found with `deleted` only. */
int find_principal(struct command_call *c, struct arena *a, const char *address, bool deleted,
                   struct principal *out);
int find_user(struct command_call *c, struct arena *a, const char *address, bool deleted,
              struct principal *out);

/* fail() with what a status means; `why` (may be empty) goes before the phrase of the status. */
int fail_with(struct command_call *c, const char *what, enum status st, const struct buf *why);

/* ---- output ---- */
struct json_t;
/* Says the object or array with a line feed, and gives the reference back. */
int say_json(struct command_call *c, struct json_t *j);
struct json_t *json_str(struct str s);                            /* a JSON string; null for STR_NONE */
void say_time(struct buf *b, int64_t seconds, const char *never); /* 2026-01-31T12:00:00Z, or `never` for 0 */

/* ---- commands in the other files; their rows are in cmd_user.c ---- */
int cmd_app_add(struct command_call *c);
int cmd_app_list(struct command_call *c);
int cmd_app_revoke(struct command_call *c);
int cmd_alias_add(struct command_call *c);
int cmd_alias_delete(struct command_call *c);
int cmd_alias_list(struct command_call *c);
int cmd_group_add(struct command_call *c);
int cmd_group_delete(struct command_call *c);
int cmd_group_list(struct command_call *c);
int cmd_group_member_add(struct command_call *c);
int cmd_group_member_remove(struct command_call *c);

/* usage() of the row of user_commands that runs `run`. */
int wrong_usage(struct command_call *c, int (*run)(struct command_call *c));

#endif
