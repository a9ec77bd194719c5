/* formats/tz_names.c: from a TZID to a zone of the system: the names of the zoneinfo folder, Windows' names,
 * and either behind the prefix that some programs write. The names are read once; a zone's file is read when
 * it is first asked for. */
#include "formats/tz_int.h"

#include "core/buf.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

enum { MOST_NAMES = 4000, DEPTH = 4, FILE_MAX = 1 << 20, NAMES_MAX = 64 << 20, PREFIXES = 6 };

struct entry {
    struct str name;
    _Atomic(const struct tz *) zone; /* NULL: not read yet */
    atomic_bool bad;
};

struct tz_cache {
    pthread_mutex_t lock; /* of the arena, and of reading files */
    struct arena arena;
    struct str dir;
    struct entry *entries; /* sorted by name, ASCII case folded */
    size_t count, cap;
    int64_t version;
};

static const struct windows {
    struct str name, iana;
} windows[] = {
#include "formats/tz_windows.inc"
};

static int compare_names(struct str a, struct str b)
{
    for (size_t i = 0; i < a.n && i < b.n; i++) {
        int order = (unsigned char)ascii_lower(a.p[i]) - (unsigned char)ascii_lower(b.p[i]);
        if (order)
            return order;
    }
    return (a.n > b.n) - (a.n < b.n);
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return compare_names(x->name, y->name);
}

/* "Europe/Rome": letters, digits, - _ +; each part begins with a capital. Leaves out zone.tab, posix/,
 * right/. */
static bool good_name(const char *s)
{
    if (*s < 'A' || *s > 'Z' || strcmp(s, "Factory") == 0)
        return false;
    for (; *s; s++)
        if (!ascii_alpha(*s) && !ascii_digit(*s) && *s != '-' && *s != '_' && *s != '+')
            return false;
    return true;
}

static enum status add_name(struct tz_cache *c, struct str name)
{
    struct entry *more = arena_grow(&c->arena, c->entries, c->count, &c->cap, c->count + 1, sizeof *more);
    if (!more || c->count >= MOST_NAMES)
        return more ? TOO_MANY : c->arena.st;
    c->entries = more;
    atomic_init(&c->entries[c->count].zone, NULL);
    atomic_init(&c->entries[c->count].bad, false);
    c->entries[c->count++].name = name;
    return OK;
}

/* Reads the names below the folder; `prefix` is "" or "America/". */
static enum status scan(struct tz_cache *c, struct str prefix, int depth)
{
    SCOPED_BUF(path, 4096);
    buf_add(&path, c->dir);
    buf_addc(&path, '/');
    buf_add(&path, prefix);
    DIR *d = opendir(buf_c(&path));
    if (!d)
        return depth ? OK : NOT_FOUND;
    enum status st = OK;
    for (struct dirent *e; st == OK && (e = readdir(d));) {
        struct stat info;
        if (!good_name(e->d_name) || fstatat(dirfd(d), e->d_name, &info, 0) != 0)
            continue;
        struct str name =
            arena_strf(&c->arena, "%.*s%s%s", STR_ARG(prefix), e->d_name, S_ISDIR(info.st_mode) ? "/" : "");
        if (!name.p)
            st = c->arena.st;
        else if (S_ISREG(info.st_mode))
            st = add_name(c, name);
        else if (S_ISDIR(info.st_mode) && depth < DEPTH)
            st = scan(c, name, depth + 1);
    }
    closedir(d);
    return st;
}

/* Appends the file's bytes. */
static enum status read_file(struct str dir, struct str name, struct buf *out)
{
    SCOPED_BUF(path, 4096);
    buf_add(&path, dir);
    buf_addc(&path, '/');
    buf_add(&path, name);
    SCOPED(scoped_close) int fd = open(buf_c(&path), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NOT_FOUND;
    for (;;) {
        char *room = buf_reserve(out, 4096);
        ssize_t n = room ? read(fd, room, 4096) : -1;
        if (n <= 0)
            return out->st != OK ? out->st : n < 0 ? E_IO : OK;
        buf_commit(out, (size_t)n);
    }
}

/* "# version 2025b" at the head of tzdata.zi: 2025 * 100 + 2; without it the folder's time. */
static int64_t find_version(const struct tz_cache *c)
{
    SCOPED_BUF(text, FILE_MAX);
    static const struct str mark = STR_INIT("# version ");
    uint64_t year;
    if (read_file(c->dir, STR("tzdata.zi"), &text) == OK && str_starts(buf_view(&text), mark)) {
        struct str v = str_from(buf_view(&text), mark.n);
        if (str_u64(str_slice(v, 0, 4), &year) && v.n > 4)
            return (int64_t)year * 100 + (v.p[4] >= 'a' && v.p[4] <= 'z' ? v.p[4] - 'a' + 1 : 0);
    }
    struct stat info;
    return stat(c->dir.p, &info) == 0 ? (int64_t)info.st_mtime : 0;
}

enum status tz_cache_new(const char *dir, struct tz_cache **out)
{
    struct tz_cache *c = calloc(1, sizeof *c);
    if (!c)
        return E_MEMORY;
    c->arena = ARENA_INIT(NAMES_MAX);
    if (pthread_mutex_init(&c->lock, NULL) != 0) {
        free(c);
        return E_MEMORY;
    }
    c->dir = arena_str(&c->arena, str_c(dir));
    enum status st = c->dir.p ? scan(c, STR(""), 0) : E_MEMORY;
    if (st != OK) {
        tz_cache_free(c);
        return st;
    }
    if (c->count)
        qsort(c->entries, c->count, sizeof *c->entries, compare_entries);
    c->version = find_version(c);
    *out = c;
    return OK;
}

void tz_cache_free(struct tz_cache *c)
{
    if (!c)
        return;
    arena_free(&c->arena);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

int64_t tz_cache_version(const struct tz_cache *c)
{
    return c->version;
}

/* Reads the zone of an entry; whoever comes second finds it done. */
static const struct tz *load(struct tz_cache *c, struct entry *e)
{
    pthread_mutex_lock(&c->lock);
    const struct tz *z = atomic_load_explicit(&e->zone, memory_order_relaxed);
    if (!z && !atomic_load(&e->bad)) {
        SCOPED_BUF(bytes, FILE_MAX);
        if (read_file(c->dir, e->name, &bytes) == OK &&
            tz_file_parse(&c->arena, e->name, buf_view(&bytes), &z) == OK)
            atomic_store_explicit(&e->zone, z, memory_order_release);
        else
            atomic_store(&e->bad, true);
    }
    pthread_mutex_unlock(&c->lock);
    return z;
}

static const struct tz *find_iana(struct tz_cache *c, struct str name)
{
    size_t low = 0, high = c->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        struct entry *e = &c->entries[middle];
        int order = compare_names(name, e->name);
        if (order == 0) {
            const struct tz *z = atomic_load_explicit(&e->zone, memory_order_acquire);
            return z || atomic_load(&e->bad) ? z : load(c, e);
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static const struct tz *find_windows(struct tz_cache *c, struct str name)
{
    size_t low = 0, high = COUNT_OF(windows);
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare_names(name, windows[middle].name);
        if (order == 0)
            return find_iana(c, windows[middle].iana);
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static const struct tz *find_name(struct tz_cache *c, struct str name)
{
    const struct tz *z = find_iana(c, name);
    return z ? z : find_windows(c, name);
}

const struct tz *tz_find(struct tz_cache *c, struct str tzid)
{
    tzid = str_trim(tzid);
    if (str_caseeq(tzid, STR("UTC")) || str_caseeq(tzid, STR("Z")))
        return tz_utc();
    const struct tz *z = find_name(c, tzid);
    size_t first = str_chr(tzid, '/', 0);
    bool prefixed =
        first == 0 || (first != SIZE_MAX && str_chr(str_slice(tzid, 0, first), '.', 0) != SIZE_MAX);
    for (int i = 0; !z && prefixed && i < PREFIXES; i++) {
        size_t slash = str_chr(tzid, '/', 0);
        if (slash == SIZE_MAX)
            break;
        tzid = str_from(tzid, slash + 1);
        z = find_name(c, tzid);
    }
    return z;
}

void tz_each(struct tz_cache *c, void (*fn)(void *ctx, struct str name), void *ctx)
{
    for (size_t i = 0; i < c->count; i++)
        fn(ctx, c->entries[i].name);
}
