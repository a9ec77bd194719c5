/* dav/method_proppatch.c: PROPPATCH (RFC 4918 section 9.2): all or nothing.
 *
 * On a shared collection some properties are the grantee's own (name, colour, order …) and live in his shard, the others in the
 * owner's. Where these are two, it goes in steps: the grantee's part is tried and taken back, so that its refusal comes before
 * anything is changed; the owner's part is committed with a promise of the other; that is applied; the promise ends. */
#include "dav/methods.h"
#include "dav/proppatch.h"
#include "store/mount.h"

enum step { STEP_ALL, STEP_TRY, STEP_OWNERS, STEP_MOUNT, STEP_END };

struct patch {
    struct write write;
    struct dav_request *r;
    struct resource res;
    struct dav_conditions conditions;
    struct prop_changes changes;
    enum step step;
    int64_t promise;
};

static bool has(const struct patch *p, bool mount)
{
    for (size_t i = 0; i < p->changes.count; i++)
        if (p->changes.list[i].mount == mount)
            return true;
    return false;
}

/* ---- the steps ---- */

static enum status apply(struct patch *p, struct tx *tx, unsigned which)
{
    return changes_apply(p->r, tx, &p->res, &p->changes, which);
}

/* Is it still there, and do the conditions hold? */
static enum status refresh(struct patch *p, struct tx *tx)
{
    if (p->res.collection.id && has(p, false)) {
        enum status st = resource_refresh(p->r, tx, &p->res);
        if (st)
            return st == NO_PARENT ? NOT_FOUND : st;
        if (!p->res.exists)
            return NOT_FOUND;
    }
    return dav_conditions_on(p->r, tx, &p->conditions, &p->res, false);
}

static enum status run_all(struct patch *p, struct tx *tx)
{
    enum status st = refresh(p, tx);
    return st ? st : apply(p, tx, CHANGES_REST | CHANGES_MOUNT);
}

/* NOT_MODIFIED: it would work, and is rolled back. */
static enum status run_try(struct patch *p, struct tx *tx)
{
    enum status st = refresh(p, tx);
    if (st == OK)
        st = apply(p, tx, CHANGES_MOUNT);
    return st ? st : NOT_MODIFIED;
}

static enum status run_owners(struct patch *p, struct tx *tx)
{
    size_t count;
    const struct collection *c = &p->res.collection;
    enum status st = refresh(p, tx);
    if (st == OK)
        st = apply(p, tx, CHANGES_REST);
    if (st)
        return st;
    struct mount_change *list = changes_of_mount(p->r, &p->changes, &count);
    return list ? tx_mount_promise(tx, c->id, c->mount, list, count, &p->promise) : E_MEMORY;
}

static enum status run_mount(struct patch *p, struct tx *tx)
{
    enum status st = apply(p, tx, CHANGES_MOUNT);
    return st == NOT_FOUND ? OK : st; /* the share was withdrawn a moment ago */
}

static enum status run_end(struct patch *p, struct tx *tx)
{
    return tx_mount_promise_end(tx, p->promise);
}

static enum status run(struct write *w, struct tx *tx)
{
    static enum status (*const steps[])(struct patch * p, struct tx * tx) = {
        [STEP_ALL] = run_all,     [STEP_TRY] = run_try, [STEP_OWNERS] = run_owners,
        [STEP_MOUNT] = run_mount, [STEP_END] = run_end,
    };
    struct patch *p = CONTAINER_OF(w, struct patch, write);
    return steps[p->step](p, tx);
}

/* ---- the answer ---- */

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

static void done(struct write *w);

static void submit_step(struct patch *p, enum step step)
{
    const struct collection *c = &p->res.collection;
    bool mount = step == STEP_TRY || step == STEP_MOUNT || (step == STEP_ALL && !has(p, false));
    p->step = step;
    p->write = (struct write){.run = run,
                              .done = done,
                              .account = mount   ? c->mount
                                         : c->id ? c->id
                                                 : p->res.owner.id,
                              .bytes = 4096};
    dav_submit(p->r, &p->write);
}

/* Goes on to the next step, or answers. */
static void done(struct write *w)
{
    struct patch *p = CONTAINER_OF(w, struct patch, write);
    bool ok = w->status == (p->step == STEP_TRY ? NOT_MODIFIED : OK);
    if (p->step >= STEP_MOUNT && !ok)
        mount_promises_retry(p->r->dav->store);
    if (p->step == STEP_END)
        answer(p); /* both are changed; the promise ends sooner or later */
    else if (!ok && !p->changes.refused)
        dav_answer(p->r, w->status);
    else if (!ok || p->step == STEP_ALL)
        answer(p);
    else
        submit_step(p, p->step + 1);
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
    bool two = has(p, true) && has(p, false) && store_shard_of(c->mount) != store_shard_of(c->id);
    submit_step(p, two ? STEP_TRY : STEP_ALL);
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
