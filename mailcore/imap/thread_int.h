/* mailcore/imap/thread_int.h: a forest of messages, between the algorithms that plant it and the writer. */
#ifndef SCAMBIO_MAILCORE_IMAP_THREAD_INT_H
#define SCAMBIO_MAILCORE_IMAP_THREAD_INT_H

#include "mailcore/imap/thread.h"

enum { IMAP_NO_NODE = UINT32_MAX };

/* Nodes 0 … rows - 1 are the messages, those behind them stand for messages that are not here. */
struct imap_forest {
    const struct imap_thread_row *rows;
    size_t row_count;
    uint32_t *up; /* the parent, IMAP_NO_NODE of a root */
    bool *gone;   /* is no part of the answer */
    int64_t *date;
    size_t count, cap; /* nodes, and how many there is room for */
};

/* A table from texts to nodes. */
struct imap_table {
    struct str *keys;
    uint32_t *nodes;
    size_t mask;
};
/* Room for `most` texts. */
enum status imap_table_new(struct arena *a, size_t most, struct imap_table *t);
/* Where the text's node stands; *slot is IMAP_NO_NODE when it is new. The caller puts no more texts in than there is room for. */
uint32_t *imap_table_at(struct imap_table *t, struct str key);

/* Nodes of the forest that are not gone, sorted by parent (roots last), date and number. *order has *n of them. */
enum status imap_forest_sort(struct arena *a, struct imap_forest *f, uint32_t **order, size_t *n);
enum status imap_forest_write(struct arena *a, struct imap_forest *f, struct buf *out);

/* imap_references.c */
enum status imap_references(struct arena *a, struct imap_forest *f, size_t most);

#endif
