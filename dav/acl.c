/* dav/acl.c: the tree of privileges, as a table, and what each means in rights of the store. */
#include "dav/acl.h"

#include "core/scoped.h"

#define NS_OWN "urn:scambio:dav"

/* In the order of the tree, parents first; `depth` says whose child a row is. */
static const struct privilege {
    const char *ns, *name;
    int depth;
    unsigned rights;
    const char *text;
} privileges[] = {
    {NS_DAV, "all", 0, RIGHTS_MANAGE | RIGHT_REMOVE, "Everything"},
    {NS_DAV, "read", 1, RIGHTS_READ, "Read the items and the busy times"},
    {NS_CALDAV, "read-free-busy", 2, RIGHTS_FREEBUSY, "See busy times only"},
    {NS_DAV, "read-current-user-privilege-set", 2, RIGHT_LOOKUP, "See one's own privileges"},
    {NS_DAV, "write", 1, RIGHT_WRITE | RIGHT_INSERT | RIGHT_DELETE | RIGHT_EXPUNGE | RIGHT_CONTENT,
     "Change everything inside"},
    {NS_DAV, "write-properties", 2, RIGHT_WRITE, "Change properties"},
    {NS_DAV, "write-content", 2, RIGHT_CONTENT, "Change items"},
    {NS_DAV, "bind", 2, RIGHT_INSERT, "Add items"},
    {NS_DAV, "unbind", 2, RIGHT_DELETE | RIGHT_EXPUNGE, "Delete items"},
    {NS_DAV, "read-acl", 1, RIGHT_ADMIN, "See who has access"},
    {NS_DAV, "write-acl", 1, RIGHT_ADMIN, "Decide who has access"},
    {NS_OWN, "read-private", 1, RIGHT_PRIVATE, "See private items in full"},
};

unsigned acl_privilege(const struct xml_node *element)
{
    for (size_t i = 0; i < COUNT_OF(privileges); i++)
        if (xml_is(element, privileges[i].ns, privileges[i].name))
            return privileges[i].rights;
    return 0;
}

static void privilege_write(struct buf *out, const struct privilege *p)
{
    xml_open(out, NS_DAV, "privilege");
    xml_empty(out, p->ns, p->name);
    xml_close(out, NS_DAV, "privilege");
}

void acl_privileges_write(struct buf *out, unsigned rights, bool compact)
{
    int skip = -1; /* what is below a privilege of this depth has been said by it */
    for (size_t i = 0; i < COUNT_OF(privileges); i++) {
        const struct privilege *p = &privileges[i];
        unsigned needed = p->rights & ~(unsigned)RIGHT_SEEN; /* comes with a grant; means nothing to DAV */
        if (skip >= 0 && p->depth > skip)
            continue;
        skip = -1;
        if ((rights & needed) != needed)
            continue;
        privilege_write(out, p);
        if (compact)
            skip = p->depth;
    }
}

static size_t supported_write(struct buf *out, size_t i)
{
    const struct privilege *p = &privileges[i++];
    xml_open(out, NS_DAV, "supported-privilege");
    privilege_write(out, p);
    xml_leaf(out, NS_DAV, "description", str_c(p->text));
    while (i < COUNT_OF(privileges) && privileges[i].depth > p->depth)
        i = supported_write(out, i); /* two levels deep: the table is ours */
    xml_close(out, NS_DAV, "supported-privilege");
    return i;
}

void acl_supported_write(struct buf *out)
{
    supported_write(out, 0);
}
