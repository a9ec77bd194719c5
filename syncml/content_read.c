/* syncml/content_read.c: a device's text into an item. Leniently: what is not UTF-8 is taken for the device's character set, and a
 * line that is none is left out, since one bad property must not cost the whole item. */
#include "syncml/content_int.h"

/* ---- cards as components ---- */

struct doc doc_of_card(struct ctx *x, const struct vcard *card)
{
    struct doc i = {
        .media = MEDIA_VCARD, .version = card->version, .root = ARENA_NEW(x->a, struct ical_comp)};
    if (i.root)
        *i.root = (struct ical_comp){.name = STR("VCARD"), .props = card->props};
    i.main = i.root;
    return i;
}

void doc_card(const struct doc *i, struct vcard *out)
{
    *out = (struct vcard){.version = i->version, .props = i->root->props};
}

enum status doc_to_version(struct ctx *x, struct doc *i, enum vcard_version version)
{
    struct vcard from, *to;
    if (i->version == version)
        return OK;
    doc_card(i, &from);
    enum status st = vcard_convert(x->a, &from, version, &to);
    if (st == OK)
        *i = doc_of_card(x, to);
    return st == OK ? x->a->st : st;
}

/* ---- what is stored ---- */

static struct ical_comp *main_of(const struct ical_comp *root)
{
    struct ical_comp *first = NULL;
    for (struct ical_comp *c = root->children; c; c = c->next) {
        if (!ical_kind_of(c->name))
            continue;
        if (!ical_prop(c, STR("RECURRENCE-ID")))
            return c;
        first = first ? first : c;
    }
    return first;
}

enum status doc_of_calendar(struct ctx *x, struct ical_comp *root, struct doc *out)
{
    *out = (struct doc){.media = MEDIA_CALENDAR, .root = root, .main = main_of(root)};
    return out->main ? x->a->st : ctx_fail(x, INVALID, "no event, task or journal in it");
}

static enum status parse_calendar(struct ctx *x, struct str text, struct doc *out)
{
    struct ical_problem problem;
    *out = (struct doc){.media = MEDIA_CALENDAR};
    enum status st = ical_parse(x->a, text, &x->s->limits->ical, &out->root, &problem);
    if (st != OK) {
        x->why = problem.text;
        return st;
    }
    return doc_of_calendar(x, out->root, out);
}

static enum status parse_card(struct ctx *x, struct str text, struct doc *out)
{
    struct vcard_problem problem;
    struct vcard *card;
    enum status st = vcard_parse(x->a, text, &x->s->limits->vcard, &card, &problem);
    if (st != OK) {
        x->why = problem.text;
        return st;
    }
    *out = doc_of_card(x, card);
    return x->a->st;
}

enum status doc_parse(struct ctx *x, enum media media, struct str stored, struct doc *out)
{
    return media == MEDIA_VCARD      ? parse_card(x, stored, out)
           : media == MEDIA_CALENDAR ? parse_calendar(x, stored, out)
                                     : ctx_fail(x, UNSUPPORTED, "neither calendar nor card");
}

/* ---- what devices send ---- */

/* Without the characters that no text holds; a lone CR ends a line. */
static struct str without_controls(struct ctx *x, struct str data)
{
    bool any = false;
    for (size_t i = 0; i < data.n && !any; i++) {
        unsigned char c = (unsigned char)data.p[i];
        any = (c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7f ||
              (c == '\r' && (i + 1 == data.n || data.p[i + 1] != '\n'));
    }
    if (!any)
        return data;
    SCOPED_BUF(text, data.n + 1);
    for (size_t i = 0; i < data.n; i++) {
        unsigned char c = (unsigned char)data.p[i];
        bool lone = c == '\r' && (i + 1 == data.n || data.p[i + 1] != '\n');
        if (lone)
            buf_addc(&text, '\n');
        else if ((c >= 0x20 && c != 0x7f) || c == '\n' || c == '\t' || c == '\r')
            buf_addc(&text, (char)c);
    }
    return text.st == OK ? arena_str(x->a, buf_view(&text)) : data;
}

/* The lines that can be read. */
static enum status good_lines(struct ctx *x, struct str data, struct str *out)
{
    struct line_limits limits =
        x->type == CONTENT_ICAL20 ? x->s->limits->ical.line : x->s->limits->vcard.line;
    SCOPED_BUF(good, data.n * 2 + 1);
    struct line_reader r = {.rest = data, .arena = x->a, .limits = &limits};
    struct line *l;
    enum status st;
    while ((st = line_next(&r, &l)) != NOT_FOUND) {
        if (st == INVALID || (st == OK && !str_utf8(l->raw)))
            continue;
        if (st != OK) {
            x->why = arena_str(x->a, r.why);
            return st;
        }
        buf_add(&good, l->raw);
        buf_addz(&good, "\r\n");
    }
    if (good.st != OK)
        return good.st;
    *out = arena_str(x->a, buf_view(&good));
    return x->a->st;
}

/* Latin-1 where UTF-8 is promised is what devices get wrong most. */
static struct str to_utf8(struct ctx *x, struct str data)
{
    if (str_utf8(data))
        return data;
    SCOPED_BUF(out, data.n * 2 + 1);
    for (size_t i = 0; i < data.n; i++) {
        unsigned char c = (unsigned char)data.p[i];
        if (c < 0x80) {
            buf_addc(&out, (char)c);
            continue;
        }
        buf_addc(&out, (char)(0xc0 | c >> 6));
        buf_addc(&out, (char)(0x80 | (c & 0x3f)));
    }
    return out.st == OK ? arena_str(x->a, buf_view(&out)) : data;
}

/* 2.0 and 3.0 and 4.0: parsed as the store does, and once more with the bad lines left out. */
static enum status read_standard(struct ctx *x, struct str data, struct doc *out)
{
    enum media media = content_media(x->type);
    data = without_controls(x, to_utf8(x, data));
    enum status st = doc_parse(x, media, data, out);
    if (st != INVALID)
        return st;
    struct str why = x->why, good;
    st = good_lines(x, data, &good);
    if (st == OK)
        st = doc_parse(x, media, good, out);
    if (st == INVALID && why.p)
        x->why = why; /* it says what was wrong with what came */
    return st;
}

typedef enum status (*read_fn)(struct ctx *x, struct str data, struct doc *out);
static const read_fn readers[CONTENT_TYPE_COUNT] = {
    [CONTENT_VCARD21] = read_vcard21, [CONTENT_VCARD30] = read_standard, [CONTENT_VCARD40] = read_standard,
    [CONTENT_VCAL10] = read_vcal10,   [CONTENT_ICAL20] = read_standard,  [CONTENT_PLAIN] = read_plain,
    [CONTENT_VNOTE] = read_vnote,     [CONTENT_SIFC] = read_sif,         [CONTENT_SIFE] = read_sif,
    [CONTENT_SIFT] = read_sif,        [CONTENT_SIFN] = read_sif,
};

/* Categories of the E series come as "X-…". */
static void plain_categories(struct ctx *x, struct ical_comp *c)
{
    for (struct line *l = c->props; l; l = l->next) {
        if (!str_caseeq(l->name, STR("CATEGORIES")))
            continue;
        SCOPED_BUF(out, l->value.n + 1);
        struct str rest = l->value, one;
        while (text_split(&rest, ',', &one)) {
            one = str_trim(one);
            buf_addz(&out, out.n ? "," : "");
            buf_add(&out, str_casestarts(one, STR("X-")) ? str_from(one, 2) : one);
        }
        l->value = arena_str(x->a, buf_view(&out));
        l->raw = STR_NONE;
    }
}

/* 1, 2, 3 of Windows Mobile are high, normal, low. */
static void wide_priority(struct ctx *x, struct ical_comp *c)
{
    static const struct str wide[] = {STR_INIT("0"), STR_INIT("1"), STR_INIT("5"), STR_INIT("9")};
    struct line *l = comp_prop(c, STR("PRIORITY"));
    uint64_t n;
    (void)x;
    if (!l || !str_u64(str_trim(l->value), &n) || n >= COUNT_OF(wide))
        return;
    l->value = wide[n];
    l->raw = STR_NONE;
}

/* The engine of SyncEvolution and others fills an empty DESCRIPTION; in the calendars of others it would stand there twice. */
static void drop_echo(struct ctx *x, struct ical_comp *c)
{
    const struct line *summary = ical_prop(c, STR("SUMMARY")),
                      *description = ical_prop(c, STR("DESCRIPTION"));
    enum ical_kind kind = ical_kind_of(c->name);
    if (!x->s->phone->summary_echo || (kind != ICAL_VEVENT && kind != ICAL_VTODO) || !summary || !description)
        return;
    if (str_eq(str_trim(text_unescape(x->a, summary->value)),
               str_trim(text_unescape(x->a, description->value))))
        comp_drop(c, STR("DESCRIPTION"));
}

/* "ADR:;;;;;;" and the like say as little as "TITLE:", which means that it is gone. */
static void empty_what_says_nothing(struct ical_comp *c)
{
    for (struct line *l = c->props; l; l = l->next) {
        size_t i = 0;
        while (i < l->value.n && (ascii_space(l->value.p[i]) || l->value.p[i] == ';' || l->value.p[i] == ','))
            i++;
        if (i < l->value.n || !i || str_caseeq(l->name, STR("N")))
            continue;
        l->value = STR("");
        l->raw = STR_NONE;
    }
}

static void undo_ways(struct ctx *x, struct ical_comp *c)
{
    const struct phone *p = x->s->phone;
    if (x->type != CONTENT_ICAL20 && x->type != CONTENT_VCARD30)
        return; /* the readers of the other types do it */
    if (p->categories_x)
        plain_categories(x, c);
    if (p->priorities == 3 && ical_kind_of(c->name))
        wide_priority(x, c);
    if (p->drop_status && ical_kind_of(c->name) == ICAL_VEVENT)
        comp_drop(c, STR("STATUS"));
}

/* What a card has once: of two the first. */
static void drop_twice(struct ical_comp *card)
{
    static const struct str once[] = {STR_INIT("N"), STR_INIT("FN"), STR_INIT("BDAY"), STR_INIT("UID")};
    bool seen[COUNT_OF(once)] = {false};
    for (struct line **p = &card->props; *p;) {
        bool again = false;
        for (size_t i = 0; i < COUNT_OF(once); i++)
            if (str_caseeq((*p)->name, once[i])) {
                again = seen[i];
                seen[i] = true;
            }
        if (again)
            *p = (*p)->next;
        else
            p = &(*p)->next;
    }
}

enum status doc_read(struct ctx *x, struct str data, struct doc *out)
{
    read_fn reader = x->type < CONTENT_TYPE_COUNT ? readers[x->type] : NULL;
    if (!reader)
        return ctx_fail(x, UNSUPPORTED, "not a type of item");
    if (data.n > ctx_size(x))
        return ctx_fail(x, TOO_LARGE, "the item is larger than what is taken");
    enum status st = reader(x, data, out);
    if (st != OK)
        return st;
    if (out->media == MEDIA_VCARD) {
        drop_twice(out->root);
        empty_what_says_nothing(out->root);
        undo_ways(x, out->root);
    }
    for (struct ical_comp *c = out->root->children; c; c = c->next) {
        empty_what_says_nothing(c);
        undo_ways(x, c);
        drop_echo(x, c);
    }
    doc_localise(x, out);
    return x->a->st;
}
