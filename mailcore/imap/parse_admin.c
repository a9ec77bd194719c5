/* mailcore/imap/parse_admin.c: rights (RFC 4314), quotas (RFC 9208), annotations (RFC 5464), notification (RFC 5465), ID (RFC 2971). */
#include "mailcore/imap/parse_int.h"

enum { ID_PAIRS = 30, ID_NAME = 30, ID_VALUE = 1024, ENTRY_MOST = 1000 }; /* RFC 2971 section 3.3 */

bool imap_args_acl_mailbox(struct imap_in *in, struct imap_command *out)
{
    return imap_space(in) && imap_mailbox(in, &out->u.acl.mailbox);
}

bool imap_args_acl_identifier(struct imap_in *in, struct imap_command *out)
{
    return imap_args_acl_mailbox(in, out) && imap_space(in) && imap_astring(in, &out->u.acl.identifier);
}

bool imap_args_setacl(struct imap_in *in, struct imap_command *out)
{
    struct imap_acl *acl = &out->u.acl;
    struct str text;
    if (!imap_args_acl_identifier(in, out) || !imap_space(in) || !imap_astring(in, &text))
        return false;
    if (text.n && (text.p[0] == '+' || text.p[0] == '-')) {
        acl->change = text.p[0];
        text = str_from(text, 1);
    }
    acl->rights = text;
    for (size_t i = 0; i < text.n; i++)
        if (!ascii_digit(text.p[i]) && (text.p[i] < 'a' || text.p[i] > 'z'))
            return imap_bad(in, "rights are small letters and digits");
    return true;
}

bool imap_args_getquota(struct imap_in *in, struct imap_command *out)
{
    return imap_space(in) && imap_astring(in, &out->u.quota.root);
}

bool imap_args_getquotaroot(struct imap_in *in, struct imap_command *out)
{
    return imap_space(in) && imap_mailbox(in, &out->u.quota.root);
}

struct limits {
    struct imap_quota_limit *items;
    size_t count, cap;
};

static bool read_quota_limit(struct imap_in *in, void *ctx)
{
    struct limits *l = ctx;
    struct imap_quota_limit one;
    if (!imap_atom(in, &one.resource) || !imap_space(in) || !imap_number(in, INT64_MAX, &one.limit))
        return false;
    struct imap_quota_limit *grown =
        arena_grow(in->a, l->items, l->count, &l->cap, l->count + 1, sizeof *grown);
    if (!grown)
        return imap_out(in);
    l->items = grown;
    grown[l->count++] = one;
    return true;
}

bool imap_args_setquota(struct imap_in *in, struct imap_command *out)
{
    struct limits l = {0};
    if (!imap_args_getquota(in, out) || !imap_space(in) || !imap_each(in, 0, read_quota_limit, &l))
        return false;
    out->u.quota.limits = l.items;
    out->u.quota.count = l.count;
    return true;
}

/* ---- annotations ---- */
static bool read_metadata_option(struct imap_in *in, void *ctx)
{
    struct imap_metadata_options *o = ctx;
    static const struct imap_word depths[] = {
        {STR_INIT("0"), 0}, {STR_INIT("1"), 1}, {STR_INIT("infinity"), IMAP_DEPTH_INFINITY}};
    struct str name;
    if (!imap_atom(in, &name) || !imap_space(in))
        return false;
    if (str_caseeq(name, STR("DEPTH")))
        return imap_word(in, depths, COUNT_OF(depths), "DEPTH is 0, 1 or infinity", &o->depth);
    o->has_max = str_caseeq(name, STR("MAXSIZE"));
    if (!o->has_max)
        return imap_bad(in, "an option of GETMETADATA is not known");
    return imap_number(in, UINT32_MAX, &o->max_size);
}

bool imap_metadata_options(struct imap_in *in, struct imap_metadata_options *out)
{
    return imap_each(in, 1, read_metadata_option, out);
}

/* RFC 5464 section 3.2: begins with '/', has no "//", ends in none, no wildcard, ASCII without controls. */
static bool is_entry(struct str s)
{
    if (s.n < 2 || s.n > ENTRY_MOST || s.p[0] != '/' || s.p[s.n - 1] == '/')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || (unsigned char)s.p[i] >= 0x7f || s.p[i] == '*' || s.p[i] == '%' ||
            (s.p[i] == '/' && i + 1 < s.n && s.p[i + 1] == '/'))
            return false;
    return true;
}

static bool read_entry_name(struct imap_in *in, struct str *out)
{
    return imap_astring(in, out) &&
           (is_entry(*out) || imap_bad(in, "the name of an annotation is like \"/private/comment\""));
}

static bool read_entry(struct imap_in *in, void *ctx)
{
    struct str name;
    return read_entry_name(in, &name) && imap_strings_add(in, ctx, name);
}

bool imap_entries(struct imap_in *in, struct imap_strings *out)
{
    struct imap_strings_builder b = {0};
    if (imap_peek(in) == '(' ? !imap_each(in, 1, read_entry, &b) : !read_entry(in, &b))
        return false;
    *out = imap_strings_built(&b);
    return true;
}

bool imap_args_getmetadata(struct imap_in *in, struct imap_command *out)
{
    struct imap_metadata *m = &out->u.metadata;
    if (!imap_space(in))
        return false;
    if (imap_peek(in) == '(' && (!imap_metadata_options(in, &m->options) || !imap_space(in)))
        return false;
    return imap_mailbox(in, &m->mailbox) && imap_space(in) && imap_entries(in, &m->entries);
}

struct pairs {
    struct imap_pair *items;
    size_t count, cap;
};

static bool add_pair(struct imap_in *in, struct pairs *p, struct str name, struct str value)
{
    struct imap_pair *grown = arena_grow(in->a, p->items, p->count, &p->cap, p->count + 1, sizeof *grown);
    if (!grown)
        return imap_out(in);
    p->items = grown;
    grown[p->count++] = (struct imap_pair){name, value};
    return true;
}

static bool read_entry_value(struct imap_in *in, void *ctx)
{
    struct str name, value;
    return read_entry_name(in, &name) && imap_space(in) && imap_value(in, &value) &&
           add_pair(in, ctx, name, value);
}

bool imap_args_setmetadata(struct imap_in *in, struct imap_command *out)
{
    struct imap_metadata *m = &out->u.metadata;
    struct pairs p = {0};
    if (!imap_space(in) || !imap_mailbox(in, &m->mailbox) || !imap_space(in) ||
        !imap_each(in, 1, read_entry_value, &p))
        return false;
    m->values = (struct imap_pairs){.items = p.items, .count = p.count};
    return true;
}

/* ---- ID ---- */
static bool read_id_pair(struct imap_in *in, void *ctx)
{
    struct pairs *p = ctx;
    struct str name, value;
    if (p->count >= ID_PAIRS)
        return imap_bad(in, "ID has at most 30 fields");
    if (!imap_string(in, &name) || !imap_space(in) || !imap_read_nstring(in, &value))
        return false;
    if (name.n > ID_NAME || value.n > ID_VALUE)
        return imap_bad(in, "a field of ID is too long");
    return add_pair(in, p, name, value);
}

bool imap_args_id(struct imap_in *in, struct imap_command *out)
{
    struct pairs p = {0};
    struct str word;
    if (!imap_space(in))
        return false;
    if (imap_peek(in) != '(') {
        out->u.id.nil = true;
        return imap_atom(in, &word) &&
               (str_caseeq(word, STR("NIL")) || imap_bad(in, "ID takes a list or NIL"));
    }
    if (!imap_each(in, 0, read_id_pair, &p))
        return false;
    out->u.id = (struct imap_pairs){.items = p.items, .count = p.count};
    return true;
}

/* ---- NOTIFY ---- */
static const struct imap_word filters[] = {
    {STR_INIT("SELECTED"), IMAP_NOTIFY_SELECTED},
    {STR_INIT("SELECTED-DELAYED"), IMAP_NOTIFY_SELECTED_DELAYED},
    {STR_INIT("INBOXES"), IMAP_NOTIFY_INBOXES},
    {STR_INIT("PERSONAL"), IMAP_NOTIFY_PERSONAL},
    {STR_INIT("SUBSCRIBED"), IMAP_NOTIFY_SUBSCRIBED},
    {STR_INIT("SUBTREE"), IMAP_NOTIFY_SUBTREE},
    {STR_INIT("MAILBOXES"), IMAP_NOTIFY_MAILBOXES},
};
static const struct imap_word events[] = {
    {STR_INIT("MessageNew"), IMAP_NOTIFY_MESSAGE_NEW},
    {STR_INIT("MessageExpunge"), IMAP_NOTIFY_MESSAGE_EXPUNGE},
    {STR_INIT("FlagChange"), IMAP_NOTIFY_FLAG_CHANGE},
    {STR_INIT("AnnotationChange"), IMAP_NOTIFY_ANNOTATION_CHANGE},
    {STR_INIT("MailboxName"), IMAP_NOTIFY_MAILBOX_NAME},
    {STR_INIT("SubscriptionChange"), IMAP_NOTIFY_SUBSCRIPTION_CHANGE},
    {STR_INIT("MailboxMetadataChange"), IMAP_NOTIFY_MAILBOX_METADATA_CHANGE},
    {STR_INIT("ServerMetadataChange"), IMAP_NOTIFY_SERVER_METADATA_CHANGE},
};

static bool read_notify_mailbox(struct imap_in *in, void *ctx)
{
    struct str name;
    return imap_mailbox(in, &name) && imap_strings_add(in, ctx, name);
}

static bool read_event(struct imap_in *in, void *ctx)
{
    struct imap_notify_group *g = ctx;
    struct str name;
    if (!imap_atom(in, &name))
        return false;
    const struct imap_word *w = imap_word_find(events, COUNT_OF(events), name);
    if (!w)
        return imap_no(in, "BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange)",
                       "an event of NOTIFY is not known"); /* RFC 5465 section 5 */
    g->events |= w->value;
    const struct str rest = str_from(in->args->text, in->at);
    if (w->value != IMAP_NOTIFY_MESSAGE_NEW || imap_peek(in) != ' ' || rest.n < 2 || rest.p[1] != '(')
        return true;
    return imap_space(in) && imap_fetch_list(in, false, &g->fetch);
}

/* RFC 5465 section 5: new and vanished messages go together, and flags never go without them. */
static bool check_events(struct imap_in *in, const struct imap_notify_group *g)
{
    const unsigned both = IMAP_NOTIFY_MESSAGE_NEW | IMAP_NOTIFY_MESSAGE_EXPUNGE;
    const unsigned flags = IMAP_NOTIFY_FLAG_CHANGE | IMAP_NOTIFY_ANNOTATION_CHANGE;
    unsigned has = g->events & both;
    if ((has && has != both) || (!has && (g->events & flags)))
        return imap_bad(in, "MessageNew and MessageExpunge go together, and FlagChange with them");
    return true;
}

static bool read_events(struct imap_in *in, struct imap_notify_group *g)
{
    struct str word;
    if (imap_peek(in) == '(')
        return imap_each(in, 1, read_event, g) && check_events(in, g);
    return imap_atom(in, &word) &&
           (str_caseeq(word, STR("NONE")) || imap_bad(in, "a list of events or NONE is missing"));
}

static bool read_group(struct imap_in *in, struct imap_notify_group *g)
{
    struct imap_strings_builder b = {0};
    unsigned filter;
    if (!imap_must(in, '(') ||
        !imap_word(in, filters, COUNT_OF(filters), "a filter of NOTIFY is not known", &filter) ||
        !imap_space(in))
        return false;
    g->filter = (enum imap_notify_filter)filter;
    if (filter == IMAP_NOTIFY_SUBTREE || filter == IMAP_NOTIFY_MAILBOXES) {
        if (imap_peek(in) == '(' ? !imap_each(in, 1, read_notify_mailbox, &b) : !read_notify_mailbox(in, &b))
            return false;
        g->mailboxes = imap_strings_built(&b);
        if (!imap_space(in))
            return false;
    }
    return read_events(in, g) && imap_must(in, ')');
}

/* "SET" [SP "STATUS"] 1*(SP group) */
static bool read_notify_set(struct imap_in *in, struct imap_notify *n)
{
    struct imap_notify_group *groups = NULL;
    struct str word;
    size_t cap = 0;
    if (!imap_space(in))
        return false;
    if (imap_peek(in) != '(') {
        n->status = true;
        if (!imap_atom(in, &word) || !imap_space(in))
            return false;
        if (!str_caseeq(word, STR("STATUS")))
            return imap_bad(in, "behind NOTIFY SET follows STATUS or a group of events");
    }
    do {
        struct imap_notify_group g = {0};
        if (!imap_count(in) || !read_group(in, &g))
            return false;
        groups = arena_grow(in->a, groups, n->count, &cap, n->count + 1, sizeof *groups);
        if (!groups)
            return imap_out(in);
        groups[n->count++] = g;
        n->groups = groups;
    } while (imap_take(in, ' '));
    return true;
}

bool imap_args_notify(struct imap_in *in, struct imap_command *out)
{
    struct imap_notify *n = &out->u.notify;
    struct str word;
    if (!imap_space(in) || !imap_atom(in, &word))
        return false;
    n->none = str_caseeq(word, STR("NONE"));
    if (n->none)
        return true;
    return str_caseeq(word, STR("SET")) ? read_notify_set(in, n) : imap_bad(in, "NOTIFY takes SET or NONE");
}
