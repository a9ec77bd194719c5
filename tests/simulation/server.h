/* tests/simulation/server.h: the server of the simulation, whole and without sockets, in a process of its own, so that it can be killed: at
 * any moment, also between two writes of one commit. Requests go through a pair of sockets and are answered one at a time, so that a
 * seed always gives the same run. */
#ifndef SCAMBIO_TESTS_SIMULATION_SERVER_H
#define SCAMBIO_TESTS_SIMULATION_SERVER_H

#include "core/buf.h"

#include <sys/types.h>

struct server_file { /* of a store with nothing but its user */
    char name[32];
    struct buf content;
};

struct server {
    char dir[64];
    struct server_file fresh[8];
    size_t fresh_count;
    char password[128]; /* an app password of alice's */
    pid_t pid;
    int fd;
    unsigned starts;
};

#define SERVER_USER "alice@example.test"

/* In /dev/shm, with its user; started. The store is made once, and every further time copied: s is all zeros before the first. */
void server_create(struct server *s);
void server_start(struct server *s);
void server_kill(struct server *s); /* SIGKILL */
void server_stop(struct server *s); /* in good order; aborts when it cannot */
void server_remove(struct server *s);

enum server_call { SERVER_SYNCML, SERVER_DAV, SERVER_LIST, SERVER_STOP, SERVER_USER_ADD };

/* One request. SERVER_SYNCML: `body` is the message, in WBXML, `what` the query of its URL. SERVER_DAV: `body` is a request as text. SERVER_LIST: of the
 * collection `what`, every item as "href SP length LF body". `die_at`: the process is gone at that many writes to its
 * databases from now (0: it lives). The HTTP status, or 0: the server died, or is dead. */
int server_call(struct server *s, enum server_call call, struct str what, struct str body, unsigned die_at,
                struct buf *answer);

#endif
