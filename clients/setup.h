/* clients/setup.h: set-up help for people and their programs: the /setup page (English, Italian), its QR code, .mobileconfig. */
#ifndef SCAMBIO_CLIENTS_SETUP_H
#define SCAMBIO_CLIENTS_SETUP_H

#include "core/conf.h"
#include "core/http.h"

/* Answers /, /setup, /setup/…: public, no log-in. Always finishes. */
void setup_handle(const struct conf *conf, struct http_txn *t);

#endif
