/* mailcore/smtp/trace.h: what a server adds to a message: Received (RFC 5321 section 4.4), Return-Path and Delivered-To for each
 * recipient, and on submission what the message lacks (RFC 6409 section 8); and the look at its header that tells. */
#ifndef SCAMBIO_MAILCORE_SMTP_TRACE_H
#define SCAMBIO_MAILCORE_SMTP_TRACE_H

#include "mailcore/line.h"
#include "mailcore/smtp/path.h"

enum smtp_field { /* bits: fields that are looked for */
                  SMTP_FIELD_DATE = 1,
                  SMTP_FIELD_MESSAGE_ID = 2,
                  SMTP_FIELD_FROM = 4,
                  SMTP_FIELD_SENDER = 8,
                  SMTP_FIELD_RECEIVED = 16,
                  SMTP_FIELD_RETURN_PATH = 32,
};

/* Reads a header as it streams by. Zeroed it is at the beginning of a message. */
struct smtp_scan {
    unsigned seen;     /* of enum smtp_field */
    unsigned received; /* Received fields: how often the message was handed on */
    bool any;          /* a field was read */
    bool no_header;    /* the first line is no field: the message is all body */
    unsigned char at;  /* of enum place in the .c file */
    unsigned char name_n;
    char name[30]; /* of the field that is being read; longer ones are none of ours */
};
void smtp_scan(struct smtp_scan *scan, struct str text);

struct smtp_trace {
    struct str hostname; /* ours */
    struct str helo;     /* as the client said; letters, digits and the signs of an address literal only */
    const struct line_peer *peer;
    const struct line_tls *tls; /* NULL: none */
    const char *protocol;       /* "ESMTPSA", from smtp_protocol */
    uint64_t id;
    const struct smtp_path *recipient; /* NULL: several, who are not to know of each other */
    int64_t now;
};
/* The registered name of a transmission (RFC 3848, RFC 6531): ESMTP, ESMTPSA, UTF8LMTPS, … */
struct smtp_manner {
    bool lmtp, extended, secure, authenticated, utf8;
};
void smtp_protocol(struct buf *out, struct smtp_manner manner);

/* Appends "Received: …\r\n". */
void smtp_trace_received(struct buf *out, const struct smtp_trace *t);
/* Appends the fields that a submitted message lacks: Date, Message-ID. */
void smtp_trace_complete(struct buf *out, const struct smtp_scan *scan, const struct smtp_trace *t);
/* Appends what stands in front of one recipient's copy: "Return-Path: <…>\r\nDelivered-To: …\r\n". */
void smtp_trace_prefix(struct buf *out, const struct smtp_path *sender, const struct smtp_path *recipient);

#endif
