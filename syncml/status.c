/* syncml/status.c: Statuses: which code says what, and those that wait for room in a message. */
#include "syncml/engine.h"

#include <stdlib.h>

struct codes {
    int plain, deletion; /* 0: as plain */
};

/* OMA DS representation protocol, section 10: response status codes. */
static const struct codes answers[STATUS_COUNT] = {
    [OK] = {200},           [NOT_FOUND] = {404, 211},  [EXISTS] = {418},
    [DENIED] = {425},       [UNAUTHENTICATED] = {401}, [THROTTLED] = {401},
    [PRECONDITION] = {417}, [NOT_MODIFIED] = {304},    [NO_PARENT] = {404, 211},
    [UID_CONFLICT] = {409}, [TOO_LARGE] = {413},       [TOO_MANY] = {420},
    [OVER_QUOTA] = {420},   [INVALID] = {415},         [UNSUPPORTED] = {415},
    [BAD_TOKEN] = {508},    [PROTECTED] = {425},       [TRUNCATED] = {213},
    [GONE] = {410, 211},
};

static const struct codes faults[] = {
    [-E_MEMORY] = {503},   [-E_IO] = {510},      [-E_FULL] = {420},        [-E_CORRUPT] = {510},
    [-E_INTERNAL] = {500}, [-E_TIMEOUT] = {503}, [-E_UNAVAILABLE] = {503}, [-E_BUSY] = {503},
};

int code_of(enum sml_cmd cmd, enum status st)
{
    struct codes c = {500};
    if (st >= 0 && st < STATUS_COUNT)
        c = answers[st];
    else if (st < 0 && (size_t) - (int)st < COUNT_OF(faults))
        c = faults[-(int)st];
    if (cmd == SML_DELETE && c.deletion)
        return c.deletion;
    return c.plain ? c.plain : 500;
}

int item_refused(struct turn *t, const struct sml_item *item)
{
    const size_t most = DEVICE_LUID_BYTES - 1; /* luid_key may make it one longer */
    int code = item->bad ? item->bad : item->source.n > most || item->target.n > most ? 414 : 0;
    if (code)
        device_failed(t->s, t->now, "from the device", item->source.n ? item->source : item->target,
                      STR("a name of it is too long"));
    return code;
}

struct reply *reply_new(struct turn *t, const struct sml_command *c, const struct sml_item *item)
{
    static struct reply nowhere; /* written to after a fault that fails the turn anyway */
    struct reply *r = ARENA_NEW(t->a, struct reply);
    if (!r) {
        t->st = t->a->st;
        return &nowhere;
    }
    *r = (struct reply){.msg_ref = t->in.msg_id,
                        .cmd_ref = c->cmd_id,
                        .cmd = c->cmd,
                        .target = item ? item->target : c->target,
                        .source = item ? item->source : c->source};
    if (t->no_resp || c->no_resp)
        r->cmd_ref = STR_NONE;
    *t->replies_end = r;
    t->replies_end = &r->next;
    return r;
}

/* ---- those that wait ---- */

static size_t copied(const struct str *fields, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += fields[i].n + 1;
    return n;
}

static struct reply *reply_copy(const struct reply *r)
{
    struct str from[] = {r->msg_ref, r->cmd_ref, r->target, r->source, r->next_anchor, r->text};
    size_t text = copied(from, COUNT_OF(from));
    struct reply *copy = malloc(sizeof *copy + text);
    if (!copy)
        return NULL;
    *copy = *r;
    copy->next = NULL;
    copy->chal = NULL; /* only of a SyncHdr, which is never kept */
    struct str *to[] = {&copy->msg_ref, &copy->cmd_ref,     &copy->target,
                        &copy->source,  &copy->next_anchor, &copy->text};
    char *at = (char *)(copy + 1);
    for (size_t i = 0; i < COUNT_OF(from); i++) {
        if (!from[i].p)
            continue;
        if (from[i].n)
            memcpy(at, from[i].p, from[i].n);
        *to[i] = str_n(at, from[i].n);
        at += from[i].n + 1;
    }
    return copy;
}

enum status replies_keep(struct session *s, struct reply *first)
{
    for (struct reply *r = first; r; r = r->next) {
        if (!r->code || !r->cmd_ref.p)
            continue;
        if (s->reply_count >= REPLIES_MOST)
            return TOO_MANY;
        struct reply *copy = reply_copy(r);
        if (!copy)
            return E_MEMORY;
        *s->replies_end = copy;
        s->replies_end = &copy->next;
        s->reply_count++;
    }
    return OK;
}

void replies_free(struct session *s)
{
    while (s->replies) {
        struct reply *next = s->replies->next;
        free(s->replies);
        s->replies = next;
    }
    s->replies_end = &s->replies;
    s->reply_count = 0;
}
