/* store/backup.c: a consistent copy of the store while it serves.
 *
 * One snapshot of all databases is taken at once, the shards' before main.db's, so that every account in a
 * shard is somebody in main.db. SQLite's backup interface copies each into a temporary file; pieces that no
 * earlier pack has go into a new pack; blobs into files of their own. The manifest comes last: until it is
 * renamed, the earlier backup stands. */
#include "store/backup.h"

#include "core/clock.h"
#include "core/log.h"
#include "store/backup_files.h"
#include "store/blob.h"
#include "store/doctor.h"
#include "store/internal.h"
#include "store/principal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

struct known_slot {
    const struct piece *piece;
};

struct known { /* pieces by hash: open addressing */
    struct known_slot *slot;
    size_t count, cap;
};

struct backup {
    struct store *s;
    struct tx *tx;
    int dirfd, lockfd, packfd, blobsfd;
    struct manifest old, new;
    struct known known;
    uint32_t pack, pack_pieces;
    bool touched[256]; /* folders of blobs with new names */
    struct backup_report *report;
    struct buf *why;
};

/* ---- pieces that are there ---- */
static size_t known_at(const struct known *k, const unsigned char *hash)
{
    uint64_t start;
    memcpy(&start, hash, sizeof start);
    size_t at = (size_t)start & (k->cap - 1);
    while (k->slot[at].piece && memcmp(k->slot[at].piece->hash, hash, SHA256_SIZE) != 0)
        at = (at + 1) & (k->cap - 1);
    return at;
}

static bool known_grow(struct known *k)
{
    struct known bigger = {.count = k->count, .cap = k->cap ? 2 * k->cap : 1024};
    bigger.slot = calloc(bigger.cap, sizeof *bigger.slot);
    if (!bigger.slot)
        return false;
    for (size_t i = 0; i < k->cap; i++)
        if (k->slot[i].piece)
            bigger.slot[known_at(&bigger, k->slot[i].piece->hash)] = k->slot[i];
    free(k->slot);
    *k = bigger;
    return true;
}

static enum status known_add(struct known *k, const struct piece *p)
{
    if (2 * (k->count + 1) > k->cap && !known_grow(k))
        return E_MEMORY;
    size_t at = known_at(k, p->hash);
    if (!k->slot[at].piece) {
        k->slot[at].piece = p;
        k->count++;
    }
    return OK;
}

/* Packs hold pieces that nothing refers to any more. When more than half is waste, this run starts over. */
static enum status learn_old(struct backup *b)
{
    struct known live = {.slot = NULL};
    uint32_t newest = 0;
    uint64_t total = 0;
    enum status st = OK;
    for (size_t d = 0; d < b->old.db_count && st == OK; d++)
        for (size_t i = 0; i < b->old.dbs[d].count && st == OK; i++) {
            const struct piece *p = &b->old.dbs[d].pieces[i];
            newest = p->pack > newest ? p->pack : newest;
            st = known_add(&live, p);
        }
    b->pack = newest + 1;
    for (uint32_t n = 1; n <= newest && st == OK; n++) {
        char name[24];
        struct stat info;
        pack_name(name, n);
        if (fstatat(b->dirfd, name, &info, 0) == 0)
            total += (uint64_t)info.st_size / PIECE_SIZE;
    }
    if (total <= 2 * live.count + 64)
        b->known = live;
    else
        free(live.slot);
    return st;
}

/* ---- databases ---- */
static enum status open_pack(struct backup *b)
{
    if (b->packfd >= 0)
        return OK;
    b->packfd = openat(b->dirfd, "pack.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    return b->packfd < 0 ? file_fault(b->why, "pack.tmp", "cannot be made") : OK;
}

static enum status add_piece(struct backup *b, struct backup_db *db, const char *data, size_t n)
{
    static const char padding[PIECE_SIZE];
    struct piece p = {.pack = b->pack, .index = b->pack_pieces};
    sha256(str_n(data, n), p.hash);
    const struct piece *there = b->known.cap ? b->known.slot[known_at(&b->known, p.hash)].piece : NULL;
    if (there) {
        b->report->reused++;
        return manifest_piece(&b->new, db, there);
    }
    enum status st = open_pack(b);
    if (st == OK && (backup_file_write(b->packfd, str_n(data, n)) != OK ||
                     backup_file_write(b->packfd, str_n(padding, PIECE_SIZE - n)) != OK))
        st = file_fault(b->why, "pack.tmp", "cannot be written");
    if (st != OK)
        return st;
    b->pack_pieces++;
    b->report->bytes += PIECE_SIZE;
    struct piece *kept = ARENA_NEW(&b->new.arena, struct piece);
    if (!kept)
        return b->new.arena.st;
    *kept = p;
    st = known_add(&b->known, kept);
    return st == OK ? manifest_piece(&b->new, db, kept) : st;
}

static enum status add_pieces(struct backup *b, const char *name, int fd)
{
    struct stat info;
    char data[PIECE_SIZE];
    if (fstat(fd, &info) != 0)
        return file_fault(b->why, name, "cannot be read");
    struct backup_db *db = manifest_db(&b->new, str_c(name), info.st_size);
    enum status st = db ? OK : b->new.arena.st;
    for (int64_t at = 0; at < info.st_size && st == OK; at += PIECE_SIZE) {
        size_t n = info.st_size - at < PIECE_SIZE ? (size_t)(info.st_size - at) : PIECE_SIZE;
        st = file_read_at(fd, data, n, at);
        if (st == OK)
            st = add_piece(b, db, data, n);
    }
    return st;
}

/* The snapshot of one database as a file of its own. */
static enum status copy_database(struct backup *b, struct db *from, const char *path)
{
    sqlite3 *to = NULL;
    int code =
        sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(to, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL, NULL, NULL);
    if (code == SQLITE_OK) {
        sqlite3_backup *copy = sqlite3_backup_init(to, "main", db_native(from), "main");
        if (copy)
            code = sqlite3_backup_step(copy, -1);
        sqlite3_backup_finish(copy);
        code = !copy ? sqlite3_errcode(to) : code == SQLITE_DONE ? SQLITE_OK : code;
    }
    if (code != SQLITE_OK)
        buf_addf(b->why, "%s: %s", path, sqlite3_errstr(code));
    sqlite3_close(to);
    return code == SQLITE_OK ? OK : (code & 0xff) == SQLITE_FULL ? E_FULL : E_IO;
}

static enum status backup_slot(struct backup *b, int slot)
{
    char name[16];
    SCOPED_BUF(path, 4096);
    slot_file(name, slot);
    buf_addf(&path, "%s/backup.tmp", b->s->dir);
    (void)unlinkat(b->s->dirfd, "backup.tmp", 0); /* of a run that was cut off */
    enum status st = copy_database(b, tx_db_slot(b->tx, slot), buf_c(&path));
    SCOPED(scoped_close)
    int fd = st == OK ? openat(b->s->dirfd, "backup.tmp", O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (st == OK)
        st = fd < 0 ? file_fault(b->why, "backup.tmp", "cannot be read") : add_pieces(b, name, fd);
    (void)unlinkat(b->s->dirfd, "backup.tmp", 0);
    b->report->files++;
    return st;
}

/* A transaction's snapshot is taken by its first read. */
static enum status take_snapshots(struct backup *b)
{
    int64_t n;
    enum status st = OK;
    for (int slot = 0; slot < b->s->shards && st == OK; slot++)
        st = DB_GET_INT(tx_db_slot(b->tx, slot), &n, "SELECT next FROM counter WHERE name = 'id'");
    if (st == OK)
        st = DB_GET_INT(tx_db_slot(b->tx, SLOT_MAIN), &n, "SELECT next FROM counter WHERE name = 'id'");
    return st;
}

/* ---- blobs ---- */
static enum status copy_blob(struct backup *b, const char *name, const struct backup_blob *blob)
{
    unsigned char hash[SHA256_SIZE];
    char temporary[BLOB_NAME_SIZE], folder[3] = {name[0], name[1], 0};
    SCOPED_BUF(body, (size_t)blob->size + 1);
    enum status st = blob_read(b->s, blob->hash, (size_t)blob->size, &body);
    if (st != OK) {
        buf_addf(b->why, "blobs/%s: %s", name, status_text(st));
        return st;
    }
    sha256(buf_view(&body), hash);
    if (memcmp(hash, blob->hash, SHA256_SIZE) != 0) {
        buf_addf(b->why, "blobs/%s: its bytes have changed; run `scambio doctor --store`", name);
        return E_CORRUPT;
    }
    snprintf(temporary, sizeof temporary, "%s/tmp", folder);
    if (mkdirat(b->blobsfd, folder, 0700) != 0 && errno != EEXIST)
        return file_fault(b->why, folder, "cannot be made");
    st = file_put(b->blobsfd, name, temporary, buf_view(&body), false, b->why);
    b->touched[blob->hash[0]] = true;
    b->report->files++;
    b->report->bytes += blob->size;
    return st;
}

static enum status backup_blobs_of(struct backup *b, int slot)
{
    SCOPED_STMT(q) =
        DB_QUERY(tx_db_slot(b->tx, slot), DB_SCAN "SELECT hash, size FROM content WHERE blob = 1");
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        struct str hash = col_str(q, 0);
        char name[BLOB_NAME_SIZE];
        struct stat info;
        if (hash.n != SHA256_SIZE)
            return E_CORRUPT;
        st = manifest_blob(&b->new, (const unsigned char *)hash.p, col_int(q, 1));
        if (st != OK)
            return st;
        const struct backup_blob *blob = &b->new.blobs[b->new.blob_count - 1];
        blob_name(name, blob->hash);
        if (fstatat(b->blobsfd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && info.st_size == blob->size)
            b->report->reused++;
        else if ((st = copy_blob(b, name, blob)) != OK)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}

static enum status sync_blobs(struct backup *b)
{
    bool any = false;
    for (int i = 0; i < 256; i++) {
        char folder[3];
        if (!b->touched[i])
            continue;
        any = true;
        snprintf(folder, sizeof folder, "%02x", i);
        SCOPED(scoped_close) int fd = openat(b->blobsfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || fsync(fd) != 0)
            return file_fault(b->why, folder, "cannot be synced");
    }
    return any && fsync(b->blobsfd) != 0 ? file_fault(b->why, "blobs", "cannot be synced") : OK;
}

/* ---- the end ---- */
static enum status finish_pack(struct backup *b)
{
    char name[24];
    if (b->packfd < 0)
        return OK;
    pack_name(name, b->pack);
    if (fdatasync(b->packfd) != 0 || renameat(b->dirfd, "pack.tmp", b->dirfd, name) != 0 ||
        fsync(b->dirfd) != 0)
        return file_fault(b->why, name, "cannot be written");
    b->report->files++;
    return OK;
}

static int blob_order(const void *a, const void *b)
{
    return memcmp(((const struct backup_blob *)a)->hash, ((const struct backup_blob *)b)->hash, SHA256_SIZE);
}

static bool blob_wanted(const struct backup *b, const char *name)
{
    struct backup_blob key = {.size = 0};
    return hex_parse(str_c(name), key.hash, SHA256_SIZE) && b->new.blob_count > 0 &&
           bsearch(&key, b->new.blobs, b->new.blob_count, sizeof key, blob_order);
}

static bool pack_wanted(const struct backup *b, uint32_t number)
{
    for (size_t d = 0; d < b->new.db_count; d++)
        for (size_t i = 0; i < b->new.dbs[d].count; i++)
            if (b->new.dbs[d].pieces[i].pack == number)
                return true;
    return false;
}

/* Removes what the manifest just written does not name. A failure costs room only: the next run tries again.
 */
static void prune(struct backup *b)
{
    char name[24];
    for (uint32_t n = 1; n < b->pack; n++) {
        pack_name(name, n);
        if (!pack_wanted(b, n))
            (void)unlinkat(b->dirfd, name, 0);
    }
    if (b->new.blob_count > 1)
        qsort(b->new.blobs, b->new.blob_count, sizeof *b->new.blobs, blob_order);
    for (int i = 0; i < 256; i++) {
        char folder[3];
        snprintf(folder, sizeof folder, "%02x", i);
        int fd = openat(b->blobsfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd < 0 ? NULL : fdopendir(fd);
        for (struct dirent *e; d && (e = readdir(d));)
            if (e->d_name[0] != '.' && !blob_wanted(b, e->d_name))
                (void)unlinkat(fd, e->d_name, 0);
        if (d)
            closedir(d);
    }
}

static enum status begin(struct backup *b)
{
    SCOPED_BUF(broken, 1024);
    b->lockfd = openat(b->dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (b->lockfd < 0)
        return file_fault(b->why, "lock", "cannot be made");
    if (flock(b->lockfd, LOCK_EX | LOCK_NB) != 0) {
        buf_addz(b->why, "another backup into this folder is running");
        return E_BUSY;
    }
    if (mkdirat(b->dirfd, "blobs", 0700) != 0 && errno != EEXIST)
        return file_fault(b->why, "blobs", "cannot be made");
    b->blobsfd = openat(b->dirfd, "blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (b->blobsfd < 0)
        return file_fault(b->why, "blobs", "cannot be opened");
    enum status st = setting_get(b->tx, &b->new.arena, STR("store"), &b->new.store);
    b->new.created = clock_now();
    if (st != OK)
        return st;
    st = manifest_read(b->dirfd, &b->old, &broken);
    if (st == E_CORRUPT) {
        log_warning("backup: %s: a full one is made", buf_c(&broken));
        manifest_free(&b->old);
    } else if (st != OK && st != NOT_FOUND) {
        buf_add(b->why, buf_view(&broken));
        return st;
    } else if (st == OK && !str_eq(b->old.store, b->new.store)) {
        buf_addz(b->why, "the folder holds a backup of another store");
        return EXISTS;
    }
    return learn_old(b);
}

static enum status run(struct backup *b)
{
    enum status st = begin(b);
    if (st == OK)
        st = take_snapshots(b);
    for (int slot = 0; slot < b->s->shards && st == OK; slot++)
        st = backup_slot(b, slot);
    if (st == OK)
        st = backup_slot(b, SLOT_MAIN);
    for (int slot = 0; slot < b->s->shards && st == OK; slot++)
        st = backup_blobs_of(b, slot);
    if (st == OK)
        st = sync_blobs(b);
    if (st == OK)
        st = finish_pack(b);
    if (st == OK)
        st = manifest_write(b->dirfd, &b->new, b->why);
    if (st == OK)
        prune(b);
    return st;
}

enum status store_backup(struct store *s, int dirfd, struct backup_report *report, struct buf *why)
{
    *report = (struct backup_report){0};
    struct backup b = {
        .s = s, .dirfd = dirfd, .lockfd = -1, .packfd = -1, .blobsfd = -1, .report = report, .why = why};
    b.old = MANIFEST_INIT;
    b.new = MANIFEST_INIT;
    b.tx = store_read(s);
    pthread_mutex_lock(&s->sweep); /* no blob that the snapshot names goes meanwhile */
    enum status st = b.tx ? run(&b) : E_MEMORY;
    pthread_mutex_unlock(&s->sweep);
    store_read_end(b.tx);
    (void)unlinkat(dirfd, "pack.tmp", 0);
    scoped_close(&b.packfd);
    scoped_close(&b.blobsfd);
    scoped_close(&b.lockfd);
    free(b.known.slot);
    manifest_free(&b.old);
    manifest_free(&b.new);
    return st;
}
