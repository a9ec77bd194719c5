/* server/outbound_dest.c: destinations: the way of a domain, its addresses by DNS, and who is sent next.
 *
 * Domains with the same way (a relay host, a transport) are one destination, so that connections are shared. */
#include "server/outbound_inside.h"

#include "core/clock.h"
#include "core/log.h"

enum {
    DEST_ARENA = 64 * 1024,
    FOUND_ARENA = 256 * 1024,
    FOUND_SECONDS = 60, /* a look-up counts so long; DNS has its own memory */
    LOCAL_MOST = 4,
    BLOCKED_TEXT = 1024,
};

/* ---- finding and forgetting ---- */
static const struct route *configured(const struct outbound_settings *s, struct str domain)
{
    for (size_t i = 0; i < s->transport_count; i++)
        if (str_eq(s->transports[i].domain, domain))
            return &s->transports[i].route;
    return s->has_relay ? &s->relay : NULL;
}

static struct dest *make(struct outbound *o, struct str key, struct str domain, bool local,
                         const struct route *route)
{
    struct dest *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    *d = (struct dest){.o = o,
                       .next = o->dests,
                       .arena = ARENA_INIT(DEST_ARENA),
                       .found_arena = ARENA_INIT(FOUND_ARENA),
                       .blocked_text = BUF_INIT(BLOCKED_TEXT),
                       .local = local};
    d->key = arena_str(&d->arena, key);
    d->domain = arena_str(&d->arena, domain);
    if (route) {
        d->route = *route;
        d->route.host = arena_str(&d->arena, route->host);
    }
    if (d->arena.st != OK) {
        arena_free(&d->arena);
        free(d);
        return NULL;
    }
    o->dests = d;
    o->dest_count++;
    return d;
}

struct dest *dest_find(struct outbound *o, struct str domain)
{
    SCOPED_BUF(key, 1024);
    const struct route *route = configured(o->settings, domain);
    bool local = !route || route == &o->settings->relay
                     ? domain_is_own(directory_domains(o->dir), domain) && !directory_domains(o->dir)->any
                     : false;
    if (local) {
        buf_addz(&key, "here");
        route = NULL;
    } else if (route) {
        buf_addf(&key, "%d %d %.*s %d", (int)route->kind, route->lmtp, STR_ARG(route->host), route->port);
    } else {
        buf_addz(&key, "mx ");
        buf_add(&key, domain);
    }
    for (struct dest *d = o->dests; d; d = d->next)
        if (str_eq(d->key, buf_view(&key)))
            return d;
    return o->dest_count < DESTS_MOST ? make(o, buf_view(&key), domain, local, route) : NULL;
}

static void forget_found(struct dest *d)
{
    d->found = NULL;
    d->found_count = 0;
    arena_free(&d->found_arena);
    d->found_arena = ARENA_INIT(FOUND_ARENA);
}

static void lookup_forget(struct lookup *l);

static void dest_free(struct dest *d)
{
    if (d->lookup)
        lookup_forget(d->lookup);
    buf_free(&d->blocked_text);
    arena_free(&d->found_arena);
    arena_free(&d->arena);
    free(d);
}

static bool is_idle(const struct dest *d)
{
    return !d->first && !d->conns && !d->lookup && !d->working && d->blocked_until <= clock_now();
}

static bool in_hand(const struct outbound *o, const struct dest *d)
{
    for (size_t i = 0; i < ATTEMPT_BUCKETS; i++)
        for (const struct attempt *a = o->buckets[i]; a; a = a->bucket_next)
            if (a->dest == d)
                return true;
    return false;
}

void dest_free_all(struct outbound *o)
{
    while (o->dests) {
        struct dest *d = o->dests;
        o->dests = d->next;
        dest_free(d);
    }
}

void dest_work_all(struct outbound *o)
{
    for (struct dest **at = &o->dests; *at;) {
        struct dest *d = *at;
        dest_work(d);
        if (is_idle(d) && !in_hand(o, d)) {
            *at = d->next;
            o->dest_count--;
            dest_free(d);
        } else {
            at = &d->next;
        }
    }
}

/* ---- those that wait ---- */
void dest_add(struct dest *d, struct attempt *a, bool front)
{
    a->next = front ? d->first : NULL;
    if (front)
        d->first = a;
    else if (d->last)
        d->last->next = a;
    else
        d->first = a;
    if (!d->last || !front)
        d->last = a;
}

static bool same_sender(const struct attempt *a, const struct attempt *b)
{
    return a->account == b->account && str_eq(a->sender, b->sender);
}

/* How many of the destination's attempts that are under way are of this sender. */
static size_t under_way(const struct dest *d, const struct attempt *of)
{
    size_t n = 0;
    for (size_t i = 0; i < ATTEMPT_BUCKETS; i++)
        for (const struct attempt *a = d->o->buckets[i]; a; a = a->bucket_next)
            n += a->dest == d && a->conn && same_sender(a, of);
    return n;
}

/* The first of the sender who has the least under way: of one sender's in their order. */
struct attempt *dest_take(struct dest *d)
{
    struct attempt *best = d->first, *before_best = NULL, *before = d->first;
    size_t least = best && best->next ? under_way(d, best) : 0;
    for (struct attempt *a = best ? best->next : NULL; a && least > 0; before = a, a = a->next) {
        if (same_sender(a, best))
            continue;
        size_t n = under_way(d, a);
        if (n < least) {
            least = n;
            best = a;
            before_best = before;
        }
    }
    if (!best)
        return NULL;
    if (before_best)
        before_best->next = best->next;
    else
        d->first = best->next;
    if (d->last == best)
        d->last = before_best;
    best->next = NULL;
    return best;
}

static void end_waiting(struct dest *d, enum mail_outcome outcome, const struct outcome *why)
{
    struct attempt *all = d->first;
    d->first = d->last = NULL;
    while (all) {
        struct attempt *a = all;
        all = a->next;
        a->next = NULL;
        attempt_fail(a, outcome, why);
    }
}

void dest_block(struct dest *d, const struct outcome *why, enum mail_outcome outcome)
{
    struct outbound *o = d->o;
    if (outcome == MAIL_LATER && o->settings->unreachable) {
        buf_clear(&d->blocked_text);
        outcome_write(&d->blocked_text, why);
        outcome_read(buf_view(&d->blocked_text), &d->blocked_by);
        d->blocked_until = clock_now() + o->settings->unreachable;
    }
    forget_found(d);
    end_waiting(d, outcome, why);
}

void dest_unblock_all(struct outbound *o)
{
    for (struct dest *d = o->dests; d; d = d->next) {
        d->blocked_until = 0;
        d->found_until = 0;
    }
}

/* ---- DNS ---- */
struct host_lookup {
    struct resolve a, aaaa;
    struct str name;
};
struct lookup {
    struct dest *dest;
    struct resolve mx;
    struct host_lookup hosts[HOSTS_MOST];
    size_t count, open;
    bool later; /* one of them could not be answered now */
};

static void lookup_forget(struct lookup *l)
{
    resolver_forget(&l->mx);
    for (size_t i = 0; i < l->count; i++) {
        resolver_forget(&l->hosts[i].a);
        resolver_forget(&l->hosts[i].aaaa);
    }
    l->dest->lookup = NULL;
    free(l);
}

static void lookup_fail(struct lookup *l, enum mail_outcome outcome, const char *status, const char *text)
{
    struct dest *d = l->dest;
    struct str name = d->route.kind == ROUTE_HOST ? d->route.host : d->domain;
    SCOPED_BUF(why, 1024);
    buf_addf(&why, "%.*s: %s", STR_ARG(name), text);
    lookup_forget(l);
    dest_block(d, &(struct outcome){.status = str_c(status), .text = buf_view(&why)}, outcome);
}

static void add_targets(struct dest *d, struct str host, const struct resolve *q)
{
    for (size_t i = 0; q->st == OK && i < q->count && d->found_count < TARGETS_MOST; i++)
        d->found[d->found_count++] = (struct target){host, q->records[i].address};
}

static void lookup_end(struct lookup *l)
{
    struct dest *d = l->dest;
    d->found = ARENA_ARRAY(&d->found_arena, struct target, TARGETS_MOST);
    for (size_t i = 0; d->found && i < l->count; i++) {
        add_targets(d, l->hosts[i].name, &l->hosts[i].aaaa);
        add_targets(d, l->hosts[i].name, &l->hosts[i].a);
    }
    if (!d->found_count) {
        if (l->later || !d->found)
            lookup_fail(l, MAIL_LATER, "4.4.3", "its mail servers' addresses cannot be looked up just now");
        else
            lookup_fail(l, MAIL_REFUSED, "5.4.4", "its mail servers have no address");
        return;
    }
    d->found_until = clock_now() + FOUND_SECONDS;
    lookup_forget(l);
    dest_work(d);
}

static void on_address(struct resolve *q)
{
    struct lookup *l = q->ctx;
    l->later = l->later || q->st < 0;
    if (--l->open == 0)
        lookup_end(l);
}

static void ask_host(struct lookup *l, struct str name)
{
    struct dest *d = l->dest;
    struct outbound_settings *s = d->o->settings;
    struct net_address literal;
    struct host_lookup *h = &l->hosts[l->count++];
    *h = (struct host_lookup){.name = arena_str(&d->found_arena, name)};
    struct resolve q = {.arena = &d->found_arena, .ctx = l, .done = on_address};
    h->a = h->aaaa = q;
    h->a.type = RESOLVE_A;
    h->aaaa.type = RESOLVE_AAAA;
    h->a.st = h->aaaa.st = NOT_FOUND;
    if (net_parse(name, &literal)) {
        h->a.records = ARENA_ARRAY(&d->found_arena, struct resolve_record, 1);
        if (!h->a.records)
            return;
        h->a.records[0] = (struct resolve_record){.address = literal};
        h->a.count = 1;
        h->a.st = OK;
        return;
    }
    l->open += (s->family != FAMILY_IPV6) + (s->family != FAMILY_IPV4);
    if (s->family != FAMILY_IPV6)
        resolver_ask(d->o->resolver, &h->a, name, (int)s->dns_timeout);
    if (s->family != FAMILY_IPV4)
        resolver_ask(d->o->resolver, &h->aaaa, name, (int)s->dns_timeout);
}

static void ask_hosts(struct lookup *l, const struct mx_host *hosts, size_t count)
{
    l->open = 1; /* until all are asked */
    for (size_t i = 0; i < count && i < HOSTS_MOST; i++)
        ask_host(l, hosts[i].name);
    if (--l->open == 0)
        lookup_end(l);
}

static void use_mx(struct lookup *l)
{
    struct dest *d = l->dest;
    struct mx_host hosts[RESOLVE_MOST];
    size_t count = l->mx.count;
    for (size_t i = 0; i < count; i++)
        hosts[i] = (struct mx_host){l->mx.records[i].preference, l->mx.records[i].name};
    switch (mx_order(hosts, &count, d->o->settings->hostname)) {
    case MX_HOSTS:
        ask_hosts(l, hosts, count);
        break;
    case MX_NULL:
        lookup_fail(l, MAIL_REFUSED, "5.1.10", "this domain takes no mail (null MX)");
        break;
    case MX_LOOP:
    default:
        lookup_fail(l, MAIL_REFUSED, "5.4.6",
                    "its best mail server is this one, which does not know the domain");
        break;
    }
}

static void on_mx(struct resolve *q)
{
    struct lookup *l = q->ctx;
    struct mx_host itself = {0, l->dest->domain};
    if (q->st == OK)
        use_mx(l);
    else if (q->st == NOT_FOUND && !q->none)
        ask_hosts(l, &itself, 1); /* the implicit MX (RFC 5321 section 5.1) */
    else if (q->st == NOT_FOUND)
        lookup_fail(l, MAIL_REFUSED, "5.1.2", "there is no such domain");
    else if (q->st == INVALID)
        lookup_fail(l, MAIL_LATER, "4.4.3", "what DNS says of its mail servers cannot be read");
    else
        lookup_fail(l, MAIL_LATER, "4.4.3",
                    q->st == E_TIMEOUT ? "DNS does not answer" : "DNS has no answer just now");
}

/* "user@[192.0.2.1]" (RFC 5321 section 4.1.3). */
static struct str literal_host(struct str domain)
{
    if (!str_starts(domain, STR("[")) || !str_ends(domain, STR("]")))
        return STR_NONE;
    struct str inner = str_slice(domain, 1, domain.n - 2);
    return str_casestarts(inner, STR("IPv6:")) ? str_from(inner, 5) : inner;
}

static void lookup_start(struct dest *d)
{
    struct lookup *l = calloc(1, sizeof *l);
    struct mx_host one = {0, d->route.kind == ROUTE_HOST ? d->route.host : literal_host(d->domain)};
    if (!l)
        return; /* the next search begins it again */
    forget_found(d);
    l->dest = d;
    d->lookup = l;
    if (one.name.p) {
        ask_hosts(l, &one, 1);
        return;
    }
    l->mx = (struct resolve){.arena = &d->found_arena, .ctx = l, .done = on_mx, .type = RESOLVE_MX};
    resolver_ask(d->o->resolver, &l->mx, d->domain, (int)d->o->settings->dns_timeout);
}

/* A local socket is an address that needs no look-up. */
static bool has_targets(struct dest *d)
{
    if (d->route.kind == ROUTE_UNIX && !d->found_count) {
        d->found = ARENA_NEW(&d->found_arena, struct target);
        if (!d->found)
            return false;
        *d->found = (struct target){.host = d->route.host};
        d->found_count = 1;
        d->found_until = INT64_MAX;
    }
    return d->found_count && d->found_until > clock_now();
}

/* ---- work ---- */
static void work_here(struct dest *d)
{
    struct attempt *a;
    while (d->working < LOCAL_MOST && (a = dest_take(d))) {
        d->working++;
        attempt_begin_local(a);
    }
}

static size_t waiting(const struct dest *d)
{
    size_t n = 0;
    for (const struct attempt *a = d->first; a; a = a->next)
        n++;
    return n;
}

void dest_work(struct dest *d)
{
    struct outbound *o = d->o;
    const struct outbound_settings *s = o->settings;
    if (o->stopping || !d->first)
        return;
    if (d->local) {
        work_here(d);
        return;
    }
    if (d->blocked_until > clock_now()) {
        struct outcome why = d->blocked_by;
        end_waiting(d, MAIL_LATER, &why);
        return;
    }
    while (d->first && conn_wake_idle(d))
        ;
    if (!d->first || d->lookup)
        return;
    if (!has_targets(d)) {
        lookup_start(d);
        return;
    }
    size_t wanted = waiting(d);
    while (wanted > conn_opening(d) && d->conn_count < s->destination_connections &&
           o->connection_count < s->connections)
        if (!conn_open(d))
            break;
}
