/* syncml/database.c: the names of databases, and what each is a view of.
 *
 *   contacts   calendar   tasks   notes     the default collection of that kind
 *   calendar/SLUG                           one other, own or shared with the user (those can only be read)
 *   calendar?all                            all own ones; what is new goes into the default one
 *
 * Phones have other names for them: a row each in `names` (compared without case, "./" in front and CGI behind). A phone that
 * keeps tasks in its calendar gets both from `calendar`. */
#include "syncml/engine.h"

#include <stdlib.h>

struct kind_row {
    struct str name, slug;
    enum collection_kind collection;
    enum media media;
    unsigned kinds;
};

static const struct kind_row kinds[DB_KIND_COUNT] = {
    [DB_CONTACTS] = {STR_INIT("contacts"), STR_INIT("contacts"), KIND_ADDRESSBOOK, MEDIA_VCARD, 3},
    [DB_CALENDAR] = {STR_INIT("calendar"), STR_INIT("calendar"), KIND_CALENDAR, MEDIA_CALENDAR, ICAL_VEVENT},
    [DB_TASKS] = {STR_INIT("tasks"), STR_INIT("tasks"), KIND_CALENDAR, MEDIA_CALENDAR, ICAL_VTODO},
    [DB_NOTES] = {STR_INIT("notes"), STR_INIT("notes"), KIND_CALENDAR, MEDIA_CALENDAR, ICAL_VJOURNAL},
};

/* Names that devices and their users are known to use. */
static const struct {
    struct str name;
    enum db_kind kind;
} names[] = {
    {STR_INIT("contacts"), DB_CONTACTS},
    {STR_INIT("contact"), DB_CONTACTS},
    {STR_INIT("addressbook"), DB_CONTACTS},
    {STR_INIT("card"), DB_CONTACTS},
    {STR_INIT("cards"), DB_CONTACTS},
    {STR_INIT("card3"), DB_CONTACTS},
    {STR_INIT("scard"), DB_CONTACTS},
    {STR_INIT("con"), DB_CONTACTS},
    {STR_INIT("vcard"), DB_CONTACTS},
    {STR_INIT("phonebook"), DB_CONTACTS},
    {STR_INIT("calendar"), DB_CALENDAR},
    {STR_INIT("cal"), DB_CALENDAR},
    {STR_INIT("cal2"), DB_CALENDAR},
    {STR_INIT("event"), DB_CALENDAR},
    {STR_INIT("events"), DB_CALENDAR},
    {STR_INIT("scal"), DB_CALENDAR},
    {STR_INIT("calendar/events"), DB_CALENDAR},
    {STR_INIT("eventtask/events"), DB_CALENDAR},
    {STR_INIT("vcalendar"), DB_CALENDAR},
    {STR_INIT("agenda"), DB_CALENDAR},
    {STR_INIT("tasks"), DB_TASKS},
    {STR_INIT("task"), DB_TASKS},
    {STR_INIT("task2"), DB_TASKS},
    {STR_INIT("stask"), DB_TASKS},
    {STR_INIT("todo"), DB_TASKS},
    {STR_INIT("todos"), DB_TASKS},
    {STR_INIT("calendar/tasks"), DB_TASKS},
    {STR_INIT("eventtask/tasks"), DB_TASKS},
    {STR_INIT("notes"), DB_NOTES},
    {STR_INIT("note"), DB_NOTES},
    {STR_INIT("memo"), DB_NOTES},
    {STR_INIT("memos"), DB_NOTES},
    {STR_INIT("snote"), DB_NOTES},
    {STR_INIT("pnote"), DB_NOTES},
    {STR_INIT("journal"), DB_NOTES},
};

/* ---- names ---- */

static const struct kind_row *kind_named(struct str name, enum db_kind *kind)
{
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_caseeq(name, names[i].name)) {
            *kind = names[i].kind;
            return &kinds[names[i].kind];
        }
    return NULL;
}

/* Without "./" and slashes around it; *cgi: behind the '?' or "/?", STR_NONE without. Absolute URLs count by their path's end. */
static struct str plain_name(struct str uri, struct str *cgi)
{
    size_t q = str_chr(uri, '?', 0);
    *cgi = q == SIZE_MAX ? STR_NONE : str_from(uri, q + 1);
    uri = str_trim(str_slice(uri, 0, q));
    while (str_starts(uri, STR("./")) || str_starts(uri, STR("/")))
        uri = str_from(uri, 1);
    while (str_ends(uri, STR("/")))
        uri = str_slice(uri, 0, uri.n - 1);
    return uri;
}

struct wanted {
    const struct kind_row *row;
    enum db_kind kind;
    struct str slug; /* STR_NONE: the default one */
    bool all;
    struct str cgi;
};

static bool name_parse(struct str uri, struct wanted *w)
{
    *w = (struct wanted){.slug = STR_NONE};
    struct str name = plain_name(uri, &w->cgi);
    w->all = str_caseeq(w->cgi, STR("all"));
    if (w->all)
        w->cgi = STR_NONE;
    w->row = kind_named(name, &w->kind);
    if (w->row)
        return true;
    size_t slash = str_chr(name, '/', 0);
    if (slash == SIZE_MAX)
        return false;
    w->row = kind_named(str_slice(name, 0, slash), &w->kind);
    w->slug = str_from(name, slash + 1);
    return w->row && w->slug.n;
}

struct str database_cgi(struct str uri)
{
    struct wanted w;
    return name_parse(uri, &w) ? w.cgi : STR_NONE;
}

/* ---- views ---- */

struct view {
    struct turn *t;
    struct tx *tx;
    struct database *db;
    size_t cap;
};

static enum status view_add(struct view *v, const struct collection *c, unsigned wanted)
{
    struct arena *a = &v->t->s->arena;
    unsigned taken = c->kind == KIND_ADDRESSBOOK ? 3 : wanted & c->comps;
    if (!taken)
        return OK;
    struct db_source *grown =
        arena_grow(a, v->db->sources, v->db->source_count, &v->cap, v->db->source_count + 1, sizeof *grown);
    if (!grown)
        return a->st;
    v->db->sources = grown;
    grown[v->db->source_count++] = (struct db_source){.collection = c->id,
                                                      .kinds = taken,
                                                      .read_only = c->account != v->t->s->account,
                                                      .hides = !(c->rights & RIGHT_PRIVATE),
                                                      .low = INT64_MAX};
    return OK;
}

static enum status view_slug(struct view *v, const struct kind_row *row, struct str slug, unsigned wanted)
{
    struct collection c;
    enum status st =
        collection_find(v->tx, v->t->a, &v->t->s->login.actor, v->t->s->account, row->collection, slug, &c);
    if (st == OK && !(c.rights & RIGHT_READ))
        st = NOT_FOUND;
    return st ? st : view_add(v, &c, wanted);
}

/* The first own one that takes such components, where the one of the default name is gone. */
static enum status view_default(struct view *v, const struct kind_row *row, unsigned wanted, bool all)
{
    struct collection *list;
    size_t count, before = v->db->source_count;
    enum status st = view_slug(v, row, row->slug, wanted);
    if (st && st != NOT_FOUND)
        return st;
    bool found = v->db->source_count > before;
    st = all || !found ? collection_list(v->tx, v->t->a, &v->t->s->login.actor, v->t->s->account,
                                         row->collection, &list, &count)
                       : OK;
    if (st || (found && !all))
        return st;
    for (size_t i = 0; i < count && st == OK; i++) {
        bool done = list[i].mount || str_eq(list[i].slug, row->slug);
        if (done || (!all && v->db->source_count > before))
            continue;
        st = view_add(v, &list[i], wanted);
    }
    return st;
}

static enum status view_of(struct view *v, const struct wanted *w)
{
    if (w->slug.p)
        return view_slug(v, w->row, w->slug, w->row->kinds);
    enum status st = view_default(v, w->row, w->row->kinds, w->all);
    if (st == OK && w->kind == DB_CALENDAR && v->t->s->phone.tasks_in_calendar)
        st = view_default(v, &kinds[DB_TASKS], kinds[DB_TASKS].kinds, w->all);
    return st;
}

static struct str view_name(struct arena *a, const struct wanted *w)
{
    if (w->slug.p)
        return arena_strf(a, "%.*s/%.*s", STR_ARG(w->row->name), STR_ARG(w->slug));
    return w->all ? arena_strf(a, "%.*s?all", STR_ARG(w->row->name)) : w->row->name;
}

enum status database_view(struct turn *t, struct tx *tx, struct str uri, struct database *out)
{
    struct wanted w;
    if (!name_parse(uri, &w))
        return NOT_FOUND;
    *out = (struct database){.kind = w.kind, .changes = -1};
    out->name = view_name(&t->s->arena, &w);
    struct view v = {.t = t, .tx = tx, .db = out};
    enum status st = out->name.p ? view_of(&v, &w) : E_MEMORY;
    return st == OK && !out->source_count ? NOT_FOUND : st;
}

void database_clear(struct database *db)
{
    slow_free(db);
    unmapped_free(db);
    free(unconst(db->out_luid.p));
    for (size_t i = 0; i < db->extra_count; i++)
        free(unconst(db->extra[i].p));
    free(db->extra);
    free(db->entered);
    free(db->out_parts);
    db->out_luid = STR_NONE;
    db->extra = NULL;
    db->entered = NULL;
    db->out_parts = NULL;
    db->out_part_count = db->out_part_cap = 0;
    db->extra_count = db->extra_cap = db->extra_done = 0;
    db->entered_count = db->entered_cap = 0;
}

/* ---- asking ---- */

static bool same_uri(struct str a, struct str b)
{
    struct str cgi;
    return str_caseeq(plain_name(a, &cgi), plain_name(b, &cgi));
}

struct database *database_find(const struct session *s, struct str target, struct str source)
{
    struct wanted w;
    for (struct database *db = s->dbs; db; db = db->next)
        if (target.n && str_eq(db->target, target))
            return db;
    for (struct database *db = s->dbs; db; db = db->next)
        if (target.n ? same_uri(db->target, target) : source.n && same_uri(db->source, source))
            return db;
    if (!target.n || !name_parse(target, &w))
        return NULL;
    for (struct database *db = s->dbs; db; db = db->next) /* under another of its names */
        if (!w.slug.p && db->kind == w.kind && str_chr(db->name, '/', 0) == SIZE_MAX)
            return db;
    return NULL;
}

bool database_kind_of(struct str uri, enum db_kind *kind)
{
    struct str cgi;
    return kind_named(plain_name(uri, &cgi), kind) != NULL;
}

bool database_takes(const struct database *db, int kind)
{
    for (size_t i = 0; i < db->source_count; i++)
        if (db->sources[i].kinds & (unsigned)kind)
            return true;
    return false;
}

size_t database_place(const struct database *db, int kind)
{
    for (size_t i = 0; i < db->source_count; i++)
        if (db->sources[i].kinds & (unsigned)kind)
            return i;
    return SIZE_MAX;
}

size_t database_source_of(const struct database *db, int64_t collection)
{
    for (size_t i = 0; i < db->source_count; i++)
        if (db->sources[i].collection == collection)
            return i;
    return SIZE_MAX;
}

enum media database_media(const struct database *db)
{
    return kinds[db->kind].media;
}

bool database_slow(const struct database *db)
{
    return db->mode == MODE_SLOW || db->mode == MODE_REFRESH_FROM_CLIENT;
}

bool database_takes_in(const struct database *db)
{
    return db->mode != MODE_FROM_SERVER && db->mode != MODE_REFRESH_FROM_SERVER;
}

bool database_sends(const struct database *db)
{
    return db->mode != MODE_FROM_CLIENT && db->mode != MODE_REFRESH_FROM_CLIENT;
}

/* ---- the type that we send ---- */

/* Best first, where the device leaves the choice. */
static const enum content_type known[DB_KIND_COUNT][5] = {
    [DB_CONTACTS] = {CONTENT_VCARD21, CONTENT_VCARD30, CONTENT_VCARD40, CONTENT_SIFC},
    [DB_CALENDAR] = {CONTENT_VCAL10, CONTENT_ICAL20, CONTENT_SIFE},
    [DB_TASKS] = {CONTENT_VCAL10, CONTENT_ICAL20, CONTENT_SIFT},
    [DB_NOTES] = {CONTENT_PLAIN, CONTENT_VNOTE, CONTENT_ICAL20, CONTENT_VCAL10, CONTENT_SIFN},
};
static const enum content_type sif[DB_KIND_COUNT] = {CONTENT_SIFC, CONTENT_SIFE, CONTENT_SIFT, CONTENT_SIFN};

bool database_knows(enum db_kind kind, enum content_type type)
{
    for (size_t i = 0; i < COUNT_OF(known[kind]); i++)
        if (type && known[kind][i] == type)
            return true;
    return false;
}

static enum content_type of_devinf(const struct database *db, const struct devinf_type *type)
{
    enum content_type found =
        type->type.n ? content_type_of(type->type, type->version, STR("")) : CONTENT_NONE;
    return database_knows(db->kind, found) ? found : CONTENT_NONE;
}

enum content_type database_type(struct turn *t, const struct database *db)
{
    const struct devinf_store *store = device_store_of(t, db->source);
    enum content_type type = store ? of_devinf(db, &store->rx_pref) : CONTENT_NONE;
    for (const struct devinf_type *rx = store ? store->rx : NULL; rx && !type; rx = rx->next)
        type = of_devinf(db, rx);
    if (!type)
        type = db->sent_type;
    if (!type && t->s->phone.sif)
        type = sif[db->kind];
    return type ? type : known[db->kind][0];
}

struct str database_kind_name(enum db_kind kind)
{
    return kinds[kind].name;
}

const enum content_type *database_types(enum db_kind kind, size_t *count)
{
    *count = 0;
    while (*count < COUNT_OF(known[kind]) && known[kind][*count])
        ++*count;
    return known[kind];
}
