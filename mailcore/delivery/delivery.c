/* mailcore/delivery/delivery.c: the life of one message that comes in: stages on a worker, then the commits (write.c), then its end. */
#include "core/clock.h"
#include "mailcore/delivery/inside.h"

enum { ARENA_MOST = 64 << 20, BEEN_MOST = 100 };

/* ---- stages of a message, in order: what fails ends it; a filter is another row ---- */
/* Head and text as one body, that all recipients share. */
static enum status load_body(struct delivery *d)
{
    if (d->parcel) {
        d->body = BUF_INIT(d->parcel->text.n + 1);
        buf_add(&d->body, d->parcel->text);
        return d->body.st;
    }
    size_t n = (size_t)smtp_spool_size(d->message.text);
    d->body = BUF_INIT(n + d->message.head.n + 1);
    buf_add(&d->body, d->message.head);
    char *to = buf_reserve(&d->body, n + 1);
    if (!to)
        return E_MEMORY;
    enum status st = smtp_spool_read(d->message.text, 0, to, n);
    if (st == OK)
        buf_commit(&d->body, n);
    return st;
}

/* To whom it was delivered already, says its header. */
static enum status read_been(struct delivery *d)
{
    const struct domains *domains = directory_domains(d->in->base->dir);
    struct str rest = str_slice(buf_view(&d->body), 0, header_size(buf_view(&d->body))), *been = NULL;
    struct header_field f;
    size_t cap = 0;
    while (d->been_count < BEEN_MOST && header_next(&rest, &f)) {
        SCOPED_BUF(line, 1024);
        struct str normal;
        if (!str_caseeq(f.name, STR("Delivered-To")))
            continue;
        header_unfold(&line, f.value);
        if (line.st != OK || address_normalise(domains, &d->arena, str_trim(buf_view(&line)), &normal) != OK)
            continue;
        been = arena_grow(&d->arena, been, d->been_count, &cap, d->been_count + 1, sizeof *been);
        if (!been)
            return d->arena.st;
        been[d->been_count++] = normal;
        d->been = been;
    }
    return d->arena.st;
}

bool delivery_been(const struct delivery *d, struct str address)
{
    for (size_t i = 0; i < d->been_count; i++)
        if (str_eq(d->been[i], address))
            return true;
    return false;
}

static enum status prepare(struct delivery *d)
{
    enum status st = prepare_message(d->in->base->store, &d->arena, buf_view(&d->body), &d->prepared);
    d->is_prepared = st == OK;
    return st;
}

/* ---- stages of a target, in order: what answers anything but OK keeps the message from it ---- */
/* A mail that comes back to where it was goes in circles. */
static enum status refuse_circle(struct target *t)
{
    struct delivery *d = t->delivery;
    struct str normal;
    if (t->outside || !d->been_count)
        return OK;
    enum status st = address_normalise(directory_domains(d->in->base->dir), &d->arena, t->to, &normal);
    return st == OK && delivery_been(d, normal) ? GONE : st < 0 ? st : OK;
}

/* What stands in front of its copy only. */
static enum status write_prefix(struct target *t)
{
    struct delivery *d = t->delivery;
    SCOPED_BUF(prefix, 8192);
    struct smtp_path to = path_of(t->to);
    if (t->outside)
        return OK;
    smtp_trace_prefix(&prefix, &d->sender, t->via.p ? &to : &d->wanted[t->rcpt].path);
    if (t->via.p)
        buf_addf(&prefix, "Delivered-To: %.*s\r\n", STR_ARG(t->via));
    t->prefix = arena_str(&d->arena, buf_view(&prefix));
    return t->prefix.p ? prefix.st : E_MEMORY;
}

static const struct {
    const char *name;
    enum status (*fn)(struct target *t);
} target_stages[] = {{"circle", refuse_circle}, {"prefix", write_prefix}};

static enum status judge_targets(struct delivery *d)
{
    for (size_t i = 0; i < d->targets.count; i++) {
        struct target *t = &d->targets.at[i];
        for (size_t k = 0; t->status == OK && k < COUNT_OF(target_stages); k++)
            t->status = target_stages[k].fn(t);
        if (t->status < 0)
            return t->status;
    }
    return OK;
}

static const struct {
    const char *name;
    enum status (*fn)(struct delivery *d);
} stages[] = {{"body", load_body},        {"been", read_been},
              {"prepare", prepare},       {"recipients", delivery_expand},
              {"targets", judge_targets}, {"plan", delivery_plan}};

static void run(struct job *job)
{
    struct delivery *d = CONTAINER_OF(job, struct delivery, job);
    for (size_t i = 0; d->st == OK && i < COUNT_OF(stages); i++)
        d->st = stages[i].fn(d);
    delivery_submit(d);
}

/* ---- what became of it ---- */
static enum status list_status(const struct delivery *d, const struct wanted *w)
{
    for (size_t i = w->first; i < w->end; i++)
        if (d->targets.at[i].status != OK)
            return d->targets.at[i].status;
    return OK;
}

/* A fault first, then what the first recipient got that has none. */
static enum status whole_status(const struct delivery *d)
{
    enum status st = OK;
    for (size_t i = 0; i < d->targets.count; i++) {
        enum status one = d->targets.at[i].status;
        if (one < 0)
            return one;
        st = st == OK ? one : st;
    }
    return st;
}

enum status delivery_status(const struct delivery *d, size_t wanted)
{
    if (d->st != OK)
        return d->st;
    if (wanted == SIZE_MAX)
        return whole_status(d);
    const struct wanted *w = &d->wanted[wanted];
    return w->target == NO_TARGET ? list_status(d, w) : d->targets.at[w->target].status;
}

/* ---- life ---- */
struct delivery *delivery_new(struct intake *in)
{
    struct delivery *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->job.fn = run;
    d->in = in;
    d->conf = settings_take(in);
    d->arena = ARENA_INIT(ARENA_MOST);
    return d;
}

void delivery_free(struct delivery *d)
{
    if (d->is_prepared)
        message_prepared_release(&d->prepared);
    buf_free(&d->body);
    arena_free(&d->arena);
    settings_drop(d->conf);
    free(d);
}

enum status delivery_start(struct delivery *d)
{
    enum status st = d->arena.st;
    if (st == OK)
        st = worker_submit(d->in->base->pool, &d->job);
    if (st != OK)
        delivery_free(d);
    return st;
}

/* ---- parcels ---- */
struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool is_over;
};

static void wake(struct delivery *d)
{
    struct waiting *w = d->end_ctx;
    pthread_mutex_lock(&w->lock);
    w->is_over = true;
    pthread_cond_signal(&w->over);
    pthread_mutex_unlock(&w->lock);
}

static void fill(struct delivery *d, const struct parcel *p)
{
    d->parcel = p;
    d->message.id = random_u64();
    d->sender = p->sender.n ? path_of(p->sender) : (struct smtp_path){STR(""), STR("")};
    d->envelope = p->envelope;
    d->wanted = ARENA_NEW(&d->arena, struct wanted);
    d->wanted_count = d->wanted ? 1 : 0;
    if (d->wanted)
        *d->wanted = (struct wanted){.path = path_of(p->address), .opts = p->opts};
}

enum status intake_deliver(struct intake *in, const struct parcel *p)
{
    struct waiting w = {.lock = PTHREAD_MUTEX_INITIALIZER, .over = PTHREAD_COND_INITIALIZER};
    struct delivery *d = delivery_new(in);
    if (!d)
        return E_MEMORY;
    fill(d, p);
    if (d->arena.st != OK) {
        delivery_free(d);
        return E_MEMORY;
    }
    d->end = wake;
    d->end_ctx = &w;
    run(&d->job); /* here: this is a worker already */
    pthread_mutex_lock(&w.lock);
    while (!w.is_over)
        pthread_cond_wait(&w.over, &w.lock);
    pthread_mutex_unlock(&w.lock);
    enum status st = delivery_status(d, 0);
    delivery_free(d);
    return st;
}
