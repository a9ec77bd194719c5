/* mailcore/imap/cmd.h: the commands over the store, and what those about mailboxes share. Each has the form of imap_run (ops.h). */
#ifndef SCAMBIO_MAILCORE_IMAP_CMD_H
#define SCAMBIO_MAILCORE_IMAP_CMD_H

#include "mailcore/imap/view.h"

/* ---- where.c ---- */

/* A mailbox as the user names it. */
struct imap_where {
    struct actor actor;
    struct mailbox_place place;
    int64_t id;      /* 0: there is none */
    unsigned rights; /* the actor's; not 0 when there is one */
};
/* In the call's arena. NOT_FOUND: none that he may see; actor and, when the name can be somebody's, place are known all the same. INVALID,
 * TOO_LARGE: of mailbox_name. Faults. */
enum status imap_where_in(struct imap_call *c, struct tx *tx, struct str name, struct imap_where *out);
/* The same in a reading transaction of its own. */
enum status imap_where(struct imap_call *c, struct str name, struct imap_where *out);
/* The user's default mailboxes, when he has none yet. */
enum status imap_first_mailboxes(struct imap_call *c);

/* Appends letters of RFC 4314, with those of RFC 2086 that stand for several. */
void imap_write_rights(struct buf *out, unsigned rights);
/* Which rights a letter stands for: several, for those of RFC 2086 (section 2.1.1); 0: it is not known. */
unsigned imap_right(char letter);

/* ---- cmd_status.c ---- */
/* Appends the STATUS response of a mailbox. DENIED, NOT_FOUND. */
enum status imap_add_status(struct imap_call *c, struct tx *tx, const struct actor *actor, int64_t id,
                            struct str name, unsigned items);
enum status imap_run_status(struct imap_call *c);

/* ---- cmd_list.c ---- */
enum status imap_run_list(struct imap_call *c);
enum status imap_run_lsub(struct imap_call *c);

/* ---- cmd_mailbox.c ---- */
enum status imap_run_create(struct imap_call *c);
enum status imap_run_delete(struct imap_call *c);
enum status imap_run_rename(struct imap_call *c);
enum status imap_run_subscribe(struct imap_call *c); /* UNSUBSCRIBE too */

/* ---- cmd_append.c ---- */
enum status imap_run_append(struct imap_call *c);
enum status imap_run_replace(struct imap_call *c);

/* ---- cmd_copy.c ---- */
enum status imap_run_copy(struct imap_call *c); /* MOVE too */

/* ---- cmd_acl.c ---- */
enum status imap_run_getacl(struct imap_call *c);
enum status imap_run_setacl(struct imap_call *c); /* DELETEACL too */
enum status imap_run_listrights(struct imap_call *c);
enum status imap_run_myrights(struct imap_call *c);

/* ---- cmd_metadata.c ---- */
/* Appends what LIST with RETURN (METADATA …) asks for of a mailbox. */
enum status imap_add_metadata(struct imap_call *c, struct tx *tx, const struct mailbox *box, struct str name);
enum status imap_run_getmetadata(struct imap_call *c);
enum status imap_run_setmetadata(struct imap_call *c);

/* ---- cmd_quota.c ---- */
enum status imap_run_getquota(struct imap_call *c);
enum status imap_run_getquotaroot(struct imap_call *c);
enum status imap_run_setquota(struct imap_call *c);

#endif
