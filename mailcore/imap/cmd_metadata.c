/* mailcore/imap/cmd_metadata.c: annotations of mailboxes and of the server (RFC 5464): GETMETADATA, SETMETADATA.
 *
 * They are properties of the store (store/collection.h), within its bounds. Shared ones of a mailbox, and its owner's private ones, are
 * the collection's; everybody else's private ones hang on his mount of it. Private ones of the server are kept with one's INBOX;
 * shared ones of the server nobody sets. */
#include "mailcore/imap/cmd.h"
#include "store/mount.h"

#define NS_SHARED  STR("imap-shared")
#define NS_PRIVATE STR("imap-private")
#define NS_SERVER  STR("imap-server")

struct notes {            /* where the annotations of one mailbox are */
    int64_t shared, mine; /* targets; 0: nothing can be kept there */
    struct str mine_ns;
};

static bool is_shared(struct str entry)
{
    return str_casestarts(entry, STR("/shared/"));
}

static bool is_private(struct str entry)
{
    return str_casestarts(entry, STR("/private/"));
}

/* RFC 5464 section 3.3 */
static bool may_look(unsigned rights)
{
    return (rights & RIGHT_LOOKUP) &&
           (rights & (RIGHT_READ | RIGHT_SEEN | RIGHT_WRITE | RIGHT_INSERT | RIGHT_POST));
}

static enum status find_mount(struct imap_call *c, struct tx *tx, int64_t collection, int64_t *out)
{
    struct mount *list;
    size_t count = 0;
    enum status st = mount_list(tx, &c->arena, c->user->id, &list, &count);
    *out = 0;
    for (size_t i = 0; i < count && st == OK && !*out; i++)
        if (list[i].collection == collection)
            *out = list[i].id;
    return st;
}

static enum status find_notes(struct imap_call *c, struct tx *tx, int64_t id, int64_t owner,
                              struct notes *out)
{
    *out = (struct notes){.shared = id, .mine = id, .mine_ns = NS_PRIVATE};
    return owner == c->user->id ? OK : find_mount(c, tx, id, &out->mine);
}

/* ---- GETMETADATA ---- */

struct reading {
    struct imap_call *call;
    struct tx *tx;
    const struct imap_metadata_options *options;
    struct str mailbox;
    struct notes notes;
    uint64_t longest; /* that was left out */
    bool any;
};

static void say(struct reading *r, struct str entry, struct str value)
{
    struct buf *out = &r->call->out;
    if (r->options->has_max && value.p && value.n > r->options->max_size) {
        r->longest = value.n > r->longest ? value.n : r->longest;
        return;
    }
    if (r->any) {
        buf_addc(out, ' ');
    } else {
        buf_add(out, STR("* METADATA "));
        if (r->mailbox.n)
            imap_write_mailbox(out, r->mailbox, imap_utf8(r->call));
        else
            buf_add(out, STR("\"\""));
        buf_add(out, STR(" ("));
    }
    r->any = true;
    imap_write_astring(out, entry);
    buf_addc(out, ' ');
    imap_write_string(out, value, imap_utf8(r->call));
}

/* Is the name what was asked for, or below it as deep as was asked? */
static bool is_meant(struct str name, struct str entry, unsigned depth)
{
    if (!str_casestarts(name, entry))
        return false;
    if (name.n == entry.n)
        return true;
    if (depth == 0 || name.p[entry.n] != '/')
        return false;
    return depth == IMAP_DEPTH_INFINITY || str_chr(name, '/', entry.n + 1) == SIZE_MAX;
}

static enum status say_entry(struct reading *r, struct str entry)
{
    struct prop *props;
    size_t count = 0;
    bool found = false;
    const bool shared = str_caseeq(entry, STR("/shared")) || is_shared(entry);
    int64_t target = shared ? r->notes.shared : r->notes.mine;
    struct str ns = shared ? NS_SHARED : r->notes.mine_ns;
    enum status st = target ? prop_list(r->tx, &r->call->arena, target, 0, &props, &count) : OK;
    for (size_t i = 0; i < count && st == OK; i++)
        if (str_eq(props[i].ns, ns) && is_meant(props[i].name, entry, r->options->depth)) {
            say(r, props[i].name, props[i].value);
            found = true;
        }
    if (st == OK && !found && r->options->depth == 0)
        say(r, entry, STR_NONE);
    return st;
}

static enum status say_all(struct reading *r, const struct imap_strings *entries)
{
    enum status st = OK;
    for (size_t i = 0; i < entries->count && st == OK; i++)
        st = say_entry(r, entries->items[i]);
    if (r->any)
        buf_add(&r->call->out, STR(")\r\n"));
    return st;
}

enum status imap_add_metadata(struct imap_call *c, struct tx *tx, const struct mailbox *box, struct str name)
{
    const struct imap_list *list = &c->command->u.list;
    struct reading r = {.call = c, .tx = tx, .options = &list->options, .mailbox = name};
    if (!may_look(box->rights))
        return OK;
    enum status st = find_notes(c, tx, box->id, box->account, &r.notes);
    return st == OK ? say_all(&r, &list->entries) : st;
}

/* The mailbox of the command; the server's own annotations are with INBOX. */
static enum status find_target(struct imap_call *c, struct tx *tx, struct imap_where *where,
                               struct notes *notes)
{
    struct str name = c->command->u.metadata.mailbox;
    enum status st = imap_where_in(c, tx, name.n ? name : STR("INBOX"), where);
    if (st == OK && !may_look(where->rights))
        st = DENIED;
    if (st == OK)
        st = find_notes(c, tx, where->id, where->place.account, notes);
    if (!name.n) {
        notes->shared = 0;
        notes->mine_ns = NS_SERVER;
    }
    return st;
}

enum status imap_run_getmetadata(struct imap_call *c)
{
    const struct imap_metadata *m = &c->command->u.metadata;
    struct imap_where where;
    struct reading r = {.call = c, .options = &m->options, .mailbox = m->mailbox};
    SCOPED_READ(tx, imap_store(c));
    r.tx = tx;
    enum status st = tx ? find_target(c, tx, &where, &r.notes) : E_MEMORY;
    if (st == OK)
        st = say_all(&r, &m->entries);
    if (st == OK && r.longest)
        buf_addf(&c->code, "METADATA LONGENTRIES %llu", (unsigned long long)r.longest);
    return st;
}

/* ---- SETMETADATA ---- */

struct setting {
    struct write write;
    struct imap_call *call;
    const struct actor *actor;
    int64_t target;
    struct str ns;
    bool shared;
};

static struct str lower(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);
    for (size_t i = 0; i < s.n && p; i++)
        p[i] = ascii_lower(s.p[i]);
    return p ? str_n(p, s.n) : STR_NONE;
}

static enum status setting_run(struct write *w, struct tx *tx)
{
    struct setting *s = CONTAINER_OF(w, struct setting, write);
    const struct imap_pairs *values = &s->call->command->u.metadata.values;
    SCOPED_ARENA(a, 64 << 20);
    enum status st = OK;
    for (size_t i = 0; i < values->count && st == OK; i++) {
        if (is_shared(values->items[i].name) != s->shared)
            continue;
        struct str name = lower(&a, values->items[i].name);
        st = name.p ? tx_prop_set(tx, s->actor, s->target, 0, s->ns, name, values->items[i].value) : a.st;
    }
    return st;
}

static enum status set(struct imap_call *c, const struct imap_where *where, const struct notes *notes,
                       bool shared)
{
    const struct imap_pairs *values = &c->command->u.metadata.values;
    struct setting s = {.call = c,
                        .actor = &where->actor,
                        .target = shared ? notes->shared : notes->mine,
                        .ns = shared ? NS_SHARED : notes->mine_ns,
                        .shared = shared};
    s.write = (struct write){.run = setting_run, .account = s.target};
    bool any = false;
    for (size_t i = 0; i < values->count; i++) {
        any |= is_shared(values->items[i].name) == shared;
        s.write.bytes += values->items[i].value.n + 256;
    }
    if (!any)
        return OK;
    return s.target ? imap_write(c, &s.write) : DENIED;
}

/* RFC 5464 section 4.3 */
static void say_why(struct imap_call *c, enum status st)
{
    if (st == TOO_LARGE)
        buf_addf(&c->code, "METADATA MAXSIZE %zu", store_config_of(imap_store(c))->property_size);
    else if (st == TOO_MANY)
        buf_add(&c->code, STR("METADATA TOOMANY"));
}

enum status imap_run_setmetadata(struct imap_call *c)
{
    const struct imap_pairs *values = &c->command->u.metadata.values;
    struct imap_where where;
    struct notes notes;
    enum status st = OK;
    for (size_t i = 0; i < values->count; i++)
        if (!is_shared(values->items[i].name) && !is_private(values->items[i].name)) {
            c->text = "annotations are below /private/ or /shared/";
            return INVALID;
        }
    {
        SCOPED_READ(tx, imap_store(c));
        st = tx ? find_target(c, tx, &where, &notes) : E_MEMORY;
    }
    if (st == OK) /* first the one that can be denied */
        st = set(c, &where, &notes, true);
    if (st == OK)
        st = set(c, &where, &notes, false);
    say_why(c, st);
    return st;
}
