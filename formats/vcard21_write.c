/* formats/vcard21_write.c: a card as vCard 2.1, in the ways that a device wants it. */
#include "formats/vcard21_int.h"
#include "formats/vcard_int.h"
#include "formats/versit_int.h"

enum { PARAMS = 24 };

struct writing {
    struct arena *arena;
    const struct vcard21_write *o;
    struct buf *out;
};

/* ---- parameters ---- */

struct params {
    struct str items[PARAMS];
    size_t count;
};

static void add_param(struct params *p, struct str one)
{
    if (one.p && p->count < PARAMS)
        p->items[p->count++] = one;
}

static bool is_word(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_alpha(s.p[i]) && !ascii_digit(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
            return false;
    return s.n > 0;
}

static struct str upper(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);
    for (size_t i = 0; p && i < s.n; i++)
        p[i] = ascii_upper(s.p[i]);
    return p ? str_n(p, s.n) : STR_NONE;
}

static void types(struct writing *w, struct params *out, const struct line_param *p, bool media)
{
    for (size_t i = 0; i < p->value_count; i++) {
        struct str rest = p->values[i], one;
        while (str_split(&rest, ',', &one)) {
            one = upper(w->arena, str_trim(one));
            if (!versit_is_sayable(one))
                continue;
            bool bare = !media && is_word(one) && !versit_is_reserved(one);
            add_param(out, bare ? one : JOIN(w->arena, STR("TYPE="), one));
        }
    }
}

/* What the value is, as far as 2.1 has a word for it. */
static void value_type(struct writing *w, struct params *out, struct str value)
{
    static const struct str unsaid[] = {STR_INIT("date"), STR_INIT("text"), STR_INIT("binary"),
                                        STR_INIT("phone-number"), STR_INIT("utc-offset")};
    if (str_caseeq(value, STR("uri"))) {
        add_param(out, STR("VALUE=URL"));
        return;
    }
    for (size_t i = 0; i < COUNT_OF(unsaid); i++)
        if (str_caseeq(value, unsaid[i]))
            return;
    if (versit_is_sayable(value))
        add_param(out, JOIN(w->arena, STR("VALUE="), value));
}

static void extension(struct writing *w, struct params *out, const struct line_param *p)
{
    bool known = str_casestarts(p->name, STR("X-")) || str_caseeq(p->name, STR("LANGUAGE"));
    if (!known || str_caseeq(p->name, STR("X-DERIVED")) || p->value_count != 1 ||
        !versit_is_sayable(p->values[0]))
        return;
    add_param(out, JOIN(w->arena, p->name, STR("="), p->values[0]));
}

static void params_of(struct writing *w, const struct line *l, bool media, struct params *out)
{
    *out = (struct params){.count = 0};
    for (const struct line_param *p = l->params; p; p = p->next) {
        if (str_caseeq(p->name, STR("TYPE")))
            types(w, out, p, media);
        else if (str_caseeq(p->name, STR("VALUE")) && p->value_count)
            value_type(w, out, p->values[0]);
        else
            extension(w, out, p);
    }
}

/* Phones that want INTERNET take an address without it for one of another network. */
static void internet(struct writing *w, const struct line *l, struct params *p)
{
    static const struct str networks[] = {STR_INIT("INTERNET"),   STR_INIT("X400"),    STR_INIT("AOL"),
                                          STR_INIT("APPLELINK"),  STR_INIT("ATTMAIL"), STR_INIT("CIS"),
                                          STR_INIT("EWORLD"),     STR_INIT("IBMMAIL"), STR_INIT("MCIMAIL"),
                                          STR_INIT("POWERSHARE"), STR_INIT("PRODIGY"), STR_INIT("TLX")};
    if (!w->o->email_internet || !str_caseeq(l->name, STR("EMAIL")))
        return;
    for (size_t i = 0; i < COUNT_OF(networks); i++)
        if (line_param_has(l, STR("TYPE"), networks[i]))
            return;
    add_param(p, STR("INTERNET"));
}

/* ---- values ---- */

/* What is left of the text when no more than *room characters are. */
static struct str within(struct str text, size_t *room, bool bounded)
{
    if (!bounded)
        return text;
    struct str part = charset_cut(text, *room);
    *room -= charset_length(part);
    return part;
}

static void put_parts(struct writing *w, struct buf *b, const struct line *l, size_t size)
{
    struct str rest = l->value, one;
    size_t room = size;
    for (bool first = true; text_split(&rest, ';', &one); first = false) {
        if (!first)
            buf_addc(b, ';');
        versit_escape(b, within(text_unescape(w->arena, one), &room, size != 0), false);
    }
}

static bool all_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]))
            return false;
    return true;
}

/* 1996-04-15 as 19960415, which every phone reads. */
static void put_date(struct buf *b, struct str value)
{
    if (value.n >= 10 && value.p[4] == '-' && value.p[7] == '-' && all_digits(str_slice(value, 0, 4)) &&
        all_digits(str_slice(value, 5, 2)) && all_digits(str_slice(value, 8, 2))) {
        buf_add(b, str_slice(value, 0, 4));
        buf_add(b, str_slice(value, 5, 2));
        value = str_from(value, 8);
    }
    versit_opaque_write(b, value);
}

/* Does the value say that it is BASE64, and is it? */
static bool is_binary(const struct line *l)
{
    struct str encoding = line_param1(l, STR("ENCODING"));
    if (!str_caseeq(encoding, STR("b")) && !str_caseeq(encoding, STR("BASE64")))
        return false;
    for (size_t i = 0; i < l->value.n; i++) {
        char c = l->value.p[i];
        if (!ascii_alpha(c) && !ascii_digit(c) && !ascii_space(c) && str_chr(STR("+/="), c, 0) == SIZE_MAX)
            return false;
    }
    return true;
}

static void write_binary(struct writing *w, struct versit_out *line, struct str value, size_t size)
{
    SCOPED_BUF(b, value.n + 1);
    for (size_t i = 0; i < value.n; i++)
        if (!ascii_space(value.p[i]))
            buf_addc(&b, value.p[i]);
    if (size && b.n > size)
        return;
    line->value = buf_view(&b);
    versit_write_binary(w->out, &w->o->text, line, w->o->photo_base64 ? STR("BASE64") : STR("b"));
}

/* A card inside the card: AGENT with nothing, and then its lines. */
static bool write_agent(struct writing *w, const struct line *l)
{
    struct str text = text_unescape(w->arena, l->value), line;
    if (!vcard21_is_card(text))
        return false;
    if (l->group.n && w->o->groups) {
        buf_add(w->out, l->group);
        buf_addc(w->out, '.');
    }
    buf_add(w->out, l->name);
    buf_add(w->out, STR(":\r\n"));
    while (str_split(&text, '\n', &line)) {
        charset_encode(w->out, w->o->text.charset, line);
        buf_add(w->out, STR("\r\n"));
    }
    return true;
}

static void put_value(struct writing *w, const struct vcard21_prop *prop, const struct line *l, size_t size,
                      struct buf *b)
{
    size_t room = size;
    switch (prop->form) {
    case VCARD21_PARTS:
        put_parts(w, b, l, size);
        return;
    case VCARD21_LIST:
        versit_list_write(w->arena, b, l->value, ',',
                          w->o->categories_x && str_caseeq(l->name, STR("CATEGORIES")), size);
        return;
    case VCARD21_DATE:
        put_date(b, l->value);
        return;
    case VCARD21_GEO:
        if (!versit_swap(b, l->value, ';', ','))
            versit_opaque_write(b, l->value);
        return;
    case VCARD21_RAW:
    case VCARD21_MEDIA:
    case VCARD21_OPAQUE:
        versit_opaque_write(b, l->value);
        return;
    case VCARD21_AGENT:
        if (!str_caseeq(line_param1(l, STR("VALUE")), STR("uri")))
            break;
        versit_opaque_write(b, l->value);
        return;
    case VCARD21_TEXT:
    case VCARD21_DROPPED:
        break;
    }
    versit_escape_text(b, within(text_unescape(w->arena, l->value), &room, size && prop->cut));
}

static bool says_nothing(struct str parts)
{
    for (size_t i = 0; i < parts.n; i++)
        if (parts.p[i] != ';' && !ascii_space(parts.p[i]))
            return false;
    return true;
}

static void write_property(struct writing *w, const struct line *l)
{
    const struct vcard21_prop *prop = vcard21_prop_of(l->name);
    bool media = prop->form == VCARD21_MEDIA;
    struct params p;
    if (prop->form == VCARD21_DROPPED || (prop->form == VCARD21_AGENT && write_agent(w, l)))
        return;
    params_of(w, l, media, &p);
    internet(w, l, &p);
    struct versit_out line = {w->o->groups ? l->group : STR_NONE, l->name, p.items, p.count, STR("")};
    size_t size = versit_size(&w->o->text, l->name);
    if ((media || prop->form == VCARD21_OPAQUE) && is_binary(l)) {
        write_binary(w, &line, l->value, size);
        return;
    }
    SCOPED_BUF(b, l->value.n * 2 + 64);
    put_value(w, prop, l, size, &b);
    if (b.st != OK && w->out->st == OK)
        w->out->st = b.st;
    if (size && !prop->cut && charset_length(buf_view(&b)) > size)
        return;
    line.value = buf_view(&b);
    if (prop->form == VCARD21_PARTS && !w->o->text.empty && says_nothing(line.value))
        return;
    versit_write_line(w->out, &w->o->text, &line);
}

/* N must be there, since phones show nothing without, and some look for it at the head. */
static void write_names(struct writing *w, const struct vcard *c)
{
    const struct line *fn = NULL;
    bool named = false;
    for (const struct line *l = c->props; l; l = l->next) {
        named = named || (str_caseeq(l->name, STR("N")) && !says_nothing(l->value));
        if (!fn && str_caseeq(l->name, STR("FN")) && !says_nothing(l->value))
            fn = l;
    }
    if (!named && fn) {
        SCOPED_BUF(value, fn->value.n * 2 + 8);
        text_escape(&value, text_unescape(w->arena, fn->value));
        buf_add(&value, STR(";;;;"));
        struct line n = {.name = STR("N"), .value = buf_view(&value)};
        write_property(w, &n);
        return;
    }
    for (const struct line *l = c->props; l; l = l->next)
        if (str_caseeq(l->name, STR("N")))
            write_property(w, l);
}

enum status vcard21_write(struct arena *a, const struct vcard *c, const struct vcard21_write *o,
                          struct buf *out)
{
    struct writing w = {a, o, out};
    struct vcard *card;
    enum status st = vcard_convert(a, c, VCARD_3_0, &card);
    if (st != OK)
        return st;
    buf_add(out, STR("BEGIN:VCARD\r\nVERSION:2.1\r\n"));
    write_names(&w, card);
    for (const struct line *l = card->props; l; l = l->next)
        if (!str_caseeq(l->name, STR("N")))
            write_property(&w, l);
    buf_add(out, STR("END:VCARD\r\n"));
    return a->st != OK ? a->st : out->st;
}
