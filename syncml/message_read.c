/* syncml/message_read.c: from the tree to structs. What an element may hold is a table; what is in no table is skipped. */
#include "syncml/message_bounds.h"
#include "syncml/node.h"

struct reader {
    struct arena *arena;
    const struct sml_limits *limits;
    size_t commands;
    enum status st;
    struct str why;
};

enum kind { TEXT, FLAG, NUMBER, PLACE, META, CRED, ITEM, REFERENCE };

struct field {
    enum sml_tag tag;
    enum kind kind;
    size_t at; /* of PLACE: of its LocURI */
};

/* LocURI and LocName of a Target or Source lie at different places of their structs. */
struct place {
    size_t uri, name, filters; /* 0: has none */
};

static void no_memory(struct reader *r)
{
    r->st = r->arena->st ? r->arena->st : E_MEMORY;
    r->why = STR("the message needs too much memory");
}

static void *make(struct reader *r, size_t size)
{
    void *p = arena_alloc(r->arena, size);
    if (!p)
        no_memory(r);
    return p;
}

static void *member(void *base, size_t at)
{
    return (char *)base + at;
}

static struct str own_text(const struct sml_node *n)
{
    return str_trim(n->text);
}

/* ---- parts ---- */

static void read_meta(const struct sml_node *n, struct sml_meta *m)
{
    static const struct field fields[] = {
        {TAG_FORMAT, TEXT, offsetof(struct sml_meta, format)},
        {TAG_TYPE, TEXT, offsetof(struct sml_meta, type)},
        {TAG_MARK, TEXT, offsetof(struct sml_meta, mark)},
        {TAG_VERSION, TEXT, offsetof(struct sml_meta, version)},
        {TAG_NEXTNONCE, TEXT, offsetof(struct sml_meta, next_nonce)},
        {TAG_EMI, TEXT, offsetof(struct sml_meta, emi)},
        {TAG_SIZE, NUMBER, offsetof(struct sml_meta, size)},
        {TAG_MAXMSGSIZE, NUMBER, offsetof(struct sml_meta, max_msg)},
        {TAG_MAXOBJSIZE, NUMBER, offsetof(struct sml_meta, max_obj)},
    };
    const struct sml_node *wrapped = sml_child(n, TAG_METINF);
    if (wrapped)
        n = wrapped;
    for (const struct sml_node *child = n->children; child; child = child->next)
        for (size_t i = 0; i < COUNT_OF(fields); i++) {
            if (child->tag != fields[i].tag)
                continue;
            if (fields[i].kind == TEXT)
                *(struct str *)member(m, fields[i].at) = own_text(child);
            else
                *(int64_t *)member(m, fields[i].at) = sml_number(child->text);
        }
    const struct sml_node *anchor = sml_child(n, TAG_ANCHOR);
    if (anchor) {
        m->last = sml_text(anchor, TAG_LAST);
        m->next = sml_text(anchor, TAG_NEXT);
    }
}

static const struct sml_meta no_meta = {.size = -1, .max_msg = -1, .max_obj = -1};

static void read_cred(const struct sml_node *n, struct sml_cred *cred)
{
    struct sml_meta m = no_meta;
    const struct sml_node *meta = sml_child(n, TAG_META);
    if (meta)
        read_meta(meta, &m);
    cred->type = m.type;
    cred->format = m.format;
    cred->data = sml_child(n, TAG_DATA) ? sml_text(n, TAG_DATA) : m.next_nonce;
}

/* Text of Field or Record: what is in their Item. */
static void read_condition(const struct sml_node *n, struct str *text, struct str *type,
                           const struct sml_node **inner)
{
    const struct sml_node *item = sml_child(n, TAG_ITEM);
    if (!item)
        return;
    struct sml_meta m = no_meta;
    const struct sml_node *meta = sml_child(item, TAG_META), *data = sml_child(item, TAG_DATA);
    if (meta)
        read_meta(meta, &m);
    *type = m.type;
    *text = sml_text(item, TAG_DATA);
    if (inner && data)
        *inner = data->children ? data : NULL;
}

static void read_filters(struct reader *r, const struct sml_node *target, struct sml_filter **out)
{
    for (const struct sml_node *n = sml_child(target, TAG_FILTER); n; n = sml_next(n, TAG_FILTER)) {
        struct sml_filter *f = make(r, sizeof *f);
        struct sml_meta m = no_meta;
        const struct sml_node *meta = sml_child(n, TAG_META);
        if (!f)
            return;
        if (meta)
            read_meta(meta, &m);
        f->media = m.type;
        f->type = sml_text(n, TAG_FILTERTYPE);
        read_condition(sml_child(n, TAG_RECORD), &f->record, &f->grammar, NULL);
        read_condition(sml_child(n, TAG_FIELD), &f->field, &f->field_type, &f->field_inner);
        *out = f;
        out = &f->next;
    }
}

/* Elements without children, as `<Target>uri</Target>`, are taken for their LocURI. */
static void read_place(struct reader *r, const struct sml_node *n, void *base, const struct place *p)
{
    *(struct str *)member(base, p->uri) = n->children ? sml_text(n, TAG_LOCURI) : own_text(n);
    if (p->name)
        *(struct str *)member(base, p->name) = sml_text(n, TAG_LOCNAME);
    if (p->filters)
        read_filters(r, n, member(base, p->filters));
}

/* ---- items ---- */

static void read_data(struct reader *r, enum sml_cmd cmd, const struct sml_node *n, struct sml_item *item)
{
    const struct sml_node *anchor = sml_child(n, TAG_ANCHOR);
    if (!anchor)
        anchor = sml_child(sml_child(n, TAG_METINF), TAG_ANCHOR);
    if (anchor)
        item->next_anchor = sml_text(anchor, TAG_NEXT);
    item->inner = sml_child(n, TAG_DEVINF);
    if (!n->children)
        item->data = n->text;
    if (!item->inner && (cmd == SML_PUT || cmd == SML_RESULTS))
        item->inner = sml_devinf_in(r->arena, item->data, r->limits);
}

static void read_item(struct reader *r, enum sml_cmd cmd, const struct sml_node *n, struct sml_item *item)
{
    static const struct {
        enum sml_tag tag;
        struct place place;
    } places[] = {
        {TAG_TARGET,
         {offsetof(struct sml_item, target), offsetof(struct sml_item, target_name),
          offsetof(struct sml_item, filters)}},
        {TAG_SOURCE, {offsetof(struct sml_item, source), offsetof(struct sml_item, source_name), 0}},
        {TAG_TARGETPARENT, {offsetof(struct sml_item, target_parent), 0, 0}},
        {TAG_SOURCEPARENT, {offsetof(struct sml_item, source_parent), 0, 0}},
    };
    item->meta = no_meta;
    for (const struct sml_node *child = n->children; child; child = child->next) {
        for (size_t i = 0; i < COUNT_OF(places); i++)
            if (child->tag == places[i].tag)
                read_place(r, child, item, &places[i].place);
        if (child->tag == TAG_META)
            read_meta(child, &item->meta);
        else if (child->tag == TAG_DATA)
            read_data(r, cmd, child, item);
        else if (child->tag == TAG_MOREDATA)
            item->more_data = true;
    }
}

/* ---- commands ---- */

static const struct {
    struct str name;
    enum sml_tag tag;
    bool holds; /* commands */
} command_rows[SML_CMD_COUNT] = {
    [SML_NO_CMD] = {STR_INIT(""), TAG_NONE, false},
    [SML_ADD] = {STR_INIT("Add"), TAG_ADD, false},
    [SML_ALERT] = {STR_INIT("Alert"), TAG_ALERT, false},
    [SML_ATOMIC] = {STR_INIT("Atomic"), TAG_ATOMIC, true},
    [SML_COPY] = {STR_INIT("Copy"), TAG_COPY, false},
    [SML_DELETE] = {STR_INIT("Delete"), TAG_DELETE, false},
    [SML_EXEC] = {STR_INIT("Exec"), TAG_EXEC, false},
    [SML_GET] = {STR_INIT("Get"), TAG_GET, false},
    [SML_MAP] = {STR_INIT("Map"), TAG_MAP, false},
    [SML_MOVE] = {STR_INIT("Move"), TAG_MOVE, false},
    [SML_PUT] = {STR_INIT("Put"), TAG_PUT, false},
    [SML_REPLACE] = {STR_INIT("Replace"), TAG_REPLACE, false},
    [SML_RESULTS] = {STR_INIT("Results"), TAG_RESULTS, false},
    [SML_SEARCH] = {STR_INIT("Search"), TAG_SEARCH, false},
    [SML_SEQUENCE] = {STR_INIT("Sequence"), TAG_SEQUENCE, true},
    [SML_STATUS] = {STR_INIT("Status"), TAG_STATUS, false},
    [SML_SYNC] = {STR_INIT("Sync"), TAG_SYNC, true},
    [SML_SYNCHDR] = {STR_INIT("SyncHdr"), TAG_SYNCHDR, false},
};

struct str sml_cmd_name(enum sml_cmd c)
{
    return command_rows[c].name;
}

enum sml_cmd sml_cmd_of(struct str name)
{
    for (enum sml_cmd c = SML_NO_CMD + 1; c < SML_CMD_COUNT; c++)
        if (str_eq(name, command_rows[c].name))
            return c;
    return SML_NO_CMD;
}

static enum sml_cmd command_of(enum sml_tag tag)
{
    for (enum sml_cmd c = SML_NO_CMD + 1; c < SML_SYNCHDR; c++)
        if (command_rows[c].tag == tag)
            return c;
    return SML_NO_CMD;
}

#define AT(name) offsetof(struct sml_command, name)

static const struct field command_fields[] = {
    {TAG_CMDID, TEXT, AT(cmd_id)},
    {TAG_MSGREF, TEXT, AT(msg_ref)},
    {TAG_CMDREF, TEXT, AT(cmd_ref)},
    {TAG_CMD, TEXT, AT(cmd_name)},
    {TAG_NORESP, FLAG, AT(no_resp)},
    {TAG_ARCHIVE, FLAG, AT(archive)},
    {TAG_SFTDEL, FLAG, AT(sft_del)},
    {TAG_NUMBEROFCHANGES, NUMBER, AT(changes)},
    {TAG_TARGET, PLACE, AT(target)},
    {TAG_SOURCE, PLACE, AT(source)},
    {TAG_META, META, AT(meta)},
    {TAG_CRED, CRED, AT(cred)},
    {TAG_CHAL, CRED, AT(chal)},
    {TAG_DATA, TEXT, AT(data)},
    {TAG_TARGETREF, REFERENCE, AT(target_refs)},
    {TAG_SOURCEREF, REFERENCE, AT(source_refs)},
    {TAG_ITEM, ITEM, 0},
    {TAG_MAPITEM, ITEM, 0},
};

static const struct field header_fields[] = {
    {TAG_VERDTD, TEXT, offsetof(struct sml_message, ver_dtd)},
    {TAG_VERPROTO, TEXT, offsetof(struct sml_message, ver_proto)},
    {TAG_SESSIONID, TEXT, offsetof(struct sml_message, session_id)},
    {TAG_MSGID, TEXT, offsetof(struct sml_message, msg_id)},
    {TAG_RESPURI, TEXT, offsetof(struct sml_message, resp_uri)},
    {TAG_NORESP, FLAG, offsetof(struct sml_message, no_resp)},
    {TAG_TARGET, PLACE, offsetof(struct sml_message, target)},
    {TAG_SOURCE, PLACE, offsetof(struct sml_message, source)},
    {TAG_CRED, CRED, offsetof(struct sml_message, cred)},
    {TAG_META, META, offsetof(struct sml_message, meta)},
};

static const struct place command_places[] = {
    {AT(target), AT(target_name), AT(filters)},
    {AT(source), AT(source_name), 0},
};
static const struct place header_places[] = {
    {offsetof(struct sml_message, target), offsetof(struct sml_message, target_name), 0},
    {offsetof(struct sml_message, source), offsetof(struct sml_message, source_name), 0},
};

struct where { /* what a command's lists have grown to */
    struct sml_item **item_end;
    size_t target_cap, source_cap;
    enum sml_cmd cmd;
};

static void add_reference(struct reader *r, struct str text, struct str **list, size_t *count, size_t *cap)
{
    struct str *grown = arena_grow(r->arena, *list, *count, cap, *count + 1, sizeof *grown);
    if (!grown) {
        no_memory(r);
        return;
    }
    *list = grown;
    grown[(*count)++] = text;
}

static void read_field(struct reader *r, const struct field *f, const struct place places[2],
                       const struct sml_node *n, void *base, struct where *where)
{
    struct sml_command *c = where ? base : NULL;
    switch (f->kind) {
    case TEXT:
        *(struct str *)member(base, f->at) = own_text(n);
        break;
    case FLAG:
        *(bool *)member(base, f->at) = true;
        break;
    case NUMBER:
        *(int64_t *)member(base, f->at) = sml_number(n->text);
        break;
    case PLACE:
        read_place(r, n, base, &places[f->at != places[0].uri]);
        break;
    case META:
        read_meta(n, member(base, f->at));
        break;
    case CRED:
        read_cred(n, member(base, f->at));
        break;
    case REFERENCE:
        if (!where)
            break; /* only commands have them */
        if (f->tag == TAG_TARGETREF)
            add_reference(r, own_text(n), &c->target_refs, &c->target_ref_count, &where->target_cap);
        else
            add_reference(r, own_text(n), &c->source_refs, &c->source_ref_count, &where->source_cap);
        break;
    case ITEM: {
        struct sml_item *item = where ? make(r, sizeof *item) : NULL;
        if (!item)
            break;
        read_item(r, where->cmd, n, item);
        *where->item_end = item;
        where->item_end = &item->next;
        break;
    }
    }
}

static void read_fields(struct reader *r, const struct field *fields, size_t count,
                        const struct place places[2], const struct sml_node *n, void *base,
                        struct where *where)
{
    for (const struct sml_node *child = n->children; child && r->st == OK; child = child->next)
        for (size_t i = 0; i < count; i++)
            if (child->tag == fields[i].tag)
                read_field(r, &fields[i], places, child, base, where);
}

static struct sml_command *read_command(struct reader *r, enum sml_cmd cmd, const struct sml_node *n,
                                        struct sml_command *parent)
{
    if (++r->commands > r->limits->commands) {
        r->st = TOO_MANY;
        r->why = STR("too many commands in one message");
        return NULL;
    }
    struct sml_command *c = make(r, sizeof *c);
    if (!c)
        return NULL;
    *c = (struct sml_command){.cmd = cmd, .meta = no_meta, .changes = -1, .parent = parent};
    struct where where = {.item_end = &c->items, .cmd = cmd};
    read_fields(r, command_fields, COUNT_OF(command_fields), command_places, n, c, &where);
    return c;
}

/* The commands below `body`, those inside of others as their children. */
static void read_commands(struct reader *r, const struct sml_node *body, struct sml_command **first)
{
    struct sml_command *parent = NULL, *last = *first;
    while (last && last->next)
        last = last->next;
    for (const struct sml_node *n = body->children; n && r->st == OK;) {
        enum sml_cmd cmd = command_of(n->tag);
        struct sml_command *c = cmd ? read_command(r, cmd, n, parent) : NULL;
        if (c) {
            *(last ? &last->next : parent ? &parent->children : first) = c;
            last = c;
        }
        if (c && command_rows[cmd].holds && n->children) {
            parent = c;
            last = NULL;
            n = n->children;
            continue;
        }
        while (n && !n->next) {
            n = n->parent == body ? NULL : n->parent;
            if (n) {
                last = parent;
                parent = parent ? parent->parent : NULL;
            }
        }
        n = n ? n->next : NULL;
    }
}

/* ---- the message ---- */

static enum sml_version version_of(struct str proto)
{
    static const struct str names[] = {[SML_1_0] = STR_INIT("SyncML/1.0"),
                                       [SML_1_1] = STR_INIT("SyncML/1.1"),
                                       [SML_1_2] = STR_INIT("SyncML/1.2")};
    for (enum sml_version v = SML_1_0; v <= SML_1_2; v++)
        if (str_caseeq(proto, names[v]))
            return v;
    return SML_NONE;
}

enum status sml_read(struct arena *a, enum sml_encoding encoding, struct str body,
                     const struct sml_limits *limits, struct sml_message *out, struct str *why)
{
    return sml_read_as(a, encoding, STR_NONE, body, limits, out, why);
}

enum status sml_read_as(struct arena *a, enum sml_encoding encoding, struct str charset, struct str body,
                        const struct sml_limits *limits, struct sml_message *out, struct str *why)
{
    struct sml_node *root;
    struct sml_source source = {.charset = charset, .xmlns = true};
    *out = (struct sml_message){.meta = no_meta};
    enum status st = encoding == SML_XML ? sml_xml_read(a, body, limits, &source, &root, why)
                                         : wbxml_read(a, body, limits, &source, &root, why);
    if (st != OK)
        return st;
    const struct sml_node *header = root->tag == TAG_SYNCML ? sml_child(root, TAG_SYNCHDR) : NULL;
    if (!header) {
        *why = root->tag == TAG_SYNCML ? STR("a message without SyncHdr") : STR("the root is not SyncML");
        return INVALID;
    }
    struct reader r = {.arena = a, .limits = limits};
    read_fields(&r, header_fields, COUNT_OF(header_fields), header_places, header, out, NULL);
    out->version = version_of(out->ver_proto);
    out->plain = !source.xmlns;
    out->recoded = source.recoded;
    for (const struct sml_node *n = sml_child(root, TAG_SYNCBODY); n; n = sml_next(n, TAG_SYNCBODY)) {
        read_commands(&r, n, &out->commands);
        out->final = out->final || sml_child(n, TAG_FINAL);
    }
    *why = r.why;
    return r.st == OK ? sml_bound(a, limits, out, why) : r.st;
}

/* ---- what holds for an item ---- */

struct str sml_item_type(const struct sml_command *c, const struct sml_item *item)
{
    return item->meta.type.n ? item->meta.type : c->meta.type;
}

struct str sml_item_format(const struct sml_command *c, const struct sml_item *item)
{
    return item->meta.format.n ? item->meta.format : c->meta.format;
}

enum status sml_item_data(struct arena *a, const struct sml_command *c, const struct sml_item *item,
                          struct str *out)
{
    *out = item->data;
    if (!str_caseeq(sml_item_format(c, item), STR("b64")) || !item->data.n)
        return OK;
    SCOPED_BUF(plain, item->data.n);
    if (!buf_unbase64(&plain, item->data))
        return INVALID;
    *out = arena_str(a, buf_view(&plain));
    return plain.st ? plain.st : out->p ? OK : a->st ? a->st : E_MEMORY;
}

/* ---- media types ---- */

struct str sml_media(enum sml_encoding e)
{
    return e == SML_XML ? STR("application/vnd.syncml+xml") : STR("application/vnd.syncml+wbxml");
}

bool sml_encoding_of(struct str content_type, enum sml_encoding *e)
{
    struct str type = str_trim(str_slice(content_type, 0, str_chr(content_type, ';', 0)));
    for (enum sml_encoding i = SML_XML; i <= SML_WBXML; i++)
        if (str_caseeq(type, sml_media(i))) {
            *e = i;
            return true;
        }
    return false;
}

struct str sml_charset_of(struct str content_type)
{
    struct str rest = content_type, one, name;
    str_split(&rest, ';', &one);
    while (rest.p && str_split(&rest, ';', &one))
        if (str_split(&one, '=', &name) && str_caseeq(str_trim(name), STR("charset"))) {
            one = str_trim(one);
            bool quoted = one.n >= 2 && (one.p[0] == '"' || one.p[0] == '\'') && one.p[one.n - 1] == one.p[0];
            return quoted ? str_slice(one, 1, one.n - 2) : one;
        }
    return STR_NONE;
}
