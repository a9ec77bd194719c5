/* mailcore/smtp/path.h: arguments of MAIL and RCPT (RFC 5321 section 4.1.2): the path in angle brackets and the parameters behind
 * it; xtext (RFC 3461 section 4). Strict: what is not in the grammar is refused with a word on why. */
#ifndef SCAMBIO_MAILCORE_SMTP_PATH_H
#define SCAMBIO_MAILCORE_SMTP_PATH_H

#include "core/arena.h"
#include "core/buf.h"

enum smtp_path_flags {
    SMTP_PATH_NULL = 1,       /* "<>" is one: the sender of a bounce */
    SMTP_PATH_POSTMASTER = 2, /* "<Postmaster>" without a domain is one */
    SMTP_PATH_UTF8 = 4,       /* SMTPUTF8 is in force (RFC 6531) */
};

struct smtp_path {
    struct str local;  /* quotes and backslashes undone; both empty: the null path */
    struct str domain; /* as written; an address literal with its brackets; empty behind "postmaster" */
};

/* Cuts the path off *rest, blanks before it too (section 3.3 forbids them, senders write them). A source route is read
 * and ignored. INVALID: *why says what is wrong. */
enum status smtp_path_parse(struct arena *a, struct str *rest, unsigned flags, struct smtp_path *out,
                            const char **why);

/* "local@domain" as it is written in commands, quoted where that is needed; without brackets. */
void smtp_path_write(struct buf *out, const struct smtp_path *path);

struct smtp_param {
    struct str key, value; /* value STR_NONE without "=" */
};

/* Cuts the next parameter off *rest: OK, NOT_FOUND at the end, INVALID. */
enum status smtp_param_next(struct str *rest, struct smtp_param *out);

/* RFC 3461: "+2B" stands for "+". False: it is no xtext. */
bool xtext_decode(struct buf *out, struct str text);
void xtext_encode(struct buf *out, struct str text);

#endif
