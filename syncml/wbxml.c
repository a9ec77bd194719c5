/* syncml/wbxml.c: reading WBXML (WAP-192-WBXML, versions 1.1 to 1.3) into the tree.
 *
 * One loop over the bytes; elements are kept open in the tree, so nothing nests in here. Every length is compared with what is left
 * before it is used. What SyncML has no use for is stepped over: attributes, processing instructions, extension tokens. Tags of an
 * unknown code page or token become elements without a name, which nobody looks at.
 *
 * Strings are views into the message. Only an element whose text comes in pieces is joined, and all text together may not be more
 * than the largest message: a table string that is referred to a thousand times is no way around the limit. */
#include "syncml/node.h"

#include "formats/charset.h"

enum { /* global tokens, section 7.1 */
       SWITCH_PAGE = 0x00,
       END = 0x01,
       ENTITY = 0x02,
       STR_I = 0x03,
       LITERAL = 0x04,
       EXT_I_0 = 0x40,
       EXT_I_2 = 0x42,
       PI = 0x43,
       LITERAL_C = 0x44,
       EXT_T_0 = 0x80,
       EXT_T_2 = 0x82,
       STR_T = 0x83,
       LITERAL_A = 0x84,
       EXT_0 = 0xC0,
       EXT_2 = 0xC2,
       OPAQUE = 0xC3,
       LITERAL_AC = 0xC4,

       TAG_ATTRIBUTES = 0x80, /* bits of a tag token */
       TAG_CONTENT = 0x40,
       TOKENS = 0x40,
};

struct wbxml {
    struct sml_builder tree;
    struct str body, table; /* table: the string table */
    size_t at;
    unsigned page;
    enum charset charset; /* of its strings */
    bool wide;            /* two bytes a character, and a NUL of two */
    bool recoded;
    bool devinf;       /* code page 0 is DevInf's */
    struct str text;   /* of the open element, as long as it is one piece */
    struct buf joined; /* and when it is more */
    unsigned char tag[PAGE_COUNT][TOKENS];
};

static void fail(struct wbxml *w, const char *what)
{
    if (w->tree.st == OK)
        sml_fail(&w->tree, INVALID, arena_strf(w->tree.arena, "byte %zu: %s", w->at, what));
}

/* ---- bytes, numbers, strings: 0 or "" after a failure ---- */

static unsigned char byte(struct wbxml *w)
{
    if (w->at >= w->body.n) {
        fail(w, "the message ends too early");
        return 0;
    }
    return (unsigned char)w->body.p[w->at++];
}

static uint32_t number(struct wbxml *w) /* mb_u_int32, section 5.1 */
{
    uint64_t value = 0;
    for (int i = 0; i < 5; i++) {
        unsigned char c = byte(w);
        value = value << 7 | (c & 0x7f);
        if (!(c & 0x80)) {
            if (value <= UINT32_MAX)
                return (uint32_t)value;
            break;
        }
    }
    fail(w, "a number of more than 32 bits");
    return 0;
}

static struct str bytes(struct wbxml *w, size_t n)
{
    if (n > w->body.n - w->at) {
        fail(w, "a length that goes past the end");
        return STR("");
    }
    struct str s = str_slice(w->body, w->at, n);
    w->at += n;
    return s;
}

/* Where the string that begins at `from` ends: its NUL; SIZE_MAX: it has none. */
static size_t end_of(const struct wbxml *w, struct str s, size_t from)
{
    size_t at = str_chr(s, 0, from);
    while (w->wide && at != SIZE_MAX && ((at - from) % 2 || at + 1 >= s.n || s.p[at + 1]))
        at = str_chr(s, 0, at + 1);
    return at;
}

/* As UTF-8. The sets of the west are often a wrong label: what is UTF-8 already stays. */
static struct str as_utf8(struct wbxml *w, struct str s)
{
    struct str out = s;
    enum status st = OK;
    if (w->charset == CHARSET_LATIN1 || w->charset == CHARSET_CP1252)
        st = charset_guess(w->tree.arena, w->charset, s, &out);
    else if (w->charset != CHARSET_NONE)
        st = charset_decode(w->tree.arena, w->charset, s, &out);
    if (st != OK)
        sml_fail(&w->tree, st, STR("the message needs too much memory"));
    w->recoded |= st == OK && out.p != s.p;
    return st == OK ? out : STR("");
}

static struct str inline_string(struct wbxml *w)
{
    size_t end = end_of(w, w->body, w->at);
    if (end == SIZE_MAX) {
        fail(w, "a string without an end");
        return STR("");
    }
    struct str s = bytes(w, end - w->at);
    w->at += w->wide ? 2 : 1;
    return as_utf8(w, s);
}

/* The table's last string may lack its NUL, as in the public ids of SyncML 1.0. */
static struct str table_string(struct wbxml *w)
{
    size_t from = number(w);
    if (from >= w->table.n) {
        fail(w, "a reference outside of the string table");
        return STR("");
    }
    size_t end = end_of(w, w->table, from);
    return as_utf8(w, str_slice(w->table, from, end == SIZE_MAX ? SIZE_MAX : end - from));
}

/* ---- text ---- */

static void add_text(struct wbxml *w, struct str s)
{
    w->tree.text += s.n;
    if (w->tree.text > w->tree.limits->size) {
        sml_fail(&w->tree, TOO_LARGE, STR("the text of all elements together is too large"));
        return;
    }
    if (!s.n)
        return;
    if (!w->text.p && !w->joined.n) {
        w->text = s;
        return;
    }
    if (w->text.p) {
        buf_add(&w->joined, w->text);
        w->text = STR_NONE;
    }
    buf_add(&w->joined, s);
    if (w->joined.st != OK)
        sml_fail(&w->tree, w->joined.st, STR("the message needs too much memory"));
}

static struct str take_text(struct wbxml *w)
{
    struct str s = w->text;
    if (w->joined.n) {
        s = arena_str(w->tree.arena, buf_view(&w->joined));
        if (!s.p)
            sml_fail(&w->tree, w->tree.arena->st ? w->tree.arena->st : E_MEMORY,
                     STR("the message needs too much memory"));
    }
    buf_clear(&w->joined);
    w->text = STR_NONE;
    return s;
}

static void drop_text(struct wbxml *w)
{
    buf_clear(&w->joined);
    w->text = STR_NONE;
}

static void entity(struct wbxml *w)
{
    uint32_t c = number(w);
    char utf8[4];
    size_t n = 0;
    if (w->tree.st != OK)
        return;
    if (!c || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
        fail(w, "an entity that is no character");
        return;
    }
    if (c < 0x80) {
        utf8[n++] = (char)c;
    } else {
        int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
        utf8[n++] = (char)(lead[more] | c >> (6 * more));
        while (more--)
            utf8[n++] = (char)(0x80 | (c >> (6 * more) & 0x3f));
    }
    struct str s = arena_str(w->tree.arena, str_n(utf8, n));
    if (!s.p)
        sml_fail(&w->tree, w->tree.arena->st ? w->tree.arena->st : E_MEMORY,
                 STR("the message needs too much memory"));
    else
        add_text(w, s);
}

/* ---- what is stepped over ---- */

static bool skip_extension(struct wbxml *w, unsigned char c)
{
    if (c >= EXT_I_0 && c <= EXT_I_2)
        inline_string(w);
    else if (c >= EXT_T_0 && c <= EXT_T_2)
        number(w);
    else if (c < EXT_0 || c > EXT_2)
        return false;
    return true;
}

/* Attributes of an element or of a processing instruction, to their END; they have code pages of their own (section 5.8.2). */
static void skip_attributes(struct wbxml *w)
{
    while (w->tree.st == OK) {
        unsigned char c = byte(w);
        if (c == END)
            return;
        if (skip_extension(w, c))
            continue;
        if (c == SWITCH_PAGE)
            byte(w);
        else if (c == ENTITY || c == LITERAL)
            number(w);
        else if (c == STR_I)
            inline_string(w);
        else if (c == STR_T)
            table_string(w);
        else if (c == OPAQUE)
            bytes(w, number(w));
        else if (c == PI || c == LITERAL_A || c == LITERAL_C || c == LITERAL_AC)
            fail(w, "a token that attributes do not have");
    }
}

/* ---- elements ---- */

static enum wbxml_page table_of(const struct wbxml *w)
{
    if (w->page == 0)
        return w->devinf ? PAGE_DEVINF : PAGE_SYNCML;
    return w->page == 1 && !w->devinf ? PAGE_METINF : PAGE_COUNT;
}

static void open_element(struct wbxml *w, unsigned char c)
{
    enum sml_tag tag;
    struct str name;
    if ((c & ~(TAG_ATTRIBUTES | TAG_CONTENT)) == LITERAL) {
        name = table_string(w);
        tag = sml_tag_of(name);
    } else {
        enum wbxml_page page = table_of(w);
        tag = page == PAGE_COUNT ? TAG_NONE : (enum sml_tag)w->tag[page][c & (TOKENS - 1)];
        name = sml_tag_name(tag);
    }
    drop_text(w);
    sml_open(&w->tree, tag, name);
    if (c & TAG_ATTRIBUTES)
        skip_attributes(w);
    if (!(c & TAG_CONTENT))
        sml_close(&w->tree, STR_NONE);
}

/* One token of a body, section 5.8; content only inside of an element. */
static void token(struct wbxml *w)
{
    unsigned char c = byte(w);
    if (w->tree.st != OK)
        return;
    if (c == SWITCH_PAGE) {
        w->page = byte(w);
    } else if (c == PI) {
        skip_attributes(w);
    } else if (w->tree.at && c == END) {
        sml_close(&w->tree, take_text(w));
        drop_text(w);
    } else if (w->tree.at && c == STR_I) {
        add_text(w, inline_string(w));
    } else if (w->tree.at && c == STR_T) {
        add_text(w, table_string(w));
    } else if (w->tree.at && c == OPAQUE) {
        add_text(w, bytes(w, number(w)));
    } else if (w->tree.at && c == ENTITY) {
        entity(w);
    } else if (c == END || c == STR_I || c == STR_T || c == OPAQUE || c == ENTITY) {
        fail(w, "content outside of the root element");
    } else if (!skip_extension(w, c)) {
        open_element(w, c);
    }
}

/* By its IANA MIBenum; 0: what the transport says. UTF-8 and ASCII are taken as bytes. */
static void choose_charset(struct wbxml *w, uint32_t mib, struct str charset)
{
    enum charset cs = mib ? charset_mib(mib) : charset_find(charset);
    if (w->tree.st != OK || (!mib && !charset.n))
        return;
    if (cs == CHARSET_NONE)
        sml_fail(
            &w->tree, INVALID,
            mib ? arena_strf(w->tree.arena, "the character set %u (MIBenum) is not known; send UTF-8", mib)
                : arena_strf(w->tree.arena, "the character set %.*s is not known; send UTF-8",
                             STR_ARG(str_slice(charset, 0, 40))));
    w->wide = cs == CHARSET_UTF16 || cs == CHARSET_UTF16BE || cs == CHARSET_UTF16LE;
    w->charset = cs == CHARSET_UTF8 || cs == CHARSET_ASCII ? CHARSET_NONE : cs;
}

static void header(struct wbxml *w, struct str charset)
{
    unsigned char version = byte(w);
    if (w->tree.st == OK && (version < 1 || version > 3)) {
        w->at--;
        fail(w, "neither WBXML 1.1, 1.2 nor 1.3");
    }
    if (number(w) == 0) /* the public id; 0: as text in the string table */
        number(w);
    choose_charset(w, number(w), charset);
    w->table = bytes(w, number(w));
}

static void prepare(struct wbxml *w)
{
    for (enum sml_tag t = TAG_NONE + 1; t < TAG_COUNT; t++)
        for (unsigned page = 0; page < PAGE_COUNT; page++) {
            unsigned char token = sml_tag_row(t)->token[page];
            if (token && t != TAG_MAXSIZE) /* Size has its token */
                w->tag[page][token] = (unsigned char)t;
        }
    size_t at = w->at;
    while (at + 1 < w->body.n && w->body.p[at] == SWITCH_PAGE)
        at += 2;
    const unsigned char root = sml_tag_row(TAG_DEVINF)->token[PAGE_DEVINF];
    w->devinf = at < w->body.n && ((unsigned char)w->body.p[at] & (TOKENS - 1)) == root;
}

enum status wbxml_read(struct arena *a, struct str body, const struct sml_limits *limits,
                       struct sml_source *source, struct sml_node **root, struct str *why)
{
    _Static_assert(TAG_COUNT <= 256, "tags fit a byte");
    *root = NULL;
    *why = STR_NONE;
    if (body.n > limits->size) {
        *why = STR("the message is too large");
        return TOO_LARGE;
    }
    struct wbxml w = {.tree = {.arena = a, .limits = limits}, .body = body, .joined = BUF_INIT(limits->size)};
    header(&w, source->charset);
    prepare(&w);
    while (w.tree.st == OK && (w.tree.at || !w.tree.root))
        token(&w);
    buf_free(&w.joined);
    source->recoded = w.recoded;
    *why = w.tree.why;
    if (w.tree.st == OK)
        *root = w.tree.root;
    return w.tree.st;
}
