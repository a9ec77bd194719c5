/* formats/tz_file.c: reads TZif files (RFC 8536), as /usr/share/zoneinfo has them: 64-bit times where there
 * are, and the footer. The files are the system's, but every length in them is checked all the same. */
#include "formats/tz_int.h"

#include "formats/caltime.h"

enum { HEADER = 44, MOST_TIMES = 10000 };

struct block { /* counts of one header, and where its data begins */
    uint32_t isut, isstd, leap, time, type, chars;
    int version;
    const unsigned char *data;
};

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const unsigned char *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* Reads a header and checks that its data is there; *rest is what follows. */
static bool take_block(struct str *rest, size_t time_size, struct block *b)
{
    const unsigned char *p = (const unsigned char *)rest->p;
    if (rest->n < HEADER || !str_starts(*rest, STR("TZif")))
        return false;
    *b = (struct block){be32(p + 20), be32(p + 24), be32(p + 28), be32(p + 32),
                        be32(p + 36), be32(p + 40), p[4],         p + HEADER};
    if (b->time > MOST_TIMES || b->type > 255 || b->chars > 4096 || b->leap > MOST_TIMES || b->isut > 255 ||
        b->isstd > 255 || b->type < 1)
        return false;
    size_t n =
        b->time * (time_size + 1) + b->type * 6U + b->chars + b->leap * (time_size + 4) + b->isstd + b->isut;
    if (rest->n - HEADER < n)
        return false;
    *rest = str_from(*rest, HEADER + n);
    return true;
}

/* RFC 8536 section 3.2. What is none ends the name, so that it can go into a VTIMEZONE. */
static bool is_name_char(unsigned char c)
{
    return ascii_alpha((char)c) || ascii_digit((char)c) || c == '+' || c == '-';
}

static void read_kinds(const struct block *b, size_t time_size, struct tz_kind *kinds)
{
    const unsigned char *types = b->data + b->time * (time_size + 1), *chars = types + b->type * 6U;
    for (uint32_t i = 0; i < b->type; i++) {
        int32_t offset = (int32_t)be32(types + i * 6U);
        size_t from = types[i * 6U + 5];
        kinds[i].offset = offset > -93600 && offset < 93600 ? offset : 0; /* RFC 8536: less than 26 hours */
        kinds[i].dst = types[i * 6U + 4] != 0;
        for (size_t n = 0; n + 1 < TZ_ABBREVIATION && from + n < b->chars && is_name_char(chars[from + n]);
             n++)
            kinds[i].abbreviation[n] = (char)chars[from + n];
    }
}

static size_t read_onsets(const struct block *b, size_t time_size, struct tz_onset *onsets)
{
    size_t n = 0;
    const unsigned char *index = b->data + b->time * time_size;
    for (uint32_t i = 0; i < b->time; i++) {
        if (index[i] >= b->type)
            continue;
        const unsigned char *p = b->data + i * time_size;
        onsets[n].at = time_size == 8 ? be64(p) : (int32_t)be32(p);
        onsets[n++].kind = index[i];
    }
    return n;
}

/* "\nCET-1CEST,…\n": NULL when there is none or it says nothing that we understand. */
static const struct tz_rule *read_footer(struct arena *a, struct str rest)
{
    size_t end = rest.n && rest.p[0] == '\n' ? str_chr(rest, '\n', 1) : SIZE_MAX;
    struct tz_rule *r = end == SIZE_MAX ? NULL : ARENA_NEW(a, struct tz_rule);
    return r && tz_rule_parse(str_slice(rest, 1, end - 1), r) == OK ? r : NULL;
}

/* Adds the rule's onsets behind the table's. kinds[count], kinds[count + 1] are the rule's own. */
static size_t expand(const struct tz_rule *rule, struct tz_onset *onsets, size_t n, size_t count)
{
    int64_t last = n ? onsets[n - 1].at : INT64_MIN;
    int year = 1970, month, day;
    if (last >= days_from_civil(TZ_TABLE_YEAR + 1, 1, 1) * 86400)
        return n;
    if (last > 0)
        civil_from_days(last / 86400, &year, &month, &day);
    for (; year <= TZ_TABLE_YEAR; year++) {
        int64_t at[2];
        bool to_daylight;
        tz_rule_onsets(rule, year, at, &to_daylight);
        for (int i = 0; i < 2; i++)
            if (at[i] > last)
                onsets[n++] = (struct tz_onset){at[i], (uint8_t)(count + ((i == 0) == to_daylight))};
    }
    return n;
}

enum status tz_file_parse(struct arena *a, struct str name, struct str bytes, const struct tz **out)
{
    struct block b;
    size_t size = 4;
    if (!take_block(&bytes, 4, &b))
        return INVALID;
    if (b.version >= '2') {
        size = 8;
        if (!take_block(&bytes, 8, &b))
            return INVALID;
    }
    const struct tz_rule *rule = size == 8 ? read_footer(a, bytes) : NULL;
    struct tz_kind *kinds = ARENA_ARRAY(a, struct tz_kind, b.type + 2U);
    struct tz_onset *onsets = ARENA_ARRAY(a, struct tz_onset, b.time + 2U * (TZ_TABLE_YEAR - 1970 + 1));
    if (!kinds || !onsets)
        return a->st;
    read_kinds(&b, size, kinds);
    size_t n = read_onsets(&b, size, onsets);
    if (rule && rule->yearly && b.type <= 253) {
        kinds[b.type] = rule->standard;
        kinds[b.type + 1] = rule->daylight;
        n = expand(rule, onsets, n, b.type);
    } else {
        rule = NULL; /* the last onset of the table leads into what a rule without changes says */
    }
    return tz_build(a, name, onsets, n, 0, kinds, rule, out);
}
