/* store/message_write.c: adding messages: by APPEND, and by delivery. */
#include "formats/mailsubject.h"
#include "store/message_rows.h"

enum { THREAD_LOOKS = 20 };

enum status message_room(struct tx *tx, const struct mailbox_row *m, int64_t count)
{
    int64_t most = (int64_t)tx->store->config.items;
    if (count > most || m->c.total > most - count)
        return TOO_MANY;
    return m->c.uidnext > UINT32_MAX - count ? TOO_MANY : OK; /* UIDs have 32 bits */
}

/* ---- the content ---- */

static enum status add_key(struct tx *tx, int64_t content, const struct mail_key *k)
{
    return DB_RUN(
        tx_wdb(tx, content),
        "INSERT INTO mail_key(content, msgid, refs, sent, subject, base, mail_from, mail_to, mail_cc, "
        "preview) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT(content) DO NOTHING",
        db_int(content), db_text(k->msgid), db_text(k->refs),
        k->sent == INT64_MIN ? db_null() : db_int(k->sent), db_text(k->subject), db_text(k->base),
        db_text(k->from), db_text(k->to), db_text(k->cc), db_text(k->preview));
}

enum status message_derived_write(struct tx *tx, int64_t content, const struct mail_key *key, struct str mime)
{
    struct db *db = tx_wdb(tx, content);
    int64_t id;
    enum status st = DB_GET_INT(db, &id, "UPDATE content SET mime = ?2 WHERE id = ?1 RETURNING id",
                                db_int(content), db_blob(mime));
    if (st != OK)
        return st == NOT_FOUND ? OK : st; /* gone meanwhile */
    st = DB_RUN(db, "DELETE FROM mail_key WHERE content = ?1", db_int(content));
    return st == OK ? add_key(tx, content, key) : st;
}

enum status message_content_take(struct tx *tx, const struct message_prepared *p, int64_t *content)
{
    struct content_new fresh = {
        .hash = p->hash, .body = p->body, .media = MEDIA_MESSAGE, .is_file = p->is_file, .mime = p->mime};
    enum status st = content_take(tx, &fresh, content);
    return st == OK ? add_key(tx, *content, &p->key) : st;
}

/* ---- threads ---- */

/* The thread of a message with that id in the account. A sender can give one id to many messages: only some are looked at. */
static enum status thread_with(struct tx *tx, int64_t account, struct str msgid, int64_t *thread)
{
    return DB_GET_INT(
        tx_wdb(tx, account), thread,
        "SELECT thread FROM item WHERE content IN (SELECT content FROM mail_key WHERE msgid = ?2 LIMIT 50) "
        "AND account = ?1 AND thread IS NOT NULL LIMIT 1",
        db_int(account), db_text(msgid));
}

/* Of the same message, of what it answers, of what that answered …: the first that is there; otherwise its own. */
static enum status thread_of(struct tx *tx, int64_t account, const struct mail_key *k, int64_t item,
                             int64_t *thread)
{
    struct str ids[THREAD_LOOKS], rest = k->refs, id;
    size_t n = 0;
    while (mail_next_id(&rest, &id))
        ids[n++ % THREAD_LOOKS] = id;
    enum status st = k->msgid.p ? thread_with(tx, account, k->msgid, thread) : NOT_FOUND;
    for (size_t i = n; i-- > 0 && n - i <= THREAD_LOOKS && st == NOT_FOUND;)
        st = thread_with(tx, account, ids[i % THREAD_LOOKS], thread);
    if (st == NOT_FOUND)
        *thread = item;
    return st == NOT_FOUND ? OK : st;
}

/* ---- the rows ---- */

struct addition {
    const struct mailbox_row *m;
    const struct actor *actor;
    const struct message_new *in;
    const struct message_prepared *p;
    int64_t content, thread, size;
    unsigned flags;
    uint64_t kw;
    bool seen; /* by an actor who is not the owner */
};

static enum status add_item(struct tx *tx, const struct addition *x, const struct message_put *out)
{
    unsigned char etag[SHA256_SIZE];
    message_etag(x->in->prefix, x->p->hash, etag);
    return DB_RUN(tx_wdb(tx, out->item),
                  "INSERT INTO item(id, account, collection, uid, content, prefix, thread, etag, changed) "
                  "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                  db_int(out->item), db_int(x->m->c.account), db_int(out->mailbox), db_int(out->uid),
                  db_int(x->content), db_blob(x->in->prefix.n ? x->in->prefix : STR_NONE), db_int(x->thread),
                  db_blob(str_n(etag, SHA256_SIZE)), db_int(tx->now));
}

static enum status add_entry(struct tx *tx, const struct addition *x, const struct message_put *out)
{
    return DB_RUN(
        tx_wdb(tx, out->mailbox),
        "INSERT INTO entry(collection, uid, item, seq, born, kind, class, flags, kw, size, date, saved) "
        "VALUES(?1, ?2, ?3, ?4, ?4, 0, 0, ?5, ?6, ?7, ?8, ?9)",
        db_int(out->mailbox), db_int(out->uid), db_int(out->item), db_int(out->modseq), db_int(x->flags),
        db_int((int64_t)x->kw), db_int(x->size), db_int(x->in->date ? x->in->date : tx->now),
        db_int(tx->now));
}

/* What the actor's rights leave of the flags. */
static enum status take_flags(struct tx *tx, struct addition *x)
{
    bool keywords;
    unsigned flags = x->in->flags & flags_allowed(x->m->c.rights, &keywords) & MESSAGE_FLAGS;
    x->seen = !x->m->owner && (flags & MESSAGE_SEEN);
    x->flags = x->m->owner ? flags : flags & ~(unsigned)MESSAGE_SEEN;
    return keywords ? keyword_bits(tx, x->m->c.id, x->in->keywords, x->in->keyword_count, true, &x->kw) : OK;
}

static enum status write_rows(struct tx *tx, struct addition *x, struct message_put *out)
{
    struct mail_delta delta = {.uids = 1, .items = 1, .bytes = x->size};
    enum status st = account_charge(tx, x->m->c.account, 1, x->size, &out->modseq);
    if (st == OK)
        st = message_content_take(tx, x->p, &x->content);
    if (st == OK)
        st = tx_new_id(tx, tx->writing, tx->writing, &out->item);
    if (st == OK)
        st = thread_of(tx, x->m->c.account, &x->p->key, out->item, &x->thread);
    if (st == OK)
        st = add_item(tx, x, out);
    if (st == OK)
        st = add_entry(tx, x, out);
    if (st == OK && x->seen)
        st = user_seen_set(tx, out->mailbox, out->uid, x->actor->id, true, out->modseq);
    delta.seq = out->modseq;
    mail_count(&delta, x->flags, x->size, 1);
    return st == OK ? mail_touch(tx, out->mailbox, &delta) : st;
}

enum status tx_message_append(struct tx *tx, const struct actor *actor, int64_t mailbox,
                              const struct message_new *in, const struct message_prepared *p,
                              struct message_put *out)
{
    struct mailbox_row m;
    struct addition x = {.m = &m, .actor = actor, .in = in, .p = p};
    *out = (struct message_put){.mailbox = mailbox};
    if (in->prefix.n > PREFIX_MAX)
        return TOO_LARGE;
    enum status st = mailbox_load(tx, actor, mailbox, RIGHT_INSERT, &m);
    if (st == OK)
        st = message_room(tx, &m, 1);
    if (st == OK)
        st = take_flags(tx, &x);
    if (st != OK)
        return st;
    out->uid = m.c.uidnext;
    out->uidvalidity = m.uidvalidity;
    x.size = (int64_t)(p->body.n + in->prefix.n);
    return write_rows(tx, &x, out);
}

static enum status find_folder(struct tx *tx, int64_t account, struct str folder, int64_t *id)
{
    SCOPED_BUF(path, 8192 + 4 * tx->store->config.mailbox_name);
    if (!folder.p || mailbox_name(&tx->store->config, folder, &path) != OK)
        return NOT_FOUND;
    return mailbox_walk(tx, account, buf_view(&path), id);
}

enum status tx_message_deliver(struct tx *tx, int64_t account, struct str folder,
                               const struct message_new *in, const struct message_prepared *p,
                               struct message_put *out)
{
    int64_t id;
    enum status st = find_folder(tx, account, folder, &id);
    if (st == NOT_FOUND)
        st = mailbox_child(tx, account, 0, STR("INBOX"), &id);
    if (st == NOT_FOUND) {
        st = tx_mailbox_defaults(tx, account);
        if (st == OK)
            st = mailbox_child(tx, account, 0, STR("INBOX"), &id);
    }
    return st == OK ? tx_message_append(tx, &actor_system, id, in, p, out) : st;
}
