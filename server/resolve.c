/* server/resolve.c: questions to libunbound: a thread of the library's resolves, its descriptor wakes the loop, ub_process calls back. */
#include "server/resolve.h"

#include "core/log.h"

#include <sys/epoll.h>
#include <unbound.h>

struct resolver {
    struct ub_ctx *ub;
    struct loop *loop;
    struct loop_watch watch;
};

enum { NAME_MOST = 255, CLASS_IN = 1, RCODE_OK = 0, RCODE_NO_NAME = 3 };

/* ---- beginning ---- */

/* Names that are answered "no such name" without a question, although a test or a site may have them. */
static const char *const reserved[] = {"test."};

static const struct {
    const char *name, *value;
} options[] = {
    {"do-not-query-localhost:", "no"}, {"infra-host-ttl:", "60"}, /* a server that was away is asked again soon */
    {"infra-keep-probing:", "yes"},    {"cache-max-ttl:", "3600"},  {"cache-max-negative-ttl:", "60"},
    {"msg-cache-size:", "4m"},         {"rrset-cache-size:", "8m"},
};

/* "192.0.2.53:5353" is "192.0.2.53@5353" to the library; the configuration has seen to the form. */
static enum status add_server(struct resolver *r, struct str text)
{
    struct net_address address;
    SCOPED_BUF(b, 128);
    size_t colon = text.n;
    if (net_parse(text, &address)) {
        net_text(&b, &address);
    } else {
        while (colon > 0 && text.p[colon - 1] != ':')
            colon--;
        if (!colon || !net_parse(str_slice(text, 0, colon - 1), &address))
            return INVALID;
        net_text(&b, &address);
        buf_addc(&b, '@');
        buf_add(&b, str_from(text, colon));
    }
    return ub_ctx_set_fwd(r->ub, buf_c(&b)) == 0 ? OK : INVALID;
}

static enum status use_servers(struct resolver *r, const struct conf *conf, struct buf *why)
{
    size_t count;
    const struct str *list = conf_list(conf, CONF_SERVER_RESOLVER, &count);
    for (size_t i = 0; i < count; i++) {
        enum status st = add_server(r, list[i]);
        if (st != OK) {
            buf_addf(why, "server.resolver: '%.*s' is not taken by the resolver of mail", STR_ARG(list[i]));
            return st;
        }
    }
    if (!count && ub_ctx_resolvconf(r->ub, NULL) != 0)
        log_warning("mail: /etc/resolv.conf cannot be read: names are looked up from the root servers; name "
                    "servers in [server] resolver");
    ub_ctx_hosts(r->ub, NULL); /* without it hosts have the addresses of DNS alone */
    return OK;
}

static void on_answers(struct loop_watch *w, uint32_t events)
{
    (void)events;
    ub_process(CONTAINER_OF(w, struct resolver, watch)->ub);
}

static enum status begin(struct resolver *r, const struct conf *conf, struct buf *why)
{
    for (size_t i = 0; i < COUNT_OF(options); i++)
        if (ub_ctx_set_option(r->ub, options[i].name, options[i].value) != 0)
            log_debug("mail: the resolver does not know the option %s", options[i].name);
    ub_ctx_async(r->ub, 1); /* a thread; otherwise a process, which the confined server may not have */
    enum status st = use_servers(r, conf, why);
    for (size_t i = 0; i < COUNT_OF(reserved) && st == OK; i++) /* the last: no option is taken after it */
        st = ub_ctx_zone_remove(r->ub, reserved[i]) == 0 ? OK : E_INTERNAL;
    if (st != OK)
        return st;
    r->watch = (struct loop_watch){ub_fd(r->ub), on_answers};
    return loop_add(r->loop, &r->watch, EPOLLIN);
}

enum status resolver_new(const struct conf *conf, struct loop *loop, struct resolver **out, struct buf *why)
{
    struct resolver *r = calloc(1, sizeof *r);
    if (!r)
        return E_MEMORY;
    r->loop = loop;
    r->watch.fd = -1;
    r->ub = ub_ctx_create();
    enum status st = r->ub ? begin(r, conf, why) : E_MEMORY;
    if (st == OK)
        *out = r;
    else
        resolver_free(r);
    return st;
}

void resolver_free(struct resolver *r)
{
    if (!r)
        return;
    if (r->watch.fd >= 0)
        loop_remove(r->loop, &r->watch);
    ub_ctx_delete(r->ub);
    free(r);
}

/* ---- answers ---- */

/* A name as the wire has it, without compression; dots inside of labels are none of ours. */
static enum status read_name(struct arena *a, struct str data, struct str *out)
{
    SCOPED_BUF(text, NAME_MOST + 1);
    size_t at = 0;
    while (at < data.n && data.p[at]) {
        size_t n = (unsigned char)data.p[at];
        struct str label = str_slice(data, at + 1, n);
        if (label.n != n || n > 63 || memchr(label.p, '.', n) || memchr(label.p, 0, n))
            return INVALID;
        buf_addz(&text, text.n ? "." : "");
        buf_add(&text, label);
        at += n + 1;
    }
    if (at >= data.n || text.st != OK)
        return INVALID;
    *out = arena_str(a, text.n ? buf_view(&text) : STR("."));
    return out->p ? OK : E_MEMORY;
}

static enum status read_record(struct resolve *q, struct str data, struct resolve_record *out)
{
    *out = (struct resolve_record){0};
    if (q->type == RESOLVE_MX) {
        if (data.n < 3)
            return INVALID;
        out->preference = (unsigned)(unsigned char)data.p[0] << 8 | (unsigned char)data.p[1];
        return read_name(q->arena, str_from(data, 2), &out->name);
    }
    size_t n = q->type == RESOLVE_A ? 4 : 16;
    if (data.n != n)
        return INVALID;
    out->address.bits = (int)n * 8;
    memcpy(out->address.bytes, data.p, n);
    return OK;
}

/* Records that are none are left out; none at all is an answer that is none. */
static enum status read_records(struct resolve *q, const struct ub_result *result)
{
    size_t n = 0;
    enum status st = INVALID;
    while (n < RESOLVE_MOST && result->data[n])
        n++;
    q->records = ARENA_ARRAY(q->arena, struct resolve_record, n);
    if (!q->records)
        return E_MEMORY;
    for (size_t i = 0; i < n; i++) {
        st = result->len[i] < 0
                 ? INVALID
                 : read_record(q, str_n(result->data[i], (size_t)result->len[i]), &q->records[q->count]);
        if (st == E_MEMORY)
            return st;
        q->count += st == OK;
    }
    return q->count ? OK : st;
}

static enum status read_result(struct resolve *q, const struct ub_result *result)
{
    q->secure = result->secure;
    q->none = result->nxdomain;
    if (result->bogus)
        return E_UNAVAILABLE; /* forged, or broken at its home */
    if (result->rcode != RCODE_OK && result->rcode != RCODE_NO_NAME)
        return E_UNAVAILABLE;
    return result->havedata ? read_records(q, result) : NOT_FOUND;
}

static void finish(struct resolve *q, enum status st)
{
    q->st = st;
    q->open = false;
    loop_cancel(q->resolver->loop, &q->timer);
    q->done(q);
}

static void on_result(void *ctx, int error, struct ub_result *result)
{
    struct resolve *q = ctx;
    enum status st = error || !result ? E_UNAVAILABLE : read_result(q, result);
    if (result)
        ub_resolve_free(result);
    finish(q, st);
}

static void on_timer(struct loop_timer *t)
{
    struct resolve *q = CONTAINER_OF(t, struct resolve, timer);
    enum status st = q->st == OK ? E_TIMEOUT : q->st;
    if (q->id)
        ub_cancel(q->resolver->ub, q->id);
    finish(q, st);
}

void resolver_ask(struct resolver *r, struct resolve *q, struct str name, int seconds)
{
    SCOPED_BUF(text, NAME_MOST + 1);
    buf_add(&text, name);
    q->resolver = r;
    q->timer = (struct loop_timer){.fn = on_timer};
    q->id = 0;
    q->count = 0;
    q->none = q->secure = false;
    q->st = OK;
    q->open = true;
    if (!name.n || name.n > NAME_MOST || memchr(name.p, 0, name.n))
        q->st = INVALID;
    else if (ub_resolve_async(r->ub, buf_c(&text), (int)q->type, CLASS_IN, q, on_result, &q->id) != 0)
        q->st = E_UNAVAILABLE;
    loop_arm(r->loop, &q->timer, q->st == OK ? (int64_t)seconds * 1000000 : 0);
}

void resolver_forget(struct resolve *q)
{
    if (!q->open)
        return;
    q->open = false;
    loop_cancel(q->resolver->loop, &q->timer);
    if (q->id)
        ub_cancel(q->resolver->ub, q->id);
}
