/* store/message_read.c: reading messages: the rows of many, what vanished, and the bytes of one. */
#include "store/blob.h"
#include "store/message_rows.h"

/* ---- many ---- */

struct walk {
    struct tx *tx;
    const struct actor *actor;
    const struct mailbox_row *m;
    const struct message_query *query;
    message_fn fn;
    void *ctx;
};

/* Without the content's columns, the mailbox's owner reads the narrow table alone. */
#define ENTRY   "e.uid, e.item, e.flags, e.kw, e.seq, e.size, e.date, e.saved"
#define NO_USER ", NULL, NULL"
#define USER    ", u.flags, u.seq"
#define NO_MORE ", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"
#define KEY                                                                                                  \
    ", i.thread, i.etag, c.size, k.msgid, k.refs, k.sent, k.subject, k.base, k.mail_from, k.mail_to, "       \
    "k.mail_cc, k.preview"
#define KEY_ONLY KEY ", NULL"
#define KEY_PACK KEY ", c.mime"
#define KEY_TEXT KEY_PACK ", i.prefix, c.id, c.hash, c.blob, b.data"
#define JOIN_USER                                                                                            \
    " LEFT JOIN user_state u ON u.collection = e.collection AND u.uid = e.uid AND u.principal = ?5"
#define JOIN_MORE                                                                                            \
    " JOIN item i ON i.id = e.item JOIN content c ON c.id = i.content LEFT JOIN mail_key k ON k.content = "  \
    "c.id"
#define JOIN_TEXT JOIN_MORE " LEFT JOIN body b ON b.content = c.id"
#define BY_UID                                                                                               \
    " WHERE e.collection = ?1 AND e.uid BETWEEN ?2 AND ?3 AND ?4 IS NOT NULL AND ?5 IS NOT NULL ORDER BY "   \
    "e.uid"
#define BY_SEQ                                                                                               \
    " WHERE e.collection = ?1 AND e.seq > ?4 AND ?2 IS NOT NULL AND ?3 IS NOT NULL AND ?5 IS NOT NULL "      \
    "ORDER BY e.seq"
/* Seen or not by somebody since then, and otherwise unchanged. */
#define BY_USER                                                                                              \
    " WHERE u.collection = ?1 AND u.principal = ?5 AND u.seq > ?4 AND e.seq <= ?4 AND ?2 IS NOT NULL AND "   \
    "?3 IS NOT NULL ORDER BY u.seq"
#define FROM_USER " FROM user_state u CROSS JOIN entry e ON e.collection = u.collection AND e.uid = u.uid"

enum want_level { LEVEL_BARE, LEVEL_KEY, LEVEL_PACK, LEVEL_TEXT, LEVELS };
enum order { ORDER_UID, ORDER_SEQ, ORDER_USER, ORDERS };

static const char
    *const statements[ORDERS][2 /* owner */][LEVELS] =
        {
            [ORDER_UID] =
                {
                    {"SELECT " ENTRY USER NO_MORE " FROM entry e" JOIN_USER BY_UID,
                     "SELECT " ENTRY USER KEY_ONLY " FROM entry e" JOIN_USER JOIN_MORE BY_UID,
                     "SELECT " ENTRY USER KEY_PACK " FROM entry e" JOIN_USER JOIN_MORE BY_UID,
                     "SELECT " ENTRY USER KEY_TEXT " FROM entry e" JOIN_USER JOIN_TEXT BY_UID},
                    {"SELECT " ENTRY NO_USER NO_MORE " FROM entry e" BY_UID,
                     "SELECT " ENTRY NO_USER KEY_ONLY " FROM entry e" JOIN_MORE BY_UID,
                     "SELECT " ENTRY NO_USER KEY_PACK " FROM entry e" JOIN_MORE BY_UID,
                     "SELECT " ENTRY NO_USER KEY_TEXT " FROM entry e" JOIN_TEXT BY_UID},
                },
            [ORDER_SEQ] =
                {
                    {"SELECT " ENTRY USER NO_MORE " FROM entry e" JOIN_USER BY_SEQ,
                     "SELECT " ENTRY USER KEY_ONLY " FROM entry e" JOIN_USER JOIN_MORE BY_SEQ,
                     "SELECT " ENTRY USER KEY_PACK " FROM entry e" JOIN_USER JOIN_MORE BY_SEQ,
                     "SELECT " ENTRY USER KEY_TEXT " FROM entry e" JOIN_USER JOIN_TEXT BY_SEQ},
                    {"SELECT " ENTRY NO_USER NO_MORE " FROM entry e" BY_SEQ,
                     "SELECT " ENTRY NO_USER KEY_ONLY " FROM entry e" JOIN_MORE BY_SEQ,
                     "SELECT " ENTRY NO_USER KEY_PACK " FROM entry e" JOIN_MORE BY_SEQ,
                     "SELECT " ENTRY NO_USER KEY_TEXT " FROM entry e" JOIN_TEXT BY_SEQ},
                },
            [ORDER_USER] =
                {
                    {"SELECT " ENTRY USER NO_MORE FROM_USER BY_USER,
                     "SELECT " ENTRY USER KEY_ONLY FROM_USER JOIN_MORE BY_USER,
                     "SELECT " ENTRY USER KEY_PACK FROM_USER JOIN_MORE BY_USER,
                     "SELECT " ENTRY USER KEY_TEXT FROM_USER JOIN_TEXT BY_USER},
                },
};

static int64_t largest(int64_t x, int64_t y)
{
    return x > y ? x : y;
}

static void take_more(struct stmt *q, struct message *out)
{
    struct str etag = col_str(q, 11);
    out->thread = col_int(q, 10);
    if (etag.n == SHA256_SIZE)
        memcpy(out->etag, etag.p, SHA256_SIZE);
    out->body_size = col_int(q, 12);
    out->key = (struct mail_key){
        .msgid = col_str(q, 13),
        .refs = col_str(q, 14),
        .sent = col_null(q, 15) ? INT64_MIN : col_int(q, 15),
        .subject = col_str(q, 16),
        .base = col_str(q, 17),
        .from = col_str(q, 18),
        .to = col_str(q, 19),
        .cc = col_str(q, 20),
        .preview = col_str(q, 21),
    };
    out->packed = col_str(q, 22);
}

/* As message_text_take, but a view. */
static enum status take_text(struct stmt *q, struct message *out)
{
    struct str hash = col_str(q, 25);
    out->text = (struct message_text){.uid = out->uid,
                                      .item = out->item,
                                      .content = col_int(q, 24),
                                      .prefix = col_str(q, 23),
                                      .body_size = out->body_size,
                                      .is_file = col_int(q, 26) != 0};
    out->text.size = out->body_size + (int64_t)out->text.prefix.n;
    out->row = q;
    if (hash.n != SHA256_SIZE || out->body_size < 0)
        return E_CORRUPT;
    memcpy(out->text.hash, hash.p, SHA256_SIZE);
    return OK;
}

struct str message_inline(const struct message *m)
{
    return m->text.is_file ? STR_NONE : col_str(m->row, 27);
}

static void take(const struct walk *w, struct stmt *q, struct message *out)
{
    *out = (struct message){
        .uid = col_int(q, 0),
        .item = col_int(q, 1),
        .flags = (unsigned)col_int(q, 2),
        .keywords = (uint64_t)col_int(q, 3),
        .modseq = largest(largest(col_int(q, 4), col_int(q, 9)), w->m->floor),
        .size = col_int(q, 5),
        .date = col_int(q, 6),
        .saved = col_int(q, 7),
    };
    if (!w->m->owner)
        out->flags = (out->flags & ~(unsigned)MESSAGE_SEEN) | ((unsigned)col_int(q, 8) & MESSAGE_SEEN);
    if (w->query->want)
        take_more(q, out);
}

static enum status walk(const struct walk *w, enum order order, struct uid_range range)
{
    unsigned want = w->query->want;
    enum want_level level = want & WANT_TEXT   ? LEVEL_TEXT
                            : want & WANT_PACK ? LEVEL_PACK
                            : want             ? LEVEL_KEY
                                               : LEVEL_BARE;
    struct message m;
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(w->tx, w->m->c.id), statements[order][w->m->owner][level], db_int(w->m->c.id),
                 db_int(range.lo), db_int(range.hi), db_int(w->query->since), db_int(w->actor->id));
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        take(w, q, &m);
        if (w->query->uids.count && !uid_set_has(w->query->uids, m.uid))
            continue;
        if (want & WANT_TEXT && (st = take_text(q, &m)) != OK)
            return st;
        if ((st = w->fn(w->ctx, &m)) != OK)
            return st;
    }
    return st == NOT_FOUND ? OK : st;
}

enum status message_each(struct tx *tx, const struct actor *actor, int64_t mailbox,
                         const struct message_query *query, message_fn fn, void *ctx)
{
    static const struct uid_range all = {1, INT64_MAX};
    struct mailbox_row m;
    struct walk w = {.tx = tx, .actor = actor, .m = &m, .query = query, .fn = fn, .ctx = ctx};
    struct uid_set uids = query->uids.count ? query->uids : (struct uid_set){&all, 1};
    enum status st = mailbox_load(tx, actor, mailbox, RIGHT_READ, &m);
    if (st == OK && !uid_set_valid(uids))
        st = INVALID;
    if (st != OK)
        return st;
    if (query->since > 0 && query->since >= m.floor) {
        st = walk(&w, ORDER_SEQ, all);
        return st == OK && !m.owner ? walk(&w, ORDER_USER, all) : st;
    }
    for (size_t i = 0; i < uids.count && st == OK; i++) /* since a restore all count as changed */
        st = walk(&w, ORDER_UID, uids.ranges[i]);
    return st;
}

/* ---- what vanished ---- */

static int by_lo(const void *a, const void *b)
{
    const struct uid_range *x = a, *y = b;
    return (x->lo > y->lo) - (x->lo < y->lo);
}

static size_t merge(struct uid_range *r, size_t count)
{
    size_t kept = 0;
    if (count > 1)
        qsort(r, count, sizeof *r, by_lo);
    for (size_t i = 0; i < count; i++) {
        if (kept && r[i].lo <= r[kept - 1].hi + 1)
            r[kept - 1].hi = largest(r[kept - 1].hi, r[i].hi);
        else
            r[kept++] = r[i];
    }
    return kept;
}

enum status message_vanished(struct tx *tx, struct arena *a, const struct actor *actor, int64_t mailbox,
                             int64_t since, struct uid_range **out, size_t *count)
{
    struct mailbox_row m;
    size_t cap = 0;
    *out = NULL;
    *count = 0;
    enum status st = mailbox_load(tx, actor, mailbox, RIGHT_READ, &m);
    if (st != OK)
        return st;
    if (since < m.c.horizon || since < m.floor)
        return BAD_TOKEN;
    SCOPED_STMT(q) = DB_QUERY(tx_db(tx, mailbox),
                              "SELECT uid_lo, uid_hi FROM tombstone WHERE collection = ?1 AND seq > ?2",
                              db_int(mailbox), db_int(since));
    while ((st = stmt_row(q)) == OK) {
        struct uid_range *grown = arena_grow(a, *out, *count, &cap, *count + 1, sizeof **out);
        if (!grown)
            return a->st;
        *out = grown;
        grown[(*count)++] = (struct uid_range){col_int(q, 0), col_int(q, 1)};
    }
    *count = merge(*out, *count);
    return st == NOT_FOUND ? OK : st;
}

/* ---- one ---- */

enum status message_of_hash(struct tx *tx, const struct actor *actor, int64_t mailbox,
                            const unsigned char hash[SHA256_SIZE], int64_t *uid)
{
    struct mailbox_row m;
    enum status st = mailbox_load(tx, actor, mailbox, RIGHT_READ, &m);
    if (st != OK)
        return st;
    return DB_GET_INT(tx_db(tx, mailbox), uid,
                      "SELECT i.uid FROM content c JOIN item i ON i.content = c.id WHERE c.hash = ?1 AND "
                      "i.account = ?2 AND i.collection = ?3 LIMIT 1",
                      db_blob(str_n(hash, SHA256_SIZE)), db_int(m.c.account), db_int(mailbox));
}

enum status message_text_take(struct arena *a, struct stmt *q, int64_t uid, struct message_text *out)
{
    struct str hash = col_str(q, 4);
    *out = (struct message_text){
        .uid = uid,
        .item = col_int(q, 0),
        .content = col_int(q, 1),
        .prefix = arena_str(a, col_str(q, 2)),
        .body_size = col_int(q, 3),
        .is_file = col_int(q, 5) != 0,
    };
    out->size = out->body_size + (int64_t)out->prefix.n;
    if (hash.n != SHA256_SIZE || out->body_size < 0)
        return E_CORRUPT;
    memcpy(out->hash, hash.p, SHA256_SIZE);
    return a->st;
}

enum status message_open(struct tx *tx, struct arena *a, const struct actor *actor, int64_t mailbox,
                         int64_t uid, struct message_text *out)
{
    struct mailbox_row m;
    enum status st = mailbox_load(tx, actor, mailbox, RIGHT_READ, &m);
    if (st != OK)
        return st;
    SCOPED_STMT(q) = DB_QUERY(
        tx_db(tx, mailbox),
        "SELECT i.id, i.content, i.prefix, c.size, c.hash, c.blob FROM entry e JOIN item i ON i.id = e.item "
        "JOIN content c ON c.id = i.content WHERE e.collection = ?1 AND e.uid = ?2",
        db_int(mailbox), db_int(uid));
    st = stmt_row(q);
    return st == OK ? message_text_take(a, q, uid, out) : st;
}

static enum status read_body(struct tx *tx, const struct message_text *m, int64_t from, int64_t count,
                             struct buf *out)
{
    if (m->is_file)
        return blob_read_range(tx->store, m->hash, (size_t)m->body_size, (size_t)from, (size_t)count, out);
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, m->content), "SELECT data FROM body WHERE content = ?1", db_int(m->content));
    enum status st = stmt_row(q);
    if (st != OK)
        return st == NOT_FOUND ? E_CORRUPT : st;
    buf_add(out, str_slice(col_str(q, 0), (size_t)from, (size_t)count));
    return out->st;
}

enum status message_body(struct tx *tx, const struct message_text *m, int64_t from, int64_t count,
                         struct buf *out)
{
    int64_t head = (int64_t)m->prefix.n;
    if (from < 0 || count < 0)
        return INVALID;
    if (from >= m->size || count == 0)
        return OK;
    count = count < m->size - from ? count : m->size - from;
    if (from < head) {
        struct str part = str_slice(m->prefix, (size_t)from, (size_t)count);
        buf_add(out, part);
        from += (int64_t)part.n;
        count -= (int64_t)part.n;
    }
    if (out->st != OK || count == 0)
        return out->st;
    return read_body(tx, m, from - head, count, out);
}

static enum status scan_again(struct tx *tx, struct arena *a, const struct message_text *m,
                              struct mime_pack *out)
{
    const struct store_config *config = &tx->store->config;
    struct mail_key key;
    struct str packed;
    SCOPED_BUF(body, (size_t)m->body_size + 1);
    enum status st = m->body_size ? read_body(tx, m, 0, m->body_size, &body) : OK;
    if (st == OK)
        st = message_derive(config, a, buf_view(&body), &key, &packed);
    return st == OK ? mime_unpack(a, packed, (uint64_t)m->body_size, out) : st;
}

enum status message_pack(struct tx *tx, struct arena *a, const struct message_text *m, struct mime_pack *out)
{
    struct str packed;
    {
        SCOPED_STMT(q) =
            DB_QUERY(tx_db(tx, m->content), "SELECT mime FROM content WHERE id = ?1", db_int(m->content));
        enum status st = stmt_row(q);
        if (st != OK)
            return st == NOT_FOUND ? E_CORRUPT : st;
        packed = arena_str(a, col_str(q, 0));
    }
    if (a->st != OK)
        return a->st;
    enum status st = packed.p ? mime_unpack(a, packed, (uint64_t)m->body_size, out) : E_CORRUPT;
    return st == E_CORRUPT ? scan_again(tx, a, m, out) : st;
}
