/* syncml/san.h: package 0 of a server-alerted sync: what asks a device to begin a session.
 *
 * OMA DS 1.2 has a binary notification for it (Server Alerted Notification): a digest, a header, and which databases. 1.0 and 1.1 have a
 * SyncML message with an Alert for each database. How it gets to the device (WAP push over a gateway, OBEX) is the caller's. */
#ifndef SCAMBIO_SYNCML_SAN_H
#define SCAMBIO_SYNCML_SAN_H

#include "syncml/message.h"

enum san_ui { SAN_UI_NOT_SPECIFIED, SAN_UI_BACKGROUND, SAN_UI_INFORMATIVE, SAN_UI_INTERACTION };
enum san_alert { /* by whom the session is wanted, and which way it goes */
                 SAN_TWO_WAY = 206,
                 SAN_ONE_WAY_FROM_CLIENT,
                 SAN_REFRESH_FROM_CLIENT,
                 SAN_ONE_WAY_FROM_SERVER,
                 SAN_REFRESH_FROM_SERVER,
};
/* Types of content by their numbers in WSP; 0: any. */
enum san_content { SAN_ANY = 0, SAN_PLAIN = 0x03, SAN_VCALENDAR = 0x06, SAN_VCARD = 0x07 };

struct san_db {
    struct str uri; /* as the device has it configured: "contacts"; at most 255 bytes */
    enum san_alert alert;
    enum san_content content;
};

enum { SAN_DATABASES = 15, SAN_NAME = 255, SAN_PACKAGE = 16 * 1024 };

struct san {
    struct str server_id; /* by which the device knows us; at most 255 bytes */
    struct str password;  /* that the device and we share for this; STR_NONE: none, the digest is zeros */
    struct str nonce;     /* raw bytes */
    uint16_t session;     /* that the device shall use as SessionID */
    enum san_ui ui;
    bool by_user;             /* a user asked for it, not the server */
    const struct san_db *dbs; /* none: all that the device has */
    size_t count;             /* at most SAN_DATABASES */
};

/* Appends the notification of 1.2. INVALID: a name or a number is out of its bounds. */
enum status san_write(struct buf *out, const struct san *s);

/* Appends the message of 1.0 or 1.1 for the device of that DevID. It has at least one database: INVALID without. */
enum status san_write_message(struct buf *out, struct arena *a, const struct san *s, enum sml_version version,
                              enum sml_encoding encoding, struct str devid);

/* The media type by which a gateway pushes it: application/vnd.syncml.notification of 1.2, application/vnd.syncml+wbxml. */
struct str san_media(enum sml_version version, enum sml_encoding encoding);

#endif
