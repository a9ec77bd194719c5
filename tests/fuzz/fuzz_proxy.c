/* The header of the PROXY protocol: what is OK is so with exactly its bytes, every shorter piece of it is TRUNCATED and asks for more than it
 * has, and what stands behind it changes nothing. */
#include "server/proxy.h"

#include <stdlib.h>

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_n(size ? (const char *)data : "", size);
    struct line_peer peer = {.port = 7}, again = peer;
    size_t used = 0, part = 0;
    enum status st = proxy_parse(in, &used, &peer);
    must(st == OK || st == INVALID || st == TRUNCATED);
    must(st != TRUNCATED || size < 12 || (used > size && used <= PROXY_MOST));
    if (st != OK)
        return 0;
    must(used >= 16 && used <= size && used <= PROXY_MOST);
    for (size_t n = 0; n < used; n++)
        must(proxy_parse(str_slice(in, 0, n), &part, &again) == TRUNCATED && (n < 12 || part > n));
    must(proxy_parse(str_slice(in, 0, used), &part, &again) == OK && part == used);
    must(again.port == peer.port && net_equal(&again.address, &peer.address));
    must(peer.address.bits == 0 || peer.address.bits == 32 || peer.address.bits == 128);
    return 0;
}
