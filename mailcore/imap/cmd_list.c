/* mailcore/imap/cmd_list.c: LIST with selection and return options (RFC 9051 section 6.3.9, RFC 5819, 6154, 8440, 9590) and LSUB.
 *
 * All names are laid out once, in the order in which what is below a name follows it: mailboxes, subscriptions to what is not there,
 * and whatever stands above these. Each knows the one above; so what is selected marks those above it, and one more pass answers, in
 * pieces when it is long. */
#include "core/fold_name.h"
#include "mailcore/imap/cmd.h"
#include "mailcore/imap/list.h"

enum { PATTERNS_MOST = 100, NONE = -1 };

struct name {
    struct str path;
    const struct mailbox *box; /* NULL: none that the user may see */
    bool subscribed, selected, matches, children;
    bool below;  /* something below it is selected … */
    bool hidden; /* … and does not match a pattern itself */
    long parent; /* NONE */
};

struct listing {
    struct imap_call *call;
    const struct imap_list *list;
    struct actor actor;
    struct name *names;
    size_t count, cap, at;
    struct imap_pattern *patterns[PATTERNS_MOST];
    size_t pattern_count;
    bool lsub, recursive;
};

/* ---- the names ---- */

static int path_cmp(struct str x, struct str y)
{
    size_t n = x.n < y.n ? x.n : y.n;
    for (size_t i = 0; i < n; i++)
        if (x.p[i] != y.p[i]) {
            int a = x.p[i] == '/' ? 0 : (unsigned char)x.p[i];
            int b = y.p[i] == '/' ? 0 : (unsigned char)y.p[i];
            return a < b ? -1 : 1;
        }
    return (x.n > y.n) - (x.n < y.n);
}

static int by_path(const void *a, const void *b)
{
    return path_cmp(((const struct name *)a)->path, ((const struct name *)b)->path);
}

static bool is_above(struct str path, struct str other)
{
    return other.n > path.n && other.p[path.n] == '/' && str_starts(other, path);
}

static enum status add(struct listing *l, struct name name)
{
    struct arena *a = &l->call->arena;
    struct name *grown = arena_grow(a, l->names, l->count, &l->cap, l->count + 1, sizeof *grown);
    if (!grown)
        return a->st;
    l->names = grown;
    name.parent = NONE;
    grown[l->count++] = name;
    return OK;
}

/* Names that are the same become one. */
static void merge(struct listing *l)
{
    size_t kept = 0;
    if (l->count > 1)
        qsort(l->names, l->count, sizeof *l->names, by_path);
    for (size_t i = 0; i < l->count; i++) {
        struct name *last = kept ? &l->names[kept - 1] : NULL;
        if (last && str_eq(last->path, l->names[i].path)) {
            last->box = last->box ? last->box : l->names[i].box;
            last->subscribed |= l->names[i].subscribed;
        } else {
            l->names[kept++] = l->names[i];
        }
    }
    l->count = kept;
}

/* What stands above the name and is not shown by the one before it to be there. */
static enum status add_above(struct listing *l, struct str before, struct str path)
{
    enum status st = OK;
    for (size_t at = str_chr(path, '/', 0); at != SIZE_MAX && st == OK; at = str_chr(path, '/', at + 1)) {
        struct str above = str_slice(path, 0, at);
        if (!before.p || (!str_eq(before, above) && !is_above(above, before)))
            st = add(l, (struct name){.path = above});
    }
    return st;
}

static void find_parents(struct listing *l)
{
    long last = NONE;
    for (size_t i = 0; i < l->count; i++) {
        while (last != NONE && !is_above(l->names[last].path, l->names[i].path))
            last = l->names[last].parent;
        l->names[i].parent = last;
        for (long up = l->names[i].box ? last : NONE; up != NONE && !l->names[up].children;
             up = l->names[up].parent)
            l->names[up].children = true;
        last = (long)i;
    }
}

static enum status load(struct listing *l, struct tx *tx)
{
    struct arena *a = &l->call->arena;
    struct mailbox *boxes = NULL;
    struct str *subscribed = NULL;
    size_t count = 0, subscribed_count = 0;
    int64_t account = l->call->user->id;
    enum status st = mailbox_list(tx, a, &l->actor, account, &boxes, &count);
    if (st == OK)
        st = subscription_list(tx, a, account, &subscribed, &subscribed_count);
    for (size_t i = 0; i < count && st == OK; i++)
        if (boxes[i].id && (boxes[i].rights & RIGHT_LOOKUP))
            st = add(l, (struct name){.path = boxes[i].path, .box = &boxes[i]});
    for (size_t i = 0; i < subscribed_count && st == OK; i++)
        st = add(l, (struct name){.path = subscribed[i], .subscribed = true});
    if (st != OK)
        return st;
    merge(l);
    size_t real = l->count;
    for (size_t i = 0; i < real && st == OK; i++)
        st = add_above(l, i ? l->names[i - 1].path : STR_NONE, l->names[i].path);
    if (st != OK)
        return st;
    merge(l);
    find_parents(l);
    return OK;
}

/* ---- which of them ---- */

static enum status add_patterns(struct listing *l)
{
    struct arena *a = &l->call->arena;
    const struct store_config *config = store_config_of(imap_store(l->call));
    const size_t most = 4 * config->mailbox_name;
    if (l->list->patterns.count > PATTERNS_MOST)
        return TOO_MANY;
    for (size_t i = 0; i < l->list->patterns.count; i++) {
        struct str text = imap_list_join(a, l->list->reference, l->list->patterns.items[i], '/');
        SCOPED_BUF(composed, 4 * most + 64);
        if (text.n > most)
            return TOO_LARGE;
        if (text.n && compose_name(&composed, text) && composed.st == OK) /* names are in NFC */
            text = arena_str(a, buf_view(&composed));
        if (a->st != OK)
            return a->st;
        enum status st = imap_pattern_new(a, text, '/', most, &l->patterns[l->pattern_count]);
        if (st != OK)
            return st;
        l->pattern_count++;
    }
    return OK;
}

static bool is_selected(const struct listing *l, const struct name *n)
{
    unsigned select = l->list->select;
    if (l->lsub)
        return n->subscribed;
    if (!n->subscribed && (!n->box || (select & IMAP_LIST_SUBSCRIBED)))
        return false;
    if (!n->box && !(select & IMAP_LIST_SUBSCRIBED))
        return false;
    return !(select & IMAP_LIST_SPECIAL_USE) || (n->box && n->box->special);
}

static void mark(struct listing *l)
{
    for (size_t i = 0; i < l->count; i++) {
        struct name *n = &l->names[i];
        for (size_t k = 0; k < l->pattern_count && !n->matches; k++)
            n->matches = (imap_pattern_match(l->patterns[k], n->path) & IMAP_LIST_NAME) != 0;
        n->selected = is_selected(l, n);
        for (long up = n->selected ? n->parent : NONE; up != NONE; up = l->names[up].parent) {
            struct name *above = &l->names[up];
            if (above->below && (above->hidden || n->matches))
                break; /* and so are all above it */
            above->below = true;
            above->hidden |= !n->matches;
        }
    }
}

/* A plain LIST has what stands above others and is no mailbox too; with options, only RECURSIVEMATCH asks for it, and then it is said of
 * what is not listed itself (RFC 9051 section 6.3.9.6). */
static bool is_listed(const struct listing *l, const struct name *n)
{
    if (!n->matches)
        return false;
    if (n->selected)
        return true;
    if (l->lsub || l->recursive)
        return n->below && n->hidden;
    return !l->list->select && !n->box && n->children;
}

/* ---- answering ---- */

static unsigned attributes_of(const struct listing *l, const struct name *n)
{
    unsigned bits = n->children ? IMAP_ATTR_HASCHILDREN : IMAP_ATTR_HASNOCHILDREN;
    if (l->lsub)
        return n->selected ? 0 : IMAP_ATTR_NOSELECT;
    if (!n->box)
        bits |= l->list->extended ? IMAP_ATTR_NONEXISTENT : IMAP_ATTR_NONEXISTENT | IMAP_ATTR_NOSELECT;
    else
        bits |= imap_use_out(n->box->special) | (n->box->rights & RIGHT_READ ? 0 : IMAP_ATTR_NOSELECT);
    if (n->subscribed && ((l->list->select | l->list->returns) & IMAP_LIST_SUBSCRIBED))
        bits |= IMAP_ATTR_SUBSCRIBED;
    return bits;
}

static enum status answer(struct listing *l, struct tx *tx, const struct name *n)
{
    struct imap_call *c = l->call;
    const struct imap_list *list = l->list;
    const bool utf8 = imap_utf8(c), below = l->recursive && n->below;
    enum status st = OK;
    imap_write_list(&c->out,
                    &(struct imap_list_line){
                        .name = l->lsub ? "LSUB" : "LIST",
                        .attributes = attributes_of(l, n),
                        .delimiter = '/',
                        .mailbox = n->path,
                        .old_name = STR_NONE,
                        .child_subscribed = below && (list->select & IMAP_LIST_SUBSCRIBED),
                        .child_special = below && (list->select & IMAP_LIST_SPECIAL_USE),
                    },
                    utf8);
    if (!n->box)
        return OK;
    if (list->returns & IMAP_LIST_MYRIGHTS) {
        buf_add(&c->out, STR("* MYRIGHTS "));
        imap_write_mailbox(&c->out, n->path, utf8);
        buf_addc(&c->out, ' ');
        imap_write_rights(&c->out, n->box->rights);
        buf_add(&c->out, STR("\r\n"));
    }
    if ((list->returns & IMAP_LIST_STATUS) && (n->box->rights & RIGHT_READ))
        st = imap_add_status(c, tx, &l->actor, n->box->id, n->path, list->status);
    if (st == OK && (list->returns & IMAP_LIST_METADATA))
        st = imap_add_metadata(c, tx, n->box, n->path);
    return st == NOT_FOUND || st == DENIED ? OK : st; /* deleted meanwhile */
}

/* As much as fits a piece. */
static enum status answer_some(struct listing *l, struct tx *tx)
{
    enum status st = OK;
    for (; l->at < l->count && st == OK && l->call->out.n < IMAP_OUT_PIECE; l->at++)
        if (is_listed(l, &l->names[l->at]))
            st = answer(l, tx, &l->names[l->at]);
    l->call->more = st == OK && l->at < l->count;
    return st;
}

static enum status begin(struct imap_call *c, struct tx *tx, bool lsub, struct listing **out)
{
    struct listing *l = ARENA_NEW(&c->arena, struct listing);
    *out = l;
    if (!l)
        return E_MEMORY;
    l->call = c;
    l->list = &c->command->u.list;
    l->lsub = lsub;
    l->recursive = !lsub && (l->list->select & IMAP_LIST_RECURSIVEMATCH);
    c->rest = l;
    enum status st = imap_actor(c, tx, &l->actor);
    if (st == OK)
        st = add_patterns(l);
    if (st == OK)
        st = load(l, tx);
    if (st == OK)
        mark(l);
    return st;
}

/* An empty pattern asks for the delimiter (RFC 3501 section 6.3.8). */
static bool asks_delimiter(const struct imap_list *list, bool lsub)
{
    return !lsub && !list->extended && list->patterns.count == 1 && list->patterns.items[0].n == 0;
}

static enum status run(struct imap_call *c, bool lsub)
{
    struct listing *l = c->rest;
    if (asks_delimiter(&c->command->u.list, lsub)) {
        imap_write_list(&c->out,
                        &(struct imap_list_line){.name = "LIST",
                                                 .attributes = IMAP_ATTR_NOSELECT,
                                                 .delimiter = '/',
                                                 .mailbox = STR(""),
                                                 .old_name = STR_NONE},
                        false);
        return OK;
    }
    SCOPED_READ(tx, imap_store(c));
    enum status st = !tx ? E_MEMORY : l ? OK : begin(c, tx, lsub, &l);
    return st == OK && l ? answer_some(l, tx) : st;
}

enum status imap_run_list(struct imap_call *c)
{
    return run(c, false);
}

enum status imap_run_lsub(struct imap_call *c)
{
    return run(c, true);
}
