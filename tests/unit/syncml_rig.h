/* tests/unit/syncml_rig.h: a device (syncml_dev.h) that plays whole sessions: it takes what comes, answers it, and gives what it has changed
 * itself. */
#ifndef SCAMBIO_TESTS_UNIT_SYNCML_RIG_H
#define SCAMBIO_TESTS_UNIT_SYNCML_RIG_H

#include "tests/unit/syncml_dev.h"

static inline void dev_note_status(struct dev *d, const struct sml_command *c, int code)
{
    assert_true(d->status_count < ITEMS_MOST);
    int n = d->status_count++;
    snprintf(d->statuses[n].msg, 16, "%.*s", STR_ARG(d->in.msg_id));
    snprintf(d->statuses[n].cmd, 16, "%.*s", STR_ARG(c->cmd_id));
    snprintf(d->statuses[n].name, 16, "%.*s", STR_ARG(sml_cmd_name(c->cmd)));
    d->statuses[n].code = code;
}

static inline void dev_take_change(struct dev *d, const struct sml_command *c)
{
    struct sml_item *item = c->items;
    char luid[40];
    int code = 200;
    assert_non_null(item);
    if (d->refuse) {
        dev_note_status(d, c, d->refuse);
        return;
    }
    if (item->more_data) {
        if (item->meta.size >= 0 || c->meta.size >= 0)
            buf_clear(&d->chunks);
        buf_add(&d->chunks, item->data);
        dev_note_status(d, c, 213);
        return;
    }
    struct str data = item->data;
    if (d->chunks.n) {
        buf_add(&d->chunks, item->data);
        data = arena_str(&d->a, buf_view(&d->chunks));
        buf_clear(&d->chunks);
    }
    snprintf(luid, sizeof luid, "%.*s", STR_ARG(item->target));
    struct dev_item *known = dev_find(d, item->target);
    if (c->cmd == SML_ADD) {
        known = dev_put(d, NULL, data, d->adds_are_new ? ITEM_NEW : ITEM_CLEAN);
        assert_true(d->map_count < ITEMS_MOST);
        snprintf(d->maps[d->map_count].guid, 40, "%.*s", STR_ARG(item->source));
        snprintf(d->maps[d->map_count++].luid, 40, "%s", known->luid);
        d->adds++;
        code = 201;
    } else if (!known) {
        code = c->cmd == SML_DELETE ? 211 : 404;
    } else if (c->cmd == SML_REPLACE) {
        dev_put(d, luid, data, known->state == ITEM_NEW ? ITEM_NEW : ITEM_CLEAN);
        d->replaces++;
    } else {
        known->state = ITEM_FREE;
        d->deletes++;
    }
    dev_note_status(d, c, code);
}

static inline void dev_take(struct dev *d)
{
    int64_t n;
    dev_note_status(d, &(struct sml_command){.cmd = SML_SYNCHDR, .cmd_id = STR("0")}, 200);
    for (const struct sml_command *c = d->in.commands; c; c = c->next) {
        if (c->cmd == SML_STATUS) {
            if ((str_eq(c->cmd_name, STR("Add")) || str_eq(c->cmd_name, STR("Replace")) ||
                 str_eq(c->cmd_name, STR("Delete"))) &&
                str_i64(c->data, &n) && n != 213)
                d->codes[d->code_count++] = (int)n;
            continue;
        }
        if (c->cmd == SML_ALERT && str_i64(c->data, &n) && n >= 200 && n != 222 && n != 223)
            d->mode = (int)n;
        if (c->cmd == SML_RESULTS || c->cmd == SML_GET || c->cmd == SML_ALERT || c->cmd == SML_SYNC)
            dev_note_status(d, c, 200);
        for (const struct sml_command *child = c->children; child; child = child->next)
            dev_take_change(d, child);
    }
    d->got_final = d->in.final;
}

/* Statuses and Maps that fit; the rest stays. */
static inline void dev_say(struct dev *d, struct sml_out *o)
{
    for (int i = 0; i < d->status_count && !d->no_statuses; i++) {
        const char *name = d->statuses[i].name;
        if (d->no_item_statuses && strcmp(name, "SyncHdr") != 0 && strcmp(name, "Sync") != 0)
            continue;
        struct sml_command *c = dev_command(d, SML_STATUS, 0);
        c->msg_ref = arena_str(&d->a, str_c(d->statuses[i].msg));
        c->cmd_ref = arena_str(&d->a, str_c(d->statuses[i].cmd));
        c->cmd_name = arena_str(&d->a, str_c(d->statuses[i].name));
        c->data = arena_strf(&d->a, "%d", d->statuses[i].code);
        assert_true(sml_add(o, c));
    }
    d->status_count = 0;
    if (!d->map_count || d->no_maps)
        return;
    struct sml_command *c = dev_command(d, SML_MAP, d->map_count);
    c->target = str_c(d->db);
    c->source = str_c(d->source);
    struct sml_item *item = c->items;
    for (int i = 0; i < d->map_count && item; i++, item = item->next) {
        item->target = arena_str(&d->a, str_c(d->maps[i].guid));
        item->source = arena_str(&d->a, str_c(d->maps[i].luid));
    }
    assert_true(sml_add(o, c));
    d->map_count = 0;
}

static inline bool dev_is_slow(const struct dev *d)
{
    return d->mode == 201 || d->mode == 203;
}

static inline bool dev_is_due(const struct dev *d, const struct dev_item *item)
{
    if (d->mode == 204 || d->mode == 205)
        return false;
    if (dev_is_slow(d))
        return item->state == ITEM_CLEAN || item->state == ITEM_NEW || item->state == ITEM_CHANGED;
    return item->state == ITEM_NEW || item->state == ITEM_CHANGED || item->state == ITEM_GONE;
}

static inline enum sml_cmd dev_verb(const struct dev_item *item)
{
    return item->state == ITEM_GONE ? SML_DELETE : item->state == ITEM_NEW ? SML_ADD : SML_REPLACE;
}

/* Puts changes from *at on while there is room for them; *offset: of the item that goes in chunks. True: all are out. */
static inline bool dev_fill(struct dev *d, struct sml_out *o, int *at, size_t *offset)
{
    struct sml_command sync = {.cmd = SML_SYNC,
                               .target = str_c(d->db),
                               .source = str_c(d->source),
                               .meta = rig_no_meta,
                               .changes = -1};
    assert_true(sml_sync_begin(o, &sync));
    bool full = false;
    o->max = d->max_msg;
    for (int first = *at; *at < ITEMS_MOST && !full; full ? 0 : ++*at) {
        struct dev_item *item = &d->items[*at];
        if (!dev_is_due(d, item))
            continue;
        struct sml_command *c = dev_change(d, dev_verb(item), item);
        struct str all = c->items->data;
        c->items->data = all.p ? str_from(all, *offset) : STR_NONE;
        if (sml_add(o, c)) {
            *offset = 0;
            continue;
        }
        full = true;
        if (*at != first && !*offset)
            break;
        c->items->more_data = true;
        if (!*offset)
            c->items->meta.size = (int64_t)all.n;
        size_t room = sml_room(o, c);
        assert_true(room > 0);
        c->items->data = str_slice(all, *offset, room);
        assert_true(sml_add(o, c));
        *offset += room;
    }
    sml_sync_end(o);
    return !full;
}

static inline void dev_settle(struct dev *d)
{
    for (int i = 0; i < ITEMS_MOST; i++) {
        struct dev_item *item = &d->items[i];
        if (item->state == ITEM_GONE) {
            item->state = ITEM_FREE;
        } else if (item->state == ITEM_NEW || item->state == ITEM_CHANGED) {
            item->state = ITEM_CLEAN;
        }
    }
    snprintf(d->last, sizeof d->last, "%s", d->next);
}

/* False: the session did not come to its end. */
static inline bool dev_sync(struct dev *d, int code)
{
    struct sml_out o;
    int at = 0;
    size_t offset = 0;
    dev_start(d);
    dev_begin(d, &o);
    dev_put_devinf(d, &o);
    dev_alert(d, &o, code);
    if (!dev_send(d, &o, true))
        return false;
    d->alert_status = dev_status(d, "Alert", 0);
    d->final_status = dev_status(d, "SyncHdr", 0);
    dev_take(d);
    while (!d->got_final) {
        dev_begin(d, &o);
        dev_say(d, &o);
        if (!dev_send(d, &o, true))
            return false;
        if (!d->alert_status)
            d->alert_status = dev_status(d, "Alert", 0);
        dev_take(d);
    }
    if (!d->mode)
        return false;
    if (d->mode == 205)
        for (int i = 0; i < ITEMS_MOST; i++)
            d->items[i].state = ITEM_FREE;
    for (bool all = false; !all;) {
        dev_begin(d, &o);
        dev_say(d, &o);
        all = dev_fill(d, &o, &at, &offset);
        if (!dev_send(d, &o, all))
            return false;
        dev_take(d);
    }
    while (!d->got_final) {
        dev_begin(d, &o);
        dev_say(d, &o);
        if (!dev_send(d, &o, d->final_always))
            return false;
        dev_take(d);
    }
    dev_begin(d, &o);
    dev_say(d, &o);
    if (!dev_send(d, &o, true))
        return false;
    dev_take(d);
    for (int spin = 0; !d->got_final && spin < 1000; spin++) {
        dev_begin(d, &o);
        dev_say(d, &o);
        if (!dev_send(d, &o, true))
            return false;
        dev_take(d);
    }
    dev_settle(d);
    return d->got_final;
}
#endif
