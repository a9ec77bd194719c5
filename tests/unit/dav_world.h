/* tests/unit/dav_world.h: what tests of DAV ask the engine of dav_engine.h, and judge its answers by. */
#ifndef SCAMBIO_TESTS_UNIT_DAV_WORLD_H
#define SCAMBIO_TESTS_UNIT_DAV_WORLD_H

#include "tests/unit/dav_engine.h"
#include "tests/unit/test.h"

/* The same with printf; what most tests use. */
__attribute__((format(printf, 3, 4))) static inline struct exchange *askf(struct world *w, const char *user,
                                                                          const char *format, ...)
{
    SCOPED_BUF(text, 64 << 20);
    va_list args;
    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    assert_ok(text.st);
    return ask(w, user, buf_view(&text));
}

static inline void assert_answer_(const struct exchange *x, int status, const char *part, const char *file,
                                  int line)
{
    struct str body = answer_body(x);
    if (x->t.resp.status == status && (!part || str_find(body, str_c(part), 0) != SIZE_MAX))
        return;
    print_error("%.*s %.*s\ngot    %d %.*s\nwanted %d %s\n", STR_ARG(x->t.req.method), STR_ARG(x->t.req.path),
                x->t.resp.status, STR_ARG(body), status, part ? part : "");
    _fail(file, line);
}
/* The status, and a part of the body (NULL: any). */
#define assert_answer(x, status, part) assert_answer_((x), (status), (part), __FILE__, __LINE__)
#define assert_not_in(x, part)         assert_true(str_find(answer_body(x), STR(part), 0) == SIZE_MAX)

/* ---- quota ---- */

struct quota_write {
    struct write write;
    int64_t account, quota;
};

static inline enum status run_quota(struct write *write, struct tx *tx)
{
    struct quota_write *q = CONTAINER_OF(write, struct quota_write, write);
    return tx_account_quota(tx, q->account, q->quota);
}

/* Leaves the user `room` bytes more than he uses. */
static inline void world_room(struct world *w, const char *user, int64_t room)
{
    struct login login;
    struct account account;
    SCOPED_ARENA(a, 1 << 20);
    world_login(w, &a, user, &login);
    {
        SCOPED_READ(tx, w->store);
        assert_ok(account_get(tx, login.actor.id, &account));
    }
    struct quota_write q = {.write = {.run = run_quota, .account = account.id},
                            .account = account.id,
                            .quota = account.used_bytes + room};
    assert_ok(store_run(w->store, &q.write));
}

#endif
