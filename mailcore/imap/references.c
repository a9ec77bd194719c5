/* mailcore/imap/references.c: the REFERENCES algorithm of RFC 5256 section 3, in its steps, over arrays.
 *
 * What a message says of itself is linked before what others say of it (step 1.B before 1.A of all), so that no link is ever taken
 * back; then a union of sets tells a loop without walking up. */
#include "formats/mailsubject.h"
#include "mailcore/imap/thread_int.h"

struct planter {
    struct imap_forest *f;
    struct imap_table ids;
    uint32_t *set; /* the union of sets: towards the root of a node's tree */
    size_t most;
    size_t reserved; /* nodes that step 5 may need */
};

static uint32_t root_of(struct planter *p, uint32_t node)
{
    while (p->set[node] != node) {
        p->set[node] = p->set[p->set[node]];
        node = p->set[node];
    }
    return node;
}

/* Makes `child` a child of `parent`, if it has no other and no loop comes of it. */
static void link_to(struct planter *p, uint32_t child, uint32_t parent)
{
    if (p->f->up[child] != IMAP_NO_NODE)
        return;
    uint32_t root = root_of(p, parent);
    if (root == child) /* a node without a parent is the root of its set */
        return;
    p->f->up[child] = parent;
    p->set[child] = root;
}

/* The node of an identifier, made where there is none; IMAP_NO_NODE when there is no room, which `room` excludes. */
static uint32_t node_of(struct planter *p, struct str id)
{
    uint32_t *at = imap_table_at(&p->ids, id);
    if (*at == IMAP_NO_NODE && p->f->count + p->reserved < p->f->cap)
        *at = (uint32_t)p->f->count++;
    return *at;
}

/* The identifiers that a message refers to: the last `most` of References, or the first of In-Reply-To. */
struct refs {
    struct str rest;
    size_t left;
};

static struct refs refs_of(const struct imap_thread_row *row, size_t most)
{
    struct str rest = row->references, id;
    size_t n = 0;
    while (mail_next_id(&rest, &id))
        n++;
    if (!n)
        return (struct refs){row->in_reply_to, 1};
    rest = row->references;
    for (; n > most && mail_next_id(&rest, &id); n--)
        ;
    return (struct refs){rest, n};
}

static bool next_ref(struct refs *r, struct str *id)
{
    return r->left && r->left-- && mail_next_id(&r->rest, id);
}

/* Step 1: of two messages with one identifier the second has none. */
static void give_ids(struct planter *p)
{
    for (uint32_t i = 0; i < p->f->row_count; i++) {
        struct str rest = p->f->rows[i].id, id;
        if (!mail_next_id(&rest, &id))
            continue;
        uint32_t *at = imap_table_at(&p->ids, id);
        if (*at == IMAP_NO_NODE)
            *at = i;
    }
}

static void link_own(struct planter *p)
{
    for (uint32_t i = 0; i < p->f->row_count; i++) {
        struct refs refs = refs_of(&p->f->rows[i], p->most);
        struct str id, last = STR_NONE;
        while (next_ref(&refs, &id))
            last = id;
        uint32_t parent = last.p ? node_of(p, last) : IMAP_NO_NODE;
        if (parent != IMAP_NO_NODE)
            link_to(p, i, parent);
    }
}

static void link_chains(struct planter *p)
{
    for (uint32_t i = 0; i < p->f->row_count; i++) {
        struct refs refs = refs_of(&p->f->rows[i], p->most);
        uint32_t before = IMAP_NO_NODE;
        for (struct str id; next_ref(&refs, &id);) {
            uint32_t node = node_of(p, id);
            if (node != IMAP_NO_NODE && before != IMAP_NO_NODE)
                link_to(p, node, before);
            before = node;
        }
    }
}

/* Step 3: every message hangs on the next message above it, or on the topmost of the absent ones. The way up is shortened behind us, so
 * that it is walked once. */
static void prune(struct imap_forest *f)
{
    for (uint32_t i = 0; i < f->row_count; i++) {
        uint32_t top = f->up[i];
        if (top == IMAP_NO_NODE)
            continue;
        while (top >= f->row_count && f->up[top] != IMAP_NO_NODE)
            top = f->up[top];
        for (uint32_t at = i; at != top;) {
            uint32_t above = f->up[at];
            f->up[at] = top;
            at = above;
        }
    }
}

/* Absent messages with no child go, with one child too; the others are as old as their first child. */
static enum status count_children(struct arena *a, struct imap_forest *f, uint32_t **eldest)
{
    uint32_t *children = ARENA_ARRAY(a, uint32_t, f->count + 1);
    *eldest = ARENA_ARRAY(a, uint32_t, f->cap);
    if (!children || !*eldest)
        return a->st;
    for (uint32_t i = 0; i < f->row_count; i++)
        if (f->up[i] != IMAP_NO_NODE && f->up[i] >= f->row_count)
            children[f->up[i]]++;
    for (uint32_t i = 0; i < f->count; i++) {
        f->gone[i] = i >= f->row_count && children[i] < 2;
        (*eldest)[i] = i < f->row_count ? i : IMAP_NO_NODE;
    }
    for (uint32_t i = 0; i < f->row_count; i++) {
        uint32_t up = f->up[i];
        if (up == IMAP_NO_NODE || up < f->row_count)
            continue;
        if (f->gone[up])
            f->up[i] = IMAP_NO_NODE;
        else if ((*eldest)[up] == IMAP_NO_NODE || f->date[i] < f->date[(*eldest)[up]])
            (*eldest)[up] = i;
    }
    for (size_t i = f->row_count; i < f->count; i++)
        if (!f->gone[i]) {
            f->up[i] = IMAP_NO_NODE;
            f->date[i] = f->date[(*eldest)[i]];
        }
    return OK;
}

/* ---- step 5: threads of one subject ---- */

struct gatherer {
    struct imap_forest *f;
    struct imap_table subjects;
    uint32_t *eldest; /* of an absent message: the first child; of others themselves */
    uint32_t *merged; /* of an absent one that is gone: which has its children now */
};

static bool is_absent(const struct gatherer *g, uint32_t node)
{
    return node >= g->f->row_count;
}

static bool is_reply(const struct gatherer *g, uint32_t node)
{
    return g->f->rows[g->eldest[node]].reply;
}

static struct str subject_of(const struct gatherer *g, uint32_t node)
{
    return g->f->rows[g->eldest[node]].subject;
}

static void enter(struct gatherer *g, uint32_t root)
{
    uint32_t *at = imap_table_at(&g->subjects, subject_of(g, root));
    if (*at == IMAP_NO_NODE || (!is_absent(g, *at) && is_absent(g, root)) ||
        (!is_absent(g, *at) && is_reply(g, *at) && !is_reply(g, root)))
        *at = root;
}

static void hang(struct gatherer *g, uint32_t node, uint32_t parent)
{
    g->f->up[node] = parent;
    if (is_absent(g, parent) && g->f->date[node] < g->f->date[parent])
        g->f->date[parent] = g->f->date[node];
}

static void gather(struct gatherer *g, uint32_t root)
{
    uint32_t *at = imap_table_at(&g->subjects, subject_of(g, root)), other = *at;
    struct imap_forest *f = g->f;
    if (other == root || other == IMAP_NO_NODE)
        return;
    if (is_absent(g, root) && is_absent(g, other)) {
        f->gone[root] = true;
        g->merged[root] = other;
        if (f->date[root] < f->date[other])
            f->date[other] = f->date[root];
    } else if (is_absent(g, other) || (is_reply(g, root) && !is_reply(g, other))) {
        hang(g, root, other);
    } else if (f->count < f->cap) {
        uint32_t both = (uint32_t)f->count++;
        f->up[both] = IMAP_NO_NODE;
        f->gone[both] = false;
        f->date[both] = f->date[other];
        g->eldest[both] = g->eldest[other];
        g->merged[both] = IMAP_NO_NODE;
        hang(g, other, both);
        hang(g, root, both);
        *at = both;
    }
}

static enum status gather_subjects(struct arena *a, struct imap_forest *f, uint32_t *eldest)
{
    struct gatherer g = {.f = f, .eldest = eldest, .merged = ARENA_ARRAY(a, uint32_t, f->cap)};
    uint32_t *order;
    size_t n, first;
    enum status st = imap_table_new(a, f->row_count, &g.subjects);
    if (st == OK)
        st = imap_forest_sort(a, f, &order, &n);
    if (st != OK || !g.merged)
        return st != OK ? st : a->st;
    memset(g.merged, 0xff, f->cap * sizeof *g.merged);
    for (first = n; first && f->up[order[first - 1]] == IMAP_NO_NODE; first--)
        ; /* roots stand last */
    for (size_t i = first; i < n; i++)
        if (subject_of(&g, order[i]).n)
            enter(&g, order[i]);
    for (size_t i = first; i < n; i++)
        if (subject_of(&g, order[i]).n)
            gather(&g, order[i]);
    for (uint32_t i = 0; i < f->row_count; i++)
        if (f->up[i] != IMAP_NO_NODE && f->gone[f->up[i]])
            f->up[i] = g.merged[f->up[i]];
    return OK;
}

enum status imap_references(struct arena *a, struct imap_forest *f, size_t most)
{
    struct planter p = {
        .f = f, .most = most, .reserved = f->row_count, .set = ARENA_ARRAY(a, uint32_t, f->cap)};
    uint32_t *eldest;
    enum status st = imap_table_new(a, f->cap, &p.ids);
    if (st != OK || !p.set)
        return st != OK ? st : a->st;
    for (uint32_t i = 0; i < f->cap; i++)
        p.set[i] = i;
    give_ids(&p);
    link_own(&p);
    link_chains(&p);
    prune(f);
    st = count_children(a, f, &eldest);
    return st == OK ? gather_subjects(a, f, eldest) : st;
}
