/* server/control.h: the control socket: commands of the administrator, run inside the serving process.
 *
 * One connection, one command. The caller sends a frame (four bytes of length, big-endian, then JSON) with descriptors:
 *
 *   {"argv": ["user", "list"], "json": false, "terminal": true, "names": ["a.ics"], "files": 1, "out": false}
 *   descriptors: stdin, stdout, stderr, the files, and that of -o when "out" is true; more frames
 *   {"more": true} with descriptors come first when there are more than one message takes.
 *
 * Data and messages go straight to the caller's descriptors; the answer is a frame {"exit": 0}. Who may: root, and the user
 * that the server runs as (SO_PEERCRED). Each command has a thread, at most CONTROL_COMMANDS at a time. */
#ifndef SCAMBIO_SERVER_CONTROL_H
#define SCAMBIO_SERVER_CONTROL_H

#include "core/loop.h"
#include "server/command.h"

enum { CONTROL_COMMANDS = 8, CONTROL_FRAME = 1 << 20, CONTROL_FILES = 4096 };

struct control;

enum status control_new(struct loop *loop, struct store *store, struct directory *dir, struct conf *conf,
                        struct control **out);
void control_free(struct control *c); /* when idle */

enum status control_listen(struct control *c, int fd); /* fd stays the caller's */
void control_unlisten(struct control *c);
void control_reload(struct control *c, struct conf *conf);
bool control_idle(struct control *c);

/* The caller's side: runs the command in the server at `path`. False: nobody listens there. *exit_status is set otherwise. */
bool control_call(const char *path, const struct command_call *call, int argc, char **argv, int *exit_status);

#endif
