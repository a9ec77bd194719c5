/* mailcore/smtp/trace.c: the header is read by a machine that keeps the beginning of one name, so that a header of any size costs
 * nothing. */
#include "mailcore/smtp/trace.h"

#include "formats/maildate.h"

#include <inttypes.h>

enum place {
    FIRST_LINE, /* in the name of the first field */
    NAME,
    BEHIND_NAME, /* blanks before the colon */
    VALUE,
    LINE_START,
    BODY,
};

static const struct {
    struct str name;
    enum smtp_field field;
} fields[] = {
    {STR_INIT("Date"), SMTP_FIELD_DATE},         {STR_INIT("Message-ID"), SMTP_FIELD_MESSAGE_ID},
    {STR_INIT("From"), SMTP_FIELD_FROM},         {STR_INIT("Sender"), SMTP_FIELD_SENDER},
    {STR_INIT("Received"), SMTP_FIELD_RECEIVED}, {STR_INIT("Return-Path"), SMTP_FIELD_RETURN_PATH},
};

static void note_field(struct smtp_scan *scan)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (str_caseeq(fields[i].name, str_n(scan->name, scan->name_n))) {
            scan->seen |= fields[i].field;
            scan->received += fields[i].field == SMTP_FIELD_RECEIVED;
        }
    scan->name_n = 0;
    scan->any = true;
}

static enum place in_name(struct smtp_scan *scan, char c)
{
    if (c == ':' && scan->name_n) {
        note_field(scan);
        return VALUE;
    }
    if (c == ' ' || c == '\t')
        return scan->name_n ? BEHIND_NAME : BODY;
    if (c <= ' ' || c >= 0x7f || c == ':')
        return BODY;
    if (scan->name_n < sizeof scan->name)
        scan->name[scan->name_n++] = c;
    return scan->at == FIRST_LINE ? FIRST_LINE : NAME;
}

static enum place scan_step(struct smtp_scan *scan, char c)
{
    switch ((enum place)scan->at) {
    case BEHIND_NAME:
        if (c == ':')
            note_field(scan);
        return c == ':' ? VALUE : c == ' ' || c == '\t' ? BEHIND_NAME : BODY;
    case VALUE:
        return c == '\n' ? LINE_START : VALUE;
    case LINE_START:
        return c == ' ' || c == '\t' ? VALUE : in_name(scan, c);
    case BODY:
        return BODY;
    case FIRST_LINE:
    case NAME:
    default:
        return in_name(scan, c);
    }
}

void smtp_scan(struct smtp_scan *scan, struct str text)
{
    while (text.n && scan->at != BODY) {
        size_t skip = 1;
        if (scan->at == VALUE) {
            size_t end = str_chr(text, '\n', 0);
            skip = end == SIZE_MAX ? text.n : end + 1;
            scan->at = end == SIZE_MAX ? VALUE : LINE_START;
        } else {
            scan->at = (unsigned char)scan_step(scan, text.p[0]);
            bool empty = !scan->name_n && text.p[0] == '\r'; /* the end of a header, if of an empty one */
            scan->no_header = scan->at == BODY && !scan->any && !empty;
        }
        text = str_from(text, skip);
    }
}

/* ---- what is added ---- */
void smtp_protocol(struct buf *out, struct smtp_manner m)
{
    buf_addz(out, m.utf8 ? "UTF8" : !m.lmtp && m.extended ? "E" : "");
    buf_addz(out, m.lmtp ? "LMTP" : "SMTP");
    if (!m.lmtp && !m.extended)
        return;
    buf_addz(out, m.secure ? "S" : "");
    buf_addz(out, m.authenticated ? "A" : "");
}

static void write_peer(struct buf *out, const struct line_peer *peer)
{
    if (!peer->address.bits) {
        buf_addz(out, "(local socket)");
        return;
    }
    buf_addz(out, peer->address.bits == 128 ? "([IPv6:" : "([");
    net_text(out, &peer->address);
    buf_addz(out, "])");
}

static void write_id(struct buf *out, uint64_t id)
{
    buf_addf(out, "%016" PRIx64, id);
}

void smtp_trace_received(struct buf *out, const struct smtp_trace *t)
{
    buf_addz(out, "Received: from ");
    buf_add(out, t->helo.n ? t->helo : STR("unknown"));
    buf_addc(out, ' ');
    write_peer(out, t->peer);
    if (t->tls)
        buf_addf(out, "\r\n\t(using %s with cipher %s)", t->tls->version, t->tls->cipher);
    buf_addz(out, "\r\n\tby ");
    buf_add(out, t->hostname);
    buf_addf(out, " with %s id ", t->protocol);
    write_id(out, t->id);
    if (t->recipient) {
        buf_addz(out, "\r\n\tfor <");
        smtp_path_write(out, t->recipient);
        buf_addc(out, '>');
    }
    buf_addz(out, ";\r\n\t");
    maildate_write(out, (struct maildate){.at = t->now});
    buf_addz(out, "\r\n");
}

void smtp_trace_complete(struct buf *out, const struct smtp_scan *scan, const struct smtp_trace *t)
{
    if (!(scan->seen & SMTP_FIELD_DATE)) {
        buf_addz(out, "Date: ");
        maildate_write(out, (struct maildate){.at = t->now});
        buf_addz(out, "\r\n");
    }
    if (!(scan->seen & SMTP_FIELD_MESSAGE_ID)) {
        buf_addf(out, "Message-ID: <%" PRIx64 ".", (uint64_t)t->now);
        write_id(out, t->id);
        buf_addf(out, "@%.*s>\r\n", STR_ARG(t->hostname));
    }
}

void smtp_trace_prefix(struct buf *out, const struct smtp_path *sender, const struct smtp_path *recipient)
{
    buf_addz(out, "Return-Path: <");
    smtp_path_write(out, sender);
    buf_addz(out, ">\r\nDelivered-To: ");
    smtp_path_write(out, recipient);
    buf_addz(out, "\r\n");
}
