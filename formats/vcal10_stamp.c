/* formats/vcal10_stamp.c: a date and time as vCalendar 1.0 has it: ISO 8601, basic or extended, with the hour 24 that devices write. */
#include "formats/vcal10_int.h"

enum { DAY = 86400, LONGEST = 40 };

bool vcal10_stamp_read(struct str s, struct vcal10_stamp *out)
{
    char text[LONGEST];
    size_t n = 0;
    s = str_trim(s);
    *out = (struct vcal10_stamp){.civil = 0};
    for (size_t i = 0; i < s.n; i++) {
        if ((i < 10 && s.p[i] == '-') || (i > 10 && s.p[i] == ':'))
            continue;
        if (n == sizeof text)
            return false;
        text[n++] = s.p[i];
    }
    bool utc = n > 1 && ascii_upper(text[n - 1]) == 'Z';
    n -= utc;
    if (n == 13) { /* without seconds */
        text[n++] = '0';
        text[n++] = '0';
    }
    if (n == 15 && memcmp(text + 9, "240000", 6) == 0) {
        out->t24 = true;
        text[9] = text[10] = '0';
    }
    struct caltime t;
    if (caltime_parse(str_n(text, n), &t) != OK)
        return false;
    out->civil = caltime_seconds(&t) + (out->t24 ? DAY : 0);
    out->is_date = t.is_date;
    out->is_utc = utc && !t.is_date;
    return true;
}
