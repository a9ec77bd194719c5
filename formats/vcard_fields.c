/* formats/vcard_fields.c: the fields that the store indexes: what a text-match compares, folded. */
#include "core/fold.h"
#include "formats/vcard.h"

static const struct {
    struct str name;
    enum vcard_field field;
} fields[] = {
    {STR_INIT("FN"), VCARD_FN},       {STR_INIT("N"), VCARD_N},     {STR_INIT("NICKNAME"), VCARD_NICKNAME},
    {STR_INIT("EMAIL"), VCARD_EMAIL}, {STR_INIT("TEL"), VCARD_TEL}, {STR_INIT("ORG"), VCARD_ORG},
    {STR_INIT("UID"), VCARD_UID},
};

enum vcard_field vcard_field_of(struct str property)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (str_caseeq(property, fields[i].name))
            return fields[i].field;
    return 0;
}

enum status vcard_fields(struct arena *a, const struct vcard *c, vcard_field_fn fn, void *ctx)
{
    size_t seen[VCARD_FIELD_COUNT] = {0};
    for (const struct line *l = c->props; l; l = l->next) {
        enum vcard_field field = vcard_field_of(l->name);
        if (!field)
            continue;
        struct str text = text_unescape(a, l->value);
        if (!text.p)
            return a->st;
        SCOPED_BUF(folded, text.n * 18 * 4 + 64); /* the longest decomposition of a character has 18 */
        fold_unicode(&folded, text);
        if (folded.st != OK)
            return folded.st;
        enum status st = fn(ctx, field, seen[field]++, buf_view(&folded));
        if (st != OK)
            return st;
    }
    return OK;
}
