/* mailcore/imap/lex.h: the words that the grammars of imap_parse*.c are made of: atoms, strings, numbers, lists, dates.
 *
 * Every function takes what it wants off the front of the input and returns true, or notes the first thing that is wrong
 * and returns false; the input is of no use then. */
#ifndef SCAMBIO_MAILCORE_IMAP_LEX_H
#define SCAMBIO_MAILCORE_IMAP_LEX_H

#include "mailcore/imap/parse.h"

struct imap_in {
    const struct imap_parse_args *args;
    struct arena *a;
    struct imap_fault *fault;
    enum status st;
    size_t at, literal; /* bytes and literals taken */
    size_t items;       /* of args->limits->items, over the whole command */
};

bool imap_bad(struct imap_in *in, const char *why);                  /* BAD; returns false */
bool imap_no(struct imap_in *in, const char *code, const char *why); /* NO with a code; returns false */
bool imap_out(struct imap_in *in);                                   /* the arena is out; returns false */

bool imap_at_end(const struct imap_in *in);
char imap_peek(const struct imap_in *in);   /* NUL at the end and at a literal */
bool imap_take(struct imap_in *in, char c); /* takes c if it is next; nothing is wrong otherwise */
bool imap_must(struct imap_in *in, char c);
bool imap_space(struct imap_in *in);
bool imap_count(struct imap_in *in); /* one thing more */

/* A run of the characters; false, without a fault, when there is none. */
bool imap_run(struct imap_in *in, bool (*is)(char), struct str *out);
bool imap_atom(struct imap_in *in, struct str *out);
bool imap_quoted(struct imap_in *in, struct str *out);
bool imap_string(struct imap_in *in, struct str *out); /* quoted or a literal; no NUL in it */
bool imap_astring(struct imap_in *in, struct str *out);
bool imap_read_nstring(struct imap_in *in, struct str *out); /* NIL: STR_NONE */
/* An nstring or literal8 (RFC 5464: value). */
bool imap_value(struct imap_in *in, struct str *out);
/* A literal, "~{" too, that may be streamed: which it is. */
bool imap_literal_at(struct imap_in *in, size_t *which);

bool imap_number(struct imap_in *in, uint64_t most, uint64_t *out);
bool imap_nz_number(struct imap_in *in, uint32_t *out);
bool imap_modseq(struct imap_in *in, bool zero, uint64_t *out); /* RFC 7162: 63 bits */
bool imap_sequence(struct imap_in *in, struct imap_set *out);
bool imap_page(struct imap_in *in, struct imap_page *out); /* "1:500", "-1:-100" */

bool imap_mailbox(struct imap_in *in, struct str *out); /* as UTF-8; "inbox" is INBOX */
bool imap_list_mailbox(struct imap_in *in, struct str *out);
bool imap_keyword(struct imap_in *in, struct str *out);
bool imap_flags(struct imap_in *in, struct imap_flags *out); /* "(…)" */
bool imap_bare_flags(struct imap_in *in, struct imap_flags *out);
bool imap_date(struct imap_in *in, int64_t *day);
bool imap_date_time(struct imap_in *in, struct maildate *out);

/* Names that stand for a bit or a number. */
struct imap_word {
    struct str name;
    unsigned value;
};
const struct imap_word *imap_word_find(const struct imap_word *words, size_t count, struct str name);
/* An atom that has to be one of the words. */
bool imap_word(struct imap_in *in, const struct imap_word *words, size_t count, const char *why,
               unsigned *value);

/* "(" item *(SP item) ")", at least `least`; `item` reads one. */
bool imap_each(struct imap_in *in, size_t least, bool (*item)(struct imap_in *in, void *ctx), void *ctx);

/* A list of strings that grows in the arena. */
struct imap_strings_builder {
    struct str *items;
    size_t count, cap;
};
bool imap_strings_add(struct imap_in *in, struct imap_strings_builder *b, struct str s);
struct imap_strings imap_strings_built(const struct imap_strings_builder *b);

#endif
