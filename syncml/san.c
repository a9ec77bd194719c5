/* syncml/san.c: the package that alerts a device. */
#include "syncml/san.h"

#include "core/hash.h"

enum { VERSION_1_2 = 12 }; /* ten bits, version times ten */

/* Numbers of any width, the highest bit first. */
struct bits {
    struct buf *out;
    unsigned pending, count; /* bits that are no whole byte yet */
};

static void add_bits(struct bits *b, unsigned value, unsigned width)
{
    while (width--) {
        b->pending = b->pending << 1 | (value >> width & 1);
        if (++b->count == 8) {
            buf_addc(b->out, (char)b->pending);
            b->pending = 0;
            b->count = 0;
        }
    }
}

static void add_name(struct bits *b, struct str name)
{
    add_bits(b, (unsigned)name.n, 8);
    buf_add(b->out, name);
}

static bool fits(const struct san *s)
{
    bool good = s->count <= SAN_DATABASES && s->server_id.n <= SAN_NAME && s->ui <= SAN_UI_INTERACTION;
    for (size_t i = 0; i < s->count && good; i++)
        good = s->dbs[i].alert >= SAN_TWO_WAY && s->dbs[i].alert <= SAN_REFRESH_FROM_SERVER &&
               s->dbs[i].uri.n && s->dbs[i].uri.n <= SAN_NAME;
    return good;
}

static void md5_base64(struct buf *out, struct str data)
{
    unsigned char hash[MD5_SIZE];
    md5(data, hash);
    buf_base64(out, str_n(hash, sizeof hash));
}

static void wipe(struct buf *b)
{
    if (b->p)
        hash_wipe(b->p, b->n);
}

/* MD5(B64(MD5(server:password)) ":" nonce ":" B64(MD5(notification))) */
static enum status digest(const struct san *s, struct str notification, unsigned char hash[static MD5_SIZE])
{
    SCOPED_BUF(secret, SAN_PACKAGE);
    SCOPED_BUF(text, SAN_PACKAGE);
    buf_add(&secret, s->server_id);
    buf_addc(&secret, ':');
    buf_add(&secret, s->password);
    md5_base64(&text, buf_view(&secret));
    buf_addc(&text, ':');
    buf_add(&text, s->nonce);
    buf_addc(&text, ':');
    md5_base64(&text, notification);
    md5(buf_view(&text), hash);
    wipe(&secret);
    return secret.st != OK ? secret.st : text.st;
}

enum status san_write(struct buf *out, const struct san *s)
{
    SCOPED_BUF(body, SAN_PACKAGE);
    unsigned char hash[MD5_SIZE] = {0};
    struct bits b = {.out = &body};
    if (!fits(s))
        return INVALID;
    add_bits(&b, VERSION_1_2, 10);
    add_bits(&b, (unsigned)s->ui, 2);
    add_bits(&b, s->by_user ? 0 : 1, 1);
    add_bits(&b, 0, 27); /* for the future */
    add_bits(&b, s->session, 16);
    add_name(&b, s->server_id);
    add_bits(&b, (unsigned)s->count, 4);
    add_bits(&b, 0, 4);
    for (size_t i = 0; i < s->count; i++) {
        add_bits(&b, (unsigned)s->dbs[i].alert - 200, 4);
        add_bits(&b, 0, 4);
        add_bits(&b, (unsigned)s->dbs[i].content, 24);
        add_name(&b, s->dbs[i].uri);
    }
    enum status st = s->password.p ? digest(s, buf_view(&body), hash) : OK;
    if (st != OK || body.st != OK)
        return st != OK ? st : body.st;
    buf_add(out, str_n(hash, sizeof hash));
    buf_add(out, buf_view(&body));
    return out->st;
}

/* ---- 1.0 and 1.1 ---- */

static struct sml_command alert_of(const struct san_db *db, struct sml_item *item, struct arena *a)
{
    *item = (struct sml_item){.source = db->uri, .meta = {.size = -1, .max_msg = -1, .max_obj = -1}};
    return (struct sml_command){.cmd = SML_ALERT,
                                .data = arena_strf(a, "%d", (int)db->alert),
                                .meta = {.size = -1, .max_msg = -1, .max_obj = -1},
                                .items = item,
                                .changes = -1};
}

/* What we log in to the device with: the digest over the server's own name; 1.0 digests all of it at once. */
static struct sml_cred credentials(struct arena *a, const struct san *s, enum sml_version version)
{
    SCOPED_BUF(secret, SAN_PACKAGE);
    SCOPED_BUF(text, SAN_PACKAGE);
    SCOPED_BUF(data, SAN_PACKAGE);
    buf_add(&secret, s->server_id);
    buf_addc(&secret, ':');
    buf_add(&secret, s->password);
    if (version == SML_1_0)
        buf_add(&text, buf_view(&secret));
    else
        md5_base64(&text, buf_view(&secret));
    buf_addc(&text, ':');
    buf_add(&text, s->nonce);
    md5_base64(&data, buf_view(&text));
    wipe(&secret);
    wipe(&text);
    return (struct sml_cred){
        .type = STR("syncml:auth-md5"), .format = STR("b64"), .data = arena_str(a, buf_view(&data))};
}

enum status san_write_message(struct buf *out, struct arena *a, const struct san *s, enum sml_version version,
                              enum sml_encoding encoding, struct str devid)
{
    struct sml_message head = {.version = version,
                               .session_id = arena_strf(a, "%u", (unsigned)s->session),
                               .msg_id = STR("1"),
                               .target = devid,
                               .source = s->server_id,
                               .meta = {.size = -1, .max_msg = -1, .max_obj = -1}};
    struct sml_out o;
    if (!fits(s) || !s->count)
        return INVALID;
    if (s->password.p)
        head.cred = credentials(a, s, version);
    sml_begin(&o, a, encoding, 0, &head);
    for (size_t i = 0; i < s->count; i++) {
        struct sml_item item;
        struct sml_command c = alert_of(&s->dbs[i], &item, a);
        sml_add(&o, &c);
    }
    enum status st = sml_end(&o, true);
    if (st == OK)
        buf_add(out, buf_view(&o.buf));
    buf_free(&o.buf);
    return st != OK ? st : a->st != OK ? a->st : out->st;
}

struct str san_media(enum sml_version version, enum sml_encoding encoding)
{
    return version == SML_1_2 ? STR("application/vnd.syncml.notification") : sml_media(encoding);
}
