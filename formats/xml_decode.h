/* formats/xml_decode.h: a document's bytes as UTF-8, before anything looks at them (inside of formats/; devices' side is in xml.h). */
#ifndef SCAMBIO_FORMATS_XML_DECODE_H
#define SCAMBIO_FORMATS_XML_DECODE_H

#include "core/buf.h"

/* The strict way: UTF-8, US-ASCII, UTF-16 with a byte order mark, ISO-8859-1. *text may become a view of `room`. INVALID: another one. */
enum status xml_decode_strict(struct str *text, struct buf *room);

#endif
