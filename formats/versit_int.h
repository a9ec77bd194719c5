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

/* Can a parameter have the value, in a grammar without quotes? */
bool versit_is_sayable(struct str value);

/* "a,b" (and with `semicolons` "a;b") as texts between commas, escaped as RFC 5545 and 6350 do; "X-" before each is taken off with
 * `strip_x`. */
void versit_list_read(struct arena *a, struct buf *b, struct str value, bool semicolons, bool strip_x);
/* Back; what does not fit whole into `size` characters (0: any) is left out. */
void versit_list_write(struct arena *a, struct buf *b, struct str value, char between, bool x, size_t size);

/* Values of X- properties: a line break is "\n" in the later form, everything else is the same in both. */
void versit_opaque_read(struct buf *b, struct str value);
void versit_opaque_write(struct buf *b, struct str value);

/* Appends "a<from>b" as "b<to>a" when both are numbers: longitude and latitude change places. False: it is none of that. */
bool versit_swap(struct buf *b, struct str value, char from, char to);

#endif
