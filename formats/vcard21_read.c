/* formats/vcard21_read.c: a vCard 2.1 into the form of 3.0, property by property. */
#include "formats/vcard21_int.h"
#include "formats/vcard_int.h"
#include "formats/versit_int.h"

enum { AGENT_DEPTH = 4 };

static const struct vcard21_prop props[] = {
    {STR_INIT("N"), VCARD21_PARTS, true},         {STR_INIT("ADR"), VCARD21_PARTS, true},
    {STR_INIT("ORG"), VCARD21_PARTS, true},       {STR_INIT("FN"), VCARD21_TEXT, true},
    {STR_INIT("TITLE"), VCARD21_TEXT, true},      {STR_INIT("ROLE"), VCARD21_TEXT, true},
    {STR_INIT("NOTE"), VCARD21_TEXT, true},       {STR_INIT("LABEL"), VCARD21_TEXT, true},
    {STR_INIT("CATEGORIES"), VCARD21_LIST, true}, {STR_INIT("NICKNAME"), VCARD21_LIST, true},
    {STR_INIT("TEL"), VCARD21_TEXT, false},       {STR_INIT("EMAIL"), VCARD21_TEXT, false},
    {STR_INIT("UID"), VCARD21_TEXT, false},       {STR_INIT("URL"), VCARD21_RAW, false},
    {STR_INIT("BDAY"), VCARD21_DATE, false},      {STR_INIT("REV"), VCARD21_RAW, false},
    {STR_INIT("TZ"), VCARD21_RAW, false},         {STR_INIT("GEO"), VCARD21_GEO, false},
    {STR_INIT("PHOTO"), VCARD21_MEDIA, false},    {STR_INIT("LOGO"), VCARD21_MEDIA, false},
    {STR_INIT("SOUND"), VCARD21_MEDIA, false},    {STR_INIT("KEY"), VCARD21_MEDIA, false},
    {STR_INIT("AGENT"), VCARD21_AGENT, false},    {STR_INIT("VERSION"), VCARD21_DROPPED, false},
    {STR_INIT("PRODID"), VCARD21_DROPPED, false}, {STR_INIT("BEGIN"), VCARD21_DROPPED, false},
    {STR_INIT("END"), VCARD21_DROPPED, false},
};

const struct vcard21_prop *vcard21_prop_of(struct str name)
{
    static const struct vcard21_prop opaque = {STR_INIT("X-"), VCARD21_OPAQUE, false},
                                     text = {STR_INIT(""), VCARD21_TEXT, true};
    for (size_t i = 0; i < COUNT_OF(props); i++)
        if (str_caseeq(props[i].name, name))
            return &props[i];
    return str_casestarts(name, STR("X-")) ? &opaque : &text;
}

bool vcard21_is_card(struct str text)
{
    size_t open = 0;
    struct str line;
    while (str_split(&text, '\n', &line)) {
        bool fold = line.n && (line.p[0] == ' ' || line.p[0] == '\t');
        line = str_trim(line);
        if (!fold && str_caseeq(line, STR("BEGIN:VCARD")) && ++open > AGENT_DEPTH)
            return false;
        if (!open)
            return false;
        if (!fold && str_caseeq(line, STR("END:VCARD")) && --open == 0)
            return !text.p || !text.n;
    }
    return false;
}

struct reading {
    struct versit_reader r;
    const struct vcard21_read *o;
    struct vcard *card;
    struct line **tail;
    struct vcard_problem *problem;
    bool ended;
    enum vcard_version other; /* the version it says, when that is not 2.1 */
};

static enum status fail(struct reading *g, enum status st, size_t number, const char *what)
{
    g->problem->text = arena_strf(g->r.arena, "line %zu: %s", number, what);
    g->problem->size = st == TOO_LARGE || st == TOO_MANY;
    return g->r.arena->st < 0 ? g->r.arena->st : st;
}

/* ---- values ---- */

/* Appends the text as 3.0 escapes it. */
static void put_text(struct arena *a, struct buf *b, struct str value, bool parts)
{
    struct str text = versit_unescape(a, value, parts);
    text_escape(b, text);
}

static void put_parts(struct reading *g, struct buf *b, struct str value)
{
    struct str one;
    for (bool first = true; text_split(&value, ';', &one); first = false) {
        if (!first)
            buf_addc(b, ';');
        put_text(g->r.arena, b, one, true);
    }
}

/* "image/jpeg", which Funambol's clients write for JPEG */
static void media_types(struct line *l)
{
    for (struct line_param *p = l->params; p; p = p->next)
        for (size_t i = 0; str_caseeq(p->name, STR("TYPE")) && i < p->value_count; i++) {
            size_t slash = str_chr(p->values[i], '/', 0);
            if (slash != SIZE_MAX && slash + 1 < p->values[i].n)
                p->values[i] = str_from(p->values[i], slash + 1);
        }
}

static void value_param(struct arena *a, struct line *l)
{
    struct str value = line_param1(l, STR("VALUE"));
    if (str_caseeq(value, STR("INLINE")))
        vcard_param_remove(l, STR("VALUE"));
    else if (str_caseeq(value, STR("URL")))
        vcard_param_set(a, l, STR("VALUE"), STR("uri"));
}

static enum status put_media(struct reading *g, struct buf *b, struct versit_line *v)
{
    struct line *l = &v->line;
    media_types(l);
    if (v->encoding == VERSIT_BASE64) {
        vcard_param_set(g->r.arena, l, STR("ENCODING"), STR("b"));
        buf_add(b, l->value);
    } else if (str_caseeq(line_param1(l, STR("VALUE")), STR("uri"))) {
        versit_opaque_read(b, l->value);
    } else if (!line_param(l, STR("VALUE")) && vcard_has_scheme(l->value)) {
        vcard_param_set(g->r.arena, l, STR("VALUE"), STR("uri"));
        versit_opaque_read(b, l->value);
    } else { /* a key in letters, or the sound of a name (X-IRMC-N) */
        vcard_param_set(g->r.arena, l, STR("VALUE"), STR("text"));
        versit_opaque_read(b, l->value);
    }
    return OK;
}

static enum status put_agent(struct reading *g, struct buf *b, struct line *l)
{
    struct str card;
    if (str_trim(l->value).n) {
        if (str_caseeq(line_param1(l, STR("VALUE")), STR("uri")))
            versit_opaque_read(b, l->value);
        else
            put_text(g->r.arena, b, l->value, false);
        return OK;
    }
    enum status st = versit_nested(&g->r, AGENT_DEPTH, &card);
    if (st == OK)
        text_escape(b, card);
    else if (st > OK && st != NOT_FOUND)
        *g->problem = (struct vcard_problem){g->r.why, st != INVALID};
    return st == NOT_FOUND ? OK : st;
}

/* The value as 3.0 has it, into *b. */
static enum status put_value(struct reading *g, const struct vcard21_prop *prop, struct versit_line *v,
                             struct buf *b)
{
    struct arena *a = g->r.arena;
    struct line *l = &v->line;
    bool categories = str_caseeq(l->name, STR("CATEGORIES"));
    if (v->encoding == VERSIT_BASE64 && prop->form != VCARD21_MEDIA) {
        if (prop->form == VCARD21_OPAQUE) { /* whatever it is */
            vcard_param_set(a, l, STR("ENCODING"), STR("b"));
            buf_add(b, l->value);
            return OK;
        }
        enum status st = versit_unbase64(&g->r, v, &l->value);
        if (st != OK)
            return st == INVALID ? fail(g, st, l->number, "not base64") : st;
    }
    switch (prop->form) {
    case VCARD21_PARTS:
        put_parts(g, b, l->value);
        return OK;
    case VCARD21_LIST:
        versit_list_read(a, b, l->value, categories, categories && g->o->categories_x);
        return OK;
    case VCARD21_OPAQUE:
        versit_opaque_read(b, l->value);
        return OK;
    case VCARD21_GEO:
        if (!versit_swap(b, l->value, ',', ';')) /* 2.1 says longitude first */
            versit_opaque_read(b, l->value);
        return OK;
    case VCARD21_MEDIA:
        return put_media(g, b, v);
    case VCARD21_AGENT:
        return put_agent(g, b, l);
    case VCARD21_RAW:
    case VCARD21_DATE:
        versit_opaque_read(b, str_trim(l->value));
        return OK;
    case VCARD21_TEXT:
    case VCARD21_DROPPED:
        break;
    }
    put_text(a, b, l->value, false);
    return OK;
}

static enum status take_property(struct reading *g, struct versit_line *v)
{
    const struct vcard21_prop *prop = vcard21_prop_of(v->line.name);
    struct line *l = &v->line;
    SCOPED_BUF(b, g->r.limits->line * 6 + 64);
    if (prop->form == VCARD21_DROPPED)
        return OK;
    value_param(g->r.arena, l);
    enum status st = put_value(g, prop, v, &b);
    if (st == OK && b.st != OK)
        st = b.st;
    if (st != OK)
        return st;
    l->value = arena_str(g->r.arena, buf_view(&b));
    *g->tail = l;
    g->tail = &l->next;
    return g->r.arena->st;
}

/* ---- the card ---- */

static enum status take_version(struct reading *g, const struct line *l)
{
    struct str value = str_trim(l->value);
    if (str_eq(value, STR("3.0")) || str_eq(value, STR("4.0")))
        g->other = VCARD_3_0;
    else if (!str_eq(value, STR("2.1")))
        return fail(g, UNSUPPORTED, l->number, "only versions 2.1, 3.0 and 4.0 are taken");
    return OK;
}

static enum status take_line(struct reading *g, struct versit_line *v)
{
    const struct line *l = &v->line;
    if (g->ended)
        return fail(g, INVALID, l->number, "text behind END:VCARD");
    if (str_caseeq(l->name, STR("END")) && str_caseeq(str_trim(l->value), STR("VCARD"))) {
        g->ended = true;
        return OK;
    }
    if (str_caseeq(l->name, STR("BEGIN")))
        return fail(g, INVALID, l->number, "a card inside a card");
    return str_caseeq(l->name, STR("VERSION")) ? take_version(g, l) : take_property(g, v);
}

static enum status reader_failed(struct reading *g, enum status st)
{
    if (st > OK)
        *g->problem = (struct vcard_problem){g->r.why, st == TOO_LARGE || st == TOO_MANY};
    return st;
}

static enum status read_card(struct reading *g)
{
    struct versit_line *v;
    enum status st = versit_next(&g->r, &v);
    if (st == NOT_FOUND)
        return fail(g, INVALID, 1, "an empty text");
    if (st != OK)
        return reader_failed(g, st);
    if (!str_caseeq(v->line.name, STR("BEGIN")) || !str_caseeq(str_trim(v->line.value), STR("VCARD")))
        return fail(g, INVALID, v->line.number, "BEGIN:VCARD is missing");
    while ((st = versit_next(&g->r, &v)) == OK && g->other == VCARD_NONE) {
        st = take_line(g, v);
        if (st != OK)
            return st;
    }
    if (g->other != VCARD_NONE)
        return OK;
    if (st != NOT_FOUND)
        return reader_failed(g, st);
    return g->ended ? OK : fail(g, INVALID, g->r.number, "END:VCARD is missing");
}

/* ---- FN, which 3.0 must have ---- */

static struct str value_of(const struct vcard *c, struct str name)
{
    for (const struct line *l = c->props; l; l = l->next)
        if (str_caseeq(l->name, name) && str_trim(l->value).n)
            return l->value;
    return STR_NONE;
}

/* "Family;Given;More;Prefix;Suffix" as people say it: prefix, given, more, family, suffix; escapes stay. */
static struct str name_of(struct arena *a, struct str n)
{
    static const size_t order[] = {3, 1, 2, 0, 4};
    struct str parts[5] = {STR_NONE, STR_NONE, STR_NONE, STR_NONE, STR_NONE};
    SCOPED_BUF(b, n.n + 8);
    for (size_t i = 0; i < COUNT_OF(parts) && text_split(&n, ';', &parts[i]);)
        i++;
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        struct str part = str_trim(parts[order[i]]);
        if (part.n && b.n)
            buf_addc(&b, ' ');
        buf_add(&b, part);
    }
    return b.n ? arena_str(a, buf_view(&b)) : STR_NONE;
}

static void add_name(struct reading *g)
{
    static const struct str others[] = {STR_INIT("NICKNAME"), STR_INIT("TEL"), STR_INIT("EMAIL")};
    struct arena *a = g->r.arena;
    if (value_of(g->card, STR("FN")).p)
        return;
    struct str name = name_of(a, value_of(g->card, STR("N"))), org = value_of(g->card, STR("ORG")), first;
    if (!name.p && org.p && text_split(&org, ';', &first) && first.n)
        name = first;
    for (size_t i = 0; !name.p && i < COUNT_OF(others); i++) {
        struct str list = value_of(g->card, others[i]);
        if (text_split(&list, ',', &first))
            name = first;
    }
    struct line *fn = ARENA_NEW(a, struct line);
    if (!fn)
        return;
    for (struct line **p = &g->card->props; *p;) { /* an empty one says nothing */
        if (str_caseeq((*p)->name, STR("FN")))
            *p = (*p)->next;
        else
            p = &(*p)->next;
    }
    *fn = (struct line){.name = STR("FN"), .value = name.p ? name : STR(""), .next = g->card->props};
    vcard_param_set(a, fn, STR("X-DERIVED"), STR("N"));
    g->card->props = fn;
}

enum status vcard21_parse(struct arena *a, struct str text, const struct vcard21_read *o, struct vcard **out,
                          struct vcard_problem *problem)
{
    const struct vcard_limits *limits = o->limits ? o->limits : &vcard_default_limits;
    struct reading g = {.o = o, .problem = problem, .other = VCARD_NONE};
    *out = NULL;
    *problem = (struct vcard_problem){STR_NONE, false};
    g.card = ARENA_NEW(a, struct vcard);
    if (!g.card)
        return a->st;
    g.card->version = VCARD_3_0;
    g.tail = &g.card->props;
    enum status st = versit_begin(&g.r, a, text, o->charset, &limits->line);
    struct str whole = g.r.rest;
    if (st == OK)
        st = read_card(&g);
    if (st != OK)
        return st;
    if (g.other != VCARD_NONE)
        return vcard_parse(a, whole, limits, out, problem);
    add_name(&g);
    if (a->st != OK)
        return a->st;
    *out = g.card;
    return OK;
}
