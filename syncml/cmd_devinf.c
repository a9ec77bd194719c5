/* syncml/cmd_devinf.c: device information: what the device says of itself (Put, Results), and what we say (Get).
 *
 * Ours is small: what is not needed has crashed phones. Datastores are called as the device calls them in its Alerts (newer Nokias
 * insist). When its messages are too small for all that we can say, it is told of the databases that it asks for, with the least that
 * each must have; when they are too small for that, the Get is answered with 413: a DevInf without any would be a lie. */
#include "syncml/engine.h"

enum attempt {         /* each smaller than the one before */
               ALL,    /* every database with all that it can do */
               BRIEF,  /* with one type each, without names for people and filters */
               WANTED, /* those that the device asks for */
               ATTEMPTS
};

static bool is_devinf_uri(struct str uri)
{
    while (str_starts(uri, STR("./")) || str_starts(uri, STR("/")))
        uri = str_from(uri, uri.p[0] == '.' ? 2 : 1);
    return str_casestarts(uri, STR("devinf"));
}

static struct str devinf_uri(struct arena *a, enum sml_version v)
{
    return arena_strf(a, "./devinf%s", v == SML_1_0 ? "10" : v == SML_1_1 ? "11" : "12");
}

/* ---- the device's ---- */

static void take(struct turn *t, struct sml_command *c, const struct sml_item *item)
{
    struct reply *r = reply_new(t, c, item);
    bool found = item && (is_devinf_uri(item->source) || is_devinf_uri(item->target) || item->inner);
    if (!found) {
        r->code = c->cmd == SML_RESULTS ? 200 : 404;
        return;
    }
    enum status st = device_take_devinf(t, item);
    t->st = st < 0 ? st : t->st;
    r->code = st == OK ? 200 : code_of(c->cmd, st);
}

void cmd_put(struct turn *t, struct sml_command *c)
{
    if (!c->items)
        take(t, c, NULL);
    for (const struct sml_item *item = c->items; item; item = item->next)
        take(t, c, item);
}

void cmd_results(struct turn *t, struct sml_command *c)
{
    if (!c->items)
        take(t, c, NULL);
    for (const struct sml_item *item = c->items; item; item = item->next)
        take(t, c, item);
}

/* ---- ours ---- */

static struct str mine(struct session *s, struct str text)
{
    return text.p ? arena_str(&s->arena, text) : STR_NONE;
}

static struct result *result_new(struct turn *t)
{
    struct session *s = t->s;
    struct result *n = s->devinfs < DEVINFS_MOST ? ARENA_NEW(&s->arena, struct result) : NULL;
    if (!n)
        return NULL;
    s->devinfs++;
    n->version = s->version;
    *s->results_end = n;
    s->results_end = &n->next;
    return n;
}

void cmd_get(struct turn *t, struct sml_command *c)
{
    for (const struct sml_item *item = c->items; item; item = item->next) {
        struct reply *r = reply_new(t, c, item);
        r->code = 404;
        if (!is_devinf_uri(item->target))
            continue;
        struct result *n = result_new(t);
        r->code = n ? 200 : 503;
        if (!n)
            continue;
        n->reply = r;
        n->msg_ref = mine(t->s, t->in.msg_id);
        n->cmd_ref = mine(t->s, c->cmd_id);
        n->uri = mine(t->s, item->target);
    }
    if (!c->items)
        reply_new(t, c, NULL)->code = 400;
}

void devinf_ask(struct turn *t)
{
    struct session *s = t->s;
    if (s->device.devinf.n || s->asked_devinf)
        return;
    s->asked_devinf = true;
    struct result *n = result_new(t);
    if (n)
        n->get = true;
}

static void add_type(struct arena *a, struct devinf_type **end, enum content_type type)
{
    struct devinf_type *n = ARENA_NEW(a, struct devinf_type);
    if (!n)
        return;
    *n = (struct devinf_type){.type = content_mime(type), .version = content_version(type)};
    while (*end)
        end = &(*end)->next;
    *end = n;
}

/* Bits of the standard sync types, 1 (two-way) to 7 (server alerted). */
static unsigned sync_types(const struct phone *p)
{
    int most = p->max_sync_types > 0 && p->max_sync_types < 7 ? p->max_sync_types : 7;
    return ((1u << most) - 1) << 1;
}

static void add_value(struct arena *a, struct devinf_value **end, struct str text)
{
    struct devinf_value *n = ARENA_NEW(a, struct devinf_value);
    if (!n)
        return;
    n->text = text;
    while (*end)
        end = &(*end)->next;
    *end = n;
}

/* What filter.c takes: its grammar, its keywords, and the properties that people ask for. */
static void add_filters(struct arena *a, struct devinf_store *s, enum db_kind kind)
{
    enum { PROPS = 6 };
    static const struct {
        bool dated; /* SINCE and BEFORE mean something */
        struct str props[PROPS];
    } rows[DB_KIND_COUNT] = {
        [DB_CONTACTS] = {false, {STR_INIT("FN"), STR_INIT("N"), STR_INIT("ORG"), STR_INIT("CATEGORIES")}},
        [DB_CALENDAR] = {true,
                         {STR_INIT("SUMMARY"), STR_INIT("LOCATION"), STR_INIT("CATEGORIES"),
                          STR_INIT("CLASS")}},
        [DB_TASKS] = {true,
                      {STR_INIT("SUMMARY"), STR_INIT("STATUS"), STR_INIT("PRIORITY"),
                       STR_INIT("CATEGORIES")}},
        [DB_NOTES] = {false, {STR_INIT("SUMMARY"), STR_INIT("CATEGORIES")}},
    };
    struct devinf_filter *f = ARENA_NEW(a, struct devinf_filter);
    s->filter_rx = ARENA_NEW(a, struct devinf_type);
    s->filters = f;
    if (!f || !s->filter_rx)
        return;
    *s->filter_rx = (struct devinf_type){.type = STR("syncml:filtertype-cgi"), .version = STR("1.0")};
    f->type = s->rx_pref;
    if (rows[kind].dated) {
        add_value(a, &f->keywords, STR("SINCE"));
        add_value(a, &f->keywords, STR("BEFORE"));
    }
    add_value(a, &f->keywords, STR("MAXSIZE"));
    for (size_t i = 0; i < PROPS && rows[kind].props[i].n; i++)
        add_value(a, &f->props, rows[kind].props[i]);
}

/* What we like best is what the client then sends, where it leaves the choice to us: what it likes itself; of one of whom nothing is
 * known, what its time liked. */
static enum content_type preferred(struct turn *t, enum db_kind kind, const struct database *db)
{
    size_t count;
    const enum content_type *types = database_types(kind, &count);
    const struct devinf *d = device_devinf(t);
    bool cards = kind == DB_CONTACTS, notes = kind == DB_NOTES;
    if (db && (d || t->s->phone.sif))
        return database_type(t, db);
    for (const struct devinf_store *s = d && !notes ? d->stores : NULL; s; s = s->next) {
        enum content_type type = content_type_of(s->rx_pref.type, s->rx_pref.version, STR(""));
        if (type && database_knows(kind, type))
            return type;
    }
    if (d || notes || t->s->version != SML_1_2)
        return types[0];
    return cards ? CONTENT_VCARD30 : CONTENT_ICAL20;
}

static struct devinf_store *store_new(struct turn *t, enum db_kind kind, const struct database *db,
                                      int attempt)
{
    size_t count;
    const enum content_type *types = database_types(kind, &count), best = preferred(t, kind, db);
    struct str name = db ? db->target : database_kind_name(kind);
    struct devinf_store *s = ARENA_NEW(t->a, struct devinf_store);
    if (!s)
        return NULL;
    *s = (struct devinf_store){.source = name, .max_guid = -1, .sync_types = sync_types(&t->s->phone)};
    if (attempt == ALL)
        s->display = database_kind_name(kind);
    s->rx_pref = (struct devinf_type){.type = content_mime(best), .version = content_version(best)};
    s->tx_pref = s->rx_pref;
    for (size_t i = 0; i < count && attempt == ALL; i++) {
        if (types[i] == best)
            continue;
        add_type(t->a, &s->rx, types[i]);
        add_type(t->a, &s->tx, types[i]);
    }
    if (attempt == ALL)
        add_filters(t->a, s, kind);
    return s;
}

static void add_store(struct devinf *d, struct devinf_store *s)
{
    struct devinf_store **at = &d->stores;
    while (*at)
        at = &(*at)->next;
    *at = s;
}

/* Where no Alert came yet: the kinds of what the device has itself; all when it did not say. */
static void asked_for(struct turn *t, bool wanted[DB_KIND_COUNT])
{
    const struct devinf *d = device_devinf(t);
    bool any = false;
    for (int kind = 0; kind < DB_KIND_COUNT; kind++)
        wanted[kind] = false;
    for (const struct devinf_store *s = d ? d->stores : NULL; s; s = s->next) {
        enum db_kind kind;
        if (database_kind_of(s->source, &kind))
            any = wanted[kind] = true;
    }
    for (int kind = 0; kind < DB_KIND_COUNT && !any; kind++)
        wanted[kind] = true;
}

static void add_stores(struct turn *t, struct devinf *d, int attempt)
{
    bool told[DB_KIND_COUNT] = {0}, wanted[DB_KIND_COUNT];
    for (const struct database *db = t->s->dbs; db; db = db->next) {
        if (db->state == DB_FAILED)
            continue;
        told[db->kind] = true;
        add_store(d, store_new(t, db->kind, db, attempt));
    }
    bool none = !d->stores;
    asked_for(t, wanted);
    for (int kind = 0; kind < DB_KIND_COUNT; kind++)
        if (!told[kind] && (attempt < WANTED || (none && wanted[kind])))
            add_store(d, store_new(t, (enum db_kind)kind, NULL, attempt));
}

static const struct sml_node *own(struct turn *t, const struct result *r, int attempt)
{
    struct devinf *d = ARENA_NEW(t->a, struct devinf);
    if (!d)
        return NULL;
    *d = (struct devinf){.version = r->version == SML_1_0   ? STR("1.0")
                                    : r->version == SML_1_1 ? STR("1.1")
                                                            : STR("1.2"),
                         .man = STR("Scambio"),
                         .mod = STR("Scambio"),
                         .swv = STR(SCAMBIO_VERSION),
                         .devid = conf_str(t->sml->conf, CONF_SERVER_HOSTNAME),
                         .devtyp = STR("server"),
                         .utc = r->version != SML_1_0,
                         .large_objects = r->version != SML_1_0,
                         .number_of_changes = r->version != SML_1_0};
    add_stores(t, d, attempt);
    return t->a->st || !d->stores ? NULL : devinf_tree(t->a, d, r->version);
}

struct sml_command *result_command(struct turn *t, const struct result *r, int attempt)
{
    struct sml_command *c = ARENA_NEW(t->a, struct sml_command);
    struct sml_item *item = ARENA_NEW(t->a, struct sml_item);
    if (!c || !item || attempt >= ATTEMPTS || (r->get && attempt))
        return NULL;
    static const struct sml_meta none = {.size = -1, .max_msg = -1, .max_obj = -1};
    *item = (struct sml_item){.meta = none};
    *c = (struct sml_command){
        .cmd = r->get ? SML_GET : SML_RESULTS, .items = item, .meta = none, .changes = -1};
    c->meta.type = t->encoding == SML_WBXML ? STR("application/vnd.syncml-devinf+wbxml")
                                            : STR("application/vnd.syncml-devinf+xml");
    if (r->get) {
        item->target = devinf_uri(t->a, r->version);
        return c;
    }
    c->msg_ref = r->msg_ref;
    c->cmd_ref = r->cmd_ref;
    c->target_refs = ARENA_ARRAY(t->a, struct str, 1);
    if (!c->target_refs)
        return NULL;
    c->target_refs[0] = r->uri;
    c->target_ref_count = 1;
    item->source = devinf_uri(t->a, r->version);
    item->inner = own(t, r, attempt);
    return item->inner ? c : NULL;
}

void results_judge(struct turn *t)
{
    struct session *s = t->s;
    struct result **at = &s->results;
    while (*at) {
        struct result *r = *at;
        struct sml_command *c = NULL;
        for (int attempt = 0; r->reply && (c = result_command(t, r, attempt)) && !answer_holds(t, c);)
            attempt++;
        if (r->reply && !c) {
            r->reply->code = 413;
            *at = r->next;
            continue;
        }
        r->reply = NULL; /* it goes with the turn */
        at = &r->next;
    }
    s->results_end = at;
}
