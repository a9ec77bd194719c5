/* store/backup.h: online backup (incremental by page hash), and restore with a new epoch. DESIGN in doc/ARCHITECTURE.md. */
#ifndef SCAMBIO_STORE_BACKUP_H
#define SCAMBIO_STORE_BACKUP_H

#include "store/store.h"

struct backup_report {
    int64_t bytes, files, reused;
};

/* Writes a consistent copy into the open directory `dirfd` while the store serves. Files of an earlier backup there are reused;
 * the manifest comes last and is fsynced: without it, it is no backup. */
enum status store_backup(struct store *s, int dirfd, struct backup_report *report, struct buf *why);

/* Verifies the backup in `dirfd` whole, then makes a store of it in `data_dir` (which must hold none), with a new epoch and
 * raised numbers (account counters by 2^32, uidnext by 2^20, floor_seq). */
enum status store_restore(int dirfd, const char *data_dir, struct backup_report *report, struct buf *why);

/* Lies in a data folder while a restore is not finished; store_open refuses it. */
#define RESTORE_MARK "restoring"

#endif
