/* core/status.c: phrases for enum status. */
#include "core/status.h"

#include <stddef.h>

static const char *const answers[STATUS_COUNT] = {
    [OK] = "ok",
    [NOT_FOUND] = "not found",
    [EXISTS] = "exists already",
    [DENIED] = "permission denied",
    [UNAUTHENTICATED] = "not authenticated",
    [THROTTLED] = "too many failed attempts",
    [PRECONDITION] = "precondition failed",
    [NOT_MODIFIED] = "not modified",
    [NO_PARENT] = "parent collection does not exist",
    [UID_CONFLICT] = "another item has this UID",
    [TOO_LARGE] = "too large",
    [TOO_MANY] = "too many",
    [OVER_QUOTA] = "over quota",
    [INVALID] = "invalid data",
    [UNSUPPORTED] = "not supported",
    [BAD_TOKEN] = "token not valid",
    [PROTECTED] = "protected",
    [TRUNCATED] = "truncated",
    [GONE] = "gone",
};

static const char *const faults[] = {
    [-E_MEMORY] = "out of memory",    [-E_IO] = "input/output error",
    [-E_FULL] = "no space left",      [-E_CORRUPT] = "stored data is damaged",
    [-E_INTERNAL] = "internal error", [-E_TIMEOUT] = "timed out",
    [-E_UNAVAILABLE] = "unavailable", [-E_BUSY] = "too much work in flight",
};

const char *status_text(enum status st)
{
    const char *text = NULL;
    if (st >= 0 && st < STATUS_COUNT)
        text = answers[st];
    else if (st < 0 && (size_t)-st < sizeof faults / sizeof *faults)
        text = faults[-st];
    return text ? text : "unknown status";
}
