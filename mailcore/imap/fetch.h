/* mailcore/imap/fetch.h: FETCH responses of many messages, in pieces: what FETCH asks for, and what STORE answers.
 *
 *     imap_fetch_start ──► imap_fetch_go ──► c->more: the client takes what there is, run() is called again, imap_fetch_go ──► … ──► OK
 *
 * Between pieces nothing of the store is held; a message that goes meanwhile is left out, but one whose literal has begun has to end: the
 * session does when it cannot. */
#ifndef SCAMBIO_MAILCORE_IMAP_FETCH_H
#define SCAMBIO_MAILCORE_IMAP_FETCH_H

#include "mailcore/imap/view.h"

struct imap_fetching;

/* Items stay the caller's, for as long as the call. UID stands in front of them after UID commands. E_MEMORY. */
enum status imap_fetch_start(struct imap_call *c, const struct imap_picked *picked,
                             const struct imap_fetch_list *list, struct imap_fetching **out);
/* *answered: how many messages so far, when it is over. Sets c->more, or c->bye. */
enum status imap_fetch_go(struct imap_call *c, struct imap_fetching *f, uint32_t *answered);

/* Changes flags, in as many writes as it takes; what is changed is in c->told then. Sets of UIDs. DENIED, … of tx_message_store_flags. */
struct imap_flagging {
    const struct flag_change *change;
    int64_t *modified; /* failed unchanged_since; in the arena */
    size_t modified_count, modified_cap;
};
enum status imap_flag(struct imap_call *c, struct uid_set uids, struct imap_flagging *f);

/* ---- fetch_body.c: what of a message an item means ---- */
struct imap_opened { /* a message that is read from; strings in c->piece */
    struct message m;
    bool has_text, has_pack;
    struct message_text text;
    struct str
        body; /* behind the prefix, while the statement is at this message; STR_NONE: it has to be read */
    struct mime_pack pack;
};
enum status imap_open_text(struct imap_call *c, struct tx *tx, const struct actor *actor,
                           struct imap_opened *o);
enum status imap_open_pack(struct imap_call *c, struct tx *tx, const struct actor *actor,
                           struct imap_opened *o);

/* Appends bytes of the message. */
enum status imap_text_bytes(struct tx *tx, const struct imap_opened *o, int64_t from, int64_t count,
                            struct buf *out);

struct imap_span { /* bytes of the message */
    int64_t from, count;
};
/* NOT_FOUND: there is no such part. */
enum status imap_section_span(const struct imap_opened *o, const struct imap_fetch_item *item,
                              struct imap_span *out);
/* Narrows to the item's <offset.octets>. */
void imap_partial_span(const struct imap_fetch_item *item, struct imap_span *span);

/* Appends what is made and not cut out: HEADER.FIELDS of the header in `head`; BINARY of a part. */
void imap_header_fields(struct buf *out, struct str head, const struct imap_section *section);
/* UNSUPPORTED: an encoding that is not known. NOT_FOUND: there is no such part. */
enum status imap_binary(struct tx *tx, const struct imap_opened *o, const struct imap_fetch_item *item,
                        struct buf *out);

#endif
