/* mailcore/imap/parse_list.c: LIST with selection and return options (RFC 9051 section 6.3.9, RFC 5819, 6154, 8440, 9590), and LSUB. */
#include "mailcore/imap/parse_int.h"

static const struct imap_word select_words[] = {
    {STR_INIT("SUBSCRIBED"), IMAP_LIST_SUBSCRIBED},
    {STR_INIT("REMOTE"), IMAP_LIST_REMOTE},
    {STR_INIT("RECURSIVEMATCH"), IMAP_LIST_RECURSIVEMATCH},
    {STR_INIT("SPECIAL-USE"), IMAP_LIST_SPECIAL_USE},
};
static const struct imap_word return_words[] = {
    {STR_INIT("SUBSCRIBED"), IMAP_LIST_SUBSCRIBED},   {STR_INIT("CHILDREN"), IMAP_LIST_CHILDREN},
    {STR_INIT("SPECIAL-USE"), IMAP_LIST_SPECIAL_USE}, {STR_INIT("MYRIGHTS"), IMAP_LIST_MYRIGHTS},
    {STR_INIT("STATUS"), IMAP_LIST_STATUS},           {STR_INIT("METADATA"), IMAP_LIST_METADATA},
};

static bool read_select_option(struct imap_in *in, void *ctx)
{
    struct imap_list *l = ctx;
    unsigned bit;
    if (!imap_word(in, select_words, COUNT_OF(select_words), "a selection option of LIST is not known", &bit))
        return false;
    l->select |= bit;
    return true;
}

/* METADATA [SP options] SP entries (RFC 9590): options are a list whose first word is one of theirs. */
static bool read_list_metadata(struct imap_in *in, struct imap_list *l)
{
    const struct str rest = str_from(in->args->text, in->at);
    if (str_casestarts(rest, STR(" (MAXSIZE ")) || str_casestarts(rest, STR(" (DEPTH "))) {
        if (!imap_space(in) || !imap_metadata_options(in, &l->options))
            return false;
    }
    return imap_space(in) && imap_entries(in, &l->entries);
}

static bool read_return_option(struct imap_in *in, void *ctx)
{
    struct imap_list *l = ctx;
    unsigned bit;
    if (!imap_word(in, return_words, COUNT_OF(return_words), "a return option of LIST is not known", &bit))
        return false;
    l->returns |= bit;
    if (bit == IMAP_LIST_STATUS)
        return imap_space(in) && imap_status_items(in, &l->status);
    return bit != IMAP_LIST_METADATA || read_list_metadata(in, l);
}

static bool read_pattern(struct imap_in *in, void *ctx)
{
    struct str pattern;
    return imap_list_mailbox(in, &pattern) && imap_strings_add(in, ctx, pattern);
}

static bool read_returns(struct imap_in *in, struct imap_list *l)
{
    struct str word;
    if (!imap_take(in, ' '))
        return true;
    l->extended = true;
    if (!imap_atom(in, &word))
        return false;
    if (!str_caseeq(word, STR("RETURN")))
        return imap_bad(in, "behind the pattern of LIST only RETURN may follow");
    return imap_space(in) && imap_each(in, 0, read_return_option, l);
}

bool imap_args_list(struct imap_in *in, struct imap_command *out)
{
    struct imap_list *l = &out->u.list;
    struct imap_strings_builder patterns = {0};
    if (!imap_space(in))
        return false;
    if (imap_peek(in) == '(') {
        l->extended = true;
        if (!imap_each(in, 0, read_select_option, l) || !imap_space(in))
            return false;
    }
    /* RFC 5258 section 3: it changes another option, and alone means nothing */
    if ((l->select & IMAP_LIST_RECURSIVEMATCH) && !(l->select & IMAP_LIST_SUBSCRIBED) &&
        !(l->select & IMAP_LIST_SPECIAL_USE))
        return imap_bad(in, "RECURSIVEMATCH needs another selection option beside it");
    if (!imap_mailbox(in, &l->reference) || !imap_space(in))
        return false;
    l->extended |= imap_peek(in) == '(';
    if (imap_peek(in) == '(' ? !imap_each(in, 1, read_pattern, &patterns) : !read_pattern(in, &patterns))
        return false;
    l->patterns = imap_strings_built(&patterns);
    return read_returns(in, l);
}

bool imap_args_lsub(struct imap_in *in, struct imap_command *out)
{
    struct imap_strings_builder patterns = {0};
    if (!imap_space(in) || !imap_mailbox(in, &out->u.list.reference) || !imap_space(in) ||
        !read_pattern(in, &patterns))
        return false;
    out->u.list.patterns = imap_strings_built(&patterns);
    return true;
}
