/* formats/vcard.c: reading one vCard, what an address book asks of it, and cutting a file of many. */
#include "formats/vcard.h"

const struct vcard_limits vcard_default_limits = {
    .line = {.line = 16 << 20, .lines = 20000, .params = 200},
};

static enum status fail(struct arena *a, struct vcard_problem *problem, enum status st, size_t number,
                        const char *what)
{
    problem->text = arena_strf(a, "line %zu: %s", number, what);
    problem->size = st == TOO_LARGE || st == TOO_MANY;
    return a->st < 0 ? a->st : st;
}

/* Some 3.0 writers still send CHARSET=ISO-8859-1 as 2.1 allowed it. */
static bool from_latin1(struct arena *a, struct line *l)
{
    struct str charset = line_param1(l, STR("CHARSET"));
    if (!str_caseeq(charset, STR("ISO-8859-1")) && !str_caseeq(charset, STR("WINDOWS-1252")))
        return false;
    char *p = arena_array(a, l->value.n, 2);
    if (!p)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < l->value.n; i++) {
        unsigned char c = (unsigned char)l->value.p[i];
        if (c >= 0x80)
            p[n++] = (char)(0xc0 | c >> 6);
        p[n++] = (char)(c >= 0x80 ? 0x80 | (c & 0x3f) : c);
    }
    l->value = str_n(p, n);
    return true;
}

static bool params_utf8(const struct line *l)
{
    for (const struct line_param *p = l->params; p; p = p->next)
        for (size_t i = 0; i < p->value_count; i++)
            if (!str_utf8(p->values[i]))
                return false;
    return true;
}

static enum status take_version(struct arena *a, struct vcard *c, const struct line *l,
                                struct vcard_problem *problem)
{
    static const struct {
        struct str text;
        enum vcard_version version;
    } known[] = {
        {STR_INIT("2.1"), VCARD_2_1},
        {STR_INIT("3.0"), VCARD_3_0},
        {STR_INIT("4.0"), VCARD_4_0},
    };
    if (c->version != VCARD_NONE)
        return fail(a, problem, INVALID, l->number, "a second VERSION");
    struct str value = str_trim(l->value);
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (str_eq(value, known[i].text))
            c->version = known[i].version;
    if (c->version != VCARD_3_0 && c->version != VCARD_4_0)
        return fail(a, problem, UNSUPPORTED, l->number, "only versions 3.0 and 4.0 are taken");
    return OK;
}

static enum status take_property(struct arena *a, struct line *l, struct vcard_problem *problem)
{
    if (str_caseeq(l->name, STR("BEGIN")))
        return fail(a, problem, INVALID, l->number, "a card inside a card");
    if (!params_utf8(l) || (!str_utf8(l->value) && !from_latin1(a, l)))
        return fail(a, problem, INVALID, l->number, "not UTF-8");
    return OK;
}

/* The properties up to END:VCARD, and nothing behind it. */
static enum status take_body(struct line_reader *r, struct vcard *c, struct vcard_problem *problem)
{
    struct line **tail = &c->props, *l;
    enum status st;
    bool ended = false;
    while ((st = line_next(r, &l)) == OK) {
        if (ended)
            return fail(r->arena, problem, INVALID, l->number, "text behind END:VCARD");
        if (str_caseeq(l->name, STR("END")) && str_caseeq(str_trim(l->value), STR("VCARD"))) {
            ended = true;
            continue;
        }
        bool version = str_caseeq(l->name, STR("VERSION"));
        st = version ? take_version(r->arena, c, l, problem) : take_property(r->arena, l, problem);
        if (st != OK)
            return st;
        if (!version) {
            *tail = l;
            tail = &l->next;
        }
    }
    if (st != NOT_FOUND) {
        *problem = (struct vcard_problem){r->why, st == TOO_LARGE || st == TOO_MANY};
        return st;
    }
    return ended ? OK : fail(r->arena, problem, INVALID, r->number, "END:VCARD is missing");
}

enum status vcard_parse(struct arena *a, struct str text, const struct vcard_limits *limits,
                        struct vcard **out, struct vcard_problem *problem)
{
    *out = NULL;
    *problem = (struct vcard_problem){STR_NONE, false};
    if (str_starts(text, STR("\xef\xbb\xbf")))
        text = str_from(text, 3);
    struct vcard *c = ARENA_NEW(a, struct vcard);
    if (!c)
        return a->st;
    struct line_reader r = {.rest = text, .arena = a, .limits = &limits->line};
    struct line *l;
    enum status st = line_next(&r, &l);
    if (st == NOT_FOUND)
        return fail(a, problem, INVALID, 1, "an empty text");
    if (st != OK) {
        *problem = (struct vcard_problem){r.why, st == TOO_LARGE || st == TOO_MANY};
        return st;
    }
    if (!str_caseeq(l->name, STR("BEGIN")) || !str_caseeq(str_trim(l->value), STR("VCARD")))
        return fail(a, problem, INVALID, l->number, "BEGIN:VCARD is missing");
    st = take_body(&r, c, problem);
    if (st != OK)
        return st;
    if (c->version == VCARD_NONE)
        return fail(a, problem, INVALID, r.number, "VERSION is missing");
    if (a->st != OK)
        return a->st;
    *out = c;
    return OK;
}

enum status vcard_check(struct arena *a, const struct vcard *c, struct vcard_info *info,
                        struct vcard_problem *problem)
{
    *info = (struct vcard_info){STR_NONE, false};
    *problem = (struct vcard_problem){STR_NONE, false};
    for (const struct line *l = c->props; l; l = l->next) {
        struct str value = str_trim(l->value);
        if (str_caseeq(l->name, STR("UID"))) {
            if (info->uid.p && !str_eq(info->uid, value))
                return fail(a, problem, INVALID, l->number, "a second UID");
            info->uid = value;
        } else if (str_caseeq(l->name, STR("KIND")) || str_caseeq(l->name, STR("X-ADDRESSBOOKSERVER-KIND"))) {
            info->group = str_caseeq(value, STR("group"));
        }
    }
    if (info->uid.n)
        return OK;
    problem->text = STR("UID is missing");
    return INVALID;
}

enum status vcard_split(struct str text, vcard_fn fn, void *ctx)
{
    struct str rest = str_starts(text, STR("\xef\xbb\xbf")) ? str_from(text, 3) : text;
    const char *begin = NULL;
    size_t depth = 0;
    struct str line;
    while (str_split(&rest, '\n', &line)) {
        struct str bare = str_trim(line);
        if (line.n && (line.p[0] == ' ' || line.p[0] == '\t'))
            continue; /* a folded line's tail: never a delimiter */
        if (str_caseeq(bare, STR("BEGIN:VCARD"))) {
            begin = depth++ ? begin : line.p;
        } else if (depth && str_caseeq(bare, STR("END:VCARD")) && --depth == 0) {
            const char *end = rest.p ? rest.p : line.p + line.n;
            enum status st = fn(ctx, str_n(begin, (size_t)(end - begin)));
            if (st != OK)
                return st;
        }
    }
    return depth ? INVALID : OK;
}
