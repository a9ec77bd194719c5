/* formats/vcard_params.c: changing the parameters of a property's copy. */
#include "formats/vcard_int.h"

struct line *vcard_copy(struct arena *a, const struct line *l)
{
    struct line *copy = ARENA_NEW(a, struct line);
    if (!copy)
        return NULL;
    *copy = *l;
    copy->next = NULL;
    copy->params = NULL;
    struct line_param **tail = &copy->params;
    for (const struct line_param *p = l->params; p; p = p->next) {
        struct line_param *one = ARENA_NEW(a, struct line_param);
        if (!one)
            return NULL;
        *one = *p;
        one->next = NULL;
        *tail = one;
        tail = &one->next;
    }
    return copy;
}

void vcard_param_remove(struct line *l, struct str name)
{
    for (struct line_param **p = &l->params; *p;) {
        if (str_caseeq((*p)->name, name))
            *p = (*p)->next;
        else
            p = &(*p)->next;
    }
}

static struct line_param *add(struct arena *a, struct line *l, struct str name, struct str value)
{
    struct line_param *one = ARENA_NEW(a, struct line_param), **tail = &l->params;
    struct str *values = ARENA_NEW(a, struct str);
    if (!one || !values)
        return NULL;
    *values = value;
    *one = (struct line_param){.name = name, .values = values, .value_count = 1};
    while (*tail)
        tail = &(*tail)->next;
    *tail = one;
    return one;
}

void vcard_param_set(struct arena *a, struct line *l, struct str name, struct str value)
{
    vcard_param_remove(l, name);
    add(a, l, name, value);
}

void vcard_param_rename(struct line *l, struct str from, struct str to)
{
    for (struct line_param *p = l->params; p; p = p->next)
        if (str_caseeq(p->name, from))
            p->name = to;
}

void vcard_type_add(struct arena *a, struct line *l, struct str type)
{
    add(a, l, STR("TYPE"), type);
}

static bool wants(struct str value, struct str wanted)
{
    static const struct str never[] = {STR_INIT("home"), STR_INIT("work"), STR_INIT("pref")};
    if (wanted.p)
        return str_caseeq(value, wanted);
    for (size_t i = 0; i < COUNT_OF(never); i++)
        if (str_caseeq(value, never[i]))
            return false;
    return value.n > 0;
}

/* One TYPE parameter without the first value that fits; a value may itself be a list ("a,b" in quotes). */
static bool take_from(struct arena *a, struct line_param *p, struct str wanted, struct str *taken)
{
    struct str *left = NULL, rest, head;
    size_t n = 0, cap = 0;
    bool found = false;
    for (size_t i = 0; i < p->value_count; i++) {
        rest = p->values[i];
        while (str_split(&rest, ',', &head)) {
            if (!found && wants(str_trim(head), wanted)) {
                found = true;
                *taken = str_trim(head);
                continue;
            }
            struct str *more = arena_grow(a, left, n, &cap, n + 1, sizeof *left);
            if (!more)
                return false;
            left = more;
            left[n++] = head;
        }
    }
    if (found) {
        p->values = left;
        p->value_count = n;
    }
    return found;
}

bool vcard_type_take(struct arena *a, struct line *l, struct str wanted, struct str *taken)
{
    for (struct line_param **p = &l->params; *p; p = &(*p)->next) {
        if (!str_caseeq((*p)->name, STR("TYPE")) || !take_from(a, *p, wanted, taken))
            continue;
        if ((*p)->value_count == 0)
            *p = (*p)->next;
        return true;
    }
    return false;
}

bool vcard_has_scheme(struct str value)
{
    size_t colon = str_chr(value, ':', 0);
    if (colon == SIZE_MAX || colon < 2 || !ascii_alpha(value.p[0]))
        return false;
    for (size_t i = 0; i < colon; i++) {
        char c = value.p[i];
        if (!ascii_alpha(c) && !ascii_digit(c) && c != '+' && c != '-' && c != '.')
            return false;
    }
    return true;
}

struct str vcard_join(struct arena *a, const struct str *parts, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += parts[i].n;
    char *p = arena_alloc(a, n + 1);
    if (!p)
        return STR_NONE;
    n = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].n)
            memcpy(p + n, parts[i].p, parts[i].n);
        n += parts[i].n;
    }
    return str_n(p, n);
}
