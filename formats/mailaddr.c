/* formats/mailaddr.c: one pass over the tokens of an address list. Words are collected until a special character says what
 * they were: a display name, a local part or the name of a group. */
#include "formats/mailaddr.h"
#include "core/buf.h"
#include "formats/header.h"

struct reader {
    struct arena *arena;
    size_t left; /* addresses that may still be added */
    struct mailaddr *first, **tail;
    bool in_group;
    struct buf words;   /* since the last address: quotes undone, one blank where there were any */
    struct buf comment; /* the last one */
    bool any;           /* words holds something, and be it an empty quoted string */
};

static void reset(struct reader *r)
{
    buf_clear(&r->words);
    buf_clear(&r->comment);
    r->any = false;
}

static void add_word(struct reader *r, const struct header_token *t)
{
    if (r->any && t->apart)
        buf_addc(&r->words, ' ');
    if (t->kind == HEADER_QUOTED)
        header_unquote(&r->words, t->text);
    else
        buf_add(&r->words, t->text);
    r->any = true;
}

static struct str keep(struct reader *r, const struct buf *b)
{
    struct str s = arena_str(r->arena, buf_view(b));
    return s.p ? s : STR("");
}

static struct mailaddr *add(struct reader *r, enum mailaddr_kind kind)
{
    bool room = r->left || kind == MAILADDR_GROUP_CLOSE; /* what was opened is closed */
    struct mailaddr *m = room ? ARENA_NEW(r->arena, struct mailaddr) : NULL;
    if (!m)
        return NULL;
    r->left -= r->left != 0;
    m->kind = kind;
    *r->tail = m;
    r->tail = &m->next;
    return m;
}

/* The name that the words before '<' give, otherwise the comment's; STR_NONE without. */
static struct str name_of(struct reader *r, bool words)
{
    if (words && r->words.n)
        return keep(r, &r->words);
    return r->comment.n ? keep(r, &r->comment) : STR_NONE;
}

/* Takes a domain: atoms, dots and a literal, up to a special character, which is left in *stop ('\0' at the end). */
static void read_domain(struct reader *r, struct str *rest, struct buf *domain, char *stop)
{
    struct header_token t;
    *stop = '\0';
    while (header_token(rest, "<>@,;:", &t)) {
        if (t.kind == HEADER_SPECIAL) {
            *stop = t.text.p[0];
            return;
        }
        if (t.kind == HEADER_COMMENT) {
            buf_clear(&r->comment);
            header_unquote(&r->comment, t.text);
        } else {
            buf_add(domain, t.text);
        }
    }
}

/* What is between '<' and '>': an optional route, local part, domain. */
static void read_angle(struct reader *r, struct str *rest)
{
    SCOPED_BUF(local, r->arena->max);
    SCOPED_BUF(route, r->arena->max);
    SCOPED_BUF(domain, r->arena->max);
    struct header_token t;
    char stop = '\0';
    bool word = false; /* something stands before the '@' */
    while (stop != '>' && header_token(rest, "<>@,:", &t)) {
        if (t.kind == HEADER_COMMENT)
            continue;
        if (t.kind != HEADER_SPECIAL) {
            if (t.kind == HEADER_QUOTED)
                header_unquote(&local, t.text);
            else
                buf_add(&local, t.text);
            word = true;
            continue;
        }
        stop = t.text.p[0];
        if (stop != '@')
            continue;
        buf_clear(&domain);
        read_domain(r, rest, &domain, &stop);
        if (!word && (stop == ',' || stop == ':')) {
            buf_addf(&route, "%s@%.*s", route.n ? "," : "", STR_ARG(buf_view(&domain)));
            buf_clear(&domain);
        }
    }
    struct mailaddr *m = add(r, MAILADDR_BOX);
    if (!m)
        return;
    m->name = name_of(r, true);
    m->route = route.n ? keep(r, &route) : STR_NONE;
    m->local = keep(r, &local);
    m->domain = keep(r, &domain);
}

/* The words were a local part; the domain follows if an '@' was read. Leaves what ended it in *stop. An address before '<' is
 * a display name that somebody forgot to quote. */
static void read_bare(struct reader *r, struct str *rest, bool at, char *stop)
{
    SCOPED_BUF(domain, r->arena->max);
    SCOPED_BUF(local, r->arena->max);
    buf_add(&local, buf_view(&r->words));
    if (at)
        read_domain(r, rest, &domain, stop);
    if (*stop == '<') {
        buf_addc(&r->words, '@');
        buf_add(&r->words, buf_view(&domain));
        read_angle(r, rest);
        *stop = '\0';
        return;
    }
    struct mailaddr *m = add(r, MAILADDR_BOX);
    if (!m)
        return;
    m->name = name_of(r, false);
    m->local = keep(r, &local);
    m->domain = keep(r, &domain);
}

static void open_group(struct reader *r)
{
    struct mailaddr *m = r->in_group ? NULL : add(r, MAILADDR_GROUP);
    if (!m)
        return;
    m->name = keep(r, &r->words);
    r->in_group = true;
}

static void close_group(struct reader *r)
{
    if (r->in_group)
        add(r, MAILADDR_GROUP_CLOSE);
    r->in_group = false;
}

/* A special character ends what was collected. An address without angle brackets is ended by a character that then counts
 * itself. */
static void take_special(struct reader *r, struct str *rest, char c)
{
    while (c) {
        char next = '\0';
        if (c == '<')
            read_angle(r, rest);
        else if (c == '@')
            read_bare(r, rest, true, &next);
        else if (c == ':')
            open_group(r);
        else if (r->any)
            read_bare(r, rest, false, &next);
        if (c == ';')
            close_group(r);
        reset(r);
        c = next;
    }
}

enum status mailaddr_parse(struct arena *a, struct str value, size_t most, struct mailaddr **out)
{
    struct reader r = {.arena = a, .left = most, .words = BUF_INIT(a->max), .comment = BUF_INIT(a->max)};
    struct header_token t;
    r.tail = &r.first;
    while (r.left && a->st == OK && header_token(&value, "<>@,;:", &t)) {
        if (t.kind == HEADER_SPECIAL) {
            take_special(&r, &value, t.text.p[0]);
        } else if (t.kind == HEADER_COMMENT) {
            buf_clear(&r.comment);
            header_unquote(&r.comment, t.text);
        } else {
            add_word(&r, &t);
        }
    }
    if (r.any)
        take_special(&r, &value, ',');
    close_group(&r);
    enum status st = a->st != OK ? a->st : r.words.st != OK ? r.words.st : r.comment.st;
    buf_free(&r.words);
    buf_free(&r.comment);
    *out = st == OK ? r.first : NULL;
    return st;
}
