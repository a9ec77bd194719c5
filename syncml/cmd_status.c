/* syncml/cmd_status.c: the device's Statuses of what we sent: what it has taken is noted in the item's LUID (seen_seq); what it
 * has not is told to the administrator and tried again at the next session. */
#include "syncml/engine.h"

#include <stdlib.h>

/* ---- what waits ---- */

struct sent *sent_add(struct session *s, const struct sent *in)
{
    if (s->sent_first == s->sent_count)
        s->sent_first = s->sent_count = 0;
    if (s->sent_count == s->sent_cap) {
        size_t cap = s->sent_cap ? s->sent_cap * 2 : 64;
        struct sent *grown = cap <= SENT_MOST * 2 ? realloc(s->sent, cap * sizeof *grown) : NULL;
        if (!grown)
            return NULL;
        s->sent = grown;
        s->sent_cap = cap;
    }
    char *text = malloc(in->luid.n + in->recur_id.n + 2);
    if (!text)
        return NULL;
    struct sent *n = &s->sent[s->sent_count++];
    *n = *in;
    if (in->luid.n)
        memcpy(text, in->luid.p, in->luid.n);
    if (in->recur_id.n)
        memcpy(text + in->luid.n, in->recur_id.p, in->recur_id.n);
    n->luid = str_n(text, in->luid.n);
    n->recur_id = str_n(text + in->luid.n, in->recur_id.n);
    return n;
}

void sent_free(struct session *s)
{
    for (size_t i = s->sent_first; i < s->sent_count; i++)
        free(unconst(s->sent[i].luid.p));
    free(s->sent);
    s->sent = NULL;
    s->sent_count = s->sent_cap = s->sent_first = 0;
}

static void sent_done(struct session *s, struct sent *n)
{
    n->done = true;
    while (s->sent_first < s->sent_count && s->sent[s->sent_first].done)
        free(unconst(s->sent[s->sent_first++].luid.p));
}

void sent_forget(struct session *s, const struct database *db)
{
    for (size_t i = s->sent_first; i < s->sent_count; i++)
        if (s->sent[i].db == db)
            s->sent[i].done = true;
}

static struct sent *sent_find(struct session *s, int64_t msg, int64_t cmd)
{
    for (size_t i = s->sent_first; i < s->sent_count; i++)
        if (s->sent[i].msg == msg && s->sent[i].cmd == cmd && !s->sent[i].done)
            return &s->sent[i];
    return NULL;
}

struct sent *sent_by_luid(struct session *s, const struct database *db, struct str luid)
{
    for (size_t i = s->sent_first; i < s->sent_count; i++)
        if (s->sent[i].db == db && !s->sent[i].done && str_eq(s->sent[i].luid, luid))
            return &s->sent[i];
    return NULL;
}

/* ---- steps ---- */

struct confirm {
    struct step step;
    struct str db;
    struct luid row;
    enum sml_cmd what;
    bool drop;
};

static enum status run_confirm(struct step *step, struct tx *tx)
{
    struct confirm *c = CONTAINER_OF(step, struct confirm, step);
    int64_t device = step->turn->s->device.id;
    struct luid now;
    SCOPED_ARENA(a, 1 << 16);
    if (c->drop)
        return tx_luid_delete(tx, device, c->db, c->row.luid);
    enum status st = luid_find(tx, &a, device, c->db, c->row.luid, &now);
    if (st)
        return st == NOT_FOUND ? OK : st; /* mapped already, or forgotten */
    return now.seen_seq >= c->row.seen_seq ? OK : tx_luid_put(tx, device, c->db, &c->row);
}

static void note(struct turn *t, struct sent *n, bool drop)
{
    struct confirm *c = ARENA_NEW(t->a, struct confirm);
    if (!c) {
        t->st = t->a->st;
        return;
    }
    *c = (struct confirm){.step = {.run = run_confirm}, .db = n->db->name, .what = n->what, .drop = drop};
    c->row = (struct luid){.luid = arena_str(t->a, n->luid),
                           .item = n->item,
                           .recur_id = arena_str(t->a, n->recur_id),
                           .seen_seq = n->seq,
                           .round = n->db->round};
    memcpy(c->row.hash, n->hash, sizeof n->hash);
    step_add(t, &c->step, false);
}

static void confirm(struct turn *t, struct sent *n, bool drop)
{
    note(t, n, drop);
    t->s->device.sent++;
    t->s->device_dirty = true;
}

static void refused(struct turn *t, struct sent *n, int code)
{
    SCOPED_BUF(why, 64);
    buf_addf(&why, "status %d", code);
    anchor_lower(n->db, n->source, n->seq);
    device_failed(t->s, t->now, "to the device", n->luid, buf_view(&why));
}

static bool is_taken(const struct sent *n, int code)
{
    bool unknown = code == 211 || code == 404 || code == 410;
    return (code >= 200 && code < 300 && code != 211 && code != 213) || code == 418 ||
           (n->what == SML_DELETE && unknown);
}

static void settle(struct turn *t, struct sent *n, int code)
{
    struct session *s = t->s;
    bool ours =
        s->out.db == n->db && s->out.head.item == n->item && str_eq(s->out.head.recur_id, n->recur_id);
    if (!n->whole) {
        if (ours && code == 213)
            s->out.acked = true;
        else if (ours && code >= 300) { /* it does not want the rest */
            s->out.db = NULL;
            refused(t, n, code);
        } else if (ours)
            s->out.acked = true;
    } else if (is_taken(n, code)) {
        if (!n->mapped)
            confirm(t, n, n->what == SML_DELETE);
    } else if (n->what == SML_REPLACE && (code == 404 || code == 410 || code == 211)) {
        confirm(t, n, true); /* it is not there any more: it goes as an Add next time */
        anchor_lower(n->db, n->source, n->seq);
    } else {
        if (n->what == SML_ADD) /* it has not got it, whatever becomes of the session */
            note(t, n, true);
        refused(t, n, code);
    }
    sent_done(s, n);
}

static void sent_acked(struct session *s, int64_t msg)
{
    for (size_t i = s->sent_first; i < s->sent_count; i++)
        s->sent[i].acked |= s->sent[i].msg == msg;
}

void cmd_status(struct turn *t, struct sml_command *c)
{
    int64_t msg = 0, cmd = 0, code = 0;
    if (!str_i64(c->msg_ref, &msg) || !str_i64(c->cmd_ref, &cmd) || !str_i64(str_trim(c->data), &code))
        return;
    struct sent *n = cmd ? sent_find(t->s, msg, cmd) : NULL;
    if (!cmd && code >= 200 && code < 300)
        sent_acked(t->s, msg);
    if (n)
        settle(t, n, (int)code);
}

/* For devices that leave out Statuses of what went well. */
void sent_confirm_all(struct turn *t)
{
    struct session *s = t->s;
    for (size_t i = s->sent_first; i < s->sent_count; i++)
        if (!s->sent[i].done)
            settle(t, &s->sent[i], s->sent[i].whole ? 200 : 213);
}

/* Some devices answer for the message and the Sync, never for single items (UIQ, Funambol's Outlook client), and no profile tells all
 * of them. What they could not take they do say. */
void sent_confirm_acked(struct turn *t)
{
    struct session *s = t->s;
    for (size_t i = s->sent_first; i < s->sent_count; i++)
        if (!s->sent[i].done && s->sent[i].acked && s->sent[i].whole)
            settle(t, &s->sent[i], 200);
}
