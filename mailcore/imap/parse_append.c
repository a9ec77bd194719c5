/* mailcore/imap/parse_append.c: APPEND of one or several messages (RFC 3502), as literals or put together (CATENATE, RFC 4469), in UTF-8
 * (RFC 6855) or binary (RFC 3516); REPLACE (RFC 8508). */
#include "mailcore/imap/parse_int.h"

struct parts {
    struct imap_append_part *items;
    size_t count, cap;
};

static bool add_part(struct imap_in *in, struct parts *parts, const struct imap_append_part *part)
{
    struct imap_append_part *grown =
        arena_grow(in->a, parts->items, parts->count, &parts->cap, parts->count + 1, sizeof *grown);
    if (!grown)
        return imap_out(in);
    parts->items = grown;
    grown[parts->count++] = *part;
    return true;
}

/* `tilde`: it has to be a binary one. */
static bool read_literal(struct imap_in *in, bool tilde, struct parts *parts)
{
    struct imap_append_part part = {0};
    if (!imap_literal_at(in, &part.literal))
        return false;
    const struct imap_literal *l = &in->args->literals[part.literal];
    part.size = l->size;
    if (!l->streamed)
        part.text = str_slice(in->args->text, l->at + l->head, (size_t)l->size);
    if (tilde && !l->binary)
        return imap_bad(in, "the literal behind UTF8 begins with '~'");
    if (!l->binary && !l->streamed && l->size && memchr(part.text.p, '\0', part.text.n))
        return imap_bad(in, "a NUL may stand in a binary literal only");
    return add_part(in, parts, &part);
}

static bool read_cat_part(struct imap_in *in, void *ctx)
{
    struct imap_append_part part = {.url = true};
    struct str word;
    if (!imap_atom(in, &word) || !imap_space(in))
        return false;
    if (str_caseeq(word, STR("TEXT")))
        return read_literal(in, false, ctx);
    if (!str_caseeq(word, STR("URL")))
        return imap_bad(in, "CATENATE is made of TEXT and URL");
    return imap_astring(in, &part.text) && add_part(in, ctx, &part);
}

/* The message's text: a literal, "UTF8 (~{5}…)" or "CATENATE (…)". */
static bool read_data(struct imap_in *in, struct imap_append_message *m)
{
    struct parts parts = {0};
    struct str word = STR_NONE;
    if (ascii_alpha(imap_peek(in)) && !imap_atom(in, &word))
        return false;
    m->utf8 = str_caseeq(word, STR("UTF8"));
    m->catenate = str_caseeq(word, STR("CATENATE"));
    if (word.n && !m->utf8 && !m->catenate)
        return imap_bad(in, "behind flags and date the message has to follow as a literal");
    bool read = m->catenate ? imap_space(in) && imap_each(in, 1, read_cat_part, &parts)
                : m->utf8   ? imap_space(in) && imap_must(in, '(') && read_literal(in, true, &parts) &&
                                imap_must(in, ')')
                          : read_literal(in, false, &parts);
    m->parts = parts.items;
    m->count = parts.count;
    return read;
}

static bool read_message(struct imap_in *in, struct imap_append_message *m)
{
    if (imap_peek(in) == '(' && (!imap_flags(in, &m->flags) || !imap_space(in)))
        return false;
    m->dated = imap_peek(in) == '"';
    if (m->dated && (!imap_date_time(in, &m->date) || !imap_space(in)))
        return false;
    return read_data(in, m);
}

bool imap_args_append(struct imap_in *in, struct imap_command *out)
{
    struct imap_append *append = &out->u.append;
    struct imap_append_message *messages = NULL;
    size_t cap = 0;
    if (!imap_space(in) || !imap_mailbox(in, &append->mailbox))
        return false;
    do {
        struct imap_append_message m = {0};
        if (!imap_space(in) || !imap_count(in) || !read_message(in, &m))
            return false;
        messages = arena_grow(in->a, messages, append->count, &cap, append->count + 1, sizeof *messages);
        if (!messages)
            return imap_out(in);
        messages[append->count++] = m;
        append->messages = messages;
    } while (imap_peek(in) == ' ');
    return true;
}

bool imap_args_replace(struct imap_in *in, struct imap_command *out)
{
    struct imap_append *append = &out->u.append;
    if (!imap_space(in) || (!imap_take(in, '*') && !imap_nz_number(in, &append->number)))
        return false;
    if (!imap_args_append(in, out))
        return false;
    return append->count == 1 || imap_bad(in, "REPLACE takes one message");
}
