/* mailcore/imap/token.h: one command of an IMAP client out of a stream of bytes: lines with literals between them (RFC 9051
 * sections 2.2.1 and 4.3, RFC 7888, RFC 3516), before anybody looks at what it says.
 *
 * The reader is asked for events and takes bytes off what has come; where the stream is cut makes no difference but to
 * the pieces of IMAP_READ_DATA. A literal is announced before its bytes are taken, so that its owner decides by what the command
 * says so far: into memory, piece by piece past the reader (a message that is appended), or not at all.
 *
 *     for (;;) switch (imap_read(&r, &in)) {
 *     case IMAP_READ_MORE:    return;                           all of `in` is taken
 *     case IMAP_READ_LITERAL: imap_read_keep(&r); if (imap_read_waits(&r)) send("+ OK"); …
 *     case IMAP_READ_DATA:    write(r.data);                    of a literal that is streamed
 *     case IMAP_READ_COMMAND: parse(r.text, r.literals); imap_read_next(&r); …
 *     case IMAP_READ_FAULT:   answer "BAD" with r.why; imap_read_next(&r); …
 *     case IMAP_READ_CLOSE:   say BYE with r.why and close
 *     } */
#ifndef SCAMBIO_MAILCORE_IMAP_TOKEN_H
#define SCAMBIO_MAILCORE_IMAP_TOKEN_H

#include "core/buf.h"

/* Before log-in another, smaller set is in force. */
struct imap_limits {
    size_t line;     /* bytes of a command outside of its literals */
    size_t literal;  /* bytes of one literal in memory */
    size_t literals; /* how many a command may have */
    size_t memory;   /* bytes of a command with all literals in memory */
    uint64_t stream; /* bytes of one literal that is streamed */
    uint64_t skip;   /* bytes of a refused command that are passed over; then the connection ends */
    unsigned depth;  /* lists and search keys inside of each other */
    size_t items;    /* search keys, ranges of a set, flags, names: things that a list of a command has */
};

enum { IMAP_LITERAL_MINUS = 4096 }; /* RFC 7888 section 5: the longest literal that need not wait */

struct imap_literal {
    size_t at, head;  /* where its "{5}" stands in the command's text, and how many bytes that takes */
    uint64_t size;    /* its bytes follow the head in the text, unless they are streamed */
    bool binary;      /* "~{5}": may hold NUL (RFC 3516) */
    bool synchronous; /* the client waits for "+" before it sends it */
    bool streamed;
};

enum imap_read {
    IMAP_READ_MORE,
    IMAP_READ_LITERAL, /* literals[count - 1]: keep, stream or refuse it */
    IMAP_READ_DATA,    /* `data` is the next piece of the literal, valid as long as the input */
    IMAP_READ_COMMAND, /* `text` is the whole command without its last line end */
    IMAP_READ_FAULT,   /* the command is over and was refused: `why` */
    IMAP_READ_CLOSE,   /* nobody knows any more where a command begins: `why` */
};

struct imap_reader {
    const struct imap_limits *limits; /* may be exchanged between commands */
    bool minus;                       /* LITERAL- and not LITERAL+ is in force */
    struct buf text;
    struct imap_literal *literals;
    size_t count;
    struct str data;
    const char *why; /* the first thing that was wrong with the command */
    /* the rest is the reader's own */
    size_t cap, outside, head_at;
    uint64_t left, skipped, number;
    unsigned char at, head;
    bool quoted, escaped, plus, digits, tilde, overflow, cr, raw;
};

void imap_reader_init(struct imap_reader *r, const struct imap_limits *limits);
void imap_reader_free(struct imap_reader *r);

/* Takes bytes off *in up to the next event. After COMMAND and FAULT it is imap_read_next's turn, after LITERAL that of one of the
 * three that decide; CLOSE stays. */
enum imap_read imap_read(struct imap_reader *r, struct str *in);

/* Forgets the command; a large buffer is given back. */
void imap_read_next(struct imap_reader *r);

/* The next thing is one line that is no command (an answer of AUTHENTICATE, DONE): no literals, no quotes; it comes
 * as IMAP_READ_COMMAND. */
void imap_read_line(struct imap_reader *r);

/* Into `text`; what does not fit the limits is refused. */
void imap_read_keep(struct imap_reader *r);
/* By IMAP_READ_DATA; what is over limits->stream is refused. */
void imap_read_stream(struct imap_reader *r);
/* Not at all, or no further: the command ends, at once or behind the bytes that come all the same, with IMAP_READ_FAULT.
 * `why` outlives the reader. */
void imap_read_refuse(struct imap_reader *r, const char *why);

/* Behind keep or stream: does the client wait for a continuation? */
bool imap_read_waits(const struct imap_reader *r);

/* The tag the command begins with, for its answer; STR_NONE when it has none. */
struct str imap_read_tag(const struct imap_reader *r);

/* Which characters may an atom and a tag have (RFC 9051 section 9)? */
bool imap_is_atom(char c);
bool imap_is_tag(char c);

#endif
