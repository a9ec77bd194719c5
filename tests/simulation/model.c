/* tests/simulation/model.c: what may be left of each item; see model.h. */
#include "tests/simulation/model.h"

#include <stdio.h>
#include <stdlib.h>

static int new_edit(struct model *m, int tag)
{
    if (m->edit_count + 1 >= MODEL_EDITS)
        abort();
    m->edits[++m->edit_count] = tag;
    return m->edit_count;
}

struct sample model_create(struct model *m, enum db db)
{
    if (m->count == MODEL_THINGS)
        abort();
    int tag = m->count++;
    struct thing *t = &m->things[tag];
    *t = (struct thing){.db = db, .clean = true};
    t->now = (struct sample){.tag = tag, .note = new_edit(m, tag), .numbers = {new_edit(m, tag)}};
    return t->now;
}

static bool is_same(const struct sample *a, const struct sample *b)
{
    return a->note == b->note && memcmp(a->numbers, b->numbers, sizeof a->numbers) == 0;
}

static bool is_current(const struct thing *t, const struct sample *copy)
{
    return !t->deleted && is_same(&t->now, copy);
}

void model_edit(struct model *m, struct sample *copy, bool note, bool number, bool orphan, bool unsure)
{
    struct thing *t = &m->things[copy->tag];
    t->clean = t->clean && is_current(t, copy) && !orphan && !unsure;
    t->may_double = t->may_double || orphan;
    t->must_go = false; /* an update beats a deletion */
    if (note)
        copy->note = new_edit(m, copy->tag);
    if (number) {
        memset(copy->numbers, 0, sizeof copy->numbers);
        copy->numbers[0] = new_edit(m, copy->tag);
    }
    t->now = *copy;
}

void model_orphan(struct model *m, const struct sample *copy)
{
    m->things[copy->tag].clean = false;
    m->things[copy->tag].may_double = true;
}

void model_delete(struct model *m, const struct sample *copy, bool open)
{
    struct thing *t = &m->things[copy->tag];
    bool again = t->deleted && t->must_go;
    t->must_go = (again || (t->clean && is_current(t, copy))) && !open;
    t->deleted = true;
}

void model_slow(struct model *m)
{
    for (int i = 0; i < m->count; i++)
        m->things[i].must_go = false;
}

static bool is_edit_of(const struct model *m, int edit, int tag)
{
    return edit >= 1 && edit <= m->edit_count && m->edits[edit] == tag;
}

static bool is_of_its_edits(const struct model *m, const struct sample *c)
{
    bool good = is_edit_of(m, c->note, c->tag);
    for (int i = 0; i < SAMPLE_NUMBERS && c->numbers[i]; i++)
        good = good && is_edit_of(m, c->numbers[i], c->tag);
    return good;
}

bool model_holds(const struct model *m, const char *where, enum db db, const struct sample *items,
                 size_t count, char why[512])
{
    unsigned char seen[MODEL_THINGS] = {0};
    for (size_t i = 0; i < count; i++) {
        const struct sample *c = &items[i];
        const struct thing *t = c->tag >= 0 && c->tag < m->count ? &m->things[c->tag] : NULL;
        const char *what = !t || t->db != db                                 ? "was never made"
                           : seen[c->tag]++ && !t->may_double                ? "is there twice"
                           : !is_of_its_edits(m, c)                          ? "holds another's data"
                           : t->must_go                                      ? "was deleted"
                           : t->clean && !t->deleted && !is_same(c, &t->now) ? "is not as it was left"
                                                                             : NULL;
        if (!what)
            continue;
        snprintf(why, 512, "%s: T%d %s (note e%d, number e%d; last e%d, e%d)", where, c->tag, what, c->note,
                 c->numbers[0], t ? t->now.note : 0, t ? t->now.numbers[0] : 0);
        return false;
    }
    for (int i = 0; i < m->count; i++) {
        if (m->things[i].db != db || m->things[i].deleted || seen[i])
            continue;
        snprintf(why, 512, "%s: T%d is lost", where, i);
        return false;
    }
    return true;
}
