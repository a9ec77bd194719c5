/* dav/method_delete.c: DELETE of an item, of a collection, or of a share by its grantee, who thereby leaves it. */
#include "dav/methods.h"
#include "store/mount.h"

struct deletion {
    struct write write;
    struct dav_request *r;
    struct resource res;
    struct dav_conditions conditions;
};

static enum status run_item(struct write *w, struct tx *tx)
{
    struct deletion *d = CONTAINER_OF(w, struct deletion, write);
    enum status st = resource_refresh(d->r, tx, &d->res);
    if (st == NO_PARENT)
        return NOT_FOUND;
    if (st == OK)
        st = dav_conditions_on(d->r, tx, &d->conditions, &d->res, false);
    if (st)
        return resource_refused(d->r, tx, &d->res, st);
    if (!d->res.exists)
        return NOT_FOUND;
    return tx_item_delete(tx, d->r->actor, d->res.collection.id, d->res.path.name);
}

static enum status run_collection(struct write *w, struct tx *tx)
{
    struct deletion *d = CONTAINER_OF(w, struct deletion, write);
    enum status st = resource_refresh(d->r, tx, &d->res);
    if (st)
        return st == NO_PARENT ? NOT_FOUND : st;
    st = dav_conditions_on(d->r, tx, &d->conditions, &d->res, false);
    return st ? st : tx_collection_delete(tx, d->r->actor, d->res.collection.id);
}

static enum status run_mount(struct write *w, struct tx *tx)
{
    struct deletion *d = CONTAINER_OF(w, struct deletion, write);
    bool subscribed = false;
    enum status st = dav_conditions_on(d->r, tx, &d->conditions, &d->res, false);
    return st ? st : tx_mount_update(tx, d->r->actor, d->res.collection.mount, STR_NONE, &subscribed);
}

static void done(struct write *w)
{
    struct deletion *d = CONTAINER_OF(w, struct deletion, write);
    if (w->status == DENIED)
        dav_need_privilege(d->r, "unbind");
    else if (w->status == PRECONDITION)
        dav_answer_refused(d->r, &d->res);
    else if (w->status)
        dav_answer(d->r, w->status);
    else
        dav_answer_http(d->r, 204);
}

static enum status find(struct dav_request *r, struct resource *res)
{
    SCOPED_READ(tx, r->dav->store);
    if (!tx)
        return E_UNAVAILABLE;
    enum status st = resource_find(r, tx, &r->path, res);
    return st == OK && res->masked ? DENIED : st;
}

/* An item that is not there is left to the transaction: If-Match on a deleted item is 412 and not 404. */
static void plan(struct deletion *d)
{
    const struct collection *c = &d->res.collection;
    d->write = (struct write){.run = run_item, .done = done, .account = c->id, .bytes = 1024};
    if (resource_is_item(&d->res))
        return;
    d->write.run = c->mount ? run_mount : run_collection;
    if (c->mount)
        d->write.account = c->mount;
}

void method_delete(struct dav_request *r)
{
    struct deletion *d = ARENA_NEW(r->arena, struct deletion);
    if (!d) {
        dav_answer(r, E_MEMORY);
        return;
    }
    d->r = r;
    dav_conditions_get(r, &d->conditions);
    enum status st = find(r, &d->res);
    bool collection = resource_is_collection(&d->res);
    if (st == OK && collection && !d->res.exists)
        st = NOT_FOUND;
    if (st == OK && collection && (r->depth == 0 || r->depth == 1))
        st = INVALID; /* RFC 4918 section 9.6.1 */
    if (st == DENIED) {
        dav_need_privilege(r, "unbind");
    } else if (st) {
        dav_answer(r, st);
    } else {
        plan(d);
        dav_submit(r, &d->write);
    }
}
