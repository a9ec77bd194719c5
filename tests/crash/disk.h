/* tests/crash/disk.h: a disk played from a trace (trace.h), and what it may hold after the power went out.
 *
 * The disk knows for each file and folder what was synced, and the operations since, which may each have
 * reached the platter or not. disk_image() writes one such state into a folder: all that was synced, plus a
 * seeded choice of the rest: none, all, a prefix of the names, any subset; writes also torn at sectors of 512
 * bytes. Names and contents are separate, as POSIX has it: syncing a new file does not make its name durable,
 * syncing its folder does.
 *
 * Syncs of one class can be ignored (`without`), as if the program had forgotten that fsync: the check must
 * then find loss. */
#ifndef SCAMBIO_TESTS_CRASH_DISK_H
#define SCAMBIO_TESTS_CRASH_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sync_class {
    SYNC_NONE,
    SYNC_WAL,         /* *-wal */
    SYNC_DB,          /* *.db */
    SYNC_JOURNAL,     /* *-journal */
    SYNC_BLOB,        /* files below blobs/ */
    SYNC_BLOB_FOLDER, /* blobs/ and the folders below it */
    SYNC_FOLDER,      /* other folders */
    SYNC_OTHER,
    SYNC_CLASSES
};
extern const char *const sync_class_names[SYNC_CLASSES];

struct disk;

/* Maps the trace. NULL with a message on stderr when it is no trace. */
struct disk *disk_open(const char *trace, enum sync_class without);
void disk_close(struct disk *d);
size_t disk_count(const struct disk *d); /* records of the trace */

/* Applies records up to (not including) number `to`; never goes back. `note` gets each journal line passed,
 * with its record. */
typedef void (*disk_note_fn)(void *ctx, size_t record, const char *p, size_t n);
void disk_advance(struct disk *d, size_t to, disk_note_fn note, void *ctx);

/* Writes an image of now into the empty folder `dir`. The same seed gives the same image. False: the folder
 * cannot be written. */
bool disk_image(struct disk *d, uint64_t seed, const char *dir);

/* How many syncs of each class were passed. */
size_t disk_syncs(const struct disk *d, enum sync_class class);

#endif
