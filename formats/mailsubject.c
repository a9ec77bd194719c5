/* formats/mailsubject.c: the steps of RFC 5256 section 2.1, on views: everything is taken off the front or the end. */
#include "formats/mailsubject.h"
#include "core/scoped.h"

static const struct str leaders[] = {STR_INIT("re"), STR_INIT("fwd"), STR_INIT("fw")};

/* subj-blob = "[" *BLOBCHAR "]" *WSP: its bytes, 0 when there is none. */
static size_t blob(struct str s)
{
    size_t i = 1;
    if (!s.n || s.p[0] != '[')
        return 0;
    while (i < s.n && s.p[i] != '[' && s.p[i] != ']')
        i++;
    if (i == s.n || s.p[i] != ']')
        return 0;
    for (i++; i < s.n && ascii_space(s.p[i]);)
        i++;
    return i;
}

/* subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":": its bytes, 0 when there is none. */
static size_t refwd(struct str s)
{
    for (size_t k = 0; k < COUNT_OF(leaders); k++) {
        size_t i = leaders[k].n;
        if (!str_casestarts(s, leaders[k]))
            continue;
        while (i < s.n && ascii_space(s.p[i]))
            i++;
        i += blob(str_from(s, i));
        if (i < s.n && s.p[i] == ':')
            return i + 1;
    }
    return 0;
}

/* Step 2: "(fwd)" and blanks at the end. */
static struct str without_trailer(struct str s, bool *reply)
{
    const struct str fwd = STR("(fwd)");
    for (;;) {
        s = str_trim(s);
        if (s.n < fwd.n || !str_caseeq(str_from(s, s.n - fwd.n), fwd))
            return s;
        s.n -= fwd.n;
        *reply = true;
    }
}

/* Steps 3 to 5: leaders (blobs and refwd) and blobs at the front, as long as something remains. The blobs before a refwd are passed over
 * once: a row of blobs without one behind them is looked at a single time. */
static struct str without_leaders(struct str s, bool *reply)
{
    for (;;) {
        size_t front = 0, first, n;
        s = str_trim(s);
        first = blob(s);
        while ((n = blob(str_from(s, front))) != 0)
            front += n;
        n = refwd(str_from(s, front));
        if (n) {
            s = str_from(s, front + n);
            *reply = true;
        } else if (front && front < s.n) {
            return str_from(s, front);
        } else if (front > first && first) {
            /* nothing but blobs: the last one is the subject */
            size_t last = 0;
            while ((n = blob(str_from(s, last))) != 0 && last + n < s.n)
                last += n;
            return str_from(s, last);
        } else {
            return s;
        }
    }
}

struct str mail_base_subject(struct str subject, bool *reply)
{
    const struct str open = STR("[fwd:");
    *reply = false;
    for (;;) { /* step 6: "[fwd: … ]" around all of it, and from the beginning again */
        subject = without_leaders(without_trailer(subject, reply), reply);
        if (!str_casestarts(subject, open) || !str_ends(subject, STR("]")))
            return subject;
        subject = str_slice(subject, open.n, subject.n - open.n - 1);
        *reply = true;
    }
}

bool mail_next_id(struct str *rest, struct str *id)
{
    size_t open = str_chr(*rest, '<', 0), close = open == SIZE_MAX ? open : str_chr(*rest, '>', open);
    if (close == SIZE_MAX) {
        *rest = STR_NONE;
        return false;
    }
    *id = str_slice(*rest, open + 1, close - open - 1);
    *rest = str_from(*rest, close + 1);
    return true;
}
