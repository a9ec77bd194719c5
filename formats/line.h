/* formats/line.h: content lines: the grammar that iCalendar and vCard share (RFC 5545 section 3.1, RFC 6350
 * section 3.3): folding, group, name, parameters, value; RFC 6868 parameter encoding.
 *
 * The reader is lenient in what it splits (LF alone ends a line, HT folds too, stray empty lines are
 * skipped) and strict in its bounds. Views point into the arena (unfolded text) or into the input. */
#ifndef SCAMBIO_FORMATS_LINE_H
#define SCAMBIO_FORMATS_LINE_H

#include "core/arena.h"
#include "core/buf.h"

struct line_param {
    struct str name;    /* as written */
    struct str *values; /* RFC 6868 decoded, without the quotes */
    size_t value_count;
    struct line_param *next;
};

struct line {         /* one property */
    struct str group; /* vCard "item1" of item1.TEL; STR_NONE without */
    struct str name;  /* as written; compare with str_caseeq */
    struct line_param *params;
    struct str value; /* raw: unfolded, but with its backslash escapes */
    size_t number;    /* line number in the input, from 1, for messages */
    struct str raw;   /* the whole logical line as it came, with its folds, without the final line end */
    struct line *next;
};

struct line_limits {
    size_t line;   /* bytes of one unfolded line */
    size_t lines;  /* logical lines in the whole */
    size_t params; /* parameters (and values of one parameter) on one line */
};

struct line_reader {
    struct str rest;
    struct arena *arena;
    const struct line_limits *limits;
    size_t number, count;
    struct str why; /* after INVALID, TOO_LARGE, TOO_MANY: what was wrong, with the line's number */
};

/* The next property in the arena. NOT_FOUND at the end; INVALID, TOO_LARGE, TOO_MANY, E_MEMORY. */
enum status line_next(struct line_reader *r, struct line **out);

/* The parameter of that name (case-insensitive), NULL when absent; line_param1: its first value. */
const struct line_param *line_param(const struct line *l, struct str name);
struct str line_param1(const struct line *l, struct str name);
/* Does the parameter have this value (case-insensitive; a value list "a,b" inside quotes counts as both)? */
bool line_param_has(const struct line *l, struct str name, struct str value);

/* TEXT values: \n \N \, \; \\ undone, into the arena; and done. */
struct str text_unescape(struct arena *a, struct str value);
void text_escape(struct buf *out, struct str text);

/* Cuts a raw value at the next separator that is not escaped by a backslash (for ',' lists and ';' compounds).
 * Same contract as str_split. */
bool text_split(struct str *rest, char sep, struct str *head);

/* Writes the property folded at 75 octets without cutting a UTF-8 character, CRLF at the end. */
void line_write(struct buf *out, const struct line *l);

#endif
