/* server/cmd_import.c: `scambio import`: calendars and cards from files into a user's collections; mail is server/import_mail.c's.
 *
 * The objects of a file go through the writer many at a time (submitted, not waited for one by one), so that thousands take
 * seconds and other accounts' writes come in between. An object is found again by its UID: a second import changes nothing. */
#include "core/clock.h"
#include "server/cmd_store.h"
#include "server/folder.h"
#include "server/import_mail.h"
#include "store/item.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
    IN_FLIGHT = 256,
    FILE_MAX = 1 << 30,
    JOB_ARENA = 64 << 20,
    NAME_MAX_BYTES = 180,
    COMPLAINTS = 20,
    KNOWN_BY = 4096
};

struct import {
    struct command_call *call;
    int64_t account;
    struct collection given;  /* --collection; id 0: the default for the kind, or it is a mailbox */
    struct str named;         /* --collection */
    struct mail_import *mail; /* NULL: there was none yet */
    int64_t targets[4];       /* VEVENT, VTODO, VJOURNAL, cards */
    const char *file;
    size_t added, updated, unchanged, failed;
    size_t bytes, bytes_done; /* of the file, for progress */
    int64_t shown;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    struct job *ready, **ready_tail; /* finished by the store, not yet counted */
    size_t flying;
};

struct job {
    struct write w;
    struct import *im;
    struct job *next;
    struct arena arena;
    struct prepared prepared;
    struct item_put_result put;
    int64_t collection;
    const char *extension;
};

/* ---- one object ---- */
static void name_of(struct job *j, struct buf *name)
{
    struct str uid = j->prepared.uid;
    for (size_t i = 0; i < uid.n && i < NAME_MAX_BYTES; i++) {
        char ch = uid.p[i];
        bool plain =
            ascii_alpha(ch) || ascii_digit(ch) || ch == '-' || ch == '_' || ch == '@' || (ch == '.' && i > 0);
        buf_addc(name, plain ? ch : '_');
    }
    buf_addz(name, j->extension);
}

static enum status run_job(struct write *w, struct tx *tx)
{
    struct job *j = CONTAINER_OF(w, struct job, w);
    struct item there;
    SCOPED_BUF(name, 1024);
    enum status st = item_find_uid(tx, &j->arena, &actor_system, j->collection, j->prepared.uid, &there);
    if (st == OK) {
        buf_add(&name, there.name);
    } else if (st == NOT_FOUND) {
        name_of(j, &name);
        st = item_find(tx, &j->arena, &actor_system, j->collection, buf_view(&name), &there);
        if (st == OK) { /* another object happens to have that name */
            buf_clear(&name);
            buf_hex(&name, str_n(j->prepared.hash, SHA256_SIZE));
            buf_addz(&name, j->extension);
        }
    }
    if (st < 0)
        return st;
    return tx_item_put(tx, &j->arena, &actor_system, j->collection, buf_view(&name), &j->prepared, &j->put);
}

static void job_done(struct write *w)
{
    struct job *j = CONTAINER_OF(w, struct job, w);
    struct import *im = j->im;
    pthread_mutex_lock(&im->lock);
    j->next = NULL;
    *im->ready_tail = j;
    im->ready_tail = &j->next;
    pthread_cond_signal(&im->wake);
    pthread_mutex_unlock(&im->lock);
}

static void complain(struct import *im, struct str uid, struct str why)
{
    if (im->failed++ < COMPLAINTS)
        fail(im->call, "%s: %.*s: %.*s", im->file, STR_ARG(uid), STR_ARG(why));
}

static void job_free(struct job *j)
{
    prepared_release(&j->prepared);
    arena_free(&j->arena);
    free(j);
}

/* ---- many at once ---- */
static void count(struct import *im, struct job *j)
{
    if (j->w.status == E_BUSY) { /* the writer's queue is full: the others first */
        usleep(5000);
        pthread_mutex_lock(&im->lock);
        im->flying++;
        pthread_mutex_unlock(&im->lock);
        store_submit(im->call->store, &j->w);
        return;
    }
    if (j->w.status != OK)
        complain(im, j->prepared.uid,
                 j->w.status == UNSUPPORTED ? STR("the collection does not take this kind")
                                            : str_c(status_text(j->w.status)));
    else if (j->put.unchanged)
        im->unchanged++;
    else if (j->put.created)
        im->added++;
    else
        im->updated++;
    job_free(j);
}

static void progress(struct import *im, bool last)
{
    int64_t now = clock_mono_us();
    if (!im->call->terminal || (!last && now - im->shown < 200000))
        return;
    im->shown = now;
    dprintf(im->call->err, "\r%s: %zu objects, %zu %%%s", im->file,
            im->added + im->updated + im->unchanged + im->failed,
            im->bytes ? im->bytes_done * 100 / im->bytes : 100, last ? "\n" : "");
}

/* Counts what has finished, until at most `limit` are in flight. */
static void settle(struct import *im, size_t limit)
{
    pthread_mutex_lock(&im->lock);
    for (;;) {
        struct job *j = im->ready;
        if (j) {
            im->ready = j->next;
            if (!im->ready)
                im->ready_tail = &im->ready;
            im->flying--;
            pthread_mutex_unlock(&im->lock);
            count(im, j);
            pthread_mutex_lock(&im->lock);
        } else if (im->flying > limit) {
            pthread_cond_wait(&im->wake, &im->lock);
        } else {
            break;
        }
    }
    pthread_mutex_unlock(&im->lock);
    progress(im, false);
}

static void submit(struct import *im, struct job *j)
{
    j->w =
        (struct write){.run = run_job, .done = job_done, .account = im->account, .bytes = j->prepared.body.n};
    pthread_mutex_lock(&im->lock);
    im->flying++;
    pthread_mutex_unlock(&im->lock);
    store_submit(im->call->store, &j->w);
    settle(im, IN_FLIGHT);
}

/* ---- objects of a text ---- */
static int64_t target_of(const struct import *im, const struct prepared *p)
{
    if (im->given.id)
        return im->given.id;
    if (p->media == MEDIA_VCARD)
        return im->targets[3];
    return im->targets[p->kind == ICAL_VTODO ? 1 : p->kind == ICAL_VJOURNAL ? 2 : 0];
}

static enum status import_object(struct import *im, struct str text, bool card)
{
    struct prepare_problem problem = {.text = STR_NONE};
    struct job *j = calloc(1, sizeof *j);
    if (!j)
        return E_MEMORY;
    *j = (struct job){.im = im, .arena = ARENA_INIT(JOB_ARENA), .extension = card ? ".vcf" : ".ics"};
    struct str body = arena_str(&j->arena, text);
    enum status st = card ? prepare_vcard(im->call->store, &j->arena, body, &j->prepared, &problem)
                          : prepare_calendar(im->call->store, &j->arena, body, &j->prepared, &problem);
    j->collection = st == OK ? target_of(im, &j->prepared) : 0;
    if (st == OK && j->collection) {
        submit(im, j);
        return OK;
    }
    struct str why = st == OK         ? STR("no collection for this kind; name one with --collection")
                     : problem.text.p ? problem.text
                                      : str_c(status_text(st));
    if (st >= 0)
        complain(im, j->prepared.uid.p ? j->prepared.uid : STR("an object"), why);
    job_free(j);
    return st < 0 ? st : OK;
}

static enum status calendar_object(void *ctx, struct str uid, struct str text)
{
    (void)uid;
    return import_object(ctx, text, false);
}

/* A card without UID gets one made from its content, so that a second import finds it. */
static enum status card_object(void *ctx, struct str text)
{
    struct import *im = ctx;
    SCOPED_ARENA(a, JOB_ARENA);
    struct vcard *card = NULL;
    struct vcard_info info;
    struct vcard_problem problem;
    const struct vcard_limits *limits = &store_config_of(im->call->store)->vcard;
    bool named =
        vcard_parse(&a, text, limits, &card, &problem) != OK || vcard_check(&a, card, &info, &problem) == OK;
    size_t line = str_chr(text, '\n', 0);
    if (named || line == SIZE_MAX)
        return import_object(im, text, true);
    line = str_chr(text, '\n', line + 1); /* behind VERSION, which 4.0 wants first */
    if (line == SIZE_MAX)
        return import_object(im, text, true);
    unsigned char hash[SHA256_SIZE];
    sha256(text, hash);
    SCOPED_BUF(with, FILE_MAX);
    buf_add(&with, str_slice(text, 0, line + 1));
    buf_addz(&with, "UID:import-");
    buf_hex(&with, str_n(hash, 16));
    buf_addz(&with, "\r\n");
    buf_add(&with, str_from(text, line + 1));
    return with.st == OK ? import_object(im, buf_view(&with), true) : with.st;
}

static enum status import_calendars(struct import *im, struct str text)
{
    SCOPED_ARENA(a, (size_t)4 << 30);
    struct ical_limits limits = store_config_of(im->call->store)->ical;
    limits.components = limits.line.lines = SIZE_MAX / 2; /* of the file; each object is judged by its own */
    struct ical_problem problem = {.text = STR_NONE};
    enum status st = ical_split(&a, text, &limits, calendar_object, im, &problem);
    if (st > OK)
        complain(im, STR("calendar"), problem.text.p ? problem.text : str_c(status_text(st)));
    return st < 0 ? st : OK;
}

static bool begins(struct str text, size_t at, struct str what)
{
    return (at == 0 || text.p[at - 1] == '\n') && str_casestarts(str_from(text, at), what);
}

/* The next line that begins a calendar or a card, at or after `at`. */
static size_t next_part(struct str text, size_t at, bool *card)
{
    for (; at < text.n; at = str_chr(text, '\n', at) == SIZE_MAX ? text.n : str_chr(text, '\n', at) + 1) {
        *card = begins(text, at, STR("BEGIN:VCARD"));
        if (*card || begins(text, at, STR("BEGIN:VCALENDAR")))
            return at;
    }
    return text.n;
}

/* A text is a row of calendars, then of cards, or the other way, as export writes them. */
static enum status import_text(struct import *im, struct str text)
{
    bool card = false, next = false;
    if (str_starts(text, STR("\xef\xbb\xbf")))
        text = str_from(text, 3);
    size_t at = next_part(text, 0, &card);
    if (at >= text.n)
        complain(im, STR("file"),
                 im->named.p && !im->given.id ? STR("it is no mail, and no own collection has that name")
                                              : STR("neither a calendar (.ics), nor cards (.vcf), nor mail"));
    for (enum status st; at < text.n; at = im->bytes_done) {
        size_t end = at;
        do
            end = next_part(text, end + 1, &next);
        while (end < text.n && next == card);
        struct str part = str_slice(text, at, end - at);
        st = card ? vcard_split(part, card_object, im) : import_calendars(im, part);
        im->bytes_done = end;
        if (st < 0)
            return st;
        if (st != OK)
            complain(im, card ? STR("cards") : STR("calendar"), str_c(status_text(st)));
        card = next;
    }
    return OK;
}

/* ---- files ---- */
static bool is_mail(const struct import *im, struct str begin)
{
    return !im->given.id && mail_import_knows(begin);
}

static enum status import_mail(struct import *im, int fd, struct str begin)
{
    enum status st = im->mail ? OK : mail_import_new(im->call, im->account, im->named, &im->mail);
    return st == OK ? mail_import_file(im->mail, im->file, fd, begin) : st;
}

static enum status import_fd(struct import *im, int fd)
{
    SCOPED_BUF(text, FILE_MAX);
    struct stat st;
    for (;;) {
        char *room = buf_reserve(&text, 1 << 16);
        if (!room)
            return text.st;
        ssize_t n = read(fd, room, 1 << 16);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return E_IO;
        if (n == 0)
            break;
        bool first = text.n < KNOWN_BY;
        buf_commit(&text, (size_t)n);
        if (first && text.n >= KNOWN_BY && is_mail(im, buf_view(&text)))
            return import_mail(im, fd, buf_view(&text));
    }
    if (is_mail(im, buf_view(&text)))
        return import_mail(im, fd, buf_view(&text));
    im->bytes = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? text.n : 0;
    im->bytes_done = 0;
    enum status result = import_text(im, buf_view(&text));
    settle(im, 0);
    progress(im, true);
    return result;
}

/* A folder's .ics and .vcf files, one object or many in each, as the caller sends them. */
static enum status import_folder(struct import *im, int fd)
{
    const char *folder = im->file;
    struct folder_file file;
    size_t files = 0;
    enum status st = OK;
    for (; st == OK && (st = folder_next(fd, &file)) == OK; files++) {
        im->file = file.name;
        if (file.fd < 0) {
            complain(im, STR("file"), str_c(file.why));
            continue;
        }
        st = import_fd(im, file.fd);
        close(file.fd);
    }
    im->file = folder;
    if (st == NOT_FOUND && files == 0)
        complain(im, STR("folder"), STR("it has no .ics, .vcf, .eml or .mbox files, and is no Maildir"));
    return st == NOT_FOUND ? OK : st;
}

/* ---- the command ---- */
static bool find_targets(struct import *im, struct str user, struct str collection)
{
    static const char *const defaults[] = {"calendar", "tasks", "notes", "contacts"};
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_READ(tx, im->call->store);
    struct principal p;
    if (!tx || !cmd_user(im->call, tx, &a, user, &p))
        return false;
    im->account = p.id;
    if (collection.p) {
        enum status st = collection_find(tx, &a, &actor_system, p.id, 0, collection, &im->given);
        if (st == OK && im->given.mount)
            fail(im->call, "%.*s: no own collection of %.*s has this name", STR_ARG(collection),
                 STR_ARG(p.address));
        im->named = collection;
        im->given.id = st == OK ? im->given.id : 0;
        return (st == OK || st == NOT_FOUND) && !im->given.mount;
    }
    for (size_t i = 0; i < COUNT_OF(defaults); i++) {
        struct collection c;
        if (collection_find(tx, &a, &actor_system, p.id, 0, str_c(defaults[i]), &c) == OK && !c.mount)
            im->targets[i] = c.id;
    }
    return true;
}

static enum status import_files(struct import *im)
{
    enum status st = OK;
    for (size_t i = 0; i < im->call->file_count && st >= 0; i++) {
        im->file = im->call->file_names[i];
        st = folder_is(im->call->files[i]) ? import_folder(im, im->call->files[i])
                                           : import_fd(im, im->call->files[i]);
        if (st != OK)
            fail(im->call, "%s: %s", im->file, status_text(st));
    }
    return st;
}

int cmd_import(struct command_call *c)
{
    static const char *const names[] = {"--user=", "--collection=", NULL};
    struct cmd_args args;
    if (!cmd_args(c, names, &args))
        return 2;
    if (!args.option[0].p || c->file_count == 0)
        return usage(c, cmd_row(store_commands, "import"));
    struct import im = {.call = c, .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    im.ready_tail = &im.ready;
    if (!find_targets(&im, args.option[0], args.option[1]))
        return 1;
    enum status st = import_files(&im);
    settle(&im, 0);
    struct mail_import_counts mail;
    mail_import_free(im.mail, &mail);
    im.added += mail.added;
    im.unchanged += mail.unchanged;
    pthread_cond_destroy(&im.wake);
    pthread_mutex_destroy(&im.lock);
    if (im.failed > COMPLAINTS)
        fail(c, "and %zu more could not be imported", im.failed - COMPLAINTS);
    if (mail.failed > COMPLAINTS)
        fail(c, "and %zu more messages could not be imported", mail.failed - COMPLAINTS);
    im.failed += mail.failed;
    SCOPED_BUF(text, 256);
    buf_addf(&text,
             c->json ? "{\"added\":%zu,\"updated\":%zu,\"unchanged\":%zu,\"failed\":%zu}\n"
                     : "%zu added, %zu updated, %zu unchanged, %zu failed\n",
             im.added, im.updated, im.unchanged, im.failed);
    say(c, buf_view(&text));
    return st == OK && im.failed == 0 ? 0 : 1;
}
