/* dav/report_principals.c: the reports about principals that need no search (RFC 3744
 * sections 9.2, 9.3, 9.5): principal-match, acl-principal-prop-set and principal-search-property-set. */
#include "dav/report_principals.h"
#include "dav/report.h"

enum status principal_resource(struct report *rp, const struct principal *p, struct resource *out)
{
    struct dav_request *r = rp->r;
    struct dav_path path;
    SCOPED_BUF(href, 4096);
    dav_href_principal(&href, p->address);
    struct str kept = arena_str(r->arena, buf_view(&href));
    enum status st = kept.p ? dav_path_parse(r->arena, kept, r->dav->path_segment, &path) : E_MEMORY;
    if (st == OK)
        *out = (struct resource){.path = path, .kind = DAV_PRINCIPAL, .owner = *p, .exists = true};
    return st;
}

enum status principal_tell(struct report *rp, const struct principal *p)
{
    struct resource res;
    enum status st = principal_resource(rp, p, &res);
    if (ms_full(rp->r) || rp->count >= rp->r->dav->report_items)
        return TRUNCATED;
    return st == OK ? report_item(rp, &res, NULL) : st;
}

static enum status tell_id(struct report *rp, int64_t id)
{
    struct principal p;
    enum status st = directory_get(rp->r->dav->dir, rp->tx, rp->r->arena, id, &p);
    if (st == NOT_FOUND || (st == OK && p.kind == PRINCIPAL_SPECIAL))
        return OK;
    return st == OK ? principal_tell(rp, &p) : st;
}

/* ---- principal-match ---- */
static bool is_self(const struct dav_request *r, int64_t id)
{
    if (id == r->actor->id)
        return true;
    for (size_t i = 0; i < r->actor->group_count; i++)
        if (r->actor->groups[i] == id)
            return true;
    return false;
}

/* The principals that the user is: himself and his groups (RFC 3744 section 9.3). */
static enum status match_self(struct report *rp)
{
    const struct actor *actor = rp->r->actor;
    enum status st = tell_id(rp, actor->id);
    for (size_t i = 0; i < actor->group_count && st == OK; i++)
        st = tell_id(rp, actor->groups[i]);
    return st;
}

/* Does the property of that resource hold an href of the user? */
static enum status property_is_self(struct report *rp, struct resource *res, struct xml_name name, bool *self)
{
    struct dav_request *r = rp->r;
    const struct dav_prop *row = dav_prop_find(name);
    struct xml_node *root;
    struct str why;
    SCOPED_BUF(text, r->dav->response_size);
    *self = false;
    if (!row || !row->get || !(row->kinds & 1u << res->kind))
        return OK;
    xml_begin(&text, NS_DAV, "prop");
    enum status st = row->get(r, rp->tx, res, &text);
    xml_close(&text, NS_DAV, "prop");
    struct xml_limits limits = r->dav->xml;
    limits.size = text.n;
    if (st == OK)
        st = xml_parse(r->arena, buf_view(&text), &limits, &root, &why);
    if (st != OK)
        return st < 0 ? st : OK;
    for (const struct xml_node *n = xml_child(root, NS_DAV, "href"); n && !*self;
         n = xml_next(n, NS_DAV, "href")) {
        struct dav_path path;
        struct principal p;
        struct str href = str_trim(xml_text(r->arena, n));
        if (dav_href_parse(r->arena, href, r->t->req.host, r->dav->path_segment, &path) != OK ||
            path.kind != DAV_PRINCIPAL)
            continue;
        st = directory_find(r->dav->dir, rp->tx, r->arena, path.address, &p);
        *self = st == OK && is_self(r, p.id);
    }
    return OK;
}

/* Collections of a home whose property (DAV:owner, say) names the user. */
static enum status match_property(struct report *rp, struct xml_name name)
{
    struct collection *list;
    size_t count;
    if (!resource_is_home(&rp->base))
        return OK;
    enum collection_kind kind = rp->base.kind == DAV_CALENDAR_HOME ? KIND_CALENDAR : KIND_ADDRESSBOOK;
    enum status st =
        collection_list(rp->tx, rp->r->arena, rp->r->actor, rp->base.owner.id, kind, &list, &count);
    for (size_t i = 0; i < count && st == OK; i++) {
        struct resource res;
        bool self;
        resource_collection(&rp->base, &list[i], &res);
        st = property_is_self(rp, &res, name, &self);
        if (st == OK && self)
            st = report_item(rp, &res, NULL);
    }
    return st;
}

static void principal_match(struct report *rp, const struct xml_node *property)
{
    struct dav_request *r = rp->r;
    ms_begin(r);
    enum status st = OK;
    if (property)
        st = match_property(rp, property->name);
    else if (rp->base.kind == DAV_ROOT || rp->base.kind == DAV_PRINCIPALS)
        st = match_self(rp);
    report_close(rp);
    report_answer(r, st);
}

void report_principal_match(struct dav_request *r)
{
    SCOPED_READ(tx, r->dav->store);
    struct report rp;
    const struct xml_node *self = xml_child(r->body, NS_DAV, "self");
    const struct xml_node *property = xml_child(r->body, NS_DAV, "principal-property");
    if (!report_open(&rp, r, tx, r->body)) {
        report_close(&rp);
    } else if (!self == !property || (property && !xml_first(property))) {
        report_close(&rp);
        dav_error(r, 400, NS_DAV, "valid-request-body",
                  STR("principal-match: needs self or a principal-property"));
    } else {
        principal_match(&rp, property ? xml_first(property) : NULL);
    }
}

/* ---- acl-principal-prop-set ---- */
static enum status tell_acl(struct report *rp)
{
    struct acl_entry *list;
    size_t count;
    const struct collection *c = &rp->base.collection;
    enum status st = acl_list(rp->tx, rp->r->arena, c->id, &list, &count);
    if (st == OK)
        st = tell_id(rp, c->account);
    for (size_t i = 0; i < count && st == OK; i++)
        if (list[i].principal != c->account)
            st = tell_id(rp, list[i].principal);
    return st;
}

void report_acl_principal_prop_set(struct dav_request *r)
{
    SCOPED_READ(tx, r->dav->store);
    struct report rp;
    if (!report_open(&rp, r, tx, r->body)) {
        report_close(&rp);
        return;
    }
    bool home = resource_is_home(&rp.base);
    bool allowed = home ? rp.base.owner.id == r->actor->id : rp.base.collection.rights & RIGHT_ADMIN;
    if (!allowed) {
        report_close(&rp);
        dav_need_privilege(r, "read-acl");
        return;
    }
    ms_begin(r);
    enum status st = home ? tell_id(&rp, rp.base.owner.id) : tell_acl(&rp);
    report_close(&rp);
    report_answer(r, st);
}

/* ---- principal-search-property-set ---- */
void report_principal_search_property_set(struct dav_request *r)
{
    struct buf *out = &r->t->resp.body;
    r->t->resp.status = 200;
    http_set(r->t, STR("Content-Type"), STR("application/xml; charset=utf-8"));
    xml_begin(out, NS_DAV, "principal-search-property-set");
    for (size_t i = 0; i < principal_search_count; i++) {
        const struct principal_search *s = &principal_searches[i];
        xml_open(out, NS_DAV, "principal-search-property");
        xml_open(out, NS_DAV, "prop");
        xml_empty(out, s->ns, s->name);
        xml_close(out, NS_DAV, "prop");
        buf_addz(out, "<D:description xml:lang=\"en\">");
        xml_escape(out, str_c(s->description));
        xml_close(out, NS_DAV, "description");
        xml_close(out, NS_DAV, "principal-search-property");
    }
    xml_close(out, NS_DAV, "principal-search-property-set");
    if (out->st == OK)
        http_finish(r->t);
    else
        dav_answer(r, out->st);
}
