/* tests/unit/dav_shards.h: the world of dav_world.h with all accounts in one shard, and spread over three: what people share must not look
 * different by where they are stored. The test includes this once and defines `fill`, which starts the world `w`. */
#ifndef SCAMBIO_TESTS_UNIT_DAV_SHARDS_H
#define SCAMBIO_TESTS_UNIT_DAV_SHARDS_H

#include "tests/unit/dav_world.h"

#define ALICE "alice@example.test"
#define BOB   "bob@example.test"

static struct world w;

static void fill(int shards);

static inline void expect(const char *user, const char *request, int status, const char *part)
{
    SCOPED_EXCHANGE(x) = ask(&w, user, str_c(request));
    assert_answer(x, status, part);
}

static inline int start_one(void **state)
{
    (void)state;
    fill(1);
    return 0;
}

static inline int start_three(void **state)
{
    (void)state;
    fill(3);
    return 0;
}

static inline int stop(void **state)
{
    (void)state;
    world_stop(&w);
    return 0;
}

#endif
