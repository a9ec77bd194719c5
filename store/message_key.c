/* store/message_key.c: what a message is listed, sorted and threaded by, from its header. */
#include "core/fold.h"
#include "formats/header.h"
#include "formats/maildate.h"
#include "formats/mailsubject.h"
#include "formats/mime_word.h"
#include "store/message_rows.h"

enum { TEXT_BYTES = 1000, ID_BYTES = 998, REFS_BYTES = 16 << 10 };

/* At most n bytes, whole characters. */
static struct str cut(struct str s, size_t n)
{
    if (s.n <= n)
        return s;
    while (n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return str_slice(s, 0, n);
}

static struct str raw(struct str head, struct str name, size_t most)
{
    return str_slice(header_find(head, name), 0, most);
}

/* A field as people read it. */
static enum status text_of(struct arena *a, struct str head, struct str name, size_t most, struct str *out)
{
    struct str value = raw(head, name, most);
    SCOPED_BUF(text, 4 * most + 64);
    *out = STR_NONE;
    if (!value.p)
        return OK;
    enum status st = mime_words(a, value, &text);
    if (st == OK && text.st == OK)
        *out = arena_str(a, cut(buf_view(&text), TEXT_BYTES));
    return st != OK ? st : text.st != OK ? text.st : a->st;
}

static enum status base_of(struct arena *a, struct mail_key *out)
{
    bool reply;
    SCOPED_BUF(folded, 64 << 10);
    if (!out->subject.p)
        return OK;
    fold_unicode(&folded, mail_base_subject(out->subject, &reply));
    out->base = arena_str(a, buf_view(&folded));
    return folded.st != OK ? folded.st : a->st;
}

static struct str first_id(struct str value)
{
    struct str id;
    return mail_next_id(&value, &id) && id.n && id.n <= ID_BYTES ? id : STR_NONE;
}

/* References names them all; of In-Reply-To the first counts (RFC 5256, REFERENCES, step 1). */
static enum status refs_of(struct arena *a, struct str head, size_t most, struct mail_key *out)
{
    SCOPED_BUF(refs, REFS_BYTES + ID_BYTES + 2);
    struct str value = raw(head, STR("References"), most), id;
    while (refs.n < REFS_BYTES && mail_next_id(&value, &id))
        if (id.n && id.n <= ID_BYTES)
            buf_addf(&refs, "<%.*s>", STR_ARG(id));
    id = refs.n ? STR_NONE : first_id(raw(head, STR("In-Reply-To"), most));
    if (id.p)
        buf_addf(&refs, "<%.*s>", STR_ARG(id));
    if (refs.n)
        out->refs = arena_str(a, buf_view(&refs));
    return refs.st != OK ? refs.st : a->st;
}

enum status mail_key_make(struct arena *a, struct str message, const struct mime_map *map,
                          const struct mime_limits *limits, struct mail_key *out)
{
    struct str head = mime_head(message, &map->parts[0]);
    struct maildate date;
    struct str id = first_id(raw(head, STR("Message-ID"), limits->field));
    *out = (struct mail_key){.sent = INT64_MIN, .msgid = arena_str(a, id)};
    if (maildate_parse(raw(head, STR("Date"), limits->field), &date) == OK)
        out->sent = date.at;
    enum status st = text_of(a, head, STR("Subject"), limits->field, &out->subject);
    if (st == OK)
        st = base_of(a, out);
    if (st == OK)
        st = text_of(a, head, STR("From"), limits->field, &out->from);
    if (st == OK)
        st = text_of(a, head, STR("To"), limits->field, &out->to);
    if (st == OK)
        st = text_of(a, head, STR("Cc"), limits->field, &out->cc);
    if (st == OK)
        st = refs_of(a, head, limits->field, out);
    return st != OK ? st : mail_preview(a, message, map, &out->preview);
}
