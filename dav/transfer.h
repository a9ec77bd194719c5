/* dav/transfer.h: COPY and MOVE: what both need before items (method_copymove.c) and collections (copy_collection.c) part. */
#ifndef SCAMBIO_DAV_TRANSFER_H
#define SCAMBIO_DAV_TRANSFER_H

#include "dav/methods.h"

struct transfer {
    struct write write;
    struct dav_request *r;
    struct resource from, to;
    struct dav_conditions conditions;
    bool move, overwrite;
    struct item_move_result result;
};

/* A collection: renamed in its home, or copied with all that is in it. Runs on a worker; ends in an answer. */
void transfer_collection(struct transfer *t);
/* The answer to any outcome. */
void transfer_answer(struct transfer *t, enum status st);
/* 403: the destination is no place for what is moved or copied. */
void transfer_refuse_place(struct transfer *t);

#endif
