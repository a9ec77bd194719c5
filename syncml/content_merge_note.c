/* syncml/content_merge_note.c: notes of devices that have one text and no title: its first line is SUMMARY, so both change together. */
#include "formats/note.h"
#include "syncml/content_int.h"

bool merge_is_note(const struct merge *m)
{
    return ical_kind_of(m->to->name) == ICAL_VJOURNAL &&
           (m->x->type == CONTENT_PLAIN || m->x->type == CONTENT_VNOTE);
}

static enum status text_of(struct merge *m, const struct ical_comp *c, struct str *out)
{
    SCOPED_BUF(text, ctx_size(m->x) * 2 + 4096);
    enum status st = note_write(&text, m->x->a, c, STR("\n"));
    if (st != OK || text.st != OK)
        return st != OK ? st : text.st;
    *out = arena_str(m->x->a, str_trim(buf_view(&text)));
    return m->x->a->st;
}

/* Nothing of either text is lost: one of them holds the other, or both stand there. */
static struct str both(struct arena *a, struct str old, struct str fresh)
{
    if (str_find(old, fresh, 0) != SIZE_MAX)
        return old;
    if (str_find(fresh, old, 0) != SIZE_MAX)
        return fresh;
    return str_joined(a, old, STR("\n\n"), fresh);
}

static void take(struct merge *m, const struct ical_comp *from, struct str name)
{
    const struct line *l = ical_prop(from, name);
    struct line *old = comp_prop(m->to, name);
    if (!l && old)
        merge_drop(m, old);
    if (l && !old)
        merge_add(m, line_new(m->x->a, name, l->value));
    if (l && old && !str_eq(l->value, old->value)) {
        merge_touch(m, old);
        old->value = l->value;
        line_param_remove(old, STR("ALTREP"));
    }
}

enum status merge_note(struct merge *m)
{
    struct str old, known = STR_NONE, fresh = STR_NONE;
    enum status st = text_of(m, m->to, &old);
    if (st == OK)
        st = text_of(m, m->has, &known);
    if (st == OK)
        st = text_of(m, m->says, &fresh);
    if (st != OK || str_eq(text_held(m->x, known), text_held(m->x, fresh)))
        return st;
    bool two = m->how == CONTENT_BOTH || (m->patch && !str_eq(text_held(m->x, old), text_held(m->x, known)));
    struct str wanted = two ? both(m->x->a, old, fresh) : fresh;
    struct ical_comp *made = ARENA_NEW(m->x->a, struct ical_comp);
    if (!made || !wanted.p)
        return m->x->a->st;
    *made = (struct ical_comp){.name = STR("VJOURNAL")};
    st = note_read(m->x->a, wanted, made);
    if (st != OK)
        return st;
    take(m, made, STR("SUMMARY"));
    take(m, made, STR("DESCRIPTION"));
    merge_sweep(m);
    return m->x->a->st;
}
