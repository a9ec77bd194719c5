/* syncml/message_write.c: messages as old devices take them: the order of the DTD, nothing empty, never larger than they said.
 *
 * What a command may hold, and in which order, is a row of a table. A command that does not fit is cut off again, with the code page
 * and the numbers that it used. */
#include "syncml/emit.h"

enum { LARGEST = 64 << 20, WORTH_IT = 32, PARTS = 12 };

enum part { /* of a command */
            P_END,
            P_CMDID,
            P_NORESP,
            P_ARCHIVE,
            P_SFTDEL,
            P_MSGREF,
            P_CMDREF,
            P_CMD,
            P_TARGETREF,
            P_SOURCEREF,
            P_CRED,
            P_CHAL,
            P_TARGET,
            P_SOURCE,
            P_META,
            P_CHANGES,
            P_DATA,
            P_ITEMS,
            P_MAPITEMS
};

/* clang-format off */
static const struct {
    enum sml_tag tag;
    enum part parts[PARTS];
} rows[SML_CMD_COUNT] = {
    [SML_NO_CMD] = {TAG_NONE, {P_END}},
    [SML_ADD] = {TAG_ADD, {P_CMDID, P_NORESP, P_CRED, P_META, P_ITEMS}},
    [SML_ALERT] = {TAG_ALERT, {P_CMDID, P_NORESP, P_CRED, P_DATA, P_ITEMS}},
    [SML_ATOMIC] = {TAG_ATOMIC, {P_CMDID, P_NORESP, P_META}},
    [SML_COPY] = {TAG_COPY, {P_CMDID, P_NORESP, P_CRED, P_META, P_ITEMS}},
    [SML_DELETE] = {TAG_DELETE, {P_CMDID, P_NORESP, P_ARCHIVE, P_SFTDEL, P_CRED, P_META, P_ITEMS}},
    [SML_EXEC] = {TAG_EXEC, {P_CMDID, P_NORESP, P_CRED, P_META, P_ITEMS}},
    [SML_GET] = {TAG_GET, {P_CMDID, P_NORESP, P_CRED, P_META, P_ITEMS}},
    [SML_MAP] = {TAG_MAP, {P_CMDID, P_TARGET, P_SOURCE, P_CRED, P_META, P_MAPITEMS}},
    [SML_MOVE] = {TAG_MOVE, {P_CMDID, P_NORESP, P_CRED, P_META, P_ITEMS}},
    [SML_PUT] = {TAG_PUT, {P_CMDID, P_NORESP, P_CRED, P_META, P_ITEMS}},
    [SML_REPLACE] = {TAG_REPLACE, {P_CMDID, P_NORESP, P_CRED, P_META, P_ITEMS}},
    [SML_RESULTS] = {TAG_RESULTS, {P_CMDID, P_MSGREF, P_CMDREF, P_META, P_TARGETREF, P_SOURCEREF, P_ITEMS}},
    [SML_SEARCH] = {TAG_SEARCH, {P_CMDID, P_NORESP, P_CRED, P_TARGET, P_SOURCE, P_META, P_DATA}},
    [SML_SEQUENCE] = {TAG_SEQUENCE, {P_CMDID, P_NORESP, P_META}},
    [SML_STATUS] = {TAG_STATUS, {P_CMDID, P_MSGREF, P_CMDREF, P_CMD, P_TARGETREF, P_SOURCEREF, P_CRED, P_CHAL,
                                 P_DATA, P_ITEMS}},
    [SML_SYNC] = {TAG_SYNC, {P_CMDID, P_NORESP, P_CRED, P_TARGET, P_SOURCE, P_META, P_CHANGES}},
    [SML_SYNCHDR] = {TAG_NONE, {P_END}},
};
/* clang-format on */

/* ---- parts ---- */

static bool has_meta(const struct sml_meta *m)
{
    return m->format.n || m->type.n || m->mark.n || m->version.n || m->next_nonce.n || m->last.n ||
           m->next.n || m->emi.n || m->size >= 0 || m->max_msg >= 0 || m->max_obj >= 0;
}

static void write_anchor(struct emit *e, struct str last, struct str next)
{
    if (!last.n && !next.n)
        return;
    emit_open(e, TAG_ANCHOR);
    emit_leaf(e, TAG_LAST, last);
    emit_leaf(e, TAG_NEXT, next);
    emit_close(e, TAG_ANCHOR);
}

static void write_meta(struct emit *e, const struct sml_meta *m)
{
    if (!has_meta(m))
        return;
    emit_open(e, TAG_META);
    emit_leaf(e, TAG_FORMAT, m->format);
    emit_leaf(e, TAG_TYPE, m->type);
    emit_leaf(e, TAG_MARK, m->mark);
    emit_number(e, TAG_SIZE, m->size);
    write_anchor(e, m->last, m->next);
    emit_leaf(e, TAG_VERSION, m->version);
    emit_leaf(e, TAG_NEXTNONCE, m->next_nonce);
    emit_number(e, TAG_MAXMSGSIZE, m->max_msg);
    emit_number(e, TAG_MAXOBJSIZE, m->max_obj);
    emit_leaf(e, TAG_EMI, m->emi);
    emit_close(e, TAG_META);
}

/* A Cred, or a Chal: its data is the next nonce, inside of Meta. */
static void write_cred(struct emit *e, enum sml_tag tag, const struct sml_cred *c)
{
    if (!c->type.n && !c->format.n && !c->data.n)
        return;
    struct sml_meta m = {.type = c->type, .format = c->format, .size = -1, .max_msg = -1, .max_obj = -1};
    if (tag == TAG_CHAL)
        m.next_nonce = c->data;
    emit_open(e, tag);
    write_meta(e, &m);
    if (tag == TAG_CRED)
        emit_leaf(e, TAG_DATA, c->data);
    emit_close(e, tag);
}

static void write_condition(struct emit *e, enum sml_tag tag, struct str type, struct str data)
{
    if (!data.n)
        return;
    struct sml_meta m = {.type = type, .size = -1, .max_msg = -1, .max_obj = -1};
    emit_open(e, tag);
    emit_open(e, TAG_ITEM);
    write_meta(e, &m);
    emit_data(e, TAG_DATA, data);
    emit_close(e, TAG_ITEM);
    emit_close(e, tag);
}

/* The first one that says anything. */
static const struct sml_filter *filter_from(const struct sml_filter *f)
{
    while (f && !f->media.n && !f->field.n && !f->record.n && !f->type.n)
        f = f->next;
    return f;
}

static void write_filters(struct emit *e, const struct sml_filter *f)
{
    for (f = filter_from(f); f; f = filter_from(f->next)) {
        struct sml_meta m = {.type = f->media, .size = -1, .max_msg = -1, .max_obj = -1};
        emit_open(e, TAG_FILTER);
        write_meta(e, &m);
        write_condition(e, TAG_FIELD, f->field_type, f->field);
        write_condition(e, TAG_RECORD, f->grammar, f->record);
        emit_leaf(e, TAG_FILTERTYPE, f->type);
        emit_close(e, TAG_FILTER);
    }
}

static void write_place(struct emit *e, enum sml_tag tag, struct str uri, struct str name,
                        const struct sml_filter *filters)
{
    if (!uri.n && !name.n && !filter_from(filters))
        return;
    emit_open(e, tag);
    emit_leaf(e, TAG_LOCURI, uri);
    emit_leaf(e, TAG_LOCNAME, name);
    write_filters(e, filters);
    emit_close(e, tag);
}

static bool is_empty(const struct sml_item *i)
{
    return !i->target.n && !i->target_name.n && !i->source.n && !i->source_name.n && !i->source_parent.n &&
           !i->target_parent.n && !filter_from(i->filters) && !has_meta(&i->meta) && !i->data.n &&
           !i->next_anchor.n && !i->inner && !i->more_data;
}

static void write_item(struct emit *e, enum sml_version version, enum sml_tag tag, const struct sml_item *i)
{
    if (is_empty(i))
        return;
    emit_open(e, tag);
    write_place(e, TAG_TARGET, i->target, i->target_name, i->filters);
    write_place(e, TAG_SOURCE, i->source, i->source_name, NULL);
    write_place(e, TAG_SOURCEPARENT, i->source_parent, STR_NONE, NULL);
    write_place(e, TAG_TARGETPARENT, i->target_parent, STR_NONE, NULL);
    write_meta(e, &i->meta);
    if (i->inner) {
        emit_open(e, TAG_DATA);
        emit_devinf(e, i->inner, version);
        emit_close(e, TAG_DATA);
    } else if (i->next_anchor.n) {
        emit_open(e, TAG_DATA);
        write_anchor(e, STR_NONE, i->next_anchor);
        emit_close(e, TAG_DATA);
    } else {
        emit_data(e, TAG_DATA, i->data);
    }
    if (i->more_data)
        emit_empty(e, TAG_MOREDATA);
    emit_close(e, tag);
}

static void write_refs(struct emit *e, enum sml_tag tag, const struct str *refs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        emit_leaf(e, tag, refs[i]);
}

/* ---- commands ---- */

static void write_part(struct emit *e, enum sml_version version, enum part part, const struct sml_command *c)
{
    switch (part) {
    case P_END:
    case P_CMDID:
        break;
    case P_NORESP:
        if (c->no_resp)
            emit_empty(e, TAG_NORESP);
        break;
    case P_ARCHIVE:
        if (c->archive)
            emit_empty(e, TAG_ARCHIVE);
        break;
    case P_SFTDEL:
        if (c->sft_del)
            emit_empty(e, TAG_SFTDEL);
        break;
    case P_MSGREF:
        emit_leaf(e, TAG_MSGREF, c->msg_ref);
        break;
    case P_CMDREF:
        emit_leaf(e, TAG_CMDREF, c->cmd_ref);
        break;
    case P_CMD:
        emit_leaf(e, TAG_CMD, c->cmd_name);
        break;
    case P_TARGETREF:
        write_refs(e, TAG_TARGETREF, c->target_refs, c->target_ref_count);
        break;
    case P_SOURCEREF:
        write_refs(e, TAG_SOURCEREF, c->source_refs, c->source_ref_count);
        break;
    case P_CRED:
        write_cred(e, TAG_CRED, &c->cred);
        break;
    case P_CHAL:
        write_cred(e, TAG_CHAL, &c->chal);
        break;
    case P_TARGET:
        write_place(e, TAG_TARGET, c->target, c->target_name, c->filters);
        break;
    case P_SOURCE:
        write_place(e, TAG_SOURCE, c->source, c->source_name, NULL);
        break;
    case P_META:
        write_meta(e, &c->meta);
        break;
    case P_CHANGES:
        emit_number(e, TAG_NUMBEROFCHANGES, c->changes);
        break;
    case P_DATA:
        emit_leaf(e, TAG_DATA, c->data);
        break;
    case P_ITEMS:
    case P_MAPITEMS:
        for (const struct sml_item *i = c->items; i; i = i->next)
            write_item(e, version, part == P_ITEMS ? TAG_ITEM : TAG_MAPITEM, i);
        break;
    }
}

/* A command up to where its children would be; `id` is its number. */
static void open_command(struct emit *e, enum sml_version version, const struct sml_command *c, int id)
{
    if (rows[c->cmd].tag == TAG_NONE) {
        e->out->st = e->out->st ? e->out->st : E_INTERNAL;
        return;
    }
    emit_open(e, rows[c->cmd].tag);
    emit_number(e, TAG_CMDID, id);
    for (size_t i = 0; i < PARTS && rows[c->cmd].parts[i] != P_END; i++)
        write_part(e, version, rows[c->cmd].parts[i], c);
}

/* The command behind c in document order, inside of top; `leave` is called for each that ends between. */
static struct sml_command *step(struct sml_command *c, const struct sml_command *top, struct emit *closing)
{
    if (c->children) {
        for (struct sml_command *child = c->children; child; child = child->next)
            child->parent = c;
        return c->children;
    }
    for (;;) {
        if (closing)
            emit_close(closing, rows[c->cmd].tag);
        if (c == top)
            return NULL;
        if (c->next)
            return c->next;
        c = c->parent;
    }
}

static bool set_id(struct sml_out *o, struct sml_command *c, int id)
{
    struct str text = arena_strf(o->arena, "%d", id);
    if (text.p)
        c->cmd_id = text;
    else if (o->buf.st == OK)
        o->buf.st = o->arena->st ? o->arena->st : E_MEMORY;
    return text.p != NULL;
}

/* ---- the message ---- */

static struct emit emitter(struct sml_out *o)
{
    return (struct emit){.out = &o->buf, .encoding = o->encoding, .plain = o->plain, .page = o->page};
}

/* What must still come after what is written: </Sync>, Final, </SyncBody>, </SyncML>, and a switch back to page 0. */
static size_t closing(const struct sml_out *o)
{
    const struct emit e = {.encoding = o->encoding};
    size_t n = emit_close_size(&e, TAG_SYNCBODY) + emit_close_size(&e, TAG_SYNCML);
    n += o->encoding == SML_XML ? sizeof "<Final/>" - 1 : 1;
    n += o->in_sync ? emit_close_size(&e, TAG_SYNC) : 0;
    return n + (o->page ? 2 : 0);
}

static size_t largest(const struct sml_out *o)
{
    return o->max ? o->max : LARGEST;
}

/* How many bytes more there is room for. */
static size_t space(const struct sml_out *o)
{
    size_t used = o->buf.n + closing(o), bound = largest(o);
    if (used > bound || bound - used < o->reserve)
        return 0;
    return bound - used - o->reserve;
}

struct mark {
    size_t n;
    unsigned page;
};

static struct mark mark_of(const struct sml_out *o)
{
    return (struct mark){o->buf.n, o->page};
}

/* Cuts back what did not fit. A fault of the buffer stays. */
static void take_back(struct sml_out *o, struct mark m)
{
    buf_cut(&o->buf, m.n);
    o->page = m.page;
    if (o->buf.st == TOO_LARGE)
        o->buf.st = OK;
}

static bool fits(const struct sml_out *o)
{
    size_t used = o->buf.n + closing(o), bound = largest(o);
    return o->buf.st == OK && used <= bound && bound - used >= o->reserve;
}

void sml_begin(struct sml_out *o, struct arena *a, enum sml_encoding encoding, size_t max,
               const struct sml_message *head)
{
    static const struct {
        struct str dtd, proto;
    } texts[] = {
        [SML_NONE] = {STR_INIT("1.2"), STR_INIT("SyncML/1.2")},
        [SML_1_0] = {STR_INIT("1.0"), STR_INIT("SyncML/1.0")},
        [SML_1_1] = {STR_INIT("1.1"), STR_INIT("SyncML/1.1")},
        [SML_1_2] = {STR_INIT("1.2"), STR_INIT("SyncML/1.2")},
    };
    *o = (struct sml_out){.arena = a,
                          .version = head->version,
                          .encoding = encoding,
                          .max = max,
                          .next_cmd_id = 1,
                          .plain = head->plain || head->version == SML_1_0};
    o->buf = BUF_INIT(largest(o));
    struct emit e = emitter(o);
    emit_document(&e, head->version);
    emit_open(&e, TAG_SYNCHDR);
    emit_leaf(&e, TAG_VERDTD, texts[head->version].dtd);
    emit_leaf(&e, TAG_VERPROTO, texts[head->version].proto);
    emit_leaf(&e, TAG_SESSIONID, head->session_id);
    emit_leaf(&e, TAG_MSGID, head->msg_id);
    write_place(&e, TAG_TARGET, head->target, head->target_name, NULL);
    write_place(&e, TAG_SOURCE, head->source, head->source_name, NULL);
    emit_leaf(&e, TAG_RESPURI, head->resp_uri);
    if (head->no_resp)
        emit_empty(&e, TAG_NORESP);
    write_cred(&e, TAG_CRED, &head->cred);
    write_meta(&e, &head->meta);
    emit_close(&e, TAG_SYNCHDR);
    emit_open(&e, TAG_SYNCBODY);
    o->page = e.page;
    o->broken = !fits(o);
}

bool sml_add(struct sml_out *o, struct sml_command *c)
{
    struct mark m = mark_of(o);
    struct emit e = emitter(o);
    int id = o->next_cmd_id;
    if (o->broken)
        return false;
    for (struct sml_command *i = c; i && o->buf.st == OK; i = step(i, c, &e))
        open_command(&e, o->version, i, id++);
    o->page = e.page;
    if (!fits(o)) {
        take_back(o, m);
        return false;
    }
    for (struct sml_command *i = c; i; i = step(i, c, NULL))
        if (!set_id(o, i, o->next_cmd_id++))
            return false;
    return true;
}

bool sml_sync_begin(struct sml_out *o, struct sml_command *sync)
{
    struct mark m = mark_of(o);
    struct emit e = emitter(o);
    if (o->broken)
        return false;
    open_command(&e, o->version, sync, o->next_cmd_id);
    o->page = e.page;
    o->in_sync = true;
    if (!fits(o)) {
        take_back(o, m);
        o->in_sync = false;
        return false;
    }
    return set_id(o, sync, o->next_cmd_id++);
}

void sml_sync_end(struct sml_out *o)
{
    struct emit e = emitter(o);
    if (!o->in_sync)
        return;
    emit_close(&e, TAG_SYNC);
    o->in_sync = false;
}

/* What the command takes without its data. */
static size_t overhead(const struct sml_out *o, const struct sml_command *c)
{
    SCOPED_BUF(probe, LARGEST);
    struct sml_item item = c->items ? *c->items : (struct sml_item){0};
    struct sml_command copy = *c;
    item.data = STR("x");
    item.inner = NULL;
    item.next_anchor = STR_NONE;
    item.more_data = true;
    item.next = NULL;
    copy.items = &item;
    struct emit e = {.out = &probe, .encoding = o->encoding, .plain = o->plain, .page = o->page};
    open_command(&e, o->version, &copy, o->next_cmd_id);
    emit_close(&e, rows[c->cmd].tag);
    size_t data = o->encoding == SML_XML ? 1 : 3; /* STR_I x NUL */
    size_t back = (size_t)(e.page ? 2 : 0),
           counted = (size_t)(o->page ? 2 : 0); /* closing() knows of o->page */
    return probe.st == OK ? probe.n - data + back - counted : SIZE_MAX;
}

size_t sml_room(const struct sml_out *o, const struct sml_command *c)
{
    size_t used = overhead(o, c), left = space(o);
    if (o->buf.st != OK || used >= left)
        return 0;
    left -= used;
    struct str data = c->items ? c->items->data : STR_NONE;
    size_t most = o->encoding == SML_XML ? sizeof "<![CDATA[]]>" - 1 : 6;
    size_t n = data.n ? emit_fitting(o->encoding, data, left) : left > most ? left - most : 0;
    return n < WORTH_IT ? 0 : n;
}

enum status sml_end(struct sml_out *o, bool final)
{
    struct emit e = emitter(o);
    if (o->broken)
        return o->buf.st ? o->buf.st : TOO_LARGE;
    sml_sync_end(o);
    if (final)
        emit_empty(&e, TAG_FINAL);
    emit_close(&e, TAG_SYNCBODY);
    emit_close(&e, TAG_SYNCML);
    o->page = e.page;
    return o->buf.st;
}
