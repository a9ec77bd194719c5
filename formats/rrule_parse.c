/* formats/rrule_parse.c: the text of a recurrence rule into sets of bits (RFC 5545 section 3.3.10).
 *
 * Lenient where clients are known to be sloppy and the meaning is plain: case, a trailing ';', numbers on
 * BYDAY where the frequency gives them no meaning (dropped), unknown X- parts (ignored). */
#include "core/scoped.h"
#include "formats/rrule_int.h"

static const struct str weekdays[7] = {STR_INIT("MO"), STR_INIT("TU"), STR_INIT("WE"), STR_INIT("TH"),
                                       STR_INIT("FR"), STR_INIT("SA"), STR_INIT("SU")};

static int weekday(struct str s)
{
    for (int i = 0; i < 7; i++)
        if (str_caseeq(weekdays[i], s))
            return i;
    return -1;
}

/* One BY part: which numbers it takes and where their bits go. */
struct by_part {
    struct str name;
    int least, most; /* of the magnitude */
    bool negative;   /* "-1" counts from the end */
    void (*set)(struct rrule *r, int n);
};

static void set_signed(struct rrule_signed *s, int n)
{
    unsigned bit = (unsigned)(n < 0 ? -n : n);
    uint64_t *words = n < 0 ? s->minus : s->plus;
    words[bit / 64] |= UINT64_C(1) << bit % 64;
}
static void set_second(struct rrule *r, int n)
{
    r->second |= UINT64_C(1) << (n == 60 ? 59 : n);
}
static void set_minute(struct rrule *r, int n)
{
    r->minute |= UINT64_C(1) << n;
}
static void set_hour(struct rrule *r, int n)
{
    r->hour |= 1U << n;
}
static void set_monthday(struct rrule *r, int n)
{
    *(n < 0 ? &r->monthday_last : &r->monthday) |= UINT64_C(1) << (n < 0 ? -n : n);
}
static void set_yearday(struct rrule *r, int n)
{
    set_signed(&r->yearday, n);
    r->has_yearday = true;
}
static void set_week(struct rrule *r, int n)
{
    *(n < 0 ? &r->week_last : &r->week) |= UINT64_C(1) << (n < 0 ? -n : n);
}
static void set_month(struct rrule *r, int n)
{
    r->month |= 1U << n;
}
static void set_setpos(struct rrule *r, int n)
{
    set_signed(&r->setpos, n);
    r->has_setpos = true;
}

static const struct by_part by_parts[] = {
    {STR_INIT("BYSECOND"), 0, 60, false, set_second},   {STR_INIT("BYMINUTE"), 0, 59, false, set_minute},
    {STR_INIT("BYHOUR"), 0, 23, false, set_hour},       {STR_INIT("BYMONTHDAY"), 1, 31, true, set_monthday},
    {STR_INIT("BYYEARDAY"), 1, 366, true, set_yearday}, {STR_INIT("BYWEEKNO"), 1, 53, true, set_week},
    {STR_INIT("BYMONTH"), 1, 12, false, set_month},     {STR_INIT("BYSETPOS"), 1, 366, true, set_setpos},
};

static bool numbers(struct rrule *r, struct str list, const struct by_part *part)
{
    struct str one;
    while (str_split(&list, ',', &one)) {
        int64_t n;
        one = str_trim(one);
        if (!str_i64(one, &n))
            return false;
        int64_t magnitude = n < 0 ? -n : n;
        if (magnitude < part->least || magnitude > part->most || (n < 0 && !part->negative))
            return false;
        part->set(r, (int)n);
    }
    return true;
}

static bool by_day(struct rrule *r, struct str list)
{
    struct str one;
    while (str_split(&list, ',', &one)) {
        one = str_trim(one);
        int64_t n = 0;
        int day = one.n >= 2 ? weekday(str_from(one, one.n - 2)) : -1;
        struct str number = str_slice(one, 0, one.n >= 2 ? one.n - 2 : 0);
        if (day < 0 || (number.n && (!str_i64(number, &n) || n == 0 || n < -53 || n > 53)))
            return false;
        if (!number.n) {
            r->weekday |= 1U << day;
            continue;
        }
        uint64_t *set = n < 0 ? r->nth_last : r->nth;
        set[day] |= UINT64_C(1) << (n < 0 ? -n : n);
        r->has_nth = true;
    }
    return true;
}

static bool frequency(struct rrule *r, struct str value)
{
    static const struct str names[] = {
        [RRULE_SECONDLY] = STR_INIT("SECONDLY"), [RRULE_MINUTELY] = STR_INIT("MINUTELY"),
        [RRULE_HOURLY] = STR_INIT("HOURLY"),     [RRULE_DAILY] = STR_INIT("DAILY"),
        [RRULE_WEEKLY] = STR_INIT("WEEKLY"),     [RRULE_MONTHLY] = STR_INIT("MONTHLY"),
        [RRULE_YEARLY] = STR_INIT("YEARLY")};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (str_caseeq(names[i], value)) {
            r->freq = (enum rrule_freq)i;
            return true;
        }
    }
    return false;
}

static bool positive(struct str value, int64_t *out)
{
    return str_i64(value, out) && *out > 0 && *out <= INT32_MAX;
}
static bool interval(struct rrule *r, struct str value)
{
    return positive(value, &r->interval);
}
static bool count(struct rrule *r, struct str value)
{
    return positive(value, &r->count);
}
static bool until(struct rrule *r, struct str value)
{
    r->has_until = true;
    return caltime_parse(value, &r->until) == OK;
}
static bool week_start(struct rrule *r, struct str value)
{
    r->wkst = weekday(value);
    return r->wkst >= 0;
}
static bool rscale(struct rrule *r, struct str value)
{
    (void)r;
    return str_caseeq(value, STR("GREGORIAN"));
}
static bool skip(struct rrule *r, struct str value) /* OMIT is what RFC 5545 does anyway */
{
    (void)r;
    return str_caseeq(value, STR("OMIT"));
}

static const struct {
    struct str name;
    bool (*read)(struct rrule *r, struct str value);
} parts[] = {
    {STR_INIT("FREQ"), frequency}, {STR_INIT("INTERVAL"), interval}, {STR_INIT("COUNT"), count},
    {STR_INIT("UNTIL"), until},    {STR_INIT("WKST"), week_start},   {STR_INIT("BYDAY"), by_day},
    {STR_INIT("RSCALE"), rscale},  {STR_INIT("SKIP"), skip},
};

/* Reads one part. *seen: a bit for each known part, since none may come twice. */
static bool read_part(struct rrule *r, struct str name, struct str value, unsigned *seen)
{
    for (size_t i = 0; i < COUNT_OF(parts) + COUNT_OF(by_parts); i++) {
        bool other = i < COUNT_OF(parts);
        const struct by_part *by = other ? NULL : &by_parts[i - COUNT_OF(parts)];
        if (!str_caseeq(other ? parts[i].name : by->name, name))
            continue;
        if (*seen & 1U << i)
            return false;
        *seen |= 1U << i;
        return other ? parts[i].read(r, value) : numbers(r, value, by);
    }
    return str_casestarts(name, STR("X-"));
}

/* Numbers on BYDAY have a meaning in months and in years without BYWEEKNO only. */
static void drop_numbers(struct rrule *r)
{
    bool meaningful = r->freq == RRULE_MONTHLY || (r->freq == RRULE_YEARLY && !r->week && !r->week_last);
    if (!r->has_nth || meaningful)
        return;
    for (int i = 0; i < 7; i++)
        if (r->nth[i] || r->nth_last[i])
            r->weekday |= 1U << i;
    r->has_nth = false;
}

enum status rrule_parse(struct arena *a, struct str text, struct rrule **out, struct str *why)
{
    struct rrule *r = ARENA_NEW(a, struct rrule);
    if (!r)
        return a->st;
    r->interval = 1;
    unsigned seen = 0;
    struct str rest = str_trim(text), part;
    while (str_split(&rest, ';', &part)) {
        struct str name, value = str_trim(part);
        if (!value.n)
            continue;
        str_split(&value, '=', &name);
        if (!read_part(r, str_trim(name), str_trim(value), &seen)) {
            *why = arena_strf(a, "bad rule part \"%.*s\"", STR_ARG(str_slice(part, 0, 60)));
            return a->st < 0 ? a->st : INVALID;
        }
    }
    if (!(seen & 1U) || (r->count && r->has_until)) {
        *why = seen & 1U ? STR("COUNT and UNTIL together") : STR("FREQ is missing");
        return INVALID;
    }
    drop_numbers(r);
    *out = r;
    return OK;
}

bool rrule_has_count(const struct rrule *r)
{
    return r->count > 0;
}

bool rrule_is_endless(const struct rrule *r)
{
    return !r->count && !r->has_until;
}

bool rrule_until(const struct rrule *r, struct caltime *out)
{
    if (r->has_until)
        *out = r->until;
    return r->has_until;
}
