/* directory/directory.c: opening, reloading, and looking up who somebody is. */
#include "core/clock.h"
#include "core/fold.h"
#include "core/log.h"
#include "directory/internal.h"

static const struct directory_source_ops *const source_types[] = {&local_source_ops};

/* ---- the view of the configuration ---- */

struct type_search {
    struct str name, type;
};

static void find_type(void *ctx, struct str name, struct str key, struct str value)
{
    struct type_search *s = ctx;
    if (str_eq(name, s->name) && str_eq(key, STR("type")))
        s->type = value;
}

static enum status open_source(struct directory *d, struct directory_view *v, struct str name,
                               struct buf *why)
{
    struct type_search search = {.name = name, .type = str_eq(name, STR("local")) ? name : STR_NONE};
    conf_each(v->conf, "directory", find_type, &search);
    for (size_t i = 0; i < COUNT_OF(source_types); i++) {
        struct directory_source *s = &v->sources[v->source_count];
        if (!str_eq(search.type, str_c(source_types[i]->type)))
            continue;
        *s = (struct directory_source){.ops = source_types[i], .directory = d, .name = name};
        enum status st = s->ops->open(d, v->conf, name, &s->state, why);
        v->source_count += st == OK;
        return st;
    }
    buf_addf(why, "[directory %.*s] type: '%.*s' is no type of directory: write %s", STR_ARG(name),
             STR_ARG(search.type), source_types[0]->type);
    return INVALID;
}

static enum status read_masters(struct directory_view *v, struct buf *why)
{
    const struct str *list = conf_list(v->conf, CONF_AUTH_MASTER_USERS, &v->master_count);
    v->masters = ARENA_ARRAY(&v->arena, struct str, v->master_count + 1);
    if (!v->masters)
        return E_MEMORY;
    for (size_t i = 0; i < v->master_count; i++) {
        enum status st = address_normalise(&v->domains, &v->arena, list[i], &v->masters[i]);
        if (st == INVALID)
            buf_addf(why, "[auth] master_users: '%.*s' is not an address", STR_ARG(list[i]));
        if (st != OK)
            return st;
    }
    return OK;
}

static void view_free(struct directory_view *v)
{
    for (size_t i = 0; i < v->source_count; i++)
        v->sources[i].ops->close(v->sources[i].state);
    arena_free(&v->arena);
    conf_unref(v->conf);
    free(v);
}

static enum status view_fill(struct directory *d, struct directory_view *v, struct buf *why)
{
    size_t count;
    const struct str *names = conf_list(v->conf, CONF_AUTH_DIRECTORIES, &count);
    v->limits = (struct throttle_limits){.address = conf_int(v->conf, CONF_AUTH_FAILURES_ADDRESS),
                                         .account = conf_int(v->conf, CONF_AUTH_FAILURES_ACCOUNT),
                                         .window = conf_int(v->conf, CONF_AUTH_FAILURE_WINDOW)};
    v->cache_time = conf_int(v->conf, CONF_AUTH_CACHE_TIME);
    v->sources = ARENA_ARRAY(&v->arena, struct directory_source, count + 1);
    if (!v->sources)
        return E_MEMORY;
    enum status st = domains_load(v->conf, &v->arena, &v->domains, why);
    if (st == OK)
        st = read_masters(v, why);
    for (size_t i = 0; st == OK && i < count; i++)
        st = open_source(d, v, names[i], why);
    return st;
}

static enum status view_push(struct directory *d, const struct conf *conf, struct buf *why)
{
    struct directory_view *v = calloc(1, sizeof *v);
    if (!v)
        return E_MEMORY;
    v->arena = ARENA_INIT(DIRECTORY_ARENA);
    v->conf = conf_ref((struct conf *)(uintptr_t)conf); /* the count is all that changes */
    enum status st = view_fill(d, v, why);
    if (st != OK) {
        view_free(v);
        return st;
    }
    v->older = atomic_load(&d->view);
    atomic_store_explicit(&d->view, v, memory_order_release);
    return OK;
}

/* ---- life ---- */

enum status directory_open(struct store *store, const struct directory_config *config, struct directory **out,
                           struct buf *why)
{
    struct directory *d = calloc(1, sizeof *d);
    if (!d)
        return E_MEMORY;
    d->store = store;
    d->cache = config->cache;
    d->own_cache = !config->cache;
    atomic_init(&d->generation, random_u64());
    pthread_mutex_init(&d->reload, NULL);
    pthread_mutex_init(&d->sealing.lock, NULL);
    d->decoy = BUF_INIT(CREDENTIAL_BYTES);
    password_decoy(&d->decoy);
    enum status st = d->own_cache ? login_cache_open(NULL, &d->cache) : OK;
    if (st == OK)
        st = throttle_new(&d->throttle);
    if (st == OK)
        st = hash_gate_new(0, &d->gate);
    if (st == OK)
        st = people_new(&d->people);
    if (st == OK)
        st = view_push(d, config->conf, why);
    if (st == OK)
        *out = d;
    else
        directory_close(d);
    return st;
}

void directory_close(struct directory *d)
{
    if (!d)
        return;
    struct directory_view *v = atomic_load(&d->view);
    while (v) {
        struct directory_view *older = v->older;
        view_free(v);
        v = older;
    }
    people_free(d->people);
    buf_free(&d->decoy);
    hash_gate_free(d->gate);
    throttle_free(d->throttle);
    if (d->own_cache)
        login_cache_close(d->cache);
    pthread_mutex_destroy(&d->reload);
    pthread_mutex_destroy(&d->sealing.lock);
    hash_wipe(d->sealing.key, sizeof d->sealing.key);
    free(d);
}

enum status directory_reload(struct directory *d, const struct conf *conf)
{
    SCOPED_BUF(why, WHY_BYTES);
    pthread_mutex_lock(&d->reload);
    enum status st = view_push(d, conf, &why);
    pthread_mutex_unlock(&d->reload);
    if (st == OK)
        directory_changed(d);
    else
        log_error("the directories stay as they were: %s", why.n ? buf_c(&why) : status_text(st));
    return st;
}

const struct domains *directory_domains(const struct directory *d)
{
    return &directory_view(d)->domains;
}

struct store *directory_store(const struct directory *d)
{
    return d->store;
}

void directory_changed(struct directory *d)
{
    atomic_fetch_add(&d->generation, 1);
}

enum status directory_write(struct directory *d, struct write *w)
{
    w->account = STORE_MAIN;
    enum status st = store_run(d->store, w);
    if (st == OK)
        directory_changed(d);
    return st;
}

/* ---- looking up ---- */

enum status directory_find_any(struct directory *d, struct tx *tx, struct arena *a, struct str address,
                               struct principal *out, enum address_kind *kind)
{
    struct str normal;
    enum status st = address_normalise(directory_domains(d), a, address, &normal);
    return st == OK ? principal_by_address(tx, a, normal, out, kind) : st;
}

enum status directory_find(struct directory *d, struct tx *tx, struct arena *a, struct str address,
                           struct principal *out)
{
    enum status st = directory_find_any(d, tx, a, address, out, NULL);
    return st == OK && out->state == PRINCIPAL_DELETED ? NOT_FOUND : st;
}

enum status directory_get(struct directory *d, struct tx *tx, struct arena *a, int64_t id,
                          struct principal *out)
{
    (void)d;
    return principal_get(tx, a, id, out);
}

enum status directory_search(struct directory *d, struct tx *tx, struct str text, size_t limit,
                             principal_fn fn, void *ctx)
{
    enum { TEXT = 4096 };
    (void)d;
    SCOPED_BUF(folded, TEXT);
    fold_unicode(&folded, text);
    if (folded.st == TOO_LARGE)
        return OK; /* no name is that long */
    return folded.st != OK ? folded.st : principal_search(tx, buf_view(&folded), limit, fn, ctx);
}

enum status directory_actor(struct directory *d, struct tx *tx, struct arena *a, int64_t id,
                            struct actor *out)
{
    int64_t *groups;
    size_t count;
    (void)d;
    enum status st = groups_of(tx, a, id, &groups, &count);
    if (st == OK)
        *out = (struct actor){.id = id, .groups = groups, .group_count = count};
    return st;
}

enum status directory_person(struct directory *d, struct arena *a, int64_t id, struct person *out)
{
    uint64_t generation = atomic_load(&d->generation);
    if (people_find(d->people, id, generation, a, out))
        return OK;
    SCOPED_READ(tx, d->store);
    if (!tx)
        return E_MEMORY;
    enum status st = person_load(tx, a, id, out);
    if (st == OK)
        people_put(d->people, generation, out);
    return st;
}

struct directory_source *source_of(const struct directory_view *v, const struct person *p)
{
    for (size_t i = 0; i < v->source_count; i++)
        if (str_eq(v->sources[i].name, p->source))
            return &v->sources[i];
    return NULL;
}

enum status directory_probe(struct directory *d, directory_probe_fn fn, void *ctx)
{
    static const struct str nobody = STR_INIT("doctor@nobody.invalid"); /* RFC 2606 section 2 */
    const struct directory_view *v = directory_view(d);
    SCOPED_ARENA(a, DIRECTORY_ARENA);
    SCOPED_READ(tx, d->store);
    if (!tx)
        return E_MEMORY;
    for (size_t i = 0; i < v->source_count; i++) {
        struct principal p;
        enum status st = v->sources[i].ops->find(&v->sources[i], tx, &a, nobody, nobody, &p);
        fn(ctx, v->sources[i].name, st == NOT_FOUND ? OK : st);
    }
    return OK;
}

bool good_label(struct str text, size_t max)
{
    if (!text.n || text.n > max || !str_utf8(text))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f)
            return false;
    return true;
}
