/* formats/sif_numbers.c: telephone numbers, addresses of mail and pages: many of one property, told apart by TYPE and by their order. */
#include "formats/sif_int.h"

#include "core/scoped.h"
#include "formats/vcard_int.h"

enum { MOST_TYPES = 2, MOST = 10, BASE_NUMBERED = 1 };

/* The first of a row is "HomeTelephoneNumber", the second "Home2TelephoneNumber". Outlook has fields for `shown` of them, which are always
 * written; other clients know up to ten. */
static const struct row {
    const char *property, *before, *behind;
    int shown, most;
    unsigned flags;
    struct str types[MOST_TYPES];
} rows[] = {
    {"TEL", "Home", "TelephoneNumber", 2, MOST, 0, {STR_INIT("HOME")}},
    {"TEL", "Business", "TelephoneNumber", 2, MOST, 0, {STR_INIT("WORK")}},
    {"TEL", "Mobile", "TelephoneNumber", 1, MOST, 0, {STR_INIT("CELL")}},
    {"TEL", "MobileHome", "TelephoneNumber", 0, 1, 0, {STR_INIT("CELL"), STR_INIT("HOME")}},
    {"TEL", "MobileBusiness", "TelephoneNumber", 0, 1, 0, {STR_INIT("CELL"), STR_INIT("WORK")}},
    {"TEL", "Home", "FaxNumber", 1, MOST, 0, {STR_INIT("FAX"), STR_INIT("HOME")}},
    {"TEL", "Business", "FaxNumber", 1, MOST, 0, {STR_INIT("FAX"), STR_INIT("WORK")}},
    {"TEL", "Other", "FaxNumber", 1, MOST, 0, {STR_INIT("FAX")}},
    {"TEL", "PagerNumber", "", 1, MOST, 0, {STR_INIT("PAGER")}},
    {"TEL", "Car", "TelephoneNumber", 1, 1, 0, {STR_INIT("CAR")}},
    {"TEL", "ISDNNumber", "", 0, 1, 0, {STR_INIT("ISDN")}},
    {"TEL", "Assistant", "TelephoneNumber", 1, 1, 0, {STR_INIT("X-EVOLUTION-ASSISTANT")}},
    {"TEL", "Callback", "TelephoneNumber", 1, 1, 0, {STR_INIT("X-EVOLUTION-CALLBACK")}},
    {"TEL", "CompanyMain", "TelephoneNumber", 1, 1, 0, {STR_INIT("X-EVOLUTION-COMPANY")}},
    {"TEL", "Radio", "TelephoneNumber", 1, 1, 0, {STR_INIT("X-EVOLUTION-RADIO")}},
    {"TEL", "TelexNumber", "", 1, 1, 0, {STR_INIT("X-EVOLUTION-TELEX")}},
    {"TEL", "Primary", "TelephoneNumber", 1, 1, 0, {STR_INIT("PREF")}},
    {"TEL", "Other", "TelephoneNumber", 1, MOST, 0, {STR_INIT("")}},
    {"EMAIL", "Email", "Address", 3, 3, BASE_NUMBERED, {STR_INIT("")}},
    {"URL", "Home", "WebPage", 1, MOST, 0, {STR_INIT("HOME")}},
    {"URL", "Business", "WebPage", 0, MOST, 0, {STR_INIT("WORK")}},
    {"URL", "WebPage", "", 1, MOST, 0, {STR_INIT("")}},
};

static struct str element_of(struct arena *a, const struct row *r, int n)
{
    if (n == 1 && !(r->flags & BASE_NUMBERED))
        return arena_strf(a, "%s%s", r->before, r->behind);
    return arena_strf(a, "%s%d%s", r->before, n, r->behind);
}

/* TEL and EMAIL hold text, URL a URI as it stands. */
static bool is_text(const struct row *r)
{
    return !str_eq(str_c(r->property), STR("URL"));
}

static void read_one(struct sif_in *in, const struct row *r, struct str value)
{
    struct line *l = is_text(r) ? sif_add_text(in, r->property, value) : sif_add(in, r->property, value);
    if (!l)
        return;
    for (size_t i = 0; i < MOST_TYPES; i++)
        if (r->types[i].n)
            vcard_type_add(in->arena, l, r->types[i]);
    if (str_eq(str_c(r->property), STR("EMAIL")))
        vcard_type_add(in->arena, l, STR("INTERNET"));
    else if (str_eq(str_c(r->behind), STR("TelephoneNumber")))
        vcard_type_add(in->arena, l, STR("VOICE"));
}

void sif_numbers_read(struct sif_in *in)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (int n = 1; n <= rows[i].most; n++) {
            struct str element = element_of(in->arena, &rows[i], n);
            struct str value = element.p ? sif_value(in, element.p) : STR_NONE;
            if (value.n)
                read_one(in, &rows[i], value);
        }
}

/* How many of its types the line has: all of them (the more, the better it fits), or -1. */
static int fits(const struct row *r, const struct line *l)
{
    int n = 0;
    if (!str_caseeq(l->name, str_c(r->property)))
        return -1;
    for (size_t i = 0; i < MOST_TYPES && r->types[i].n; i++, n++)
        if (!line_param_has(l, STR("TYPE"), r->types[i]))
            return -1;
    return n;
}

struct sorted {
    const struct line *lines[COUNT_OF(rows)][MOST];
    int used[COUNT_OF(rows)];
};

static void sort(struct sorted *s, const struct line *l)
{
    size_t best = COUNT_OF(rows);
    int most = -1;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int n = s->used[i] < rows[i].most ? fits(&rows[i], l) : -1;
        if (n > most) {
            most = n;
            best = i;
        }
    }
    if (most >= 0)
        s->lines[best][s->used[best]++] = l;
}

/* The address that is preferred is the first. */
static void sort_all(struct sorted *s, const struct line *props, bool preferred)
{
    for (const struct line *l = props; l; l = l->next) {
        bool first = str_caseeq(l->name, STR("EMAIL")) && line_param_has(l, STR("TYPE"), STR("PREF"));
        if (first == preferred && str_trim(l->value).n)
            sort(s, l);
    }
}

void sif_numbers_write(struct sif_out *out)
{
    struct sorted s = {0};
    sort_all(&s, out->props, true);
    sort_all(&s, out->props, false);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int count = s.used[i] > rows[i].shown ? s.used[i] : rows[i].shown;
        for (int n = 1; n <= count; n++) {
            const struct line *l = n <= s.used[i] ? s.lines[i][n - 1] : NULL;
            struct str element = element_of(out->arena, &rows[i], n);
            struct str value = !l                  ? STR_NONE
                               : is_text(&rows[i]) ? text_unescape(out->arena, l->value)
                                                   : l->value;
            if (element.p)
                sif_leaf(out, element.p, str_trim(value));
        }
    }
}
