/* syncml/phone.h: what a device is like: a profile (rows of data in clients/phones) and what its DevInf says.
 *
 * Profiles are chosen by Man, Mod, SwV and the beginning of DevID, most specific first (the model tells most, then DevID, SwV,
 * Man); the row without any of them fits all. The files are part of the program (schemas/embed.S); a folder of more of them comes
 * after, and wins where it fits as well.
 *
 * A file has sections [profile] of "key = value"; '#' begins a comment line. Keys man, mod, swv, devid: patterns with commas between
 * them, each a whole text or a beginning with '*' behind, in any case; a section fits when each of its keys has a pattern that
 * fits. `like = profile` takes all values of an earlier section over. The other keys are the fields of struct phone;
 * "length.NAME = 50" says how many characters of a property the device takes. */
#ifndef SCAMBIO_SYNCML_PHONE_H
#define SCAMBIO_SYNCML_PHONE_H

#include "syncml/devinf.h"

enum phone_time { PHONE_UTC, PHONE_LOCAL, PHONE_LOCAL_AS_UTC /* says Z and means local */ };
enum phone_charset { PHONE_UTF8, PHONE_LATIN1, PHONE_CP1252 };

struct phone_field { /* a property that the device can hold, from its CTCap; or how long one may be */
    struct str name;
    size_t size;      /* largest length in characters; 0: any */
    size_t most;      /* so many of them; 0: any */
    bool no_truncate; /* rather not at all than cut */
};

struct phone {
    struct str profile; /* the row's name */
    enum phone_time time;
    bool time_asked;    /* local unless its DevInf says UTC; until that is known as `time` says */
    bool zones;         /* takes TZID with its VTIMEZONE in text/calendar; PHONE_UTC only */
    bool tz_properties; /* TZ and DAYLIGHT are written in 1.0 */
    enum phone_charset charset_in, charset_out;
    bool fold;              /* lines */
    bool qp_8bit;           /* what is not ASCII as quoted-printable (2.1, 1.0) */
    bool empty_properties;  /* takes "TITLE:" as the way to say that it is gone; otherwise never sent */
    bool alarms_utc;        /* absolute, in UTC */
    bool tasks_in_calendar; /* one database for both */
    bool categories_x;      /* "X-" before each category */
    int priorities;         /* 9, or 3 */
    bool photo_base64;      /* ENCODING=BASE64 and an empty line behind */
    bool email_internet;    /* EMAIL needs TYPE=INTERNET */
    bool allday_t24;        /* all-day as T000000Z..T240000Z */
    bool epoc;              /* entries of Symbian's agenda say their kind (X-EPOCAGENDAENTRYTYPE) */
    bool due_local_midnight;
    bool drop_status;  /* its STATUS of events means nothing */
    bool summary_echo; /* what has no DESCRIPTION is given its SUMMARY as one */
    bool sif;          /* SIF unless its DevInf says otherwise */
    bool ignore_ctcap; /* what its DevInf says about properties and sizes is wrong */
    bool no_resp_uri_on_401;
    bool no_size_in_ctcap;             /* crashes on Size and Type in 1.0 CTCap */
    bool omit_statuses;                /* may leave out Statuses of items */
    int year_min;                      /* no dates before; 0: any */
    int max_sync_types;                /* entries of SyncCap that it survives; 0: any */
    const struct phone_field *lengths; /* of the row */
    size_t length_count;
    const struct phone_field *fields; /* what it can hold of the type in question; NULL: not known */
    size_t field_count;
};

struct phones; /* all profiles; immutable, so that threads may share it */

/* The built-in rows, then those of the files *.ini in the folder (NULL: none), by name. INVALID: `mistakes` has a line for each,
 * "file:line: what: what to do". NOT_FOUND, E_IO: the folder cannot be read. */
enum status phones_new(const char *folder, struct phones **out, struct buf *mistakes);
/* The built-in rows and one more text (tests, fuzzing). */
enum status phones_parse(struct str text, const char *name, struct phones **out, struct buf *mistakes);
void phones_free(struct phones *p); /* NULL is allowed */

/* The profile that fits best; never NULL. What is not known is STR_NONE. */
const struct phone *phone_choose(const struct phones *p, struct str man, struct str mod, struct str swv,
                                 struct str devid);
const struct phone *phone_named(const struct phones *p, struct str profile); /* NULL: none */
typedef void (*phone_fn)(void *ctx, const struct phone *p);
void phones_each(const struct phones *p, phone_fn fn, void *ctx);

/* The profile with what the DevInf says of one type of one database: its properties and their sizes (CTCap), and whether it wants UTC.
 * `source`: the database as the device calls it, STR_NONE: any. `d` NULL: nothing is known. A CTCap that lacks what every
 * item of the type has says nothing. Strings point into `d`. */
enum status phone_with_devinf(struct arena *a, const struct phone *base, const struct devinf *d,
                              struct str source, struct str mime, struct str version, struct phone *out);

#endif
