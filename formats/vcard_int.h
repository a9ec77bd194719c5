/* formats/vcard_int.h: what the files of the vCard conversion share: changing a copy of a property. */
#ifndef SCAMBIO_FORMATS_VCARD_INT_H
#define SCAMBIO_FORMATS_VCARD_INT_H

#include "formats/vcard.h"

struct line *vcard_copy(struct arena *a, const struct line *l);

void vcard_param_remove(struct line *l, struct str name);
void vcard_param_set(struct arena *a, struct line *l, struct str name,
                     struct str value); /* replaces or adds */
/* TYPE values: the first that `wanted` (lower case; any but home, work, pref when absent) names is taken away. */
bool vcard_type_take(struct arena *a, struct line *l, struct str wanted, struct str *taken);
void vcard_param_rename(struct line *l, struct str from, struct str to);
void vcard_type_add(struct arena *a, struct line *l, struct str type);
bool vcard_has_scheme(struct str value); /* does it look like a URI? */

/* The parts one after the other (any bytes, NUL too); what memory is out for is as absent. */
struct str vcard_join(struct arena *a, const struct str *parts, size_t count);
#define JOIN(a, ...)                                                                                         \
    vcard_join((a), (const struct str[]){__VA_ARGS__},                                                       \
               sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str))

/* ---- one property's value, by name; `to4`: from 3.0 to 4.0 ---- */
typedef void (*vcard_step_fn)(struct arena *a, struct line *l, bool to4);
void vcard_step_media(struct arena *a, struct line *l, bool to4); /* PHOTO LOGO SOUND KEY */
void vcard_step_date(struct arena *a, struct line *l, bool to4);
void vcard_step_tz(struct arena *a, struct line *l, bool to4);
void vcard_step_geo(struct arena *a, struct line *l, bool to4);
void vcard_step_uid(struct arena *a, struct line *l, bool to4);
void vcard_step_tel(struct arena *a, struct line *l, bool to4);
void vcard_step_email(struct arena *a, struct line *l, bool to4);

bool vcard_is_date(struct str value);   /* of ANNIVERSARY: as either version writes it */
bool vcard_is_gender(struct str value); /* RFC 6350 section 6.2.7 */

/* 4.0 alone knows it (3.0 carries it as an X- property); 3.0 alone knows it. */
bool vcard_only4(struct str name);
bool vcard_only3(struct str name);

#endif
