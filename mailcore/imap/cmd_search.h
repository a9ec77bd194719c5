/* mailcore/imap/cmd_search.h: SEARCH, SORT and THREAD over the selected mailbox. Each has the form of imap_run (ops.h). */
#ifndef SCAMBIO_MAILCORE_IMAP_CMD_SEARCH_H
#define SCAMBIO_MAILCORE_IMAP_CMD_SEARCH_H

#include "mailcore/imap/search_walk.h"

enum status imap_run_search(struct imap_call *c);
enum status imap_run_sort(struct imap_call *c);
enum status imap_run_thread(struct imap_call *c);

/* ---- cmd_search.c: what SEARCH and SORT answer by ---- */

/* What was found, in the order of the answer. */
struct imap_results {
    struct imap_call *call;
    bool modseqs; /* the search asked for MODSEQ: the answer has one */
    struct imap_hit {
        uint32_t number, uid;
        uint64_t modseq;
    } * hits;
    size_t count, cap;
};
enum status imap_results_add(struct imap_results *r, const struct imap_found *f);
/* Writes "* SEARCH", "* SORT" or "* ESEARCH", and keeps what SAVE keeps. */
enum status imap_results_write(struct imap_results *r, const char *name);
/* The search failed: nothing is saved (RFC 5182 section 2.1). */
void imap_results_fail(struct imap_call *c);

#endif
