/* server/listen.h: the listening sockets: bound by the supervisor, or handed over by systemd, and kept over every restart. */
#ifndef SCAMBIO_SERVER_LISTEN_H
#define SCAMBIO_SERVER_LISTEN_H

#include "core/buf.h"
#include "core/conf.h"

enum { LISTENERS_MAX = 64 };

enum listener_role {
    LISTENER_CONTROL,
    LISTENER_HTTP,
    LISTENER_HTTPS,
    LISTENER_SMTP,
    LISTENER_SUBMISSION,
    LISTENER_SUBMISSIONS,
    LISTENER_LMTP,
    LISTENER_IMAP,
    LISTENER_IMAPS,
    LISTENER_POP3,
    LISTENER_POP3S,
    LISTENER_ROLES
};

/* What [listen] says of a role. */
struct listener_row {
    const char *name;
    enum conf_key key;
    bool tls;  /* a certificate is of use there */
    bool mail; /* a line protocol (server/line.h) */
};
extern const struct listener_row
    listener_rows[LISTENER_ROLES]; /* name NULL: not configured, as LISTENER_CONTROL */

/* Does any listener of the configuration speak TLS? */
bool listeners_tls(const struct conf *conf);
/* Does any listener of the configuration take mail connections? */
bool listeners_mail(const struct conf *conf);

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
