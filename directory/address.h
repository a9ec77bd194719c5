/* directory/address.h: one spelling for each address: local part case-folded, domain as A-label, alias domains replaced.
 *
 * The domain table comes from [server] domains and [domains]. */
#ifndef SCAMBIO_DIRECTORY_ADDRESS_H
#define SCAMBIO_DIRECTORY_ADDRESS_H

#include "core/arena.h"
#include "core/conf.h"

struct domain_alias {
    struct str alias, target; /* A-labels */
};

struct domains {
    struct str *own; /* A-labels, the first is the default */
    size_t own_count;
    struct domain_alias *aliases;
    size_t alias_count;
    bool any; /* no [server] domains: users of every domain are taken; own[0] is the hostname's domain */
};

enum { ADDRESS_LOCAL_BYTES = 64, ADDRESS_DOMAIN_BYTES = 255 };

/* From the configuration, into the arena. INVALID: `why` names the domain. */
enum status domains_load(const struct conf *conf, struct arena *a, struct domains *out, struct buf *why);
bool domain_is_own(const struct domains *d, struct str domain);

/* "Bücher.Example" → "xn--bcher-kva.example". INVALID. */
enum status domain_normalise(struct arena *a, struct str in, struct str *out);

/* "Alice@EXAMPLE.test" → "alice@example.test". A bare local part gets the default domain when there is one domain. INVALID:
 * empty parts, control characters, more than 64/255 bytes, a domain that IDNA refuses. Percent-decoding is done before. */
enum status address_normalise(const struct domains *d, struct arena *a, struct str in, struct str *out);

/* Whether a new user, group or alias may have this (normalised) address: RFC 5321's dot-string, UTF-8 allowed (RFC 6531), and
 * nothing that means something in log-in names or URLs ('*', '/', '+', '%'). */
bool address_usable(struct str address);

#endif
