/* mailcore/imap/parse.c: the table of commands, and the arguments that are too few for a file of their own. */
#include "mailcore/imap/parse_int.h"

static bool args_none(struct imap_in *in, struct imap_command *out)
{
    (void)in, (void)out;
    return true;
}

static bool args_login(struct imap_in *in, struct imap_command *out)
{
    return imap_space(in) && imap_astring(in, &out->u.login.user) && imap_space(in) &&
           imap_astring(in, &out->u.login.password);
}

static bool is_base64(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '+' || c == '/' || c == '=';
}

static bool args_authenticate(struct imap_in *in, struct imap_command *out)
{
    if (!imap_space(in) || !imap_atom(in, &out->u.login.mechanism))
        return false;
    if (!imap_take(in, ' '))
        return true;
    return imap_run(in, is_base64, &out->u.login.initial) ||
           imap_bad(in, "the initial response is no base64; an empty one is \"=\"");
}

/* 1*(SP word): atoms of ENABLE, quoted tags of CANCELUPDATE (RFC 5267). */
static bool read_words(struct imap_in *in, bool (*word)(struct imap_in *in, struct str *out),
                       struct imap_strings *out)
{
    struct imap_strings_builder b = {0};
    do {
        struct str s;
        if (!imap_space(in) || !imap_count(in) || !word(in, &s) || !imap_strings_add(in, &b, s))
            return false;
    } while (imap_peek(in) == ' ');
    *out = imap_strings_built(&b);
    return true;
}

static bool args_enable(struct imap_in *in, struct imap_command *out)
{
    return read_words(in, imap_atom, &out->u.words);
}

static bool args_cancelupdate(struct imap_in *in, struct imap_command *out)
{
    return read_words(in, imap_quoted, &out->u.words);
}

static bool args_compress(struct imap_in *in, struct imap_command *out)
{
    struct imap_strings_builder b = {0};
    struct str s;
    if (!imap_space(in) || !imap_atom(in, &s) || !imap_strings_add(in, &b, s))
        return false;
    out->u.words = imap_strings_built(&b);
    return true;
}

enum {
    BEFORE_LOGIN = IMAP_NOT_AUTHENTICATED,
    LOGGED_IN = IMAP_AUTHENTICATED | IMAP_SELECTED,
    SELECTED = IMAP_SELECTED,
    ANY = BEFORE_LOGIN | LOGGED_IN,
};
enum { PLAIN = 1, UID = 2, BOTH = 3 }; /* does "UID" stand before it? */

static const struct row {
    struct str name;
    unsigned states, forms;
    bool (*args)(struct imap_in *in, struct imap_command *out);
} rows[IMAP_VERB_COUNT] = {
    [IMAP_APPEND] = {STR_INIT("APPEND"), LOGGED_IN, PLAIN, imap_args_append},
    [IMAP_AUTHENTICATE] = {STR_INIT("AUTHENTICATE"), BEFORE_LOGIN, PLAIN, args_authenticate},
    [IMAP_CANCELUPDATE] = {STR_INIT("CANCELUPDATE"), SELECTED, PLAIN, args_cancelupdate},
    [IMAP_CAPABILITY] = {STR_INIT("CAPABILITY"), ANY, PLAIN, args_none},
    [IMAP_CHECK] = {STR_INIT("CHECK"), SELECTED, PLAIN, args_none},
    [IMAP_CLOSE] = {STR_INIT("CLOSE"), SELECTED, PLAIN, args_none},
    [IMAP_COMPRESS] = {STR_INIT("COMPRESS"), LOGGED_IN, PLAIN, args_compress},
    [IMAP_COPY] = {STR_INIT("COPY"), SELECTED, BOTH, imap_args_copy},
    [IMAP_CREATE] = {STR_INIT("CREATE"), LOGGED_IN, PLAIN, imap_args_create},
    [IMAP_DELETE] = {STR_INIT("DELETE"), LOGGED_IN, PLAIN, imap_args_mailbox},
    [IMAP_DELETEACL] = {STR_INIT("DELETEACL"), LOGGED_IN, PLAIN, imap_args_acl_identifier},
    [IMAP_ENABLE] = {STR_INIT("ENABLE"), LOGGED_IN, PLAIN, args_enable},
    [IMAP_EXAMINE] = {STR_INIT("EXAMINE"), LOGGED_IN, PLAIN, imap_args_select},
    [IMAP_EXPUNGE] = {STR_INIT("EXPUNGE"), SELECTED, BOTH, imap_args_expunge},
    [IMAP_FETCH] = {STR_INIT("FETCH"), SELECTED, BOTH, imap_args_fetch},
    [IMAP_GETACL] = {STR_INIT("GETACL"), LOGGED_IN, PLAIN, imap_args_acl_mailbox},
    [IMAP_GETMETADATA] = {STR_INIT("GETMETADATA"), LOGGED_IN, PLAIN, imap_args_getmetadata},
    [IMAP_GETQUOTA] = {STR_INIT("GETQUOTA"), LOGGED_IN, PLAIN, imap_args_getquota},
    [IMAP_GETQUOTAROOT] = {STR_INIT("GETQUOTAROOT"), LOGGED_IN, PLAIN, imap_args_getquotaroot},
    [IMAP_ID] = {STR_INIT("ID"), ANY, PLAIN, imap_args_id},
    [IMAP_IDLE] = {STR_INIT("IDLE"), LOGGED_IN, PLAIN, args_none},
    [IMAP_LIST] = {STR_INIT("LIST"), LOGGED_IN, PLAIN, imap_args_list},
    [IMAP_LISTRIGHTS] = {STR_INIT("LISTRIGHTS"), LOGGED_IN, PLAIN, imap_args_acl_identifier},
    [IMAP_LOGIN] = {STR_INIT("LOGIN"), BEFORE_LOGIN, PLAIN, args_login},
    [IMAP_LOGOUT] = {STR_INIT("LOGOUT"), ANY, PLAIN, args_none},
    [IMAP_LSUB] = {STR_INIT("LSUB"), LOGGED_IN, PLAIN, imap_args_lsub},
    [IMAP_MOVE] = {STR_INIT("MOVE"), SELECTED, BOTH, imap_args_copy},
    [IMAP_MYRIGHTS] = {STR_INIT("MYRIGHTS"), LOGGED_IN, PLAIN, imap_args_acl_mailbox},
    [IMAP_NAMESPACE] = {STR_INIT("NAMESPACE"), LOGGED_IN, PLAIN, args_none},
    [IMAP_NOOP] = {STR_INIT("NOOP"), ANY, PLAIN, args_none},
    [IMAP_NOTIFY] = {STR_INIT("NOTIFY"), LOGGED_IN, PLAIN, imap_args_notify},
    [IMAP_RENAME] = {STR_INIT("RENAME"), LOGGED_IN, PLAIN, imap_args_rename},
    [IMAP_REPLACE] = {STR_INIT("REPLACE"), SELECTED, BOTH, imap_args_replace},
    [IMAP_SEARCH] = {STR_INIT("SEARCH"), SELECTED, BOTH, imap_args_search},
    [IMAP_SELECT] = {STR_INIT("SELECT"), LOGGED_IN, PLAIN, imap_args_select},
    [IMAP_SETACL] = {STR_INIT("SETACL"), LOGGED_IN, PLAIN, imap_args_setacl},
    [IMAP_SETMETADATA] = {STR_INIT("SETMETADATA"), LOGGED_IN, PLAIN, imap_args_setmetadata},
    [IMAP_SETQUOTA] = {STR_INIT("SETQUOTA"), LOGGED_IN, PLAIN, imap_args_setquota},
    [IMAP_SORT] = {STR_INIT("SORT"), SELECTED, BOTH, imap_args_sort},
    [IMAP_STARTTLS] = {STR_INIT("STARTTLS"), BEFORE_LOGIN, PLAIN, args_none},
    [IMAP_STATUS] = {STR_INIT("STATUS"), LOGGED_IN, PLAIN, imap_args_status},
    [IMAP_STORE] = {STR_INIT("STORE"), SELECTED, BOTH, imap_args_store},
    [IMAP_SUBSCRIBE] = {STR_INIT("SUBSCRIBE"), LOGGED_IN, PLAIN, imap_args_mailbox},
    [IMAP_THREAD] = {STR_INIT("THREAD"), SELECTED, BOTH, imap_args_thread},
    [IMAP_UNAUTHENTICATE] = {STR_INIT("UNAUTHENTICATE"), LOGGED_IN, PLAIN, args_none},
    [IMAP_UNSELECT] = {STR_INIT("UNSELECT"), SELECTED, PLAIN, args_none},
    [IMAP_UNSUBSCRIBE] = {STR_INIT("UNSUBSCRIBE"), LOGGED_IN, PLAIN, imap_args_mailbox},
};

struct str imap_verb_name(enum imap_verb verb)
{
    return rows[verb].name;
}

static bool find_verb(struct imap_in *in, struct imap_command *out)
{
    struct str name;
    if (!imap_atom(in, &name))
        return false;
    out->uid = str_caseeq(name, STR("UID"));
    if (out->uid && (!imap_space(in) || !imap_atom(in, &name)))
        return false;
    for (size_t i = 0; i < IMAP_VERB_COUNT; i++)
        if (str_caseeq(rows[i].name, name) && (rows[i].forms & (out->uid ? UID : PLAIN))) {
            out->verb = (enum imap_verb)i;
            return true;
        }
    return imap_bad(in, "this command is not known");
}

static bool check_state(struct imap_in *in, const struct row *row)
{
    enum imap_state state = in->args->state;
    if (row->states & state)
        return true;
    return imap_bad(in, state == IMAP_NOT_AUTHENTICATED ? "this command needs a log-in before it"
                        : row->states == SELECTED       ? "this command needs a selected mailbox"
                                                        : "this command is for before the log-in");
}

static bool read_command(struct imap_in *in, struct imap_command *out)
{
    if (!imap_run(in, imap_is_tag, &out->tag))
        return imap_bad(in, "a command begins with a tag");
    if (imap_peek(in) != ' ') {
        out->tag = STR_NONE;
        return imap_bad(in, "a command begins with a tag and a space");
    }
    if (!imap_space(in) || !find_verb(in, out) || !check_state(in, &rows[out->verb]) ||
        !rows[out->verb].args(in, out))
        return false;
    return imap_at_end(in) || imap_bad(in, "the command goes on where it should end");
}

enum status imap_parse(struct arena *a, const struct imap_parse_args *args, struct imap_command *out,
                       struct imap_fault *fault)
{
    struct imap_in in = {.args = args, .a = a, .fault = fault};
    *out = (struct imap_command){0};
    *fault = (struct imap_fault){0};
    (void)read_command(&in, out);
    return in.st;
}
