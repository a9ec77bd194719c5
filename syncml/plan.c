/* syncml/plan.c: the commands of a message in their order: a row each says who plays it.
 *
 * Sync, Atomic and Sequence hold others: the walk goes down into them, and what a command is inside of is seen from its parents. What is
 * refused inside of an Atomic, whatever command it is, undoes all of its changes (OMA DS representation protocol, section 6.6.3). */
#include "syncml/engine.h"

/* ---- what a command is inside of ---- */

static struct database *database_around(struct turn *t, const struct sml_command *c)
{
    while (c && c->cmd != SML_SYNC)
        c = c->parent;
    return c ? database_find(t->s, c->target, c->source) : NULL;
}

/* The outermost: one that is inside of another is part of it. */
static struct group *group_around(struct turn *t, const struct sml_command *c)
{
    const struct sml_command *atomic = NULL;
    for (; c; c = c->parent)
        if (c->cmd == SML_ATOMIC)
            atomic = c;
    struct group *g = atomic ? t->groups : NULL;
    while (g && g->cmd != atomic)
        g = g->next;
    return g;
}

static void into_group(struct group *g, struct change *c)
{
    c->group = g;
    *g->end = c;
    g->end = &c->group_next;
}

/* ---- the commands ---- */

/* One inside of another is not legal, and fails that. */
static void cmd_atomic(struct turn *t, struct sml_command *c)
{
    bool nested = group_around(t, c->parent) != NULL;
    struct reply *r = reply_new(t, c, NULL);
    r->code = nested ? 500 : 200;
    if (nested)
        return;
    struct group *g = ARENA_NEW(t->a, struct group);
    if (!g) {
        t->st = t->a->st;
        return;
    }
    *g = (struct group){.next = t->groups, .cmd = c, .reply = r};
    g->end = &g->first;
    t->groups = g;
}

static void cmd_sequence(struct turn *t, struct sml_command *c)
{
    struct reply *r = reply_new(t, c, NULL);
    struct group *g = group_around(t, c->parent);
    r->code = 200;
    if (!g || t->st)
        return;
    r->in_group = g->sequences;
    g->sequences = r;
}

static void cmd_unsupported(struct turn *t, struct sml_command *c)
{
    reply_new(t, c, c->items)->code = 406;
}

static int open_code(const struct database *db)
{
    if (!db)
        return 404;
    if (db->state == DB_FAILED || db->state == DB_OVER)
        return 405;
    return 0;
}

static void cmd_sync(struct turn *t, struct sml_command *c)
{
    struct reply *r = reply_new(t, c, NULL);
    struct database *db = database_find(t->s, c->target, c->source);
    t->synced = true;
    r->code = open_code(db);
    if (r->code)
        return;
    r->code = 200;
    if (db->early) /* Alert and Sync in one: these are changes, but not all that a slow sync tells */
        return;
    if (db->state == DB_ALERTED || db->state == DB_OPEN) {
        db->state = DB_CHANGES;
        anchor_note(t, db);
    }
    db->came = true;
}

/* A change: SftDel frees space on the device and keeps the item elsewhere, which we would send again. */
static int change_code(struct turn *t, const struct sml_command *c, const struct sml_item *item,
                       const struct database *db)
{
    int code = open_code(db);
    if (code)
        return code;
    if (!database_takes_in(db))
        return 405;
    if (c->cmd == SML_DELETE && c->sft_del)
        return 406;
    if (c->cmd != SML_MOVE)
        return 0;
    if (t->s->version < SML_1_2)
        return 406;
    return item->target_parent.n || item->source_parent.n ? 0 : 400;
}

static void plan_item(struct turn *t, struct sml_command *c, struct sml_item *item, struct database *db,
                      struct group *g)
{
    bool data = c->cmd == SML_ADD || c->cmd == SML_REPLACE;
    struct reply *r = reply_new(t, c, item);
    r->code = item_refused(t, item);
    if (!r->code)
        r->code = change_code(t, c, item, db);
    if (!r->code && !(item->source.n || item->target.n))
        r->code = 400;
    enum status st = r->code ? INVALID : data ? large_in(t, c, item, db, r) : OK;
    if (st < 0)
        t->st = st;
    struct change *n = st == OK || (st != TRUNCATED && g) ? change_new(t, db, c, item, r) : NULL;
    if (!n)
        return;
    if (g)
        into_group(g, n);
    if (st != OK)
        change_fail(t, n, r->code);
    else if (data)
        change_data(t, n, c, item);
}

static void cmd_change(struct turn *t, struct sml_command *c)
{
    struct database *db = database_around(t, c);
    struct group *g = group_around(t, c);
    for (struct sml_item *item = c->items; item; item = item->next)
        plan_item(t, c, item, db, g);
    if (!c->items)
        reply_new(t, c, NULL)->code = 400;
}

static void (*const players[SML_CMD_COUNT])(struct turn *t, struct sml_command *c) = {
    [SML_ADD] = cmd_change,
    [SML_ALERT] = cmd_alert,
    [SML_ATOMIC] = cmd_atomic,
    [SML_COPY] = cmd_change,
    [SML_DELETE] = cmd_change,
    [SML_EXEC] = cmd_unsupported,
    [SML_GET] = cmd_get,
    [SML_MAP] = cmd_map,
    [SML_MOVE] = cmd_change,
    [SML_PUT] = cmd_put,
    [SML_REPLACE] = cmd_change,
    [SML_RESULTS] = cmd_results,
    [SML_SEARCH] = cmd_unsupported,
    [SML_SEQUENCE] = cmd_sequence,
    [SML_STATUS] = cmd_status,
    [SML_SYNC] = cmd_sync,
};

static struct sml_command *step(struct sml_command *c)
{
    if (c->children)
        return c->children;
    while (c && !c->next)
        c = c->parent;
    return c ? c->next : NULL;
}

static void play(struct turn *t, struct sml_command *c)
{
    struct reply **replies = t->replies_end;
    struct group *g = group_around(t, c->parent);
    if (c->bad && c->cmd != SML_STATUS)
        reply_new(t, c, NULL)->code = c->bad;
    else if (players[c->cmd])
        players[c->cmd](t, c);
    for (const struct reply *r = g ? *replies : NULL; r; r = r->next)
        g->doomed |= r->code >= 400;
}

void plan_commands(struct turn *t)
{
    for (struct sml_command *c = t->in.commands; c && !t->st; c = step(c))
        play(t, c);
    for (struct group *g = t->groups; g; g = g->next)
        if (g->doomed && !g->first) /* no change brings it to its end */
            group_fail(g);
}
