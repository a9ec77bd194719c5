/* formats/header.c: one pass over a header or a field; nested comments are counted, not recursed into. */
#include "formats/header.h"

/* The line at the front of text, with its LF. */
static struct str first_line(struct str text)
{
    const char *end = text.n ? memchr(text.p, '\n', text.n) : NULL;
    return end ? str_n(text.p, (size_t)(end - text.p) + 1) : text;
}

static bool is_empty(struct str line)
{
    return str_eq(line, STR("\n")) || str_eq(line, STR("\r\n"));
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct str without_end(struct str line)
{
    if (line.n && line.p[line.n - 1] == '\n')
        line.n--;
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

/* Cuts one logical line, with the lines that continue it, off *rest. */
static struct str logical_line(struct str *rest)
{
    size_t n = first_line(*rest).n;
    while (n < rest->n && is_blank(rest->p[n]))
        n += first_line(str_from(*rest, n)).n;
    struct str line = str_slice(*rest, 0, n);
    *rest = str_from(*rest, n);
    return line;
}

bool header_next(struct str *rest, struct header_field *out)
{
    while (rest->n && !is_empty(first_line(*rest))) {
        struct str line = logical_line(rest);
        const char *colon = memchr(line.p, ':', line.n);
        if (!colon || is_blank(line.p[0]))
            continue;
        size_t at = (size_t)(colon - line.p);
        struct str name = str_slice(line, 0, at);
        while (name.n && is_blank(name.p[name.n - 1]))
            name.n--;
        if (!name.n || memchr(name.p, '\n', name.n))
            continue;
        *out = (struct header_field){name, without_end(str_from(line, at + 1)), line};
        return true;
    }
    return false;
}

struct str header_find(struct str header, struct str name)
{
    struct header_field f;
    while (header_next(&header, &f))
        if (str_caseeq(f.name, name))
            return f.value;
    return STR_NONE;
}

size_t header_size(struct str text)
{
    size_t n = 0;
    while (n < text.n) {
        struct str line = first_line(str_from(text, n));
        n += line.n;
        if (is_empty(line))
            break;
    }
    return n;
}

static bool is_dropped(char c)
{
    return c == '\r' || c == '\n' || c == '\0';
}

void header_unfold(struct buf *out, struct str value)
{
    value = str_trim(value);
    for (size_t i = 0; i < value.n;) {
        size_t from = i;
        while (i < value.n && !is_dropped(value.p[i]))
            i++;
        buf_add(out, str_slice(value, from, i - from));
        while (i < value.n && is_dropped(value.p[i]))
            i++;
    }
}

void header_unquote(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\\' && i + 1 < text.n)
            i++;
        if (!is_dropped(text.p[i]))
            buf_addc(out, text.p[i]);
    }
}

/* Where the bracket that opens at text[0] closes: the position of its end, or the length. A comment nests. */
static size_t closing(struct str text, char close)
{
    size_t depth = 1;
    for (size_t i = 1; i < text.n; i++) {
        char c = text.p[i];
        if (c == '\\')
            i++;
        else if (c == close && --depth == 0)
            return i;
        else if (c == '(' && close == ')')
            depth++;
    }
    return text.n;
}

/* Cuts what is between text[0] and its closing character. */
static struct str cut_inner(struct str *rest, char close)
{
    size_t end = closing(*rest, close);
    struct str inner = str_slice(*rest, 1, end - 1);
    *rest = str_from(*rest, end + 1);
    return inner;
}

static const struct {
    char open, close;
    enum header_kind kind;
} brackets[] = {
    {'"', '"', HEADER_QUOTED},
    {'(', ')', HEADER_COMMENT},
    {'[', ']', HEADER_LITERAL},
};

static bool is_special(const char *specials, char c)
{
    return c != '\0' && strchr(specials, c) != NULL;
}

static bool ends_atom(const char *specials, char c)
{
    return ascii_space(c) || c == '"' || c == '(' || c == '\0' || is_special(specials, c);
}

static void cut_atom(struct str *rest, const char *specials, struct header_token *out)
{
    size_t n = 1; /* whatever it is: a token is never empty */
    while (n < rest->n && !ends_atom(specials, rest->p[n]))
        n++;
    out->kind = HEADER_ATOM;
    out->text = str_slice(*rest, 0, n);
    *rest = str_from(*rest, n);
}

bool header_token(struct str *rest, const char *specials, struct header_token *out)
{
    out->apart = false;
    while (rest->n && (ascii_space(rest->p[0]) || rest->p[0] == '\0')) {
        *rest = str_from(*rest, 1);
        out->apart = true;
    }
    if (!rest->n)
        return false;
    if (is_special(specials, rest->p[0])) {
        out->kind = HEADER_SPECIAL;
        out->text = str_slice(*rest, 0, 1);
        *rest = str_from(*rest, 1);
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(brackets); i++)
        if (rest->p[0] == brackets[i].open) {
            const struct str all = *rest;
            out->kind = brackets[i].kind;
            out->text = cut_inner(rest, brackets[i].close);
            if (out->kind == HEADER_LITERAL)
                out->text = str_slice(all, 0, all.n - rest->n);
            return true;
        }
    cut_atom(rest, specials, out);
    return true;
}
