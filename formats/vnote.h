/* formats/vnote.h: vNote 1.1 (IrMC): a note of a phone, read and written. */
#ifndef SCAMBIO_FORMATS_VNOTE_H
#define SCAMBIO_FORMATS_VNOTE_H

#include "formats/caltime.h"
#include "formats/versit.h"

struct vnote {                    /* views of UTF-8; line feeds are breaks; STR_NONE: not there */
    struct str summary;           /* SUMMARY; many devices have none and show the body's first line */
    struct str body;              /* BODY (also NOTE) */
    struct str categories;        /* as a list with commas, each escaped as in iCalendar */
    struct str uid, class;        /* as written */
    struct str created, modified; /* "20261124T093000Z" or local without Z, as written */
};

struct vnote_read {
    const struct line_limits *limits; /* NULL: of vcard_default_limits */
    enum charset
        charset; /* of 8-bit text that is no UTF-8 and names no set; CHARSET_NONE: windows-1252; CHARSET_UTF8: see versit_begin */
};

/* One note. INVALID, TOO_LARGE, TOO_MANY: *why. */
enum status vnote_parse(struct arena *a, struct str text, const struct vnote_read *o, struct vnote *out,
                        struct str *why);
/* Appends the note; see out->st. */
void vnote_write(struct buf *out, const struct vnote *n, const struct versit_write *o);

#endif
