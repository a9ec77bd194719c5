/* mailcore/imap/cmd_expunge.c: EXPUNGE, UID EXPUNGE (RFC 4315) and CLOSE: what is marked \Deleted goes. The session hears of it when it is
 * told what is new. */
#include "mailcore/imap/view.h"

struct expunging {
    struct write write;
    struct imap_call *c;
    struct arena *arena;
    struct uid_set part;
};

static enum status expunge_run(struct write *w, struct tx *tx)
{
    struct expunging *e = CONTAINER_OF(w, struct expunging, write);
    struct expunge_result result;
    struct actor actor;
    arena_reset(e->arena);
    enum status st = imap_actor(e->c, tx, &actor);
    return st == OK
               ? tx_message_expunge(tx, e->arena, &actor, e->c->user->view->mailbox, e->part, false, &result)
               : st;
}

struct marked {
    struct imap_call *c;
    struct uid_range *uids; /* one for each */
    size_t count, cap;
};

static enum status note(void *ctx, const struct message *m)
{
    struct marked *k = ctx;
    if (!(m->flags & MESSAGE_DELETED))
        return OK;
    struct uid_range *grown =
        arena_grow(&k->c->arena, k->uids, k->count, &k->cap, k->count + 1, sizeof *k->uids);
    if (!grown)
        return k->c->arena.st;
    k->uids = grown;
    k->uids[k->count++] = (struct uid_range){m->uid, m->uid};
    return OK;
}

static enum status find_marked(struct imap_call *c, struct uid_set among, struct marked *out)
{
    struct actor actor;
    struct mailbox_state state;
    const struct message_query query = {.uids = among};
    int64_t mailbox = c->user->view->mailbox;
    SCOPED_READ(tx, imap_store(c));
    if (!tx)
        return E_MEMORY;
    enum status st = imap_actor(c, tx, &actor);
    if (st == OK)
        st = mailbox_state(tx, &actor, mailbox, &state);
    if (st == OK && !(state.rights & RIGHT_EXPUNGE))
        st = DENIED;
    if (st == OK && state.deleted > 0)
        st = message_each(tx, &actor, mailbox, &query, note, out);
    return st;
}

/* One write for as many as one write takes (RFC 9051 wants no more of EXPUNGE than of each message). */
static enum status expunge(struct imap_call *c, struct uid_set among)
{
    size_t batch = store_config_of(imap_store(c))->message_batch;
    struct marked marked = {.c = c};
    enum status st = find_marked(c, among, &marked);
    for (size_t i = 0; i < marked.count && st == OK; i += batch) {
        size_t rest = marked.count - i;
        struct expunging e = {.write = {.run = expunge_run, .account = c->user->view->account},
                              .c = c,
                              .arena = &c->piece,
                              .part = {marked.uids + i, rest < batch ? rest : batch}};
        st = imap_write(c, &e.write);
    }
    return st;
}

enum status imap_run_expunge(struct imap_call *c)
{
    const struct imap_mailbox_arg *in = &c->command->u.mailbox;
    struct imap_picked picked = {0};
    if (c->user->view->read_only) {
        c->text = "the mailbox was selected for reading only";
        return DENIED;
    }
    if (!c->command->uid)
        return expunge(c, (struct uid_set){0});
    enum status st = imap_view_pick(c, &in->set, true, &picked);
    return st == OK && picked.count ? expunge(c, picked.uids) : st;
}

/* Nothing is said of what goes (RFC 9051 section 6.4.1), and who may not expunge closes all the same. */
enum status imap_run_close(struct imap_call *c)
{
    const struct imap_view *v = c->user->view;
    enum status st = OK;
    if (!v->read_only && (v->rights & RIGHT_EXPUNGE))
        st = expunge(c, (struct uid_set){0});
    if (st != OK && st != DENIED && st != NOT_FOUND)
        return st;
    return imap_run_unselect(c);
}
