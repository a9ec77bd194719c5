/* syncml/content_sif.c: the flat XML of Funambol's clients. */
#include "formats/sif.h"
#include "syncml/content_int.h"

static struct sif_settings ways_of(const struct ctx *x)
{
    return (struct sif_settings){
        .zone = x->local, .zones = x->s->zones, .local = x->s->phone->time != PHONE_UTC};
}

enum status read_sif(struct ctx *x, struct str data, struct doc *out)
{
    const struct sif_settings ways = ways_of(x);
    enum ical_kind kind = x->type == CONTENT_SIFE   ? ICAL_VEVENT
                          : x->type == CONTENT_SIFT ? ICAL_VTODO
                                                    : ICAL_VJOURNAL;
    if (x->type == CONTENT_SIFC) {
        struct vcard *card;
        enum status st = sif_read_contact(x->a, data, &ways, &card, &x->why);
        if (st == OK)
            *out = doc_of_card(x, card);
        return st == OK ? x->a->st : st;
    }
    struct ical_comp *root = ARENA_NEW(x->a, struct ical_comp), *c;
    if (!root)
        return x->a->st;
    *root = (struct ical_comp){.name = STR("VCALENDAR")};
    enum status st = sif_read_calendar(x->a, kind, data, &ways, &c, &x->why);
    if (st != OK)
        return st;
    ical_add_child(root, c);
    return doc_of_calendar(x, root, out);
}

enum status write_sif(struct ctx *x, const struct doc *i, struct buf *out)
{
    const struct sif_settings ways = ways_of(x);
    struct vcard card;
    if (i->media == MEDIA_CALENDAR)
        return sif_write_calendar(out, x->a, i->main, &ways);
    doc_card(i, &card);
    return sif_write_contact(out, x->a, &card);
}
