/* tests/crash/trace.h: the format of a trace of file operations: what record.c writes and disk.c reads.
 *
 * A trace is a row of records, each a struct trace_head and `name_n` bytes of path, then `data_n` bytes.
 * Paths are relative to the recorded folder ("" is the folder itself). Both sides run on one machine: no byte
 * order to care about. */
#ifndef SCAMBIO_TESTS_CRASH_TRACE_H
#define SCAMBIO_TESTS_CRASH_TRACE_H

#include <stdint.h>

enum trace_kind {
    TRACE_OPEN = 1, /* fd, name; arg: the flags of open */
    TRACE_CLOSE,    /* fd */
    TRACE_DUP,      /* fd; arg: the new one */
    TRACE_WRITE,    /* fd, data; arg: the offset */
    TRACE_SIZE,     /* fd; arg: the new length */
    TRACE_SYNC,     /* fd: fsync or fdatasync of a file or folder */
    TRACE_RENAME,   /* name, data: the new name */
    TRACE_LINK,     /* name, data: the new name */
    TRACE_UNLINK,   /* name: a file or an empty folder */
    TRACE_MKDIR,    /* name */
    TRACE_NOTE,     /* data: a line of the load's journal */
};

struct trace_head {
    uint32_t kind;
    int32_t fd;
    uint64_t arg;
    uint32_t name_n, data_n;
};

#endif
