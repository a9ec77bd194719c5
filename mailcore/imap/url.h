/* mailcore/imap/url.h: IMAP URLs (RFC 5092) that name a message of one's own server, or a part of it: what CATENATE puts together. */
#ifndef SCAMBIO_MAILCORE_IMAP_URL_H
#define SCAMBIO_MAILCORE_IMAP_URL_H

#include "mailcore/imap/parse.h"

struct imap_url {
    struct str mailbox;    /* UTF-8; STR_NONE: the one that is selected */
    uint32_t uid_validity; /* 0: whichever it is */
    uint32_t uid;
    struct imap_section section;
    bool partial;
    uint64_t offset, octets; /* octets 0: to the end */
};

/* Reads "/mailbox;UIDVALIDITY=5/;UID=7/;SECTION=1.2/;PARTIAL=0.100" or ";UID=7…": with an absolute path, or relative to the selected mailbox;
 * the server is never named. Header fields cannot be chosen. Strings in the arena. INVALID: it is no such URL. Faults. */
enum status imap_url_parse(struct arena *a, struct str text, struct imap_url *out);

#endif
