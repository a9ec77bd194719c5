/* formats/xml_decode.c: a document's bytes as UTF-8. Strictly it is what clients of DAV may send. Leniently it is what phones send: what
 * their Content-Type or their declaration says, and where both err, what the bytes look like. */
#include "formats/xml_decode.h"

#include "formats/charset.h"
#include "formats/xml.h"

static void add_utf8(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_addc(out, (char)c);
    } else if (c < 0x800) {
        buf_addc(out, (char)(0xc0 | c >> 6));
        buf_addc(out, (char)(0x80 | (c & 63)));
    } else if (c < 0x10000) {
        buf_addc(out, (char)(0xe0 | c >> 12));
        buf_addc(out, (char)(0x80 | (c >> 6 & 63)));
        buf_addc(out, (char)(0x80 | (c & 63)));
    } else {
        buf_addc(out, (char)(0xf0 | c >> 18));
        buf_addc(out, (char)(0x80 | (c >> 12 & 63)));
        buf_addc(out, (char)(0x80 | (c >> 6 & 63)));
        buf_addc(out, (char)(0x80 | (c & 63)));
    }
}

/* Unpaired surrogates come out as such and are then refused as bad UTF-8. */
static void from_utf16(struct buf *out, struct str s, bool big)
{
    for (size_t i = 0; i + 1 < s.n; i += 2) {
        const unsigned char *p = (const unsigned char *)s.p + i;
        uint32_t c = big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
        if (c >= 0xd800 && c < 0xdc00 && i + 3 < s.n) {
            uint32_t low = big ? (uint32_t)p[2] << 8 | p[3] : (uint32_t)p[3] << 8 | p[2];
            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                i += 2;
            }
        }
        add_utf8(out, c);
    }
}

static void from_latin1(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        add_utf8(out, (unsigned char)s.p[i]);
}

/* The encoding that the XML declaration names; STR_NONE without. */
static struct str declared_encoding(struct str text)
{
    size_t end = str_starts(text, STR("<?xml")) ? str_find(text, STR("?>"), 0) : SIZE_MAX;
    struct str head = end == SIZE_MAX ? STR_NONE : str_slice(text, 0, end);
    size_t at = str_find(head, STR("encoding"), 0);
    if (at == SIZE_MAX)
        return STR_NONE;
    struct str rest = str_trim(str_from(head, at + 8));
    if (!str_starts(rest, STR("=")))
        return STR_NONE;
    rest = str_trim(str_from(rest, 1));
    size_t close = rest.n ? str_chr(rest, rest.p[0], 1) : SIZE_MAX;
    return close == SIZE_MAX ? STR_NONE : str_slice(rest, 1, close - 1);
}

enum status xml_decode_strict(struct str *text, struct buf *room)
{
    static const struct str as_utf8[] = {STR_INIT("utf-8"), STR_INIT("utf8"), STR_INIT("us-ascii"),
                                         STR_INIT("ascii")};
    if (str_starts(*text, STR("\xfe\xff")) || str_starts(*text, STR("\xff\xfe"))) {
        if (text->n % 2)
            return INVALID;
        from_utf16(room, str_from(*text, 2), (unsigned char)text->p[0] == 0xfe);
    } else {
        if (str_starts(*text, STR("\xef\xbb\xbf")))
            *text = str_from(*text, 3);
        struct str name = declared_encoding(*text);
        bool known = name.n == 0;
        for (size_t i = 0; i < COUNT_OF(as_utf8); i++)
            known = known || str_caseeq(name, as_utf8[i]);
        if (str_caseeq(name, STR("iso-8859-1")))
            from_latin1(room, *text);
        else if (!known)
            return INVALID;
    }
    if (room->n)
        *text = buf_view(room);
    return room->st;
}

/* ---- the lenient way ---- */

/* Sets in which nothing that is UTF-8 is likely to be anything else, so that a wrong label does no harm. */
static bool is_western(enum charset cs)
{
    return cs == CHARSET_LATIN1 || cs == CHARSET_CP1252 || cs == CHARSET_LATIN9 || cs == CHARSET_ASCII ||
           cs == CHARSET_UTF8 || cs == CHARSET_NONE;
}

static bool is_wide(enum charset cs)
{
    return cs == CHARSET_UTF16 || cs == CHARSET_UTF16LE || cs == CHARSET_UTF16BE;
}

/* By the first bytes: a byte order mark, or the NUL beside the first "<". */
static enum charset seen(struct str *text)
{
    static const struct {
        struct str bytes;
        enum charset cs;
        bool mark;
    } rows[] = {{STR_INIT("\xfe\xff"), CHARSET_UTF16BE, true},
                {STR_INIT("\xff\xfe"), CHARSET_UTF16LE, true},
                {STR_INIT("\xef\xbb\xbf"), CHARSET_UTF8, true},
                {STR_INIT("\0<"), CHARSET_UTF16BE, false},
                {STR_INIT("<\0"), CHARSET_UTF16LE, false}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!str_starts(*text, rows[i].bytes))
            continue;
        if (rows[i].mark)
            *text = str_from(*text, rows[i].bytes.n);
        return rows[i].cs;
    }
    return CHARSET_NONE;
}

/* A name that is said; false: not known. A document that can be read byte by byte is not UTF-16, whatever it says. */
static bool named(struct str name, enum charset *cs)
{
    *cs = name.n ? charset_find(name) : CHARSET_NONE;
    if (is_wide(*cs))
        *cs = CHARSET_UTF8;
    return !name.n || *cs != CHARSET_NONE;
}

enum status xml_decode(struct arena *a, struct str charset, struct str *text, bool *recoded, struct str *why)
{
    struct str before;
    enum charset cs = seen(text), declared;
    before = *text;
    *recoded = false;
    if (cs == CHARSET_NONE) {
        struct str name = declared_encoding(*text);
        bool known = named(name, &declared);
        struct str bad = known ? charset : name;
        if (known && named(charset, &cs)) {
            if (cs == CHARSET_NONE || (cs == CHARSET_UTF8 && !str_utf8(*text)))
                cs = declared;
            else if (declared == CHARSET_UTF8 && str_utf8(*text))
                cs = declared;
        } else {
            *why = arena_strf(a, "the character set %.*s is not known; send UTF-8",
                              STR_ARG(str_slice(bad, 0, 40)));
            return INVALID;
        }
    }
    if (cs == CHARSET_UTF8 || cs == CHARSET_ASCII || cs == CHARSET_NONE ||
        (is_western(cs) && str_utf8(*text)))
        return OK;
    enum status st = charset_decode(a, cs, *text, text);
    *recoded = text->p != before.p;
    if (st != OK)
        *why = STR("the document needs too much memory");
    return st;
}
