/* mailcore/imap/where.c: the mailbox that a client names, and how mailboxes and rights are written. */
#include "mailcore/imap/cmd.h"

enum status imap_where_in(struct imap_call *c, struct tx *tx, struct str name, struct imap_where *out)
{
    *out = (struct imap_where){0};
    enum status st = imap_actor(c, tx, &out->actor);
    if (st == OK)
        st = mailbox_place(tx, &c->arena, &out->actor, c->user->id, name, &out->place);
    if (st != OK)
        out->place = (struct mailbox_place){0};
    if (st == OK)
        st = mailbox_find(tx, &c->arena, &out->actor, out->place.account, out->place.path, &out->id);
    if (st == OK)
        st = rights_of(tx, &out->actor, out->id, &out->rights);
    if (st != OK)
        out->id = 0;
    return st;
}

enum status imap_where(struct imap_call *c, struct str name, struct imap_where *out)
{
    *out = (struct imap_where){0};
    SCOPED_READ(tx, imap_store(c));
    return tx ? imap_where_in(c, tx, name, out) : E_MEMORY;
}

/* ---- the first ones ---- */

struct first {
    struct write write;
    int64_t account;
};

static enum status first_run(struct write *w, struct tx *tx)
{
    return tx_mailbox_defaults(tx, CONTAINER_OF(w, struct first, write)->account);
}

enum status imap_first_mailboxes(struct imap_call *c)
{
    struct imap_where inbox;
    struct first f = {.write = {.run = first_run, .account = c->user->id, .bytes = 4096},
                      .account = c->user->id};
    enum status st = imap_where(c, STR("INBOX"), &inbox);
    return st == NOT_FOUND && !c->user->read_only ? imap_write(c, &f.write) : st;
}

/* ---- words ---- */

/* Both ways, in the order in which they are said. */
static const struct {
    char letter;
    unsigned rights;
} letters[] = {
    {'l', RIGHT_LOOKUP},
    {'r', RIGHT_READ},
    {'s', RIGHT_SEEN},
    {'w', RIGHT_WRITE},
    {'i', RIGHT_INSERT},
    {'p', RIGHT_POST},
    {'k', RIGHT_CREATE},
    {'x', RIGHT_REMOVE},
    {'t', RIGHT_DELETE},
    {'e', RIGHT_EXPUNGE},
    {'a', RIGHT_ADMIN},
    {'c', RIGHT_CREATE | RIGHT_REMOVE},
    {'d', RIGHT_DELETE | RIGHT_EXPUNGE}, /* section 2.1.1: any of them */
};

void imap_write_rights(struct buf *out, unsigned rights)
{
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        if (rights & letters[i].rights)
            buf_addc(out, letters[i].letter);
}

unsigned imap_right(char letter)
{
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        if (letters[i].letter == letter)
            return letters[i].rights;
    return 0;
}
