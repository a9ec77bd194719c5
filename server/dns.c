/* server/dns.c: DNS by the resolver of libc (res_nquery). Its header is included nowhere else.
 *
 * Truncated answers are taken as they are (RES_IGNTC): the resolver's way to ask again over TCP waits without a bound. */
#include "server/dns.h"

#include "core/clock.h"
#include "core/net.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <resolv.h>

enum { ANSWER = 8192, TRY_SECONDS = 1, TRIES = 2, PORT = 53 };

struct dns {
    struct __res_state state;
    int64_t deadline; /* clock_mono_us */
    bool silent;      /* no server answered: it is not tried again */
    unsigned char answer[ANSWER];
};

/* ---- the servers ---- */

/* "192.0.2.53", "2001:db8::53", "192.0.2.53:5353", "[2001:db8::53]:5353"; the configuration has seen to the form. */
static bool read_server(struct str text, struct net_address *address, int *port)
{
    size_t colon = text.n;
    uint64_t n;
    *port = PORT;
    if (net_parse(text, address))
        return true;
    while (colon > 0 && text.p[colon - 1] != ':')
        colon--;
    if (!colon || !str_u64(str_from(text, colon), &n) || n > 65535)
        return false;
    struct str host = str_slice(text, 0, colon - 1);
    if (str_starts(host, STR("[")) && str_ends(host, STR("]")))
        host = str_slice(host, 1, host.n - 2);
    *port = (int)n;
    return net_parse(host, address);
}

/* What res_ninit found in /etc/resolv.conf goes away; the resolver keeps IPv6 addresses as blocks of its own. */
static void forget_servers(res_state s)
{
    for (int i = 0; i < MAXNS; i++) {
        free(s->_u._ext.nsaddrs[i]);
        s->_u._ext.nsaddrs[i] = NULL;
    }
    s->nscount = 0;
}

static enum status add_server(res_state s, struct str text)
{
    struct net_address address;
    struct sockaddr_storage to;
    int port, i = s->nscount;
    if (i == MAXNS || !read_server(text, &address, &port))
        return INVALID;
    net_to_sockaddr(&address, port, &to);
    if (to.ss_family == AF_INET6) {
        struct sockaddr_in6 *kept = malloc(sizeof *kept);
        if (!kept)
            return E_MEMORY;
        memcpy(kept, &to, sizeof *kept);
        s->_u._ext.nsaddrs[i] = kept;
        s->nsaddr_list[i] = (struct sockaddr_in){.sin_family = 0};
    } else {
        memcpy(&s->nsaddr_list[i], &to, sizeof s->nsaddr_list[i]);
    }
    s->nscount++;
    return OK;
}

static enum status use_servers(struct dns *d, const struct conf *conf)
{
    size_t count;
    enum status st = OK;
    const struct str *list = conf_list(conf, CONF_SERVER_RESOLVER, &count);
    if (count > 0)
        forget_servers(&d->state);
    for (size_t i = 0; i < count && st == OK; i++)
        st = add_server(&d->state, list[i]);
    return st;
}

enum status dns_open(const struct conf *conf, struct dns **out)
{
    struct dns *d = calloc(1, sizeof *d);
    if (!d)
        return E_MEMORY;
    if (res_ninit(&d->state) != 0) {
        free(d);
        return E_UNAVAILABLE;
    }
    d->state.retrans = TRY_SECONDS;
    d->state.retry = TRIES;
    d->state.options |= RES_IGNTC | RES_USE_EDNS0;
    d->deadline = clock_mono_us() + DNS_SECONDS * 1000000LL;
    enum status st = use_servers(d, conf);
    if (st == OK)
        *out = d;
    else
        dns_close(d);
    return st;
}

void dns_close(struct dns *d)
{
    if (!d)
        return;
    res_nclose(&d->state);
    free(d);
}

/* ---- answers ---- */

static enum status read_name(const ns_msg *m, const unsigned char *at, const unsigned char *end,
                             struct arena *a, struct str *out)
{
    char text[NS_MAXDNAME];
    if (at >= end || ns_name_uncompress(ns_msg_base(*m), ns_msg_end(*m), at, text, sizeof text) < 0)
        return INVALID;
    *out = arena_str(a, text[0] ? str_c(text) : STR("."));
    return out->p ? OK : E_MEMORY;
}

static enum status read_address(int family, const unsigned char *data, struct arena *a, struct str *out)
{
    char text[INET6_ADDRSTRLEN];
    if (!inet_ntop(family, data, text, sizeof text))
        return INVALID;
    *out = arena_str(a, str_c(text));
    return out->p ? OK : E_MEMORY;
}

static enum status read_record(const ns_msg *m, const ns_rr *rr, enum dns_type type, struct arena *a,
                               struct dns_record *out)
{
    static const size_t least[] = {[DNS_A] = 4, [DNS_AAAA] = 16, [DNS_MX] = 3, [DNS_SRV] = 7};
    const unsigned char *data = ns_rr_rdata(*rr), *end = data + ns_rr_rdlen(*rr);
    *out = (struct dns_record){0};
    if (ns_rr_rdlen(*rr) < least[type])
        return INVALID;
    if (type == DNS_A || type == DNS_AAAA)
        return read_address(type == DNS_A ? AF_INET : AF_INET6, data, a, &out->target);
    out->priority = ns_get16(data);
    if (type == DNS_MX)
        return read_name(m, data + 2, end, a, &out->target);
    out->weight = ns_get16(data + 2);
    out->port = ns_get16(data + 4);
    return read_name(m, data + 6, end, a, &out->target);
}

static const ns_type numbers[] = {
    [DNS_A] = ns_t_a, [DNS_AAAA] = ns_t_aaaa, [DNS_MX] = ns_t_mx, [DNS_SRV] = ns_t_srv};

static enum status read_answer(struct dns *d, size_t length, struct arena *a, enum dns_type type,
                               struct dns_record **out, size_t *count)
{
    ns_msg m;
    ns_rr rr;
    size_t cap = 0;
    if (ns_initparse(d->answer, (int)length, &m) != 0)
        return INVALID;
    for (int i = 0; i < ns_msg_count(m, ns_s_an) && *count < DNS_RECORDS; i++) {
        if (ns_parserr(&m, ns_s_an, i, &rr) != 0)
            break; /* cut off: what came before is good */
        if (ns_rr_type(rr) != numbers[type])
            continue; /* a CNAME on the way */
        *out = arena_grow(a, *out, *count, &cap, *count + 1, sizeof **out);
        enum status st = *out ? read_record(&m, &rr, type, a, &(*out)[*count]) : E_MEMORY;
        if (st != OK)
            return st;
        (*count)++;
    }
    return *count > 0 ? OK : NOT_FOUND;
}

/* Why res_nquery failed. */
static enum status failure(struct dns *d, int code)
{
    int why = d->state.res_h_errno;
    if (why == HOST_NOT_FOUND || why == NO_DATA)
        return NOT_FOUND;
    d->silent = code == ETIMEDOUT || code == ECONNREFUSED || code == ENETUNREACH || code == EHOSTUNREACH;
    return d->silent ? E_TIMEOUT : E_UNAVAILABLE;
}

enum status dns_ask(struct dns *d, struct arena *a, struct str name, enum dns_type type,
                    struct dns_record **out, size_t *count)
{
    char text[NS_MAXDNAME];
    *out = NULL;
    *count = 0;
    if (!name.n || name.n >= sizeof text || memchr(name.p, 0, name.n))
        return INVALID;
    if (d->silent || clock_mono_us() >= d->deadline)
        return E_TIMEOUT;
    memcpy(text, name.p, name.n);
    text[name.n] = 0;
    errno = 0;
    int n = res_nquery(&d->state, text, ns_c_in, numbers[type], d->answer, sizeof d->answer);
    if (n < 0)
        return failure(d, errno);
    return read_answer(d, (size_t)n < sizeof d->answer ? (size_t)n : sizeof d->answer, a, type, out, count);
}
