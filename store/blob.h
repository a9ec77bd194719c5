/* store/blob.h: bodies too large for the database: files named by their SHA-256, written once, shared by all
 * who have the same bytes. blobs/XX/HASH, XX the first byte; all 256 folders exist from the start.
 *
 * A file is complete under its name or not there: temporary name, write, fdatasync, rename, fsync of the
 * folder. A blob is pinned from before it is looked for until the row that names it is committed (or the
 * write was given up); the sweep removes only what is not pinned. */
#ifndef SCAMBIO_STORE_BLOB_H
#define SCAMBIO_STORE_BLOB_H

#include "core/hash.h"
#include "store/store.h"

enum status blobs_open(struct store *s, struct buf *why);
void blobs_close(struct store *s);

/* Pins the blob and makes its file durable. On success the caller owes a blob_unpin. */
enum status blob_put(struct store *s, const unsigned char hash[SHA256_SIZE], struct str body);
/* Pins a blob that a row names already. On success the caller owes a blob_unpin. */
enum status blob_hold(struct store *s, const unsigned char hash[SHA256_SIZE]);
void blob_unpin(struct store *s, const unsigned char hash[SHA256_SIZE]);

/* Appends the whole file. E_CORRUPT when it is missing or not `size` bytes long. */
enum status blob_read(struct store *s, const unsigned char hash[SHA256_SIZE], size_t size, struct buf *out);

/* Appends the `count` bytes from `from` on, less at the end. E_CORRUPT as above. */
enum status blob_read_range(struct store *s, const unsigned char hash[SHA256_SIZE], size_t size, size_t from,
                            size_t count, struct buf *out);

/* Removes the file when nobody has it pinned (EXISTS otherwise). NOT_FOUND. */
enum status blob_remove(struct store *s, const unsigned char hash[SHA256_SIZE]);

/* The open folder blobs/, for whoever walks it. The store's. */
int blobs_fd(const struct store *s);
enum { BLOB_NAME_SIZE = 68 }; /* "ab/" + 64 hex digits + NUL */
void blob_name(char out[BLOB_NAME_SIZE], const unsigned char hash[SHA256_SIZE]);

#endif
