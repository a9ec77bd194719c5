/* formats/vcard.h: vCards 3.0 (RFC 2426) and 4.0 (RFC 6350): reading, checking, converting either way, writing.
 *
 * The text as it came stays the truth. Conversion loses nothing that both can say, and what only one can say is
 * carried in X- properties and parameters so that it comes back. */
#ifndef SCAMBIO_FORMATS_VCARD_H
#define SCAMBIO_FORMATS_VCARD_H

#include "core/arena.h"
#include "formats/line.h"

enum vcard_version { VCARD_NONE, VCARD_2_1, VCARD_3_0, VCARD_4_0 };

struct vcard {
    enum vcard_version version;
    struct line *props; /* without BEGIN, VERSION, END */
};

struct vcard_limits {
    struct line_limits line;
};
extern const struct vcard_limits vcard_default_limits;

struct vcard_problem {
    struct str text; /* what, where */
    bool size;       /* a size or count limit, not the grammar */
};

/* One vCard (exactly one; leading BOM allowed). UNSUPPORTED for VERSION other than 3.0 and 4.0. */
enum status vcard_parse(struct arena *a, struct str text, const struct vcard_limits *limits,
                        struct vcard **out, struct vcard_problem *problem);

struct vcard_info {
    struct str uid;
    bool group; /* KIND:group or X-ADDRESSBOOKSERVER-KIND:group */
};
/* What an address object resource must have (RFC 6352 section 5.1): a UID. FN missing is tolerated. */
enum status vcard_check(struct arena *a, const struct vcard *c, struct vcard_info *info,
                        struct vcard_problem *problem);

/* Converts into the arena; the same object when it is of that version already. */
enum status vcard_convert(struct arena *a, const struct vcard *c, enum vcard_version to, struct vcard **out);

/* Property selection of CARDDAV:address-data: names (UID, VERSION and FN always come), `novalue` per name. */
struct vcard_select {
    const struct str *names; /* NULL: all; "item1.TEL" selects one of a group */
    const bool *novalue;
    size_t count;
};

/* Writes BEGIN … END. Control characters that XML 1.0 forbids are left out when `xml_safe`. */
void vcard_write(struct buf *out, const struct vcard *c, const struct vcard_select *select, bool xml_safe);

/* A PUT of 3.0 over a stored 4.0 (or of a device over either): properties that the incoming version can not say are
 * kept from the stored one; the result has the stored version. */
enum status vcard_merge(struct arena *a, const struct vcard *stored, const struct vcard *incoming,
                        struct vcard **out);

/* Splits a .vcf with any number of cards. */
typedef enum status (*vcard_fn)(void *ctx, struct str text);
enum status vcard_split(struct str text, vcard_fn fn, void *ctx);

/* Fields that the store indexes for searching, folded by fold_unicode. */
enum vcard_field {
    VCARD_FN = 1,
    VCARD_N,
    VCARD_NICKNAME,
    VCARD_EMAIL,
    VCARD_TEL,
    VCARD_ORG,
    VCARD_UID,
    VCARD_FIELD_COUNT
};
typedef enum status (*vcard_field_fn)(void *ctx, enum vcard_field field, size_t n, struct str folded);
enum status vcard_fields(struct arena *a, const struct vcard *c, vcard_field_fn fn, void *ctx);
enum vcard_field vcard_field_of(struct str property); /* 0 when it is not indexed */

#endif
