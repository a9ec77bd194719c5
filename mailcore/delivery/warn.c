/* mailcore/delivery/warn.c: the mail that tells users that their quota is nearly used up, when a mail passed one of the marks. */
#include "core/clock.h"
#include "core/log.h"
#include "formats/maildate.h"
#include "mailcore/delivery/inside.h"

#include <inttypes.h>

enum { ARENA_MOST = 1 << 20, MOST = 1000 };

struct warning { /* of one delivery */
    struct job job;
    struct intake *in;
    struct intake_settings *conf;
    size_t count;
    int64_t accounts[];
};

struct words { /* the percentage stands behind `subject` and `uses`, megabytes behind `space` and `of` */
    const char *subject, *uses, *space, *of, *end;
};
static const struct words english = {
    "Your mailbox is nearly full: ", "Your account uses ", " % of its space (", " of ",
    " MB).\r\nWhen it is full, no more mail can be delivered to you: delete what you do not need.\r\n"};
static const struct words italian = {"La tua casella si sta riempiendo: ", "Il tuo account usa il ",
                                     " % dello spazio (", " di ",
                                     " MB).\r\nQuando sar\xc3\xa0 pieno non potrai pi\xc3\xb9 ricevere "
                                     "posta: elimina quello che non ti serve.\r\n"};

static void write_mail(struct buf *out, const struct warning *w, const struct principal *p,
                       const struct account *a)
{
    const struct words *say = str_casestarts(p->lang, STR("it")) ? &italian : &english;
    struct str domain = path_of(p->address).domain;
    int64_t now = clock_now(), percent = a->quota >= 100 ? a->used_bytes / (a->quota / 100) : 100;
    buf_addf(out, "From: <postmaster@%.*s>\r\nTo: <%.*s>\r\nSubject: ", STR_ARG(domain), STR_ARG(p->address));
    buf_addf(out, "%s%" PRId64 " %%\r\nDate: ", say->subject, percent);
    maildate_write(out, (struct maildate){.at = now});
    buf_addf(out, "\r\nMessage-ID: <%" PRIx64 ".%016" PRIx64 "@%.*s>\r\n", (uint64_t)now, random_u64(),
             STR_ARG(w->conf->hostname));
    buf_addz(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                  "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
    buf_addf(out, "%s%" PRId64 "%s%" PRId64 "%s%" PRId64 "%s", say->uses, percent, say->space,
             a->used_bytes >> 20, say->of, a->quota >> 20, say->end);
}

static enum status warn_one(const struct warning *w, size_t n)
{
    SCOPED_ARENA(a, ARENA_MOST);
    SCOPED_BUF(text, 16384);
    struct principal p;
    struct account account;
    {
        SCOPED_READ(tx, w->in->base->store);
        enum status st = tx ? principal_get(tx, &a, w->accounts[n], &p) : E_MEMORY;
        if (st == OK)
            st = account_get(tx, p.id, &account);
        if (st != OK)
            return st;
    }
    write_mail(&text, w, &p, &account);
    const struct parcel parcel = {
        .sender = STR(""), .address = p.address, .text = buf_view(&text), .local_only = true};
    return text.st == OK ? intake_deliver(w->in, &parcel) : text.st;
}

static void warn_all(struct job *job)
{
    struct warning *w = CONTAINER_OF(job, struct warning, job);
    for (size_t i = 0; i < w->count; i++) {
        enum status st = warn_one(w, i);
        if (st < 0)
            log_error("mail: a quota warning cannot be delivered: %s", status_text(st));
    }
    settings_drop(w->conf);
    free(w);
}

void delivery_warn(const struct delivery *d)
{
    size_t count = 0;
    for (size_t i = 0; i < d->targets.count && count < MOST; i++)
        count += d->targets.at[i].warn && d->targets.at[i].status == OK;
    if (!count)
        return;
    struct warning *w = calloc(1, sizeof *w + count * sizeof *w->accounts);
    if (!w)
        return;
    w->job.fn = warn_all;
    w->in = d->in;
    w->conf = settings_take(d->in);
    for (size_t i = 0; w->count < count && i < d->targets.count; i++)
        if (d->targets.at[i].warn && d->targets.at[i].status == OK)
            w->accounts[w->count++] = d->targets.at[i].account;
    if (worker_submit(d->in->base->pool, &w->job) != OK) {
        settings_drop(w->conf);
        free(w);
    }
}
