/* store/restore.c: a store from a backup.
 *
 * First everything in the backup is read and held against its hash. Then the databases and blobs are written
 * into the data folder beside a mark ("restoring") that keeps store_open away until all is durable and the
 * numbers are raised: what was given out after the backup was made (item numbers, UIDs, sync numbers) must
 * never be given to something else. */
#include "store/backup.h"

#include "core/clock.h"
#include "store/backup_files.h"
#include "store/blob.h"
#include "store/db.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

struct restore {
    int from, to; /* folders */
    const char *dir;
    struct manifest m;
    uint32_t pack; /* of packfd */
    int packfd;
    struct backup_report *report;
    struct buf *why;
    uid_t uid;
    gid_t gid;
};

#define RAISE_SEQ "4294967296" /* 2^32 */
#define RAISE_ID  "1048576"    /* 2^20 */

/* ---- reading the backup ---- */
static enum status damaged(struct restore *r, const char *what)
{
    buf_addf(r->why, "%s: is missing or damaged; nothing was restored", what);
    return E_CORRUPT;
}

static enum status read_piece(struct restore *r, const struct piece *p, size_t n, char data[PIECE_SIZE])
{
    unsigned char hash[SHA256_SIZE];
    char name[24];
    pack_name(name, p->pack);
    if (r->packfd < 0 || r->pack != p->pack) {
        scoped_close(&r->packfd);
        r->packfd = openat(r->from, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        r->pack = p->pack;
    }
    if (r->packfd < 0 || file_read_at(r->packfd, data, PIECE_SIZE, (int64_t)p->index * PIECE_SIZE) != OK)
        return damaged(r, name);
    sha256(str_n(data, n), hash);
    return memcmp(hash, p->hash, SHA256_SIZE) == 0 ? OK : damaged(r, name);
}

/* Reads a database piece by piece; writes it to `fd` unless that is -1. */
static enum status read_database(struct restore *r, const struct backup_db *db, int fd)
{
    char data[PIECE_SIZE];
    int64_t left = db->bytes;
    enum status st = OK;
    for (size_t i = 0; i < db->count && st == OK; i++, left -= PIECE_SIZE) {
        size_t n = left < PIECE_SIZE ? (size_t)left : PIECE_SIZE;
        st = read_piece(r, &db->pieces[i], n, data);
        if (st == OK && fd >= 0 && backup_file_write(fd, str_n(data, n)) != OK)
            st = file_fault(r->why, r->dir, "cannot be written");
    }
    r->report->bytes += fd >= 0 ? db->bytes : 0;
    return st;
}

static enum status read_blob(struct restore *r, const struct backup_blob *blob, struct buf *body)
{
    unsigned char hash[SHA256_SIZE];
    char name[BLOB_NAME_SIZE], path[BLOB_NAME_SIZE + 8];
    blob_name(name, blob->hash);
    snprintf(path, sizeof path, "blobs/%s", name);
    buf_clear(body);
    enum status st = file_get(r->from, path, body);
    sha256(buf_view(body), hash);
    bool good = st == OK && (int64_t)body->n == blob->size && memcmp(hash, blob->hash, SHA256_SIZE) == 0;
    return good ? OK : damaged(r, path);
}

static enum status verify(struct restore *r)
{
    SCOPED_BUF(body, MANIFEST_MAX);
    enum status st = OK;
    bool main = false;
    for (size_t i = 0; i < r->m.db_count && st == OK; i++) {
        main = main || str_eq(r->m.dbs[i].name, STR("main.db"));
        st = read_database(r, &r->m.dbs[i], -1);
    }
    for (size_t i = 0; i < r->m.blob_count && st == OK; i++)
        st = read_blob(r, &r->m.blobs[i], &body);
    return st == OK && !main ? damaged(r, "manifest") : st;
}

/* ---- writing the store ---- */
/* A database's name comes out of the backup: only the two forms of the store are taken as file names. */
static bool name_is_ours(struct str name)
{
    if (str_eq(name, STR("main.db")))
        return true;
    return name.n == 11 && str_starts(name, STR("shard-")) && str_ends(name, STR(".db")) &&
           ascii_digit(name.p[6]) && ascii_digit(name.p[7]);
}

static enum status write_database(struct restore *r, const struct backup_db *db)
{
    char name[16];
    if (!name_is_ours(db->name))
        return damaged(r, "manifest");
    snprintf(name, sizeof name, "%.*s", STR_ARG(db->name));
    static const char *const logs[] = {
        "-wal", "-shm"}; /* of a restore that was cut off: they belong to other bytes */
    for (size_t i = 0; i < COUNT_OF(logs); i++) {
        char log[24];
        snprintf(log, sizeof log, "%s%s", name, logs[i]);
        if (unlinkat(r->to, log, 0) != 0 && errno != ENOENT)
            return file_fault(r->why, log, "cannot be removed");
    }
    SCOPED(scoped_close)
    int fd = openat(r->to, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return file_fault(r->why, name, "cannot be made");
    enum status st = read_database(r, db, fd);
    if (st == OK && (fdatasync(fd) != 0 || fchown(fd, r->uid, r->gid) != 0))
        st = file_fault(r->why, name, "cannot be written");
    r->report->files++;
    return st;
}

static enum status write_blob(struct restore *r, int blobs, const struct backup_blob *blob, struct buf *body)
{
    char name[BLOB_NAME_SIZE], temporary[BLOB_NAME_SIZE];
    blob_name(name, blob->hash);
    snprintf(temporary, sizeof temporary, "%.2s/tmp", name);
    enum status st = read_blob(r, blob, body);
    if (st == OK)
        st = file_put(blobs, name, temporary, buf_view(body), false, r->why);
    if (st == OK && fchownat(blobs, name, r->uid, r->gid, AT_SYMLINK_NOFOLLOW) != 0)
        st = file_fault(r->why, name, "cannot be given to the owner of the data folder");
    r->report->files++;
    r->report->bytes += blob->size;
    return st;
}

static enum status write_blobs(struct restore *r)
{
    SCOPED_BUF(body, MANIFEST_MAX);
    if (mkdirat(r->to, "blobs", 0700) != 0 && errno != EEXIST)
        return file_fault(r->why, "blobs", "cannot be made");
    SCOPED(scoped_close) int blobs = openat(r->to, "blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (blobs < 0 || fchown(blobs, r->uid, r->gid) != 0)
        return file_fault(r->why, "blobs", "cannot be opened");
    for (int i = 0; i < 256; i++) {
        char folder[3];
        snprintf(folder, sizeof folder, "%02x", i);
        if ((mkdirat(blobs, folder, 0700) != 0 && errno != EEXIST) ||
            fchownat(blobs, folder, r->uid, r->gid, AT_SYMLINK_NOFOLLOW) != 0)
            return file_fault(r->why, folder, "cannot be made");
    }
    enum status st = OK;
    for (size_t i = 0; i < r->m.blob_count && st == OK; i++)
        st = write_blob(r, blobs, &r->m.blobs[i], &body);
    for (int i = 0; i < 256 && st == OK; i++) {
        char folder[3];
        snprintf(folder, sizeof folder, "%02x", i);
        SCOPED(scoped_close) int fd = openat(blobs, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || fsync(fd) != 0)
            st = file_fault(r->why, folder, "cannot be synced");
    }
    return st == OK && fsync(blobs) != 0 ? file_fault(r->why, "blobs", "cannot be synced") : st;
}

/* ---- numbers ---- */
/* The databases were copied one after the other: who was made in between may lack his account. A copy that is older than the table
 * is mended when it is migrated. */
static enum status mend_later(struct db *db)
{
    int64_t tables;
    enum status st = DB_GET_INT(
        db, &tables, "SELECT count(*) FROM sqlite_master " DB_SCAN "WHERE type = 'table' AND name = 'xop'");
    return st != OK || tables == 0
               ? st
               : DB_RUN(db,
                        "INSERT OR REPLACE INTO xop(id, op, subject, data, at) VALUES(63, 5, 0, NULL, 0)");
}

static enum status raise_main(struct db *db)
{
    unsigned char bytes[8];
    SCOPED_BUF(epoch, 32);
    random_bytes(bytes, sizeof bytes);
    buf_hex(&epoch, str_n(bytes, sizeof bytes));
    enum status st =
        DB_RUN(db, "UPDATE setting SET value = ?1 WHERE key = 'epoch'", db_text(buf_view(&epoch)));
    if (st == OK)
        st = DB_RUN(db, DB_SCAN "UPDATE counter SET next = next + " RAISE_ID);
    return st == OK ? mend_later(db) : st;
}

static enum status raise_shard(struct db *db)
{
    static const char *const steps[] = {
        DB_SCAN "UPDATE counter SET next = next + " RAISE_ID,
        DB_SCAN "UPDATE account SET seq = seq + " RAISE_SEQ,
        DB_SCAN "UPDATE collection SET uidnext = uidnext + " RAISE_ID,
        DB_SCAN
        "UPDATE collection SET (floor_seq, seq) = (SELECT a.seq, a.seq FROM account a WHERE a.id = account)"
        " WHERE account IN (SELECT id FROM account)",
    };
    enum status st = OK;
    for (size_t i = 0; i < COUNT_OF(steps) && st == OK; i++)
        st = DB_RUN(db, steps[i]);
    return st;
}

static enum status raise_numbers(struct restore *r, const struct backup_db *row)
{
    SCOPED_BUF(path, 4096);
    struct db *db = NULL;
    int64_t left;
    buf_addf(&path, "%s/%.*s", r->dir, STR_ARG(row->name));
    enum status st = db_open(buf_c(&path), 0, 1024, &db, r->why);
    if (st == OK)
        st = DB_RUN(db, "BEGIN IMMEDIATE");
    if (st == OK)
        st = str_eq(row->name, STR("main.db")) ? raise_main(db) : raise_shard(db);
    if (st == OK)
        st = DB_RUN(db, "COMMIT");
    if (st == OK)
        st = db_checkpoint(db, DB_CHECKPOINT_TRUNCATE, &left);
    db_close(db); /* the last one: its log goes away */
    if (st != OK && r->why->n == 0)
        buf_addf(r->why, "%s: %s", buf_c(&path), status_text(st));
    return st;
}

/* ---- the folder ---- */
/* Empty, or an earlier restore that was cut off. */
static enum status is_free(struct restore *r)
{
    if (faccessat(r->to, RESTORE_MARK, F_OK, 0) == 0)
        return OK;
    DIR *d = fdopendir(dup(r->to));
    enum status st = d ? OK : E_IO;
    for (struct dirent *e; d && (e = readdir(d));)
        if (name_is_ours(str_c(e->d_name)) || strcmp(e->d_name, "blobs") == 0)
            st = EXISTS;
    if (d)
        closedir(d);
    if (st == EXISTS)
        buf_addf(r->why, "%s: holds a store; move it away first", r->dir);
    return st;
}

static enum status open_target(struct restore *r, int *lock)
{
    struct stat info;
    if (mkdir(r->dir, 0700) != 0 && errno != EEXIST)
        return file_fault(r->why, r->dir, "cannot be made");
    r->to = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->to < 0 || fstat(r->to, &info) != 0)
        return file_fault(r->why, r->dir, "cannot be opened");
    r->uid = info.st_uid; /* the server's user, when root restores */
    r->gid = info.st_gid;
    *lock = openat(r->to, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*lock < 0 || fchown(*lock, r->uid, r->gid) != 0)
        return file_fault(r->why, "lock", "cannot be made");
    if (flock(*lock, LOCK_EX | LOCK_NB) != 0) {
        buf_addf(r->why, "%s: the server runs; stop it first", r->dir);
        return E_BUSY;
    }
    return is_free(r);
}

static enum status write_all(struct restore *r)
{
    enum status st =
        file_put(r->to, RESTORE_MARK, RESTORE_MARK ".tmp", STR("An unfinished restore.\n"), true, r->why);
    for (size_t i = 0; i < r->m.db_count && st == OK; i++)
        st = write_database(r, &r->m.dbs[i]);
    if (st == OK)
        st = write_blobs(r);
    for (size_t i = 0; i < r->m.db_count && st == OK; i++)
        st = raise_numbers(r, &r->m.dbs[i]);
    if (st == OK && (fsync(r->to) != 0 || unlinkat(r->to, RESTORE_MARK, 0) != 0 || fsync(r->to) != 0))
        st = file_fault(r->why, r->dir, "cannot be synced");
    return st;
}

enum status store_restore(int dirfd, const char *data_dir, struct backup_report *report, struct buf *why)
{
    int lock = -1;
    *report = (struct backup_report){0};
    struct restore r = {.from = dirfd, .to = -1, .dir = data_dir, .packfd = -1, .report = report, .why = why};
    r.m = MANIFEST_INIT;
    enum status st = manifest_read(dirfd, &r.m, why);
    if (st == NOT_FOUND)
        buf_addz(why, "no manifest: this is no (complete) backup");
    if (st == OK)
        st = open_target(&r, &lock);
    if (st == OK)
        st = verify(&r);
    if (st == OK)
        st = write_all(&r);
    scoped_close(&r.packfd);
    scoped_close(&lock);
    scoped_close(&r.to);
    manifest_free(&r.m);
    return st;
}
