/* formats/vcard_convert.c: a card of one version said in the other.
 *
 * Each property goes through the parameters that are said differently, then through the row of its name. What 3.0 has no name for
 * it carries as X-NAME; an X-NAME that was there in 4.0 already becomes X-X-NAME meanwhile, so that both come back as they were.
 * Then what is one property in one version and two in the other: ADR and LABEL, N and SORT-STRING. */
#include "formats/vcard_int.h"

enum { LABEL_SEARCH = 100000 };

struct rule {
    struct str v3, v4;
    vcard_step_fn step; /* NULL: the value is the same */
    bool (*fits)(
        struct str value); /* an X- name is taken for the 4.0 property only when its value fits; NULL: any */
};

static const struct rule rules[] = {
    {STR_INIT("PHOTO"), STR_INIT("PHOTO"), vcard_step_media, NULL},
    {STR_INIT("LOGO"), STR_INIT("LOGO"), vcard_step_media, NULL},
    {STR_INIT("SOUND"), STR_INIT("SOUND"), vcard_step_media, NULL},
    {STR_INIT("KEY"), STR_INIT("KEY"), vcard_step_media, NULL},
    {STR_INIT("BDAY"), STR_INIT("BDAY"), vcard_step_date, NULL},
    {STR_INIT("REV"), STR_INIT("REV"), vcard_step_date, NULL},
    {STR_INIT("TZ"), STR_INIT("TZ"), vcard_step_tz, NULL},
    {STR_INIT("GEO"), STR_INIT("GEO"), vcard_step_geo, NULL},
    {STR_INIT("UID"), STR_INIT("UID"), vcard_step_uid, NULL},
    {STR_INIT("TEL"), STR_INIT("TEL"), vcard_step_tel, NULL},
    {STR_INIT("EMAIL"), STR_INIT("EMAIL"), vcard_step_email, NULL},
    {STR_INIT("X-ADDRESSBOOKSERVER-KIND"), STR_INIT("KIND"), NULL, NULL},
    {STR_INIT("X-ADDRESSBOOKSERVER-MEMBER"), STR_INIT("MEMBER"), NULL, NULL},
    {STR_INIT("X-ANNIVERSARY"), STR_INIT("ANNIVERSARY"), vcard_step_date, vcard_is_date},
    {STR_INIT("X-DEATHDATE"), STR_INIT("DEATHDATE"), vcard_step_date, vcard_is_date},
    {STR_INIT("X-GENDER"), STR_INIT("GENDER"), NULL, vcard_is_gender},
    {STR_INIT("X-BIRTHPLACE"), STR_INIT("BIRTHPLACE"), NULL, NULL},
    {STR_INIT("X-DEATHPLACE"), STR_INIT("DEATHPLACE"), NULL, NULL},
    {STR_INIT("X-CLIENTPIDMAP"), STR_INIT("CLIENTPIDMAP"), NULL, NULL},
    {STR_INIT("X-CONTACT-URI"), STR_INIT("CONTACT-URI"), NULL, NULL},
    {STR_INIT("X-EXPERTISE"), STR_INIT("EXPERTISE"), NULL, NULL},
    {STR_INIT("X-HOBBY"), STR_INIT("HOBBY"), NULL, NULL},
    {STR_INIT("X-INTEREST"), STR_INIT("INTEREST"), NULL, NULL},
    {STR_INIT("X-LANG"), STR_INIT("LANG"), NULL, NULL},
    {STR_INIT("X-ORG-DIRECTORY"), STR_INIT("ORG-DIRECTORY"), NULL, NULL},
    {STR_INIT("X-RELATED"), STR_INIT("RELATED"), NULL, NULL},
    {STR_INIT("X-XML"), STR_INIT("XML"), NULL, NULL},
};

bool vcard_only4(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(rules); i++)
        if (str_caseeq(name, rules[i].v4))
            return !str_eq(rules[i].v3, rules[i].v4);
    return false;
}

bool vcard_only3(struct str name)
{
    static const struct str names[] = {STR_INIT("CLASS"), STR_INIT("MAILER"), STR_INIT("NAME"),
                                       STR_INIT("PROFILE")};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_caseeq(name, names[i]))
            return true;
    return false;
}

static bool rule_fits(const struct rule *r, struct str value)
{
    return !r->fits || r->fits(value);
}

static const struct rule *rule_of(struct str name, bool to4)
{
    for (size_t i = 0; i < COUNT_OF(rules); i++)
        if (str_caseeq(name, to4 ? rules[i].v3 : rules[i].v4))
            return &rules[i];
    return NULL;
}

/* Is it X-NAME of a rule, with any number of X- more before it? Apple's own two names are never hidden: its devices need them. */
static bool is_hidden(struct str name, struct str value, size_t *extra)
{
    *extra = 0;
    while (str_casestarts(name, STR("X-X-"))) {
        name = str_from(name, 2);
        ++*extra;
    }
    const struct rule *r = rule_of(name, true);
    return r && str_casestarts(r->v3, STR("X-")) && !str_casestarts(r->v3, STR("X-ADDRESSBOOKSERVER-")) &&
           rule_fits(r, value);
}

/* ---- parameters that are said differently ---- */

static int hex(char c)
{
    return ascii_digit(c)         ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* Quoted-printable is of 2.1, but phones write it in 3.0. Its line breaks become \n. */
static struct str from_quoted(struct arena *a, struct str s)
{
    SCOPED_BUF(b, s.n * 2 + 1);
    for (size_t i = 0; i < s.n; i++) {
        int high = s.p[i] == '=' && i + 2 < s.n ? hex(s.p[i + 1]) : -1,
            low = high >= 0 ? hex(s.p[i + 2]) : -1;
        char c = low >= 0 ? (char)(high << 4 | low) : s.p[i];
        if (low >= 0)
            i += 2;
        if (c == '\n')
            buf_add(&b, STR("\\n"));
        else if (c != '\r')
            buf_addc(&b, c);
    }
    struct str made = str_utf8(buf_view(&b)) ? arena_str(a, buf_view(&b)) : STR_NONE;
    return made.p ? made : s;
}

/* "TEL;HOME;VOICE" of 2.1 */
static void name_bare_params(struct arena *a, struct line *l)
{
    for (struct line_param *p = l->params; p; p = p->next) {
        if (p->value_count)
            continue;
        struct str *value = ARENA_NEW(a, struct str);
        if (!value)
            return;
        bool encoding = str_caseeq(p->name, STR("BASE64")) || str_caseeq(p->name, STR("QUOTED-PRINTABLE"));
        *value = p->name;
        p->name = encoding ? STR("ENCODING") : STR("TYPE");
        p->values = value;
        p->value_count = 1;
    }
}

static void params(struct arena *a, struct line *l, bool to4)
{
    struct str taken;
    bool preferred = false;
    name_bare_params(a, l);
    if (!to4) {
        if (!str_eq(line_param1(l, STR("PREF")), STR("1")))
            return;
        vcard_param_remove(l, STR("PREF"));
        vcard_type_add(a, l, STR("PREF"));
        return;
    }
    while (vcard_type_take(a, l, STR("pref"), &taken))
        preferred = true;
    if (preferred && !line_param(l, STR("PREF")))
        vcard_param_set(a, l, STR("PREF"), STR("1"));
    if (str_caseeq(line_param1(l, STR("ENCODING")), STR("QUOTED-PRINTABLE"))) {
        vcard_param_remove(l, STR("ENCODING"));
        l->value = from_quoted(a, l->value);
    }
    vcard_param_remove(l, STR("CHARSET"));
}

/* ---- AGENT is RELATED;TYPE=agent ---- */

static bool agent(struct arena *a, struct line *l, bool to4)
{
    struct str taken;
    bool uri = str_caseeq(line_param1(l, STR("VALUE")), STR("uri"));
    bool text = str_caseeq(line_param1(l, STR("VALUE")), STR("text"));
    if (to4 && str_caseeq(l->name, STR("AGENT"))) {
        l->name = STR("RELATED");
        vcard_param_remove(l, STR("VALUE"));
        if (!uri)
            vcard_param_set(a, l, STR("VALUE"), STR("text"));
        vcard_type_add(a, l, STR("agent"));
        return true;
    }
    if (to4 || !str_caseeq(l->name, STR("RELATED")) || !vcard_type_take(a, l, STR("agent"), &taken))
        return false;
    while (vcard_type_take(a, l, STR("agent"), &taken))
        ; /* said twice, it would come back in another order */
    l->name = STR("AGENT");
    vcard_param_remove(l, STR("VALUE"));
    if (!text)
        vcard_param_set(a, l, STR("VALUE"), STR("uri"));
    return true;
}

static void convert_line(struct arena *a, struct line *l, bool to4)
{
    size_t extra;
    l->raw = STR_NONE;
    params(a, l, to4);
    if (agent(a, l, to4))
        return;
    bool hidden = is_hidden(l->name, l->value, &extra);
    if (to4 && hidden && extra) {
        l->name = str_from(l->name, 2);
        return;
    }
    if (!to4 && hidden) {
        struct str longer = JOIN(a, STR("X-"), l->name);
        l->name = longer.p ? longer : l->name;
        return;
    }
    const struct rule *r = rule_of(l->name, to4);
    if (!r || !rule_fits(r, l->value))
        return;
    if (!str_eq(r->v3, r->v4))
        l->name = to4 ? r->v4 : r->v3;
    if (r->step)
        r->step(a, l, to4);
}

/* ---- LABEL is a parameter of ADR in 4.0 ---- */

static bool same_types(const struct line *a, const struct line *b)
{
    const struct line *pair[2] = {a, b};
    if (!str_caseeq(a->group, b->group))
        return false;
    for (size_t k = 0; k < 2; k++)
        for (const struct line_param *p = pair[k]->params; p; p = p->next)
            for (size_t i = 0; str_caseeq(p->name, STR("TYPE")) && i < p->value_count; i++) {
                struct str rest = p->values[i], one;
                while (str_split(&rest, ',', &one))
                    if (!line_param_has(pair[1 - k], STR("TYPE"), str_trim(one)))
                        return false;
            }
    return true;
}

static bool takes_label(const struct line *adr, const struct line *label)
{
    return str_caseeq(adr->name, STR("ADR")) && !line_param(adr, STR("LABEL")) && same_types(adr, label);
}

static void give_label(struct arena *a, struct line *adr, struct line **label)
{
    vcard_param_set(a, adr, STR("LABEL"), text_unescape(a, (*label)->value));
    *label = (*label)->next;
}

/* A label belongs to the address of its types right before it. */
static void adjacent_labels(struct arena *a, struct vcard *c)
{
    for (struct line *l = c->props; l; l = l->next)
        if (l->next && str_caseeq(l->next->name, STR("LABEL")) && takes_label(l, l->next))
            give_label(a, l, &l->next);
}

/* The others go to the first address of their types that has none, or become an address that says nothing else. The budget
 * bounds the search in cards of thousands of addresses. */
static void labels_to4(struct arena *a, struct vcard *c)
{
    size_t budget = LABEL_SEARCH;
    adjacent_labels(a, c);
    for (struct line **p = &c->props; *p;) {
        struct line *label = *p, *adr = NULL;
        if (str_caseeq(label->name, STR("LABEL"))) {
            for (adr = c->props; adr && budget && !takes_label(adr, label); adr = adr->next)
                budget--;
            if (adr && budget) {
                give_label(a, adr, p);
                continue;
            }
            label->name = STR("ADR");
            vcard_param_set(a, label, STR("LABEL"), text_unescape(a, label->value));
            label->value = STR(";;;;;;");
        }
        p = &label->next;
    }
}

static void labels_to3(struct arena *a, struct vcard *c)
{
    for (struct line *l = c->props; l; l = l->next) {
        struct str text = line_param1(l, STR("LABEL"));
        if (!text.p || !str_caseeq(l->name, STR("ADR")))
            continue;
        SCOPED_BUF(escaped, text.n * 2 + 1);
        text_escape(&escaped, text);
        vcard_param_remove(l, STR("LABEL"));
        bool alone = str_eq(l->value, STR(";;;;;;"));
        struct line *label = alone ? l : vcard_copy(a, l);
        if (!label)
            return;
        label->name = STR("LABEL");
        label->value = arena_str(a, buf_view(&escaped));
        if (!alone) {
            label->next = l->next;
            l->next = label;
            l = label;
        }
    }
}

/* ---- N: SORT-STRING there, SORT-AS here; and 3.0 must have one ---- */

static struct line *find_from(struct line *l, struct str name)
{
    while (l && !str_caseeq(l->name, name))
        l = l->next;
    return l;
}

static struct line *find(struct vcard *c, struct str name)
{
    return find_from(c->props, name);
}

static void unlink_line(struct vcard *c, const struct line *gone)
{
    for (struct line **p = &c->props; *p; p = &(*p)->next)
        if (*p == gone) {
            *p = gone->next;
            return;
        }
}

static struct line *append(struct arena *a, struct vcard *c, struct str name, struct str value)
{
    struct line *l = ARENA_NEW(a, struct line), **tail = &c->props;
    if (!l)
        return NULL;
    *l = (struct line){.name = name, .value = value};
    while (*tail)
        tail = &(*tail)->next;
    *tail = l;
    return l;
}

/* Takes away each N that only repeats FN since names_to3 made it; one that was changed meanwhile is a name. */
static void drop_derived(struct arena *a, struct vcard *c, const struct line *fn)
{
    struct str derived = fn ? JOIN(a, fn->value, STR(";;;;")) : STR(";;;;");
    for (struct line **p = &c->props; *p;) {
        struct line *l = *p;
        bool marked =
            str_caseeq(l->name, STR("N")) && str_caseeq(line_param1(l, STR("X-DERIVED")), STR("FN"));
        if (marked)
            vcard_param_remove(l, STR("X-DERIVED"));
        if (marked && str_eq(l->value, derived))
            *p = l->next;
        else
            p = &l->next;
    }
}

static void names_to4(struct arena *a, struct vcard *c)
{
    drop_derived(a, c, find(c, STR("FN")));
    struct line *n = find(c, STR("N")), *sort = find(c, STR("SORT-STRING"));
    /* Of several, none is the one: they stay as they are, and come back as they were. */
    if (n && sort && !find_from(sort->next, STR("SORT-STRING")) && !line_param(n, STR("SORT-AS"))) {
        vcard_param_set(a, n, STR("SORT-AS"), text_unescape(a, sort->value));
        unlink_line(c, sort);
    }
}

static void names_to3(struct arena *a, struct vcard *c)
{
    struct line *n = find(c, STR("N")), *fn = find(c, STR("FN"));
    if (!n) {
        struct str value = fn ? JOIN(a, fn->value, STR(";;;;")) : STR(";;;;");
        n = value.p ? append(a, c, STR("N"), value) : NULL;
        if (n)
            vcard_param_set(a, n, STR("X-DERIVED"), STR("FN"));
        return;
    }
    const struct line_param *sort = line_param(n, STR("SORT-AS"));
    if (!sort || !sort->value_count || find(c, STR("SORT-STRING")))
        return;
    SCOPED_BUF(text, 1 << 20);
    for (size_t i = 0; i < sort->value_count; i++) {
        if (i)
            buf_add(&text, STR("\\,"));
        text_escape(&text, sort->values[i]);
    }
    struct str value = arena_str(a, buf_view(&text));
    vcard_param_remove(n, STR("SORT-AS"));
    if (value.p)
        append(a, c, STR("SORT-STRING"), value);
}

enum status vcard_convert(struct arena *a, const struct vcard *c, enum vcard_version to, struct vcard **out)
{
    *out = NULL;
    if (to != VCARD_3_0 && to != VCARD_4_0)
        return UNSUPPORTED;
    struct vcard *made = ARENA_NEW(a, struct vcard);
    if (!made)
        return a->st;
    *made = *c;
    *out = made;
    if (c->version == to)
        return OK;
    bool to4 = to == VCARD_4_0;
    struct line **tail = &made->props;
    made->version = to;
    *tail = NULL;
    for (const struct line *l = c->props; l; l = l->next) {
        *tail = vcard_copy(a, l);
        if (!*tail)
            return a->st;
        convert_line(a, *tail, to4);
        tail = &(*tail)->next;
    }
    if (to4) {
        labels_to4(a, made);
        names_to4(a, made);
    } else {
        labels_to3(a, made);
        names_to3(a, made);
    }
    return a->st;
}
