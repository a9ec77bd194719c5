/* mailcore/imap/thread.c: ORDEREDSUBJECT, and how a forest is sorted and written. */
#include "mailcore/imap/thread.h"
#include "formats/header.h"
#include "mailcore/imap/sort.h"
#include "mailcore/imap/thread_int.h"

#include <stdlib.h>

enum status imap_thread_read(struct arena *a, struct str head, size_t field, struct imap_thread_row *row)
{
    struct maildate date;
    struct str value = header_find(head, STR("Date"));
    if (value.p && maildate_parse(value, &date) == OK)
        row->date = date.at;
    row->id = header_find(head, STR("Message-ID"));
    row->references = header_find(head, STR("References"));
    row->in_reply_to = header_find(head, STR("In-Reply-To"));
    return imap_base_subject(a, header_find(head, STR("Subject")), field, &row->subject, &row->reply);
}

/* ---- the table ---- */

enum status imap_table_new(struct arena *a, size_t most, struct imap_table *t)
{
    size_t size = 8;
    while (size / 2 < most && size < SIZE_MAX / 4)
        size *= 2;
    *t = (struct imap_table){
        .keys = ARENA_ARRAY(a, struct str, size), .nodes = ARENA_ARRAY(a, uint32_t, size), .mask = size - 1};
    if (!t->keys || !t->nodes)
        return a->st;
    memset(t->nodes, 0xff, size * sizeof *t->nodes);
    return OK;
}

uint32_t *imap_table_at(struct imap_table *t, struct str key)
{
    if (!key.p)
        key = STR("");
    size_t i = (size_t)str_hash(key) & t->mask;
    while (t->keys[i].p && !str_eq(t->keys[i], key))
        i = (i + 1) & t->mask;
    if (!t->keys[i].p)
        t->keys[i] = key;
    return &t->nodes[i];
}

/* ---- sorting and writing ---- */

static int compare(const void *left, const void *right, void *ctx)
{
    const uint32_t l = *(const uint32_t *)left, r = *(const uint32_t *)right;
    const struct imap_forest *f = ctx;
    if (f->up[l] != f->up[r])
        return f->up[l] < f->up[r] ? -1 : 1;
    if (f->date[l] != f->date[r])
        return f->date[l] < f->date[r] ? -1 : 1;
    return (l > r) - (l < r);
}

enum status imap_forest_sort(struct arena *a, struct imap_forest *f, uint32_t **order, size_t *n)
{
    *n = 0;
    *order = ARENA_ARRAY(a, uint32_t, f->count);
    if (!*order)
        return a->st;
    for (uint32_t i = 0; i < f->count; i++)
        if (!f->gone[i])
            (*order)[(*n)++] = i;
    if (*n)
        qsort_r(*order, *n, sizeof **order, compare, f);
    return OK;
}

struct span {
    size_t next, end; /* of the sorted nodes: siblings still to be written */
};

struct writer {
    const struct imap_forest *f;
    const uint32_t *order;
    const struct span *children; /* of each node */
    struct span *stack;
    size_t depth;
    struct buf *out;
};

/* One list from its first node down to where it ends or branches. */
static void write_list(struct writer *w, uint32_t node)
{
    bool any = false;
    buf_addc(w->out, '(');
    for (;;) {
        const struct span kids = w->children[node];
        if (node < w->f->row_count) {
            if (any)
                buf_addc(w->out, ' ');
            buf_u64(w->out, w->f->rows[node].number);
            any = true;
        }
        if (kids.end - kids.next != 1) {
            if (kids.next == kids.end) {
                buf_addc(w->out, ')');
                return;
            }
            if (any)
                buf_addc(w->out, ' ');
            w->stack[w->depth++] = kids;
            return;
        }
        node = w->order[kids.next];
    }
}

enum status imap_forest_write(struct arena *a, struct imap_forest *f, struct buf *out)
{
    uint32_t *order;
    size_t n;
    enum status st = imap_forest_sort(a, f, &order, &n);
    if (st != OK)
        return st;
    struct span *children = ARENA_ARRAY(a, struct span, f->count + 1);
    struct span *stack = ARENA_ARRAY(a, struct span, f->count + 1);
    if (!children || !stack)
        return a->st;
    struct span roots = {n, n};
    for (size_t i = n; i-- > 0;) {
        struct span *s = f->up[order[i]] == IMAP_NO_NODE ? &roots : &children[f->up[order[i]]];
        if (!s->end)
            s->end = i + 1;
        s->next = i;
    }
    struct writer w = {f, order, children, stack, 0, out};
    stack[w.depth++] = roots;
    buf_add(out, n ? STR("* THREAD ") : STR("* THREAD"));
    while (w.depth) {
        struct span *top = &stack[w.depth - 1];
        if (top->next < top->end) {
            write_list(&w, order[top->next++]);
        } else if (--w.depth) {
            buf_addc(out, ')');
        }
    }
    buf_add(out, STR("\r\n"));
    return OK;
}

/* ---- ORDEREDSUBJECT ---- */

/* RFC 5256 section 3: messages of one subject; the earliest is the parent of all others. */
static enum status ordered_subject(struct arena *a, struct imap_forest *f)
{
    struct imap_table first;
    enum status st = imap_table_new(a, f->row_count, &first);
    if (st != OK)
        return st;
    for (uint32_t i = 0; i < f->row_count; i++) {
        uint32_t *at = imap_table_at(&first, f->rows[i].subject);
        if (*at == IMAP_NO_NODE || f->date[i] < f->date[*at])
            *at = i;
    }
    for (uint32_t i = 0; i < f->row_count; i++) {
        uint32_t parent = *imap_table_at(&first, f->rows[i].subject);
        f->up[i] = parent == i ? IMAP_NO_NODE : parent;
    }
    return OK;
}

static enum status plant(struct arena *a, const struct imap_thread_row *rows, size_t count, size_t cap,
                         struct imap_forest *f)
{
    *f = (struct imap_forest){.rows = rows, .row_count = count, .count = count, .cap = cap};
    if (cap >= IMAP_NO_NODE)
        return TOO_LARGE;
    f->up = ARENA_ARRAY(a, uint32_t, cap);
    f->gone = ARENA_ARRAY(a, bool, cap);
    f->date = ARENA_ARRAY(a, int64_t, cap);
    if (!f->up || !f->gone || !f->date)
        return a->st;
    memset(f->up, 0xff, cap * sizeof *f->up);
    for (size_t i = 0; i < count; i++)
        f->date[i] = rows[i].date;
    return OK;
}

/* At most how many nodes: messages, what they refer to, and one more for each subject. */
static size_t room(const struct imap_thread_row *rows, size_t count, size_t most)
{
    size_t n = 2 * count;
    for (size_t i = 0; i < count; i++) {
        size_t ids = 1;
        for (size_t k = 0; k < rows[i].references.n && ids < most; k++)
            ids += rows[i].references.p[k] == '<';
        n += ids;
    }
    return n + 1;
}

enum status imap_thread(struct arena *a, enum imap_thread_algorithm algorithm,
                        const struct imap_thread_row *rows, size_t count, size_t most, struct buf *out)
{
    struct imap_forest f;
    const bool by_subject = algorithm == IMAP_THREAD_ORDEREDSUBJECT;
    enum status st = plant(a, rows, count, by_subject ? count + 1 : room(rows, count, most), &f);
    if (st == OK)
        st = by_subject ? ordered_subject(a, &f) : imap_references(a, &f, most);
    return st == OK ? imap_forest_write(a, &f, out) : st;
}
