/* tests/crash/check.c: the power-cut simulation: makes images of the disk from a trace (disk.h), opens each
 * with the real store, and holds it against what the load was promised (model.h).
 *
 *   check TRACE SCRATCH IMAGES SEED SHARDS [--without CLASS] [--only N]
 *
 * In every image: the store opens; each acknowledged item is there, its bytes unchanged, once; nothing else
 * is there; a sync from an earlier token of each collection reports exactly what changed since; store_check
 * finds nothing; and a new write takes a number that was never given. With --without, the syncs of a class
 * count as forgotten, and the check must fail: then exit 0 means that loss was found. */
#include "core/clock.h"
#include "core/log.h"
#include "store/doctor.h"
#include "store/item.h"
#include "tests/crash/disk.h"
#include "tests/crash/model.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MB = 1 << 20 };

struct image {
    struct model *model;
    struct store *s;
    struct tx *tx;
    struct arena arena;
    int64_t collection;
    unsigned *seen; /* by object: how often in this collection */
    bool *reported; /* by object: in this difference */
    int64_t since, last_seq;
    size_t faults;
    uint64_t number;
    size_t at;
    bool quiet;
};

static void fault(struct image *im, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fault(struct image *im, const char *format, ...)
{
    if (im->faults++ >= 8 || im->quiet)
        return;
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "image %llu (after record %zu): %s\n", (unsigned long long)im->number, im->at, text);
}

/* Names are tTHREAD-N.ext and objects are numbered in that order (load.c). */
static struct object *object_named(struct image *im, struct str name, size_t *index)
{
    for (size_t i = 0; i < im->model->object_count; i++) {
        struct object *o = &im->model->objects[i];
        if (o->used && str_eq(name, str_c(o->name))) {
            *index = i;
            return o;
        }
    }
    return NULL;
}

static const char *hex(const unsigned char *hash, char out[2 * SHA256_SIZE + 1])
{
    for (int i = 0; i < SHA256_SIZE; i++)
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
    return out;
}

static bool place_is(const struct place *p, int64_t collection, const char *sha)
{
    return p->collection == collection && strcmp(p->sha, sha) == 0;
}

/* ---- everything acknowledged, unchanged, once, and nothing else ---- */
static enum status see_item(void *ctx, const struct item *item, struct str body)
{
    struct image *im = ctx;
    size_t index;
    struct object *o = object_named(im, item->name, &index);
    if (!o) {
        fault(im, "%.*s: nobody put this", STR_ARG(item->name));
        return OK;
    }
    unsigned char hash[SHA256_SIZE];
    char sha[2 * SHA256_SIZE + 1];
    sha256(body, hash);
    hex(hash, sha);
    if (memcmp(hash, item->etag, sizeof hash) != 0)
        fault(im, "%s: the ETag is not of these bytes", o->name);
    if (!place_is(&o->now, im->collection, sha) && !(o->in_flight && place_is(&o->next, im->collection, sha)))
        fault(im, "%s: %.12s in collection %lld, acknowledged was %.12s in %lld", o->name, sha,
              (long long)im->collection, o->now.sha, (long long)o->now.collection);
    int64_t last = model_last(o, im->collection);
    if (!o->in_flight && item->seq != last)
        fault(im, "%s: its number is %lld, acknowledged was %lld", o->name, (long long)item->seq,
              (long long)last);
    im->seen[index]++;
    return OK;
}

static void check_items(struct image *im)
{
    memset(im->seen, 0, im->model->object_count * sizeof *im->seen);
    for (size_t c = 0; c < im->model->collection_count; c++) {
        im->collection = im->model->collections[c];
        enum status st = item_each(im->tx, &actor_system, im->collection, true, see_item, im);
        if (st != OK)
            fault(im, "collection %lld: %s", (long long)im->collection, status_text(st));
    }
    for (size_t i = 0; i < im->model->object_count; i++) {
        const struct object *o = &im->model->objects[i];
        bool may = o->now.collection != 0 || (o->in_flight && o->next.collection != 0);
        bool must = o->now.collection != 0 && (!o->in_flight || o->next.collection != 0);
        if ((must && im->seen[i] == 0) || im->seen[i] > (may ? 1 : 0))
            fault(im, "%s: is there %u times", o->name, im->seen[i]);
    }
}

/* ---- sync from earlier tokens ---- */
static enum status see_change(void *ctx, const struct item_change *change)
{
    struct image *im = ctx;
    size_t index;
    struct object *o = object_named(im, change->item.name, &index);
    if (!o || im->reported[index]) {
        fault(im, "%.*s: reported %s", STR_ARG(change->item.name), o ? "twice" : "but never put");
        return OK;
    }
    im->reported[index] = true;
    if (change->item.seq <= im->last_seq)
        fault(im, "%s: the difference is not in order", o->name);
    im->last_seq = change->item.seq;
    bool busy = o->in_flight && (o->flight_from == im->collection || o->flight_to == im->collection);
    if (busy)
        return OK;
    if (model_last(o, im->collection) <= im->since)
        fault(im, "%s: reported since %lld, but it has not changed", o->name, (long long)im->since);
    if (change->gone != (o->now.collection != im->collection))
        fault(im, "%s: reported as %s", o->name, change->gone ? "gone" : "there");
    return OK;
}

static void check_since(struct image *im, int64_t collection, int64_t since)
{
    im->collection = collection;
    im->since = since;
    im->last_seq = since;
    memset(im->reported, 0, im->model->object_count * sizeof *im->reported);
    enum status st = item_changes(im->tx, &actor_system, collection, since, 0, see_change, im);
    if (st != OK)
        fault(im, "collection %lld: sync since %lld: %s", (long long)collection, (long long)since,
              status_text(st));
    for (size_t i = 0; i < im->model->object_count; i++) {
        const struct object *o = &im->model->objects[i];
        bool there = o->now.collection == collection;
        if (o->in_flight || im->reported[i] || model_last(o, collection) <= since)
            continue;
        if (there || (since > 0 && model_present_at(o, collection, since)))
            fault(im, "%s: has changed since %lld and is not reported", o->name, (long long)since);
    }
}

/* Tokens that were handed out: 0, and for some objects the number of one of their changes. */
static void check_tokens(struct image *im)
{
    for (size_t c = 0; c < im->model->collection_count; c++) {
        int64_t collection = im->model->collections[c];
        check_since(im, collection, 0);
        int64_t tokens[3] = {0};
        size_t n = 0;
        uint64_t pick = im->number * 2654435761u + c;
        for (size_t i = 0; i < im->model->object_count; i++) {
            const struct object *o = &im->model->objects[(i + pick) % im->model->object_count];
            if (o->event_count == 0 || n == COUNT_OF(tokens))
                continue;
            const struct event *e = &o->events[pick % o->event_count];
            if (e->collection == collection)
                tokens[n++] = e->seq;
        }
        for (size_t i = 0; i < n; i++)
            check_since(im, collection, tokens[i]);
    }
}

/* ---- the store's own rules, and new numbers ---- */
static void see_finding(void *ctx, struct str what, struct str where)
{
    fault(ctx, "store_check: %.*s: %.*s", STR_ARG(what), STR_ARG(where));
}

struct probe {
    struct write w;
    struct arena *arena;
    struct prepared prepared;
    struct item_put_result put;
    int64_t collection;
};

static enum status run_probe(struct write *w, struct tx *tx)
{
    struct probe *p = CONTAINER_OF(w, struct probe, w);
    return tx_item_put(tx, p->arena, &actor_system, p->collection, STR("probe"), &p->prepared, &p->put);
}

static void check_numbers(struct image *im, size_t c)
{
    static const char card[] = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:probe\r\nFN:Probe\r\nEND:VCARD\r\n";
    static const char event[] =
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//check//EN\r\nBEGIN:VEVENT\r\nUID:probe\r\n"
        "DTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    struct prepare_problem problem;
    int64_t account = im->model->accounts[c];
    struct probe p = {.arena = &im->arena, .collection = im->model->collections[c]};
    bool book = c % 3 == 2; /* load.c makes two calendars and a book for each account */
    enum status st = book ? prepare_vcard(im->s, &im->arena, str_c(card), &p.prepared, &problem)
                          : prepare_calendar(im->s, &im->arena, str_c(event), &p.prepared, &problem);
    p.w = (struct write){.run = run_probe, .account = account};
    if (st == OK)
        st = store_run(im->s, &p.w);
    prepared_release(&p.prepared);
    if (st != OK)
        fault(im, "a new item cannot be put: %s", status_text(st));
    int64_t highest = 0;
    for (size_t i = 0; i < im->model->object_count; i++)
        for (size_t k = 0; k < im->model->collection_count; k++)
            if (im->model->accounts[k] == account &&
                model_last(&im->model->objects[i], im->model->collections[k]) > highest)
                highest = model_last(&im->model->objects[i], im->model->collections[k]);
    if (st == OK && p.put.seq <= highest)
        fault(im, "account %lld: number %lld was given before", (long long)account, (long long)p.put.seq);
}

static void check_store(struct image *im, const char *dir, int shards)
{
    SCOPED_BUF(why, 4096);
    struct store_config config = store_config_default(dir);
    config.shards = shards;
    enum status st = store_open(&config, &im->s, &why);
    if (st != OK) {
        fault(im, "does not open: %s: %s", status_text(st), buf_c(&why));
        return;
    }
    size_t findings = 0;
    st = store_check(im->s, true, see_finding, im, &findings);
    if (st != OK)
        fault(im, "store_check: %s", status_text(st));
    im->tx = store_read(im->s);
    check_items(im);
    check_tokens(im);
    store_read_end(im->tx);
    if (im->model->collection_count > 0)
        check_numbers(im, im->number % im->model->collection_count);
    store_close(im->s);
}

/* ---- the images ---- */
static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void take_note(void *ctx, size_t record, const char *p, size_t n)
{
    if (!model_note(ctx, p, n)) {
        fprintf(stderr, "check: record %zu: a note that is not understood: %.*s\n", record, (int)n, p);
        exit(1);
    }
}

static int compare(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

/* Moments in order: image i is taken after record moments[i]. */
static size_t *moments_of(size_t images, uint64_t seed, size_t records)
{
    size_t *moments = calloc(images, sizeof *moments);
    if (!moments)
        abort();
    random_seed(seed + 1);
    for (size_t i = 0; i < images; i++)
        moments[i] = random_u64() % records + 1;
    qsort(moments, images, sizeof *moments, compare);
    random_seed(0);
    return moments;
}

struct options {
    const char *trace, *scratch;
    size_t images;
    uint64_t seed, only;
    int shards;
    enum sync_class without;
};

static size_t check_image(struct disk *d, struct model *m, const struct options *o, uint64_t number,
                          size_t at)
{
    struct image im = {.model = m,
                       .number = number,
                       .at = at,
                       .arena = ARENA_INIT(64 * MB),
                       .quiet = o->without != SYNC_NONE};
    im.seen = calloc(m->object_count + 1, sizeof *im.seen);
    im.reported = calloc(m->object_count + 1, sizeof *im.reported);
    char dir[512];
    snprintf(dir, sizeof dir, "%s/image", o->scratch);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (!im.seen || !im.reported || mkdir(dir, 0700) != 0 ||
        !disk_image(d, o->seed * 1000003 + number, dir)) {
        fprintf(stderr, "check: %s: the image cannot be written\n", dir);
        exit(1);
    }
    check_store(&im, dir, o->shards);
    arena_free(&im.arena);
    free(im.seen);
    free(im.reported);
    return im.faults;
}

static bool parse(int argc, char **argv, struct options *o)
{
    if (argc < 6)
        return false;
    *o = (struct options){.trace = argv[1],
                          .scratch = argv[2],
                          .images = strtoull(argv[3], NULL, 10),
                          .seed = strtoull(argv[4], NULL, 10),
                          .shards = (int)strtol(argv[5], NULL, 10),
                          .only = UINT64_MAX};
    for (int i = 6; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--only") == 0)
            o->only = strtoull(argv[i + 1], NULL, 10);
        for (int c = 1; c < SYNC_CLASSES; c++)
            if (strcmp(argv[i], "--without") == 0 && strcmp(argv[i + 1], sync_class_names[c]) == 0)
                o->without = (enum sync_class)c;
    }
    return o->images > 0;
}

int main(int argc, char **argv)
{
    struct options o;
    if (!parse(argc, argv, &o)) {
        fprintf(stderr, "usage: check TRACE SCRATCH IMAGES SEED SHARDS [--without CLASS] [--only N]\n");
        return 2;
    }
    log_setup(LOG_LEVEL_ERROR, false, o.without != SYNC_NONE ? open("/dev/null", O_WRONLY | O_CLOEXEC) : 2);
    struct disk *d = disk_open(o.trace, o.without);
    if (!d)
        return 1;
    struct model m = {0};
    size_t *moments = moments_of(o.images, o.seed, disk_count(d)), bad = 0, done = 0;
    for (size_t i = 0; i < o.images && !(bad && o.without != SYNC_NONE); i++) {
        disk_advance(d, moments[i], take_note, &m);
        if (o.only != UINT64_MAX && i != o.only)
            continue;
        bad += check_image(d, &m, &o, i, moments[i]) > 0;
        done++;
    }
    printf("%zu images, %zu records, %zu acknowledged, %zu at fault; syncs:", done, disk_count(d),
           m.acknowledged, bad);
    for (int c = 1; c < SYNC_CLASSES; c++)
        printf(" %s %zu", sync_class_names[c], disk_syncs(d, (enum sync_class)c));
    printf("\n");
    model_free(&m);
    disk_close(d);
    free(moments);
    return o.without == SYNC_NONE ? bad > 0 : bad == 0;
}
