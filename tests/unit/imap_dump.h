/* tests/unit/imap_dump.h: a parsed command in one line, for tables of tests: what was read, in one spelling. */
#ifndef SCAMBIO_TESTS_UNIT_IMAP_DUMP_H
#define SCAMBIO_TESTS_UNIT_IMAP_DUMP_H

#include "mailcore/imap/parse.h"
#include "mailcore/imap/write.h"

static inline void dump_set(struct buf *b, const struct imap_set *s)
{
    if (s->saved)
        buf_addc(b, '$');
    imap_set_write(b, s);
    if (s->star)
        buf_addf(b, "*%u-%u", s->low, s->high);
}

static inline void dump_strings(struct buf *b, const struct imap_strings *s)
{
    for (size_t i = 0; i < s->count; i++)
        buf_addf(b, " <%.*s>", STR_ARG(s->items[i]));
}

static inline void dump_page(struct buf *b, const struct imap_page *p)
{
    if (p->given)
        buf_addf(b, " page %s%u:%u", p->from_end ? "-" : "", p->first, p->last);
}

static inline void dump_items(struct buf *b, const struct imap_fetch_list *l)
{
    for (size_t i = 0; i < l->count; i++) {
        buf_addc(b, ' ');
        imap_fetch_item_write(b, &l->items[i], true);
    }
}

/* The tree in prefix form; every key in brackets. The depth is the parser's bound. */
static inline void dump_key(struct buf *b, const struct imap_key *k)
{
    static const char *const names[] = {"all",    "and",    "or",      "not",     "flag",    "keyword",
                                        "header", "body",   "text",    "before",  "on",      "since",
                                        "saves",  "larger", "smaller", "older",   "younger", "numbers",
                                        "uids",   "modseq", "emailid", "threadid"};
    buf_addf(b, "[%s%s", k->fuzzy ? "~" : "", names[k->kind]);
    if (k->kind >= IMAP_KEY_BEFORE && k->kind <= IMAP_KEY_SINCE)
        buf_addf(b, "%c", "rsS"[k->when]);
    if (k->flag)
        buf_addf(b, " %u", k->flag);
    if (k->kind >= IMAP_KEY_BEFORE && k->kind <= IMAP_KEY_SINCE)
        buf_addf(b, " %lld", (long long)k->day);
    if (k->number)
        buf_addf(b, " %llu", (unsigned long long)k->number);
    if (k->field.p)
        buf_addf(b, " <%.*s>", STR_ARG(k->field));
    if (k->text.p)
        buf_addf(b, " <%.*s>", STR_ARG(k->text));
    if (k->kind == IMAP_KEY_NUMBERS || k->kind == IMAP_KEY_UIDS) {
        buf_addc(b, ' ');
        dump_set(b, &k->set);
    }
    for (const struct imap_key *c = k->child; c; c = c->next)
        dump_key(b, c);
    buf_addc(b, ']');
}

static inline void dump_search(struct buf *b, const struct imap_search *s)
{
    if (s->extended)
        buf_addf(b, " return %u", s->returns);
    dump_page(b, &s->page);
    for (size_t i = 0; i < s->criteria_count; i++)
        buf_addf(b, " %s%d", s->criteria[i].reverse ? "-" : "", (int)s->criteria[i].key);
    buf_addc(b, ' ');
    dump_key(b, s->key);
}

static inline void dump_options(struct buf *b, const struct imap_metadata_options *o)
{
    if (o->has_max || o->depth)
        buf_addf(b, " max %llu depth %u", (unsigned long long)o->max_size, o->depth);
}

static inline void dump_list(struct buf *b, const struct imap_list *l)
{
    buf_addf(b, "%s sel %u ret %u <%.*s>", l->extended ? " ext" : "", l->select, l->returns,
             STR_ARG(l->reference));
    dump_strings(b, &l->patterns);
    if (l->status)
        buf_addf(b, " status %u", l->status);
    dump_options(b, &l->options);
    dump_strings(b, &l->entries);
}

static inline void dump_append(struct buf *b, const struct imap_append *a)
{
    buf_addf(b, " %u <%.*s>", a->number, STR_ARG(a->mailbox));
    for (size_t i = 0; i < a->count; i++) {
        const struct imap_append_message *m = &a->messages[i];
        buf_addz(b, " ");
        imap_write_flags(b, &m->flags);
        if (m->dated)
            buf_addf(b, " %lld%+d", (long long)m->date.at, (int)m->date.offset);
        buf_addf(b, "%s%s", m->utf8 ? " utf8" : "", m->catenate ? " cat" : "");
        for (size_t k = 0; k < m->count; k++)
            buf_addf(b, m->parts[k].url ? " url <%.*s>" : " <%.*s>", STR_ARG(m->parts[k].text));
    }
}

static inline void dump_select(struct buf *b, const struct imap_select *s)
{
    buf_addf(b, " <%.*s>%s", STR_ARG(s->mailbox), s->condstore ? " condstore" : "");
    if (!s->qresync)
        return;
    buf_addf(b, " qresync %u %llu ", s->uid_validity, (unsigned long long)s->modseq);
    dump_set(b, &s->known);
    buf_addc(b, s->has_pairs ? '|' : ' ');
    dump_set(b, &s->numbers);
    buf_addc(b, ' ');
    dump_set(b, &s->uids);
}

static inline void dump_pairs(struct buf *b, const struct imap_pairs *p)
{
    for (size_t i = 0; i < p->count; i++)
        buf_addf(b, p->items[i].value.p ? " <%.*s>=<%.*s>" : " <%.*s>=NIL%.*s", STR_ARG(p->items[i].name),
                 STR_ARG(p->items[i].value));
}

static inline void dump_notify(struct buf *b, const struct imap_notify *n)
{
    buf_addf(b, "%s%s", n->none ? " none" : "", n->status ? " status" : "");
    for (size_t i = 0; i < n->count; i++) {
        buf_addf(b, " (%d", (int)n->groups[i].filter);
        dump_strings(b, &n->groups[i].mailboxes);
        buf_addf(b, " events %u", n->groups[i].events);
        dump_items(b, &n->groups[i].fetch);
        buf_addc(b, ')');
    }
}

static inline void dump_fetch(struct buf *b, const struct imap_fetch *f)
{
    buf_addc(b, ' ');
    dump_set(b, &f->set);
    dump_items(b, &f->list);
    if (f->changed)
        buf_addf(b, " since %llu%s", (unsigned long long)f->changed_since, f->vanished ? " vanished" : "");
    dump_page(b, &f->page);
}

static inline void dump_store(struct buf *b, const struct imap_store *s)
{
    buf_addc(b, ' ');
    dump_set(b, &s->set);
    buf_addf(b, " %c%s ", "=+-"[s->mode], s -> silent ? " silent" : "");
    imap_write_flags(b, &s->flags);
    if (s->unchanged)
        buf_addf(b, " unless %llu", (unsigned long long)s->unchanged_since);
}

static inline void dump_admin(struct buf *b, const struct imap_command *c)
{
    if (c->verb == IMAP_GETMETADATA || c->verb == IMAP_SETMETADATA) {
        buf_addf(b, " <%.*s>", STR_ARG(c->u.metadata.mailbox));
        dump_options(b, &c->u.metadata.options);
        dump_strings(b, &c->u.metadata.entries);
        dump_pairs(b, &c->u.metadata.values);
    } else if (c->verb == IMAP_GETQUOTA || c->verb == IMAP_GETQUOTAROOT || c->verb == IMAP_SETQUOTA) {
        buf_addf(b, " <%.*s>", STR_ARG(c->u.quota.root));
        for (size_t i = 0; i < c->u.quota.count; i++)
            buf_addf(b, " %.*s=%llu", STR_ARG(c->u.quota.limits[i].resource),
                     (unsigned long long)c->u.quota.limits[i].limit);
    } else {
        buf_addf(b, " <%.*s>", STR_ARG(c->u.acl.mailbox));
        if (c->u.acl.identifier.p)
            buf_addf(b, " <%.*s>", STR_ARG(c->u.acl.identifier));
        if (c->u.acl.rights.p)
            buf_addf(b, " %c<%.*s>", c->u.acl.change ? c->u.acl.change : '=', STR_ARG(c->u.acl.rights));
    }
}

static inline void dump_mailbox(struct buf *b, const struct imap_mailbox_arg *m)
{
    if (m->mailbox.p)
        buf_addf(b, " <%.*s>", STR_ARG(m->mailbox));
    if (m->to.p)
        buf_addf(b, " <%.*s>", STR_ARG(m->to));
    if (m->use)
        buf_addf(b, " use %u", m->use);
    if (m->set.count || m->set.star || m->set.saved)
        buf_addc(b, ' ');
    dump_set(b, &m->set);
}

static inline void dump_command(struct buf *b, const struct imap_command *c)
{
    buf_addf(b, "%.*s %s%.*s", STR_ARG(c->tag), c->uid ? "UID " : "", STR_ARG(imap_verb_name(c->verb)));
    switch (c->verb) {
    case IMAP_APPEND:
    case IMAP_REPLACE:
        dump_append(b, &c->u.append);
        break;
    case IMAP_LOGIN:
        buf_addf(b, " <%.*s> <%.*s>", STR_ARG(c->u.login.user), STR_ARG(c->u.login.password));
        break;
    case IMAP_AUTHENTICATE:
        buf_addf(b, " <%.*s>%s%.*s", STR_ARG(c->u.login.mechanism), c->u.login.initial.p ? " =" : "",
                 STR_ARG(c->u.login.initial));
        break;
    case IMAP_ENABLE:
    case IMAP_CANCELUPDATE:
    case IMAP_COMPRESS:
        dump_strings(b, &c->u.words);
        break;
    case IMAP_COPY:
    case IMAP_MOVE:
    case IMAP_CREATE:
    case IMAP_DELETE:
    case IMAP_RENAME:
    case IMAP_EXPUNGE:
    case IMAP_SUBSCRIBE:
    case IMAP_UNSUBSCRIBE:
        dump_mailbox(b, &c->u.mailbox);
        break;
    case IMAP_DELETEACL:
    case IMAP_GETACL:
    case IMAP_LISTRIGHTS:
    case IMAP_MYRIGHTS:
    case IMAP_SETACL:
    case IMAP_GETMETADATA:
    case IMAP_SETMETADATA:
    case IMAP_GETQUOTA:
    case IMAP_GETQUOTAROOT:
    case IMAP_SETQUOTA:
        dump_admin(b, c);
        break;
    case IMAP_SELECT:
    case IMAP_EXAMINE:
        dump_select(b, &c->u.select);
        break;
    case IMAP_FETCH:
        dump_fetch(b, &c->u.fetch);
        break;
    case IMAP_STORE:
        dump_store(b, &c->u.store);
        break;
    case IMAP_SEARCH:
    case IMAP_SORT:
    case IMAP_THREAD:
        dump_search(b, &c->u.search);
        break;
    case IMAP_LIST:
    case IMAP_LSUB:
        dump_list(b, &c->u.list);
        break;
    case IMAP_STATUS:
        buf_addf(b, " <%.*s> %u", STR_ARG(c->u.status.mailbox), c->u.status.items);
        break;
    case IMAP_ID:
        buf_addz(b, c->u.id.nil ? " NIL" : "");
        dump_pairs(b, &c->u.id);
        break;
    case IMAP_NOTIFY:
        dump_notify(b, &c->u.notify);
        break;
    case IMAP_CAPABILITY:
    case IMAP_CHECK:
    case IMAP_CLOSE:
    case IMAP_IDLE:
    case IMAP_LOGOUT:
    case IMAP_NAMESPACE:
    case IMAP_NOOP:
    case IMAP_STARTTLS:
    case IMAP_UNAUTHENTICATE:
    case IMAP_UNSELECT:
    case IMAP_VERB_COUNT:
    default:
        break;
    }
}

#endif
