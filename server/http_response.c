/* server/http_response.c: from struct http_response to the library's. */
#include "server/http_mhd.h"

#include "core/clock.h"

/* The body stays ours until exchange_end; a file's descriptor becomes the library's. */
static struct MHD_Response *make_response(struct exchange *x)
{
    struct http_response *r = &x->txn.resp;
    if (r->file < 0)
        return MHD_create_response_from_buffer(x->slice.length, r->body.p ? r->body.p + x->slice.from : NULL,
                                               MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *response =
        MHD_create_response_from_fd_at_offset64(x->slice.length, r->file, x->slice.from);
    if (response)
        r->file = -1;
    return response;
}

/* Header values are arena strings with a NUL behind them, and free of control characters (http_set). */
static bool add_headers(struct exchange *x, struct MHD_Response *response)
{
    const struct http_response *r = &x->txn.resp;
    for (size_t i = 0; i < r->header_count; i++)
        if (r->headers[i].value.n &&
            MHD_add_response_header(response, r->headers[i].name.p, r->headers[i].value.p) != MHD_YES)
            return false;
    bool last = atomic_load(&x->front->draining) || x->refused;
    return !last || MHD_add_response_header(response, "Connection", "close") == MHD_YES;
}

enum MHD_Result exchange_answer(struct exchange *x)
{
    if (!x->completed)
        x->slice = http_complete(&x->txn);
    x->completed = true;
    struct MHD_Response *response = make_response(x);
    if (!response)
        return MHD_NO;
    enum MHD_Result ok = MHD_NO;
    if (add_headers(x, response))
        ok = MHD_queue_response(x->mhd, (unsigned)x->txn.resp.status, response);
    MHD_destroy_response(response);
    int64_t budget = atomic_load(&x->front->idle_us) +
                     (int64_t)(x->slice.length / (uint64_t)atomic_load(&x->front->rate)) * 1000000;
    atomic_store(&x->conn->phase, HTTP_SENDING);
    atomic_store(&x->conn->deadline, clock_mono_us() + budget);
    x->state = EXCHANGE_ANSWERED;
    return ok;
}
