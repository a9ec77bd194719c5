/* store/queue.h: the queue of mail that goes out: kept on disk until each recipient has it, or the sender was told that he has not.
 *
 * An entry is a message (shared content, and a prefix of its own) with its envelope; each recipient has a state and a time of its
 * own. A recipient is claimed before he is tried: what was claimed when the process died is found by queue_recover, and after
 * RCPT_BEGUN_MOST such deaths set aside. Delivered and bounced ones stay until tx_queue_settle, so that the notification and the end of the
 * recipient can be one commit. Entries live in any shard; the one that `write.account` names. Who listens to the store's hints hears
 * of STORE_QUEUE when something may have become due. */
#ifndef SCAMBIO_STORE_QUEUE_H
#define SCAMBIO_STORE_QUEUE_H

#include "store/message.h"

enum rcpt_state { /* as stored */
                  RCPT_WAITING = 1,
                  RCPT_ACTIVE = 2, /* claimed */
                  RCPT_HELD = 3,
                  RCPT_DELIVERED = 4,
                  RCPT_BOUNCED = 5,
};
enum { RCPT_BEGUN_MOST = 2, RCPT_TEXT_MAX = 2000 };

struct queue_rcpt {
    int64_t n;
    struct str address;
    struct str domain; /* where it goes: folded, A-labels */
    struct str opts;   /* of the envelope, as mailcore/ writes them; STR_NONE */
    enum rcpt_state state;
    int64_t next;  /* when it is due */
    int64_t tries; /* attempts that came to an end */
    int64_t begun; /* attempts since then that did not */
    struct str last;
};
struct queue_entry {
    int64_t id, content, size; /* size: with the prefix */
    int64_t account;           /* who submitted it; 0: nobody of here */
    struct str sender;         /* "": a notification */
    struct str opts;
    int64_t arrived, expires;
};

/* ---- changing: inside a write on the entry's shard ---- */
struct queue_new {
    int64_t account;
    struct str sender, opts, prefix;
    int64_t expires;
    const struct queue_rcpt *rcpts; /* address, domain, opts and next count */
    size_t rcpt_count;
    bool held;
};
/* INVALID: no recipient. */
enum status tx_queue_add(struct tx *tx, const struct queue_new *in, const struct message_prepared *p,
                         int64_t *id);

/* Before an attempt. PRECONDITION: he is not waiting (any more). */
enum status tx_queue_claim(struct tx *tx, int64_t id, int64_t n);
/* After it. DELIVERED, BOUNCED, or WAITING with the time of the next. `text`: what the other side said, cut at RCPT_TEXT_MAX.
 * PRECONDITION: he was not claimed. */
enum status tx_queue_result(struct tx *tx, int64_t id, int64_t n, enum rcpt_state state, int64_t next,
                            struct str text);
/* A recipient that is delivered or bounced goes; with the last one the entry. *left: how many stay. */
enum status tx_queue_settle(struct tx *tx, int64_t id, int64_t n, int64_t *left);

/* All of the entry's waiting recipients are held, or held ones wait again and are due now. */
enum status tx_queue_hold(struct tx *tx, int64_t id, bool hold);
/* Waiting ones are due now. */
enum status tx_queue_retry(struct tx *tx, int64_t id);
/* Without a word to anybody. */
enum status tx_queue_delete(struct tx *tx, int64_t id);

/* At start: who was claimed waits again, or is held after RCPT_BEGUN_MOST deaths; *held counts those. */
enum status tx_queue_recover(struct tx *tx, int64_t *held);

/* ---- reading ---- */
typedef enum status (*queue_fn)(void *ctx, const struct queue_entry *e, const struct queue_rcpt *r);
/* Waiting recipients that are due, the longest due first, of all shards one after the other; at most `limit` of each. Strings are
 * valid during the call only. */
enum status queue_due(struct tx *tx, int64_t now, size_t limit, queue_fn fn, void *ctx);
/* Those of one domain. */
enum status queue_due_domain(struct tx *tx, struct str domain, int64_t now, size_t limit, queue_fn fn,
                             void *ctx);
/* When the next one is due; INT64_MAX: none waits. */
enum status queue_next(struct tx *tx, int64_t *at);
/* Those whose notification is to be written, or that are only to be settled. */
enum status queue_ended(struct tx *tx, size_t limit, queue_fn fn, void *ctx);
/* Every recipient of every entry, or with `id` of one, by entry. */
enum status queue_each(struct tx *tx, int64_t id, queue_fn fn, void *ctx);

/* How many recipients wait or are being tried, how many are held, and since when the oldest of them waits; INT64_MAX: none. */
struct queue_figures {
    int64_t waiting, held, oldest;
};
enum status queue_figures(struct tx *tx, struct queue_figures *out);

/* The message of an entry, for message_body and message_pack. NOT_FOUND. */
enum status queue_open(struct tx *tx, struct arena *a, int64_t id, struct message_text *out);

#endif
