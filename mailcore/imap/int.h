/* mailcore/imap/int.h: inside the IMAP engine: imap.c (life, input, the end of an op), imap_session.c (commands that concern the session). */
#ifndef SCAMBIO_MAILCORE_IMAP_INT_H
#define SCAMBIO_MAILCORE_IMAP_INT_H

#include "mailcore/imap/imap.h"
#include "mailcore/imap/write.h"
#include "mailcore/sasl.h"

#include <stdatomic.h>

struct imap_settings {
    atomic_int refs;
    bool tls;
    struct imap_bounds bounds;
    char hostname[256];
};

enum imap_reading { IMAP_READING_COMMAND, IMAP_READING_SASL, IMAP_READING_IDLE };
enum imap_wait { IMAP_WAIT_NONE, IMAP_WAIT_LOGIN, IMAP_WAIT_COMMAND };

struct imap {
    struct line_engine engine;
    struct imap_settings *settings;
    const struct imap_ops *ops;
    void *ctx, *slot;
    struct line_peer peer;
    struct imap_reader reader;
    struct arena arena; /* of the command */
    struct imap_command command;
    struct buf
        tag; /* of the command that is under way: it outlives its text, which AUTHENTICATE's lines replace */
    struct sasl sasl;
    enum imap_state state;
    enum imap_reading reading;
    enum imap_wait wait;
    unsigned enabled, errors, attempts;
    int asking; /* ops that are being called: imap_done comes from inside of them */
    bool draining, compressed;
};

/* ---- imap.c ---- */
/* "tag OK [code] text" of the command under way. */
void imap_say(struct imap *s, const char *status, const char *code, const char *text);
void imap_bye(struct imap *s, const char *why);
/* Before an op is called, and behind the call. */
void imap_ask(struct imap *s, enum imap_wait wait);
void imap_asked(struct imap *s);

/* ---- imap_session.c ---- */
/* Answers the command, or gives it to the ops. */
void imap_dispatch(struct imap *s);
/* A line behind AUTHENTICATE or IDLE. */
void imap_sasl_line(struct imap *s, struct str line);
void imap_idle_line(struct imap *s, struct str line);
void imap_login_done(struct imap *s, const char *status, const char *code, const char *text);
void imap_write_capabilities(struct imap *s, struct buf *out);

#endif
