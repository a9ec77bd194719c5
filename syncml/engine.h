/* syncml/engine.h: what the files of the sync engine share. Not for callers outside: they use syncml.h.
 *
 * A TURN is one message of a device and our answer to it. It is run on a worker thread (turn.c):
 *
 *   read         message.h                 the message as structs
 *   session      sessions.c, login.c       whose it is
 *   plan         plan.c, cmd_*.c, alert.c  each command → a reply (its Status), and steps of a write
 *   commit       commit.c                  all steps in one closure; item changes that were overtaken are planned again
 *   answer       answer.c, sync_out.c      Statuses, then what the package needs: Results, Alerts, our changes
 *
 * A SESSION lives over several turns (sessions.c). Nothing in it is needed for correctness after a crash: LUIDs with seen_seq,
 * anchors and partial objects are in the store.
 *
 * PACKAGES (OMA DS section 5): 1 the device's Alerts, 2 ours, 3 its changes, 4 ours, 5 its Maps, 6 the end. `phase` says which of
 * the device's we are in. */
#ifndef SCAMBIO_SYNCML_ENGINE_H
#define SCAMBIO_SYNCML_ENGINE_H

#include "core/hash.h"
#include "store/device.h"
#include "syncml/auth.h"
#include "syncml/content.h"
#include "syncml/devinf.h"
#include "syncml/message.h"
#include "syncml/syncml.h"

struct session;
struct turn;

/* ---- settings of one configuration (syncml.c) ---- */
enum conflict_policy {
    CONFLICT_MERGE,
    CONFLICT_CLIENT,
    CONFLICT_SERVER,
    CONFLICT_NEWEST,
    CONFLICT_DUPLICATE
};
enum db_kind { DB_CONTACTS, DB_CALENDAR, DB_TASKS, DB_NOTES, DB_KIND_COUNT };

struct syncml {
    struct syncml_sessions *sessions;
    struct store *store;
    struct directory *dir;
    struct conf *conf;
    struct sml_limits message; /* of one that a device sends */
    struct content_limits content;
    struct phones *phones;
    size_t answer;        /* our largest message */
    int64_t object;       /* largest item, either way */
    int64_t turns;        /* messages of one session */
    int64_t idle;         /* seconds until a session is forgotten */
    size_t sessions_most; /* at one time */
    enum conflict_policy policy[DB_KIND_COUNT];
    struct str trace; /* folder; STR_NONE: none */
};

void settings_load(struct syncml *s, const struct conf *conf); /* store and sessions are set */

/* ---- bounds that need no key: far above what devices do ---- */
enum {
    DATABASES_MOST = 32,   /* in one session */
    REPLIES_MOST = 100000, /* Statuses that wait for room */
    SENT_MOST = 100000,    /* changes that wait for their Status */
    EXTRA_MOST = 10000,    /* twins on the device that it has to delete */
    ALERTS_MOST = 256,     /* Alerts for databases in one session */
    DEVINFS_MOST = 8,      /* Put or Results of device information in one session */
    PASSES_MOST = 8,       /* how often a change that was overtaken is planned again */
    ANSWER_LEAST = 1024,   /* MaxMsgSize below is taken for this: less holds no header */
    STATUS_LEAST = 320,    /* of that, for a Status without addresses */
    STUCK_MOST = 8,        /* answers that hold nothing of what is due */
    SESSION_ARENA = 4 << 20,
};

/* ---- databases (database.c) ---- */
enum db_mode { /* what the sync does; codes of Alerts 200-205 */
               MODE_NONE = 0,
               MODE_TWO_WAY = 200,
               MODE_SLOW,
               MODE_FROM_CLIENT,
               MODE_REFRESH_FROM_CLIENT,
               MODE_FROM_SERVER,
               MODE_REFRESH_FROM_SERVER,
};
enum alert_code {
    ALERT_DISPLAY = 100,
    ALERT_RESULT = 221,
    ALERT_NEXT,
    ALERT_NO_END,
    ALERT_SUSPEND,
    ALERT_RESUME
};
enum db_state {
    DB_ALERTED, /* our Alert is to be sent */
    DB_OPEN,    /* both have alerted */
    DB_CHANGES, /* the device has begun its Sync */
    DB_SENDING, /* ours is going out */
    DB_SENT,    /* all of it went */
    DB_OVER,    /* anchors are stored */
    DB_FAILED,  /* it is out for this session */
};

struct db_source { /* a collection of the view */
    int64_t collection;
    unsigned kinds; /* enum ical_kind bits; of address books 3 */
    bool read_only; /* somebody else's */
    bool hides;     /* private items are shown as busy only */
    int64_t since;  /* the anchor's number; 0: from the beginning */
    int64_t upto;   /* what is sent in this session ends here */
    int64_t low; /* the anchor must stay below this number: something of it was not taken; INT64_MAX: none */
};

struct window { /* date filter; both 0: none */
    int64_t from, until;
};

struct filter {
    struct window window;
    int64_t size;              /* /li(n): largest item; 0: any */
    bool open_tasks;           /* without completed ones */
    struct filter_test *tests; /* of properties */
    struct str text;           /* as it came, to see whether it changed */
};

enum out_phase { OUT_BEGIN, OUT_EXTRA, OUT_LEFT, OUT_GONE, OUT_CHANGED, OUT_ENTERED, OUT_DONE };

struct database {
    struct database *next;
    enum db_kind kind;
    struct str name;           /* ours: "calendar/work"; names its rows in the store */
    struct str target, source; /* our and the device's URI, as the device says them */
    struct db_source *sources;
    size_t source_count;
    enum db_state state;
    enum db_mode mode;
    enum content_type type;      /* what we send; CONTENT_NONE: not decided */
    enum content_type sent_type; /* what the device sent last */
    const struct phone *phone;   /* with the fields of that type */

    /* anchors of this session (anchor.c) */
    struct str client_last, client_next, server_last, server_next;
    bool history; /* the device gave a Last: its LUIDs mean what they did */
    bool resumed;
    bool pending;    /* the store accepts client_next already */
    bool alert_back; /* an Alert of ours is due */
    int64_t round;   /* of the slow sync or refresh; 0: neither */
    bool noted;      /* the session is on record in the store, for resuming */
    struct window old_window;
    bool rescan; /* the filter lets through what it did not: everything is looked at */
    bool left;   /* a collection left the view: what is not in it goes from the device */
    bool
        early; /* the device does not know yet that its sync became another: a Sync that comes now is the old one */
    bool unsure; /* it may have Adds of a broken session that it did not map, and may have forgotten them */
    bool
        remembers; /* it has told Maps in a later session than the Adds: what it does not map it has not got */
    bool spare;    /* the refresh is our wish, not the device's: nothing is deleted for it */
    struct filter filter;

    /* in (sync_in.c, slow.c) */
    bool came;                 /* the device's Sync was seen */
    bool closed;               /* its changes are complete: what did not appear in a slow sync is known */
    struct slow *slow;         /* the index for matching; NULL: not made */
    struct unmapped *unmapped; /* Adds of ours that were not confirmed; NULL: not looked up */
    int64_t verified, refuted; /* LUIDs of a slow sync that mean what they did, or not */

    /* out (sync_out.c) */
    enum out_phase out;
    size_t out_source;
    int64_t out_at;      /* the last number done */
    int64_t out_item;    /* the object in hand, when the message was full amid its parts */
    uint64_t *out_parts; /* of it: done already */
    size_t out_part_count, out_part_cap;
    struct str out_luid; /* OUT_LEFT: the last LUID done; malloc'ed */
    int64_t *entered;    /* OUT_ENTERED: items that came into the window */
    size_t entered_count, entered_cap;
    int64_t changes;   /* NumberOfChanges; -1: not counted */
    bool sync_sent;    /* a Sync of ours was sent */
    struct str *extra; /* LUIDs of twins */
    size_t extra_count, extra_cap, extra_done;
};

/* ---- the device, while its session lasts ---- */
struct sent { /* a change of ours that waits for its Status */
    int64_t msg, cmd;
    struct database *db;
    enum sml_cmd what; /* SML_ADD, SML_REPLACE, SML_DELETE */
    size_t source;
    int64_t item, seq;
    struct str luid;     /* '#guid' of an Add */
    struct str recur_id; /* both in one block of memory, that of luid */
    unsigned char hash[16];
    bool whole;  /* false: a chunk with MoreData */
    bool mapped; /* the Map came before the Status */
    bool acked;  /* the device has got the message (Status of its SyncHdr) */
    bool done;
};

struct chunks_in {       /* a large object of the device on its way */
    struct database *db; /* NULL: none */
    struct str luid, type, version, format;
    enum sml_cmd cmd;
    int64_t size; /* announced */
    struct buf data;
    bool refused; /* too large: the rest is swallowed */
    bool recoded; /* it came in another character set: its length is not the one that was announced */
};

struct chunks_out {      /* one of ours */
    struct database *db; /* NULL: none */
    struct sent head;    /* what it will be when it is whole */
    struct buf data;
    size_t at;  /* sent so far */
    bool acked; /* 213 came for the last chunk */
};

enum phase { PHASE_INIT, PHASE_CHANGES, PHASE_SENDING, PHASE_MAPS, PHASE_OVER };

struct session {
    /* sessions.c */
    struct session *next;
    char cookie[33];
    bool busy;                        /* a turn is inside */
    bool ended;                       /* taken out of the table: freed when the turn ends */
    int64_t used_us;                  /* when it was used last */
    unsigned char first[SHA256_SIZE]; /* of its first message */
    struct str msg_id;                /* the last one answered; malloc'ed */
    struct buf answer;                /* to it */
    enum sml_encoding encoding;

    struct arena arena; /* what lasts as long as the session */
    struct syncml_sessions *sessions;
    /* login.c */
    struct login login;
    int64_t account;
    struct str session_id, devid;
    struct str resp_uri;

    struct sml_auth auth;
    char nonce[DEVICE_NONCE_BYTES]; /* by MAC: what auth.nonce_next points at after the first message */
    struct device device;
    bool device_dirty, devinf_new; /* to be written */
    char last_error[DEVICE_ERROR_BYTES];
    struct phone phone; /* without what its DevInf says of single databases */
    struct str zone;    /* TZID of the account's calendar */
    bool asked_devinf;
    size_t devinfs, alerts;
    enum sml_version version;
    size_t max_msg;         /* what the device takes */
    int64_t max_obj;        /* 0: any */
    int64_t turns, out_msg; /* of the device, and the number of our last message */

    enum phase phase;
    bool ours;   /* our package is due: the device's was complete */
    bool waited; /* a Final without a Sync was let pass once */
    bool suspended;
    int stuck; /* answers in a row that held nothing though something was due */
    struct database *dbs;
    size_t db_count;
    struct reply *replies, **replies_end; /* that found no room; malloc'ed */
    size_t reply_count;
    struct result *results, **results_end; /* Results and Gets that are due; in the arena */
    struct sent *sent;
    size_t sent_count, sent_cap, sent_first; /* those before sent_first are done */
    struct chunks_in in;
    struct chunks_out out;
    bool no_end_of_data;      /* an Alert 223 is due: */
    struct str no_end_source; /* for this LUID; malloc'ed */
    struct database *no_end_db;
    int64_t guid_first;       /* short names below are of other sessions */
    int64_t guid, guid_saved; /* the next short name; up to which they are taken in the store */
    int trace_fd;             /* -1: none */
};

/* ---- replies: Statuses (status.c) ---- */
struct reply {
    struct reply *next;
    struct str msg_ref, cmd_ref, target, source;
    enum sml_cmd cmd;
    int code; /* 0: none is sent */
    struct str next_anchor;
    struct str text; /* for people, in Data of an item; STR_NONE */
    const struct sml_cred *chal;
    struct reply *in_group; /* the next of a Sequence inside of the same Atomic */
};
/* A Status for the command, in order; code 0 until it is known. NULL: out of memory (turn->st). */
struct reply *reply_new(struct turn *t, const struct sml_command *c, const struct sml_item *item);
int code_of(enum sml_cmd cmd, enum status st); /* the table */
/* 414 or 400 when a name of the item is longer than we keep, which is noted for `scambio device show`; 0. */
int item_refused(struct turn *t, const struct sml_item *item);
/* Keeps what was not sent for the next message. */
enum status replies_keep(struct session *s, struct reply *first);
void replies_free(struct session *s);

/* ---- steps of a write (commit.c) ---- */
struct step {
    struct step *next;
    enum status (*run)(struct step *step, struct tx *tx); /* may run again */
    struct turn *turn;
    enum status st; /* the result */
    size_t bytes;   /* about how much it writes */
};
/* Puts it behind the others. `early`: the answer depends on it, so that it is committed before the answer is composed. */
void step_add(struct turn *t, struct step *s, bool early);
/* Runs what waits in one closure; a fault of the store is returned. */
enum status steps_commit(struct turn *t);

/* ---- stored objects as they are, or will be after the changes that were planned before (object.c) ---- */
struct object {
    struct object *next;
    int64_t collection;
    int64_t id, seq; /* 0: it is not there yet */
    bool exists;
    bool planned; /* it is as it will be: seq is not known */
    int kind;
    struct str name, uid, body; /* body STR_NONE: not loaded */
    int class;
    int64_t content, size, changed;
    unsigned char etag[SHA256_SIZE];
    struct object_row *rows; /* planned ones */
};
struct object_row {
    struct object_row *next, *of_object;
    struct database *db;
    struct str luid;
    struct object *object;
    struct luid row;
    bool dropped;
};
/* NOT_FOUND: gone, or not in the view. */
enum status object_by_id(struct turn *t, struct tx *tx, struct database *db, int64_t id, struct object **out);
enum status object_by_uid(struct turn *t, struct tx *tx, struct database *db, struct str uid,
                          struct object **out);
enum status object_body(struct turn *t, struct tx *tx, struct object *o);
struct object *object_new(struct turn *t, int64_t collection, struct str name, struct str uid);
/* NOT_FOUND: no row. *object NULL: the item is gone. */
enum status row_by_luid(struct turn *t, struct tx *tx, struct database *db, struct str luid, struct luid *row,
                        struct object **object);
enum status row_of_part(struct turn *t, struct tx *tx, struct database *db, struct object *o,
                        struct str recur_id, struct luid *row);
void row_plan(struct turn *t, struct database *db, const struct luid *row, struct object *o, bool dropped);

/* ---- changes of the device (change.c, sync_in.c, facts.c) ---- */
enum change_act { ACT_NOTHING, ACT_PUT, ACT_DELETE, ACT_MOVE };
struct change { /* one item of an Add, Replace, Delete, Copy or Move */
    struct step step;
    struct change *next;
    struct group *group;
    struct change *group_next;
    bool
        apart; /* it was refused, and spoiled its Atomic: by itself it only gives back to the device what is here */
    enum sml_cmd cmd;
    bool archive;
    struct database *db;
    struct reply *reply;
    struct str luid; /* as a key: '#' is doubled */
    struct str data;
    enum content_type type;
    const struct sml_item *item;
    bool planned, done;
    int tries;

    /* the plan */
    enum change_act act;
    int64_t collection, to; /* to: of a Move */
    struct str name;        /* href */
    int64_t id, seq;        /* ACT_NOTHING: of the item as it was read; 0: look it up by name */
    bool exists;            /* with etag `base` when it is run; otherwise the name is free */
    unsigned char base[SHA256_SIZE];
    struct prepared prepared;
    bool holds_prepared;
    bool put_row, drop_row;
    struct luid row;
    bool differs; /* the device must get it back */
    int code;     /* when it goes well */
    struct slow_entry *claimed;
    struct unmapped_row *claimed_row;
    struct database *extra; /* the device has a twin: it shall delete this one */
};
struct group { /* an Atomic: all or nothing */
    struct step step;
    struct group *next;
    const struct sml_command *cmd;
    struct reply *reply, *sequences;
    struct change *first, **end;
    bool added, doomed, done;
};

struct turn {
    struct syncml *sml;
    struct http_txn *http;
    struct arena *a;
    struct session *s;
    bool secure;
    enum sml_encoding encoding;
    struct sml_message in;
    enum status st;  /* a fault: the whole turn fails */
    int header_code; /* Status of the SyncHdr */
    const struct sml_cred *chal;
    struct reply *replies, **replies_end;
    struct step *steps, **steps_end;
    bool early;
    struct change *changes, **changes_end;
    struct group *groups;
    struct arena *work;      /* of the changes that are planned and committed together */
    struct objects *objects; /* theirs */
    const char *why;         /* what is wrong with the change in hand, for the device's last error */
    struct str why_text;
    bool alerted, synced, mapped; /* commands of that kind were in the message */
    bool no_resp;
    bool final;   /* our message ends the package */
    size_t units; /* changes of ours in the message */
    int64_t now;
    struct content_settings content;
    struct devinf *devinf; /* the device's; NULL: not loaded, or not known */
    bool devinf_tried;
};

/* ---- files of the engine, as a turn meets them ---- */
/* turn.c */
void turn_run(struct turn *t);

/* sessions.c */
enum session_find { SESSION_FOUND, SESSION_NONE, SESSION_BUSY, SESSION_AGAIN };
/* By the cookie in the request's query, or by the bytes of a first message. FOUND: it is ours until session_leave. AGAIN: the
 * stored answer was put into the response. */
enum session_find session_enter(struct turn *t, struct str body);
/* A new one for a device that has just logged in: its older one ends. BUSY: that is inside of a request; NONE: out of memory. */
enum session_find session_open(struct turn *t, int64_t account, struct session **out);
struct store *sessions_store(const struct syncml_sessions *all);
struct directory *sessions_directory(const struct syncml_sessions *all);
void session_leave(struct turn *t, struct session *s);
void session_end(struct session *s); /* no message finds it any more */

/* A session of this device that goes on though the message does not name it (devices that ignore RespURI). */
enum session_find session_continue(struct turn *t, int64_t account);

/* login.c */
/* Sets t->s; or header_code (and chal) and t->s is NULL. AGAIN: the response is complete. */
enum session_find turn_login(struct turn *t);

/* device.c: the device as its session knows it */
/* Its row, with the log-in on record. DENIED: it is blocked; PRECONDITION: the nonce was used by somebody faster; TOO_MANY. */
enum status device_open(struct turn *t);
/* Another message of a session by MAC proved itself: its nonce is spent, and the next one is that of `auth` from now on.
 * PRECONDITION: as above. */
enum status device_prove(struct turn *t, const struct sml_auth *auth);
enum status device_take_devinf(struct turn *t, const struct sml_item *item);
/* An item was refused: for `scambio device show`. */
void device_failed(struct session *s, int64_t now, const char *what, struct str item, struct str why);
void device_save(struct turn *t); /* adds a step when something changed */
struct devinf *device_devinf(struct turn *t);
void device_phone_for(struct turn *t, struct database *db); /* sets its type and phone */
const struct devinf_store *device_store_of(struct turn *t, struct str source);

/* plan.c */
void plan_commands(struct turn *t);

/* cmd_devinf.c */
void cmd_put(struct turn *t, struct sml_command *c);
void cmd_get(struct turn *t, struct sml_command *c);
void cmd_results(struct turn *t, struct sml_command *c);
struct result { /* that is still to be sent */
    struct result *next;
    struct str msg_ref, cmd_ref, uri; /* of the device's Get */
    enum sml_version version;
    bool get;            /* a Get of ours */
    bool waited;         /* it found no room in a message with others */
    struct reply *reply; /* of a Get that came in this turn */
};
/* The command for it, smaller with each `attempt`; NULL: it cannot be made smaller. */
struct sml_command *result_command(struct turn *t, const struct result *r, int attempt);
/* A Get that no message of the device's has room for the answer to: its Status says so. */
void results_judge(struct turn *t);
void devinf_ask(struct turn *t); /* where the device did not say what it is */

/* cmd_status.c */
void cmd_status(struct turn *t, struct sml_command *c);
void sent_confirm_all(struct turn *t);
void sent_confirm_acked(struct turn *t); /* the session ends: what went well without a Status of its own */
struct sent *sent_add(struct session *s, const struct sent *in);
void sent_free(struct session *s);
void sent_forget(struct session *s, const struct database *db); /* those of a database that begins anew */
struct sent *sent_by_luid(struct session *s, const struct database *db, struct str luid);

/* map.c */
void cmd_map(struct turn *t, struct sml_command *c);

/* alert.c */
void cmd_alert(struct turn *t, struct sml_command *c);

/* database.c */
/* The view of that name for this device, without anchors. NOT_FOUND. Reads the store. */
enum status database_view(struct turn *t, struct tx *tx, struct str uri, struct database *out);
void database_clear(struct database *db); /* gives back what is not in the session's arena */
struct database *database_find(const struct session *s, struct str target, struct str source);
/* Where new objects of that kind go; SIZE_MAX: nowhere. */
size_t database_place(const struct database *db, int kind);
size_t database_source_of(const struct database *db, int64_t collection); /* SIZE_MAX: not in the view */
enum media database_media(const struct database *db);
bool database_takes(const struct database *db, int kind);
enum content_type database_type(struct turn *t, const struct database *db);
struct str database_cgi(struct str uri);
bool database_kind_of(struct str uri,
                      enum db_kind *kind); /* false: not one of the names of the default ones */
bool database_knows(enum db_kind kind, enum content_type type);
struct str database_kind_name(enum db_kind kind);
const enum content_type *database_types(enum db_kind kind, size_t *count);
bool database_slow(const struct database *db); /* whole sets are compared */
bool database_takes_in(const struct database *db);
bool database_sends(const struct database *db);

/* anchor.c */
/* Which sync it becomes; *code: of the Status. */
enum status anchor_judge(struct turn *t, struct tx *tx, struct database *db, int asked, int *code);
void anchor_note(struct turn *t, struct database *db);    /* the session is on record, for resuming */
void anchor_pending(struct turn *t, struct database *db); /* the device may have it for done from now on */
void anchor_commit(struct turn *t, struct database *db);  /* all is through */
void anchor_lower(struct database *db, size_t source, int64_t seq);

/* change.c */
struct change *change_new(struct turn *t, struct database *db, const struct sml_command *c,
                          const struct sml_item *item, struct reply *reply);
/* Its type and text; or it fails. */
void change_data(struct turn *t, struct change *n, const struct sml_command *c, const struct sml_item *item);
enum status changes_run(struct turn *t); /* plans and commits them all */
/* The Statuses of an Atomic that was undone: its own, and those of the Sequences in it. */
void group_fail(struct group *g);
/* Settles it with that code, and keeps what went wrong for `device show`. */
void change_fail(struct turn *t, struct change *c, int code);
struct str luid_key(struct arena *a, struct str luid);

/* sync_in.c: what a change comes to. A positive answer is why it cannot be done (t->why). */
enum status change_plan(struct turn *t, struct tx *tx, struct change *c);

/* sync_close.c */
/* The device's part is complete: what it did not mention in a refresh or slow sync. */
void changes_close(struct turn *t, struct database *db);

/* uid.c */
/* The text with another UID. */
enum status uid_replace(struct arena *a, const struct content_limits *limits, enum media media,
                        struct str body, struct str uid, struct str *out);
void uid_make(struct arena *a, struct str *uid);

/* conflict.c */
enum conflict_verdict { VERDICT_DEVICE, VERDICT_STORED, VERDICT_BOTH, VERDICT_TWO };
/* Both sides changed it. `changed`: when ours was, seconds since 1970. */
enum conflict_verdict conflict_judge(const struct syncml *sml, const struct database *db, struct str data,
                                     int64_t changed, int *code);

/* slow.c */
struct slow_entry {
    int64_t item;
    uint64_t key;
    struct str recur_id;
    bool claimed;
    int next_key, next_item; /* of the same bucket; -1 */
};
/* An object of the view that is the same for people as the device's item, not claimed by another. NOT_FOUND. */
enum status slow_match(struct turn *t, struct tx *tx, struct database *db, enum content_type type,
                       struct str data, const struct content_peek *peek, struct slow_entry **out,
                       struct object **object);
/* The entry of an item that was found otherwise; NULL. */
struct slow_entry *slow_entry_of(struct database *db, int64_t item, struct str recur_id);
void slow_free(struct database *db);

/* unmapped.c: Adds of ours that wait for their Map: the row is '#' and the GUID */
struct unmapped_row {
    struct luid row;
    bool claimed;
};
bool luid_is_unmapped(struct str luid);

/* The short name of an Add ("#" and a number in base 36), and back; false: it is none. */
struct str guid_text(struct arena *a, int64_t n);
bool guid_number(struct str guid, int64_t *n);
/* One that was sent with this content, not claimed by another. NOT_FOUND. */
enum status unmapped_match(struct turn *t, struct tx *tx, struct database *db, const unsigned char hash[16],
                           struct unmapped_row **out);
bool unmapped_told(const struct turn *t, const struct database *db); /* does the message have Maps for it? */
void unmapped_free(struct database *db);

/* large.c */
/* For every item that comes with data. OK: it is whole (its data and meta are completed). TRUNCATED: more is to come, or it was
 * swallowed; any other answer: refused. The reply has its code unless it is OK. */
enum status large_in(struct turn *t, struct sml_command *c, struct sml_item *item, struct database *db,
                     struct reply *r);
void large_drop(struct session *s);

/* filter.c */
/* From the CGI of a database's URI and the Filters of 1.2. INVALID: not understood (422). */
enum status filter_parse(struct turn *t, struct str cgi, const struct sml_filter *filters,
                         struct filter *out);
enum status filter_passes(struct turn *t, const struct database *db, struct str body, bool *passes);

/* sync_out.c */
/* Puts as much of our changes as there is room for. True: all is out. A fault is in t->st. */
bool sync_out(struct turn *t, struct sml_out *o);
struct out { /* a message that is being filled with the changes of one database */
    struct turn *t;
    struct sml_out *sml;
    struct tx *tx;
    struct database *db;
    struct content_settings settings;
    struct arena item; /* of the object in hand */
    bool fresh;        /* the message holds as little as a message can */
    bool counting;     /* nothing is put: how many will there be? */
    int64_t count;
};

/* out_item.c: OK: done with it; TRUNCATED: the message is full, the same again in the next. */
struct out_candidate {
    int64_t id, seq, content, size;
    int kind, class;
    size_t source;
};
enum status out_item(struct out *x, const struct out_candidate *c);
/* It went, or left the view: Deletes for all that the device has of it. */
enum status out_gone(struct out *x, size_t source, int64_t item, int64_t seq);

/* out_unit.c: one command. */
struct unit {
    enum sml_cmd what;
    size_t source;
    int64_t item, seq;
    struct str luid, recur_id; /* luid: "#guid" of an Add that was sent before; STR_NONE: a new one */
    struct str data;
    unsigned char hash[16];
};
enum status out_unit(struct out *x, const struct unit *u);
enum status out_chunk(struct out *x);  /* the large object goes on */
enum status out_guids(struct turn *t); /* adds the step that takes the short names used */

/* answer.c */
enum status answer_write(struct turn *t);
/* Is there room for a header and a Status in what the device takes? */
bool answer_fits(struct turn *t);
/* Would the command find room in a message with nothing else? */
bool answer_holds(struct turn *t, struct sml_command *c);
/* Refused at the door: Statuses alone, without a session. */
enum status answer_refuse(struct turn *t);
/* The URI for the device's next messages: where it sent this one, with the session's cookie. */
struct str answer_uri(struct turn *t);

/* trace_file.c: [syncml] trace: each session's messages as readable XML without credentials */
void trace_message(struct turn *t, const char *from, struct str body);

#endif
