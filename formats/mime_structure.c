/* formats/mime_structure.c: BODYSTRUCTURE and BODY of a map of parts. No recursion: what is open is counted. */
#include "formats/mime_structure.h"
#include "formats/header.h"
#include "formats/mime_type.h"

/* The fields of a part that are told, found in one pass over its header. */
enum { TYPE, ID, DESCRIPTION, ENCODING, MD5, DISPOSITION, LANGUAGE, LOCATION, FIELDS };

static const struct str names[FIELDS] = {
    [TYPE] = STR_INIT("Content-Type"),
    [ID] = STR_INIT("Content-ID"),
    [DESCRIPTION] = STR_INIT("Content-Description"),
    [ENCODING] = STR_INIT("Content-Transfer-Encoding"),
    [MD5] = STR_INIT("Content-MD5"),
    [DISPOSITION] = STR_INIT("Content-Disposition"),
    [LANGUAGE] = STR_INIT("Content-Language"),
    [LOCATION] = STR_INIT("Content-Location"),
};

struct writer {
    struct arena *arena;
    struct buf *out;
    struct str message;
    const struct mime_map *map;
    const struct mime_limits *limits;
    bool extended;
};

struct fields {
    struct str value[FIELDS];
};

static struct fields fields_of(const struct writer *w, const struct mime_part *p)
{
    struct fields f = {{{NULL, 0}}};
    struct str head = mime_head(w->message, p);
    struct header_field field;
    while (header_next(&head, &field))
        for (size_t i = 0; i < FIELDS; i++)
            if (!f.value[i].p && str_caseeq(field.name, names[i])) {
                f.value[i] = str_slice(field.value, 0, w->limits->field);
                break;
            }
    return f;
}

static void add_params(const struct writer *w, struct str params)
{
    struct mime_param p;
    bool any = false;
    while (mime_param_next(w->arena, &params, &p)) {
        buf_addc(w->out, any ? ' ' : '(');
        imap_nstring(w->out, p.name);
        buf_addc(w->out, ' ');
        imap_nstring(w->out, p.value);
        any = true;
    }
    buf_add(w->out, any ? STR(")") : STR("NIL"));
}

static void add_text(const struct writer *w, struct str value)
{
    SCOPED_BUF(line, value.n + 1);
    header_unfold(&line, value);
    imap_nstring(w->out, line.n ? buf_view(&line) : STR_NONE);
}

static void add_disposition(const struct writer *w, struct str value)
{
    struct mime_value v = mime_value(value);
    if (!v.type.n) {
        buf_add(w->out, STR("NIL"));
        return;
    }
    buf_addc(w->out, '(');
    imap_nstring(w->out, v.type);
    buf_addc(w->out, ' ');
    add_params(w, v.params);
    buf_addc(w->out, ')');
}

/* "de, en" is a list of two. */
static void add_language(const struct writer *w, struct str value)
{
    struct header_token t;
    bool any = false;
    while (header_token(&value, ",", &t))
        if (t.kind == HEADER_ATOM) {
            buf_addc(w->out, any ? ' ' : '(');
            imap_nstring(w->out, t.text);
            any = true;
        }
    buf_add(w->out, any ? STR(")") : STR("NIL"));
}

/* Disposition, language and location, which all kinds of parts have at their end. */
static void add_common(const struct writer *w, const struct fields *f)
{
    buf_addc(w->out, ' ');
    add_disposition(w, f->value[DISPOSITION]);
    buf_addc(w->out, ' ');
    add_language(w, f->value[LANGUAGE]);
    buf_addc(w->out, ' ');
    add_text(w, f->value[LOCATION]);
}

static void add_encoding(const struct writer *w, struct str value)
{
    struct header_token t;
    struct str encoding = STR("7bit");
    while (header_token(&value, ";", &t))
        if (t.kind == HEADER_ATOM || t.kind == HEADER_QUOTED) {
            encoding = t.text;
            break;
        }
    imap_nstring(w->out, encoding);
}

static bool is_composite(struct mime_value v)
{
    return str_caseeq(v.type, STR("multipart")) ||
           (str_caseeq(v.type, STR("message")) &&
            (str_caseeq(v.subtype, STR("rfc822")) || str_caseeq(v.subtype, STR("global"))));
}

/* Type, subtype and parameters as they may be said: what has no readable type is text/plain (RFC 2045 section 5.2), or in a
 * digest a message; what would have parts and has none of its own is only bytes. */
static void add_type(const struct writer *w, const struct mime_part *p, struct mime_value v)
{
    if (p->kind == MIME_MESSAGE && !v.subtype.n) {
        buf_add(w->out, STR("\"message\" \"rfc822\" NIL"));
    } else if (!v.subtype.n) {
        buf_add(w->out, STR("\"text\" \"plain\" (\"charset\" \"us-ascii\")"));
    } else if (p->kind == MIME_LEAF && is_composite(v)) {
        buf_add(w->out, STR("\"application\" \"octet-stream\" NIL"));
    } else {
        imap_nstring(w->out, v.type);
        buf_addc(w->out, ' ');
        imap_nstring(w->out, v.subtype);
        buf_addc(w->out, ' ');
        add_params(w, v.params);
    }
}

/* What comes before the parts that are inside. */
static enum status begin_part(const struct writer *w, const struct mime_part *p)
{
    buf_addc(w->out, '(');
    if (p->kind == MIME_MULTIPART)
        return OK;
    struct fields f = fields_of(w, p);
    add_type(w, p, mime_value(f.value[TYPE]));
    buf_addc(w->out, ' ');
    add_text(w, f.value[ID]);
    buf_addc(w->out, ' ');
    add_text(w, f.value[DESCRIPTION]);
    buf_addc(w->out, ' ');
    add_encoding(w, f.value[ENCODING]);
    buf_addf(w->out, " %llu", (unsigned long long)p->body_n);
    if (p->kind != MIME_MESSAGE)
        return OK;
    buf_addc(w->out, ' ');
    enum status st = mime_envelope(w->arena, mime_head(w->message, p + 1), w->limits, w->out);
    buf_addc(w->out, ' ');
    return st;
}

/* What comes behind them. */
static void end_part(const struct writer *w, const struct mime_part *p, bool empty)
{
    struct fields f = fields_of(w, p);
    if (p->kind == MIME_MULTIPART) {
        struct mime_value v = mime_value(f.value[TYPE]);
        if (empty) /* the grammar wants one part at least */
            buf_addf(w->out, "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0%s)",
                     w->extended ? " NIL NIL NIL NIL" : "");
        buf_addc(w->out, ' ');
        imap_nstring(w->out, v.subtype);
        if (w->extended) {
            buf_addc(w->out, ' ');
            add_params(w, v.params);
        }
    } else {
        if (p->kind != MIME_LEAF)
            buf_addf(w->out, " %llu", (unsigned long long)p->lines);
        if (w->extended) {
            buf_addc(w->out, ' ');
            add_text(w, f.value[MD5]);
        }
    }
    if (w->extended)
        add_common(w, &f);
    buf_addc(w->out, ')');
}

enum status mime_structure(struct arena *a, struct str message, const struct mime_map *map,
                           const struct mime_limits *limits, bool extended, struct buf *out)
{
    const struct writer w = {a, out, message, map, limits, extended};
    const struct mime_part **open = ARENA_ARRAY(a, const struct mime_part *, map->count);
    size_t depth = 0;
    enum status st = open ? OK : a->st;
    for (size_t i = 0; i <= map->count && st == OK; i++) {
        size_t level = i < map->count ? map->parts[i].depth : 0;
        while (depth > level) {
            const struct mime_part *p = open[--depth];
            end_part(&w, p, p + 1 == map->parts + i && p->kind == MIME_MULTIPART);
        }
        if (i == map->count)
            break;
        open[depth++] = &map->parts[i];
        st = begin_part(&w, &map->parts[i]);
    }
    return st != OK ? st : a->st;
}
