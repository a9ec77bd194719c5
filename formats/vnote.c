/* formats/vnote.c: vNote 1.1 (IrMC): one flat object in the line grammar of vCard 2.1. */
#include "formats/vnote.h"
#include "formats/vcard.h"

#include <stddef.h>

static const struct field { /* how a property is called, and where its value goes */
    struct str name;
    size_t at;
    bool text; /* a value of one part, with "\;" for ';' */
} fields[] = {
    {STR_INIT("BODY"), offsetof(struct vnote, body), true},
    {STR_INIT("NOTE"), offsetof(struct vnote, body), true},
    {STR_INIT("SUMMARY"), offsetof(struct vnote, summary), true},
    {STR_INIT("CATEGORIES"), offsetof(struct vnote, categories), false},
    {STR_INIT("CLASS"), offsetof(struct vnote, class), false},
    {STR_INIT("UID"), offsetof(struct vnote, uid), false},
    {STR_INIT("X-IRMC-LUID"), offsetof(struct vnote, uid), false},
    {STR_INIT("DCREATED"), offsetof(struct vnote, created), false},
    {STR_INIT("CREATED"), offsetof(struct vnote, created), false},
    {STR_INIT("LAST-MODIFIED"), offsetof(struct vnote, modified), false},
};

static bool is_mark(const struct line *l, const char *name)
{
    return str_caseeq(l->name, str_c(name)) && str_caseeq(str_trim(l->value), STR("VNOTE"));
}

/* The first of each property counts. */
static enum status take(struct versit_reader *r, struct versit_line *v, struct vnote *out)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        struct str *at = (void *)((char *)out + fields[i].at);
        if (!str_caseeq(v->line.name, fields[i].name) || at->p)
            continue;
        if (v->encoding == VERSIT_BASE64)
            return versit_unbase64(r, v, at);
        *at = fields[i].text ? versit_unescape(r->arena, v->line.value, false) : str_trim(v->line.value);
        return r->arena->st;
    }
    return OK;
}

enum status vnote_parse(struct arena *a, struct str text, const struct vnote_read *o, struct vnote *out,
                        struct str *why)
{
    const struct line_limits *limits = o->limits ? o->limits : &vcard_default_limits.line;
    struct versit_reader r = {.arena = a};
    struct versit_line *v;
    bool open = false, closed = false;
    *out = (struct vnote){.body = STR_NONE};
    enum status st = versit_begin(&r, a, text, o->charset, limits);
    while (st == OK && !closed && (st = versit_next(&r, &v)) == OK) {
        if (is_mark(&v->line, "BEGIN"))
            open = true;
        else if (is_mark(&v->line, "END"))
            closed = true;
        else if (open)
            st = take(&r, v, out);
    }
    *why = r.why;
    if (st < 0 || (st != OK && st != NOT_FOUND))
        return st;
    if (open && closed)
        return OK;
    *why = open ? STR("not closed: BEGIN:VNOTE") : STR("no VNOTE");
    return INVALID;
}

static void put(struct buf *out, const struct versit_write *o, struct str name, struct str value, bool text)
{
    SCOPED_BUF(escaped, value.n * 2 + 16);
    if (!value.p || (!value.n && !o->empty))
        return;
    if (text)
        versit_escape_text(&escaped, value);
    versit_write_line(out, o, &(struct versit_out){.name = name, .value = text ? buf_view(&escaped) : value});
}

void vnote_write(struct buf *out, const struct vnote *n, const struct versit_write *o)
{
    buf_add(out, STR("BEGIN:VNOTE\r\nVERSION:1.1\r\n"));
    put(out, o, STR("SUMMARY"), n->summary, true);
    put(out, o, STR("BODY"), n->body, true);
    put(out, o, STR("CATEGORIES"), n->categories, false);
    put(out, o, STR("CLASS"), n->class, false);
    put(out, o, STR("DCREATED"), n->created, false);
    put(out, o, STR("LAST-MODIFIED"), n->modified, false);
    put(out, o, STR("X-IRMC-LUID"), n->uid, false);
    buf_add(out, STR("END:VNOTE\r\n"));
}
