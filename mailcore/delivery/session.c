/* mailcore/delivery/session.c: the ops of the SMTP engine: each starts something on a worker and brings its reply back to the loop. */
#include "mailcore/delivery/stage.h"

#include "core/log.h"
#include "core/metrics.h"
#include "mailcore/login.h"

#include <inttypes.h>

enum { TURN_ARENA = 16 << 20 };

struct session { /* at the engine's slot, from a log-in on */
    struct intake *in;
    struct smtp *s;
    int64_t user;
};

static int64_t user_of(struct smtp *s)
{
    const struct session *session = *smtp_slot(s);
    return session ? session->user : 0;
}

static void say(struct smtp *s, int code, const char *enhanced, const char *text)
{
    smtp_resume(s, &(struct smtp_reply){code, enhanced, str_c(text)});
}

static void refuse(struct smtp *s, struct intake *in, enum status st)
{
    struct smtp_reply reply = intake_answer(in, st);
    smtp_resume(s, &reply);
}

/* ---- log-in ---- */
static void logged_in(void *ctx, enum status st, const struct login *who)
{
    struct session *session = ctx;
    struct smtp *s = session->s;
    if (st == OK) {
        session->user = who->actor.id;
        smtp_set_user(s, who->address);
        say(s, 235, NULL, NULL);
    } else if (st == UNAUTHENTICATED || st == DENIED) {
        say(s, 535, "5.7.8", "wrong name or password");
    } else if (st == THROTTLED) {
        say(s, 454, "4.7.0", "too many failed log-ins; try again later");
    } else {
        say(s, 454, "4.7.0", "the log-in cannot be checked just now; try again");
    }
}

static enum status on_verifier(void *ctx, const struct line_peer *peer, struct str user,
                               struct scram_verifier *out)
{
    return mail_verifier(((struct intake *)ctx)->base, peer, user, out);
}

static void on_auth(void *ctx, struct smtp *s, const struct smtp_login *login)
{
    struct intake *in = ctx;
    void **slot = smtp_slot(s);
    if (!*slot)
        *slot = calloc(1, sizeof(struct session));
    struct session *session = *slot;
    if (!session) {
        say(s, 454, "4.7.0", "the log-in cannot be checked just now; try again");
        return;
    }
    *session = (struct session){.in = in, .s = s};
    const struct mail_login in_login = {.protocol = "submission",
                                        .peer = &smtp_client(s)->peer,
                                        .authorize = login->authorize,
                                        .user = login->user,
                                        .password = login->password,
                                        .proof = login->proof};
    mail_login(in->base, smtp_engine(s)->loop, &in_login, logged_in, session);
}

static void on_end(void *ctx, struct smtp *s)
{
    (void)ctx;
    free(*smtp_slot(s));
    *smtp_slot(s) = NULL;
}

/* ---- MAIL and RCPT ---- */
static void turn_back(struct loop_post *p)
{
    struct turn *t = CONTAINER_OF(p, struct turn, post);
    struct smtp *s = t->s;
    struct smtp_reply reply = t->reply;
    arena_free(&t->arena);
    settings_drop(t->conf);
    free(t);
    smtp_resume(s, &reply);
}

static void turn_run(struct job *job)
{
    struct turn *t = CONTAINER_OF(job, struct turn, job);
    if (t->recipient)
        stages_recipient(t);
    else
        stages_sender(t);
    loop_post(smtp_engine(t->s)->loop, &t->post);
}

static void start_turn(struct intake *in, struct smtp *s, struct smtp_recipient *r)
{
    struct turn *t = calloc(1, sizeof *t);
    if (!t) {
        refuse(s, in, E_MEMORY);
        return;
    }
    *t = (struct turn){.job.fn = turn_run,
                       .post.fn = turn_back,
                       .in = in,
                       .conf = settings_take(in),
                       .s = s,
                       .recipient = r,
                       .user = user_of(s),
                       .arena = ARENA_INIT(TURN_ARENA)};
    enum status st = worker_submit(in->base->pool, &t->job);
    if (st != OK) {
        settings_drop(t->conf);
        free(t);
        refuse(s, in, st);
    }
}

static void on_mail(void *ctx, struct smtp *s)
{
    if (smtp_client(s)->role == SMTP_ROLE_LMTP)
        say(s, 250, NULL, NULL);
    else
        start_turn(ctx, s, NULL);
}

static void on_rcpt(void *ctx, struct smtp *s, struct smtp_recipient *r)
{
    start_turn(ctx, s, r);
}

/* ---- the message ---- */
static void answer(struct delivery *d)
{
    enum status st = delivery_status(d, SIZE_MAX);
    struct smtp_reply reply = answer_of(d->conf, st);
    SCOPED_BUF(text, 64);
    if (d->role != SMTP_ROLE_LMTP && st == OK) {
        buf_addf(&text, "taken over as %016" PRIx64, d->message.id);
        reply = (struct smtp_reply){250, "2.0.0", buf_view(&text)};
    }
    for (size_t i = 0; d->role == SMTP_ROLE_LMTP && d->st == OK && i < d->wanted_count; i++) {
        struct smtp_reply one = answer_of(d->conf, delivery_status(d, i));
        smtp_answer(d->s, i, one.code, one.enhanced, one.text);
    }
    struct smtp *s = d->s;
    metrics_add(reply.code / 100 == 2 ? METRIC_MAIL_RECEIVED : METRIC_MAIL_REFUSED, 1);
    if (d->st == OK)
        delivery_warn(d);
    delivery_free(d);
    smtp_resume(s, &reply);
}

static void notified(struct loop_post *p)
{
    answer(CONTAINER_OF(p, struct delivery, post));
}

static void notify(struct job *job)
{
    struct delivery *d = CONTAINER_OF(job, struct delivery, job);
    notice_send(d);
    loop_post(smtp_engine(d->s)->loop, &d->post);
}

static void message_back(struct loop_post *p)
{
    struct delivery *d = CONTAINER_OF(p, struct delivery, post);
    if (notice_wanted(d)) { /* on disk, too, before the answer */
        d->job.fn = notify;
        d->post.fn = notified;
        if (worker_submit(d->in->base->pool, &d->job) == OK)
            return;
        log_warning("mail: a sender cannot be told that his mail was delivered: too much is under way");
    }
    answer(d);
}

static void message_end(struct delivery *d)
{
    loop_post(smtp_engine(d->s)->loop, &d->post);
}

static struct rcpt_opts opts_of(struct arena *a, const struct smtp_recipient *r)
{
    struct rcpt_opts o = {.notify = r->notify};
    if (r->orcpt.p)
        o.orcpt = arena_strf(a, "%.*s;%.*s", STR_ARG(r->orcpt_type), STR_ARG(r->orcpt));
    return o;
}

/* The envelope is the engine's, which changes nothing while it waits. */
static void fill(struct delivery *d, struct smtp *s, const struct smtp_message *m)
{
    const struct smtp_envelope *e = smtp_envelope(s);
    bool eight = m->eight_bit && e->body == SMTP_BODY_7BIT;
    d->s = s;
    d->message = *m;
    d->post.fn = message_back;
    d->end = message_end;
    d->role = smtp_client(s)->role;
    d->user = user_of(s);
    d->sender = e->sender;
    d->envelope = (struct envelope_opts){.body = eight ? SMTP_BODY_8BITMIME : e->body,
                                         .ret = e->ret,
                                         .envid = e->envid,
                                         .utf8 = e->utf8,
                                         .require_tls = e->require_tls};
    d->wanted = ARENA_ARRAY(&d->arena, struct wanted, e->count);
    d->wanted_count = d->wanted ? e->count : 0;
    for (size_t i = 0; i < d->wanted_count; i++)
        d->wanted[i] = (struct wanted){
            .path = e->recipient[i].path, .opts = opts_of(&d->arena, &e->recipient[i]), .target = NO_TARGET};
}

static void on_message(void *ctx, struct smtp *s, const struct smtp_message *message)
{
    struct intake *in = ctx;
    struct delivery *d = delivery_new(in);
    if (!d) {
        refuse(s, in, E_MEMORY);
        return;
    }
    fill(d, s, message);
    enum status st = delivery_start(d);
    if (st != OK)
        refuse(s, in, st);
}

const struct smtp_ops intake_ops = {.auth = on_auth,
                                    .mail = on_mail,
                                    .rcpt = on_rcpt,
                                    .message = on_message,
                                    .end = on_end,
                                    .verifier = on_verifier};
