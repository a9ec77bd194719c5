/* server/push.h: hands a package that alerts a device to what can reach the device: a program, or a gateway that speaks HTTP.
 *
 * Runs in the process of the command, with the caller's rights: the serving process may neither start programs nor call out. */
#ifndef SCAMBIO_SERVER_PUSH_H
#define SCAMBIO_SERVER_PUSH_H

#include "core/buf.h"

struct push {
    struct str package;
    struct str media;       /* its type: application/vnd.syncml.notification */
    struct str devid, user; /* which device, and whose; the gateway knows where that is */
    struct str model;       /* "Nokia E51"; may be empty */
    struct str ca; /* PEM file of the authorities that a gateway is trusted by; STR_NONE: the system's */
    int seconds;   /* how long it may take */
};

/* Runs a program: the words of `command` (no shell reads them), then DEVID, user, media type, model; the package is its standard input. OK
 * when it exits with 0; otherwise E_UNAVAILABLE or E_TIMEOUT (it is killed), *why says it. */
enum status push_command(struct str command, const struct push *p, struct buf *why);

/* Posts the package to an http or https URL; {device} and {user} in it are replaced by the percent-encoded values, and "NAME:PASSWORD@"
 * before the host is sent as Basic. Certificates are verified against `ca`. OK for a 2xx answer; otherwise INVALID (the
 * URL, or `ca`), E_UNAVAILABLE or E_TIMEOUT. */
enum status push_url(struct str url, const struct push *p, struct buf *why);

#endif
