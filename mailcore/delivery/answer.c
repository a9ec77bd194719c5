/* mailcore/delivery/answer.c: what a status means to a sender: one table. */
#include "mailcore/delivery/inside.h"

static const struct {
    enum status st;
    int code;
    const char *enhanced;
    struct str text;
} answers[] = {
    {OK, 250, "2.1.5", STR_INIT("delivered")},
    {NOT_FOUND, 550, "5.1.1", STR_INIT("nobody here has this address")},
    {INVALID, 550, "5.1.1", STR_INIT("nobody here has this address")},
    {DENIED, 550, "5.2.1", STR_INIT("this address takes no mail")},
    {UNSUPPORTED, 550, "5.7.1", STR_INIT("relaying denied: this domain is not ours")},
    {OVER_QUOTA, 452, "4.2.2", STR_INIT("the mailbox is full")},
    {TOO_MANY, 452, "4.2.2", STR_INIT("the mailbox holds too many messages")},
    {TRUNCATED, 550, "5.2.4", STR_INIT("the list leads to more addresses than this server takes")},
    {TOO_LARGE, 552, "5.3.4", STR_INIT("the message is larger than this server takes")},
    {GONE, 554, "5.4.6", STR_INIT("this mail was delivered here before: it goes in circles")},
    {E_FULL, 452, "4.3.1", STR_INIT("there is no room for it just now")},
};
static const struct smtp_reply full = {552, "5.2.2", STR_INIT("the mailbox is full")},
                               later = {451, "4.3.0", STR_INIT("this did not work just now; try again")};

struct smtp_reply answer_of(const struct intake_settings *conf, enum status st)
{
    if ((st == OVER_QUOTA || st == TOO_MANY) && conf->quota_refuse)
        return full;
    for (size_t i = 0; i < COUNT_OF(answers); i++)
        if (answers[i].st == st)
            return (struct smtp_reply){answers[i].code, answers[i].enhanced, answers[i].text};
    return later;
}

struct smtp_reply intake_answer(const struct intake *in, enum status st)
{
    struct intake_settings *conf = settings_take(in);
    struct smtp_reply reply = answer_of(conf, st);
    settings_drop(conf);
    return reply;
}
