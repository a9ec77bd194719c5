/* tests/simulation/phones.c: four phones and a CalDAV and CardDAV client change one account; connections are cut, the server is killed, phones
 * forget; then everybody syncs in peace, and all sides must hold the same, nothing lost, nothing twice.
 *
 *   phones [-v] [-d DIR] [-n COUNT] [-j JOBS] SEED   COUNT seeds from SEED on; -v tells every step, -d keeps every message in DIR
 *                                                    (tests/lib/syncml_wire.py FILE... shows them)
 *
 * Everything follows from the seed: a seed that fails fails again. */
#include "tests/simulation/model.h"
#include "tests/simulation/phone.h"
#include "tests/simulation/server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PHONES = 4, STEPS = 160, QUIET_ROUNDS = 10, LISTED = 1024, JOBS = 64 };

struct figures {
    unsigned long seeds, failed, messages, sessions, cuts, deaths, slow, resumed, edits;
};

struct sim {
    uint64_t seed, random;
    bool verbose;
    const char *dump;
    struct server server;
    struct phone phones[PHONES];
    struct model model;
    struct figures figures;
    char why[640];
};

/* ---- chance ---- */

static uint64_t draw(struct sim *s) /* splitmix64 */
{
    uint64_t z = s->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}
static unsigned below(struct sim *s, unsigned n)
{
    return (unsigned)(draw(s) % n);
}
static bool chance(struct sim *s, unsigned percent)
{
    return below(s, 100) < percent;
}

/* ---- telling ---- */

__attribute__((format(printf, 2, 3))) static void tell(struct sim *s, const char *format, ...)
{
    va_list args;
    if (!s->verbose)
        return;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

__attribute__((format(printf, 2, 3))) static void wrong(struct sim *s, const char *format, ...)
{
    va_list args;
    if (s->why[0])
        return;
    va_start(args, format);
    vsnprintf(s->why, sizeof s->why, format, args);
    va_end(args);
}

/* ---- the CalDAV and CardDAV client ---- */

struct listed {
    char name[256], uid[256];
    struct sample content;
    bool spoilt;
};

static void find_uid(struct str body, char out[256])
{
    size_t at = str_find(body, STR("\nUID:"), 0);
    struct str rest = at == SIZE_MAX ? STR("") : str_from(body, at + 5), uid = STR("");
    str_split(&rest, '\n', &uid);
    snprintf(out, 256, "%.*s", STR_ARG(str_trim(uid)));
}

/* Items of a collection as the store has them; how many. */
static size_t list(struct sim *s, enum db db, struct listed *out)
{
    SCOPED_BUF(answer, 64 << 20);
    struct str rest, line, name, size;
    size_t count = 0;
    uint64_t n;
    if (server_call(&s->server, SERVER_LIST, str_c(sample_db(db)), STR(""), 0, &answer) != 200)
        abort();
    rest = buf_view(&answer);
    while (rest.n && str_split(&rest, '\n', &line) && count < LISTED) {
        size_t space = str_chr(line, ' ', 0);
        name = str_slice(line, 0, space);
        size = str_from(line, space + 1);
        if (space == SIZE_MAX || !str_u64(size, &n))
            abort();
        struct listed *l = &out[count++];
        snprintf(l->name, sizeof l->name, "%.*s", STR_ARG(name));
        find_uid(str_slice(rest, 0, n), l->uid);
        l->spoilt = !sample_read(str_slice(rest, 0, n), db, &l->content);
        if (l->spoilt)
            wrong(s, "the server's %s %s is spoilt: %.*s", sample_db(db), l->name, (int)n, rest.p);
        rest = str_from(rest, n);
    }
    return count;
}

static void dav(struct sim *s, const char *method, enum db db, const char *name, const char *uid,
                const struct sample *c)
{
    SCOPED_BUF(text, 1 << 20);
    SCOPED_BUF(answer, 1 << 20);
    buf_addf(&text, "%s /dav/%s/%s/%s/%s\n", method, db == DB_CONTACTS ? "addressbooks" : "calendars",
             SERVER_USER, sample_db(db), name);
    if (c)
        buf_addf(&text, "Content-Type: %s; charset=utf-8\n", sample_type(db, true));
    buf_addz(&text, "\n");
    if (c)
        sample_write(&text, db, true, uid, c);
    int status = server_call(&s->server, SERVER_DAV, STR(""), buf_view(&text), 0, &answer);
    if (status / 100 != 2)
        wrong(s, "%s %s over DAV: %d %.*s", method, name, status, (int)answer.n, buf_c(&answer));
}

/* A phone tells all that it has, and may have yet to tell of what is deleted now: with its anchor gone, that makes it again. */
static bool slow_goes_on(const struct sim *s, enum db db)
{
    for (int i = 0; i < PHONES; i++)
        if (s->phones[i].state == PHONE_GOES_ON && s->phones[i].mode[db] == 201)
            return true;
    return false;
}

/* The stored object with another content: the client changes two fields and keeps the rest. Here UID alone is the rest. */
static void dav_edit(struct sim *s)
{
    enum db db = (enum db)below(s, DB_COUNT);
    struct listed *items = calloc(LISTED, sizeof *items);
    size_t n = list(s, db, items);
    unsigned what = below(s, 100);
    char name[300];
    s->figures.edits++;
    if (n == 0 || what < 35) {
        struct sample c = model_create(&s->model, db);
        snprintf(name, sizeof name, "d%d.%s", c.tag, db == DB_CONTACTS ? "vcf" : "ics");
        tell(s, "DAV makes T%d in %s", c.tag, sample_db(db));
        dav(s, "PUT", db, name, name, &c);
    } else {
        struct listed *l = &items[below(s, (unsigned)n)];
        if (what < 75) {
            unsigned fields = 1 + below(s, 3);
            struct sample before = l->content;
            model_edit(&s->model, &l->content, fields & 1, fields & 2, false, false);
            tell(s, "DAV changes T%d (e%d e%d) to e%d e%d", before.tag, before.note, before.numbers[0],
                 l->content.note, l->content.numbers[0]);
            dav(s, "PUT", db, l->name, l->uid, &l->content);
        } else {
            model_delete(&s->model, &l->content, slow_goes_on(s, db));
            tell(s, "DAV deletes T%d", l->content.tag);
            dav(s, "DELETE", db, l->name, NULL, NULL);
        }
    }
    free(items);
}

/* ---- the phones' users ---- */

static void user_edit(struct sim *s, struct phone *p)
{
    enum db db = (enum db)below(s, DB_COUNT);
    struct phone_store *store = &p->stores[db];
    unsigned what = below(s, 100);
    s->figures.edits++;
    if (store->count == 0 || what < 35) {
        struct sample c = model_create(&s->model, db);
        struct phone_item *item = phone_add(p, db, &c);
        tell(s, "%s makes T%d in %s (%s)", p->devid, c.tag, sample_db(db), item ? item->luid : "full");
        return;
    }
    struct phone_item *item = &store->items[below(s, (unsigned)store->count)];
    if (what < 75) {
        unsigned fields = 1 + below(s, 3);
        struct sample c = item->content;
        model_edit(&s->model, &c, fields & 1, fields & 2, item->orphan, item->unsure);
        tell(s, "%s changes T%d (%s, e%d e%d) to e%d e%d", p->devid, c.tag, item->luid, item->content.note,
             item->content.numbers[0], c.note, c.numbers[0]);
        phone_change(p, db, item, &c);
    } else {
        model_delete(&s->model, &item->content, item->unsure || slow_goes_on(s, db));
        tell(s, "%s deletes T%d (%s)", p->devid, item->content.tag, item->luid);
        phone_delete(p, db, item);
    }
}

/* ---- messages and what happens to them ---- */

enum cut {
    CUT_NONE,
    CUT_LOST,
    CUT_ANSWER,
    CUT_RESENT,
    CUT_KILL_BEFORE,
    CUT_KILL_AFTER,
    CUT_KILL_INSIDE,
    CUT_FORGOTTEN,
    CUT_SUSPEND,
    CUT_COUNT
};
static const char *const cut_names[CUT_COUNT] = {
    [CUT_NONE] = "",
    [CUT_LOST] = "is lost on its way",
    [CUT_ANSWER] = "is handled, the answer is lost",
    [CUT_RESENT] = "is handled, the answer is lost, it is sent again",
    [CUT_KILL_BEFORE] = "finds the server dead",
    [CUT_KILL_AFTER] = "is handled, then the server dies",
    [CUT_KILL_INSIDE] = "kills the server in the middle of it",
    [CUT_FORGOTTEN] = "finds a server that knows no session",
    [CUT_SUSPEND] = "suspends the session",
};

static void dump(struct sim *s, const struct phone *p, const char *what, const struct buf *message)
{
    char name[512];
    if (!s->dump)
        return;
    snprintf(name, sizeof name, "%s/%04lu-%s-%s", s->dump, s->figures.messages, p->devid, what);
    FILE *f = fopen(name, "w");
    if (!f || fwrite(message->p, 1, message->n, f) != message->n || fclose(f) != 0)
        wrong(s, "%s cannot be written", name);
}

static int post(struct sim *s, struct phone *p, unsigned die_at, struct buf *answer)
{
    buf_clear(answer);
    dump(s, p, "sent", &p->out);
    int status = server_call(&s->server, SERVER_SYNCML, str_c(p->query), buf_view(&p->out), die_at, answer);
    if (answer->n)
        dump(s, p, "received", answer);
    return status;
}

static void restart(struct sim *s)
{
    s->figures.deaths++;
    server_kill(&s->server);
    server_start(&s->server);
    for (int i = 0; i < PHONES; i++) /* the nonces of devices that it never knew are gone with it */
        s->phones[i].attempts = 0;
}

static void find_orphans(struct sim *s, struct phone *p)
{
    for (enum db db = 0; db < DB_COUNT; db++) {
        struct phone_store *store = &p->stores[db];
        for (size_t i = 0; i < store->count; i++)
            if (store->items[i].orphan && store->items[i].pending != CLEAN)
                model_orphan(&s->model, &store->items[i].content);
    }
}

/* The next message of the phone's session, and its fate. */
static void message(struct sim *s, struct phone *p, enum cut cut)
{
    SCOPED_BUF(answer, 1 << 20);
    unsigned long slow = p->slow;
    int status = 0;
    s->figures.messages++;
    s->figures.cuts += cut != CUT_NONE;
    p->suspend = cut == CUT_SUSPEND;
    phone_compose(p);
    tell(s, "%s: message %ld of session %d %s", p->devid, p->msg, p->sessions, cut_names[cut]);
    if (cut == CUT_KILL_BEFORE || cut == CUT_FORGOTTEN)
        restart(s);
    if (cut != CUT_LOST && cut != CUT_KILL_BEFORE)
        status = post(s, p, cut == CUT_KILL_INSIDE ? 1 + below(s, 14) : 0, &answer);
    if (cut == CUT_RESENT)
        status = post(s, p, 0, &answer);
    if (cut == CUT_KILL_AFTER || (cut == CUT_KILL_INSIDE && status == 0))
        restart(s);
    bool comes =
        cut == CUT_NONE || cut == CUT_RESENT || cut == CUT_SUSPEND || (cut == CUT_KILL_INSIDE && status != 0);
    if (comes)
        phone_take(p, status, buf_view(&answer));
    else
        phone_cut(p);
    if (p->slow != slow)
        model_slow(&s->model);
    find_orphans(s, p);
    if (p->state == PHONE_OVER)
        tell(s, "%s: the session is over", p->devid);
    if (p->state == PHONE_DONE)
        tell(s, "%s: the session ended well", p->devid);
    if (p->fault[0])
        wrong(s, "%s", p->fault);
}

/* A phone begins a session, or goes on with it, or its user does something. */
static void phone_moves(struct sim *s)
{
    struct phone *p = &s->phones[below(s, PHONES)];
    if (p->state == PHONE_GOES_ON) {
        unsigned messages = 1 + below(s, 4);
        while (messages-- && p->state == PHONE_GOES_ON && !s->why[0])
            message(s, p, chance(s, 9) ? (enum cut)(1 + below(s, CUT_COUNT - 1)) : CUT_NONE);
        return;
    }
    if (chance(s, 45)) {
        for (unsigned n = 1 + below(s, 4); n; n--)
            user_edit(s, p);
        return;
    }
    if (chance(s, 4)) {
        tell(s, "%s forgets its sync settings", p->devid);
        phone_forget(p);
        find_orphans(s, p);
        model_slow(&s->model);
    }
    s->figures.sessions++;
    phone_begin(p, chance(s, 50));
    tell(s, "%s begins session %d%s", p->devid, p->sessions, p->resuming ? " and wants to resume" : "");
}

/* ---- in peace ---- */

static void whole_session(struct sim *s, struct phone *p)
{
    s->figures.sessions++;
    phone_begin(p, false);
    tell(s, "%s begins session %d in peace", p->devid, p->sessions);
    for (int n = 0; p->state == PHONE_GOES_ON && !s->why[0]; n++) {
        message(s, p, CUT_NONE);
        if (n == 500)
            wrong(s, "%s: a session of 500 messages", p->devid);
    }
    if (p->state != PHONE_DONE)
        wrong(s, "%s: session %d did not end well", p->devid, p->sessions);
}

/* Until nobody has anything to say: that must come soon. */
static void settle(struct sim *s)
{
    for (int round = 0; round < QUIET_ROUNDS && !s->why[0]; round++) {
        bool quiet = true;
        for (int i = 0; i < PHONES && !s->why[0]; i++) {
            struct phone *p = &s->phones[i];
            unsigned long received = p->received, slow = p->slow;
            bool own = false;
            for (enum db db = 0; db < DB_COUNT; db++) {
                own = own || p->stores[db].deleted_count || !p->stores[db].last;
                for (size_t k = 0; k < p->stores[db].count; k++)
                    own = own || p->stores[db].items[k].pending != CLEAN;
            }
            whole_session(s, p);
            quiet = quiet && !own && p->received == received && p->slow == slow;
        }
        if (quiet && round > 0)
            return;
    }
    wrong(s, "the phones do not come to rest");
}

/* The first of those that are not among the others; NULL: none. */
static const struct sample *odd_one(const struct sample *a, size_t n, const struct sample *b, size_t m)
{
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < m && memcmp(&a[i], &b[k], sizeof a[i]) != 0)
            k++;
        if (k == m)
            return &a[i];
    }
    return NULL;
}

static void judge(struct sim *s)
{
    struct listed *items = calloc(LISTED, sizeof *items);
    struct sample *at_server = calloc(LISTED, sizeof *at_server), at_phone[PHONE_ITEMS] = {0};
    for (enum db db = 0; db < DB_COUNT && !s->why[0]; db++) {
        char why[512];
        size_t n = list(s, db, items);
        for (size_t i = 0; i < n; i++)
            at_server[i] = items[i].content;
        if (!model_holds(&s->model, "the server", db, at_server, n, why))
            wrong(s, "%s", why);
        for (int i = 0; i < PHONES; i++) {
            struct phone_store *store = &s->phones[i].stores[db];
            for (size_t k = 0; k < store->count; k++)
                at_phone[k] = store->items[k].content;
            if (!model_holds(&s->model, s->phones[i].devid, db, at_phone, store->count, why))
                wrong(s, "%s", why);
            const struct sample *odd = odd_one(at_server, n, at_phone, store->count);
            odd = odd ? odd : odd_one(at_phone, store->count, at_server, n);
            if (odd || n != store->count)
                wrong(s, "%s holds other %s than the server (%zu, %zu): T%d e%d e%d", s->phones[i].devid,
                      sample_db(db), store->count, n, odd ? odd->tag : -1, odd ? odd->note : 0,
                      odd ? odd->numbers[0] : 0);
        }
    }
    free(at_server);
    free(items);
}

/* ---- a seed ---- */

static void draw_phone(struct sim *s, struct phone *p, const char *devid)
{
    static const long guids[] = {0, 0, 8, 16};
    struct phone_ways w = {.v12 = chance(s, 60),
                           .modern = chance(s, 50),
                           .md5 = chance(s, 60),
                           .forgets_maps = chance(s, 50),
                           .final_always = chance(s, 15),
                           .asks_always = chance(s, 20),
                           .adds_in_slow = chance(s, 40),
                           .at_once = chance(s, 15),
                           .no_item_statuses = chance(s, 10),
                           .max_in = 2048 + below(s, 8000),
                           .max_out = 2500 + below(s, 9000),
                           .max_guid = guids[below(s, 4)]};
    /* Final ends a package (SyncML Representation Protocol, Final): a phone that says it in every message has each package in one message. */
    if (w.final_always)
        w.max_out = 200000;
    phone_init(p, devid, SERVER_USER, s->server.password, &w);
    tell(s, "%s: %s %s %s%s%s%s%s%s%s%s max_in %ld max_out %ld max_guid %ld", devid, w.v12 ? "1.2" : "1.1",
         w.modern ? "3.0/2.0" : "2.1/1.0", w.md5 ? "md5" : "basic", w.forgets_maps ? " forgets_maps" : "",
         w.final_always ? " final_always" : "", w.asks_always ? " asks_always" : "",
         w.adds_in_slow ? " adds_in_slow" : "", w.at_once ? " at_once" : "",
         w.no_item_statuses ? " no_item_statuses" : "", "", w.max_in, w.max_out, w.max_guid);
}

static bool run_seed(struct sim *s, uint64_t seed)
{
    static const char *const names[PHONES] = {"phone-a", "phone-b", "phone-c", "phone-d"};
    s->seed = s->random = seed;
    s->why[0] = '\0';
    memset(&s->model, 0, sizeof s->model);
    server_create(&s->server);
    for (int i = 0; i < PHONES; i++)
        draw_phone(s, &s->phones[i], names[i]);
    for (int i = 0; i < STEPS && !s->why[0]; i++) {
        if (chance(s, 15))
            dav_edit(s);
        else
            phone_moves(s);
    }
    for (int i = 0; i < PHONES; i++)
        if (s->phones[i].state == PHONE_GOES_ON)
            phone_cut(&s->phones[i]);
    if (!s->why[0])
        settle(s);
    if (!s->why[0])
        judge(s);
    server_stop(&s->server);
    for (int i = 0; i < PHONES; i++) {
        s->figures.slow += s->phones[i].slow;
        s->figures.resumed += s->phones[i].resumed;
        phone_free(&s->phones[i]);
    }
    s->figures.seeds++;
    return !s->why[0];
}

/* Seeds first, first + jobs, ...: one process. */
struct job {
    uint64_t first, end, step;
    bool verbose;
    const char *dump, *program;
    uint64_t *now; /* the seed in hand, shared with the parent: whose process died there is told */
};

static struct figures run_job(const struct job *job)
{
    struct sim *s = calloc(1, sizeof *s);
    s->verbose = job->verbose;
    s->dump = job->dump;
    for (uint64_t seed = job->first; seed < job->end && s->figures.failed < 5; seed += job->step) {
        *job->now = seed;
        if (run_seed(s, seed))
            continue;
        s->figures.failed++;
        printf("seed %llu: %s\n    again: %s -v %llu\n", (unsigned long long)seed, s->why, job->program,
               (unsigned long long)seed);
        fflush(stdout);
    }
    struct figures f = s->figures;
    server_remove(&s->server);
    free(s);
    return f;
}

static void add(struct figures *sum, const struct figures *f)
{
    const unsigned long *from = (const unsigned long *)f;
    unsigned long *to = (unsigned long *)sum;
    for (size_t i = 0; i < sizeof *f / sizeof *from; i++)
        to[i] += from[i];
}

/* The jobs side by side; each tells its figures through a pipe. */
static struct figures run_jobs(struct job job, uint64_t jobs)
{
    int ends[JOBS][2];
    struct figures sum = {0}, f;
    uint64_t *now = mmap(NULL, jobs * sizeof *now, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (now == MAP_FAILED)
        abort();
    for (uint64_t i = 0; i < jobs; i++, job.first++) {
        job.now = now + i;
        if (pipe(ends[i]) != 0)
            abort();
        fflush(NULL);
        if (fork() != 0)
            continue;
        f = run_job(&job);
        _exit(write(ends[i][1], &f, sizeof f) == sizeof f ? 0 : 1);
    }
    for (uint64_t i = 0; i < jobs; i++) {
        close(ends[i][1]);
        if (read(ends[i][0], &f, sizeof f) == sizeof f)
            add(&sum, &f);
        else {
            sum.seeds++;
            sum.failed++;
            printf("seed %llu: the simulation died of it\n    again: %s -v %llu\n",
                   (unsigned long long)now[i], job.program, (unsigned long long)now[i]);
        }
        close(ends[i][0]);
        wait(NULL);
    }
    munmap(now, jobs * sizeof *now);
    return sum;
}

int main(int argc, char **argv)
{
    uint64_t count = 1, jobs = 1, seed = 0;
    struct job job = {.program = argv[0]};
    bool good = true;
    for (int c; (c = getopt(argc, argv, "vd:n:j:")) != -1;) {
        if (c == 'v')
            job.verbose = true;
        else if (c == 'd')
            job.dump = optarg;
        else
            good =
                c != '?' && str_u64(str_c(optarg), c == 'n' ? &count : &jobs) && jobs && jobs <= JOBS && good;
    }
    if (!good || optind + 1 != argc || !str_u64(str_c(argv[optind]), &seed)) {
        fprintf(stderr, "usage: %s [-v] [-d DIR] [-n COUNT] [-j JOBS] SEED\n", argv[0]);
        return 2;
    }
    time_t began = time(NULL);
    job.first = seed;
    job.end = seed + count;
    job.step = jobs;
    struct figures f = run_jobs(job, jobs);
    printf("%lu seeds, %lu sessions of %lu messages, %lu cut, %lu deaths of the server, %lu slow syncs, %lu "
           "resumed, %lu edits, %ld s\n",
           f.seeds, f.sessions, f.messages, f.cuts, f.deaths, f.slow, f.resumed, f.edits,
           (long)(time(NULL) - began));
    printf("%lu passed, %lu failed\n", f.seeds - f.failed, f.failed);
    return f.failed || f.seeds != count;
}
