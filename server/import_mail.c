/* server/import_mail.c: messages are prepared here, one after the other, and written by the writer thread, many in one commit. */
#include "server/import_mail.h"

#include "core/clock.h"
#include "formats/header.h"
#include "formats/maildate.h"
#include "formats/mbox.h"
#include "mailcore/imap/utf7.h"
#include "store/message.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PIECE = 1 << 20,
    IN_FLIGHT = 256,
    BYTES_IN_FLIGHT = 64 << 20,
    COMPLAINTS = 20,
    PATH_BYTES = 4096,
    JOB_ARENA = 64 << 20
};

struct mail_import {
    struct command_call *call;
    int64_t account;
    struct actor actor;
    struct str base; /* --collection */
    struct buf path; /* of the mailbox that was used last */
    int64_t mailbox; /* its number; 0: none yet */
    const char *file;
    struct mail_import_counts counts;
    uint64_t bytes, bytes_done; /* of the file, for progress; 0: not known */
    int64_t shown;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    struct addition *ready; /* finished by the store, not yet counted */
    size_t flying, flying_bytes;
};

/* One message on its way. */
struct addition {
    struct write w;
    struct mail_import *m;
    struct addition *next;
    struct arena arena;
    struct buf body;
    struct message_prepared prepared;
    bool is_prepared, there;
    int64_t mailbox;
    struct message_new in;
};

/* ---- saying ---- */
static void complain(struct mail_import *m, const char *what, enum status st)
{
    if (m->counts.failed++ < COMPLAINTS)
        fail(m->call, "%s: %s: %s", m->file, what, status_text(st));
}

static void progress(struct mail_import *m, bool last)
{
    int64_t now = clock_mono_us();
    if (!m->call->terminal || (!last && now - m->shown < 200000))
        return;
    m->shown = now;
    dprintf(m->call->err, "\r%s: %zu messages, %llu %%%s", m->file,
            m->counts.added + m->counts.unchanged + m->counts.failed,
            (unsigned long long)(m->bytes ? m->bytes_done * 100 / m->bytes : 100), last ? "\n" : "");
}

/* ---- through the writer ---- */
static void addition_free(struct addition *x)
{
    if (x->is_prepared)
        message_prepared_release(&x->prepared);
    buf_free(&x->body);
    arena_free(&x->arena);
    free(x);
}

static enum status add_run(struct write *w, struct tx *tx)
{
    struct addition *x = CONTAINER_OF(w, struct addition, w);
    struct message_put put;
    int64_t uid;
    enum status st = message_of_hash(tx, &x->m->actor, x->mailbox, x->prepared.hash, &uid);
    x->there = st == OK;
    return st == NOT_FOUND ? tx_message_append(tx, &x->m->actor, x->mailbox, &x->in, &x->prepared, &put) : st;
}

static void add_done(struct write *w)
{
    struct addition *x = CONTAINER_OF(w, struct addition, w);
    struct mail_import *m = x->m;
    pthread_mutex_lock(&m->lock);
    x->next = m->ready;
    m->ready = x;
    pthread_cond_signal(&m->wake);
    pthread_mutex_unlock(&m->lock);
}

static void submit(struct mail_import *m, struct addition *x)
{
    pthread_mutex_lock(&m->lock);
    m->flying++;
    m->flying_bytes += x->body.n;
    pthread_mutex_unlock(&m->lock);
    store_submit(m->call->store, &x->w);
}

static void count(struct mail_import *m, struct addition *x)
{
    if (x->w.status == E_BUSY) { /* the writer's queue is full: the others first */
        usleep(5000);
        submit(m, x);
        return;
    }
    if (x->w.status != OK)
        complain(m, "a message", x->w.status);
    else if (x->there)
        m->counts.unchanged++;
    else
        m->counts.added++;
    addition_free(x);
}

/* Counts what has finished, until at most so much is under way. */
static void settle(struct mail_import *m, size_t most, size_t bytes)
{
    pthread_mutex_lock(&m->lock);
    for (;;) {
        struct addition *x = m->ready;
        if (x) {
            m->ready = x->next;
            m->flying--;
            m->flying_bytes -= x->body.n;
            pthread_mutex_unlock(&m->lock);
            count(m, x);
            pthread_mutex_lock(&m->lock);
        } else if (m->flying > most || (m->flying && m->flying_bytes > bytes)) {
            pthread_cond_wait(&m->wake, &m->lock);
        } else {
            break;
        }
    }
    pthread_mutex_unlock(&m->lock);
    progress(m, false);
}

/* ---- mailboxes ---- */
struct making {
    struct write w;
    struct mail_import *m;
    struct str path;
    int64_t id;
};

static enum status make_run(struct write *w, struct tx *tx)
{
    struct making *k = CONTAINER_OF(w, struct making, w);
    SCOPED_ARENA(a, 1 << 20);
    enum status st = tx_mailbox_defaults(tx, k->m->account);
    if (st == OK)
        st = mailbox_find(tx, &a, &k->m->actor, k->m->account, k->path, &k->id);
    if (st == NOT_FOUND)
        st = tx_mailbox_create(tx, &k->m->actor, k->m->account, k->path, 0, &k->id);
    return st;
}

static enum status use_mailbox(struct mail_import *m, struct str path)
{
    if (m->mailbox && str_eq(path, buf_view(&m->path)))
        return OK;
    struct making k = {.w = {.run = make_run, .account = m->account, .bytes = 1000}, .m = m, .path = path};
    enum status st = store_run(m->call->store, &k.w);
    m->mailbox = st == OK ? k.id : 0;
    buf_clear(&m->path);
    buf_add(&m->path, path);
    return st;
}

static struct str base_of(const struct mail_import *m)
{
    return m->base.p ? m->base : STR("INBOX");
}

/* ---- one message ---- */
/* When it came: the newest Received field, otherwise Date. */
static int64_t came(struct str body)
{
    struct str header = str_slice(body, 0, header_size(body));
    struct str received = header_find(header, STR("Received"));
    struct maildate date;
    size_t semicolon = SIZE_MAX;
    for (size_t i = received.n; received.p && i-- > 0 && semicolon == SIZE_MAX;)
        if (received.p[i] == ';')
            semicolon = i;
    SCOPED_BUF(value, 1 << 16);
    if (semicolon != SIZE_MAX)
        header_unfold(&value, str_from(received, semicolon + 1));
    if (value.n && maildate_parse(buf_view(&value), &date) == OK)
        return date.at;
    struct str sent = header_find(header, STR("Date"));
    buf_clear(&value);
    if (sent.p)
        header_unfold(&value, sent);
    return value.n && maildate_parse(buf_view(&value), &date) == OK ? date.at : 0;
}

static unsigned flags_of(unsigned marks)
{
    static const struct {
        unsigned mark, flag;
    } rows[] = {{MBOX_SEEN, MESSAGE_SEEN},
                {MBOX_ANSWERED, MESSAGE_ANSWERED},
                {MBOX_FLAGGED, MESSAGE_FLAGGED},
                {MBOX_DELETED, MESSAGE_DELETED},
                {MBOX_DRAFT, MESSAGE_DRAFT}};
    unsigned flags = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        flags |= marks & rows[i].mark ? rows[i].flag : 0;
    return flags;
}

static enum status add_message(struct mail_import *m, const struct mbox_message *raw, unsigned marks,
                               bool marked)
{
    struct addition *x = calloc(1, sizeof *x);
    unsigned found = 0;
    if (!x)
        return E_MEMORY;
    *x = (struct addition){.m = m,
                           .arena = ARENA_INIT(JOB_ARENA),
                           .body = BUF_INIT(2 * raw->text.n + 16),
                           .mailbox = m->mailbox};
    bool is_mail = mbox_unpack(raw, &x->body, &found);
    enum status st = x->body.st;
    if (st == OK && is_mail)
        st = prepare_message(m->call->store, &x->arena, buf_view(&x->body), &x->prepared);
    x->is_prepared = st == OK && is_mail;
    if (!x->is_prepared) {
        addition_free(x);
        if (st > OK)
            complain(m, "a message", st);
        return st < 0 ? st : OK;
    }
    x->in = (struct message_new){.flags = flags_of(marked ? marks : found),
                                 .date = raw->date ? raw->date : came(buf_view(&x->body))};
    x->w = (struct write){.run = add_run, .done = add_done, .account = m->account, .bytes = x->body.n};
    submit(m, x);
    settle(m, IN_FLIGHT, BYTES_IN_FLIGHT);
    return OK;
}

/* ---- files ---- */
/* More of a file; false: that was all, or *st is a fault. */
static bool read_more(struct mail_import *m, int fd, struct buf *window, enum status *st)
{
    char *room = buf_reserve(window, PIECE);
    ssize_t n;
    *st = room ? OK : window->st;
    if (!room)
        return false;
    do
        n = read(fd, room, PIECE);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        *st = E_IO;
    if (n <= 0)
        return false;
    buf_commit(window, (size_t)n);
    m->bytes_done += (uint64_t)n;
    return true;
}

static enum status import_mbox(struct mail_import *m, int fd, struct buf *window, size_t most)
{
    struct mbox box = {.most = most};
    struct mbox_message raw;
    bool last = false;
    for (;;) {
        struct str rest = buf_view(window);
        enum status st = OK, found;
        while ((found = mbox_next(&box, &rest, last, &raw)) == OK || found == TOO_LARGE) {
            if (found == TOO_LARGE)
                complain(m, "a message", TOO_LARGE);
            else if ((st = add_message(m, &raw, 0, false)) != OK)
                return st;
        }
        if (found == INVALID)
            complain(m, "behind a message", INVALID);
        if (found != TRUNCATED)
            return found < 0 ? found : OK;
        memmove(window->p, rest.p, rest.n);
        buf_cut(window, rest.n);
        last = !read_more(m, fd, window, &st);
        if (st != OK)
            return st;
    }
}

static enum status import_one(struct mail_import *m, int fd, struct buf *window, size_t most, unsigned marks,
                              bool in_maildir)
{
    struct stat info;
    enum status st = OK;
    while (window->n <= most && read_more(m, fd, window, &st))
        ;
    if (st != OK)
        return st;
    if (window->n > most) {
        complain(m, "the message", TOO_LARGE);
        return OK;
    }
    struct mbox_message raw = {.text = buf_view(window), .plain = true};
    if (in_maildir && fstat(fd, &info) == 0)
        raw.date = info.st_mtime;
    return add_message(m, &raw, marks, in_maildir);
}

/* ---- Maildir ---- */
/* What a name says behind ":2,". */
static unsigned maildir_marks(struct str name)
{
    static const struct {
        char letter;
        unsigned mark;
    } rows[] = {
        {'S', MBOX_SEEN}, {'R', MBOX_ANSWERED}, {'F', MBOX_FLAGGED}, {'T', MBOX_DELETED}, {'D', MBOX_DRAFT}};
    unsigned marks = 0;
    size_t at = str_find(name, STR(":2,"), 0);
    if (at == SIZE_MAX)
        return 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (str_chr(str_from(name, at + 3), rows[i].letter, 0) != SIZE_MAX)
            marks |= rows[i].mark;
    return marks;
}

/* ".Archive.2026" is Archive/2026, its name in modified UTF-7; below the mailbox that was named. */
static bool maildir_path(const struct mail_import *m, struct str folder, struct buf *path)
{
    SCOPED_BUF(name, PATH_BYTES);
    if (!folder.n || folder.p[0] != '.') {
        buf_add(path, base_of(m));
        return true;
    }
    folder = str_from(folder, 1);
    if (!imap_utf7_decode(&name, folder)) {
        buf_clear(&name);
        buf_add(&name, folder);
    }
    if (m->base.p) {
        buf_add(path, m->base);
        buf_addc(path, '/');
    }
    for (size_t i = 0; i < name.n; i++)
        buf_addc(path, name.p[i] == '.' ? '/' : name.p[i]);
    return name.st == OK;
}

/* Is it a message's name in a Maildir? *folder: the subfolder, empty for the Maildir itself. */
static bool in_maildir(struct str name, struct str *folder)
{
    static const struct str parts[] = {STR_INIT("cur/"), STR_INIT("new/")};
    *folder = STR("");
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (str_starts(name, parts[i]))
            return true;
    size_t slash = str_chr(name, '/', 0);
    if (slash == SIZE_MAX || !str_starts(name, STR(".")))
        return false;
    *folder = str_slice(name, 0, slash);
    struct str rest = str_from(name, slash + 1);
    return str_starts(rest, parts[0]) || str_starts(rest, parts[1]);
}

/* ---- the interface ---- */
bool mail_import_knows(struct str begin)
{
    struct header_field f;
    struct str rest = begin;
    if (str_starts(begin, STR("From ")))
        return true;
    if (str_casestarts(begin, STR("BEGIN:")) || str_chr(begin, '\n', 0) == SIZE_MAX)
        return false;
    if (!header_next(&rest, &f) || f.raw.p != begin.p || !f.name.n)
        return false;
    for (size_t i = 0; i < f.name.n; i++)
        if (!ascii_alpha(f.name.p[i]) && !ascii_digit(f.name.p[i]) && f.name.p[i] != '-')
            return false;
    return true;
}

enum status mail_import_file(struct mail_import *m, const char *name, int fd, struct str begin)
{
    size_t most = store_config_of(m->call->store)->message_size;
    SCOPED_BUF(window, 4 * most + 16 * PIECE);
    SCOPED_BUF(path, PATH_BYTES);
    struct str folder;
    struct stat info;
    bool maildir = in_maildir(str_c(name), &folder);
    m->file = name;
    m->bytes = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
    m->bytes_done = begin.n;
    if (maildir && !maildir_path(m, folder, &path)) {
        complain(m, "the folder's name", INVALID);
        return OK;
    }
    enum status st = use_mailbox(m, maildir ? buf_view(&path) : base_of(m));
    if (st > OK)
        complain(m, "the mailbox", st);
    if (st != OK)
        return st < 0 ? st : OK;
    buf_add(&window, begin);
    st = !maildir && str_starts(begin, STR("From "))
             ? import_mbox(m, fd, &window, most)
             : import_one(m, fd, &window, most, maildir_marks(str_c(name)), maildir);
    if (!maildir) {
        settle(m, 0, 0);
        progress(m, true);
    }
    return st;
}

enum status mail_import_new(struct command_call *c, int64_t account, struct str mailbox,
                            struct mail_import **out)
{
    struct mail_import *m = calloc(1, sizeof *m);
    if (!m)
        return E_MEMORY;
    *m = (struct mail_import){.call = c,
                              .account = account,
                              .actor = {.id = account},
                              .base = mailbox,
                              .path = BUF_INIT(PATH_BYTES),
                              .file = "mail"};
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->wake, NULL);
    *out = m;
    return OK;
}

void mail_import_free(struct mail_import *m, struct mail_import_counts *out)
{
    *out = (struct mail_import_counts){0};
    if (!m)
        return;
    settle(m, 0, 0);
    *out = m->counts;
    pthread_cond_destroy(&m->wake);
    pthread_mutex_destroy(&m->lock);
    buf_free(&m->path);
    free(m);
}
