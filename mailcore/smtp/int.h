/* mailcore/smtp/int.h: inside the SMTP engine: smtp.c (life, input, replies), smtp_command.c (the table, and what needs no decision),
 * smtp_mail.c (MAIL and RCPT), smtp_text.c (DATA, BDAT, the message), smtp_auth.c. */
#ifndef SCAMBIO_MAILCORE_SMTP_INT_H
#define SCAMBIO_MAILCORE_SMTP_INT_H

#include "mailcore/sasl.h"
#include "mailcore/smtp/smtp.h"

#include <stdatomic.h>

enum {
    AUTH_LINE = 12288, /* RFC 4954 section 4.3 */
    VERB_MOST = 16,
    REPLY_MOST = 512, /* a line, with its end: RFC 5321 section 4.5.3.1.5 */
};

struct smtp_settings {
    atomic_int refs;
    enum smtp_role role;
    bool tls;
    struct smtp_limits limits;
    char hostname[256];
    char folder[4096]; /* empty: none */
};

/* Where the session stands, as bits for the table of commands. */
enum smtp_state {
    STATE_NEW = 1,   /* before EHLO */
    STATE_READY = 2, /* no transaction */
    STATE_MAIL = 4,  /* a sender */
    STATE_RCPT = 8,  /* and recipients */
    STATE_BDAT = 16, /* and part of the text */
};

/* What the next bytes are. */
enum smtp_reading { READ_LINE, READ_TOO_LONG, READ_AUTH, READ_DATA, READ_BDAT };

/* What an op was asked. */
enum smtp_wait { WAIT_NONE, WAIT_CONNECT, WAIT_AUTH, WAIT_MAIL, WAIT_RCPT, WAIT_DATA, WAIT_MESSAGE };

struct smtp_text { /* the text of a message while it comes in */
    struct smtp_data data;
    struct smtp_spool spool;
    struct smtp_scan scan;
    struct buf piece; /* behind the dots, before the spool */
    struct buf head;
    uint64_t chunk;      /* bytes of the BDAT that are still to come */
    uint64_t chunk_size; /* of all of it */
    uint64_t counted;    /* bytes at the last turn */
    uint64_t id;
    unsigned faults; /* of enum smtp_data_fault */
    bool chunked;    /* by BDAT */
    bool last;       /* … and this chunk ends it */
    bool at_cr;      /* BDAT: a CR is waiting for its LF */
    bool open;       /* the spool is */
    bool skip;       /* the chunk goes nowhere: refused */
};

struct smtp {
    struct line_engine engine;
    struct smtp_settings *settings;
    const struct smtp_ops *ops;
    void *ctx, *slot;
    struct smtp_client client;
    struct smtp_envelope envelope;
    struct smtp_text text;
    struct sasl sasl;
    struct arena transaction; /* strings of the envelope */
    size_t room;              /* recipients that the array holds */
    enum smtp_state state;
    enum smtp_reading reading;
    enum smtp_wait wait;
    unsigned errors, commands, attempts;
    int asking; /* ops that are being called: smtp_resume comes from inside of them */
    bool greeted, cr, draining;
    char helo[256], user[320];
};

static inline const struct smtp_limits *smtp_limits_of(const struct smtp *s)
{
    return &s->settings->limits;
}

/* ---- smtp.c ---- */
/* Appends a reply of one line; enhanced NULL: none. From 400 on it counts as an error, and may end the session. */
void smtp_say(struct smtp *s, int code, const char *enhanced, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void smtp_say_reply(struct smtp *s, const struct smtp_reply *reply, const struct smtp_reply *otherwise);
void smtp_bye(struct smtp *s, int code, const char *enhanced, const char *why);
/* Before an op is called, and behind the call. */
void smtp_ask(struct smtp *s, enum smtp_wait wait);
void smtp_asked(struct smtp *s);
/* Ends the transaction, if there is one. */
void smtp_reset(struct smtp *s);
bool smtp_is_lmtp(const struct smtp *s);

/* ---- smtp_command.c ---- */
void smtp_command(struct smtp *s, struct str line);
bool smtp_may_auth(const struct smtp *s); /* is AUTH offered now? */

/* ---- smtp_mail.c ---- */
void smtp_cmd_mail(struct smtp *s, struct str argument);
void smtp_cmd_rcpt(struct smtp *s, struct str argument);
void smtp_mail_done(struct smtp *s, const struct smtp_reply *reply);
void smtp_rcpt_done(struct smtp *s, const struct smtp_reply *reply);

/* ---- smtp_text.c ---- */
void smtp_cmd_data(struct smtp *s, struct str argument);
void smtp_cmd_bdat(struct smtp *s, struct str argument);
void smtp_take_data(struct smtp *s, struct str *in);
void smtp_take_bdat(struct smtp *s, struct str *in);
void smtp_data_done(struct smtp *s, const struct smtp_reply *reply);
void smtp_message_done(struct smtp *s, const struct smtp_reply *reply);
void smtp_text_close(struct smtp *s);

/* ---- smtp_auth.c ---- */
void smtp_cmd_auth(struct smtp *s, struct str argument);
void smtp_auth_line(struct smtp *s, struct str line);
struct sasl_world smtp_sasl_world(const struct smtp *s);
void smtp_auth_done(struct smtp *s, const struct smtp_reply *reply);

#endif
