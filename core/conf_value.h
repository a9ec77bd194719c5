/* core/conf_value.h: one value of the configuration, from text by the type of its row. For core/conf.c, and for commands whose
 * options are written like values of the configuration.
 */
#ifndef SCAMBIO_CORE_CONF_VALUE_H
#define SCAMBIO_CORE_CONF_VALUE_H

#include "core/conf.h"

struct conf_value {
    bool set;
    int line; /* where it stands in the file; 0: the default */
    int64_t number;
    struct str text;
    struct str *list;
    size_t count;
};

/* OK, or INVALID and `why` says what is wrong and what to write instead; E_MEMORY. */
enum status conf_value_parse(const struct conf_row *row, struct arena *a, struct str text,
                             struct conf_value *out, struct buf *why);

/* "64K to 2047M": the range of a number, size or time; false: the type has none. */
bool conf_range(const struct conf_row *row, struct buf *out);

#endif
