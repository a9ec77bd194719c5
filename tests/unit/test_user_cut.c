/* `user add`, a new member of a group and `user delete --purge`, killed before and behind each commit in turn: after the next start there is
 * either nothing or what was asked for, whole. */
#include "tests/unit/test.h" /* first: cmocka wants its headers so */

#include "directory/directory.h"
#include "store/db.h"
#include "store/doctor.h"
#include "store/mount.h"
#include "tests/unit/faulty_vfs.h"
#include "tests/unit/store_fixture.h"

#include <sys/wait.h>

#define CONF                                                                                                 \
    "[server]\nhostname = h.example.test\ndata = /d\ndomains = example.test\n[listen]\nhttp = 127.0.0.1:1\n"

enum { STEPS_MAX = 2000, SHARDS = 2 };

struct site {
    struct fixture f;
    struct conf *conf;
    struct directory *dir;
};

static void site_open(struct site *x)
{
    SCOPED_BUF(why, 4096);
    struct directory_config config = {.conf = x->conf};
    fixture_open(&x->f);
    assert_ok(directory_open(x->f.store, &config, &x->dir, &why));
}

static void site_close(struct site *x)
{
    directory_close(x->dir);
    store_close(x->f.store);
    x->dir = NULL;
    x->f.store = NULL;
}

static enum status add(struct site *x, const char *address, int64_t *id)
{
    SCOPED_BUF(why, 4096);
    struct user_new in = {.address = str_c(address),
                          .name = STR("Somebody"),
                          .lang = STR("en"),
                          .quota = 7777,
                          .collections = true};
    return user_add(x->dir, &in, id, &why);
}

/* NOT_FOUND or OK. */
static enum status find(struct site *x, const char *address, int64_t *id)
{
    SCOPED_ARENA(a, 1 << 16);
    SCOPED_READ(tx, x->f.store);
    struct principal p = {.id = 0};
    enum status st = directory_find(x->dir, tx, &a, str_c(address), &p);
    *id = p.id;
    return st;
}

/* Alice, whose calendar everybody and whose notes the group staff may read. */
static void site_start(struct site *x)
{
    SCOPED_BUF(why, 4096);
    SCOPED_ARENA(a, 1 << 16);
    int64_t alice, staff;
    struct collection calendar, notes;
    *x = (struct site){.conf = NULL};
    fixture_start(&x->f, SHARDS);
    store_close(x->f.store);
    assert_ok(conf_parse(STR(CONF), "test", &x->conf, &why));
    site_open(x);
    assert_ok(add(x, "alice@example.test", &alice));
    assert_ok(group_add(x->dir, STR("staff@example.test"), STR("Staff"), &staff, &why));
    {
        SCOPED_READ(tx, x->f.store);
        assert_ok(collection_find(tx, &a, &actor_system, alice, 0, STR("calendar"), &calendar));
        assert_ok(collection_find(tx, &a, &actor_system, alice, 0, STR("notes"), &notes));
    }
    struct acl_entry all = {PRINCIPAL_ANYONE, RIGHTS_READ}, some = {staff, RIGHTS_READ};
    assert_ok(acl_share(x->f.store, &actor_system, calendar.id, &all, 1));
    assert_ok(acl_share(x->f.store, &actor_system, notes.id, &some, 1));
    site_close(x);
}

static void site_end(struct site *x)
{
    fixture_end(&x->f);
    conf_unref(x->conf);
}

static void no_findings(struct site *x)
{
    size_t count;
    assert_ok(store_check(x->f.store, true, NULL, NULL, &count));
    assert_int_equal(count, 0);
}

static bool home_has(struct site *x, int64_t account, const char *slug)
{
    SCOPED_ARENA(a, 1 << 16);
    SCOPED_READ(tx, x->f.store);
    struct actor self = {.id = account};
    int64_t *groups;
    assert_ok(groups_of(tx, &a, account, &groups, &self.group_count));
    self.groups = groups;
    struct collection c;
    return collection_find(tx, &a, &self, account, 0, str_c(slug), &c) == OK;
}

/* Runs step() in a process that is killed at its n-th step (faulty_vfs.h); false when it came to its end before. */
static bool cut_off(struct site *x, long n, void (*step)(struct site *x, const char *address),
                    const char *address)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        site_open(x);
        atomic_store(&faulty_death, n);
        step(x, address);
        atomic_store(&faulty_death, 0);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        assert_int_equal(WTERMSIG(status), SIGKILL);
    else
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status);
}

/* ---- user add ---- */

static void step_add(struct site *x, const char *address)
{
    int64_t id;
    if (add(x, address, &id) != OK)
        _exit(1);
}

static bool judge_user(struct site *x, const char *address)
{
    struct account account;
    int64_t id;
    bool there = find(x, address, &id) == OK;
    if (there) {
        {
            SCOPED_READ(tx, x->f.store);
            assert_ok(account_get(tx, id, &account));
        }
        assert_int_equal(account.quota, 7777);
        assert_true(home_has(x, id, "calendar") && home_has(x, id, "contacts"));
        assert_true(home_has(x, id, "alice-calendar"));
    }
    no_findings(x);
    assert_status(add(x, address, &id), there ? EXISTS : OK);
    return there;
}

static void a_user_is_whole_or_not_there(void **state)
{
    (void)state;
    struct site x;
    long n = 1, whole = 0;
    char address[64];
    bool cut;
    site_start(&x);
    do {
        snprintf(address, sizeof address, "user%ld@example.test", n);
        cut = cut_off(&x, n, step_add, address);
        site_open(&x);
        whole += judge_user(&x, address);
        site_close(&x);
    } while (cut && n++ < STEPS_MAX);
    assert_true(n > 5 && whole > 3 && whole < n); /* it was cut before and behind the first commit */
    site_end(&x);
}

/* ---- group member add ---- */

static void step_join(struct site *x, const char *address)
{
    int64_t id, staff;
    if (find(x, address, &id) != OK || find(x, "staff@example.test", &staff) != OK ||
        group_set_member(x->dir, staff, id, true) != OK)
        _exit(1);
}

static void a_member_has_all_or_nothing(void **state)
{
    (void)state;
    struct site x;
    long n = 1;
    char address[64];
    bool cut;
    site_start(&x);
    do {
        int64_t id, staff;
        snprintf(address, sizeof address, "user%ld@example.test", n);
        site_open(&x);
        assert_ok(add(&x, address, &id));
        assert_ok(find(&x, "staff@example.test", &staff));
        site_close(&x);
        cut = cut_off(&x, n, step_join, address);
        site_open(&x);
        SCOPED_ARENA(a, 1 << 16);
        int64_t *groups;
        size_t count;
        {
            SCOPED_READ(tx, x.f.store);
            assert_ok(groups_of(tx, &a, id, &groups, &count));
        }
        assert_int_equal(home_has(&x, id, "alice-notes"), count == 1);
        no_findings(&x);
        site_close(&x);
    } while (cut && n++ < STEPS_MAX);
    assert_true(n > 3);
    site_end(&x);
}

/* ---- user delete --purge ---- */

static void step_purge(struct site *x, const char *address)
{
    int64_t id;
    if (find(x, address, &id) != OK || user_delete(x->dir, id, true) != OK)
        _exit(1);
}

/* A user whose calendar Alice sees, and who sees hers. */
static int64_t neighbour(struct site *x, const char *address, int64_t alice)
{
    SCOPED_ARENA(a, 1 << 16);
    struct collection calendar;
    int64_t id;
    assert_ok(add(x, address, &id));
    {
        SCOPED_READ(tx, x->f.store);
        assert_ok(collection_find(tx, &a, &actor_system, id, 0, STR("calendar"), &calendar));
    }
    struct acl_entry grant = {alice, RIGHTS_READ};
    assert_ok(acl_share(x->f.store, &actor_system, calendar.id, &grant, 1));
    return id;
}

/* True: he is gone for good, and so is every trace of him. */
static bool judge_purge(struct site *x, const char *address, const char *mount, int64_t id, int64_t alice)
{
    SCOPED_ARENA(a, 1 << 16);
    struct account account;
    struct principal p;
    int64_t job;
    bool gone;
    {
        SCOPED_READ(tx, x->f.store);
        assert_ok(principal_get(tx, &a, id, &p));
        gone = p.state == PRINCIPAL_DELETED;
        assert_status(account_get(tx, id, &account), gone ? NOT_FOUND : OK);
        assert_status(tx_purge_promised(tx, id, &job), NOT_FOUND);
    }
    assert_int_equal(home_has(x, alice, mount), !gone);
    assert_status(user_state(x->dir, id, PRINCIPAL_ACTIVE), gone ? GONE : OK);
    no_findings(x);
    if (gone)
        assert_ok(add(x, address, &id)); /* the address is free */
    return gone;
}

static void a_purge_is_done_or_not_begun(void **state)
{
    (void)state;
    struct site x;
    long n = 1, gone = 0;
    char address[64], mount[64];
    bool cut;
    site_start(&x);
    do {
        int64_t id, alice;
        snprintf(address, sizeof address, "user%ld@example.test", n);
        snprintf(mount, sizeof mount, "user%ld-calendar", n);
        site_open(&x);
        assert_ok(find(&x, "alice@example.test", &alice));
        id = neighbour(&x, address, alice);
        assert_true(home_has(&x, alice, mount));
        site_close(&x);
        cut = cut_off(&x, n, step_purge, address);
        site_open(&x);
        gone += judge_purge(&x, address, mount, id, alice);
        site_close(&x);
    } while (cut && n++ < STEPS_MAX);
    assert_true(n > 8 && gone > 5 && gone < n); /* it was cut before and behind the first commit */
    site_end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_is_whole_or_not_there),
        cmocka_unit_test(a_member_has_all_or_nothing),
        cmocka_unit_test(a_purge_is_done_or_not_begun),
    };
    faulty_install();
    db_set_vfs("faulty");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
