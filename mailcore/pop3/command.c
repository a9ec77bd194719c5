/* mailcore/pop3/command.c: the commands: a table says which there are, in which state, and with what argument. */
#include "mailcore/pop3/int.h"

enum { USER_MOST = 320, WORD_MOST = 16 };

/* ---- the number of a message ---- */
static bool take_message(struct pop3 *s, struct str word, size_t *n)
{
    uint64_t number;
    if (!str_u64(word, &number) || !number || number > s->count || s->messages[number - 1].deleted) {
        pop3_err(s, NULL, "there is no such message");
        return false;
    }
    *n = (size_t)number - 1;
    return true;
}

static void count_left(const struct pop3 *s, size_t *count, int64_t *bytes)
{
    *count = 0;
    *bytes = 0;
    for (size_t i = 0; i < s->count; i++) {
        *count += !s->messages[i].deleted;
        *bytes += s->messages[i].deleted ? 0 : s->messages[i].size;
    }
}

/* ---- before the log-in ---- */
static void ask_auth(struct pop3 *s, const struct pop3_login *login)
{
    pop3_ask(s, POP3_AUTH);
    s->ops->auth(s->ctx, s, login);
    pop3_asked(s);
}

static bool auth_is_safe(struct pop3 *s)
{
    if (pop3_may_auth(s))
        return true;
    pop3_err(s, "SYS/PERM", "passwords are taken over TLS only: say STLS first");
    return false;
}

static void cmd_user(struct pop3 *s, struct str argument)
{
    if (!auth_is_safe(s))
        return;
    buf_free(&s->user);
    s->user = BUF_INIT(USER_MOST);
    buf_add(&s->user, argument);
    if (s->user.st != OK || !argument.n)
        pop3_err(s, NULL, "this is no user name");
    else
        pop3_ok(s, "and the password?");
}

/* The password is all that follows the blank, blanks included. */
static void cmd_pass(struct pop3 *s, struct str argument)
{
    if (!s->user.n) {
        pop3_err(s, NULL, "say USER first");
        return;
    }
    struct buf user = s->user;
    s->user = (struct buf){0};
    ask_auth(s,
             &(struct pop3_login){
                 .mechanism = STR_NONE, .authorize = STR(""), .user = buf_view(&user), .password = argument});
    buf_free(&user);
}

static enum status find_verifier(void *ctx, struct str user, struct scram_verifier *out)
{
    struct pop3 *s = ctx;
    return s->ops->verifier(s->ctx, &s->peer, user, out);
}

static struct sasl_world world_of(struct pop3 *s)
{
    return (struct sasl_world){
        .tls = s->engine.tls, .verifier = s->ops->verifier ? find_verifier : NULL, .ctx = s};
}

static void go_on(struct pop3 *s, enum sasl_result result, struct str challenge)
{
    switch (result) {
    case SASL_CHALLENGE:
        buf_addf(&s->engine.out, "+ %.*s\r\n", STR_ARG(challenge));
        return;
    case SASL_CHECK:
        ask_auth(s, &(struct pop3_login){.mechanism = s->sasl.mechanism->name,
                                         .authorize = buf_view(&s->sasl.authorize),
                                         .user = buf_view(&s->sasl.user),
                                         .password = buf_view(&s->sasl.password),
                                         .proof = &s->sasl.proof});
        break;
    case SASL_CANCELLED:
        pop3_err(s, NULL, "the log-in was cancelled");
        break;
    case SASL_MALFORMED:
        pop3_err(s, NULL, "this is no answer of the mechanism in base64");
        break;
    }
    sasl_end(&s->sasl);
}

void pop3_sasl_line(struct pop3 *s, struct str line)
{
    SCOPED_BUF(challenge, 1024);
    enum sasl_result result = sasl_next(&s->sasl, line, &challenge);
    go_on(s, result, buf_view(&challenge));
}

static void add_mechanisms(struct pop3 *s, struct buf *out, const char *before, const char *behind)
{
    const struct sasl_world world = world_of(s);
    for (size_t i = 0; sasl_mechanism(i); i++)
        if (sasl_offers(sasl_mechanism(i), &world))
            buf_addf(out, "%s%.*s%s", before, STR_ARG(sasl_mechanism(i)->name), behind);
}

static void cmd_auth(struct pop3 *s, struct str argument)
{
    struct str name, initial = argument;
    SCOPED_BUF(challenge, 1024);
    if (!argument.n) { /* what clients from before CAPA say */
        pop3_ok(s, "ways to log in:");
        if (pop3_may_auth(s))
            add_mechanisms(s, &s->engine.out, "", "\r\n");
        buf_addz(&s->engine.out, ".\r\n");
        return;
    }
    str_split(&initial, ' ', &name);
    const struct sasl_world world = world_of(s);
    const struct sasl_mechanism *mechanism = sasl_find(name, &world);
    if (!auth_is_safe(s))
        return;
    if (!mechanism) {
        pop3_err(s, NULL, "this mechanism is not known here");
        return;
    }
    enum sasl_result result =
        sasl_begin(&s->sasl, mechanism, &world, initial.p ? str_trim(initial) : STR_NONE, &challenge);
    go_on(s, result, buf_view(&challenge));
}

static void cmd_stls(struct pop3 *s, struct str argument)
{
    (void)argument;
    if (!s->limits.tls || s->secure) {
        pop3_err(s, NULL, s->secure ? "TLS is there already" : "there is no TLS here");
        return;
    }
    pop3_ok(s, "begin TLS now");
    s->engine.wants |= LINE_WANT_TLS;
}

static void cmd_utf8(struct pop3 *s, struct str argument)
{
    (void)argument;
    pop3_ok(s, "all is sent as it is stored");
}

/* ---- always ---- */
static void cmd_capa(struct pop3 *s, struct str argument)
{
    struct buf *out = &s->engine.out;
    (void)argument;
    pop3_ok(s, "what this server can do:");
    buf_addz(out, "TOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nUTF8\r\nEXPIRE NEVER\r\n");
    if (pop3_may_auth(s)) {
        buf_addz(out, "USER\r\nSASL");
        add_mechanisms(s, out, " ", "");
        buf_addz(out, "\r\n");
    }
    if (s->limits.tls && !s->secure)
        buf_addz(out, "STLS\r\n");
    buf_addz(out, "IMPLEMENTATION Scambio\r\n.\r\n");
}

/* UIDs of what is `deleted`, or of what was read and is not; they go into one array, one behind the other. */
static size_t gather(const struct pop3 *s, bool deleted, int64_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++)
        if (deleted ? s->messages[i].deleted : s->messages[i].read && !s->messages[i].deleted)
            out[n++] = s->messages[i].uid;
    return n;
}

static void cmd_quit(struct pop3 *s, struct str argument)
{
    (void)argument;
    s->quitting = true;
    if (s->state == POP3_AUTHORIZATION || !s->count) {
        pop3_ok(s, "good-bye");
        pop3_bye(s);
        return;
    }
    s->uids = calloc(s->count, sizeof *s->uids);
    if (!s->uids) {
        pop3_err(s, "SYS/TEMP", "no memory; nothing was deleted");
        pop3_bye(s);
        return;
    }
    struct pop3_update update = {.deleted = s->uids, .deleted_count = gather(s, true, s->uids)};
    update.read = s->uids + update.deleted_count;
    update.read_count = gather(s, false, s->uids + update.deleted_count);
    if (!update.deleted_count && !update.read_count) {
        pop3_ok(s, "good-bye");
        pop3_bye(s);
        return;
    }
    pop3_ask(s, POP3_UPDATE);
    s->ops->update(s->ctx, s, &update);
    pop3_asked(s);
}

/* ---- behind the log-in ---- */
static void cmd_stat(struct pop3 *s, struct str argument)
{
    size_t count;
    int64_t bytes;
    (void)argument;
    count_left(s, &count, &bytes);
    pop3_ok(s, "%zu %lld", count, (long long)bytes);
}

static void list(struct pop3 *s, struct str argument, enum pop3_sending what)
{
    size_t n;
    if (!argument.n) {
        pop3_ok(s, "the list follows");
        s->sending = what;
        s->at = 0;
        pop3_send(s);
    } else if (take_message(s, argument, &n)) {
        const struct pop3_message *m = &s->messages[n];
        if (what == SEND_LIST)
            pop3_ok(s, "%zu %lld", n + 1, (long long)m->size);
        else
            pop3_ok(s, "%zu %08llx%08llx", n + 1, (unsigned long long)m->uid,
                    (unsigned long long)s->uidvalidity);
    }
}

static void cmd_list(struct pop3 *s, struct str argument)
{
    list(s, argument, SEND_LIST);
}

static void cmd_uidl(struct pop3 *s, struct str argument)
{
    list(s, argument, SEND_UIDL);
}

static void cmd_retr(struct pop3 *s, struct str argument)
{
    size_t n;
    if (!take_message(s, argument, &n))
        return;
    pop3_send_text(s, n, -1);
}

static void cmd_top(struct pop3 *s, struct str argument)
{
    struct str word, lines = argument;
    uint64_t count;
    size_t n;
    str_split(&lines, ' ', &word);
    if (!str_u64(str_trim(lines), &count) || count > INT32_MAX)
        pop3_err(s, NULL, "TOP takes a message and a number of lines");
    else if (take_message(s, word, &n))
        pop3_send_text(s, n, (int64_t)count);
}

static void cmd_dele(struct pop3 *s, struct str argument)
{
    size_t n;
    if (!take_message(s, argument, &n))
        return;
    s->messages[n].deleted = true;
    pop3_ok(s, "it goes at QUIT");
}

static void cmd_noop(struct pop3 *s, struct str argument)
{
    (void)argument;
    pop3_ok(s, "nothing done");
}

static void cmd_rset(struct pop3 *s, struct str argument)
{
    (void)argument;
    for (size_t i = 0; i < s->count; i++)
        s->messages[i].deleted = false;
    pop3_ok(s, "nothing is deleted");
}

/* ---- the table ---- */
enum argument { NO_ARGUMENT, MAY_HAVE, MUST_HAVE };

static const struct {
    struct str name;
    unsigned states;
    enum argument argument;
    void (*run)(struct pop3 *s, struct str argument);
} commands[] = {
    {STR_INIT("USER"), POP3_AUTHORIZATION, MUST_HAVE, cmd_user},
    {STR_INIT("PASS"), POP3_AUTHORIZATION, MUST_HAVE, cmd_pass},
    {STR_INIT("AUTH"), POP3_AUTHORIZATION, MAY_HAVE, cmd_auth},
    {STR_INIT("STLS"), POP3_AUTHORIZATION, NO_ARGUMENT, cmd_stls},
    {STR_INIT("UTF8"), POP3_AUTHORIZATION, NO_ARGUMENT, cmd_utf8},
    {STR_INIT("CAPA"), POP3_AUTHORIZATION | POP3_TRANSACTION, NO_ARGUMENT, cmd_capa},
    {STR_INIT("QUIT"), POP3_AUTHORIZATION | POP3_TRANSACTION, NO_ARGUMENT, cmd_quit},
    {STR_INIT("STAT"), POP3_TRANSACTION, NO_ARGUMENT, cmd_stat},
    {STR_INIT("LIST"), POP3_TRANSACTION, MAY_HAVE, cmd_list},
    {STR_INIT("UIDL"), POP3_TRANSACTION, MAY_HAVE, cmd_uidl},
    {STR_INIT("RETR"), POP3_TRANSACTION, MUST_HAVE, cmd_retr},
    {STR_INIT("TOP"), POP3_TRANSACTION, MUST_HAVE, cmd_top},
    {STR_INIT("DELE"), POP3_TRANSACTION, MUST_HAVE, cmd_dele},
    {STR_INIT("NOOP"), POP3_TRANSACTION, NO_ARGUMENT, cmd_noop},
    {STR_INIT("RSET"), POP3_TRANSACTION, NO_ARGUMENT, cmd_rset},
};

void pop3_command(struct pop3 *s, struct str line)
{
    struct str argument = line, verb;
    str_split(&argument, ' ', &verb);
    bool has = argument.p && argument.n;
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (!str_caseeq(verb, commands[i].name))
            continue;
        if (!(commands[i].states & s->state))
            pop3_err(s, NULL, s->state == POP3_AUTHORIZATION ? "log in first" : "you are logged in");
        else if (has ? commands[i].argument == NO_ARGUMENT : commands[i].argument == MUST_HAVE)
            pop3_err(s, NULL, has ? "no argument belongs there" : "an argument is missing");
        else
            commands[i].run(s, has ? argument : STR(""));
        return;
    }
    pop3_err(s, NULL, "this is no command");
}
