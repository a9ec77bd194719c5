/* store/backup_files.h: what lies in a backup folder, and the manifest that makes it one.
 *
 *   manifest          text, the last thing written: databases as rows of pieces, blobs by name, and a hash of
 * itself pack-NNNNNNNN     pieces of databases (16 KB, four pages), one pack for each run that had new ones
 *   blobs/XX/HASH     as in the store
 *   lock              one backup at a time
 *
 * A piece is known by its SHA-256: a run writes only those that no earlier pack has. */
#ifndef SCAMBIO_STORE_BACKUP_FILES_H
#define SCAMBIO_STORE_BACKUP_FILES_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/hash.h"

enum { PIECE_SIZE = 16384, MANIFEST_MAX = 1 << 30 };

struct piece {
    unsigned char hash[SHA256_SIZE];
    uint32_t pack, index;
};

struct backup_db {
    struct str name; /* "shard-00.db" */
    int64_t bytes;
    struct piece *pieces;
    size_t count, cap;
};

struct backup_blob {
    unsigned char hash[SHA256_SIZE];
    int64_t size;
};

struct manifest {
    struct arena arena;
    struct str store; /* id of the store */
    int64_t created;
    struct backup_db *dbs;
    size_t db_count, db_cap;
    struct backup_blob *blobs;
    size_t blob_count, blob_cap;
};

#define MANIFEST_INIT ((struct manifest){.arena = ARENA_INIT((size_t)2 << 30)})
void manifest_free(struct manifest *m);

/* Appends; the memory is the manifest's. */
struct backup_db *manifest_db(struct manifest *m, struct str name, int64_t bytes); /* NULL: no memory */
enum status manifest_piece(struct manifest *m, struct backup_db *db, const struct piece *p);
enum status manifest_blob(struct manifest *m, const unsigned char hash[SHA256_SIZE], int64_t size);

/* NOT_FOUND: none there. E_CORRUPT: it is there and not whole. */
enum status manifest_read(int dirfd, struct manifest *m, struct buf *why);
/* Temporary name, fsync, rename, fsync of the folder. */
enum status manifest_write(int dirfd, const struct manifest *m, struct buf *why);

void pack_name(char out[24], uint32_t number);

/* ---- files ---- */
enum status file_fault(struct buf *why, const char *name, const char *what); /* from errno */
enum status backup_file_write(int fd, struct str data);
enum status file_read_at(int fd, void *p, size_t n, int64_t at); /* E_CORRUPT when it is shorter */
/* A whole file at once, durable under its name when OK is returned; `sync_dir`: its folder's name too. */
enum status file_put(int dirfd, const char *name, const char *temporary, struct str data, bool sync_dir,
                     struct buf *why);
enum status file_get(int dirfd, const char *name, struct buf *out);
bool hex_parse(struct str text, unsigned char *out, size_t n);

#endif
