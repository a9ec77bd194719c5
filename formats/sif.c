/* formats/sif.c: reading and writing SIF: which kind goes where, and the elements and properties that all kinds are made of. */
#include "formats/sif_int.h"

#include "core/scoped.h"

static const struct xml_limits generous = {.size = 16 << 20, .depth = 16, .nodes = 20000};

static const struct kind {
    enum ical_kind kind;
    const char *root;
    enum status (*read)(struct sif_in *in, struct ical_comp *c, struct str *why);
    enum status (*write)(struct sif_out *out, const struct ical_comp *c);
} kinds[] = {
    {ICAL_VEVENT, "appointment", sif_event_read, sif_event_write},
    {ICAL_VTODO, "task", sif_task_read, sif_task_write},
    {ICAL_VJOURNAL, "note", sif_note_read, sif_note_write},
};

static const struct kind *kind_of(enum ical_kind kind)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (kinds[i].kind == kind)
            return &kinds[i];
    return NULL;
}

/* ---- reading ---- */

enum status sif_open(struct sif_in *in, struct arena *a, const char *root, struct str text,
                     const struct sif_settings *s, struct str *why)
{
    struct xml_node *top;
    *in = (struct sif_in){.arena = a, .zone = s->zone};
    enum status st = xml_parse(a, text, s->xml ? s->xml : &generous, &top, why);
    if (st != OK)
        return st;
    in->root = top;
    if (str_caseeq(top->name.name, str_c(root)))
        return OK;
    *why = arena_strf(a, "<%.*s> where <%s> is wanted", STR_ARG(str_slice(top->name.name, 0, 40)), root);
    return a->st < 0 ? a->st : INVALID;
}

static struct str content_of(const struct sif_in *in, const char *name)
{
    const struct xml_node *n = xml_child(in->root, NULL, name);
    return n ? xml_text(in->arena, n) : STR_NONE;
}

struct str sif_value(const struct sif_in *in, const char *name)
{
    struct str s = str_trim(content_of(in, name));
    return s.n ? s : STR_NONE;
}

struct str sif_body(const struct sif_in *in, const char *name)
{
    struct str s = content_of(in, name);
    return str_trim(s).n ? s : STR_NONE;
}

bool sif_flag(const struct sif_in *in, const char *name)
{
    struct str s = sif_value(in, name);
    return str_eq(s, STR("1")) || str_caseeq(s, STR("true")) || str_eq(s, STR("-1"));
}

int64_t sif_number(const struct sif_in *in, const char *name, int64_t most)
{
    int64_t n;
    return str_i64(sif_value(in, name), &n) && n >= 0 && n <= most ? n : -1;
}

struct line *sif_add(struct sif_in *in, const char *name, struct str value)
{
    struct line *l = ARENA_NEW(in->arena, struct line);
    if (!l || !value.p)
        return NULL;
    l->name = str_c(name);
    l->value = value;
    *in->tail = l;
    in->tail = &l->next;
    return l;
}

struct line *sif_add_text(struct sif_in *in, const char *name, struct str text)
{
    SCOPED_BUF(b, text.n * 2 + 1);
    text_escape(&b, text);
    if (b.st < 0)
        in->arena->st = b.st;
    return sif_add(in, name, arena_str(in->arena, buf_view(&b)));
}

void sif_param(struct sif_in *in, struct line *l, const char *name, struct str value)
{
    struct line_param *p = ARENA_NEW(in->arena, struct line_param);
    struct str *values = ARENA_NEW(in->arena, struct str);
    if (!l || !p || !values)
        return;
    *values = value;
    *p = (struct line_param){.name = str_c(name), .values = values, .value_count = 1};
    struct line_param **tail = &l->params;
    while (*tail)
        tail = &(*tail)->next;
    *tail = p;
}

enum status sif_read_calendar(struct arena *a, enum ical_kind kind, struct str text,
                              const struct sif_settings *s, struct ical_comp **out, struct str *why)
{
    const struct kind *k = kind_of(kind);
    struct sif_in in;
    *out = NULL;
    *why = STR_NONE;
    if (!k)
        return UNSUPPORTED;
    enum status st = sif_open(&in, a, k->root, text, s, why);
    if (st != OK)
        return st;
    struct ical_comp *c = ARENA_NEW(a, struct ical_comp);
    if (!c)
        return a->st;
    c->name = ical_kind_name(kind);
    in.tail = &c->props;
    st = k->read(&in, c, why);
    if (a->st != OK)
        return a->st;
    if (st == OK)
        *out = c;
    return st;
}

/* ---- writing ---- */

void sif_begin(struct sif_out *out, const char *root)
{
    buf_add(out->buf, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<"));
    buf_addz(out->buf, root);
    buf_add(out->buf, STR(">\n<SIFVersion>1.0</SIFVersion>\n"));
}

void sif_end(struct sif_out *out, const char *root)
{
    buf_addf(out->buf, "</%s>\n", root);
}

void sif_leaf(struct sif_out *out, const char *name, struct str value)
{
    buf_addf(out->buf, value.n ? "<%s>" : "<%s/>\n", name);
    if (!value.n)
        return;
    xml_escape(out->buf, value);
    buf_addf(out->buf, "</%s>\n", name);
}

void sif_leaf_number(struct sif_out *out, const char *name, int64_t value)
{
    buf_addf(out->buf, "<%s>%lld</%s>\n", name, (long long)value, name);
}

const struct line *sif_prop(const struct sif_out *out, const char *name)
{
    for (const struct line *l = out->props; l; l = l->next)
        if (str_caseeq(l->name, str_c(name)))
            return l;
    return NULL;
}

struct str sif_text(struct sif_out *out, const char *name)
{
    const struct line *l = sif_prop(out, name);
    return l ? text_unescape(out->arena, l->value) : STR_NONE;
}

enum status sif_write_calendar(struct buf *out, struct arena *a, const struct ical_comp *c,
                               const struct sif_settings *s)
{
    static const struct ical_comp nothing = {.name = STR_INIT("VCALENDAR")};
    const struct kind *k = kind_of(ical_kind_of(c->name));
    if (!k)
        return UNSUPPORTED;
    struct occur_query q = {.zone = s->zone, .zones = s->zones};
    struct sif_out o = {.buf = out, .arena = a, .props = c->props, .zone = s->zone, .local = s->local};
    occur_begin(&o.times, a, c->parent ? c->parent : &nothing, &q);
    sif_begin(&o, k->root);
    enum status st = k->write(&o, c);
    sif_end(&o, k->root);
    if (st != OK || a->st != OK)
        return a->st != OK ? a->st : st;
    return out->st;
}
