/* mailcore/imap/url.c: reading IMAP URLs. */
#include "mailcore/imap/url.h"
#include "core/http.h"

enum { PARTS_MOST = 100, URL_MOST = 16 << 10 };

static bool number(struct str s, uint32_t *out)
{
    uint64_t n;
    *out = 0;
    if (!str_u64(s, &n) || n == 0 || n > UINT32_MAX)
        return false;
    *out = (uint32_t)n;
    return true;
}

/* Takes "NAME=" off, in any case. */
static bool named(struct str *s, struct str name)
{
    if (!str_casestarts(*s, name))
        return false;
    *s = str_from(*s, name.n);
    return true;
}

static bool section_text(struct str word, struct imap_section *s)
{
    static const struct {
        struct str word;
        enum imap_section_text text;
    } words[] = {
        {STR_INIT("HEADER"), IMAP_SECTION_HEADER},
        {STR_INIT("TEXT"), IMAP_SECTION_TEXT},
        {STR_INIT("MIME"), IMAP_SECTION_MIME},
    };
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (str_caseeq(word, words[i].word)) {
            s->text = words[i].text;
            return s->text != IMAP_SECTION_MIME || s->depth > 0;
        }
    return false;
}

static enum status section(struct arena *a, struct str text, struct imap_section *out)
{
    struct str word;
    uint32_t *parts = ARENA_ARRAY(a, uint32_t, PARTS_MOST);
    if (!parts)
        return a->st;
    out->part = parts;
    while (str_split(&text, '.', &word)) {
        if (word.n && ascii_digit(word.p[0])) {
            if (out->depth >= PARTS_MOST || !number(word, &parts[out->depth]))
                return INVALID;
            out->depth++;
        } else {
            return !text.p && section_text(word, out) ? OK : INVALID;
        }
    }
    return OK;
}

static enum status partial(struct str text, struct imap_url *out)
{
    struct str offset;
    out->partial = true;
    (void)str_split(&text, '.', &offset);
    if (!str_u64(offset, &out->offset) || out->offset > INT64_MAX)
        return INVALID;
    if (text.p && (!str_u64(text, &out->octets) || !out->octets || out->octets > INT64_MAX))
        return INVALID;
    return OK;
}

/* ";UID=7", ";SECTION=1", ";PARTIAL=0.5", each once and in this order. */
static enum status message_part(struct arena *a, struct str *rest, struct imap_url *out)
{
    struct str segment;
    if (!str_split(rest, '/', &segment) || !named(&segment, STR(";UID=")) || !number(segment, &out->uid))
        return INVALID;
    enum status st = OK;
    bool more = str_split(rest, '/', &segment);
    if (more && named(&segment, STR(";SECTION="))) {
        struct str text;
        st = http_unescape(a, segment, false, &text);
        if (st == OK)
            st = section(a, text, &out->section);
        more = str_split(rest, '/', &segment);
    }
    if (st == OK && more) {
        st = named(&segment, STR(";PARTIAL=")) ? partial(segment, out) : INVALID;
        more = str_split(rest, '/', &segment);
    }
    return st == OK && more ? INVALID : st;
}

static enum status mailbox_part(struct arena *a, struct str text, struct imap_url *out)
{
    size_t at = str_chr(text, ';', 0);
    if (at != SIZE_MAX) {
        struct str validity = str_from(text, at);
        if (!named(&validity, STR(";UIDVALIDITY=")) || !number(validity, &out->uid_validity))
            return INVALID;
        text = str_slice(text, 0, at);
    }
    enum status st = http_unescape(a, text, true, &out->mailbox);
    return st == OK && (!out->mailbox.n || !str_utf8(out->mailbox)) ? INVALID : st;
}

enum status imap_url_parse(struct arena *a, struct str text, struct imap_url *out)
{
    *out = (struct imap_url){0};
    if (text.n > URL_MOST)
        return INVALID;
    if (str_casestarts(text, STR("/;UID=")))
        text = str_from(text, 1);
    if (str_starts(text, STR("/"))) {
        size_t at = 0; /* of the last "/;UID=": a name may have the delimiter in it */
        while (at < text.n && !str_casestarts(str_from(text, at), STR("/;UID=")))
            at++;
        if (at == text.n)
            return INVALID;
        enum status st = mailbox_part(a, str_slice(text, 1, at - 1), out);
        if (st != OK)
            return st;
        text = str_from(text, at + 1);
    }
    return message_part(a, &text, out);
}
