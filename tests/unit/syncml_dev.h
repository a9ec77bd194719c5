/* tests/unit/syncml_dev.h: a device that holds items and remembers anchors, and the single messages that it sends. */
#ifndef SCAMBIO_TESTS_UNIT_SYNCML_DEV_H
#define SCAMBIO_TESTS_UNIT_SYNCML_DEV_H

#include "syncml/devinf.h"
#include "tests/unit/syncml_world.h"

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
    bool no_resp;   /* it wants no Status for its messages */
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
    head.no_resp = d->no_resp;
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

#endif
