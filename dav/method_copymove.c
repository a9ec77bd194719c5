/* dav/method_copymove.c: COPY and MOVE (RFC 4918 sections 9.8 and 9.9), and those of items. */
#include "dav/transfer.h"

#include "dav/props.h"

static bool is_calendar(const struct transfer *t)
{
    return t->to.path.kind == DAV_CALENDAR_ITEM || t->to.path.kind == DAV_CALENDAR;
}

void transfer_answer(struct transfer *t, enum status st)
{
    struct dav_request *r = t->r;
    const char *ns = is_calendar(t) ? NS_CALDAV : NS_CARDDAV;
    SCOPED_BUF(href, 16 * 1024);
    if (st == OK) {
        dav_answer_http(r, t->result.created ? 201 : 204);
    } else if (st == EXISTS) {
        dav_answer_http(r, 412); /* Overwrite: F */
    } else if (st == UID_CONFLICT) {
        dav_href_write(&href, &t->to.path, t->to.path.slug, t->result.conflict);
        dav_error_href(r, 409, ns, "no-uid-conflict", buf_view(&href));
    } else if (st == UNSUPPORTED && is_calendar(t)) {
        dav_error(r, 403, ns, "supported-calendar-component",
                  STR("that calendar does not take such components"));
    } else if (st == DENIED) {
        dav_need_privilege(r, t->move ? "unbind" : "bind");
    } else {
        dav_answer(r, st);
    }
}

/* ---- items ---- */

/* Both ends anew; what the actor may not see in full he may not move or copy, lest the copy be his own. */
static enum status refresh(struct transfer *t, struct tx *tx)
{
    enum status st = resource_refresh(t->r, tx, &t->from);
    if (st)
        return st == NO_PARENT ? NOT_FOUND : st;
    if (!t->from.exists)
        return NOT_FOUND;
    st = resource_refresh(t->r, tx, &t->to);
    return st ? st : dav_conditions_on(t->r, tx, &t->conditions, &t->from, false);
}

static enum status run_item(struct write *w, struct tx *tx)
{
    struct transfer *t = CONTAINER_OF(w, struct transfer, write);
    enum status st = refresh(t, tx);
    t->result = (struct item_move_result){0};
    if (st)
        return st;
    return (t->move ? tx_item_move : tx_item_copy)(tx, t->r->arena, t->r->actor, t->from.collection.id,
                                                   t->from.path.name, t->to.collection.id, t->to.path.name,
                                                   t->overwrite, &t->result);
}

static void done(struct write *w)
{
    struct transfer *t = CONTAINER_OF(w, struct transfer, write);
    transfer_answer(t, w->status);
}

/* Between shards there is no common transaction: judged in a read, then done by the store's own protocol. */
static enum status across(struct transfer *t)
{
    SCOPED_READ(tx, t->r->dav->store);
    if (!tx)
        return E_UNAVAILABLE;
    enum status st = refresh(t, tx);
    if (st)
        return st;
    store_read_end(TAKE(tx));
    return item_move_any(t->r->dav->store, t->r->arena, t->r->actor, t->from.collection.id, t->from.path.name,
                         t->to.collection.id, t->to.path.name, t->overwrite, !t->move, &t->result);
}

static void transfer_item(struct transfer *t)
{
    int64_t from = t->from.collection.id, to = t->to.collection.id;
    if (store_shard_of(from) != store_shard_of(to)) {
        transfer_answer(t, across(t));
        return;
    }
    t->write = (struct write){.run = run_item, .done = done, .account = to, .bytes = 2048};
    dav_submit(t->r, &t->write);
}

/* ---- both ---- */

static bool overwrite_parse(struct dav_request *r, bool *overwrite)
{
    struct str value = str_trim(http_get(&r->t->req, STR("Overwrite")));
    *overwrite = !str_caseeq(value, STR("F"));
    return !value.n || value.n == 1;
}

/* Depth: infinity is all that a MOVE may say, 0 besides that a COPY of a collection. */
static bool depth_fits(const struct transfer *t)
{
    int depth = t->r->depth;
    return depth == DEPTH_ABSENT || depth == DEPTH_INFINITY ||
           (depth == 0 && (!t->move || resource_is_item(&t->from)));
}

static bool same_place(const struct transfer *t)
{
    return t->from.owner.id == t->to.owner.id && str_eq(t->from.path.slug, t->to.path.slug) &&
           str_eq(t->from.path.name, t->to.path.name);
}

/* From here to there: OK, or the status that says why not. */
static enum status find(struct transfer *t, struct str destination)
{
    struct dav_request *r = t->r;
    struct dav_path path;
    SCOPED_READ(tx, r->dav->store);
    if (!tx)
        return E_UNAVAILABLE;
    enum status st = resource_find(r, tx, &r->path, &t->from);
    if (st || !t->from.exists)
        return st ? st : NOT_FOUND;
    if (t->from.masked)
        return DENIED;
    st = dav_href_parse(r->arena, destination, r->t->req.host, r->dav->path_segment, &path);
    if (st)
        return st == NOT_FOUND ? NO_PARENT : st == DENIED ? UNAUTHENTICATED : st;
    if (path.kind != r->path.kind) {
        t->to.path = path;
        return UNSUPPORTED;
    }
    st = resource_find(r, tx, &path, &t->to);
    return st == NOT_FOUND ? NO_PARENT : st;
}

void transfer_refuse_place(struct transfer *t)
{
    bool calendar = t->from.kind == DAV_CALENDAR_ITEM || t->from.kind == DAV_CALENDAR;
    if (resource_is_item(&t->from))
        dav_error(t->r, 403, calendar ? NS_CARDDAV : NS_CALDAV,
                  calendar ? "supported-address-data" : "supported-calendar-data",
                  STR("the destination holds another kind of object"));
    else
        dav_error(t->r, 403, calendar ? NS_CALDAV : NS_CARDDAV,
                  calendar ? "calendar-collection-location-ok" : "addressbook-collection-location-ok",
                  STR("a collection can only be in a home of its kind, and not under a reserved name"));
}

static void transfer(struct dav_request *r, bool move)
{
    struct transfer *t = ARENA_NEW(r->arena, struct transfer);
    if (!t) {
        dav_answer(r, E_MEMORY);
        return;
    }
    t->r = r;
    t->move = move;
    dav_conditions_get(r, &t->conditions);
    struct str destination = http_get(&r->t->req, STR("Destination"));
    enum status st = destination.p && overwrite_parse(r, &t->overwrite) ? find(t, destination) : INVALID;
    if (st == OK && !depth_fits(t))
        st = INVALID;
    if (st == UNAUTHENTICATED)
        dav_answer_http(r, 502); /* RFC 4918 section 9.8.5: another server's */
    else if (st == UNSUPPORTED)
        transfer_refuse_place(t);
    else if (st)
        transfer_answer(t, st);
    else if (same_place(t))
        dav_answer_http(r, 403);
    else if (resource_is_item(&t->from))
        transfer_item(t);
    else
        transfer_collection(t);
}

void method_copy(struct dav_request *r)
{
    transfer(r, false);
}

void method_move(struct dav_request *r)
{
    transfer(r, true);
}
