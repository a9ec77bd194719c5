/* server/http_client.c: who asks, when a reverse proxy that we trust stands between. */
#include "server/http_rules.h"

enum { HOPS = 32 }; /* addresses that are looked at, from the right */

struct hops {
    struct str at[HOPS]; /* the rightmost ones, oldest first */
    size_t count;
};

static void push(struct hops *h, struct str value)
{
    if (h->count == HOPS) {
        memmove(h->at, h->at + 1, (HOPS - 1) * sizeof *h->at);
        h->count--;
    }
    h->at[h->count++] = value;
}

static struct str unquote(struct str s)
{
    s = str_trim(s);
    return s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"' ? str_slice(s, 1, s.n - 2) : s;
}

/* One element of Forwarded: "for=192.0.2.60;proto=https;by=…". */
static void read_forwarded(struct str element, struct hops *h, struct str *scheme)
{
    struct str pair, who = STR("unknown");
    while (str_split(&element, ';', &pair)) {
        pair = str_trim(pair);
        if (str_casestarts(pair, STR("for=")))
            who = unquote(str_from(pair, 4));
        else if (str_casestarts(pair, STR("proto=")))
            *scheme = unquote(str_from(pair, 6));
    }
    push(h, who);
}

static void read_headers(const struct http_request *req, struct hops *h, struct str *scheme)
{
    bool standard = http_get(req, STR("Forwarded")).p != NULL;
    for (size_t i = 0; i < req->header_count; i++) {
        struct str rest = req->headers[i].value, item;
        if (standard && str_caseeq(req->headers[i].name, STR("Forwarded"))) {
            while (str_split(&rest, ',', &item))
                read_forwarded(item, h, scheme);
        } else if (!standard && str_caseeq(req->headers[i].name, STR("X-Forwarded-For"))) {
            while (str_split(&rest, ',', &item))
                push(h, str_trim(item));
        } else if (!standard && str_caseeq(req->headers[i].name, STR("X-Forwarded-Proto"))) {
            while (str_split(&rest, ',', &item))
                *scheme = str_trim(item);
        }
    }
}

/* An address with or without a port: "192.0.2.1:4711", "[2001:db8::1]:4711". */
static bool parse_hop(struct str s, struct net_address *out)
{
    if (net_parse(s, out))
        return true;
    size_t end = s.n;
    while (end && s.p[end - 1] != ':')
        end--;
    return end && net_parse(str_slice(s, 0, end - 1), out);
}

struct net_address http_real_client(const struct http_request *req, const struct net_address *peer,
                                    const struct net_network *trusted, size_t trusted_count,
                                    struct str *scheme)
{
    struct net_address client = *peer;
    struct hops hops = {.count = 0};
    struct str named = STR_NONE;
    if (!net_in_any(peer, trusted, trusted_count))
        return client;
    read_headers(req, &hops, &named);
    if (str_caseeq(named, STR("https")))
        *scheme = STR("https");
    else if (str_caseeq(named, STR("http")))
        *scheme = STR("http");
    for (size_t i = hops.count; i > 0; i--) {
        struct net_address hop;
        if (!parse_hop(hops.at[i - 1], &hop))
            break; /* "unknown", or a name that hides one: the last that is known stands */
        client = hop;
        if (!net_in_any(&hop, trusted, trusted_count))
            break;
    }
    return client;
}
