/* directory/address.h: one spelling for each address: local part case-folded, domain as A-label, alias domains replaced.
 *
 * The domain table comes from [server] domains and [domains]. */
#ifndef SCAMBIO_DIRECTORY_ADDRESS_H
#define SCAMBIO_DIRECTORY_ADDRESS_H

#include "core/arena.h"
#include "core/conf.h"

struct domains {
    struct str *own;          /* A-labels, the first is the default */
    size_t own_count;
    struct { struct str alias, target; } *aliases;
    size_t alias_count;
};

/* From the configuration, into the arena. */
enum status domains_load(const struct conf *conf, struct arena *a, struct domains *out);
bool domain_is_own(const struct domains *d, struct str domain);

/* "Alice@EXAMPLE.test" → "alice@example.test". A bare local part gets the default domain when there is one domain. INVALID:
 * empty parts, control characters, more than 64/255 bytes, a domain that IDNA refuses. Percent-decoding is done before. */
enum status address_normalise(const struct domains *d, struct arena *a, struct str in, struct str *out);

#endif
