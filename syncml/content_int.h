/* syncml/content_int.h: what the files of the content conversion share.
 *
 * An item on its way is a struct doc: components and properties in the terms of the store (RFC 5545; vCard 3.0 or 4.0), whatever it
 * came as. Stages, one file each:
 *
 *   content_read.c      text of a device → item              content_write.c    item → text for a device
 *   content_local.c     times as the device means them → times in the store's terms
 *   content_adapt*.c    a stored item → what the device can hold
 *   content_props.c     what each property is, and when two values mean the same
 *   content_merge*.c    what the device changed, into the stored item */
#ifndef SCAMBIO_SYNCML_CONTENT_INT_H
#define SCAMBIO_SYNCML_CONTENT_INT_H

#include "formats/charset.h"
#include "formats/tz.h"
#include "syncml/content.h"

enum { CONTENT_DAY = 86400 };

struct zone_entry { /* a TZID that was looked up; zone NULL: nobody knows it */
    const struct ical_comp *cal;
    struct str tzid;
    const struct tz *zone;
    struct zone_entry *next;
};

struct ctx {
    struct arena *a;
    const struct content_settings *s;
    enum content_type type;
    const struct tz *local; /* of the account; UTC when it is not known */
    struct zone_entry *zones;
    size_t onsets;  /* of VTIMEZONEs, that may still be computed */
    struct str why; /* after INVALID and the like */
};

struct doc {
    enum media media;
    enum vcard_version version; /* cards */
    struct ical_comp *root;     /* VCALENDAR; of a card a component VCARD with its properties */
    struct ical_comp *main;     /* the component that it is about; of a card the root */
    struct broken *broken;      /* what came but could not be understood: its absence says nothing */
};

struct broken {
    struct str name;
    struct broken *next;
};
bool doc_is_broken(const struct doc *i, struct str name);

void ctx_init(struct ctx *x, struct arena *a, const struct content_settings *s, enum content_type type);
/* Sets x->why and gives st (or the arena's fault). */
enum status ctx_fail(struct ctx *x, enum status st, const char *what);
size_t ctx_size(const struct ctx *x); /* bound of one text */

/* ---- content_read.c ---- */
/* A device's text, times and all in the terms of the store. INVALID, TOO_LARGE, TOO_MANY, UNSUPPORTED with x->why. */
enum status doc_read(struct ctx *x, struct str data, struct doc *out);
/* A stored text as it is. */
enum status doc_parse(struct ctx *x, enum media media, struct str stored, struct doc *out);
struct doc doc_of_card(struct ctx *x, const struct vcard *card);
void doc_card(const struct doc *i, struct vcard *out); /* the reverse; properties are shared */
/* Brings a card into that version. */
enum status doc_to_version(struct ctx *x, struct doc *i, enum vcard_version version);

enum status doc_of_calendar(struct ctx *x, struct ical_comp *root, struct doc *out);

/* One reader and one writer a type: content_read.c, content_versit.c, content_sif.c. */
enum charset charset_of_phone(enum phone_charset c);
enum status read_vcard21(struct ctx *x, struct str data, struct doc *out);
enum status read_vcal10(struct ctx *x, struct str data, struct doc *out);
enum status read_vnote(struct ctx *x, struct str data, struct doc *out);
enum status read_plain(struct ctx *x, struct str data, struct doc *out);
enum status read_sif(struct ctx *x, struct str data, struct doc *out);
enum status write_vcard21(struct ctx *x, const struct doc *i, struct buf *out);
enum status write_vcal10(struct ctx *x, const struct doc *i, struct buf *out);
enum status write_vnote(struct ctx *x, const struct doc *i, struct buf *out);
enum status write_plain(struct ctx *x, const struct doc *i, struct buf *out);
enum status write_sif(struct ctx *x, const struct doc *i, struct buf *out);

/* ---- content_write.c ---- */
enum status doc_write(struct ctx *x, const struct doc *i, struct str *out); /* for the device */
/* For the store: lines and components that came from there and were not touched go out as they are. */
enum status doc_store(struct ctx *x, const struct doc *i, struct str *out);

/* ---- content_line.c: copies of properties ---- */
struct line *line_new(struct arena *a, struct str name, struct str value);
struct line *line_copy(struct arena *a, const struct line *l); /* with params of its own; raw is forgotten */
void line_param_remove(struct line *l, struct str name);
void line_param_set(struct arena *a, struct line *l, struct str name, struct str value);
void line_param_take(struct arena *a, struct line *l,
                     const struct line_param *from); /* with all its values */
/* TYPE values, one by one; "a,b" counts as two. */
void line_type_add(struct arena *a, struct line *l, struct str type);
void line_type_remove(struct arena *a, struct line *l, struct str type);
/* The component with copies of its properties; its children are copied too. */
struct ical_comp *comp_copy(struct arena *a, const struct ical_comp *from, struct ical_comp *parent);
void comp_drop(struct ical_comp *c, struct str name); /* all properties of that name */
void comp_unlink(struct ical_comp *c, const struct line *l);
void comp_remove_child(struct ical_comp *parent, const struct ical_comp *child);
struct line *comp_prop(struct ical_comp *c, struct str name); /* ical_prop for those who change it */
/* The first of that name gets the value, or a new one is added. NULL: out of memory. */
struct line *comp_set(struct arena *a, struct ical_comp *c, struct str name, struct str value);
/* It is not what was stored any more: it must be written anew. */
void comp_touch(struct ical_comp *c);
struct str text_value(struct arena *a, struct str text); /* escaped */
/* One behind the other, any bytes; STR_NONE: out of memory. */
struct str str_joined(struct arena *a, struct str first, struct str second, struct str third);

/* ---- content_time.c ---- */
struct when {
    int64_t civil, utc;    /* as written; floating times and dates: by the account's zone */
    const struct tz *zone; /* never NULL */
    struct str tzid;       /* of a zone by name */
    bool is_date, is_utc;
};
static inline int64_t civil_time(int64_t civil) /* seconds since midnight */
{
    return (civil % CONTENT_DAY + CONTENT_DAY) % CONTENT_DAY;
}
static inline int64_t civil_midnight(int64_t civil)
{
    return civil - civil_time(civil);
}
static inline bool when_floats(const struct when *w)
{
    return !w->is_date && !w->is_utc && !w->tzid.p;
}
/* False when it is no time. `cal`: for its VTIMEZONEs. */
bool when_read(struct ctx *x, const struct ical_comp *cal, const struct line *l, struct str value,
               struct when *out);
bool when_of(struct ctx *x, const struct ical_comp *cal, const struct ical_comp *c, struct str name,
             struct when *out);
/* The same time said in the way of `like`; dates stay dates and times stay times. */
struct when when_as(struct ctx *x, const struct when *w, const struct when *like);
struct when when_plus(struct ctx *x, const struct when *w, int64_t seconds);
bool when_same(const struct when *a, const struct when *b);
struct str when_text(struct ctx *x, const struct when *w);
/* A property with the time, and the parameters that go with it. */
struct line *when_line(struct ctx *x, struct str name, const struct when *w);
void when_put(struct ctx *x, struct line *l, const struct when *w); /* into l: value, TZID, VALUE */
struct when when_now(struct ctx *x);
/* How the account writes local times: with TZID, or UTC where no zone is known. */
struct when when_local_form(struct ctx *x);

struct extent { /* from when to when a component is; of tasks till it is due */
    struct when start, end;
    bool has_start, has_end; /* has_end: said by DTEND, DUE or DURATION */
};
void extent_read(struct ctx *x, const struct ical_comp *cal, const struct ical_comp *c, struct extent *out);

/* ---- content_rule.c ---- */
/* The rule for a start on another civil day (days: -1, 0, 1), its UNTIL in the way of `like`. */
struct str rule_moved(struct ctx *x, struct str rule, int days, const struct when *from,
                      const struct when *like);
/* UNTIL with its Z, or without: for devices that say Z and mean local time. */
struct str rule_zulu(struct ctx *x, struct str rule, bool zulu);
/* Do both components recur alike, whatever their start? */
bool rules_same(struct ctx *x, const struct ical_comp *cal_a, const struct ical_comp *a,
                const struct ical_comp *cal_b, const struct ical_comp *b);
bool rules_spelled_same(struct ctx *x, const struct ical_comp *a, const struct ical_comp *b);
/* Is there an instance that begins at w by the rules of the component (EXDATE included)? */
bool rules_hit(struct ctx *x, const struct ical_comp *cal, const struct ical_comp *c, const struct when *w);
/* The first instance at or after the time; false: none. */
bool rules_first(struct ctx *x, const struct ical_comp *cal, const struct ical_comp *c, int64_t from,
                 int64_t *utc);
bool comp_recurs(const struct ical_comp *c);

/* ---- content_part.c: components of one object ---- */
struct str part_name(struct ctx *x, const struct ical_comp *cal, const struct ical_comp *c);
struct ical_comp *part_find(struct ctx *x, const struct doc *i, struct str recur_id);
struct ical_comp *part_master(const struct doc *i); /* NULL: overrides alone */
bool part_of_name(struct ctx *x, const struct doc *i, struct str recur_id,
                  struct when *out); /* in the master's form */
bool holds_overrides(const struct ctx *x);

/* ---- content_local.c ---- */
void doc_localise(struct ctx *x, struct doc *i);

/* ---- content_adapt.c ---- */
/* Does the device hold properties of that name? `listed`: by its CTCap, not by default. */
bool device_holds(const struct ctx *x, struct str name, bool *listed);
size_t device_size(const struct ctx *x, struct str name);
/* The part for the device, a tree of its own. */
enum status doc_adapt(struct ctx *x, const struct doc *stored, struct str recur_id, struct doc *out);
/* What it cannot hold goes, what is too long is cut. */
void adapt_props(struct ctx *x, enum media media, struct ical_comp *c);
enum status adapt_calendar(struct ctx *x, const struct doc *stored, const struct ical_comp *part,
                           struct doc *out);
/* A device whose calendar begins later has a recurring event from its first instance there. UNSUPPORTED: it is over before. */
enum status adapt_year(struct ctx *x, const struct doc *stored, struct ical_comp *c);
/* The UID under which an instance goes to devices that have no RECURRENCE-ID, and back: false when it is none of ours. */
struct str part_uid(struct ctx *x, struct str uid, struct str recur_id);
bool part_uid_split(struct str made, struct str *uid, struct str *recur_id);

/* ---- content_zone.c ---- */
/* A VTIMEZONE for each TZID that the components name and that has none: that of `from`, or one made from the system's zone. */
enum status zones_provide(struct ctx *x, struct ical_comp *root, const struct ical_comp *from);

/* ---- content_props.c ---- */
enum prop_kind {
    PROP_TEXT,
    PROP_COMPOUND, /* parts between ';' */
    PROP_NAME,     /* words in any order */
    PROP_PHONE,
    PROP_MAIL,
    PROP_URI,
    PROP_DATE,   /* of cards */
    PROP_TIME,   /* of calendars */
    PROP_BINARY, /* base64 or URI */
    PROP_WORD,
    PROP_NUMBER,
    PROP_SET, /* list whose order does not matter */
};
enum prop_flags {
    PROP_CORE = 1,   /* every device holds it: when it is gone, it was removed */
    PROP_SINGLE = 2, /* one, or the first counts: another value replaces it */
    PROP_OURS = 4,   /* what a device says of it is not taken */
    PROP_SPAN = 8,   /* when it is: merged together with the others of its kind */
    PROP_TYPED = 16, /* TYPE tells one from another */
};
struct prop_rule {
    struct str name;
    enum prop_kind kind;
    unsigned flags;
    struct str absent; /* a value that says no more than no property */
};
const struct prop_rule *prop_rule(enum media media, struct str name); /* never NULL */
/* What the device's character set makes of a text. */
struct str text_held(struct ctx *x, struct str text);
/* What the value means: equal keys, equal meaning. Empty: it says nothing. STR_NONE: out of memory. */
struct str prop_key(struct ctx *x, const struct doc *i, const struct prop_rule *r, const struct line *l);
/* TYPE values that matter, sorted; without PREF. */
struct str prop_types(struct ctx *x, const struct line *l);
bool prop_preferred(const struct line *l);
bool param_matters(struct str name);
/* What the item means, in a form in which order, folding and the like do not count. */
enum status doc_digest(struct ctx *x, const struct doc *i, unsigned char out[16]);

/* ---- content_merge.c ---- */
struct merge {
    struct ctx *x;
    enum content_merge how;
    struct doc *old;                    /* stored; changed in place */
    const struct doc *known;            /* what of it came through to the device */
    const struct doc *fresh;            /* what the device sent */
    struct ical_comp *to;               /* the component of `old` */
    const struct ical_comp *has, *says; /* of known and fresh */
    bool
        patch; /* three ways: what was changed here goes into the device's item; what it changed itself stays */
    bool changed, moved;        /* moved: its time or its rule */
    struct line *added, **tail; /* to be hung on by merge_sweep */
    bool groups;                /* a property of a group was dropped */
};
enum status merge_props(struct merge *m);
enum status merge_card(struct merge *m);
enum status merge_calendar(struct merge *m);
/* Is a property that is gone removed? */
bool merge_removes(const struct merge *m, const struct prop_rule *r, struct str name);
void merge_touch(struct merge *m, struct line *l); /* l, which may be NULL, is not as it was stored */
void merge_add(struct merge *m, struct line *l);
void merge_drop(struct merge *m, struct line *l);
void merge_sweep(struct merge *m);         /* what was dropped goes, what was added comes */
enum status merge_sets(struct merge *m);   /* content_merge_set.c */
enum status merge_span(struct merge *m);   /* content_merge_time.c */
enum status merge_alarms(struct merge *m); /* content_merge_alarm.c */
bool merge_is_note(const struct merge *m); /* content_merge_note.c: a text without a title */
enum status merge_note(struct merge *m);
/* A device's alarm as the store wants it, below `parent` (not hung up yet). */
struct ical_comp *alarm_make(struct ctx *x, struct ical_comp *parent, const struct ical_comp *from,
                             bool absolute, int64_t offset);

/* ---- content_export.c ---- */
/* What the device holds of a part when it was sent it: out, and read back. The text, and the item. */
enum status known_part(struct ctx *x, const struct doc *stored, struct str recur_id, struct str *text,
                       struct doc *out);
bool card_is_group(const struct ical_comp *c);

/* ---- content_import.c ---- */
/* UID (STR_NONE: none) and instance that an item says. */
struct str doc_named(struct ctx *x, const struct doc *i, struct str *recur_id);

/* ---- content_object.c: what makes a whole object out of a device's item ---- */
/* Cards: FN, UID, REV. */
enum status card_settle(struct ctx *x, struct doc *i, struct str uid);
enum status calendar_new(struct ctx *x, struct doc *out); /* without components */
/* A component of the device as one of the object: RECURRENCE-ID when `rid` is not NULL. */
struct ical_comp *component_new(struct ctx *x, const struct ical_comp *from, struct ical_comp *root,
                                struct str uid, const struct when *rid);
struct str uid_random(struct arena *a);

#endif
