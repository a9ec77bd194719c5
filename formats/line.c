/* formats/line.c: cuts content lines out of a text: unfolding, name, parameters. One pass, no recursion; what
 * is not folded or encoded stays a view into the input. */
#include "formats/line.h"

static enum status fail(struct line_reader *r, enum status st, const char *what)
{
    r->why = arena_strf(r->arena, "line %zu: %s", r->number, what);
    return r->arena->st < 0 ? r->arena->st : st;
}

static bool is_fold(struct str rest)
{
    return rest.n && (rest.p[0] == ' ' || rest.p[0] == '\t');
}

/* Cuts one physical line off *rest; CRs before the LF are not content. */
static struct str physical(struct str *rest)
{
    size_t at = str_chr(*rest, '\n', 0);
    struct str line = at == SIZE_MAX ? *rest : str_slice(*rest, 0, at);
    *rest = at == SIZE_MAX ? str_from(*rest, rest->n) : str_from(*rest, at + 1);
    while (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

/* Joins the pieces of a folded line whose text without breaks has `n` bytes. */
static char *join(struct line_reader *r, struct str raw, size_t n)
{
    char *text = arena_alloc(r->arena, n + 1);
    if (!text)
        return NULL;
    char *to = text;
    for (bool first = true; raw.n; first = false) {
        struct str piece = str_from(physical(&raw), first ? 0 : 1);
        if (piece.n)
            memcpy(to, piece.p, piece.n);
        to += piece.n;
    }
    return text;
}

/* The next logical line that is not empty: *raw with its folds, *text without; *lines physical ones. */
static enum status logical(struct line_reader *r, struct str *raw, struct str *text, size_t *lines)
{
    struct str first;
    do {
        if (!r->rest.n)
            return NOT_FOUND;
        r->number++;
        first = physical(&r->rest);
    } while (!first.n);
    const char *end = first.p + first.n;
    size_t n = first.n;
    *lines = 1;
    while (is_fold(r->rest)) {
        struct str piece = physical(&r->rest);
        n += piece.n ? piece.n - 1 : 0;
        end = piece.p + piece.n;
        ++*lines;
        if (n > r->limits->line)
            break;
    }
    if (n > r->limits->line)
        return fail(r, TOO_LARGE, "the line is too long");
    *raw = str_n(first.p, (size_t)(end - first.p));
    *text = first;
    if (*lines > 1) {
        char *joined = join(r, *raw, n);
        if (!joined)
            return r->arena->st;
        *text = str_n(joined, n);
    }
    return OK;
}

static bool is_name_char(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '-' || c == '_';
}

static size_t name_length(struct str s, size_t from)
{
    size_t i = from;
    while (i < s.n && is_name_char(s.p[i]))
        i++;
    return i - from;
}

/* RFC 6868: ^n ^' ^^; and quotes that stand inside are not content. */
static struct str decode_param(struct arena *a, struct str raw)
{
    if (raw.n >= 2 && raw.p[0] == '"' && raw.p[raw.n - 1] == '"' && str_chr(raw, '"', 1) == raw.n - 1)
        raw = str_slice(raw, 1, raw.n - 2);
    if (str_chr(raw, '^', 0) == SIZE_MAX && str_chr(raw, '"', 0) == SIZE_MAX)
        return raw;
    char *out = arena_alloc(a, raw.n + 1);
    if (!out)
        return STR_NONE;
    size_t n = 0;
    for (size_t i = 0; i < raw.n; i++) {
        char c = raw.p[i], next = i + 1 < raw.n ? raw.p[i + 1] : 0;
        if (c == '"')
            continue;
        if (c == '^' && (next == 'n' || next == 'N' || next == '\'' || next == '^')) {
            c = next == '^' ? '^' : next == '\'' ? '"' : '\n';
            i++;
        }
        out[n++] = c;
    }
    return str_n(out, n);
}

/* End of a parameter value that starts at `from`: the next , ; : outside quotes; SIZE_MAX when there is none.
 */
static size_t value_end(struct str s, size_t from)
{
    bool quoted = false;
    for (size_t i = from; i < s.n; i++) {
        char c = s.p[i];
        if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == ',' || c == ';' || c == ':'))
            return i;
    }
    return SIZE_MAX;
}

/* The values behind '='. *at stands behind the '=' and ends on the ';' or ':'. */
static enum status read_values(struct line_reader *r, struct str s, size_t *at, struct line_param *p,
                               size_t *budget)
{
    size_t cap = 0;
    for (;;) {
        size_t end = value_end(s, *at);
        if (end == SIZE_MAX)
            return fail(r, INVALID, "a parameter value does not end");
        if (++*budget > r->limits->params)
            return fail(r, TOO_MANY, "too many parameters");
        struct str *more;
        if (p->value_count || s.p[end] == ',')
            more = arena_grow(r->arena, p->values, p->value_count, &cap, p->value_count + 1, sizeof *more);
        else
            more = ARENA_NEW(r->arena, struct str); /* nearly always there is just one */
        if (!more)
            return r->arena->st;
        p->values = more;
        p->values[p->value_count++] = decode_param(r->arena, str_slice(s, *at, end - *at));
        *at = end;
        if (s.p[end] != ',')
            return OK;
        ++*at;
    }
}

static enum status read_params(struct line_reader *r, struct str s, size_t *at, struct line *l)
{
    struct line_param **tail = &l->params;
    size_t budget = 0;
    while (*at < s.n && s.p[*at] == ';') {
        size_t start = ++*at, n = name_length(s, start);
        if (!n && start < s.n && (s.p[start] == ';' || s.p[start] == ':'))
            continue; /* ";;" and ";:" are seen in the wild and say nothing */
        if (!n)
            return fail(r, INVALID, "a parameter has no name");
        if (++budget > r->limits->params)
            return fail(r, TOO_MANY, "too many parameters");
        struct line_param *p = ARENA_NEW(r->arena, struct line_param);
        if (!p)
            return r->arena->st;
        p->name = str_slice(s, start, n);
        *tail = p;
        tail = &p->next;
        *at = start + n;
        if (*at >= s.n || s.p[*at] != '=')
            continue; /* vCard 2.1's bare "TEL;HOME:" */
        ++*at;
        enum status st = read_values(r, s, at, p, &budget);
        if (st != OK)
            return st;
    }
    return OK;
}

static enum status read_property(struct line_reader *r, struct str s, struct line *l)
{
    size_t n = name_length(s, 0), at = n;
    if (n && n < s.n && s.p[n] == '.') {
        l->group = str_slice(s, 0, n);
        at = n + 1 + name_length(s, n + 1);
        n++;
    } else {
        n = 0;
    }
    l->name = str_slice(s, n, at - n);
    if (!l->name.n)
        return fail(r, INVALID, "a property name is missing");
    enum status st = read_params(r, s, &at, l);
    if (st != OK)
        return st;
    if (at >= s.n || s.p[at] != ':')
        return fail(r, INVALID, "a colon is missing");
    l->value = str_from(s, at + 1);
    return OK;
}

enum status line_next(struct line_reader *r, struct line **out)
{
    struct str raw, text;
    size_t lines;
    enum status st = logical(r, &raw, &text, &lines);
    if (st != OK)
        return st;
    if (++r->count > r->limits->lines)
        return fail(r, TOO_MANY, "too many lines");
    struct line *l = ARENA_NEW(r->arena, struct line);
    if (!l)
        return r->arena->st;
    l->raw = raw;
    l->number = r->number;
    st = read_property(r, text, l);
    if (st == OK && r->arena->st != OK)
        st = r->arena->st;
    r->number += lines - 1;
    *out = l;
    return st;
}

const struct line_param *line_param(const struct line *l, struct str name)
{
    for (const struct line_param *p = l->params; p; p = p->next)
        if (str_caseeq(p->name, name))
            return p;
    return NULL;
}

struct str line_param1(const struct line *l, struct str name)
{
    const struct line_param *p = line_param(l, name);
    return p && p->value_count ? p->values[0] : STR_NONE;
}

bool line_param_has(const struct line *l, struct str name, struct str value)
{
    for (const struct line_param *p = l->params; p; p = p->next) {
        if (!str_caseeq(p->name, name))
            continue;
        for (size_t i = 0; i < p->value_count; i++) {
            struct str rest = p->values[i], head;
            while (str_split(&rest, ',', &head))
                if (str_caseeq(str_trim(head), value))
                    return true;
        }
    }
    return false;
}
