/* mailcore/imap/idle.c: IDLE (RFC 2177): who idles is woken by a commit that touched the account whose mailbox he has selected, and is told on his
 * loop what is new: a few rows, read in place. */
#include "mailcore/imap/view.h"

enum { UNREAD_MOST = 1 << 20 }; /* who does not take what he is told is told the rest when he asks */

static struct imap_user **row_of(struct imap_service *s, int64_t account)
{
    return &s->idlers[(uint64_t)account * 0x9E3779B97F4A7C15u >> 56];
}

/* Between two commands the call is nobody's. It may end the session. */
static void tell(struct imap_user *u)
{
    struct imap_call *c = &u->call;
    struct line_engine *e = imap_engine(u->session);
    if ((e->wants & LINE_WANT_CLOSE) || e->gone || imap_answers(u->session)->n > UNREAD_MOST)
        return;
    c->enabled = imap_enabled(u->session);
    enum status st = imap_view_sync(c, true);
    if (st == OK && c->out.st == OK)
        buf_add(imap_answers(u->session), buf_view(&c->out));
    bool news = st != OK || c->out.n;
    imap_call_free(c);
    imap_call_init(c, u);
    if (st != OK)
        imap_end(u->session, st == GONE ? "the mailbox is not there any more; good-bye"
                                        : "what is new cannot be read just now; good-bye");
    else if (news)
        line_resume(e);
}

static void woken(struct loop_post *p)
{
    struct imap_user *u = CONTAINER_OF(p, struct imap_user, wake);
    pthread_mutex_lock(&u->service->lock);
    u->woken = false;
    bool idles = u->watched != 0;
    pthread_mutex_unlock(&u->service->lock);
    if (u->session && idles)
        tell(u);
    imap_user_drop(u);
}

static void wake(struct imap_user *u)
{
    if (u->woken)
        return;
    u->woken = true;
    u->wake.fn = woken;
    imap_user_hold(u);
    loop_post(u->loop, &u->wake);
}

void imap_changed(void *ctx, int64_t account, int64_t seq)
{
    struct imap_service *s = ctx;
    (void)seq;
    pthread_mutex_lock(&s->lock);
    for (struct imap_user *u = *row_of(s, account); u; u = u->next)
        if (u->watched == account)
            wake(u);
    pthread_mutex_unlock(&s->lock);
}

/* 0: nobody's. */
static void watch(struct imap_user *u, int64_t account)
{
    struct imap_service *s = u->service;
    pthread_mutex_lock(&s->lock);
    if (u->watched) {
        struct imap_user **at = row_of(s, u->watched);
        while (*at != u)
            at = &(*at)->next;
        *at = u->next;
    }
    u->watched = account;
    if (account) {
        u->next = *row_of(s, account);
        *row_of(s, account) = u;
        wake(u); /* for what came before it idled */
    }
    pthread_mutex_unlock(&s->lock);
}

void imap_idle(void *ctx, struct imap *s, bool on)
{
    struct imap_user *u = *imap_slot(s);
    (void)ctx;
    watch(u, on && u->view ? u->view->account : 0);
}
