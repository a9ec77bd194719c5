/* mailcore/imap/list.c: a pattern as an automaton of which all states are followed at once, a bit a state: 64 of them take one step
 * together, and nothing is ever tried twice. */
#include "mailcore/imap/list.h"

struct imap_pattern {
    char delimiter;
    size_t words;         /* 64 places each; the last place is the end */
    size_t end;           /* its number */
    uint64_t *now;        /* which places are reached */
    uint64_t *wild;       /* places of '*' and '%' */
    uint64_t *any;        /* places of '*' */
    uint64_t *takes[256]; /* places that take the byte; NULL: none does */
};

struct str imap_list_join(struct arena *a, struct str reference, struct str pattern, char delimiter)
{
    if (reference.n && pattern.n && reference.p[reference.n - 1] == delimiter && pattern.p[0] == delimiter)
        pattern = str_from(pattern, 1);
    return arena_strf(a, "%.*s%.*s", STR_ARG(reference), STR_ARG(pattern));
}

static void set_bit(uint64_t *bits, size_t i)
{
    bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static bool has_bit(const uint64_t *bits, size_t i)
{
    return (bits[i / 64] >> (i % 64) & 1) != 0;
}

static bool is_wild(char c)
{
    return c == '*' || c == '%';
}

/* Puts the places in; wildcards that stand together are one, '*' if any of them is. */
static enum status fill(struct arena *a, struct imap_pattern *p, struct str text)
{
    size_t place = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (is_wild(text.p[i])) {
            if (place && has_bit(p->wild, place - 1))
                place--;
            set_bit(p->wild, place);
            if (c == '*')
                set_bit(p->any, place);
            place++;
            continue;
        }
        if (!p->takes[c])
            p->takes[c] = ARENA_ARRAY(a, uint64_t, p->words);
        if (!p->takes[c])
            return a->st;
        set_bit(p->takes[c], place++);
    }
    p->end = place;
    return OK;
}

enum status imap_pattern_new(struct arena *a, struct str text, char delimiter, size_t most,
                             struct imap_pattern **out)
{
    struct imap_pattern *p = ARENA_NEW(a, struct imap_pattern);
    *out = p;
    if (text.n > most)
        return TOO_LARGE;
    if (!p)
        return a->st;
    p->delimiter = delimiter;
    p->words = text.n / 64 + 1;
    p->now = ARENA_ARRAY(a, uint64_t, p->words);
    p->wild = ARENA_ARRAY(a, uint64_t, p->words);
    p->any = ARENA_ARRAY(a, uint64_t, p->words);
    if (!p->now || !p->wild || !p->any)
        return a->st;
    return fill(a, p, text);
}

/* From a wildcard the next place is reached for nothing. */
static void pass_wild(struct imap_pattern *p)
{
    uint64_t carry = 0;
    for (size_t w = 0; w < p->words; w++) {
        uint64_t from = p->now[w] & p->wild[w];
        p->now[w] |= from << 1 | carry;
        carry = from >> 63;
    }
}

/* One byte of the name, also as `other`. False: nothing can match any more. */
static bool step(struct imap_pattern *p, char c, char other)
{
    const uint64_t *takes = p->takes[(unsigned char)c], *also = p->takes[(unsigned char)other];
    const uint64_t *stays = c == p->delimiter ? p->any : p->wild;
    uint64_t carry = 0, all = 0;
    for (size_t w = 0; w < p->words; w++) {
        uint64_t now = p->now[w];
        uint64_t moved = now & ((takes ? takes[w] : 0) | (also ? also[w] : 0));
        p->now[w] = (now & stays[w]) | moved << 1 | carry;
        carry = moved >> 63;
        all |= p->now[w];
    }
    pass_wild(p);
    return all != 0;
}

unsigned imap_pattern_match(struct imap_pattern *p, struct str name)
{
    const struct str inbox = STR("INBOX");
    bool is_inbox = str_casestarts(name, inbox) && (name.n == inbox.n || name.p[inbox.n] == p->delimiter);
    memset(p->now, 0, p->words * sizeof *p->now);
    set_bit(p->now, 0);
    pass_wild(p);
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool folds = is_inbox && i < inbox.n;
        if (!step(p, folds ? ascii_upper(c) : c, folds ? ascii_lower(c) : c))
            return 0;
    }
    unsigned found = has_bit(p->now, p->end) ? IMAP_LIST_NAME : 0;
    return step(p, p->delimiter, p->delimiter) ? found | IMAP_LIST_BELOW : found;
}
