/* store/item_move_any.c: MOVE and COPY wherever the two collections are. Within a shard it is one closure. Between shards the
 * item is put there, committed, then removed here; an xop row in the source's shard says so from before the first step,
 * and after a crash the start finishes what has arrived and forgets what has not.
 *
 *   source: judge, row ──► target: put, properties ──► source: still the same? delete, remove the row
 *                                                          └ changed meanwhile: once more, with the new text */
#include "store/rows.h"

enum { TRIES = 3 };

struct journey {
    struct store *store;
    struct arena *arena;
    const struct actor *actor;
    int64_t from, to, xop;
    struct str name, new_name;
    bool overwrite, copy;
    struct item_move_result *out;

    struct item item; /* the source as read */
    struct str body;
    struct prop *props;
    size_t prop_count;
    struct prepared prepared;
};

struct step {
    struct write write;
    struct journey *j;
    enum status (*run)(struct journey *j, struct tx *tx);
};

static enum status step_run(struct write *w, struct tx *tx)
{
    struct step *step = CONTAINER_OF(w, struct step, write);
    return step->run(step->j, tx);
}

static enum status run(struct journey *j, int64_t where, enum status (*fn)(struct journey *j, struct tx *tx))
{
    struct step step = {
        .write = {.run = step_run, .account = where, .bytes = j->body.n + 1000}, .j = j, .run = fn};
    return store_run(j->store, &step.write);
}

/* ---- within a shard ---- */

static enum status near(struct journey *j, struct tx *tx)
{
    return j->copy ? tx_item_copy(tx, j->arena, j->actor, j->from, j->name, j->to, j->new_name, j->overwrite,
                                  j->out)
                   : tx_item_move(tx, j->arena, j->actor, j->from, j->name, j->to, j->new_name, j->overwrite,
                                  j->out);
}

/* ---- reading and preparing ---- */

static enum status judge_source(struct journey *j, struct tx *tx)
{
    struct coll_row c;
    unsigned needed = j->copy ? RIGHT_READ : RIGHT_READ | RIGHT_DELETE;
    enum status st = coll_load_for(tx, j->actor, j->from, needed, &c);
    return st == OK && j->item.class != ICAL_PUBLIC && !(c.rights & RIGHT_PRIVATE) ? DENIED : st;
}

static enum status read_source(struct journey *j)
{
    SCOPED_READ(tx, j->store);
    if (!tx)
        return E_MEMORY;
    enum status st = item_find(tx, j->arena, j->actor, j->from, j->name, &j->item);
    if (st == OK)
        st = judge_source(j, tx);
    if (st == OK)
        st = item_body_arena(tx, j->arena, &j->item, &j->body);
    if (st == E_IO) /* this text, not the disk that is written to */
        st = E_CORRUPT;
    return st != OK ? st : prop_list(tx, j->arena, j->from, j->item.id, &j->props, &j->prop_count);
}

static enum status prepare(struct journey *j)
{
    struct prepare_problem problem;
    struct collection c;
    {
        SCOPED_READ(tx, j->store);
        enum status st = tx ? collection_get(tx, j->arena, j->actor, j->from, &c) : E_MEMORY;
        if (st != OK)
            return st;
    }
    return c.kind == KIND_ADDRESSBOOK ? prepare_vcard(j->store, j->arena, j->body, &j->prepared, &problem)
                                      : prepare_calendar(j->store, j->arena, j->body, &j->prepared, &problem);
}

/* ---- the steps ---- */

static enum status announce(struct journey *j, struct tx *tx)
{
    SCOPED_BUF(data, 4096);
    enum status st = judge_source(j, tx);
    if (st == OK)
        st = move_note(&data, &j->item, j->to, j->new_name);
    return st != OK ? st : tx_xop_add(tx, XOP_MOVE, j->from, buf_view(&data), &j->xop);
}

/* What is under the new name makes room; the put that follows judges the rest. */
static enum status clear_target(struct journey *j, struct tx *tx)
{
    struct coll_row c;
    struct item_old there;
    struct str there_uid;
    j->out->created = false;
    enum status st = coll_load(tx, j->actor, j->to, &c);
    if (st != OK)
        return st == NOT_FOUND ? NO_PARENT : st;
    st = item_old_find(tx, j->arena, j->to, j->new_name, &there, &there_uid);
    if (st == NOT_FOUND) {
        j->out->created = true;
        return OK;
    }
    if (st != OK)
        return st;
    if (!j->overwrite)
        return EXISTS;
    if (!(c.rights & RIGHT_CONTENT) || (there.class != ICAL_PUBLIC && !(c.rights & RIGHT_PRIVATE)))
        return DENIED;
    if (!str_eq(there_uid, j->prepared.uid)) {
        j->out->conflict = j->new_name;
        return UID_CONFLICT;
    }
    return item_delete_found(tx, &c, &there, j->new_name, there_uid);
}

static enum status arrive(struct journey *j, struct tx *tx)
{
    struct item_put_result put = {0};
    enum status st = clear_target(j, tx);
    if (st == OK) {
        st = tx_item_put(tx, j->arena, j->actor, j->to, j->new_name, &j->prepared, &put);
        j->out->conflict = put.conflict;
    }
    for (size_t i = 0; i < j->prop_count && st == OK; i++)
        st = DB_RUN(tx_wdb(tx, j->to), "INSERT INTO prop(target, ns, name, value) VALUES(?1, ?2, ?3, ?4)",
                    db_int(put.id), db_text(j->props[i].ns), db_text(j->props[i].name),
                    db_blob(j->props[i].value));
    return st;
}

static enum status leave(struct journey *j, struct tx *tx)
{
    return move_leave(tx, j->arena, j->from, &j->item, j->xop);
}

static enum status travel(struct journey *j)
{
    enum status st = read_source(j);
    if (st == OK)
        st = prepare(j);
    if (st != OK)
        return st;
    if (!j->copy)
        st = run(j, j->from, announce);
    if (st == OK) {
        st = run(j, j->to, arrive);
        if (!j->copy)
            st = st == OK ? run(j, j->from, leave) : st;
    }
    if (j->xop && st != OK) {
        enum status removed = xop_remove(j->store, j->xop);
        st = removed < 0 ? removed : st;
    }
    prepared_release(&j->prepared);
    return st;
}

enum status item_move_any(struct store *s, struct arena *a, const struct actor *actor, int64_t from,
                          struct str name, int64_t to, struct str new_name, bool overwrite, bool copy,
                          struct item_move_result *out)
{
    struct journey j = {.store = s,
                        .arena = a,
                        .actor = actor,
                        .from = from,
                        .to = to,
                        .name = name,
                        .new_name = new_name,
                        .overwrite = overwrite,
                        .copy = copy,
                        .out = out};
    *out = (struct item_move_result){0};
    if (slot_of_id(from) == slot_of_id(to))
        return run(&j, to, near);
    bool created = false;
    enum status st = PRECONDITION;
    for (int i = 0; i < TRIES && st == PRECONDITION; i++) {
        *out = (struct item_move_result){0};
        j.xop = 0;
        st = travel(&j);
        created = i == 0 ? out->created : created;
        j.overwrite = true; /* from the second try on, what is there is our own */
    }
    out->created = created;
    return st == PRECONDITION ? E_BUSY : st;
}
