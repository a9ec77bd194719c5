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

enum { CALL_ARENA = 64 << 20 };

void imap_call_init(struct imap_call *c, struct imap_user *u)
{
    *c = (struct imap_call){.user = u,
                            .arena = ARENA_INIT(CALL_ARENA),
                            .piece = ARENA_INIT(CALL_ARENA),
                            .out = BUF_INIT(IMAP_OUT_MOST),
                            .code = BUF_INIT(IMAP_CODE_MOST)};
}

void imap_call_free(struct imap_call *c)
{
    arena_free(&c->arena);
    arena_free(&c->piece);
    buf_free(&c->out);
    buf_free(&c->code);
}

/* What to say, in the order of the rows; a fault that is in none is the server's. */
static void answer(struct imap *s, enum status st, bool bad, const char *code, const char *text)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].st == st) {
            const char *own = code ? code : bad ? NULL : rows[i].code;
            imap_done(s, bad ? "BAD" : rows[i].word, own, text ? text : rows[i].text);
            return;
        }
    imap_done(s, "NO", "SERVERBUG", "this did not work just now; try again in a moment");
}

void imap_conclude(struct imap *s, struct imap_call *c)
{
    /* imap_done may begin the next command, in the same struct; or end the session. */
    struct imap_call over = *c;
    if (c->st < 0)
        log_error("imap: %.*s of %s: %s", STR_ARG(imap_verb_name(c->command->verb)), c->user->address,
                  status_text(c->st));
    imap_call_init(c, c->user);
    if (over.bye)
        imap_end(s, over.bye);
    else
        answer(s, over.st, over.bad && over.st != OK, over.code.n ? buf_c(&over.code) : NULL, over.text);
    imap_call_free(&over);
}
