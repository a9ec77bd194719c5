/* mailcore/imap/cmd_append.c: APPEND of one or several messages (RFC 9051 section 6.3.12, RFC 3502): all are prepared before the writer's turn, and
 * go into the mailbox in one write, or none does. REPLACE (RFC 8508) takes the old message away in the same write. */
#include "mailcore/imap/append.h"

struct one {
    struct buf text; /* of CATENATE */
    struct message_prepared prepared;
    struct message_new fresh;
    struct message_put put;
};

struct append {
    struct write write;
    struct imap_where where;
    struct one *list;
    size_t count;
    struct imap_call *call;
    int64_t old_mailbox; /* REPLACE: where the old one is; 0: there is none */
    struct uid_set old;
};

/* RFC 3502 section 4: an empty message calls the command off. */
static enum status text_of(struct imap_call *c, const struct imap_append_message *m, struct one *one,
                           struct str *out)
{
    const size_t most = store_config_of(imap_store(c))->message_size;
    enum status st = OK;
    *out = m->count ? m->parts[0].text : STR_NONE;
    if (m->catenate) {
        one->text = BUF_INIT(most);
        st = imap_catenate(c, m, &one->text);
        *out = buf_view(&one->text);
    }
    if (st == OK && m->utf8 && !imap_utf8(c)) {
        c->text = "UTF8 needs ENABLE UTF8=ACCEPT before"; /* RFC 6855 section 4 */
        return UNSUPPORTED;
    }
    if (st == OK && !out->n) {
        buf_add(&c->code, STR("CANNOT"));
        c->text = "an empty message: nothing was added";
        return INVALID;
    }
    return st;
}

static enum status prepare_one(struct imap_call *c, const struct imap_append_message *m, struct one *one)
{
    struct str text;
    enum status st = text_of(c, m, one, &text);
    if (st != OK)
        return st;
    one->fresh = (struct message_new){.flags = imap_flags_in(m->flags.system),
                                      .keywords = m->flags.keywords,
                                      .keyword_count = m->flags.count,
                                      .date = m->dated ? m->date.at : 0};
    if (m->dated && !one->fresh.date) /* 0 means now */
        one->fresh.date = 1;
    return prepare_message(imap_store(c), &c->arena, text, &one->prepared);
}

static enum status append_run(struct write *w, struct tx *tx)
{
    struct append *a = CONTAINER_OF(w, struct append, write);
    enum status st = OK;
    for (size_t i = 0; i < a->count && st == OK; i++)
        st = tx_message_append(tx, &a->where.actor, a->where.id, &a->list[i].fresh, &a->list[i].prepared,
                               &a->list[i].put);
    if (st != OK || !a->old_mailbox)
        return st == NOT_FOUND ? NO_PARENT : st; /* TRYCREATE */
    struct expunge_result gone;
    return tx_message_expunge(tx, &a->call->arena, &a->where.actor, a->old_mailbox, a->old, true, &gone);
}

static enum status begin(struct imap_call *c, const struct imap_append *in, struct append *a)
{
    enum status st = imap_where(c, in->mailbox, &a->where);
    if (st == NOT_FOUND)
        return NO_PARENT;
    if (st == OK && !(a->where.rights & RIGHT_INSERT))
        return DENIED;
    if (st == OK && in->count > store_config_of(imap_store(c))->message_batch)
        return TOO_MANY;
    if (st != OK)
        return st;
    a->list = ARENA_ARRAY(&c->arena, struct one, in->count);
    if (!a->list)
        return c->arena.st;
    a->write = (struct write){.run = append_run, .account = a->where.id};
    for (; a->count < in->count && st == OK; a->count++) {
        st = prepare_one(c, &in->messages[a->count], &a->list[a->count]);
        a->write.bytes += a->list[a->count].prepared.body.n + 1024;
    }
    return st;
}

static void end(struct append *a)
{
    for (size_t i = 0; i < a->count; i++) {
        message_prepared_release(&a->list[i].prepared);
        buf_free(&a->list[i].text);
    }
}

/* "APPENDUID 5 7:9" (RFC 4315) */
static enum status say_uids(struct imap_call *c, struct buf *out, const struct append *a)
{
    struct imap_set_builder b = {0};
    enum status st = OK;
    for (size_t i = 0; i < a->count && st == OK; i++) {
        uint32_t uid = (uint32_t)a->list[i].put.uid;
        st = imap_set_add(&c->arena, &b, uid, uid);
    }
    if (st != OK || !a->count)
        return st;
    const struct imap_set uids = imap_set_built(&b);
    buf_addf(out, "APPENDUID %lld ", (long long)a->list[0].put.uidvalidity);
    imap_set_write(out, &uids);
    return out->st;
}

enum status imap_run_append(struct imap_call *c)
{
    struct append a = {0};
    enum status st = begin(c, &c->command->u.append, &a);
    if (st == OK)
        st = imap_write(c, &a.write);
    end(&a);
    return st == OK ? say_uids(c, &c->code, &a) : st;
}

/* ---- REPLACE ---- */

static enum status pick_old(struct imap_call *c, struct append *a)
{
    const struct imap_view *v = c->user->view;
    const uint32_t number = c->command->u.append.number;
    const struct imap_range one = {number, number};
    const struct imap_set set =
        number ? (struct imap_set){.ranges = &one, .count = 1} : (struct imap_set){.star = true};
    struct imap_picked picked;
    enum status st = imap_view_pick(c, &set, c->command->uid, &picked);
    if (st == OK && !picked.count)
        st = NOT_FOUND;
    if (st == OK && (v->read_only || !(v->rights & RIGHT_DELETE)))
        st = DENIED;
    a->call = c;
    a->old_mailbox = v->mailbox;
    a->old = picked.uids;
    return st;
}

enum status imap_run_replace(struct imap_call *c)
{
    struct append a = {0};
    enum status st = pick_old(c, &a);
    if (st == OK)
        st = begin(c, &c->command->u.append, &a);
    if (st == OK && store_shard_of(a.where.id) != store_shard_of(a.old_mailbox)) {
        c->text = "the two mailboxes are kept apart: APPEND and EXPUNGE instead";
        st = UNSUPPORTED;
    }
    if (st == OK)
        st = imap_write(c, &a.write);
    end(&a);
    if (st != OK)
        return st;
    buf_add(&c->out, STR("* OK [")); /* before the expunge (section 3.4) */
    st = say_uids(c, &c->out, &a);
    buf_add(&c->out, STR("] replaced\r\n"));
    return st;
}
