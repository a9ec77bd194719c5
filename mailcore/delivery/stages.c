/* mailcore/delivery/stages.c: the stages of senders and recipients. */
#include "mailcore/delivery/stage.h"

#include "core/clock.h"
#include "core/log.h"
#include "core/metrics.h"
#include "store/collection.h"

static enum verdict end(struct turn *t, int code, const char *enhanced, struct str text)
{
    t->reply = (struct smtp_reply){code, enhanced, text};
    return VERDICT_END;
}

static enum verdict end_with(struct turn *t, enum status st)
{
    if (st < 0)
        log_error("mail: an address cannot be looked up: %s", status_text(st));
    t->reply = answer_of(t->conf, st);
    return VERDICT_END;
}

/* ---- MAIL ---- */
static enum verdict sender_address_rate(struct turn *t)
{
    uint64_t who = rate_of_address(&smtp_client(t->s)->peer.address);
    if (rate_take(t->in->rates, RATE_ADDRESS_MESSAGES, who, t->conf->address_messages, clock_now()))
        return VERDICT_NEXT;
    return end(t, 450, "4.7.1", STR("too many mails from your address in the last hour; try again later"));
}

static enum verdict sender_account_rate(struct turn *t)
{
    if (rate_take(t->in->rates, RATE_ACCOUNT_MESSAGES, (uint64_t)t->user, t->conf->account_messages,
                  clock_now()))
        return VERDICT_NEXT;
    return end(t, 450, "4.7.1", STR("you sent too many mails in the last hour; try again later"));
}

/* His own; a subaddress of it; with SENDERS_GROUPS, of a group that he is in. */
static enum status sender_owner(struct turn *t, bool *good)
{
    struct directory *d = t->in->base->dir;
    struct actor actor;
    struct found f;
    enum status st = recipient_find(&t->lookup, &smtp_envelope(t->s)->sender, &f);
    if (st == DENIED && f.kind == FOUND_LIST) /* one without members */
        st = OK;
    *good = st == OK && f.kind == FOUND_USER && f.who.id == t->user;
    if (st != OK || *good || f.kind != FOUND_LIST || t->conf->senders != SENDERS_GROUPS)
        return st < 0 ? st : OK;
    st = directory_actor(d, t->lookup.tx, &t->arena, t->user, &actor);
    for (size_t i = 0; st == OK && i < actor.group_count; i++)
        *good |= actor.groups[i] == f.who.id;
    return st;
}

static enum verdict sender_rights(struct turn *t)
{
    const struct smtp_envelope *e = smtp_envelope(t->s);
    bool good = true;
    enum status st = OK;
    if (!e->sender.local.n && !e->sender.domain.n)
        return end(t, 550, "5.7.1", STR("say who you are: the null sender is for notifications"));
    if (t->conf->senders != SENDERS_ANY)
        st = sender_owner(t, &good);
    if (st < 0)
        return end_with(t, st);
    return good ? VERDICT_NEXT : end(t, 553, "5.7.1", STR("this address is not yours to send as"));
}

static const struct stage sender_stages[] = {
    {"address rate", SMTP_ROLE_MX, sender_address_rate},
    {"sender rights", SMTP_ROLE_SUBMIT, sender_rights},
    {"account rate", SMTP_ROLE_SUBMIT, sender_account_rate},
};

/* ---- RCPT ---- */
static enum verdict rcpt_address(struct turn *t)
{
    enum status st = recipient_find(&t->lookup, &t->recipient->path, &t->found);
    return st == OK ? VERDICT_NEXT : end_with(t, st);
}

static enum verdict rcpt_rate(struct turn *t)
{
    if (rate_take(t->in->rates, RATE_ACCOUNT_RECIPIENTS, (uint64_t)t->user, t->conf->account_recipients,
                  clock_now()))
        return VERDICT_NEXT;
    return end(t, 450, "4.7.1", STR("you sent to too many recipients in the last hour; try again later"));
}

/* What is full now need not be sent; what becomes full meanwhile is seen at the commit. */
static enum verdict rcpt_quota(struct turn *t)
{
    struct account a;
    if (t->found.kind != FOUND_USER)
        return VERDICT_NEXT;
    enum status st = account_get(t->lookup.tx, t->found.who.id, &a);
    int64_t size = (int64_t)(smtp_envelope(t->s)->size & INT64_MAX);
    if (st == OK && a.quota > 0 && (a.used_bytes >= a.quota || size > a.quota - a.used_bytes))
        st = OVER_QUOTA;
    return st == OK ? VERDICT_NEXT : end_with(t, st);
}

static const struct stage rcpt_stages[] = {
    {"address", SMTP_ROLE_ALL, rcpt_address},
    {"quota", SMTP_ROLE_ALL, rcpt_quota},
    {"account rate", SMTP_ROLE_SUBMIT, rcpt_rate},
};

/* ---- */
static void note_refusal(const struct turn *t, const char *stage)
{
    SCOPED_BUF(who, 1024);
    SCOPED_BUF(peer, 128);
    smtp_path_write(&who, t->recipient ? &t->recipient->path : &smtp_envelope(t->s)->sender);
    net_text(&peer, &smtp_client(t->s)->peer.address);
    const struct log_field fields[] = {{t->recipient ? "to" : "from", buf_view(&who)},
                                       {"peer", buf_view(&peer)},
                                       {"stage", str_c(stage)},
                                       {"answer", t->reply.text}};
    log_event(LOG_LEVEL_INFO, "mail-refused", fields, COUNT_OF(fields));
    metrics_add(METRIC_MAIL_REFUSED, 1);
}

static void pass(struct turn *t, const struct stage *stages, size_t count)
{
    const struct smtp_client *client = smtp_client(t->s);
    const struct smtp_envelope *e = smtp_envelope(t->s);
    SCOPED_READ(tx, t->in->base->store);
    t->lookup = (struct lookup){.in = t->in,
                                .conf = t->conf,
                                .tx = tx,
                                .a = &t->arena,
                                .role = client->role,
                                .bounce = !e->sender.local.n && !e->sender.domain.n};
    t->reply = (struct smtp_reply){250, NULL, STR_NONE};
    if (!tx) {
        end_with(t, E_MEMORY);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if ((stages[i].roles & client->role) && stages[i].fn(t) == VERDICT_END) {
            note_refusal(t, stages[i].name);
            return;
        }
}

void stages_sender(struct turn *t)
{
    pass(t, sender_stages, COUNT_OF(sender_stages));
}

void stages_recipient(struct turn *t)
{
    pass(t, rcpt_stages, COUNT_OF(rcpt_stages));
}
