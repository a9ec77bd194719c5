/* mailcore/imap/view.h: the selected mailbox as a session counts it: which message has which number (RFC 9051 section 2.3.1.2).
 *
 *     store ──► list of UIDs, immutable, counted ◄── the last one of each mailbox, kept for who selects it next
 *                        ▲         ▲
 *                     session   session          (those that have been told the same have the same list)
 *
 * A session's numbers change only when it is told: imap_view_sync reads from the store what changed since the last time, writes EXISTS, EXPUNGE or
 * VANISHED, and FETCH, and takes the list that results. Flags are not kept here; the store has them. A view is its session's alone;
 * run() may use it, and on the loop whatever runs while no command does. */
#ifndef SCAMBIO_MAILCORE_IMAP_VIEW_H
#define SCAMBIO_MAILCORE_IMAP_VIEW_H

#include "mailcore/imap/ops.h"
#include "mailcore/imap/view_list.h"

struct imap_view {
    struct uid_list *list;
    int64_t mailbox, account; /* `account`: the owner, to whose shard writes go */
    int64_t uid_validity;
    int64_t modseq; /* changes of flags up to here have been told */
    int64_t buried; /* … and expunges up to here */
    unsigned rights;
    bool read_only;          /* EXAMINE, a master user, or no right to change anything */
    bool owner;              /* \Seen is the mailbox's */
    uint64_t keywords;       /* bits that the client knows a name of */
    struct uid_range *saved; /* result of the last SEARCH with SAVE; malloc */
    size_t saved_count;
};

enum status imap_views_new(struct imap_views **out);
void imap_views_free(struct imap_views *v); /* NULL is allowed */

/* Selects: reads state and numbers. NOT_FOUND, DENIED. The caller puts it at the user's slot and gives it back by imap_view_free. */
enum status imap_view_open(struct imap_call *c, struct tx *tx, const struct actor *actor, int64_t mailbox,
                           int64_t account, bool read_only, struct imap_view **out);
void imap_view_free(struct imap_view *v); /* NULL is allowed */

/* ---- numbers ---- */
uint32_t imap_view_count(const struct imap_view *v);
uint32_t imap_view_uid(const struct imap_view *v, uint32_t number); /* 0: there is no such number */
uint32_t imap_view_number(const struct imap_view *v, int64_t uid);  /* 0: there is no such UID */
uint32_t imap_view_before(const struct imap_view *v, int64_t uid);  /* how many have a smaller UID */

/* HIGHESTMODSEQ as the client may be told: below an expunge that has not been announced (RFC 7162 section 3.1.1). */
int64_t imap_view_modseq(const struct imap_view *v);

/* Messages that a set of numbers or UIDs means. */
struct imap_picked {
    struct imap_set numbers;
    struct uid_set
        uids; /* ranges that hold these messages and no others; none: nothing is meant, never "all" */
    uint32_t count;
};
/* In the call's arena; '*' and "$" are resolved. INVALID: a number that there is not (the command is BAD then, see imap_call). */
enum status imap_view_pick(struct imap_call *c, const struct imap_set *set, bool uid,
                           struct imap_picked *out);
/* The same of numbers in order (what a search found, say): ascending UIDs, of which those that are not there are left out. */
enum status imap_view_pick_uids(struct imap_call *c, const int64_t *uids, size_t count,
                                struct imap_picked *out);
/* Only what is on the page (RFC 9394). */
enum status imap_view_page(struct imap_call *c, const struct imap_page *page, struct imap_picked *picked);
/* Keeps the result of SEARCH with SAVE; an empty set is a result too. E_MEMORY. */
enum status imap_view_save(struct imap_view *v, struct uid_set uids);

/* ---- what is new ---- */
/* Appends to c->out what the client has not been told. `may_expunge` is false where numbers must stay (RFC 9051 section 7.5.1).
 * Messages of c->told are passed over. GONE: the mailbox is not there any more, or is nothing to the user any more: the session has
 * to end. */
enum status imap_view_sync(struct imap_call *c, bool may_expunge);

/* "* VANISHED (EARLIER) …": what of `known` (NULL: of all; '*' resolved) went after `since`. Where the store does not know any more, all that is not
 * there from the UID `from` on. */
enum status imap_view_tell_vanished(struct imap_call *c, struct tx *tx, const struct actor *actor,
                                    int64_t since, const struct imap_set *known, int64_t from);

/* ---- names ---- */
/* Keywords by bit, in the call's arena; for imap_view_flags. */
struct imap_names {
    struct str names[KEYWORDS_MAX];
    struct str some[KEYWORDS_MAX]; /* room of imap_view_flags */
};
enum status imap_view_names(struct imap_call *c, struct tx *tx, const struct actor *actor,
                            struct imap_names *out);
/* The flags of a message as IMAP writes them; valid until the next call. */
struct imap_flags imap_view_flags(struct imap_names *names, unsigned flags, uint64_t keywords);
/* "* FLAGS (…)" and "* OK [PERMANENTFLAGS (…)]" */
void imap_view_write_flags(struct imap_call *c, struct imap_names *names);

/* MAILBOXID, EMAILID, THREADID (RFC 8474), without parentheses. */
void imap_write_mailbox_id(struct buf *out, int64_t mailbox);

#endif
