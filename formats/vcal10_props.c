/* formats/vcal10_props.c: which property of vCalendar 1.0 is which of iCalendar, and the words that both have for one thing. */
#include "formats/vcal10_int.h"

static const struct vcal10_prop props[] = {
    {STR_INIT("SUMMARY"), STR_INIT("SUMMARY"), VCAL10_TEXT, true},
    {STR_INIT("DESCRIPTION"), STR_INIT("DESCRIPTION"), VCAL10_TEXT, true},
    {STR_INIT("LOCATION"), STR_INIT("LOCATION"), VCAL10_TEXT, true},
    {STR_INIT("UID"), STR_INIT("UID"), VCAL10_TEXT, false},
    {STR_INIT("RELATED-TO"), STR_INIT("RELATED-TO"), VCAL10_TEXT, false},
    {STR_INIT("CATEGORIES"), STR_INIT("CATEGORIES"), VCAL10_TEXTS, true},
    {STR_INIT("RESOURCES"), STR_INIT("RESOURCES"), VCAL10_TEXTS, true},
    {STR_INIT("URL"), STR_INIT("URL"), VCAL10_RAW, false},
    {STR_INIT("SEQUENCE"), STR_INIT("SEQUENCE"), VCAL10_RAW, false},
    {STR_INIT("PERCENT-COMPLETE"), STR_INIT("PERCENT-COMPLETE"), VCAL10_RAW, false},
    {STR_INIT("CLASS"), STR_INIT("CLASS"), VCAL10_UPPER, false},
    {STR_INIT("STATUS"), STR_INIT("STATUS"), VCAL10_STATUS, false},
    {STR_INIT("TRANSP"), STR_INIT("TRANSP"), VCAL10_TRANSP, false},
    {STR_INIT("PRIORITY"), STR_INIT("PRIORITY"), VCAL10_PRIORITY, false},
    {STR_INIT("GEO"), STR_INIT("GEO"), VCAL10_GEO, false},
    {STR_INIT("ATTACH"), STR_INIT("ATTACH"), VCAL10_ATTACH, false},
    {STR_INIT("ATTENDEE"), STR_INIT("ATTENDEE"), VCAL10_PERSON, false},
    {STR_INIT("ORGANIZER"), STR_INIT("ORGANIZER"), VCAL10_PERSON, false},
    {STR_INIT("DTSTART"), STR_INIT("DTSTART"), VCAL10_TIME, false},
    {STR_INIT("DTEND"), STR_INIT("DTEND"), VCAL10_TIME, false},
    {STR_INIT("DUE"), STR_INIT("DUE"), VCAL10_TIME, false},
    {STR_INIT("RECURRENCE-ID"), STR_INIT("RECURRENCE-ID"), VCAL10_TIME, false},
    {STR_INIT("DCREATED"), STR_INIT("CREATED"), VCAL10_RECORD, false},
    {STR_INIT("LAST-MODIFIED"), STR_INIT("LAST-MODIFIED"), VCAL10_RECORD, false},
    {STR_INIT("COMPLETED"), STR_INIT("COMPLETED"), VCAL10_RECORD, false},
    {STR_INIT("EXDATE"), STR_INIT("EXDATE"), VCAL10_TIMES, false},
    {STR_INIT("RDATE"), STR_INIT("RDATE"), VCAL10_TIMES, false},
    {STR_INIT("RRULE"), STR_INIT("RRULE"), VCAL10_RULE, false},
    {STR_INIT("EXRULE"), STR_INIT("EXRULE"), VCAL10_RULE, false},
    {STR_INIT("AALARM"), STR_INIT(""), VCAL10_ALARM, false},
    {STR_INIT("DALARM"), STR_INIT(""), VCAL10_ALARM, false},
    {STR_INIT("MALARM"), STR_INIT(""), VCAL10_ALARM, false},
    {STR_INIT("PALARM"), STR_INIT(""), VCAL10_ALARM, false},
    {STR_INIT("RNUM"), STR_INIT(""), VCAL10_DROPPED, false},
    {STR_INIT("DTSTAMP"), STR_INIT("DTSTAMP"), VCAL10_DROPPED, false},
    {STR_INIT("CREATED"), STR_INIT(""), VCAL10_DROPPED, false}, /* under that name it is of 2.0 */
    {STR_INIT(""), STR_INIT("DURATION"), VCAL10_DROPPED, false},
    {STR_INIT("TZ"), STR_INIT("TZ"), VCAL10_DROPPED, false},
    {STR_INIT("DAYLIGHT"), STR_INIT("DAYLIGHT"), VCAL10_DROPPED, false},
    {STR_INIT("PRODID"), STR_INIT("PRODID"), VCAL10_DROPPED, false},
    {STR_INIT("VERSION"), STR_INIT("VERSION"), VCAL10_DROPPED, false},
    {STR_INIT("BEGIN"), STR_INIT("BEGIN"), VCAL10_DROPPED, false},
    {STR_INIT("END"), STR_INIT("END"), VCAL10_DROPPED, false},
};

/* Says itself whether it is a whole day (read before), or what kind of thing. */
static const struct str dropped[] = {
    STR_INIT("X-EPOCAGENDAENTRYTYPE"),       STR_INIT("X-EPOCTODOLIST"),
    STR_INIT("X-FUNAMBOL-ALLDAY"),           STR_INIT("X-BLUETOOTH-ALLDAYEVENT"),
    STR_INIT("X-MICROSOFT-CDO-ALLDAYEVENT"),
};

const struct vcal10_prop *vcal10_prop_of(struct str name, bool v1)
{
    static const struct vcal10_prop text = {STR_INIT(""), STR_INIT(""), VCAL10_TEXT, true},
                                    opaque = {STR_INIT(""), STR_INIT(""), VCAL10_OPAQUE, false},
                                    none = {STR_INIT(""), STR_INIT(""), VCAL10_DROPPED, false};
    for (size_t i = 0; i < COUNT_OF(props); i++)
        if (str_caseeq(v1 ? props[i].v1 : props[i].v2, name))
            return &props[i];
    for (size_t i = 0; i < COUNT_OF(dropped); i++)
        if (str_caseeq(dropped[i], name))
            return &none;
    return str_casestarts(name, STR("X-")) ? &opaque : &text;
}

/* The first row of a word is how it is written; the others are read. */
static const struct {
    struct str v1, v2;
    bool event, task;
} statuses[] = {
    {STR_INIT("TENTATIVE"), STR_INIT("TENTATIVE"), true, false},
    {STR_INIT("CONFIRMED"), STR_INIT("CONFIRMED"), true, false},
    {STR_INIT("ACCEPTED"), STR_INIT("CONFIRMED"), true, false},
    {STR_INIT("DECLINED"), STR_INIT("CANCELLED"), true, true},
    {STR_INIT("CANCELLED"), STR_INIT("CANCELLED"), true, true},
    {STR_INIT("NEEDS ACTION"), STR_INIT("NEEDS-ACTION"), false, true},
    {STR_INIT("NEEDS-ACTION"), STR_INIT("NEEDS-ACTION"), false, true},
    {STR_INIT("NEEDSACTION"), STR_INIT("NEEDS-ACTION"), false, true},
    {STR_INIT("SENT"), STR_INIT("NEEDS-ACTION"), false, true},
    {STR_INIT("TENTATIVE"), STR_INIT("NEEDS-ACTION"), false, true},
    {STR_INIT("COMPLETED"), STR_INIT("COMPLETED"), false, true},
    {STR_INIT("ACCEPTED"), STR_INIT("IN-PROCESS"), false, true},
    {STR_INIT("CONFIRMED"), STR_INIT("IN-PROCESS"), false, true},
    {STR_INIT("IN-PROCESS"), STR_INIT("IN-PROCESS"), false, true},
};

struct str vcal10_status(struct str word, bool task, bool to2)
{
    word = str_trim(word);
    for (size_t i = 0; i < COUNT_OF(statuses); i++)
        if ((task ? statuses[i].task : statuses[i].event) &&
            str_caseeq(word, to2 ? statuses[i].v1 : statuses[i].v2))
            return to2 ? statuses[i].v2 : statuses[i].v1;
    return STR_NONE;
}
