/* syncml/content_type.c: the types of content that devices speak, a row each. */
#include "syncml/content_int.h"

static const struct type_row {
    struct str mime, version;
    enum media media;
    bool base64;
} rows[CONTENT_TYPE_COUNT] = {
    [CONTENT_NONE] = {STR_INIT(""), STR_INIT(""), 0, false},
    [CONTENT_VCARD21] = {STR_INIT("text/x-vcard"), STR_INIT("2.1"), MEDIA_VCARD, false},
    [CONTENT_VCARD30] = {STR_INIT("text/vcard"), STR_INIT("3.0"), MEDIA_VCARD, false},
    [CONTENT_VCARD40] = {STR_INIT("text/vcard"), STR_INIT("4.0"), MEDIA_VCARD, false},
    [CONTENT_VCAL10] = {STR_INIT("text/x-vcalendar"), STR_INIT("1.0"), MEDIA_CALENDAR, false},
    [CONTENT_ICAL20] = {STR_INIT("text/calendar"), STR_INIT("2.0"), MEDIA_CALENDAR, false},
    [CONTENT_PLAIN] = {STR_INIT("text/plain"), STR_INIT("1.0"), MEDIA_CALENDAR, false},
    [CONTENT_VNOTE] = {STR_INIT("text/x-vnote"), STR_INIT("1.1"), MEDIA_CALENDAR, false},
    [CONTENT_SIFC] = {STR_INIT("text/x-s4j-sifc"), STR_INIT("1.0"), MEDIA_VCARD, true},
    [CONTENT_SIFE] = {STR_INIT("text/x-s4j-sife"), STR_INIT("1.0"), MEDIA_CALENDAR, true},
    [CONTENT_SIFT] = {STR_INIT("text/x-s4j-sift"), STR_INIT("1.0"), MEDIA_CALENDAR, true},
    [CONTENT_SIFN] = {STR_INIT("text/x-s4j-sifn"), STR_INIT("1.0"), MEDIA_CALENDAR, true},
};

/* Other names of the same. What the version or the data says decides between those of a family. */
static const struct {
    struct str mime;
    enum content_type type;
} names[] = {
    {STR_INIT("text/x-vcard"), CONTENT_VCARD21},   {STR_INIT("text/vcard"), CONTENT_VCARD30},
    {STR_INIT("text/directory"), CONTENT_VCARD30}, {STR_INIT("text/x-vcalendar"), CONTENT_VCAL10},
    {STR_INIT("text/vcalendar"), CONTENT_VCAL10},  {STR_INIT("text/calendar"), CONTENT_ICAL20},
    {STR_INIT("text/plain"), CONTENT_PLAIN},       {STR_INIT("text/x-vnote"), CONTENT_VNOTE},
    {STR_INIT("text/vnote"), CONTENT_VNOTE},       {STR_INIT("text/x-s4j-sifc"), CONTENT_SIFC},
    {STR_INIT("text/x-sifc"), CONTENT_SIFC},       {STR_INIT("text/x-s4j-sife"), CONTENT_SIFE},
    {STR_INIT("text/x-sife"), CONTENT_SIFE},       {STR_INIT("text/x-s4j-sift"), CONTENT_SIFT},
    {STR_INIT("text/x-sift"), CONTENT_SIFT},       {STR_INIT("text/x-s4j-sifn"), CONTENT_SIFN},
    {STR_INIT("text/x-sifn"), CONTENT_SIFN},
};

static const struct {
    enum content_type family; /* its member that the table above names */
    enum content_type type;
    struct str version;
} versions[] = {
    {CONTENT_VCARD21, CONTENT_VCARD21, STR_INIT("2.1")}, {CONTENT_VCARD21, CONTENT_VCARD30, STR_INIT("3.0")},
    {CONTENT_VCARD21, CONTENT_VCARD40, STR_INIT("4.0")}, {CONTENT_VCARD30, CONTENT_VCARD21, STR_INIT("2.1")},
    {CONTENT_VCARD30, CONTENT_VCARD30, STR_INIT("3.0")}, {CONTENT_VCARD30, CONTENT_VCARD40, STR_INIT("4.0")},
    {CONTENT_VCAL10, CONTENT_VCAL10, STR_INIT("1.0")},   {CONTENT_VCAL10, CONTENT_ICAL20, STR_INIT("2.0")},
    {CONTENT_ICAL20, CONTENT_VCAL10, STR_INIT("1.0")},   {CONTENT_ICAL20, CONTENT_ICAL20, STR_INIT("2.0")},
};

/* The value of the first line VERSION:…; devices put it near the top. */
static struct str data_version(struct str data)
{
    struct str rest = str_slice(data, 0, 4096), line;
    while (str_split(&rest, '\n', &line))
        if (str_casestarts(line, STR("VERSION:")))
            return str_trim(str_from(line, 8));
    return STR_NONE;
}

static struct str mime_version(struct str params)
{
    struct str one;
    while (str_split(&params, ';', &one)) {
        one = str_trim(one);
        if (str_casestarts(one, STR("version=")))
            return str_trim(str_from(one, 8));
    }
    return STR_NONE;
}

static enum content_type of_version(enum content_type family, struct str version)
{
    for (size_t i = 0; i < COUNT_OF(versions); i++)
        if (versions[i].family == family && str_eq(versions[i].version, version))
            return versions[i].type;
    return CONTENT_NONE;
}

enum content_type content_type_of(struct str mime, struct str version, struct str data)
{
    struct str rest = mime, bare = STR_NONE;
    str_split(&rest, ';', &bare);
    bare = str_trim(bare);
    enum content_type family = CONTENT_NONE;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_caseeq(names[i].mime, bare))
            family = names[i].type;
    if (family == CONTENT_NONE)
        return CONTENT_NONE;
    const struct str says[] = {data_version(data), str_trim(version), mime_version(rest)};
    for (size_t i = 0; i < COUNT_OF(says); i++) {
        enum content_type type = of_version(family, says[i]);
        if (type != CONTENT_NONE)
            return type;
    }
    return family;
}

static const struct type_row *row(enum content_type type)
{
    return &rows[type < CONTENT_TYPE_COUNT ? type : CONTENT_NONE];
}

struct str content_mime(enum content_type type)
{
    return row(type)->mime;
}

struct str content_version(enum content_type type)
{
    return row(type)->version;
}

bool content_base64(enum content_type type)
{
    return row(type)->base64;
}

enum media content_media(enum content_type type)
{
    return row(type)->media;
}
