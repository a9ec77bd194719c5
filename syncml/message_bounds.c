/* syncml/message_bounds.c: texts of a message that are longer than any device's: most of them are kept, written to the log or sent back,
 * so that each has a bound. A SyncHdr with one is refused as a whole, before anybody logs in; a command or an item goes on without its
 * texts and with the Status that it gets, so that the others of its message are as usual. */
#include "syncml/message_bounds.h"

enum bound { NAME, ADDRESS, CREDENTIAL };

struct bounded {
    const char *what;
    enum bound bound;
    size_t at;
};

#define AT(name) offsetof(struct sml_message, name)
static const struct bounded header[] = {
    {"VerDTD", NAME, AT(ver_dtd)},
    {"VerProto", NAME, AT(ver_proto)},
    {"SessionID", NAME, AT(session_id)},
    {"MsgID", NAME, AT(msg_id)},
    {"Source LocURI", NAME, AT(source)}, /* the DevID */
    {"Source LocName", NAME, AT(source_name)},
    {"Target LocURI", ADDRESS, AT(target)},
    {"Target LocName", NAME, AT(target_name)},
    {"RespURI", ADDRESS, AT(resp_uri)},
    {"Cred Type", NAME, AT(cred.type)},
    {"Cred Format", NAME, AT(cred.format)},
    {"Cred Data", CREDENTIAL, AT(cred.data)},
};
#undef AT

#define AT(name) offsetof(struct sml_command, name)
static const struct bounded command[] = {{"Target LocURI", ADDRESS, AT(target)},
                                         {"Source LocURI", ADDRESS, AT(source)},
                                         {"Target LocName", NAME, AT(target_name)},
                                         {"Source LocName", NAME, AT(source_name)},
                                         {"MsgRef", NAME, AT(msg_ref)},
                                         {"CmdRef", NAME, AT(cmd_ref)},
                                         {"Cmd", NAME, AT(cmd_name)},
                                         {"Cred Type", NAME, AT(cred.type)},
                                         {"Cred Format", NAME, AT(cred.format)},
                                         {"Cred Data", CREDENTIAL, AT(cred.data)},
                                         {"Chal Type", NAME, AT(chal.type)},
                                         {"Chal Format", NAME, AT(chal.format)},
                                         {"Chal NextNonce", CREDENTIAL, AT(chal.data)}};
#undef AT

#define AT(name) offsetof(struct sml_item, name)
static const struct bounded item_texts[] = {
    {"Target LocURI", ADDRESS, AT(target)},
    {"Source LocURI", ADDRESS, AT(source)},
    {"Target LocName", NAME, AT(target_name)},
    {"Source LocName", NAME, AT(source_name)},
    {"TargetParent", ADDRESS, AT(target_parent)},
    {"SourceParent", ADDRESS, AT(source_parent)},
    {"Anchor", NAME, AT(next_anchor)},
};
#undef AT

#define AT(name) offsetof(struct sml_meta, name)
static const struct bounded meta[] = {
    {"Format", NAME, AT(format)},
    {"Type", NAME, AT(type)},
    {"Mark", NAME, AT(mark)},
    {"Version", NAME, AT(version)},
    {"NextNonce", NAME, AT(next_nonce)},
    {"Last", NAME, AT(last)},
    {"Next", NAME, AT(next)},
    {"EMI", NAME, AT(emi)},
};
#undef AT

#define AT(name) offsetof(struct sml_filter, name)
static const struct bounded filter[] = {
    {"Type", NAME, AT(media)},     {"Type", NAME, AT(grammar)},    {"Record", ADDRESS, AT(record)},
    {"Field", ADDRESS, AT(field)}, {"Type", NAME, AT(field_type)}, {"FilterType", NAME, AT(type)},
};
#undef AT

enum { URI_TOO_LONG = 414, BAD_REQUEST = 400 };

static size_t most(const struct sml_limits *l, enum bound b)
{
    size_t n = b == NAME ? l->name : b == ADDRESS ? l->address : l->credential;
    return n ? n : SIZE_MAX;
}

static struct str *text_at(void *base, const struct bounded *b)
{
    void *at = (char *)base + b->at;
    return at;
}

/* Takes out what is too long: the Status of that; 0: nothing was. */
static int cut(const struct sml_limits *l, const struct bounded *rows, size_t count, void *base)
{
    int code = 0;
    for (size_t i = 0; i < count; i++) {
        struct str *s = text_at(base, &rows[i]);
        if (s->n <= most(l, rows[i].bound))
            continue;
        *s = STR_NONE;
        code = rows[i].bound == ADDRESS ? URI_TOO_LONG : code ? code : BAD_REQUEST;
    }
    return code;
}

static int cut_filters(const struct sml_limits *l, struct sml_filter *f)
{
    int code = 0;
    for (; f; f = f->next) {
        int bad = cut(l, filter, COUNT_OF(filter), f);
        code = bad ? bad : code;
    }
    return code;
}

static void bound_item(const struct sml_limits *l, struct sml_item *i)
{
    int address = cut(l, item_texts, COUNT_OF(item_texts), i), m = cut(l, meta, COUNT_OF(meta), &i->meta);
    int f = cut_filters(l, i->filters);
    i->bad = address ? address : m ? m : f;
    if (i->bad)
        i->target = i->source = STR_NONE; /* half of an address is another one */
}

static void bound_command(const struct sml_limits *l, struct sml_command *c)
{
    int address = cut(l, command, COUNT_OF(command), c), m = cut(l, meta, COUNT_OF(meta), &c->meta);
    int f = cut_filters(l, c->filters);
    c->bad = address ? address : m ? m : f;
    if (c->bad)
        c->target = c->source = STR_NONE;
    for (size_t i = 0; i < c->target_ref_count; i++)
        if (c->target_refs[i].n > most(l, ADDRESS))
            c->target_refs[i] = STR_NONE;
    for (size_t i = 0; i < c->source_ref_count; i++)
        if (c->source_refs[i].n > most(l, ADDRESS))
            c->source_refs[i] = STR_NONE;
    for (struct sml_item *i = c->items; i; i = i->next)
        bound_item(l, i);
}

static struct sml_command *step(struct sml_command *c)
{
    if (c->children)
        return c->children;
    while (c && !c->next)
        c = c->parent;
    return c ? c->next : NULL;
}

static enum status refuse(struct arena *a, const char *where, const char *what, size_t n, struct str *why)
{
    *why = arena_strf(a, "%s: %s is longer than %zu bytes", where, what, n);
    return INVALID;
}

enum status sml_bound(struct arena *a, const struct sml_limits *l, struct sml_message *m, struct str *why)
{
    for (size_t i = 0; i < COUNT_OF(header); i++)
        if (text_at(m, &header[i])->n > most(l, header[i].bound))
            return refuse(a, "SyncHdr", header[i].what, most(l, header[i].bound), why);
    for (size_t i = 0; i < COUNT_OF(meta); i++)
        if (text_at(&m->meta, &meta[i])->n > most(l, NAME))
            return refuse(a, "SyncHdr Meta", meta[i].what, most(l, NAME), why);
    for (struct sml_command *c = m->commands; c; c = step(c)) {
        if (c->cmd_id.n > most(l, NAME))
            return refuse(a, "a command", "CmdID", most(l, NAME), why);
        bound_command(l, c);
    }
    return OK;
}
