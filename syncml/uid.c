/* syncml/uid.c: UIDs that we give: to a copy, and to what a device sends with a UID that something else has already. */
#include "core/clock.h"
#include "syncml/engine.h"

void uid_make(struct arena *a, struct str *uid)
{
    unsigned char r[16];
    random_bytes(r, sizeof r);
    r[6] = (unsigned char)((r[6] & 0x0F) | 0x40); /* RFC 9562 section 5.4 */
    r[8] = (unsigned char)((r[8] & 0x3F) | 0x80);
    *uid =
        arena_strf(a, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", r[0], r[1],
                   r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15]);
}

static void set_uid(struct line *first, struct str uid)
{
    for (struct line *l = first; l; l = l->next)
        if (str_caseeq(l->name, STR("UID"))) {
            l->value = uid;
            l->raw = STR_NONE;
        }
}

static enum status calendar(struct arena *a, const struct content_limits *limits, struct str body,
                            struct str uid, struct buf *out)
{
    struct ical_comp *cal;
    struct ical_problem problem;
    enum status st = ical_parse(a, body, &limits->ical, &cal, &problem);
    if (st)
        return st;
    cal->raw = STR_NONE;
    for (struct ical_comp *c = cal->children; c; c = c->next) {
        if (!ical_kind_of(c->name))
            continue;
        set_uid(c->props, uid);
        c->raw = STR_NONE;
    }
    ical_write(out, cal);
    return OK;
}

static enum status card(struct arena *a, const struct content_limits *limits, struct str body, struct str uid,
                        struct buf *out)
{
    struct vcard *c;
    struct vcard_problem problem;
    enum status st = vcard_parse(a, body, &limits->vcard, &c, &problem);
    if (st)
        return st;
    set_uid(c->props, uid);
    vcard_write(out, c, NULL, false);
    return OK;
}

enum status uid_replace(struct arena *a, const struct content_limits *limits, enum media media,
                        struct str body, struct str uid, struct str *out)
{
    SCOPED_BUF(text, limits->size * 2 + 1024);
    enum status st =
        media == MEDIA_VCARD ? card(a, limits, body, uid, &text) : calendar(a, limits, body, uid, &text);
    if (st == OK)
        st = text.st;
    *out = st == OK ? arena_str(a, buf_view(&text)) : STR_NONE;
    return st == OK ? a->st : st;
}
