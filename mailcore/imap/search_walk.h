/* mailcore/imap/search_walk.h: a search over the selected mailbox: message after message, the rows of many from one statement, in slices
 * that neither hold a snapshot for long nor keep a worker from others.
 *
 * The first slice makes the tree ready; a slice that ends with TRUNCATED is followed by another one of the same command
 * (struct imap_call, `more`). Texts of a message are looked at only when what stands in its rows has not decided. */
#ifndef SCAMBIO_MAILCORE_IMAP_SEARCH_WALK_H
#define SCAMBIO_MAILCORE_IMAP_SEARCH_WALK_H

#include "mailcore/imap/search.h"
#include "mailcore/imap/view.h"

struct imap_found {
    uint32_t number, uid;
    const struct message *row;
    /* What the message's header says, whole; valid during the call. */
    enum status (*head)(void *walk, struct str *out);
    void *walk;
};

struct imap_walk {
    struct imap_call *call;
    struct imap_key *key;
    unsigned want; /* of enum message_want: more than the search needs */
    /* A message that was found, in the order of the mailbox. A status other than OK ends the walk. */
    enum status (*found)(void *ctx, const struct imap_found *f);
    void *ctx;
    /* the rest is the walk's own */
    bool ready, ids; /* ids: EMAILID or THREADID is asked for */
    uint32_t next;   /* number of the first that was not looked at */
    const struct imap_set
        *only; /* UIDs or numbers outside of which there is nothing to find; NULL: anywhere */
    bool only_numbers;
    struct imap_names *names;
    int64_t said; /* when the client was told of progress */
};

/* OK: all were looked at. TRUNCATED: call again. Other statuses end the search. */
enum status imap_walk(struct imap_walk *w);

/* What a search of the selected mailbox is asked against; in the call's arena. */
enum status imap_search_ready(struct imap_call *c, struct imap_key *key);

/* Has the tree a key of that kind? */
bool imap_key_has(const struct imap_key *key, enum imap_key_kind kind);

/* ---- search_text.c: a message's texts, from the store ---- */
struct imap_text {
    struct tx *tx;
    const struct actor *actor;
    int64_t mailbox;
    const struct message *m;
    bool inlined; /* the row was read with WANT_TEXT */
    /* the rest is its own */
    struct arena arena;
    struct message_text text;
    struct mime_pack pack;
    struct buf held;
    struct str body; /* as far as it was read: the header at least */
    bool opened, whole;
};
void imap_text_begin(struct imap_text *t, const struct message *m);
void imap_text_free(struct imap_text *t);
/* For struct imap_message; ctx is the struct imap_text. */
enum status imap_text_sent(struct imap_text *t, struct maildate *out);
enum status imap_text_field(struct imap_text *t, struct str name, struct imap_finder *f);
enum status imap_text_body(struct imap_text *t, struct imap_finder *f);
/* The header of the message itself, behind the lines that its delivery put before it. */
enum status imap_text_head(struct imap_text *t, struct str *out);

#endif
