/* directory/subject.c: what a log-in by password and one by digest have in common: whom it is about, and what follows. */
#include "directory/internal.h"

enum status subject_find(const struct directory_view *v, struct tx *tx, struct arena *a, struct str user,
                         struct str address, struct subject *out)
{
    *out = (struct subject){.source = NULL};
    for (size_t i = 0; i < v->source_count; i++) {
        struct directory_source *s = &v->sources[i];
        struct principal p;
        enum status st = s->ops->find(s, tx, a, user, address, &p);
        if (st == NOT_FOUND)
            continue;
        if (st == OK)
            st = person_load(tx, a, p.id, &out->person);
        if (st == OK)
            out->source = s;
        return st;
    }
    return OK;
}

void login_fill(const struct person *p, int64_t credential, struct login *out)
{
    *out = (struct login){.actor = {.id = p->id, .groups = p->groups, .group_count = p->group_count},
                          .address = p->address,
                          .name = p->name,
                          .credential = credential};
}

struct used_write {
    struct write w;
    int64_t principal, credential, at;
};

static enum status used_run(struct write *w, struct tx *tx)
{
    const struct used_write *u = CONTAINER_OF(w, struct used_write, w);
    return tx_credential_used(tx, u->principal, u->credential, u->at);
}

static void used_done(struct write *w)
{
    free(CONTAINER_OF(w, struct used_write, w));
}

void credential_note_use(struct directory *d, int64_t principal, const struct person_credential *c,
                         int64_t now)
{
    if (now >= c->used && now - c->used < USED_EVERY)
        return;
    struct used_write *u = calloc(1, sizeof *u);
    if (!u)
        return;
    *u = (struct used_write){.w = {.run = used_run, .done = used_done, .account = STORE_MAIN, .bytes = 64},
                             .principal = principal,
                             .credential = c->id,
                             .at = now};
    store_submit(d->store, &u->w);
}
