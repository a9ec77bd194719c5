/* dav/match.h: what the filters of calendars and of address books share: CALDAV:text-match and
 * CARDDAV:text-match with their collations (RFC 4791 section 9.7.5, RFC 6352 section 10.5.4), and
 * CALDAV:time-range (RFC 4791 section 9.9). */
#ifndef SCAMBIO_DAV_MATCH_H
#define SCAMBIO_DAV_MATCH_H

#include "formats/xml.h"

/* What the parsers of filters answer for a collation that is not ours. */
#define BAD_COLLATION NOT_FOUND

enum collation {
    COLLATE_ASCII,
    COLLATE_UNICODE,
    COLLATE_OCTET
}; /* i;ascii-casemap, i;unicode-casemap, i;octet */

enum text_how { TEXT_CONTAINS, TEXT_EQUALS, TEXT_STARTS, TEXT_ENDS }; /* the order of enum field_match */

struct text_match {
    enum collation collation;
    enum text_how how;
    bool negate;
    struct str folded; /* the text looked for, in the collation's form */
};

/* Reads the attributes and the text of a text-match element. `otherwise` is the collation when none is named
 * (or "default"): ASCII in CalDAV, Unicode in CardDAV. INVALID (match-type, negate-condition), BAD_COLLATION;
 * *why. */
enum status text_match_parse(struct arena *a, const struct xml_node *n, enum collation otherwise,
                             struct text_match *out, struct str *why);

/* Appends s in the collation's form. */
void collate(struct buf *out, enum collation collation, struct str s);

/* Does the value match, `negate` applied? `scratch` is cleared and used; look at its status when all is done.
 */
bool text_match_value(const struct text_match *m, struct str value, struct buf *scratch);

struct time_range { /* UTC seconds; INT64_MIN and INT64_MAX: open */
    int64_t from, until;
};

/* From the attributes start and end, both UTC date-times; `both`: neither may be absent (expand and its
 * like). INVALID; *why. */
enum status time_range_parse(struct arena *a, const struct xml_node *n, bool both, struct time_range *out,
                             struct str *why);

#endif
