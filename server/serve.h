/* server/serve.h: the serving process: store, directory, HTTP, commands; confined, and replaceable at any moment.
 *
 * The supervisor forks it and gives it what only it could open. Over the channel (a socket pair of whole messages) the process
 * says SERVE_READY once every listener accepts, and gets a struct serve_reload with descriptors on SIGHUP. The channel's end
 * means that the supervisor is gone: the process drains, as on SIGTERM. */
#ifndef SCAMBIO_SERVER_SERVE_H
#define SCAMBIO_SERVER_SERVE_H

#include "server/listen.h"
#include "server/set_aside.h"
#include "store/store.h"

enum { SERVE_READY = 'R', SERVE_RELOADED = 'L' };
enum { SERVE_CANNOT_START = 78 }; /* exit status: starting it again would be no use */

struct serve {
    struct conf *conf;
    const char *conf_path;
    struct listeners *listeners;
    struct str certificate, key; /* PEM; STR_NONE without HTTPS */
    void *login_memory;          /* LOGIN_CACHE_BYTES */
    struct set_aside *aside;
    int channel;
};

struct
    serve_reload { /* followed by descriptors: configuration, certificate, key (memfds), then the listeners' */
    uint32_t count;
    uint32_t certified;
    struct listener listener[LISTENERS_MAX]; /* fd is that of the descriptor in the message */
};
enum { RELOAD_CONF, RELOAD_CERTIFICATE, RELOAD_KEY, RELOAD_LISTENERS };

/* The process's whole life; its exit status. */
int serve_run(struct serve *s);

/* The store of a configuration, with its limits: for the serving process, and for commands when none runs. */
enum status serve_open_store(const struct conf *conf, struct store **out, struct buf *why);
/* To read only, beside a server that runs or with none. */
enum status serve_open_beside(const struct conf *conf, struct store **out, struct buf *why);

#endif
