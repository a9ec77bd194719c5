/* store/rights.c: rights as words and letters, the judging of an actor, and the grants of a collection. */
#include "store/rows.h"

const struct actor actor_system = {.id = PRINCIPAL_SYSTEM, .system = true};

static const struct {
    char letter;
    unsigned right;
} letters[] = {
    {'l', RIGHT_LOOKUP},  {'r', RIGHT_READ},    {'s', RIGHT_SEEN},   {'w', RIGHT_WRITE},
    {'i', RIGHT_INSERT},  {'p', RIGHT_POST},    {'k', RIGHT_CREATE}, {'x', RIGHT_REMOVE},
    {'t', RIGHT_DELETE},  {'e', RIGHT_EXPUNGE}, {'a', RIGHT_ADMIN},  {'f', RIGHT_FREEBUSY},
    {'c', RIGHT_CONTENT}, {'v', RIGHT_PRIVATE},
};

static const struct {
    struct str word;
    unsigned rights;
} words[] = {
    {STR_INIT("free-busy"), RIGHTS_FREEBUSY},
    {STR_INIT("read"), RIGHTS_READ},
    {STR_INIT("write"), RIGHTS_WRITE},
    {STR_INIT("manage"), RIGHTS_MANAGE},
};

static unsigned right_of(char letter)
{
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        if (letters[i].letter == letter)
            return letters[i].right;
    return 0;
}

enum status rights_parse(struct str s, unsigned *rights)
{
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (str_caseeq(s, words[i].word)) {
            *rights = words[i].rights;
            return OK;
        }
    *rights = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned right = right_of(s.p[i]);
        if (!right)
            return INVALID;
        *rights |= right;
    }
    return *rights ? OK : INVALID;
}

void rights_write(struct buf *out, unsigned rights)
{
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        if (rights & letters[i].right)
            buf_addc(out, letters[i].letter);
}

void rights_say(struct buf *out, unsigned rights)
{
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (words[i].rights == rights) {
            buf_add(out, words[i].word);
            return;
        }
    rights_write(out, rights);
}

/* ---- judging ---- */

static bool grant_is_for(const struct actor *actor, int64_t principal)
{
    if (principal == actor->id || principal == PRINCIPAL_ANYONE)
        return true;
    for (size_t i = 0; i < actor->group_count; i++)
        if (actor->groups[i] == principal)
            return true;
    return false;
}

static enum status granted(struct tx *tx, const struct actor *actor, int64_t collection, unsigned *rights)
{
    SCOPED_STMT(q) = DB_QUERY(tx_db(tx, collection),
                              "SELECT principal, rights FROM acl WHERE collection = ?1", db_int(collection));
    enum status st;
    while ((st = stmt_row(q)) == OK)
        if (grant_is_for(actor, col_int(q, 0)))
            *rights |= (unsigned)col_int(q, 1) & RIGHTS_ALL;
    return st == NOT_FOUND ? OK : st;
}

enum status rights_judge(struct tx *tx, const struct actor *actor, int64_t collection, int64_t owner,
                         unsigned *rights)
{
    enum status st = OK;
    *rights = actor_is(actor, owner) ? RIGHTS_ALL : 0;
    if (!*rights)
        st = granted(tx, actor, collection, rights);
    if (actor->read_only)
        *rights &= RIGHTS_READING;
    return st;
}

enum status rights_of(struct tx *tx, const struct actor *actor, int64_t collection, unsigned *rights)
{
    struct coll_row c;
    *rights = 0;
    enum status st = coll_load(tx, actor, collection, &c);
    if (st == OK)
        *rights = c.rights;
    return st;
}

/* ---- grants ---- */

enum status acl_list(struct tx *tx, struct arena *a, int64_t collection, struct acl_entry **out,
                     size_t *count)
{
    size_t cap = 0;
    *out = NULL;
    *count = 0;
    SCOPED_STMT(q) = DB_QUERY(tx_db(tx, collection),
                              "SELECT principal, rights FROM acl WHERE collection = ?1 ORDER BY principal",
                              db_int(collection));
    enum status st;
    while ((st = stmt_row(q)) == OK) {
        struct acl_entry *grown = arena_grow(a, *out, *count, &cap, *count + 1, sizeof **out);
        if (!grown)
            return a->st;
        *out = grown;
        grown[(*count)++] = (struct acl_entry){col_int(q, 0), (unsigned)col_int(q, 1)};
    }
    return st == NOT_FOUND ? OK : st;
}

static enum status grant_add(struct tx *tx, const struct coll_row *c, const struct acl_entry *e)
{
    unsigned rights = e->rights & RIGHTS_ALL;
    if (!rights || e->principal == c->account) /* the owner has all, always */
        return OK;
    return DB_RUN(tx_wdb(tx, c->id),
                  "INSERT INTO acl(collection, principal, rights) VALUES(?1, ?2, ?3) "
                  "ON CONFLICT(collection, principal) DO UPDATE SET rights = acl.rights | excluded.rights",
                  db_int(c->id), db_int(e->principal), db_int(rights));
}

enum status tx_acl_set(struct tx *tx, const struct actor *actor, int64_t collection,
                       const struct acl_entry *entries, size_t count)
{
    struct coll_row c;
    int64_t seq = 0;
    enum status st = coll_load_for(tx, actor, collection, RIGHT_ADMIN, &c);
    if (st == OK && count > tx->store->config.acl_entries)
        st = TOO_MANY;
    if (st == OK)
        st = tx_seq_next(tx, c.account, &seq);
    if (st == OK)
        st = DB_RUN(tx_wdb(tx, collection), "DELETE FROM acl WHERE collection = ?1", db_int(collection));
    for (size_t i = 0; i < count && st == OK; i++)
        st = grant_add(tx, &c, &entries[i]);
    return st != OK ? st : coll_touch_self(tx, collection, seq);
}
