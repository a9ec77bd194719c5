/* syncml/phone.h: what a device is like: a profile (rows of data in clients/phones) and what its DevInf says.
 *
 * Profiles are chosen by Man, Mod, SwV or the beginning of DevID, most specific first; the last row fits all. */
#ifndef SCAMBIO_SYNCML_PHONE_H
#define SCAMBIO_SYNCML_PHONE_H

#include "core/arena.h"
#include "core/str.h"

enum phone_time { PHONE_UTC, PHONE_LOCAL, PHONE_LOCAL_AS_UTC /* says Z and means local */ };
enum phone_charset { PHONE_UTF8, PHONE_LATIN1, PHONE_CP1252 };

struct phone_field { /* a property that the device can hold, from its CTCap */
    struct str name;
    size_t size; /* largest length in characters; 0: any */
};

struct phone {
    struct str profile; /* the row's name */
    enum phone_time time;
    enum phone_charset charset_in, charset_out;
    bool zones;             /* takes TZID with its VTIMEZONE in text/calendar; PHONE_UTC only */
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
    bool due_local_midnight;
    bool drop_status;  /* its STATUS of events means nothing */
    bool sif;          /* SIF unless its DevInf says otherwise */
    bool ignore_ctcap; /* what its DevInf says about properties and sizes is wrong */
    bool no_resp_uri_on_401;
    bool no_size_in_ctcap;            /* crashes on Size and Type in 1.0 CTCap */
    bool omit_statuses;               /* may leave out Statuses of items */
    int year_min;                     /* no dates before; 0: any */
    int max_sync_types;               /* entries of SyncCap that it survives; 0: any */
    const struct phone_field *fields; /* what it can hold of the type in question; NULL: not known */
    size_t field_count;
};

#endif
