/* mailcore/imap/sort.h: SORT (RFC 5256) with DISPLAYFROM and DISPLAYTO (RFC 5957): what messages are compared by, taken out of their
 * headers once, and their order. Texts are compared under i;unicode-casemap. */
#ifndef SCAMBIO_MAILCORE_IMAP_SORT_H
#define SCAMBIO_MAILCORE_IMAP_SORT_H

#include "mailcore/imap/parse.h"

struct imap_sort_row {
    uint32_t number, uid; /* equal messages keep the order of their numbers */
    int64_t arrival;      /* INTERNALDATE, seconds since 1970 */
    int64_t date;         /* the Date field, or INTERNALDATE where there is none */
    uint64_t size;
    struct str texts[IMAP_SORT_DISPLAYTO + 1]; /* by enum imap_sort_key, folded; others are not looked at */
};

/* Fills in what the criteria need of a header: date and texts; `row->arrival` is set before. Texts live in the arena. `field` bounds the
 * bytes of a field that are looked at. E_MEMORY, TOO_LARGE: the arena is out. */
enum status imap_sort_read(struct arena *a, struct str head, const struct imap_sort_criterion *criteria,
                           size_t count, size_t field, struct imap_sort_row *row);

/* Puts the rows in order. */
void imap_sort(const struct imap_sort_criterion *criteria, size_t criteria_count, struct imap_sort_row *rows,
               size_t count);

/* The base subject (RFC 5256 section 2.1) of a raw Subject, folded, in the arena; *reply: it is a reply or forwarded. */
enum status imap_base_subject(struct arena *a, struct str value, size_t field, struct str *out, bool *reply);

#endif
