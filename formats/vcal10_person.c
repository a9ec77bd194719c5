/* formats/vcal10_person.c: who takes part. vCalendar 1.0 has "ATTENDEE;ROLE=OWNER;STATUS=CONFIRMED;EXPECT=REQUIRE:Ann Other <ann@x>",
 * iCalendar a mailto: with CN, ROLE, PARTSTAT and RSVP, and the organizer in a property of its own. Symbian writes the words of 2.0
 * beside, as X-ROLE, X-STATUS and X-CN: they count more. */
#include "formats/vcal10_int.h"
#include "formats/vcard_int.h"

#define NO_ADDRESS STR("invalid:nomail")

struct word {
    struct str v1, v2;
};

/* The first row of a word is how it is written. */
static const struct word partstats[] = {
    {STR_INIT("ACCEPTED"), STR_INIT("ACCEPTED")},
    {STR_INIT("CONFIRMED"), STR_INIT("ACCEPTED")},
    {STR_INIT("NEEDS ACTION"), STR_INIT("NEEDS-ACTION")},
    {STR_INIT("NEEDS-ACTION"), STR_INIT("NEEDS-ACTION")},
    {STR_INIT("NEEDSACTION"), STR_INIT("NEEDS-ACTION")},
    {STR_INIT("SENT"), STR_INIT("NEEDS-ACTION")},
    {STR_INIT("TENTATIVE"), STR_INIT("TENTATIVE")},
    {STR_INIT("DECLINED"), STR_INIT("DECLINED")},
    {STR_INIT("DELEGATED"), STR_INIT("DELEGATED")},
    {STR_INIT("COMPLETED"), STR_INIT("COMPLETED")},
};
static const struct word expects[] = {
    {STR_INIT("REQUIRE"), STR_INIT("REQ-PARTICIPANT")},
    {STR_INIT("IMMEDIATE"), STR_INIT("REQ-PARTICIPANT")},
    {STR_INIT("REQUEST"), STR_INIT("OPT-PARTICIPANT")},
    {STR_INIT("FYI"), STR_INIT("NON-PARTICIPANT")},
};

static struct str translate(const struct word *words, size_t count, struct str word, bool to2)
{
    word = str_trim(word);
    for (size_t i = 0; word.n && i < count; i++)
        if (str_caseeq(to2 ? words[i].v1 : words[i].v2, word))
            return to2 ? words[i].v2 : words[i].v1;
    return STR_NONE;
}

/* "Ann Other <ann@x>", "ann@x", "MAILTO:ann@x": an address and perhaps a name. */
static void split_value(struct str value, struct str *name, struct str *address)
{
    size_t open = str_chr(value, '<', 0), close = str_chr(value, '>', 0);
    *name = STR_NONE;
    *address = str_trim(value);
    if (open != SIZE_MAX && close != SIZE_MAX && close > open) {
        *name = str_trim(str_slice(value, 0, open));
        *address = str_trim(str_slice(value, open + 1, close - open - 1));
    }
    if (str_casestarts(*address, STR("MAILTO:")))
        *address = str_trim(str_from(*address, 7));
    for (size_t i = 0; i < address->n; i++)
        if (ascii_space(address->p[i])) { /* a name after all */
            if (!name->n)
                *name = *address;
            *address = STR_NONE;
        }
    if (address->n && str_chr(*address, '@', 0) == SIZE_MAX && !vcard_has_scheme(*address)) {
        if (!name->n)
            *name = *address;
        *address = STR_NONE;
    }
}

static void set_value(struct arena *a, struct line *l, struct str cn)
{
    struct str name, address, value = versit_clean(a, versit_unescape(a, l->value, false));
    split_value(value, &name, &address);
    if (!cn.n)
        cn = name;
    if (cn.n && !str_eq(cn, address))
        vcard_param_set(a, l, STR("CN"), cn);
    bool mail = address.n && !(vcard_has_scheme(address) && str_chr(address, '@', 0) == SIZE_MAX);
    l->value = !address.n ? NO_ADDRESS : mail ? JOIN(a, STR("mailto:"), address) : address;
}

void vcal10_person_read(struct arena *a, struct line *l)
{
    struct str role = line_param1(l, STR("ROLE")), status = line_param1(l, STR("STATUS")),
               expect = line_param1(l, STR("EXPECT")), rsvp = line_param1(l, STR("RSVP")),
               cn = line_param1(l, STR("X-CN")), x_role = line_param1(l, STR("X-ROLE")),
               x_status = line_param1(l, STR("X-STATUS")), cutype = line_param1(l, STR("X-CUTYPE")),
               language = line_param1(l, STR("LANGUAGE"));
    bool organizer = str_caseeq(l->name, STR("ORGANIZER")) || str_caseeq(role, STR("ORGANIZER"));
    l->params = NULL;
    l->name = organizer ? STR("ORGANIZER") : STR("ATTENDEE");
    set_value(a, l, cn);
    if (language.n)
        vcard_param_set(a, l, STR("LANGUAGE"), language);
    if (organizer)
        return;
    struct str role2 = x_role.n                         ? x_role
                       : str_caseeq(role, STR("OWNER")) ? STR("CHAIR")
                                                        : translate(expects, COUNT_OF(expects), expect, true);
    struct str partstat = translate(partstats, COUNT_OF(partstats), x_status.n ? x_status : status, true);
    if (cutype.n)
        vcard_param_set(a, l, STR("CUTYPE"), cutype);
    if (role2.n && !str_caseeq(role2, STR("REQ-PARTICIPANT")))
        vcard_param_set(a, l, STR("ROLE"), role2);
    if (partstat.n)
        vcard_param_set(a, l, STR("PARTSTAT"), partstat);
    if (str_caseeq(rsvp, STR("YES")) || str_caseeq(rsvp, STR("TRUE")))
        vcard_param_set(a, l, STR("RSVP"), STR("TRUE"));
}

struct params {
    struct arena *arena;
    struct str *items;
    size_t count, most;
};

static void add(struct params *p, struct str name, struct str value)
{
    if (!value.n || p->count == p->most)
        return;
    struct str one = JOIN(p->arena, name, value);
    if (one.p)
        p->items[p->count++] = one;
}

/* A name may not hold the brackets that end it. */
static void put_name(struct buf *b, struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] != '<' && name.p[i] != '>' && name.p[i] != '\n')
            buf_addc(b, name.p[i]);
}

void vcal10_person_write(struct arena *a, const struct line *l, struct versit_out *out, struct str params[],
                         size_t most, struct buf *value)
{
    struct params p = {a, params, 0, most};
    bool organizer = str_caseeq(l->name, STR("ORGANIZER"));
    struct str role = line_param1(l, STR("ROLE")), cutype = line_param1(l, STR("CUTYPE")),
               language = line_param1(l, STR("LANGUAGE")), cn = str_trim(line_param1(l, STR("CN"))),
               address = str_trim(l->value);
    bool chair = str_caseeq(role, STR("CHAIR"));
    SCOPED_BUF(text, l->value.n + cn.n + 8);
    if (organizer) {
        add(&p, STR("ROLE="), STR("ORGANIZER"));
    } else {
        struct str expect =
            translate(expects, COUNT_OF(expects), role.n ? role : STR("REQ-PARTICIPANT"), false);
        add(&p, STR("ROLE="), chair ? STR("OWNER") : STR_NONE);
        add(&p, STR("STATUS="),
            translate(partstats, COUNT_OF(partstats), line_param1(l, STR("PARTSTAT")), false));
        add(&p, STR("RSVP="), str_caseeq(line_param1(l, STR("RSVP")), STR("TRUE")) ? STR("YES") : STR_NONE);
        add(&p, STR("EXPECT="), expect);
        add(&p, STR("X-CUTYPE="), versit_is_sayable(cutype) ? cutype : STR_NONE);
    }
    add(&p, STR("LANGUAGE="), versit_is_sayable(language) ? language : STR_NONE);
    if (str_casestarts(address, STR("mailto:")))
        address = str_from(address, 7);
    if (str_caseeq(address, NO_ADDRESS))
        address = STR_NONE;
    put_name(&text, cn);
    if (text.n && address.n)
        buf_add(&text, STR(" <"));
    buf_add(&text, address);
    if (cn.n && address.n)
        buf_addc(&text, '>');
    versit_escape_text(value, buf_view(&text));
    *out = (struct versit_out){.name = STR("ATTENDEE"), .params = params, .param_count = p.count};
}
