/* mailcore/relay/dsn.c: the three parts of a delivery status notification; see dsn.h. The sentences are in dsn_text.c. */
#include "mailcore/relay/dsn.h"

#include "core/clock.h"
#include "formats/header.h"
#include "formats/maildate.h"
#include "formats/mime_encode.h"
#include "mailcore/relay/dsn_text.h"

enum { DIAGNOSTIC_MAX = 900, SUBJECT_MAX = 200, BOUNDARY = 36 };

static const char *const action_names[DSN_ACTIONS] = {
    [DSN_FAILED] = "failed",   [DSN_DELAYED] = "delayed",   [DSN_DELIVERED] = "delivered",
    [DSN_RELAYED] = "relayed", [DSN_EXPANDED] = "expanded",
};

enum dsn_language dsn_language(struct str tag)
{
    bool italian =
        str_caseeq(tag, STR("it")) || str_casestarts(tag, STR("it-")) || str_casestarts(tag, STR("it_"));
    return italian ? DSN_ITALIAN : DSN_ENGLISH;
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

/* Does anything in it need the forms of RFC 6533? */
static bool is_global(const struct dsn *d)
{
    if (!is_ascii(d->sender))
        return true;
    for (size_t i = 0; i < d->count; i++)
        if (!is_ascii(d->recipients[i].address) || !is_ascii(d->recipients[i].original))
            return true;
    return false;
}

static void add_date(struct buf *out, int64_t at)
{
    maildate_write(out, (struct maildate){.at = at});
}

/* One line of a field: what would end it, or is no text, becomes a blank. */
static void add_value(struct buf *out, struct str s, size_t most)
{
    s = str_slice(s, 0, most);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        buf_addc(out, c < 0x20 || c == 0x7f ? ' ' : s.p[i]);
    }
}

static void add_field(struct buf *out, const char *name, const char *type, struct str value)
{
    if (!value.p)
        return;
    buf_addz(out, name);
    buf_addz(out, ": ");
    buf_addz(out, type);
    add_value(out, value, DIAGNOSTIC_MAX);
    buf_addz(out, "\r\n");
}

static void add_time(struct buf *out, const char *name, int64_t at)
{
    if (!at)
        return;
    buf_addf(out, "%s: ", name);
    add_date(out, at);
    buf_addz(out, "\r\n");
}

/* ---- the report's header ---- */

/* That of the worst that is told. */
static enum dsn_action gravest(const struct dsn *d)
{
    enum dsn_action worst = DSN_EXPANDED;
    for (size_t i = 0; i < d->count; i++)
        if (d->recipients[i].action < worst)
            worst = d->recipients[i].action;
    return worst;
}

static void add_head(struct buf *out, const struct dsn *d, const char *boundary, bool eight_bit)
{
    struct str head = str_slice(d->message, 0, header_size(d->message)),
               id = str_trim(header_find(head, STR("Message-ID")));
    buf_addz(out, "From: Mail Delivery System <MAILER-DAEMON@");
    add_value(out, d->hostname, SIZE_MAX);
    buf_addz(out, ">\r\nTo: <");
    add_value(out, d->sender, SIZE_MAX);
    buf_addz(out, ">\r\nSubject: ");
    buf_addz(out, dsn_sentences(d->language)->subject[gravest(d)]);
    buf_addz(out, "\r\nDate: ");
    add_date(out, d->now);
    buf_addf(out, "\r\nMessage-ID: <%s@", boundary);
    add_value(out, d->hostname, SIZE_MAX);
    buf_addz(out, ">\r\n");
    if (id.n && id.n < SUBJECT_MAX * 4) {
        add_field(out, "In-Reply-To", "", id);
        add_field(out, "References", "", id);
    }
    buf_addz(out, "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
                  "Content-Type: multipart/report; report-type=delivery-status;\r\n");
    buf_addf(out, "\tboundary=\"%s\"\r\n", boundary);
    if (eight_bit)
        buf_addz(out, "Content-Transfer-Encoding: 8bit\r\n");
    buf_addz(out, "\r\n");
}

/* ---- for people ---- */

static void tell_recipient(struct buf *text, const struct dsn_recipient *r, const struct dsn_sentences *say)
{
    buf_addz(text, "  ");
    add_value(text, r->address, DIAGNOSTIC_MAX);
    buf_addz(text, "\n");
    const char *reason = dsn_reason(say, r->status);
    if (reason && r->action <= DSN_DELAYED)
        buf_addf(text, "    %s\n", reason);
    if (r->remote.p) {
        buf_addf(text, "    %s ", say->host_said);
        add_value(text, r->remote, DIAGNOSTIC_MAX);
        buf_addz(text, ":\n");
    }
    if (r->diagnostic.p) {
        buf_addz(text, "    ");
        add_value(text, r->diagnostic, DIAGNOSTIC_MAX);
        buf_addz(text, "\n");
    }
    if (r->action == DSN_DELAYED && r->until) {
        buf_addf(text, "    %s ", say->until);
        add_date(text, r->until);
        buf_addz(text, "\n");
    }
    buf_addz(text, "\n");
}

static void add_text(struct buf *out, const struct dsn *d)
{
    const struct dsn_sentences *say = dsn_sentences(d->language);
    SCOPED_BUF(text, out->max);
    buf_addf(&text, "%s ", say->from);
    add_value(&text, d->hostname, DIAGNOSTIC_MAX);
    buf_addf(&text, ".\n\n");
    for (enum dsn_action action = 0; action < DSN_ACTIONS; action++) {
        bool said = false;
        for (size_t i = 0; i < d->count; i++) {
            if (d->recipients[i].action != action)
                continue;
            if (!said)
                buf_addf(&text, "%s\n\n", say->outcome[action]);
            said = true;
            tell_recipient(&text, &d->recipients[i], say);
        }
    }
    buf_addf(&text, "%s\n", d->whole ? say->message_below : say->header_below);
    buf_addz(out,
             "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n");
    buf_addf(out, "Content-Language: %s\r\n\r\n", say->tag);
    mime_quoted_encode(out, buf_view(&text));
    if (text.st && !out->st)
        out->st = text.st;
}

/* ---- for programs ---- */

static void add_status(struct buf *out, const struct dsn *d, bool global)
{
    const char *address_type = global ? "utf-8;" : "rfc822;";
    buf_addf(out, "Content-Type: message/%s\r\n%s\r\n", global ? "global-delivery-status" : "delivery-status",
             global ? "Content-Transfer-Encoding: 8bit\r\n" : "");
    add_field(out, "Original-Envelope-Id", "", d->envid);
    add_field(out, "Reporting-MTA", "dns;", d->hostname);
    add_time(out, "Arrival-Date", d->arrived);
    for (size_t i = 0; i < d->count; i++) {
        const struct dsn_recipient *r = &d->recipients[i];
        buf_addz(out, "\r\n");
        add_field(out, "Original-Recipient", "", r->original);
        add_field(out, "Final-Recipient", address_type, r->address);
        add_field(out, "Action", "", str_c(action_names[r->action]));
        add_field(out, "Status", "", r->status);
        add_field(out, "Remote-MTA", "dns;", r->remote);
        if (r->remote.p)
            add_field(out, "Diagnostic-Code", "smtp;", r->diagnostic);
        add_time(out, "Last-Attempt-Date", r->tried);
        add_time(out, "Will-Retry-Until", r->action == DSN_DELAYED ? r->until : 0);
    }
}

/* ---- the message ---- */

static void add_original(struct buf *out, const struct dsn *d, struct str original, bool eight_bit)
{
    const char *type = d->whole ? (is_global(d) ? "message/global" : "message/rfc822")
                                : (is_global(d) ? "message/global-headers" : "text/rfc822-headers");
    buf_addf(out, "Content-Type: %s\r\n%s\r\n", type, eight_bit ? "Content-Transfer-Encoding: 8bit\r\n" : "");
    buf_add(out, original);
    if (!str_ends(original, STR("\r\n")))
        buf_addz(out, "\r\n");
}

/* Of random, and so unlike any line of the message. */
static void make_boundary(char out[BOUNDARY])
{
    unsigned char raw[16];
    SCOPED_BUF(hex, BOUNDARY);
    random_bytes(raw, sizeof raw);
    buf_hex(&hex, str_n(raw, sizeof raw));
    memcpy(out, buf_c(&hex), hex.n + 1);
}

void dsn_write(struct buf *out, const struct dsn *d)
{
    char boundary[BOUNDARY] = "";
    struct str original = d->whole ? d->message : str_slice(d->message, 0, header_size(d->message));
    bool eight_bit = !is_ascii(original), global = is_global(d);
    make_boundary(boundary);
    add_head(out, d, boundary, eight_bit || global);
    buf_addf(out, "--%s\r\n", boundary);
    add_text(out, d);
    buf_addf(out, "\r\n--%s\r\n", boundary);
    add_status(out, d, global);
    buf_addf(out, "\r\n--%s\r\n", boundary);
    add_original(out, d, original, eight_bit);
    buf_addf(out, "\r\n--%s--\r\n", boundary);
}
