/* mailcore/imap/write.h: what the server says: words, lists and whole responses (RFC 9051 section 7). Everything is appended to a
 * buffer, of which the caller looks at `st` in the end. Texts that are given as `const char *` are the program's own. */
#ifndef SCAMBIO_MAILCORE_IMAP_WRITE_H
#define SCAMBIO_MAILCORE_IMAP_WRITE_H

#include "mailcore/imap/parse.h"

/* ---- words ---- */

/* An atom where that may be, otherwise a string. */
void imap_write_astring(struct buf *out, struct str s);
/* Quoted, or a literal where it can not be; `utf8`: quoted strings may hold UTF-8 (RFC 9051 section 4.3, RFC 6855). STR_NONE is NIL. */
void imap_write_string(struct buf *out, struct str s, bool utf8);
/* "{5}" and the bytes; "~{5}" where there is a NUL in them (RFC 3516). */
void imap_write_literal(struct buf *out, struct str s);
/* The name of a mailbox, given in UTF-8, in the encoding that is in force. */
void imap_write_mailbox(struct buf *out, struct str name, bool utf8);
/* "(\Seen $Junk)" */
void imap_write_flags(struct buf *out, const struct imap_flags *flags);
/* "\"24-Nov-2026 09:30:00 +0100\"" */
void imap_write_date_time(struct buf *out, struct maildate date);

/* ---- responses ---- */

/* "tag OK [code] text": `tag` STR_NONE is "*"; code may be NULL. */
void imap_write_status(struct buf *out, struct str tag, const char *status, const char *code,
                       const char *text);
/* The answer that a fault of imap_parse wants. */
void imap_write_fault(struct buf *out, struct str tag, const struct imap_fault *fault);
/* "[COPYUID 5 1:2 7:8] " and "[APPENDUID 5 7] " (RFC 4315), where a status response has its code. */
void imap_write_copyuid(struct buf *out, uint32_t validity, const struct imap_set *from,
                        const struct imap_set *to);
void imap_write_appenduid(struct buf *out, uint32_t validity, const struct imap_set *uids);

/* "* SEARCH 1 2 (MODSEQ 5)": modseq 0 for none. One line for all numbers, as the RFC has it. */
void imap_write_search(struct buf *out, const struct imap_set *found, uint64_t modseq);

struct imap_esearch { /* RFC 4731, 5267, 9394 */
    struct str tag;
    bool uid;
    unsigned returns; /* of enum imap_return: what was asked for */
    struct imap_set found;
    uint64_t count;
    uint64_t modseq; /* 0: none */
    struct imap_page page;
    struct imap_set paged; /* what of `found` is on the page */
};
void imap_write_esearch(struct buf *out, const struct imap_esearch *e);

/* "* VANISHED (EARLIER) 1:5" (RFC 7162); nothing of an empty set. */
void imap_write_vanished(struct buf *out, const struct imap_set *uids, bool earlier);

enum imap_list_attribute { /* above enum imap_use, whose bits stand beside them */
                           IMAP_ATTR_NOINFERIORS = 1 << 8,
                           IMAP_ATTR_NOSELECT = 1 << 9,
                           IMAP_ATTR_NONEXISTENT = 1 << 10,
                           IMAP_ATTR_HASCHILDREN = 1 << 11,
                           IMAP_ATTR_HASNOCHILDREN = 1 << 12,
                           IMAP_ATTR_MARKED = 1 << 13,
                           IMAP_ATTR_UNMARKED = 1 << 14,
                           IMAP_ATTR_SUBSCRIBED = 1 << 15,
                           IMAP_ATTR_REMOTE = 1 << 16,
};
struct imap_list_line {
    const char *name;             /* "LIST", "LSUB" */
    unsigned attributes;          /* of enum imap_list_attribute and enum imap_use */
    char delimiter;               /* 0: NIL */
    struct str mailbox, old_name; /* UTF-8; old_name STR_NONE: none */
    bool child_subscribed;        /* CHILDINFO ("SUBSCRIBED") */
    bool child_special;           /* CHILDINFO ("SPECIAL-USE") */
};
void imap_write_list(struct buf *out, const struct imap_list_line *line, bool utf8);

struct imap_status_values {
    uint64_t messages, recent, uid_next, uid_validity, unseen, deleted, size, modseq, append_limit,
        deleted_storage;
    bool append_limited; /* otherwise NIL */
    struct str mailbox_id;
};
void imap_write_mailbox_status(struct buf *out, struct str mailbox, unsigned items,
                               const struct imap_status_values *values, bool utf8);

/* ---- FETCH ----
 * imap_fetch_begin, pieces, imap_fetch_end: "* 5 FETCH (UID 7 FLAGS ())". */
struct imap_fetch_writer {
    struct buf *out;
    bool any;
};
/* `uid` says that number is a UID and the response UIDFETCH (RFC 9586). */
struct imap_fetch_writer imap_fetch_begin(struct buf *out, uint32_t number, bool uid);
void imap_fetch_name(struct imap_fetch_writer *w, const struct imap_fetch_item *item); /* and a space */
void imap_fetch_text(struct imap_fetch_writer *w, const char *name, struct str raw);   /* as it is */
void imap_fetch_number(struct imap_fetch_writer *w, const char *name, uint64_t value);
void imap_fetch_flags(struct imap_fetch_writer *w, const struct imap_flags *flags);
void imap_fetch_modseq(struct imap_fetch_writer *w, uint64_t modseq);
void imap_fetch_date(struct imap_fetch_writer *w, const char *name,
                     const struct maildate *date); /* NULL: NIL */
void imap_fetch_end(struct imap_fetch_writer *w);

#endif
