/* tests/unit/sml_random.h: random SyncML messages of every shape that the DTD allows. Equal seeds give equal messages. */
#ifndef SCAMBIO_TESTS_UNIT_SML_RANDOM_H
#define SCAMBIO_TESTS_UNIT_SML_RANDOM_H

#include "tests/unit/test.h"

#include "syncml/devinf.h"

struct sml_random {
    struct arena *arena;
    uint32_t seed;
    const char *alphabet; /* of data; NULL: "a" to "z" */
    bool devinf, filters, move;
};

static inline unsigned sml_below(struct sml_random *r, unsigned n)
{
    r->seed = r->seed * 1664525 + 1013904223;
    return (r->seed >> 8) % n;
}

static inline bool sml_chance(struct sml_random *r, unsigned percent)
{
    return sml_below(r, 100) < percent;
}

static inline struct str sml_word(struct sml_random *r)
{
    static const char *const words[] = {
        "1",   "./contacts",   "a&b<c>\"d'", "http://h/s?a=1&b=2", "caf\xc3\xa9",
        "200", "text/x-vcard", "x y z",      "20261124T020738Z"};
    return str_c(words[sml_below(r, COUNT_OF(words))]);
}

static inline struct str sml_maybe(struct sml_random *r)
{
    return sml_chance(r, 50) ? sml_word(r) : STR_NONE;
}

static inline struct str sml_random_data(struct sml_random *r)
{
    struct str alphabet = str_c(r->alphabet ? r->alphabet : "abcdefghijklmnopqrstuvwxyz");
    size_t n = 1 + sml_below(r, sml_chance(r, 20) ? 400 : 30);
    char *p = arena_alloc(r->arena, n);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = alphabet.p[sml_below(r, (unsigned)alphabet.n)];
    return str_n(p, n);
}

static inline int64_t sml_random_number(struct sml_random *r)
{
    return sml_chance(r, 30) ? (int64_t)sml_below(r, 1000000) : -1;
}

static inline struct sml_meta sml_random_meta(struct sml_random *r)
{
    struct sml_meta m = {.size = -1, .max_msg = -1, .max_obj = -1};
    if (sml_chance(r, 50))
        return m;
    m.format = sml_maybe(r);
    m.type = sml_maybe(r);
    m.mark = sml_maybe(r);
    m.version = sml_maybe(r);
    m.last = sml_maybe(r);
    m.next = sml_maybe(r);
    m.emi = sml_maybe(r);
    m.size = sml_random_number(r);
    m.max_msg = sml_random_number(r);
    m.max_obj = sml_random_number(r);
    return m;
}

static inline struct sml_cred sml_random_cred(struct sml_random *r)
{
    struct sml_cred none = {0};
    if (sml_chance(r, 70))
        return none;
    return (struct sml_cred){.type = STR("syncml:auth-md5"), .format = STR("b64"), .data = STR("Zz8/Kw==")};
}

static inline struct sml_filter *sml_random_filter(struct sml_random *r)
{
    if (!r->filters || sml_chance(r, 70))
        return NULL;
    struct sml_filter *f = ARENA_NEW(r->arena, struct sml_filter);
    assert_non_null(f);
    f->media = sml_maybe(r);
    f->record = sml_maybe(r);
    f->grammar = f->record.n ? sml_maybe(r) : STR_NONE;
    f->type = sml_word(r);
    f->next = sml_random_filter(r);
    return f;
}

static inline const struct sml_node *sml_random_devinf(struct sml_random *r)
{
    struct devinf_type type = {STR("text/x-vcard"), STR("2.1"), NULL};
    struct devinf_value value = {sml_word(r), NULL};
    struct devinf_prop param = {STR("TYPE"), -1, -1, false, &value, NULL, NULL};
    struct devinf_prop prop = {
        STR("TEL"), sml_random_number(r), sml_random_number(r), sml_chance(r, 50), &value, &param, NULL};
    struct devinf_cap cap = {type, &prop, NULL};
    struct devinf_filter filter = {type, &value, &value, NULL};
    struct devinf_store store = {.source = sml_word(r),
                                 .display = sml_maybe(r),
                                 .max_guid = sml_random_number(r),
                                 .rx_pref = type,
                                 .tx_pref = type,
                                 .rx = &type,
                                 .tx = &type,
                                 .caps = sml_chance(r, 50) ? &cap : NULL,
                                 .sync_types = sml_below(r, 256),
                                 .hierarchical = sml_chance(r, 50),
                                 .filter_rx = sml_chance(r, 50) ? &type : NULL,
                                 .filters = sml_chance(r, 50) ? &filter : NULL};
    struct devinf d = {.man = sml_maybe(r),
                       .mod = sml_maybe(r),
                       .oem = sml_maybe(r),
                       .fwv = sml_maybe(r),
                       .swv = sml_maybe(r),
                       .hwv = sml_maybe(r),
                       .devid = sml_word(r),
                       .devtyp = STR("phone"),
                       .utc = sml_chance(r, 50),
                       .large_objects = sml_chance(r, 50),
                       .number_of_changes = sml_chance(r, 50),
                       .stores = &store};
    const struct sml_node *tree = devinf_tree(r->arena, &d, SML_1_2);
    assert_non_null(tree);
    return tree;
}

static inline struct sml_item *sml_random_item(struct sml_random *r, enum sml_cmd cmd)
{
    struct sml_item *i = ARENA_NEW(r->arena, struct sml_item);
    assert_non_null(i);
    i->meta = (struct sml_meta){.size = -1, .max_msg = -1, .max_obj = -1};
    i->target = sml_maybe(r);
    i->source = sml_word(r);
    if (cmd == SML_MAP)
        return i;
    i->target_name = i->target.n ? sml_maybe(r) : STR_NONE;
    i->source_name = sml_maybe(r);
    i->filters = i->target.n ? sml_random_filter(r) : NULL;
    if (r->move) {
        i->source_parent = sml_maybe(r);
        i->target_parent = sml_maybe(r);
    }
    i->meta = sml_random_meta(r);
    if (cmd == SML_STATUS && sml_chance(r, 50))
        i->next_anchor = sml_word(r);
    else if (r->devinf && (cmd == SML_PUT || cmd == SML_RESULTS))
        i->inner = sml_random_devinf(r);
    else if (sml_chance(r, 80))
        i->data = sml_random_data(r);
    i->more_data = sml_chance(r, 20);
    return i;
}

/* Only what the command has a place for. */
static inline struct sml_command *sml_random_command(struct sml_random *r, enum sml_cmd cmd)
{
    struct sml_command *c = ARENA_NEW(r->arena, struct sml_command);
    assert_non_null(c);
    *c = (struct sml_command){.cmd = cmd, .changes = -1};
    bool refs = cmd == SML_STATUS || cmd == SML_RESULTS, group = cmd == SML_ATOMIC || cmd == SML_SEQUENCE;
    bool places = cmd == SML_SYNC || cmd == SML_MAP;
    c->meta = (struct sml_meta){.size = -1, .max_msg = -1, .max_obj = -1};
    if (cmd != SML_STATUS && cmd != SML_ALERT)
        c->meta = sml_random_meta(r);
    if (!refs && cmd != SML_MAP)
        c->no_resp = sml_chance(r, 20);
    if (!refs && !group)
        c->cred = sml_random_cred(r);
    if (cmd == SML_DELETE) {
        c->archive = sml_chance(r, 50);
        c->sft_del = sml_chance(r, 50);
    }
    if (cmd == SML_ALERT || cmd == SML_STATUS)
        c->data = sml_word(r);
    if (places) {
        c->target = sml_word(r);
        c->source = sml_word(r);
        c->target_name = sml_maybe(r);
    }
    if (cmd == SML_SYNC) {
        c->filters = sml_random_filter(r);
        c->changes = sml_random_number(r);
    }
    if (refs) {
        c->msg_ref = sml_word(r);
        c->cmd_ref = sml_word(r);
        c->source_ref_count = cmd == SML_RESULTS ? 1 : sml_below(r, 3);
        c->source_refs = ARENA_ARRAY(r->arena, struct str, c->source_ref_count);
        for (size_t i = 0; i < c->source_ref_count; i++)
            c->source_refs[i] = sml_word(r);
    }
    if (cmd == SML_STATUS) {
        c->cmd_name = STR("Sync");
        c->chal = sml_random_cred(r);
    }
    struct sml_item **end = &c->items;
    for (unsigned n = places && cmd != SML_MAP ? 0 : group ? 0 : 1 + sml_below(r, 3); n; n--) {
        *end = sml_random_item(r, cmd);
        end = &(*end)->next;
    }
    return c;
}

static inline void sml_random_children(struct sml_random *r, struct sml_command *parent, int depth)
{
    static const enum sml_cmd cmds[] = {SML_ADD, SML_REPLACE, SML_DELETE, SML_COPY, SML_ATOMIC, SML_SEQUENCE};
    struct sml_command **end = &parent->children;
    for (unsigned n = 1 + sml_below(r, 4); n; n--) {
        struct sml_command *c = sml_random_command(r, cmds[sml_below(r, depth < 2 ? 6 : 4)]);
        c->parent = parent;
        if (c->cmd == SML_ATOMIC || c->cmd == SML_SEQUENCE)
            sml_random_children(r, c, depth + 1);
        *end = c;
        end = &c->next;
    }
}

static inline void sml_random_message(struct sml_random *r, enum sml_version version, struct sml_message *m)
{
    static const enum sml_cmd cmds[] = {SML_STATUS,  SML_ALERT, SML_PUT,  SML_GET,
                                        SML_RESULTS, SML_MAP,   SML_SYNC, SML_ADD};
    *m = (struct sml_message){.version = version,
                              .session_id = STR("7"),
                              .msg_id = STR("1"),
                              .target = sml_word(r),
                              .source = sml_word(r),
                              .source_name = sml_maybe(r),
                              .resp_uri = sml_maybe(r),
                              .no_resp = sml_chance(r, 20),
                              .final = sml_chance(r, 50),
                              .cred = sml_random_cred(r),
                              .meta = sml_random_meta(r)};
    struct sml_command **end = &m->commands;
    for (unsigned n = 1 + sml_below(r, 8); n; n--) {
        *end = sml_random_command(r, cmds[sml_below(r, COUNT_OF(cmds))]);
        if ((*end)->cmd == SML_SYNC && sml_chance(r, 80))
            sml_random_children(r, *end, 0);
        end = &(*end)->next;
    }
}

#endif
