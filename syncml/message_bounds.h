/* syncml/message_bounds.h: the bounds of texts in a message, for who reads one. */
#ifndef SCAMBIO_SYNCML_MESSAGE_BOUNDS_H
#define SCAMBIO_SYNCML_MESSAGE_BOUNDS_H

#include "syncml/message.h"

/* INVALID with *why (in the arena): of the SyncHdr, or a CmdID, which every Status has to name. Commands and items with a text that is too
 * long lose it and their addresses, and have `bad` set. */
enum status sml_bound(struct arena *a, const struct sml_limits *l, struct sml_message *m, struct str *why);

#endif
