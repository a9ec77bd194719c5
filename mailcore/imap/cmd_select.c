/* mailcore/imap/cmd_select.c: SELECT, EXAMINE, UNSELECT (RFC 9051 section 6.3.2), with what a client has missed (QRESYNC, RFC 7162 section 3.2.5). */
#include "mailcore/imap/view.h"

enum { UNSEEN_LOOK = 2000 }; /* messages that are looked at for the first unseen one */

struct selecting {
    struct imap_call *c;
    struct tx *tx;
    struct actor actor;
    struct mailbox_state state;
    struct imap_names names;
    uint32_t seen; /* messages looked at */
    struct imap_set_builder changed;
};

static void leave(struct imap_call *c)
{
    struct imap_user *u = c->user;
    if (u->view)
        buf_add(&c->out, STR("* OK [CLOSED] the mailbox before is closed\r\n"));
    imap_view_free(u->view);
    u->view = NULL;
    c->state = IMAP_AUTHENTICATED;
}

/* ---- the usual answers ---- */

static enum status look(void *ctx, const struct message *m)
{
    struct selecting *s = ctx;
    s->seen++;
    if (m->flags & MESSAGE_SEEN)
        return s->seen < UNSEEN_LOOK ? OK : TOO_MANY;
    buf_addf(&s->c->out, "* OK [UNSEEN %u] the first that is not seen\r\n", (unsigned)s->seen);
    return EXISTS;
}

/* For clients of rev1; one that is far behind is left out, so that selecting costs the same whatever the mailbox holds. */
static enum status write_unseen(struct selecting *s)
{
    const struct message_query all = {0};
    if (s->state.unseen == 0 || (s->c->enabled & IMAP_ENABLED_REV2))
        return OK;
    enum status st = message_each(s->tx, &s->actor, s->c->user->view->mailbox, &all, look, s);
    return st == EXISTS || st == TOO_MANY ? OK : st;
}

static void write_answers(struct selecting *s, struct str name)
{
    struct imap_call *c = s->c;
    const struct imap_view *v = c->user->view;
    bool rev2 = (c->enabled & IMAP_ENABLED_REV2) != 0;
    imap_view_write_flags(c, &s->names);
    buf_addf(&c->out, "* %u EXISTS\r\n", (unsigned)imap_view_count(v));
    if (!rev2)
        buf_add(&c->out, STR("* 0 RECENT\r\n"));
    buf_addf(&c->out, "* OK [UIDVALIDITY %lld] UIDs are valid\r\n", (long long)v->uid_validity);
    buf_addf(&c->out, "* OK [UIDNEXT %lld] the next UID\r\n", (long long)s->state.uidnext);
    buf_addf(&c->out, "* OK [HIGHESTMODSEQ %lld] the last change\r\n", (long long)v->modseq);
    buf_add(&c->out, STR("* OK [MAILBOXID ("));
    imap_write_mailbox_id(&c->out, v->mailbox);
    buf_add(&c->out, STR(")] the same under every name\r\n"));
    if (rev2)
        imap_write_list(&c->out, &(struct imap_list_line){.name = "LIST", .delimiter = '/', .mailbox = name},
                        imap_utf8(c));
}

/* ---- QRESYNC ---- */

/* The largest UID up to which the client has the same messages as we, by the pairs that it gave. */
static int64_t matched(const struct imap_view *v, const struct imap_select *in)
{
    size_t k = 0;
    uint64_t uid = 0;
    int64_t best = 0;
    for (size_t i = 0; i < in->numbers.count; i++)
        for (uint64_t n = in->numbers.ranges[i].first; n <= in->numbers.ranges[i].last; n++) {
            if (k < in->uids.count && uid < in->uids.ranges[k].first)
                uid = in->uids.ranges[k].first;
            if (k == in->uids.count || imap_view_uid(v, (uint32_t)n) != uid)
                return best;
            best = (int64_t)uid++;
            if (uid > in->uids.ranges[k].last)
                k++;
        }
    return best;
}

static enum status write_change(void *ctx, const struct message *m)
{
    struct selecting *s = ctx;
    const struct imap_select *in = &s->c->command->u.select;
    bool only = (s->c->enabled & IMAP_ENABLED_UIDONLY) != 0;
    uint32_t number = imap_view_number(s->c->user->view, m->uid);
    if (!number || (in->has_known && !imap_set_has(&in->known, (uint32_t)m->uid)))
        return OK;
    struct imap_flags flags = imap_view_flags(&s->names, m->flags, m->keywords);
    struct imap_fetch_writer w = imap_fetch_begin(&s->c->out, only ? (uint32_t)m->uid : number, only);
    if (!only)
        imap_fetch_number(&w, "UID", (uint64_t)m->uid);
    imap_fetch_flags(&w, &flags);
    imap_fetch_modseq(&w, (uint64_t)m->modseq);
    imap_fetch_end(&w);
    return s->c->out.st;
}

static enum status resync(struct selecting *s)
{
    struct imap_select *in = &(struct imap_select){0};
    *in = s->c->command->u.select;
    if (!in->qresync || in->uid_validity != s->c->user->view->uid_validity || in->modseq > INT64_MAX)
        return OK;
    enum status st = imap_set_resolve(&s->c->arena, &in->known, (uint32_t)(s->state.uidnext - 1), &in->known);
    if (st == OK)
        st = imap_view_tell_vanished(s->c, s->tx, &s->actor, (int64_t)in->modseq,
                                     in->has_known ? &in->known : NULL, matched(s->c->user->view, in) + 1);
    if (st != OK || (int64_t)in->modseq >= s->state.modseq)
        return st;
    const struct message_query since = {.since = (int64_t)in->modseq};
    return message_each(s->tx, &s->actor, s->c->user->view->mailbox, &since, write_change, s);
}

/* ---- the command ---- */

static enum status open_named(struct selecting *s, struct str name)
{
    struct imap_call *c = s->c;
    struct imap_user *u = c->user;
    struct mailbox_place place;
    int64_t id = 0;
    bool examine = c->command->verb == IMAP_EXAMINE;
    enum status st = mailbox_place(s->tx, &c->arena, &s->actor, u->id, name, &place);
    if (st == OK)
        st = mailbox_find(s->tx, &c->arena, &s->actor, u->id, name, &id);
    if (st == OK)
        st = imap_view_open(c, s->tx, &s->actor, id, place.account, examine, &u->view);
    if (st == OK)
        st = mailbox_state(s->tx, &s->actor, id, &s->state);
    if (st == OK)
        st = imap_view_names(c, s->tx, &s->actor, &s->names);
    return st;
}

static enum status answer(struct selecting *s, struct str name)
{
    struct imap_call *c = s->c;
    write_answers(s, name);
    enum status st = write_unseen(s);
    if (st == OK)
        st = resync(s);
    if (st != OK)
        return st;
    c->state = IMAP_SELECTED;
    buf_addz(&c->code, c->user->view->read_only ? "READ-ONLY" : "READ-WRITE");
    return OK;
}

struct making {
    struct write write;
    int64_t account;
};

static enum status make_run(struct write *w, struct tx *tx)
{
    return tx_mailbox_defaults(tx, CONTAINER_OF(w, struct making, write)->account);
}

/* Somebody who has had no mail yet has an INBOX all the same (RFC 9051 section 5.1). */
static enum status make_inbox(struct imap_call *c)
{
    const struct imap_user *u = c->user;
    struct making m = {.write = {.run = make_run, .account = u->id}, .account = u->id};
    bool exists = true;
    {
        struct actor actor;
        int64_t id;
        SCOPED_READ(tx, imap_store(c));
        if (!tx)
            return E_MEMORY;
        enum status st = imap_actor(c, tx, &actor);
        if (st == OK)
            st = mailbox_find(tx, &c->arena, &actor, u->id, STR("INBOX"), &id);
        if (st != OK && st != NOT_FOUND)
            return st;
        exists = st == OK;
    }
    return exists || u->read_only ? OK : imap_write(c, &m.write);
}

enum status imap_run_select(struct imap_call *c)
{
    const struct imap_select *in = &c->command->u.select;
    struct selecting s = {.c = c};
    if (in->qresync && !(c->enabled & IMAP_ENABLED_QRESYNC)) {
        c->bad = true;
        c->text = "QRESYNC has to be enabled first";
        return INVALID;
    }
    leave(c);
    if (in->condstore || in->qresync)
        c->enabled |= IMAP_ENABLED_CONDSTORE;
    enum status st = str_caseeq(in->mailbox, STR("INBOX")) ? make_inbox(c) : OK;
    if (st != OK)
        return st;
    SCOPED_READ(tx, imap_store(c));
    if (!tx)
        return E_MEMORY;
    s.tx = tx;
    st = imap_actor(c, tx, &s.actor);
    if (st == OK)
        st = open_named(&s, in->mailbox);
    if (st == OK)
        st = answer(&s, in->mailbox);
    if (st != OK) {
        imap_view_free(c->user->view);
        c->user->view = NULL;
    }
    return st;
}

enum status imap_run_unselect(struct imap_call *c)
{
    imap_view_free(c->user->view);
    c->user->view = NULL;
    c->state = IMAP_AUTHENTICATED;
    return OK;
}
