/* dav/render_card.c: address-data: a card as it is stored, or converted to the version asked for, or some of
 * its properties. Without a version it is 3.0 (RFC 6352 section 10.4). */
#include "dav/render.h"

enum { SELECT_PROPS = 512 };

struct card_render {
    enum vcard_version version;
    bool chosen; /* there is a list of properties */
    struct vcard_select select;
};

static enum status parse_props(struct arena *a, const struct xml_node *data, struct card_render *r,
                               struct str *why)
{
    size_t count = 0;
    for (const struct xml_node *c = xml_child(data, NS_CARDDAV, "prop"); c;
         c = xml_next(c, NS_CARDDAV, "prop"))
        count++;
    if (count == 0 || xml_child(data, NS_CARDDAV, "allprop"))
        return OK;
    if (count > SELECT_PROPS) {
        *why = arena_str(a, STR("address-data: too many properties"));
        return INVALID;
    }
    struct str *names = ARENA_ARRAY(a, struct str, count);
    bool *novalue = ARENA_ARRAY(a, bool, count);
    if (!names || !novalue)
        return a->st;
    size_t i = 0;
    for (const struct xml_node *c = xml_child(data, NS_CARDDAV, "prop"); c;
         c = xml_next(c, NS_CARDDAV, "prop"), i++) {
        names[i] = xml_attr(c, "name");
        novalue[i] = str_eq(xml_attr(c, "novalue"), STR("yes"));
        if (names[i].n == 0) {
            *why = arena_str(a, STR("address-data: a prop has no name"));
            return INVALID;
        }
    }
    r->chosen = true;
    r->select = (struct vcard_select){names, novalue, count};
    return OK;
}

enum status card_render_parse(struct arena *a, const struct xml_node *data, struct card_render **out,
                              struct str *why)
{
    struct card_render *r = *out = ARENA_NEW(a, struct card_render);
    if (!r)
        return a->st;
    r->version = VCARD_3_0;
    if (!data)
        return OK;
    struct str type = xml_attr(data, "content-type"), version = xml_attr(data, "version");
    bool v4 = str_eq(version, STR("4.0"));
    if ((type.p && !str_caseeq(type, STR("text/vcard"))) ||
        (version.p && !v4 && !str_eq(version, STR("3.0")))) {
        *why = arena_str(a, STR("address-data: only text/vcard version 3.0 and 4.0 can be had"));
        return UNSUPPORTED;
    }
    r->version = v4 ? VCARD_4_0 : VCARD_3_0;
    return parse_props(a, data, r, why);
}

/* The version of a stored card without parsing it: a line of its own, never folded by anybody. */
static enum vcard_version version_of(struct str body)
{
    struct str rest = body, line;
    while (str_split(&rest, '\n', &line)) {
        if (!str_casestarts(line, STR("VERSION")))
            continue;
        struct str value = str_trim(str_from(line, 7));
        if (str_eq(value, STR(":3.0")))
            return VCARD_3_0;
        if (str_eq(value, STR(":4.0")))
            return VCARD_4_0;
        return VCARD_NONE;
    }
    return VCARD_NONE;
}

static void write_element(struct buf *out, enum vcard_version version, struct str text)
{
    if (version == VCARD_4_0)
        buf_addz(out, "<CR:address-data content-type=\"text/vcard\" version=\"4.0\">");
    else
        xml_open(out, NS_CARDDAV, "address-data");
    xml_escape(out, text);
    xml_close(out, NS_CARDDAV, "address-data");
}

enum status card_render_write(struct arena *a, const struct card_render *r, const struct render_env *env,
                              struct str body, struct buf *out)
{
    bool same = !r->chosen && version_of(body) == r->version;
    if (same && str_utf8(body)) {
        write_element(out, r->version, body);
        return OK;
    }
    /* some clients fold inside a character: XML cannot carry such octets, so the lines are folded anew */
    struct vcard *card = NULL, *made = NULL;
    struct vcard_problem problem;
    enum status st = vcard_parse(a, body, env->vcard, &card, &problem);
    if (st == OK)
        st = vcard_convert(a, card, r->version, &made);
    if (st > OK && same) { /* the whole, with marks where it is no text, is better than nothing */
        write_element(out, r->version, body);
        return OK;
    }
    if (st != OK)
        return st < 0 ? st : UNSUPPORTED;
    SCOPED_BUF(text, out->max);
    vcard_write(&text, made, r->chosen ? &r->select : NULL, true);
    if (text.st != OK)
        return text.st;
    write_element(out, r->version, buf_view(&text));
    return OK;
}
