/* formats/mime_envelope.c: the ENVELOPE of a header. */
#include "formats/header.h"
#include "formats/mailaddr.h"
#include "formats/mime_structure.h"

enum { QUOTED_MOST = 1000 }; /* RFC 9051 section 4.3: longer ones go as literals */

static bool can_quote(struct str s)
{
    if (s.n > QUOTED_MOST)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80 || s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
            return false;
    return true;
}

static void add_literal(struct buf *out, struct str s)
{
    size_t nuls = 0;
    for (size_t i = 0; i < s.n; i++)
        nuls += s.p[i] == '\0';
    buf_addf(out, "{%zu}\r\n", s.n - nuls);
    while (s.n) {
        size_t n = str_chr(s, '\0', 0);
        buf_add(out, str_slice(s, 0, n));
        s = n == SIZE_MAX ? STR_NONE : str_from(s, n + 1);
    }
}

void imap_nstring(struct buf *out, struct str s)
{
    if (!s.p) {
        buf_add(out, STR("NIL"));
    } else if (!can_quote(s)) {
        add_literal(out, s);
    } else {
        buf_addc(out, '"');
        for (size_t i = 0; i < s.n; i++) {
            if (s.p[i] == '"' || s.p[i] == '\\')
                buf_addc(out, '\\');
            buf_addc(out, s.p[i]);
        }
        buf_addc(out, '"');
    }
}

/* The fields of an envelope, in its order. */
enum { DATE, SUBJECT, FROM, SENDER, REPLY_TO, TO, CC, BCC, IN_REPLY_TO, MESSAGE_ID, FIELDS };

static const struct {
    struct str name;
    bool addresses;
} fields[FIELDS] = {
    [DATE] = {STR_INIT("Date"), false},
    [SUBJECT] = {STR_INIT("Subject"), false},
    [FROM] = {STR_INIT("From"), true},
    [SENDER] = {STR_INIT("Sender"), true},
    [REPLY_TO] = {STR_INIT("Reply-To"), true},
    [TO] = {STR_INIT("To"), true},
    [CC] = {STR_INIT("Cc"), true},
    [BCC] = {STR_INIT("Bcc"), true},
    [IN_REPLY_TO] = {STR_INIT("In-Reply-To"), false},
    [MESSAGE_ID] = {STR_INIT("Message-ID"), false},
};

static void collect(struct str head, size_t most, struct str values[FIELDS])
{
    struct header_field f;
    while (header_next(&head, &f))
        for (size_t i = 0; i < FIELDS; i++)
            if (!values[i].p && str_caseeq(f.name, fields[i].name)) {
                values[i] = str_slice(f.value, 0, most);
                break;
            }
}

static void add_text(struct buf *out, struct str value)
{
    SCOPED_BUF(line, value.n + 1);
    header_unfold(&line, value);
    imap_nstring(out, value.p ? buf_view(&line) : STR_NONE);
}

static void add_address(struct buf *out, const struct mailaddr *m)
{
    buf_addc(out, '(');
    if (m->kind == MAILADDR_BOX) {
        imap_nstring(out, m->name);
        buf_addc(out, ' ');
        imap_nstring(out, m->route);
        buf_addc(out, ' ');
        imap_nstring(out, m->local);
        buf_addc(out, ' ');
        imap_nstring(out, m->domain);
    } else {
        buf_add(out, STR("NIL NIL "));
        imap_nstring(out, m->kind == MAILADDR_GROUP ? m->name : STR_NONE);
        buf_add(out, STR(" NIL"));
    }
    buf_addc(out, ')');
}

/* Appends the list, NIL of an empty one. */
static enum status add_addresses(struct arena *a, struct buf *out, struct str value, size_t most)
{
    struct mailaddr *list;
    enum status st = mailaddr_parse(a, value, most, &list);
    if (st != OK)
        return st;
    if (!list) {
        buf_add(out, STR("NIL"));
        return OK;
    }
    buf_addc(out, '(');
    for (; list; list = list->next)
        add_address(out, list);
    buf_addc(out, ')');
    return OK;
}

enum status mime_envelope(struct arena *a, struct str head, const struct mime_limits *limits, struct buf *out)
{
    struct str values[FIELDS] = {{NULL, 0}};
    enum status st = OK;
    collect(head, limits->field, values);
    /* Sender and Reply-To are From when they are not there or empty. */
    if (!str_trim(values[SENDER]).n)
        values[SENDER] = values[FROM];
    if (!str_trim(values[REPLY_TO]).n)
        values[REPLY_TO] = values[FROM];
    for (size_t i = 0; i < FIELDS && st == OK; i++) {
        buf_addc(out, i ? ' ' : '(');
        if (fields[i].addresses)
            st = add_addresses(a, out, values[i], limits->addresses);
        else
            add_text(out, values[i]);
    }
    buf_addc(out, ')');
    return st;
}
