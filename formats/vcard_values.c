/* formats/vcard_values.c: how one value is said in 3.0 (RFC 2426) and in 4.0 (RFC 6350). */
#include "formats/vcard_int.h"

#define OMITTED_YEAR STR("1604") /* what Apple writes for a birthday without a year */

static bool value_is(const struct line *l, const char *kind)
{
    return str_caseeq(line_param1(l, STR("VALUE")), str_c(kind));
}

static bool among(char c, struct str set)
{
    return str_chr(set, c, 0) != SIZE_MAX;
}

static struct str made_or_same(struct str made, struct str same)
{
    return made.p ? made : same;
}

/* ---- PHOTO LOGO SOUND KEY: inline binary is ENCODING=b there, a data: URI here ---- */

static const struct {
    struct str property, type, media;
} media_types[] = {
    {STR_INIT("KEY"), STR_INIT("X509"), STR_INIT("application/pkix-cert")},
    {STR_INIT("KEY"), STR_INIT("PGP"), STR_INIT("application/pgp-keys")},
    {STR_INIT("SOUND"), STR_INIT("WAVE"), STR_INIT("audio/wav")},
};

static struct str media_class(struct str property)
{
    if (str_caseeq(property, STR("KEY")))
        return STR("application/");
    return str_caseeq(property, STR("SOUND")) ? STR("audio/") : STR("image/");
}

static struct str recase(struct arena *a, struct str s, bool upper)
{
    char *p = arena_alloc(a, s.n + 1);
    if (!p)
        return STR_NONE;
    for (size_t i = 0; i < s.n; i++)
        p[i] = upper ? ascii_upper(s.p[i]) : ascii_lower(s.p[i]);
    return str_n(p, s.n);
}

static struct str media_of_type(struct arena *a, struct str property, struct str type)
{
    if (str_chr(type, '/', 0) != SIZE_MAX)
        return recase(a, type, false);
    for (size_t i = 0; i < COUNT_OF(media_types); i++)
        if (str_caseeq(property, media_types[i].property) && str_caseeq(type, media_types[i].type))
            return media_types[i].media;
    struct str low = recase(a, type, false), class = media_class(property);
    return JOIN(a, class, low);
}

/* STR_NONE when TYPE has no way to say it. */
static struct str type_of_media(struct arena *a, struct str property, struct str media)
{
    for (size_t i = 0; i < COUNT_OF(media_types); i++)
        if (str_caseeq(property, media_types[i].property) && str_caseeq(media, media_types[i].media))
            return media_types[i].type;
    struct str class = media_class(property);
    for (size_t i = 0; i < media.n; i++)
        if (!ascii_alpha(media.p[i]) && !ascii_digit(media.p[i]) && !among(media.p[i], STR("-+./")))
            return STR_NONE;
    if (!str_casestarts(media, class))
        return str_chr(media, '/', 0) != SIZE_MAX ? recase(a, media, false) : STR_NONE;
    struct str rest = str_from(media, class.n);
    bool place =
        str_caseeq(rest, STR("home")) || str_caseeq(rest, STR("work")) || str_caseeq(rest, STR("pref"));
    return rest.n && !place && str_chr(rest, '/', 0) == SIZE_MAX ? recase(a, rest, true) : STR_NONE;
}

static struct str without_space(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; p && i < s.n; i++)
        if (!ascii_space(s.p[i]))
            p[n++] = s.p[i];
    return p ? str_n(p, n) : s;
}

static void media_to4(struct arena *a, struct line *l)
{
    struct str encoding = line_param1(l, STR("ENCODING")), type = STR_NONE, media = STR("");
    bool inline_data =
        str_caseeq(encoding, STR("b")) || str_caseeq(encoding, STR("BASE64")) || value_is(l, "binary");
    bool text = value_is(l, "text") ||
                (str_caseeq(l->name, STR("KEY")) && !inline_data && !line_param(l, STR("VALUE")));
    vcard_param_remove(l, STR("VALUE"));
    if (text) {
        vcard_param_set(a, l, STR("VALUE"), STR("text"));
        return;
    }
    if (vcard_type_take(a, l, STR_NONE, &type))
        media = media_of_type(a, l->name, type);
    if (!inline_data) {
        if (media.n)
            vcard_param_set(a, l, STR("MEDIATYPE"), media);
        return;
    }
    vcard_param_remove(l, STR("ENCODING"));
    struct str data = without_space(a, l->value);
    l->value = made_or_same(JOIN(a, STR("data:"), media, STR(";base64,"), data), l->value);
}

static bool is_base64(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_alpha(s.p[i]) && !ascii_digit(s.p[i]) && !among(s.p[i], STR("+/=")))
            return false;
    return true;
}

/* data:image/jpeg;base64,… when 3.0 can say it as ENCODING=b. */
static bool inline_to3(struct arena *a, struct line *l)
{
    if (!str_casestarts(l->value, STR("data:")) || line_param(l, STR("MEDIATYPE")))
        return false;
    size_t comma = str_chr(l->value, ',', 0);
    if (comma == SIZE_MAX)
        return false;
    struct str head = str_slice(l->value, 5, comma - 5), data = str_from(l->value, comma + 1),
               type = STR_NONE;
    if (str_ends(head, STR("\\"))) /* some escape the comma as if this were text */
        head.n--;
    if (!str_ends(head, STR(";base64")) || !is_base64(data))
        return false;
    head.n -= 7;
    if (str_ends(head, STR("\\")))
        head.n--;
    if (head.n) {
        type = type_of_media(a, l->name, head);
        if (!type.p)
            return false;
    }
    vcard_param_set(a, l, STR("ENCODING"), STR("b"));
    if (type.p)
        vcard_type_add(a, l, type);
    l->value = data;
    return true;
}

/* TYPE names the format in 3.0: what else it says in 4.0 is X-TYPE meanwhile. */
static void hide_types(struct arena *a, struct line *l)
{
    struct line hidden = {.params = NULL};
    struct line_param **tail = &l->params;
    struct str type;
    while (vcard_type_take(a, l, STR_NONE, &type))
        vcard_type_add(a, &hidden, type);
    vcard_param_rename(&hidden, STR("TYPE"), STR("X-TYPE"));
    while (*tail)
        tail = &(*tail)->next;
    *tail = hidden.params;
}

static void media_to3(struct arena *a, struct line *l)
{
    bool text = value_is(l, "text");
    struct str media = line_param1(l, STR("MEDIATYPE")), type;
    vcard_param_remove(l, STR("VALUE"));
    if (text) {
        if (!str_caseeq(l->name, STR("KEY")))
            vcard_param_set(a, l, STR("VALUE"), STR("text"));
        return;
    }
    if (inline_to3(a, l))
        return;
    vcard_param_set(a, l, STR("VALUE"), STR("uri"));
    type = media.n ? type_of_media(a, l->name, media) : STR_NONE;
    if (type.p) {
        vcard_param_remove(l, STR("MEDIATYPE"));
        vcard_type_add(a, l, type);
    }
}

void vcard_step_media(struct arena *a, struct line *l, bool to4)
{
    if (to4) {
        media_to4(a, l);
        vcard_param_rename(l, STR("X-TYPE"), STR("TYPE"));
    } else {
        hide_types(a, l);
        media_to3(a, l);
    }
}

/* ---- dates ---- */

static bool digits(struct str s, size_t from, size_t n)
{
    for (size_t i = from; i < from + n; i++)
        if (i >= s.n || !ascii_digit(s.p[i]))
            return false;
    return true;
}

static bool ends_date(struct str s, size_t at)
{
    return s.n == at || s.p[at] == 'T' || s.p[at] == 't';
}

/* Cuts YYYYMMDD or YYYY-MM-DD at the start; the length taken, 0 when it is neither. */
static size_t full_date(struct str s, struct str part[3])
{
    if (!digits(s, 0, 4))
        return 0;
    if (digits(s, 4, 4) && ends_date(s, 8)) {
        part[0] = str_slice(s, 0, 4), part[1] = str_slice(s, 4, 2), part[2] = str_slice(s, 6, 2);
        return 8;
    }
    if (s.n >= 10 && s.p[4] == '-' && digits(s, 5, 2) && s.p[7] == '-' && digits(s, 8, 2) &&
        ends_date(s, 10)) {
        part[0] = str_slice(s, 0, 4), part[1] = str_slice(s, 5, 2), part[2] = str_slice(s, 8, 2);
        return 10;
    }
    return 0;
}

/* --MMDD and --MM-DD: a day of every year. */
static bool yearless(struct str s, struct str part[3])
{
    if (!str_starts(s, STR("--")) || !digits(s, 2, 2))
        return false;
    size_t day = s.n == 7 && s.p[4] == '-' ? 5 : 4;
    if (s.n != day + 2 || !digits(s, day, 2))
        return false;
    part[1] = str_slice(s, 2, 2), part[2] = str_slice(s, day, 2);
    return true;
}

/* Up to `most` pairs of digits, with or without colons between them in `s`, with or without in `out`. */
static void pairs(struct buf *out, struct str s, size_t *at, size_t most, bool colons)
{
    for (size_t n = 0; n < most; n++) {
        size_t colon = n > 0 && *at < s.n && s.p[*at] == ':';
        if (!digits(s, *at + colon, 2))
            return;
        if (n > 0 && colons)
            buf_addc(out, ':');
        buf_add(out, str_slice(s, *at + colon, 2));
        *at += colon + 2;
    }
}

/* The time behind a date, T first: with colons (3.0) or without (4.0); what is no time stays as it is. */
static struct str time_text(struct arena *a, struct str s, bool colons)
{
    SCOPED_BUF(b, 100);
    size_t at = 1;
    buf_addc(&b, 'T');
    pairs(&b, s, &at, 3, colons);
    size_t fraction = at;
    if (at > 1 && at < s.n && s.p[at] == '.')
        while (++at < s.n && ascii_digit(s.p[at]))
            continue;
    buf_add(&b, str_slice(s, fraction, at - fraction));
    if (at + 1 < s.n && (s.p[at] == '+' || s.p[at] == '-')) {
        buf_addc(&b, s.p[at++]);
        pairs(&b, s, &at, 2, colons);
    } else if (at + 1 == s.n && (s.p[at] == 'Z' || s.p[at] == 'z')) {
        buf_addc(&b, 'Z');
        at++;
    }
    return at == s.n && b.st == OK ? made_or_same(arena_str(a, buf_view(&b)), s) : s;
}

bool vcard_is_date(struct str value)
{
    struct str part[3];
    return full_date(value, part) || yearless(value, part);
}

static void date_to4(struct arena *a, struct line *l)
{
    struct str part[3], omitted = line_param1(l, STR("X-APPLE-OMIT-YEAR"));
    if (value_is(l, "text"))
        return;
    if (value_is(l, "date") || value_is(l, "date-time"))
        vcard_param_remove(l, STR("VALUE"));
    size_t n = full_date(l->value, part);
    if (n) {
        struct str time = str_from(l->value, n);
        bool without_year = omitted.n && str_eq(omitted, part[0]);
        if (without_year)
            vcard_param_remove(l, STR("X-APPLE-OMIT-YEAR"));
        if (time.n)
            time = time_text(a, time, false);
        struct str made = without_year && !time.n ? JOIN(a, STR("--"), part[1], part[2])
                                                  : JOIN(a, part[0], part[1], part[2], time);
        l->value = made_or_same(made, l->value);
    } else if (yearless(l->value, part)) {
        l->value = made_or_same(JOIN(a, STR("--"), part[1], part[2]), l->value);
    }
}

static void date_to3(struct arena *a, struct line *l)
{
    struct str part[3];
    if (value_is(l, "text"))
        return;
    vcard_param_remove(l, STR("VALUE"));
    size_t n = full_date(l->value, part);
    if (n) {
        struct str time = str_from(l->value, n);
        if (time.n) {
            time = time_text(a, time, true);
            if (!str_caseeq(l->name, STR("REV")))
                vcard_param_set(a, l, STR("VALUE"), STR("date-time"));
        }
        struct str made = JOIN(a, part[0], STR("-"), part[1], STR("-"), part[2], time);
        l->value = made_or_same(made, l->value);
    } else if (yearless(l->value, part)) {
        vcard_param_set(a, l, STR("X-APPLE-OMIT-YEAR"), OMITTED_YEAR);
        struct str made = JOIN(a, OMITTED_YEAR, STR("-"), part[1], STR("-"), part[2]);
        l->value = made_or_same(made, l->value);
    }
}

void vcard_step_date(struct arena *a, struct line *l, bool to4)
{
    if (to4)
        date_to4(a, l);
    else
        date_to3(a, l);
}

bool vcard_is_gender(struct str value)
{
    if (value.n && among(value.p[0], STR("MFONUmfonu")))
        value = str_from(value, 1);
    return value.n == 0 || value.p[0] == ';';
}

/* ---- TZ and GEO ---- */

/* +HH, +HHMM, +HH:MM: gives hours and minutes. */
static bool utc_offset(struct str s, struct str *hours, struct str *minutes)
{
    if (s.n < 3 || (s.p[0] != '+' && s.p[0] != '-') || !digits(s, 1, 2))
        return false;
    *hours = str_slice(s, 0, 3);
    *minutes = STR("00");
    if (s.n == 3)
        return true;
    size_t at = s.p[3] == ':' ? 4 : 3;
    *minutes = str_from(s, at);
    return s.n == at + 2 && digits(s, at, 2);
}

void vcard_step_tz(struct arena *a, struct line *l, bool to4)
{
    struct str hours, minutes;
    bool text = value_is(l, "text"), uri = value_is(l, "uri"), offset = value_is(l, "utc-offset");
    if (uri)
        return;
    vcard_param_remove(l, STR("VALUE"));
    bool form = utc_offset(l->value, &hours, &minutes);
    if (to4) {
        if (!offset && (text || !form))
            return;
        vcard_param_set(a, l, STR("VALUE"), STR("utc-offset"));
        if (form)
            l->value = made_or_same(JOIN(a, hours, minutes), l->value);
    } else if (!offset) {
        vcard_param_set(a, l, STR("VALUE"), STR("text"));
    } else if (!form) {
        vcard_param_set(a, l, STR("VALUE"), STR("utc-offset"));
    } else {
        l->value = made_or_same(JOIN(a, hours, STR(":"), minutes), l->value);
    }
}

/* Two decimal numbers with `sep` between them. */
static bool coordinates(struct str s, char sep, struct str *latitude, struct str *longitude)
{
    size_t at = str_chr(s, sep, 0);
    if (at == SIZE_MAX || at == 0 || at + 1 == s.n)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (i != at && !ascii_digit(s.p[i]) && !among(s.p[i], STR("+-.")))
            return false;
    *latitude = str_slice(s, 0, at);
    *longitude = str_from(s, at + 1);
    return true;
}

void vcard_step_geo(struct arena *a, struct line *l, bool to4)
{
    struct str north, east;
    bool uri = value_is(l, "uri");
    if (uri)
        vcard_param_remove(l, STR("VALUE"));
    if (to4) {
        if (!uri && coordinates(l->value, ';', &north, &east))
            l->value = made_or_same(JOIN(a, STR("geo:"), north, STR(","), east), l->value);
    } else if (str_casestarts(l->value, STR("geo:")) &&
               coordinates(str_from(l->value, 4), ',', &north, &east)) {
        l->value = made_or_same(JOIN(a, north, STR(";"), east), l->value);
    } else if (uri || vcard_has_scheme(l->value)) {
        vcard_param_set(a, l, STR("VALUE"), STR("uri"));
    }
}

/* ---- UID, TEL, EMAIL ---- */

void vcard_step_uid(struct arena *a, struct line *l, bool to4)
{
    if (value_is(l, "text") || value_is(l, "uri"))
        vcard_param_remove(l, STR("VALUE"));
    if (to4 && !vcard_has_scheme(l->value))
        vcard_param_set(a, l, STR("VALUE"), STR("text"));
}

/* X-VALUE=uri remembers in 3.0, where TEL is a text, that it was a tel: URI. */
void vcard_step_tel(struct arena *a, struct line *l, bool to4)
{
    if (to4) {
        vcard_param_remove(l, STR("VALUE"));
        if (!str_caseeq(line_param1(l, STR("X-VALUE")), STR("uri")))
            return;
        vcard_param_remove(l, STR("X-VALUE"));
        vcard_param_set(a, l, STR("VALUE"), STR("uri"));
        if (!vcard_has_scheme(l->value))
            l->value = made_or_same(JOIN(a, STR("tel:"), l->value), l->value);
        return;
    }
    bool uri = value_is(l, "uri");
    vcard_param_remove(l, STR("VALUE"));
    if (!uri)
        return;
    vcard_param_set(a, l, STR("X-VALUE"), STR("uri"));
    if (str_casestarts(l->value, STR("tel:")) && !vcard_has_scheme(str_from(l->value, 4)))
        l->value = str_from(l->value, 4);
}

void vcard_step_email(struct arena *a, struct line *l, bool to4)
{
    struct str taken;
    while (to4 && vcard_type_take(a, l, STR("internet"), &taken))
        continue; /* the default of 3.0, unknown to 4.0 */
}
