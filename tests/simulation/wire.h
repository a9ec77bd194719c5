/* tests/simulation/wire.h: SyncML messages as trees and as WBXML, for the simulated phones. It shares nothing with syncml/: what both
 * got wrong in the same way would not be seen. */
#ifndef SCAMBIO_TESTS_SIMULATION_WIRE_H
#define SCAMBIO_TESTS_SIMULATION_WIRE_H

#include "core/arena.h"
#include "core/buf.h"

/* Tokens: the code page in the high byte. */
enum tag {
    NO_TAG,
    T_ADD = 0x05,
    T_ALERT = 0x06,
    T_CHAL = 0x09,
    T_CMD = 0x0a,
    T_CMDID = 0x0b,
    T_CMDREF = 0x0c,
    T_CRED = 0x0e,
    T_DATA = 0x0f,
    T_DELETE = 0x10,
    T_FINAL = 0x12,
    T_GET = 0x13,
    T_ITEM = 0x14,
    T_LOCNAME = 0x16,
    T_LOCURI = 0x17,
    T_MAP = 0x18,
    T_MAPITEM = 0x19,
    T_META = 0x1a,
    T_MSGID = 0x1b,
    T_MSGREF = 0x1c,
    T_PUT = 0x1f,
    T_REPLACE = 0x20,
    T_RESPURI = 0x21,
    T_RESULTS = 0x22,
    T_SESSIONID = 0x25,
    T_SOURCE = 0x27,
    T_SOURCEREF = 0x28,
    T_STATUS = 0x29,
    T_SYNC = 0x2a,
    T_SYNCBODY = 0x2b,
    T_SYNCHDR = 0x2c,
    T_SYNCML = 0x2d,
    T_TARGET = 0x2e,
    T_TARGETREF = 0x2f,
    T_VERDTD = 0x31,
    T_VERPROTO = 0x32,
    T_NUMBEROFCHANGES = 0x33,
    T_MOREDATA = 0x34,
    T_ANCHOR = 0x105,
    T_FORMAT = 0x107,
    T_LAST = 0x10a,
    T_MAXMSGSIZE = 0x10c,
    T_NEXT = 0x10f,
    T_NEXTNONCE = 0x110,
    T_SIZE = 0x112,
    T_TYPE = 0x113,
    T_MAXOBJSIZE = 0x115,
};

struct el {
    enum tag tag;
    struct str text; /* when it has no children */
    struct el *children, *last, *next;
};

struct el *el_new(struct arena *a, struct el *parent, enum tag tag);
struct el *el_text(struct arena *a, struct el *parent, enum tag tag, struct str text);
struct el *el_number(struct arena *a, struct el *parent, enum tag tag, long n);
void el_add(struct el *parent, struct el *child);

struct el *el_get(const struct el *e,
                  enum tag tag); /* the first child of that kind; NULL also for e == NULL */
struct str el_at(const struct el *e, const enum tag *path,
                 size_t n); /* text at the end of a path; STR_NONE */
#define EL_AT(e, ...)                                                                                        \
    el_at((e), (const enum tag[]){__VA_ARGS__}, sizeof((enum tag[]){__VA_ARGS__}) / sizeof(enum tag))
long el_int(const struct el *e, enum tag tag, long otherwise);

/* Public identifiers, and tokens of device information, which is a document of its own. */
enum {
    PUBLIC_SYNCML_11 = 0xfd3,
    PUBLIC_DEVINF_11 = 0xfd4,
    PUBLIC_SYNCML_12 = 0x1201,
    PUBLIC_DEVINF_12 = 0x1203
};
enum devinf_tag {
    D_CTTYPE = 0x06,
    D_DATASTORE = 0x07,
    D_DEVID = 0x09,
    D_DEVINF = 0x0a,
    D_DEVTYP = 0x0b,
    D_MAN = 0x11,
    D_MAXGUIDSIZE = 0x12,
    D_MOD = 0x15,
    D_RX_PREF = 0x1a,
    D_SOURCEREF = 0x1d,
    D_SYNCCAP = 0x1f,
    D_SYNCTYPE = 0x20,
    D_TX_PREF = 0x22,
    D_VERCT = 0x24,
    D_VERDTD = 0x25,
    D_UTC = 0x28,
    D_NUMBEROFCHANGES = 0x29,
    D_LARGEOBJS = 0x2a,
};

/* A document with its head. Content of Data is opaque. */
void wire_write(struct buf *out, const struct el *root, unsigned public_id);
/* NULL: not well formed. */
struct el *wire_read(struct arena *a, struct str data);

#endif
