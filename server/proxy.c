/* server/proxy.c: sixteen bytes that say what follows: signature, version and command, family, length. */
#include "server/proxy.h"

enum { HEAD = 16, VERSION_2 = 2, PROXY = 1, TCP4 = 0x11, TCP6 = 0x21 };

static const unsigned char signature[12] = {'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};

static unsigned byte(struct str in, size_t at)
{
    return (unsigned char)in.p[at];
}

static size_t pair(struct str in, size_t at)
{
    return (size_t)byte(in, at) << 8 | byte(in, at + 1);
}

/* Source address, destination address, source port, destination port. */
static void take_source(struct str in, int bits, struct line_peer *peer)
{
    size_t bytes = (size_t)bits / 8;
    SCOPED_BUF(name, 64);
    struct net_address raw = {.bits = bits};
    memcpy(raw.bytes, in.p + HEAD, bytes);
    net_text(&name, &raw);
    if (net_parse(buf_view(&name), &peer->address)) /* an IPv4 address in IPv6 is held as such */
        peer->port = (int)pair(in, HEAD + 2 * bytes);
}

enum status proxy_parse(struct str in, size_t *used, struct line_peer *peer)
{
    size_t known = in.n < sizeof signature ? in.n : sizeof signature;
    if (memcmp(in.p, signature, known) != 0)
        return INVALID;
    *used = HEAD;
    if (in.n < HEAD)
        return TRUNCATED;
    unsigned command = byte(in, 12) & 15, family = byte(in, 13);
    size_t length = pair(in, 14);
    if (byte(in, 12) >> 4 != VERSION_2 || command > PROXY || length > PROXY_MOST - HEAD)
        return INVALID;
    *used = HEAD + length;
    if (in.n < *used)
        return TRUNCATED;
    bool four = command == PROXY && family == TCP4, six = command == PROXY && family == TCP6;
    if ((four && length < 12) || (six && length < 36))
        return INVALID;
    if (four || six)
        take_source(in, four ? 32 : 128, peer);
    return OK;
}
