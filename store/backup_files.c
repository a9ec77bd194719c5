/* store/backup_files.c: reads and writes the manifest of a backup, and its files. */
#include "store/backup_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* ---- files ---- */
enum status file_fault(struct buf *why, const char *name, const char *what)
{
    int code = errno;
    buf_addf(why, "%s: %s: %s", name, what, strerrordesc_np(code));
    return code == ENOSPC || code == EDQUOT ? E_FULL : code == ENOMEM ? E_MEMORY : E_IO;
}

enum status backup_file_write(int fd, struct str data)
{
    while (data.n > 0) {
        ssize_t n = write(fd, data.p, data.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return errno == ENOSPC ? E_FULL : E_IO;
        data = str_from(data, (size_t)n);
    }
    return OK;
}

enum status file_read_at(int fd, void *p, size_t n, int64_t at)
{
    for (char *to = p; n > 0;) {
        ssize_t got = pread(fd, to, n, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? E_IO : E_CORRUPT;
        to += got, n -= (size_t)got, at += got;
    }
    return OK;
}

enum status file_put(int dirfd, const char *name, const char *temporary, struct str data, bool sync_dir,
                     struct buf *why)
{
    SCOPED(scoped_close)
    int fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return file_fault(why, temporary, "cannot be made");
    if (backup_file_write(fd, data) != OK || fdatasync(fd) != 0)
        return file_fault(why, name, "cannot be written");
    if (renameat(dirfd, temporary, dirfd, name) != 0 || (sync_dir && fsync(dirfd) != 0))
        return file_fault(why, name, "cannot be renamed");
    return OK;
}

enum status file_get(int dirfd, const char *name, struct buf *out)
{
    SCOPED(scoped_close) int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    if (fd < 0)
        return errno == ENOENT ? NOT_FOUND : E_IO;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return E_IO;
    char *room = buf_reserve(out, (size_t)st.st_size + 1);
    if (!room)
        return out->st;
    enum status result = file_read_at(fd, room, (size_t)st.st_size, 0);
    if (result == OK)
        buf_commit(out, (size_t)st.st_size);
    return result;
}

bool hex_parse(struct str text, unsigned char *out, size_t n)
{
    if (text.n != 2 * n)
        return false;
    for (size_t i = 0; i < 2 * n; i++) {
        char c = ascii_lower(text.p[i]);
        int v = ascii_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (v < 0)
            return false;
        out[i / 2] = (unsigned char)(i % 2 ? out[i / 2] | v : v << 4);
    }
    return true;
}

void pack_name(char out[24], uint32_t number)
{
    snprintf(out, 24, "pack-%08u", (unsigned)number);
}

/* ---- the manifest in memory ---- */
void manifest_free(struct manifest *m)
{
    arena_free(&m->arena);
    *m = MANIFEST_INIT;
}

struct backup_db *manifest_db(struct manifest *m, struct str name, int64_t bytes)
{
    m->dbs = arena_grow(&m->arena, m->dbs, m->db_count, &m->db_cap, m->db_count + 1, sizeof *m->dbs);
    if (!m->dbs)
        return NULL;
    struct backup_db *db = &m->dbs[m->db_count++];
    *db = (struct backup_db){.name = arena_str(&m->arena, name), .bytes = bytes};
    return db;
}

enum status manifest_piece(struct manifest *m, struct backup_db *db, const struct piece *p)
{
    db->pieces = arena_grow(&m->arena, db->pieces, db->count, &db->cap, db->count + 1, sizeof *db->pieces);
    if (!db->pieces)
        return m->arena.st;
    db->pieces[db->count++] = *p;
    return OK;
}

enum status manifest_blob(struct manifest *m, const unsigned char hash[SHA256_SIZE], int64_t size)
{
    m->blobs =
        arena_grow(&m->arena, m->blobs, m->blob_count, &m->blob_cap, m->blob_count + 1, sizeof *m->blobs);
    if (!m->blobs)
        return m->arena.st;
    struct backup_blob *b = &m->blobs[m->blob_count++];
    memcpy(b->hash, hash, SHA256_SIZE);
    b->size = size;
    return OK;
}

/* ---- as text ---- */
enum status manifest_write(int dirfd, const struct manifest *m, struct buf *why)
{
    SCOPED_BUF(text, MANIFEST_MAX);
    unsigned char hash[SHA256_SIZE];
    buf_addf(&text, "scambio-backup 1\nstore %.*s\ncreated %lld\n", STR_ARG(m->store), (long long)m->created);
    for (size_t i = 0; i < m->db_count; i++) {
        const struct backup_db *db = &m->dbs[i];
        buf_addf(&text, "database %.*s %lld\n", STR_ARG(db->name), (long long)db->bytes);
        for (size_t k = 0; k < db->count; k++) {
            buf_addz(&text, "piece ");
            buf_hex(&text, str_n(db->pieces[k].hash, SHA256_SIZE));
            buf_addf(&text, " %u %u\n", (unsigned)db->pieces[k].pack, (unsigned)db->pieces[k].index);
        }
    }
    for (size_t i = 0; i < m->blob_count; i++) {
        buf_addz(&text, "blob ");
        buf_hex(&text, str_n(m->blobs[i].hash, SHA256_SIZE));
        buf_addf(&text, " %lld\n", (long long)m->blobs[i].size);
    }
    if (text.st != OK)
        return text.st;
    sha256(buf_view(&text), hash);
    buf_addz(&text, "end ");
    buf_hex(&text, str_n(hash, SHA256_SIZE));
    buf_addc(&text, '\n');
    return text.st != OK ? text.st : file_put(dirfd, "manifest", "manifest.tmp", buf_view(&text), true, why);
}

/* The words of a line behind its first; their number is checked by who asks. */
static size_t words_of(struct str line, struct str words[4])
{
    size_t n = 0;
    struct str rest = line;
    while (n < 4 && str_split(&rest, ' ', &words[n]))
        n++;
    return n;
}

static enum status parse_line(struct manifest *m, struct str line)
{
    struct str w[4];
    size_t n = words_of(line, w);
    struct backup_db *db = m->db_count ? &m->dbs[m->db_count - 1] : NULL;
    struct piece p;
    unsigned char hash[SHA256_SIZE];
    uint64_t a, b;
    if (n == 4 && db && str_eq(w[0], STR("piece")) && hex_parse(w[1], p.hash, SHA256_SIZE) &&
        str_u64(w[2], &a) && str_u64(w[3], &b) && a <= UINT32_MAX && b <= UINT32_MAX) {
        p.pack = (uint32_t)a;
        p.index = (uint32_t)b;
        return manifest_piece(m, db, &p);
    }
    if (n == 3 && str_eq(w[0], STR("blob")) && hex_parse(w[1], hash, SHA256_SIZE) && str_u64(w[2], &a) &&
        a < INT64_MAX)
        return manifest_blob(m, hash, (int64_t)a);
    if (n == 3 && str_eq(w[0], STR("database")) && str_u64(w[2], &a) && a < INT64_MAX)
        return manifest_db(m, w[1], (int64_t)a) ? OK : m->arena.st;
    if (n == 2 && str_eq(w[0], STR("store")))
        m->store = arena_str(&m->arena, w[1]);
    else if (n != 2 || !str_eq(w[0], STR("created")) || !str_i64(w[1], &m->created))
        return E_CORRUPT;
    return m->arena.st;
}

/* The text in front of the "end HASH" line, when the hash is right. */
static bool verified(struct str text, struct str *body)
{
    enum { TAIL = 4 + 2 * SHA256_SIZE + 1 };
    unsigned char hash[SHA256_SIZE], said[SHA256_SIZE];
    if (text.n < TAIL)
        return false;
    *body = str_slice(text, 0, text.n - TAIL);
    struct str tail = str_from(text, text.n - TAIL);
    sha256(*body, hash);
    return str_starts(tail, STR("end ")) &&
           hex_parse(str_slice(tail, 4, 2 * SHA256_SIZE), said, SHA256_SIZE) &&
           hash_equal(hash, said, SHA256_SIZE);
}

enum status manifest_read(int dirfd, struct manifest *m, struct buf *why)
{
    SCOPED_BUF(text, MANIFEST_MAX);
    struct str rest, line;
    enum status st = file_get(dirfd, "manifest", &text);
    if (st != OK)
        return st;
    if (!verified(buf_view(&text), &rest) || !str_split(&rest, '\n', &line) ||
        !str_eq(line, STR("scambio-backup 1"))) {
        buf_addz(why, "manifest: is not whole, or of a newer version");
        return E_CORRUPT;
    }
    while (st == OK && str_split(&rest, '\n', &line))
        if (line.n > 0)
            st = parse_line(m, line);
    for (size_t i = 0; i < m->db_count && st == OK; i++)
        if (m->dbs[i].count != ((size_t)m->dbs[i].bytes + PIECE_SIZE - 1) / PIECE_SIZE)
            st = E_CORRUPT;
    if (st != OK)
        buf_addf(why, "manifest: %s", status_text(st));
    return st;
}
