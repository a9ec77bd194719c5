/* mailcore/imap/service.h: IMAP over the store: the ops that the engine (mailcore/imap/imap.h) asks, for all sessions of a process. */
#ifndef SCAMBIO_MAILCORE_IMAP_SERVICE_H
#define SCAMBIO_MAILCORE_IMAP_SERVICE_H

#include "core/conf.h"
#include "mailcore/imap/imap.h"
#include "mailcore/mail.h"

/* What sessions have in common. It outlives them. */
struct imap_service;

/* Listens to the store's changes, so it is made before serving starts. E_MEMORY; TOO_MANY: too many listen. */
enum status imap_service_new(const struct mail_base *base, struct imap_service **out);
/* When no session is left and the store is closed. NULL is allowed. */
void imap_service_free(struct imap_service *s);

/* ctx of imap_new is the struct imap_service. */
extern const struct imap_ops imap_service_ops;

/* Settings of sessions from the configuration; see imap_settings_make. */
enum status imap_settings_new(const struct conf *conf, bool tls, struct imap_settings **out);

#endif
