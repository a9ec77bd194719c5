/* formats/vcard21_int.h: what the reader and the writer of vCard 2.1 share: which form a property's value has in both versions. */
#ifndef SCAMBIO_FORMATS_VCARD21_INT_H
#define SCAMBIO_FORMATS_VCARD21_INT_H

#include "formats/vcard21.h"

enum vcard21_form {
    VCARD21_TEXT,   /* one text */
    VCARD21_PARTS,  /* texts between semicolons */
    VCARD21_LIST,   /* texts between commas */
    VCARD21_RAW,    /* no text: the same bytes in both */
    VCARD21_OPAQUE, /* X-: nobody knows; line breaks alone are said differently */
    VCARD21_DATE,
    VCARD21_GEO,
    VCARD21_MEDIA, /* BASE64, a URI, or a text */
    VCARD21_AGENT,
    VCARD21_DROPPED, /* says something of the text, not of the person */
};

struct vcard21_prop {
    struct str name;
    enum vcard21_form form;
    bool cut; /* still means something when it is shortened */
};
const struct vcard21_prop *vcard21_prop_of(struct str name);

/* Is the whole text one card with balanced BEGIN and END, as versit_nested gives it? */
bool vcard21_is_card(struct str text);

#endif
