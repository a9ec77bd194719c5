/* mailcore/imap/cmd_acl.c: rights on mailboxes (RFC 4314): GETACL, SETACL, DELETEACL, LISTRIGHTS, MYRIGHTS. An identifier is the address of a user or a
 * group, or "anyone". Rights are granted, never taken away ("-identifier"); the owner has all of them, always. */
#include "mailcore/imap/cmd.h"
#include "store/mount.h"

#define ANYONE STR("anyone")

static const unsigned mail_rights = RIGHT_LOOKUP | RIGHT_READ | RIGHT_SEEN | RIGHT_WRITE | RIGHT_INSERT |
                                    RIGHT_POST | RIGHT_CREATE | RIGHT_REMOVE | RIGHT_DELETE | RIGHT_EXPUNGE |
                                    RIGHT_ADMIN;

/* False: a letter is not known. */
static bool read_rights(struct str s, unsigned *out)
{
    *out = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned rights = imap_right(s.p[i]);
        if (!rights)
            return false;
        *out |= rights;
    }
    return true;
}

/* The mailbox, which the user may administrate. */
static enum status find_own(struct imap_call *c, struct tx *tx, struct imap_where *where)
{
    enum status st = imap_where_in(c, tx, c->command->u.acl.mailbox, where);
    if (st != OK || (where->rights & RIGHT_ADMIN))
        return st;
    return where->rights & (RIGHT_LOOKUP | RIGHT_READ) ? DENIED
                                                       : NOT_FOUND; /* section 6: without l it is not there */
}

static enum status find_principal(struct imap_call *c, struct tx *tx, struct str identifier, int64_t *id)
{
    struct principal p;
    *id = PRINCIPAL_ANYONE;
    if (str_caseeq(identifier, ANYONE))
        return OK;
    enum status st = directory_find(c->user->service->base.dir, tx, &c->arena, identifier, &p);
    *id = p.id;
    if (st == OK)
        return OK;
    if (st > 0)
        c->text = "an identifier is the address of a user or a group of this server, or \"anyone\"";
    return st < 0 ? st : INVALID;
}

static void add_identifier(struct imap_call *c, struct tx *tx, int64_t id, unsigned rights)
{
    struct principal p;
    struct str name = ANYONE;
    if (id != PRINCIPAL_ANYONE) {
        if (principal_get(tx, &c->arena, id, &p) != OK || !p.address.n)
            return; /* who is no more has no rights either */
        name = p.address;
    }
    buf_addc(&c->out, ' ');
    imap_write_astring(&c->out, name);
    buf_addc(&c->out, ' ');
    if (rights & mail_rights)
        imap_write_rights(&c->out, rights);
    else
        buf_add(&c->out, STR("\"\""));
}

enum status imap_run_getacl(struct imap_call *c)
{
    struct imap_where where;
    struct acl_entry *list = NULL;
    size_t count = 0;
    SCOPED_READ(tx, imap_store(c));
    enum status st = tx ? find_own(c, tx, &where) : E_MEMORY;
    if (st == OK)
        st = acl_list(tx, &c->arena, where.id, &list, &count);
    if (st != OK)
        return st;
    buf_add(&c->out, STR("* ACL "));
    imap_write_mailbox(&c->out, c->command->u.acl.mailbox, imap_utf8(c));
    add_identifier(c, tx, where.place.account, RIGHTS_ALL);
    for (size_t i = 0; i < count; i++)
        if (list[i].rights & mail_rights)
            add_identifier(c, tx, list[i].principal, list[i].rights);
    buf_add(&c->out, STR("\r\n"));
    return OK;
}

static enum status grant_for(struct imap_call *c, struct imap_where *where, int64_t *principal)
{
    SCOPED_READ(tx, imap_store(c));
    enum status st = tx ? find_own(c, tx, where) : E_MEMORY;
    if (st == OK)
        st = find_principal(c, tx, c->command->u.acl.identifier, principal);
    if (st != OK || *principal != where->place.account)
        return st;
    c->text = "the owner has all rights, always";
    return PROTECTED;
}

enum status imap_run_setacl(struct imap_call *c)
{
    const struct imap_acl *acl = &c->command->u.acl;
    struct imap_where where;
    struct acl_entry entry = {0};
    enum grant_how how = acl->change == '+' ? GRANT_ADD : acl->change == '-' ? GRANT_REMOVE : GRANT_SET;
    if (c->command->verb == IMAP_SETACL && !read_rights(acl->rights, &entry.rights)) {
        c->text = "rights are of l, r, s, w, i, p, k, x, t, e, a";
        return INVALID;
    }
    enum status st = grant_for(c, &where, &entry.principal);
    return st == OK ? acl_grant(imap_store(c), &where.actor, where.id, &entry, how) : st;
}

enum status imap_run_listrights(struct imap_call *c)
{
    const struct imap_acl *acl = &c->command->u.acl;
    struct imap_where where;
    int64_t principal = 0;
    SCOPED_READ(tx, imap_store(c));
    enum status st = tx ? find_own(c, tx, &where) : E_MEMORY;
    if (st == OK)
        st = find_principal(c, tx, acl->identifier, &principal);
    if (st != OK)
        return st;
    buf_add(&c->out, STR("* LISTRIGHTS "));
    imap_write_mailbox(&c->out, acl->mailbox, imap_utf8(c));
    buf_addc(&c->out, ' ');
    imap_write_astring(&c->out, acl->identifier);
    buf_add(&c->out, principal == where.place.account ? STR(" lrswipkxteacd\r\n")
                                                      : STR(" \"\" l r s w i p k x t e a c d\r\n"));
    return OK;
}

enum status imap_run_myrights(struct imap_call *c)
{
    struct imap_where where;
    enum status st = imap_where(c, c->command->u.acl.mailbox, &where);
    if (st != OK || !(where.rights & mail_rights))
        return st == OK ? NOT_FOUND : st;
    buf_add(&c->out, STR("* MYRIGHTS "));
    imap_write_mailbox(&c->out, c->command->u.acl.mailbox, imap_utf8(c));
    buf_addc(&c->out, ' ');
    imap_write_rights(&c->out, where.rights);
    buf_add(&c->out, STR("\r\n"));
    return OK;
}
