/* Fuzzes what devices send, of every type, over a stored object (the text before a line "@@", or one of our own). Properties: a clear
 * status, or a body that the store takes, under the UID that was stored; the same item once more, and the export of what came of it, change
 * nothing; no part is without a form or a reason. */
#include "core/scoped.h"
#include "syncml/content.h"

static const char *const own[] = {
    NULL,
    "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:own\r\nFN:Anna Rossi\r\nN:Rossi;Anna;;;\r\nTEL;TYPE=CELL:1234567\r\n"
    "item1.EMAIL;TYPE=HOME:a@example.test\r\nitem1.X-ABLabel:x\r\nNOTE:A\\nB\r\nCATEGORIES:A,B\r\nEND:"
    "VCARD\r\n",
    "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:own\r\nFN:Anna "
    "Rossi\r\nTEL;VALUE=uri;PREF=1:tel:+39-1\r\nBDAY:--0412\r\n"
    "PHOTO:data:image/png;base64,AAAA\r\nADR;LABEL=x:;;Via 1;;;;\r\nEND:VCARD\r\n",
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:own\r\nDTSTAMP:20250101T000000Z\r\n"
    "DTSTART;TZID=Europe/Rome:20260105T100000\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;COUNT=9\r\n"
    "EXDATE;TZID=Europe/"
    "Rome:20260119T100000\r\nSUMMARY:Team\r\nCATEGORIES:A,B\r\nATTENDEE:mailto:a@b.test\r\n"
    "BEGIN:VALARM\r\nTRIGGER:-PT15M\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nEND:VALARM\r\nEND:VEVENT\r\n"
    "BEGIN:VEVENT\r\nUID:own\r\nDTSTAMP:20250101T000000Z\r\nRECURRENCE-ID;TZID=Europe/"
    "Rome:20260112T100000\r\n"
    "DTSTART;TZID=Europe/Rome:20260112T150000\r\nSUMMARY:Later\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTODO\r\nUID:own\r\nDTSTAMP:20250101T000000Z\r\n"
    "DUE;VALUE=DATE:20260105\r\nSUMMARY:Write\r\nSTATUS:COMPLETED\r\nCOMPLETED:20260104T100000Z\r\nEND:"
    "VTODO\r\n"
    "END:VCALENDAR\r\n",
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VJOURNAL\r\nUID:own\r\nDTSTAMP:20250101T000000Z\r\n"
    "SUMMARY:Note\r\nDESCRIPTION:Note\\nText\r\nEND:VJOURNAL\r\nEND:VCALENDAR\r\n",
};

static struct tz_cache *zones;
static struct phones *phones;
static const struct phone *rows[200];
static size_t row_count;
static const struct content_limits limits = {
    .ical = {.line = {.line = 1 << 16, .lines = 10000, .params = 100},
             .depth = 8,
             .components = 300,
             .attendees = 100,
             .overrides = 100,
             .instances = 500,
             .min_time = -62135596800LL,
             .max_time = 253402300799LL},
    .vcard = {.line = {.line = 1 << 16, .lines = 10000, .params = 100}},
    .size = 1 << 17,
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void keep_row(void *ctx, const struct phone *p)
{
    (void)ctx;
    if (row_count < COUNT_OF(rows))
        rows[row_count++] = p;
}

static void begin(void)
{
    SCOPED_BUF(mistakes, 1 << 16);
    require(tz_cache_new("/usr/share/zoneinfo", &zones) == OK);
    require(phones_new(NULL, &phones, &mistakes) == OK);
    phones_each(phones, keep_row, NULL);
}

static bool answered(enum status st)
{
    return st == OK || st == INVALID || st == TOO_LARGE || st == TOO_MANY || st == UNSUPPORTED ||
           st == NOT_FOUND || st == E_MEMORY;
}

/* What prepare_calendar and prepare_vcard ask. */
static bool taken(struct arena *a, enum media media, struct str body, struct str *uid)
{
    struct ical_problem problem;
    struct vcard_problem card_problem;
    struct ical_info info;
    struct vcard_info card_info;
    struct ical_comp *cal;
    struct vcard *card;
    if (media == MEDIA_VCARD) {
        enum status st = vcard_parse(a, body, &limits.vcard, &card, &card_problem);
        if (st == OK)
            st = vcard_check(a, card, &card_info, &card_problem);
        *uid = st == OK ? card_info.uid : STR_NONE;
        return st == OK || st < 0;
    }
    enum status st = ical_parse(a, body, &limits.ical, &cal, &problem);
    if (st == OK)
        st = ical_check(a, cal, &limits.ical, &info, &problem);
    *uid = st == OK ? str_trim(info.uid) : STR_NONE;
    return st == OK || st < 0;
}

static void round_trip(struct arena *a, const struct content_settings *s, enum content_type type,
                       struct str body)
{
    struct str *parts, out;
    size_t n;
    enum status st = content_parts(a, s, content_media(type), body, type, &parts, &n);
    require(answered(st) && (st != OK || n > 0));
    for (size_t i = 0; st == OK && i < n && i < 5; i++) {
        struct content_in in;
        enum status exported = content_export(a, s, content_media(type), body, parts[i], type, &out);
        require(answered(exported));
        if (exported != OK)
            continue;
        enum status back = content_import(a, s, type, out, body, parts[i], STR_NONE, CONTENT_DEVICE, &in);
        require(answered(back));
        require(back != OK || (in.unchanged && str_eq(in.body, body)));
        struct str left;
        if (parts[i].n)
            require(answered(content_without(a, s, body, parts[i], &left)));
    }
}

static void ask(struct arena *a, const struct content_settings *s, enum content_type type, struct str data,
                struct str stored)
{
    struct content_peek peek;
    unsigned char hash[16];
    uint64_t key;
    bool same;
    require(answered(content_peek(a, s, type, data, &peek)));
    require(answered(content_hash(a, s, type, data, hash)));
    if (!stored.p)
        return;
    require(answered(content_key(a, s, content_media(type), stored, STR(""), &key)));
    require(answered(content_same(a, s, type, data, stored, STR(""), &same)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    if (!zones)
        begin();
    SCOPED_ARENA(a, 64 << 20);
    struct str in = str_n(data + 4, size - 4), stored = str_c(own[data[2] % COUNT_OF(own)]), uid = STR_NONE,
               made = STR_NONE;
    struct content_settings s = {.phone = rows[data[1] % row_count],
                                 .zones = zones,
                                 .zone = STR("Europe/Rome"),
                                 .limits = &limits,
                                 .now = 1767225600};
    enum content_type type = 1 + data[0] % (CONTENT_TYPE_COUNT - 1);
    size_t cut = str_find(in, STR("@@\n"), 0);
    if (cut != SIZE_MAX) {
        stored = str_slice(in, 0, cut);
        in = str_from(in, cut + 3);
    }
    if (stored.p && (!taken(&a, content_media(type), stored, &uid) || !uid.p))
        stored = STR_NONE;
    ask(&a, &s, type, in, stored);
    struct content_in got;
    enum content_merge how = data[3] & 1 ? CONTENT_BOTH : CONTENT_DEVICE;
    enum status st = content_import(&a, &s, type, in, stored, STR(""), STR("new"), how, &got);
    require(answered(st));
    if (st != OK)
        return 0;
    require(taken(&a, content_media(type), got.body, &made));
    require(a.st != OK || (made.n && str_eq(made, str_trim(got.uid)) && (!stored.p || str_eq(made, uid))));
    require(!got.unchanged || str_eq(got.body, stored));
    round_trip(&a, &s, type, got.body);
    struct content_in again;
    st = content_import(&a, &s, type, in, got.body, got.recur_id, STR("new"), CONTENT_DEVICE, &again);
    require(answered(st));
    /* 8-bit text without a name can look like UTF-8 on its way back */
    bool exact = how == CONTENT_DEVICE && s.phone->charset_out == PHONE_UTF8;
    require(st != OK || !exact || again.unchanged);
    return 0;
}
