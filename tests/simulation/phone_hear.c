/* tests/simulation/phone_hear.c: what a simulated phone makes of the server's answers; see phone.h. */
#include "tests/simulation/phone_int.h"

#include <stdio.h>
#include <stdlib.h>

static bool is_code(int code, const int *list)
{
    for (; *list; list++)
        if (*list == code)
            return true;
    return false;
}
#define CODE_IN(code, ...) is_code((code), (const int[]){__VA_ARGS__, 0})

/* ---- Statuses ---- */

static void confirm(struct phone *p, enum db db, const char *luid)
{
    if (phone_is_confirmed(p, db, str_c(luid)) || p->confirmed_count[db] == PHONE_ITEMS)
        return;
    snprintf(p->confirmed[db][p->confirmed_count[db]++], sizeof p->confirmed[0][0], "%s", luid);
}

static void drop_maps(struct phone *p, long msg, long cmd)
{
    for (size_t i = 0; i < p->told_count; i++) {
        if (p->told[i].msg != msg || p->told[i].cmd != cmd)
            continue;
        struct phone_store *s = &p->stores[p->told[i].db];
        size_t n = p->told[i].count;
        n = n > s->map_count ? s->map_count : n;
        memmove(s->maps, s->maps + n, (s->map_count - n) * sizeof s->maps[0]);
        s->map_count -= n;
        for (size_t k = 0; k < p->told_count; k++) /* later Maps told the same ones again */
            if (p->told[k].db == p->told[i].db && k != i)
                p->told[k].count -= p->told[k].count < n ? p->told[k].count : n;
        p->told[i].count = 0;
    }
}

static void hear_status(struct phone *p, const struct el *status)
{
    long msg = el_int(status, T_MSGREF, -1), cmd = el_int(status, T_CMDREF, -1);
    int code = (int)el_int(status, T_DATA, 0);
    struct phone_wait *w = NULL;
    for (size_t i = p->wait_next; i < p->wait_count && !w; i++)
        if (p->waits[i].msg == msg && p->waits[i].cmd == cmd && !p->waits[i].answered)
            w = &p->waits[i];
    if (!w) {
        phone_faultf(p, "a Status %d for message %ld, command %ld: we wait for none", code, msg, cmd);
        return;
    }
    /* That of the SyncHdr is the first of its message, also before those for which the message before had no room. */
    if (w != &p->waits[p->wait_next] && w->command != T_SYNCHDR)
        phone_faultf(p, "a Status for message %ld, command %ld: that of %ld, %ld should come first", msg, cmd,
                     p->waits[p->wait_next].msg, p->waits[p->wait_next].cmd);
    w->answered = true;
    while (p->wait_next < p->wait_count && p->waits[p->wait_next].answered)
        p->wait_next++;
    bool good = true;
    if (w->command == T_ADD || w->command == T_REPLACE)
        good = w->more ? code == STATUS_CHUNK : CODE_IN(code, 200, 201, 207, 208, 418, 419);
    else if (w->command == T_DELETE)
        good = CODE_IN(code, 200, 208, 210, STATUS_NOT_DELETED, 419, 404);
    else if (w->command == T_ALERT)
        good = CODE_IN(code, 200, 508, 212);
    else if (w->command == T_SYNCHDR)
        good = CODE_IN(code, 200, 212);
    else
        good = code == 200;
    if (!good)
        phone_faultf(p, "Status %d for message %ld, command %ld (token %#x, %s %s)", code, msg, cmd,
                     w->command, sample_db(w->db), w->luid);
    if (w->command == T_ALERT && code == 508)
        p->refused[w->db] = true;
    if (w->luid[0] && !w->more && good)
        confirm(p, w->db, w->luid);
    if (w->command == T_MAP && good)
        drop_maps(p, msg, cmd);
}

/* ---- Alerts of the server ---- */

static bool db_of(struct str uri, enum db *db)
{
    if (str_starts(uri, STR("./")))
        uri = str_from(uri, 2);
    for (*db = 0; *db < DB_COUNT; (*db)++)
        if (str_eq(uri, str_c(sample_db(*db))))
            return true;
    return false;
}

static void hear_alert(struct phone *p, const struct el *e)
{
    enum db db;
    long code = el_int(e, T_DATA, 0);
    const struct el *item = el_get(e, T_ITEM);
    struct str next = EL_AT(item, T_META, T_ANCHOR, T_NEXT), last = EL_AT(item, T_META, T_ANCHOR, T_LAST);
    if (!item || !next.p)
        return;
    if (!db_of(EL_AT(item, T_TARGET, T_LOCURI), &db)) {
        phone_faultf(p, "an Alert for no database of ours");
        return;
    }
    struct phone_store *s = &p->stores[db];
    snprintf(s->server_next, sizeof s->server_next, "%.*s", STR_ARG(next));
    if (p->resuming && !p->refused[db]) {
        if (code != p->mode[db])
            phone_faultf(p, "%s: resumed with Alert %ld, it was %d", sample_db(db), code, p->mode[db]);
        p->resumed++;
    } else if (code == SYNC_SLOW || code == SYNC_TWO_WAY) {
        if (code == SYNC_TWO_WAY && !str_eq(last, str_c(s->server_last)))
            phone_faultf(p, "%s: the server's Last is \"%.*s\", it was \"%s\"", sample_db(db), STR_ARG(last),
                         s->server_last);
        if (code == SYNC_TWO_WAY && p->mode[db] == SYNC_SLOW && !p->resuming)
            phone_faultf(p, "%s: two-way, and we asked for a slow sync", sample_db(db));
        if (p->resuming)
            p->confirmed_count[db] = 0;
        if (code == SYNC_SLOW)
            phone_forget_maps(p, db);
        if (code == SYNC_SLOW && p->mode[db] != SYNC_SLOW)
            p->replan = true; /* what was sent together with the Alert was the wrong thing */
        p->mode[db] = (int)code;
    } else {
        phone_faultf(p, "%s: Alert %ld", sample_db(db), code);
    }
}

/* ---- its changes ---- */

static void remember_map(struct phone *p, enum db db, struct str guid, const char *luid)
{
    struct phone_store *s = &p->stores[db];
    for (size_t i = 0; i < s->map_count; i++) {
        if (!str_eq(str_c(s->maps[i].guid), guid))
            continue;
        snprintf(s->maps[i].luid, sizeof s->maps[i].luid, "%s", luid);
        return;
    }
    if (s->map_count == PHONE_ITEMS)
        return;
    snprintf(s->maps[s->map_count].guid, sizeof s->maps[0].guid, "%.*s", STR_ARG(guid));
    snprintf(s->maps[s->map_count++].luid, sizeof s->maps[0].luid, "%s", luid);
}

/* An Add that we have already, and could not tell before the session broke. */
static struct phone_item *known_guid(struct phone *p, enum db db, struct str guid)
{
    struct phone_store *s = &p->stores[db];
    for (size_t i = 0; i < s->map_count; i++)
        if (str_eq(str_c(s->maps[i].guid), guid))
            return phone_find(p, db, str_c(s->maps[i].luid));
    return NULL;
}

static bool was_deleted(const struct phone *p, enum db db, struct str luid)
{
    const struct phone_store *s = &p->stores[db];
    for (size_t i = 0; i < s->deleted_count; i++)
        if (str_eq(str_c(s->deleted[i]), luid))
            return true;
    return false;
}

static int store_item(struct phone *p, enum db db, enum tag command, struct str target, struct str guid,
                      struct str text)
{
    struct sample c;
    if (!sample_read(text, db, &c)) {
        phone_faultf(p, "%s: spoilt content: %.*s", sample_db(db), STR_ARG(text));
        return 500;
    }
    p->received++;
    struct phone_item *item = target.n ? phone_find(p, db, target) : NULL;
    if (command == T_REPLACE && target.n && !item) {
        /* In a slow sync a phone tells what it has: what its user deleted while the sync was suspended the server learns by the Status. */
        if (p->resuming && p->mode[db] == SYNC_SLOW && was_deleted(p, db, target))
            return 404;
        phone_faultf(p, "%s: Replace of \"%.*s\", which we do not have", sample_db(db), STR_ARG(target));
        return 404;
    }
    if (item) {
        if (item->content.tag != c.tag)
            phone_faultf(p, "%s: %s was T%d and becomes T%d", sample_db(db), item->luid, item->content.tag,
                         c.tag);
        item->content = c;
        item->unsure = p->sessions;
        return 200;
    }
    if (!guid.n || (p->ways.max_guid && guid.n > (size_t)p->ways.max_guid))
        phone_faultf(p, "%s: an Add with the name \"%.*s\"", sample_db(db), STR_ARG(guid));
    item = known_guid(p, db, guid);
    if (!item)
        item = phone_add(p, db, &c);
    if (!item)
        return 420;
    item->content = c;
    item->pending = CLEAN;
    remember_map(p, db, guid, item->luid);
    return 201;
}

/* A piece of a large object: 213, or 0 when it is whole in s->partial. */
static int gather(struct phone *p, enum db db, const struct el *item, long size, struct str key,
                  struct str data)
{
    struct phone_store *s = &p->stores[db];
    bool more = el_get(item, T_MOREDATA) != NULL;
    if (!s->partial_size) {
        if (size <= 0)
            phone_faultf(p, "%s: MoreData without a Size", sample_db(db));
        s->partial_size = size;
        snprintf(s->partial_key, sizeof s->partial_key, "%.*s", STR_ARG(key));
    }
    if (!str_eq(str_c(s->partial_key), key))
        phone_faultf(p, "%s: %.*s comes before %s is whole", sample_db(db), STR_ARG(key), s->partial_key);
    buf_add(&s->partial, data);
    if (more)
        return STATUS_CHUNK;
    if ((long)s->partial.n != s->partial_size)
        phone_faultf(p, "%s: %zu bytes came of %ld", sample_db(db), s->partial.n, s->partial_size);
    return 0;
}

static int hear_change(struct phone *p, enum db db, const struct el *e, const struct el *item)
{
    struct phone_store *s = &p->stores[db];
    struct str target = EL_AT(item, T_TARGET, T_LOCURI), guid = EL_AT(item, T_SOURCE, T_LOCURI),
               data = EL_AT(item, T_DATA);
    if (e->tag == T_DELETE) {
        struct phone_item *mine = phone_find(p, db, target);
        if (!target.n)
            phone_faultf(p, "%s: a Delete without a Target", sample_db(db));
        if (mine)
            phone_remove(p, db, mine);
        return mine ? 200 : STATUS_NOT_DELETED;
    }
    if (!el_get(item, T_MOREDATA) && !s->partial_size)
        return store_item(p, db, e->tag, target, guid, data);
    long size = el_int(el_get(item, T_META), T_SIZE, el_int(el_get(e, T_META), T_SIZE, 0));
    int code = gather(p, db, item, size, target.n ? target : guid, data);
    if (code)
        return code;
    code = store_item(p, db, e->tag, target, guid, buf_view(&s->partial));
    s->partial_size = 0;
    buf_clear(&s->partial);
    return code;
}

static const char *name_of(enum tag tag)
{
    return tag == T_ADD       ? "Add"
           : tag == T_REPLACE ? "Replace"
           : tag == T_DELETE  ? "Delete"
           : tag == T_ALERT   ? "Alert"
           : tag == T_SYNC    ? "Sync"
           : tag == T_RESULTS ? "Results"
           : tag == T_PUT     ? "Put"
           : tag == T_GET     ? "Get"
                              : NULL;
}

static void hear_sync(struct phone *p, struct str msg, const struct el *sync)
{
    enum db db;
    if (!db_of(EL_AT(sync, T_TARGET, T_LOCURI), &db)) {
        phone_faultf(p, "a Sync for no database of ours");
        return;
    }
    for (const struct el *e = sync->children; e; e = e->next) {
        if (e->tag != T_ADD && e->tag != T_REPLACE && e->tag != T_DELETE)
            continue;
        for (const struct el *item = e->children; item; item = item->next) {
            if (item->tag != T_ITEM)
                continue;
            int code = hear_change(p, db, e, item);
            if (p->ways.no_item_statuses)
                continue;
            struct el *s = phone_status(p, msg, EL_AT(e, T_CMDID), name_of(e->tag), code);
            if (EL_AT(item, T_SOURCE, T_LOCURI).n)
                el_text(&p->arena, s, T_SOURCEREF, EL_AT(item, T_SOURCE, T_LOCURI));
        }
    }
}

/* ---- messages ---- */

static enum phone_state over(struct phone *p, const char *why)
{
    phone_cut(p);
    if (why)
        phone_faultf(p, "%s", why);
    return p->state;
}

/* Where the session's next messages go. */
static void take_address(struct phone *p, const struct el *head)
{
    struct str uri = EL_AT(head, T_RESPURI);
    size_t query = str_chr(uri, '?', 0);
    if (uri.p)
        snprintf(p->query, sizeof p->query, "%.*s",
                 STR_ARG(query == SIZE_MAX ? STR("") : str_from(uri, query + 1)));
}

/* Log-in was refused: the nonce in the challenge may be good. */
static enum phone_state again(struct phone *p, const struct el *status)
{
    struct str nonce = EL_AT(status, T_CHAL, T_META, T_NEXTNONCE);
    if (p->accepted)
        return over(p, NULL); /* the server died, and its sessions with it */
    if (++p->attempts == 3 || !nonce.p)
        return over(p, "the log-in is refused");
    p->phase = PHASE_INIT;
    p->accepted = false;
    p->query[0] = '\0';
    p->wait_next = p->wait_count;
    *p->statuses = (struct el){0};
    return p->state;
}

static void take_nonce(struct phone *p, const struct el *status)
{
    struct str nonce = EL_AT(status, T_CHAL, T_META, T_NEXTNONCE);
    SCOPED_BUF(raw, sizeof p->nonce);
    if (!nonce.p || !buf_unbase64(&raw, nonce))
        return;
    memcpy(p->nonce, buf_c(&raw), raw.n);
    p->nonce_size = raw.n;
}

/* The Statuses of what this session brought before have got through; those of a session that was cut never do. */
static void sure(struct phone *p, enum db db)
{
    struct phone_store *s = &p->stores[db];
    for (size_t i = 0; i < s->count; i++)
        if (s->items[i].unsure == p->sessions)
            s->items[i].unsure = 0;
}

/* It ended well: whatever was not answered for has come again. */
static void all_sure(struct phone *p, enum db db)
{
    struct phone_store *s = &p->stores[db];
    for (size_t i = 0; i < s->count; i++)
        s->items[i].unsure = 0;
}

/* The session ended well: what the server knows is no change any more. */
static enum phone_state commit(struct phone *p)
{
    for (enum db db = 0; db < DB_COUNT; db++) {
        struct phone_store *s = &p->stores[db];
        bool all = p->mode[db] == SYNC_SLOW;
        size_t kept = 0;
        for (size_t i = 0; i < s->count; i++)
            if (all || phone_is_confirmed(p, db, str_c(s->items[i].luid)))
                s->items[i].pending = CLEAN, s->items[i].orphan = s->items[i].orphan && !all;
        for (size_t i = 0; i < s->deleted_count; i++)
            if (i >= s->deleted_before && !phone_is_confirmed(p, db, str_c(s->deleted[i])))
                memmove(s->deleted[kept++], s->deleted[i], sizeof s->deleted[0]);
        s->deleted_count = kept;
        s->deleted_before = 0;
        all_sure(p, db);
        s->last = p->anchor;
        memcpy(s->server_last, s->server_next, sizeof s->server_last);
    }
    for (size_t i = p->wait_next; i < p->wait_count; i++)
        if (!p->waits[i].answered && p->waits[i].command != T_SYNCHDR && p->waits[i].command != T_ALERT)
            phone_faultf(p, "no Status for message %ld, command %ld", p->waits[i].msg, p->waits[i].cmd);
    p->can_resume = false;
    return p->state = PHONE_DONE;
}

static enum phone_state go_on(struct phone *p, bool final, bool only_statuses)
{
    bool told = p->work_at == p->work_count;
    if (p->ways.at_once && p->replan) { /* in whichever message of its package the Alert came */
        p->replan = false;
        phone_plan(p);
        p->phase = PHASE_CHANGES;
        return p->state;
    }
    switch (p->phase) {
    case PHASE_INIT:
        if (p->ways.at_once) {
            p->phase = !told ? PHASE_CHANGES : final ? PHASE_LAST : PHASE_SERVER;
            break;
        }
        /* fall through */
    case PHASE_INIT_MORE:
        p->phase = final ? PHASE_CHANGES : PHASE_INIT_MORE;
        if (final)
            phone_plan(p);
        break;
    case PHASE_CHANGES:
    case PHASE_SERVER:
        p->phase = !told ? PHASE_CHANGES : final ? PHASE_LAST : PHASE_SERVER;
        break;
    case PHASE_LAST:
        if (final && only_statuses)
            return commit(p);
        p->phase = final ? PHASE_LAST : PHASE_SERVER;
        break;
    }
    return p->state;
}

enum phone_state phone_take(struct phone *p, int status, struct str body)
{
    if (status != 200)
        phone_faultf(p, "HTTP %d: %.*s", status, STR_ARG(body));
    if (status != 200)
        return over(p, NULL);
    if (body.n > (size_t)p->ways.max_in)
        return over(p, "the answer is larger than we take");
    struct el *root = wire_read(&p->arena, arena_str(&p->arena, body)), *head = el_get(root, T_SYNCHDR),
              *b = el_get(root, T_SYNCBODY);
    if (!head || !b)
        return over(p, "the answer is no message");
    struct str msg = EL_AT(head, T_MSGID);
    long max = el_int(el_get(head, T_META), T_MAXMSGSIZE, 0);
    struct el *first = el_get(b, T_STATUS);
    int code = (int)el_int(first, T_DATA, 0);
    p->server_max = max > 0 ? max : p->server_max;
    take_address(p, head);
    for (struct el *e = b->children; e; e = e->next)
        take_nonce(p, e);
    if (code == 401 || code == 407)
        return again(p, first);
    p->accepted = p->accepted || code == 212;
    if (p->suspended) {
        phone_cut(p);
        return p->state;
    }
    for (enum db db = 0; db < DB_COUNT && !p->ways.no_item_statuses; db++)
        sure(p, db);
    phone_status(p, msg, STR("0"), "SyncHdr", 200);
    bool only_statuses = true;
    for (struct el *e = b->children; e; e = e->next) {
        if (e->tag == T_STATUS)
            hear_status(p, e);
        else if (name_of(e->tag))
            phone_status(p, msg, EL_AT(e, T_CMDID), name_of(e->tag), 200);
        if (e->tag == T_ALERT)
            hear_alert(p, e);
        else if (e->tag == T_SYNC)
            hear_sync(p, msg, e);
        only_statuses = only_statuses && (e->tag == T_STATUS || e->tag == T_FINAL);
    }
    return go_on(p, el_get(b, T_FINAL) != NULL, only_statuses);
}
