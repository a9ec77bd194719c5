/* store/message_flags.c: STORE: flags and keywords of many messages in one closure, one narrow update for each that changes. */
#include "store/message_rows.h"

struct storing {
    struct tx *tx;
    struct arena *arena;
    const struct actor *actor;
    const struct flag_change *change;
    struct mailbox_row m;
    unsigned allowed, flags; /* what the actor may change; what he names of it */
    bool may_keywords;
    uint64_t kw;
    struct message_row *rows;
    struct message_flags *changed;
    const struct message_row **of; /* the row of changed[i] */
    size_t count;
};

static enum status judge(struct storing *s)
{
    const struct flag_change *c = s->change;
    s->allowed = flags_allowed(s->m.c.rights, &s->may_keywords);
    s->flags = c->flags & s->allowed & MESSAGE_FLAGS;
    bool names = c->how != FLAGS_SET && (c->flags || c->keyword_count);
    bool some = names ? s->flags || (s->may_keywords && c->keyword_count) : s->allowed != 0;
    if (!some && (names || c->how == FLAGS_SET))
        return DENIED;
    return s->may_keywords
               ? keyword_bits(s->tx, s->m.c.id, c->keywords, c->keyword_count, c->how != FLAGS_REMOVE, &s->kw)
               : OK;
}

static struct message_flags wanted(const struct storing *s, const struct message_row *r)
{
    uint64_t may = s->may_keywords ? UINT64_MAX : 0;
    struct message_flags f = {.uid = r->uid, .flags = r->flags & ~(unsigned)MESSAGE_SEEN, .keywords = r->kw};
    f.flags |= r->seen ? MESSAGE_SEEN : 0;
    if (s->change->how == FLAGS_SET) {
        f.flags = (f.flags & ~s->allowed) | s->flags;
        f.keywords = (f.keywords & ~may) | s->kw;
    } else if (s->change->how == FLAGS_ADD) {
        f.flags |= s->flags;
        f.keywords |= s->kw;
    } else {
        f.flags &= ~s->flags;
        f.keywords &= ~s->kw;
    }
    return f;
}

static int64_t modseq_of(const struct storing *s, const struct message_row *r)
{
    int64_t seq = r->seq > r->seen_seq ? r->seq : r->seen_seq;
    return seq > s->m.floor ? seq : s->m.floor;
}

/* Which messages become different, and which were changed since. */
static enum status choose(struct storing *s, size_t count, struct flag_result *out)
{
    s->changed = ARENA_ARRAY(s->arena, struct message_flags, count + 1);
    s->of = ARENA_ARRAY(s->arena, const struct message_row *, count + 1);
    out->modified = ARENA_ARRAY(s->arena, int64_t, count + 1);
    if (!s->changed || !s->of || !out->modified)
        return s->arena->st;
    for (size_t i = 0; i < count; i++) {
        const struct message_row *r = &s->rows[i];
        struct message_flags f = wanted(s, r);
        bool seen = (f.flags & MESSAGE_SEEN) != 0;
        if (s->change->unchanged_since >= 0 && modseq_of(s, r) > s->change->unchanged_since) {
            out->modified[out->modified_count++] = r->uid;
            continue;
        }
        if (seen == r->seen && ((f.flags ^ r->flags) & ~(unsigned)MESSAGE_SEEN) == 0 && f.keywords == r->kw)
            continue;
        s->of[s->count] = r;
        s->changed[s->count++] = f;
    }
    return OK;
}

static enum status write_one(struct storing *s, const struct message_row *r, const struct message_flags *f,
                             struct mail_delta *delta)
{
    unsigned entry = f->flags;
    bool seen = (f->flags & MESSAGE_SEEN) != 0;
    enum status st = OK;
    if (!s->m.owner)
        entry = (f->flags & ~(unsigned)MESSAGE_SEEN) | (r->flags & MESSAGE_SEEN);
    if (!s->m.owner && seen != r->seen)
        st = user_seen_set(s->tx, s->m.c.id, r->uid, s->actor->id, seen, f->modseq);
    if (st != OK || (entry == r->flags && f->keywords == r->kw))
        return st;
    mail_count(delta, r->flags, r->size, -1);
    mail_count(delta, entry, r->size, 1);
    return DB_RUN(tx_wdb(s->tx, s->m.c.id),
                  "UPDATE entry SET seq = ?3, flags = ?4, kw = ?5 WHERE collection = ?1 AND uid = ?2",
                  db_int(s->m.c.id), db_int(r->uid), db_int(f->modseq), db_int(entry),
                  db_int((int64_t)f->keywords));
}

static enum status write_all(struct storing *s)
{
    struct mail_delta delta = {0};
    int64_t first;
    if (s->count == 0)
        return OK;
    enum status st = tx_seq_take(s->tx, s->m.c.account, (int64_t)s->count, &first);
    for (size_t i = 0; i < s->count && st == OK; i++) {
        s->changed[i].modseq = delta.seq = first + (int64_t)i;
        st = write_one(s, s->of[i], &s->changed[i], &delta);
    }
    return st == OK ? mail_touch(s->tx, s->m.c.id, &delta) : st;
}

enum status tx_message_store_flags(struct tx *tx, struct arena *a, const struct actor *actor, int64_t mailbox,
                                   struct uid_set uids, const struct flag_change *change,
                                   struct flag_result *out)
{
    struct storing s = {.tx = tx, .arena = a, .actor = actor, .change = change};
    size_t count;
    *out = (struct flag_result){0};
    enum status st = mailbox_load(tx, actor, mailbox, RIGHT_READ, &s.m);
    if (st == OK)
        st = judge(&s);
    if (st == OK)
        st = message_rows(tx, a, actor, &s.m, uids, &s.rows, &count);
    if (st == OK)
        st = choose(&s, count, out);
    if (st == OK)
        st = write_all(&s);
    out->changed = s.changed;
    out->changed_count = st == OK ? s.count : 0;
    return st;
}
