/* formats/maildate.h: the Date of a message (RFC 5322 section 3.3, with the obsolete forms of 4.3), for sorting and searching. */
#ifndef SCAMBIO_FORMATS_MAILDATE_H
#define SCAMBIO_FORMATS_MAILDATE_H

#include "core/buf.h"

#include <stdint.h>

struct maildate {
    int64_t at;     /* seconds since 1970, UTC */
    int32_t offset; /* of the writer's clock, seconds east of UTC */
};

/* Lenient: the weekday is not looked at, fields may have one digit, seconds may lack, a year of two digits is read as
 * RFC 5322 says, an unknown zone is UTC. INVALID: no date can be made of it. */
enum status maildate_parse(struct str value, struct maildate *out);

/* Appends "Tue, 24 Nov 2026 09:30:00 +0100". */
void maildate_write(struct buf *out, struct maildate date);

#endif
