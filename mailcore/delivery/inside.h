/* mailcore/delivery/inside.h: what the files of this folder share. */
#ifndef SCAMBIO_MAILCORE_DELIVERY_INSIDE_H
#define SCAMBIO_MAILCORE_DELIVERY_INSIDE_H

#include "core/loop.h"
#include "formats/header.h"
#include "mailcore/delivery/intake.h"
#include "mailcore/delivery/rate.h"
#include "mailcore/delivery/srs.h"
#include "store/queue.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- settings.c ---- */
enum sender_rule { SENDERS_OWN, SENDERS_GROUPS, SENDERS_ANY };

struct catch_all {
    struct str domain, address; /* normalised */
};
struct intake_settings { /* counted, immutable */
    atomic_int refs;
    struct arena arena;
    struct str hostname;
    struct str postmaster; /* normalised; STR_NONE */
    const struct catch_all *catch_all;
    size_t catch_all_count;
    bool quota_refuse, srs;
    enum sender_rule senders;
    int64_t queue_time, warn_first, warn_last;
    size_t list_members;
    int64_t account_messages, account_recipients, address_messages;
};

struct intake {
    const struct mail_base *base;
    struct rates *rates;
    unsigned char srs_key[SRS_KEY];
    pthread_mutex_t lock; /* of `settings` */
    struct intake_settings *settings;
};

/* A reference to those of now. */
struct intake_settings *settings_take(const struct intake *in);
void settings_drop(struct intake_settings *s); /* NULL is allowed */

/* ---- recipients.c: whom an address means ---- */
struct lookup {
    const struct intake *in;
    const struct intake_settings *conf;
    struct tx *tx;
    struct arena *a;
    unsigned role; /* of enum smtp_role; 0: no session */
    bool bounce;   /* the sender is the null path */
};
enum found_kind { FOUND_USER, FOUND_LIST, FOUND_OUTSIDE };
struct found {
    enum found_kind kind;
    struct principal who; /* but for FOUND_OUTSIDE */
    struct str folder;    /* of a subaddress; STR_NONE */
    struct str address;   /* FOUND_OUTSIDE: as commands have it */
    struct str domain;    /* … and where that is; otherwise of ours */
};
/* By any spelling. NOT_FOUND: nobody of ours; UNSUPPORTED: not ours, and mail for elsewhere is not taken here; DENIED: disabled, or
 * takes no mail. Strings in the arena. */
enum status recipient_find(const struct lookup *l, const struct smtp_path *path, struct found *out);
/* "local@domain" in the arena; STR_NONE: out of memory. */
struct str path_text(struct arena *a, const struct smtp_path *path);
/* Cut at the last '@'. */
struct smtp_path path_of(struct str address);

/* ---- expand.c: recipients become targets ---- */
struct delivery;
struct target {
    struct delivery *delivery;
    size_t rcpt;       /* of the envelope */
    int64_t account;   /* 0: no mailbox of here */
    struct str folder; /* STR_NONE: INBOX */
    struct str to;     /* as it is addressed */
    struct str domain; /* A-label */
    struct str via;    /* the list that led there; STR_NONE */
    int64_t list;      /* … and its number */
    bool several;      /* … which leads to others too */
    bool outside;
    bool queued; /* … and in the queue */
    struct str prefix;
    enum status status;
    int warn; /* percent of the quota that were passed by it; 0: none */
};
struct targets {
    struct target *at;
    size_t count, cap;
    uint32_t *slots; /* place in `at` plus one, by hash */
    size_t slot_count;
};
enum { NO_TARGET = -1 };
/* Of every recipient of the delivery. Those that lead nowhere get one whose status says why. */
enum status delivery_expand(struct delivery *d);

/* ---- delivery.c ---- */
struct wanted { /* a recipient */
    struct smtp_path path;
    struct rcpt_opts opts;
    int64_t target;    /* NO_TARGET: a list's */
    size_t first, end; /* targets of a list */
};
struct local_part { /* copies of one shard, one write */
    struct write write;
    struct delivery *delivery;
    struct target **targets;
    size_t count;
};
enum queue_way { QUEUE_DIRECT, QUEUE_FORWARDED, QUEUE_AGAIN, QUEUE_WAYS };
struct queue_part { /* an entry of the queue, one write */
    struct write write;
    struct delivery *delivery;
    struct target **targets;
    size_t count;
    struct str sender, prefix;
    struct queue_rcpt *rcpts;
};
struct delivery {
    struct job job;
    struct loop_post post;
    struct intake *in;
    struct intake_settings *conf;
    struct smtp *s;              /* NULL: a parcel */
    struct smtp_message message; /* of the session */
    const struct parcel *parcel;
    void (*end)(struct delivery *d); /* on some thread; frees it */
    void *end_ctx;
    unsigned role;
    int64_t user; /* who submits; 0: nobody of here */
    struct smtp_path sender;
    struct envelope_opts envelope;
    struct wanted *wanted;
    size_t wanted_count;
    struct arena arena;
    struct buf body;
    struct message_prepared prepared;
    bool is_prepared;
    const struct str *been; /* addresses that it was delivered to already, normalised */
    size_t been_count;
    struct targets targets;
    struct local_part *parts;
    size_t part_count;
    struct queue_part queue[QUEUE_WAYS];
    enum status st;     /* before the writes */
    atomic_size_t open; /* writes under way, and one more while they are submitted */
};
bool delivery_been(const struct delivery *d, struct str address); /* normalised */

/* Starts it on a worker; `end` is called once. A status other than OK: it is not, and freed. */
enum status delivery_start(struct delivery *d);
struct delivery *delivery_new(struct intake *in);
void delivery_free(struct delivery *d);
/* Of the recipient, once all is done; of the whole with SIZE_MAX. */
enum status delivery_status(const struct delivery *d, size_t wanted);

/* ---- write.c: the commits ---- */
enum status delivery_plan(struct delivery *d);
void delivery_submit(struct delivery *d);

/* ---- warn.c ---- */
/* Tells users whose quota is nearly used up, by mail, on a worker. */
void delivery_warn(const struct delivery *d);

/* ---- notice.c ---- */
/* Did the sender ask to hear of what has been delivered? */
bool notice_wanted(const struct delivery *d);
void notice_send(const struct delivery *d); /* blocks: for workers */

/* ---- answer.c ---- */
struct smtp_reply answer_of(const struct intake_settings *conf, enum status st);

#endif
