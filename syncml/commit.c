/* syncml/commit.c: the steps of a turn in one closure: every Status that acknowledges a change leaves after this commit.
 *
 * A step that answers anything but OK is rolled back alone, so that one bad item does not spoil the others. That needs a savepoint
 * for each, which is dear where there are many (SQLite walks the outer one's journal at each release): the closure is tried
 * without them first, and run again with them when a step has failed, which is seldom. */
#include "syncml/engine.h"

struct commit {
    struct write write;
    struct step *first;
    bool careful; /* a savepoint for each step */
};

void step_add(struct turn *t, struct step *s, bool early)
{
    s->turn = t;
    s->next = NULL;
    *t->steps_end = s;
    t->steps_end = &s->next;
    t->early |= early;
}

static enum status once(void *ctx, struct tx *tx)
{
    struct step *s = ctx;
    return s->run(s, tx);
}

static enum status run(struct write *w, struct tx *tx)
{
    struct commit *c = CONTAINER_OF(w, struct commit, write);
    for (struct step *s = c->first; s; s = s->next) {
        s->st = c->careful ? tx_nested(tx, once, s) : s->run(s, tx);
        if (s->st < 0 || (s->st && !c->careful))
            return s->st;
    }
    return OK;
}

enum status steps_commit(struct turn *t)
{
    struct commit c = {.write = {.run = run, .account = t->s->account}, .first = t->steps};
    if (!c.first)
        return OK;
    for (const struct step *s = c.first; s; s = s->next)
        c.write.bytes += s->bytes + 256;
    t->steps = NULL;
    t->steps_end = &t->steps;
    t->early = false;
    enum status st = store_run(t->sml->store, &c.write);
    if (st <= 0)
        return st;
    c.careful = true;
    return store_run(t->sml->store, &c.write);
}
