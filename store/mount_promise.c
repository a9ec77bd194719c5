/* store/mount_promise.c: a change of a shared collection and of its grantee's own view of it, all or nothing though they are in two
 * databases. What the view is to become is committed as an xop row with the change of the collection; then it is applied, and the
 * row removed. After a crash in between the row is found, and the promise kept.
 *
 * A promise is void when the mount was changed after it was given: that change is newer, or is the promise kept already. */
#include "store/rows.h"

enum { NOTE_MAX = 64 << 20 };

static enum status mount_seq(struct tx *tx, int64_t mount, int64_t *seq)
{
    return DB_GET_INT(tx_db(tx, mount), seq, "SELECT seq FROM mount WHERE id = ?1", db_int(mount));
}

/* ---- the row's data: "MOUNT SEQ\n", then for each change "LENGTHS\n" and the bytes ---- */

static void note_text(struct buf *out, struct str s)
{
    buf_i64(out, s.p ? (int64_t)s.n : -1);
    buf_addc(out, ' ');
    buf_add(out, s);
}

static bool take_number(struct str *data, char end, int64_t *out)
{
    struct str number;
    return str_split(data, end, &number) && data->p && str_i64(number, out);
}

static bool take_text(struct str *data, struct str *out)
{
    int64_t n;
    if (!take_number(data, ' ', &n) || n > (int64_t)data->n)
        return false;
    *out = n < 0 ? STR_NONE : str_slice(*data, 0, (size_t)n);
    *data = n < 0 ? *data : str_from(*data, (size_t)n);
    return true;
}

enum status tx_mount_promise(struct tx *tx, int64_t collection, int64_t mount,
                             const struct mount_change *list, size_t count, int64_t *promise)
{
    SCOPED_BUF(data, NOTE_MAX);
    int64_t seq;
    enum status st = mount_seq(tx, mount, &seq);
    if (st != OK)
        return st;
    buf_addf(&data, "%lld %lld\n", (long long)mount, (long long)seq);
    for (size_t i = 0; i < count; i++) {
        note_text(&data, list[i].ns);
        note_text(&data, list[i].name);
        note_text(&data, list[i].value);
    }
    return data.st != OK ? data.st : tx_xop_add(tx, XOP_MOUNT, collection, buf_view(&data), promise);
}

enum status tx_mount_promise_end(struct tx *tx, int64_t promise)
{
    return tx_xop_remove(tx, promise);
}

void mount_promises_retry(struct store *s)
{
    chores_wake(s);
}

/* ---- keeping it, when whoever gave it could not ---- */

struct keeping {
    struct write write;
    struct str changes;
    int64_t mount, seq;
};

static enum status apply(struct tx *tx, int64_t mount, const struct mount_change *c)
{
    if (!c->ns.p)
        return tx_mount_update(tx, &actor_system, mount, c->value.p ? c->value : STR(""), NULL);
    enum status st = tx_prop_set(tx, &actor_system, mount, 0, c->ns, c->name, c->value);
    return st > 0 ? OK : st; /* judged before: what has become impossible since is let go */
}

static enum status keep_run(struct write *write, struct tx *tx)
{
    struct keeping *k = CONTAINER_OF(write, struct keeping, write);
    struct mount_change c;
    struct str rest = k->changes;
    int64_t seq;
    enum status st = mount_seq(tx, k->mount, &seq);
    if (st != OK || seq != k->seq)
        return st < 0 ? st : OK;
    while (st == OK && rest.n) {
        if (!take_text(&rest, &c.ns) || !take_text(&rest, &c.name) || !take_text(&rest, &c.value))
            return OK;
        st = apply(tx, k->mount, &c);
    }
    return st < 0 ? st : OK;
}

enum status xop_mount_recover(struct store *s, int64_t id, struct str data)
{
    struct keeping k = {.write = {.run = keep_run, .bytes = data.n}};
    enum status st = OK;
    if (take_number(&data, ' ', &k.mount) && take_number(&data, '\n', &k.seq)) {
        k.changes = data;
        k.write.account = k.mount;
        st = store_run(s, &k.write);
    }
    return st < 0 ? st : xop_remove(s, id);
}
