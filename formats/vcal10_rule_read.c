/* formats/vcal10_rule_read.c: a recurrence rule of vCalendar 1.0 (section 2.1.11 of its text) into the value of an RRULE.
 *
 *   rule    = freq interval {item} ["#" n] [end] {rule} [end]
 *   freq    = M minutes, D days, W weeks, MP months by weekday, MD months by day, YM years by month, YD years by day
 *   item    = "MO", "1+", "2-", "LD", a month, a day, "0930"; "$" behind one marks the last of the whole, which the end says anyway
 *
 * "#n" counts occurrences, "#0" is endless, and what has neither a count nor an end happens twice ("#2"). */
#include "formats/rrule.h"
#include "formats/vcal10_int.h"

enum { MOST_INTERVAL = 9999, MOST_STEPS = 20000, DAY = 86400, TIMES = 24 * 60 };

enum freq { FREQ_NONE, FREQ_M, FREQ_D, FREQ_W, FREQ_MP, FREQ_MD, FREQ_YM, FREQ_YD };

static const struct {
    struct str letters;
    enum freq freq;
} freqs[] = {/* the longer first */
             {STR_INIT("MP"), FREQ_MP}, {STR_INIT("MD"), FREQ_MD}, {STR_INIT("YM"), FREQ_YM},
             {STR_INIT("YD"), FREQ_YD}, {STR_INIT("M"), FREQ_M},   {STR_INIT("D"), FREQ_D},
             {STR_INIT("W"), FREQ_W}};

static const struct str weekdays[7] = {STR_INIT("MO"), STR_INIT("TU"), STR_INIT("WE"), STR_INIT("TH"),
                                       STR_INIT("FR"), STR_INIT("SA"), STR_INIT("SU")};

struct basic { /* one basic rule */
    enum freq freq;
    uint64_t interval;
    unsigned weekdays;            /* W */
    uint64_t nth[7], nth_last[7]; /* MP: bit n of the weekday */
    uint64_t day, day_last;       /* MD: bits 1..31 */
    unsigned months;              /* YM: bits 1..12 */
    uint64_t yearday[6];          /* YD: bits 1..366 */
    uint32_t hours;               /* of the times */
    uint64_t minutes;
    uint64_t times[(TIMES + 63) / 64];
    bool has_count;
    uint64_t count;
    /* MP: the list being read */
    uint64_t plus, minus;
    bool days_seen;
};

struct reading {
    struct arena *arena;
    const struct caltime *start;
    const struct tz *zone;
    bool z_is_local;
    struct basic rules[2];
    size_t count;
    bool has_end;
    struct vcal10_stamp end;
    struct str *why;
};

static enum status fail(struct reading *r, enum status st, const char *what, struct str token)
{
    *r->why = arena_strf(r->arena, "%s \"%.*s\"", what, STR_ARG(str_slice(token, 0, 60)));
    return r->arena->st < 0 ? r->arena->st : st;
}

static bool next_token(struct str *rest, struct str *token)
{
    *rest = str_trim(*rest);
    size_t n = 0;
    while (n < rest->n && !ascii_space(rest->p[n]))
        n++;
    *token = str_slice(*rest, 0, n);
    *rest = str_from(*rest, n);
    return n > 0;
}

static int weekday(struct str s)
{
    for (int i = 0; i < 7; i++)
        if (str_caseeq(weekdays[i], s))
            return i;
    return -1;
}

/* "MP6": the frequency and how many of it. */
static bool is_frequency(struct str token, enum freq *freq, uint64_t *interval)
{
    for (size_t i = 0; i < COUNT_OF(freqs); i++) {
        struct str number = str_from(token, freqs[i].letters.n);
        if (!str_casestarts(token, freqs[i].letters))
            continue;
        *freq = freqs[i].freq;
        return str_u64(number, interval);
    }
    return false;
}

/* ---- items, by frequency; false when the frequency knows no such item ---- */

static bool take_time(struct basic *b, struct str s)
{
    uint64_t n;
    if (s.n != 4 || !str_u64(s, &n) || n / 100 > 23 || n % 100 > 59)
        return false;
    uint64_t minute = n / 100 * 60 + n % 100;
    b->times[minute / 64] |= UINT64_C(1) << minute % 64;
    b->hours |= UINT32_C(1) << n / 100;
    b->minutes |= UINT64_C(1) << n % 100;
    return true;
}

/* "3", "3+", "3-": its bit goes into *plus or *minus. */
static bool take_number(struct str s, uint64_t most, uint64_t *plus, uint64_t *minus)
{
    uint64_t n;
    bool last = str_ends(s, STR("-"));
    if (last || str_ends(s, STR("+")))
        s.n--;
    if (!str_u64(s, &n) || n < 1 || n > most)
        return false;
    *(last ? minus : plus) |= UINT64_C(1) << n;
    return true;
}

static bool item_week(struct basic *b, struct str s)
{
    int day = weekday(s);
    if (day < 0)
        return take_time(b, s);
    b->weekdays |= 1U << day;
    return true;
}

/* "1+ 2+ MO TU 3- FR": each list of numbers goes with the weekdays behind it. */
static bool item_position(struct basic *b, struct str s)
{
    int day = weekday(s);
    if (day >= 0) {
        if (!b->plus && !b->minus)
            return false;
        b->nth[day] |= b->plus;
        b->nth_last[day] |= b->minus;
        b->days_seen = true;
        return true;
    }
    if (s.n == 4)
        return take_time(b, s);
    if (b->days_seen)
        b->plus = b->minus = 0;
    b->days_seen = false;
    return take_number(s, 5, &b->plus, &b->minus);
}

static bool item_month_day(struct basic *b, struct str s)
{
    if (str_caseeq(s, STR("LD"))) {
        b->day_last |= 2;
        return true;
    }
    return take_number(s, 31, &b->day, &b->day_last);
}

static bool item_month(struct basic *b, struct str s)
{
    uint64_t bits = 0, none = 0;
    if (!take_number(s, 12, &bits, &none) || none)
        return false;
    b->months |= (unsigned)bits;
    return true;
}

static bool item_year_day(struct basic *b, struct str s)
{
    uint64_t n;
    if (!str_u64(s, &n) || n < 1 || n > 366)
        return false;
    b->yearday[n / 64] |= UINT64_C(1) << n % 64;
    return true;
}

static bool item_none(struct basic *b, struct str s)
{
    (void)b;
    (void)s;
    return false;
}

static bool (*const items[])(struct basic *b, struct str s) = {
    [FREQ_NONE] = item_none,   [FREQ_M] = item_none,       [FREQ_D] = take_time,   [FREQ_W] = item_week,
    [FREQ_MP] = item_position, [FREQ_MD] = item_month_day, [FREQ_YM] = item_month, [FREQ_YD] = item_year_day,
};

/* ---- the tokens ---- */

static enum status take_token(struct reading *r, struct str token)
{
    enum freq freq;
    uint64_t n;
    if (is_frequency(token, &freq, &n)) {
        if (n < 1 || n > MOST_INTERVAL)
            return fail(r, INVALID, "an interval out of bounds:", token);
        if (r->count == COUNT_OF(r->rules))
            return fail(r, UNSUPPORTED, "rules nest too deep at", token);
        r->rules[r->count++] = (struct basic){.freq = freq, .interval = n};
        return OK;
    }
    if (!r->count)
        return fail(r, INVALID, "no frequency:", token);
    struct basic *b = &r->rules[r->count - 1];
    if (token.p[0] == '#') {
        if (!str_u64(str_from(token, 1), &n) || n > INT32_MAX || b->has_count)
            return fail(r, INVALID, "not a count:", token);
        b->has_count = true;
        b->count = n;
        return OK;
    }
    if (token.n >= 8 && vcal10_stamp_read(token, &r->end)) {
        if (r->has_end)
            return fail(r, INVALID, "a second end:", token);
        r->has_end = true;
        return OK;
    }
    struct str item = token;
    if (str_ends(item, STR("$")))
        item.n--;
    if (b->has_count || !items[b->freq](b, item))
        return fail(r, INVALID, "out of place:", token);
    return OK;
}

/* ---- what the rule means as RRULE ---- */

static void add_number(struct buf *out, const char *name, bool *any, int64_t n)
{
    if (!*any)
        buf_addf(out, ";%s=", name);
    else
        buf_addc(out, ',');
    *any = true;
    buf_i64(out, n);
}

static size_t add_bits(struct buf *out, const char *name, uint64_t plus, uint64_t minus)
{
    bool any = false;
    size_t count = 0;
    for (int n = 1; n < 64; n++)
        if (plus >> n & 1) {
            add_number(out, name, &any, n);
            count++;
        }
    for (int n = 63; n > 0; n--)
        if (minus >> n & 1) {
            add_number(out, name, &any, -n);
            count++;
        }
    return count;
}

static size_t add_weekdays(struct buf *out, unsigned set)
{
    size_t count = 0;
    for (int i = 0; i < 7; i++)
        if (set >> i & 1U) {
            buf_add(out, count++ ? STR(",") : STR(";BYDAY="));
            buf_add(out, weekdays[i]);
        }
    return count;
}

static size_t add_positions(struct buf *out, const struct basic *b)
{
    size_t count = 0;
    for (int n = -5; n <= 5; n++)
        for (int i = 0; i < 7; i++) {
            if (n == 0 || !((n < 0 ? b->nth_last[i] : b->nth[i]) >> (n < 0 ? -n : n) & 1))
                continue;
            buf_add(out, count++ ? STR(",") : STR(";BYDAY="));
            buf_i64(out, n);
            buf_add(out, weekdays[i]);
        }
    return count;
}

static size_t add_year_days(struct buf *out, const struct basic *b)
{
    bool any = false;
    size_t count = 0;
    for (int n = 1; n <= 366; n++)
        if (b->yearday[n / 64] >> n % 64 & 1) {
            add_number(out, "BYYEARDAY", &any, n);
            count++;
        }
    return count;
}

/* RRULE has hours and minutes, each with each: other sets of times it cannot say. */
static bool add_times(struct buf *out, const struct basic *b, const struct caltime *start, size_t *count)
{
    size_t product = 0;
    bool any = false;
    for (uint64_t hour = 0; hour < 24; hour++)
        for (uint64_t minute = 0; minute < 60; minute++) {
            uint64_t at = hour * 60 + minute;
            bool said = b->hours >> hour & 1 && b->minutes >> minute & 1;
            if (said != (b->times[at / 64] >> at % 64 & 1))
                return false;
            product += said;
        }
    if (!product)
        return true;
    *count *= product;
    for (int hour = 0; hour < 24; hour++)
        if (b->hours >> hour & 1)
            add_number(out, "BYHOUR", &any, hour);
    any = false;
    for (int minute = 0; minute < 60; minute++)
        if (b->minutes >> minute & 1)
            add_number(out, "BYMINUTE", &any, minute);
    if (start->second)
        buf_add(out, STR(";BYSECOND=0"));
    return true;
}

/* MP without a list: the weekday of the start, at its place in the month. */
static void implied_position(struct reading *r, struct basic *b)
{
    int day = weekday_of(days_from_civil(r->start->year, r->start->month, r->start->day));
    bool said = false;
    for (int i = 0; i < 7; i++)
        said = said || b->nth[i] || b->nth_last[i];
    if (b->plus || b->minus) { /* numbers without a weekday */
        if (b->days_seen)
            return;
        b->nth[day] |= b->plus;
        b->nth_last[day] |= b->minus;
    } else if (!said) {
        b->nth[day] |= UINT64_C(1) << ((r->start->day - 1) / 7 + 1);
    }
}

static void implied(struct reading *r, struct basic *b)
{
    int64_t first = days_from_civil(r->start->year, 1, 1);
    int64_t n = days_from_civil(r->start->year, r->start->month, r->start->day) - first + 1;
    bool said = false;
    if (b->freq == FREQ_MP)
        implied_position(r, b);
    for (size_t i = 0; i < COUNT_OF(b->yearday); i++)
        said = said || b->yearday[i];
    if (b->freq == FREQ_YD && !said)
        b->yearday[n / 64] |= UINT64_C(1) << n % 64;
    if (b->freq == FREQ_YM && b->months == 1U << r->start->month)
        b->months = 0; /* the same as none, and how everybody else writes it */
}

/* The rule without its end. */
static enum status put_rule(struct reading *r, struct buf *out)
{
    static const char *const names[] = {
        [FREQ_NONE] = "",      [FREQ_M] = "MINUTELY", [FREQ_D] = "DAILY",   [FREQ_W] = "WEEKLY",
        [FREQ_MP] = "MONTHLY", [FREQ_MD] = "MONTHLY", [FREQ_YM] = "YEARLY", [FREQ_YD] = "YEARLY"};
    struct basic *b = &r->rules[0], *inner = r->count > 1 ? &r->rules[1] : NULL;
    size_t count = 1;
    implied(r, b);
    if (r->start->is_date && (b->freq == FREQ_M || b->hours || (inner && inner->hours)))
        return fail(r, UNSUPPORTED, "times of", STR("a day"));
    buf_addf(out, "FREQ=%s", names[b->freq]);
    if (b->interval > 1)
        buf_addf(out, ";INTERVAL=%u", (unsigned)b->interval);
    if (inner) { /* months, and days in them */
        if (b->freq != FREQ_YM || (inner->freq != FREQ_MP && inner->freq != FREQ_MD) || inner->interval != 1)
            return fail(r, UNSUPPORTED, "no rule of rules", STR("but days of months"));
        if (!b->months)
            b->months = 1U << r->start->month;
        implied(r, inner);
        if (inner->freq == FREQ_MD && !inner->day && !inner->day_last)
            inner->day = UINT64_C(1) << r->start->day;
    }
    size_t months = add_bits(out, "BYMONTH", b->months, 0);
    const struct basic *days = inner ? inner : b;
    size_t found = add_weekdays(out, days->weekdays) + add_positions(out, days) +
                   add_bits(out, "BYMONTHDAY", days->day, days->day_last) + add_year_days(out, days);
    count *= (months ? months : 1) * (found ? found : 1);
    if (!add_times(out, days, r->start, &count))
        return fail(r, UNSUPPORTED,
                    "times that are no product of hours and minutes:", STR("no RRULE says them"));
    if (inner && b->has_count && b->count && count > 1)
        return fail(r, UNSUPPORTED, "a count of intervals", STR("that hold several"));
    return OK;
}

/* The last moment that the end allows, in civil time of the zone. A day is meant whole: devices write its midnight. */
static int64_t last_civil(const struct reading *r)
{
    const struct vcal10_stamp *e = &r->end;
    const struct tz *zone = e->is_utc && !r->z_is_local ? r->zone : NULL;
    int64_t start = caltime_seconds(r->start), civil = e->civil - e->t24;
    if (zone && !r->start->is_date)
        start = tz_to_utc(zone, start);
    if (r->start->is_date && e->civil % DAY == 0)
        return civil;
    if (!e->t24 && civil % DAY == 0 && (e->is_date || start % DAY != 0))
        civil += DAY - 1;
    return zone ? tz_to_local(zone, civil) : civil;
}

static void put_until(struct reading *r, struct buf *out, int64_t civil)
{
    bool utc = !r->start->is_date && (r->zone || r->start->is_utc);
    struct caltime t = caltime_from_seconds(utc && r->zone ? tz_to_utc(r->zone, civil) : civil);
    t.is_date = r->start->is_date;
    t.is_utc = utc;
    buf_add(out, STR(";UNTIL="));
    caltime_write(out, &t);
}

/* Of a count and an end the one that comes first. */
static enum status count_ends_first(struct reading *r, struct str rule, uint64_t count, int64_t end,
                                    bool *first)
{
    struct rrule *parsed;
    struct rrule_iter *it;
    int64_t at, n = 0;
    *first = false;
    if (count > MOST_STEPS)
        return OK;
    struct str text = arena_strf(r->arena, "%.*s;COUNT=%u", STR_ARG(rule), (unsigned)count);
    enum status st = rrule_parse(r->arena, text, &parsed, r->why);
    if (st == OK)
        st = rrule_iter_new(r->arena, parsed, r->start, INT64_MIN, end, &it);
    if (st != OK)
        return st;
    while (rrule_next(it, &at))
        n++;
    *first = n >= (int64_t)count;
    return OK;
}

static enum status put_end(struct reading *r, struct buf *out)
{
    struct basic *b = &r->rules[0];
    uint64_t count = b->has_count ? b->count : r->has_end ? 0 : 2;
    int64_t end = r->has_end ? last_civil(r) : INT64_MAX;
    bool by_count = count > 0;
    if (count && r->has_end) {
        enum status st = count_ends_first(r, arena_str(r->arena, buf_view(out)), count, end, &by_count);
        if (st != OK)
            return st;
    }
    if (by_count)
        buf_addf(out, ";COUNT=%u", (unsigned)count);
    else if (r->has_end)
        put_until(r, out, end);
    return OK;
}

enum status vcal10_rule_read(struct arena *a, struct str rule, const struct caltime *start,
                             const struct tz *zone, bool z_is_local, struct str *rrule, struct str *why)
{
    struct reading r = {.arena = a, .start = start, .zone = zone, .z_is_local = z_is_local, .why = why};
    struct str token;
    SCOPED_BUF(out, 4096);
    enum status st = OK;
    *rrule = STR_NONE;
    while (st == OK && next_token(&rule, &token))
        st = take_token(&r, token);
    if (st == OK && !r.count)
        st = fail(&r, INVALID, "an empty rule", STR(""));
    if (st == OK)
        st = put_rule(&r, &out);
    if (st == OK)
        st = put_end(&r, &out);
    if (st != OK)
        return st;
    *rrule = arena_str(a, buf_view(&out));
    return out.st != OK ? out.st : a->st;
}
