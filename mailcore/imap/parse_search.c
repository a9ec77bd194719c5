/* mailcore/imap/parse_search.c: SEARCH, SORT and THREAD: search keys as a tree, RETURN options, criteria (RFC 9051 section 6.4.4, RFC 5032,
 * 5182, 5256, 5267, 5957, 6203, 7162, 8474, 8514, 9394). */
#include "formats/charset.h"
#include "mailcore/imap/parse_int.h"

enum argument {
    NOTHING,
    LACKS, /* nothing; the flag must not be set */
    TEXT,  /* astring, decoded */
    FIELD, /* a field's name and a text */
    KEYWORD,
    NO_KEYWORD,
    DAY,
    NUMBER,
    SECONDS, /* nz-number */
    SET,
    MODSEQ,
    OBJECT_ID,
    ONE_KEY,
    TWO_KEYS,
    FUZZY,
    NEW,
};

static const struct key_row {
    struct str name;
    enum argument argument;
    enum imap_key_kind kind;
    unsigned flag;
    enum imap_when when;
    struct str field;
} key_rows[] = {
    {STR_INIT("ALL"), NOTHING, IMAP_KEY_ALL},
    {STR_INIT("ANSWERED"), NOTHING, IMAP_KEY_FLAG, IMAP_ANSWERED},
    {STR_INIT("BCC"), TEXT, IMAP_KEY_HEADER, .field = STR_INIT("Bcc")},
    {STR_INIT("BEFORE"), DAY, IMAP_KEY_BEFORE, .when = IMAP_WHEN_RECEIVED},
    {STR_INIT("BODY"), TEXT, IMAP_KEY_BODY},
    {STR_INIT("CC"), TEXT, IMAP_KEY_HEADER, .field = STR_INIT("Cc")},
    {STR_INIT("DELETED"), NOTHING, IMAP_KEY_FLAG, IMAP_DELETED},
    {STR_INIT("DRAFT"), NOTHING, IMAP_KEY_FLAG, IMAP_DRAFT},
    {STR_INIT("EMAILID"), OBJECT_ID, IMAP_KEY_EMAILID},
    {STR_INIT("FLAGGED"), NOTHING, IMAP_KEY_FLAG, IMAP_FLAGGED},
    {STR_INIT("FROM"), TEXT, IMAP_KEY_HEADER, .field = STR_INIT("From")},
    {STR_INIT("FUZZY"), FUZZY, IMAP_KEY_ALL},
    {STR_INIT("HEADER"), FIELD, IMAP_KEY_HEADER},
    {STR_INIT("KEYWORD"), KEYWORD, IMAP_KEY_KEYWORD},
    {STR_INIT("LARGER"), NUMBER, IMAP_KEY_LARGER},
    {STR_INIT("MODSEQ"), MODSEQ, IMAP_KEY_MODSEQ},
    {STR_INIT("NEW"), NEW, IMAP_KEY_AND},
    {STR_INIT("NOT"), ONE_KEY, IMAP_KEY_NOT},
    {STR_INIT("OLD"), LACKS, IMAP_KEY_FLAG, IMAP_RECENT},
    {STR_INIT("OLDER"), SECONDS, IMAP_KEY_OLDER},
    {STR_INIT("ON"), DAY, IMAP_KEY_ON, .when = IMAP_WHEN_RECEIVED},
    {STR_INIT("OR"), TWO_KEYS, IMAP_KEY_OR},
    {STR_INIT("RECENT"), NOTHING, IMAP_KEY_FLAG, IMAP_RECENT},
    {STR_INIT("SAVEDATESUPPORTED"), NOTHING, IMAP_KEY_SAVEDATE_SUPPORTED},
    {STR_INIT("SAVEDBEFORE"), DAY, IMAP_KEY_BEFORE, .when = IMAP_WHEN_SAVED},
    {STR_INIT("SAVEDON"), DAY, IMAP_KEY_ON, .when = IMAP_WHEN_SAVED},
    {STR_INIT("SAVEDSINCE"), DAY, IMAP_KEY_SINCE, .when = IMAP_WHEN_SAVED},
    {STR_INIT("SEEN"), NOTHING, IMAP_KEY_FLAG, IMAP_SEEN},
    {STR_INIT("SENTBEFORE"), DAY, IMAP_KEY_BEFORE, .when = IMAP_WHEN_SENT},
    {STR_INIT("SENTON"), DAY, IMAP_KEY_ON, .when = IMAP_WHEN_SENT},
    {STR_INIT("SENTSINCE"), DAY, IMAP_KEY_SINCE, .when = IMAP_WHEN_SENT},
    {STR_INIT("SINCE"), DAY, IMAP_KEY_SINCE, .when = IMAP_WHEN_RECEIVED},
    {STR_INIT("SMALLER"), NUMBER, IMAP_KEY_SMALLER},
    {STR_INIT("SUBJECT"), TEXT, IMAP_KEY_HEADER, .field = STR_INIT("Subject")},
    {STR_INIT("TEXT"), TEXT, IMAP_KEY_TEXT},
    {STR_INIT("THREADID"), OBJECT_ID, IMAP_KEY_THREADID},
    {STR_INIT("TO"), TEXT, IMAP_KEY_HEADER, .field = STR_INIT("To")},
    {STR_INIT("UID"), SET, IMAP_KEY_UIDS},
    {STR_INIT("UNANSWERED"), LACKS, IMAP_KEY_FLAG, IMAP_ANSWERED},
    {STR_INIT("UNDELETED"), LACKS, IMAP_KEY_FLAG, IMAP_DELETED},
    {STR_INIT("UNDRAFT"), LACKS, IMAP_KEY_FLAG, IMAP_DRAFT},
    {STR_INIT("UNFLAGGED"), LACKS, IMAP_KEY_FLAG, IMAP_FLAGGED},
    {STR_INIT("UNKEYWORD"), NO_KEYWORD, IMAP_KEY_KEYWORD},
    {STR_INIT("UNSEEN"), LACKS, IMAP_KEY_FLAG, IMAP_SEEN},
    {STR_INIT("YOUNGER"), SECONDS, IMAP_KEY_YOUNGER},
};

struct keys {
    struct imap_in *in;
    enum charset charset;
};

static struct imap_key *new_key(struct imap_in *in, enum imap_key_kind kind)
{
    if (!imap_count(in))
        return NULL;
    struct imap_key *k = ARENA_NEW(in->a, struct imap_key);
    if (!k)
        (void)imap_out(in);
    else
        k->kind = kind;
    return k;
}

/* Makes *k the only child of a NOT that takes its place. */
static bool negate(struct imap_in *in, struct imap_key **k)
{
    struct imap_key *outer = new_key(in, IMAP_KEY_NOT);
    if (!outer)
        return false;
    outer->child = *k;
    *k = outer;
    return true;
}

static bool read_text(const struct keys *keys, struct str *out)
{
    struct str raw;
    if (!imap_astring(keys->in, &raw))
        return false;
    enum status st = charset_decode(keys->in->a, keys->charset, raw, out);
    return st == OK || imap_out(keys->in);
}

/* "NEW": RECENT and UNSEEN. */
static bool make_new(struct imap_in *in, struct imap_key *k)
{
    struct imap_key *recent = new_key(in, IMAP_KEY_FLAG), *seen = new_key(in, IMAP_KEY_FLAG);
    if (!recent || !seen)
        return false;
    recent->flag = IMAP_RECENT;
    seen->flag = IMAP_SEEN;
    k->child = recent;
    if (!negate(in, &seen))
        return false;
    recent->next = seen;
    return true;
}

/* MODSEQ ["/flags/\\Seen" all] 5: which flag changed is not kept apart (RFC 7162 section 3.1.5 lets a server do so). */
static bool read_modseq_key(struct imap_in *in, struct imap_key *k)
{
    static const struct imap_word types[] = {
        {STR_INIT("priv"), 0}, {STR_INIT("shared"), 1}, {STR_INIT("all"), 2}};
    struct str entry;
    unsigned type;
    if (imap_peek(in) == '"' &&
        (!imap_quoted(in, &entry) || !imap_space(in) ||
         !imap_word(in, types, COUNT_OF(types), "the entry of MODSEQ is priv, shared or all", &type) ||
         !imap_space(in)))
        return false;
    return imap_modseq(in, true, &k->number);
}

static bool is_object_id(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '-' || c == '_';
}

static bool read_key(const struct keys *keys, unsigned depth, struct imap_key **out);

/* `count` keys, each behind a space, as children. */
static bool read_children(const struct keys *keys, unsigned depth, size_t count, struct imap_key *parent)
{
    struct imap_key **tail = &parent->child;
    for (size_t i = 0; i < count; i++) {
        if (!imap_space(keys->in) || !read_key(keys, depth + 1, tail))
            return false;
        tail = &(*tail)->next;
    }
    return true;
}

static bool read_seconds(struct imap_in *in, struct imap_key *k)
{
    uint32_t n;
    if (!imap_nz_number(in, &n))
        return false;
    k->number = n;
    return true;
}

/* Arguments that stand behind one space. */
static bool read_argument(const struct keys *keys, const struct key_row *row, struct imap_key *k)
{
    struct imap_in *in = keys->in;
    switch (row->argument) {
    case TEXT:
        k->field = row->field;
        return read_text(keys, &k->text);
    case FIELD:
        return imap_astring(in, &k->field) && imap_space(in) && read_text(keys, &k->text);
    case KEYWORD:
    case NO_KEYWORD:
        return imap_keyword(in, &k->text);
    case DAY:
        return imap_date(in, &k->day);
    case NUMBER:
        return imap_number(in, INT64_MAX, &k->number);
    case SECONDS:
        return read_seconds(in, k);
    case SET:
        return imap_sequence(in, &k->set);
    case MODSEQ:
        return read_modseq_key(in, k);
    case OBJECT_ID:
        return imap_run(in, is_object_id, &k->text) || imap_bad(in, "an object's id is missing");
    case NOTHING:
    case LACKS:
    case ONE_KEY:
    case TWO_KEYS:
    case FUZZY:
    case NEW:
    default:
        return true;
    }
}

static bool read_named(const struct keys *keys, unsigned depth, const struct key_row *row,
                       struct imap_key **out)
{
    struct imap_in *in = keys->in;
    if (row->argument == FUZZY) {
        if (!imap_space(in) || !read_key(keys, depth + 1, out))
            return false;
        (*out)->fuzzy = true;
        return true;
    }
    struct imap_key *k = *out = new_key(in, row->kind);
    if (!k)
        return false;
    k->flag = row->flag;
    k->when = row->when;
    if (row->argument == NEW)
        return make_new(in, k);
    if (row->argument == ONE_KEY || row->argument == TWO_KEYS)
        return read_children(keys, depth, row->argument == ONE_KEY ? 1 : 2, k);
    if (row->argument == LACKS)
        return negate(in, out);
    if (row->argument != NOTHING && (!imap_space(in) || !read_argument(keys, row, k)))
        return false;
    return row->argument != NO_KEYWORD || negate(in, out);
}

/* "(" keys ")" */
static bool read_group(const struct keys *keys, unsigned depth, struct imap_key **out)
{
    struct imap_key *k = *out = new_key(keys->in, IMAP_KEY_AND);
    if (!k || !imap_must(keys->in, '('))
        return false;
    struct imap_key **tail = &k->child;
    do {
        if (!read_key(keys, depth + 1, tail))
            return false;
        tail = &(*tail)->next;
    } while (imap_take(keys->in, ' '));
    return imap_must(keys->in, ')');
}

static bool is_key_name(char c)
{
    return ascii_alpha(c);
}

static bool read_key(const struct keys *keys, unsigned depth, struct imap_key **out)
{
    struct imap_in *in = keys->in;
    const char next = imap_peek(in);
    struct str name;
    if (depth > in->args->limits->depth)
        return imap_no(in, "LIMIT", "search keys stand too deep inside of each other");
    if (next == '(')
        return read_group(keys, depth, out);
    if (ascii_digit(next) || next == '*' || next == '$') {
        *out = new_key(in, IMAP_KEY_NUMBERS);
        return *out && imap_sequence(in, &(*out)->set);
    }
    if (!imap_run(in, is_key_name, &name))
        return imap_bad(in, "a search key is missing");
    for (size_t i = 0; i < COUNT_OF(key_rows); i++)
        if (str_caseeq(key_rows[i].name, name))
            return read_named(keys, depth, &key_rows[i], out);
    return imap_bad(in, "a search key is not known");
}

/* search-key *(SP search-key): one AND, or the key itself where there is one. */
static bool read_keys(const struct keys *keys, struct imap_key **out)
{
    struct imap_key *all = new_key(keys->in, IMAP_KEY_AND);
    if (!all)
        return false;
    struct imap_key **tail = &all->child;
    do {
        if (!read_key(keys, 1, tail))
            return false;
        tail = &(*tail)->next;
    } while (imap_take(keys->in, ' '));
    *out = all->child->next ? all : all->child;
    return true;
}

static bool read_charset(struct imap_in *in, enum charset *out)
{
    struct str name;
    if (!imap_astring(in, &name))
        return false;
    *out = charset_find(name);
    return *out != CHARSET_NONE ||
           imap_no(in, "BADCHARSET (UTF-8 US-ASCII)", "the character set is not known");
}

/* ---- RETURN ---- */
static const struct imap_word return_words[] = {
    {STR_INIT("MIN"), IMAP_RETURN_MIN},         {STR_INIT("MAX"), IMAP_RETURN_MAX},
    {STR_INIT("ALL"), IMAP_RETURN_ALL},         {STR_INIT("COUNT"), IMAP_RETURN_COUNT},
    {STR_INIT("SAVE"), IMAP_RETURN_SAVE},       {STR_INIT("UPDATE"), IMAP_RETURN_UPDATE},
    {STR_INIT("CONTEXT"), IMAP_RETURN_CONTEXT}, {STR_INIT("PARTIAL"), IMAP_RETURN_PARTIAL},
};

static bool read_return_option(struct imap_in *in, void *ctx)
{
    struct imap_search *s = ctx;
    unsigned bit;
    if (!imap_word(in, return_words, COUNT_OF(return_words), "a RETURN option is not known", &bit))
        return false;
    if (bit == IMAP_RETURN_PARTIAL) {
        if (s->page.given)
            return imap_bad(in, "PARTIAL stands in RETURN once only"); /* RFC 9394 section 3.1 */
        if (!imap_space(in) || !imap_page(in, &s->page))
            return false;
    }
    s->returns |= bit;
    return true;
}

/* Takes " word" when it is what follows. */
static bool take_word(struct imap_in *in, struct str word)
{
    const struct str rest = str_from(in->args->text, in->at);
    if (imap_peek(in) != ' ' || !str_casestarts(str_from(rest, 1), word) || rest.n <= word.n + 1 ||
        rest.p[word.n + 1] != ' ')
        return false;
    in->at += word.n + 1;
    return true;
}

static bool read_returns(struct imap_in *in, struct imap_search *s)
{
    const unsigned shapes = IMAP_RETURN_MIN | IMAP_RETURN_MAX | IMAP_RETURN_ALL | IMAP_RETURN_COUNT |
                            IMAP_RETURN_PARTIAL | IMAP_RETURN_SAVE;
    if (!take_word(in, STR("RETURN")))
        return true;
    s->extended = true;
    if (!imap_space(in) || !imap_each(in, 0, read_return_option, s))
        return false;
    if (!(s->returns & shapes) && !(s->returns & IMAP_RETURN_UPDATE))
        s->returns |= IMAP_RETURN_ALL;
    return !(s->returns & IMAP_RETURN_PARTIAL) || !(s->returns & IMAP_RETURN_ALL) ||
           imap_bad(in, "RETURN has PARTIAL or ALL, not both");
}

bool imap_args_search(struct imap_in *in, struct imap_command *out)
{
    struct keys keys = {.in = in, .charset = CHARSET_UTF8};
    if (!read_returns(in, &out->u.search))
        return false;
    if (take_word(in, STR("CHARSET")) && (!imap_space(in) || !read_charset(in, &keys.charset)))
        return false;
    return imap_space(in) && read_keys(&keys, &out->u.search.key);
}

/* ---- SORT and THREAD ---- */
static const struct imap_word sort_words[] = {
    {STR_INIT("ARRIVAL"), IMAP_SORT_ARRIVAL},
    {STR_INIT("CC"), IMAP_SORT_CC},
    {STR_INIT("DATE"), IMAP_SORT_DATE},
    {STR_INIT("FROM"), IMAP_SORT_FROM},
    {STR_INIT("SIZE"), IMAP_SORT_SIZE},
    {STR_INIT("SUBJECT"), IMAP_SORT_SUBJECT},
    {STR_INIT("TO"), IMAP_SORT_TO},
    {STR_INIT("DISPLAYFROM"), IMAP_SORT_DISPLAYFROM},
    {STR_INIT("DISPLAYTO"), IMAP_SORT_DISPLAYTO},
};

struct criteria {
    struct imap_sort_criterion *items;
    size_t count, cap;
};

static bool read_criterion(struct imap_in *in, void *ctx)
{
    struct criteria *c = ctx;
    struct imap_sort_criterion one = {0};
    struct str name;
    if (!imap_atom(in, &name))
        return false;
    one.reverse = str_caseeq(name, STR("REVERSE"));
    if (one.reverse && (!imap_space(in) || !imap_atom(in, &name)))
        return false;
    const struct imap_word *w = imap_word_find(sort_words, COUNT_OF(sort_words), name);
    if (!w)
        return imap_bad(in, "a sort criterion is not known");
    one.key = (enum imap_sort_key)w->value;
    struct imap_sort_criterion *grown =
        arena_grow(in->a, c->items, c->count, &c->cap, c->count + 1, sizeof *grown);
    if (!grown)
        return imap_out(in);
    c->items = grown;
    grown[c->count++] = one;
    return true;
}

/* SP charset SP keys */
static bool read_criteria(struct imap_in *in, struct imap_search *s)
{
    struct keys keys = {.in = in};
    return imap_space(in) && read_charset(in, &keys.charset) && imap_space(in) && read_keys(&keys, &s->key);
}

bool imap_args_sort(struct imap_in *in, struct imap_command *out)
{
    struct imap_search *s = &out->u.search;
    struct criteria c = {0};
    if (!read_returns(in, s) || !imap_space(in) || !imap_each(in, 1, read_criterion, &c))
        return false;
    s->criteria = c.items;
    s->criteria_count = c.count;
    return read_criteria(in, s);
}

bool imap_args_thread(struct imap_in *in, struct imap_command *out)
{
    static const struct imap_word words[] = {{STR_INIT("ORDEREDSUBJECT"), IMAP_THREAD_ORDEREDSUBJECT},
                                             {STR_INIT("REFERENCES"), IMAP_THREAD_REFERENCES}};
    unsigned which;
    if (!imap_space(in) ||
        !imap_word(in, words, COUNT_OF(words), "the threading algorithm is not known", &which))
        return false;
    out->u.search.algorithm = (enum imap_thread_algorithm)which;
    return read_criteria(in, &out->u.search);
}
