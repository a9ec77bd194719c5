/* tests/unit/test_imap_parse.c: commands and what is read from them, a row a command; and what is refused. */
#include "mailcore/imap/parse.h"
#include "tests/unit/imap_dump.h"
#include "tests/unit/test.h"

static const struct imap_limits limits = {.line = 1 << 20,
                                          .literal = 1 << 20,
                                          .literals = 100,
                                          .memory = 2 << 20,
                                          .stream = 1 << 20,
                                          .skip = 1 << 20,
                                          .depth = 20,
                                          .items = 200};

enum { NOT_IN = IMAP_NOT_AUTHENTICATED, IN = IMAP_AUTHENTICATED, SEL = IMAP_SELECTED };

/* Reads one command as it comes from a client, literals and all, and dumps it; or "BAD why", "NO [code] why". */
static void parse(struct str line, unsigned state, bool utf8, bool stream, struct buf *out)
{
    SCOPED_ARENA(a, 1 << 22);
    struct imap_reader r;
    imap_reader_init(&r, &limits);
    enum imap_read e;
    while ((e = imap_read(&r, &line)) == IMAP_READ_LITERAL || e == IMAP_READ_DATA)
        if (e == IMAP_READ_LITERAL && stream)
            imap_read_stream(&r);
        else if (e == IMAP_READ_LITERAL)
            imap_read_keep(&r);
    assert_int_equal(e, IMAP_READ_COMMAND);
    const struct imap_parse_args args = {.text = buf_view(&r.text),
                                         .literals = r.literals,
                                         .count = r.count,
                                         .limits = &limits,
                                         .state = (enum imap_state)state,
                                         .utf8 = utf8};
    struct imap_command c;
    struct imap_fault fault;
    if (imap_parse(&a, &args, &c, &fault) == OK) {
        assert_null(fault.why);
        dump_command(out, &c);
    } else if (fault.no) {
        buf_addf(out, "NO [%s] %s", fault.code, fault.why);
    } else {
        assert_non_null(fault.why);
        buf_addf(out, "BAD %s", fault.why);
    }
    imap_reader_free(&r);
}

struct row {
    unsigned state;
    const char *in, *out;
};

static void check_rows(const struct row *rows, size_t count, bool utf8)
{
    for (size_t i = 0; i < count; i++) {
        SCOPED_BUF(line, 1 << 16);
        SCOPED_BUF(out, 1 << 16);
        buf_addf(&line, "a %s\r\n", rows[i].in);
        parse(buf_view(&line), rows[i].state, utf8, false, &out);
        if (!str_starts(buf_view(&out), STR("a ")))
            fail_msg("%s: %s", rows[i].in, buf_c(&out));
        struct str got = str_from(buf_view(&out), 2);
        if (!str_eq(got, str_c(rows[i].out)))
            fail_msg("%s:\n%s\nwanted\n%s", rows[i].in, buf_c(&out) + 2, rows[i].out);
    }
}

static void test_session(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {NOT_IN, "CAPABILITY", "CAPABILITY"},
        {SEL, "capability", "CAPABILITY"},
        {NOT_IN, "NOOP", "NOOP"},
        {NOT_IN, "Logout", "LOGOUT"},
        {NOT_IN, "STARTTLS", "STARTTLS"},
        {NOT_IN, "LOGIN joe secret", "LOGIN <joe> <secret>"},
        {NOT_IN, "LOGIN \"joe\" \"a\\\"b\\\\c \"", "LOGIN <joe> <a\"b\\c >"},
        {NOT_IN, "LOGIN {3}\r\njoe {4}\r\na\r\nb", "LOGIN <joe> <a\r\nb>"},
        {NOT_IN, "LOGIN joe] \"\"", "LOGIN <joe]> <>"},
        {NOT_IN, "LOGIN joe {0+}\r\n", "LOGIN <joe> <>"},
        {NOT_IN, "LOGIN nil NIL", "LOGIN <nil> <NIL>"},
        {NOT_IN, "AUTHENTICATE PLAIN", "AUTHENTICATE <PLAIN>"},
        {NOT_IN, "AUTHENTICATE SCRAM-SHA-256-PLUS =", "AUTHENTICATE <SCRAM-SHA-256-PLUS> =="},
        {NOT_IN, "AUTHENTICATE PLAIN AGpvZQBz+/==", "AUTHENTICATE <PLAIN> =AGpvZQBz+/=="},
        {IN, "ENABLE CONDSTORE X-FOO", "ENABLE <CONDSTORE> <X-FOO>"},
        {IN, "COMPRESS DEFLATE", "COMPRESS <DEFLATE>"},
        {IN, "IDLE", "IDLE"},
        {SEL, "UNAUTHENTICATE", "UNAUTHENTICATE"},
        {IN, "NAMESPACE", "NAMESPACE"},
        {NOT_IN, "ID NIL", "ID NIL"},
        {NOT_IN, "ID ()", "ID"},
        {NOT_IN, "ID (\"name\" \"x\" \"os\" NIL \"v\" {1}\r\n1)", "ID <name>=<x> <os>=NIL <v>=<1>"},
        {SEL, "CHECK", "CHECK"},
        {SEL, "CLOSE", "CLOSE"},
        {SEL, "UNSELECT", "UNSELECT"},
        {SEL, "CANCELUPDATE \"a\" \"b\"", "CANCELUPDATE <a> <b>"},
    };
    check_rows(rows, COUNT_OF(rows), false);
}

static void test_mailboxes(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {IN, "SELECT inbox", "SELECT <INBOX>"},
        {IN, "SELECT \"Sent Items\"", "SELECT <Sent Items>"},
        {IN, "SELECT Entw&APw-rfe", "SELECT <Entw\xc3\xbcrfe>"},
        {IN, "EXAMINE a (CONDSTORE)", "EXAMINE <a> condstore"},
        {IN, "SELECT a (QRESYNC (67890007 20050715194045000))",
         "SELECT <a> qresync 67890007 20050715194045000   "},
        {IN, "SELECT a (CONDSTORE QRESYNC (1 2 41,43:211))", "SELECT <a> condstore qresync 1 2 41,43:211  "},
        {IN, "SELECT a (QRESYNC (1 9223372036854775807 1:9 (1,3 5,4294967295)))",
         "SELECT <a> qresync 1 9223372036854775807 1:9|1,3 5,4294967295"},
        {IN, "SELECT a (QRESYNC (1 2 (1 5)))", "SELECT <a> qresync 1 2 |1 5"},
        {IN, "CREATE a/b/", "CREATE <a/b/>"},
        {IN, "CREATE a (USE (\\Drafts \\Sent))", "CREATE <a> use 36"},
        {IN, "CREATE a (USE ())", "CREATE <a>"},
        {IN, "DELETE a", "DELETE <a>"},
        {IN, "RENAME a \"b c\"", "RENAME <a> <b c>"},
        {IN, "SUBSCRIBE a", "SUBSCRIBE <a>"},
        {SEL, "UNSUBSCRIBE a", "UNSUBSCRIBE <a>"},
        {IN, "STATUS a (MESSAGES uidnext)", "STATUS <a> 5"},
        {IN,
         "STATUS a (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE HIGHESTMODSEQ APPENDLIMIT "
         "MAILBOXID "
         "DELETED-STORAGE)",
         "STATUS <a> 2047"},
        {IN, "LIST \"\" *", "LIST sel 0 ret 0 <> <*>"},
        {IN, "LIST \"\" \"\"", "LIST sel 0 ret 0 <> <>"},
        {IN, "LIST inbox/ %]", "LIST sel 0 ret 0 <inbox/> <%]>"},
        {IN, "LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (\"a*\" b%) RETURN (CHILDREN SPECIAL-USE)",
         "LIST ext sel 5 ret 24 <> <a*> <b%>"},
        {IN, "LIST () \"\" % RETURN ()", "LIST ext sel 0 ret 0 <> <%>"},
        {IN, "LIST \"\" % RETURN (STATUS (MESSAGES UNSEEN) MYRIGHTS SUBSCRIBED)",
         "LIST ext sel 0 ret 97 <> <%> status 17"},
        {IN, "LIST \"\" % RETURN (METADATA (\"/shared/comment\" /private/x))",
         "LIST ext sel 0 ret 128 <> <%> </shared/comment> </private/x>"},
        {IN, "LIST \"\" % RETURN (METADATA (DEPTH infinity MAXSIZE 9) /shared/vendor CHILDREN)",
         "LIST ext sel 0 ret 144 <> <%> max 9 depth 2 </shared/vendor>"},
        {IN, "LIST (SPECIAL-USE REMOTE) \"\" *", "LIST ext sel 10 ret 0 <> <*>"},
        {IN, "LSUB \"\" &AOg-*", "LSUB sel 0 ret 0 <> <\xc3\xa8*>"},
    };
    check_rows(rows, COUNT_OF(rows), false);
    static const struct row in_utf8[] = {
        {IN, "SELECT \"caff\xc3\xa8\"", "SELECT <caff\xc3\xa8>"},
        {IN, "SELECT {6}\r\ncaff\xc3\xa8", "SELECT <caff\xc3\xa8>"},
        {IN, "SELECT a&b", "SELECT <a&b>"},
        {IN, "SELECT Entw&APw-rfe", "SELECT <Entw&APw-rfe>"},
    };
    check_rows(in_utf8, COUNT_OF(in_utf8), true);
}

static void test_messages(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {SEL, "EXPUNGE", "EXPUNGE"},
        {SEL, "UID EXPUNGE 3:5", "UID EXPUNGE 3:5"},
        {SEL, "COPY 2:4 a", "COPY <a> 2:4"},
        {SEL, "uid move $ inbox", "UID MOVE <INBOX> $"},
        {SEL, "FETCH 1 ALL", "FETCH 1 FLAGS INTERNALDATE RFC822.SIZE ENVELOPE"},
        {SEL, "FETCH 1 FULL", "FETCH 1 FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY"},
        {SEL, "FETCH 1 fast", "FETCH 1 FLAGS INTERNALDATE RFC822.SIZE"},
        {SEL, "FETCH 4294967295,1:* UID", "FETCH 4294967295*1-1 UID"},
        {SEL, "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 12345 VANISHED)",
         "UID FETCH *1-1 FLAGS since 12345 vanished"},
        {SEL, "UID FETCH $ FLAGS (PARTIAL -1:-100)", "UID FETCH $ FLAGS page -1:100"},
        {SEL, "FETCH 1 BODY[]", "FETCH 1 BODY[]"},
        {SEL, "FETCH 1 (BODY BODY[] BODY.PEEK[])", "FETCH 1 BODY BODY[] BODY.PEEK[]"},
        {SEL, "FETCH 1 BODY.PEEK[1.2.3.MIME]<0.2048>", "FETCH 1 BODY.PEEK[1.2.3.MIME]<0.2048>"},
        {SEL, "FETCH 1 body[header]", "FETCH 1 BODY[HEADER]"},
        {SEL, "FETCH 1 BODY[4294967295.TEXT]", "FETCH 1 BODY[4294967295.TEXT]"},
        {SEL, "FETCH 1 BODY[HEADER.FIELDS (To \"From\" {2}\r\nCc)]",
         "FETCH 1 BODY[HEADER.FIELDS (To From Cc)]"},
        {SEL, "FETCH 1 BODY[1.HEADER.FIELDS.NOT (\"X y\")]<5.1>",
         "FETCH 1 BODY[1.HEADER.FIELDS.NOT (\"X y\")]<5.1>"},
        {SEL, "FETCH 1 (BINARY[1.2] BINARY.PEEK[]<0.10> BINARY.SIZE[3])",
         "FETCH 1 BINARY[1.2] BINARY.PEEK[]<0.10> BINARY.SIZE[3]"},
        {SEL, "FETCH 1 (RFC822 RFC822.HEADER RFC822.SIZE RFC822.TEXT)",
         "FETCH 1 RFC822 RFC822.HEADER RFC822.SIZE RFC822.TEXT"},
        {SEL, "FETCH 1 (MODSEQ EMAILID THREADID SAVEDATE PREVIEW)",
         "FETCH 1 MODSEQ EMAILID THREADID SAVEDATE PREVIEW"},
        {SEL, "FETCH 1 (PREVIEW (LAZY) UID)", "FETCH 1 PREVIEW (LAZY) UID"},
        {SEL, "FETCH 1 PREVIEW (LAZY)", "FETCH 1 PREVIEW (LAZY)"},
        {SEL, "FETCH 1 PREVIEW (CHANGEDSINCE 5)", "FETCH 1 PREVIEW since 5"},
        {SEL, "FETCH 1 (ENVELOPE BODYSTRUCTURE INTERNALDATE)", "FETCH 1 ENVELOPE BODYSTRUCTURE INTERNALDATE"},
        {SEL, "FETCH 1 BODY[]<9223372036854775807.9223372036854775807>",
         "FETCH 1 BODY[]<9223372036854775807.9223372036854775807>"},
        {SEL, "STORE 1 FLAGS ()", "STORE 1 = ()"},
        {SEL, "STORE 1 +FLAGS \\Seen", "STORE 1 + (\\Seen)"},
        {SEL, "STORE 1 -flags.silent (\\deleted $Junk kw)", "STORE 1 - silent (\\Deleted $Junk kw)"},
        {SEL, "STORE 1 +FLAGS a b \\Draft", "STORE 1 + (\\Draft a b)"},
        {SEL, "UID STORE 1:2 (UNCHANGEDSINCE 0) FLAGS (\\Answered \\Flagged)",
         "UID STORE 1:2 = (\\Answered \\Flagged) unless 0"},
    };
    check_rows(rows, COUNT_OF(rows), false);
}

static void test_search(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {SEL, "SEARCH ALL", "SEARCH [all]"},
        {SEL, "UID SEARCH UNSEEN", "UID SEARCH [not[flag 8]]"},
        {SEL, "SEARCH NEW", "SEARCH [and[flag 32][not[flag 8]]]"},
        {SEL, "SEARCH OLD", "SEARCH [not[flag 32]]"},
        {SEL, "SEARCH ANSWERED DELETED DRAFT FLAGGED RECENT SEEN",
         "SEARCH [and[flag 1][flag 4][flag 16][flag 2][flag 32][flag 8]]"},
        {SEL, "SEARCH UNANSWERED UNDELETED UNDRAFT UNFLAGGED",
         "SEARCH [and[not[flag 1]][not[flag 4]][not[flag 16]][not[flag 2]]]"},
        {SEL, "SEARCH KEYWORD $Junk UNKEYWORD x", "SEARCH [and[keyword <$Junk>][not[keyword <x>]]]"},
        {SEL, "SEARCH FROM a TO b CC c BCC d SUBJECT \"e f\"",
         "SEARCH [and[header <From> <a>][header <To> <b>][header <Cc> <c>][header <Bcc> <d>][header "
         "<Subject> <e f>]]"},
        {SEL, "SEARCH HEADER Message-ID <a@b>", "SEARCH [header <Message-ID> <<a@b>>]"},
        {SEL, "SEARCH HEADER X-A \"\"", "SEARCH [header <X-A> <>]"},
        {SEL, "SEARCH BODY a TEXT {3}\r\nb c", "SEARCH [and[body <a>][text <b c>]]"},
        {SEL, "SEARCH BEFORE 1-Jan-1970 ON \"2-Jan-1970\" SINCE 29-feb-2024",
         "SEARCH [and[beforer 0][onr 1][sincer 19782]]"},
        {SEL, "SEARCH SENTBEFORE 1-Jan-1970 SENTON 31-Dec-1969 SENTSINCE 1-Jan-0001",
         "SEARCH [and[befores 0][ons -1][sinces -719162]]"},
        {SEL, "SEARCH SAVEDBEFORE 1-Jan-1970 SAVEDON 1-Jan-1970 SAVEDSINCE 31-Dec-9999 SAVEDATESUPPORTED",
         "SEARCH [and[beforeS 0][onS 0][sinceS 2932896][saves]]"},
        {SEL, "SEARCH LARGER 0 SMALLER 9223372036854775807",
         "SEARCH [and[larger][smaller 9223372036854775807]]"},
        {SEL, "SEARCH OLDER 86400 YOUNGER 4294967295", "SEARCH [and[older 86400][younger 4294967295]]"},
        {SEL, "SEARCH 1:5,7 UID 3:* $", "SEARCH [and[numbers 1:5,7][uids *3-3][numbers $]]"},
        {SEL, "SEARCH UID $", "SEARCH [uids $]"},
        {SEL, "SEARCH *", "SEARCH [numbers *0-0]"},
        {SEL, "SEARCH MODSEQ 620162338", "SEARCH [modseq 620162338]"},
        {SEL, "SEARCH MODSEQ \"/flags/\\\\draft\" all 5", "SEARCH [modseq 5]"},
        {SEL, "SEARCH EMAILID M1-_ THREADID T2", "SEARCH [and[emailid <M1-_>][threadid <T2>]]"},
        {SEL, "SEARCH FUZZY BODY a", "SEARCH [~body <a>]"},
        {SEL, "SEARCH FUZZY (FROM a NOT SEEN)", "SEARCH [~and[header <From> <a>][not[flag 8]]]"},
        {SEL, "SEARCH FUZZY UNSEEN", "SEARCH [~not[flag 8]]"},
        {SEL, "SEARCH OR SEEN OR DRAFT NOT FLAGGED", "SEARCH [or[flag 8][or[flag 16][not[flag 2]]]]"},
        {SEL, "SEARCH OR (SEEN DRAFT) (DELETED)", "SEARCH [or[and[flag 8][flag 16]][and[flag 4]]]"},
        {SEL, "SEARCH CHARSET UTF-8 SUBJECT {6}\r\ncaff\xc3\xa8", "SEARCH [header <Subject> <caff\xc3\xa8>]"},
        {SEL, "SEARCH CHARSET ISO-8859-1 SUBJECT {5}\r\ncaff\xe8",
         "SEARCH [header <Subject> <caff\xc3\xa8>]"},
        {SEL, "SEARCH charset \"US-ASCII\" TEXT a", "SEARCH [text <a>]"},
        {SEL, "SEARCH RETURN () SEEN", "SEARCH return 4 [flag 8]"},
        {SEL, "SEARCH RETURN (MIN MAX COUNT) SEEN", "SEARCH return 11 [flag 8]"},
        {SEL, "SEARCH RETURN (SAVE) CHARSET UTF-8 SEEN", "SEARCH return 16 [flag 8]"},
        {SEL, "SEARCH RETURN (PARTIAL 500:1 COUNT) ALL", "SEARCH return 136 page 1:500 [all]"},
        {SEL, "SEARCH RETURN (PARTIAL -1:-100 UPDATE CONTEXT) ALL", "SEARCH return 224 page -1:100 [all]"},
        {SEL, "SORT (SUBJECT REVERSE DATE) UTF-8 ALL", "SORT 5 -2 [all]"},
        {SEL,
         "UID SORT RETURN (ALL) (ARRIVAL CC FROM SIZE TO DISPLAYFROM REVERSE DISPLAYTO) US-ASCII 1:* SEEN",
         "UID SORT return 4 0 1 3 4 6 7 -8 [and[numbers *1-1][flag 8]]"},
        {SEL, "THREAD REFERENCES UTF-8 ALL", "THREAD [all]"},
        {SEL, "UID THREAD orderedsubject iso-8859-1 TEXT {1}\r\n\xe8", "UID THREAD [text <\xc3\xa8>]"},
    };
    check_rows(rows, COUNT_OF(rows), false);
}

static void test_append(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {IN, "APPEND a {3}\r\nabc", "APPEND 0 <a> () <abc>"},
        {IN, "APPEND a () {3+}\r\nabc", "APPEND 0 <a> () <abc>"},
        {IN, "APPEND a (\\Seen kw) \"24-Nov-2026 09:30:00 +0100\" {1}\r\nx",
         "APPEND 0 <a> (\\Seen kw) 1795509000+3600 <x>"},
        {IN, "APPEND a \" 1-Jan-1970 00:00:00 -0130\" ~{1}\r\nx", "APPEND 0 <a> () 5400-5400 <x>"},
        {IN, "APPEND a {1}\r\nx (\\Draft) {1}\r\ny \"01-Jan-1970 00:00:60 +0000\" {0}\r\n",
         "APPEND 0 <a> () <x> (\\Draft) <y> () 60+0 <>"},
        {IN, "APPEND a CATENATE (TEXT {1}\r\nx URL \"/INBOX/;UID=1\" TEXT {2}\r\nyz)",
         "APPEND 0 <a> () cat <x> url </INBOX/;UID=1> <yz>"},
        {IN, "APPEND a (\\Seen) UTF8 (~{2}\r\n\xc3\xa8)", "APPEND 0 <a> (\\Seen) utf8 <\xc3\xa8>"},
        {SEL, "REPLACE 4 a (\\Seen) {1}\r\nx", "REPLACE 4 <a> (\\Seen) <x>"},
        {SEL, "UID REPLACE * inbox {1}\r\nx", "UID REPLACE 0 <INBOX> () <x>"},
    };
    check_rows(rows, COUNT_OF(rows), false);
    SCOPED_BUF(out, 1000);
    parse(STR("a APPEND b {5}\r\nhello {2+}\r\nyo\r\n"), IN, false, true, &out);
    assert_str(buf_view(&out), "a APPEND 0 <b> () <> () <>");
    buf_clear(&out);
    parse(STR("a APPEND {5}\r\nhello {2+}\r\nyo\r\n"), IN, false, true, &out);
    assert_str(buf_view(&out), "BAD a literal stands where none of this size may");
}

static void test_admin(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {IN, "SETACL a joe lrs", "SETACL <a> <joe> =<lrs>"},
        {IN, "SETACL a -joe +cda0", "SETACL <a> <-joe> +<cda0>"},
        {IN, "SETACL a \"joe doe\" \"\"", "SETACL <a> <joe doe> =<>"},
        {IN, "SETACL a anyone -t", "SETACL <a> <anyone> -<t>"},
        {IN, "DELETEACL a joe", "DELETEACL <a> <joe>"},
        {IN, "GETACL a", "GETACL <a>"},
        {IN, "LISTRIGHTS a joe", "LISTRIGHTS <a> <joe>"},
        {IN, "MYRIGHTS a", "MYRIGHTS <a>"},
        {IN, "GETQUOTA \"\"", "GETQUOTA <>"},
        {IN, "GETQUOTAROOT inbox", "GETQUOTAROOT <INBOX>"},
        {IN, "SETQUOTA \"\" (STORAGE 512 MESSAGE 9223372036854775807)",
         "SETQUOTA <> STORAGE=512 MESSAGE=9223372036854775807"},
        {IN, "SETQUOTA \"\" ()", "SETQUOTA <>"},
        {IN, "GETMETADATA \"\" /shared/comment", "GETMETADATA <> </shared/comment>"},
        {IN, "GETMETADATA (MAXSIZE 1024 DEPTH 1) a (/shared/comment /private/comment)",
         "GETMETADATA <a> max 1024 depth 1 </shared/comment> </private/comment>"},
        {IN, "SETMETADATA a (/private/comment NIL /shared/x \"v\" /shared/y ~{3}\r\na{b /shared/z {1}\r\nc)",
         "SETMETADATA <a> </private/comment>=NIL </shared/x>=<v> </shared/y>=<a{b> </shared/z>=<c>"},
        {IN, "NOTIFY NONE", "NOTIFY none"},
        {IN,
         "NOTIFY SET (selected (MessageNew (UID BODY.PEEK[HEADER.FIELDS (From)]) MessageExpunge FlagChange))",
         "NOTIFY (0 events 7 UID BODY.PEEK[HEADER.FIELDS (From)])"},
        {IN,
         "NOTIFY SET STATUS (selected-delayed (MessageNew MessageExpunge)) (subtree (a \"b c\") NONE) "
         "(mailboxes x "
         "(MailboxName SubscriptionChange)) (personal (MailboxName))",
         "NOTIFY status (1 events 3) (5 <a> <b c> events 0) (6 <x> events 48) (3 events 16)"},
        {IN, "NOTIFY SET (inboxes (ServerMetadataChange MailboxMetadataChange)) (subscribed NONE)",
         "NOTIFY (2 events 192) (4 events 0)"},
    };
    check_rows(rows, COUNT_OF(rows), false);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {IN, "", ""},
        {IN, "a", ""},
        {IN, "a ", ""},
        {IN, " NOOP", ""},
        {IN, "+ NOOP", ""},
        {IN, "a+b NOOP", ""},
        {IN, "a  NOOP", ""},
        {IN, "a NOOP ", ""},
        {IN, "a NOOP x", ""},
        {IN, "a FROB", ""},
        {IN, "a UID", ""},
        {IN, "a UID NOOP", ""},
        {IN, "a UID UID FETCH 1 UID", ""},
        {SEL, "a EXPUNGE 1", ""},
        {SEL, "a UID EXPUNGE", ""},
        {NOT_IN, "a SELECT b", "log-in"},
        {IN, "a LOGIN a b", "before the log-in"},
        {IN, "a STARTTLS", "before the log-in"},
        {IN, "a FETCH 1 UID", "selected"},
        {NOT_IN, "a LOGIN a", ""},
        {NOT_IN, "a LOGIN a b c", ""},
        {NOT_IN, "a LOGIN  a b", ""},
        {NOT_IN, "a LOGIN a(b c", ""},
        {NOT_IN, "a LOGIN \"a\\b\" c", ""},
        {NOT_IN, "a LOGIN \"a\"b c", ""},
        {NOT_IN, "a LOGIN ~{1}\r\na c", ""},
        {NOT_IN, "a LOGIN a{1}\r\nb c", ""},
        {NOT_IN, "a AUTHENTICATE PLAIN a b", ""},
        {NOT_IN, "a AUTHENTICATE PLAIN !", ""},
        {NOT_IN, "a ID (\"a\")", ""},
        {NOT_IN, "a ID (a b)", ""},
        {NOT_IN, "a ID x", ""},
        {NOT_IN, "a ID (\"a\" \"b\"", ""},
        {IN, "a SELECT a ()", ""},
        {IN, "a SELECT a (FOO)", ""},
        {IN, "a SELECT a (QRESYNC (0 1))", ""},
        {IN, "a SELECT a (QRESYNC (1 0))", ""},
        {IN, "a SELECT a (QRESYNC (1 9223372036854775808))", ""},
        {IN, "a SELECT a (QRESYNC (1 2 1:*))", ""},
        {IN, "a SELECT a (QRESYNC (1 2 3 4))", ""},
        {IN, "a SELECT a (QRESYNC (1))", ""},
        {IN, "a SELECT a (QRESYNC (1 2) QRESYNC (1 2))", ""},
        {IN, "a SELECT &", "UTF-7"},
        {IN, "a SELECT a&b", "UTF-7"},
        {IN, "a SELECT \"caff\xc3\xa8\"", "UTF-7"},
        {IN, "a SELECT {3}\r\na\nb", "UTF-7"},
        {IN, "a SELECT &AAE-", "control"},
        {IN, "a SELECT &AIU-", "control"},
        {IN, "a SELECT &ICg-", "control"},
        {IN, "a SELECT a b", ""},
        {IN, "a CREATE a (USE (\\Foo))", "special use"},
        {IN, "a CREATE a (USE Drafts)", ""},
        {IN, "a CREATE", ""},
        {IN, "a RENAME a", ""},
        {IN, "a STATUS a ()", ""},
        {IN, "a STATUS a (FOO)", ""},
        {IN, "a STATUS a MESSAGES", ""},
        {IN, "a LIST \"\"", ""},
        {IN, "a LIST (RECURSIVEMATCH) \"\" *", "RECURSIVEMATCH"},
        {IN, "a LIST (FOO) \"\" *", ""},
        {IN, "a LIST \"\" ()", ""},
        {IN, "a LIST \"\" * RETURN", ""},
        {IN, "a LIST \"\" * RETURN (STATUS)", ""},
        {IN, "a LIST \"\" * FOO (CHILDREN)", ""},
        {IN, "a LSUB \"\" (a b)", ""},
        {SEL, "a FETCH 0 UID", ""},
        {SEL, "a FETCH 4294967296 UID", ""},
        {SEL, "a FETCH 1,,2 UID", ""},
        {SEL, "a FETCH 1", ""},
        {SEL, "a FETCH 1 ()", ""},
        {SEL, "a FETCH 1 (ALL)", ""},
        {SEL, "a FETCH 1 (UID", ""},
        {SEL, "a FETCH 1 UID FLAGS", ""},
        {SEL, "a FETCH 1 BODY[", ""},
        {SEL, "a FETCH 1 BODY[1", ""},
        {SEL, "a FETCH 1 BODY[1.]", ""},
        {SEL, "a FETCH 1 BODY[0]", ""},
        {SEL, "a FETCH 1 BODY[01]", ""},
        {SEL, "a FETCH 1 BODY[1.0]", ""},
        {SEL, "a FETCH 1 BODY[MIME]", ""},
        {SEL, "a FETCH 1 BODY[1.FOO]", ""},
        {SEL, "a FETCH 1 BODY[HEADER.FIELDS]", ""},
        {SEL, "a FETCH 1 BODY[HEADER.FIELDS ()]", ""},
        {SEL, "a FETCH 1 BODY[4294967296]", ""},
        {SEL, "a FETCH 1 BODY[]<0.0>", ""},
        {SEL, "a FETCH 1 BODY[]<0>", ""},
        {SEL, "a FETCH 1 BODY[]<-1.5>", ""},
        {SEL, "a FETCH 1 BODY[]<0.9223372036854775808>", ""},
        {SEL, "a FETCH 1 BINARY", ""},
        {SEL, "a FETCH 1 BINARY[HEADER]", ""},
        {SEL, "a FETCH 1 BINARY.SIZE[1]<0.1>", ""},
        {SEL, "a FETCH 1 FLAGS[]", ""},
        {SEL, "a FETCH 1 PREVIEW (EAGER)", ""},
        {SEL, "a FETCH 1 (PREVIEW ())", ""},
        {SEL, "a FETCH 1 FLAGS (CHANGEDSINCE 0)", ""},
        {SEL, "a FETCH 1 FLAGS (CHANGEDSINCE 5 VANISHED)", "UID FETCH"},
        {SEL, "a UID FETCH 1 FLAGS (VANISHED)", "CHANGEDSINCE"},
        {SEL, "a FETCH 1 FLAGS (PARTIAL 1:2)", "UID FETCH"},
        {SEL, "a UID FETCH 1 FLAGS (PARTIAL 1:-2)", "same side"},
        {SEL, "a UID FETCH 1 FLAGS (PARTIAL 0:2)", ""},
        {SEL, "a STORE 1 FLAGS", ""},
        {SEL, "a STORE 1 FLAG (\\Seen)", ""},
        {SEL, "a STORE 1 *FLAGS (\\Seen)", ""},
        {SEL, "a STORE 1 FLAGS (\\Recent)", "flag"},
        {SEL, "a STORE 1 FLAGS (\\Foo)", "flag"},
        {SEL, "a STORE 1 FLAGS (\\)", ""},
        {SEL, "a STORE 1 FLAGS (a%b)", ""},
        {SEL, "a STORE 1 () FLAGS (a)", ""},
        {SEL, "a STORE 1 (UNCHANGEDSINCE) FLAGS (a)", ""},
        {SEL, "a SEARCH", ""},
        {SEL, "a SEARCH FOO", ""},
        {SEL, "a SEARCH ()", ""},
        {SEL, "a SEARCH (SEEN", ""},
        {SEL, "a SEARCH OR SEEN", ""},
        {SEL, "a SEARCH NOT", ""},
        {SEL, "a SEARCH FUZZY", ""},
        {SEL, "a SEARCH SEEN)", ""},
        {SEL, "a SEARCH SINCE 30-Feb-2024", "date"},
        {SEL, "a SEARCH SINCE 29-Feb-2023", "date"},
        {SEL, "a SEARCH SINCE 1-Foo-2023", "date"},
        {SEL, "a SEARCH SINCE 001-Jan-2023", "date"},
        {SEL, "a SEARCH SINCE 1-Jan-99", "date"},
        {SEL, "a SEARCH SINCE 0-Jan-2023", "date"},
        {SEL, "a SEARCH SINCE 1-Jan-0000", "date"},
        {SEL, "a SEARCH OLDER 0", ""},
        {SEL, "a SEARCH LARGER -1", ""},
        {SEL, "a SEARCH SMALLER 9223372036854775808", ""},
        {SEL, "a SEARCH MODSEQ \"x\" foo 5", ""},
        {SEL, "a SEARCH CHARSET FOO TEXT a", "character set"},
        {SEL, "a SEARCH RETURN (FOO) ALL", ""},
        {SEL, "a SEARCH RETURN (PARTIAL 1:2 PARTIAL 3:4) ALL", ""},
        {SEL, "a SEARCH RETURN (ALL PARTIAL 1:2) ALL", ""},
        {SEL, "a SEARCH RETURN ALL", ""},
        {SEL, "a SORT () UTF-8 ALL", ""},
        {SEL, "a SORT (REVERSE) UTF-8 ALL", ""},
        {SEL, "a SORT (FOO) UTF-8 ALL", ""},
        {SEL, "a SORT (DATE) ALL", ""},
        {SEL, "a THREAD REFS UTF-8 ALL", ""},
        {IN, "a APPEND a", ""},
        {IN, "a APPEND a abc", ""},
        {IN, "a APPEND a \"abc\"", "date"},
        {IN, "a APPEND a (\\Seen)", ""},
        {IN, "a APPEND a \"24-Nov-2026 24:00:00 +0000\" {1}\r\nx", "date"},
        {IN, "a APPEND a \"4-Nov-2026 20:00:00 +0000\" {1}\r\nx", "date"},
        {IN, "a APPEND a \"24-Nov-2026 20:00:00 0000\" {1}\r\nx", "date"},
        {IN, "a APPEND a CATENATE ()", ""},
        {IN, "a APPEND a CATENATE (FOO {1}\r\nx)", ""},
        {IN, "a APPEND a UTF8 ({1}\r\nx)", "~"},
        {SEL, "a REPLACE 0 a {1}\r\nx", ""},
        {SEL, "a REPLACE 1:2 a {1}\r\nx", ""},
        {SEL, "a REPLACE 1 a {1}\r\nx {1}\r\ny", "one message"},
        {IN, "a SETACL a joe LRS", "rights"},
        {IN, "a SETQUOTA \"\" (STORAGE)", ""},
        {IN, "a SETQUOTA \"\" (STORAGE -1)", ""},
        {IN, "a GETMETADATA a comment", "annotation"},
        {IN, "a GETMETADATA a /a//b", "annotation"},
        {IN, "a GETMETADATA a /a/", "annotation"},
        {IN, "a GETMETADATA a \"/a*\"", "annotation"},
        {IN, "a GETMETADATA (DEPTH 2) a /a", ""},
        {IN, "a SETMETADATA a ()", ""},
        {IN, "a SETMETADATA a (/a)", ""},
        {IN, "a NOTIFY", ""},
        {IN, "a NOTIFY SET", ""},
        {IN, "a NOTIFY SET (foo NONE)", ""},
        {IN, "a NOTIFY SET (selected (MessageNew))", "together"},
        {IN, "a NOTIFY SET (selected (FlagChange))", "together"},
        {IN, "a NOTIFY SET (selected (Foo))", "event"},
        {IN, "a NOTIFY SET (subtree NONE)", ""},
        {IN, "a ENABLE", ""},
        {IN, "a COMPRESS", ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_BUF(line, 1 << 16);
        SCOPED_BUF(out, 1 << 16);
        buf_addf(&line, "%s\r\n", rows[i].in);
        parse(buf_view(&line), rows[i].state, false, false, &out);
        if (!str_starts(buf_view(&out), STR("BAD ")) && !str_starts(buf_view(&out), STR("NO [")))
            fail_msg("%s: %s", rows[i].in, buf_c(&out));
        if (str_find(buf_view(&out), str_c(rows[i].out), 0) == SIZE_MAX)
            fail_msg("%s: %s; wanted something on \"%s\"", rows[i].in, buf_c(&out), rows[i].out);
    }
}

/* What is bounded is refused as such, and nothing overflows the stack. */
static void test_hostile(void **state)
{
    (void)state;
    static const struct {
        const char *before, *again, *after;
        size_t times;
        const char *wanted;
    } rows[] = {
        {"SEARCH ", "NOT ", "SEEN", 100000, "NO [LIMIT] search keys"},
        {"SEARCH ", "(", "SEEN", 100000, "NO [LIMIT] search keys"},
        {"SEARCH ", "OR ", "SEEN", 100000, "NO [LIMIT] search keys"},
        {"SEARCH ", "FUZZY ", "SEEN", 100000, "NO [LIMIT] search keys"},
        {"SEARCH ALL", " SEEN", "", 1000, "NO [LIMIT] the command names"},
        {"FETCH 1", ",3", " UID", 1000, "NO [LIMIT] the set"},
        {"FETCH 1 BODY[1", ".1", "]", 100000, "NO [LIMIT] the command names"},
        {"FETCH 1 (UID", " UID", ")", 1000, "NO [LIMIT] the command names"},
        {"STORE 1 FLAGS (a", " b", ")", 1000, "NO [LIMIT] the command names"},
        {"SELECT a", "b", "", 2000, "NO [CANNOT] the name"},
        {"SEARCH KEYWORD k", "k", "", 2000, "NO [LIMIT] the name"},
        {"ID (\"a\" NIL", " \"b\" NIL", ")", 31, "BAD ID has"},
        {"FETCH 1", "0", " UID", 100000, "BAD the set"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SCOPED_BUF(line, 1 << 21);
        SCOPED_BUF(out, 1 << 16);
        buf_addf(&line, "a %s", rows[i].before);
        for (size_t n = 0; n < rows[i].times; n++)
            buf_addz(&line, rows[i].again);
        buf_addf(&line, "%s\r\n", rows[i].after);
        parse(buf_view(&line), SEL, false, false, &out);
        if (!str_starts(buf_view(&out), str_c(rows[i].wanted)))
            fail_msg("%s…: %s", rows[i].before, buf_c(&out));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session), cmocka_unit_test(test_mailboxes), cmocka_unit_test(test_messages),
        cmocka_unit_test(test_search),  cmocka_unit_test(test_append),    cmocka_unit_test(test_admin),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
