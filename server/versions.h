/* server/versions.h: which version this is, and which libraries it runs with. */
#ifndef SCAMBIO_SERVER_VERSIONS_H
#define SCAMBIO_SERVER_VERSIONS_H

#include "core/buf.h"

/* A line each, or one JSON object. */
void versions_write(struct buf *b, bool json);

#endif
