/* formats/sif_rows.c: how single values cross between an element and a property. */
#include "formats/sif_int.h"

const struct sif_choice sif_sensitivity[] = {
    {STR_INIT("0"), STR_INIT("PUBLIC"), STR_INIT("")},
    {STR_INIT("2"), STR_INIT("PRIVATE"), STR_INIT("")},
    {STR_INIT("1"), STR_INIT("PRIVATE"), STR_INIT("PERSONAL")},
    {STR_INIT("3"), STR_INIT("CONFIDENTIAL"), STR_INIT("")},
    {STR_INIT("2"), STR_INIT("*"), STR_INIT("")}, /* what is unknown is private (RFC 5545 section 3.8.1.3) */
    {STR_NONE, STR_NONE, STR_NONE},
};

void sif_read_rows(struct sif_in *in, const struct sif_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        rows[i].read(in, &rows[i]);
}

void sif_write_rows(struct sif_out *out, const struct sif_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        rows[i].write(out, &rows[i]);
}

static const struct line *prop_of(const struct sif_out *out, const struct sif_row *row)
{
    const struct line *l = sif_prop(out, row->property);
    return l || !row->also ? l : sif_prop(out, row->also);
}

void sif_text_read(struct sif_in *in, const struct sif_row *row)
{
    struct str s = sif_value(in, row->element);
    if (s.n)
        sif_add_text(in, row->property, s);
}

void sif_kept_read(struct sif_in *in, const struct sif_row *row)
{
    struct str s = sif_value(in, row->element);
    if (s.n && !str_eq(s, STR("0")))
        sif_add_text(in, row->property, s);
}

void sif_body_read(struct sif_in *in, const struct sif_row *row)
{
    struct str s = sif_body(in, row->element);
    if (s.n)
        sif_add_text(in, row->property, s);
}

void sif_text_write(struct sif_out *out, const struct sif_row *row)
{
    const struct line *l = prop_of(out, row);
    sif_leaf(out, row->element, l ? text_unescape(out->arena, l->value) : STR_NONE);
}

/* Outlook separates by ", "; other clients by ";". */
void sif_list_read(struct sif_in *in, const struct sif_row *row)
{
    struct str rest = sif_value(in, row->element);
    SCOPED_BUF(list, rest.n * 2 + 1);
    while (rest.n) {
        size_t end = 0;
        while (end < rest.n && rest.p[end] != ',' && rest.p[end] != ';')
            end++;
        struct str one = str_trim(str_slice(rest, 0, end));
        rest = str_from(rest, end + 1);
        if (!one.n)
            continue;
        buf_add(&list, list.n ? STR(",") : STR(""));
        text_escape(&list, one);
    }
    if (list.n)
        sif_add(in, row->property, arena_str(in->arena, buf_view(&list)));
}

static void add_words(struct sif_out *out, struct buf *list, struct str rest)
{
    struct str one;
    while (text_split(&rest, ',', &one)) {
        one = str_trim(text_unescape(out->arena, one));
        if (!one.n)
            continue;
        buf_add(list, list->n ? STR(", ") : STR(""));
        buf_add(list, one);
    }
}

void sif_list_write(struct sif_out *out, const struct sif_row *row)
{
    SCOPED_BUF(list, out->buf->max);
    for (const struct line *l = out->props; l; l = l->next)
        if (str_caseeq(l->name, str_c(row->property)))
            add_words(out, &list, l->value);
    if (list.st != OK)
        out->buf->st = list.st;
    sif_leaf(out, row->element, buf_view(&list));
}

void sif_choice_read(struct sif_in *in, const struct sif_row *row)
{
    struct str s = sif_value(in, row->element);
    for (const struct sif_choice *c = row->choices + 1; s.n && c->sif.p; c++) {
        if (!str_caseeq(s, c->sif))
            continue;
        struct line *l = sif_add(in, row->property, c->value);
        if (l && c->mark.n)
            sif_param(in, l, SIF_MARK, c->mark);
        return;
    }
}

void sif_choice_write(struct sif_out *out, const struct sif_row *row)
{
    const struct line *l = prop_of(out, row);
    const struct sif_choice *found = row->choices;
    struct str value = l ? str_trim(l->value) : STR_NONE, mark = l ? line_param1(l, STR(SIF_MARK)) : STR_NONE;
    bool any = false;
    value = str_slice(value, 0, str_chr(value, ';', 0)); /* of GENDER the letter */
    for (const struct sif_choice *c = row->choices; value.n && c->sif.p; c++) {
        bool fits = str_caseeq(value, c->value) || (!any && str_eq(c->value, STR("*")));
        if (fits && (!any || str_caseeq(mark, c->mark))) {
            found = c;
            any = true;
        }
    }
    sif_leaf(out, row->element, found->sif);
}

/* Importance 2, 1, 0 is high, normal, low; PRIORITY 1..4, 5, 6..9, and 0 is none (RFC 5545 section 3.8.1.9). */
void sif_priority_read(struct sif_in *in, const struct sif_row *row)
{
    int64_t n = sif_number(in, row->element, 2);
    if (n == 0 || n == 2)
        sif_add(in, row->property, n ? STR("1") : STR("9"));
}

void sif_priority_write(struct sif_out *out, const struct sif_row *row)
{
    const struct line *l = prop_of(out, row);
    int64_t n;
    if (!l || !str_i64(str_trim(l->value), &n))
        n = 0;
    sif_leaf_number(out, row->element, n >= 6 ? 0 : n >= 1 && n <= 4 ? 2 : 1);
}
