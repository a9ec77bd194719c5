/* mailcore/imap/cmd_store.c: STORE and UID STORE (RFC 9051 section 6.4.6), on condition too (RFC 7162 section 3.1.3): the flags are on disk, then
 * they are answered. */
#include "mailcore/imap/fetch.h"

struct storing {
    struct imap_fetching *answers;
    uint32_t messages;
};

static const struct imap_fetch_item flags_modseq[] = {{.kind = IMAP_FETCH_FLAGS},
                                                      {.kind = IMAP_FETCH_MODSEQ}};

/* [MODIFIED 7,9] */
static enum status write_modified(struct imap_call *c, const struct imap_flagging *f)
{
    struct imap_picked picked;
    struct imap_set_builder uids = {0};
    enum status st = imap_view_pick_uids(c, f->modified, f->modified_count, &picked);
    for (size_t i = 0; i < f->modified_count && st == OK; i++)
        st = imap_set_add(&c->arena, &uids, (uint32_t)f->modified[i], (uint32_t)f->modified[i]);
    if (st != OK || !f->modified_count)
        return st;
    const struct imap_set set = c->command->uid ? imap_set_built(&uids) : picked.numbers;
    buf_add(&c->code, STR("MODIFIED "));
    imap_set_write(&c->code, &set);
    return c->code.st;
}

/* SILENT is told the new MODSEQ alone, where the client follows it. */
static enum status begin_answers(struct imap_call *c, const struct imap_picked *all, struct storing *s)
{
    const struct imap_store *in = &c->command->u.store;
    bool modseq = (c->enabled & IMAP_ENABLED_CONDSTORE) != 0;
    struct imap_fetch_list list = {flags_modseq, modseq ? 2 : 1};
    struct imap_picked told = *all;
    if (in->silent) {
        int64_t *uids = ARENA_ARRAY(&c->arena, int64_t, c->told_count + 1);
        if (!uids)
            return c->arena.st;
        for (size_t i = 0; i < c->told_count; i++)
            uids[i] = c->told[i].uid;
        enum status st = imap_view_pick_uids(c, uids, modseq ? c->told_count : 0, &told);
        if (st != OK)
            return st;
        list = (struct imap_fetch_list){flags_modseq + 1, 1};
    }
    s->messages = told.count;
    return imap_fetch_start(c, &told, &list, &s->answers);
}

static enum status check(struct imap_call *c)
{
    if (!c->command->uid && (c->enabled & IMAP_ENABLED_UIDONLY)) {
        c->bad = true;
        buf_add(&c->code, STR("UIDREQUIRED"));
        c->text = "numbers are off since UIDONLY was enabled";
        return INVALID;
    }
    if (!c->user->view->read_only)
        return OK;
    c->text = "the mailbox was selected for reading only";
    return DENIED;
}

static enum status begin(struct imap_call *c, struct storing *s)
{
    const struct imap_store *in = &c->command->u.store;
    static const enum flag_how how[] = {
        [IMAP_STORE_REPLACE] = FLAGS_SET, [IMAP_STORE_ADD] = FLAGS_ADD, [IMAP_STORE_REMOVE] = FLAGS_REMOVE};
    uint64_t since = in->unchanged_since < INT64_MAX ? in->unchanged_since : INT64_MAX;
    const struct flag_change change = {.how = how[in->mode],
                                       .flags = imap_flags_in(in->flags.system),
                                       .keywords = in->flags.keywords,
                                       .keyword_count = in->flags.count,
                                       .unchanged_since = in->unchanged ? (int64_t)since : -1};
    struct imap_flagging f = {.change = &change};
    struct imap_picked picked = {0};
    if (in->unchanged)
        c->enabled |= IMAP_ENABLED_CONDSTORE;
    enum status st = check(c);
    if (st == OK)
        st = imap_view_pick(c, &in->set, c->command->uid, &picked);
    if (st == OK && picked.count)
        st = imap_flag(c, picked.uids, &f);
    if (st == OK)
        st = write_modified(c, &f);
    return st == OK ? begin_answers(c, &picked, s) : st;
}

enum status imap_run_store(struct imap_call *c)
{
    struct storing *s = c->rest;
    uint32_t answered = 0;
    enum status st = OK;
    if (!s) {
        s = ARENA_NEW(&c->arena, struct storing);
        st = s ? begin(c, s) : c->arena.st;
        c->rest = s;
    }
    if (st == OK)
        st = imap_fetch_go(c, s->answers, &answered);
    if (st != OK || c->more || c->command->uid || answered == s->messages)
        return st;
    buf_clear(&c->code);
    buf_add(&c->code, STR("EXPUNGEISSUED"));
    c->text = "some of the messages are not there any more";
    return GONE;
}
