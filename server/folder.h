/* server/folder.h: the files of a folder that a command names, for whoever may not open them himself.
 *
 * The server is confined to its own folder, and runs as another user: the caller opens what his rights allow. However many files there
 * are, one is open at a time: a process of the caller's sends each over a socket that goes to the server in the folder's place. */
#ifndef SCAMBIO_SERVER_FOLDER_H
#define SCAMBIO_SERVER_FOLDER_H

#include "core/status.h"

#include <stdbool.h>

/* The caller's side, before he gives up any rights and before he has threads. What comes out of the descriptor that is returned are
 * the files of `dir` (closed by this) whose names end so, in either case of letters, by name; and when it is a Maildir, its messages and
 * those of its subfolders, as "cur/NAME" and ".Sent/cur/NAME". `endings`: NULL at the end. -1: errno
 * says why. */
int folder_offer(int dir, const char *const *endings);

struct folder_file {
    int fd;         /* the receiver's; -1: it cannot be opened */
    char name[600]; /* without the folder */
    char why[128];  /* then: why */
};

/* Is the descriptor such a socket? */
bool folder_is(int fd);
/* NOT_FOUND: there are no more. */
enum status folder_next(int fd, struct folder_file *out);

#endif
