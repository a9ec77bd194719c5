/* dav/method_proppatch.c: PROPPATCH (RFC 4918 section 9.2).
 *
 * On a shared collection some properties are the grantee's own (name, colour, order …) and live in his shard, the others in the
 * owner's: two writes, the owner's first, as only that one can be refused for want of rights. */
#include "dav/methods.h"
#include "dav/proppatch.h"

struct patch {
    struct write write;
    struct dav_request *r;
    struct resource res;
    struct dav_conditions conditions;
    struct prop_changes changes;
    bool mount; /* the write for the mount */
};

static bool has(const struct patch *p, bool mount)
{
    for (size_t i = 0; i < p->changes.count; i++)
        if (p->changes.list[i].mount == mount)
            return true;
    return false;
}

static enum status run(struct write *w, struct tx *tx)
{
    struct patch *p = CONTAINER_OF(w, struct patch, write);
    struct dav_request *r = p->r;
    if (!p->mount && p->res.collection.id) {
        enum status st = resource_refresh(r, tx, &p->res);
        if (st)
            return st == NO_PARENT ? NOT_FOUND : st;
        if (!p->res.exists)
            return NOT_FOUND;
    }
    enum status st = dav_conditions_on(r, tx, &p->conditions, &p->res, false);
    return st ? st : changes_apply(r, tx, &p->res, &p->changes, p->mount);
}

static void answer(struct patch *p)
{
    struct dav_request *r = p->r;
    struct buf *out = &r->t->resp.body;
    if (r->prefer_minimal && !p->changes.refused) { /* RFC 8144 section 2.2 */
        http_set(r->t, STR("Preference-Applied"), STR("return=minimal"));
        dav_answer_http(r, 200);
        return;
    }
    ms_begin(r);
    xml_open(out, NS_DAV, "response");
    xml_leaf(out, NS_DAV, "href", r->t->req.path);
    changes_propstats(out, &p->changes);
    xml_close(out, NS_DAV, "response");
    ms_end(r);
}

static void done(struct write *w)
{
    struct patch *p = CONTAINER_OF(w, struct patch, write);
    if (w->status && !p->changes.refused) {
        dav_answer(p->r, w->status);
        return;
    }
    if (w->status == OK && !p->mount && has(p, true)) {
        p->mount = true;
        p->write =
            (struct write){.run = run, .done = done, .account = p->res.collection.mount, .bytes = 4096};
        dav_submit(p->r, &p->write);
        return;
    }
    answer(p);
}

static enum status find(struct patch *p)
{
    struct dav_request *r = p->r;
    SCOPED_READ(tx, r->dav->store);
    if (!tx)
        return E_UNAVAILABLE;
    enum status st = resource_find(r, tx, &r->path, &p->res);
    if (st)
        return st;
    if (!p->res.exists)
        return NOT_FOUND;
    bool own = p->res.owner.id == r->actor->id;
    if (p->res.masked || (!p->res.collection.id && !own))
        return DENIED; /* roots, and what is somebody else's */
    return OK;
}

static void submit(struct patch *p)
{
    const struct collection *c = &p->res.collection;
    p->mount = !has(p, false);
    int64_t account = p->mount ? c->mount : c->id ? c->id : p->res.owner.id;
    p->write = (struct write){.run = run, .done = done, .account = account, .bytes = 4096};
    dav_submit(p->r, &p->write);
}

void method_proppatch(struct dav_request *r)
{
    struct patch *p = ARENA_NEW(r->arena, struct patch);
    if (!p) {
        dav_answer(r, E_MEMORY);
        return;
    }
    p->r = r;
    dav_conditions_get(r, &p->conditions);
    enum status st =
        xml_is(r->body, NS_DAV, "propertyupdate") ? changes_parse(r, r->body, &p->changes) : INVALID;
    if (st == OK && !p->changes.count)
        st = INVALID;
    if (st == OK)
        st = find(p);
    if (st == DENIED) {
        dav_need_privilege(r, "write-properties");
        return;
    }
    if (st) {
        dav_answer(r, st);
        return;
    }
    changes_check(r, &p->res, &p->changes);
    if (p->changes.refused)
        answer(p);
    else
        submit(p);
}
