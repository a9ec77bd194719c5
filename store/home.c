/* store/home.c: what changed in a home: the collections and mounts of an account, along its number line. */
#include "store/rows.h"

struct walk {
    struct tx *tx;
    struct arena *arena;
    const struct actor *actor;
    int64_t account, since;
    int kind;
    bool own; /* the actor's own home, mounts included */
    struct home_change **items;
    size_t *count, cap;
};

static enum status add(struct walk *w, const struct home_change *change)
{
    struct home_change *grown =
        arena_grow(w->arena, *w->items, *w->count, &w->cap, *w->count + 1, sizeof **w->items);
    if (!grown)
        return w->arena->st;
    *w->items = grown;
    grown[(*w->count)++] = *change;
    return OK;
}

static enum status changed_collections(struct walk *w)
{
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(w->tx, w->account),
                 "SELECT id, CASE WHEN prop_seq > seq THEN prop_seq ELSE seq END FROM collection "
                 "WHERE account = ?1 AND kind = ?2 AND gone = 0 AND (seq > ?3 OR prop_seq > ?3)",
                 db_int(w->account), db_int(w->kind), db_int(w->since));
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        struct home_change change = {.seq = col_int(q, 1)};
        st = collection_get(w->tx, w->arena, w->actor, col_int(q, 0), &change.collection);
        /* Somebody else's home: perhaps a grant was withdrawn. A new start tells him, and no name is given away. */
        if (st == NOT_FOUND && w->since > 0)
            return BAD_TOKEN;
        change.slug = change.collection.slug;
        if (st == OK)
            st = add(w, &change);
        if (st != OK && st != NOT_FOUND)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}

static enum status changed_mounts(struct walk *w)
{
    struct mount *mounts;
    size_t count;
    if (!w->own)
        return OK;
    enum status st = mount_list(w->tx, w->arena, w->account, &mounts, &count);
    for (size_t i = 0; i < count && st == OK; i++) {
        const struct mount *m = &mounts[i];
        struct home_change change = {.seq = m->seq, .slug = m->slug};
        if ((int)m->kind != w->kind || m->seq <= w->since || !m->subscribed)
            continue;
        st = collection_of_mount(w->tx, w->arena, w->actor, m, &change.collection);
        if (st == OK)
            st = add(w, &change);
        st = st == NOT_FOUND ? OK : st;
    }
    return st;
}

/* One for each name that was there at `since` and is not now. */
static enum status gone_names(struct walk *w)
{
    if (w->since == 0)
        return OK;
    SCOPED_STMT(q) = DB_QUERY(
        tx_db(w->tx, w->account),
        "SELECT seq, name FROM tombstone WHERE collection = ?1 AND seq > ?2 AND born <= ?2 AND kind = ?3",
        db_int(w->account), db_int(w->since), db_int(w->kind));
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        struct home_change change = {
            .gone = true, .seq = col_int(q, 0), .slug = arena_str(w->arena, col_str(q, 1))};
        if (!w->own)
            return BAD_TOKEN;
        struct collection now;
        st = collection_find(w->tx, w->arena, w->actor, w->account, (enum collection_kind)w->kind,
                             change.slug, &now);
        st = st == OK ? OK : st == NOT_FOUND ? add(w, &change) : st;
        if (st != OK)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}

static int by_seq(const void *a, const void *b)
{
    const struct home_change *x = a, *y = b;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

static enum status judge_since(struct tx *tx, int64_t account, int64_t since)
{
    enum status st = tx_settle(tx);
    if (st != OK)
        return st;
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, account), "SELECT seq, horizon FROM account WHERE id = ?1 AND deleted = 0",
                 db_int(account));
    st = stmt_row(q);
    if (st != OK)
        return st;
    return since < 0 || since > col_int(q, 0) || (since > 0 && since < col_int(q, 1)) ? BAD_TOKEN : OK;
}

enum status home_changes(struct tx *tx, struct arena *a, const struct actor *actor, int64_t account,
                         enum collection_kind kind, int64_t since, struct home_change **out, size_t *count)
{
    struct walk w = {.tx = tx,
                     .arena = a,
                     .actor = actor,
                     .account = account,
                     .since = since,
                     .kind = (int)kind,
                     .own = actor_is(actor, account),
                     .items = out,
                     .count = count};
    *out = NULL;
    *count = 0;
    enum status st = judge_since(tx, account, since);
    if (st == OK)
        st = changed_collections(&w);
    if (st == OK)
        st = changed_mounts(&w);
    if (st == OK)
        st = gone_names(&w);
    if (st == OK && *count > 1)
        qsort(*out, *count, sizeof **out, by_seq);
    return st;
}

enum status home_mount_sum(struct tx *tx, int64_t account, enum collection_kind kind, int64_t *sum)
{
    *sum = 0;
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, account),
                 "SELECT collection FROM mount WHERE account = ?1 AND kind = ?2 AND subscribed = 1",
                 db_int(account), db_int(kind));
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        int64_t id = col_int(q, 0), seq;
        st = DB_GET_INT(tx_db(tx, id), &seq,
                        "SELECT seq + prop_seq FROM collection WHERE id = ?1 AND gone = 0", db_int(id));
        if (st == OK)
            *sum += seq;
        else if (st != NOT_FOUND)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}
