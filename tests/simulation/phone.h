/* tests/simulation/phone.h: a simulated phone: its items, what it remembers of its syncs, and a session as a machine that is moved by one
 * message at a time, so that sessions of several phones, edits elsewhere and cuts can come in any order.
 *
 *   phone_begin(p)              a session begins
 *   phone_compose(p)            the next message, in p->out (stays there, to be sent again)
 *   phone_take(p, answer)       what it was answered: PHONE_GOES_ON, PHONE_DONE, or PHONE_OVER (p->why)
 *   phone_cut(p)                no answer will come: the session is over, as on a phone whose network went away
 *
 * What the protocol forbids the server, and what a phone could not cope with, is written to p->fault. */
#ifndef SCAMBIO_TESTS_SIMULATION_PHONE_H
#define SCAMBIO_TESTS_SIMULATION_PHONE_H

#include "tests/simulation/sample.h"
#include "tests/simulation/wire.h"

enum { PHONE_ITEMS = 256, PHONE_WAITING = 2048, PHONE_NAME = 80 };

struct phone_ways {                 /* what phones do differently; drawn once */
    bool v12, modern, md5;          /* OMA DS 1.2 (otherwise 1.1); vCard 3.0 and iCalendar; how it logs in */
    bool forgets_maps;              /* what it has to tell the server is lost with the session */
    bool final_always, asks_always; /* Final, Alert 222 in every message */
    bool adds_in_slow;              /* a slow sync sends Add, not Replace */
    bool at_once;                   /* Alert and Sync in one package */
    bool no_item_statuses;          /* says nothing of single items */
    long max_in, max_out;           /* bytes of a message */
    long max_guid;                  /* 0: any */
};

enum pending { CLEAN, ADDED, CHANGED };

struct phone_item {
    char luid[16];
    struct sample content;
    enum pending pending;
    int unsure; /* the session of a Replace that the server does not know to have arrived: the Status did not get through; 0: none */
    bool orphan; /* the server does not know that the phone has it: its Map was lost for ever */
};

struct phone_store {
    struct phone_item items[PHONE_ITEMS];
    size_t count;
    char deleted[PHONE_ITEMS][16]; /* since the last session that ended well */
    size_t deleted_count;
    size_t
        deleted_before; /* of these, before the slow sync began that is under way: it tells of them by leaving them out */
    long last; /* our anchor of that session; 0: none */
    char server_last[PHONE_NAME], server_next[PHONE_NAME];
    struct {
        char guid[PHONE_NAME], luid[16];
    } maps[PHONE_ITEMS]; /* not confirmed yet */
    size_t map_count;
    int next_luid;
    struct buf partial; /* of a large object */
    long partial_size;
    char partial_key[PHONE_NAME];
};

enum phone_phase { PHASE_INIT, PHASE_INIT_MORE, PHASE_CHANGES, PHASE_SERVER, PHASE_LAST };
enum phone_state { PHONE_IDLE, PHONE_GOES_ON, PHONE_DONE, PHONE_OVER };

struct phone_work { /* what our package still has to say */
    enum db db;
    enum tag command; /* NO_TAG: the Sync itself begins */
    char luid[16];
    size_t offset;
};

struct phone_wait { /* for a Status */
    long msg, cmd;
    enum tag command;
    enum db db;
    char luid[16];
    bool answered, more;
};

struct phone {
    const char *devid, *user, *password;
    struct phone_ways ways;
    struct phone_store stores[DB_COUNT];
    unsigned char nonce[64];
    size_t nonce_size;
    int sessions;
    char fault[512];
    /* ---- one session ---- */
    enum phone_state state;
    enum phone_phase phase;
    struct arena arena;
    struct buf out;  /* the message */
    char query[256]; /* where it goes: of the server's RespURI */
    long msg, cmd, anchor, server_max;
    int mode[DB_COUNT];
    bool refused[DB_COUNT]; /* what could not be resumed */
    bool accepted, resuming, slow_wanted[DB_COUNT], suspend, suspended, replan;
    int attempts;
    struct el *statuses; /* to what the server sent last; children of no parent */
    struct phone_work work[PHONE_ITEMS * DB_COUNT + 8];
    size_t work_count, work_at;
    struct phone_wait waits[PHONE_WAITING];
    size_t wait_count, wait_next;
    char confirmed[DB_COUNT][PHONE_ITEMS][16];
    size_t confirmed_count[DB_COUNT];
    struct { /* Maps of a message */
        long msg, cmd;
        enum db db;
        size_t count;
    } told[64];
    size_t told_count;
    /* ---- of a session that was cut, for resuming ---- */
    bool can_resume;
    int resume_mode[DB_COUNT];
    /* ---- figures ---- */
    unsigned long messages, slow, resumed, received, sent_items;
};

void phone_init(struct phone *p, const char *devid, const char *user, const char *password,
                const struct phone_ways *ways);
void phone_free(struct phone *p);

/* ---- its user ---- */
struct phone_item *phone_add(struct phone *p, enum db db, const struct sample *c);
void phone_change(struct phone *p, enum db db, struct phone_item *item, const struct sample *c);
void phone_delete(struct phone *p, enum db db, struct phone_item *item);
void phone_forget(struct phone *p); /* all sync settings reset: the next session is slow */

/* ---- a session ---- */
void phone_begin(struct phone *p, bool resume);
void phone_compose(struct phone *p);
enum phone_state phone_take(struct phone *p, int status, struct str body);
void phone_cut(struct phone *p);

#endif
