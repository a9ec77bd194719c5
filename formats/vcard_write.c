/* formats/vcard_write.c: vCards as text, whole or some properties of them. */
#include "formats/vcard.h"

static struct str version_text(enum vcard_version version)
{
    static const struct str texts[] = {
        [VCARD_NONE] = STR_INIT(""),
        [VCARD_2_1] = STR_INIT("2.1"),
        [VCARD_3_0] = STR_INIT("3.0"),
        [VCARD_4_0] = STR_INIT("4.0"),
    };
    return texts[version];
}

/* Does `name`, perhaps "group.NAME", select the property? A name without a group selects those of every group (RFC 6352
 * section 10.4.2). */
static bool selects(struct str name, const struct line *l)
{
    size_t dot = str_chr(name, '.', 0);
    if (dot == SIZE_MAX)
        return str_caseeq(name, l->name);
    return str_caseeq(str_slice(name, 0, dot), l->group) && str_caseeq(str_from(name, dot + 1), l->name);
}

static bool selected(const struct vcard_select *select, const struct line *l, bool *novalue)
{
    *novalue = false;
    if (!select || !select->names)
        return true;
    for (size_t i = 0; i < select->count; i++)
        if (selects(select->names[i], l)) {
            *novalue = select->novalue && select->novalue[i];
            return true;
        }
    return str_caseeq(l->name, STR("UID")) || str_caseeq(l->name, STR("FN"));
}

/* Leaves out, from `from` on, the characters that XML 1.0 has no way to say. */
static void drop_forbidden(struct buf *out, size_t from)
{
    size_t to = from;
    for (size_t i = from; i < out->n; i++) {
        unsigned char c = (unsigned char)out->p[i];
        if (c < 0x20 && c != '\t' && c != '\r' && c != '\n')
            continue;
        struct str three = str_n(out->p + i, out->n - i < 3 ? out->n - i : 3);
        if (c == 0xef && (str_eq(three, STR("\xef\xbf\xbe")) || str_eq(three, STR("\xef\xbf\xbf")))) {
            i += 2;
            continue;
        }
        out->p[to++] = out->p[i];
    }
    buf_cut(out, to);
}

void vcard_write(struct buf *out, const struct vcard *c, const struct vcard_select *select, bool xml_safe)
{
    size_t from = out->n;
    buf_add(out, STR("BEGIN:VCARD\r\nVERSION:"));
    buf_add(out, version_text(c->version));
    buf_add(out, STR("\r\n"));
    for (const struct line *l = c->props; l; l = l->next) {
        bool novalue;
        if (!selected(select, l, &novalue))
            continue;
        struct line one = *l;
        if (novalue)
            one.value = STR("");
        line_write(out, &one);
    }
    buf_add(out, STR("END:VCARD\r\n"));
    if (xml_safe)
        drop_forbidden(out, from);
}
