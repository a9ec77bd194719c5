/* tests/simulation/phone.c: what a simulated phone holds and remembers; see phone.h. */
#include "tests/simulation/phone_int.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void phone_faultf(struct phone *p, const char *format, ...)
{
    va_list args;
    if (p->fault[0])
        return; /* the first one counts */
    int n =
        snprintf(p->fault, sizeof p->fault, "%s, session %d, message %ld: ", p->devid, p->sessions, p->msg);
    va_start(args, format);
    vsnprintf(p->fault + n, sizeof p->fault - (size_t)n, format, args);
    va_end(args);
}

void phone_init(struct phone *p, const char *devid, const char *user, const char *password,
                const struct phone_ways *ways)
{
    *p = (struct phone){.devid = devid, .user = user, .password = password, .ways = *ways};
    p->out = BUF_INIT(1 << 20);
    p->arena = ARENA_INIT(64 << 20);
    for (enum db db = 0; db < DB_COUNT; db++) {
        p->stores[db].next_luid = 1;
        p->stores[db].partial = BUF_INIT(1 << 20);
    }
}

void phone_free(struct phone *p)
{
    buf_free(&p->out);
    arena_free(&p->arena);
    for (enum db db = 0; db < DB_COUNT; db++)
        buf_free(&p->stores[db].partial);
}

/* ---- items ---- */

struct phone_item *phone_find(struct phone *p, enum db db, struct str luid)
{
    struct phone_store *s = &p->stores[db];
    for (size_t i = 0; i < s->count; i++)
        if (str_eq(str_c(s->items[i].luid), luid))
            return &s->items[i];
    return NULL;
}

/* A new one has the next number, or is the one that was told by GUID before the session broke. */
struct phone_item *phone_add(struct phone *p, enum db db, const struct sample *c)
{
    struct phone_store *s = &p->stores[db];
    if (s->count == PHONE_ITEMS) {
        phone_faultf(p, "the phone is full: items are doubled again and again");
        return NULL;
    }
    struct phone_item *item = &s->items[s->count++];
    *item = (struct phone_item){.content = *c, .pending = ADDED};
    snprintf(item->luid, sizeof item->luid, "%d", s->next_luid++);
    return item;
}

/* What a session that may be resumed has confirmed is news again. */
static void unconfirm(struct phone *p, enum db db, const char *luid)
{
    for (size_t i = 0; i < p->confirmed_count[db]; i++)
        if (strcmp(p->confirmed[db][i], luid) == 0)
            p->confirmed[db][i][0] = '\0';
}

void phone_change(struct phone *p, enum db db, struct phone_item *item, const struct sample *c)
{
    unconfirm(p, db, item->luid);
    item->content = *c;
    if (item->pending == CLEAN)
        item->pending = CHANGED;
}

void phone_remove(struct phone *p, enum db db, struct phone_item *item)
{
    struct phone_store *s = &p->stores[db];
    *item = s->items[--s->count];
}

void phone_delete(struct phone *p, enum db db, struct phone_item *item)
{
    struct phone_store *s = &p->stores[db];
    unconfirm(p, db, item->luid);
    if (item->pending != ADDED && s->deleted_count < PHONE_ITEMS)
        snprintf(s->deleted[s->deleted_count++], sizeof s->deleted[0], "%s", item->luid);
    /* An Add of a session that was cut may have come through: a phone that wrote it down as "new" deletes it silently, but
     * most keep a journal by session and report the deletion. Ours does. */
    else if (s->deleted_count < PHONE_ITEMS && p->sessions)
        snprintf(s->deleted[s->deleted_count++], sizeof s->deleted[0], "%s", item->luid);
    phone_remove(p, db, item);
}

void phone_forget(struct phone *p)
{
    for (enum db db = 0; db < DB_COUNT; db++) {
        struct phone_store *s = &p->stores[db];
        s->last = 0;
        s->server_last[0] = '\0';
        phone_forget_maps(p, db);
        s->deleted_count = s->deleted_before = 0;
        for (size_t i = 0; i < s->count; i++)
            if (!s->items[i].orphan)
                s->items[i].pending = CLEAN;
    }
    p->can_resume = false;
}

bool phone_is_confirmed(const struct phone *p, enum db db, struct str luid)
{
    for (size_t i = 0; i < p->confirmed_count[db]; i++)
        if (str_eq(str_c(p->confirmed[db][i]), luid))
            return true;
    return false;
}

/* ---- log-in ---- */

static void md5(const void *data, size_t n, unsigned char out[16])
{
    if (!EVP_Digest(data, n, out, NULL, EVP_md5(), NULL))
        abort();
}

void phone_credential(const struct phone *p, struct buf *out)
{
    unsigned char hash[16];
    SCOPED_BUF(pair, 1024);
    buf_addf(&pair, "%s:%s", p->user, p->password);
    if (!p->ways.md5) {
        buf_base64(out, buf_view(&pair));
        return;
    }
    md5(pair.p, pair.n, hash);
    buf_clear(&pair);
    buf_base64(&pair, str_n(hash, sizeof hash));
    buf_addc(&pair, ':');
    buf_add(&pair, str_n(p->nonce, p->nonce_size));
    md5(pair.p, pair.n, hash);
    buf_base64(out, str_n(hash, sizeof hash));
}

/* ---- sessions ---- */

void phone_forget_maps(struct phone *p, enum db db)
{
    struct phone_store *s = &p->stores[db];
    for (size_t i = 0; i < s->map_count; i++) {
        struct phone_item *item = phone_find(p, db, str_c(s->maps[i].luid));
        if (item)
            item->orphan = true;
    }
    s->map_count = 0;
}

void phone_begin(struct phone *p, bool resume)
{
    p->resuming = resume && p->can_resume;
    for (enum db db = 0; db < DB_COUNT; db++) {
        struct phone_store *s = &p->stores[db];
        p->mode[db] = p->resuming ? p->resume_mode[db] : s->last ? SYNC_TWO_WAY : SYNC_SLOW;
        if (!p->resuming)
            p->confirmed_count[db] = 0;
        p->refused[db] = false;
        if (p->ways.forgets_maps)
            phone_forget_maps(p, db);
        s->partial_size = 0;
        buf_clear(&s->partial);
    }
    p->sessions++;
    p->state = PHONE_GOES_ON;
    p->phase = PHASE_INIT;
    p->msg = p->cmd = 0;
    p->anchor++;
    p->accepted = p->suspended = p->replan = false;
    p->attempts = 0;
    p->work_count = p->work_at = 0;
    p->wait_count = p->wait_next = 0;
    p->told_count = 0;
    p->query[0] = '\0';
    p->statuses = NULL;
    arena_reset(&p->arena);
    p->statuses = el_new(&p->arena, NULL, NO_TAG);
}

void phone_cut(struct phone *p)
{
    p->can_resume = p->ways.v12 && p->phase >= PHASE_CHANGES;
    for (enum db db = 0; db < DB_COUNT; db++)
        p->resume_mode[db] = p->mode[db];
    p->state = PHONE_OVER;
    p->suspend = false;
}
