/* mailcore/imap/parse_mailbox.c: commands that name mailboxes: SELECT with CONDSTORE and QRESYNC (RFC 7162), CREATE with USE (RFC 6154), RENAME,
 * COPY, MOVE, EXPUNGE, STATUS. */
#include "mailcore/imap/parse_int.h"

/* "(" uidvalidity SP modseq [SP known-uids] [SP "(" numbers SP uids ")"] ")" */
static bool read_qresync(struct imap_in *in, struct imap_select *s)
{
    s->qresync = true;
    if (!imap_space(in) || !imap_must(in, '(') || !imap_nz_number(in, &s->uid_validity) || !imap_space(in) ||
        !imap_modseq(in, false, &s->modseq))
        return false;
    bool more = imap_take(in, ' ');
    if (more && imap_peek(in) != '(') {
        s->has_known = true;
        if (!imap_sequence(in, &s->known))
            return false;
        more = imap_take(in, ' ');
    }
    if (more) {
        s->has_pairs = true;
        if (!imap_must(in, '(') || !imap_sequence(in, &s->numbers) || !imap_space(in) ||
            !imap_sequence(in, &s->uids) || !imap_must(in, ')'))
            return false;
    }
    if (s->known.saved || s->known.star || s->numbers.saved || s->numbers.star || s->uids.saved ||
        s->uids.star)
        return imap_bad(in, "the sets of QRESYNC have numbers only"); /* RFC 7162 section 7 */
    return imap_must(in, ')');
}

static bool read_select_param(struct imap_in *in, void *ctx)
{
    struct imap_select *s = ctx;
    struct str name;
    if (!imap_atom(in, &name))
        return false;
    if (str_caseeq(name, STR("QRESYNC")) && !s->qresync)
        return read_qresync(in, s);
    s->condstore = s->condstore || str_caseeq(name, STR("CONDSTORE"));
    return str_caseeq(name, STR("CONDSTORE")) || imap_bad(in, "a parameter of SELECT is not known");
}

bool imap_args_select(struct imap_in *in, struct imap_command *out)
{
    struct imap_select *s = &out->u.select;
    if (!imap_space(in) || !imap_mailbox(in, &s->mailbox))
        return false;
    return !imap_take(in, ' ') || imap_each(in, 1, read_select_param, s);
}

static const struct imap_word uses[] = {
    {STR_INIT("All"), IMAP_USE_ALL},       {STR_INIT("Archive"), IMAP_USE_ARCHIVE},
    {STR_INIT("Drafts"), IMAP_USE_DRAFTS}, {STR_INIT("Flagged"), IMAP_USE_FLAGGED},
    {STR_INIT("Junk"), IMAP_USE_JUNK},     {STR_INIT("Sent"), IMAP_USE_SENT},
    {STR_INIT("Trash"), IMAP_USE_TRASH},   {STR_INIT("Important"), IMAP_USE_IMPORTANT},
};

static bool read_use(struct imap_in *in, void *ctx)
{
    unsigned *all = ctx;
    struct str name;
    if (!imap_must(in, '\\') || !imap_atom(in, &name))
        return false;
    const struct imap_word *w = imap_word_find(uses, COUNT_OF(uses), name);
    if (!w)
        return imap_no(in, "USEATTR", "a special use is not known"); /* RFC 6154 section 3 */
    *all |= w->value;
    return true;
}

static bool read_create_param(struct imap_in *in, void *ctx)
{
    struct str name;
    if (!imap_atom(in, &name))
        return false;
    if (!str_caseeq(name, STR("USE")))
        return imap_bad(in, "CREATE knows the parameter USE only");
    return imap_space(in) && imap_each(in, 0, read_use, ctx);
}

bool imap_args_create(struct imap_in *in, struct imap_command *out)
{
    if (!imap_args_mailbox(in, out))
        return false;
    return !imap_take(in, ' ') || imap_each(in, 1, read_create_param, &out->u.mailbox.use);
}

bool imap_args_mailbox(struct imap_in *in, struct imap_command *out)
{
    return imap_space(in) && imap_mailbox(in, &out->u.mailbox.mailbox);
}

bool imap_args_rename(struct imap_in *in, struct imap_command *out)
{
    return imap_args_mailbox(in, out) && imap_space(in) && imap_mailbox(in, &out->u.mailbox.to);
}

bool imap_args_copy(struct imap_in *in, struct imap_command *out)
{
    return imap_space(in) && imap_sequence(in, &out->u.mailbox.set) && imap_args_mailbox(in, out);
}

/* UID EXPUNGE (RFC 4315) has a set, EXPUNGE has none. */
bool imap_args_expunge(struct imap_in *in, struct imap_command *out)
{
    return !out->uid || (imap_space(in) && imap_sequence(in, &out->u.mailbox.set));
}

static const struct imap_word status_words[] = {
    {STR_INIT("MESSAGES"), IMAP_STATUS_MESSAGES},
    {STR_INIT("RECENT"), IMAP_STATUS_RECENT},
    {STR_INIT("UIDNEXT"), IMAP_STATUS_UIDNEXT},
    {STR_INIT("UIDVALIDITY"), IMAP_STATUS_UIDVALIDITY},
    {STR_INIT("UNSEEN"), IMAP_STATUS_UNSEEN},
    {STR_INIT("DELETED"), IMAP_STATUS_DELETED},
    {STR_INIT("SIZE"), IMAP_STATUS_SIZE},
    {STR_INIT("HIGHESTMODSEQ"), IMAP_STATUS_HIGHESTMODSEQ},
    {STR_INIT("APPENDLIMIT"), IMAP_STATUS_APPENDLIMIT},
    {STR_INIT("MAILBOXID"), IMAP_STATUS_MAILBOXID},
    {STR_INIT("DELETED-STORAGE"), IMAP_STATUS_DELETED_STORAGE},
};

static bool read_status_item(struct imap_in *in, void *ctx)
{
    unsigned bit, *all = ctx;
    if (!imap_word(in, status_words, COUNT_OF(status_words), "an item of STATUS is not known", &bit))
        return false;
    *all |= bit;
    return true;
}

bool imap_status_items(struct imap_in *in, unsigned *items)
{
    return imap_each(in, 1, read_status_item, items);
}

bool imap_args_status(struct imap_in *in, struct imap_command *out)
{
    return imap_space(in) && imap_mailbox(in, &out->u.status.mailbox) && imap_space(in) &&
           imap_status_items(in, &out->u.status.items);
}
