/* tests/unit/store_fixture.h: a store in a temporary folder, closures written as functions, and failing
 * disks. */
#ifndef SCAMBIO_TESTS_UNIT_STORE_FIXTURE_H
#define SCAMBIO_TESTS_UNIT_STORE_FIXTURE_H

#include "store/rights.h"
#include "store/store.h"
#include "tests/unit/scratch_root.h"
#include "tests/unit/test.h"

#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

struct fixture {
    char dir[64];
    struct store *store;
    int shards;
};

static inline struct store_config fixture_config(const struct fixture *f)
{
    struct store_config c = store_config_default(f->dir);
    c.shards = f->shards;
    return c;
}

static inline void fixture_open(struct fixture *f)
{
    struct store_config c = fixture_config(f);
    SCOPED_BUF(why, 4096);
    if (store_open(&c, &f->store, &why) != OK) {
        print_error("%s\n", buf_c(&why));
        fail();
    }
}

static inline void fixture_start(struct fixture *f, int shards)
{
    *f = (struct fixture){.shards = shards};
    snprintf(f->dir, sizeof f->dir, "%.40s/scambio-store.XXXXXX", scratch_root());
    assert_non_null(mkdtemp(f->dir));
    fixture_open(f);
}

static inline void fixture_reopen(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
    fixture_open(f);
}

static int fixture_remove(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

static inline void fixture_end(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
    nftw(f->dir, fixture_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* Runs fn(ctx, tx) as one write and waits: the closure of a test. */
struct call {
    struct write write;
    enum status (*fn)(void *ctx, struct tx *tx);
    void *ctx;
};

static inline enum status call_run(struct write *w, struct tx *tx)
{
    struct call *call = CONTAINER_OF(w, struct call, write);
    return call->fn(call->ctx, tx);
}

static inline enum status fixture_write(struct fixture *f, int64_t account,
                                        enum status (*fn)(void *ctx, struct tx *tx), void *ctx)
{
    struct call call = {.write = {.run = call_run, .account = account, .bytes = 1000}, .fn = fn, .ctx = ctx};
    return store_run(f->store, &call.write);
}

#endif
