/* store/message_carry.c: COPY and MOVE of messages wherever the two mailboxes are. Within a shard it is one closure. Between shards all messages are put
 * there in one write, which reads here; a MOVE then removes them here:
 *
 *   source: judge, row XOP_CARRY ──► target: put, row XOP_CARRIED ──► source: expunge, remove its row ──► target: remove its row
 *
 * After a crash the start looks for the target's row: it is there, so all have arrived and go here; or it is not, and nothing has happened.
 * UIDs are never used again, so that an expunge can be repeated. What a MOVE removes can be undeleted like what was expunged. */
#include "core/log.h"
#include "store/blob.h"
#include "store/message_rows.h"

struct carry {
    struct write write;
    struct store *store;
    struct arena *arena;
    const struct actor *actor;
    int64_t from, to, xop, arrived; /* rows of either shard */
    struct uid_set uids;
    bool move;
    struct copy_result *out;
    enum status (*step)(struct carry *c, struct tx *tx);
    unsigned char (*pinned)[SHA256_SIZE];
    size_t pinned_count;
};

static enum status carry_run(struct write *w, struct tx *tx)
{
    struct carry *c = CONTAINER_OF(w, struct carry, write);
    return c->step(c, tx);
}

static enum status run(struct carry *c, int64_t where, enum status (*step)(struct carry *c, struct tx *tx))
{
    c->step = step;
    c->write = (struct write){.run = carry_run, .account = where, .bytes = 64 << 10};
    return store_run(c->store, &c->write);
}

/* ---- within a shard ---- */

static enum status near(struct carry *c, struct tx *tx)
{
    return (c->move ? tx_message_move : tx_message_copy)(tx, c->arena, c->actor, c->from, c->uids, c->to,
                                                         c->out);
}

/* ---- the row of a MOVE: "TO LO:HI LO:HI …" ---- */

static enum status announce(struct carry *c, struct tx *tx)
{
    struct mailbox_row m;
    SCOPED_BUF(data, 64 << 20);
    enum status st = mailbox_load(tx, c->actor, c->from, RIGHT_READ | RIGHT_DELETE | RIGHT_EXPUNGE, &m);
    buf_i64(&data, c->to);
    for (size_t i = 0; i < c->uids.count; i++)
        buf_addf(&data, " %lld:%lld", (long long)c->uids.ranges[i].lo, (long long)c->uids.ranges[i].hi);
    if (st == OK)
        st = data.st;
    return st == OK ? tx_xop_add(tx, XOP_CARRY, c->from, buf_view(&data), &c->xop) : st;
}

static bool read_range(struct str word, struct uid_range *out)
{
    struct str lo;
    return str_split(&word, ':', &lo) && str_i64(lo, &out->lo) && str_i64(word, &out->hi);
}

static enum status read_note(struct arena *a, struct str data, int64_t *to, struct uid_set *set)
{
    struct str word;
    struct uid_range *ranges = NULL;
    size_t count = 0, cap = 0;
    if (!str_split(&data, ' ', &word) || !str_i64(word, to))
        return INVALID;
    while (str_split(&data, ' ', &word)) {
        struct uid_range *grown = arena_grow(a, ranges, count, &cap, count + 1, sizeof *grown);
        if (!grown)
            return a->st;
        ranges = grown;
        if (!read_range(word, &ranges[count++]))
            return INVALID;
    }
    *set = (struct uid_set){ranges, count};
    return count && uid_set_valid(*set) ? OK : INVALID; /* an empty set would mean all */
}

/* ---- the source, before the target's turn ---- */

struct judging {
    struct mailbox_row m;
    struct message_row *rows;
    size_t count;
    struct str names[KEYWORDS_MAX];
};

static enum status look(struct carry *c, struct tx *tx, struct judging *j)
{
    enum status st = mailbox_load(tx, c->actor, c->from, RIGHT_READ, &j->m);
    if (st == OK)
        st = message_rows(tx, c->arena, c->actor, &j->m, c->uids, &j->rows, &j->count);
    return st == OK ? mailbox_keywords(tx, c->arena, c->actor, c->from, j->names) : st;
}

/* What is there becomes the set, so that all steps mean the same messages. */
static enum status settle(struct carry *c, const struct judging *j)
{
    struct uid_range *ranges = ARENA_ARRAY(c->arena, struct uid_range, j->count + 1);
    size_t count = 0;
    if (!ranges)
        return c->arena->st;
    for (size_t i = 0; i < j->count; i++) {
        int64_t uid = j->rows[i].uid;
        if (count && ranges[count - 1].hi == uid - 1)
            ranges[count - 1].hi = uid;
        else
            ranges[count++] = (struct uid_range){uid, uid};
    }
    c->uids = (struct uid_set){ranges, count};
    return OK;
}

/* Bodies in files are pinned until the target's rows name them. */
static enum status pin_one(struct carry *c, struct tx *tx, int64_t item)
{
    SCOPED_STMT(q) = DB_QUERY(
        tx_db(tx, item),
        "SELECT c.hash FROM item i JOIN content c ON c.id = i.content WHERE i.id = ?1 AND c.blob = 1",
        db_int(item));
    enum status st = stmt_row(q);
    if (st != OK)
        return st == NOT_FOUND ? OK : st;
    struct str hash = col_str(q, 0);
    if (hash.n != SHA256_SIZE)
        return E_CORRUPT;
    st = blob_hold(c->store, (const unsigned char *)hash.p);
    if (st == OK && c->pinned)
        memcpy(c->pinned[c->pinned_count++], hash.p, SHA256_SIZE);
    return st;
}

static enum status prepare(struct carry *c, size_t *count)
{
    struct judging j = {0};
    *count = 0;
    SCOPED_READ(tx, c->store);
    enum status st = tx ? look(c, tx, &j) : E_MEMORY;
    if (st == OK)
        st = settle(c, &j);
    c->pinned = st == OK ? arena_array(c->arena, j.count + 1, SHA256_SIZE) : NULL;
    if (st == OK && !c->pinned)
        st = c->arena->st;
    for (size_t i = 0; i < j.count && st == OK; i++)
        st = pin_one(c, tx, j.rows[i].item);
    *count = j.count;
    return st;
}

static void unpin(struct carry *c)
{
    for (size_t i = 0; i < c->pinned_count; i++)
        blob_unpin(c->store, c->pinned[i]);
}

/* ---- into the target ---- */

static enum status read_key(struct tx *tx, int64_t content, struct arena *a, struct mail_key *k)
{
    *k = (struct mail_key){.sent = INT64_MIN};
    SCOPED_STMT(q) = DB_QUERY(
        tx_db(tx, content),
        "SELECT msgid, refs, subject, base, mail_from, mail_to, mail_cc, preview, sent, sent IS NULL "
        "FROM mail_key WHERE content = ?1",
        db_int(content));
    enum status st = stmt_row(q);
    if (st != OK)
        return st == NOT_FOUND ? OK : st;
    struct str *texts[] = {&k->msgid, &k->refs, &k->subject, &k->base, &k->from, &k->to, &k->cc, &k->preview};
    for (int i = 0; i < (int)COUNT_OF(texts); i++)
        *texts[i] = arena_str(a, col_str(q, i));
    if (!col_int(q, 9))
        k->sent = col_int(q, 8);
    return a->st;
}

/* Of a body in a file the size alone is needed: its bytes are there. */
static enum status read_message(struct tx *tx, struct arena *a, int64_t item, struct str *prefix,
                                struct message_prepared *p)
{
    int64_t content;
    *p = (struct message_prepared){.store = tx->store};
    {
        SCOPED_STMT(q) = DB_QUERY(
            tx_db(tx, item),
            "SELECT i.prefix, c.id, c.hash, c.size, c.blob, c.mime, b.data FROM item i JOIN content c "
            "ON c.id = i.content LEFT JOIN body b ON b.content = c.id WHERE i.id = ?1",
            db_int(item));
        enum status st = stmt_row(q);
        struct str hash = st == OK ? col_str(q, 2) : STR_NONE;
        if (st != OK || hash.n != SHA256_SIZE)
            return st < 0 ? st : E_CORRUPT;
        content = col_int(q, 1);
        memcpy(p->hash, hash.p, SHA256_SIZE);
        *prefix = arena_str(a, col_str(q, 0));
        p->mime = arena_str(a, col_str(q, 5));
        p->is_file = col_int(q, 4) != 0;
        p->body = p->is_file ? str_n("", (size_t)col_int(q, 3)) : arena_str(a, col_str(q, 6));
        if (a->st == OK && !p->body.p)
            return E_CORRUPT;
    }
    enum status st = a->st;
    return st == OK ? read_key(tx, content, a, &p->key) : st;
}

static enum status put_one(struct carry *c, struct tx *tx, struct arena *a, const struct judging *j,
                           const struct message_row *r, int64_t *uid)
{
    struct str names[KEYWORDS_MAX];
    struct message_prepared p;
    struct message_put put;
    struct message_new fresh = {
        .flags = r->flags & ~(unsigned)MESSAGE_SEEN, .keywords = names, .date = r->date};
    if (r->seen)
        fresh.flags |= MESSAGE_SEEN;
    for (size_t bit = 0; bit < KEYWORDS_MAX; bit++)
        if ((r->kw >> bit & 1) && j->names[bit].p)
            names[fresh.keyword_count++] = j->names[bit];
    enum status st = read_message(tx, a, r->item, &fresh.prefix, &p);
    if (st == OK)
        st = tx_message_append(tx, c->actor, c->to, &fresh, &p, &put);
    if (st != OK)
        return st == NOT_FOUND ? NO_PARENT : st;
    *uid = put.uid;
    c->out->uidvalidity = put.uidvalidity;
    return OK;
}

static enum status arrive(struct carry *c, struct tx *tx)
{
    struct judging j = {0};
    SCOPED_ARENA(a, tx->store->config.message_size + (64 << 20));
    *c->out = (struct copy_result){0};
    enum status st = look(c, tx, &j);
    if (st != OK)
        return st;
    c->out->from = ARENA_ARRAY(c->arena, int64_t, j.count + 1);
    c->out->to = ARENA_ARRAY(c->arena, int64_t, j.count + 1);
    if (!c->out->from || !c->out->to)
        return c->arena->st;
    for (size_t i = 0; i < j.count && st == OK; i++) {
        arena_reset(&a);
        c->out->from[i] = j.rows[i].uid;
        st = put_one(c, tx, &a, &j, &j.rows[i], &c->out->to[i]);
    }
    if (st == OK && c->move)
        st = tx_xop_add(tx, XOP_CARRIED, c->xop, STR_NONE, &c->arrived);
    c->out->count = st == OK ? j.count : 0;
    return st;
}

/* ---- out of the source ---- */

static enum status leave(struct carry *c, struct tx *tx)
{
    struct expunge_result gone;
    enum status st = tx_message_expunge(tx, c->arena, &actor_system, c->from, c->uids, true, &gone);
    return st == OK || st == NOT_FOUND ? tx_xop_remove(tx, c->xop) : st;
}

static enum status judge_target(struct carry *c)
{
    struct mailbox_row m;
    SCOPED_READ(tx, c->store);
    enum status st = tx ? mailbox_load(tx, c->actor, c->to, RIGHT_INSERT, &m) : E_MEMORY;
    if (st == OK)
        c->out->uidvalidity = m.uidvalidity;
    return st == NOT_FOUND ? NO_PARENT : st;
}

static enum status move_far(struct carry *c)
{
    enum status st = run(c, c->from, announce);
    if (st != OK)
        return st;
    st = run(c, c->to, arrive);
    if (st != OK) {
        enum status removed = xop_remove(c->store, c->xop);
        return removed < 0 && st > 0 ? removed : st;
    }
    st = run(c, c->from, leave);
    if (st == OK)
        (void)xop_remove(c->store, c->arrived); /* otherwise the next start does */
    else
        log_error("store: messages moved into another shard stay in both places until the next start: %s",
                  status_text(st));
    return st;
}

enum status message_carry(struct store *s, struct arena *a, const struct actor *actor, int64_t from,
                          struct uid_set uids, int64_t to, bool move, struct copy_result *out)
{
    struct carry c = {.store = s,
                      .arena = a,
                      .actor = actor,
                      .from = from,
                      .to = to,
                      .uids = uids,
                      .move = move,
                      .out = out};
    size_t count;
    *out = (struct copy_result){0};
    if (slot_of_id(from) == slot_of_id(to))
        return run(&c, to, near);
    enum status st = prepare(&c, &count);
    if (st == OK)
        st = judge_target(&c);
    if (st == OK && count)
        st = move ? move_far(&c) : run(&c, to, arrive);
    unpin(&c);
    return st;
}

/* ---- after a crash ---- */

static enum status find_arrived(struct store *s, int64_t to, int64_t xop, int64_t *arrived)
{
    *arrived = 0;
    SCOPED_READ(tx, s);
    if (!tx)
        return E_MEMORY;
    enum status st =
        DB_GET_INT(tx_db(tx, to), arrived, "SELECT id FROM xop " DB_SCAN "WHERE op = ?1 AND subject = ?2",
                   db_int(XOP_CARRIED), db_int(xop));
    return st == NOT_FOUND ? OK : st;
}

enum status xop_carry_recover(struct store *s, int64_t id, int64_t from, struct str data)
{
    SCOPED_ARENA(a, (size_t)256 << 20);
    struct carry c = {.store = s, .arena = &a, .from = from, .xop = id, .move = true};
    enum status st = read_note(&a, data, &c.to, &c.uids);
    if (st == INVALID)
        return xop_remove(s, id);
    if (st == OK)
        st = find_arrived(s, c.to, id, &c.arrived);
    if (st == OK && c.arrived)
        st = run(&c, from, leave);
    else if (st == OK)
        st = xop_remove(s, id);
    return st == OK && c.arrived ? xop_remove(s, c.arrived) : st;
}

enum status xop_carried_recover(struct store *s, int64_t id, int64_t source)
{
    int64_t there;
    {
        SCOPED_READ(tx, s);
        enum status st =
            tx ? DB_GET_INT(tx_db(tx, source), &there, "SELECT id FROM xop WHERE id = ?1", db_int(source))
               : E_MEMORY;
        if (st != NOT_FOUND)
            return st; /* the source's row is finished first */
    }
    return xop_remove(s, id);
}
