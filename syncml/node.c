/* syncml/node.c: the tags of SyncML, MetInf and DevInf (1.0 to 1.2) with their tokens, and finding one's way in a tree.
 *
 * The three versions share their tokens: later ones only add some. One token has two names: DevInf 1.2 calls MaxSize what was Size.
 * Sources: the WBXML tables of the representation protocol, meta information and device information DTDs. */
#include "syncml/node.h"

/* clang-format off */
static const struct sml_tag_row tags[TAG_COUNT] = {
    [TAG_NONE] = {STR_INIT(""), {0}},
    [TAG_ADD] = {STR_INIT("Add"), {[PAGE_SYNCML] = 0x05}},
    [TAG_ALERT] = {STR_INIT("Alert"), {[PAGE_SYNCML] = 0x06}},
    [TAG_ANCHOR] = {STR_INIT("Anchor"), {[PAGE_METINF] = 0x05}},
    [TAG_ARCHIVE] = {STR_INIT("Archive"), {[PAGE_SYNCML] = 0x07}},
    [TAG_ATOMIC] = {STR_INIT("Atomic"), {[PAGE_SYNCML] = 0x08}},
    [TAG_CHAL] = {STR_INIT("Chal"), {[PAGE_SYNCML] = 0x09}},
    [TAG_CMD] = {STR_INIT("Cmd"), {[PAGE_SYNCML] = 0x0A}},
    [TAG_CMDID] = {STR_INIT("CmdID"), {[PAGE_SYNCML] = 0x0B}},
    [TAG_CMDREF] = {STR_INIT("CmdRef"), {[PAGE_SYNCML] = 0x0C}},
    [TAG_COPY] = {STR_INIT("Copy"), {[PAGE_SYNCML] = 0x0D}},
    [TAG_CORRELATOR] = {STR_INIT("Correlator"), {[PAGE_SYNCML] = 0x3C}},
    [TAG_CRED] = {STR_INIT("Cred"), {[PAGE_SYNCML] = 0x0E}},
    [TAG_CTCAP] = {STR_INIT("CTCap"), {[PAGE_DEVINF] = 0x05}},
    [TAG_CTTYPE] = {STR_INIT("CTType"), {[PAGE_DEVINF] = 0x06}},
    [TAG_DATA] = {STR_INIT("Data"), {[PAGE_SYNCML] = 0x0F}},
    [TAG_DATASTORE] = {STR_INIT("DataStore"), {[PAGE_DEVINF] = 0x07}},
    [TAG_DATATYPE] = {STR_INIT("DataType"), {[PAGE_DEVINF] = 0x08}},
    [TAG_DELETE] = {STR_INIT("Delete"), {[PAGE_SYNCML] = 0x10}},
    [TAG_DEVID] = {STR_INIT("DevID"), {[PAGE_DEVINF] = 0x09}},
    [TAG_DEVINF] = {STR_INIT("DevInf"), {[PAGE_DEVINF] = 0x0A}},
    [TAG_DEVTYP] = {STR_INIT("DevTyp"), {[PAGE_DEVINF] = 0x0B}},
    [TAG_DISPLAYNAME] = {STR_INIT("DisplayName"), {[PAGE_DEVINF] = 0x0C}},
    [TAG_DSMEM] = {STR_INIT("DSMem"), {[PAGE_DEVINF] = 0x0D}},
    [TAG_EMI] = {STR_INIT("EMI"), {[PAGE_METINF] = 0x06}},
    [TAG_EXEC] = {STR_INIT("Exec"), {[PAGE_SYNCML] = 0x11}},
    [TAG_EXT] = {STR_INIT("Ext"), {[PAGE_DEVINF] = 0x0E}},
    [TAG_FIELD] = {STR_INIT("Field"), {[PAGE_SYNCML] = 0x35}},
    [TAG_FIELDLEVEL] = {STR_INIT("FieldLevel"), {[PAGE_METINF] = 0x16, [PAGE_DEVINF] = 0x33}},
    [TAG_FILTER] = {STR_INIT("Filter"), {[PAGE_SYNCML] = 0x36}},
    [TAG_FILTER_RX] = {STR_INIT("Filter-Rx"), {[PAGE_DEVINF] = 0x30}},
    [TAG_FILTERCAP] = {STR_INIT("FilterCap"), {[PAGE_DEVINF] = 0x31}},
    [TAG_FILTERKEYWORD] = {STR_INIT("FilterKeyword"), {[PAGE_DEVINF] = 0x32}},
    [TAG_FILTERTYPE] = {STR_INIT("FilterType"), {[PAGE_SYNCML] = 0x38}},
    [TAG_FINAL] = {STR_INIT("Final"), {[PAGE_SYNCML] = 0x12}},
    [TAG_FORMAT] = {STR_INIT("Format"), {[PAGE_METINF] = 0x07}},
    [TAG_FREEID] = {STR_INIT("FreeID"), {[PAGE_METINF] = 0x08}},
    [TAG_FREEMEM] = {STR_INIT("FreeMem"), {[PAGE_METINF] = 0x09}},
    [TAG_FWV] = {STR_INIT("FwV"), {[PAGE_DEVINF] = 0x0F}},
    [TAG_GET] = {STR_INIT("Get"), {[PAGE_SYNCML] = 0x13}},
    [TAG_HWV] = {STR_INIT("HwV"), {[PAGE_DEVINF] = 0x10}},
    [TAG_ITEM] = {STR_INIT("Item"), {[PAGE_SYNCML] = 0x14}},
    [TAG_LANG] = {STR_INIT("Lang"), {[PAGE_SYNCML] = 0x15}},
    [TAG_LAST] = {STR_INIT("Last"), {[PAGE_METINF] = 0x0A}},
    [TAG_LOCNAME] = {STR_INIT("LocName"), {[PAGE_SYNCML] = 0x16}},
    [TAG_LOCURI] = {STR_INIT("LocURI"), {[PAGE_SYNCML] = 0x17}},
    [TAG_MAN] = {STR_INIT("Man"), {[PAGE_DEVINF] = 0x11}},
    [TAG_MAP] = {STR_INIT("Map"), {[PAGE_SYNCML] = 0x18}},
    [TAG_MAPITEM] = {STR_INIT("MapItem"), {[PAGE_SYNCML] = 0x19}},
    [TAG_MARK] = {STR_INIT("Mark"), {[PAGE_METINF] = 0x0B}},
    [TAG_MAXGUIDSIZE] = {STR_INIT("MaxGUIDSize"), {[PAGE_DEVINF] = 0x12}},
    [TAG_MAXID] = {STR_INIT("MaxID"), {[PAGE_DEVINF] = 0x13}},
    [TAG_MAXMEM] = {STR_INIT("MaxMem"), {[PAGE_DEVINF] = 0x14}},
    [TAG_MAXMSGSIZE] = {STR_INIT("MaxMsgSize"), {[PAGE_METINF] = 0x0C}},
    [TAG_MAXOBJSIZE] = {STR_INIT("MaxObjSize"), {[PAGE_METINF] = 0x15}},
    [TAG_MAXOCCUR] = {STR_INIT("MaxOccur"), {[PAGE_DEVINF] = 0x2D}},
    [TAG_MAXSIZE] = {STR_INIT("MaxSize"), {[PAGE_DEVINF] = 0x1C}},
    [TAG_MEM] = {STR_INIT("Mem"), {[PAGE_METINF] = 0x0D}},
    [TAG_META] = {STR_INIT("Meta"), {[PAGE_SYNCML] = 0x1A}},
    [TAG_METINF] = {STR_INIT("MetInf"), {[PAGE_METINF] = 0x0E}},
    [TAG_MOD] = {STR_INIT("Mod"), {[PAGE_DEVINF] = 0x15}},
    [TAG_MOREDATA] = {STR_INIT("MoreData"), {[PAGE_SYNCML] = 0x34}},
    [TAG_MOVE] = {STR_INIT("Move"), {[PAGE_SYNCML] = 0x3B}},
    [TAG_MSGID] = {STR_INIT("MsgID"), {[PAGE_SYNCML] = 0x1B}},
    [TAG_MSGREF] = {STR_INIT("MsgRef"), {[PAGE_SYNCML] = 0x1C}},
    [TAG_NEXT] = {STR_INIT("Next"), {[PAGE_METINF] = 0x0F}},
    [TAG_NEXTNONCE] = {STR_INIT("NextNonce"), {[PAGE_METINF] = 0x10}},
    [TAG_NORESP] = {STR_INIT("NoResp"), {[PAGE_SYNCML] = 0x1D}},
    [TAG_NORESULTS] = {STR_INIT("NoResults"), {[PAGE_SYNCML] = 0x1E}},
    [TAG_NOTRUNCATE] = {STR_INIT("NoTruncate"), {[PAGE_DEVINF] = 0x2E}},
    [TAG_NUMBEROFCHANGES] = {STR_INIT("NumberOfChanges"), {[PAGE_SYNCML] = 0x33}},
    [TAG_OEM] = {STR_INIT("OEM"), {[PAGE_DEVINF] = 0x16}},
    [TAG_PARAMNAME] = {STR_INIT("ParamName"), {[PAGE_DEVINF] = 0x17}},
    [TAG_PROPERTY] = {STR_INIT("Property"), {[PAGE_DEVINF] = 0x2B}},
    [TAG_PROPNAME] = {STR_INIT("PropName"), {[PAGE_DEVINF] = 0x18}},
    [TAG_PROPPARAM] = {STR_INIT("PropParam"), {[PAGE_DEVINF] = 0x2C}},
    [TAG_PUT] = {STR_INIT("Put"), {[PAGE_SYNCML] = 0x1F}},
    [TAG_RECORD] = {STR_INIT("Record"), {[PAGE_SYNCML] = 0x37}},
    [TAG_REPLACE] = {STR_INIT("Replace"), {[PAGE_SYNCML] = 0x20}},
    [TAG_RESPURI] = {STR_INIT("RespURI"), {[PAGE_SYNCML] = 0x21}},
    [TAG_RESULTS] = {STR_INIT("Results"), {[PAGE_SYNCML] = 0x22}},
    [TAG_RX] = {STR_INIT("Rx"), {[PAGE_DEVINF] = 0x19}},
    [TAG_RX_PREF] = {STR_INIT("Rx-Pref"), {[PAGE_DEVINF] = 0x1A}},
    [TAG_SEARCH] = {STR_INIT("Search"), {[PAGE_SYNCML] = 0x23}},
    [TAG_SEQUENCE] = {STR_INIT("Sequence"), {[PAGE_SYNCML] = 0x24}},
    [TAG_SESSIONID] = {STR_INIT("SessionID"), {[PAGE_SYNCML] = 0x25}},
    [TAG_SFTDEL] = {STR_INIT("SftDel"), {[PAGE_SYNCML] = 0x26}},
    [TAG_SHAREDMEM] = {STR_INIT("SharedMem"), {[PAGE_METINF] = 0x11, [PAGE_DEVINF] = 0x1B}},
    [TAG_SIZE] = {STR_INIT("Size"), {[PAGE_METINF] = 0x12, [PAGE_DEVINF] = 0x1C}},
    [TAG_SOURCE] = {STR_INIT("Source"), {[PAGE_SYNCML] = 0x27}},
    [TAG_SOURCEPARENT] = {STR_INIT("SourceParent"), {[PAGE_SYNCML] = 0x39}},
    [TAG_SOURCEREF] = {STR_INIT("SourceRef"), {[PAGE_SYNCML] = 0x28, [PAGE_DEVINF] = 0x1D}},
    [TAG_STATUS] = {STR_INIT("Status"), {[PAGE_SYNCML] = 0x29}},
    [TAG_SUPPORTHIERARCHICALSYNC] = {STR_INIT("SupportHierarchicalSync"), {[PAGE_DEVINF] = 0x34}},
    [TAG_SUPPORTLARGEOBJS] = {STR_INIT("SupportLargeObjs"), {[PAGE_DEVINF] = 0x2A}},
    [TAG_SUPPORTNUMBEROFCHANGES] = {STR_INIT("SupportNumberOfChanges"), {[PAGE_DEVINF] = 0x29}},
    [TAG_SWV] = {STR_INIT("SwV"), {[PAGE_DEVINF] = 0x1E}},
    [TAG_SYNC] = {STR_INIT("Sync"), {[PAGE_SYNCML] = 0x2A}},
    [TAG_SYNCBODY] = {STR_INIT("SyncBody"), {[PAGE_SYNCML] = 0x2B}},
    [TAG_SYNCCAP] = {STR_INIT("SyncCap"), {[PAGE_DEVINF] = 0x1F}},
    [TAG_SYNCHDR] = {STR_INIT("SyncHdr"), {[PAGE_SYNCML] = 0x2C}},
    [TAG_SYNCML] = {STR_INIT("SyncML"), {[PAGE_SYNCML] = 0x2D}},
    [TAG_SYNCTYPE] = {STR_INIT("SyncType"), {[PAGE_DEVINF] = 0x20}},
    [TAG_TARGET] = {STR_INIT("Target"), {[PAGE_SYNCML] = 0x2E}},
    [TAG_TARGETPARENT] = {STR_INIT("TargetParent"), {[PAGE_SYNCML] = 0x3A}},
    [TAG_TARGETREF] = {STR_INIT("TargetRef"), {[PAGE_SYNCML] = 0x2F}},
    [TAG_TX] = {STR_INIT("Tx"), {[PAGE_DEVINF] = 0x21}},
    [TAG_TX_PREF] = {STR_INIT("Tx-Pref"), {[PAGE_DEVINF] = 0x22}},
    [TAG_TYPE] = {STR_INIT("Type"), {[PAGE_METINF] = 0x13}},
    [TAG_UTC] = {STR_INIT("UTC"), {[PAGE_DEVINF] = 0x28}},
    [TAG_VALENUM] = {STR_INIT("ValEnum"), {[PAGE_DEVINF] = 0x23}},
    [TAG_VERCT] = {STR_INIT("VerCT"), {[PAGE_DEVINF] = 0x24}},
    [TAG_VERDTD] = {STR_INIT("VerDTD"), {[PAGE_SYNCML] = 0x31, [PAGE_DEVINF] = 0x25}},
    [TAG_VERPROTO] = {STR_INIT("VerProto"), {[PAGE_SYNCML] = 0x32}},
    [TAG_VERSION] = {STR_INIT("Version"), {[PAGE_METINF] = 0x14}},
    [TAG_XNAM] = {STR_INIT("XNam"), {[PAGE_DEVINF] = 0x26}},
    [TAG_XVAL] = {STR_INIT("XVal"), {[PAGE_DEVINF] = 0x27}},
};
/* clang-format on */

const struct sml_tag_row *sml_tag_row(enum sml_tag tag)
{
    return &tags[tag];
}

struct str sml_tag_name(enum sml_tag tag)
{
    return tags[tag].name;
}

static int compare(struct str a, struct str b)
{
    for (size_t i = 0; i < a.n && i < b.n; i++) {
        int order = ascii_lower(a.p[i]) - ascii_lower(b.p[i]);
        if (order)
            return order;
    }
    return (a.n > b.n) - (a.n < b.n);
}

enum sml_tag sml_tag_of(struct str name)
{
    size_t low = TAG_NONE + 1, high = TAG_COUNT;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare(name, tags[middle].name);
        if (order == 0)
            return (enum sml_tag)middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return TAG_NONE;
}

const struct sml_node *sml_child(const struct sml_node *n, enum sml_tag tag)
{
    const struct sml_node *child = n ? n->children : NULL;
    while (child && child->tag != tag)
        child = child->next;
    return child;
}

const struct sml_node *sml_next(const struct sml_node *n, enum sml_tag tag)
{
    n = n ? n->next : NULL;
    while (n && n->tag != tag)
        n = n->next;
    return n;
}

const struct sml_node *sml_step(const struct sml_node *n, const struct sml_node *top)
{
    return n->children ? n->children : sml_skip(n, top);
}

const struct sml_node *sml_skip(const struct sml_node *n, const struct sml_node *top)
{
    while (n != top && !n->next)
        n = n->parent;
    return n == top ? NULL : n->next;
}

struct str sml_text(const struct sml_node *n, enum sml_tag tag)
{
    const struct sml_node *child = sml_child(n, tag);
    return child ? str_trim(child->text) : STR_NONE;
}

int64_t sml_number(struct str text)
{
    uint64_t value;
    text = str_trim(text);
    if (str_u64(text, &value))
        return value > INT64_MAX ? INT64_MAX : (int64_t)value;
    for (size_t i = 0; i < text.n; i++)
        if (!ascii_digit(text.p[i]))
            return -1;
    return text.n ? INT64_MAX : -1;
}

void sml_fail(struct sml_builder *b, enum status st, struct str why)
{
    if (b->st == OK) {
        b->st = st;
        b->why = why;
    }
}

void sml_open(struct sml_builder *b, enum sml_tag tag, struct str name)
{
    if (b->st != OK)
        return;
    if (b->depth >= b->limits->depth) {
        sml_fail(b, TOO_MANY, STR("elements are nested too deeply"));
        return;
    }
    if (b->nodes >= b->limits->nodes) {
        sml_fail(b, TOO_MANY, STR("too many elements"));
        return;
    }
    struct sml_node *n = ARENA_NEW(b->arena, struct sml_node);
    if (!n) {
        sml_fail(b, b->arena->st ? b->arena->st : E_MEMORY, STR("the message needs too much memory"));
        return;
    }
    *n = (struct sml_node){.tag = tag, .name = name.p ? name : STR(""), .text = STR(""), .parent = b->at};
    if (!b->at)
        b->root = n;
    else if (b->at->last)
        b->at->last->next = n;
    else
        b->at->children = n;
    if (b->at)
        b->at->last = n;
    b->at = n;
    b->nodes++;
    b->depth++;
}

void sml_close(struct sml_builder *b, struct str text)
{
    if (b->st != OK)
        return;
    if (!b->at->children && text.p)
        b->at->text = text;
    b->at = b->at->parent;
    b->depth--;
}
