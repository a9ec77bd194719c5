/* mailcore/imap/status.c: what a status of the store is in IMAP (RFC 9051 section 7.1, RFC 5530). */
#include "core/log.h"
#include "mailcore/imap/ops.h"

static const struct {
    enum status st;
    const char *word, *code, *text;
} rows[] = {
    {OK, "OK", NULL, "done"},
    {NOT_FOUND, "NO", "NONEXISTENT", "there is no such mailbox or message"},
    {GONE, "NO", "NONEXISTENT", "it is not there any more"},
    {NO_PARENT, "NO", "TRYCREATE", "there is no such mailbox"},
    {EXISTS, "NO", "ALREADYEXISTS", "there is one of this name already"},
    {DENIED, "NO", "NOPERM", "you have no right to do this"},
    {PROTECTED, "NO", "CANNOT", "this cannot be changed"},
    {PRECONDITION, "NO", "INUSE", "something else stands in the way"},
    {OVER_QUOTA, "NO", "OVERQUOTA", "the quota is used up"},
    {TOO_LARGE, "NO", "TOOBIG", "this is larger than this server takes"},
    {TOO_MANY, "NO", "LIMIT", "this is more than this server takes"},
    {INVALID, "NO", "CANNOT", "this is not possible"},
    {UNSUPPORTED, "NO", "CANNOT", "this is not possible here"},
    {E_FULL, "NO", "UNAVAILABLE", "there is no room on the server's disk just now"},
    {E_BUSY, "NO", "UNAVAILABLE", "the server is busy; try again in a moment"},
};

void imap_conclude(struct imap *s, struct imap_call *c)
{
    const char *code = c->code.n ? buf_c(&c->code) : NULL;
    if (c->st < 0)
        log_error("imap: %.*s of %s: %s", STR_ARG(imap_verb_name(c->command->verb)), c->user->address,
                  status_text(c->st));
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].st == c->st) {
            imap_done(s, rows[i].word, code ? code : rows[i].code, c->text ? c->text : rows[i].text);
            return;
        }
    imap_done(s, "NO", "SERVERBUG", "this did not work just now; try again in a moment");
}
