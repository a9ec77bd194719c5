/* mailcore/pop3/int.h: inside the POP3 engine: pop3.c (life, input, the ends of ops), pop3_command.c (the table of commands), pop3_send.c
 * (answers of many lines). */
#ifndef SCAMBIO_MAILCORE_POP3_INT_H
#define SCAMBIO_MAILCORE_POP3_INT_H

#include "mailcore/pop3/pop3.h"
#include "mailcore/smtp/data.h"

enum pop3_state { POP3_AUTHORIZATION = 1, POP3_TRANSACTION = 2 }; /* bits for the table */
enum pop3_wait { POP3_NONE, POP3_AUTH, POP3_OPEN, POP3_READ, POP3_UPDATE };
enum pop3_sending { SEND_NOTHING, SEND_LIST, SEND_UIDL, SEND_TEXT };

struct pop3 {
    struct line_engine engine;
    struct pop3_limits limits;
    const struct pop3_ops *ops;
    void *ctx, *slot;
    struct line_peer peer;
    enum pop3_state state;
    enum pop3_wait wait;
    bool asking, answered; /* an op is being called; it has ended inside of its call */
    struct pop3_reply reply;
    char said[400]; /* the text of a reply that came inside of the call */
    bool secure, too_long, cr, draining, quitting;
    unsigned errors, attempts;
    struct sasl sasl;
    struct buf user; /* of USER */
    struct pop3_message *messages;
    size_t count;
    int64_t uidvalidity;
    /* an answer of many lines */
    enum pop3_sending sending;
    size_t at; /* which message is next, or is sent */
    int64_t from;
    struct buf piece;
    struct smtp_dots dots;
    bool opening;             /* the message has not been read from yet, and its +OK not said */
    bool in_body, line_empty; /* TOP: where the text is */
    int64_t lines;            /* of the body still to be sent; -1: all */
    int64_t *uids;            /* for the update */
};

/* ---- pop3.c ---- */
void pop3_ok(struct pop3 *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void pop3_err(struct pop3 *s, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void pop3_bye(struct pop3 *s);
/* Around the call of an op. True: it has ended already, and `reply` is its answer. */
void pop3_ask(struct pop3 *s, enum pop3_wait wait);
void pop3_asked(struct pop3 *s);
bool pop3_may_auth(const struct pop3 *s);

/* ---- pop3_command.c ---- */
void pop3_command(struct pop3 *s, struct str line);
void pop3_sasl_line(struct pop3 *s, struct str line);

/* ---- pop3_send.c ---- */
/* Goes on with what is being sent, until it is all said or there is no room. */
void pop3_send(struct pop3 *s);
void pop3_send_text(struct pop3 *s, size_t n, int64_t lines);
void pop3_text_read(struct pop3 *s);

#endif
