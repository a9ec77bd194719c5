/* formats/sif_note.c: SIF-N and VJOURNAL. Outlook shows the first line of Body as the title and sends it once more as Subject. */
#include "formats/note.h"
#include "formats/sif_int.h"

#include "core/scoped.h"

enum { CUT = 40 }; /* bytes of Subject from which on it may be the beginning alone */

/* Outlook's colours by their names in RFC 7986; yellow is what a note has that says none. */
static const struct sif_choice colors[] = {
    {STR_INIT("3"), STR_INIT("yellow"), STR_INIT("")}, {STR_INIT("0"), STR_INIT("blue"), STR_INIT("")},
    {STR_INIT("1"), STR_INIT("green"), STR_INIT("")},  {STR_INIT("2"), STR_INIT("pink"), STR_INIT("")},
    {STR_INIT("4"), STR_INIT("white"), STR_INIT("")},  {STR_NONE, STR_NONE, STR_NONE},
};

static const struct sif_row rows[] = {
    SIF_LIST("Categories", "CATEGORIES"), SIF_CHOICE("Color", "COLOR", colors),
    SIF_TEXT("Height", "X-SIF-HEIGHT"),   SIF_TEXT("Width", "X-SIF-WIDTH"),
    SIF_KEPT("Left", "X-SIF-LEFT"),       SIF_KEPT("Top", "X-SIF-TOP"),
};

/* Is Subject the beginning of Body's first line, whole or cut, by us or by a client? */
static bool is_title(struct str subject, struct str body)
{
    struct str line = body, title = str_trim(note_title(body));
    str_split(&body, '\n', &line);
    line = str_trim(line);
    return str_eq(subject, line) || str_eq(subject, title) || (subject.n >= CUT && str_starts(line, subject));
}

enum status sif_note_read(struct sif_in *in, struct ical_comp *c, struct str *why)
{
    (void)why;
    struct str subject = sif_value(in, "Subject"), body = sif_body(in, "Body");
    struct sif_time date;
    if (body.n && (!subject.n || is_title(subject, body))) {
        enum status st = note_read(in->arena, body, c);
        if (st != OK)
            return st;
        while (*in->tail)
            in->tail = &(*in->tail)->next;
    } else {
        if (subject.n)
            sif_add_text(in, "SUMMARY", subject);
        if (body.n)
            sif_add_text(in, "DESCRIPTION", body);
    }
    if (sif_time(in, "Date", &date))
        sif_add_time(in, "DTSTART", &date);
    sif_read_rows(in, rows, COUNT_OF(rows));
    return OK;
}

enum status sif_note_write(struct sif_out *out, const struct ical_comp *c)
{
    struct moment m;
    SCOPED_BUF(body, out->buf->max);
    sif_leaf(out, "Subject", sif_text(out, "SUMMARY"));
    enum status st = note_write(&body, out->arena, c, STR("\n"));
    if (st != OK)
        return st;
    sif_leaf(out, "Body", buf_view(&body));
    if (sif_moment(out, sif_prop(out, "DTSTART"), &m))
        sif_leaf_moment(out, "Date", &m);
    else
        sif_leaf(out, "Date", STR_NONE);
    sif_write_rows(out, rows, COUNT_OF(rows));
    return OK;
}
