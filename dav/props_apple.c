/* dav/props_apple.c: what Apple's clients (and after them most others) ask for beyond the RFCs. Those without
 * a function are kept as they were set; on a shared collection they are the grantee's own. */
#include "dav/props.h"

#include "formats/ical.h"

static enum status get_email_addresses(struct dav_request *r, struct tx *tx, struct resource *res,
                                       struct buf *out)
{
    struct principal_address *list;
    size_t count;
    enum status st = principal_addresses(tx, r->arena, res->owner.id, &list, &count);
    for (size_t i = 0; st == OK && i < count; i++)
        if (list[i].kind != ADDRESS_RETIRED)
            xml_leaf(out, NS_CS, "email-address", list[i].address);
    return st;
}

/* iOS 5 asks the principal which components its calendars may hold. */
static enum status get_allowed_components(struct dav_request *r, struct tx *tx, struct resource *res,
                                          struct buf *out)
{
    (void)r, (void)tx, (void)res;
    for (unsigned bit = ICAL_VEVENT; bit <= ICAL_VJOURNAL; bit <<= 1)
        buf_addf(out, "<C:comp name=\"%.*s\"/>", STR_ARG(ical_kind_name((enum ical_kind)bit)));
    return OK;
}

enum { ON_BOTH = ON_COLLECTIONS | ON_HOMES };

static const struct dav_prop rows[] = {
    {NS_CS, "email-address-set", ON_PRINCIPAL, PROP_PROTECTED, get_email_addresses},
    {NS_CS, "allowed-calendar-component-set", ON_PRINCIPAL, PROP_PROTECTED, get_allowed_components},
    {NS_APPLE, "calendar-color", ON_COLLECTIONS, PROP_PER_USER, NULL},
    {NS_APPLE, "calendar-order", ON_COLLECTIONS, PROP_PER_USER, NULL},
    {NS_APPLE, "refreshrate", ON_COLLECTIONS, PROP_PER_USER, NULL},
    {NS_APPLE, "autoprovisioned", ON_COLLECTIONS, PROP_PER_USER, NULL},
    {NS_APPLE, "language-code", ON_BOTH, PROP_PER_USER, NULL},
    {NS_APPLE, "location-code", ON_BOTH, PROP_PER_USER, NULL},
    {NS_CS, "source", ON_COLLECTIONS, 0, NULL},
    {NS_CS, "subscribed-strip-alarms", ON_COLLECTIONS, PROP_PER_USER, NULL},
    {NS_CS, "subscribed-strip-attachments", ON_COLLECTIONS, PROP_PER_USER, NULL},
    {NS_CS, "subscribed-strip-todos", ON_COLLECTIONS, PROP_PER_USER, NULL},
    {NS_CALDAV, "calendar-alarm", ON_BOTH, PROP_PER_USER, NULL},
    {NS_CALDAV, "default-alarm-vevent-date", ON_BOTH, PROP_PER_USER, NULL},
    {NS_CALDAV, "default-alarm-vevent-datetime", ON_BOTH, PROP_PER_USER, NULL},
    {NS_CALDAV, "calendar-free-busy-set", ON_HOMES, PROP_PER_USER, NULL},
};
const struct prop_table props_apple = {rows, COUNT_OF(rows)};
