/* core/conf_value.c: the types of configuration values: one parser each, in one table.
 *
 * A parser's complaint is read by an administrator who wants to go on: it says what is wrong and what would
 * be right. */
#include "core/conf_value.h"

#include <arpa/inet.h>

enum { LIST_ITEMS = 1024 };

typedef enum status (*parse_fn)(const struct conf_row *row, struct arena *a, struct str text,
                                struct conf_value *out, struct buf *why);

static enum status complain(struct buf *why, const char *format, ...) __attribute__((format(printf, 2, 3)));
static enum status complain(struct buf *why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_addv(why, format, args);
    va_end(args);
    return INVALID;
}

/* ---- words ---- */

static enum status parse_string(const struct conf_row *row, struct arena *a, struct str text,
                                struct conf_value *out, struct buf *why)
{
    (void)row;
    if (!text.n)
        return complain(why, "the value is empty: give one, or remove the line to get the default");
    out->text = arena_str(a, text);
    return out->text.p ? OK : E_MEMORY;
}

static enum status parse_path(const struct conf_row *row, struct arena *a, struct str text,
                              struct conf_value *out, struct buf *why)
{
    if (text.n && text.p[0] != '/')
        return complain(why, "'%.*s' is not an absolute path: begin it with '/'", STR_ARG(text));
    return parse_string(row, a, text, out, why);
}

static enum status parse_bool(const struct conf_row *row, struct arena *a, struct str text,
                              struct conf_value *out, struct buf *why)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    (void)row;
    (void)a;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (str_caseeq(text, str_c(words[i]))) {
            out->number = (int64_t)(i % 2);
            return OK;
        }
    }
    return complain(why, "'%.*s' is neither yes nor no: write one of them", STR_ARG(text));
}

static enum status parse_choice(const struct conf_row *row, struct arena *a, struct str text,
                                struct conf_value *out, struct buf *why)
{
    for (size_t i = 0; row->words[i]; i++) {
        if (str_eq(text, str_c(row->words[i]))) {
            out->number = (int64_t)i;
            out->text = arena_str(a, text);
            return out->text.p ? OK : E_MEMORY;
        }
    }
    buf_addf(why, "'%.*s' is not one of its words: write ", STR_ARG(text));
    for (size_t i = 0; row->words[i]; i++)
        buf_addf(why, "%s%s", i ? " or " : "", row->words[i]);
    return INVALID;
}

/* ---- numbers ---- */

struct unit {
    char letter;
    int64_t factor;
};
static const struct unit no_units[] = {{0, 0}};
static const struct unit size_units[] = {
    {'K', 1LL << 10}, {'M', 1LL << 20}, {'G', 1LL << 30}, {'T', 1LL << 40}, {0, 0}};
static const struct unit time_units[] = {{'s', 1},     {'m', 60},          {'h', 3600},
                                         {'d', 86400}, {'w', 7LL * 86400}, {0, 0}};

/* As people would write it: with the largest unit that divides it. */
static void write_bound(struct buf *out, int64_t value, const struct unit *units)
{
    const struct unit *best = NULL;
    for (const struct unit *u = units; value != 0 && u->letter; u++)
        if (value % u->factor == 0)
            best = u;
    buf_i64(out, best ? value / best->factor : value);
    if (best)
        buf_addc(out, best->letter);
}

static void write_range(struct buf *out, const struct conf_row *row, const struct unit *units)
{
    write_bound(out, row->min, units);
    buf_addz(out, " to ");
    write_bound(out, row->max, units);
}

bool conf_range(const struct conf_row *row, struct buf *out)
{
    if (row->type != CONF_INT && row->type != CONF_SIZE && row->type != CONF_TIME)
        return false;
    write_range(out, row,
                row->type == CONF_INT    ? no_units
                : row->type == CONF_SIZE ? size_units
                                         : time_units);
    return true;
}

static enum status parse_number(const struct conf_row *row, struct str text, const struct unit *units,
                                const char *example, struct conf_value *out, struct buf *why)
{
    struct str digits = text;
    int64_t factor = 1, value;
    for (const struct unit *u = units; text.n && u->letter; u++) {
        if (ascii_lower(text.p[text.n - 1]) == ascii_lower(u->letter)) {
            factor = u->factor;
            digits = str_slice(text, 0, text.n - 1);
        }
    }
    if (!str_i64(digits, &value))
        return complain(why, "'%.*s' is not %s", STR_ARG(text), example);
    if (__builtin_mul_overflow(value, factor, &value) || value < row->min || value > row->max) {
        buf_addf(why, "%.*s is out of range: write a value from ", STR_ARG(text));
        write_range(why, row, units);
        return INVALID;
    }
    out->number = value;
    return OK;
}

static enum status parse_int(const struct conf_row *row, struct arena *a, struct str text,
                             struct conf_value *out, struct buf *why)
{
    (void)a;
    return parse_number(row, text, no_units, "a whole number: write digits alone", out, why);
}

static enum status parse_size(const struct conf_row *row, struct arena *a, struct str text,
                              struct conf_value *out, struct buf *why)
{
    (void)a;
    return parse_number(row, text, size_units, "a size: write bytes, or 10K, 50M, 2G", out, why);
}

static enum status parse_time(const struct conf_row *row, struct arena *a, struct str text,
                              struct conf_value *out, struct buf *why)
{
    (void)a;
    return parse_number(row, text, time_units, "a time: write seconds, or 30s, 5m, 2h, 7d", out, why);
}

/* ---- lists ---- */

static enum status parse_list(const struct conf_row *row, struct arena *a, struct str text,
                              struct conf_value *out, struct buf *why)
{
    (void)row;
    struct str rest = text, item;
    size_t cap = 0;
    while (str_split(&rest, ',', &item)) {
        item = str_trim(item);
        if (!item.n)
            return complain(why, "the list has an empty part: separate its parts by one comma each");
        if (out->count == LIST_ITEMS)
            return complain(why, "the list has more than %d parts: shorten it", LIST_ITEMS);
        out->list = arena_grow(a, out->list, out->count, &cap, out->count + 1, sizeof *out->list);
        if (!out->list)
            return E_MEMORY;
        out->list[out->count] = arena_str(a, item);
        if (!out->list[out->count++].p)
            return E_MEMORY;
    }
    out->text = arena_str(a, text);
    return out->text.p ? OK : E_MEMORY;
}

/* Bits of the literal IPv4 or IPv6 address, 0 when it is none. */
static int address_bits(struct str text)
{
    char name[INET6_ADDRSTRLEN + 1];
    unsigned char address[16];
    if (!text.n || text.n >= sizeof name)
        return 0;
    memcpy(name, text.p, text.n);
    name[text.n] = 0;
    if (inet_pton(AF_INET, name, address) == 1)
        return 32;
    return inet_pton(AF_INET6, name, address) == 1 ? 128 : 0;
}

static bool good_network(struct str item)
{
    size_t slash = str_chr(item, '/', 0);
    int bits = address_bits(str_slice(item, 0, slash));
    uint64_t prefix = 0;
    if (!bits)
        return false;
    return slash == SIZE_MAX || (str_u64(str_from(item, slash + 1), &prefix) && prefix <= (uint64_t)bits);
}

/* address:port or [v6]:port */
static bool good_endpoint(struct str item)
{
    size_t colon = item.n;
    while (colon && item.p[colon - 1] != ':')
        colon--;
    uint64_t port;
    if (!colon || !str_u64(str_from(item, colon), &port) || port > 65535)
        return false;
    struct str host = str_slice(item, 0, colon - 1);
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        return address_bits(str_slice(host, 1, host.n - 2)) == 128;
    return address_bits(host) == 32;
}

static bool good_listen(struct str item)
{
    enum { SUN_PATH = 107 };
    if (str_starts(item, STR("unix:")))
        return item.n > 6 && item.p[5] == '/' && item.n - 5 <= SUN_PATH;
    return good_endpoint(item);
}

static bool good_server(struct str item)
{
    return address_bits(item) != 0 || good_endpoint(item);
}

static enum status check_items(const struct conf_value *v, bool (*good)(struct str), const char *what,
                               struct buf *why)
{
    for (size_t i = 0; i < v->count; i++)
        if (!good(v->list[i]))
            return complain(why, "'%.*s' is not %s", STR_ARG(v->list[i]), what);
    return OK;
}

static enum status parse_networks(const struct conf_row *row, struct arena *a, struct str text,
                                  struct conf_value *out, struct buf *why)
{
    enum status st = parse_list(row, a, text, out, why);
    return st != OK ? st
                    : check_items(out, good_network,
                                  "a network: write 192.0.2.0/24, 2001:db8::/32 or one address", why);
}

static enum status parse_listen(const struct conf_row *row, struct arena *a, struct str text,
                                struct conf_value *out, struct buf *why)
{
    enum status st = parse_list(row, a, text, out, why);
    return st != OK
               ? st
               : check_items(
                     out, good_listen,
                     "a place to listen: write 127.0.0.1:8080, [::1]:8080, 0.0.0.0:80 (every address) or "
                     "unix:/path (at most 107 bytes)",
                     why);
}

static enum status parse_servers(const struct conf_row *row, struct arena *a, struct str text,
                                 struct conf_value *out, struct buf *why)
{
    enum status st = parse_list(row, a, text, out, why);
    if (st == OK && out->count > (size_t)row->max)
        return complain(why, "the list has more than %lld parts: shorten it", (long long)row->max);
    return st != OK ? st
                    : check_items(out, good_server,
                                  "a server: write an address, 192.0.2.53:5353 or [2001:db8::53]:5353", why);
}

static const parse_fn parsers[] = {
    [CONF_STRING] = parse_string,   [CONF_LIST] = parse_list,         [CONF_BOOL] = parse_bool,
    [CONF_INT] = parse_int,         [CONF_SIZE] = parse_size,         [CONF_TIME] = parse_time,
    [CONF_CHOICE] = parse_choice,   [CONF_NETWORKS] = parse_networks, [CONF_LISTEN] = parse_listen,
    [CONF_SERVERS] = parse_servers, [CONF_PATH] = parse_path,
};

enum status conf_value_parse(const struct conf_row *row, struct arena *a, struct str text,
                             struct conf_value *out, struct buf *why)
{
    struct conf_value v = {.set = true};
    enum status st = parsers[row->type](row, a, text, &v, why);
    if (st == OK)
        *out = v;
    return st;
}
