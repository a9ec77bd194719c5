/* tests/unit/sml_fixture.h: comparing SyncML messages field by field, for unit tests and fuzzing: an absent text is as good as an
 * empty one, and so is an absent item. The first difference is named. */
#ifndef SCAMBIO_TESTS_UNIT_SML_FIXTURE_H
#define SCAMBIO_TESTS_UNIT_SML_FIXTURE_H

#include "core/buf.h"
#include "syncml/devinf.h"
#include "syncml/node.h"

#define SML_SAME(a, b, field)                                                                                \
    do {                                                                                                     \
        if (!str_eq((a)->field, (b)->field))                                                                 \
            return #field;                                                                                   \
    } while (0)
#define SML_EQUAL(a, b, field)                                                                               \
    do {                                                                                                     \
        if ((a)->field != (b)->field)                                                                        \
            return #field;                                                                                   \
    } while (0)

static inline const char *sml_meta_differs(const struct sml_meta *a, const struct sml_meta *b)
{
    SML_SAME(a, b, format);
    SML_SAME(a, b, type);
    SML_SAME(a, b, mark);
    SML_SAME(a, b, version);
    SML_SAME(a, b, next_nonce);
    SML_SAME(a, b, last);
    SML_SAME(a, b, next);
    SML_SAME(a, b, emi);
    SML_EQUAL(a, b, size);
    SML_EQUAL(a, b, max_msg);
    SML_EQUAL(a, b, max_obj);
    return NULL;
}

static inline const char *sml_cred_differs(const struct sml_cred *a, const struct sml_cred *b)
{
    SML_SAME(a, b, type);
    SML_SAME(a, b, format);
    SML_SAME(a, b, data);
    return NULL;
}

static inline const struct sml_filter *sml_filter_told(const struct sml_filter *f)
{
    while (f && !f->media.n && !f->field.n && !f->record.n && !f->type.n)
        f = f->next;
    return f;
}

static inline const char *sml_filters_differ(const struct sml_filter *a, const struct sml_filter *b)
{
    for (a = sml_filter_told(a), b = sml_filter_told(b); a && b;
         a = sml_filter_told(a->next), b = sml_filter_told(b->next)) {
        SML_SAME(a, b, media);
        SML_SAME(a, b, record);
        SML_SAME(a, b, field);
        SML_SAME(a, b, type);
        if (a->record.n)
            SML_SAME(a, b, grammar);
        if (a->field.n)
            SML_SAME(a, b, field_type);
    }
    return a || b ? "filters" : NULL;
}

/* What was not opened the first time, because of a limit, may be the second. */
static inline const char *sml_devinf_differs(const struct sml_node *a, const struct sml_node *b)
{
    if (!a)
        return NULL;
    if (!b)
        return "inner";
    SCOPED_ARENA(arena, 64 << 20);
    SCOPED_BUF(x, 64 << 20);
    SCOPED_BUF(y, 64 << 20);
    struct devinf one, two;
    struct str why;
    if (devinf_read(&arena, a, &one, &why) != OK || devinf_read(&arena, b, &two, &why) != OK)
        return "inner that is no DevInf";
    devinf_write_xml(&x, &arena, &one, SML_1_2);
    devinf_write_xml(&y, &arena, &two, SML_1_2);
    return str_eq(buf_view(&x), buf_view(&y)) ? NULL : "inner";
}

static inline bool sml_item_empty(const struct sml_item *i)
{
    const struct sml_meta none = {.size = -1, .max_msg = -1, .max_obj = -1};
    return !i->target.n && !i->target_name.n && !i->source.n && !i->source_name.n && !i->source_parent.n &&
           !i->target_parent.n && !sml_filter_told(i->filters) && !sml_meta_differs(&i->meta, &none) &&
           !i->data.n && !i->next_anchor.n && !i->inner && !i->more_data;
}

static inline const struct sml_item *sml_item_told(const struct sml_item *i)
{
    while (i && sml_item_empty(i))
        i = i->next;
    return i;
}

static inline const char *sml_item_differs(const struct sml_item *a, const struct sml_item *b)
{
    SML_SAME(a, b, target);
    SML_SAME(a, b, source);
    SML_SAME(a, b, target_name);
    SML_SAME(a, b, source_name);
    SML_SAME(a, b, target_parent);
    SML_SAME(a, b, source_parent);
    SML_SAME(a, b, next_anchor);
    SML_EQUAL(a, b, more_data);
    if (!a->inner && !b->inner && !a->next_anchor.n)
        SML_SAME(a, b, data);
    const char *what = sml_meta_differs(&a->meta, &b->meta);
    if (!what)
        what = sml_filters_differ(a->filters, b->filters);
    return what ? what : sml_devinf_differs(a->inner, b->inner);
}

static inline const char *sml_items_differ(const struct sml_item *a, const struct sml_item *b)
{
    for (a = sml_item_told(a), b = sml_item_told(b); a && b;
         a = sml_item_told(a->next), b = sml_item_told(b->next)) {
        const char *what = sml_item_differs(a, b);
        if (what)
            return what;
    }
    return a || b ? "items" : NULL;
}

static inline const char *sml_refs_differ(const struct str *a, size_t an, const struct str *b, size_t bn)
{
    size_t i = 0, j = 0;
    for (;;) {
        while (i < an && !a[i].n)
            i++;
        while (j < bn && !b[j].n)
            j++;
        if (i == an || j == bn)
            return i == an && j == bn ? NULL : "references";
        if (!str_eq(a[i++], b[j++]))
            return "references";
    }
}

/* Without children, siblings and the number. */
static inline const char *sml_command_differs(const struct sml_command *a, const struct sml_command *b)
{
    SML_EQUAL(a, b, cmd);
    SML_EQUAL(a, b, no_resp);
    SML_EQUAL(a, b, archive);
    SML_EQUAL(a, b, sft_del);
    SML_EQUAL(a, b, changes);
    SML_SAME(a, b, target);
    SML_SAME(a, b, source);
    SML_SAME(a, b, target_name);
    SML_SAME(a, b, source_name);
    SML_SAME(a, b, data);
    SML_SAME(a, b, msg_ref);
    SML_SAME(a, b, cmd_ref);
    SML_SAME(a, b, cmd_name);
    const char *what = sml_filters_differ(a->filters, b->filters);
    if (!what)
        what = sml_meta_differs(&a->meta, &b->meta);
    if (!what)
        what = sml_cred_differs(&a->cred, &b->cred);
    if (!what)
        what = sml_cred_differs(&a->chal, &b->chal);
    if (!what)
        what = sml_refs_differ(a->target_refs, a->target_ref_count, b->target_refs, b->target_ref_count);
    if (!what)
        what = sml_refs_differ(a->source_refs, a->source_ref_count, b->source_refs, b->source_ref_count);
    return what ? what : sml_items_differ(a->items, b->items);
}

static inline const struct sml_command *sml_command_step(const struct sml_command *c)
{
    if (c->children)
        return c->children;
    while (c && !c->next)
        c = c->parent;
    return c ? c->next : NULL;
}

static inline const char *sml_commands_differ(const struct sml_command *a, const struct sml_command *b)
{
    while (a && b) {
        const char *what = sml_command_differs(a, b);
        if (what)
            return what;
        if (!a->children != !b->children || !a->next != !b->next || !a->parent != !b->parent)
            return "children";
        a = sml_command_step(a);
        b = sml_command_step(b);
    }
    return a || b ? "commands" : NULL;
}

static inline const char *sml_message_differs(const struct sml_message *a, const struct sml_message *b)
{
    SML_EQUAL(a, b, version);
    SML_SAME(a, b, session_id);
    SML_SAME(a, b, msg_id);
    SML_SAME(a, b, target);
    SML_SAME(a, b, source);
    SML_SAME(a, b, target_name);
    SML_SAME(a, b, source_name);
    SML_SAME(a, b, resp_uri);
    SML_EQUAL(a, b, no_resp);
    SML_EQUAL(a, b, final);
    const char *what = sml_cred_differs(&a->cred, &b->cred);
    if (!what)
        what = sml_meta_differs(&a->meta, &b->meta);
    return what ? what : sml_commands_differ(a->commands, b->commands);
}

/* Writes the message whole; the numbers of its commands become ours. */
static inline enum status sml_write_message(struct sml_out *o, struct arena *a, enum sml_encoding encoding,
                                            size_t max, struct sml_message *m)
{
    sml_begin(o, a, encoding, max, m);
    for (struct sml_command *c = m->commands; c; c = c->next)
        if (!sml_add(o, c))
            return o->buf.st ? o->buf.st : TOO_LARGE;
    return sml_end(o, m->final);
}

#endif
