/* syncml/message.h: one SyncML message as structs: reading it from XML or WBXML, and writing one.
 *
 * Reading is lenient (any order of elements, no or wrong xmlns, unknown elements skipped, white space around values), writing strict
 * and small: the order of the DTD, no empty elements but Final, MoreData, NoResp and an empty Sync. Both formats pass the same tree
 * (node.h), so that nothing is lost or changed between them: CRLF stays CRLF, "]]>" stays itself, bytes that are not UTF-8 stay in
 * `data` as they came.
 *
 * Everything lives in the arena or points into the message's bytes. */
#ifndef SCAMBIO_SYNCML_MESSAGE_H
#define SCAMBIO_SYNCML_MESSAGE_H

#include "core/arena.h"
#include "core/buf.h"

enum sml_version { SML_NONE, SML_1_0, SML_1_1, SML_1_2 };
enum sml_encoding { SML_XML, SML_WBXML };

enum sml_cmd { /* rows of a table: name, what it may hold */
               SML_NO_CMD,
               SML_ADD,
               SML_ALERT,
               SML_ATOMIC,
               SML_COPY,
               SML_DELETE,
               SML_EXEC,
               SML_GET,
               SML_MAP,
               SML_MOVE,
               SML_PUT,
               SML_REPLACE,
               SML_RESULTS,
               SML_SEARCH,
               SML_SEQUENCE,
               SML_STATUS,
               SML_SYNC,
               SML_SYNCHDR,
               SML_CMD_COUNT
};
struct str sml_cmd_name(enum sml_cmd c);
enum sml_cmd sml_cmd_of(struct str name);

struct sml_meta { /* MetInf; absent: p == NULL, or -1 */
    struct str format, type, mark, version, next_nonce, last, next /* Anchor */, emi;
    int64_t size, max_msg, max_obj;
};

struct sml_cred {                  /* or Chal */
    struct str type, format, data; /* data as it came: base64 when format says so */
};

struct sml_filter {                             /* 1.2 */
    struct str media;                           /* Meta Type: of the items that it is about */
    struct str grammar;                         /* Record: Meta Type */
    struct str record, field, field_type, type; /* type: "INCLUSIVE", "EXCLUSIVE" */
    const struct sml_node *field_inner;         /* Field: Data that holds elements (DevInf Property) */
    struct sml_filter *next;
};

struct sml_item {
    struct str target, source, target_name, source_name, target_parent, source_parent; /* LocURI, LocName */
    struct sml_filter *filters;
    struct sml_meta meta;
    struct str data;              /* text, CDATA or opaque */
    struct str next_anchor;       /* Item/Data/Anchor in Statuses of Alerts */
    const struct sml_node *inner; /* the DevInf in Data: as elements, or opened where it is opaque or text */
    bool more_data;
    int bad; /* the Status that it gets: a text was too long, and is not here; 0: none was */
    struct sml_item *next;
};

struct sml_command {
    enum sml_cmd cmd;
    struct str cmd_id;
    bool no_resp, archive, sft_del;
    struct str target, source, target_name, source_name;
    struct sml_filter *filters; /* of Target in 1.2 */
    struct sml_meta meta;       /* holds for its items where they have none of their own */
    struct sml_cred cred, chal;
    struct str data;                       /* Alert and Status: the code */
    struct str msg_ref, cmd_ref, cmd_name; /* Status, Results */
    struct str *target_refs, *source_refs;
    size_t target_ref_count, source_ref_count;
    struct sml_item *items;                       /* of Map: target is the GUID, source the LUID */
    int64_t changes;                              /* NumberOfChanges; -1 */
    int bad;                                      /* as of an item */
    struct sml_command *children, *next, *parent; /* of Sync, Atomic, Sequence */
};

struct sml_message {
    enum sml_version version; /* of VerProto; SML_NONE: unknown, see the texts */
    struct str ver_dtd, ver_proto;
    struct str session_id, msg_id; /* as they came */
    struct str target, source, target_name, source_name, resp_uri;
    bool no_resp, final;
    bool plain; /* XML: the root declares no namespace; such a device wants none in the answer either */
    bool
        recoded; /* its text came in another character set, and is UTF-8 now whatever the texts say themselves */
    struct sml_cred cred;
    struct sml_meta meta; /* MaxMsgSize, MaxObjSize */
    struct sml_command *commands;
};

struct sml_limits {
    size_t size, depth, nodes, commands;
    size_t name;    /* SessionID, MsgID, CmdID, DevID, LocName, anchors, types; 0: any length, also below */
    size_t address; /* LocURI (databases, LUIDs), expressions of filters */
    size_t credential; /* Data of a Cred */
};

/* What holds for an item: its own Meta, or where that says nothing its command's. */
struct str sml_item_type(const struct sml_command *c, const struct sml_item *item);
struct str sml_item_format(const struct sml_command *c, const struct sml_item *item);
/* The item's data without the base64 that its format may say. INVALID: it is not base64. */
enum status sml_item_data(struct arena *a, const struct sml_command *c, const struct sml_item *item,
                          struct str *out);

/* INVALID (why: what and where), TOO_LARGE, TOO_MANY. A message without a SyncHdr is INVALID; anything else that is missing is for the
 * session to judge. */
enum status sml_read(struct arena *a, enum sml_encoding encoding, struct str body,
                     const struct sml_limits *limits, struct sml_message *out, struct str *why);
/* The same of a message for which the transport names a character set. INVALID too: a set that is not known. */
enum status sml_read_as(struct arena *a, enum sml_encoding encoding, struct str charset, struct str body,
                        const struct sml_limits *limits, struct sml_message *out, struct str *why);

/* ---- writing ----
 * Commands are appended until the message is full: a command that makes it larger than `max` is taken back and SML_FULL answered;
 * then the caller ends this message and keeps the command for the next. The room for closing is always counted in. */
struct sml_out {
    struct arena *arena;
    struct buf buf;
    enum sml_version version;
    enum sml_encoding encoding;
    size_t max; /* what the device takes; 0: any */
    int next_cmd_id;
    bool in_sync;
    bool plain;     /* XML without namespaces: in 1.0, and where the device writes so */
    size_t reserve; /* kept free for what must still come (Statuses) */
    bool broken;    /* not even the header fits */
    unsigned page;  /* WBXML: the code page in force */
};

/* Begins the message: SyncHdr with everything of `head` that is set (commands and final are not looked at; SML_NONE is written as
 * 1.2). buf_free(&o->buf) is the caller's. */
void sml_begin(struct sml_out *o, struct arena *a, enum sml_encoding encoding, size_t max,
               const struct sml_message *head);
/* Appends one command whole (its children too) and numbers it (cmd_id is set, in children too). False: no room; nothing changed.
 * After a fault it is false too, and sml_end tells. */
bool sml_add(struct sml_out *o, struct sml_command *c);
/* Sync is written open, without its children, so that changes can be added one by one while there is room. */
bool sml_sync_begin(struct sml_out *o, struct sml_command *sync);
void sml_sync_end(struct sml_out *o);
/* How many bytes of its item's data still fit when `c` is added with MoreData (more_data need not be set, the Size must be); when
 * the item has no data, of any data. Never cuts a character or a CRLF. 0: fewer than 32, not worth it. */
size_t sml_room(const struct sml_out *o, const struct sml_command *c);
/* Closes, an open Sync too. The bytes are in o->buf. TOO_LARGE: not even the header fits in `max`; or the buffer's fault. */
enum status sml_end(struct sml_out *o, bool final);

/* The media type of a message: application/vnd.syncml+xml or +wbxml; and back (parameters ignored); false: neither. */
struct str sml_media(enum sml_encoding e);
bool sml_encoding_of(struct str content_type, enum sml_encoding *e);
/* Its parameter charset; STR_NONE. */
struct str sml_charset_of(struct str content_type);

/* A message as indented XML with Cred and Chal data blanked, for the trace. */
enum status sml_trace(struct arena *a, enum sml_encoding encoding, struct str body,
                      const struct sml_limits *limits, struct buf *out);

#endif
