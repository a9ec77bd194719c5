/* clients/setup_language.c: which language a browser wants. */
#include "clients/setup_int.h"

enum { RANGES = 50 }; /* of one Accept-Language; what comes behind is not looked at */

/* "0.8" → 800; 1000 when it is not a weight. */
static unsigned weight(struct str q)
{
    unsigned value = 0, unit = 1000;
    if (!q.n || (q.p[0] != '0' && q.p[0] != '1'))
        return 1000;
    for (size_t i = 0; i < q.n && i < 5; i++) {
        if (i == 1 && q.p[i] == '.')
            continue;
        if (!ascii_digit(q.p[i]))
            return 1000;
        value += unit * (unsigned)(q.p[i] - '0');
        unit /= 10;
    }
    return value > 1000 ? 1000 : value;
}

static unsigned weight_of(struct str range)
{
    struct str part;
    while (str_split(&range, ';', &part)) {
        part = str_trim(part);
        if (str_casestarts(part, STR("q=")))
            return weight(str_from(part, 2));
    }
    return 1000;
}

const struct setup_language *setup_language_of(struct str accept)
{
    const struct setup_language *best = NULL;
    struct str range, tag, primary;
    unsigned most = 0;
    for (size_t n = 0; n < RANGES && str_split(&accept, ',', &range); n++) {
        unsigned w = weight_of(range);
        str_split(&range, ';', &tag);
        tag = str_trim(tag);
        str_split(&tag, '-', &primary);
        for (size_t i = 0; i < setup_language_count && w > most; i++)
            if (str_caseeq(primary, setup_languages[i].tag) || str_eq(primary, STR("*"))) {
                best = &setup_languages[i];
                most = w;
            }
    }
    return best ? best : &setup_languages[0];
}
