/* mailcore/login.c: the cache of the directory is asked in place, a hash is computed on a worker. */
#include "mailcore/login.h"

#include "core/log.h"
#include "core/metrics.h"

enum { ARENA_MOST = 1 << 20, LOGGED = 256 };

struct attempt {
    struct job job;
    struct loop_post post;
    const struct mail_base *base;
    struct loop *loop;
    const char *protocol;
    struct auth_request request; /* strings in the arena */
    struct sasl_proof proof;
    struct login who;
    enum status st;
    struct arena arena;
    mail_login_fn fn;
    void *ctx;
};

static void forget(struct attempt *t)
{
    if (t->request.password.n)
        explicit_bzero((char *)(uintptr_t)t->request.password.p, t->request.password.n);
    explicit_bzero(&t->proof, sizeof t->proof);
    arena_free(&t->arena);
    free(t);
}

static void note(const struct attempt *t)
{
    if (t->st == OK)
        return;
    const struct log_field fields[] = {{"user", str_slice(t->request.user, 0, LOGGED)},
                                       {"peer", t->request.peer},
                                       {"protocol", str_c(t->protocol)}};
    if (t->st < 0) {
        log_error("%s: log-in of %.*s: %s", t->protocol, STR_ARG(str_slice(t->request.user, 0, LOGGED)),
                  status_text(t->st));
    } else if (t->st == THROTTLED) {
        metrics_add(METRIC_LOGINS_THROTTLED, 1);
    } else {
        metrics_add(METRIC_LOGINS_FAILED, 1);
        log_event(LOG_LEVEL_WARNING, "login-failed", fields, COUNT_OF(fields));
    }
}

static void finish(struct attempt *t)
{
    note(t);
    if (t->st == DENIED) /* disabled, or of another scope: not to be told apart */
        t->st = UNAUTHENTICATED;
    t->fn(t->ctx, t->st, &t->who);
    forget(t);
}

static void back(struct loop_post *p)
{
    finish(CONTAINER_OF(p, struct attempt, post));
}

static void verify(struct job *job)
{
    struct attempt *t = CONTAINER_OF(job, struct attempt, job);
    t->st = t->proof.given ? auth_scram_end(t->base->dir, &t->request, &t->proof.judged, t->proof.good,
                                            &t->arena, &t->who)
                           : auth_verify(t->base->dir, &t->request, &t->arena, &t->who);
    metrics_add(METRIC_LOGINS, 1);
    loop_post(t->loop, &t->post);
}

enum status mail_verifier(const struct mail_base *base, const struct line_peer *peer, struct str user,
                          struct scram_verifier *out)
{
    SCOPED_ARENA(a, ARENA_MOST);
    SCOPED_BUF(address, 128);
    if (!user.p)
        return auth_scram_ready(base->dir) ? OK : UNSUPPORTED;
    net_text(&address, &peer->address);
    const struct auth_request req = {
        .user = user, .peer = buf_view(&address), .scope = SCOPE_MAIL, .secure = true};
    return auth_scram_find(base->dir, &req, &a, out);
}

/* As the directory knows it: a master user writes "USER*MASTER". */
static struct str user_of(struct arena *a, const struct mail_login *in)
{
    if (!in->authorize.n || str_eq(in->authorize, in->user))
        return arena_str(a, in->user);
    return arena_strf(a, "%.*s*%.*s", STR_ARG(in->authorize), STR_ARG(in->user));
}

static enum status copy(struct attempt *t, const struct mail_login *in)
{
    SCOPED_BUF(peer, 128);
    net_text(&peer, &in->peer->address);
    t->request = (struct auth_request){.user = user_of(&t->arena, in),
                                       .password = arena_str(&t->arena, in->password),
                                       .peer = arena_str(&t->arena, buf_view(&peer)),
                                       .scope = SCOPE_MAIL,
                                       .secure = true,
                                       .honours_read_only = in->read_only};
    return t->arena.st;
}

void mail_login(const struct mail_base *base, struct loop *loop, const struct mail_login *in,
                mail_login_fn fn, void *ctx)
{
    struct attempt *t = calloc(1, sizeof *t);
    if (!t) {
        fn(ctx, E_MEMORY, NULL);
        return;
    }
    *t = (struct attempt){.job.fn = verify,
                          .post.fn = back,
                          .base = base,
                          .loop = loop,
                          .protocol = in->protocol,
                          .arena = ARENA_INIT(ARENA_MOST),
                          .fn = fn,
                          .ctx = ctx};
    bool decided = false;
    t->st = copy(t, in);
    if (in->proof)
        t->proof = *in->proof;
    if (t->st == OK && !t->proof.given)
        t->st = auth_try(base->dir, &t->request, &t->arena, &t->who, &decided);
    else
        decided = t->st != OK;
    if (t->st == OK && decided)
        metrics_add(METRIC_LOGINS_CACHED, 1);
    if (!decided) {
        enum status st = worker_submit(base->pool, &t->job);
        if (st == OK)
            return; /* from here on the attempt is the worker's, and may be over already */
        t->st = st;
    }
    finish(t);
}
