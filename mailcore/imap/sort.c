/* mailcore/imap/sort.c: keys of headers, and the comparison of two messages. */
#include "mailcore/imap/sort.h"
#include "core/fold.h"
#include "formats/header.h"
#include "formats/mailaddr.h"
#include "formats/mailsubject.h"
#include "formats/mime_word.h"

#include <stdlib.h>

enum { FOLDS_TO = 54 }; /* a character of UTF-8 becomes at most that many times its bytes */

static const struct {
    struct str field;
    bool display;
} sources[] = {
    [IMAP_SORT_ARRIVAL] = {STR_INIT(""), false},    [IMAP_SORT_CC] = {STR_INIT("Cc"), false},
    [IMAP_SORT_DATE] = {STR_INIT("Date"), false},   [IMAP_SORT_FROM] = {STR_INIT("From"), false},
    [IMAP_SORT_SIZE] = {STR_INIT(""), false},       [IMAP_SORT_SUBJECT] = {STR_INIT("Subject"), false},
    [IMAP_SORT_TO] = {STR_INIT("To"), false},       [IMAP_SORT_DISPLAYFROM] = {STR_INIT("From"), true},
    [IMAP_SORT_DISPLAYTO] = {STR_INIT("To"), true},
};

static enum status folded(struct arena *a, struct str utf8, struct str *out)
{
    SCOPED_BUF(text, utf8.n * FOLDS_TO + 1);
    fold_unicode(&text, utf8);
    if (text.st != OK)
        return text.st;
    *out = arena_str(a, buf_view(&text));
    return out->p ? OK : a->st;
}

enum status imap_base_subject(struct arena *a, struct str value, size_t field, struct str *out, bool *reply)
{
    struct str raw = str_slice(value, 0, field);
    SCOPED_BUF(text, raw.n * 4 + 16);
    enum status st = mime_words(a, raw, &text);
    if (st == OK)
        st = text.st;
    return st == OK ? folded(a, mail_base_subject(buf_view(&text), reply), out) : st;
}

/* RFC 5957 section 3: the name that is shown, otherwise the address. */
static enum status display_name(struct arena *a, const struct mailaddr *box, struct str *out)
{
    SCOPED_BUF(text, box->name.n * 4 + box->local.n + box->domain.n + 16);
    enum status st = OK;
    if (box->name.n)
        st = mime_words(a, box->name, &text);
    if (st == OK && !text.n) {
        buf_add(&text, box->local);
        buf_addc(&text, '@');
        buf_add(&text, box->domain);
    }
    if (st == OK)
        st = text.st;
    return st == OK ? folded(a, buf_view(&text), out) : st;
}

/* Of the first address: its local part, or how it is shown. Without one the empty text. */
static enum status address_key(struct arena *a, struct str value, bool display, struct str *out)
{
    struct mailaddr *list;
    enum status st = mailaddr_parse(a, value, 2, &list); /* a group may stand before it */
    *out = STR("");
    while (st == OK && list && list->kind != MAILADDR_BOX)
        list = list->next;
    if (st != OK || !list)
        return st;
    return display ? display_name(a, list, out) : folded(a, list->local, out);
}

static enum status read_key(struct arena *a, struct str head, enum imap_sort_key key, size_t field,
                            struct imap_sort_row *row)
{
    struct str value = sources[key].field.n ? header_find(head, sources[key].field) : STR_NONE;
    struct maildate date;
    bool reply;
    switch (key) {
    case IMAP_SORT_DATE:
        row->date = value.p && maildate_parse(value, &date) == OK ? date.at : row->arrival;
        return OK;
    case IMAP_SORT_SUBJECT:
        return imap_base_subject(a, value, field, &row->texts[key], &reply);
    case IMAP_SORT_CC:
    case IMAP_SORT_FROM:
    case IMAP_SORT_TO:
    case IMAP_SORT_DISPLAYFROM:
    case IMAP_SORT_DISPLAYTO:
        return address_key(a, str_slice(value, 0, field), sources[key].display, &row->texts[key]);
    case IMAP_SORT_ARRIVAL:
    case IMAP_SORT_SIZE:
    default:
        return OK;
    }
}

enum status imap_sort_read(struct arena *a, struct str head, const struct imap_sort_criterion *criteria,
                           size_t count, size_t field, struct imap_sort_row *row)
{
    enum status st = OK;
    unsigned seen = 0;
    for (size_t i = 0; i < count && st == OK; i++) {
        if (!(seen >> criteria[i].key & 1))
            st = read_key(a, head, criteria[i].key, field, row);
        seen |= 1U << criteria[i].key;
    }
    return st;
}

struct order {
    const struct imap_sort_criterion *criteria;
    size_t count;
};

static int by_number(uint64_t l, uint64_t r)
{
    return (l > r) - (l < r);
}

static int by_time(int64_t l, int64_t r)
{
    return (l > r) - (l < r);
}

static int compare_key(enum imap_sort_key key, const struct imap_sort_row *l, const struct imap_sort_row *r)
{
    switch (key) {
    case IMAP_SORT_ARRIVAL:
        return by_time(l->arrival, r->arrival);
    case IMAP_SORT_DATE:
        return by_time(l->date, r->date);
    case IMAP_SORT_SIZE:
        return by_number(l->size, r->size);
    case IMAP_SORT_CC:
    case IMAP_SORT_FROM:
    case IMAP_SORT_SUBJECT:
    case IMAP_SORT_TO:
    case IMAP_SORT_DISPLAYFROM:
    case IMAP_SORT_DISPLAYTO:
    default:
        return str_cmp(l->texts[key], r->texts[key]);
    }
}

static int compare(const void *left, const void *right, void *ctx)
{
    const struct imap_sort_row *l = left, *r = right;
    const struct order *order = ctx;
    for (size_t i = 0; i < order->count; i++) {
        int c = compare_key(order->criteria[i].key, l, r);
        if (c)
            return order->criteria[i].reverse ? -c : c;
    }
    return by_number(l->number, r->number);
}

void imap_sort(const struct imap_sort_criterion *criteria, size_t criteria_count, struct imap_sort_row *rows,
               size_t count)
{
    struct order order = {criteria, criteria_count};
    if (count)
        qsort_r(rows, count, sizeof *rows, compare, &order);
}
