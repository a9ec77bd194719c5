/* store/keyword.c: the keywords of a mailbox: names for the bits of entry.kw. A bit keeps its name as long as a
 * message has it; when none is free, those that no message has are. Keywords are the mailbox's: all who use it see the same. */
#include "store/message_rows.h"

struct names {
    struct str name[KEYWORDS_MAX];
};

static enum status load(struct tx *tx, struct arena *a, int64_t mailbox, struct names *out)
{
    enum status st;
    *out = (struct names){0};
    SCOPED_STMT(q) =
        DB_QUERY(tx_db(tx, mailbox), "SELECT bit, name FROM keyword WHERE collection = ?1", db_int(mailbox));
    while ((st = stmt_row(q)) == OK)
        if (col_int(q, 0) >= 0 && col_int(q, 0) < KEYWORDS_MAX)
            out->name[col_int(q, 0)] = arena_str(a, col_str(q, 1));
    return st == NOT_FOUND ? a->st : st;
}

/* The bit of a name (flags are compared without case: RFC 9051 section 2.3.2), or KEYWORDS_MAX. */
static size_t bit_of(const struct names *n, struct str name)
{
    size_t bit = 0;
    while (bit < KEYWORDS_MAX && !(n->name[bit].p && str_caseeq(n->name[bit], name)))
        bit++;
    return bit;
}

/* Bits that some message has. Not looked for in a mailbox of more messages than one write may touch. */
static enum status bits_in_use(struct tx *tx, int64_t mailbox, uint64_t *used)
{
    int64_t total;
    enum status st = DB_GET_INT(tx_wdb(tx, mailbox), &total, "SELECT total FROM collection WHERE id = ?1",
                                db_int(mailbox));
    *used = UINT64_MAX;
    if (st != OK || total > (int64_t)tx->store->config.message_batch)
        return st;
    *used = 0;
    SCOPED_STMT(q) = DB_QUERY(tx_wdb(tx, mailbox), "SELECT kw FROM entry WHERE collection = ?1 AND kw <> 0",
                              db_int(mailbox));
    while (*used != UINT64_MAX && (st = stmt_row(q)) == OK)
        *used |= (uint64_t)col_int(q, 0);
    return st == NOT_FOUND ? OK : st;
}

/* Frees the bits that no message has, but for those that this change is about to set. */
static enum status free_bits(struct tx *tx, int64_t mailbox, struct names *n, uint64_t wanted)
{
    uint64_t used;
    enum status st = bits_in_use(tx, mailbox, &used);
    for (size_t bit = 0; bit < KEYWORDS_MAX && st == OK; bit++)
        if (n->name[bit].p && !((used | wanted) >> bit & 1)) {
            n->name[bit] = STR_NONE;
            st = DB_RUN(tx_wdb(tx, mailbox), "DELETE FROM keyword WHERE collection = ?1 AND bit = ?2",
                        db_int(mailbox), db_int((int64_t)bit));
        }
    return st;
}

static size_t free_bit(const struct names *n)
{
    size_t bit = 0;
    while (bit < KEYWORDS_MAX && n->name[bit].p)
        bit++;
    return bit;
}

static enum status make(struct tx *tx, int64_t mailbox, struct names *n, struct str name, uint64_t wanted,
                        size_t *bit)
{
    enum status st = OK;
    *bit = free_bit(n);
    if (*bit == KEYWORDS_MAX) {
        st = free_bits(tx, mailbox, n, wanted);
        *bit = free_bit(n);
    }
    if (st != OK || *bit == KEYWORDS_MAX)
        return st != OK ? st : TOO_MANY;
    n->name[*bit] = name;
    return DB_RUN(tx_wdb(tx, mailbox), "INSERT INTO keyword(collection, bit, name) VALUES(?1, ?2, ?3)",
                  db_int(mailbox), db_int((int64_t)*bit), db_text(name));
}

/* The name's bit is added to *bits, which are about to be set. */
static enum status find_or_make(struct tx *tx, int64_t mailbox, struct names *n, struct str name,
                                bool may_make, uint64_t wanted, uint64_t *bits)
{
    size_t bit = bit_of(n, name);
    enum status st = OK;
    *bits = 0;
    if (bit == KEYWORDS_MAX && !may_make)
        return OK;
    if (bit == KEYWORDS_MAX)
        st = make(tx, mailbox, n, name, wanted, &bit);
    if (st == OK)
        *bits = UINT64_C(1) << bit;
    return st;
}

enum status keyword_bits(struct tx *tx, int64_t mailbox, const struct str *names, size_t count, bool may_make,
                         uint64_t *bits)
{
    SCOPED_ARENA(a, 1 << 18);
    struct names known;
    *bits = 0;
    if (count == 0)
        return OK;
    enum status st = load(tx, &a, mailbox, &known);
    for (size_t i = 0; i < count && st == OK; i++) {
        uint64_t one = 0;
        st = keyword_valid(names[i]) ? find_or_make(tx, mailbox, &known, names[i], may_make, *bits, &one)
                                     : INVALID;
        *bits |= one;
    }
    return st;
}

enum status keyword_translate(struct tx *tx, int64_t from, int64_t to, uint64_t used,
                              uint64_t bits_to[KEYWORDS_MAX])
{
    SCOPED_ARENA(a, 1 << 18);
    struct names source, target;
    uint64_t wanted = 0;
    memset(bits_to, 0, KEYWORDS_MAX * sizeof *bits_to);
    if (!used)
        return OK;
    enum status st = load(tx, &a, from, &source);
    if (st == OK)
        st = load(tx, &a, to, &target);
    for (size_t bit = 0; bit < KEYWORDS_MAX && st == OK; bit++)
        if ((used >> bit & 1) && source.name[bit].p) {
            st = find_or_make(tx, to, &target, source.name[bit], true, wanted, &bits_to[bit]);
            wanted |= bits_to[bit];
        }
    return st;
}

uint64_t keyword_map(uint64_t kw, const uint64_t bits_to[KEYWORDS_MAX])
{
    uint64_t mapped = 0;
    for (size_t bit = 0; kw >> bit && bit < KEYWORDS_MAX; bit++)
        if (kw >> bit & 1)
            mapped |= bits_to[bit];
    return mapped;
}
