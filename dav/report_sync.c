/* dav/report_sync.c: DAV:sync-collection (RFC 6578) on collections and on homes: what changed since a token.
 *
 * The token is a place in a number line, so the answer costs as much as what changed. It may be cut anywhere:
 * the token then names the last change told. A home's line has its own collections; those of others that are
 * mounted there have theirs, of which the token carries a sum: when that differs, all of them are told, after
 * the rest. */
#include "dav/report.h"

struct sync {
    struct report rp;
    int64_t id, since, sum; /* of the token that came; sum of the home's mounts as it was then */
    int64_t now, now_sum;   /* as of this snapshot */
    int64_t last;           /* the number told last */
    size_t limit;           /* 0: none */
    bool infinite;
};

/* ---- what is asked ---- */
/* RFC 6578 section 6.3; before it was a header, drafts (and clients of that time) had it in Depth. */
static bool open_level(struct sync *s, const struct xml_node *body)
{
    struct dav_request *r = s->rp.r;
    const struct xml_node *n = xml_child(body, NS_DAV, "sync-level");
    struct str level = n ? str_trim(xml_text(r->arena, n)) : STR("1");
    s->infinite = str_eq(level, STR("infinite")) || str_eq(level, STR("infinity")) ||
                  (!n && r->depth == DEPTH_INFINITY);
    if (s->infinite || str_eq(level, STR("1")))
        return true;
    dav_error(r, 400, NS_DAV, "valid-request-body", STR("sync-level is 1 or infinite"));
    return false;
}

/* Depth: 0 is what the RFC wants; Thunderbird sends 1. */
static bool open_depth(struct dav_request *r)
{
    if (r->depth != DEPTH_INFINITY || !xml_child(r->body, NS_DAV, "sync-level"))
        return true;
    dav_error(r, 400, NS_DAV, "valid-depth",
              STR("sync-collection takes Depth: 0, with the level in sync-level"));
    return false;
}

static bool open_token(struct sync *s, const struct xml_node *body)
{
    struct dav_request *r = s->rp.r;
    const struct xml_node *n = xml_child(body, NS_DAV, "sync-token");
    struct str token = n ? str_trim(xml_text(r->arena, n)) : STR("");
    enum status st = sync_state(s->rp.tx, &s->rp.base, &s->id, &s->now, &s->now_sum);
    s->since = 0;
    s->sum = s->now_sum;
    if (st == OK && token.n)
        st = sync_token_parse(r, token, s->id, &s->since, &s->sum);
    if (st == OK && (s->since > s->now || (resource_is_collection(&s->rp.base) && s->sum != s->now_sum)))
        st = BAD_TOKEN;
    s->last = s->since;
    if (st != OK)
        dav_answer(r, st);
    return st == OK;
}

static bool sync_open(struct sync *s)
{
    struct dav_request *r = s->rp.r;
    size_t most = r->dav->report_items;
    if (report_unreadable(&s->rp) || !open_level(s, r->body) || !open_depth(r) || !open_token(s, r->body))
        return false;
    if (report_limit(r->arena, r->body, NS_DAV, &s->limit) != OK) {
        dav_error(r, 507, NS_DAV, "number-of-matches-within-limits",
                  STR("limit: nresults is a number from 1 on"));
        return false;
    }
    s->limit = s->limit && s->limit < most ? s->limit : most;
    return report_zone(&s->rp, NULL);
}

/* ---- answering ---- */
static void gone(struct report *rp, const struct resource *res)
{
    SCOPED_BUF(href, 64 << 10);
    resource_href(&href, res);
    ms_status(rp->r, buf_view(&href), 404, NULL, NULL);
    rp->count++;
}

static enum status on_change_inside(struct sync *s, const struct item_change *c)
{
    struct report *rp = &s->rp;
    struct resource res;
    if (c->gone) {
        res = rp->base;
        res.kind = res.kind == DAV_ADDRESSBOOK ? DAV_ADDRESSBOOK_ITEM : DAV_CALENDAR_ITEM;
        res.item = c->item;
        gone(rp, &res);
        return OK;
    }
    enum status st = resource_item(rp->r, rp->tx, &rp->base, &c->item, STR_NONE, &res);
    return st == OK ? report_item(rp, &res, NULL) : report_broken(rp, &res, st);
}

static enum status on_change(void *ctx, const struct item_change *c)
{
    struct sync *s = ctx;
    if (ms_full(s->rp.r))
        return TRUNCATED;
    report_item_begin(&s->rp);
    enum status st = on_change_inside(s, c);
    report_item_end(&s->rp);
    if (st == OK)
        s->last = c->item.seq;
    return st;
}

static enum status sync_items(struct sync *s)
{
    struct report *rp = &s->rp;
    enum status st =
        item_changes(rp->tx, rp->r->actor, rp->base.collection.id, s->since, s->limit, on_change, s);
    if (st == OK)
        s->last = s->now;
    return st;
}

/* ---- homes ---- */
static int by_seq(const void *a, const void *b)
{
    const struct home_change *x = a, *y = b;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static enum status tell_collection(struct sync *s, const struct collection *c)
{
    struct report *rp = &s->rp;
    struct resource res;
    resource_collection(&rp->base, c, &res);
    if (!s->infinite)
        return report_item(rp, &res, NULL);
    /* RFC 6578 section 3.3: the member has a line of its own, to be followed by a request of its own */
    SCOPED_BUF(href, 64 << 10);
    resource_href(&href, &res);
    ms_status(rp->r, buf_view(&href), 403, NS_DAV, "sync-traversal-supported");
    rp->count++;
    return OK;
}

static enum status tell_change(struct sync *s, const struct home_change *change)
{
    struct resource res;
    if (!change->gone)
        return tell_collection(s, &change->collection);
    resource_collection(&s->rp.base, &change->collection, &res);
    res.collection.slug = change->slug;
    gone(&s->rp, &res);
    return OK;
}

static bool told(const struct home_change *list, size_t count, const struct collection *c)
{
    for (size_t i = 0; i < count; i++)
        if (!list[i].gone && list[i].collection.id == c->id && list[i].collection.mount == c->mount)
            return true;
    return false;
}

/* All mounts but those told already: which of them changed can not be known. All or none: the token has no
 * place between them. */
static enum status tell_mounts(struct sync *s, enum collection_kind kind, const struct home_change *done,
                               size_t done_count)
{
    struct report *rp = &s->rp;
    struct collection *list;
    size_t count, mounts = 0;
    enum status st =
        collection_list(rp->tx, rp->r->arena, rp->r->actor, rp->base.owner.id, kind, &list, &count);
    for (size_t i = 0; i < count && st == OK; i++)
        mounts += list[i].mount && !told(done, done_count, &list[i]);
    if (st == OK && rp->count + mounts > s->limit)
        return TRUNCATED;
    for (size_t i = 0; i < count && st == OK; i++)
        if (list[i].mount && !told(done, done_count, &list[i]))
            st = tell_collection(s, &list[i]);
    return st;
}

static enum status sync_home(struct sync *s)
{
    struct report *rp = &s->rp;
    struct home_change *list;
    size_t count;
    enum collection_kind kind = rp->base.kind == DAV_CALENDAR_HOME ? KIND_CALENDAR : KIND_ADDRESSBOOK;
    enum status st =
        home_changes(rp->tx, rp->r->arena, rp->r->actor, rp->base.owner.id, kind, s->since, &list, &count);
    if (st != OK)
        return st;
    if (count)
        qsort(list, count, sizeof *list, by_seq);
    for (size_t i = 0; i < count && st == OK; i++) {
        if (rp->count >= s->limit || ms_full(rp->r))
            return TRUNCATED;
        st = tell_change(s, &list[i]);
        s->last = list[i].seq;
    }
    if (st == OK)
        s->last = s->now;
    if (st == OK && s->sum != s->now_sum)
        st = tell_mounts(s, kind, list, count);
    if (st == OK)
        s->sum = s->now_sum;
    return st;
}

static void answer(struct sync *s)
{
    struct report *rp = &s->rp;
    struct dav_request *r = rp->r;
    ms_begin(r);
    enum status st = resource_is_home(&rp->base) ? sync_home(s) : sync_items(s);
    if (st == TRUNCATED && rp->count) {
        report_truncated(rp);
        st = OK;
    }
    if (st == OK) {
        SCOPED_BUF(token, 256);
        sync_token_write(&token, r, s->id, s->last, s->sum);
        ms_sync_token(r, buf_view(&token));
    }
    report_close(rp);
    report_answer(r, st);
}

void report_sync(struct dav_request *r)
{
    SCOPED_READ(tx, r->dav->store);
    struct sync s = {.id = 0};
    if (report_open(&s.rp, r, tx, r->body) && sync_open(&s))
        answer(&s);
    else
        report_close(&s.rp);
}
