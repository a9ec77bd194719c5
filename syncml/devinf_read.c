/* syncml/devinf_read.c: a device's information from the tree: what is known is taken, everything else skipped.
 *
 * CTCap has two shapes: 1.2 nests Property and PropParam, one CTCap a type inside of its DataStore; 1.0 and 1.1 have one flat list
 * under DevInf, where each element belongs to the CTType, PropName or ParamName before it. One walk reads both. */
#include "syncml/devinf.h"
#include "syncml/node.h"

struct reader {
    struct arena *arena;
    bool failed;
};

static void *make(struct reader *r, size_t size)
{
    void *p = arena_alloc(r->arena, size);
    r->failed = r->failed || !p;
    return p;
}

static struct devinf_type *add_type(struct reader *r, struct devinf_type ***end, const struct sml_node *n)
{
    struct devinf_type *t = make(r, sizeof *t);
    if (!t)
        return NULL;
    t->type = sml_text(n, TAG_CTTYPE);
    t->version = sml_text(n, TAG_VERCT);
    **end = t;
    *end = &t->next;
    return t;
}

static void add_value(struct reader *r, struct devinf_value **list, struct str text)
{
    struct devinf_value *v = make(r, sizeof *v);
    if (!v)
        return;
    while (*list)
        list = &(*list)->next;
    v->text = str_trim(text);
    *list = v;
}

/* ---- CTCap ---- */

struct cap_walk { /* what the next element of a flat list belongs to */
    struct devinf_cap **end;
    struct devinf_cap *cap;
    struct devinf_prop **prop_end, **param_end;
    struct devinf_prop *prop, *at; /* at: the property, or its parameter */
    struct devinf_value **value_end;
};

static void begin_cap(struct reader *r, struct cap_walk *w, struct str type)
{
    struct devinf_cap *cap = make(r, sizeof *cap);
    if (!cap)
        return;
    cap->type.type = type;
    *w->end = cap;
    *w = (struct cap_walk){.end = &cap->next, .cap = cap, .prop_end = &cap->props};
}

static void begin_prop(struct reader *r, struct cap_walk *w, struct str name, bool param)
{
    struct devinf_prop *p = w->cap && (!param || w->prop) ? make(r, sizeof *p) : NULL;
    if (!p)
        return;
    p->name = name;
    p->size = p->max_occur = -1;
    if (param) {
        *w->param_end = p;
        w->param_end = &p->next;
    } else {
        *w->prop_end = p;
        w->prop_end = &p->next;
        w->param_end = &p->params;
        w->prop = p;
    }
    w->at = p;
    w->value_end = &p->values;
}

static void read_cap_element(struct reader *r, struct cap_walk *w, const struct sml_node *n)
{
    struct str text = str_trim(n->text);
    if (n->tag == TAG_CTTYPE) {
        begin_cap(r, w, text);
    } else if (n->tag == TAG_PROPNAME || n->tag == TAG_PARAMNAME) {
        begin_prop(r, w, text, n->tag == TAG_PARAMNAME);
    } else if (n->tag == TAG_VERCT && w->cap) {
        w->cap->type.version = text;
    } else if (!w->at) {
        return;
    } else if (n->tag == TAG_SIZE || n->tag == TAG_MAXSIZE) {
        w->at->size = sml_number(text);
    } else if (n->tag == TAG_MAXOCCUR) {
        w->at->max_occur = sml_number(text);
    } else if (n->tag == TAG_NOTRUNCATE) {
        w->at->no_truncate = true;
    } else if (n->tag == TAG_VALENUM) {
        add_value(r, w->value_end, text);
        if (*w->value_end)
            w->value_end = &(*w->value_end)->next;
    }
}

/* Every CTCap of a list of siblings, appended to *caps. */
static void read_caps(struct reader *r, const struct sml_node *parent, struct devinf_cap **caps)
{
    struct cap_walk w = {.end = caps};
    for (const struct sml_node *cap = sml_child(parent, TAG_CTCAP); cap; cap = sml_next(cap, TAG_CTCAP)) {
        w = (struct cap_walk){.end = w.end};
        const struct sml_node *n = cap->children;
        while (n && !r->failed) {
            read_cap_element(r, &w, n);
            bool known = sml_tag_row(n->tag)->token[PAGE_DEVINF] != 0;
            n = known ? sml_step(n, cap) : sml_skip(n, cap);
        }
    }
}

/* ---- data stores ---- */

static unsigned sync_types(const struct sml_node *cap)
{
    unsigned types = 0;
    for (const struct sml_node *n = sml_child(cap, TAG_SYNCTYPE); n; n = sml_next(n, TAG_SYNCTYPE)) {
        int64_t type = sml_number(n->text);
        if (type >= 0 && type < 32)
            types |= 1U << type;
    }
    return types;
}

static void read_filter(struct reader *r, const struct sml_node *n, struct devinf_filter *f)
{
    f->type.type = sml_text(n, TAG_CTTYPE);
    f->type.version = sml_text(n, TAG_VERCT);
    struct devinf_value **keyword = &f->keywords, **prop = &f->props;
    for (const struct sml_node *child = n->children; child && !r->failed; child = child->next) {
        struct devinf_value ***end = child->tag == TAG_FILTERKEYWORD ? &keyword
                                     : child->tag == TAG_PROPNAME    ? &prop
                                                                     : NULL;
        if (!end)
            continue;
        add_value(r, *end, child->text);
        if (**end)
            *end = &(**end)->next;
    }
}

static void read_store(struct reader *r, const struct sml_node *n, struct devinf_store *s)
{
    struct devinf_type **rx = &s->rx, **tx = &s->tx, **grammar = &s->filter_rx, *one;
    struct devinf_filter **filter = &s->filters;
    s->source = sml_text(n, TAG_SOURCEREF);
    s->display = sml_text(n, TAG_DISPLAYNAME);
    s->max_guid = sml_number(sml_text(n, TAG_MAXGUIDSIZE));
    s->sync_types = sync_types(sml_child(n, TAG_SYNCCAP));
    s->hierarchical = sml_child(n, TAG_SUPPORTHIERARCHICALSYNC);
    for (const struct sml_node *child = n->children; child && !r->failed; child = child->next) {
        if (child->tag == TAG_RX) {
            add_type(r, &rx, child);
        } else if (child->tag == TAG_TX) {
            add_type(r, &tx, child);
        } else if (child->tag == TAG_FILTER_RX) {
            add_type(r, &grammar, child);
        } else if (child->tag == TAG_RX_PREF || child->tag == TAG_TX_PREF) {
            struct devinf_type **end = &one;
            if (add_type(r, &end, child))
                *(child->tag == TAG_RX_PREF ? &s->rx_pref : &s->tx_pref) = *one;
        } else if (child->tag == TAG_FILTERCAP) {
            *filter = make(r, sizeof **filter);
            if (!*filter)
                return;
            read_filter(r, child, *filter);
            filter = &(*filter)->next;
        }
    }
    read_caps(r, n, &s->caps);
}

enum status devinf_read(struct arena *a, const struct sml_node *inner, struct devinf *out, struct str *why)
{
    static const struct {
        enum sml_tag tag;
        size_t at;
    } texts[] = {
        {TAG_VERDTD, offsetof(struct devinf, version)}, {TAG_MAN, offsetof(struct devinf, man)},
        {TAG_MOD, offsetof(struct devinf, mod)},        {TAG_OEM, offsetof(struct devinf, oem)},
        {TAG_FWV, offsetof(struct devinf, fwv)},        {TAG_SWV, offsetof(struct devinf, swv)},
        {TAG_HWV, offsetof(struct devinf, hwv)},        {TAG_DEVID, offsetof(struct devinf, devid)},
        {TAG_DEVTYP, offsetof(struct devinf, devtyp)},
    };
    *out = (struct devinf){0};
    *why = STR_NONE;
    if (!inner || inner->tag != TAG_DEVINF) {
        *why = STR("no DevInf element");
        return INVALID;
    }
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *(struct str *)(void *)((char *)out + texts[i].at) = sml_text(inner, texts[i].tag);
    out->utc = sml_child(inner, TAG_UTC);
    out->large_objects = sml_child(inner, TAG_SUPPORTLARGEOBJS);
    out->number_of_changes = sml_child(inner, TAG_SUPPORTNUMBEROFCHANGES);
    struct reader r = {.arena = a};
    struct devinf_store **end = &out->stores;
    const struct sml_node *n = sml_child(inner, TAG_DATASTORE);
    for (; n && !r.failed; n = sml_next(n, TAG_DATASTORE)) {
        *end = make(&r, sizeof **end);
        if (!*end)
            break;
        read_store(&r, n, *end);
        end = &(*end)->next;
    }
    read_caps(&r, inner, &out->caps);
    if (!r.failed)
        return OK;
    *why = STR("the device information needs too much memory");
    return a->st ? a->st : E_MEMORY;
}

enum status devinf_parse(struct arena *a, struct str bytes, const struct sml_limits *limits,
                         struct devinf *out, struct str *why)
{
    struct sml_node *root = NULL;
    struct sml_source source = {0};
    bool xml = str_starts(str_trim(bytes), STR("<"));
    enum status st = xml ? sml_xml_read(a, bytes, limits, &source, &root, why)
                         : wbxml_read(a, bytes, limits, &source, &root, why);
    *out = (struct devinf){0};
    return st == OK ? devinf_read(a, root, out, why) : st;
}
