/* mailcore/imap/parse.h: what a client's command says, as plain structs: IMAP4rev1 and rev2 with the extensions that we have.
 *
 * imap_parse looks the command up in a table of names, states and grammars and fills in a struct imap_command, which lives in
 * the arena and holds views into the command's text; both outlive it. Names of mailboxes and search texts come out in UTF-8.
 * Nothing is asked of the store here: what a name or a number stands for is the engine's question. */
#ifndef SCAMBIO_MAILCORE_IMAP_PARSE_H
#define SCAMBIO_MAILCORE_IMAP_PARSE_H

#include "core/arena.h"
#include "formats/maildate.h"
#include "mailcore/imap/set.h"
#include "mailcore/imap/token.h"

enum imap_verb {
    IMAP_APPEND,
    IMAP_AUTHENTICATE,
    IMAP_CANCELUPDATE,
    IMAP_CAPABILITY,
    IMAP_CHECK,
    IMAP_CLOSE,
    IMAP_COMPRESS,
    IMAP_COPY,
    IMAP_CREATE,
    IMAP_DELETE,
    IMAP_DELETEACL,
    IMAP_ENABLE,
    IMAP_EXAMINE,
    IMAP_EXPUNGE,
    IMAP_FETCH,
    IMAP_GETACL,
    IMAP_GETMETADATA,
    IMAP_GETQUOTA,
    IMAP_GETQUOTAROOT,
    IMAP_ID,
    IMAP_IDLE,
    IMAP_LIST,
    IMAP_LISTRIGHTS,
    IMAP_LOGIN,
    IMAP_LOGOUT,
    IMAP_LSUB,
    IMAP_MOVE,
    IMAP_MYRIGHTS,
    IMAP_NAMESPACE,
    IMAP_NOOP,
    IMAP_NOTIFY,
    IMAP_RENAME,
    IMAP_REPLACE,
    IMAP_SEARCH,
    IMAP_SELECT,
    IMAP_SETACL,
    IMAP_SETMETADATA,
    IMAP_SETQUOTA,
    IMAP_SORT,
    IMAP_STARTTLS,
    IMAP_STATUS,
    IMAP_STORE,
    IMAP_SUBSCRIBE,
    IMAP_THREAD,
    IMAP_UNAUTHENTICATE,
    IMAP_UNSELECT,
    IMAP_UNSUBSCRIBE,
    IMAP_VERB_COUNT
};

enum imap_state { /* of a session, and which of them a command may be given in */
                  IMAP_NOT_AUTHENTICATED = 1,
                  IMAP_AUTHENTICATED = 2,
                  IMAP_SELECTED = 4,
};

/* Flags (section 2.3.2): the system's as bits, keywords as they are written. */
enum imap_flag {
    IMAP_ANSWERED = 1,
    IMAP_FLAGGED = 2,
    IMAP_DELETED = 4,
    IMAP_SEEN = 8,
    IMAP_DRAFT = 16,
    IMAP_RECENT = 32, /* only the server sets it */
};
struct imap_flags {
    unsigned system;
    const struct str *keywords;
    size_t count;
};

struct imap_strings {
    const struct str *items;
    size_t count;
};

struct imap_page { /* PARTIAL (RFC 9394): both from 1, from the end when it is negative there */
    bool given, from_end;
    uint32_t first, last; /* first <= last */
};

/* ---- FETCH (section 6.4.5) ---- */
enum imap_fetch_kind {
    IMAP_FETCH_ENVELOPE,
    IMAP_FETCH_FLAGS,
    IMAP_FETCH_INTERNALDATE,
    IMAP_FETCH_RFC822,
    IMAP_FETCH_RFC822_HEADER,
    IMAP_FETCH_RFC822_SIZE,
    IMAP_FETCH_RFC822_TEXT,
    IMAP_FETCH_BODYSTRUCTURE,
    IMAP_FETCH_BODY,         /* BODYSTRUCTURE without extension data */
    IMAP_FETCH_BODY_SECTION, /* BODY[…] */
    IMAP_FETCH_BINARY,       /* BINARY[…] (RFC 3516) */
    IMAP_FETCH_BINARY_SIZE,
    IMAP_FETCH_UID,
    IMAP_FETCH_MODSEQ,   /* RFC 7162 */
    IMAP_FETCH_EMAILID,  /* RFC 8474 */
    IMAP_FETCH_THREADID, /* RFC 8474 */
    IMAP_FETCH_SAVEDATE, /* RFC 8514 */
    IMAP_FETCH_PREVIEW,  /* RFC 8970 */
};
enum imap_section_text {
    IMAP_SECTION_ALL, /* the part itself */
    IMAP_SECTION_HEADER,
    IMAP_SECTION_HEADER_FIELDS,
    IMAP_SECTION_HEADER_FIELDS_NOT,
    IMAP_SECTION_TEXT,
    IMAP_SECTION_MIME,
};
struct imap_section {
    const uint32_t *part; /* "2.1" is {2, 1}; each at least 1 */
    size_t depth;
    enum imap_section_text text;
    struct imap_strings fields; /* as written */
};
struct imap_fetch_item {
    enum imap_fetch_kind kind;
    bool peek, lazy, partial;
    uint64_t offset, octets; /* of <offset.octets>; octets at least 1 */
    struct imap_section section;
};
struct imap_fetch_list {
    const struct imap_fetch_item *items;
    size_t count;
};
struct imap_fetch {
    struct imap_set set;
    struct imap_fetch_list list;
    bool changed, vanished;
    uint64_t changed_since;
    struct imap_page page;
};

/* ---- STORE (section 6.4.6, RFC 7162) ---- */
enum imap_store_mode { IMAP_STORE_REPLACE, IMAP_STORE_ADD, IMAP_STORE_REMOVE };
struct imap_store {
    struct imap_set set;
    enum imap_store_mode mode;
    bool silent, unchanged;
    uint64_t unchanged_since;
    struct imap_flags flags;
};

/* ---- SEARCH, SORT, THREAD (section 6.4.4, RFC 5256) ---- */
enum imap_key_kind {
    IMAP_KEY_ALL,
    IMAP_KEY_AND,     /* every child */
    IMAP_KEY_OR,      /* any child */
    IMAP_KEY_NOT,     /* its one child does not hold */
    IMAP_KEY_FLAG,    /* `flag` is set */
    IMAP_KEY_KEYWORD, /* `text` is set */
    IMAP_KEY_HEADER,  /* the field `field` has `text` in it; any such field when `text` is empty */
    IMAP_KEY_BODY,    /* the body has `text` in it */
    IMAP_KEY_TEXT,    /* header or body has */
    IMAP_KEY_BEFORE,  /* `when` says of what; before the day `day` */
    IMAP_KEY_ON,
    IMAP_KEY_SINCE, /* on that day or later */
    IMAP_KEY_SAVEDATE_SUPPORTED,
    IMAP_KEY_LARGER, /* than `number` bytes */
    IMAP_KEY_SMALLER,
    IMAP_KEY_OLDER, /* than `number` seconds (RFC 5032) */
    IMAP_KEY_YOUNGER,
    IMAP_KEY_NUMBERS, /* `set`, "$" too */
    IMAP_KEY_UIDS,
    IMAP_KEY_MODSEQ,   /* at least `number` */
    IMAP_KEY_EMAILID,  /* `text` */
    IMAP_KEY_THREADID, /* `text` */
};
enum imap_when { IMAP_WHEN_RECEIVED, IMAP_WHEN_SENT, IMAP_WHEN_SAVED };

struct imap_key {
    enum imap_key_kind kind;
    bool fuzzy; /* RFC 6203 */
    enum imap_when when;
    unsigned flag;
    int64_t day; /* days since 1970-01-01 */
    uint64_t number;
    struct str field, text; /* UTF-8 */
    struct imap_set set;
    struct imap_key *child, *next; /* the first child; the next of the same parent */
    struct str folded;             /* imap_search_prepare: `text` as it is compared */
    unsigned char cost;            /* … and enum imap_search_cost of what stands below */
};

enum imap_return {
    IMAP_RETURN_MIN = 1,
    IMAP_RETURN_MAX = 2,
    IMAP_RETURN_ALL = 4,
    IMAP_RETURN_COUNT = 8,
    IMAP_RETURN_SAVE = 16,    /* RFC 5182 */
    IMAP_RETURN_UPDATE = 32,  /* RFC 5267 */
    IMAP_RETURN_CONTEXT = 64, /* RFC 5267 */
    IMAP_RETURN_PARTIAL = 128,
};
enum imap_sort_key {
    IMAP_SORT_ARRIVAL,
    IMAP_SORT_CC,
    IMAP_SORT_DATE,
    IMAP_SORT_FROM,
    IMAP_SORT_SIZE,
    IMAP_SORT_SUBJECT,
    IMAP_SORT_TO,
    IMAP_SORT_DISPLAYFROM, /* RFC 5957 */
    IMAP_SORT_DISPLAYTO,
};
struct imap_sort_criterion {
    enum imap_sort_key key;
    bool reverse;
};
enum imap_thread_algorithm { IMAP_THREAD_ORDEREDSUBJECT, IMAP_THREAD_REFERENCES };

struct imap_search {
    bool extended;    /* RETURN was given: the answer is ESEARCH */
    unsigned returns; /* of enum imap_return; ALL when RETURN was empty */
    struct imap_page page;
    const struct imap_sort_criterion *criteria; /* SORT */
    size_t criteria_count;
    enum imap_thread_algorithm algorithm; /* THREAD */
    struct imap_key *key;
};

/* ---- mailboxes ---- */
struct imap_select {
    struct str mailbox;
    bool condstore, qresync;
    uint32_t uid_validity; /* of QRESYNC (RFC 7162 section 3.2.5) */
    uint64_t modseq;
    bool has_known, has_pairs;
    struct imap_set known;         /* UIDs that the client knows */
    struct imap_set numbers, uids; /* what it believes to match */
};
enum imap_use { /* RFC 6154, 8457 */
                IMAP_USE_ALL = 1,
                IMAP_USE_ARCHIVE = 2,
                IMAP_USE_DRAFTS = 4,
                IMAP_USE_FLAGGED = 8,
                IMAP_USE_JUNK = 16,
                IMAP_USE_SENT = 32,
                IMAP_USE_TRASH = 64,
                IMAP_USE_IMPORTANT = 128,
};
struct imap_mailbox_arg {   /* CREATE, DELETE, RENAME, SUBSCRIBE, COPY, … */
    struct str mailbox, to; /* `to`: of RENAME */
    unsigned use;           /* of CREATE */
    struct imap_set set;    /* of COPY, MOVE and UID EXPUNGE */
};
enum imap_status_item {
    IMAP_STATUS_MESSAGES = 1,
    IMAP_STATUS_RECENT = 2,
    IMAP_STATUS_UIDNEXT = 4,
    IMAP_STATUS_UIDVALIDITY = 8,
    IMAP_STATUS_UNSEEN = 16,
    IMAP_STATUS_DELETED = 32,
    IMAP_STATUS_SIZE = 64,
    IMAP_STATUS_HIGHESTMODSEQ = 128,
    IMAP_STATUS_APPENDLIMIT = 256,
    IMAP_STATUS_MAILBOXID = 512,
    IMAP_STATUS_DELETED_STORAGE = 1024,
};
struct imap_status {
    struct str mailbox;
    unsigned items;
};
struct imap_metadata_options { /* RFC 5464 */
    bool has_max;
    uint64_t max_size;
    unsigned depth; /* 0, 1, IMAP_DEPTH_INFINITY */
};
enum { IMAP_DEPTH_INFINITY = 2 };
enum imap_list_option {
    IMAP_LIST_SUBSCRIBED = 1,
    IMAP_LIST_REMOTE = 2,
    IMAP_LIST_RECURSIVEMATCH = 4,
    IMAP_LIST_SPECIAL_USE = 8,
    IMAP_LIST_CHILDREN = 16,
    IMAP_LIST_MYRIGHTS = 32, /* RFC 8440 */
    IMAP_LIST_STATUS = 64,
    IMAP_LIST_METADATA = 128, /* RFC 9590 */
};
struct imap_list {
    bool extended; /* options or several patterns were given */
    unsigned select, returns;
    struct str reference;
    struct imap_strings patterns;
    unsigned status; /* of enum imap_status_item */
    struct imap_metadata_options options;
    struct imap_strings entries;
};

/* ---- APPEND, REPLACE (section 6.3.12, RFC 3502, 4469, 8508) ---- */
struct imap_append_part {
    bool url; /* of CATENATE: the text is at this IMAP URL */
    struct str text;
    size_t literal; /* which of the command's literals it is; its text is empty when it is streamed */
    uint64_t size;
};
struct imap_append_message {
    struct imap_flags flags;
    bool dated, utf8, catenate;
    struct maildate date;
    const struct imap_append_part *parts; /* one, but for CATENATE */
    size_t count;
};
struct imap_append {
    uint32_t number; /* REPLACE: of the message, 0: '*' */
    struct str mailbox;
    const struct imap_append_message *messages;
    size_t count;
};

/* ---- rights, quotas, annotations, notification ---- */
struct imap_acl {
    struct str mailbox, identifier;
    char change; /* '+', '-', or 0: replaced */
    struct str rights;
};
struct imap_quota_limit {
    struct str resource;
    uint64_t limit;
};
struct imap_quota {
    struct str root; /* or the mailbox of GETQUOTAROOT */
    const struct imap_quota_limit *limits;
    size_t count;
};
struct imap_pair { /* of ID and SETMETADATA; a value may be STR_NONE: NIL */
    struct str name, value;
};
struct imap_pairs {
    bool nil; /* "ID NIL" */
    const struct imap_pair *items;
    size_t count;
};
struct imap_metadata {
    struct str mailbox; /* empty: of the server */
    struct imap_metadata_options options;
    struct imap_strings entries; /* GETMETADATA */
    struct imap_pairs values;    /* SETMETADATA */
};
enum imap_notify_filter {
    IMAP_NOTIFY_SELECTED,
    IMAP_NOTIFY_SELECTED_DELAYED,
    IMAP_NOTIFY_INBOXES,
    IMAP_NOTIFY_PERSONAL,
    IMAP_NOTIFY_SUBSCRIBED,
    IMAP_NOTIFY_SUBTREE,
    IMAP_NOTIFY_MAILBOXES,
};
enum imap_notify_event {
    IMAP_NOTIFY_MESSAGE_NEW = 1,
    IMAP_NOTIFY_MESSAGE_EXPUNGE = 2,
    IMAP_NOTIFY_FLAG_CHANGE = 4,
    IMAP_NOTIFY_ANNOTATION_CHANGE = 8,
    IMAP_NOTIFY_MAILBOX_NAME = 16,
    IMAP_NOTIFY_SUBSCRIPTION_CHANGE = 32,
    IMAP_NOTIFY_MAILBOX_METADATA_CHANGE = 64,
    IMAP_NOTIFY_SERVER_METADATA_CHANGE = 128,
};
struct imap_notify_group {
    enum imap_notify_filter filter;
    struct imap_strings mailboxes;
    unsigned events; /* of enum imap_notify_event; 0: NONE */
    struct imap_fetch_list fetch;
};
struct imap_notify { /* RFC 5465 */
    bool none, status;
    const struct imap_notify_group *groups;
    size_t count;
};
struct imap_login {
    struct str user, password; /* LOGIN */
    struct str mechanism,
        initial; /* AUTHENTICATE: in base64 as it came, "=" empty; STR_NONE without one (RFC 4959) */
};

struct imap_command {
    struct str tag;
    enum imap_verb verb;
    bool uid; /* "UID" stood before it */
    union {
        struct imap_acl acl;
        struct imap_append append; /* REPLACE too */
        struct imap_fetch fetch;
        struct imap_list list; /* LSUB too */
        struct imap_login login;
        struct imap_mailbox_arg mailbox;
        struct imap_metadata metadata;
        struct imap_notify notify;
        struct imap_pairs id;
        struct imap_quota quota;
        struct imap_search search; /* SORT, THREAD too */
        struct imap_select select; /* EXAMINE too */
        struct imap_status status;
        struct imap_store store;
        struct imap_strings words; /* ENABLE, CANCELUPDATE; COMPRESS has one */
    } u;
};

/* What is wrong with a command. */
struct imap_fault {
    bool no;          /* answer NO; otherwise BAD */
    const char *code; /* response code without brackets, or NULL: "BADCHARSET (UTF-8)" */
    const char *why;
};

struct imap_parse_args {
    struct str text; /* of a reader, with its literals */
    const struct imap_literal *literals;
    size_t count;
    const struct imap_limits *limits;
    enum imap_state state;
    bool utf8; /* UTF8=ACCEPT or IMAP4rev2 is enabled: names are UTF-8 */
};

/* OK, INVALID (*fault says what to answer; out->tag is set when there is one), E_MEMORY. */
enum status imap_parse(struct arena *a, const struct imap_parse_args *args, struct imap_command *out,
                       struct imap_fault *fault);

/* "FETCH" of IMAP_FETCH. */
struct str imap_verb_name(enum imap_verb verb);

/* The name of a FETCH item with its section, as commands and answers write it: BODY[1.HEADER.FIELDS (To)]<0> (an answer) or
 * BODY.PEEK[…]<0.100> (a command). */
void imap_fetch_item_write(struct buf *out, const struct imap_fetch_item *item, bool command);

#endif
