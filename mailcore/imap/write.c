/* mailcore/imap/write.c: responses of the server. */
#include "mailcore/imap/write.h"
#include "formats/caltime.h"
#include "mailcore/imap/utf7.h"

enum { QUOTED_MOST = 1000 }; /* longer strings go as literals */

static const int64_t LAST_SECOND = 253402300799; /* of the year 9999 */

void imap_write_literal(struct buf *out, struct str s)
{
    bool binary = s.n && memchr(s.p, '\0', s.n);
    buf_addf(out, "%s{%zu}\r\n", binary ? "~" : "", s.n);
    buf_add(out, s);
}

static bool can_quote(struct str s, bool utf8)
{
    if (s.n > QUOTED_MOST)
        return false;
    bool high = false;
    for (size_t i = 0; i < s.n; i++) {
        high |= (unsigned char)s.p[i] >= 0x80;
        if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
            return false;
    }
    return !high || (utf8 && str_utf8(s));
}

void imap_write_string(struct buf *out, struct str s, bool utf8)
{
    if (!s.p) {
        buf_add(out, STR("NIL"));
        return;
    }
    if (!can_quote(s, utf8)) {
        imap_write_literal(out, s);
        return;
    }
    buf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            buf_addc(out, '\\');
        buf_addc(out, s.p[i]);
    }
    buf_addc(out, '"');
}

static bool is_word(struct str s)
{
    size_t i = 0;
    while (i < s.n && (imap_is_atom(s.p[i]) || s.p[i] == ']'))
        i++;
    return i && i == s.n && !str_caseeq(s, STR("NIL"));
}

void imap_write_astring(struct buf *out, struct str s)
{
    if (is_word(s))
        buf_add(out, s);
    else
        imap_write_string(out, s, false);
}

void imap_write_mailbox(struct buf *out, struct str name, bool utf8)
{
    SCOPED_BUF(text, name.n * 4 + 8);
    if (!utf8 && imap_utf7_encode(&text, name) && text.st == OK)
        name = buf_view(&text);
    if (is_word(name))
        buf_add(out, name);
    else
        imap_write_string(out, name, utf8);
}

static const struct {
    enum imap_flag flag;
    struct str name;
} flag_names[] = {
    {IMAP_ANSWERED, STR_INIT("\\Answered")}, {IMAP_FLAGGED, STR_INIT("\\Flagged")},
    {IMAP_DELETED, STR_INIT("\\Deleted")},   {IMAP_SEEN, STR_INIT("\\Seen")},
    {IMAP_DRAFT, STR_INIT("\\Draft")},       {IMAP_RECENT, STR_INIT("\\Recent")},
};

void imap_write_flags(struct buf *out, const struct imap_flags *flags)
{
    bool any = false;
    buf_addc(out, '(');
    for (size_t i = 0; i < COUNT_OF(flag_names); i++) {
        if (!(flags->system & flag_names[i].flag))
            continue;
        if (any)
            buf_addc(out, ' ');
        any = true;
        buf_add(out, flag_names[i].name);
    }
    for (size_t i = 0; i < flags->count; i++) {
        if (any || i)
            buf_addc(out, ' ');
        buf_add(out, flags->keywords[i]);
    }
    buf_addc(out, ')');
}

void imap_write_date_time(struct buf *out, struct maildate date)
{
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const int minutes = date.offset / 60 % (24 * 60); /* the zone has no seconds */
    const unsigned zone = (unsigned)(minutes < 0 ? -minutes : minutes);
    const bool far = date.at > LAST_SECOND || date.at < -LAST_SECOND; /* a clock gone wild */
    const struct caltime t = caltime_from_seconds(far ? 0 : date.at + minutes * INT64_C(60));
    buf_addf(out, "\"%02d-%s-%04d %02d:%02d:%02d %c%02u%02u\"", t.day, months[t.month - 1], t.year, t.hour,
             t.minute, t.second, minutes < 0 ? '-' : '+', zone / 60, zone % 60);
}

/* ---- responses ---- */

void imap_write_status(struct buf *out, struct str tag, const char *status, const char *code,
                       const char *text)
{
    buf_add(out, tag.p ? tag : STR("*"));
    buf_addf(out, " %s ", status);
    if (code)
        buf_addf(out, "[%s] ", code);
    buf_addz(out, text);
    buf_add(out, STR("\r\n"));
}

void imap_write_fault(struct buf *out, struct str tag, const struct imap_fault *fault)
{
    imap_write_status(out, tag, fault->no ? "NO" : "BAD", fault->code, fault->why);
}

void imap_write_copyuid(struct buf *out, uint32_t validity, const struct imap_set *from,
                        const struct imap_set *to)
{
    buf_addf(out, "[COPYUID %u ", (unsigned)validity);
    imap_set_write(out, from);
    buf_addc(out, ' ');
    imap_set_write(out, to);
    buf_add(out, STR("] "));
}

void imap_write_appenduid(struct buf *out, uint32_t validity, const struct imap_set *uids)
{
    buf_addf(out, "[APPENDUID %u ", (unsigned)validity);
    imap_set_write(out, uids);
    buf_add(out, STR("] "));
}

void imap_write_search(struct buf *out, const struct imap_set *found, uint64_t modseq)
{
    buf_add(out, STR("* SEARCH"));
    for (size_t i = 0; i < found->count; i++)
        for (uint64_t n = found->ranges[i].first; n <= found->ranges[i].last; n++) {
            buf_addc(out, ' ');
            buf_u64(out, n);
        }
    if (modseq && found->count) {
        buf_add(out, STR(" (MODSEQ "));
        buf_u64(out, modseq);
        buf_addc(out, ')');
    }
    buf_add(out, STR("\r\n"));
}

static void add_number(struct buf *out, const char *name, uint64_t value)
{
    buf_addf(out, " %s ", name);
    buf_u64(out, value);
}

static void add_page(struct buf *out, const struct imap_esearch *e)
{
    const char *minus = e->page.from_end ? "-" : "";
    buf_addf(out, " PARTIAL (%s%u:%s%u ", minus, (unsigned)e->page.first, minus, (unsigned)e->page.last);
    if (e->paged.count)
        imap_set_write(out, &e->paged);
    else
        buf_add(out, STR("NIL"));
    buf_addc(out, ')');
}

/* MIN, MAX and ALL are left out when nothing was found (RFC 4731 section 3.1). */
void imap_write_esearch(struct buf *out, const struct imap_esearch *e)
{
    buf_add(out, STR("* ESEARCH (TAG "));
    imap_write_string(out, e->tag, false);
    buf_add(out, e->uid ? STR(") UID") : STR(")"));
    if (e->found.count && (e->returns & IMAP_RETURN_MIN))
        add_number(out, "MIN", e->found.ranges[0].first);
    if (e->found.count && (e->returns & IMAP_RETURN_MAX))
        add_number(out, "MAX", e->found.ranges[e->found.count - 1].last);
    if (e->returns & IMAP_RETURN_COUNT)
        add_number(out, "COUNT", e->count);
    if (e->found.count && (e->returns & IMAP_RETURN_ALL)) {
        buf_add(out, STR(" ALL "));
        imap_set_write(out, &e->found);
    }
    if (e->returns & IMAP_RETURN_PARTIAL)
        add_page(out, e);
    if (e->modseq && e->found.count)
        add_number(out, "MODSEQ", e->modseq);
    buf_add(out, STR("\r\n"));
}

void imap_write_vanished(struct buf *out, const struct imap_set *uids, bool earlier)
{
    if (!uids->count)
        return;
    buf_add(out, earlier ? STR("* VANISHED (EARLIER) ") : STR("* VANISHED "));
    imap_set_write(out, uids);
    buf_add(out, STR("\r\n"));
}

static const struct {
    unsigned bit;
    struct str name;
} attribute_names[] = {
    {IMAP_ATTR_NOINFERIORS, STR_INIT("\\Noinferiors")},
    {IMAP_ATTR_NOSELECT, STR_INIT("\\Noselect")},
    {IMAP_ATTR_NONEXISTENT, STR_INIT("\\NonExistent")},
    {IMAP_ATTR_HASCHILDREN, STR_INIT("\\HasChildren")},
    {IMAP_ATTR_HASNOCHILDREN, STR_INIT("\\HasNoChildren")},
    {IMAP_ATTR_MARKED, STR_INIT("\\Marked")},
    {IMAP_ATTR_UNMARKED, STR_INIT("\\Unmarked")},
    {IMAP_ATTR_SUBSCRIBED, STR_INIT("\\Subscribed")},
    {IMAP_ATTR_REMOTE, STR_INIT("\\Remote")},
    {IMAP_USE_ALL, STR_INIT("\\All")},
    {IMAP_USE_ARCHIVE, STR_INIT("\\Archive")},
    {IMAP_USE_DRAFTS, STR_INIT("\\Drafts")},
    {IMAP_USE_FLAGGED, STR_INIT("\\Flagged")},
    {IMAP_USE_JUNK, STR_INIT("\\Junk")},
    {IMAP_USE_SENT, STR_INIT("\\Sent")},
    {IMAP_USE_TRASH, STR_INIT("\\Trash")},
    {IMAP_USE_IMPORTANT, STR_INIT("\\Important")},
};

/* The extended data items of LIST (RFC 9051 section 6.3.9.6). */
static void add_extended(struct buf *out, const struct imap_list_line *line, bool utf8)
{
    const bool children = line->child_subscribed || line->child_special;
    buf_add(out, STR(" ("));
    if (children)
        buf_addf(out, "\"CHILDINFO\" (%s%s%s)", line->child_subscribed ? "\"SUBSCRIBED\"" : "",
                 line->child_subscribed && line->child_special ? " " : "",
                 line->child_special ? "\"SPECIAL-USE\"" : "");
    if (line->old_name.p) {
        buf_add(out, children ? STR(" \"OLDNAME\" (") : STR("\"OLDNAME\" ("));
        imap_write_mailbox(out, line->old_name, utf8);
        buf_addc(out, ')');
    }
    buf_addc(out, ')');
}

void imap_write_list(struct buf *out, const struct imap_list_line *line, bool utf8)
{
    bool any = false;
    buf_addf(out, "* %s (", line->name);
    for (size_t i = 0; i < COUNT_OF(attribute_names); i++) {
        if (!(line->attributes & attribute_names[i].bit))
            continue;
        if (any)
            buf_addc(out, ' ');
        any = true;
        buf_add(out, attribute_names[i].name);
    }
    buf_add(out, STR(") "));
    imap_write_string(out, line->delimiter ? str_n(&line->delimiter, 1) : STR_NONE, false);
    buf_addc(out, ' ');
    imap_write_mailbox(out, line->mailbox, utf8);
    if (line->child_subscribed || line->child_special || line->old_name.p)
        add_extended(out, line, utf8);
    buf_add(out, STR("\r\n"));
}

void imap_write_mailbox_status(struct buf *out, struct str mailbox, unsigned items,
                               const struct imap_status_values *v, bool utf8)
{
    const struct {
        enum imap_status_item item;
        const char *name;
        uint64_t value;
    } numbers[] = {
        {IMAP_STATUS_MESSAGES, "MESSAGES", v->messages},
        {IMAP_STATUS_RECENT, "RECENT", v->recent},
        {IMAP_STATUS_UIDNEXT, "UIDNEXT", v->uid_next},
        {IMAP_STATUS_UIDVALIDITY, "UIDVALIDITY", v->uid_validity},
        {IMAP_STATUS_UNSEEN, "UNSEEN", v->unseen},
        {IMAP_STATUS_DELETED, "DELETED", v->deleted},
        {IMAP_STATUS_SIZE, "SIZE", v->size},
        {IMAP_STATUS_HIGHESTMODSEQ, "HIGHESTMODSEQ", v->modseq},
        {IMAP_STATUS_DELETED_STORAGE, "DELETED-STORAGE", v->deleted_storage},
        {IMAP_STATUS_APPENDLIMIT, "APPENDLIMIT", v->append_limit},
    };
    buf_add(out, STR("* STATUS "));
    imap_write_mailbox(out, mailbox, utf8);
    buf_add(out, STR(" ("));
    const size_t start = out->n;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        if (!(items & numbers[i].item))
            continue;
        if (out->n > start)
            buf_addc(out, ' ');
        buf_addf(out, "%s ", numbers[i].name);
        if (numbers[i].item == IMAP_STATUS_APPENDLIMIT && !v->append_limited)
            buf_add(out, STR("NIL"));
        else
            buf_u64(out, numbers[i].value);
    }
    if (items & IMAP_STATUS_MAILBOXID)
        buf_addf(out, "%sMAILBOXID (%.*s)", out->n > start ? " " : "", STR_ARG(v->mailbox_id));
    buf_add(out, STR(")\r\n"));
}

/* ---- FETCH ---- */

struct imap_fetch_writer imap_fetch_begin(struct buf *out, uint32_t number, bool uid)
{
    buf_add(out, STR("* "));
    buf_u64(out, number);
    buf_add(out, uid ? STR(" UIDFETCH (") : STR(" FETCH ("));
    return (struct imap_fetch_writer){.out = out};
}

static void next(struct imap_fetch_writer *w, const char *name)
{
    if (w->any)
        buf_addc(w->out, ' ');
    w->any = true;
    buf_addz(w->out, name);
    if (*name)
        buf_addc(w->out, ' ');
}

void imap_fetch_name(struct imap_fetch_writer *w, const struct imap_fetch_item *item)
{
    next(w, "");
    imap_fetch_item_write(w->out, item, false);
    buf_addc(w->out, ' ');
}

void imap_fetch_text(struct imap_fetch_writer *w, const char *name, struct str raw)
{
    next(w, name);
    buf_add(w->out, raw);
}

void imap_fetch_number(struct imap_fetch_writer *w, const char *name, uint64_t value)
{
    next(w, name);
    buf_u64(w->out, value);
}

void imap_fetch_flags(struct imap_fetch_writer *w, const struct imap_flags *flags)
{
    next(w, "FLAGS");
    imap_write_flags(w->out, flags);
}

void imap_fetch_modseq(struct imap_fetch_writer *w, uint64_t modseq)
{
    next(w, "MODSEQ");
    buf_addc(w->out, '(');
    buf_u64(w->out, modseq);
    buf_addc(w->out, ')');
}

void imap_fetch_date(struct imap_fetch_writer *w, const char *name, const struct maildate *date)
{
    next(w, name);
    if (date)
        imap_write_date_time(w->out, *date);
    else
        buf_add(w->out, STR("NIL"));
}

void imap_fetch_end(struct imap_fetch_writer *w)
{
    buf_add(w->out, STR(")\r\n"));
}
