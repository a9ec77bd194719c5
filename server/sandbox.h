/* server/sandbox.h: what the serving process gives up before it reads a byte from the network. */
#ifndef SCAMBIO_SERVER_SANDBOX_H
#define SCAMBIO_SERVER_SANDBOX_H

#include "core/buf.h"
#include "core/conf.h"

/* Makes the data folder when it is missing, and gives it to server.user. */
enum status data_folder(const struct conf *conf, struct buf *why);

/* Becomes server.user, when started as root and one is configured. */
enum status sandbox_user(const struct conf *conf, struct buf *why);

/* No core dumps, descriptors for every connection, no new privileges, Landlock (read and write below `data`, read where the
 * system's own data is), seccomp (no exec, no ptrace, no mounts…). Before threads start: they inherit it. What the kernel
 * does not have is warned about; what it refuses is an error. */
enum status sandbox_enter(const struct conf *conf, struct buf *why);

/* The limit of open files for the connections that are configured; as root it can be raised. */
void sandbox_limits(const struct conf *conf);

#endif
