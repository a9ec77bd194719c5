/* tests/unit/syncml_rig.h: the SyncML engine without HTTP: the world of dav_world.h with a device that holds items, remembers anchors
 * and plays whole sessions; and single messages for the tests that look at them one by one. */
#ifndef SCAMBIO_TESTS_UNIT_SYNCML_RIG_H
#define SCAMBIO_TESTS_UNIT_SYNCML_RIG_H

#include "directory/internal.h"
#include "store/device.h"
#include "syncml/devinf.h"
#include "syncml/syncml.h"
#include "tests/unit/dav_world.h"

struct rig {
    struct world w;
    struct syncml_sessions *sessions;
    struct syncml *sml;
    char app[64]; /* alice's app password */
};

static inline void rig_configure(struct rig *r)
{
    syncml_free(r->sml);
    assert_ok(syncml_new(r->sessions, r->w.conf, &r->sml));
}

static inline void rig_start(struct rig *r, const char *extra)
{
    struct principal p;
    SCOPED_BUF(password, 256);
    SCOPED_ARENA(a, 1 << 20);
    *r = (struct rig){0};
    /* a disk is not tested here */
    world_start_in(&r->w, access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm", 1, extra);
    assert_ok(syncml_sessions_new(r->w.store, r->w.directory, &r->sessions));
    rig_configure(r);
    {
        SCOPED_READ(tx, r->w.store);
        assert_ok(directory_find(r->w.directory, tx, &a, STR("alice@example.test"), &p));
    }
    assert_ok(app_password_add(r->w.directory, p.id, STR("phone"), SCOPE_SYNCML, 0, &password));
    snprintf(r->app, sizeof r->app, "%s", buf_c(&password));
}

static inline void rig_stop(struct rig *r)
{
    syncml_free(r->sml);
    syncml_sessions_free(r->sessions);
    world_stop(&r->w);
}

/* ---- items of the device ---- */

#ifndef RIG_ITEMS
#define RIG_ITEMS 600
#endif
enum { ITEMS_MOST = RIG_ITEMS };
enum item_state { ITEM_FREE, ITEM_CLEAN, ITEM_NEW, ITEM_CHANGED, ITEM_GONE };
struct dev_item {
    char luid[40];
    char *data;
    enum item_state state;
};

struct dev {
    struct rig *rig;
    char id[64];
    const char *db, *type, *source; /* source: as the device calls it */
    enum sml_version version;
    enum sml_encoding encoding;
    size_t max_msg;
    int64_t max_obj;
    int session, msg, anchors;
    char last[40], next[40], query[80];
    struct dev_item items[ITEMS_MOST];
    int next_luid;
    const struct devinf *devinf; /* to Put; NULL: none */

    /* how it behaves */
    int cut;                      /* the answer to this message is lost, and the session with it; 0: none */
    bool cut_before;              /* that message itself is lost */
    void (*after)(struct dev *d); /* what happens elsewhere behind each of its messages */
    bool no_maps, no_statuses, no_item_statuses, no_cred, final_always, adds_are_new, resume;
    bool mac;       /* each message proves itself by x-syncml-hmac */
    char nonce[64]; /* that it was told last */
    size_t nonce_bytes;
    const char *charset; /* of Content-Type; NULL: none is said */
    int refuse;          /* status for every change of the server */
    bool combined;       /* Alert and Sync in one package */

    /* the session in hand */
    struct arena a;
    struct sml_message in;
    int http, retry_after; /* seconds; 0: none was said */
    bool got_final;
    struct {
        char msg[16], cmd[16], name[16], luid[40], target[64];
        int code;
    } statuses[ITEMS_MOST];
    int status_count;
    struct {
        char guid[40], luid[40];
    } maps[ITEMS_MOST];
    int map_count;
    struct buf chunks;
    char why[200];

    /* what came of it */
    int alert_status, mode, adds, replaces, deletes, final_status, messages;
    int codes[ITEMS_MOST], code_count; /* of its own changes, in order */
    size_t largest;
};

static const struct sml_meta rig_no_meta = {.size = -1, .max_msg = -1, .max_obj = -1};

static inline void dev_init(struct dev *d, struct rig *r, const char *id)
{
    *d = (struct dev){.rig = r,
                      .db = "contacts",
                      .source = "./contacts",
                      .type = "text/vcard",
                      .version = SML_1_2,
                      .encoding = SML_XML,
                      .max_msg = 100000,
                      .max_obj = 1000000,
                      .next_luid = 1};
    snprintf(d->id, sizeof d->id, "%s", id);
    d->chunks = BUF_INIT(64 << 20);
}

static inline void dev_free(struct dev *d)
{
    for (int i = 0; i < ITEMS_MOST; i++)
        free(d->items[i].data);
    arena_free(&d->a);
    buf_free(&d->chunks);
}

static inline struct dev_item *dev_find(struct dev *d, struct str luid)
{
    for (int i = 0; i < ITEMS_MOST; i++)
        if (d->items[i].state != ITEM_FREE && d->items[i].state != ITEM_GONE &&
            str_eq(str_c(d->items[i].luid), luid))
            return &d->items[i];
    return NULL;
}

static inline struct dev_item *dev_put(struct dev *d, const char *luid, struct str data,
                                       enum item_state state)
{
    struct dev_item *item = luid ? dev_find(d, str_c(luid)) : NULL;
    for (int i = 0; !item && i < ITEMS_MOST; i++)
        if (d->items[i].state == ITEM_FREE)
            item = &d->items[i];
    assert_non_null(item);
    if (item->state == ITEM_FREE) {
        if (luid)
            snprintf(item->luid, sizeof item->luid, "%s", luid);
        else
            snprintf(item->luid, sizeof item->luid, "%d", d->next_luid++);
    }
    free(item->data);
    item->data = strndup(data.p, data.n);
    item->state = state;
    return item;
}

__attribute__((format(printf, 3, 4))) static inline struct dev_item *dev_add(struct dev *d, const char *luid,
                                                                             const char *format, ...)
{
    SCOPED_BUF(text, 1 << 20);
    va_list args;
    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    struct dev_item *old = luid ? dev_find(d, str_c(luid)) : NULL;
    return dev_put(d, luid, buf_view(&text), old && old->state == ITEM_CLEAN ? ITEM_CHANGED : ITEM_NEW);
}

static inline struct dev_item *dev_card(struct dev *d, const char *luid, const char *name, const char *tel)
{
    return dev_add(
        d, luid,
        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:%s Test\r\nN:%s;Test;;;\r\nTEL;TYPE=CELL:%s\r\nEND:VCARD\r\n", name,
        name, tel);
}

static inline void dev_delete(struct dev *d, const char *luid)
{
    struct dev_item *item = dev_find(d, str_c(luid));
    assert_non_null(item);
    item->state = item->state == ITEM_NEW ? ITEM_FREE : ITEM_GONE;
}

static inline int dev_count(const struct dev *d)
{
    int n = 0;
    for (int i = 0; i < ITEMS_MOST; i++)
        n += d->items[i].state != ITEM_FREE && d->items[i].state != ITEM_GONE;
    return n;
}

/* An item that holds the text; NULL. */
static inline struct dev_item *dev_holds(struct dev *d, const char *text)
{
    for (int i = 0; i < ITEMS_MOST; i++)
        if (d->items[i].state != ITEM_FREE && d->items[i].state != ITEM_GONE && d->items[i].data &&
            strstr(d->items[i].data, text))
            return &d->items[i];
    return NULL;
}

/* ---- messages ---- */

static inline void dev_begin(struct dev *d, struct sml_out *o)
{
    struct sml_message head = {.version = d->version, .source = str_c(d->id), .meta = rig_no_meta};
    SCOPED_BUF(pair, 256);
    SCOPED_BUF(cred, 512);
    SCOPED_BUF(target, 512);
    buf_addf(&target, "http://mail.example.test/syncml%s", d->query);
    head.target = arena_str(&d->a, buf_view(&target));
    head.session_id = arena_strf(&d->a, "%d", d->session);
    head.msg_id = arena_strf(&d->a, "%d", ++d->msg);
    head.meta.max_msg = (int64_t)d->max_msg;
    if (d->version > SML_1_0 && d->max_obj)
        head.meta.max_obj = d->max_obj;
    if (d->mac)
        head.source_name = STR("alice@example.test");
    if (d->msg == 1 && !d->no_cred && !d->mac) {
        buf_addf(&pair, "alice@example.test:%s", d->rig->app);
        buf_base64(&cred, buf_view(&pair));
        head.cred =
            (struct sml_cred){STR("syncml:auth-basic"), STR("b64"), arena_str(&d->a, buf_view(&cred))};
    }
    *o = (struct sml_out){0};
    sml_begin(o, &d->a, d->encoding, 0, &head);
}

/* x-syncml-hmac of a message (OMA DS Security section 5.4). */
static inline struct str dev_mac(struct dev *d, struct str body)
{
    unsigned char digest[MD5_SIZE], mac[MD5_SIZE];
    SCOPED_BUF(text, 64);
    md5(body, digest);
    digest_of(DIGEST_MAC, STR("alice@example.test"), str_c(d->rig->app), str_n(d->nonce, d->nonce_bytes),
              digest, mac);
    buf_base64(&text, str_n(mac, sizeof mac));
    return arena_strf(&d->a, "algorithm=MD5, username=\"alice@example.test\", mac=%.*s",
                      STR_ARG(buf_view(&text)));
}

/* The nonce of the challenge in the answer, if there is one. */
static inline void dev_learn(struct dev *d)
{
    SCOPED_BUF(bytes, sizeof d->nonce);
    const struct sml_command *c = d->in.commands;
    if (!c || c->cmd != SML_STATUS || !c->chal.data.n)
        return;
    assert_true(buf_unbase64(&bytes, c->chal.data));
    memcpy(d->nonce, bytes.p, bytes.n);
    d->nonce_bytes = bytes.n;
}

/* One request. The answer is read into d->in when it is 200. */
static inline void dev_post(struct dev *d, struct str body)
{
    struct exchange *x = calloc(1, sizeof *x);
    struct str why;
    static const struct sml_limits limits = {64 << 20, 100, 10000000, 1000000};
    assert_non_null(x);
    pthread_mutex_init(&x->lock, NULL);
    pthread_cond_init(&x->cond, NULL);
    x->t.arena = ARENA_INIT(1u << 30);
    x->t.ops = &world_ops;
    x->t.resp = (struct http_response){.body = BUF_INIT(64 << 20), .file = -1};
    struct http_header *h = ARENA_ARRAY(&x->t.arena, struct http_header, 2);
    h[0] = (struct http_header){STR("Content-Type"), sml_media(d->encoding)};
    if (d->charset)
        h[0].value = arena_strf(&x->t.arena, "%.*s; charset=%s", STR_ARG(h[0].value), d->charset);
    if (d->mac)
        h[1] = (struct http_header){STR("x-syncml-hmac"), dev_mac(d, body)};
    x->t.req = (struct http_request){.id = 1,
                                     .method = STR("POST"),
                                     .path = STR("/syncml"),
                                     .query = d->query[0] ? str_c(d->query + 1) : STR_NONE,
                                     .scheme = STR("http"),
                                     .host = STR("mail.example.test"),
                                     .peer = STR("127.0.0.1"),
                                     .loopback = true,
                                     .headers = h,
                                     .header_count = d->mac ? 2 : 1};
    x->t.req.body = arena_str(&x->t.arena, body);
    syncml_handle(d->rig->sml, &x->t, true);
    exchange_wait(x);
    int64_t retry = 0;
    d->http = x->t.resp.status;
    str_i64(answer_header(x, "Retry-After"), &retry);
    d->retry_after = (int)retry;
    d->in = (struct sml_message){0};
    d->messages++;
    if (d->http == 200) {
        struct str answer = arena_str(&d->a, answer_body(x));
        if (answer.n > d->largest)
            d->largest = answer.n;
        if (getenv("SHOW"))
            fprintf(stderr, "--> %.*s\n<-- %.*s\n", STR_ARG(body), STR_ARG(answer));
        assert_ok(sml_read(&d->a, d->encoding, answer, &limits, &d->in, &why));
        assert_true(str_eq(answer_header(x, "Content-Type"), sml_media(d->encoding)));
        dev_learn(d);
    }
    exchange_free(x);
}

/* False: cut. */
static inline bool dev_send(struct dev *d, struct sml_out *o, bool final)
{
    assert_ok(sml_end(o, final));
    bool cut = d->cut == d->msg;
    if (!cut || !d->cut_before)
        dev_post(d, buf_view(&o->buf));
    buf_free(&o->buf);
    if (cut)
        return false;
    if (d->in.resp_uri.n) {
        size_t q = str_chr(d->in.resp_uri, '?', 0);
        assert_true(q != SIZE_MAX);
        snprintf(d->query, sizeof d->query, "%.*s", STR_ARG(str_from(d->in.resp_uri, q)));
    }
    if (d->after)
        d->after(d);
    return d->http == 200;
}

static inline struct sml_command *dev_command(struct dev *d, enum sml_cmd cmd, int items)
{
    struct sml_command *c = ARENA_NEW(&d->a, struct sml_command);
    assert_non_null(c);
    *c = (struct sml_command){.cmd = cmd, .meta = rig_no_meta, .changes = -1};
    struct sml_item **at = &c->items;
    for (int i = 0; i < items; i++) {
        *at = ARENA_NEW(&d->a, struct sml_item);
        **at = (struct sml_item){.meta = rig_no_meta};
        at = &(*at)->next;
    }
    return c;
}

static inline void dev_alert(struct dev *d, struct sml_out *o, int code)
{
    struct sml_command *c = dev_command(d, SML_ALERT, 1);
    c->data = arena_strf(&d->a, "%d", code);
    c->items->target = str_c(d->db);
    c->items->source = str_c(d->source);
    if (d->last[0] && code != 201)
        c->items->meta.last = str_c(d->last);
    c->items->meta.next = str_c(d->next);
    assert_true(sml_add(o, c));
}

static inline struct sml_command *dev_change(struct dev *d, enum sml_cmd cmd, struct dev_item *item)
{
    struct sml_command *c = dev_command(d, cmd, 1);
    c->items->source = str_c(item->luid);
    if (cmd != SML_DELETE) {
        c->items->data = str_c(item->data);
        c->meta.type = str_c(d->type);
    }
    return c;
}

/* The Status in the last answer for a command of the message before; 0: none. `n`: of that name, from 0. */
static inline int dev_status(const struct dev *d, const char *name, int n)
{
    int64_t code = 0;
    for (const struct sml_command *c = d->in.commands; c; c = c->next)
        if (c->cmd == SML_STATUS && str_eq(c->cmd_name, str_c(name)) && n-- == 0)
            str_i64(c->data, &code);
    return (int)code;
}

static inline const struct sml_command *dev_got(const struct dev *d, enum sml_cmd cmd, int n)
{
    for (const struct sml_command *c = d->in.commands; c; c = c->next)
        if (c->cmd == cmd && n-- == 0)
            return c;
    return NULL;
}

/* ---- a whole session ---- */

static inline void dev_note_status(struct dev *d, const struct sml_command *c, int code)
{
    assert_true(d->status_count < ITEMS_MOST);
    int n = d->status_count++;
    snprintf(d->statuses[n].msg, 16, "%.*s", STR_ARG(d->in.msg_id));
    snprintf(d->statuses[n].cmd, 16, "%.*s", STR_ARG(c->cmd_id));
    snprintf(d->statuses[n].name, 16, "%.*s", STR_ARG(sml_cmd_name(c->cmd)));
    d->statuses[n].code = code;
}

static inline void dev_take_change(struct dev *d, const struct sml_command *c)
{
    struct sml_item *item = c->items;
    char luid[40];
    int code = 200;
    assert_non_null(item);
    if (d->refuse) {
        dev_note_status(d, c, d->refuse);
        return;
    }
    if (item->more_data) {
        if (item->meta.size >= 0 || c->meta.size >= 0)
            buf_clear(&d->chunks);
        buf_add(&d->chunks, item->data);
        dev_note_status(d, c, 213);
        return;
    }
    struct str data = item->data;
    if (d->chunks.n) {
        buf_add(&d->chunks, item->data);
        data = arena_str(&d->a, buf_view(&d->chunks));
        buf_clear(&d->chunks);
    }
    snprintf(luid, sizeof luid, "%.*s", STR_ARG(item->target));
    struct dev_item *known = dev_find(d, item->target);
    if (c->cmd == SML_ADD) {
        known = dev_put(d, NULL, data, d->adds_are_new ? ITEM_NEW : ITEM_CLEAN);
        assert_true(d->map_count < ITEMS_MOST);
        snprintf(d->maps[d->map_count].guid, 40, "%.*s", STR_ARG(item->source));
        snprintf(d->maps[d->map_count++].luid, 40, "%s", known->luid);
        d->adds++;
        code = 201;
    } else if (!known) {
        code = c->cmd == SML_DELETE ? 211 : 404;
    } else if (c->cmd == SML_REPLACE) {
        dev_put(d, luid, data, known->state == ITEM_NEW ? ITEM_NEW : ITEM_CLEAN);
        d->replaces++;
    } else {
        known->state = ITEM_FREE;
        d->deletes++;
    }
    dev_note_status(d, c, code);
}

static inline void dev_take(struct dev *d)
{
    int64_t n;
    dev_note_status(d, &(struct sml_command){.cmd = SML_SYNCHDR, .cmd_id = STR("0")}, 200);
    for (const struct sml_command *c = d->in.commands; c; c = c->next) {
        if (c->cmd == SML_STATUS) {
            if ((str_eq(c->cmd_name, STR("Add")) || str_eq(c->cmd_name, STR("Replace")) ||
                 str_eq(c->cmd_name, STR("Delete"))) &&
                str_i64(c->data, &n) && n != 213)
                d->codes[d->code_count++] = (int)n;
            continue;
        }
        if (c->cmd == SML_ALERT && str_i64(c->data, &n) && n >= 200 && n != 222 && n != 223)
            d->mode = (int)n;
        if (c->cmd == SML_RESULTS || c->cmd == SML_GET || c->cmd == SML_ALERT || c->cmd == SML_SYNC)
            dev_note_status(d, c, 200);
        for (const struct sml_command *child = c->children; child; child = child->next)
            dev_take_change(d, child);
    }
    d->got_final = d->in.final;
}

/* Statuses and Maps that fit; the rest stays. */
static inline void dev_say(struct dev *d, struct sml_out *o)
{
    for (int i = 0; i < d->status_count && !d->no_statuses; i++) {
        const char *name = d->statuses[i].name;
        if (d->no_item_statuses && strcmp(name, "SyncHdr") != 0 && strcmp(name, "Sync") != 0)
            continue;
        struct sml_command *c = dev_command(d, SML_STATUS, 0);
        c->msg_ref = arena_str(&d->a, str_c(d->statuses[i].msg));
        c->cmd_ref = arena_str(&d->a, str_c(d->statuses[i].cmd));
        c->cmd_name = arena_str(&d->a, str_c(d->statuses[i].name));
        c->data = arena_strf(&d->a, "%d", d->statuses[i].code);
        assert_true(sml_add(o, c));
    }
    d->status_count = 0;
    if (!d->map_count || d->no_maps)
        return;
    struct sml_command *c = dev_command(d, SML_MAP, d->map_count);
    c->target = str_c(d->db);
    c->source = str_c(d->source);
    struct sml_item *item = c->items;
    for (int i = 0; i < d->map_count; i++, item = item->next) {
        item->target = arena_str(&d->a, str_c(d->maps[i].guid));
        item->source = arena_str(&d->a, str_c(d->maps[i].luid));
    }
    assert_true(sml_add(o, c));
    d->map_count = 0;
}

static inline bool dev_is_slow(const struct dev *d)
{
    return d->mode == 201 || d->mode == 203;
}

static inline bool dev_is_due(const struct dev *d, const struct dev_item *item)
{
    if (d->mode == 204 || d->mode == 205)
        return false;
    if (dev_is_slow(d))
        return item->state == ITEM_CLEAN || item->state == ITEM_NEW || item->state == ITEM_CHANGED;
    return item->state == ITEM_NEW || item->state == ITEM_CHANGED || item->state == ITEM_GONE;
}

static inline enum sml_cmd dev_verb(const struct dev_item *item)
{
    return item->state == ITEM_GONE ? SML_DELETE : item->state == ITEM_NEW ? SML_ADD : SML_REPLACE;
}

/* Puts changes from *at on while there is room for them; *offset: of the item that goes in chunks. True: all are out. */
static inline bool dev_fill(struct dev *d, struct sml_out *o, int *at, size_t *offset)
{
    struct sml_command sync = {.cmd = SML_SYNC,
                               .target = str_c(d->db),
                               .source = str_c(d->source),
                               .meta = rig_no_meta,
                               .changes = -1};
    assert_true(sml_sync_begin(o, &sync));
    bool full = false;
    o->max = d->max_msg;
    for (int first = *at; *at < ITEMS_MOST && !full; full ? 0 : ++*at) {
        struct dev_item *item = &d->items[*at];
        if (!dev_is_due(d, item))
            continue;
        struct sml_command *c = dev_change(d, dev_verb(item), item);
        struct str all = c->items->data;
        c->items->data = all.p ? str_from(all, *offset) : STR_NONE;
        if (sml_add(o, c)) {
            *offset = 0;
            continue;
        }
        full = true;
        if (*at != first && !*offset)
            break;
        c->items->more_data = true;
        if (!*offset)
            c->items->meta.size = (int64_t)all.n;
        size_t room = sml_room(o, c);
        assert_true(room > 0);
        c->items->data = str_slice(all, *offset, room);
        assert_true(sml_add(o, c));
        *offset += room;
    }
    sml_sync_end(o);
    return !full;
}

static inline void dev_settle(struct dev *d)
{
    for (int i = 0; i < ITEMS_MOST; i++) {
        struct dev_item *item = &d->items[i];
        if (item->state == ITEM_GONE) {
            item->state = ITEM_FREE;
        } else if (item->state == ITEM_NEW || item->state == ITEM_CHANGED) {
            item->state = ITEM_CLEAN;
        }
    }
    snprintf(d->last, sizeof d->last, "%s", d->next);
}

static inline void dev_start(struct dev *d)
{
    arena_free(&d->a);
    d->a = ARENA_INIT(1u << 30);
    d->session++;
    d->msg = 0;
    d->query[0] = 0;
    d->status_count = d->map_count = d->code_count = 0;
    d->adds = d->replaces = d->deletes = d->messages = 0;
    d->alert_status = d->mode = d->final_status = 0;
    d->largest = 0;
    buf_clear(&d->chunks);
    snprintf(d->next, sizeof d->next, "%d", ++d->anchors);
}

static inline void dev_put_devinf(struct dev *d, struct sml_out *o)
{
    if (!d->devinf)
        return;
    struct sml_command *c = dev_command(d, SML_PUT, 1);
    c->meta.type = STR("application/vnd.syncml-devinf+xml");
    c->items->source = d->version == SML_1_2 ? STR("./devinf12") : STR("./devinf11");
    c->items->inner = devinf_tree(&d->a, d->devinf, d->version);
    assert_true(sml_add(o, c));
}

/* False: the session did not come to its end. */
static inline bool dev_sync(struct dev *d, int code)
{
    struct sml_out o;
    int at = 0;
    size_t offset = 0;
    dev_start(d);
    dev_begin(d, &o);
    dev_put_devinf(d, &o);
    dev_alert(d, &o, code);
    if (!dev_send(d, &o, true))
        return false;
    d->alert_status = dev_status(d, "Alert", 0);
    d->final_status = dev_status(d, "SyncHdr", 0);
    dev_take(d);
    while (!d->got_final) {
        dev_begin(d, &o);
        dev_say(d, &o);
        if (!dev_send(d, &o, true))
            return false;
        if (!d->alert_status)
            d->alert_status = dev_status(d, "Alert", 0);
        dev_take(d);
    }
    if (!d->mode)
        return false;
    if (d->mode == 205)
        for (int i = 0; i < ITEMS_MOST; i++)
            d->items[i].state = ITEM_FREE;
    for (bool all = false; !all;) {
        dev_begin(d, &o);
        dev_say(d, &o);
        all = dev_fill(d, &o, &at, &offset);
        if (!dev_send(d, &o, all))
            return false;
        dev_take(d);
    }
    while (!d->got_final) {
        dev_begin(d, &o);
        dev_say(d, &o);
        if (!dev_send(d, &o, d->final_always))
            return false;
        dev_take(d);
    }
    dev_begin(d, &o);
    dev_say(d, &o);
    if (!dev_send(d, &o, true))
        return false;
    dev_take(d);
    for (int spin = 0; !d->got_final && spin < 1000; spin++) {
        dev_begin(d, &o);
        dev_say(d, &o);
        if (!dev_send(d, &o, true))
            return false;
        dev_take(d);
    }
    dev_settle(d);
    return d->got_final;
}

/* ---- the other side ---- */

static inline void store_card(struct rig *r, const char *name, const char *fn, const char *tel)
{
    SCOPED_EXCHANGE(x) =
        askf(&r->w, "alice@example.test",
             "PUT /dav/addressbooks/alice@example.test/contacts/%s.vcf\n"
             "Content-Type: text/vcard\n\nBEGIN:VCARD\nVERSION:3.0\nUID:%s\nFN:%s Test\nN:%s;Test;;;\n"
             "TEL;TYPE=CELL:%s\nX-SECRET:kept\nEND:VCARD\n",
             name, name, fn, fn, tel);
    assert_true(x->t.resp.status / 100 == 2);
}

static inline void store_delete(struct rig *r, const char *path)
{
    SCOPED_EXCHANGE(x) = askf(&r->w, "alice@example.test", "DELETE /dav/%s\n\n", path);
    assert_int_equal(x->t.resp.status, 204);
}

struct tally {
    const char *text;
    int all, with;
};
static inline enum status tally_item(void *ctx, const struct item *item, struct str body)
{
    struct tally *t = ctx;
    (void)item;
    t->all++;
    t->with += t->text && str_find(body, str_c(t->text), 0) != SIZE_MAX;
    return OK;
}

/* Items of alice's collection, or those that hold the text. */
static inline int store_count(struct rig *r, enum collection_kind kind, const char *slug, const char *text)
{
    struct login login;
    struct collection c;
    struct tally t = {.text = text};
    SCOPED_ARENA(a, 1 << 20);
    world_login(&r->w, &a, "alice@example.test", &login);
    SCOPED_READ(tx, r->w.store);
    assert_ok(collection_find(tx, &a, &login.actor, login.actor.id, kind, str_c(slug), &c));
    assert_ok(item_each(tx, &login.actor, c.id, true, tally_item, &t));
    return text ? t.with : t.all;
}
static inline int cards(struct rig *r, const char *text)
{
    return store_count(r, KIND_ADDRESSBOOK, "contacts", text);
}

/* The seq of a collection: it moves with every change. */
static inline int64_t store_seq(struct rig *r, enum collection_kind kind, const char *slug)
{
    struct login login;
    struct collection c;
    SCOPED_ARENA(a, 1 << 20);
    world_login(&r->w, &a, "alice@example.test", &login);
    SCOPED_READ(tx, r->w.store);
    assert_ok(collection_find(tx, &a, &login.actor, login.actor.id, kind, str_c(slug), &c));
    return c.seq;
}

static inline void store_device(struct rig *r, struct arena *a, const char *id, struct device *out)
{
    struct login login;
    world_login(&r->w, a, "alice@example.test", &login);
    SCOPED_READ(tx, r->w.store);
    assert_ok(device_find(tx, a, login.actor.id, str_c(id), out));
}

#endif
