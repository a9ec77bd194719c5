/* dav/path.c: which place a URL names. The table of the three trees, and hrefs both ways. */
#include "dav/path.h"

#include "core/http.h"

/* What stays as it is in a segment: RFC 3986 pchar without the apostrophe and the ampersand, which XML would
 * have to escape. */
static const char keep[] = "@:!$()*+,;=";

/* The trees below /dav/: the kinds of the places at each depth. */
static const struct tree {
    struct str name;
    enum dav_kind kinds[4];
    size_t depth;
} trees[] = {
    {STR_INIT("principals"), {DAV_PRINCIPALS, DAV_PRINCIPAL}, 2},
    {STR_INIT("calendars"), {DAV_CALENDARS, DAV_CALENDAR_HOME, DAV_CALENDAR, DAV_CALENDAR_ITEM}, 4},
    {STR_INIT("addressbooks"),
     {DAV_ADDRESSBOOKS, DAV_ADDRESSBOOK_HOME, DAV_ADDRESSBOOK, DAV_ADDRESSBOOK_ITEM},
     4},
};

static const struct str root = STR_INIT("/dav/");

static const struct tree *tree_find(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(trees); i++)
        if (str_eq(trees[i].name, name))
            return &trees[i];
    return NULL;
}

/* The spelling to repeat: as sent, but encoded where it holds what XML would have to escape. */
static struct str spelling(struct arena *a, struct str raw, struct str text)
{
    bool special = false;
    for (size_t i = 0; i < raw.n; i++)
        special |= strchr("&<>\"'", raw.p[i]) != NULL;
    if (!special)
        return raw;
    SCOPED_BUF(b, raw.n * 3);
    http_escape(&b, text, keep);
    return b.st ? STR_NONE : arena_str(a, buf_view(&b));
}

static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return true;
    return false;
}

/* Decodes one segment. Dot segments are refused in any spelling: nobody should have to resolve them twice. */
static enum status segment_decode(struct arena *a, struct str raw, size_t limit, struct str *out)
{
    if (raw.n > limit * 3)
        return TOO_LARGE;
    enum status st = http_unescape(a, raw, false, out);
    if (st)
        return st;
    if (out->n > limit)
        return TOO_LARGE;
    if (!out->n || has_control(*out) || str_eq(*out, STR(".")) || str_eq(*out, STR("..")))
        return INVALID;
    return OK;
}

struct segments {
    struct str raw[5], text[5]; /* [0]: the tree's name */
    size_t count;
    bool slash;
};

static enum status segments_cut(struct arena *a, struct str raw, size_t limit, struct segments *s)
{
    size_t at = root.n;
    while (at < raw.n) {
        size_t end = str_chr(raw, '/', at);
        bool slash = end != SIZE_MAX;
        if (!slash)
            end = raw.n;
        if (s->count == COUNT_OF(s->raw))
            return NOT_FOUND;
        size_t i = s->count++;
        s->raw[i] = str_slice(raw, at, end - at);
        if (!s->raw[i].n)
            return NOT_FOUND;
        enum status st = segment_decode(a, s->raw[i], limit, &s->text[i]);
        if (st)
            return st;
        s->raw[i] = spelling(a, s->raw[i], s->text[i]);
        at = end + slash;
        s->slash = slash;
    }
    return a->st;
}

/* The prefix of the hrefs below a place: the tree, and the address when there is one. */
static struct str prefix(struct arena *a, const struct segments *s)
{
    if (s->count == 1)
        return arena_strf(a, "/dav/%.*s/", STR_ARG(s->raw[0]));
    return arena_strf(a, "/dav/%.*s/%.*s/", STR_ARG(s->raw[0]), STR_ARG(s->raw[1]));
}

enum status dav_path_parse(struct arena *a, struct str raw, size_t segment_limit, struct dav_path *out)
{
    *out = (struct dav_path){.kind = DAV_ROOT, .raw_home = root};
    if (str_eq(raw, STR("/dav")))
        return OK;
    if (!str_starts(raw, root))
        return NOT_FOUND;
    struct segments s = {.slash = true};
    enum status st = segments_cut(a, raw, segment_limit, &s);
    if (st)
        return st;
    out->slash = s.slash;
    if (!s.count)
        return OK;
    const struct tree *tree = tree_find(s.text[0]);
    if (!tree || s.count > tree->depth)
        return NOT_FOUND;
    out->kind = tree->kinds[s.count - 1];
    out->raw_home = prefix(a, &s);
    out->address = s.count > 1 ? s.text[1] : STR_NONE;
    out->slug = s.count > 2 ? s.text[2] : STR_NONE;
    out->raw_slug = s.count > 2 ? s.raw[2] : STR_NONE;
    out->name = s.count > 3 ? s.text[3] : STR_NONE;
    out->raw_name = s.count > 3 ? s.raw[3] : STR_NONE;
    if (s.count == 4 && s.slash)
        return NOT_FOUND; /* an item is not a collection */
    return out->raw_home.p ? OK : E_MEMORY;
}

/* host or host:port equal to the request's; a default port may be left out on either side. */
static bool same_host(struct str authority, struct str host, struct str port)
{
    struct str suffix[2] = {authority, host};
    for (size_t i = 0; i < 2; i++)
        if (str_ends(suffix[i], port))
            suffix[i].n -= port.n;
    return str_caseeq(suffix[0], suffix[1]);
}

enum status dav_href_parse(struct arena *a, struct str href, struct str host, size_t segment_limit,
                           struct dav_path *out)
{
    static const struct {
        struct str scheme, port;
    } schemes[] = {{STR_INIT("http://"), STR_INIT(":80")}, {STR_INIT("https://"), STR_INIT(":443")}};
    href = str_trim(href);
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        if (!str_casestarts(href, schemes[i].scheme))
            continue;
        struct str rest = str_from(href, schemes[i].scheme.n);
        size_t slash = str_chr(rest, '/', 0);
        struct str authority = str_slice(rest, 0, slash);
        if (!same_host(authority, host, schemes[i].port))
            return DENIED;
        href = slash == SIZE_MAX ? STR("/") : str_from(rest, slash);
        break;
    }
    if (!str_starts(href, STR("/")))
        return INVALID;
    size_t query = str_chr(href, '?', 0);
    if (query != SIZE_MAX || str_chr(href, '#', 0) != SIZE_MAX)
        return INVALID;
    return dav_path_parse(a, href, segment_limit, out);
}

static void segment_write(struct buf *out, struct str text, struct str known, struct str spelled)
{
    if (spelled.p && str_eq(text, known))
        buf_add(out, spelled);
    else
        http_escape(out, text, keep);
}

void dav_href_write(struct buf *out, const struct dav_path *like, struct str slug, struct str name)
{
    buf_add(out, like->raw_home);
    if (!slug.n)
        return;
    segment_write(out, slug, like->slug, like->raw_slug);
    buf_addc(out, '/');
    if (name.n)
        segment_write(out, name, like->name, like->raw_name);
}

void dav_href_principal(struct buf *out, struct str address)
{
    buf_addz(out, "/dav/principals/");
    http_escape(out, address, keep);
    buf_addc(out, '/');
}

void dav_href_home(struct buf *out, enum dav_kind home, struct str address)
{
    buf_addz(out, home == DAV_ADDRESSBOOK_HOME ? "/dav/addressbooks/" : "/dav/calendars/");
    http_escape(out, address, keep);
    buf_addc(out, '/');
}
