/* tests/unit/scratch.h: a store in a folder of its own for one test; the folder goes away with it. */
#ifndef SCAMBIO_TESTS_UNIT_SCRATCH_H
#define SCAMBIO_TESTS_UNIT_SCRATCH_H

#include "store/store.h"
#include "tests/unit/scratch_root.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct scratch {
    char dir[64];
    struct store_config config;
    struct store *s;
};

static inline void scratch_open(struct scratch *x)
{
    SCOPED_BUF(why, 4096);
    if (store_open(&x->config, &x->s, &why) != OK)
        fail_msg("store_open: %s", buf_c(&why));
}

static inline void scratch_reopen(struct scratch *x)
{
    store_close(x->s);
    scratch_open(x);
}

static inline int scratch_up(void **state)
{
    struct scratch *x = calloc(1, sizeof *x);
    snprintf(x->dir, sizeof x->dir, "%.40s/scratch-XXXXXX", scratch_root());
    if (!mkdtemp(x->dir))
        return -1;
    x->config = store_config_default(x->dir);
    const char *shards = getenv("SCAMBIO_TEST_SHARDS");
    x->config.shards = shards ? (int)strtol(shards, NULL, 10) : 1;
    scratch_open(x);
    *state = x;
    return 0;
}

static inline int scratch_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static inline int scratch_down(void **state)
{
    struct scratch *x = *state;
    store_close(x->s);
    nftw(x->dir, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
    free(x);
    return 0;
}

#endif
