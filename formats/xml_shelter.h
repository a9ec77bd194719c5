/* formats/xml_shelter.h: carries through an XML parser what XML cannot say or would change (inside of formats/xml.c).
 *
 * Before parsing, such a byte in the text of an element becomes a mark and a character that names the byte; in the text that comes
 * out it becomes the byte again. The mark is a noncharacter of Unicode (U+FDD0 to U+FDEF) that the document does not hold. */
#ifndef SCAMBIO_FORMATS_XML_SHELTER_H
#define SCAMBIO_FORMATS_XML_SHELTER_H

#include "core/buf.h"

enum { XML_SHELTER_GROWTH = 5 }; /* times as large at most */

struct xml_shelter {
    char mark[3]; /* all 0: nothing is sheltered */
};

/* *text may become a view of `out`. Sheltered are, inside of the root element and outside of tags: CR; control characters; bytes
 * that are no UTF-8; "&" that begins no reference; "]]>" that ends no CDATA. A document type without declarations of its own is
 * left out. INVALID: the document holds every noncharacter. */
enum status xml_shelter(struct xml_shelter *s, struct str *text, struct buf *out);
/* In place. */
void xml_unshelter(const struct xml_shelter *s, struct buf *text);

#endif
