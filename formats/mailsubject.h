/* formats/mailsubject.h: what threads of mail are made of (RFC 5256): base subjects and message identifiers. */
#ifndef SCAMBIO_FORMATS_MAILSUBJECT_H
#define SCAMBIO_FORMATS_MAILSUBJECT_H

#include "core/str.h"

#include <stdbool.h>

/* The base subject (section 2.1) of a subject in UTF-8, a view into it: without "Re:", "Fwd:", "[list]", "(fwd)" and the like.
 * *reply: was there anything that says that it is a reply or was forwarded? */
struct str mail_base_subject(struct str subject, bool *reply);

/* Cuts the next message identifier off a raw References, In-Reply-To or Message-ID: what is between '<' and '>'. False
 * at the end. */
bool mail_next_id(struct str *rest, struct str *id);

#endif
