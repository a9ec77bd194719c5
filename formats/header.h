/* formats/header.h: the header of a message or MIME part (RFC 5322 section 2.2): field after field, and the tokens that
 * structured fields are made of (section 3.2): atoms, quoted strings, comments, domain literals.
 *
 * Nothing here fails: mail is read as it comes. A line that is no field is passed over, what is never closed ends with the
 * field. Views point into the header. Every function costs time linear in what it passes over, whatever is nested. */
#ifndef SCAMBIO_FORMATS_HEADER_H
#define SCAMBIO_FORMATS_HEADER_H

#include "core/arena.h"
#include "core/buf.h"

struct header_field {
    struct str name;  /* as written, without the white space before the colon */
    struct str value; /* raw: with its folds, without the last line end */
    struct str raw;   /* the whole field with its last line end */
};

/* Cuts the next field off *rest, which begins at a line. False at the end: *rest is absent or empty, or its next line is the
 * empty one, which stays. LF alone ends a line too. */
bool header_next(struct str *rest, struct header_field *out);

/* The value of the first field of that name (any case); STR_NONE when there is none. */
struct str header_find(struct str header, struct str name);

/* How many bytes the header takes that begins at text: its fields and the empty line behind them. */
size_t header_size(struct str text);

/* Appends the raw value as one line: without line breaks, white space that surrounds it and NUL. */
void header_unfold(struct buf *out, struct str value);

enum header_kind {
    HEADER_ATOM,    /* a run of other characters, dots included */
    HEADER_QUOTED,  /* text: what is between the quotes, raw */
    HEADER_COMMENT, /* text: what is between the outer parentheses, raw */
    HEADER_LITERAL, /* text: a domain literal with its brackets, raw */
    HEADER_SPECIAL, /* text: one of the special characters asked for */
};

struct header_token {
    enum header_kind kind;
    struct str text;
    bool apart; /* white space or a comment stands before it */
};

/* Cuts the next token off a structured value. `specials` are the characters that stand for themselves: a subset of
 * ()<>[]:;@\,/?="; quoted strings, comments and literals are known by their first character if it is not one of them.
 * False at the end. */
bool header_token(struct str *rest, const char *specials, struct header_token *out);

/* Appends the text of a quoted string, comment or literal without backslashes and line breaks. */
void header_unquote(struct buf *out, struct str text);

#endif
