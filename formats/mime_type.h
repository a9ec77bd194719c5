/* formats/mime_type.h: what the Content- fields of a part say: type and parameters (RFC 2045 section 5, with the continuations
 * and character sets of RFC 2231), encoding, disposition (RFC 2183). */
#ifndef SCAMBIO_FORMATS_MIME_TYPE_H
#define SCAMBIO_FORMATS_MIME_TYPE_H

#include "core/arena.h"
#include "core/buf.h"
#include "formats/mime.h"

struct mime_value {
    struct str type,
        subtype; /* of Content-Type, as written; subtype STR_NONE of other fields. Both STR_NONE: not readable */
    struct str params; /* what follows the first ';', raw */
};

/* "text/plain; charset=utf-8" or, without a slash, "attachment; filename=x". */
struct mime_value mime_value(struct str field);

struct mime_param {
    struct str name, value; /* as written; value without quotes, in the arena */
};

/* Cuts the next parameter off *params; broken ones are passed over. False at the end or when the arena is out. */
bool mime_param_next(struct arena *a, struct str *params, struct mime_param *out);

/* The parameter's value as UTF-8: of pieces name*0, name*1 put together, with the character set of name*; STR_NONE when there
 * is none. A million pieces cost their sorting. */
struct str mime_param(struct arena *a, struct str params, struct str name);

enum mime_encoding mime_encoding(struct str field);

#endif
