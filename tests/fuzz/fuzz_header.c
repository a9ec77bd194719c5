/* Any bytes as a header: its fields are all of it, in order, and each is found again by its name; texts that are decoded are one line of
 * UTF-8 that decoding does not change again when nothing in it is encoded; what is encoded for a header comes back; structured
 * values fall apart into tokens that lie in them in order; addresses and parameters end. */
#include "formats/header.h"
#include "formats/mailaddr.h"
#include "formats/maildate.h"
#include "formats/mailsubject.h"
#include "formats/mime_encode.h"
#include "formats/mime_type.h"
#include "formats/mime_word.h"

#include <stdlib.h>

enum { MOST = 16 << 20, ADDRESSES = 50 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_line(struct str text)
{
    must(str_utf8(text));
    must(!memchr(text.p ? text.p : "", '\n', text.n) && !memchr(text.p ? text.p : "", '\r', text.n));
}

static void check_words(struct str value)
{
    SCOPED_ARENA(a, MOST);
    SCOPED_BUF(text, MOST);
    SCOPED_BUF(again, MOST);
    must(mime_words(&a, value, &text) == OK && text.st == OK);
    check_line(buf_view(&text));
    bool reply, more;
    struct str base = mail_base_subject(buf_view(&text), &reply);
    must(base.n <= text.n && (!base.n || (base.p >= text.p && base.p + base.n <= text.p + text.n)));
    must(mail_base_subject(base, &more).n == base.n);
    if (memmem(text.p ? text.p : "", text.n, "=?", 2))
        return;
    must(mime_words(&a, buf_view(&text), &again) == OK && again.st == OK);
    must(str_eq(str_trim(buf_view(&text)), str_trim(buf_view(&again))));
}

static void check_tokens(struct str value)
{
    struct header_token t;
    struct str rest = value;
    const char *at = value.p;
    while (header_token(&rest, "()<>[]:;@\\,/?=\"", &t)) {
        must(!t.text.n || (t.text.p >= at && t.text.p + t.text.n <= value.p + value.n));
        at = t.text.n ? t.text.p : at;
    }
    rest = value;
    while (header_token(&rest, "<>:;@,.", &t)) {
        SCOPED_BUF(plain, MOST);
        header_unquote(&plain, t.text);
        must(plain.st == OK && plain.n <= t.text.n);
    }
}

static void check_addresses(struct str value)
{
    struct mailaddr *list;
    size_t n = 0;
    SCOPED_ARENA(a, MOST);
    must(mailaddr_parse(&a, value, ADDRESSES, &list) == OK);
    for (; list; list = list->next)
        must(++n <= ADDRESSES * 2 + 2);
}

static void check_value(struct str value)
{
    struct maildate date;
    struct str rest = value, id;
    SCOPED_ARENA(a, MOST);
    check_words(value);
    check_tokens(value);
    check_addresses(value);
    maildate_parse(value, &date);
    while (mail_next_id(&rest, &id))
        must(!id.n || (id.p >= value.p && id.p + id.n <= value.p + value.n));
    mime_param(&a, mime_value(value).params, STR("charset"));
}

static void check_fields(struct str head)
{
    struct header_field field;
    struct str rest = head;
    const char *at = head.p;
    while (header_next(&rest, &field)) {
        must(field.raw.p >= at && field.raw.p + field.raw.n <= head.p + head.n && field.raw.n);
        must(field.name.n && field.name.p == field.raw.p);
        must(!field.value.n || field.value.p + field.value.n <= field.raw.p + field.raw.n);
        at = field.raw.p + field.raw.n;
        must(header_find(head, field.name).p != NULL);
        check_value(field.value);
    }
    must(header_size(head) <= head.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_n((const char *)data, size);
    check_fields(in);
    check_value(in);
    return 0;
}
