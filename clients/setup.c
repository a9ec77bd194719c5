/* clients/setup.c: which page of the set-up help a request gets, and in which language. */
#include "clients/setup_int.h"

#include "directory/address.h"

enum { USER_MAX = 1000 };

/* A Host header is the client's word: anything but a plain authority is replaced by the configured name. */
static bool plain_host(struct str host)
{
    bool bracket = str_starts(host, STR("["));
    size_t colons = 0;
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        if (c == ':')
            colons++;
        else if (!ascii_alpha(c) && !ascii_digit(c) && c != '.' && c != '-' &&
                 !(bracket && (c == '[' || c == ']')))
            return false;
    }
    return host.n > 0 && host.n <= 255 && (bracket || colons <= 1);
}

static struct setup_place place_of(const struct conf *conf, const struct http_request *req)
{
    struct setup_place p = {.https = str_eq(req->scheme, STR("https")), .host = req->host};
    if (!plain_host(p.host))
        p.host = conf_str(conf, CONF_SERVER_HOSTNAME);
    if (!plain_host(p.host))
        p.host = STR("localhost");
    p.scheme = p.https ? STR("https") : STR("http");
    p.port = p.https ? STR("443") : STR("80");
    p.name = p.host;
    size_t from = str_starts(p.host, STR("[")) ? str_chr(p.host, ']', 0) : 0;
    size_t colon = from == SIZE_MAX ? SIZE_MAX : str_chr(p.host, ':', from);
    uint64_t number;
    if (colon != SIZE_MAX) {
        p.name = str_slice(p.host, 0, colon);
        if (str_u64(str_from(p.host, colon + 1), &number) && number > 0 && number <= 65535)
            p.port = str_from(p.host, colon + 1);
    }
    return p;
}

static struct str query_value(struct str query, struct str name)
{
    struct str field, key;
    while (query.p && str_split(&query, '&', &field))
        if (str_split(&field, '=', &key) && str_eq(key, name) && field.p)
            return field;
    return STR_NONE;
}

static void answer(struct http_txn *t, int status, struct str type)
{
    if (t->resp.body.st != OK)
        status = 500;
    t->resp.status = status;
    t->resp.compress = true;
    http_set(t, STR("Content-Type"), type);
    http_set(t, STR("Vary"), STR("Accept-Language"));
    http_finish(t);
}

static void answer_page(struct http_txn *t, const struct setup_language *l, int status)
{
    http_set(t, STR("Content-Language"), l->tag);
    http_set(t, STR("Cache-Control"), STR("private, max-age=300"));
    http_set(t, STR("Content-Security-Policy"),
             STR("default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
                 "frame-ancestors 'none'"));
    answer(t, status, STR("text/html; charset=utf-8"));
}

/* The address that goes into a profile, in its one spelling. STR_NONE without; INVALID. */
static enum status user_of(const struct conf *conf, struct http_txn *t, struct str *user)
{
    struct str raw = query_value(t->req.query, STR("user")), text;
    SCOPED_BUF(why, 1000);
    struct domains domains;
    *user = STR_NONE;
    if (raw.n == 0)
        return OK;
    if (raw.n > USER_MAX || http_unescape(&t->arena, raw, false, &text) != OK)
        return INVALID;
    enum status st = domains_load(conf, &t->arena, &domains, &why);
    if (st == OK)
        st = address_normalise(&domains, &t->arena, str_trim(text), user);
    if (st == OK && !address_usable(*user))
        st = INVALID;
    return st;
}

static void run_profile(const struct conf *conf, struct http_txn *t, const struct setup_language *l)
{
    struct setup_place place = place_of(conf, &t->req);
    struct str user;
    if (user_of(conf, t, &user) != OK) {
        setup_bad_user(&t->resp.body, l);
        answer_page(t, l, 400);
        return;
    }
    setup_profile(&t->resp.body, l, &place, user);
    http_set(t, STR("Content-Disposition"), STR("attachment; filename=\"scambio.mobileconfig\""));
    http_set(t, STR("Cache-Control"), STR("no-store"));
    answer(t, 200, STR("application/x-apple-aspen-config; charset=utf-8"));
}

static void run_setup(const struct conf *conf, struct http_txn *t, const struct setup_language *l)
{
    struct setup_place place = place_of(conf, &t->req);
    setup_page(&t->resp.body, l, &place);
    answer_page(t, l, 200);
}

static void run_front(const struct conf *conf, struct http_txn *t, const struct setup_language *l)
{
    (void)conf;
    setup_front(&t->resp.body, l);
    answer_page(t, l, 200);
}

static const struct {
    struct str path;
    void (*run)(const struct conf *conf, struct http_txn *t, const struct setup_language *l);
} pages[] = {
    {STR_INIT("/"), run_front},
    {STR_INIT("/setup"), run_setup},
    {STR_INIT("/setup/"), run_setup},
    {STR_INIT("/setup/scambio.mobileconfig"), run_profile},
};

static void answer_plain(struct http_txn *t, int status)
{
    buf_addz(&t->resp.body, http_reason(status));
    buf_addc(&t->resp.body, '\n');
    answer(t, status, STR("text/plain; charset=utf-8"));
}

void setup_handle(const struct conf *conf, struct http_txn *t)
{
    struct str chosen = query_value(t->req.query, STR("lang"));
    struct str accept = chosen.p ? chosen : http_get(&t->req, STR("Accept-Language"));
    const struct setup_language *l = setup_language_of(accept);
    if (!str_eq(t->req.method, STR("GET")) && !str_eq(t->req.method, STR("HEAD"))) {
        http_set(t, STR("Allow"), STR("GET, HEAD"));
        answer_plain(t, 405);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(pages); i++)
        if (str_eq(t->req.path, pages[i].path)) {
            pages[i].run(conf, t, l);
            return;
        }
    answer_plain(t, 404);
}
