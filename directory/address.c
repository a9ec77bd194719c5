/* directory/address.c: addresses in one spelling. libidn2 is used nowhere else. */
#include "directory/address.h"

#include "core/fold_name.h"

#include <idn2.h>

enum { LABEL_BYTES = 63 };

/* Bytes of host names (RFC 1123 section 2.1), and of those that are to become some. libidn2 would drop the
 * others
 * ("exa_mple" becomes "example") instead of refusing them. */
static bool has_host_bytes(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_alpha(s.p[i]) && !ascii_digit(s.p[i]) && s.p[i] != '-' && s.p[i] != '.' &&
            (unsigned char)s.p[i] < 0x80)
            return false;
    return true;
}

/* Letters, digits, hyphens; with `coded`, labels of IDNA too. */
static bool is_host_name(struct str s, bool coded)
{
    struct str rest = s, label;
    while (str_split(&rest, '.', &label)) {
        if (!label.n || label.n > LABEL_BYTES || label.p[0] == '-' || label.p[label.n - 1] == '-' ||
            (!coded && str_casestarts(label, STR("xn--"))))
            return false;
        for (size_t i = 0; i < label.n; i++)
            if (!ascii_alpha(label.p[i]) && !ascii_digit(label.p[i]) && label.p[i] != '-')
                return false;
    }
    return true;
}

static void free_idn(uint8_t **p)
{
    idn2_free(*p);
}

enum status domain_normalise(struct arena *a, struct str in, struct str *out)
{
    if (!in.n || in.n > ADDRESS_DOMAIN_BYTES || !has_host_bytes(in))
        return INVALID;
    struct str copy = arena_str(a, in);
    if (!copy.p)
        return E_MEMORY;
    if (is_host_name(copy, false)) {         /* no trip through libidn2 */
        char *p = (char *)(uintptr_t)copy.p; /* the arena's, ours to change */
        for (size_t i = 0; i < copy.n; i++)
            p[i] = ascii_lower(p[i]);
        *out = copy;
        return OK;
    }
    SCOPED(free_idn) uint8_t *ascii = NULL;
    int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL | IDN2_USE_STD3_ASCII_RULES;
    if (!str_utf8(copy) || idn2_lookup_u8((const uint8_t *)copy.p, &ascii, flags) != IDN2_OK)
        return INVALID;
    struct str result = str_c((const char *)ascii);
    if (result.n > ADDRESS_DOMAIN_BYTES || !is_host_name(result, true))
        return INVALID;
    *out = arena_str(a, result);
    return out->p ? OK : E_MEMORY;
}

/* ---- the table of domains ---- */

struct loading {
    struct domains *d;
    struct arena *a;
    struct buf *why;
    size_t cap;
    enum status st;
};

static enum status refuse(struct buf *why, const char *where, struct str domain)
{
    buf_addf(why, "%s: '%.*s' is not a domain: write letters, digits, hyphens and dots", where,
             STR_ARG(domain));
    return INVALID;
}

static void add_alias(void *ctx, struct str name, struct str key, struct str value)
{
    struct loading *l = ctx;
    struct domains *d = l->d;
    struct domain_alias alias;
    (void)name;
    struct str target =
        str_trim(str_from(value, sizeof "alias of " - 1)); /* conf_load has seen to the form */
    if (l->st != OK)
        return;
    l->st = domain_normalise(l->a, key, &alias.alias);
    if (l->st == INVALID)
        refuse(l->why, "[domains]", key);
    if (l->st != OK)
        return;
    l->st = domain_normalise(l->a, target, &alias.target);
    if (l->st == INVALID)
        refuse(l->why, "[domains]", target);
    if (l->st != OK)
        return;
    d->aliases =
        arena_grow(l->a, d->aliases, d->alias_count, &l->cap, d->alias_count + 1, sizeof *d->aliases);
    if (d->aliases)
        d->aliases[d->alias_count++] = alias;
    else
        l->st = E_MEMORY;
}

static const struct domain_alias *alias_of(const struct domains *d, struct str domain)
{
    for (size_t i = 0; i < d->alias_count; i++)
        if (str_eq(d->aliases[i].alias, domain))
            return &d->aliases[i];
    return NULL;
}

/* An alias leads to a domain, never to another alias: address_normalise replaces once. */
static enum status check_aliases(const struct domains *d, struct buf *why)
{
    for (size_t i = 0; i < d->alias_count; i++) {
        if (alias_of(d, d->aliases[i].target)) {
            buf_addf(why, "[domains] %.*s: its target %.*s is an alias itself: name the domain that it means",
                     STR_ARG(d->aliases[i].alias), STR_ARG(d->aliases[i].target));
            return INVALID;
        }
    }
    return OK;
}

/* Without [server] domains: "mail.example.test" serves example.test, "example.test" itself. */
static struct str host_domain(struct str host)
{
    size_t first = str_chr(host, '.', 0);
    if (first == SIZE_MAX || str_chr(host, '.', first + 1) == SIZE_MAX)
        return host;
    return str_from(host, first + 1);
}

enum status domains_load(const struct conf *conf, struct arena *a, struct domains *out, struct buf *why)
{
    size_t count;
    const struct str *list = conf_list(conf, CONF_SERVER_DOMAINS, &count);
    struct str fallback = host_domain(conf_str(conf, CONF_SERVER_HOSTNAME));
    *out = (struct domains){.any = count == 0};
    if (!count) {
        list = &fallback;
        count = 1;
    }
    out->own = ARENA_ARRAY(a, struct str, count);
    if (!out->own)
        return E_MEMORY;
    struct loading l = {.d = out, .a = a, .why = why};
    conf_each(conf, "domains", add_alias, &l);
    if (l.st != OK)
        return l.st;
    for (size_t i = 0; i < count; i++) {
        struct str domain;
        enum status st = domain_normalise(a, list[i], &domain);
        if (st == INVALID)
            return refuse(why, out->any ? "[server] hostname" : "[server] domains", list[i]);
        if (st != OK)
            return st;
        if (!alias_of(out, domain)) /* an alias in the list of domains is no domain of its own */
            out->own[out->own_count++] = domain;
    }
    return check_aliases(out, why);
}

bool domain_is_own(const struct domains *d, struct str domain)
{
    for (size_t i = 0; i < d->own_count; i++)
        if (str_eq(d->own[i], domain))
            return true;
    return alias_of(d, domain) != NULL;
}

/* ---- addresses ---- */

static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return true;
    return false;
}

enum status address_normalise(const struct domains *d, struct arena *a, struct str in, struct str *out)
{
    if (!in.n || in.n > ADDRESS_LOCAL_BYTES + 1 + ADDRESS_DOMAIN_BYTES || has_control(in))
        return INVALID;
    size_t at = in.n;
    while (at && in.p[at - 1] != '@')
        at--;
    struct str local = at ? str_slice(in, 0, at - 1) : in, domain;
    if (!at && d->own_count != 1)
        return INVALID;
    enum status st = OK;
    if (at)
        st = domain_normalise(a, str_from(in, at), &domain);
    else
        domain = d->own[0];
    if (st != OK)
        return st;
    const struct domain_alias *alias = alias_of(d, domain);
    if (alias)
        domain = alias->target;
    SCOPED_BUF(folded, ADDRESS_LOCAL_BYTES);
    if (!fold_name(&folded, local) || folded.st != OK || !folded.n)
        return folded.st < 0 ? folded.st : INVALID;
    *out = arena_strf(a, "%.*s@%.*s", STR_ARG(buf_view(&folded)), STR_ARG(domain));
    return out->p ? OK : E_MEMORY;
}

bool address_usable(struct str address)
{
    size_t at = str_chr(address, '@', 0);
    if (at == SIZE_MAX || at == 0)
        return false;
    struct str local = str_slice(address, 0, at);
    if (local.p[0] == '.' || local.p[at - 1] == '.' || str_find(local, STR(".."), 0) != SIZE_MAX)
        return false;
    for (size_t i = 0; i < at; i++) {
        char c = local.p[i];
        if ((unsigned char)c < 0x80 && !ascii_alpha(c) && !ascii_digit(c) && !strchr("!#$&'-.=?^_`{|}~", c))
            return false;
    }
    return str_utf8(address) && str_chr(address, '@', at + 1) == SIZE_MAX;
}
