/* dav/method_put.c: PUT of an item (RFC 4791 section 5.3.2, RFC 6352 section 6.3.2), and what POST shares with it.
 *
 * The body is parsed, checked and hashed before the writer's turn (store/prepare.h); the preconditions are judged in the writer's
 * transaction, so that of two clients that change one item at once exactly one hears 412. */
#include "dav/methods.h"
#include "dav/props.h"

struct put {
    struct write write;
    struct dav_request *r;
    struct resource res;
    struct dav_conditions conditions;
    struct prepared prepared;
    struct item_put_result result;
    unsigned char base[SHA256_SIZE]; /* merged into this stored version */
    bool merged, added;
};

/* ---- what is wrong with a body ---- */

struct precondition {
    const char *ns, *element;
};

static const struct precondition calendar_faults[] = {
    [ICAL_OK] = {NS_CALDAV, "valid-calendar-data"},
    [ICAL_SYNTAX] = {NS_CALDAV, "valid-calendar-data"},
    [ICAL_OBJECT] = {NS_CALDAV, "valid-calendar-object-resource"},
    [ICAL_SIZE] = {NS_CALDAV, "max-resource-size"},
    [ICAL_COMPONENT] = {NS_CALDAV, "supported-calendar-component"},
    [ICAL_MIN_DATE] = {NS_CALDAV, "min-date-time"},
    [ICAL_MAX_DATE] = {NS_CALDAV, "max-date-time"},
    [ICAL_INSTANCES] = {NS_CALDAV, "max-instances"},
    [ICAL_ATTENDEES] = {NS_CALDAV, "max-attendees-per-instance"},
};

static bool is_calendar(const struct put *p)
{
    return p->res.kind == DAV_CALENDAR_ITEM;
}

static void refuse_data(struct put *p, enum status st, const struct prepare_problem *problem)
{
    struct precondition what = {NS_CARDDAV, "valid-address-data"};
    if (st < 0) {
        dav_answer(p->r, st);
        return;
    }
    if (is_calendar(p) && (size_t)problem->fault < COUNT_OF(calendar_faults))
        what = calendar_faults[problem->fault];
    else if (st == UNSUPPORTED)
        what.element = "supported-address-data";
    else if (st == TOO_LARGE || st == TOO_MANY || problem->fault == ICAL_SIZE)
        what.element = "max-resource-size";
    dav_error(p->r, 403, what.ns, what.element, problem->text);
}

/* The type of a body, without its parameters; and its charset must be one that is UTF-8 or part of it. */
static bool is_type(struct str header, const struct str *types, size_t count)
{
    struct str rest = header, type, param;
    bool known = false;
    str_split(&rest, ';', &type);
    type = str_trim(type);
    for (size_t i = 0; i < count; i++)
        known |= str_caseeq(type, types[i]);
    while (known && str_split(&rest, ';', &param)) {
        param = str_trim(param);
        if (!str_casestarts(param, STR("charset=")))
            continue;
        param = str_from(param, 8);
        if (str_starts(param, STR("\"")) && str_ends(param, STR("\"")) && param.n >= 2)
            param = str_slice(param, 1, param.n - 2);
        known = str_caseeq(param, STR("utf-8")) || str_caseeq(param, STR("utf8")) ||
                str_caseeq(param, STR("us-ascii"));
    }
    return known;
}

/* No Content-Type at all, or the one that says nothing, is taken for the type of the collection. */
static bool type_fits(const struct put *p)
{
    static const struct str calendar[] = {STR_INIT("text/calendar"), STR_INIT("application/octet-stream")};
    static const struct str card[] = {STR_INIT("text/vcard"), STR_INIT("text/x-vcard"),
                                      STR_INIT("text/directory"), STR_INIT("application/octet-stream")};
    struct str header = http_get(&p->r->t->req, STR("Content-Type"));
    if (!str_trim(header).n)
        return true;
    return is_calendar(p) ? is_type(header, calendar, COUNT_OF(calendar))
                          : is_type(header, card, COUNT_OF(card));
}

/* ---- a vCard 3.0 over a stored 4.0 ---- */

/* What 3.0 cannot say is kept from the stored card. *text is replaced; NOT_FOUND: there is nothing to merge. */
static enum status merge(struct put *p, struct str *text)
{
    struct arena *a = p->r->arena;
    const struct vcard_limits *limits = &store_config_of(p->r->dav->store)->vcard;
    struct vcard *old, *in, *both;
    struct vcard_info old_info, in_info;
    struct vcard_problem problem;
    if (vcard_parse(a, *text, limits, &in, &problem) || in->version != VCARD_3_0)
        return NOT_FOUND;
    if (vcard_parse(a, p->res.body, limits, &old, &problem) || old->version != VCARD_4_0)
        return NOT_FOUND;
    if (vcard_check(a, old, &old_info, &problem) || vcard_check(a, in, &in_info, &problem) ||
        !str_eq(old_info.uid, in_info.uid))
        return NOT_FOUND;
    enum status st = vcard_merge(a, old, in, &both);
    if (st)
        return st;
    SCOPED_BUF(out, p->r->dav->resource_size * 2);
    vcard_write(&out, both, NULL, false);
    *text = arena_str(a, buf_view(&out));
    return out.st ? out.st : text->p ? OK : E_MEMORY;
}

static enum status prepare(struct put *p, struct prepare_problem *problem)
{
    struct store *store = p->r->dav->store;
    struct str text = p->r->t->req.body;
    if (text.n > p->r->dav->resource_size) {
        problem->fault = ICAL_SIZE;
        return TOO_LARGE;
    }
    if (is_calendar(p))
        return prepare_calendar(store, p->r->arena, text, &p->prepared, problem);
    if (p->res.body.p) {
        enum status st = merge(p, &text);
        p->merged = st == OK;
        if (st && st != NOT_FOUND)
            return st;
    }
    return prepare_vcard(store, p->r->arena, text, &p->prepared, problem);
}

/* ---- in the writer's transaction ---- */

static enum status run(struct write *w, struct tx *tx)
{
    struct put *p = CONTAINER_OF(w, struct put, write);
    enum status st = resource_refresh(p->r, tx, &p->res);
    p->result = (struct item_put_result){0};
    if (st == OK)
        st = dav_conditions_on(p->r, tx, &p->conditions, &p->res, false);
    bool exists = p->res.exists;
    if (st == OK && exists && p->added)
        st = PRECONDITION;
    if (st == OK && p->merged && (!exists || memcmp(p->base, p->res.item.etag, sizeof p->base) != 0))
        st = PRECONDITION; /* it changed while it was merged */
    if (st)
        return p->added ? st : resource_refused(p->r, tx, &p->res, st);
    return tx_item_put(tx, p->r->arena, p->r->actor, p->res.collection.id, p->res.path.name, &p->prepared,
                       &p->result);
}

/* ---- the answer ---- */

static void answer_refused(struct put *p, enum status st)
{
    struct dav_request *r = p->r;
    const char *ns = is_calendar(p) ? NS_CALDAV : NS_CARDDAV;
    SCOPED_BUF(href, 16 * 1024);
    if (st == UID_CONFLICT) {
        dav_href_write(&href, &p->res.path, p->res.path.slug, p->result.conflict);
        dav_error_href(r, 409, ns, "no-uid-conflict", buf_view(&href));
    } else if (st == UNSUPPORTED && is_calendar(p)) {
        dav_error(r, 403, ns, "supported-calendar-component",
                  STR("this calendar does not take such components"));
    } else if (st == DENIED) {
        dav_need_privilege(r, p->res.exists ? "write-content" : "bind");
    } else if (st == PRECONDITION) {
        dav_answer_refused(r, &p->res);
    } else {
        dav_answer(r, st);
    }
}

/* The ETag only when what is stored is what was sent (RFC 4791 section 5.3.4), or when the client gets to see it. */
static void answer_stored(struct put *p)
{
    struct dav_request *r = p->r;
    struct http_txn *t = r->t;
    t->resp.status = p->result.created ? 201 : 204;
    memcpy(p->res.item.etag, p->result.etag, sizeof p->result.etag);
    p->res.exists = true;
    SCOPED_BUF(text, 16 * 1024);
    if (p->added) {
        resource_href(&text, &p->res);
        http_set(t, STR("Location"), buf_view(&text));
        buf_clear(&text);
    }
    resource_etag(&text, &p->res);
    if (r->prefer_representation) {
        t->resp.status = p->result.created ? 201 : 200;
        resource_represent(r, &p->res, p->prepared.body);
    } else if (!p->merged) {
        http_set(t, STR("ETag"), buf_view(&text));
    }
    http_finish(t);
}

static void done(struct write *w)
{
    struct put *p = CONTAINER_OF(w, struct put, write);
    prepared_release(&p->prepared);
    if (w->status)
        answer_refused(p, w->status);
    else
        answer_stored(p);
}

/* ---- the method ---- */

/* Forms of a body that would be stored as something else than it is. */
static bool is_partial(const struct dav_request *r)
{
    return http_get(&r->t->req, STR("Content-Range")).p != NULL;
}

static bool is_encoded(const struct dav_request *r)
{
    struct str coding = str_trim(http_get(&r->t->req, STR("Content-Encoding")));
    return coding.n && !str_caseeq(coding, STR("identity"));
}

void put_item(struct dav_request *r, const struct resource *res, bool added)
{
    struct prepare_problem problem = {0};
    struct put *p = ARENA_NEW(r->arena, struct put);
    if (!p) {
        dav_answer(r, E_MEMORY);
        return;
    }
    *p = (struct put){.r = r, .res = *res, .added = added};
    memcpy(p->base, res->item.etag, sizeof p->base);
    dav_conditions_get(r, &p->conditions);
    if (!type_fits(p)) {
        dav_error(r, 403, is_calendar(p) ? NS_CALDAV : NS_CARDDAV,
                  is_calendar(p) ? "supported-calendar-data" : "supported-address-data",
                  STR("a body of this Content-Type can not be stored here"));
        return;
    }
    enum status st = prepare(p, &problem);
    if (st) {
        refuse_data(p, st, &problem);
        return;
    }
    p->write = (struct write){
        .run = run, .done = done, .account = res->collection.id, .bytes = p->prepared.body.n + 1024};
    dav_submit(r, &p->write);
}

/* The right is judged again in the transaction; asked here, nothing is parsed for those who lack it. */
static enum status find(struct dav_request *r, struct resource *res)
{
    SCOPED_READ(tx, r->dav->store);
    if (!tx)
        return E_UNAVAILABLE;
    enum status st = resource_find(r, tx, &r->path, res);
    if (st)
        return st == NOT_FOUND ? NO_PARENT : st;
    if (res->masked || !(res->collection.rights & (res->exists ? RIGHT_CONTENT : RIGHT_INSERT)))
        return DENIED;
    if (res->exists && res->kind == DAV_ADDRESSBOOK_ITEM)
        return resource_body(r, tx, res);
    return OK;
}

void method_put(struct dav_request *r)
{
    struct resource res;
    if (is_partial(r) || is_encoded(r)) {
        dav_answer_http(r, is_partial(r) ? 400 : 415);
        return;
    }
    enum status st = find(r, &res);
    if (st == DENIED)
        dav_need_privilege(r, res.exists ? "write-content" : "bind");
    else if (st)
        dav_answer(r, st);
    else
        put_item(r, &res, false);
}
