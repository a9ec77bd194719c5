/* server/export_mail.c: the messages that are there when it begins, one after the other; each read ends before it is written, since the
 * reader of the output may be slow. */
#include "server/export_mail.h"

#include "formats/header.h"
#include "formats/mbox.h"
#include "store/message.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { LIST_ARENA = 256 << 20, WAIT_MS = 60000, TEXT_ARENA = 1 << 20 };

struct row {
    int64_t uid, date;
    unsigned flags;
};

struct mail_rows {
    struct arena arena;
    struct row *rows;
    size_t count, cap;
};

static enum status take(void *ctx, const struct message *m)
{
    struct mail_rows *l = ctx;
    struct row *grown = arena_grow(&l->arena, l->rows, l->count, &l->cap, l->count + 1, sizeof *l->rows);
    if (!grown)
        return l->arena.st;
    l->rows = grown;
    l->rows[l->count++] = (struct row){m->uid, m->date, m->flags};
    return OK;
}

static enum status list(struct store *s, const struct actor *actor, struct str name, struct mail_rows *l,
                        int64_t *mailbox)
{
    static const struct message_query all = {0};
    SCOPED_READ(tx, s);
    if (!tx)
        return E_MEMORY;
    enum status st = mailbox_find(tx, &l->arena, actor, actor->id, name, mailbox);
    return st == OK ? message_each(tx, actor, *mailbox, &all, take, l) : st;
}

static enum status load(struct store *s, const struct actor *actor, int64_t mailbox, int64_t uid,
                        struct buf *out)
{
    struct message_text text;
    SCOPED_ARENA(a, TEXT_ARENA);
    SCOPED_READ(tx, s);
    enum status st = tx ? message_open(tx, &a, actor, mailbox, uid, &text) : E_MEMORY;
    return st == OK ? message_body(tx, &text, 0, text.size, out) : st;
}

static enum status drain(int fd, struct str left)
{
    while (left.n > 0) {
        ssize_t n = write(fd, left.p, left.n);
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        if (n >= 0)
            left = str_from(left, (size_t)n);
        else if (errno == EAGAIN && poll(&p, 1, WAIT_MS) <= 0)
            return E_TIMEOUT;
        else if (errno != EAGAIN && errno != EINTR)
            return errno == ENOSPC ? E_FULL : E_IO;
    }
    return OK;
}

static unsigned marks_of(unsigned flags)
{
    static const struct {
        unsigned flag, mark;
    } rows[] = {{MESSAGE_SEEN, MBOX_SEEN},
                {MESSAGE_ANSWERED, MBOX_ANSWERED},
                {MESSAGE_FLAGGED, MBOX_FLAGGED},
                {MESSAGE_DELETED, MBOX_DELETED},
                {MESSAGE_DRAFT, MBOX_DRAFT}};
    unsigned marks = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        marks |= flags & rows[i].flag ? rows[i].mark : 0;
    return marks;
}

/* Who sent it, for the From line: the address of Return-Path. */
static struct str sender_of(struct str message)
{
    struct str path = header_find(str_slice(message, 0, header_size(message)), STR("Return-Path"));
    path = path.p ? str_trim(path) : STR("");
    if (path.n >= 2 && path.p[0] == '<' && path.p[path.n - 1] == '>')
        return str_slice(path, 1, path.n - 2);
    return STR("");
}

static enum status write_one(struct store *s, const struct actor *actor, int64_t mailbox, const struct row *r,
                             int fd)
{
    size_t most = store_config_of(s)->message_size;
    SCOPED_BUF(message, most + (1 << 20));
    SCOPED_BUF(out, 2 * most + (2 << 20));
    enum status st = load(s, actor, mailbox, r->uid, &message);
    if (st != OK)
        return st;
    mbox_write(&out, buf_view(&message), sender_of(buf_view(&message)), r->date, marks_of(r->flags));
    return out.st == OK ? drain(fd, buf_view(&out)) : out.st;
}

enum status mail_export(struct command_call *c, int64_t account, struct str name, int fd, size_t *broken)
{
    struct actor actor = {.id = account};
    struct mail_rows l = {.arena = ARENA_INIT(LIST_ARENA)};
    int64_t mailbox;
    enum status st = list(c->store, &actor, name, &l, &mailbox);
    for (size_t i = 0; st == OK && i < l.count; i++) {
        st = write_one(c->store, &actor, mailbox, &l.rows[i], fd);
        if (st == NOT_FOUND) /* expunged meanwhile */
            st = OK;
        if (st == E_CORRUPT || st == TOO_LARGE) {
            fail(c, "export: %.*s: message %lld left out: %s", STR_ARG(name), (long long)l.rows[i].uid,
                 status_text(st));
            (*broken)++;
            st = OK;
        }
    }
    arena_free(&l.arena);
    return st;
}
