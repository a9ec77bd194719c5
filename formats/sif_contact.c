/* formats/sif_contact.c: SIF-C and vCard 3.0.
 *
 * FileAs is how Outlook files the card. "Rossi, Mario" is not a name that others should show, so it becomes X-EVOLUTION-FILE-AS and FN is
 * made of the name's parts; any other FileAs is FN. */
#include "formats/sif_int.h"

#include "core/scoped.h"
#include "formats/vcard_int.h"

enum { MOST_PARTS = 7, STREET_PART = 2, EXTENDED_PART = 1 };

#define FILE_AS "X-EVOLUTION-FILE-AS"

/* ---- values that are several elements ---- */

static const struct compound {
    const char *property;
    const char *type; /* TYPE that tells it apart; "": neither HOME nor WORK; NULL: the only one */
    size_t count;
    const char *parts[MOST_PARTS];
} compounds[] = {
    {"N", NULL, 5, {"LastName", "FirstName", "MiddleName", "Title", "Suffix"}},
    {"ADR",
     "HOME",
     7,
     {"HomeAddressPostOfficeBox", NULL, "HomeAddressStreet", "HomeAddressCity", "HomeAddressState",
      "HomeAddressPostalCode", "HomeAddressCountry"}},
    {"ADR",
     "WORK",
     7,
     {"BusinessAddressPostOfficeBox", NULL, "BusinessAddressStreet", "BusinessAddressCity",
      "BusinessAddressState", "BusinessAddressPostalCode", "BusinessAddressCountry"}},
    {"ADR",
     "",
     7,
     {"OtherAddressPostOfficeBox", NULL, "OtherAddressStreet", "OtherAddressCity", "OtherAddressState",
      "OtherAddressPostalCode", "OtherAddressCountry"}},
    {"LABEL", "HOME", 1, {"HomeLabel"}},
    {"LABEL", "WORK", 1, {"BusinessLabel"}},
    {"LABEL", "", 1, {"OtherLabel"}},
    {"ORG", NULL, 2, {"CompanyName", "Department"}},
};

static void read_compound(struct sif_in *in, const struct compound *c)
{
    struct str parts[MOST_PARTS] = {STR_NONE};
    size_t last = 0, size = MOST_PARTS;
    for (size_t i = 0; i < c->count; i++) {
        parts[i] = c->parts[i] ? sif_value(in, c->parts[i]) : STR_NONE;
        size += parts[i].n * 2;
        last = parts[i].n ? i + 1 : last;
    }
    if (!last)
        return;
    size_t count = str_eq(str_c(c->property), STR("ORG")) ? last : c->count;
    SCOPED_BUF(b, size);
    for (size_t i = 0; i < count; i++) {
        buf_add(&b, i ? STR(";") : STR(""));
        text_escape(&b, parts[i]);
    }
    struct line *l = sif_add(in, c->property, arena_str(in->arena, buf_view(&b)));
    if (l && c->type && *c->type)
        vcard_type_add(in->arena, l, str_c(c->type));
}

static const struct line *compound_line(const struct sif_out *out, const struct compound *c)
{
    for (const struct line *l = out->props; l; l = l->next) {
        if (!str_caseeq(l->name, str_c(c->property)))
            continue;
        bool home = line_param_has(l, STR("TYPE"), STR("HOME")),
             work = !home && line_param_has(l, STR("TYPE"), STR("WORK"));
        if (!c->type || (*c->type ? (*c->type == 'H' ? home : work) : !home && !work))
            return l;
    }
    return NULL;
}

/* What Outlook has no field for (a flat, a floor) is the street's second line. */
static struct str street_of(struct sif_out *out, struct str street, struct str extended)
{
    if (!extended.n)
        return street;
    return street.n ? JOIN(out->arena, street, STR("\n"), extended) : extended;
}

static void write_compound(struct sif_out *out, const struct compound *c)
{
    const struct line *l = compound_line(out, c);
    struct str rest = l ? l->value : STR_NONE, parts[MOST_PARTS] = {STR_NONE};
    for (size_t i = 0; i < c->count && text_split(&rest, ';', &parts[i]); i++)
        parts[i] = text_unescape(out->arena, parts[i]);
    if (c->count == MOST_PARTS)
        parts[STREET_PART] = street_of(out, parts[STREET_PART], parts[EXTENDED_PART]);
    for (size_t i = 0; i < c->count; i++)
        if (c->parts[i])
            sif_leaf(out, c->parts[i], parts[i]);
}

/* ---- dates, picture, addresses of chats ---- */

static void date_read(struct sif_in *in, const struct sif_row *row)
{
    struct sif_time t;
    int y, m, d;
    if (!sif_time(in, row->element, &t))
        return;
    civil_from_days(sif_day(t.civil), &y, &m, &d);
    sif_add(in, row->property, arena_strf(in->arena, "%04d-%02d-%02d", y, m, d));
}

static void date_write(struct sif_out *out, const struct sif_row *row)
{
    static const struct sif_in none = {0};
    const struct line *l = sif_prop(out, row->property);
    struct sif_time t;
    if (!l && row->also)
        l = sif_prop(out, row->also);
    if (l && sif_time_of(&none, str_trim(l->value), &t))
        sif_leaf_date(out, row->element, sif_day(t.civil));
    else
        sif_leaf(out, row->element, STR_NONE);
}

static struct str picture_type(struct str bytes)
{
    static const struct {
        struct str magic, type;
    } known[] = {
        {STR_INIT("\x89PNG"), STR_INIT("PNG")},
        {STR_INIT("GIF8"), STR_INIT("GIF")},
        {STR_INIT("BM"), STR_INIT("BMP")},
    };
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (str_starts(bytes, known[i].magic))
            return known[i].type;
    return STR("JPEG");
}

static void photo_read(struct sif_in *in, const struct sif_row *row)
{
    struct str s = sif_value(in, row->element);
    SCOPED_BUF(bytes, s.n + 4);
    SCOPED_BUF(text, s.n * 2 + 16);
    if (!s.n || !buf_unbase64(&bytes, s) || !bytes.n)
        return;
    buf_base64(&text, buf_view(&bytes));
    if (bytes.st != OK || text.st != OK) {
        in->arena->st = E_MEMORY;
        return;
    }
    struct line *l = sif_add(in, row->property, arena_str(in->arena, buf_view(&text)));
    sif_param(in, l, "ENCODING", STR("b"));
    sif_param(in, l, "TYPE", picture_type(buf_view(&bytes)));
}

static void photo_write(struct sif_out *out, const struct sif_row *row)
{
    const struct line *l = sif_prop(out, row->property);
    struct str encoding = l ? line_param1(l, STR("ENCODING")) : STR_NONE;
    bool inside = l && (str_caseeq(encoding, STR("b")) || str_caseeq(encoding, STR("BASE64")));
    SCOPED_BUF(bytes, inside ? l->value.n + 4 : 1);
    SCOPED_BUF(text, inside ? l->value.n * 2 + 16 : 1);
    if (inside && buf_unbase64(&bytes, l->value) && bytes.n)
        buf_base64(&text, buf_view(&bytes));
    sif_leaf(out, row->element, buf_view(&text));
}

/* A chat's address has no scheme in Outlook, IMPP is a URI (RFC 4770). */
static void chat_read(struct sif_in *in, const struct sif_row *row)
{
    struct str s = sif_value(in, row->element);
    if (s.n)
        sif_add(in, row->property, vcard_has_scheme(s) ? s : JOIN(in->arena, STR("im:"), s));
}

static void chat_write(struct sif_out *out, const struct sif_row *row)
{
    const struct line *l = sif_prop(out, row->property);
    struct str s = l ? str_trim(l->value) : STR_NONE;
    sif_leaf(out, row->element, str_casestarts(s, STR("im:")) ? str_from(s, 3) : s);
}

/* ---- single values ---- */

/* Some clients send Outlook's number, some its name; numbers are written. */
static const struct sif_choice genders[] = {
    {STR_INIT("0"), STR_INIT("N"), STR_INIT("")},    {STR_INIT("Female"), STR_INIT("F"), STR_INIT("")},
    {STR_INIT("Male"), STR_INIT("M"), STR_INIT("")}, {STR_INIT("1"), STR_INIT("F"), STR_INIT("")},
    {STR_INIT("2"), STR_INIT("M"), STR_INIT("")},    {STR_NONE, STR_NONE, STR_NONE},
};
static const struct sif_choice importances[] = {
    {STR_INIT("1"), STR_INIT("1"), STR_INIT("")},
    {STR_INIT("0"), STR_INIT("0"), STR_INIT("")},
    {STR_INIT("2"), STR_INIT("2"), STR_INIT("")},
    {STR_NONE, STR_NONE, STR_NONE},
};

static const struct sif_row rows[] = {
    SIF_LIST("NickName", "NICKNAME"),
    SIF_TEXT("JobTitle", "TITLE"),
    SIF_TEXT("Profession", "ROLE"),
    {"Birthday", "BDAY", date_read, date_write, NULL, NULL},
    {"Anniversary", "X-ANNIVERSARY", date_read, date_write, "X-EVOLUTION-ANNIVERSARY", NULL},
    {"Spouse", "X-EVOLUTION-SPOUSE", sif_text_read, sif_text_write, "X-SPOUSE", NULL},
    {"ManagerName", "X-EVOLUTION-MANAGER", sif_text_read, sif_text_write, "X-MANAGER", NULL},
    {"AssistantName", "X-EVOLUTION-ASSISTANT", sif_text_read, sif_text_write, "X-ASSISTANT", NULL},
    {"IMAddress", "IMPP", chat_read, chat_write, NULL, NULL},
    {"Photo", "PHOTO", photo_read, photo_write, NULL, NULL},
    SIF_BODY("Body", "NOTE"),
    SIF_LIST("Categories", "CATEGORIES"),
    SIF_CHOICE("Sensitivity", "CLASS", sif_sensitivity),
    SIF_CHOICE("Importance", "X-SIF-IMPORTANCE", importances),
    SIF_CHOICE("Gender", "X-GENDER", genders),
    SIF_TEXT("Hobby", "X-HOBBY"),
    SIF_TEXT("YomiFirstName", "X-PHONETIC-FIRST-NAME"),
    SIF_TEXT("YomiLastName", "X-PHONETIC-LAST-NAME"),
    SIF_TEXT("YomiCompanyName", "X-PHONETIC-ORG"),
    SIF_TEXT("BillingInformation", "X-SIF-BILLINGINFORMATION"),
    SIF_TEXT("Children", "X-SIF-CHILDREN"),
    SIF_TEXT("Companies", "X-SIF-COMPANIES"),
    SIF_TEXT("ComputerNetworkName", "X-SIF-COMPUTERNETWORKNAME"),
    SIF_TEXT("Initials", "X-SIF-INITIALS"),
    SIF_TEXT("Language", "X-SIF-LANGUAGE"),
    SIF_TEXT("Mileage", "X-SIF-MILEAGE"),
    SIF_TEXT("OfficeLocation", "X-SIF-OFFICELOCATION"),
    SIF_TEXT("OrganizationalIDNumber", "X-SIF-ORGANIZATIONALIDNUMBER"),
};

/* ---- names ---- */

/* "Rossi, Mario", or the company's name for somebody who has one: a way of sorting. */
static bool sorts(const struct sif_in *in, struct str file_as)
{
    struct str last = sif_value(in, "LastName"), company = sif_value(in, "CompanyName");
    bool named = last.n || sif_value(in, "FirstName").n;
    if (named && company.n && str_starts(file_as, company))
        return file_as.n == company.n || str_starts(str_from(file_as, company.n), STR(" ("));
    return last.n && str_starts(file_as, last) && file_as.n > last.n && file_as.p[last.n] == ',';
}

static void names_read(struct sif_in *in)
{
    static const char *const order[] = {"FirstName", "MiddleName", "LastName"};
    static const char *const instead[] = {"CompanyName", "NickName", "Email1Address",
                                          "MobileTelephoneNumber"};
    struct str file_as = sif_value(in, "FileAs"), name = STR_NONE, uid = sif_value(in, "UID");
    bool sorting = file_as.n && sorts(in, file_as);
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        struct str part = sif_value(in, order[i]);
        if (part.n)
            name = name.n ? JOIN(in->arena, name, STR(" "), part) : part;
    }
    if (file_as.n && !sorting)
        name = file_as;
    for (size_t i = 0; i < COUNT_OF(instead) && !name.n; i++)
        name = sif_value(in, instead[i]);
    if (uid.n)
        sif_add_text(in, "UID", uid);
    if (name.n)
        sif_add_text(in, "FN", name);
    if (sorting)
        sif_add_text(in, FILE_AS, file_as);
}

static void names_write(struct sif_out *out)
{
    struct str file_as = sif_text(out, FILE_AS);
    sif_leaf(out, "FileAs", file_as.n ? file_as : sif_text(out, "FN"));
}

enum status sif_read_contact(struct arena *a, struct str text, const struct sif_settings *s,
                             struct vcard **out, struct str *why)
{
    struct sif_in in;
    *out = NULL;
    *why = STR_NONE;
    enum status st = sif_open(&in, a, "contact", text, s, why);
    if (st != OK)
        return st;
    struct vcard *c = ARENA_NEW(a, struct vcard);
    if (!c)
        return a->st;
    c->version = VCARD_3_0;
    in.tail = &c->props;
    names_read(&in);
    for (size_t i = 0; i < COUNT_OF(compounds); i++)
        read_compound(&in, &compounds[i]);
    sif_numbers_read(&in);
    sif_read_rows(&in, rows, COUNT_OF(rows));
    if (a->st == OK)
        *out = c;
    return a->st;
}

enum status sif_write_contact(struct buf *out, struct arena *a, const struct vcard *c)
{
    struct sif_out o = {.buf = out, .arena = a, .props = c->props};
    if (c->version != VCARD_3_0)
        return INVALID;
    sif_begin(&o, "contact");
    names_write(&o);
    for (size_t i = 0; i < COUNT_OF(compounds); i++)
        write_compound(&o, &compounds[i]);
    sif_numbers_write(&o);
    sif_write_rows(&o, rows, COUNT_OF(rows));
    sif_end(&o, "contact");
    return a->st != OK ? a->st : out->st;
}
