/* server/notify.h: tells systemd how far we are (sd_notify(3)); nothing happens without NOTIFY_SOCKET. */
#ifndef SCAMBIO_SERVER_NOTIFY_H
#define SCAMBIO_SERVER_NOTIFY_H

/* "READY=1", "RELOADING=1\nMONOTONIC_USEC=…", "STOPPING=1". */
void notify_service(const char *state);

#endif
