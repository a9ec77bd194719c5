/* dav/method_acl.c: the ACL method (RFC 3744 section 8.1): who else may see or change a collection.
 *
 * The request replaces all grants. What the owner may do is no grant and cannot be taken from him: an ACE for him is accepted and
 * changes nothing. Grants appear as mounts in their grantees' homes (store/mount.h). */
#include "dav/methods.h"

#include "dav/acl.h"
#include "dav/principals.h"
#include "store/mount.h"

enum { ACES = 1000 }; /* in one request: DAV:limited-number-of-aces */

struct acl_request {
    struct dav_request *r;
    struct resource res;
    struct acl_entry *entries;
    size_t count, cap;
    const char *refused; /* the precondition that does not hold */
};

/* ---- principals ---- */

enum who { WHO_SOMEBODY, WHO_OWNER, WHO_NOBODY };

/* DAV:all is everyone who is logged in: nobody else gets this far. */
static enum status who_is(struct acl_request *q, struct tx *tx, const struct xml_node *principal, int64_t *id,
                          enum who *who)
{
    const struct xml_node *n = xml_first(principal);
    struct principal p;
    *who = WHO_SOMEBODY;
    *id = PRINCIPAL_ANYONE;
    if (xml_is(n, NS_DAV, "all") || xml_is(n, NS_DAV, "authenticated"))
        return OK;
    if (xml_is(n, NS_DAV, "self")) { /* the principal that the resource is: a collection is none */
        *who = WHO_NOBODY;
        return OK;
    }
    if (xml_is(n, NS_DAV, "property") && xml_child(n, NS_DAV, "owner")) {
        *who = WHO_OWNER;
        return OK;
    }
    if (!xml_is(n, NS_DAV, "href")) {
        q->refused = "allowed-principal"; /* unauthenticated, other properties */
        return INVALID;
    }
    enum status st = principal_from_href(q->r, tx, xml_text(q->r->arena, n), &p);
    if (st > 0)
        q->refused = "recognized-principal";
    if (st)
        return st;
    *id = p.id;
    if (p.id == q->res.collection.account)
        *who = WHO_OWNER;
    return OK;
}

/* ---- one ACE ---- */

static enum status rights_in(struct acl_request *q, const struct xml_node *grant, unsigned *rights)
{
    *rights = 0;
    for (const struct xml_node *p = xml_child(grant, NS_DAV, "privilege"); p;
         p = xml_next(p, NS_DAV, "privilege")) {
        unsigned one = xml_first(p) ? acl_privilege(xml_first(p)) : 0;
        if (!one) {
            q->refused = "not-supported-privilege";
            return INVALID;
        }
        *rights |= one;
    }
    return *rights ? OK : INVALID;
}

static enum status grant(struct acl_request *q, int64_t id, unsigned rights)
{
    for (size_t i = 0; i < q->count; i++)
        if (q->entries[i].principal == id) {
            q->entries[i].rights |= rights;
            return OK;
        }
    if (q->count == ACES) {
        q->refused = "limited-number-of-aces";
        return INVALID;
    }
    q->entries = arena_grow(q->r->arena, q->entries, q->count, &q->cap, q->count + 1, sizeof *q->entries);
    if (!q->entries)
        return E_MEMORY;
    /* whoever may do anything with a collection may know that it is there */
    q->entries[q->count++] = (struct acl_entry){.principal = id, .rights = rights | RIGHT_LOOKUP};
    return OK;
}

static enum status ace(struct acl_request *q, struct tx *tx, const struct xml_node *n)
{
    const struct xml_node *principal = xml_child(n, NS_DAV, "principal"),
                          *granted = xml_child(n, NS_DAV, "grant");
    int64_t id;
    enum who who;
    unsigned rights;
    if (xml_child(n, NS_DAV, "invert"))
        q->refused = "no-invert";
    else if (xml_child(n, NS_DAV, "deny"))
        q->refused = "grant-only";
    if (q->refused || !principal || !xml_first(principal) || !granted)
        return INVALID;
    enum status st = who_is(q, tx, principal, &id, &who);
    if (st == OK)
        st = rights_in(q, granted, &rights);
    if (st || who != WHO_SOMEBODY)
        return st;
    return grant(q, id, rights);
}

/* ---- the method ---- */

static enum status judge(struct acl_request *q)
{
    struct dav_request *r = q->r;
    struct dav_conditions conditions;
    SCOPED_READ(tx, r->dav->store);
    if (!tx)
        return E_UNAVAILABLE;
    enum status st = resource_find(r, tx, &r->path, &q->res);
    if (st)
        return st;
    if (!q->res.exists)
        return NOT_FOUND;
    if (!(q->res.collection.rights & RIGHT_ADMIN))
        return DENIED;
    dav_conditions_get(r, &conditions);
    st = dav_conditions_on(r, tx, &conditions, &q->res, false);
    for (const struct xml_node *n = xml_first(r->body); st == OK && n; n = xml_sibling(n))
        st = xml_is(n, NS_DAV, "ace") ? ace(q, tx, n) : INVALID;
    return st;
}

void method_acl(struct dav_request *r)
{
    struct acl_request q = {.r = r};
    if (!xml_is(r->body, NS_DAV, "acl")) {
        dav_answer(r, INVALID);
        return;
    }
    enum status st = judge(&q);
    if (st == OK)
        st = acl_share(r->dav->store, r->actor, q.res.collection.id, q.entries, q.count);
    if (q.refused)
        dav_error(r, 403, NS_DAV, q.refused, STR_NONE);
    else if (st == DENIED)
        dav_need_privilege(r, "write-acl");
    else if (st)
        dav_answer(r, st);
    else
        dav_answer_http(r, 200);
}
