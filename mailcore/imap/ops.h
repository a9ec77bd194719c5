/* mailcore/imap/ops.h: inside of the ops: a user's session, and the command that runs for it.
 *
 *     loop: command ──► struct imap_call ──► worker: row's run() ──► loop: answers, imap_done
 *                             ▲                                        │ more: when most is sent
 *                             └────────────────────────────────────────┘
 *
 * run() works on a worker thread and may block; until it is back the engine takes no input, so the session is its alone. It writes
 * untagged responses to `out` and returns what the command came to; the table in status.c says it to the client. What it changed has
 * been committed when it returns. */
#ifndef SCAMBIO_MAILCORE_IMAP_OPS_H
#define SCAMBIO_MAILCORE_IMAP_OPS_H

#include "core/loop.h"
#include "mailcore/imap/service.h"
#include "mailcore/imap/write.h"
#include "store/message.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    IMAP_OUT_PIECE = 256 << 10, /* of a long answer, before the client has taken most of it */
    IMAP_OUT_MOST = 64 << 20,   /* one run's answers, whatever they are */
    IMAP_CODE_MOST = 1 << 20,   /* a response code, as COPYUID can be long */
};

struct imap_view;
struct imap_views;
struct imap_user;

struct imap_told {
    int64_t uid, modseq;
};

/* One command under way. */
struct imap_call {
    struct imap_user *user;
    const struct imap_command *command;
    unsigned enabled;       /* the session's enum imap_enabled; run() adds what it makes active */
    enum imap_state state;  /* the session's; run() sets what it becomes */
    struct arena arena;     /* lives until the command is over, over all its runs */
    struct buf out;         /* untagged responses of this run */
    struct buf code;        /* response code without brackets, when the table's is not enough */
    const char *text;       /* for people; NULL: the table's */
    bool bad;               /* with st != OK: the command itself was wrong, BAD instead of NO */
    const char *bye;        /* the session cannot go on: said as BYE instead of an answer */
    void *rest;             /* where a long answer goes on; of run()'s own, in the arena */
    bool more;              /* set by run(): call again with the same command when most of `out` is sent */
    struct arena piece;     /* for run() to reset when it likes */
    struct imap_told *told; /* by UID: states of messages that run() has told itself; in the arena */
    size_t told_count, told_cap;
    enum status st;
    struct job job;
    struct loop_post post;
};

/* Who is logged in, at the session's slot. Counted: by the slot, and by what is on its way to it. */
struct imap_user {
    atomic_int refs;
    struct imap_service *service;
    struct imap *session; /* NULL: it has ended; only for the session's loop */
    struct loop *loop;
    int64_t id;     /* the account */
    bool read_only; /* a master user */
    bool ready;     /* the first mailboxes are there */
    char address[320], peer[64];
    struct imap_view *view; /* the selected mailbox; NULL */
    struct imap_call call;
    /* IDLE, under the service's lock */
    int64_t watched; /* the account whose changes wake it; 0: it does not idle */
    struct imap_user *next;
    bool woken; /* `wake` is under way */
    struct loop_post wake;
};

struct imap_service {
    struct mail_base base;
    struct imap_views *views;
    pthread_mutex_t lock;
    struct imap_user *idlers[256]; /* by account */
};

/* ---- for run() ---- */
/* The actor of this user with the groups of now, in the call's arena. */
enum status imap_actor(struct imap_call *c, struct tx *tx, struct actor *out);
/* Runs the write and waits for its commit. */
enum status imap_write(struct imap_call *c, struct write *w);
struct store *imap_store(const struct imap_call *c);
/* Are names and strings UTF-8? */
static inline bool imap_utf8(const struct imap_call *c)
{
    return (c->enabled & (IMAP_ENABLED_UTF8 | IMAP_ENABLED_REV2)) != 0;
}
/* MESSAGE_… of enum imap_flag bits, and back; SPECIAL_… of enum imap_use. \Recent and uses that nobody keeps are left out. */
unsigned imap_flags_in(unsigned imap);
unsigned imap_flags_out(unsigned message);
unsigned imap_use_in(unsigned imap);
unsigned imap_use_out(unsigned special);

/* ---- status.c ---- */
/* Ends the command by what it came to; gives back what the call holds. */
void imap_conclude(struct imap *s, struct imap_call *c);
void imap_call_init(struct imap_call *c, struct imap_user *u);
void imap_call_free(struct imap_call *c);

/* ---- idle.c ---- */
void imap_idle(void *ctx, struct imap *s, bool on);
void imap_changed(void *ctx, int64_t account, int64_t seq); /* store_hint_fn */

/* ---- commands: one row a verb in ops.c ---- */
typedef enum status (*imap_run)(struct imap_call *c);

enum status imap_run_select(struct imap_call *c); /* EXAMINE too */
enum status imap_run_close(struct imap_call *c);
enum status imap_run_unselect(struct imap_call *c);
enum status imap_run_expunge(struct imap_call *c);
enum status imap_run_fetch(struct imap_call *c);
enum status imap_run_store(struct imap_call *c);

void imap_user_hold(struct imap_user *u);
void imap_user_drop(struct imap_user *u);

#endif
