/* core/file.h: whole small files: configuration, keys. Paths come from the configuration, never from clients.
 */
#ifndef SCAMBIO_CORE_FILE_H
#define SCAMBIO_CORE_FILE_H

#include "core/buf.h"

/* Appends the file to `out`, which must hold it within `max` bytes. NOT_FOUND, TOO_LARGE, E_IO; `why`: "PATH:
 * reason". */
enum status file_read(struct str path, size_t max, struct buf *out, struct buf *why);

/* Replaces the file as a whole: it has the old content or the new one, and the new one is on disk when this
 * returns. */
enum status file_write(struct str path, struct str content, unsigned mode, struct buf *why);

#endif
