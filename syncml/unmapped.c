/* syncml/unmapped.c: Adds of ours that the device never confirmed by a Map: it may have them, and most devices forget over a broken session
 * which of ours they were. Where the device then tells all that it has (slow sync), the copy that looks like what was sent is
 * taken for it, whatever has become of the item since. */
#include "syncml/engine.h"

#include <stdlib.h>

enum { PAGE = 256, ARENA = 64 << 20 };

struct unmapped {
    struct unmapped_row *rows; /* by hash */
    size_t count, cap;
    struct arena arena;
};

bool luid_is_unmapped(struct str luid)
{
    return str_starts(luid, STR("#")) && !str_starts(luid, STR("##"));
}

void unmapped_free(struct database *db)
{
    if (!db->unmapped)
        return;
    arena_free(&db->unmapped->arena);
    free(db->unmapped);
    db->unmapped = NULL;
}

struct page {
    struct unmapped *all;
    struct str last;
    bool end;
};

static enum status on_row(void *ctx, const struct luid *l)
{
    struct page *p = ctx;
    struct unmapped *u = p->all;
    p->end = !str_starts(l->luid, STR("#"));
    p->last = arena_str(&u->arena, l->luid);
    if (!luid_is_unmapped(l->luid))
        return u->arena.st;
    struct unmapped_row *rows = arena_grow(&u->arena, u->rows, u->count, &u->cap, u->count + 1, sizeof *rows);
    if (!rows)
        return u->arena.st;
    u->rows = rows;
    rows[u->count] = (struct unmapped_row){.row = *l};
    rows[u->count].row.luid = p->last;
    rows[u->count].row.recur_id = arena_str(&u->arena, l->recur_id);
    u->count++;
    return u->arena.st;
}

static int by_hash(const void *a, const void *b)
{
    const struct unmapped_row *x = a, *y = b;
    return memcmp(x->row.hash, y->row.hash, sizeof x->row.hash);
}

static enum status load(struct turn *t, struct tx *tx, struct database *db)
{
    struct unmapped *u = calloc(1, sizeof *u);
    if (!u)
        return E_MEMORY;
    u->arena = ARENA_INIT(ARENA);
    db->unmapped = u;
    struct page page = {.all = u, .last = STR("#")};
    enum status st = TRUNCATED;
    while (st == TRUNCATED && !page.end)
        st = luid_each(tx, t->s->device.id, db->name, page.last, PAGE, on_row, &page);
    st = st == TRUNCATED ? OK : st;
    if (st)
        unmapped_free(db);
    else if (u->count > 1)
        qsort(u->rows, u->count, sizeof *u->rows, by_hash);
    return st;
}

enum status unmapped_match(struct turn *t, struct tx *tx, struct database *db, const unsigned char hash[16],
                           struct unmapped_row **out)
{
    enum status st = db->unmapped ? OK : load(t, tx, db);
    if (st)
        return st;
    size_t low = 0, high = db->unmapped->count;
    while (low < high) { /* the first that is not below it */
        size_t middle = low + (high - low) / 2;
        if (memcmp(db->unmapped->rows[middle].row.hash, hash, 16) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < db->unmapped->count; low++) {
        struct unmapped_row *r = &db->unmapped->rows[low];
        if (memcmp(r->row.hash, hash, 16) != 0)
            break;
        if (!r->claimed) {
            *out = r;
            return OK;
        }
    }
    return NOT_FOUND;
}

bool unmapped_told(const struct turn *t, const struct database *db)
{
    for (const struct sml_command *c = t->in.commands; c; c = c->next)
        if (c->cmd == SML_MAP && c->items && database_find(t->s, c->target, c->source) == db)
            return true;
    return false;
}
