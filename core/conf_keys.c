/* core/conf_keys.c: every key of the configuration: type, default, range, words, and one line of help.
 *
 * A row here, an enumerator in core/conf.h and a line in etc/scambio.conf belong together;
 * tests/unit/test_conf.c compares them, and doc/man/scambio.conf.5 with them. */
#include "core/conf.h"

static const char *const plaintext_words[] = {"never", "loopback", "always", NULL};
static const char *const tls_words[] = {"1.2", "1.3", NULL};
static const char *const level_words[] = {"error", "warning", "info", "debug", NULL};
static const char *const format_words[] = {"text", "json", NULL};

enum { K = 1 << 10, M = 1 << 20, MINUTE = 60, HOUR = 3600, DAY = 86400 };
#define G (1LL << 30)
#define T (1LL << 40)

/* clang-format off */
const struct conf_row conf_rows[CONF_KEY_COUNT] = {
    [CONF_SERVER_HOSTNAME] = {"server", "hostname", CONF_STRING, NULL, 0, 0, NULL,
        "the name that clients connect to; required"},
    [CONF_SERVER_DATA] = {"server", "data", CONF_PATH, NULL, 0, 0, NULL,
        "folder of everything that the server writes; required"},
    [CONF_SERVER_USER] = {"server", "user", CONF_STRING, NULL, 0, 0, NULL,
        "user that the serving process becomes when started as root; absent: the starting user"},
    [CONF_SERVER_DOMAINS] = {"server", "domains", CONF_LIST, NULL, 0, 0, NULL,
        "domains of the users, the default one first; absent: any, and the hostname's domain is the default"},

    [CONF_HTTP_TRUSTED_PROXIES] = {"http", "trusted_proxies", CONF_NETWORKS, NULL, 0, 0, NULL,
        "reverse proxies whose Forwarded, X-Forwarded-For and X-Forwarded-Proto headers are believed"},
    [CONF_HTTP_THREADS] = {"http", "threads", CONF_INT, "0", 0, 256, NULL,
        "threads that serve connections; 0: one a processor"},
    [CONF_HTTP_METRICS_TOKEN] = {"http", "metrics_token", CONF_STRING, NULL, 0, 0, NULL,
        "bearer token that opens /metrics from elsewhere; absent: /metrics answers this machine only"},

    [CONF_LISTEN_HTTP] = {"listen", "http", CONF_LISTEN, NULL, 0, 0, NULL,
        "where HTTP is served without TLS; absent: nowhere"},
    [CONF_LISTEN_HTTPS] = {"listen", "https", CONF_LISTEN, NULL, 0, 0, NULL,
        "where HTTPS is served; absent: nowhere"},

    [CONF_TLS_CERTIFICATE] = {"tls", "certificate", CONF_PATH, NULL, 0, 0, NULL,
        "certificate chain in PEM; absent: a self-signed one is made below the data folder"},
    [CONF_TLS_KEY] = {"tls", "key", CONF_PATH, NULL, 0, 0, NULL,
        "private key of the certificate in PEM"},
    [CONF_TLS_MIN_VERSION] = {"tls", "min_version", CONF_CHOICE, "1.2", 0, 0, tls_words,
        "oldest version of TLS that is spoken"},
    [CONF_TLS_CIPHERS] = {"tls", "ciphers", CONF_LIST, NULL, 0, 0, NULL,
        "cipher suites by their IANA names, best first; absent: the library's secure ones"},

    [CONF_AUTH_PLAINTEXT_WITHOUT_TLS] = {"auth", "plaintext_without_tls", CONF_CHOICE, "loopback", 0, 0, plaintext_words,
        "who may send a password without TLS: nobody, clients on this machine, or everybody"},
    [CONF_AUTH_DIRECTORIES] = {"auth", "directories", CONF_LIST, "local", 0, 0, NULL,
        "directories in the order they are asked; the first that knows the user decides"},
    [CONF_AUTH_MASTER_USERS] = {"auth", "master_users", CONF_LIST, NULL, 0, 0, NULL,
        "users that may log in as USER*MASTER with their own password, and read only"},
    [CONF_AUTH_CACHE_TIME] = {"auth", "cache_time", CONF_TIME, "1h", 0, 7 * DAY, NULL,
        "how long a verified log-in is remembered; 0: not at all"},
    [CONF_AUTH_FAILURES_ADDRESS] = {"auth", "failures_address", CONF_INT, "50", 1, 1000000, NULL,
        "failed log-ins from one client address (IPv6: one /64) in a window before it has to wait"},
    [CONF_AUTH_FAILURES_ACCOUNT] = {"auth", "failures_account", CONF_INT, "10", 1, 1000000, NULL,
        "failed log-ins for one account from one client address in a window before that address has to wait"},
    [CONF_AUTH_FAILURE_WINDOW] = {"auth", "failure_window", CONF_TIME, "5m", 1, DAY, NULL,
        "the window in which failures count"},

    [CONF_STORE_SHARDS] = {"store", "shards", CONF_INT, "1", 1, 31, NULL,
        "database files that accounts are spread over; fixed when the store is made"},
    [CONF_STORE_TOMBSTONE_DAYS] = {"store", "tombstone_days", CONF_INT, "90", 1, 3650, NULL,
        "days that a deletion stays known to clients that synchronise"},
    [CONF_STORE_KEEP_DELETED] = {"store", "keep_deleted", CONF_TIME, "14d", 0, 3650LL * DAY, NULL,
        "how long deleted items can be brought back with `scambio undelete`"},
    [CONF_STORE_DEFAULT_QUOTA] = {"store", "default_quota", CONF_SIZE, "0", 0, 1024 * T, NULL,
        "space of an account that has no quota of its own; 0: unlimited"},

    [CONF_LIMITS_HTTP_HEADER] = {"limits", "http_header", CONF_SIZE, "16K", 4 * K, M, NULL,
        "request line and headers of one request"},
    [CONF_LIMITS_HTTP_CONNECTIONS] = {"limits", "http_connections", CONF_INT, "10000", 16, 1000000, NULL,
        "HTTP connections at one time"},
    [CONF_LIMITS_HTTP_CONNECTIONS_ADDRESS] = {"limits", "http_connections_address", CONF_INT, "1000", 1, 1000000, NULL,
        "HTTP connections at one time from one client address"},
    [CONF_LIMITS_HTTP_IDLE] = {"limits", "http_idle", CONF_TIME, "60s", 1, HOUR, NULL,
        "a connection on which nothing moves for this long is closed"},
    [CONF_LIMITS_HTTP_RATE] = {"limits", "http_rate", CONF_SIZE, "1K", 1, G, NULL,
        "bytes a second that a body or an answer must move, once http_idle has passed"},
    [CONF_LIMITS_HTTP_BODY] = {"limits", "http_body", CONF_SIZE, "16M", 64 * K, 2 * G - 1, NULL,
        "body of any request; the narrower limits below count for what they name"},
    [CONF_LIMITS_RESOURCE_SIZE] = {"limits", "resource_size", CONF_SIZE, "10M", K, 2 * G - 1, NULL,
        "one calendar object or contact"},
    [CONF_LIMITS_XML_SIZE] = {"limits", "xml_size", CONF_SIZE, "4M", K, 256 * M, NULL,
        "XML body of a request"},
    [CONF_LIMITS_XML_DEPTH] = {"limits", "xml_depth", CONF_INT, "100", 8, 1000, NULL,
        "nesting of elements in an XML body"},
    [CONF_LIMITS_XML_NODES] = {"limits", "xml_nodes", CONF_INT, "200000", 100, 10000000, NULL,
        "elements and texts in an XML body"},
    [CONF_LIMITS_RESPONSE_SIZE] = {"limits", "response_size", CONF_SIZE, "256M", M, 2 * G - 1, NULL,
        "one answer, as it is composed in memory"},
    [CONF_LIMITS_REPORT_ITEMS] = {"limits", "report_items", CONF_INT, "100000", 100, 10000000, NULL,
        "items in one answer; clients that can are told to ask for the rest"},
    [CONF_LIMITS_LINE] = {"limits", "line", CONF_SIZE, "10M", K, 2 * G - 1, NULL,
        "one unfolded line of a calendar object or contact; a photo is one line"},
    [CONF_LIMITS_LINES] = {"limits", "lines", CONF_INT, "200000", 100, 10000000, NULL,
        "lines of a calendar object or contact"},
    [CONF_LIMITS_COMPONENTS] = {"limits", "components", CONF_INT, "20000", 10, 10000000, NULL,
        "components (events, alarms, time zone rules) of one calendar object"},
    [CONF_LIMITS_ATTENDEES] = {"limits", "attendees", CONF_INT, "5000", 1, 1000000, NULL,
        "attendees of one event"},
    [CONF_LIMITS_OVERRIDES] = {"limits", "overrides", CONF_INT, "5000", 1, 1000000, NULL,
        "changed instances of one recurring event"},
    [CONF_LIMITS_INSTANCES] = {"limits", "instances", CONF_INT, "20000", 100, 10000000, NULL,
        "instances that one recurring event is expanded to for an answer"},
    [CONF_LIMITS_COLLECTIONS] = {"limits", "collections", CONF_INT, "1000", 1, 1000000, NULL,
        "collections of one account"},
    [CONF_LIMITS_ITEMS] = {"limits", "items", CONF_INT, "1000000", 1, 100000000, NULL,
        "items of one collection"},
    [CONF_LIMITS_PROPERTIES] = {"limits", "properties", CONF_INT, "200", 10, 100000, NULL,
        "properties that clients keep on one resource"},
    [CONF_LIMITS_PROPERTY_SIZE] = {"limits", "property_size", CONF_SIZE, "64K", K, 16 * M, NULL,
        "one property that a client keeps"},
    [CONF_LIMITS_PATH_SEGMENT] = {"limits", "path_segment", CONF_SIZE, "1K", 64, 8 * K, NULL,
        "one decoded segment of a URL"},
    [CONF_LIMITS_WRITE_QUEUE] = {"limits", "write_queue", CONF_INT, "4096", 16, 1000000, NULL,
        "writes that wait for one database file; more are told to try again"},
    [CONF_LIMITS_DEVICES] = {"limits", "devices", CONF_INT, "50", 1, 10000, NULL,
        "SyncML devices of one account"},

    [CONF_LOG_LEVEL] = {"log", "level", CONF_CHOICE, "info", 0, 0, level_words,
        "how much is logged"},
    [CONF_LOG_FORMAT] = {"log", "format", CONF_CHOICE, "text", 0, 0, format_words,
        "lines as text or as JSON objects"},
};
/* clang-format on */
