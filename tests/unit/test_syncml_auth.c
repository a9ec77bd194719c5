/* tests/unit/test_syncml_auth.c: who sends a SyncML message: basic, MD5 and MAC, nonces, throttling; and the encrypted app
 * passwords behind them. The digests that devices send are computed here from the texts of the specifications. */
#include "core/clock.h"
#include "core/log.h"
#include "core/seal.h"
#include "directory/internal.h"
#include "store/doctor.h"
#include "syncml/auth.h"
#include "tests/unit/store_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { NOW = 1800000000, APP_TEXT = 64 };

struct world {
    struct fixture f;
    struct conf *conf;
    struct directory *d;
    struct arena a;
    int64_t alice, bob;
    char app[APP_TEXT]; /* alice's app password for SyncML */
    int64_t app_id;
};

/* ---- the world ---- */
static void open_directory(struct world *w)
{
    SCOPED_BUF(why, 4096);
    struct directory_config config = {.conf = w->conf};
    assert_ok(directory_open(w->f.store, &config, &w->d, &why));
}

static int64_t add_user(struct world *w, const char *address)
{
    int64_t id;
    SCOPED_BUF(why, 4096);
    struct user_new in = {.address = str_c(address),
                          .name = STR("Somebody"),
                          .password = STR("a long secret"),
                          .lang = STR("en"),
                          .quota = -1};
    assert_ok(user_add(w->d, &in, &id, &why));
    return id;
}

static int64_t add_app(struct world *w, int64_t user, unsigned scope, int64_t expires, char out[APP_TEXT])
{
    SCOPED_BUF(text, APP_TEXT);
    struct credential *rows;
    size_t count;
    assert_ok(app_password_add(w->d, user, STR("phone"), scope, expires, &text));
    snprintf(out, APP_TEXT, "%s", buf_c(&text));
    SCOPED_READ(tx, w->f.store);
    assert_ok(app_password_list(w->d, tx, &w->a, user, &rows, &count));
    return rows[count - 1].id;
}

static void start(struct world *w)
{
    SCOPED_BUF(why, 4096);
    *w = (struct world){.a = ARENA_INIT(16 << 20)};
    clock_set(NOW);
    fixture_start(&w->f, 1);
    assert_ok(conf_parse(STR("[server]\nhostname = mail.example.test\ndata = /d\ndomains = example.test\n"),
                         "t", &w->conf, &why));
    open_directory(w);
    w->alice = add_user(w, "alice@example.test");
    w->bob = add_user(w, "bob@example.test");
    w->app_id = add_app(w, w->alice, SCOPE_SYNCML, 0, w->app);
}

static void stop(struct world *w)
{
    directory_close(w->d);
    conf_unref(w->conf);
    fixture_end(&w->f);
    arena_free(&w->a);
    clock_set(0);
}
#define SCOPED_WORLD(name)                                                                                   \
    SCOPED(stop) struct world name;                                                                          \
    start(&name)

/* ---- what a device sends ---- */
struct phone {
    const char *devid, *name; /* LocName */
    const char *user, *password;
    struct str nonce; /* raw: what it was told last */
    enum sml_version version;
    bool insecure, hex;
};

static struct str b64(struct world *w, struct str bytes)
{
    SCOPED_BUF(text, 1 << 16);
    buf_base64(&text, bytes);
    return arena_str(&w->a, buf_view(&text));
}

static struct str hash(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static struct str hash(struct world *w, const char *format, ...)
{
    unsigned char out[MD5_SIZE];
    va_list args;
    SCOPED_BUF(text, 1 << 16);
    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    md5(buf_view(&text), out);
    return arena_str(&w->a, str_n(out, sizeof out));
}

/* Nonces of the server are raw bytes: "%.*s" would stop at a NUL, so they are appended by hand. */
static struct str joined(struct world *w, struct str head, struct str nonce)
{
    unsigned char out[MD5_SIZE];
    SCOPED_BUF(text, 1 << 16);
    buf_add(&text, head);
    buf_addc(&text, ':');
    buf_add(&text, nonce);
    md5(buf_view(&text), out);
    return arena_str(&w->a, str_n(out, sizeof out));
}

static struct sml_cred md5_cred(struct world *w, const struct phone *p)
{
    struct str head = p->version == SML_1_0 ? arena_strf(&w->a, "%s:%s", p->user, p->password)
                                            : b64(w, hash(w, "%s:%s", p->user, p->password));
    struct str digest = joined(w, head, p->nonce);
    if (p->hex) {
        SCOPED_BUF(text, 64);
        buf_hex(&text, digest);
        digest = arena_str(&w->a, buf_view(&text));
    }
    return (struct sml_cred){STR("syncml:auth-md5"), STR("b64"), b64(w, digest)};
}

static struct sml_cred basic_cred(struct world *w, const struct phone *p)
{
    return (struct sml_cred){STR("syncml:auth-basic"), STR("b64"),
                             b64(w, arena_strf(&w->a, "%s:%s", p->user, p->password))};
}

static struct sml_auth send_cred(struct world *w, const struct phone *p, struct sml_cred cred)
{
    struct sml_auth out;
    struct sml_message m = {.version = p->version ? p->version : SML_1_2,
                            .source = str_c(p->devid),
                            .source_name = str_c(p->name),
                            .cred = cred};
    struct sml_auth_request r = {.message = &m, .peer = STR("192.0.2.7"), .secure = !p->insecure};
    assert_ok(sml_auth(w->d, &w->a, &r, &out));
    return out;
}

static struct sml_auth send_md5(struct world *w, const struct phone *p)
{
    return send_cred(w, p, md5_cred(w, p));
}

/* The nonce of a challenge, as the device keeps it. */
static void learn(struct world *w, struct phone *p, const struct sml_auth *from)
{
    SCOPED_BUF(bytes, 256);
    assert_str(from->chal.format, "b64");
    assert_true(buf_unbase64(&bytes, from->chal.data));
    assert_int_equal(bytes.n, 16);
    p->nonce = arena_str(&w->a, buf_view(&bytes));
}

struct opening { /* what the engine writes after a good log-in */
    struct world *w;
    const struct sml_auth *auth;
    struct str devid;
    struct device d;
};

static enum status do_open(void *ctx, struct tx *tx)
{
    struct opening *o = ctx;
    enum status st = tx_device_open(tx, &o->w->a, o->auth->login.actor.id, o->devid, &o->d);
    if (st == OK)
        st = tx_sml_auth(tx, o->auth, &o->d);
    return st == OK ? tx_device_update(tx, &o->d) : st;
}

static enum status open_session(struct world *w, const struct phone *p, const struct sml_auth *auth)
{
    struct opening o = {.w = w, .auth = auth, .devid = str_c(p->devid)};
    return fixture_write(&w->f, auth->login.actor.id, do_open, &o);
}

/* A whole log-in by MD5 as a device does it: it is told a nonce when the one that it has does not do. */
static void log_in(struct world *w, struct phone *p)
{
    struct sml_auth auth = send_md5(w, p);
    if (auth.code == 401) {
        assert_str(auth.chal.type, "syncml:auth-md5");
        learn(w, p, &auth);
        auth = send_md5(w, p);
    }
    assert_int_equal(auth.code, 212);
    assert_ok(open_session(w, p, &auth));
    learn(w, p, &auth);
}

static struct phone phone_of(const struct world *w)
{
    return (struct phone){
        .devid = "IMEI:1", .name = "alice", .user = "alice", .password = w->app, .nonce = STR("")};
}

/* ---- sealing ---- */
static void sealed_texts_open_only_where_they_belong(void **state)
{
    (void)state;
    unsigned char key[SEAL_KEY] = {1}, other[SEAL_KEY] = {2};
    SCOPED_BUF(sealed, 256);
    SCOPED_BUF(again, 256);
    SCOPED_BUF(text, 256);
    assert_ok(seal(key, STR("here"), STR("secret"), &sealed));
    assert_ok(seal(key, STR("here"), STR("secret"), &again));
    assert_int_equal(sealed.n, 6 + SEAL_MORE);
    assert_false(str_eq(buf_view(&sealed), buf_view(&again)));
    assert_ok(unseal(key, STR("here"), buf_view(&sealed), &text));
    assert_str(buf_view(&text), "secret");
    assert_status(unseal(key, STR("there"), buf_view(&sealed), &text), INVALID);
    assert_status(unseal(other, STR("here"), buf_view(&sealed), &text), INVALID);
    assert_status(unseal(key, STR("here"), str_slice(buf_view(&sealed), 0, SEAL_MORE - 1), &text), INVALID);
    for (size_t i = 0; i < sealed.n; i++) {
        sealed.p[i] ^= 1;
        assert_status(unseal(key, STR("here"), buf_view(&sealed), &text), INVALID);
        sealed.p[i] ^= 1;
    }
    assert_str(buf_view(&text), "secret");
    buf_clear(&sealed);
    buf_clear(&text);
    assert_ok(seal(key, STR(""), STR(""), &sealed));
    assert_ok(unseal(key, STR(""), buf_view(&sealed), &text));
    assert_int_equal(text.n, 0);
}

static size_t rows_of_kind(struct world *w, int64_t user, int kind)
{
    struct credential *rows;
    size_t count, n = 0;
    SCOPED_READ(tx, w->f.store);
    assert_ok(credential_list(tx, &w->a, user, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        n += rows[i].kind == kind;
        assert_int_equal(str_find(rows[i].data, str_c(w->app), 0), SIZE_MAX); /* never in clear */
    }
    return n;
}

static void clear_texts_are_kept_only_for_syncml(void **state)
{
    (void)state;
    SCOPED_WORLD(w);
    char other[APP_TEXT], path[128];
    struct stat info;
    size_t findings;
    snprintf(path, sizeof path, "%s/syncml.key", w.f.dir);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, SEAL_KEY);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(rows_of_kind(&w, w.alice, CREDENTIAL_SEALED), 1);
    int64_t dav = add_app(&w, w.alice, SCOPE_DAV, 0, other);
    assert_int_equal(rows_of_kind(&w, w.alice, CREDENTIAL_SEALED), 1);
    int64_t all = add_app(&w, w.alice, SCOPE_ALL, 0, other);
    assert_int_equal(rows_of_kind(&w, w.alice, CREDENTIAL_SEALED), 2);
    assert_ok(store_check(w.f.store, false, NULL, NULL, &findings));
    assert_int_equal(findings, 0);
    assert_ok(app_password_revoke(w.d, w.alice, dav));
    assert_ok(app_password_revoke(w.d, w.alice, all));
    assert_int_equal(rows_of_kind(&w, w.alice, CREDENTIAL_SEALED), 1);
    assert_int_equal(rows_of_kind(&w, w.alice, CREDENTIAL_APP), 1);
    struct phone p = phone_of(&w);
    log_in(&w, &p);
    assert_ok(app_password_revoke(w.d, w.alice, w.app_id));
    assert_int_equal(rows_of_kind(&w, w.alice, CREDENTIAL_SEALED), 0);
    assert_str(send_md5(&w, &p).chal.type, "syncml:auth-basic");
    assert_ok(store_check(w.f.store, false, NULL, NULL, &findings));
    assert_int_equal(findings, 0);
}

static void a_lost_key_asks_for_the_password(void **state)
{
    (void)state;
    SCOPED_WORLD(w);
    char path[128], other[APP_TEXT];
    struct phone p = phone_of(&w);
    log_in(&w, &p);
    snprintf(path, sizeof path, "%s/syncml.key", w.f.dir);
    assert_int_equal(unlink(path), 0);
    directory_close(w.d);
    open_directory(&w);
    struct sml_auth auth = send_md5(&w, &p);
    assert_int_equal(auth.code, 401);
    assert_str(auth.chal.type, "syncml:auth-basic");
    assert_int_equal(send_cred(&w, &p, basic_cred(&w, &p)).code,
                     212);                        /* the password itself is as good as ever */
    add_app(&w, w.alice, SCOPE_SYNCML, 0, other); /* under a new key */
    p.password = other;
    log_in(&w, &p);
    FILE *f = fopen(path, "w");
    fputs("short", f);
    fclose(f);
    directory_close(w.d);
    open_directory(&w);
    SCOPED_BUF(text, APP_TEXT);
    assert_status(app_password_add(w.d, w.alice, STR("x"), SCOPE_SYNCML, 0, &text), E_CORRUPT);
    assert_int_equal(text.n, 0);
}

/* ---- formulas ---- */
static void digests_are_those_of_the_specification(void **state)
{
    (void)state;
    unsigned char out[MD5_SIZE], body[MD5_SIZE] = {0};
    SCOPED_BUF(text, 256);
    digest_of(DIGEST_MD5, STR("Bruce2"), STR("OhBehave"), STR("Nonce"), body, out);
    buf_base64(&text, str_n(out, sizeof out));
    assert_str(buf_view(&text), "Zz6EivR3yeaaENcRN6lpAQ==");
    buf_clear(&text);
    digest_of(DIGEST_MD5_1_0, STR("Bruce2"), STR("OhBehave"), STR("Nonce"), body, out);
    buf_hex(&text, str_n(out, sizeof out));
    assert_str(buf_view(&text), "52692a000661890bd75e17da7ffbbe39");
    /* B64(MD5("Bruce2:OhBehave")) ":" "Nonce" ":" B64(MD5("message")), computed with another program */
    buf_clear(&text);
    md5(STR("message"), body);
    digest_of(DIGEST_MAC, STR("Bruce2"), STR("OhBehave"), STR("Nonce"), body, out);
    buf_base64(&text, str_n(out, sizeof out));
    assert_str(buf_view(&text), "r+J7KTSBONHQZeQ+ykLZRw==");
}

/* ---- basic ---- */
static void basic(void **state)
{
    (void)state;
    SCOPED_WORLD(w);
    struct phone p = {.devid = "IMEI:1", .user = "alice", .password = "a long secret"};
    struct sml_auth auth = send_cred(&w, &p, basic_cred(&w, &p));
    assert_int_equal(auth.code, 212);
    assert_int_equal(auth.login.actor.id, w.alice);
    assert_int_equal(auth.login.credential, 0);
    assert_str(auth.user, "alice");
    assert_null(auth.chal.type.p);
    assert_false(auth.spends);
    assert_ok(open_session(&w, &p, &auth));
    p.password = w.app;
    auth = send_cred(&w, &p, basic_cred(&w, &p));
    assert_int_equal(auth.code, 212);
    assert_int_equal(auth.login.credential, w.app_id);
    assert_int_equal(
        send_cred(&w, &p, (struct sml_cred){.format = STR(""), .data = STR("alice:a long secret")}).code,
        212);
    p.insecure = true; /* not even looked at */
    auth = send_cred(&w, &p, basic_cred(&w, &p));
    assert_int_equal(auth.code, 401);
    assert_str(auth.chal.type, "syncml:auth-md5");
    p.insecure = false;
    p.password = "wrong";
    auth = send_cred(&w, &p, basic_cred(&w, &p));
    assert_int_equal(auth.code, 401);
    assert_str(auth.chal.type, "syncml:auth-basic");
    char dav[APP_TEXT];
    add_app(&w, w.alice, SCOPE_DAV | SCOPE_MAIL, 0, dav);
    p.password = dav;
    assert_int_equal(send_cred(&w, &p, basic_cred(&w, &p)).code, 401);
    const struct sml_cred junk[] = {
        {STR("syncml:auth-basic"), STR("b64"), STR("???")},
        {STR("syncml:auth-basic"), STR("b64"), STR("")},
        {STR("syncml:auth-basic"), STR("bin"), STR(":")},
        {STR("syncml:auth-x509"), STR("b64"), STR("YWxpY2U6eA==")},
    };
    for (size_t i = 0; i < COUNT_OF(junk); i++)
        assert_int_equal(send_cred(&w, &p, junk[i]).code, 401);
    auth = send_cred(&w, &p, (struct sml_cred){0});
    assert_int_equal(auth.code, 407);
    assert_str(auth.chal.type, "syncml:auth-basic");
    p.insecure = true;
    assert_str(send_cred(&w, &p, (struct sml_cred){0}).chal.type, "syncml:auth-md5");
}

/* ---- MD5 ---- */
static void a_device_logs_in_by_md5_over_many_sessions(void **state)
{
    (void)state;
    SCOPED_WORLD(w);
    struct phone p = phone_of(&w);
    struct sml_auth auth =
        send_md5(&w, &p); /* the empty nonce of a first contact: could be anybody's recording */
    assert_int_equal(auth.code, 401);
    assert_str(auth.chal.type, "syncml:auth-md5");
    learn(&w, &p, &auth);
    auth = send_md5(&w, &p);
    assert_int_equal(auth.code, 212);
    assert_int_equal(auth.login.actor.id, w.alice);
    assert_int_equal(auth.login.credential, w.app_id);
    assert_false(auth.every_message);
    assert_ok(open_session(&w, &p, &auth));
    for (int i = 0; i < 5; i++) { /* the recording is worth nothing */
        struct sml_auth again = send_md5(&w, &p);
        assert_int_equal(again.code, 401);
        assert_str(again.chal.type, "syncml:auth-md5");
        assert_true(str_eq(again.chal.data, auth.chal.data)); /* and did not disturb the device */
    }
    clock_set(NOW + 40LL * 86400);
    for (int i = 0; i < 4; i++) {
        learn(&w, &p, &auth);
        p.insecure = i % 2; /* no password is sent: TLS is not asked for */
        auth = send_md5(&w, &p);
        assert_int_equal(auth.code, 212);
        assert_ok(open_session(&w, &p, &auth));
    }
}

static void a_lost_answer_is_no_failed_log_in(void **state)
{
    (void)state;
    SCOPED_WORLD(w);
    struct phone p = phone_of(&w);
    log_in(&w, &p);
    struct sml_auth lost = send_md5(&w, &p);
    assert_int_equal(lost.code, 212);
    assert_ok(open_session(&w, &p, &lost));
    for (int i = 0; i < 60; i++) { /* more than either limit of throttling */
        struct sml_auth auth = send_md5(&w, &p);
        assert_int_equal(auth.code, 401);
        assert_true(str_eq(auth.chal.data, lost.chal.data));
    }
    learn(&w, &p, &lost);
    assert_int_equal(send_md5(&w, &p).code, 212);
}

static void wrong_passwords_are_throttled(void **state)
{
    (void)state;
    SCOPED_WORLD(w);
    struct phone good = phone_of(&w), p = good;
    log_in(&w, &good);
    p.password = "wrong";
    p.nonce = good.nonce;
    struct sml_auth auth;
    for (int i = 0; i < 10; i++) {
        auth = send_md5(&w, &p);
        assert_int_equal(auth.code, 401);
        assert_str(auth.chal.type, "syncml:auth-md5");
    }
    auth = send_md5(&w, &p);
    assert_int_equal(auth.code, 503);
    assert_true(auth.retry_after > 0 && auth.retry_after <= 300);
    assert_null(auth.chal.type.p);
    assert_int_equal(send_md5(&w, &good).code, 503);
    clock_set(NOW + 301);
    assert_int_equal(send_md5(&w, &good).code, 212);
}

static void passwords_are_typed_in_many_ways(void **state)
{
    (void)state;
    SCOPED_WORLD(w);
    char plain[APP_TEXT] = "", upper[APP_TEXT] = "", blanks[APP_TEXT], first[APP_TEXT];
    for (size_t i = 0; w.app[i]; i++) {
        blanks[i] = w.app[i] == '-' ? ' ' : w.app[i];
        blanks[i + 1] = 0;
        upper[i] = ascii_upper(w.app[i]);
        if (w.app[i] != '-')
            plain[strlen(plain)] = w.app[i];
    }
    snprintf(first, sizeof first, "%s", plain);
    first[0] = ascii_upper(first[0]);
    const char *const ways[] = {w.app, plain, upper, blanks, first};
    const char *const users[] = {"alice", "alice@example.test", "Alice@Example.Test"};
    static const struct {
        enum sml_version version;
        bool hex;
    } forms[] = {{SML_1_2, false}, {SML_1_1, false}, {SML_1_0, false}, {SML_1_0, true}};
    for (size_t i = 0; i < COUNT_OF(ways); i++)
        for (size_t k = 0; k < COUNT_OF(users); k++)
            for (size_t f = 0; f < COUNT_OF(forms); f++) {
                struct phone p = phone_of(&w);
                p.password = ways[i];
                p.name = p.user = users[k];
                p.version = forms[f].version;
                p.hex = forms[f].hex;
                log_in(&w, &p);
            }
}

static void who_has_no_app_password_is_asked_for_his(void **state)
{
    (void)state;
    SCOPED_WORLD(w);
    struct phone p = {
        .devid = "IMEI:1", .name = "bob", .user = "bob", .password = "a long secret", .nonce = STR("")};
    const char *const users[] = {"bob", "nobody", "nobody@elsewhere.test", "alice*bob", ""};
    for (size_t i = 0; i < COUNT_OF(users); i++) {
        p.name = p.user = users[i];
        struct sml_auth auth = send_md5(&w, &p);
        assert_int_equal(auth.code, 401);
        assert_str(auth.chal.type, "syncml:auth-basic");
        p.insecure = true;
        assert_str(send_md5(&w, &p).chal.type, "syncml:auth-md5"); /* nothing better can be asked for */
        p.insecure = false;
    }
    char app[APP_TEXT];
    add_app(&w, w.bob, SCOPE_SYNCML, NOW + 100, app);
    p.name = p.user = "bob";
    p.password = app;
    log_in(&w, &p);
    clock_set(NOW + 101); /* it has expired */
    assert_str(send_md5(&w, &p).chal.type, "syncml:auth-basic");
    clock_set(NOW);
    assert_ok(user_state(w.d, w.bob, PRINCIPAL_DISABLED));
    assert_str(send_md5(&w, &p).chal.type, "syncml:auth-basic");
    assert_int_equal(send_cred(&w, &p, basic_cred(&w, &p)).code, 401);
}

static void without_a_name_the_device_says_who_it_is(void **state)
{
    (void)state;
    SCOPED_WORLD(w);
    char bobs[APP_TEXT];
    add_app(&w, w.bob, SCOPE_SYNCML, 0, bobs);
    struct phone p = phone_of(&w), unknown = phone_of(&w);
    log_in(&w, &p);
    p.name = NULL;
    log_in(&w, &p);
    unknown.devid = "IMEI:2";
    unknown.name = NULL;
    assert_str(send_md5(&w, &unknown).chal.type, "syncml:auth-basic");
    /* the phone is bob's now; alice's old row is still there */
    struct phone q = {.devid = "IMEI:1", .name = "bob", .user = "bob", .password = bobs, .nonce = STR("")};
    log_in(&w, &q);
    q.name = NULL;
    for (int i = 0; i < 3; i++)
        log_in(&w, &q);
    struct sml_auth auth = send_md5(&w, &q);
    assert_int_equal(auth.login.actor.id, w.bob);
    q.password = "neither";
    assert_str(send_md5(&w, &q).chal.type, "syncml:auth-basic");
}

static void of_two_log_ins_with_one_nonce_one_wins(void **state)
{
    (void)state;
    SCOPED_WORLD(w);
    struct phone p = phone_of(&w);
    struct sml_auth auth = send_md5(&w, &p);
    learn(&w, &p, &auth);
    struct sml_auth first = send_md5(&w, &p), second = send_md5(&w, &p);
    assert_int_equal(first.code, 212);
    assert_int_equal(second.code, 212);
    assert_ok(open_session(&w, &p, &second));
    assert_status(open_session(&w, &p, &first), PRECONDITION);
    assert_int_equal(send_md5(&w, &p).code, 401);
    learn(&w, &p, &second);
    assert_int_equal(send_md5(&w, &p).code, 212);
}

static void nonces_differ(void **state)
{
    (void)state;
    SCOPED_WORLD(w);
    struct phone p = phone_of(&w), q = phone_of(&w);
    q.devid = "IMEI:2";
    struct str of_p = send_md5(&w, &p).chal.data, of_q = send_md5(&w, &q).chal.data;
    assert_false(str_eq(of_p, of_q));
    clock_set(NOW + 2 * 3600);
    assert_false(str_eq(of_p, send_md5(&w, &p).chal.data)); /* the challenge of a stranger does not last */
    SCOPED_BUF(bytes, 64);
    assert_true(buf_unbase64(&bytes, of_p));
    p.nonce = arena_str(&w.a, buf_view(&bytes));
    assert_int_equal(send_md5(&w, &p).code, 401);
}

/* ---- MAC ---- */
static struct str mac_header(struct world *w, const struct phone *p, struct str body)
{
    unsigned char digest[MD5_SIZE];
    SCOPED_BUF(rest, 1024);
    buf_add(&rest, p->nonce);
    buf_addc(&rest, ':');
    md5(body, digest);
    buf_base64(&rest, str_n(digest, sizeof digest));
    struct str mac = joined(w, b64(w, hash(w, "%s:%s", p->user, p->password)), buf_view(&rest));
    return arena_strf(&w->a, "algorithm=MD5, username=\"%s\", mac=%.*s", p->user, STR_ARG(b64(w, mac)));
}

static struct sml_auth send_mac(struct world *w, const struct phone *p, struct str body, struct str header,
                                const struct sml_auth *session)
{
    struct sml_auth out;
    struct sml_message m = {.version = SML_1_2, .source = str_c(p->devid)};
    struct sml_auth_request r = {
        .message = &m, .body = body, .hmac = header, .peer = STR("192.0.2.7"), .secure = true};
    assert_ok(session ? sml_auth_message(w->d, &w->a, &r, session, &out) : sml_auth(w->d, &w->a, &r, &out));
    return out;
}

static void a_mac_proves_each_message(void **state)
{
    (void)state;
    SCOPED_WORLD(w);
    struct str body = STR("the message\0as it came");
    struct phone p = phone_of(&w);
    struct sml_auth auth = send_mac(&w, &p, body, mac_header(&w, &p, body), NULL);
    assert_int_equal(auth.code, 401);
    assert_str(auth.chal.type, "syncml:auth-MAC");
    learn(&w, &p, &auth);
    struct sml_auth session = send_mac(&w, &p, body, mac_header(&w, &p, body), NULL);
    assert_int_equal(session.code, 200);
    assert_true(session.every_message);
    assert_int_equal(session.login.actor.id, w.alice);
    assert_ok(open_session(&w, &p, &session));
    for (int i = 0; i < 3; i++) {
        learn(&w, &p, &session);
        auth = send_mac(&w, &p, STR("changed on the way"), mac_header(&w, &p, body), &session);
        assert_int_equal(auth.code, 401);
        auth = send_mac(&w, &p, body, STR_NONE, &session);
        assert_int_equal(auth.code, 401);
        assert_str(auth.chal.type, "syncml:auth-MAC");
        session = send_mac(&w, &p, body, mac_header(&w, &p, body), &session);
        assert_int_equal(session.code, 200);
        assert_ok(open_session(&w, &p, &session));
    }
    char bobs[APP_TEXT];
    add_app(&w, w.bob, SCOPE_SYNCML, 0, bobs);
    struct phone q = {.devid = "IMEI:1", .user = "bob", .password = bobs, .nonce = STR("")};
    auth = send_mac(&w, &q, body, mac_header(&w, &q, body), NULL);
    learn(&w, &q, &auth);
    assert_int_equal(send_mac(&w, &q, body, mac_header(&w, &q, body), &session).code,
                     401); /* alice's session */
    const char *const junk[] = {"algorithm",
                                "=",
                                "mac=",
                                "mac=\"",
                                "username=\"alice",
                                "algorithm=SHA, username=\"alice\", mac=x",
                                "username=,,",
                                "username=\"alice\", mac=AAAAAAAAAAAAAAAAAAAAAA==, mac=\"\""};
    for (size_t i = 0; i < COUNT_OF(junk); i++)
        assert_int_equal(send_mac(&w, &p, body, str_c(junk[i]), NULL).code, 401);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealed_texts_open_only_where_they_belong),
        cmocka_unit_test(clear_texts_are_kept_only_for_syncml),
        cmocka_unit_test(a_lost_key_asks_for_the_password),
        cmocka_unit_test(digests_are_those_of_the_specification),
        cmocka_unit_test(basic),
        cmocka_unit_test(a_device_logs_in_by_md5_over_many_sessions),
        cmocka_unit_test(a_lost_answer_is_no_failed_log_in),
        cmocka_unit_test(wrong_passwords_are_throttled),
        cmocka_unit_test(passwords_are_typed_in_many_ways),
        cmocka_unit_test(who_has_no_app_password_is_asked_for_his),
        cmocka_unit_test(without_a_name_the_device_says_who_it_is),
        cmocka_unit_test(of_two_log_ins_with_one_nonce_one_wins),
        cmocka_unit_test(nonces_differ),
        cmocka_unit_test(a_mac_proves_each_message),
    };
    log_setup(LOG_LEVEL_ERROR, false, open("/dev/null", O_WRONLY | O_CLOEXEC));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
