/* server/http_thread.h: a thread that drives one daemon of libmicrohttpd and the connections that it is given.
 *
 * The library has threads of its own, which are not used: where exactly as many events are ready as its thread fetches at once (128), that
 * thread goes to sleep with all of them in hand, until another event comes. Driven from outside it never sleeps. */
#ifndef SCAMBIO_SERVER_HTTP_THREAD_H
#define SCAMBIO_SERVER_HTTP_THREAD_H

#include "core/status.h"

#include <microhttpd.h>
#include <stddef.h>

struct http_thread;

/* Takes the daemon, which was made without thread and listening socket (MHD_USE_EPOLL, MHD_USE_ITC), also on failure. `closed` hears of each
 * descriptor that the library did not take and has closed; it is called on the thread. E_MEMORY, E_UNAVAILABLE. */
enum status http_thread_start(struct MHD_Daemon *daemon, size_t stack, void (*closed)(void *ctx, int fd),
                              void *ctx, struct http_thread **out);

/* Hands a connection over. E_BUSY: more wait than the thread has room for; the descriptor stays the caller's. */
enum status http_thread_give(struct http_thread *t, int fd);

/* MHD_resume_connection for a connection of this thread, from any thread. The library's own signal is not enough: what its last look at
 * the descriptors swallows is looked at only when it is run again. */
void http_thread_resume(struct http_thread *t, struct MHD_Connection *mhd);

/* Ends the thread, closes its connections, frees the daemon. None may be suspended. NULL is allowed. */
void http_thread_stop(struct http_thread *t);

#endif
