/* syncml/guid.c: the short names of our Adds. Phones say how long one may be (MaxGUIDSize, some of them 4): in base 36 that is
 * enough for a million. */
#include "syncml/engine.h"

enum { BASE = 36, LONGEST = 12 };

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

struct str guid_text(struct arena *a, int64_t n)
{
    char text[16];
    size_t at = sizeof text;
    do {
        text[--at] = digits[n % BASE];
        n /= BASE;
    } while (n > 0 && at);
    return arena_strf(a, "#%.*s", (int)(sizeof text - at), text + at);
}

bool guid_number(struct str guid, int64_t *n)
{
    struct str text = str_from(guid, 1);
    *n = 0;
    if (!str_starts(guid, STR("#")) || !text.n || text.n > LONGEST)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        const char *digit = text.p[i] ? strchr(digits, text.p[i]) : NULL;
        if (!digit)
            return false;
        *n = *n * BASE + (digit - digits);
    }
    return true;
}
