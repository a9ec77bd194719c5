/* tests/crash/disk.c: plays a trace: the live tree of names, and behind each file and folder what is durable
 * and what is pending. */
#include "tests/crash/disk.h"

#include "tests/crash/trace.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FDS = 65536, SECTOR = 512 };

const char *const sync_class_names[SYNC_CLASSES] = {
    [SYNC_NONE] = "none",       [SYNC_WAL] = "wal",     [SYNC_DB] = "db",
    [SYNC_JOURNAL] = "journal", [SYNC_BLOB] = "blob",   [SYNC_BLOB_FOLDER] = "blob-folder",
    [SYNC_FOLDER] = "folder",   [SYNC_OTHER] = "other",
};

/* A change of content that no sync has covered: bytes at an offset, or (p == NULL) a new length. */
struct change {
    const char *p;
    uint64_t at;
    size_t n;
};

/* A change of names: in one folder, or of two at once (rename between folders). */
struct naming {
    struct node *remove_from, *add_to; /* NULL: that half is absent or durable already */
    char *removed, *added;
    struct node *node;
    int users; /* folders that still have it pending */
    bool chosen;
};

struct entry {
    char *name;
    struct node *node;
};

struct table { /* names of a folder */
    struct entry *items;
    size_t count, cap;
};

struct node {
    struct node *older; /* all nodes, for the end and for choosing */
    bool folder;
    char *path; /* its latest, for the class of its syncs */
    /* files */
    char *bytes;
    size_t size, cap;
    struct change *changes;
    size_t change_count, change_cap;
    /* folders */
    struct table live, durable;
    struct naming **namings;
    size_t naming_count, naming_cap;
};

struct disk {
    const char *map;
    size_t map_n;
    size_t *records, count, next;
    struct node *root, *fds[FDS], *newest;
    enum sync_class without;
    size_t syncs[SYNC_CLASSES];
};

/* A test program: out of memory ends it. */
static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

#define PUSH(items, count, cap)                                                                              \
    ((count) == (cap)                                                                                        \
         ? ((cap) = (cap) ? (cap)*2 : 8, (items) = must(realloc((items), (cap) * sizeof *(items))))          \
         : (items),                                                                                          \
     &(items)[(count)++])

static struct node *node_new(struct disk *d, bool folder, const char *path)
{
    struct node *n = must(calloc(1, sizeof *n));
    n->older = d->newest;
    d->newest = n;
    n->folder = folder;
    n->path = must(strdup(path));
    return n;
}

/* ---- names ---- */
static struct node *table_get(const struct table *t, const char *name, size_t n)
{
    for (size_t i = 0; i < t->count; i++)
        if (strlen(t->items[i].name) == n && memcmp(t->items[i].name, name, n) == 0)
            return t->items[i].node;
    return NULL;
}

static void table_remove(struct table *t, const char *name)
{
    for (size_t i = 0; i < t->count; i++) {
        if (strcmp(t->items[i].name, name) != 0)
            continue;
        free(t->items[i].name);
        t->items[i] = t->items[--t->count];
        return;
    }
}

static void table_set(struct table *t, const char *name, struct node *node)
{
    table_remove(t, name);
    *PUSH(t->items, t->count, t->cap) = (struct entry){must(strdup(name)), node};
}

/* The live node of a path, or NULL; *parent gets the folder that holds (or would hold) it, *last its name
 * there. */
static struct node *find(struct disk *d, const char *path, struct node **parent, const char **last)
{
    struct node *at = d->root;
    *parent = NULL;
    *last = path;
    while (at && *path) {
        size_t n = strcspn(path, "/");
        *parent = at;
        *last = path;
        at = table_get(&at->live, path, n);
        path += n;
        while (*path == '/')
            path++;
        if (!at && *path)
            *parent = NULL;
    }
    return at;
}

static void pend(struct node *folder, struct naming *n)
{
    *PUSH(folder->namings, folder->naming_count, folder->naming_cap) = n;
    n->users++;
}

static void name_change(struct node *from, const char *removed, struct node *to, const char *added,
                        struct node *node)
{
    struct naming *n = must(calloc(1, sizeof *n));
    *n = (struct naming){.remove_from = from, .add_to = to, .node = node};
    if (from) {
        n->removed = must(strdup(removed));
        table_remove(&from->live, removed);
        pend(from, n);
    }
    if (to) {
        n->added = must(strdup(added));
        table_set(&to->live, added, node);
        if (to != from)
            pend(to, n);
    }
}

static void drop_names(struct node *folder)
{
    for (size_t i = 0; i < folder->naming_count; i++) {
        struct naming *n = folder->namings[i];
        if (--n->users > 0)
            continue;
        free(n->removed);
        free(n->added);
        free(n);
    }
    folder->naming_count = 0;
}

/* Makes the names of a folder durable, in their order; of a move between folders both halves: a journal holds
 * them together. */
static void sync_names(struct node *folder)
{
    for (size_t i = 0; i < folder->naming_count; i++) {
        struct naming *n = folder->namings[i];
        if (n->remove_from)
            table_remove(&n->remove_from->durable, n->removed);
        if (n->add_to)
            table_set(&n->add_to->durable, n->added, n->node);
        n->remove_from = n->add_to = NULL;
    }
    drop_names(folder);
}

/* ---- contents ---- */
static void bytes_resize(struct node *f, size_t size)
{
    if (size > f->cap) {
        f->cap = size + size / 2 + 4096;
        f->bytes = must(realloc(f->bytes, f->cap));
    }
    if (size > f->size)
        memset(f->bytes + f->size, 0, size - f->size);
    f->size = size;
}

static void sync_bytes(struct node *f)
{
    for (size_t i = 0; i < f->change_count; i++) {
        const struct change *c = &f->changes[i];
        if (!c->p) {
            bytes_resize(f, c->at);
            continue;
        }
        if (c->at + c->n > f->size)
            bytes_resize(f, c->at + c->n);
        memcpy(f->bytes + c->at, c->p, c->n);
    }
    f->change_count = 0;
}

static bool ends(const char *s, const char *with)
{
    size_t n = strlen(s), m = strlen(with);
    return n >= m && strcmp(s + n - m, with) == 0;
}

static enum sync_class class_of(const struct node *n)
{
    bool blob = strncmp(n->path, "blobs", 5) == 0 && (n->path[5] == '/' || n->path[5] == 0);
    if (n->folder)
        return blob ? SYNC_BLOB_FOLDER : SYNC_FOLDER;
    if (blob)
        return SYNC_BLOB;
    return ends(n->path, "-wal")       ? SYNC_WAL
           : ends(n->path, "-journal") ? SYNC_JOURNAL
           : ends(n->path, ".db")      ? SYNC_DB
                                       : SYNC_OTHER;
}

/* ---- playing ---- */
static void play_open(struct disk *d, int fd, unsigned flags, const char *path)
{
    struct node *parent;
    const char *last;
    struct node *n = find(d, path, &parent, &last);
    if (!n && parent) {
        n = node_new(d, false, path);
        name_change(NULL, NULL, parent, last, n);
    } else if (n && (flags & O_TRUNC) && !n->folder) {
        *PUSH(n->changes, n->change_count, n->change_cap) = (struct change){NULL, 0, 0};
    }
    d->fds[fd] = n;
}

static void play_name(struct disk *d, enum trace_kind kind, const char *path, const char *to)
{
    struct node *parent, *to_parent = NULL;
    const char *last, *to_last = NULL;
    struct node *n = find(d, path, &parent, &last);
    if (to)
        find(d, to, &to_parent, &to_last);
    if (kind == TRACE_MKDIR && !n && parent)
        name_change(NULL, NULL, parent, last, node_new(d, true, path));
    else if (kind == TRACE_UNLINK && n && parent)
        name_change(parent, last, NULL, NULL, NULL);
    else if (kind == TRACE_LINK && n && to_parent)
        name_change(NULL, NULL, to_parent, to_last, n);
    else if (kind == TRACE_RENAME && n && parent && to_parent)
        name_change(parent, last, to_parent, to_last, n);
    if (n && to) {
        free(n->path);
        n->path = must(strdup(to));
    }
}

static void play_sync(struct disk *d, struct node *n)
{
    enum sync_class class = class_of(n);
    d->syncs[class]++;
    if (class == d->without)
        return;
    if (n->folder)
        sync_names(n);
    else
        sync_bytes(n);
}

static void play(struct disk *d, const struct trace_head *h, const char *name, const char *data)
{
    struct node *n = h->fd >= 0 && h->fd < FDS ? d->fds[h->fd] : NULL;
    char path[4096], to[4096];
    snprintf(path, sizeof path, "%.*s", (int)h->name_n, name);
    switch ((enum trace_kind)h->kind) {
    case TRACE_OPEN:
        play_open(d, h->fd, (unsigned)h->arg, path);
        break;
    case TRACE_CLOSE:
        d->fds[h->fd] = NULL;
        break;
    case TRACE_DUP:
        d->fds[h->arg] = n;
        break;
    case TRACE_WRITE:
        if (n)
            *PUSH(n->changes, n->change_count, n->change_cap) = (struct change){data, h->arg, h->data_n};
        break;
    case TRACE_SIZE:
        if (n)
            *PUSH(n->changes, n->change_count, n->change_cap) = (struct change){NULL, h->arg, 0};
        break;
    case TRACE_SYNC:
        if (n)
            play_sync(d, n);
        break;
    case TRACE_RENAME:
    case TRACE_LINK:
        snprintf(to, sizeof to, "%.*s", (int)h->data_n, data);
        play_name(d, (enum trace_kind)h->kind, path, to);
        break;
    case TRACE_UNLINK:
    case TRACE_MKDIR:
        play_name(d, (enum trace_kind)h->kind, path, NULL);
        break;
    case TRACE_NOTE:
        break;
    }
}

void disk_advance(struct disk *d, size_t to, disk_note_fn note, void *ctx)
{
    for (; d->next < to && d->next < d->count; d->next++) {
        struct trace_head h;
        const char *p = d->map + d->records[d->next];
        memcpy(&h, p, sizeof h);
        const char *name = p + sizeof h, *data = name + h.name_n;
        if (h.kind == TRACE_NOTE) {
            if (note)
                note(ctx, d->next, data, h.data_n);
        } else {
            play(d, &h, name, data);
        }
    }
}

/* ---- images ---- */
struct chooser {
    uint64_t state;
    unsigned keep; /* of 256: how likely an operation reached the disk */
    bool prefix;   /* names: a journalled file system keeps a prefix of them */
    unsigned torn; /* of 256: how likely a write that reached it is torn */
};

static uint64_t draw(struct chooser *c)
{
    uint64_t z = (c->state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static bool chance(struct chooser *c, unsigned of256)
{
    return (draw(c) >> 32) % 256 < of256;
}

static struct chooser chooser_of(uint64_t seed)
{
    struct chooser c = {.state = seed * 0x2545f4914f6cdd1d + 1};
    static const unsigned keeps[] = {0, 256, 20, 128, 128, 236};
    c.keep = keeps[draw(&c) % (sizeof keeps / sizeof *keeps)];
    c.prefix = chance(&c, 128);
    c.torn = c.keep == 256 ? 0 : 80;
    return c;
}

static bool put_at(int fd, const char *p, size_t n, uint64_t at)
{
    while (n > 0) {
        ssize_t done = pwrite(fd, p, n, (off_t)at);
        if (done <= 0)
            return false;
        p += done, n -= (size_t)done, at += (uint64_t)done;
    }
    return true;
}

static bool put_change(int fd, const struct change *c, struct chooser *by)
{
    if (!chance(by, by->keep))
        return true;
    if (!c->p)
        return ftruncate(fd, (off_t)c->at) == 0;
    if (!chance(by, by->torn))
        return put_at(fd, c->p, c->n, c->at);
    bool ok = true;
    for (size_t i = 0; i < c->n && ok;) {
        size_t part = SECTOR - (c->at + i) % SECTOR;
        if (part > c->n - i)
            part = c->n - i;
        if (chance(by, 128))
            ok = put_at(fd, c->p + i, part, c->at + i);
        i += part;
    }
    return ok;
}

static bool image_file(const struct node *f, int at, const char *name, struct chooser *by)
{
    int fd = openat(at, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        return false;
    bool ok = put_at(fd, f->bytes, f->size, 0);
    for (size_t i = 0; i < f->change_count && ok; i++)
        ok = put_change(fd, &f->changes[i], by);
    close(fd);
    return ok;
}

/* What the folder holds in this image. An operation of two folders was chosen for both or for none. */
static void image_names(const struct node *folder, struct table *t)
{
    for (size_t i = 0; i < folder->durable.count; i++)
        table_set(t, folder->durable.items[i].name, folder->durable.items[i].node);
    for (size_t i = 0; i < folder->naming_count; i++) {
        const struct naming *n = folder->namings[i];
        if (!n->chosen)
            continue;
        if (n->remove_from == folder)
            table_remove(t, n->removed);
        if (n->add_to == folder)
            table_set(t, n->added, n->node);
    }
}

/* Chooses for every pending change of names. A move between folders belongs to the folder that it adds to. */
static void choose_names(struct disk *d, struct chooser *by)
{
    for (struct node *folder = d->newest; folder; folder = folder->older) {
        size_t cut = by->keep == 256 ? folder->naming_count
                     : by->keep == 0 ? 0
                                     : draw(by) % (folder->naming_count + 1);
        for (size_t i = 0; i < folder->naming_count; i++) {
            struct naming *n = folder->namings[i];
            if (!n->add_to || n->add_to == folder)
                n->chosen = by->prefix ? i < cut : chance(by, by->keep);
        }
    }
}

static bool image_folder(const struct node *folder, int fd, struct chooser *by)
{
    struct table names = {0};
    image_names(folder, &names);
    bool ok = true;
    for (size_t i = 0; i < names.count; i++) {
        const struct entry *e = &names.items[i];
        if (ok && !e->node->folder) {
            ok = image_file(e->node, fd, e->name, by);
        } else if (ok) {
            mkdirat(fd, e->name, 0700);
            int sub = openat(fd, e->name, O_RDONLY | O_DIRECTORY);
            ok = sub >= 0 && image_folder(e->node, sub, by);
            if (sub >= 0)
                close(sub);
        }
        free(e->name);
    }
    free(names.items);
    return ok;
}

bool disk_image(struct disk *d, uint64_t seed, const char *dir)
{
    struct chooser by = chooser_of(seed);
    choose_names(d, &by);
    int fd = open(dir, O_RDONLY | O_DIRECTORY);
    bool ok = fd >= 0 && image_folder(d->root, fd, &by);
    if (fd >= 0)
        close(fd);
    return ok;
}

/* ---- opening ---- */
static bool index_records(struct disk *d)
{
    size_t cap = 0;
    for (size_t at = 0; at < d->map_n;) {
        struct trace_head h;
        if (d->map_n - at < sizeof h)
            return false;
        memcpy(&h, d->map + at, sizeof h);
        if (d->map_n - at - sizeof h < (size_t)h.name_n + h.data_n || h.kind < TRACE_OPEN ||
            h.kind > TRACE_NOTE)
            return false;
        *PUSH(d->records, d->count, cap) = at;
        at += sizeof h + h.name_n + h.data_n;
    }
    return true;
}

struct disk *disk_open(const char *trace, enum sync_class without)
{
    struct stat st;
    int fd = open(trace, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0) {
        fprintf(stderr, "disk: %s: cannot be read\n", trace);
        return NULL;
    }
    struct disk *d = must(calloc(1, sizeof *d));
    d->map_n = (size_t)st.st_size;
    d->map = mmap(NULL, d->map_n, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    d->root = node_new(d, true, "");
    d->without = without;
    if (d->map == MAP_FAILED || !index_records(d)) {
        fprintf(stderr, "disk: %s: is no trace\n", trace);
        free(d);
        return NULL;
    }
    return d;
}

static void table_free(struct table *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->items[i].name);
    free(t->items);
}

void disk_close(struct disk *d)
{
    for (struct node *n = d->newest, *older; n; n = older) {
        older = n->older;
        drop_names(n);
        free(n->namings);
        table_free(&n->live);
        table_free(&n->durable);
        free(n->bytes);
        free(n->changes);
        free(n->path);
        free(n);
    }
    munmap((void *)(uintptr_t)d->map, d->map_n);
    free(d->records);
    free(d);
}

size_t disk_count(const struct disk *d)
{
    return d->count;
}

size_t disk_syncs(const struct disk *d, enum sync_class class)
{
    return d->syncs[class];
}
