/* formats/vcard21.h: vCard 2.1 (versit, 1996) of phones and desktop programs: read into the 3.0 form, written from any.
 *
 * Reading loses nothing that 3.0 can say: TYPE= parameters, UTF-8, ENCODING=b, escaped commas. An AGENT's card is kept as the text
 * that it is. Writing goes by way of vcard_convert to 3.0, then leaves out what 2.1 has no form for (parameters of 4.0). */
#ifndef SCAMBIO_FORMATS_VCARD21_H
#define SCAMBIO_FORMATS_VCARD21_H

#include "formats/vcard.h"
#include "formats/versit.h"

struct vcard21_read {
    const struct vcard_limits *limits; /* NULL: vcard_default_limits */
    enum charset
        charset; /* of 8-bit text that is no UTF-8 and names no set; CHARSET_NONE: windows-1252; CHARSET_UTF8: see versit_begin */
    bool categories_x; /* the device writes "X-" before each category: taken off */
};

/* One card. VERSION may be missing (2.1 is meant); a text of VERSION 3.0 or 4.0 goes to vcard_parse. The result is of version
 * 3.0 (or of the one that it says). Without UID when the device gives none. INVALID, TOO_LARGE, TOO_MANY: *problem. */
enum status vcard21_parse(struct arena *a, struct str text, const struct vcard21_read *o, struct vcard **out,
                          struct vcard_problem *problem);

struct vcard21_write {
    struct versit_write text;
    bool photo_base64;   /* ENCODING=BASE64 and an empty line behind; otherwise ENCODING=b */
    bool email_internet; /* EMAIL gets INTERNET when it has no type of address */
    bool groups;       /* "item1." before names is written; otherwise left out: many phones do not know it */
    bool categories_x; /* "X-" before each category */
};

/* Appends the card. TOO_LARGE, E_MEMORY: of the buffer or the arena. */
enum status vcard21_write(struct arena *a, const struct vcard *c, const struct vcard21_write *o,
                          struct buf *out);

#endif
