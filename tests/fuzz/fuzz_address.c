/* Fuzz target: addresses. Asserted: what address_normalise gives is a fixed point, has one '@' form with a
 * host name behind it, no upper-case ASCII, no control character, and stays inside its bounds. */
#include "directory/address.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str own[] = {STR_INIT("example.test")};
    struct domain_alias aliases[] = {{STR_INIT("example.org"), STR_INIT("example.test")}};
    const struct domains d = {own, 1, aliases, 1, false};
    SCOPED_ARENA(a, 64 * 1024);
    struct str once, twice;
    if (address_normalise(&d, &a, str_n(data, size), &once) != OK)
        return 0;
    assert(address_normalise(&d, &a, once, &twice) == OK && str_eq(once, twice));
    size_t at = once.n;
    while (at && once.p[at - 1] != '@')
        at--;
    assert(at > 1 && at <= ADDRESS_LOCAL_BYTES + 1 && once.n - at <= ADDRESS_DOMAIN_BYTES && once.n > at);
    assert(str_utf8(once) && !str_eq(str_from(once, at), STR("example.org")));
    for (size_t i = 0; i < once.n; i++)
        assert((unsigned char)once.p[i] >= 0x20 && once.p[i] == ascii_lower(once.p[i]));
    (void)address_usable(once);
    return 0;
}
