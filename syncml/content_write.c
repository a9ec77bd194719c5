/* syncml/content_write.c: items as text: for devices in their type, for the store with every line that was not touched as it came. */
#include "syncml/content_int.h"

static struct str version_text(enum vcard_version version)
{
    return version == VCARD_4_0 ? STR("4.0") : version == VCARD_2_1 ? STR("2.1") : STR("3.0");
}

static void write_edge(struct buf *out, const char *edge, struct str name)
{
    buf_addz(out, edge);
    buf_add(out, name);
    buf_addz(out, "\r\n");
}

static void write_line(struct buf *out, const struct line *l)
{
    if (!l->raw.p) {
        line_write(out, l);
        return;
    }
    buf_add(out, l->raw);
    buf_addz(out, "\r\n");
}

/* Nests as deep as the parser let the object be. */
static void write_comp(struct buf *out, const struct ical_comp *c, struct str version)
{
    if (c->raw.p) {
        buf_add(out, c->raw);
        if (!str_ends(c->raw, STR("\n")))
            buf_addz(out, "\r\n");
        return;
    }
    write_edge(out, "BEGIN:", c->name);
    if (version.p)
        write_edge(out, "VERSION:", version);
    for (const struct line *l = c->props; l; l = l->next)
        write_line(out, l);
    for (const struct ical_comp *child = c->children; child; child = child->next)
        write_comp(out, child, STR_NONE);
    write_edge(out, "END:", c->name);
}

enum status doc_store(struct ctx *x, const struct doc *i, struct str *out)
{
    SCOPED_BUF(b, ctx_size(x) * 2 + (1 << 16));
    write_comp(&b, i->root, i->media == MEDIA_VCARD ? version_text(i->version) : STR_NONE);
    if (b.st != OK)
        return b.st == TOO_LARGE ? ctx_fail(x, TOO_LARGE, "the object is too large") : b.st;
    *out = arena_str(x->a, buf_view(&b));
    return x->a->st;
}

static enum status write_standard(struct ctx *x, const struct doc *i, struct buf *out)
{
    enum vcard_version version = x->type == CONTENT_VCARD40 ? VCARD_4_0 : VCARD_3_0;
    if (i->media != content_media(x->type))
        return ctx_fail(x, UNSUPPORTED, "a card is no calendar object");
    struct doc converted = *i;
    enum status st = i->media == MEDIA_VCARD ? doc_to_version(x, &converted, version) : OK;
    if (st == OK)
        write_comp(out, converted.root, i->media == MEDIA_VCARD ? version_text(version) : STR_NONE);
    return st;
}

typedef enum status (*write_fn)(struct ctx *x, const struct doc *i, struct buf *out);
static const write_fn writers[CONTENT_TYPE_COUNT] = {
    [CONTENT_VCARD21] = write_vcard21, [CONTENT_VCARD30] = write_standard, [CONTENT_VCARD40] = write_standard,
    [CONTENT_VCAL10] = write_vcal10,   [CONTENT_ICAL20] = write_standard,  [CONTENT_PLAIN] = write_plain,
    [CONTENT_VNOTE] = write_vnote,     [CONTENT_SIFC] = write_sif,         [CONTENT_SIFE] = write_sif,
    [CONTENT_SIFT] = write_sif,        [CONTENT_SIFN] = write_sif,
};

enum status doc_write(struct ctx *x, const struct doc *i, struct str *out)
{
    write_fn writer = x->type < CONTENT_TYPE_COUNT ? writers[x->type] : NULL;
    SCOPED_BUF(b, ctx_size(x) * 4 + (1 << 16));
    if (!writer)
        return ctx_fail(x, UNSUPPORTED, "not a type of item");
    enum status st = writer(x, i, &b);
    if (st != OK || b.st != OK)
        return st != OK ? st : b.st;
    *out = arena_str(x->a, buf_view(&b));
    return x->a->st;
}
