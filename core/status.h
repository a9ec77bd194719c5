/* core/status.h: the one result type.
 *
 * Every function that can fail returns an enum status:
 *   negative  a fault: the machine or the program failed (disk, memory, a broken store). Pass it up;
 *             it is logged once, at the edge where a request ends.
 *   0         OK.
 *   positive  a documented answer: the request is at fault or the thing is simply not there. The caller
 *             handles it, each protocol by its one table (dav/answer.c maps it to HTTP, and so on).
 *
 * Test a fault with `st < 0`, success with `st == OK`. */
#ifndef SCAMBIO_CORE_STATUS_H
#define SCAMBIO_CORE_STATUS_H

enum status {
    /* faults */
    E_MEMORY = -1,      /* allocation failed */
    E_IO = -2,          /* read, write or sync failed */
    E_FULL = -3,        /* no space on the device */
    E_CORRUPT = -4,     /* stored data contradicts itself */
    E_INTERNAL = -5,    /* a state that the program holds impossible */
    E_TIMEOUT = -6,     /* something we depend on did not answer in time */
    E_UNAVAILABLE = -7, /* something we depend on is down, or the server is stopping */
    E_BUSY = -8,        /* a bound on work in flight was reached; try again later */

    OK = 0,

    /* documented answers */
    NOT_FOUND = 1,   /* no such object, or none that the actor may know of */
    EXISTS,          /* an object of that name is there already */
    DENIED,          /* the actor's rights do not suffice */
    UNAUTHENTICATED, /* no or wrong credentials */
    THROTTLED,       /* too many failures from this address or for this account */
    PRECONDITION,    /* If-Match, If-None-Match, UNCHANGEDSINCE … does not hold */
    NOT_MODIFIED,    /* If-None-Match or If-Modified-Since of a read holds */
    NO_PARENT,       /* the collection that should hold it does not exist */
    UID_CONFLICT,    /* another item of the collection has this UID */
    TOO_LARGE,       /* a configured size limit is exceeded */
    TOO_MANY,        /* a configured count limit is exceeded */
    OVER_QUOTA,      /* the account's quota is exceeded */
    INVALID,         /* not well-formed, or breaks a rule of its format */
    UNSUPPORTED,     /* well-formed, but of a kind that is not taken here */
    BAD_TOKEN,       /* sync-token, anchor: of another store, of the future, or behind the horizon */
    PROTECTED,       /* the property or object can not be changed by clients */
    TRUNCATED,       /* the answer is right but incomplete; go on where it ends */
    GONE,            /* was there; its tombstone is known */
    STATUS_COUNT
};

/* A short English phrase for logs and messages; never NULL. */
const char *status_text(enum status st);

#endif
