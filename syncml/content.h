/* syncml/content.h: between what a device holds and what the store holds.
 *
 * The store has RFC 5545 objects and vCards 3.0 or 4.0 (the bytes as they came). A device has items of one of many types, in its own
 * way of saying things (struct phone, syncml/phone.h). Out: content_export() makes the device's form of a stored object.
 * In: content_import() makes the stored form of a device's item, merged into the object that is stored already.
 *
 * MERGE. What the device cannot hold survives its Replace. What it can hold is found by asking ourselves: the stored object
 * is exported for this device and read back; what comes through is what the device knows. Compared with what it sent, property by
 * property: equal → the stored line stays as it is, bytes and all; changed → the device's; gone → removed; new → added; and what
 * never came through is kept. So a truncated field, a lower resolution or a missing zone name do no harm.
 *
 * PARTS. A recurrence set is one stored object, but devices hold the master and each moved instance as items of their own: parts,
 * named by RECURRENCE-ID in UTC ("20260105T090000Z"), or as a date, or as local time when it floats; the master is "".
 *
 * Everything is pure: bytes in, bytes out, memory in the arena. */
#ifndef SCAMBIO_SYNCML_CONTENT_H
#define SCAMBIO_SYNCML_CONTENT_H

#include "store/prepare.h"
#include "syncml/phone.h"

enum content_type {
    CONTENT_NONE,
    CONTENT_VCARD21, /* text/x-vcard */
    CONTENT_VCARD30, /* text/vcard */
    CONTENT_VCARD40,
    CONTENT_VCAL10, /* text/x-vcalendar */
    CONTENT_ICAL20, /* text/calendar */
    CONTENT_PLAIN,  /* text/plain: a note */
    CONTENT_VNOTE,  /* text/x-vnote */
    CONTENT_SIFC,   /* text/x-s4j-sifc, text/x-sifc */
    CONTENT_SIFE,
    CONTENT_SIFT,
    CONTENT_SIFN,
    CONTENT_TYPE_COUNT
};

/* Of a MIME type with parameters (charset, version), "text/vcard" with a look at the data's VERSION. CONTENT_NONE: not ours. */
enum content_type content_type_of(struct str mime, struct str version, struct str data);
struct str content_mime(enum content_type type);    /* "text/x-vcard" */
struct str content_version(enum content_type type); /* "2.1" */
bool content_base64(enum content_type type);        /* SIF goes as b64 */
enum media content_media(enum content_type type);   /* what it becomes in the store */

struct content_limits {
    struct ical_limits ical;
    struct vcard_limits vcard;
    size_t size; /* of one item */
};

struct content_settings { /* of one session */
    const struct phone *phone;
    struct tz_cache *zones;
    struct str zone; /* TZID of local times: the account's calendar */
    const struct content_limits *limits;
    int64_t now;
    bool recoded; /* what the device sends was made UTF-8 with the message around it */
};

/* ---- out ---- */
/* The part of the stored object as this device takes it. NOT_FOUND: there is no such part (now). UNSUPPORTED: this object has no
 * form of that type. INVALID: the stored text is broken. */
enum status content_export(struct arena *a, const struct content_settings *s, enum media media,
                           struct str stored, struct str recur_id, enum content_type type, struct str *out);
/* Which items the stored object is on a device that gets this type: "" and the overrides. Never empty. */
enum status content_parts(struct arena *a, const struct content_settings *s, enum media media,
                          struct str stored, enum content_type type, struct str **recur_ids, size_t *count);
/* Hash over what the device can hold of a text of its own type (order of properties, folding and the like do not count). */
enum status content_hash(struct arena *a, const struct content_settings *s, enum content_type type,
                         struct str text, unsigned char out[16]);

/* ---- in ---- */
enum content_merge {
    CONTENT_DEVICE, /* the device's values win, and what it removed goes */
    CONTENT_BOTH,   /* nothing goes, both sides' additions stay; of what has one value only, the device's */
};
struct content_in {
    struct str body;     /* to be stored; for prepare_calendar or prepare_vcard */
    struct str uid;      /* of it */
    struct str recur_id; /* which part the device sent */
    bool made_uid;       /* the device gave none: it is ours */
    bool unchanged;      /* body means what was stored: nothing needs to be written */
    bool
        differs; /* in what the device can hold, body says something else than it sent: it must get it back */
    struct str why; /* after INVALID, TOO_LARGE, UNSUPPORTED: what and where */
};
/* `stored`: the object it replaces or joins (a new override joins its master's object), STR_NONE for a new one. `uid`: what to use
 * when the device gives none, STR_NONE: a random one. */
enum status content_import(struct arena *a, const struct content_settings *s, enum content_type type,
                           struct str data, struct str stored, struct str recur_id, struct str uid,
                           enum content_merge how, struct content_in *out);
/* The same where the stored object was changed since the device got it: `base` is what it was then (STR_NONE: not known). Three
 * ways: what the device did not change keeps what others made of it; of what both changed the device's value counts, and of what
 * can be there several times both stay. Without `base`, or when it cannot be read, `how` says. */
enum status content_import_since(struct arena *a, const struct content_settings *s, enum content_type type,
                                 struct str data, struct str stored, struct str base, struct str recur_id,
                                 struct str uid, enum content_merge how, struct content_in *out);
/* UID, part and a key for matching, of a device's item, before anything is looked up. */
struct content_peek {
    struct str uid; /* STR_NONE: none */
    struct str recur_id;
    int kind;               /* enum ical_kind; 1 a card, 2 a group */
    uint64_t key;           /* equal for objects that people would take for the same one; 0: none */
    unsigned char hash[16]; /* as content_hash() makes it */
    uint64_t title;         /* the key without when it is: equal also when it was moved */
};
enum status content_peek(struct arena *a, const struct content_settings *s, enum content_type type,
                         struct str data, struct content_peek *out);
/* The same keys of a stored object's part. */
enum status content_title_key(struct arena *a, const struct content_settings *s, enum media media,
                              struct str stored, struct str recur_id, uint64_t *key);
enum status content_key(struct arena *a, const struct content_settings *s, enum media media,
                        struct str stored, struct str recur_id, uint64_t *key);
/* Are both the same for people, field by field as far as the device can hold it? Decides after equal keys. */
enum status content_same(struct arena *a, const struct content_settings *s, enum content_type type,
                         struct str data, struct str stored, struct str recur_id, bool *same);
/* The stored object without one part (an EXDATE takes its place): what a device's Delete of an override means. NOT_FOUND: nothing
 * is left of it (overrides alone), or `recur_id` is the master. */
enum status content_without(struct arena *a, const struct content_settings *s, struct str stored,
                            struct str recur_id, struct str *out);

#endif
