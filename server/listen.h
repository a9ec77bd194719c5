/* server/listen.h: the listening sockets: bound by the supervisor, or handed over by systemd, and kept over every restart. */
#ifndef SCAMBIO_SERVER_LISTEN_H
#define SCAMBIO_SERVER_LISTEN_H

#include "core/buf.h"
#include "core/conf.h"

enum { LISTENERS_MAX = 64 };

enum listener_role { LISTENER_HTTP, LISTENER_HTTPS, LISTENER_CONTROL, LISTENER_LMTP, LISTENER_ROLES };

struct listener {
    int fd;
    enum listener_role role;
    char where[112]; /* as configured; a path for a local socket */
};

struct listeners {
    struct listener at[LISTENERS_MAX];
    size_t count;
};

/* Opens what the configuration names. What `old` (NULL: nothing) has already is taken over from there (its fd becomes -1),
 * so that no connection is refused in between; so are the sockets of systemd (LISTEN_FDS). On failure `old` is whole again
 * and `why` says which address and why. */
enum status listeners_open(const struct conf *conf, struct listeners *old, struct listeners *out,
                           struct buf *why);

/* Closes all; local sockets are removed from the file system. */
void listeners_close(struct listeners *l);

/* data/control.sock of a configuration. */
struct str control_path(const struct conf *conf, struct arena *a);

#endif
