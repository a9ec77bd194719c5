/* mailcore/delivery/srs.c: base32 and no letter case anywhere, since some servers change it in local parts. */
#include "mailcore/delivery/srs.h"

#include "core/hash.h"

enum { HASH_CHARS = 8, DAY_CHARS = 2, DAYS = 32 * 32, DAY = 86400, LOCAL_MOST = 64 };

static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";

/* Of the text in lower case. */
static void write_hash(char out[HASH_CHARS], const unsigned char key[SRS_KEY], struct str text)
{
    unsigned char mac[SHA256_SIZE];
    SCOPED_BUF(low, 1024);
    for (size_t i = 0; i < text.n; i++)
        buf_addc(&low, ascii_lower(text.p[i]));
    hmac_sha256(str_n(key, SRS_KEY), buf_view(&low), mac);
    for (size_t i = 0; i < HASH_CHARS; i++)
        out[i] = digits[mac[i] % 32];
}

static bool has_hash(struct str hash, const unsigned char key[SRS_KEY], struct str text)
{
    char wanted[HASH_CHARS], got[HASH_CHARS];
    if (hash.n != HASH_CHARS || text.n > 512)
        return false;
    write_hash(wanted, key, text);
    for (size_t i = 0; i < HASH_CHARS; i++)
        got[i] = ascii_lower(hash.p[i]);
    return hash_equal(wanted, got, HASH_CHARS);
}

static int digit(char c)
{
    const char *at = c ? strchr(digits, ascii_lower(c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

static bool is_fresh(struct str day, int64_t now)
{
    int high = day.n == DAY_CHARS ? digit(day.p[0]) : -1, low = high >= 0 ? digit(day.p[1]) : -1;
    return low >= 0 && (now / DAY - (high * 32 + low) % DAYS + DAYS) % DAYS <= SRS_DAYS;
}

/* "SRS0" or "SRS1" and one of the signs that may stand behind. */
static bool begins(struct str local, char which)
{
    return local.n > 5 && str_casestarts(local, STR("SRS")) && local.p[3] == which &&
           strchr("=+-", local.p[4]) && local.p[4];
}

bool srs_is(struct str local)
{
    return begins(local, '0') || begins(local, '1');
}

static enum status finish(struct buf *out, const unsigned char key[SRS_KEY], const char *word,
                          struct str text)
{
    char hash[HASH_CHARS];
    if (text.n > LOCAL_MOST - HASH_CHARS - 6)
        return TOO_LARGE;
    write_hash(hash, key, text);
    buf_addf(out, "%s=%.*s=%.*s", word, HASH_CHARS, hash, STR_ARG(text));
    return out->st;
}

enum status srs_write(struct buf *out, const unsigned char key[SRS_KEY], struct str local, struct str domain,
                      int64_t now)
{
    SCOPED_BUF(text, 1024);
    if (begins(local, '0')) { /* their hash and all behind it, led back through them */
        buf_addf(&text, "%.*s=%.*s", STR_ARG(domain), STR_ARG(str_from(local, 4)));
        return text.st != OK ? TOO_LARGE : finish(out, key, "SRS1", buf_view(&text));
    }
    size_t second = str_chr(local, '=', 5);
    if (begins(local, '1') && second != SIZE_MAX) /* past whoever sent it on last: back to the first */
        buf_add(&text, str_from(local, second + 1));
    else
        buf_addf(&text, "%c%c=%.*s=%.*s", digits[now / DAY % DAYS / 32], digits[now / DAY % 32],
                 STR_ARG(domain), STR_ARG(local));
    if (text.st != OK)
        return TOO_LARGE;
    return finish(out, key, begins(local, '1') && second != SIZE_MAX ? "SRS1" : "SRS0", buf_view(&text));
}

/* "HASH=text". */
static bool split_hash(struct str local, const unsigned char key[SRS_KEY], struct str *text)
{
    struct str hash;
    *text = str_from(local, 5);
    return str_split(text, '=', &hash) && text->p && has_hash(hash, key, *text);
}

enum status srs_read(struct buf *out, const unsigned char key[SRS_KEY], struct str local, int64_t now)
{
    struct str text, domain, day;
    if (!srs_is(local) || !split_hash(local, key, &text))
        return INVALID;
    if (begins(local, '1')) {
        if (!str_split(&text, '=', &domain) || !text.n || !domain.n)
            return INVALID;
        buf_addf(out, "SRS0%.*s@%.*s", STR_ARG(text),
                 STR_ARG(domain)); /* the sign of theirs is in the text */
        return out->st;
    }
    if (!str_split(&text, '=', &day) || !is_fresh(day, now) || !str_split(&text, '=', &domain) || !domain.n ||
        !text.n)
        return INVALID;
    buf_addf(out, "%.*s@%.*s", STR_ARG(text), STR_ARG(domain));
    return out->st;
}
