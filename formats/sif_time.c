/* formats/sif_time.c: dates and times of SIF in both directions. */
#include "formats/sif_int.h"

enum { DAY = 86400, NO_DATE = 4500 }; /* Outlook says "no date" by the year 4500 or 4501 */

/* ---- reading ---- */

/* "2026-11-24", "2026-11-24T09:30:00.000Z" and "20261124 093000" as RFC 5545 writes them. */
static struct str plain(struct str value, char room[static 20])
{
    size_t n = 0;
    bool fraction = false;
    for (size_t i = 0; i < value.n && n < 19; i++) {
        char c = value.p[i];
        fraction = (fraction && ascii_digit(c)) || c == '.';
        if (fraction || c == '-' || c == ':')
            continue;
        room[n++] = c == ' ' || c == 't' ? 'T' : c == 'z' ? 'Z' : c;
    }
    if (n == 13 && room[8] == 'T') { /* without seconds */
        room[n++] = '0';
        room[n++] = '0';
    }
    return str_n(room, n);
}

bool sif_time_of(const struct sif_in *in, struct str value, struct sif_time *out)
{
    char room[20];
    struct caltime t;
    if (!value.p || value.n > 40 || caltime_parse(plain(value, room), &t) != OK || t.year >= NO_DATE)
        return false;
    int64_t seconds = caltime_seconds(&t);
    *out = (struct sif_time){.civil = seconds, .is_date = t.is_date, .came_utc = t.is_utc, .utc = seconds};
    if (!t.is_utc)
        return true;
    int64_t local = in->zone ? tz_to_local(in->zone, seconds) : seconds;
    /* the second of two hours when the clock is set back has no name on the wall */
    out->is_utc = !in->zone || tz_to_utc(in->zone, local) != seconds;
    out->civil = out->is_utc ? seconds : local;
    return true;
}

bool sif_time(const struct sif_in *in, const char *name, struct sif_time *out)
{
    return sif_time_of(in, sif_value(in, name), out);
}

int64_t sif_time_utc(const struct sif_in *in, const struct sif_time *t)
{
    return t->is_utc || !in->zone ? t->civil : tz_to_utc(in->zone, t->civil);
}

int64_t sif_day(int64_t civil)
{
    return civil >= 0 ? civil / DAY : -((-civil + DAY - 1) / DAY);
}

struct str sif_time_text(const struct sif_in *in, const struct sif_time *t)
{
    struct caltime c = caltime_from_seconds(t->civil);
    c.is_date = t->is_date;
    c.is_utc = !t->is_date && t->is_utc;
    SCOPED_BUF(b, 64);
    caltime_write(&b, &c);
    return arena_str(in->arena, buf_view(&b));
}

struct line *sif_add_time(struct sif_in *in, const char *name, const struct sif_time *t)
{
    struct sif_time said = *t;
    bool zoned = in->zone && !t->is_utc && !t->is_date;
    if (zoned && in->zone == tz_utc()) {
        said.is_utc = true;
        zoned = false;
    }
    struct line *l = sif_add(in, name, sif_time_text(in, &said));
    if (t->is_date)
        sif_param(in, l, "VALUE", STR("DATE"));
    if (zoned)
        sif_param(in, l, "TZID", tz_name(in->zone));
    return l;
}

/* ---- writing ---- */

bool sif_moment(struct sif_out *out, const struct line *l, struct moment *m)
{
    return l && moment_read(&out->times, l, l->value, m) == OK;
}

int64_t sif_local(const struct sif_out *out, const struct moment *m)
{
    if (m->floating)
        return m->civil;
    return out->zone ? tz_to_local(out->zone, m->utc) : m->utc;
}

bool sif_day_exists(int64_t day)
{
    return day >= days_from_civil(1, 1, 1) && day < days_from_civil(NO_DATE, 1, 1);
}

static void leaf_time(struct sif_out *out, const char *name, int64_t civil, bool utc)
{
    struct caltime c = caltime_from_seconds(civil);
    c.is_utc = utc;
    SCOPED_BUF(b, 64);
    if (sif_day_exists(sif_day(civil)))
        caltime_write(&b, &c);
    sif_leaf(out, name, buf_view(&b));
}

void sif_leaf_date(struct sif_out *out, const char *name, int64_t day)
{
    int y, m, d;
    if (!sif_day_exists(day)) {
        sif_leaf(out, name, STR_NONE);
        return;
    }
    civil_from_days(day, &y, &m, &d);
    buf_addf(out->buf, "<%s>%04d-%02d-%02d</%s>\n", name, y, m, d, name);
}

void sif_leaf_local(struct sif_out *out, const char *name, int64_t civil)
{
    leaf_time(out, name, civil, false);
}

void sif_leaf_utc(struct sif_out *out, const char *name, int64_t utc)
{
    if (out->local && out->zone)
        leaf_time(out, name, tz_to_local(out->zone, utc), false);
    else
        leaf_time(out, name, utc, true);
}

void sif_leaf_moment(struct sif_out *out, const char *name, const struct moment *m)
{
    if (m->is_date)
        sif_leaf_date(out, name, sif_day(m->civil));
    else if (m->floating && !out->zone)
        leaf_time(out, name, m->civil, false);
    else
        sif_leaf_utc(out, name, m->utc);
}
