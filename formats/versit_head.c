/* formats/versit_head.c: what stands before the colon of a versit line. A parameter without a name is told by its value
 * (vCard 2.1 section 2.1.2): an encoding, a place of the value, or else a type. */
#include "formats/versit_int.h"

static const struct {
    struct str word, name;
} bare[] = {
    {STR_INIT("QUOTED-PRINTABLE"), STR_INIT("ENCODING")},
    {STR_INIT("BASE64"), STR_INIT("ENCODING")},
    {STR_INIT("8BIT"), STR_INIT("ENCODING")},
    {STR_INIT("7BIT"), STR_INIT("ENCODING")},
    {STR_INIT("INLINE"), STR_INIT("VALUE")},
    {STR_INIT("CONTENT-ID"), STR_INIT("VALUE")},
    {STR_INIT("CID"), STR_INIT("VALUE")},
    {STR_INIT("URL"), STR_INIT("VALUE")},
};

static const struct {
    struct str word;
    enum versit_encoding encoding;
} encodings[] = {
    {STR_INIT("QUOTED-PRINTABLE"), VERSIT_QUOTED},
    {STR_INIT("Q"), VERSIT_QUOTED},
    {STR_INIT("BASE64"), VERSIT_BASE64},
    {STR_INIT("B"), VERSIT_BASE64},
};

struct head {
    struct arena *arena;
    enum charset charset;
    struct versit_line *v;
    struct line_param *types, **tail;
    size_t type_cap, count, most;
};

bool versit_is_reserved(struct str word)
{
    for (size_t i = 0; i < COUNT_OF(bare); i++)
        if (str_caseeq(bare[i].word, word))
            return true;
    return false;
}

static bool is_word(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_alpha(s.p[i]) && !ascii_digit(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
            return false;
    return s.n > 0;
}

static struct line_param *add_param(struct head *h, struct str name)
{
    struct line_param *p = ARENA_NEW(h->arena, struct line_param);
    if (!p)
        return NULL;
    p->name = name;
    *h->tail = p;
    h->tail = &p->next;
    return p;
}

/* All types go into one parameter, whose array grows. */
static bool add_value(struct head *h, struct line_param *p, struct str value)
{
    bool type = p == h->types;
    struct str *more =
        type ? arena_grow(h->arena, p->values, p->value_count, &h->type_cap, p->value_count + 1, sizeof *more)
             : ARENA_NEW(h->arena, struct str);
    if (!more)
        return false;
    p->values = more;
    p->values[p->value_count++] = value;
    return true;
}

static struct str unquoted(struct str s)
{
    s = str_trim(s);
    return s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"' ? str_slice(s, 1, s.n - 2) : s;
}

static void take_encoding(struct versit_line *v, struct str word)
{
    for (size_t i = 0; i < COUNT_OF(encodings); i++)
        if (str_caseeq(encodings[i].word, word))
            v->encoding = encodings[i].encoding;
}

/* One value of TYPE, which may be a list. */
static enum status take_types(struct head *h, struct str list)
{
    struct str one;
    if (!h->types)
        h->types = add_param(h, STR("TYPE"));
    if (!h->types)
        return h->arena->st;
    while (str_split(&list, ',', &one)) {
        one = unquoted(one);
        if (!one.n)
            continue;
        if (++h->count > h->most)
            return TOO_MANY;
        if (!add_value(h, h->types, one))
            return h->arena->st;
    }
    return OK;
}

static enum status take(struct head *h, struct str name, struct str value)
{
    struct str text;
    if (str_caseeq(name, STR("ENCODING"))) {
        take_encoding(h->v, value);
        return OK;
    }
    if (str_caseeq(name, STR("CHARSET"))) {
        h->v->charset = charset_find(value);
        return OK;
    }
    enum status st = charset_guess(h->arena, h->charset, value, &text);
    if (st == OK)
        text = versit_clean(h->arena, text);
    if (st != OK || !text.p)
        return st != OK ? st : h->arena->st;
    if (str_caseeq(name, STR("TYPE")))
        return take_types(h, text);
    struct line_param *p = add_param(h, name);
    return p && add_value(h, p, text) ? OK : h->arena->st;
}

static enum status take_bare(struct head *h, struct str word)
{
    for (size_t i = 0; i < COUNT_OF(bare); i++)
        if (str_caseeq(bare[i].word, word))
            return take(h, bare[i].name, word);
    return is_word(word) ? take(h, STR("TYPE"), word) : OK; /* anything else says nothing */
}

/* The next parameter, up to a ';' outside quotes. */
static bool next_param(struct str *rest, struct str *one)
{
    bool quoted = false;
    if (!rest->p)
        return false;
    for (size_t i = 0; i < rest->n; i++) {
        if (rest->p[i] == '"')
            quoted = !quoted;
        if (rest->p[i] != ';' || quoted)
            continue;
        *one = str_slice(*rest, 0, i);
        *rest = str_from(*rest, i + 1);
        return true;
    }
    *one = *rest;
    *rest = STR_NONE;
    return true;
}

enum status versit_head(struct arena *a, enum charset charset, struct str head, size_t most,
                        struct versit_line *v, const char **what)
{
    struct head h = {.arena = a, .charset = charset, .v = v, .tail = &v->line.params, .most = most};
    struct str rest = head, one = STR(""), value;
    enum status st = OK;
    next_param(&rest, &one);
    one = str_trim(one);
    size_t dot = str_chr(one, '.', 0);
    if (dot != SIZE_MAX) {
        v->line.group = str_slice(one, 0, dot);
        one = str_from(one, dot + 1);
    }
    v->line.name = one;
    if (!is_word(one) || (v->line.group.p && !is_word(v->line.group))) {
        *what = "a property name is missing";
        return INVALID;
    }
    while (st == OK && next_param(&rest, &value)) {
        one = STR_NONE;
        value = str_trim(value);
        if (++h.count > h.most)
            st = TOO_MANY;
        else if (str_chr(value, '=', 0) == SIZE_MAX)
            st = value.n ? take_bare(&h, value) : OK;
        else if (str_split(&value, '=', &one) && is_word(str_trim(one)))
            st = take(&h, str_trim(one), unquoted(value));
    }
    if (h.types && !h.types->value_count) { /* "TYPE=" */
        struct line_param **p = &v->line.params;
        while (*p != h.types)
            p = &(*p)->next;
        *p = h.types->next;
    }
    if (st == TOO_MANY)
        *what = "too many parameters";
    return st;
}
