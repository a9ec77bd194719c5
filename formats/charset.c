/* formats/charset.c: character sets of devices. ASCII, ISO-8859-1 and windows-1252, which nearly all of them use, are done here;
 * the others by iconv, with a name of our own table and never with one that came from outside. */
#include "formats/charset.h"

#include <errno.h>
#include <iconv.h>

#define REPLACEMENT STR("\xef\xbf\xbd") /* U+FFFD */

enum { SEVEN_BITS = 0x80, LATIN_PRINTABLE = 0xA0, UTF8_LONGEST = 4 };

static const struct {
    struct str name;   /* as it is written in CHARSET= */
    const char *iconv; /* NULL: done here */
} sets[CHARSET_COUNT] = {
    [CHARSET_NONE] = {{NULL, 0}, NULL},
    [CHARSET_UTF8] = {STR_INIT("UTF-8"), NULL},
    [CHARSET_ASCII] = {STR_INIT("US-ASCII"), NULL},
    [CHARSET_LATIN1] = {STR_INIT("ISO-8859-1"), NULL},
    [CHARSET_CP1252] = {STR_INIT("WINDOWS-1252"), NULL},
    [CHARSET_UTF16] = {STR_INIT("UTF-16"), "UTF-16BE"},
    [CHARSET_UTF16LE] = {STR_INIT("UTF-16LE"), "UTF-16LE"},
    [CHARSET_UTF16BE] = {STR_INIT("UTF-16BE"), "UTF-16BE"},
    [CHARSET_LATIN2] = {STR_INIT("ISO-8859-2"), "ISO-8859-2"},
    [CHARSET_LATIN5] = {STR_INIT("ISO-8859-9"), "ISO-8859-9"},
    [CHARSET_LATIN9] = {STR_INIT("ISO-8859-15"), "ISO-8859-15"},
    [CHARSET_CYRILLIC] = {STR_INIT("ISO-8859-5"), "ISO-8859-5"},
    [CHARSET_GREEK] = {STR_INIT("ISO-8859-7"), "ISO-8859-7"},
    [CHARSET_HEBREW] = {STR_INIT("ISO-8859-8"), "ISO-8859-8"},
    [CHARSET_ARABIC] = {STR_INIT("ISO-8859-6"), "ISO-8859-6"},
    [CHARSET_CP1250] = {STR_INIT("WINDOWS-1250"), "CP1250"},
    [CHARSET_CP1251] = {STR_INIT("WINDOWS-1251"), "CP1251"},
    [CHARSET_CP1253] = {STR_INIT("WINDOWS-1253"), "CP1253"},
    [CHARSET_CP1254] = {STR_INIT("WINDOWS-1254"), "CP1254"},
    [CHARSET_CP1255] = {STR_INIT("WINDOWS-1255"), "CP1255"},
    [CHARSET_CP1256] = {STR_INIT("WINDOWS-1256"), "CP1256"},
    [CHARSET_CP1257] = {STR_INIT("WINDOWS-1257"), "CP1257"},
    [CHARSET_KOI8R] = {STR_INIT("KOI8-R"), "KOI8-R"},
    [CHARSET_KOI8U] = {STR_INIT("KOI8-U"), "KOI8-U"},
    [CHARSET_SJIS] = {STR_INIT("SHIFT_JIS"), "CP932"},
    [CHARSET_EUCJP] = {STR_INIT("EUC-JP"), "EUC-JP"},
    [CHARSET_JIS] = {STR_INIT("ISO-2022-JP"), "ISO-2022-JP"},
    [CHARSET_GB2312] = {STR_INIT("GB2312"), "GB2312"},
    [CHARSET_GBK] = {STR_INIT("GBK"), "GBK"},
    [CHARSET_GB18030] = {STR_INIT("GB18030"), "GB18030"},
    [CHARSET_BIG5] = {STR_INIT("BIG5"), "BIG5"},
    [CHARSET_EUCKR] = {STR_INIT("EUC-KR"), "CP949"},
    [CHARSET_THAI] = {STR_INIT("TIS-620"), "TIS-620"},
};

static const struct {
    struct str name;
    enum charset cs;
} aliases[] = {
    {STR_INIT("UTF8"), CHARSET_UTF8},
    {STR_INIT("ASCII"), CHARSET_ASCII},
    {STR_INIT("ANSI_X3.4-1968"), CHARSET_ASCII},
    {STR_INIT("ISO8859-1"), CHARSET_LATIN1},
    {STR_INIT("ISO_8859-1"), CHARSET_LATIN1},
    {STR_INIT("ISO88591"), CHARSET_LATIN1},
    {STR_INIT("LATIN1"), CHARSET_LATIN1},
    {STR_INIT("LATIN-1"), CHARSET_LATIN1},
    {STR_INIT("L1"), CHARSET_LATIN1},
    {STR_INIT("ANSI"), CHARSET_CP1252},
    {STR_INIT("CP1252"), CHARSET_CP1252},
    {STR_INIT("CP-1252"), CHARSET_CP1252},
    {STR_INIT("UTF16"), CHARSET_UTF16},
    {STR_INIT("UCS-2"), CHARSET_UTF16},
    {STR_INIT("UCS2"), CHARSET_UTF16},
    {STR_INIT("ISO-10646-UCS-2"), CHARSET_UTF16},
    {STR_INIT("LATIN2"), CHARSET_LATIN2},
    {STR_INIT("ISO8859-2"), CHARSET_LATIN2},
    {STR_INIT("LATIN5"), CHARSET_LATIN5},
    {STR_INIT("ISO8859-15"), CHARSET_LATIN9},
    {STR_INIT("LATIN9"), CHARSET_LATIN9},
    {STR_INIT("CP1250"), CHARSET_CP1250},
    {STR_INIT("CP1251"), CHARSET_CP1251},
    {STR_INIT("CP1253"), CHARSET_CP1253},
    {STR_INIT("CP1254"), CHARSET_CP1254},
    {STR_INIT("CP1255"), CHARSET_CP1255},
    {STR_INIT("CP1256"), CHARSET_CP1256},
    {STR_INIT("CP1257"), CHARSET_CP1257},
    {STR_INIT("SHIFT-JIS"), CHARSET_SJIS},
    {STR_INIT("SJIS"), CHARSET_SJIS},
    {STR_INIT("CP932"), CHARSET_SJIS},
    {STR_INIT("WINDOWS-31J"), CHARSET_SJIS},
    {STR_INIT("MS_KANJI"), CHARSET_SJIS},
    {STR_INIT("EUCJP"), CHARSET_EUCJP},
    {STR_INIT("GB_2312-80"), CHARSET_GB2312},
    {STR_INIT("EUC-CN"), CHARSET_GB2312},
    {STR_INIT("CP936"), CHARSET_GBK},
    {STR_INIT("CP950"), CHARSET_BIG5},
    {STR_INIT("BIG-5"), CHARSET_BIG5},
    {STR_INIT("EUCKR"), CHARSET_EUCKR},
    {STR_INIT("KS_C_5601-1987"), CHARSET_EUCKR},
    {STR_INIT("CP949"), CHARSET_EUCKR},
    {STR_INIT("ISO-8859-11"), CHARSET_THAI},
    {STR_INIT("CP874"), CHARSET_THAI},
};

/* What windows-1252 has where ISO-8859-1 has controls; 0: nothing. */
static const uint16_t cp1252[0x20] = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                      0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                      0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

/* What people mean all the same where a set lacks the character. */
static const struct {
    struct str utf8, near;
} near_forms[] = {
    {STR_INIT("\xe2\x80\x98"), STR_INIT("'")},   {STR_INIT("\xe2\x80\x99"), STR_INIT("'")},
    {STR_INIT("\xe2\x80\x9a"), STR_INIT("'")},   {STR_INIT("\xe2\x80\x9c"), STR_INIT("\"")},
    {STR_INIT("\xe2\x80\x9d"), STR_INIT("\"")},  {STR_INIT("\xe2\x80\x9e"), STR_INIT("\"")},
    {STR_INIT("\xe2\x80\x90"), STR_INIT("-")},   {STR_INIT("\xe2\x80\x91"), STR_INIT("-")},
    {STR_INIT("\xe2\x80\x93"), STR_INIT("-")},   {STR_INIT("\xe2\x80\x94"), STR_INIT("-")},
    {STR_INIT("\xe2\x80\xa6"), STR_INIT("...")}, {STR_INIT("\xe2\x80\xa2"), STR_INIT("*")},
    {STR_INIT("\xe2\x80\xaf"), STR_INIT(" ")},   {STR_INIT("\xe2\x80\x89"), STR_INIT(" ")},
    {STR_INIT("\xc2\xa0"), STR_INIT(" ")},       {STR_INIT("\xe2\x82\xac"), STR_INIT("EUR")},
};

enum charset charset_find(struct str name)
{
    name = str_trim(name);
    if (name.n >= 2 && name.p[0] == '"' && name.p[name.n - 1] == '"')
        name = str_slice(name, 1, name.n - 2);
    for (size_t i = 1; i < COUNT_OF(sets); i++)
        if (str_caseeq(sets[i].name, name))
            return (enum charset)i;
    for (size_t i = 0; i < COUNT_OF(aliases); i++)
        if (str_caseeq(aliases[i].name, name))
            return aliases[i].cs;
    return CHARSET_NONE;
}

static const struct {
    uint32_t mib;
    enum charset cs;
} mibs[] = {
    {3, CHARSET_ASCII},      {4, CHARSET_LATIN1},    {5, CHARSET_LATIN2},    {8, CHARSET_CYRILLIC},
    {9, CHARSET_ARABIC},     {10, CHARSET_GREEK},    {11, CHARSET_HEBREW},   {12, CHARSET_LATIN5},
    {17, CHARSET_SJIS},      {18, CHARSET_EUCJP},    {36, CHARSET_EUCKR},    {38, CHARSET_EUCKR},
    {39, CHARSET_JIS},       {57, CHARSET_GB2312},   {106, CHARSET_UTF8},    {111, CHARSET_LATIN9},
    {113, CHARSET_GBK},      {114, CHARSET_GB18030}, {1000, CHARSET_UTF16},  {1013, CHARSET_UTF16BE},
    {1014, CHARSET_UTF16LE}, {1015, CHARSET_UTF16},  {2024, CHARSET_SJIS},   {2025, CHARSET_GB2312},
    {2026, CHARSET_BIG5},    {2084, CHARSET_KOI8R},  {2088, CHARSET_KOI8U},  {2250, CHARSET_CP1250},
    {2251, CHARSET_CP1251},  {2252, CHARSET_CP1252}, {2253, CHARSET_CP1253}, {2254, CHARSET_CP1254},
    {2255, CHARSET_CP1255},  {2256, CHARSET_CP1256}, {2257, CHARSET_CP1257}, {2259, CHARSET_THAI},
};

enum charset charset_mib(uint32_t mib)
{
    for (size_t i = 0; i < COUNT_OF(mibs); i++)
        if (mibs[i].mib == mib)
            return mibs[i].cs;
    return CHARSET_NONE;
}

struct str charset_name(enum charset cs)
{
    return sets[cs].name;
}

/* ---- UTF-8 ---- */

/* The length of the well-formed character at the start of s, 0 when there is none. */
static size_t character(struct str s)
{
    unsigned char c = s.n ? (unsigned char)s.p[0] : 0xFF;
    size_t n = c < SEVEN_BITS ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
    return n && n <= s.n && (n == 1 || str_utf8(str_slice(s, 0, n))) ? n : 0;
}

static unsigned code_point(struct str one)
{
    unsigned c = (unsigned char)one.p[0];
    c &= one.n == 1 ? 0x7FU : one.n == 2 ? 0x1FU : one.n == 3 ? 0x0FU : 0x07U;
    for (size_t i = 1; i < one.n; i++)
        c = c << 6 | ((unsigned char)one.p[i] & 0x3FU);
    return c;
}

/* Of the basic plane. */
static void put(struct buf *out, unsigned c)
{
    char two[2] = {(char)(0xC0 | c >> 6), (char)(0x80 | (c & 0x3F))};
    char three[3] = {(char)(0xE0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3F)), (char)(0x80 | (c & 0x3F))};
    if (c < SEVEN_BITS)
        buf_addc(out, (char)c);
    else
        buf_add(out, c < 0x800 ? str_n(two, 2) : str_n(three, 3));
}

static void repair(struct buf *out, struct str s)
{
    while (s.n) {
        size_t n = character(s);
        buf_add(out, n ? str_slice(s, 0, n) : REPLACEMENT);
        s = str_from(s, n ? n : 1);
    }
}

struct str charset_cut(struct str utf8, size_t most)
{
    size_t i = 0;
    for (size_t n = 0; i < utf8.n; i++)
        if (((unsigned char)utf8.p[i] & 0xC0) != 0x80 && n++ == most)
            break;
    return str_slice(utf8, 0, i);
}

size_t charset_length(struct str utf8)
{
    size_t n = 0;
    for (size_t i = 0; i < utf8.n; i++)
        n += ((unsigned char)utf8.p[i] & 0xC0) != 0x80;
    return n;
}

/* ---- to UTF-8 ---- */

/* ISO-8859-1 is read as windows-1252, since that is what writers of it mean by 80..9F. */
static void from_single(struct buf *out, enum charset cs, struct str s)
{
    for (size_t i = 0; s.p && i < s.n; i++) {
        unsigned c = (unsigned char)s.p[i];
        if (cs != CHARSET_ASCII && c >= SEVEN_BITS && c < LATIN_PRINTABLE)
            c = cp1252[c - SEVEN_BITS];
        if (c == 0 && s.p[i] != 0)
            buf_add(out, REPLACEMENT);
        else if (cs == CHARSET_ASCII && c >= SEVEN_BITS)
            buf_add(out, REPLACEMENT);
        else
            put(out, c);
    }
}

static void from_iconv(struct buf *out, iconv_t cd, struct str s)
{
    enum { PIECE = 4096 };
    char piece[PIECE], *in = unconst(s.p);
    size_t left = s.n;
    while (left && out->st == OK) {
        char *to = piece;
        size_t room = sizeof piece;
        size_t done = iconv(cd, &in, &left, &to, &room);
        int why = errno;
        buf_add(out, str_n(piece, sizeof piece - room));
        if (done != (size_t)-1 || why == E2BIG)
            continue;
        buf_add(out, REPLACEMENT);
        if (why != EILSEQ) /* cut off in the middle of a character */
            break;
        in++;
        left--;
    }
    char *to = piece; /* some hold a letter back for the accent that might follow */
    size_t room = sizeof piece;
    iconv(cd, NULL, NULL, &to, &room);
    buf_add(out, str_n(piece, sizeof piece - room));
}

static const char *utf16_name(enum charset cs, struct str *s)
{
    bool little = cs == CHARSET_UTF16LE;
    if (str_starts(*s, STR("\xff\xfe")) && cs != CHARSET_UTF16BE) {
        *s = str_from(*s, 2);
        little = true;
    } else if (str_starts(*s, STR("\xfe\xff")) && cs != CHARSET_UTF16LE) {
        *s = str_from(*s, 2);
    }
    return sets[little ? CHARSET_UTF16LE : CHARSET_UTF16BE].iconv;
}

static void decode(struct buf *out, enum charset cs, struct str bytes)
{
    const char *name = sets[cs].iconv;
    if (cs == CHARSET_UTF16 || cs == CHARSET_UTF16LE || cs == CHARSET_UTF16BE)
        name = utf16_name(cs, &bytes);
    if (!name) {
        if (cs == CHARSET_UTF8)
            repair(out, bytes);
        else
            from_single(out, cs, bytes);
        return;
    }
    iconv_t cd = iconv_open("UTF-8", name);
    if (cd == (iconv_t)-1) { /* the system's modules are not there */
        from_single(out, CHARSET_CP1252, bytes);
        return;
    }
    from_iconv(out, cd, bytes);
    iconv_close(cd);
}

static bool is_ascii(struct str s)
{
    uint64_t any = 0;
    size_t i = 0;
    for (uint64_t word; i + sizeof word <= s.n; i += sizeof word) {
        memcpy(&word, s.p + i, sizeof word);
        any |= word;
    }
    for (; i < s.n; i++)
        any |= (unsigned char)s.p[i];
    return !(any & 0x8080808080808080);
}

/* Do ASCII bytes mean ASCII in this set, wherever they stand? */
static bool keeps_ascii(enum charset cs)
{
    return cs != CHARSET_UTF16 && cs != CHARSET_UTF16LE && cs != CHARSET_UTF16BE && cs != CHARSET_JIS &&
           cs != CHARSET_SJIS;
}

enum status charset_decode(struct arena *a, enum charset cs, struct str bytes, struct str *out)
{
    if (cs == CHARSET_NONE)
        cs = CHARSET_UTF8;
    *out = bytes.p ? bytes : STR("");
    if (keeps_ascii(cs) && (is_ascii(bytes) || (cs == CHARSET_UTF8 && str_utf8(bytes))))
        return OK;
    SCOPED_BUF(made, bytes.n > SIZE_MAX / 4 ? 0 : bytes.n * 3 + UTF8_LONGEST);
    decode(&made, cs, bytes);
    *out = made.st == OK ? arena_str(a, buf_view(&made)) : STR_NONE;
    return made.st != OK ? made.st : a->st;
}

enum status charset_guess(struct arena *a, enum charset otherwise, struct str bytes, struct str *out)
{
    return charset_decode(a, str_utf8(bytes) ? CHARSET_UTF8 : otherwise, bytes, out);
}

enum status charset_whole(struct arena *a, struct str bytes, struct str *out)
{
    enum charset cs = CHARSET_NONE;
    if (str_starts(bytes, STR("\xff\xfe")))
        cs = CHARSET_UTF16LE;
    else if (str_starts(bytes, STR("\xfe\xff")))
        cs = CHARSET_UTF16BE;
    else if (bytes.n >= 4 && bytes.p[0] && !bytes.p[1] && bytes.p[2] && !bytes.p[3])
        cs = CHARSET_UTF16LE;
    else if (bytes.n >= 4 && !bytes.p[0] && bytes.p[1] && !bytes.p[2] && bytes.p[3])
        cs = CHARSET_UTF16BE;
    if (cs != CHARSET_NONE) {
        if (str_starts(bytes, STR("\xff\xfe")) || str_starts(bytes, STR("\xfe\xff")))
            bytes = str_from(bytes, 2);
        return charset_decode(a, cs, bytes, out);
    }
    *out = str_starts(bytes, STR("\xef\xbb\xbf")) ? str_from(bytes, 3) : bytes;
    return OK;
}

/* ---- from UTF-8 ---- */

static struct str near_form(struct str one)
{
    for (size_t i = 0; i < COUNT_OF(near_forms); i++)
        if (str_eq(near_forms[i].utf8, one))
            return near_forms[i].near;
    return STR("?");
}

/* The byte of a character in ASCII, ISO-8859-1 or windows-1252; -1: it has none. */
static int single_byte(enum charset cs, unsigned c)
{
    if (c < SEVEN_BITS)
        return (int)c;
    if (cs == CHARSET_ASCII)
        return -1;
    if (c >= LATIN_PRINTABLE && c <= 0xFF)
        return (int)c;
    for (size_t i = 0; cs == CHARSET_CP1252 && i < COUNT_OF(cp1252); i++)
        if (c == cp1252[i])
            return (int)(SEVEN_BITS + i);
    return -1;
}

/* Returns whether all could be said. */
static bool to_single(struct buf *out, enum charset cs, struct str s)
{
    bool all = true;
    while (s.n) {
        size_t n = character(s);
        struct str one = str_slice(s, 0, n ? n : 1);
        int byte = n ? single_byte(cs, code_point(one)) : -1;
        if (byte >= 0)
            buf_addc(out, (char)byte);
        else
            buf_add(out, near_form(one));
        all = all && byte >= 0;
        s = str_from(s, one.n);
    }
    return all;
}

static bool to_iconv(struct buf *out, iconv_t cd, struct str s)
{
    enum { PIECE = 4096 };
    char piece[PIECE], *in = unconst(s.p);
    size_t left = s.n;
    struct str instead =
        STR_NONE; /* what stands for the character that could not be said, before `s` goes on */
    bool all = true, flushed = false;
    while (!flushed && out->st == OK) {
        char *to = piece, *from = instead.n ? unconst(instead.p) : in;
        size_t room = sizeof piece, *n = instead.n ? &instead.n : &left;
        flushed = *n == 0;
        size_t done =
            iconv(cd, flushed ? NULL : &from, n, &to, &room); /* at the end: back to the first state */
        int why = errno;
        buf_add(out, str_n(piece, sizeof piece - room));
        if (n == &left)
            in = from;
        else
            instead.p = from;
        if (done != (size_t)-1 || why == E2BIG)
            continue;
        all = false;
        if (n == &instead.n) { /* not even that: leave it out */
            instead = STR_NONE;
            continue;
        }
        size_t length = character(str_n(in, left));
        struct str one = str_n(in, length ? length : 1);
        instead = near_form(one);
        in += one.n;
        left -= one.n;
    }
    return all;
}

static bool encode(struct buf *out, enum charset cs, struct str utf8)
{
    if (cs == CHARSET_UTF8 || cs == CHARSET_NONE) {
        buf_add(out, utf8);
        return str_utf8(utf8);
    }
    iconv_t cd = sets[cs].iconv ? iconv_open(sets[cs].iconv, "UTF-8") : (iconv_t)-1;
    if (cd == (iconv_t)-1)
        return to_single(out, sets[cs].iconv ? CHARSET_ASCII : cs, utf8);
    bool all = to_iconv(out, cd, utf8);
    iconv_close(cd);
    return all;
}

void charset_encode(struct buf *out, enum charset cs, struct str utf8)
{
    (void)encode(out, cs, utf8);
}

bool charset_holds(enum charset cs, struct str utf8)
{
    if (keeps_ascii(cs) && is_ascii(utf8))
        return true;
    SCOPED_BUF(scratch, utf8.n > SIZE_MAX / 8 ? 0 : utf8.n * 4 + 64);
    return encode(&scratch, cs, utf8) && scratch.st == OK;
}
