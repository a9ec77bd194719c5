/* core/net.c: IP addresses and networks. */
#include "core/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static void unmap(struct net_address *a)
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (a->bits != 128 || memcmp(a->bytes, mapped, sizeof mapped) != 0)
        return;
    memmove(a->bytes, a->bytes + sizeof mapped, 4);
    memset(a->bytes + 4, 0, 12);
    a->bits = 32;
}

bool net_parse(struct str s, struct net_address *out)
{
    char name[INET6_ADDRSTRLEN + 1];
    bool bracketed = s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';
    if (bracketed)
        s = str_slice(s, 1, s.n - 2);
    *out = (struct net_address){0};
    if (s.n == 0 || s.n >= sizeof name || memchr(s.p, 0, s.n))
        return false;
    memcpy(name, s.p, s.n);
    name[s.n] = 0;
    if (!bracketed && inet_pton(AF_INET, name, out->bytes) == 1)
        out->bits = 32;
    else if (inet_pton(AF_INET6, name, out->bytes) == 1)
        out->bits = 128;
    unmap(out);
    return out->bits != 0;
}

bool net_parse_network(struct str s, struct net_network *out)
{
    size_t slash = str_chr(s, '/', 0);
    uint64_t prefix;
    if (!net_parse(str_slice(s, 0, slash), &out->address))
        return false;
    out->prefix = out->address.bits;
    if (slash == SIZE_MAX)
        return true;
    if (!str_u64(str_from(s, slash + 1), &prefix) || prefix > (uint64_t)out->address.bits)
        return false;
    out->prefix = (int)prefix;
    return true;
}

bool net_of_sockaddr(const struct sockaddr *sa, struct net_address *out)
{
    *out = (struct net_address){0};
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        memcpy(out->bytes, &in.sin_addr, 4);
        out->bits = 32;
    } else if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof in6);
        memcpy(out->bytes, &in6.sin6_addr, 16);
        out->bits = 128;
        unmap(out);
    }
    return out->bits != 0;
}

int net_port(const struct sockaddr *sa)
{
    struct sockaddr_in in; /* the port stands at the same place in both */
    if (sa->sa_family != AF_INET && sa->sa_family != AF_INET6)
        return 0;
    memcpy(&in, sa, sizeof in);
    return ntohs(in.sin_port);
}

socklen_t net_to_sockaddr(const struct net_address *a, int port, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (a->bits == 128) {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
        memcpy(&in6.sin6_addr, a->bytes, 16);
        memcpy(out, &in6, sizeof in6);
        return sizeof in6;
    }
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    memcpy(&in.sin_addr, a->bytes, 4);
    memcpy(out, &in, sizeof in);
    return sizeof in;
}

void net_text(struct buf *b, const struct net_address *a)
{
    char name[INET6_ADDRSTRLEN] = "local";
    if (a->bits)
        inet_ntop(a->bits == 32 ? AF_INET : AF_INET6, a->bytes, name, sizeof name);
    buf_addz(b, name);
}

bool net_in(const struct net_address *a, const struct net_network *n)
{
    if (a->bits != n->address.bits || a->bits == 0)
        return false;
    int whole = n->prefix / 8, rest = n->prefix % 8;
    if (memcmp(a->bytes, n->address.bytes, (size_t)whole) != 0)
        return false;
    unsigned mask = 0xff00U >> rest & 0xff;
    return rest == 0 || ((a->bytes[whole] ^ n->address.bytes[whole]) & mask) == 0;
}

bool net_in_any(const struct net_address *a, const struct net_network *n, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (net_in(a, &n[i]))
            return true;
    return false;
}

bool net_equal(const struct net_address *a, const struct net_address *b)
{
    return a->bits == b->bits && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool net_loopback(const struct net_address *a)
{
    static const unsigned char one[16] = {[15] = 1};
    if (a->bits == 128)
        return memcmp(a->bytes, one, sizeof one) == 0;
    return a->bits == 0 || a->bytes[0] == 127;
}
