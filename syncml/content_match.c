/* syncml/content_match.c: which stored object an item of a device is, where neither its name nor its UID tells (slow sync).
 *
 * The key leads to those that might be the same; content_same() decides. Two people of one name are two people unless they share a
 * number or an address: to join them would be worse than to have one of them twice. */
#include "core/fold.h"
#include "core/hash.h"
#include "formats/note.h"
#include "syncml/content_int.h"

enum { MOST_NAMES = 12, MOST_SHARED = 256 };

/* ---- keys ---- */

static void fold(struct ctx *x, struct buf *out, struct str text)
{
    size_t from = out->n;
    fold_unicode(out, text_held(x, text));
    while (out->n > from && ascii_space(out->p[out->n - 1]))
        buf_cut(out, out->n - 1);
}

static int by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static bool part_of_word(char c)
{
    return !ascii_space(c) && c != ',' && c != ';' && c != '.' && c != '\\' && c != '"' && c != '-';
}

/* The folded words of a text, sorted. */
static struct str words_of(struct ctx *x, struct str text)
{
    SCOPED_BUF(folded, text.n * 288 + 64);
    SCOPED_BUF(out, text.n * 288 + 64);
    struct str words[MOST_NAMES];
    size_t n = 0;
    fold(x, &folded, text);
    struct str s = buf_view(&folded);
    for (size_t i = 0; i < s.n && n < MOST_NAMES;) {
        size_t from = i;
        while (i < s.n && part_of_word(s.p[i]))
            i++;
        if (i > from)
            words[n++] = str_slice(s, from, i - from);
        else
            i++;
    }
    if (n > 1)
        qsort(words, n, sizeof *words, by_bytes);
    for (size_t i = 0; i < n; i++) {
        buf_addz(&out, i ? " " : "");
        buf_add(&out, words[i]);
    }
    return arena_str(x->a, buf_view(&out));
}

/* Family and given name; the other parts are what devices drop. */
static struct str card_name(struct ctx *x, const struct ical_comp *c)
{
    static const struct str others[] = {STR_INIT("FN"), STR_INIT("ORG"), STR_INIT("NICKNAME"),
                                        STR_INIT("EMAIL"), STR_INIT("TEL")};
    const struct line *n = ical_prop(c, STR("N"));
    struct str words = STR("");
    if (n) {
        struct str rest = n->value, family = STR(""), given = STR("");
        (void)(text_split(&rest, ';', &family) && text_split(&rest, ';', &given));
        words =
            words_of(x, text_unescape(x->a, arena_strf(x->a, "%.*s %.*s", STR_ARG(family), STR_ARG(given))));
    }
    for (size_t i = 0; i < COUNT_OF(others) && !words.n; i++) {
        const struct line *l = ical_prop(c, others[i]);
        struct str rest = l ? l->value : STR(""), head = STR("");
        if (str_eq(others[i], STR("ORG")))
            (void)text_split(&rest, ';', &head);
        else
            head = rest;
        words = words_of(x, text_unescape(x->a, head));
    }
    return words;
}

static struct str text_of(struct ctx *x, const struct ical_comp *c, struct str name)
{
    const struct line *l = ical_prop(c, name);
    return l ? str_trim(text_unescape(x->a, l->value)) : STR("");
}

/* The whole of a note, as a device that has but one text shows it. */
static struct str note_text(struct ctx *x, const struct ical_comp *c)
{
    SCOPED_BUF(out, ctx_size(x) * 2 + 4096);
    if (note_write(&out, x->a, c, STR("\n")) != OK || out.st != OK)
        return STR("");
    return arena_str(x->a, str_trim(buf_view(&out)));
}

static struct str first_line(struct str text)
{
    struct str head = text;
    (void)str_split(&text, '\n', &head);
    return str_trim(head);
}

static void add_time(struct buf *out, const struct when *w)
{
    buf_i64(out, w->is_date ? w->civil : w->utc);
    buf_addz(out, w->is_date ? "d" : "t");
}

/* What people would know it by, without `when` its title alone; false: nothing. */
static bool key_text(struct ctx *x, const struct doc *i, const struct ical_comp *c, bool when,
                     struct buf *out)
{
    enum ical_kind kind = ical_kind_of(c->name);
    struct extent e;
    if (i->media == MEDIA_VCARD) {
        struct str name = card_name(x, c);
        buf_addz(out, card_is_group(c) ? "group " : "card ");
        buf_add(out, name);
        return name.n > 0;
    }
    extent_read(x, i->root, c, &e);
    struct str title = text_of(x, c, STR("SUMMARY"));
    buf_add(out, c->name);
    if (kind == ICAL_VJOURNAL) {
        title = first_line(note_text(x, c));
    } else if (!when) {
        ; /* it may have been moved */
    } else if (kind == ICAL_VEVENT) {
        if (!e.has_start)
            return false;
        add_time(out, &e.start);
    } else if (e.has_end) { /* a day is all that some devices keep of it */
        buf_i64(out, civil_midnight(e.end.is_date ? e.end.civil : tz_to_local(x->local, e.end.utc)));
    }
    buf_addc(out, ' ');
    fold(x, out, title);
    return title.n > 0 || (when && kind == ICAL_VEVENT);
}

static uint64_t key_of(struct ctx *x, const struct doc *i, const struct ical_comp *c, bool when)
{
    SCOPED_BUF(text, ctx_size(x) * 72 + 4096);
    unsigned char hash[SHA256_SIZE];
    uint64_t key;
    if (!key_text(x, i, c, when, &text) || text.st != OK || x->a->st != OK)
        return 0;
    sha256(buf_view(&text), hash);
    memcpy(&key, hash, sizeof key);
    return key ? key : 1;
}

static enum status key_of_stored(struct arena *a, const struct content_settings *s, enum media media,
                                 struct str stored, struct str recur_id, bool when, uint64_t *key)
{
    struct ctx x;
    struct doc object;
    ctx_init(&x, a, s, CONTENT_NONE);
    *key = 0;
    enum status st = doc_parse(&x, media, stored, &object);
    if (st != OK)
        return st;
    const struct ical_comp *part = part_find(&x, &object, recur_id);
    struct ical_comp *c = part ? comp_copy(a, part, object.root) : NULL;
    if (!c)
        return part ? a->st : NOT_FOUND;
    if (media == MEDIA_CALENDAR)
        (void)adapt_year(&x, &object, c);
    adapt_props(&x, media, c); /* names that are cut on the device are cut here */
    *key = key_of(&x, &object, c, when);
    return a->st;
}

enum status content_key(struct arena *a, const struct content_settings *s, enum media media,
                        struct str stored, struct str recur_id, uint64_t *key)
{
    return key_of_stored(a, s, media, stored, recur_id, true, key);
}

enum status content_title_key(struct arena *a, const struct content_settings *s, enum media media,
                              struct str stored, struct str recur_id, uint64_t *key)
{
    return key_of_stored(a, s, media, stored, recur_id, false, key);
}

enum status content_peek(struct arena *a, const struct content_settings *s, enum content_type type,
                         struct str data, struct content_peek *out)
{
    struct ctx x;
    struct doc item;
    ctx_init(&x, a, s, type);
    *out = (struct content_peek){.uid = STR_NONE, .recur_id = STR("")};
    enum status st = doc_read(&x, data, &item);
    if (st != OK)
        return st;
    out->uid = doc_named(&x, &item, &out->recur_id);
    out->kind =
        item.media == MEDIA_VCARD ? card_is_group(item.main) ? 2 : 1 : (int)ical_kind_of(item.main->name);
    out->key = key_of(&x, &item, item.main, true);
    out->title = item.media == MEDIA_VCARD ? out->key : key_of(&x, &item, item.main, false);
    return doc_digest(&x, &item, out->hash);
}

/* ---- the same? ---- */

struct shared {
    size_t mine, theirs;
    bool any;
};

/* Do both have a value of that property in common? */
static struct shared compare_values(struct ctx *x, const struct doc *a, const struct doc *b, struct str name)
{
    const struct prop_rule *r = prop_rule(a->media, name);
    struct str *keys = ARENA_ARRAY(x->a, struct str, MOST_SHARED);
    struct shared s = {0, 0, false};
    for (const struct line *l = ical_prop(a->main, name); keys && l && s.mine < MOST_SHARED;
         l = ical_prop_next(l, name)) {
        keys[s.mine] = prop_key(x, a, r, l);
        s.mine += keys[s.mine].n > 0;
    }
    if (keys && s.mine > 1)
        qsort(keys, s.mine, sizeof *keys, by_bytes);
    for (const struct line *l = ical_prop(b->main, name); l; l = ical_prop_next(l, name)) {
        struct str key = prop_key(x, b, r, l);
        s.theirs += key.n > 0;
        s.any |= key.n && s.mine && bsearch(&key, keys, s.mine, sizeof *keys, by_bytes);
    }
    return s;
}

/* The ends of two numbers: one may be written without its country. */
static bool same_phone(struct str a, struct str b)
{
    enum { ENOUGH = 7 };
    size_t n = a.n < b.n ? a.n : b.n;
    return n >= ENOUGH &&
           str_eq(str_from(a, a.n - n + (n > ENOUGH ? 1 : 0)), str_from(b, b.n - n + (n > ENOUGH ? 1 : 0)));
}

static bool share_phone(struct ctx *x, const struct doc *a, const struct doc *b)
{
    const struct prop_rule *r = prop_rule(a->media, STR("TEL"));
    size_t budget = 4096;
    for (const struct line *l = ical_prop(a->main, STR("TEL")); l; l = ical_prop_next(l, STR("TEL"))) {
        struct str one = prop_key(x, a, r, l);
        for (const struct line *k = ical_prop(b->main, STR("TEL")); k && budget;
             k = ical_prop_next(k, STR("TEL")))
            if (budget-- && same_phone(one, prop_key(x, b, r, k)))
                return true;
    }
    return false;
}

static bool same_card(struct ctx *x, const struct doc *a, const struct doc *b)
{
    static const struct str others[] = {STR_INIT("BDAY"), STR_INIT("ADR"), STR_INIT("ORG"), STR_INIT("URL"),
                                        STR_INIT("NOTE")};
    struct shared mail = compare_values(x, a, b, STR("EMAIL")), phone = compare_values(x, a, b, STR("TEL"));
    bool mine = mail.mine || phone.mine, theirs = mail.theirs || phone.theirs, agree = false, differ = false;
    if (mail.any || phone.any || share_phone(x, a, b))
        return true;
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct shared s = compare_values(x, a, b, others[i]);
        mine |= s.mine > 0;
        theirs |= s.theirs > 0;
        agree |= s.any;
        differ |= s.mine && s.theirs && !s.any;
    }
    if (!mine || !theirs)
        return true; /* a name and nothing else */
    return agree && !differ && !(mail.mine && mail.theirs) && !(phone.mine && phone.theirs);
}

static bool agree_if_both(struct ctx *x, const struct doc *a, const struct doc *b, struct str name)
{
    struct shared s = compare_values(x, a, b, name);
    return !s.mine || !s.theirs || s.any;
}

static bool same_note(struct ctx *x, const struct doc *a, const struct doc *b)
{
    struct str one, two;
    SCOPED_BUF(ka, ctx_size(x) * 72 + 64);
    SCOPED_BUF(kb, ctx_size(x) * 72 + 64);
    fold(x, &ka, note_text(x, a->main));
    fold(x, &kb, note_text(x, b->main));
    one = buf_view(&ka);
    two = buf_view(&kb);
    return one.n < two.n ? one.n && str_starts(two, one) : two.n ? str_starts(one, two) : one.n == two.n;
}

static bool same_times(struct ctx *x, const struct doc *a, const struct doc *b)
{
    struct extent one, two;
    extent_read(x, a->root, a->main, &one);
    extent_read(x, b->root, b->main, &two);
    if (one.has_start && two.has_start && !when_same(&one.start, &two.start))
        return false;
    if (ical_kind_of(a->main->name) == ICAL_VEVENT && one.has_start && !when_same(&one.end, &two.end))
        return false;
    return rules_same(x, a->root, a->main, b->root, b->main);
}

static bool same_item(struct ctx *x, const struct doc *a, const struct doc *b)
{
    if (a->media != b->media || !str_caseeq(a->main->name, b->main->name))
        return false;
    if (key_of(x, a, a->main, true) != key_of(x, b, b->main, true))
        return false;
    if (a->media == MEDIA_VCARD)
        return card_is_group(a->main) == card_is_group(b->main) && same_card(x, a, b);
    if (ical_kind_of(a->main->name) == ICAL_VJOURNAL)
        return same_note(x, a, b);
    return same_times(x, a, b) && agree_if_both(x, a, b, STR("LOCATION"));
}

enum status content_same(struct arena *a, const struct content_settings *s, enum content_type type,
                         struct str data, struct str stored, struct str recur_id, bool *same)
{
    struct ctx x;
    struct doc object, known, fresh;
    struct str text;
    ctx_init(&x, a, s, type);
    *same = false;
    enum status st = doc_read(&x, data, &fresh);
    if (st == OK)
        st = doc_parse(&x, content_media(type), stored, &object);
    if (st == OK)
        st = known_part(&x, &object, recur_id, &text, &known);
    if (st == UNSUPPORTED || st == NOT_FOUND)
        return OK;
    if (st == OK && known.media == MEDIA_VCARD)
        st = doc_to_version(&x, &fresh, known.version);
    if (st == OK)
        *same = same_item(&x, &fresh, &known);
    return st == OK ? a->st : st;
}
