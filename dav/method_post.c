/* dav/method_post.c: POST to a collection adds a member under a name of the server's choice (RFC 5995). */
#include "dav/methods.h"

#include "core/clock.h"

/* A name that nobody has and nobody guesses. */
static struct str new_name(struct dav_request *r)
{
    unsigned char random[16];
    SCOPED_BUF(name, 64);
    random_bytes(random, sizeof random);
    buf_hex(&name, str_n(random, sizeof random));
    buf_addz(&name, r->path.kind == DAV_CALENDAR ? ".ics" : ".vcf");
    return arena_str(r->arena, buf_view(&name));
}

static enum status find(struct dav_request *r, struct resource *res)
{
    SCOPED_READ(tx, r->dav->store);
    if (!tx)
        return E_UNAVAILABLE;
    enum status st = resource_find(r, tx, &r->path, res);
    if (st)
        return st;
    if (!res->exists)
        return NOT_FOUND;
    return res->collection.rights & RIGHT_INSERT ? OK : DENIED;
}

void method_post(struct dav_request *r)
{
    struct resource res;
    enum status st = find(r, &res);
    if (st == DENIED) {
        dav_need_privilege(r, "bind");
        return;
    }
    if (st == OK) {
        res.path.name = new_name(r);
        res.path.raw_name = STR_NONE;
        res.kind = res.path.kind = r->path.kind == DAV_CALENDAR ? DAV_CALENDAR_ITEM : DAV_ADDRESSBOOK_ITEM;
        res.exists = false;
        st = res.path.name.p ? OK : E_MEMORY;
    }
    if (st)
        dav_answer(r, st);
    else
        put_item(r, &res, true);
}
