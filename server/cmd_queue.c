/* server/cmd_queue.c: scambio queue …: what waits to go out. */
#include "server/cmd_common.h"

#include "mailcore/relay/route.h"
#include "server/cmd_user.h"
#include "store/queue.h"

#include <jansson.h>

static const char *const no_options[] = {NULL};

static const char *state_word(enum rcpt_state s)
{
    static const char *const words[] = {[RCPT_WAITING] = "waiting",
                                        [RCPT_ACTIVE] = "sending",
                                        [RCPT_HELD] = "held",
                                        [RCPT_DELIVERED] = "delivered",
                                        [RCPT_BOUNCED] = "bounced"};
    return (size_t)s < COUNT_OF(words) && words[s] ? words[s] : "?";
}

static bool take_id(struct str word, int64_t *id)
{
    return str_i64(word, id) && *id > 0;
}

/* ---- list and show ---- */
static enum status list_row(void *ctx, const struct queue_entry *e, const struct queue_rcpt *r)
{
    SCOPED_BUF(id, 24);
    SCOPED_BUF(size, 24);
    SCOPED_BUF(arrived, 32);
    SCOPED_BUF(next, 32);
    SCOPED_BUF(tries, 24);
    buf_i64(&id, e->id);
    buf_i64(&size, e->size);
    buf_i64(&tries, r->tries);
    cmd_time_write(&arrived, e->arrived);
    if (r->state == RCPT_WAITING)
        cmd_time_write(&next, r->next);
    const struct str values[] = {
        buf_view(&id),      e->sender,       r->address,       str_c(state_word(r->state)),  buf_view(&size),
        buf_view(&arrived), buf_view(&next), buf_view(&tries), r->last.p ? r->last : STR("")};
    cmd_list_row(ctx, values);
    return OK;
}

static int queue_list(struct command_call *c)
{
    static const char *const columns[] = {"id",      "sender", "recipient", "state", "size",
                                          "arrived", "next",   "tries",     "last",  NULL};
    struct cmd_args args;
    struct cmd_list l;
    if (!cmd_args(c, no_options, &args) || args.rest_count)
        return usage(c, cmd_row(queue_commands, "queue list"));
    SCOPED_READ(tx, c->store);
    cmd_list_begin(&l, c, columns);
    enum status st = tx ? queue_each(tx, 0, list_row, &l) : E_MEMORY;
    int code = cmd_list_end(&l);
    return st == OK ? code : fail(c, "queue list: %s", status_text(st));
}

struct showing {
    struct buf out;
    json_t *object, *recipients;
    bool any;
};

static json_t *text_json(struct str s)
{
    json_t *j = json_stringn(s.p ? s.p : "", s.n);
    return j ? j : json_string("(not UTF-8)");
}

static json_t *time_json(int64_t t)
{
    SCOPED_BUF(b, 32);
    cmd_time_write(&b, t);
    return json_string(buf_c(&b));
}

static void show_entry(struct showing *s, const struct queue_entry *e)
{
    s->any = true;
    if (s->object) {
        json_object_set_new(s->object, "id", json_integer(e->id));
        json_object_set_new(s->object, "sender", text_json(e->sender));
        json_object_set_new(s->object, "size", json_integer(e->size));
        json_object_set_new(s->object, "arrived", time_json(e->arrived));
        json_object_set_new(s->object, "expires", time_json(e->expires));
        json_object_set_new(s->object, "options", text_json(e->opts));
        return;
    }
    buf_addf(&s->out, "id\t%lld\nsender\t<%.*s>\nsize\t%lld\narrived\t", (long long)e->id, STR_ARG(e->sender),
             (long long)e->size);
    cmd_time_write(&s->out, e->arrived);
    buf_addz(&s->out, "\nexpires\t");
    cmd_time_write(&s->out, e->expires);
    buf_addf(&s->out, "\noptions\t%.*s\n", STR_ARG(e->opts));
}

static enum status show_row(void *ctx, const struct queue_entry *e, const struct queue_rcpt *r)
{
    struct showing *s = ctx;
    if (!s->any)
        show_entry(s, e);
    if (s->recipients) {
        json_t *o = json_object();
        json_object_set_new(o, "recipient", text_json(r->address));
        json_object_set_new(o, "domain", text_json(r->domain));
        json_object_set_new(o, "state", json_string(state_word(r->state)));
        json_object_set_new(o, "next", time_json(r->next));
        json_object_set_new(o, "tries", json_integer(r->tries));
        json_object_set_new(o, "options", text_json(r->opts));
        json_object_set_new(o, "last", text_json(r->last));
        json_array_append_new(s->recipients, o);
        return OK;
    }
    buf_addf(&s->out, "recipient\t<%.*s>\t%s\ttries %lld\tnext ", STR_ARG(r->address), state_word(r->state),
             (long long)r->tries);
    cmd_time_write(&s->out, r->next);
    buf_addf(&s->out, "\t%.*s\n", STR_ARG(r->last));
    return OK;
}

/* The header, so that an administrator sees what it is. */
static enum status show_header(struct showing *s, struct tx *tx, int64_t id)
{
    enum { HEAD = 8192 };
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(text, HEAD);
    struct message_text m;
    enum status st = queue_open(tx, &a, id, &m);
    if (st == OK)
        st = message_body(tx, &m, 0, HEAD, &text);
    if (st != OK)
        return st;
    struct str head = buf_view(&text);
    size_t end = str_find(head, STR("\r\n\r\n"), 0);
    head = str_slice(head, 0, end == SIZE_MAX ? head.n : end + 2);
    if (s->object)
        json_object_set_new(s->object, "header", text_json(head));
    else {
        buf_addc(&s->out, '\n');
        buf_add(&s->out, head);
    }
    return OK;
}

static int queue_show(struct command_call *c)
{
    struct cmd_args args;
    int64_t id;
    if (!cmd_args(c, no_options, &args) || args.rest_count != 1 || !take_id(args.rest[0], &id))
        return usage(c, cmd_row(queue_commands, "queue show"));
    struct showing s = {.out = BUF_INIT(16 << 20),
                        .object = c->json ? json_object() : NULL,
                        .recipients = c->json ? json_array() : NULL};
    SCOPED_READ(tx, c->store);
    enum status st = tx ? queue_each(tx, id, show_row, &s) : E_MEMORY;
    if (st == OK && s.any)
        st = show_header(&s, tx, id);
    int code = 0;
    if (st != OK || !s.any)
        code = fail(c, "%lld: %s", (long long)id, st == OK ? "no such entry in the queue" : status_text(st));
    if (s.object)
        json_object_set_new(s.object, "recipients", s.recipients);
    if (!code && s.object)
        code = say_json(c, s.object);
    else
        json_decref(s.object);
    if (!code && !c->json)
        say(c, buf_view(&s.out));
    buf_free(&s.out);
    return code;
}

/* ---- changes ---- */
struct change {
    struct write write;
    int64_t id;
    enum status (*run)(struct tx *tx, int64_t id);
};

static enum status change_run(struct write *w, struct tx *tx)
{
    struct change *k = CONTAINER_OF(w, struct change, write);
    return k->run(tx, k->id);
}

static enum status run_hold(struct tx *tx, int64_t id)
{
    return tx_queue_hold(tx, id, true);
}

static enum status run_release(struct tx *tx, int64_t id)
{
    return tx_queue_hold(tx, id, false);
}

static int change_one(struct command_call *c, int64_t id, enum status (*run)(struct tx *tx, int64_t id))
{
    struct change k = {.write = {.run = change_run, .account = id}, .id = id, .run = run};
    int shard = store_shard_of(id);
    bool there = shard >= 0 && shard < store_config_of(c->store)->shards;
    enum status st = there ? store_run(c->store, &k.write) : NOT_FOUND;
    if (st == NOT_FOUND)
        return fail(c, "%lld: no such entry in the queue", (long long)id);
    return st == OK ? 0 : fail(c, "%lld: %s", (long long)id, status_text(st));
}

static int change(struct command_call *c, const char *words, enum status (*run)(struct tx *tx, int64_t id))
{
    struct cmd_args args;
    int64_t id;
    if (!cmd_args(c, no_options, &args) || args.rest_count != 1 || !take_id(args.rest[0], &id))
        return usage(c, cmd_row(queue_commands, words));
    return change_one(c, id, run);
}

static int queue_hold(struct command_call *c)
{
    return change(c, "queue hold", run_hold);
}

static int queue_release(struct command_call *c)
{
    return change(c, "queue release", run_release);
}

static int queue_delete(struct command_call *c)
{
    return change(c, "queue delete", tx_queue_delete);
}

struct ids {
    struct arena *a;
    int64_t *at;
    size_t count, cap;
};

static enum status collect(void *ctx, const struct queue_entry *e, const struct queue_rcpt *r)
{
    struct ids *l = ctx;
    (void)r;
    if (l->count && l->at[l->count - 1] == e->id)
        return OK;
    l->at = arena_grow(l->a, l->at, l->count, &l->cap, l->count + 1, sizeof *l->at);
    if (!l->at)
        return E_MEMORY;
    l->at[l->count++] = e->id;
    return OK;
}

static int flush_all(struct command_call *c)
{
    SCOPED_ARENA(a, 64 << 20);
    struct ids l = {.a = &a};
    enum status st = E_MEMORY;
    {
        SCOPED_READ(tx, c->store);
        if (tx)
            st = queue_each(tx, 0, collect, &l);
    }
    for (size_t i = 0; i < l.count && st == OK; i++) {
        struct change k = {
            .write = {.run = change_run, .account = l.at[i]}, .id = l.at[i], .run = tx_queue_retry};
        st = store_run(c->store, &k.write);
        st = st == NOT_FOUND ? OK : st; /* gone out meanwhile */
    }
    return st == OK ? 0 : fail(c, "queue flush: %s", status_text(st));
}

static int queue_flush(struct command_call *c)
{
    struct cmd_args args;
    int64_t id;
    bool fits = cmd_args(c, no_options, &args) && args.rest_count <= 1;
    if (!fits || (args.rest_count && !take_id(args.rest[0], &id)))
        return usage(c, cmd_row(queue_commands, "queue flush"));
    return args.rest_count ? change_one(c, id, tx_queue_retry) : flush_all(c);
}

const struct command queue_commands[] = {
    {"queue list", "", "what waits to go out: a line for each recipient", 0, queue_list},
    {"queue show", "ID", "one mail of the queue: recipients, last results, header", 0, queue_show},
    {"queue flush", "[ID]", "try all, or one, now", 0, queue_flush},
    {"queue hold", "ID", "keep a mail back", 0, queue_hold},
    {"queue release", "ID", "let it go on", 0, queue_release},
    {"queue delete", "ID", "remove a mail from the queue; nobody is told", 0, queue_delete},
    {NULL},
};
