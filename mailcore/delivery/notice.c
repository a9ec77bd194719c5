/* mailcore/delivery/notice.c: what a sender is told who asked to hear of success (RFC 3461 section 5.2.3, 5.2.7.3): of mailboxes that have the
 * mail, and of lists that were expanded. Of what waits in the queue the queue tells. */
#include "core/clock.h"
#include "core/log.h"
#include "mailcore/delivery/inside.h"
#include "mailcore/relay/dsn.h"

enum { ARENA_MOST = 8 << 20, NOTICE_MORE = 8 << 20 };

/* DSN_ACTIONS: nothing. */
static enum dsn_action action_of(const struct delivery *d, size_t n)
{
    const struct wanted *w = &d->wanted[n];
    if (!(w->opts.notify & SMTP_NOTIFY_SUCCESS) || delivery_status(d, n) != OK)
        return DSN_ACTIONS;
    bool list = w->target == NO_TARGET;
    if (list && (w->first == w->end || d->targets.at[w->first].several))
        return DSN_EXPANDED;
    const struct target *t = &d->targets.at[list ? w->first : (size_t)w->target];
    return t->account && !t->queued ? DSN_DELIVERED : DSN_ACTIONS;
}

bool notice_wanted(const struct delivery *d)
{
    bool wanted = false;
    for (size_t i = 0; d->st == OK && i < d->wanted_count; i++)
        wanted |= action_of(d, i) != DSN_ACTIONS;
    return wanted && (d->sender.local.n || d->sender.domain.n);
}

static enum dsn_language language_of(const struct delivery *d, struct arena *a, struct str sender)
{
    struct principal p;
    SCOPED_READ(tx, d->in->base->store);
    bool known = tx && directory_find(d->in->base->dir, tx, a, sender, &p) == OK;
    return known ? dsn_language(p.lang) : DSN_ENGLISH;
}

static enum status tell(const struct delivery *d, struct arena *a)
{
    SCOPED_BUF(text, 2 * d->body.n + NOTICE_MORE);
    struct dsn_recipient *rcpts = ARENA_ARRAY(a, struct dsn_recipient, d->wanted_count);
    struct str sender = path_text(a, &d->sender);
    size_t count = 0;
    if (!rcpts || !sender.p)
        return E_MEMORY;
    for (size_t i = 0; i < d->wanted_count; i++) {
        enum dsn_action action = action_of(d, i);
        if (action != DSN_ACTIONS)
            rcpts[count++] = (struct dsn_recipient){.address = path_text(a, &d->wanted[i].path),
                                                    .original = d->wanted[i].opts.orcpt,
                                                    .action = action,
                                                    .status = STR("2.1.5")};
    }
    const struct dsn dsn = {.hostname = d->conf->hostname,
                            .sender = sender,
                            .envid = d->envelope.envid,
                            .language = language_of(d, a, sender),
                            .arrived = clock_now(),
                            .now = clock_now(),
                            .recipients = rcpts,
                            .count = count,
                            .message = buf_view(&d->body)};
    dsn_write(&text, &dsn);
    const struct parcel p = {.sender = STR(""), .address = sender, .text = buf_view(&text)};
    return text.st != OK ? text.st : a->st != OK ? a->st : intake_deliver(d->in, &p);
}

void notice_send(const struct delivery *d)
{
    SCOPED_ARENA(a, ARENA_MOST);
    enum status st = tell(d, &a);
    if (st != OK)
        log_warning("mail: a sender cannot be told that his mail was delivered: %s", status_text(st));
}
