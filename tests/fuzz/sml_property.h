/* tests/fuzz/sml_property.h: what holds for every SyncML message that can be read, in whichever encoding it came: written and read
 * again it says the same, in both encodings; its large objects can be cut into pieces that fit; the trace can be written. */
#ifndef SCAMBIO_TESTS_FUZZ_SML_PROPERTY_H
#define SCAMBIO_TESTS_FUZZ_SML_PROPERTY_H

#include "tests/unit/sml_fixture.h"

#include <stdio.h>

static const struct sml_limits sml_narrow = {.size = 64 << 10, .depth = 20, .nodes = 4000, .commands = 500};
/* What is written may be nested one deeper and be longer. */
static const struct sml_limits sml_wide = {.size = 16 << 20, .depth = 40, .nodes = 400000, .commands = 5000};
static const struct sml_limits sml_wider = {.size = 16 << 20, .depth = 80, .nodes = 800000, .commands = 5000};

static inline void sml_must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "does not hold: %s\n", what);
    abort();
}

static inline void sml_same(const char *difference)
{
    sml_must(!difference, difference);
}

/* ---- is everything in it what XML can say? ---- */

static inline bool sml_is_text(struct str s)
{
    if (!str_utf8(s))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 && c != '\t' && c != '\r' && c != '\n')
            return false;
        if (c == 0xef && i + 2 < s.n &&
            ((unsigned char)s.p[i + 1] == 0xb7 || (unsigned char)s.p[i + 1] == 0xbf))
            return false; /* noncharacters, and what lies beside them */
    }
    return true;
}

static inline bool sml_all_text(const struct str *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!sml_is_text(s[i]))
            return false;
    return true;
}

static inline bool sml_meta_text(const struct sml_meta *m)
{
    const struct str all[] = {m->format,     m->type, m->mark, m->version,
                              m->next_nonce, m->last, m->next, m->emi};
    return sml_all_text(all, COUNT_OF(all));
}

static inline bool sml_cred_text(const struct sml_cred *c)
{
    const struct str all[] = {c->type, c->format, c->data};
    return sml_all_text(all, COUNT_OF(all));
}

static inline bool sml_filters_text(const struct sml_filter *f)
{
    for (; f; f = f->next) {
        const struct str all[] = {f->media, f->grammar, f->record, f->field, f->field_type, f->type};
        if (!sml_all_text(all, COUNT_OF(all)))
            return false;
    }
    return true;
}

static inline bool sml_items_text(const struct sml_item *i)
{
    for (; i; i = i->next) {
        const struct str all[] = {i->target,        i->source,        i->target_name, i->source_name,
                                  i->target_parent, i->source_parent, i->data,        i->next_anchor};
        if (!sml_all_text(all, COUNT_OF(all)) || !sml_filters_text(i->filters) || !sml_meta_text(&i->meta))
            return false;
        for (const struct sml_node *n = i->inner; n; n = sml_step(n, i->inner))
            if (!sml_is_text(n->text))
                return false;
    }
    return true;
}

static inline bool sml_message_text(const struct sml_message *m)
{
    const struct str all[] = {m->session_id,  m->msg_id,      m->target,  m->source,
                              m->target_name, m->source_name, m->resp_uri};
    if (!sml_all_text(all, COUNT_OF(all)) || !sml_meta_text(&m->meta) || !sml_cred_text(&m->cred))
        return false;
    for (const struct sml_command *c = m->commands; c; c = sml_command_step(c)) {
        const struct str own[] = {c->target, c->source,  c->target_name, c->source_name,
                                  c->data,   c->msg_ref, c->cmd_ref,     c->cmd_name};
        if (!sml_all_text(own, COUNT_OF(own)) || !sml_all_text(c->target_refs, c->target_ref_count) ||
            !sml_all_text(c->source_refs, c->source_ref_count) || !sml_filters_text(c->filters) ||
            !sml_meta_text(&c->meta) || !sml_cred_text(&c->cred) || !sml_cred_text(&c->chal) ||
            !sml_items_text(c->items))
            return false;
    }
    return true;
}

/* ---- properties ---- */

static inline bool sml_holds_items(enum sml_cmd cmd)
{
    return cmd != SML_SYNC && cmd != SML_ATOMIC && cmd != SML_SEQUENCE && cmd != SML_SEARCH && cmd != SML_MAP;
}

/* The reader takes more than a command may hold; commands and items must be the same after the first writing. */
static inline void sml_nothing_lost(const struct sml_message *a, const struct sml_message *b)
{
    const struct sml_command *x = a->commands, *y = b->commands;
    for (; x && y; x = sml_command_step(x), y = sml_command_step(y)) {
        sml_must(x->cmd == y->cmd && !x->children == !y->children && !x->next == !y->next,
                 "the same commands");
        if (sml_holds_items(x->cmd))
            sml_same(sml_items_differ(x->items, y->items));
    }
    sml_must(!x && !y, "as many commands");
}

static inline void sml_again(struct arena *a, enum sml_encoding encoding, struct sml_message *m,
                             const struct sml_limits *limits, struct sml_message *again)
{
    struct sml_out o;
    struct str why;
    sml_must(sml_write_message(&o, a, encoding, 0, m) == OK, "it can be written");
    struct str body = arena_str(a, buf_view(&o.buf));
    buf_free(&o.buf);
    sml_must(sml_read(a, encoding, body, limits, again, &why) == OK, "what is written can be read");
}

/* What sml_room says fits, fits. */
static inline void sml_pieces(struct arena *a, enum sml_encoding encoding, size_t max,
                              const struct sml_message *m)
{
    for (const struct sml_command *c = m->commands; c; c = sml_command_step(c)) {
        if ((c->cmd != SML_ADD && c->cmd != SML_REPLACE) || !c->items || !c->items->data.n || c->items->inner)
            continue;
        struct sml_message head = {.version = m->version, .meta = {.size = -1, .max_msg = -1, .max_obj = -1}};
        struct sml_item item = *c->items;
        struct sml_command copy = *c;
        struct sml_out o;
        copy.items = &item;
        copy.children = NULL;
        item.next = NULL;
        sml_begin(&o, a, encoding, max, &head);
        size_t n = sml_room(&o, &copy);
        sml_must(n <= item.data.n, "no more room than data");
        item.data = str_slice(item.data, 0, n);
        item.more_data = true;
        sml_must(n == 0 || sml_add(&o, &copy), "a piece fits");
        enum status st = sml_end(&o, true);
        sml_must(st == OK || st == TOO_LARGE, "it can be closed");
        sml_must(st != OK || o.buf.n <= max, "it is not larger than allowed");
        buf_free(&o.buf);
    }
}

static inline void sml_property(enum sml_encoding encoding, struct str body)
{
    SCOPED_ARENA(a, 512 << 20);
    SCOPED_BUF(trace, 64 << 20);
    struct sml_message read, same, wbxml, xml;
    struct str why;
    enum status st = sml_read(&a, encoding, body, &sml_narrow, &read, &why);
    sml_must(st >= 0 && (st == OK) == !why.n, "an answer, and a reason for what is refused");
    if (st != OK)
        return;
    sml_must(sml_trace(&a, encoding, body, &sml_narrow, &trace) == OK, "there is a trace");
    sml_again(&a, SML_WBXML, &read, &sml_wide, &same);
    sml_nothing_lost(&read, &same);
    sml_again(&a, SML_WBXML, &same, &sml_wider, &wbxml);
    sml_same(sml_message_differs(&same, &wbxml));
    bool text = sml_message_text(&same);
    sml_again(&a, SML_XML, &same, &sml_wider, &xml);
    if (text)
        sml_same(sml_message_differs(&same, &xml));
    sml_pieces(&a, SML_XML, 500 + body.n % 1000, &same);
    sml_pieces(&a, SML_WBXML, 200 + body.n % 1000, &same);
}

/* DevInf on its own: what is kept reads as what was kept. */
static inline void sml_devinf_property(struct str body)
{
    SCOPED_ARENA(a, 512 << 20);
    SCOPED_BUF(first, 64 << 20);
    SCOPED_BUF(second, 64 << 20);
    struct devinf d;
    struct str why;
    if (devinf_parse(&a, body, &sml_narrow, &d, &why) != OK)
        return;
    for (enum sml_version version = SML_1_1; version <= SML_1_2; version++) {
        struct devinf again = d;
        buf_clear(&second);
        devinf_write_xml(&second, &a, &d, version);
        for (int i = 0; i < 2; i++) { /* the first time, white space beside what XML cannot say is trimmed */
            buf_clear(&first);
            buf_add(&first, buf_view(&second));
            sml_must(devinf_parse(&a, arena_str(&a, buf_view(&first)), &sml_wider, &again, &why) == OK,
                     "kept DevInf");
            buf_clear(&second);
            devinf_write_xml(&second, &a, &again, version);
        }
        sml_must(str_eq(buf_view(&first), buf_view(&second)), "kept DevInf is the same");
    }
}

#endif
