/* tests/unit/syncml_world.h: the SyncML engine in the world of dav_world.h, without HTTP; and what happens to its store from elsewhere:
 * over DAV, and read past the engine. */
#ifndef SCAMBIO_TESTS_UNIT_SYNCML_WORLD_H
#define SCAMBIO_TESTS_UNIT_SYNCML_WORLD_H

#include "directory/internal.h"
#include "store/device.h"
#include "syncml/syncml.h"
#include "tests/unit/dav_world.h"

struct rig {
    struct world w;
    struct syncml_sessions *sessions;
    struct syncml *sml;
    char app[64]; /* alice's app password */
};

static inline void rig_configure(struct rig *r)
{
    syncml_free(r->sml);
    assert_ok(syncml_new(r->sessions, r->w.conf, &r->sml));
}

static inline void rig_start(struct rig *r, const char *extra)
{
    struct principal p;
    SCOPED_BUF(password, 256);
    SCOPED_ARENA(a, 1 << 20);
    *r = (struct rig){0};
    world_start(&r->w, 1, extra);
    assert_ok(syncml_sessions_new(r->w.store, r->w.directory, &r->sessions));
    rig_configure(r);
    {
        SCOPED_READ(tx, r->w.store);
        assert_ok(directory_find(r->w.directory, tx, &a, STR("alice@example.test"), &p));
    }
    assert_ok(app_password_add(r->w.directory, p.id, STR("phone"), SCOPE_SYNCML, 0, &password));
    snprintf(r->app, sizeof r->app, "%s", buf_c(&password));
}

static inline void rig_stop(struct rig *r)
{
    syncml_free(r->sml);
    syncml_sessions_free(r->sessions);
    world_stop(&r->w);
}
/* ---- the other side ---- */

static inline void store_card(struct rig *r, const char *name, const char *fn, const char *tel)
{
    SCOPED_EXCHANGE(x) =
        askf(&r->w, "alice@example.test",
             "PUT /dav/addressbooks/alice@example.test/contacts/%s.vcf\n"
             "Content-Type: text/vcard\n\nBEGIN:VCARD\nVERSION:3.0\nUID:%s\nFN:%s Test\nN:%s;Test;;;\n"
             "TEL;TYPE=CELL:%s\nX-SECRET:kept\nEND:VCARD\n",
             name, name, fn, fn, tel);
    assert_true(x->t.resp.status / 100 == 2);
}

static inline void store_delete(struct rig *r, const char *path)
{
    SCOPED_EXCHANGE(x) = askf(&r->w, "alice@example.test", "DELETE /dav/%s\n\n", path);
    assert_int_equal(x->t.resp.status, 204);
}

struct tally {
    const char *text;
    int all, with;
};
static inline enum status tally_item(void *ctx, const struct item *item, struct str body)
{
    struct tally *t = ctx;
    (void)item;
    t->all++;
    t->with += t->text && str_find(body, str_c(t->text), 0) != SIZE_MAX;
    return OK;
}

/* Items of alice's collection, or those that hold the text. */
static inline int store_count(struct rig *r, enum collection_kind kind, const char *slug, const char *text)
{
    struct login login;
    struct collection c;
    struct tally t = {.text = text};
    SCOPED_ARENA(a, 1 << 20);
    world_login(&r->w, &a, "alice@example.test", &login);
    SCOPED_READ(tx, r->w.store);
    assert_ok(collection_find(tx, &a, &login.actor, login.actor.id, kind, str_c(slug), &c));
    assert_ok(item_each(tx, &login.actor, c.id, true, tally_item, &t));
    return text ? t.with : t.all;
}
static inline int cards(struct rig *r, const char *text)
{
    return store_count(r, KIND_ADDRESSBOOK, "contacts", text);
}

/* The seq of a collection: it moves with every change. */
static inline int64_t store_seq(struct rig *r, enum collection_kind kind, const char *slug)
{
    struct login login;
    struct collection c;
    SCOPED_ARENA(a, 1 << 20);
    world_login(&r->w, &a, "alice@example.test", &login);
    SCOPED_READ(tx, r->w.store);
    assert_ok(collection_find(tx, &a, &login.actor, login.actor.id, kind, str_c(slug), &c));
    return c.seq;
}

static inline void store_device(struct rig *r, struct arena *a, const char *id, struct device *out)
{
    struct login login;
    world_login(&r->w, a, "alice@example.test", &login);
    SCOPED_READ(tx, r->w.store);
    assert_ok(device_find(tx, a, login.actor.id, str_c(id), out));
}

#endif
