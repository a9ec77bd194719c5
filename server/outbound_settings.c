/* server/outbound_settings.c: [relay] and [transport] as the runner works with them. */
#include "server/outbound_inside.h"

#include "core/file.h"
#include "store/store.h"

#include <fcntl.h>

enum { SETTINGS_MOST = 1 << 20, PASSWORD_MOST = 4096 };

struct reading {
    struct outbound_settings *s;
    size_t cap;
    struct buf *why;
    enum status st;
};

static void take_transport(void *ctx, struct str name, struct str key, struct str value)
{
    struct reading *r = ctx;
    struct outbound_settings *s = r->s;
    struct transport t;
    (void)name;
    if (r->st != OK)
        return;
    if (domain_normalise(&s->arena, key, &t.domain) != OK) {
        buf_addf(r->why, "[transport] %.*s: this is no domain", STR_ARG(key));
        r->st = INVALID;
        return;
    }
    struct str text = arena_str(&s->arena, str_trim(value));
    if (!route_parse(text, 25, &t.route)) {
        buf_addf(r->why, "[transport] %.*s = %.*s: write host:port, lmtp:host:port or lmtp:unix:/path",
                 STR_ARG(key), STR_ARG(value));
        r->st = INVALID;
        return;
    }
    s->transports =
        arena_grow(&s->arena, s->transports, s->transport_count, &r->cap, s->transport_count + 1, sizeof t);
    if (s->transports)
        s->transports[s->transport_count++] = t;
    else
        r->st = E_MEMORY;
}

/* The first line of the file. */
static enum status read_password(struct outbound_settings *s, const struct conf *conf, struct buf *why)
{
    char text[PASSWORD_MOST];
    SCOPED_BUF(path, 4096);
    buf_add(&path, conf_str(conf, CONF_RELAY_PASSWORD_FILE));
    SCOPED(scoped_close) int fd = open(buf_c(&path), O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text) : -1;
    if (n < 0) {
        buf_addf(why,
                 "relay.password_file: %s: %m: the server's user must be able to read it, below /etc or the "
                 "data folder",
                 buf_c(&path));
        return INVALID;
    }
    struct str line = str_n(text, (size_t)n);
    line = str_slice(line, 0, str_chr(line, '\n', 0));
    s->password = arena_str(&s->arena, str_trim(line));
    explicit_bzero(text, sizeof text);
    return s->password.p ? OK : E_MEMORY;
}

static enum status read_relay(struct outbound_settings *s, const struct conf *conf, struct buf *why)
{
    struct str text = arena_str(&s->arena, conf_str(conf, CONF_RELAY_HOST));
    s->has_relay = text.p != NULL;
    if (s->has_relay && !route_parse(text, 25, &s->relay)) {
        buf_addf(why, "relay.host: '%.*s': write host:port", STR_ARG(text));
        return INVALID;
    }
    if (!conf_has(conf, CONF_RELAY_USER))
        return OK;
    s->user = arena_str(&s->arena, conf_str(conf, CONF_RELAY_USER));
    if (conf_has(conf, CONF_RELAY_PASSWORD_FILE))
        return read_password(s, conf, why);
    buf_addz(why, "relay.user: name the file with its password in relay.password_file");
    return INVALID;
}

static void read_source(struct outbound_settings *s, const struct conf *conf)
{
    size_t count;
    const struct str *list = conf_list(conf, CONF_RELAY_SOURCE, &count);
    for (size_t i = 0; i < count; i++) {
        struct net_network n;
        if (net_parse_network(list[i], &n))
            s->source[n.address.bits == 128] = n.address;
    }
}

static void read_numbers(struct outbound_settings *s, const struct conf *conf)
{
    struct store_config defaults = store_config_default("");
    s->tls = (enum relay_tls_choice)conf_int(conf, CONF_RELAY_TLS);
    s->family = (enum relay_family)conf_int(conf, CONF_RELAY_FAMILY);
    s->retry = (struct retry){conf_int(conf, CONF_RELAY_RETRY_FIRST), conf_int(conf, CONF_RELAY_RETRY_MOST)};
    s->port = (int)conf_int(conf, CONF_RELAY_PORT);
    s->connections = (size_t)conf_int(conf, CONF_RELAY_CONNECTIONS);
    s->destination_connections = (size_t)conf_int(conf, CONF_RELAY_DESTINATION_CONNECTIONS);
    s->connection_mails = (size_t)conf_int(conf, CONF_RELAY_CONNECTION_MAILS);
    s->recipients = (size_t)conf_int(conf, CONF_RELAY_RECIPIENTS);
    s->attempts = (size_t)conf_int(conf, CONF_RELAY_ATTEMPTS);
    s->idle = conf_int(conf, CONF_RELAY_IDLE);
    s->dns_timeout = conf_int(conf, CONF_RELAY_DNS_TIMEOUT);
    s->connect_timeout = conf_int(conf, CONF_RELAY_CONNECT_TIMEOUT);
    s->command_timeout = conf_int(conf, CONF_RELAY_COMMAND_TIMEOUT);
    s->text_timeout = conf_int(conf, CONF_RELAY_TEXT_TIMEOUT);
    s->end_timeout = conf_int(conf, CONF_RELAY_END_TIMEOUT);
    s->unreachable = conf_int(conf, CONF_RELAY_UNREACHABLE);
    s->delay_warning = conf_int(conf, CONF_RELAY_DELAY_WARNING);
    s->expire = conf_int(conf, CONF_SMTP_QUEUE_TIME);
    s->mime = defaults.mime;
    s->message_size = (size_t)conf_int(conf, CONF_LIMITS_MESSAGE_SIZE);
}

enum status outbound_settings_new(const struct conf *conf, struct outbound_settings **out, struct buf *why)
{
    struct outbound_settings *s = calloc(1, sizeof *s);
    if (!s)
        return E_MEMORY;
    atomic_init(&s->refs, 1);
    s->arena = ARENA_INIT(SETTINGS_MOST);
    struct reading r = {.s = s, .why = why, .st = OK};
    s->hostname =
        arena_str(&s->arena, conf_str(conf, conf_has(conf, CONF_RELAY_HOSTNAME) ? CONF_RELAY_HOSTNAME
                                                                                : CONF_SERVER_HOSTNAME));
    read_numbers(s, conf);
    read_source(s, conf);
    conf_each(conf, "transport", take_transport, &r);
    if (r.st == OK)
        r.st = read_relay(s, conf, why);
    if (r.st == OK)
        r.st = line_trust_new(conf_str(conf, CONF_RELAY_CA), &s->trust, why);
    if (r.st == OK)
        r.st = s->arena.st;
    if (r.st == OK)
        *out = s;
    else
        outbound_settings_put(s);
    return r.st;
}

enum status outbound_check(const struct conf *conf, struct buf *mistakes)
{
    struct outbound_settings *s = NULL;
    enum status st = outbound_settings_new(conf, &s, mistakes);
    outbound_settings_put(s);
    return st;
}

struct outbound_settings *outbound_settings_get(struct outbound_settings *s)
{
    atomic_fetch_add(&s->refs, 1);
    return s;
}

void outbound_settings_put(struct outbound_settings *s)
{
    if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    line_trust_free(s->trust);
    arena_free(&s->arena);
    free(s);
}
