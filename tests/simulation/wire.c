/* tests/simulation/wire.c: trees and WBXML; see wire.h. */
#include "tests/simulation/wire.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEPTH = 32 };

struct el *el_new(struct arena *a, struct el *parent, enum tag tag)
{
    struct el *e = ARENA_NEW(a, struct el);
    if (!e)
        abort();
    e->tag = tag;
    if (parent)
        el_add(parent, e);
    return e;
}

void el_add(struct el *parent, struct el *child)
{
    if (parent->last)
        parent->last->next = child;
    else
        parent->children = child;
    parent->last = child;
}

struct el *el_text(struct arena *a, struct el *parent, enum tag tag, struct str text)
{
    struct el *e = el_new(a, parent, tag);
    e->text = arena_str(a, text);
    return e;
}

struct el *el_number(struct arena *a, struct el *parent, enum tag tag, long n)
{
    struct el *e = el_new(a, parent, tag);
    e->text = arena_strf(a, "%ld", n);
    return e;
}

struct el *el_get(const struct el *e, enum tag tag)
{
    struct el *c = e ? e->children : NULL;
    while (c && c->tag != tag)
        c = c->next;
    return c;
}

struct str el_at(const struct el *e, const enum tag *path, size_t n)
{
    for (size_t i = 0; i < n && e; i++)
        e = el_get(e, path[i]);
    return e ? e->text : STR_NONE;
}

long el_int(const struct el *e, enum tag tag, long otherwise)
{
    struct el *c = el_get(e, tag);
    int64_t n;
    return c && str_i64(c->text, &n) ? (long)n : otherwise;
}

/* ---- writing ---- */

static void mb(struct buf *out, size_t n)
{
    char bytes[10];
    size_t at = sizeof bytes;
    bytes[--at] = (char)(n & 0x7f);
    while (n >>= 7)
        bytes[--at] = (char)(0x80 | (n & 0x7f));
    buf_add(out, str_n(bytes + at, sizeof bytes - at));
}

static void write_el(struct buf *out, const struct el *e, unsigned *page)
{
    bool full = e->children || e->text.n;
    if ((unsigned)e->tag >> 8 != *page) {
        *page = (unsigned)e->tag >> 8;
        buf_addc(out, 0);
        buf_addc(out, (char)*page);
    }
    buf_addc(out, (char)((e->tag & 0x3f) | (full ? 0x40 : 0)));
    if (!full)
        return;
    if (e->text.n && e->tag == T_DATA) { /* also of what is only text: no text has a NUL then */
        buf_addc(out, (char)0xc3);
        mb(out, e->text.n);
        buf_add(out, e->text);
    } else if (e->text.n) {
        buf_addc(out, 3);
        buf_add(out, e->text);
        buf_addc(out, 0);
    }
    for (const struct el *c = e->children; c; c = c->next)
        write_el(out, c, page);
    buf_addc(out, 1);
}

void wire_write(struct buf *out, const struct el *root, unsigned public_id)
{
    unsigned page = 0;
    buf_addc(out, 2);
    mb(out, public_id);
    mb(out, 106);
    mb(out, 0);
    write_el(out, root, &page);
}

/* ---- reading ---- */

struct reader {
    struct arena *a;
    struct str rest;
    bool bad;
};

static unsigned byte(struct reader *r)
{
    if (!r->rest.n) {
        r->bad = true;
        return 1;
    }
    unsigned b = (unsigned char)r->rest.p[0];
    r->rest = str_from(r->rest, 1);
    return b;
}

static size_t number(struct reader *r)
{
    size_t n = 0;
    for (int i = 0; i < 5; i++) {
        unsigned b = byte(r);
        n = n << 7 | (b & 0x7f);
        if (!(b & 0x80))
            return n;
    }
    r->bad = true;
    return 0;
}

static struct str take(struct reader *r, size_t n)
{
    if (n > r->rest.n) {
        r->bad = true;
        n = 0;
    }
    struct str out = str_slice(r->rest, 0, n);
    r->rest = str_from(r->rest, n);
    return out;
}

static struct str inline_text(struct reader *r)
{
    size_t end = str_chr(r->rest, 0, 0);
    struct str out = take(r, end == SIZE_MAX ? r->rest.n + 1 : end);
    byte(r);
    return out;
}

static void append(struct reader *r, struct el *e, struct str text)
{
    e->text = e->text.n ? arena_strf(r->a, "%.*s%.*s", STR_ARG(e->text), STR_ARG(text)) : text;
}

struct el *wire_read(struct arena *a, struct str data)
{
    struct reader r = {a, data, false};
    byte(&r);
    if (number(&r) == 0)
        number(&r);
    number(&r);
    take(&r, number(&r)); /* the server needs no string table for what it says to us */
    struct el *stack[DEPTH], *root = NULL;
    unsigned depth = 0, page = 0;
    do {
        unsigned b = byte(&r);
        if (b == 0) {
            page = byte(&r);
        } else if (b == 1 && depth) {
            depth--;
        } else if (b == 3 && depth) {
            append(&r, stack[depth - 1], inline_text(&r));
        } else if (b == 0xc3 && depth) {
            append(&r, stack[depth - 1], take(&r, number(&r)));
        } else if ((b & 0x3f) >= 5 && !(b & 0x80) && depth < DEPTH && (depth || !root)) {
            struct el *e = el_new(a, depth ? stack[depth - 1] : NULL, (enum tag)(page << 8 | (b & 0x3f)));
            root = root ? root : e;
            if (b & 0x40)
                stack[depth++] = e;
        } else {
            r.bad = true;
        }
    } while (depth && !r.bad);
    return r.bad || r.rest.n ? NULL : root;
}
