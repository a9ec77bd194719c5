/* tests/unit/scratch_root.h: where tests make their folders: in memory when there is room, since no disk is tested here and its fsyncs are
 * what the tests would wait for. The crash tests have disks. */
#ifndef SCAMBIO_TESTS_UNIT_SCRATCH_ROOT_H
#define SCAMBIO_TESTS_UNIT_SCRATCH_ROOT_H

#include <stdbool.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { SCRATCH_ROOM_MB = 512 };

static inline const char *scratch_root(void)
{
    static const char memory[] = "/dev/shm";
    struct statvfs fs;
    const char *given = getenv("TMPDIR");
    if (given && *given)
        return given;
    bool room = access(memory, W_OK) == 0 && statvfs(memory, &fs) == 0 &&
                (fs.f_bavail * fs.f_frsize) >> 20 >= SCRATCH_ROOM_MB;
    return room ? memory : "/tmp";
}

#endif
