/* syncml/content_versit.c: the formats of phones: vCard 2.1, vCalendar 1.0, vNote 1.1, said in the way of the phone's profile. */
#include "formats/note.h"
#include "formats/vcal10.h"
#include "formats/vcard21.h"
#include "formats/vnote.h"
#include "syncml/content_int.h"

enum charset charset_of_phone(enum phone_charset c)
{
    return c == PHONE_LATIN1 ? CHARSET_LATIN1 : c == PHONE_CP1252 ? CHARSET_CP1252 : CHARSET_UTF8;
}

/* Of 8-bit text that names no set: UTF-8 was tried already. CHARSET_UTF8: it is that, whatever it names. */
static enum charset charset_in(const struct ctx *x)
{
    if (x->s->recoded)
        return CHARSET_UTF8;
    enum charset c = charset_of_phone(x->s->phone->charset_in);
    return c == CHARSET_UTF8 ? CHARSET_NONE : c;
}

static struct versit_write text_ways(const struct ctx *x)
{
    const struct phone *p = x->s->phone;
    return (struct versit_write){.charset = charset_of_phone(p->charset_out),
                                 .qp_8bit = p->qp_8bit,
                                 .fold = p->fold,
                                 .empty = p->empty_properties};
}

/* ---- vCard 2.1 ---- */

enum status read_vcard21(struct ctx *x, struct str data, struct doc *out)
{
    const struct vcard21_read ways = {
        .limits = &x->s->limits->vcard, .charset = charset_in(x), .categories_x = x->s->phone->categories_x};
    struct vcard_problem problem = {STR_NONE, false};
    struct vcard *card;
    enum status st = vcard21_parse(x->a, data, &ways, &card, &problem);
    if (st != OK) {
        x->why = problem.text;
        return st;
    }
    *out = doc_of_card(x, card);
    return x->a->st;
}

enum status write_vcard21(struct ctx *x, const struct doc *i, struct buf *out)
{
    const struct phone *p = x->s->phone;
    const struct vcard21_write ways = {.text = text_ways(x),
                                       .photo_base64 = p->photo_base64,
                                       .email_internet = p->email_internet,
                                       .categories_x = p->categories_x};
    struct vcard card;
    doc_card(i, &card);
    return vcard21_write(x->a, &card, &ways, out);
}

/* ---- vCalendar 1.0 ---- */

static enum vcal10_time time_of(enum phone_time t)
{
    return t == PHONE_LOCAL ? VCAL10_LOCAL : t == PHONE_LOCAL_AS_UTC ? VCAL10_LOCAL_AS_UTC : VCAL10_UTC;
}

/* TZID of local times; none when the account's zone is not known. */
static struct str zone_of(const struct ctx *x)
{
    return x->local == tz_utc() ? STR_NONE : x->s->zone;
}

enum status read_vcal10(struct ctx *x, struct str data, struct doc *out)
{
    const struct phone *p = x->s->phone;
    const struct vcal10_read ways = {.limits = &x->s->limits->ical,
                                     .charset = charset_in(x),
                                     .time = time_of(p->time),
                                     .zones = x->s->zones,
                                     .zone = zone_of(x),
                                     .priorities = p->priorities,
                                     .categories_x = p->categories_x,
                                     .drop_status = p->drop_status};
    struct ical_problem problem = {ICAL_OK, STR_NONE};
    struct ical_comp *root;
    unsigned notes = 0;
    enum status st = vcal10_parse(x->a, data, &ways, &root, &notes, &problem);
    if (st != OK) {
        x->why = problem.text;
        return st;
    }
    return doc_of_calendar(x, root, out);
}

/* A rule that 1.0 has no words for is left out: the device has the first instance, and the store keeps the rule. */
enum status write_vcal10(struct ctx *x, const struct doc *i, struct buf *out)
{
    const struct phone *p = x->s->phone;
    struct vcal10_write ways = {.text = text_ways(x),
                                .time = time_of(p->time),
                                .zones = x->s->zones,
                                .zone = zone_of(x),
                                .rules = VCAL10_RULES_NEAR,
                                .alarms = p->alarms_utc ? VCAL10_ALARMS_UTC : VCAL10_ALARMS_AS_TIMES,
                                .allday = p->allday_t24 ? VCAL10_ALLDAY_T24
                                          : p->epoc     ? VCAL10_ALLDAY_NEXT
                                                        : VCAL10_ALLDAY_2359,
                                .due_local_midnight = p->due_local_midnight,
                                .epoc = p->epoc,
                                .tz_properties = p->tz_properties,
                                .priorities = p->priorities,
                                .categories_x = p->categories_x,
                                .year_min = p->year_min};
    unsigned notes = 0;
    size_t before = out->n;
    enum status st = vcal10_write(x->a, i->root, i->main, &ways, out, &notes);
    if (st != UNSUPPORTED)
        return st;
    buf_cut(out, before);
    ways.rules = VCAL10_RULES_NONE;
    return vcal10_write(x->a, i->root, i->main, &ways, out, &notes);
}

/* ---- notes ---- */

static enum status journal(struct ctx *x, struct doc *out)
{
    struct ical_comp *root = ARENA_NEW(x->a, struct ical_comp), *c = ARENA_NEW(x->a, struct ical_comp);
    if (!root || !c)
        return x->a->st;
    *root = (struct ical_comp){.name = STR("VCALENDAR"), .children = c};
    *c = (struct ical_comp){.name = STR("VJOURNAL"), .parent = root};
    *out = (struct doc){.media = MEDIA_CALENDAR, .root = root, .main = c};
    return OK;
}

/* No client shows such characters, and XML has most of them not at all. */
static struct str without_controls(struct ctx *x, struct str text)
{
    SCOPED_BUF(out, text.n + 1);
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] >= 0x20 || text.p[i] == '\n' || text.p[i] == '\r' || text.p[i] == '\t')
            buf_addc(&out, text.p[i]);
    text = buf_view(&out);
    while (str_starts(text, STR("\xef\xbb\xbf"))) /* also one that stood behind such characters */
        text = str_from(text, 3);
    return arena_str(x->a, text);
}

static enum status note_failed(struct ctx *x, enum status st)
{
    return st == INVALID ? ctx_fail(x, INVALID, "the note is no text") : st;
}

enum status read_plain(struct ctx *x, struct str data, struct doc *out)
{
    struct str text;
    enum status st = charset_guess(x->a,
                                   charset_of_phone(x->s->phone->charset_in) == CHARSET_UTF8
                                       ? CHARSET_CP1252
                                       : charset_of_phone(x->s->phone->charset_in),
                                   data, &text);
    if (st == OK)
        st = journal(x, out);
    return st == OK ? note_failed(x, note_read(x->a, without_controls(x, text), out->main)) : st;
}

enum status write_plain(struct ctx *x, const struct doc *i, struct buf *out)
{
    SCOPED_BUF(text, ctx_size(x) * 2 + 4096);
    enum status st = note_write(&text, x->a, i->main, STR("\n"));
    if (st != OK || text.st != OK)
        return st != OK ? st : text.st;
    charset_encode(out, charset_of_phone(x->s->phone->charset_out), buf_view(&text));
    return out->st;
}

static void put(struct ctx *x, struct ical_comp *c, struct str name, struct str value)
{
    if (str_trim(value).n)
        (void)comp_set(x->a, c, name, value);
}

enum status read_vnote(struct ctx *x, struct str data, struct doc *out)
{
    const struct vnote_read ways = {.limits = &x->s->limits->vcard.line, .charset = charset_in(x)};
    struct vnote n;
    struct when created;
    enum status st = vnote_parse(x->a, data, &ways, &n, &x->why);
    if (st == OK)
        st = journal(x, out);
    if (st != OK)
        return st;
    struct str body = without_controls(x, n.body), summary = str_trim(without_controls(x, n.summary));
    struct ical_comp *c = out->main;
    if (summary.n && !str_starts(str_trim(body), summary)) {
        comp_set(x->a, c, STR("SUMMARY"), text_value(x->a, summary));
        put(x, c, STR("DESCRIPTION"), text_value(x->a, body));
    } else {
        st = note_failed(x, note_read(x->a, body, c));
    }
    put(x, c, STR("CATEGORIES"), n.categories);
    put(x, c, STR("CLASS"), n.class);
    put(x, c, STR("UID"), n.uid);
    if (when_read(x, NULL, NULL, n.created, &created) && created.is_utc)
        put(x, c, STR("CREATED"), n.created);
    return st == OK ? x->a->st : st;
}

enum status write_vnote(struct ctx *x, const struct doc *i, struct buf *out)
{
    SCOPED_BUF(text, ctx_size(x) * 2 + 4096);
    const struct versit_write ways = text_ways(x);
    enum status st = note_write(&text, x->a, i->main, STR("\n"));
    if (st != OK || text.st != OK)
        return st != OK ? st : text.st;
    const struct line *categories = ical_prop(i->main, STR("CATEGORIES")),
                      *class = ical_prop(i->main, STR("CLASS"));
    const struct vnote n = {.body = buf_view(&text),
                            .categories = categories ? categories->value : STR_NONE,
                            .class = class ? class->value : STR_NONE};
    vnote_write(out, &n, &ways);
    return out->st;
}
