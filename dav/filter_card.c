/* dav/filter_card.c: CARDDAV:filter (RFC 6352 section 10.5): read once, then judged against cards, and what of it the store's
 * index of folded fields can narrow. */
#include "dav/filter.h"

enum {
    FILTER_NODES = 200,
    FOLD_GROWTH = 72, /* a character decomposes to at most 18 of 4 bytes */
    KEYS = 8,         /* walks over the index that are together still cheaper than looking at every card */
};

struct param_filter {
    struct str name;
    bool absent;
    struct text_match *text; /* NULL: it is enough that the parameter is there */
    struct param_filter *next;
};

struct text_list {
    struct text_match match;
    struct text_list *next;
};

struct prop_filter {
    struct str group, name; /* group STR_NONE: with any or none */
    bool absent, all;       /* all: test="allof" */
    struct text_list *texts;
    struct param_filter *params;
    struct prop_filter *next;
};

struct card_filter {
    bool all;
    struct prop_filter *props;
    struct field_key keys[KEYS];
    size_t key_count; /* 0: no index helps */
};

struct parser {
    struct arena *a;
    struct str *why;
    size_t nodes;
};

/* ---- reading ---- */

static enum status refuse(struct parser *p, enum status st, const struct xml_node *n, const char *what)
{
    struct str name = str_slice(xml_attr(n, "name"), 0, 80);
    *p->why = arena_strf(p->a, "%.*s \"%.*s\": %s", STR_ARG(n->name.name), STR_ARG(name), what);
    return st;
}

static enum status parse_test(struct parser *p, const struct xml_node *n, bool *all)
{
    struct str test = xml_attr(n, "test");
    *all = str_eq(test, STR("allof"));
    if (!test.p || *all || str_eq(test, STR("anyof")))
        return OK;
    return refuse(p, INVALID, n, "test is neither anyof nor allof");
}

static enum status parse_name(struct parser *p, const struct xml_node *n, struct str *name)
{
    *name = xml_attr(n, "name");
    if (name->n == 0)
        return refuse(p, INVALID, n, "has no name");
    if (++p->nodes > FILTER_NODES)
        return refuse(p, UNSUPPORTED, n, "too many filters in one query");
    return OK;
}

static enum status parse_text(struct parser *p, const struct xml_node *n, struct text_match *out)
{
    if (++p->nodes > FILTER_NODES)
        return refuse(p, UNSUPPORTED, n, "too many filters in one query");
    return text_match_parse(p->a, n, COLLATE_UNICODE, out, p->why);
}

static enum status parse_param(struct parser *p, const struct xml_node *n, struct param_filter *out)
{
    enum status st = parse_name(p, n, &out->name);
    for (const struct xml_node *c = xml_first(n); c && st == OK; c = xml_sibling(c)) {
        if (out->absent || out->text) {
            st = refuse(p, INVALID, n, "takes one is-not-defined or one text-match");
        } else if (xml_is(c, NS_CARDDAV, "is-not-defined")) {
            out->absent = true;
        } else if (xml_is(c, NS_CARDDAV, "text-match")) {
            out->text = ARENA_NEW(p->a, struct text_match);
            st = out->text ? parse_text(p, c, out->text) : p->a->st;
        } else {
            st = refuse(p, UNSUPPORTED, n, "has an element that is not known");
        }
    }
    return st;
}

static enum status parse_prop(struct parser *p, const struct xml_node *n, struct prop_filter *out)
{
    struct text_list **texts = &out->texts;
    struct param_filter **params = &out->params;
    enum status st = parse_name(p, n, &out->name);
    size_t dot = str_chr(out->name, '.', 0);
    if (st == OK && dot != SIZE_MAX) {
        out->group = str_slice(out->name, 0, dot);
        out->name = str_from(out->name, dot + 1);
    }
    if (st == OK)
        st = parse_test(p, n, &out->all);
    for (const struct xml_node *c = xml_first(n); c && st == OK; c = xml_sibling(c)) {
        if (out->absent) {
            st = refuse(p, INVALID, n, "is-not-defined stands alone");
        } else if (xml_is(c, NS_CARDDAV, "is-not-defined")) {
            out->absent = true;
            if (out->texts || out->params)
                st = refuse(p, INVALID, n, "is-not-defined stands alone");
        } else if (xml_is(c, NS_CARDDAV, "text-match")) {
            *texts = ARENA_NEW(p->a, struct text_list);
            st = *texts ? parse_text(p, c, &(*texts)->match) : p->a->st;
            texts = *texts ? &(*texts)->next : texts;
        } else if (xml_is(c, NS_CARDDAV, "param-filter")) {
            *params = ARENA_NEW(p->a, struct param_filter);
            st = *params ? parse_param(p, c, *params) : p->a->st;
            params = *params ? &(*params)->next : params;
        } else {
            st = refuse(p, UNSUPPORTED, n, "has an element that is not known");
        }
    }
    return st;
}

/* ---- the index ---- */

static bool indexable(const struct text_match *m)
{
    return !m->negate && m->folded.n > 0;
}

static enum status add_key(struct arena *a, struct card_filter *f, enum vcard_field field,
                           const struct text_match *m)
{
    if (f->key_count == KEYS)
        return TOO_MANY;
    SCOPED_BUF(folded, m->folded.n * FOLD_GROWTH + 16);
    collate(&folded, COLLATE_UNICODE, m->folded);
    struct str text = arena_str(a, buf_view(&folded));
    f->keys[f->key_count++] = (struct field_key){(int)field, (enum field_match)m->how, text};
    return folded.st != OK ? folded.st : a->st;
}

/* Adds keys of which every card that fits `p` satisfies one; TOO_MANY when there are none or too many. */
static enum status prop_keys(struct arena *a, struct card_filter *f, const struct prop_filter *p)
{
    enum vcard_field field = vcard_field_of(p->name);
    if (!field || p->absent || !p->texts)
        return TOO_MANY;
    if (!p->all && p->params)
        return TOO_MANY;
    enum status st = p->all ? TOO_MANY : OK;
    for (const struct text_list *t = p->texts; t; t = t->next) {
        if (p->all && indexable(&t->match)) /* one that must match whatever else does */
            return add_key(a, f, field, &t->match);
        if (!p->all && st == OK)
            st = indexable(&t->match) ? add_key(a, f, field, &t->match) : TOO_MANY;
    }
    return st;
}

/* Of properties that must all fit one with keys is enough; of alternatives each must have them. */
static enum status find_keys(struct arena *a, struct card_filter *f)
{
    enum status st = f->props ? OK : TOO_MANY;
    for (const struct prop_filter *p = f->props; p && st == OK; p = p->next) {
        st = prop_keys(a, f, p);
        if (f->all && st == OK)
            return OK;
        if (f->all && st == TOO_MANY) {
            f->key_count = 0;
            st = OK;
        }
    }
    if (st == TOO_MANY)
        f->key_count = 0;
    return st < 0 ? st : OK;
}

enum status card_filter_parse(struct arena *a, const struct xml_node *filter, struct card_filter **out,
                              struct str *why)
{
    struct card_filter *f = *out = ARENA_NEW(a, struct card_filter);
    struct parser p = {a, why, 0};
    if (!f)
        return a->st;
    if (!filter) {
        *why = STR("filter is missing");
        return INVALID;
    }
    struct prop_filter **tail = &f->props;
    enum status st = parse_test(&p, filter, &f->all);
    for (const struct xml_node *c = xml_first(filter); c && st == OK; c = xml_sibling(c)) {
        if (!xml_is(c, NS_CARDDAV, "prop-filter"))
            return refuse(&p, UNSUPPORTED, filter, "has an element that is not known");
        *tail = ARENA_NEW(a, struct prop_filter);
        st = *tail ? parse_prop(&p, c, *tail) : a->st;
        tail = *tail ? &(*tail)->next : tail;
    }
    return st == OK ? find_keys(a, f) : st;
}

const struct field_key *card_filter_keys(const struct card_filter *f, size_t *count)
{
    *count = f->key_count;
    return f->key_count ? f->keys : NULL;
}

/* ---- judging ---- */

struct judge {
    struct arena *a;
    struct buf scratch;
};

static bool text_fits(struct judge *j, const struct text_match *m, struct str value)
{
    j->scratch.max = value.n * FOLD_GROWTH + 16;
    return text_match_value(m, value, &j->scratch);
}

static bool param_fits(struct judge *j, const struct param_filter *f, const struct line *l)
{
    bool there = false;
    for (const struct line_param *p = l->params; p; p = p->next) {
        if (!str_caseeq(p->name, f->name))
            continue;
        there = true;
        for (size_t i = 0; f->text && i < p->value_count; i++) {
            struct str rest = p->values[i], one;
            if (text_fits(j, f->text, rest))
                return true;
            while (str_caseeq(p->name, STR("TYPE")) && str_split(&rest, ',', &one))
                if (text_fits(j, f->text, one))
                    return true;
        }
    }
    return f->absent ? !there : there && !f->text;
}

/* Does one property satisfy the conditions, any or all of them? Without conditions it does. */
static bool line_fits(struct judge *j, const struct prop_filter *f, const struct line *l)
{
    struct str value = f->texts ? text_unescape(j->a, l->value) : STR("");
    if (!f->texts && !f->params)
        return true;
    for (const struct text_list *t = f->texts; t; t = t->next)
        if (text_fits(j, &t->match, value) != f->all)
            return !f->all;
    for (const struct param_filter *p = f->params; p; p = p->next)
        if (param_fits(j, p, l) != f->all)
            return !f->all;
    return f->all;
}

static bool prop_fits(struct judge *j, const struct prop_filter *f, const struct vcard *card)
{
    for (const struct line *l = card->props; l; l = l->next)
        if (str_caseeq(l->name, f->name) && (!f->group.p || str_caseeq(f->group, l->group))) {
            if (f->absent)
                return false;
            if (line_fits(j, f, l))
                return true;
        }
    return f->absent;
}

enum status card_filter_match(struct arena *a, const struct card_filter *f, const struct vcard *card,
                              bool *match)
{
    struct judge j = {a, BUF_INIT(0)};
    *match = f->all || !f->props;
    for (const struct prop_filter *p = f->props; p && *match == (f->all || !f->props); p = p->next)
        *match = prop_fits(&j, p, card);
    enum status st = a->st != OK ? a->st : j.scratch.st;
    buf_free(&j.scratch);
    return st;
}
