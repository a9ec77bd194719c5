/* syncml/filter.c: which items the device wants: from the CGI of a database's URI and from the Filter of 1.2.
 *
 *   calendar?/dr(-30,90)        from 30 days ago until in 90 days        /li(20000)  items up to that many bytes
 *   calendar?/fi(EXPRESSION)    items for which it holds                 ignorecompleted, /na: as they say
 *   EXPRESSION                  NAME OP VALUE, joined by &AND; and &OR;, OP one of &EQ; &NE; &GT; &LT; &GE; &LE; &CON; &NCON;, with
 *                               an i in front (&iEQ;) where case does not count; SINCE, BEFORE, MAXSIZE are keywords
 *                               (grammar syncml:filtertype-cgi of OMA DS 1.2 section 5.13)
 *
 * A filter decides what is sent that the device does not have. What it has stays up to date, and is not deleted because it left. */
#include "core/fold.h"
#include "formats/occur.h"
#include "syncml/engine.h"

enum { TERMS_MOST = 64, DAY = 86400 };

enum op { OP_EQ, OP_NE, OP_GT, OP_LT, OP_GE, OP_LE, OP_CON, OP_NCON, OP_COUNT };
static const struct str op_names[OP_COUNT] = {STR_INIT("EQ"),  STR_INIT("NE"),  STR_INIT("GT"),
                                              STR_INIT("LT"),  STR_INIT("GE"),  STR_INIT("LE"),
                                              STR_INIT("CON"), STR_INIT("NCON")};

struct filter_test {
    struct filter_test *next;
    bool or_before; /* a new alternative begins with this one */
    struct str name, value;
    enum op op;
    bool fold;
};

struct parser {
    struct turn *t;
    struct arena *a;
    struct filter *f;
    size_t terms;
};

/* ---- expressions ---- */

static bool op_parse(struct str word, enum op *op, bool *fold)
{
    *fold = str_starts(word, STR("i"));
    if (*fold)
        word = str_from(word, 1);
    for (size_t i = 0; i < OP_COUNT; i++)
        if (str_caseeq(word, op_names[i])) {
            *op = (enum op)i;
            return true;
        }
    return false;
}

static bool moment(struct str text, int64_t *at)
{
    struct caltime t;
    if (caltime_parse(str_trim(text), &t))
        return false;
    *at = caltime_seconds(&t);
    return true;
}

/* Words that say something else than a property's value. */
static enum status keyword(struct parser *p, const struct filter_test *test, bool *taken)
{
    struct window *w = &p->f->window;
    int64_t n;
    *taken = true;
    if (str_caseeq(test->name, STR("SINCE")))
        return moment(test->value, &w->from) ? OK : INVALID;
    if (str_caseeq(test->name, STR("BEFORE")))
        return moment(test->value, &w->until) ? OK : INVALID;
    if (str_caseeq(test->name, STR("MAXSIZE"))) {
        p->f->size = str_i64(test->value, &n) && n > 0 ? n : 0;
        return p->f->size ? OK : INVALID;
    }
    *taken = false;
    return str_caseeq(test->name, STR("LUID")) ? INVALID : OK;
}

static enum status add_test(struct parser *p, struct filter_test *test)
{
    bool taken;
    enum status st = keyword(p, test, &taken);
    if (st || taken)
        return st;
    if (++p->terms > TERMS_MOST)
        return TOO_MANY;
    struct filter_test *copy = ARENA_NEW(p->a, struct filter_test), **at = &p->f->tests;
    if (!copy)
        return p->a->st;
    *copy = *test;
    copy->name = arena_str(p->a, test->name);
    copy->value = arena_str(p->a, test->value);
    copy->next = NULL;
    while (*at)
        at = &(*at)->next;
    *at = copy;
    return p->a->st;
}

/* Up to the next "&WORD;": its text, and the word. False: malformed. */
static bool token(struct str *rest, struct str *text, struct str *word)
{
    size_t amp = str_chr(*rest, '&', 0);
    *text = str_trim(str_slice(*rest, 0, amp));
    *word = STR_NONE;
    if (amp == SIZE_MAX) {
        *rest = STR("");
        return true;
    }
    size_t end = str_chr(*rest, ';', amp);
    if (end == SIZE_MAX)
        return false;
    *word = str_slice(*rest, amp + 1, end - amp - 1);
    *rest = str_from(*rest, end + 1);
    return true;
}

static enum status expression(struct parser *p, struct str rest)
{
    bool either = false;
    while (str_trim(rest).n) {
        struct filter_test test = {.or_before = either};
        struct str word, after;
        if (!token(&rest, &test.name, &word) || !test.name.n || !op_parse(word, &test.op, &test.fold))
            return INVALID;
        if (!token(&rest, &test.value, &after))
            return INVALID;
        enum status st = add_test(p, &test);
        if (st)
            return st;
        either = str_caseeq(after, STR("OR"));
        if (after.p && !either && !str_caseeq(after, STR("AND")))
            return INVALID;
    }
    return OK;
}

/* ---- the CGI of a URI ---- */

static bool arguments(struct str option, const char *name, struct str *inside)
{
    size_t n = strlen(name);
    if (!str_casestarts(option, str_c(name)) || option.n < n + 2 || option.p[n] != '(' ||
        !str_ends(option, STR(")")))
        return false;
    *inside = str_slice(option, n + 1, option.n - n - 2);
    return true;
}

static enum status date_range(struct parser *p, struct str inside)
{
    struct str from;
    int64_t a, b;
    if (!str_split(&inside, ',', &from) || !str_i64(str_trim(from), &a) || !str_i64(str_trim(inside), &b))
        return INVALID;
    if (a > b || a < -40000 || b > 40000)
        return INVALID;
    int64_t today = p->t->now / DAY * DAY;
    p->f->window = (struct window){today + a * DAY, today + (b + 1) * DAY};
    return OK;
}

static enum status option(struct parser *p, struct str o)
{
    struct str inside;
    int64_t n;
    if (arguments(o, "dr", &inside))
        return date_range(p, inside);
    if (arguments(o, "fi", &inside))
        return expression(p, inside);
    if (arguments(o, "li", &inside)) {
        if (!str_i64(inside, &n) || n <= 0)
            return INVALID;
        p->f->size = n;
        return OK;
    }
    if (str_caseeq(str_slice(o, 0, str_chr(o, '=', 0)), STR("ignorecompleted")))
        p->f->open_tasks = true;
    return OK; /* options that others know ask for nothing that we would do wrong without them */
}

/* Options are separated by '/' or '&'; an expression has '&' of its own, inside of its parentheses. */
static enum status options(struct parser *p, struct str cgi)
{
    size_t begin = 0, depth = 0;
    for (size_t i = 0; i <= cgi.n; i++) {
        bool end = i == cgi.n || (!depth && (cgi.p[i] == '/' || cgi.p[i] == '&'));
        if (i < cgi.n && cgi.p[i] == '(')
            depth++;
        if (i < cgi.n && cgi.p[i] == ')' && depth)
            depth--;
        if (!end)
            continue;
        struct str one = str_trim(str_slice(cgi, begin, i - begin));
        begin = i + 1;
        enum status st = one.n ? option(p, one) : OK;
        if (st)
            return st;
    }
    return OK;
}

/* What it asks beside the window, which moves with time: when this changes, everything is looked at again. */
static enum status describe(struct parser *p)
{
    struct filter *f = p->f;
    SCOPED_BUF(text, 16384);
    if (f->size)
        buf_addf(&text, "size %lld;", (long long)f->size);
    if (f->open_tasks)
        buf_addz(&text, "open;");
    for (const struct filter_test *test = f->tests; test; test = test->next)
        buf_addf(&text, "%s%.*s %d%d %.*s;", test->or_before ? "or " : "", STR_ARG(test->name), test->op,
                 test->fold, STR_ARG(test->value));
    if (text.st)
        return TOO_LARGE;
    f->text = arena_str(p->a, buf_view(&text));
    return p->a->st;
}

enum status filter_parse(struct turn *t, struct str cgi, const struct sml_filter *filters, struct filter *out)
{
    struct parser p = {.t = t, .a = &t->s->arena, .f = out};
    *out = (struct filter){.text = STR("")};
    enum status st = options(&p, cgi);
    for (const struct sml_filter *f = filters; f && st == OK; f = f->next) {
        if (f->grammar.n && !str_caseeq(f->grammar, STR("syncml:filtertype-cgi")))
            return UNSUPPORTED;
        if (f->record.n)
            st = expression(&p, f->record);
    }
    if (st == OK && out->window.until && out->window.until < out->window.from)
        st = INVALID;
    return st ? st : describe(&p);
}

/* ---- judging ---- */

static bool compare(const struct filter_test *test, struct str value)
{
    SCOPED_BUF(a, 1 << 20);
    SCOPED_BUF(b, 1 << 20);
    struct str x = value, y = test->value;
    if (test->fold && x.n < 16384 && y.n < 16384) {
        fold_unicode(&a, x);
        fold_unicode(&b, y);
        x = buf_view(&a);
        y = buf_view(&b);
    }
    int order = str_cmp(x, y);
    bool holds = str_find(x, y, 0) != SIZE_MAX;
    const bool results[OP_COUNT] = {
        [OP_EQ] = order == 0, [OP_NE] = order != 0, [OP_GT] = order > 0, [OP_LT] = order < 0,
        [OP_GE] = order >= 0, [OP_LE] = order <= 0, [OP_CON] = holds,    [OP_NCON] = !holds};
    return results[test->op];
}

/* Denials hold for all values of a property, the others for one of them. */
static bool test_holds(struct arena *a, const struct filter_test *test, const struct line *props)
{
    bool denies = test->op == OP_NE || test->op == OP_NCON;
    for (const struct line *l = props; l; l = l->next) {
        if (!str_caseeq(l->name, test->name))
            continue;
        if (compare(test, text_unescape(a, l->value)) != denies)
            return !denies;
    }
    return denies;
}

static bool tests_hold(struct arena *a, const struct filter *f, const struct line *props)
{
    bool all = true, any = false;
    for (const struct filter_test *test = f->tests; test; test = test->next) {
        if (test->or_before) {
            any |= all;
            all = true;
        }
        all = all && test_holds(a, test, props);
    }
    return any || all;
}

static bool on_occur(void *ctx, const struct occur *o)
{
    (void)o;
    *(bool *)ctx = true;
    return false;
}

static bool is_done(const struct ical_comp *c)
{
    const struct line *status = ical_prop(c, STR("STATUS"));
    return ical_prop(c, STR("COMPLETED")) || (status && str_caseeq(status->value, STR("COMPLETED")));
}

static enum status card_passes(struct arena *a, const struct filter *f, const struct content_limits *limits,
                               struct str body, bool *passes)
{
    struct vcard *card;
    struct vcard_problem problem;
    enum status st = vcard_parse(a, body, &limits->vcard, &card, &problem);
    *passes = st == OK && tests_hold(a, f, card->props);
    return st < 0 ? st : OK;
}

static enum status window_passes(struct turn *t, struct arena *a, const struct window *w,
                                 const struct ical_comp *cal, bool *passes)
{
    struct occur_query q = {.from = w->from ? w->from : INT64_MIN,
                            .until = w->until ? w->until : INT64_MAX,
                            .zones = t->content.zones};
    bool hit = false;
    q.zone = t->s->zone.n ? tz_find(t->content.zones, t->s->zone) : NULL;
    enum status st = occur_each(a, cal, &q, on_occur, &hit);
    *passes = hit || st > 0; /* what can not be counted out is better sent */
    return st < 0 ? st : OK;
}

static enum status calendar_passes(struct turn *t, struct arena *a, const struct filter *f,
                                   const struct content_limits *limits, struct str body, bool *passes)
{
    struct ical_comp *cal;
    struct ical_problem problem;
    enum status st = ical_parse(a, body, &limits->ical, &cal, &problem);
    *passes = false;
    if (st)
        return st < 0 ? st : OK;
    const struct ical_comp *main = cal->children;
    while (main && !ical_kind_of(main->name))
        main = main->next;
    if (!main || (f->open_tasks && is_done(main)) || !tests_hold(a, f, main->props))
        return OK;
    *passes = true;
    return f->window.from || f->window.until ? window_passes(t, a, &f->window, cal, passes) : OK;
}

enum status filter_passes(struct turn *t, const struct database *db, struct str body, bool *passes)
{
    const struct filter *f = &db->filter;
    SCOPED_ARENA(a, 256 << 20);
    *passes = !f->size || (int64_t)body.n <= f->size;
    bool window = f->window.from || f->window.until;
    if (!*passes || (!window && !f->tests && !f->open_tasks))
        return OK;
    if (database_media(db) == MEDIA_VCARD)
        return f->tests ? card_passes(&a, f, &t->sml->content, body, passes) : OK;
    return calendar_passes(t, &a, f, &t->sml->content, body, passes);
}
