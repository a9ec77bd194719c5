/* syncml/content_props.c: what each property is, and when two values of it mean the same. A device writes the number without its
 * blanks, the name in another order, the list in its own: none of that is a change. */
#include "syncml/content_int.h"

enum { MOST_WORDS = 64, MOST_TYPES = 16 };

static const struct prop_rule card_rules[] = {
    {STR_INIT("N"), PROP_COMPOUND, PROP_CORE | PROP_SINGLE, {NULL, 0}},
    {STR_INIT("FN"), PROP_NAME, PROP_CORE | PROP_SINGLE, {NULL, 0}},
    {STR_INIT("TEL"), PROP_PHONE, PROP_CORE | PROP_TYPED, {NULL, 0}},
    {STR_INIT("EMAIL"), PROP_MAIL, PROP_CORE | PROP_TYPED, {NULL, 0}},
    {STR_INIT("ADR"), PROP_COMPOUND, PROP_CORE | PROP_TYPED, {NULL, 0}},
    {STR_INIT("LABEL"), PROP_TEXT, PROP_TYPED, {NULL, 0}},
    {STR_INIT("ORG"), PROP_COMPOUND, PROP_CORE | PROP_SINGLE, {NULL, 0}},
    {STR_INIT("TITLE"), PROP_TEXT, PROP_CORE | PROP_SINGLE, {NULL, 0}},
    {STR_INIT("ROLE"), PROP_TEXT, PROP_SINGLE, {NULL, 0}},
    {STR_INIT("NOTE"), PROP_TEXT, PROP_CORE | PROP_SINGLE, {NULL, 0}},
    {STR_INIT("URL"), PROP_URI, PROP_CORE | PROP_TYPED, {NULL, 0}},
    {STR_INIT("BDAY"), PROP_DATE, PROP_CORE | PROP_SINGLE, {NULL, 0}},
    {STR_INIT("ANNIVERSARY"), PROP_DATE, PROP_SINGLE, {NULL, 0}},
    {STR_INIT("X-ANNIVERSARY"), PROP_DATE, PROP_SINGLE, {NULL, 0}},
    {STR_INIT("DEATHDATE"), PROP_DATE, PROP_SINGLE, {NULL, 0}},
    {STR_INIT("X-DEATHDATE"), PROP_DATE, PROP_SINGLE, {NULL, 0}},
    {STR_INIT("NICKNAME"), PROP_SET, 0, {NULL, 0}},
    {STR_INIT("CATEGORIES"), PROP_SET, 0, {NULL, 0}},
    {STR_INIT("PHOTO"), PROP_BINARY, PROP_SINGLE, {NULL, 0}},
    {STR_INIT("LOGO"), PROP_BINARY, PROP_SINGLE, {NULL, 0}},
    {STR_INIT("SOUND"), PROP_BINARY, PROP_SINGLE, {NULL, 0}},
    {STR_INIT("KEY"), PROP_BINARY, 0, {NULL, 0}},
    {STR_INIT("CLASS"), PROP_WORD, PROP_SINGLE, STR_INIT("PUBLIC")},
    {STR_INIT("GEO"), PROP_TEXT, PROP_SINGLE, {NULL, 0}},
    {STR_INIT("TZ"), PROP_TEXT, PROP_SINGLE, {NULL, 0}},
    {STR_INIT("GENDER"), PROP_TEXT, PROP_SINGLE, {NULL, 0}},
    {STR_INIT("SORT-STRING"), PROP_TEXT, PROP_SINGLE, {NULL, 0}},
    {STR_INIT("MAILER"), PROP_TEXT, PROP_SINGLE, {NULL, 0}},
    {STR_INIT("KIND"), PROP_WORD, PROP_SINGLE, STR_INIT("INDIVIDUAL")},
    {STR_INIT("X-ADDRESSBOOKSERVER-KIND"), PROP_WORD, PROP_SINGLE, STR_INIT("INDIVIDUAL")},
    {STR_INIT("UID"), PROP_TEXT, PROP_OURS, {NULL, 0}},
    {STR_INIT("REV"), PROP_TEXT, PROP_OURS, {NULL, 0}},
    {STR_INIT("PRODID"), PROP_TEXT, PROP_OURS, {NULL, 0}},
    {STR_INIT("VERSION"), PROP_TEXT, PROP_OURS, {NULL, 0}},
    {STR_INIT("X-ABLABEL"), PROP_TEXT, PROP_OURS, {NULL, 0}},
};

static const struct prop_rule calendar_rules[] = {
    {STR_INIT("SUMMARY"), PROP_TEXT, PROP_CORE | PROP_SINGLE, {NULL, 0}},
    {STR_INIT("DESCRIPTION"), PROP_TEXT, PROP_CORE | PROP_SINGLE, {NULL, 0}},
    {STR_INIT("LOCATION"), PROP_TEXT, PROP_CORE | PROP_SINGLE, {NULL, 0}},
    {STR_INIT("CATEGORIES"), PROP_SET, 0, {NULL, 0}},
    {STR_INIT("RESOURCES"), PROP_SET, 0, {NULL, 0}},
    {STR_INIT("PRIORITY"), PROP_NUMBER, PROP_SINGLE, STR_INIT("0")},
    {STR_INIT("PERCENT-COMPLETE"), PROP_NUMBER, PROP_SINGLE, STR_INIT("0")},
    {STR_INIT("CLASS"), PROP_WORD, PROP_SINGLE, STR_INIT("PUBLIC")},
    {STR_INIT("TRANSP"), PROP_WORD, PROP_SINGLE, STR_INIT("OPAQUE")},
    {STR_INIT("STATUS"), PROP_WORD, PROP_SINGLE, {NULL, 0}},
    {STR_INIT("COMPLETED"), PROP_TIME, PROP_CORE | PROP_SINGLE, {NULL, 0}},
    {STR_INIT("URL"), PROP_URI, PROP_SINGLE, {NULL, 0}},
    {STR_INIT("GEO"), PROP_TEXT, PROP_SINGLE, {NULL, 0}},
    {STR_INIT("COLOR"), PROP_WORD, PROP_SINGLE, {NULL, 0}},
    {STR_INIT("ORGANIZER"), PROP_MAIL, PROP_SINGLE, {NULL, 0}},
    {STR_INIT("ATTENDEE"), PROP_MAIL, 0, {NULL, 0}},
    {STR_INIT("ATTACH"), PROP_BINARY, 0, {NULL, 0}},
    {STR_INIT("DTSTART"), PROP_TIME, PROP_CORE | PROP_SPAN, {NULL, 0}},
    {STR_INIT("DTEND"), PROP_TIME, PROP_CORE | PROP_SPAN, {NULL, 0}},
    {STR_INIT("DUE"), PROP_TIME, PROP_CORE | PROP_SPAN, {NULL, 0}},
    {STR_INIT("DURATION"), PROP_TIME, PROP_CORE | PROP_SPAN, {NULL, 0}},
    {STR_INIT("RRULE"), PROP_TEXT, PROP_CORE | PROP_SPAN, {NULL, 0}},
    {STR_INIT("EXRULE"), PROP_TEXT, PROP_SPAN, {NULL, 0}},
    {STR_INIT("RDATE"), PROP_TEXT, PROP_SPAN, {NULL, 0}},
    {STR_INIT("EXDATE"), PROP_TEXT, PROP_SPAN, {NULL, 0}},
    {STR_INIT("VALARM"), PROP_TEXT, PROP_CORE | PROP_SPAN, {NULL, 0}},
    {STR_INIT("RECURRENCE-ID"), PROP_TIME, PROP_OURS, {NULL, 0}},
    {STR_INIT("UID"), PROP_TEXT, PROP_OURS, {NULL, 0}},
    {STR_INIT("DTSTAMP"), PROP_TIME, PROP_OURS, {NULL, 0}},
    {STR_INIT("CREATED"), PROP_TIME, PROP_OURS, {NULL, 0}},
    {STR_INIT("LAST-MODIFIED"), PROP_TIME, PROP_OURS, {NULL, 0}},
    {STR_INIT("SEQUENCE"), PROP_NUMBER, PROP_OURS, {NULL, 0}},
    {STR_INIT("PRODID"), PROP_TEXT, PROP_OURS, {NULL, 0}},
    {STR_INIT("VERSION"), PROP_TEXT, PROP_OURS, {NULL, 0}},
    {STR_INIT("METHOD"), PROP_TEXT, PROP_OURS, {NULL, 0}},
    {STR_INIT("X-MICROSOFT-CDO-ALLDAYEVENT"), PROP_WORD, PROP_OURS, {NULL, 0}},
    {STR_INIT("X-EPOCAGENDAENTRYTYPE"), PROP_WORD, PROP_OURS, {NULL, 0}},
};

static const struct prop_rule other = {STR_INIT(""), PROP_TEXT, PROP_SINGLE, {NULL, 0}};

const struct prop_rule *prop_rule(enum media media, struct str name)
{
    const struct prop_rule *rules = media == MEDIA_VCARD ? card_rules : calendar_rules;
    size_t n = media == MEDIA_VCARD ? COUNT_OF(card_rules) : COUNT_OF(calendar_rules);
    for (size_t i = 0; i < n; i++)
        if (str_caseeq(rules[i].name, name))
            return &rules[i];
    return &other;
}

/* ---- values ---- */

struct str text_held(struct ctx *x, struct str text)
{
    enum charset set = charset_of_phone(x->s->phone->charset_out);
    SCOPED_BUF(bytes, text.n * 4 + 64);
    struct str held = STR_NONE;
    if (set == CHARSET_UTF8)
        return text;
    charset_encode(&bytes, set, text);
    struct str kept = bytes.st == OK ? arena_str(x->a, buf_view(&bytes)) : STR_NONE;
    return kept.p && charset_decode(x->a, set, kept, &held) == OK ? held : text;
}

static struct str plain(struct ctx *x, struct str value)
{
    return text_held(x, text_unescape(x->a, value));
}

static void add_lower(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_addc(out, ascii_lower(s.p[i]));
}

/* Unescaped, line ends as \n, without blanks at the end. */
static void key_text(struct ctx *x, struct buf *out, struct str value)
{
    struct str text = plain(x, value);
    size_t from = out->n;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != '\r')
            buf_addc(out, text.p[i]);
    while (out->n > from && ascii_space(out->p[out->n - 1]))
        buf_cut(out, out->n - 1);
}

static void key_compound(struct ctx *x, struct buf *out, struct str value)
{
    struct str rest = value, one;
    size_t end = out->n;
    while (text_split(&rest, ';', &one)) {
        size_t from = out->n;
        key_text(x, out, str_trim(one));
        if (out->n > from)
            end = out->n;
        buf_addc(out, '\x1f');
    }
    buf_cut(out, end);
}

static int by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void add_sorted(struct buf *out, struct str *words, size_t n, char between)
{
    if (n > 1)
        qsort(words, n, sizeof *words, by_bytes);
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_addc(out, between);
        buf_add(out, words[i]);
    }
}

static bool word_char(char c)
{
    return !ascii_space(c) && c != ',' && c != ';' && c != '.' && c != '\\';
}

/* The words of a name, sorted: "Rossi, Anna" is "Anna Rossi". */
static void key_name(struct ctx *x, struct buf *out, struct str value)
{
    struct str text = plain(x, value), words[MOST_WORDS];
    size_t n = 0;
    for (size_t i = 0; i < text.n && n < MOST_WORDS;) {
        size_t from = i;
        while (i < text.n && word_char(text.p[i]))
            i++;
        if (i > from)
            words[n++] = str_slice(text, from, i - from);
        else
            i++;
    }
    add_sorted(out, words, n, ' ');
}

static void key_phone(struct ctx *x, struct buf *out, struct str value)
{
    static const struct str noise = STR_INIT(" -().\t/\xc2\xa0");
    struct str text = str_trim(plain(x, value));
    if (str_casestarts(text, STR("tel:")))
        text = str_from(text, 4);
    for (size_t i = 0; i < text.n; i++)
        if (str_chr(noise, text.p[i], 0) == SIZE_MAX)
            buf_addc(out, ascii_lower(text.p[i]));
}

static void key_mail(struct ctx *x, struct buf *out, struct str value)
{
    struct str text = str_trim(plain(x, value));
    add_lower(out, str_casestarts(text, STR("mailto:")) ? str_from(text, 7) : text);
}

static void key_uri(struct ctx *x, struct buf *out, struct str value)
{
    struct str text = str_trim(plain(x, value));
    while (str_ends(text, STR("/")))
        text.n--;
    buf_add(out, text);
}

/* YYYYMMDD, and a time only where it says something. */
static void key_date(struct ctx *x, struct buf *out, struct str value)
{
    struct str text = str_trim(value);
    size_t from = out->n;
    (void)x;
    if (str_starts(text, STR("--")))
        buf_addz(out, "--");
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != '-' && text.p[i] != ':')
            buf_addc(out, text.p[i]);
    struct str made = str_from(buf_view(out), from);
    if (str_ends(made, STR("T000000")) || str_ends(made, STR("T000000Z")))
        buf_cut(out, from + 8);
}

/* The data alone: not in which lines, under which type, with how many '='. */
static void key_binary(struct ctx *x, struct buf *out, struct str value)
{
    struct str text = str_trim(value);
    size_t from = out->n;
    (void)x;
    if (str_casestarts(text, STR("data:"))) {
        size_t comma = str_chr(text, ',', 0);
        text = comma == SIZE_MAX ? text : str_from(text, comma + 1);
    }
    for (size_t i = 0; i < text.n; i++)
        if (!ascii_space(text.p[i]))
            buf_addc(out, text.p[i]);
    while (out->n > from && out->p[out->n - 1] == '=')
        buf_cut(out, out->n - 1);
}

static void key_word(struct ctx *x, struct buf *out, struct str value)
{
    struct str text = str_trim(value);
    (void)x;
    for (size_t i = 0; i < text.n; i++)
        buf_addc(out, ascii_upper(text.p[i]));
}

static void key_number(struct ctx *x, struct buf *out, struct str value)
{
    int64_t n;
    (void)x;
    if (str_i64(str_trim(value), &n))
        buf_i64(out, n);
    else
        buf_add(out, str_trim(value));
}

static void key_set(struct ctx *x, struct buf *out, struct str value)
{
    struct str *words = NULL, rest = value, one;
    size_t n = 0, cap = 0;
    while (text_split(&rest, ',', &one)) {
        struct str *more = arena_grow(x->a, words, n, &cap, n + 1, sizeof *words);
        if (!more)
            return;
        words = more;
        words[n] = str_trim(plain(x, one));
        n += words[n].n > 0;
    }
    add_sorted(out, words, n, '\x1f');
}

static void key_time(struct ctx *x, struct buf *out, struct str value)
{
    struct when w;
    if (!when_read(x, NULL, NULL, value, &w)) {
        buf_add(out, str_trim(value));
        return;
    }
    buf_i64(out, w.is_date ? w.civil : w.utc);
    buf_addz(out, w.is_date ? "d" : "");
}

static void (*const keys[])(struct ctx *x, struct buf *out, struct str value) = {
    [PROP_TEXT] = key_text,   [PROP_COMPOUND] = key_compound, [PROP_NAME] = key_name,
    [PROP_PHONE] = key_phone, [PROP_MAIL] = key_mail,         [PROP_URI] = key_uri,
    [PROP_DATE] = key_date,   [PROP_TIME] = key_time,         [PROP_BINARY] = key_binary,
    [PROP_WORD] = key_word,   [PROP_NUMBER] = key_number,     [PROP_SET] = key_set,
};

struct str prop_key(struct ctx *x, const struct doc *i, const struct prop_rule *r, const struct line *l)
{
    SCOPED_BUF(out, l->value.n * 4 + 256);
    (void)i;
    keys[r->kind](x, &out, l->value);
    return out.st == OK ? arena_str(x->a, buf_view(&out)) : STR_NONE;
}

/* ---- parameters ---- */

/* TYPE values that devices add and leave out as they like. */
static bool type_matters(struct str type)
{
    static const struct str noise[] = {STR_INIT("VOICE"),  STR_INIT("INTERNET"), STR_INIT("PREF"),
                                       STR_INIT("DOM"),    STR_INIT("INTL"),     STR_INIT("POSTAL"),
                                       STR_INIT("PARCEL"), STR_INIT("OTHER"),    STR_INIT("MSG")};
    for (size_t i = 0; i < COUNT_OF(noise); i++)
        if (str_caseeq(noise[i], type))
            return false;
    return type.n > 0;
}

static void take_type(struct str *types, size_t *n, struct str list)
{
    struct str one;
    while (str_split(&list, ',', &one) && *n < MOST_TYPES) {
        one = str_trim(one);
        if (type_matters(one))
            types[(*n)++] = one;
    }
}

struct str prop_types(struct ctx *x, const struct line *l)
{
    struct str types[MOST_TYPES];
    size_t n = 0;
    for (const struct line_param *p = l->params; p; p = p->next) {
        for (size_t i = 0; str_caseeq(p->name, STR("TYPE")) && i < p->value_count; i++)
            take_type(types, &n, p->values[i]);
        if (!p->value_count)
            take_type(types, &n, p->name);
    }
    SCOPED_BUF(upper, 4096);
    for (size_t i = 0; i < n; i++) {
        size_t from = upper.n;
        key_word(x, &upper, types[i]);
        types[i] = arena_str(x->a, str_from(buf_view(&upper), from));
    }
    SCOPED_BUF(out, 4096);
    add_sorted(&out, types, n, ',');
    return arena_str(x->a, buf_view(&out));
}

bool prop_preferred(const struct line *l)
{
    return line_param_has(l, STR("TYPE"), STR("PREF")) || line_param(l, STR("PREF"));
}

bool param_matters(struct str name)
{
    static const struct str noise[] = {STR_INIT("TYPE"),      STR_INIT("PREF"),
                                       STR_INIT("CHARSET"),   STR_INIT("ENCODING"),
                                       STR_INIT("VALUE"),     STR_INIT("TZID"),
                                       STR_INIT("MEDIATYPE"), STR_INIT("ALTID"),
                                       STR_INIT("PID"),       STR_INIT("QUOTED-PRINTABLE"),
                                       STR_INIT("BASE64")};
    for (size_t i = 0; i < COUNT_OF(noise); i++)
        if (str_caseeq(noise[i], name))
            return false;
    return !str_casestarts(name, STR("X-"));
}
