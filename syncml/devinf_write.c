/* syncml/devinf_write.c: device information as a tree in the order of the DTD of its version, and as XML. What has no name is left
 * out, so that nothing is empty but flags. */
#include "syncml/devinf.h"
#include "syncml/emit.h"

static const struct sml_limits own = {.depth = 16, .nodes = SIZE_MAX};

static void leaf(struct sml_builder *b, enum sml_tag tag, struct str text)
{
    if (!text.n)
        return;
    sml_open(b, tag, sml_tag_name(tag));
    sml_close(b, text);
}

static void number(struct sml_builder *b, enum sml_tag tag, int64_t value)
{
    if (value >= 0)
        leaf(b, tag, arena_strf(b->arena, "%lld", (long long)value));
}

static void flag(struct sml_builder *b, enum sml_tag tag, bool set)
{
    if (!set)
        return;
    sml_open(b, tag, sml_tag_name(tag));
    sml_close(b, STR_NONE);
}

static void open(struct sml_builder *b, enum sml_tag tag)
{
    sml_open(b, tag, sml_tag_name(tag));
}

static void close_(struct sml_builder *b)
{
    sml_close(b, STR_NONE);
}

static void values(struct sml_builder *b, enum sml_tag tag, const struct devinf_value *v)
{
    for (; v; v = v->next)
        leaf(b, tag, v->text);
}

static void type_(struct sml_builder *b, enum sml_tag tag, const struct devinf_type *t)
{
    if (!t->type.n)
        return;
    open(b, tag);
    leaf(b, TAG_CTTYPE, t->type);
    leaf(b, TAG_VERCT, t->version);
    close_(b);
}

static void types(struct sml_builder *b, enum sml_tag tag, const struct devinf_type *t)
{
    for (; t; t = t->next)
        type_(b, tag, t);
}

/* ---- CTCap ---- */

/* 1.0, 1.1: one flat list. */
static void flat_prop(struct sml_builder *b, enum sml_tag name, const struct devinf_prop *p)
{
    if (!p->name.n)
        return;
    leaf(b, name, p->name);
    values(b, TAG_VALENUM, p->values);
    if (p->size >= 0 && !p->values) {
        leaf(b, TAG_DATATYPE, STR("chr")); /* Size only follows a DataType */
        number(b, TAG_SIZE, p->size);
    }
}

static void flat_caps(struct sml_builder *b, const struct devinf_cap *c)
{
    while (c && !c->type.type.n)
        c = c->next;
    if (!c)
        return;
    open(b, TAG_CTCAP);
    for (; c; c = c->next) {
        if (!c->type.type.n)
            continue;
        leaf(b, TAG_CTTYPE, c->type.type);
        for (const struct devinf_prop *p = c->props; p; p = p->next) {
            flat_prop(b, TAG_PROPNAME, p);
            for (const struct devinf_prop *param = p->name.n ? p->params : NULL; param; param = param->next)
                flat_prop(b, TAG_PARAMNAME, param);
        }
    }
    close_(b);
}

static void nested_prop(struct sml_builder *b, const struct devinf_prop *p)
{
    if (!p->name.n)
        return;
    open(b, TAG_PROPERTY);
    leaf(b, TAG_PROPNAME, p->name);
    number(b, TAG_MAXOCCUR, p->max_occur);
    number(b, TAG_MAXSIZE, p->size);
    flag(b, TAG_NOTRUNCATE, p->no_truncate);
    values(b, TAG_VALENUM, p->values);
    for (const struct devinf_prop *param = p->params; param; param = param->next) {
        if (!param->name.n)
            continue;
        open(b, TAG_PROPPARAM);
        leaf(b, TAG_PARAMNAME, param->name);
        values(b, TAG_VALENUM, param->values);
        close_(b);
    }
    close_(b);
}

static void nested_caps(struct sml_builder *b, const struct devinf_cap *c)
{
    for (; c; c = c->next) {
        if (!c->type.type.n)
            continue;
        open(b, TAG_CTCAP);
        leaf(b, TAG_CTTYPE, c->type.type);
        leaf(b, TAG_VERCT, c->type.version);
        for (const struct devinf_prop *p = c->props; p; p = p->next)
            nested_prop(b, p);
        close_(b);
    }
}

/* ---- data stores ---- */

static void sync_cap(struct sml_builder *b, unsigned sync_types)
{
    if (!sync_types)
        return;
    open(b, TAG_SYNCCAP);
    for (int i = 0; i < 32; i++)
        if (sync_types >> i & 1)
            number(b, TAG_SYNCTYPE, i);
    close_(b);
}

static void filters(struct sml_builder *b, const struct devinf_store *s)
{
    types(b, TAG_FILTER_RX, s->filter_rx);
    for (const struct devinf_filter *f = s->filters; f; f = f->next) {
        if (!f->type.type.n)
            continue;
        open(b, TAG_FILTERCAP);
        leaf(b, TAG_CTTYPE, f->type.type);
        leaf(b, TAG_VERCT, f->type.version);
        values(b, TAG_FILTERKEYWORD, f->keywords);
        values(b, TAG_PROPNAME, f->props);
        close_(b);
    }
}

static void data_store(struct sml_builder *b, const struct devinf_store *s, enum sml_version version)
{
    if (!s->source.n)
        return;
    open(b, TAG_DATASTORE);
    leaf(b, TAG_SOURCEREF, s->source);
    leaf(b, TAG_DISPLAYNAME, s->display);
    number(b, TAG_MAXGUIDSIZE, s->max_guid);
    type_(b, TAG_RX_PREF, &s->rx_pref);
    types(b, TAG_RX, s->rx);
    type_(b, TAG_TX_PREF, &s->tx_pref);
    types(b, TAG_TX, s->tx);
    if (version == SML_1_2) {
        nested_caps(b, s->caps);
        flag(b, TAG_SUPPORTHIERARCHICALSYNC, s->hierarchical);
    }
    sync_cap(b, s->sync_types);
    if (version == SML_1_2)
        filters(b, s);
    close_(b);
}

const struct sml_node *devinf_tree(struct arena *a, const struct devinf *d, enum sml_version version)
{
    static const struct str versions[] = {[SML_NONE] = STR_INIT("1.2"),
                                          [SML_1_0] = STR_INIT("1.0"),
                                          [SML_1_1] = STR_INIT("1.1"),
                                          [SML_1_2] = STR_INIT("1.2")};
    struct sml_builder b = {.arena = a, .limits = &own};
    version = version == SML_NONE ? SML_1_2 : version;
    open(&b, TAG_DEVINF);
    leaf(&b, TAG_VERDTD, versions[version]);
    leaf(&b, TAG_MAN, d->man);
    leaf(&b, TAG_MOD, d->mod);
    leaf(&b, TAG_OEM, d->oem);
    leaf(&b, TAG_FWV, d->fwv);
    leaf(&b, TAG_SWV, d->swv);
    leaf(&b, TAG_HWV, d->hwv);
    leaf(&b, TAG_DEVID, d->devid);
    leaf(&b, TAG_DEVTYP, d->devtyp);
    if (version != SML_1_0) {
        flag(&b, TAG_UTC, d->utc);
        flag(&b, TAG_SUPPORTLARGEOBJS, d->large_objects);
        flag(&b, TAG_SUPPORTNUMBEROFCHANGES, d->number_of_changes);
    }
    for (const struct devinf_store *s = d->stores; s; s = s->next)
        data_store(&b, s, version);
    if (version != SML_1_2)
        flat_caps(&b, d->caps);
    sml_close(&b, STR_NONE);
    return b.st == OK && a->st == OK ? b.root : NULL;
}

void devinf_write_xml(struct buf *out, struct arena *a, const struct devinf *d, enum sml_version version)
{
    const struct sml_node *tree = devinf_tree(a, d, version);
    struct emit e = {.out = out, .encoding = SML_XML};
    if (tree)
        emit_devinf(&e, tree, version);
    else if (out->st == OK)
        out->st = a->st ? a->st : E_MEMORY;
}
