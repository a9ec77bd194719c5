/* server/cmd_doctor_dns.c: the DNS records by which clients find the server: what is missing is said as the line to add.
 *
 * RFC 6764 section 3: a client that knows an address alone asks for _caldavs._tcp and _carddavs._tcp of its domain. Without these
 * records it tries the domain itself as a host, or asks the user. */
#include "core/net.h"
#include "server/dns.h"
#include "server/doctor.h"

enum { HTTPS_PORT = 443, ANSWERS = 1 << 20 };

struct dns_check {
    struct doctor *d;
    struct dns *dns;
    struct arena arena;
    struct str host; /* [server] hostname as an A-label */
    int port;        /* where clients reach HTTPS */
};

static struct str port_of(struct str listener)
{
    size_t colon = listener.n;
    while (colon > 0 && listener.p[colon - 1] != ':')
        colon--;
    return str_from(listener, colon);
}

/* The port of the first listener that other machines reach; behind a proxy it is the proxy's. */
static int public_port(const struct conf *conf)
{
    size_t count = 0;
    const struct str *list =
        conf_has(conf, CONF_LISTEN_HTTPS) ? conf_list(conf, CONF_LISTEN_HTTPS, &count) : NULL;
    for (size_t i = 0; i < count; i++) {
        struct str port = port_of(list[i]);
        struct net_address a;
        uint64_t n;
        if (!str_starts(list[i], STR("unix:")) &&
            net_parse(str_slice(list[i], 0, list[i].n - port.n - 1), &a) && !net_loopback(&a) &&
            str_u64(port, &n))
            return (int)n;
    }
    return HTTPS_PORT;
}

/* False when no further question makes sense; the line was said. */
static bool heard(struct dns_check *c, enum status st, struct str name)
{
    if (st == E_TIMEOUT)
        verdict(c->d, VERDICT_WARNING, "dns",
                "%.*s: no DNS server answers in time, so the records were not looked at; [server] resolver "
                "names another",
                STR_ARG(name));
    else if (st != OK && st != NOT_FOUND)
        verdict(c->d, VERDICT_WARNING, "dns", "%.*s: %s", STR_ARG(name), status_text(st));
    return st != E_TIMEOUT;
}

static bool check_host(struct dns_check *c)
{
    static const enum dns_type types[] = {DNS_A, DNS_AAAA};
    struct dns_record *r;
    size_t count, found = 0;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        enum status st = dns_ask(c->dns, &c->arena, c->host, types[i], &r, &count);
        if (!heard(c, st, c->host))
            return false;
        if (st != OK && st != NOT_FOUND)
            return true; /* the servers answer, though not this */
        for (size_t k = 0; k < count; k++, found++)
            verdict(c->d, VERDICT_OK, "dns", "%.*s has the address %.*s", STR_ARG(c->host),
                    STR_ARG(r[k].target));
    }
    if (found == 0)
        verdict(c->d, VERDICT_WARNING, "dns",
                "%.*s has no address, so clients do not find it: add `%.*s. IN A ADDRESS`", STR_ARG(c->host),
                STR_ARG(c->host));
    return true;
}

static bool leads_here(const struct dns_check *c, const struct dns_record *r)
{
    return str_caseeq(r->target, c->host);
}

static bool check_service(struct dns_check *c, const char *service, struct str domain)
{
    SCOPED_BUF(name, 512);
    struct dns_record *r;
    size_t count;
    buf_addf(&name, "%s._tcp.%.*s", service, STR_ARG(domain));
    enum status st = dns_ask(c->dns, &c->arena, buf_view(&name), DNS_SRV, &r, &count);
    if (!heard(c, st, buf_view(&name)))
        return false;
    if (st == NOT_FOUND)
        verdict(c->d, VERDICT_WARNING, "dns",
                "%s is missing, so clients need the server's name: add `%s. IN SRV 0 1 %d %.*s.`",
                buf_c(&name), buf_c(&name), c->port, STR_ARG(c->host));
    for (size_t i = 0; st == OK && i < count; i++)
        if (leads_here(c, &r[i]))
            verdict(c->d, VERDICT_OK, "dns", "%s leads to %.*s:%u", buf_c(&name), STR_ARG(r[i].target),
                    r[i].port);
        else
            verdict(
                c->d, VERDICT_WARNING, "dns",
                "%s leads to %.*s:%u, which is not [server] hostname: `%s. IN SRV 0 1 %d %.*s.` leads here",
                buf_c(&name), STR_ARG(r[i].target), r[i].port, buf_c(&name), c->port, STR_ARG(c->host));
    return true;
}

/* Mail that is sent to a host which takes none is lost or waits for days; and where no MX leads to a host that takes it, none comes. */
static bool check_mail(struct dns_check *c, struct str domain)
{
    struct dns_record *r;
    size_t count;
    enum status st = dns_ask(c->dns, &c->arena, domain, DNS_MX, &r, &count);
    if (!heard(c, st, domain))
        return false;
    bool takes = conf_has(c->d->call->conf, CONF_LISTEN_SMTP);
    if (st == NOT_FOUND && takes)
        verdict(c->d, VERDICT_WARNING, "dns",
                "%.*s has no MX, so other servers guess where its mail goes: add `%.*s. IN MX 10 %.*s.`",
                STR_ARG(domain), STR_ARG(domain), STR_ARG(c->host));
    for (size_t i = 0; st == OK && i < count; i++)
        if (leads_here(c, &r[i]) && takes)
            verdict(c->d, VERDICT_OK, "dns", "the MX of %.*s leads to %.*s", STR_ARG(domain),
                    STR_ARG(r[i].target));
        else if (leads_here(c, &r[i]))
            verdict(c->d, VERDICT_WARNING, "dns",
                    "the MX of %.*s is this host, which takes no mail ([listen] smtp is not set): name your "
                    "mail server in "
                    "`%.*s. IN MX %u HOST.`",
                    STR_ARG(domain), STR_ARG(domain), r[i].priority);
    return true;
}

static void check_domains(struct dns_check *c)
{
    const struct domains *all = directory_domains(c->d->call->dir);
    size_t count = all->any ? 0 : all->own_count;
    for (size_t i = 0; i < count + all->alias_count; i++) {
        struct str domain = i < count ? all->own[i] : all->aliases[i - count].alias;
        if (!check_service(c, "_caldavs", domain) || !check_service(c, "_carddavs", domain) ||
            !check_mail(c, domain))
            return;
    }
}

static void check_names(struct dns_check *c)
{
    enum status st = dns_open(c->d->call->conf, &c->dns);
    if (st != OK)
        verdict(c->d, VERDICT_WARNING, "dns", "%s", status_text(st));
    else if (check_host(c))
        check_domains(c);
    dns_close(c->dns);
}

void doctor_dns(struct doctor *d)
{
    struct str name = conf_str(d->call->conf, CONF_SERVER_HOSTNAME);
    struct dns_check c = {.d = d, .arena = ARENA_INIT(ANSWERS), .port = public_port(d->call->conf)};
    struct net_address literal;
    if (net_parse(name, &literal) || str_caseeq(name, STR("localhost")))
        verdict(d, VERDICT_WARNING, "dns",
                "[server] hostname is %.*s, which no DNS record leads to: for clients elsewhere give the "
                "host a name",
                STR_ARG(name));
    else if (domain_normalise(&c.arena, name, &c.host) != OK)
        verdict(d, VERDICT_FAIL, "dns", "[server] hostname: '%.*s' is no host's name", STR_ARG(name));
    else
        check_names(&c);
    arena_free(&c.arena);
}
