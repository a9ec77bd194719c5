/* mailcore/relay/route.c: ways, hosts, waits and results; see route.h. */
#include "mailcore/relay/route.h"

#include "core/clock.h"

/* ---- ways ---- */
static bool take_prefix(struct str *text, struct str prefix)
{
    if (!str_casestarts(*text, prefix))
        return false;
    *text = str_from(*text, prefix.n);
    return true;
}

static bool host_fits(struct str host)
{
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        if (!ascii_alpha(c) && !ascii_digit(c) && c != '-' && c != '.' && c != '_' && c != ':')
            return false;
    }
    return host.n > 0 && host.n <= 253;
}

/* "host" and ":port" behind it; an IPv6 address has brackets. */
static bool take_host(struct str text, struct route *out)
{
    bool bracket = str_starts(text, STR("["));
    size_t end = bracket ? str_chr(text, ']', 0) : str_chr(text, ':', 0);
    uint64_t port = (uint64_t)out->port;
    if (bracket && end == SIZE_MAX)
        return false;
    out->host = bracket ? str_slice(text, 1, end - 1) : str_slice(text, 0, end);
    struct str rest = end == SIZE_MAX ? STR("") : str_from(text, bracket ? end + 1 : end);
    if (rest.n && (rest.p[0] != ':' || !str_u64(str_from(rest, 1), &port)))
        return false;
    out->port = (int)port;
    return port > 0 && port <= 65535 && host_fits(out->host) &&
           (bracket || str_chr(out->host, ':', 0) == SIZE_MAX);
}

bool route_parse(struct str text, int port, struct route *out)
{
    *out = (struct route){.kind = ROUTE_HOST, .port = port};
    out->lmtp = take_prefix(&text, STR("lmtp:"));
    if (!out->lmtp)
        take_prefix(&text, STR("smtp:"));
    if (!out->lmtp || !take_prefix(&text, STR("unix:")))
        return take_host(text, out);
    out->kind = ROUTE_UNIX;
    out->host = text;
    return text.n > 1 && text.n < 108 && text.p[0] == '/'; /* sun_path */
}

/* ---- hosts ---- */
static void swap(struct mx_host *a, struct mx_host *b)
{
    struct mx_host t = *a;
    *a = *b;
    *b = t;
}

static int by_preference(const void *a, const void *b)
{
    const struct mx_host *x = a, *y = b;
    return x->preference < y->preference ? -1 : x->preference > y->preference;
}

/* Stable for few: the library's qsort need not be, so the random order is made within each preference afterwards. */
static void shuffle_equals(struct mx_host *h, size_t count)
{
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && h[to].preference == h[from].preference; to++)
            ;
        for (size_t i = to - from; i > 1; i--)
            swap(&h[from + i - 1], &h[from + random_u64() % i]);
    }
}

enum mx_answer mx_order(struct mx_host *hosts, size_t *count, struct str ourselves)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++)
        if (hosts[i].name.n && !str_eq(hosts[i].name, STR(".")))
            hosts[kept++] = hosts[i];
    if (!kept)
        return MX_NULL;
    qsort(hosts, kept, sizeof *hosts, by_preference);
    for (size_t i = 0; i < kept; i++)
        if (str_caseeq(hosts[i].name, ourselves)) {
            unsigned ours = hosts[i].preference;
            for (kept = 0; hosts[kept].preference < ours; kept++)
                ;
            break;
        }
    shuffle_equals(hosts, kept);
    *count = kept;
    return kept ? MX_HOSTS : MX_LOOP;
}

/* ---- time ---- */
int64_t retry_wait(const struct retry *r, int64_t tries, uint64_t random)
{
    int64_t wait = r->first;
    for (int64_t i = 1; i < tries && wait < r->most; i++)
        wait *= 2;
    wait = wait < r->most ? wait : r->most;
    return wait - (int64_t)(random % ((uint64_t)wait / 8 + 1));
}

/* ---- results ---- */
void outcome_write(struct buf *out, const struct outcome *o)
{
    buf_add(out, o->status);
    if (o->host.n) {
        buf_addc(out, ' ');
        buf_add(out, o->host);
    }
    buf_addz(out, o->notifies ? " +notifies" : "");
    buf_addz(out, o->warned ? " +warned" : "");
    buf_addz(out, ": ");
    buf_add(out, o->text);
}

static bool is_status(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && s.p[i] != '.')
            return false;
    return s.n >= 5 && s.p[1] == '.';
}

void outcome_read(struct str last, struct outcome *out)
{
    size_t colon = str_find(last, STR(": "), 0);
    struct str head = str_slice(last, 0, colon == SIZE_MAX ? 0 : colon), word;
    *out = (struct outcome){.status = STR("4.0.0"), .text = last};
    if (colon == SIZE_MAX || !str_split(&head, ' ', &word) || !is_status(word))
        return;
    out->status = word;
    out->text = str_from(last, colon + 2);
    while (str_split(&head, ' ', &word)) {
        if (str_eq(word, STR("+notifies")))
            out->notifies = true;
        else if (str_eq(word, STR("+warned")))
            out->warned = true;
        else
            out->host = word;
    }
}

enum notice_kind notice_of(enum mail_outcome outcome, bool final, bool local, bool passed, unsigned notify)
{
    if (notify & NOTIFY_NEVER)
        return NOTICE_NONE;
    if (outcome == MAIL_SENT) {
        if (!(notify & NOTIFY_SUCCESS) || passed)
            return NOTICE_NONE;
        return local ? NOTICE_DELIVERED : NOTICE_RELAYED;
    }
    if (final || outcome == MAIL_REFUSED)
        return !notify || (notify & NOTIFY_FAILURE) ? NOTICE_FAILED : NOTICE_NONE;
    return !notify || (notify & NOTIFY_DELAY) ? NOTICE_DELAYED : NOTICE_NONE;
}
