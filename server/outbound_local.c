/* server/outbound_local.c: mail of the queue for users of here: notifications, and what could not be delivered when it came. By a worker. */
#include "server/outbound_inside.h"

#include "core/log.h"

/* ---- what a status means to one who tries again ---- */
static const struct {
    enum status st;
    enum mail_outcome outcome;
} finals[] = {{OK, MAIL_SENT},          {NOT_FOUND, MAIL_REFUSED}, {INVALID, MAIL_REFUSED},
              {DENIED, MAIL_REFUSED},   {GONE, MAIL_REFUSED},      {UNSUPPORTED, MAIL_REFUSED},
              {TOO_LARGE, MAIL_REFUSED}};

static void answer(struct attempt *a, size_t i, enum status st)
{
    struct smtp_reply reply = intake_answer(a->o->intake, st);
    struct outcome o = {.status = str_c(reply.enhanced ? reply.enhanced : "2.1.5"), .text = reply.text};
    enum mail_outcome outcome = MAIL_LATER;
    for (size_t k = 0; k < COUNT_OF(finals); k++)
        if (finals[k].st == st)
            outcome = finals[k].outcome;
    if (st < 0)
        log_error("mail: queue entry %lld cannot be delivered here: %s", (long long)a->id, status_text(st));
    if (!o.text.n)
        o.text = str_c(status_text(st));
    attempt_result(a, i, outcome, &o);
}

void attempt_deliver(struct job *job)
{
    struct attempt *a = CONTAINER_OF(job, struct attempt, job);
    SCOPED_BUF(text, (size_t)a->size + 1);
    enum status st = attempt_load(a, &text);
    for (size_t i = 0; i < a->count; i++) {
        const struct parcel parcel = {.sender = a->sender,
                                      .address = a->rcpts[i].address,
                                      .opts = a->rcpts[i].opts,
                                      .envelope = a->opts,
                                      .text = buf_view(&text)};
        if (a->rcpts[i].claimed)
            answer(a, i, st != OK ? st : intake_deliver(a->o->intake, &parcel));
    }
    loop_post(a->o->loop, &a->post);
}
