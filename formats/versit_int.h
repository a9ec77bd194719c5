/* formats/versit_int.h: what the files of the versit grammar share. */
#ifndef SCAMBIO_FORMATS_VERSIT_INT_H
#define SCAMBIO_FORMATS_VERSIT_INT_H

#include "formats/versit.h"

/* What is before the colon: group, name, parameters with names (bare ones get TYPE, ENCODING or VALUE), all TYPE values in one
 * parameter; encoding and character set taken out. A status other than OK says why in *what, or is of the arena. */
enum status versit_head(struct arena *a, enum charset charset, struct str head, size_t most,
                        struct versit_line *v, const char **what);

/* Line feeds for every kind of line break, and no other controls but tabs. */
struct str versit_clean(struct arena *a, struct str s);

/* Would a parameter without a name be read as something else than a type? */
bool versit_is_reserved(struct str word);

#endif
