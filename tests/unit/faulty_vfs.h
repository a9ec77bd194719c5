/* tests/unit/faulty_vfs.h: a SQLite VFS over the system's that fails on demand, or kills, and an allocator that fails; for tests of what
 * a full disk, a broken one, no memory, or the end of the process does to a group of writes. */
#ifndef SCAMBIO_TESTS_UNIT_FAULTY_VFS_H
#define SCAMBIO_TESTS_UNIT_FAULTY_VFS_H

#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum faulty_call { FAULTY_WRITE, FAULTY_READ, FAULTY_SYNC, FAULTY_CALLS };

/* What the next calls answer (0: work), and how many of them (-1: all until disarmed). Only in the thread that set it: the
 * other threads of a store must not see what is meant for its writer. */
static _Thread_local struct {
    int code[FAULTY_CALLS], times[FAULTY_CALLS];
    int no_memory;
} faulty;

static atomic_int
    faulty_everywhere; /* a code for writes and syncs of every thread: the disk is full for all */

static inline void faulty_arm(enum faulty_call call, int code, int times)
{
    faulty.code[call] = code;
    faulty.times[call] = times;
}

static inline void faulty_disarm(void)
{
    memset(&faulty, 0, sizeof faulty);
}

/* The process is killed at its n-th step from now on, counted over all threads; 0: never. Steps are the syncs, where a commit's
 * bytes are all written, and the write behind each, where those of the next begin. */
static atomic_long faulty_death;
static atomic_bool faulty_begun;

static inline void faulty_step(enum faulty_call call)
{
    if (call == FAULTY_READ || atomic_load(&faulty_death) <= 0 ||
        atomic_exchange(&faulty_begun, call == FAULTY_WRITE) == (call == FAULTY_WRITE))
        return;
    if (atomic_fetch_sub(&faulty_death, 1) == 1)
        (void)raise(SIGKILL);
}

static inline int faulty_now(enum faulty_call call)
{
    faulty_step(call);
    int everywhere = call == FAULTY_READ ? 0 : atomic_load(&faulty_everywhere);
    if (everywhere || !faulty.code[call] || faulty.times[call] == 0)
        return everywhere;
    if (faulty.times[call] > 0)
        faulty.times[call]--;
    return faulty.code[call];
}

/* ---- files ---- */

struct faulty_file {
    sqlite3_file base;
    sqlite3_file *real;
};

#define FAULTY_REAL(f)            (((struct faulty_file *)(void *)(f))->real)
#define FAULTY_PASS(f, call, ...) (FAULTY_REAL(f)->pMethods->call(FAULTY_REAL(f), ##__VA_ARGS__))

static int faulty_close(sqlite3_file *f)
{
    sqlite3_file *real = FAULTY_REAL(f);
    int code = real->pMethods ? real->pMethods->xClose(real) : SQLITE_OK;
    free(real);
    return code;
}
static int faulty_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    int code = faulty_now(FAULTY_READ);
    return code ? code : FAULTY_PASS(f, xRead, p, n, at);
}
static int faulty_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    int code = faulty_now(FAULTY_WRITE);
    return code ? code : FAULTY_PASS(f, xWrite, p, n, at);
}
static int faulty_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return FAULTY_PASS(f, xTruncate, size);
}
static int faulty_sync(sqlite3_file *f, int flags)
{
    int code = faulty_now(FAULTY_SYNC);
    return code ? code : FAULTY_PASS(f, xSync, flags);
}
static int faulty_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return FAULTY_PASS(f, xFileSize, size);
}
static int faulty_lock(sqlite3_file *f, int level)
{
    return FAULTY_PASS(f, xLock, level);
}
static int faulty_unlock(sqlite3_file *f, int level)
{
    return FAULTY_PASS(f, xUnlock, level);
}
static int faulty_reserved(sqlite3_file *f, int *out)
{
    return FAULTY_PASS(f, xCheckReservedLock, out);
}
static int faulty_control(sqlite3_file *f, int op, void *arg)
{
    return FAULTY_PASS(f, xFileControl, op, arg);
}
static int faulty_sector(sqlite3_file *f)
{
    return FAULTY_PASS(f, xSectorSize);
}
static int faulty_device(sqlite3_file *f)
{
    return FAULTY_PASS(f, xDeviceCharacteristics);
}
static int faulty_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return FAULTY_PASS(f, xShmMap, page, size, extend, out);
}
static int faulty_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return FAULTY_PASS(f, xShmLock, offset, n, flags);
}
static void faulty_shm_barrier(sqlite3_file *f)
{
    FAULTY_PASS(f, xShmBarrier);
}
static int faulty_shm_unmap(sqlite3_file *f, int remove)
{
    return FAULTY_PASS(f, xShmUnmap, remove);
}

static const sqlite3_io_methods faulty_methods = {
    .iVersion = 2, /* no memory-mapped reads: they could not fail */
    .xClose = faulty_close,
    .xRead = faulty_read,
    .xWrite = faulty_write,
    .xTruncate = faulty_truncate,
    .xSync = faulty_sync,
    .xFileSize = faulty_size,
    .xLock = faulty_lock,
    .xUnlock = faulty_unlock,
    .xCheckReservedLock = faulty_reserved,
    .xFileControl = faulty_control,
    .xSectorSize = faulty_sector,
    .xDeviceCharacteristics = faulty_device,
    .xShmMap = faulty_shm_map,
    .xShmLock = faulty_shm_lock,
    .xShmBarrier = faulty_shm_barrier,
    .xShmUnmap = faulty_shm_unmap,
};

static sqlite3_vfs faulty_vfs, *faulty_system;

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    struct faulty_file *file = (struct faulty_file *)(void *)f;
    (void)vfs;
    file->base.pMethods = NULL;
    file->real = calloc(1, (size_t)faulty_system->szOsFile);
    if (!file->real)
        return SQLITE_NOMEM;
    int code = faulty_system->xOpen(faulty_system, name, file->real, flags, out);
    if (file->real->pMethods)
        file->base.pMethods = &faulty_methods;
    else
        free(file->real);
    return code;
}

/* ---- memory ---- */

static sqlite3_mem_methods faulty_memory, faulty_system_memory;

static void *faulty_malloc(int n)
{
    return faulty.no_memory ? NULL : faulty_system_memory.xMalloc(n);
}
static void *faulty_realloc(void *p, int n)
{
    return faulty.no_memory ? NULL : faulty_system_memory.xRealloc(p, n);
}

/* Before anything else touches SQLite. Then db_set_vfs("faulty"). */
static inline void faulty_install(void)
{
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &faulty_system_memory);
    faulty_memory = faulty_system_memory;
    faulty_memory.xMalloc = faulty_malloc;
    faulty_memory.xRealloc = faulty_realloc;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &faulty_memory);
    faulty_system = sqlite3_vfs_find(NULL);
    faulty_vfs = *faulty_system;
    faulty_vfs.zName = "faulty";
    faulty_vfs.szOsFile = sizeof(struct faulty_file);
    faulty_vfs.pNext = NULL;
    faulty_vfs.xOpen = faulty_open;
    sqlite3_vfs_register(&faulty_vfs, 0);
}

#endif
