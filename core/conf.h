/* core/conf.h: the configuration file (INI, read with inih): a table of all keys with type, range and default.
 *
 * core/conf_keys.c has one row a key: a new bound of the server is a new row there and a line in etc/scambio.conf (a test
 * compares the two). conf_load reports every mistake with file:line, not only the first. A struct conf is immutable
 * and counted: SIGHUP makes a new one; whoever holds an old one keeps it by conf_ref. */
#ifndef SCAMBIO_CORE_CONF_H
#define SCAMBIO_CORE_CONF_H

#include "core/arena.h"
#include "core/buf.h"

enum conf_type {
    CONF_STRING,
    CONF_LIST, /* commas */
    CONF_BOOL, /* yes/no, true/false, on/off, 1/0 */
    CONF_INT,
    CONF_SIZE,     /* 10K 50M 2G: bytes */
    CONF_TIME,     /* 30s 5m 2h 7d 2w: seconds */
    CONF_CHOICE,   /* one of the words of the row */
    CONF_NETWORKS, /* list of address/prefix */
    CONF_LISTEN,   /* list of address:port, [v6]:port, unix:/path */
    CONF_SERVERS,  /* list of address, address:port, [v6]:port; at most the row's `max` */
    CONF_PATH,
};

/* inih ends a value where a blank and a ';' follow; a value holds no such pair. Lines end at CONF_LINE bytes, files at CONF_FILE. */
enum { CONF_LINE = 4096, CONF_FILE = 1 << 20 };

/* One enumerator a key: CONF_<SECTION>_<KEY>. The rows are in core/conf_keys.c as [CONF_…] = {…}. */
enum conf_key {
    CONF_SERVER_HOSTNAME,
    CONF_SERVER_DATA,
    CONF_SERVER_USER,
    CONF_SERVER_DOMAINS,
    CONF_SERVER_RESOLVER,
    CONF_HTTP_TRUSTED_PROXIES,
    CONF_HTTP_THREADS,
    CONF_HTTP_METRICS_TOKEN,
    CONF_LISTEN_HTTP,
    CONF_LISTEN_HTTPS,
    CONF_LISTEN_SMTP,
    CONF_LISTEN_SUBMISSION,
    CONF_LISTEN_SUBMISSIONS,
    CONF_LISTEN_LMTP,
    CONF_LISTEN_IMAP,
    CONF_LISTEN_IMAPS,
    CONF_LISTEN_POP3,
    CONF_LISTEN_POP3S,
    CONF_TLS_CERTIFICATE,
    CONF_TLS_KEY,
    CONF_TLS_MIN_VERSION,
    CONF_TLS_CIPHERS,
    CONF_AUTH_PLAINTEXT_WITHOUT_TLS,
    CONF_AUTH_DIRECTORIES,
    CONF_AUTH_MASTER_USERS,
    CONF_AUTH_CACHE_TIME,
    CONF_AUTH_FAILURES_ADDRESS,
    CONF_AUTH_FAILURES_ACCOUNT,
    CONF_AUTH_FAILURE_WINDOW,
    CONF_STORE_SHARDS,
    CONF_STORE_TOMBSTONE_DAYS,
    CONF_STORE_KEEP_DELETED,
    CONF_STORE_DEFAULT_QUOTA,
    CONF_LIMITS_HTTP_HEADER,
    CONF_LIMITS_HTTP_CONNECTIONS,
    CONF_LIMITS_HTTP_CONNECTIONS_ADDRESS,
    CONF_LIMITS_HTTP_IDLE,
    CONF_LIMITS_HTTP_RATE,
    CONF_LIMITS_HTTP_BODY,
    CONF_LIMITS_RESOURCE_SIZE,
    CONF_LIMITS_XML_SIZE,
    CONF_LIMITS_XML_DEPTH,
    CONF_LIMITS_XML_NODES,
    CONF_LIMITS_XML_ATTRIBUTES,
    CONF_LIMITS_XML_NAMESPACES,
    CONF_LIMITS_RESPONSE_SIZE,
    CONF_LIMITS_REPORT_ITEMS,
    CONF_LIMITS_LINE,
    CONF_LIMITS_LINES,
    CONF_LIMITS_COMPONENTS,
    CONF_LIMITS_ATTENDEES,
    CONF_LIMITS_OVERRIDES,
    CONF_LIMITS_INSTANCES,
    CONF_LIMITS_COLLECTIONS,
    CONF_LIMITS_ITEMS,
    CONF_LIMITS_PROPERTIES,
    CONF_LIMITS_PROPERTY_SIZE,
    CONF_LIMITS_PATH_SEGMENT,
    CONF_LIMITS_WRITE_QUEUE,
    CONF_LIMITS_DEVICES,
    CONF_LIMITS_SYNCML_MESSAGE,
    CONF_LIMITS_SYNCML_ANSWER,
    CONF_LIMITS_SYNCML_DEPTH,
    CONF_LIMITS_SYNCML_NODES,
    CONF_LIMITS_SYNCML_COMMANDS,
    CONF_LIMITS_SYNCML_NAME,
    CONF_LIMITS_SYNCML_ADDRESS,
    CONF_LIMITS_SYNCML_CREDENTIAL,
    CONF_LIMITS_SYNCML_OBJECT,
    CONF_LIMITS_SYNCML_MESSAGES,
    CONF_LIMITS_SYNCML_SESSIONS,
    CONF_LIMITS_SYNCML_IDLE,
    CONF_LIMITS_MAIL_CONNECTIONS,
    CONF_LIMITS_MAIL_CONNECTIONS_ADDRESS,
    CONF_LIMITS_MAIL_HANDSHAKE,
    CONF_LIMITS_MAIL_THREADS,
    CONF_LIMITS_MESSAGE_SIZE,
    CONF_LIMITS_MAILBOXES,
    CONF_LIMITS_MAILBOX_DEPTH,
    CONF_LIMITS_MAILBOX_NAME,
    CONF_LIMITS_MESSAGE_BATCH,
    CONF_LIMITS_MIME_PARTS,
    CONF_LIMITS_MIME_DEPTH,
    CONF_LIMITS_MIME_ADDRESSES,
    CONF_LIMITS_MIME_FIELD,
    CONF_LIMITS_IMAP_MEMORY,
    CONF_LIMITS_IMAP_LINE,
    CONF_LIMITS_IMAP_ITEMS,
    CONF_LIMITS_IMAP_DEPTH,
    CONF_LIMITS_IMAP_ERRORS,
    CONF_LIMITS_IMAP_ATTEMPTS,
    CONF_LIMITS_IMAP_LOGIN_IDLE,
    CONF_LIMITS_IMAP_IDLE,
    CONF_LIMITS_SMTP_MEMORY,
    CONF_LIMITS_SMTP_LINE,
    CONF_LIMITS_SMTP_RECIPIENTS,
    CONF_LIMITS_SMTP_ERRORS,
    CONF_LIMITS_SMTP_COMMANDS,
    CONF_LIMITS_SMTP_ATTEMPTS,
    CONF_LIMITS_SMTP_HOPS,
    CONF_LIMITS_SMTP_IDLE,
    CONF_LIMITS_SMTP_TEXT_IDLE,
    CONF_LIMITS_SMTP_LIST_MEMBERS,
    CONF_LIMITS_SMTP_ACCOUNT_MESSAGES,
    CONF_LIMITS_SMTP_ACCOUNT_RECIPIENTS,
    CONF_LIMITS_SMTP_ADDRESS_MESSAGES,
    CONF_LIMITS_POP3_LINE,
    CONF_LIMITS_POP3_ERRORS,
    CONF_LIMITS_POP3_ATTEMPTS,
    CONF_LIMITS_POP3_IDLE,
    CONF_LIMITS_POP3_AHEAD,
    CONF_SYNCML_CONFLICT,
    CONF_SYNCML_CONFLICT_CONTACTS,
    CONF_SYNCML_CONFLICT_CALENDAR,
    CONF_SYNCML_CONFLICT_TASKS,
    CONF_SYNCML_CONFLICT_NOTES,
    CONF_SYNCML_PROFILES,
    CONF_SYNCML_TRACE,
    CONF_SYNCML_SERVER_ID,
    CONF_SYNCML_SERVER_PASSWORD,
    CONF_SYNCML_NOTIFY_COMMAND,
    CONF_SYNCML_NOTIFY_URL,
    CONF_SYNCML_NOTIFY_CA,
    CONF_MAIL_THREADS,
    CONF_MAIL_PROXIES,
    CONF_SMTP_GREET_DELAY,
    CONF_SMTP_TARPIT,
    CONF_SMTP_BARE_NEWLINE,
    CONF_SMTP_POSTMASTER,
    CONF_SMTP_CATCH_ALL,
    CONF_SMTP_OVER_QUOTA,
    CONF_SMTP_SENDERS,
    CONF_SMTP_SRS,
    CONF_SMTP_QUEUE_TIME,
    CONF_QUOTA_WARN_FIRST,
    CONF_QUOTA_WARN_LAST,
    CONF_RELAY_HOST,
    CONF_RELAY_USER,
    CONF_RELAY_PASSWORD_FILE,
    CONF_RELAY_TLS,
    CONF_RELAY_CA,
    CONF_RELAY_HOSTNAME,
    CONF_RELAY_PORT,
    CONF_RELAY_FAMILY,
    CONF_RELAY_SOURCE,
    CONF_RELAY_CONNECTIONS,
    CONF_RELAY_DESTINATION_CONNECTIONS,
    CONF_RELAY_CONNECTION_MAILS,
    CONF_RELAY_RECIPIENTS,
    CONF_RELAY_ATTEMPTS,
    CONF_RELAY_IDLE,
    CONF_RELAY_DNS_TIMEOUT,
    CONF_RELAY_CONNECT_TIMEOUT,
    CONF_RELAY_COMMAND_TIMEOUT,
    CONF_RELAY_TEXT_TIMEOUT,
    CONF_RELAY_END_TIMEOUT,
    CONF_RELAY_RETRY_FIRST,
    CONF_RELAY_RETRY_MOST,
    CONF_RELAY_UNREACHABLE,
    CONF_RELAY_DELAY_WARNING,
    CONF_LOG_LEVEL,
    CONF_LOG_FORMAT,
    CONF_KEY_COUNT
};

struct conf_row {
    const char *section, *key;
    enum conf_type type;
    const char *fallback;     /* as it would be written in the file; NULL: absent */
    int64_t min, max;         /* numbers */
    const char *const *words; /* CONF_CHOICE, NULL at the end; conf_int gives the index */
    const char *help;         /* one line, for the man page and messages */
};
extern const struct conf_row conf_rows[CONF_KEY_COUNT];

struct conf;

/* Reads the file. INVALID: `mistakes` has a line each, "file:line: what: what to do". NOT_FOUND, E_IO. */
enum status conf_load(const char *path, struct conf **out, struct buf *mistakes);
/* The same from memory (tests, fuzzing). */
enum status conf_parse(struct str text, const char *name, struct conf **out, struct buf *mistakes);
struct conf *conf_ref(struct conf *c);
void conf_unref(struct conf *c); /* NULL is allowed */

bool conf_has(const struct conf *c, enum conf_key key);    /* set in the file or by a default */
int64_t conf_int(const struct conf *c, enum conf_key key); /* INT SIZE TIME BOOL CHOICE */
struct str conf_str(const struct conf *c, enum conf_key key);
const struct str *conf_list(const struct conf *c, enum conf_key key,
                            size_t *count); /* LIST NETWORKS LISTEN SERVERS */

/* Whether the file has the section [section name] (name STR_NONE: [section]) at all. */
bool conf_has_section(const struct conf *c, const char *section, struct str name);

/* Sections whose keys are data ([domains]) or that have a name ([directory NAME]): walks "key = value" in the order of the
 * file; `name` is empty for [domains]. */
typedef void (*conf_each_fn)(void *ctx, struct str name, struct str key, struct str value);
void conf_each(const struct conf *c, const char *section, conf_each_fn fn, void *ctx);

#endif
