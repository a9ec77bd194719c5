/* mailcore/imap/lex.c: the words of RFC 9051 section 9. A literal is known by its place, which the reader has noted: text that only looks
 * like one is none. */
#include "mailcore/imap/lex.h"
#include "formats/caltime.h"
#include "mailcore/imap/utf7.h"

enum { KEYWORD_MOST = 255, NAME_MOST = 1000, DAY_SECONDS = 86400 };

bool imap_bad(struct imap_in *in, const char *why)
{
    if (in->st == OK) {
        in->st = INVALID;
        *in->fault = (struct imap_fault){.why = why};
    }
    return false;
}

bool imap_no(struct imap_in *in, const char *code, const char *why)
{
    if (in->st == OK) {
        in->st = INVALID;
        *in->fault = (struct imap_fault){.no = true, .code = code, .why = why};
    }
    return false;
}

bool imap_out(struct imap_in *in)
{
    if (in->a->st == E_MEMORY && in->st == OK)
        in->st = E_MEMORY;
    return imap_no(in, "LIMIT", "the command is too large");
}

static const struct imap_literal *literal_here(const struct imap_in *in)
{
    const struct imap_parse_args *args = in->args;
    return in->literal < args->count && args->literals[in->literal].at == in->at
               ? &args->literals[in->literal]
               : NULL;
}

bool imap_at_end(const struct imap_in *in)
{
    return in->at >= in->args->text.n;
}

char imap_peek(const struct imap_in *in)
{
    return imap_at_end(in) || literal_here(in) ? '\0' : in->args->text.p[in->at];
}

bool imap_take(struct imap_in *in, char c)
{
    if (imap_peek(in) != c || imap_at_end(in))
        return false;
    in->at++;
    return true;
}

bool imap_must(struct imap_in *in, char c)
{
    if (imap_take(in, c))
        return true;
    return imap_bad(in, c == '('   ? "a list has to begin here: '(' is missing"
                        : c == ')' ? "')' is missing"
                        : c == ' ' ? "an argument is missing"
                                   : "the argument has a character that it may not have");
}

bool imap_space(struct imap_in *in)
{
    return imap_must(in, ' ');
}

bool imap_count(struct imap_in *in)
{
    return ++in->items <= in->args->limits->items ||
           imap_no(in, "LIMIT", "the command names too many things");
}

bool imap_run(struct imap_in *in, bool (*is)(char), struct str *out)
{
    const struct str text = in->args->text;
    size_t end = in->literal < in->args->count ? in->args->literals[in->literal].at : text.n;
    size_t n = in->at;
    while (n < end && n < text.n && is(text.p[n]))
        n++;
    *out = str_slice(text, in->at, n - in->at);
    in->at = n;
    return out->n > 0;
}

bool imap_atom(struct imap_in *in, struct str *out)
{
    return imap_run(in, imap_is_atom, out) || imap_bad(in, "a word is missing");
}

static bool is_astring(char c)
{
    return imap_is_atom(c) || c == ']';
}

static bool is_digit(char c)
{
    return ascii_digit(c);
}

static bool unescape(struct imap_in *in, struct str raw, struct str *out)
{
    char *copy = ARENA_ARRAY(in->a, char, raw.n + 1);
    size_t n = 0;
    if (!copy)
        return imap_out(in);
    for (size_t i = 0; i < raw.n; i++) {
        if (raw.p[i] == '\\')
            i++;
        copy[n++] = raw.p[i];
    }
    *out = str_n(copy, n);
    return true;
}

bool imap_quoted(struct imap_in *in, struct str *out)
{
    const struct str text = in->args->text;
    size_t i = in->at + 1;
    bool escaped = false;
    if (imap_peek(in) != '"')
        return imap_bad(in, "a string is missing");
    for (; i < text.n && text.p[i] != '"'; i++) {
        if (text.p[i] != '\\')
            continue;
        escaped = true;
        if (++i >= text.n || (text.p[i] != '"' && text.p[i] != '\\'))
            return imap_bad(in, "in a quoted string a backslash stands before '\"' and '\\' only");
    }
    if (i >= text.n)
        return imap_bad(in, "a quoted string has no end");
    *out = str_slice(text, in->at + 1, i - in->at - 1);
    in->at = i + 1;
    return !escaped || unescape(in, *out, out);
}

bool imap_literal_at(struct imap_in *in, size_t *which)
{
    const struct imap_literal *l = literal_here(in);
    if (!l)
        return imap_bad(in, "a literal is missing");
    *which = in->literal++;
    in->at += l->head + (l->streamed ? 0 : (size_t)l->size);
    return true;
}

/* The bytes of a literal in memory. */
static bool take_literal(struct imap_in *in, bool binary, struct str *out)
{
    const struct imap_literal *l = literal_here(in);
    size_t which;
    if (l && l->streamed)
        return imap_bad(in, "a literal stands where none of this size may");
    if (!imap_literal_at(in, &which))
        return false;
    *out = str_slice(in->args->text, l->at + l->head, (size_t)l->size);
    if (l->binary && !binary)
        return imap_bad(in, "a binary literal may not stand here");
    return binary || !l->size || !memchr(out->p, '\0', out->n) || imap_bad(in, "a NUL may not stand here");
}

bool imap_string(struct imap_in *in, struct str *out)
{
    return literal_here(in) ? take_literal(in, false, out) : imap_quoted(in, out);
}

bool imap_astring(struct imap_in *in, struct str *out)
{
    return imap_run(in, is_astring, out) || imap_string(in, out);
}

bool imap_read_nstring(struct imap_in *in, struct str *out)
{
    if (literal_here(in) || imap_peek(in) == '"')
        return imap_string(in, out);
    struct str word;
    if (!imap_atom(in, &word))
        return false;
    *out = STR_NONE;
    return str_caseeq(word, STR("NIL")) || imap_bad(in, "a string or NIL is missing");
}

bool imap_value(struct imap_in *in, struct str *out)
{
    return literal_here(in) ? take_literal(in, true, out) : imap_read_nstring(in, out);
}

bool imap_number(struct imap_in *in, uint64_t most, uint64_t *out)
{
    struct str digits;
    if (!imap_run(in, is_digit, &digits))
        return imap_bad(in, "a number is missing");
    return (str_u64(digits, out) && *out <= most) || imap_bad(in, "a number is too large");
}

bool imap_nz_number(struct imap_in *in, uint32_t *out)
{
    uint64_t n;
    if (imap_peek(in) == '0')
        return imap_bad(in, "a number that begins with 0 may not stand here");
    if (!imap_number(in, UINT32_MAX, &n))
        return false;
    *out = (uint32_t)n;
    return true;
}

bool imap_modseq(struct imap_in *in, bool zero, uint64_t *out)
{
    if (!imap_number(in, INT64_MAX, out))
        return false;
    return zero || *out || imap_bad(in, "a mod-sequence of 0 may not stand here");
}

static bool is_set(char c)
{
    return ascii_digit(c) || c == ':' || c == ',' || c == '*' || c == '$';
}

bool imap_sequence(struct imap_in *in, struct imap_set *out)
{
    struct str text;
    if (!imap_run(in, is_set, &text))
        return imap_bad(in, "a set of messages is missing");
    enum status st = imap_set_parse(in->a, text, in->args->limits->items, out);
    if (st == TOO_MANY)
        return imap_no(in, "LIMIT", "the set of messages has too many ranges");
    if (st == INVALID)
        return imap_bad(in, "the set of messages is none: numbers go from 1 to 4294967295");
    return st == OK || imap_out(in);
}

bool imap_page(struct imap_in *in, struct imap_page *out)
{
    uint32_t first, last;
    bool minus = imap_take(in, '-');
    if (!imap_nz_number(in, &first) || !imap_must(in, ':'))
        return false;
    if (imap_take(in, '-') != minus)
        return imap_bad(in, "both ends of PARTIAL are counted from the same side");
    if (!imap_nz_number(in, &last))
        return false;
    *out = (struct imap_page){.given = true,
                              .from_end = minus,
                              .first = first < last ? first : last,
                              .last = first < last ? last : first};
    return true;
}

/* Names are Net-Unicode without control characters (RFC 9051 section 5.1). */
static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool c1 = c == 0xC2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xA0;
        bool line = c == 0xE2 && str_starts(str_from(s, i), STR("\xe2\x80")) && i + 2 < s.n &&
                    ((unsigned char)s.p[i + 2] & 0xFE) == 0xA8;
        if (c < ' ' || c == 0x7f || c1 || line)
            return true;
    }
    return false;
}

static bool is_plain_name(struct str s)
{
    size_t i = 0;
    while (i < s.n && (unsigned char)s.p[i] >= ' ' && (unsigned char)s.p[i] < 0x7f && s.p[i] != '&')
        i++;
    return i == s.n;
}

/* What the client wrote, in the encoding that is in force, as UTF-8. */
static bool to_utf8(struct imap_in *in, struct str raw, struct str *out)
{
    SCOPED_BUF(text, NAME_MOST);
    *out = raw;
    if (raw.n > NAME_MOST)
        return imap_no(in, "CANNOT", "the name of a mailbox is too long");
    if (!in->args->utf8 && !is_plain_name(raw)) {
        if (!imap_utf7_decode(&text, raw) || text.st != OK)
            return imap_no(in, "CANNOT", "the name of a mailbox is no modified UTF-7");
        *out = arena_str(in->a, buf_view(&text));
        if (!out->p)
            return imap_out(in);
    }
    if (!str_utf8(*out))
        return imap_no(in, "CANNOT", "the name of a mailbox is no UTF-8");
    return !has_control(*out) || imap_no(in, "CANNOT", "the name of a mailbox has control characters in it");
}

bool imap_mailbox(struct imap_in *in, struct str *out)
{
    struct str raw;
    if (!imap_astring(in, &raw) || !to_utf8(in, raw, out))
        return false;
    if (str_caseeq(*out, STR("INBOX")))
        *out = STR("INBOX");
    return true;
}

static bool is_list_char(char c)
{
    return is_astring(c) || c == '%' || c == '*';
}

bool imap_list_mailbox(struct imap_in *in, struct str *out)
{
    struct str raw;
    return (imap_run(in, is_list_char, &raw) || imap_string(in, &raw)) && to_utf8(in, raw, out);
}

static const struct imap_word system_flags[] = {
    {STR_INIT("Answered"), IMAP_ANSWERED}, {STR_INIT("Flagged"), IMAP_FLAGGED},
    {STR_INIT("Deleted"), IMAP_DELETED},   {STR_INIT("Seen"), IMAP_SEEN},
    {STR_INIT("Draft"), IMAP_DRAFT},
};

bool imap_keyword(struct imap_in *in, struct str *out)
{
    return imap_atom(in, out) &&
           (out->n <= KEYWORD_MOST || imap_no(in, "LIMIT", "the name of a keyword is too long"));
}

struct flags_builder {
    unsigned system;
    struct imap_strings_builder keywords;
};

static bool read_flag(struct imap_in *in, void *ctx)
{
    struct flags_builder *b = ctx;
    struct str name;
    unsigned bit;
    if (imap_take(in, '\\')) {
        if (!imap_word(in, system_flags, COUNT_OF(system_flags), "this flag can not be set", &bit))
            return false;
        b->system |= bit;
        return true;
    }
    return imap_keyword(in, &name) && imap_strings_add(in, &b->keywords, name);
}

static void built_flags(const struct flags_builder *b, struct imap_flags *out)
{
    *out = (struct imap_flags){b->system, b->keywords.items, b->keywords.count};
}

bool imap_flags(struct imap_in *in, struct imap_flags *out)
{
    struct flags_builder b = {0};
    if (!imap_each(in, 0, read_flag, &b))
        return false;
    built_flags(&b, out);
    return true;
}

bool imap_bare_flags(struct imap_in *in, struct imap_flags *out)
{
    struct flags_builder b = {0};
    do {
        if (!read_flag(in, &b))
            return false;
    } while (imap_take(in, ' '));
    built_flags(&b, out);
    return true;
}

static const struct str months[] = {
    STR_INIT("Jan"), STR_INIT("Feb"), STR_INIT("Mar"), STR_INIT("Apr"), STR_INIT("May"), STR_INIT("Jun"),
    STR_INIT("Jul"), STR_INIT("Aug"), STR_INIT("Sep"), STR_INIT("Oct"), STR_INIT("Nov"), STR_INIT("Dec"),
};

static bool two_digits(struct str s, size_t at, uint64_t *out)
{
    return at + 2 <= s.n && str_u64(str_slice(s, at, 2), out);
}

/* "24-Nov-2026"; the day has one or two digits. */
static bool read_day(struct str s, int64_t *out)
{
    uint64_t day, year, month = 0;
    size_t dash = str_chr(s, '-', 0);
    if (dash == SIZE_MAX || dash > 2 || s.n != dash + 9 || s.p[dash + 4] != '-' ||
        !str_u64(str_slice(s, 0, dash), &day) || !str_u64(str_from(s, dash + 5), &year))
        return false;
    while (month < COUNT_OF(months) && !str_caseeq(months[month], str_slice(s, dash + 1, 3)))
        month++;
    if (!year || month >= COUNT_OF(months) || !day ||
        day > (unsigned)days_in_month((int)year, (int)month + 1))
        return false;
    *out = days_from_civil((int)year, (int)month + 1, (int)day);
    return true;
}

bool imap_date(struct imap_in *in, int64_t *day)
{
    struct str text;
    bool there = imap_peek(in) == '"' ? imap_quoted(in, &text) : imap_atom(in, &text);
    return there && (read_day(text, day) || imap_bad(in, "a date is written as 24-Nov-2026"));
}

/* "24-Nov-2026 09:30:00 +0100": the day with two digits or a blank before one. */
static bool read_moment(struct str s, struct maildate *out)
{
    uint64_t hour, minute, second, zone_hour, zone_minute;
    int64_t day;
    struct str date = str_slice(s, 0, 11);
    if (s.n != 26 || s.p[11] != ' ' || s.p[14] != ':' || s.p[17] != ':' || s.p[20] != ' ')
        return false;
    if (date.p[0] == ' ')
        date = str_from(date, 1);
    if (!read_day(date, &day))
        return false;
    if (!two_digits(s, 12, &hour) || !two_digits(s, 15, &minute) || !two_digits(s, 18, &second) ||
        !two_digits(s, 22, &zone_hour) || !two_digits(s, 24, &zone_minute))
        return false;
    if (hour > 23 || minute > 59 || second > 60 || zone_minute > 59 || zone_hour > 23 ||
        (s.p[21] != '+' && s.p[21] != '-'))
        return false;
    int32_t offset = (int32_t)(zone_hour * 3600 + zone_minute * 60);
    out->offset = s.p[21] == '-' ? -offset : offset;
    out->at = day * DAY_SECONDS + (int64_t)(hour * 3600 + minute * 60 + second) - out->offset;
    return true;
}

bool imap_date_time(struct imap_in *in, struct maildate *out)
{
    struct str text;
    return imap_quoted(in, &text) &&
           (read_moment(text, out) ||
            imap_bad(in, "a date and time is written as \"24-Nov-2026 09:30:00 +0100\""));
}

const struct imap_word *imap_word_find(const struct imap_word *words, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_caseeq(words[i].name, name))
            return &words[i];
    return NULL;
}

bool imap_word(struct imap_in *in, const struct imap_word *words, size_t count, const char *why,
               unsigned *value)
{
    struct str name;
    if (!imap_atom(in, &name))
        return false;
    const struct imap_word *w = imap_word_find(words, count, name);
    if (!w)
        return imap_bad(in, why);
    *value = w->value;
    return true;
}

bool imap_each(struct imap_in *in, size_t least, bool (*item)(struct imap_in *in, void *ctx), void *ctx)
{
    if (!imap_must(in, '('))
        return false;
    if (imap_take(in, ')'))
        return !least || imap_bad(in, "a list may not be empty here");
    do {
        if (!imap_count(in) || !item(in, ctx))
            return false;
    } while (imap_take(in, ' '));
    return imap_must(in, ')');
}

bool imap_strings_add(struct imap_in *in, struct imap_strings_builder *b, struct str s)
{
    struct str *grown = arena_grow(in->a, b->items, b->count, &b->cap, b->count + 1, sizeof *grown);
    if (!grown)
        return imap_out(in);
    b->items = grown;
    grown[b->count++] = s;
    return true;
}

struct imap_strings imap_strings_built(const struct imap_strings_builder *b)
{
    return (struct imap_strings){b->items, b->count};
}
