/* syncml/syncml.c: SyncML over HTTP: a message comes in a POST, and its answer is that of the POST (SyncML HTTP Binding). */
#include "core/log.h"
#include "syncml/engine.h"

#include <stdlib.h>

enum { MISTAKES = 64 << 10 };

static enum status load_phones(const struct conf *conf, struct phones **out, struct buf *mistakes)
{
    SCOPED_BUF(folder, 4096);
    buf_add(&folder, conf_str(conf, CONF_SYNCML_PROFILES));
    return phones_new(conf_has(conf, CONF_SYNCML_PROFILES) ? buf_c(&folder) : NULL, out, mistakes);
}

enum status syncml_check(const struct conf *conf, struct buf *mistakes)
{
    struct phones *phones = NULL;
    enum status st = load_phones(conf, &phones, mistakes);
    phones_free(phones);
    return st;
}

static void tell(struct str mistakes)
{
    struct str line;
    while (str_split(&mistakes, '\n', &line))
        if (line.n)
            log_error("syncml.profiles: %.*s", STR_ARG(line));
}

enum status syncml_new(struct syncml_sessions *sessions, const struct conf *conf, struct syncml **out)
{
    struct syncml *s = calloc(1, sizeof *s);
    if (!s)
        return E_MEMORY;
    SCOPED_BUF(why, MISTAKES);
    s->sessions = sessions;
    s->store = sessions_store(sessions);
    s->dir = sessions_directory(sessions);
    settings_load(s, conf);
    enum status st = load_phones(conf, &s->phones, &why);
    if (st) {
        tell(buf_view(&why));
        syncml_free(s);
        return st;
    }
    *out = s;
    return OK;
}

void syncml_free(struct syncml *s)
{
    if (!s)
        return;
    phones_free(s->phones);
    conf_unref(s->conf);
    free(s);
}

size_t syncml_body_limit(const struct syncml *s, struct str method)
{
    return str_eq(method, STR("POST")) ? s->message.size : 0;
}

static void answer_plain(struct http_txn *t, int status, const char *text)
{
    t->resp.status = status;
    http_set(t, STR("Content-Type"), STR("text/plain; charset=utf-8"));
    buf_addz(&t->resp.body, text);
    http_finish(t);
}

static void run(struct http_txn *http)
{
    turn_run(http->route);
    http_finish(http);
}

void syncml_handle(struct syncml *s, struct http_txn *http, bool secure)
{
    enum sml_encoding encoding;
    if (!str_eq(http->req.method, STR("POST"))) {
        http_set(http, STR("Allow"), STR("POST"));
        answer_plain(http, 405, "SyncML devices send their messages here, by POST.\n");
        return;
    }
    if (!sml_encoding_of(http_get(&http->req, STR("Content-Type")), &encoding)) {
        answer_plain(http, 415,
                     "A SyncML message is application/vnd.syncml+xml or application/vnd.syncml+wbxml.\n");
        return;
    }
    struct turn *t = ARENA_NEW(&http->arena, struct turn);
    if (!t) {
        answer_plain(http, 503, "The server is out of memory; try again in a moment.\n");
        return;
    }
    *t = (struct turn){.sml = s, .http = http, .a = &http->arena, .secure = secure, .encoding = encoding};
    http->route = t;
    http_defer(http, run);
}
