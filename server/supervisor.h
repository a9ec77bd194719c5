/* server/supervisor.h: the small process that stays: it reads what needs rights, holds the listening sockets, and keeps a
 * serving process running.
 *
 *   starting ──ready──▶ serving ──SIGTERM──▶ stopping ──▶ exit 0
 *                        │   ▲
 *                      death └── again at once; from the fifth death in a minute on after 1, 2, 4 … 30 seconds
 *
 * A process that says that it cannot start (SERVE_CANNOT_START) is not started again before anything has changed: the first
 * time the supervisor gives up; later it waits like after many deaths. */
#ifndef SCAMBIO_SERVER_SUPERVISOR_H
#define SCAMBIO_SERVER_SUPERVISOR_H

/* Serves until SIGTERM or SIGINT; the exit status of the program. */
int supervisor_run(const char *conf_path);

#endif
