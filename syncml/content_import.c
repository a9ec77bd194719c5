/* syncml/content_import.c: a device's item into the stored object that it replaces, joins, or begins. */
#include "syncml/content_int.h"

struct import {
    struct ctx *x;
    struct doc fresh, old, base; /* base: the stored object as the device got it; root NULL: not known */
    struct str data, uid;
    enum content_merge how;
    bool changed, caught_up; /* caught_up: `fresh` is not only what the device sent */
};

/* ---- what it is called ---- */

static struct str prop_value(const struct ical_comp *c, struct str name)
{
    const struct line *l = ical_prop(c, name);
    struct str value = l ? str_trim(l->value) : STR_NONE;
    return value.n ? value : STR_NONE;
}

struct str doc_named(struct ctx *x, const struct doc *i, struct str *recur_id)
{
    struct str uid = prop_value(i->main, STR("UID")), whole, part;
    *recur_id = i->media == MEDIA_CALENDAR ? part_name(x, i->root, i->main) : STR("");
    if (i->media == MEDIA_CALENDAR && !recur_id->n && uid.p && part_uid_split(uid, &whole, &part)) {
        *recur_id = part;
        uid = whole;
    }
    return uid;
}

/* ---- merging one component ---- */

/* What a device knows that got the part of this object; of what it cannot be told nothing. */
static enum status known_of(struct import *m, const struct doc *object, struct str recur_id,
                            struct doc *known, bool *same)
{
    struct ctx *x = m->x;
    struct str text = STR_NONE;
    enum status st = known_part(x, object, recur_id, &text, known);
    *same = st == OK && str_eq(text, m->data);
    if (st == OK && known->media == MEDIA_VCARD)
        st = doc_to_version(x, known, m->old.version);
    if (st <= OK)
        return st;
    struct ical_comp *none = ARENA_NEW(x->a, struct ical_comp);
    if (!none)
        return x->a->st;
    *none = (struct ical_comp){.name = m->fresh.main->name};
    *known = (struct doc){.media = m->old.media, .version = m->old.version, .root = none, .main = none};
    x->why = STR_NONE;
    return OK;
}

/* Three ways: what changed here since the device got it (base → known) goes into its item, as far as it did not change that itself.
 * All three are texts of its own kind, so that what it cannot hold does not look like a change. */
static enum status catch_up(struct import *m, const struct doc *known, struct ical_comp *says,
                            struct str recur_id)
{
    struct doc base;
    bool same;
    enum status st = known_of(m, &m->base, recur_id, &base, &same);
    if (st != OK)
        return st;
    struct merge merge = {.x = m->x,
                          .how = CONTENT_DEVICE,
                          .patch = true,
                          .old = &m->fresh,
                          .known = &base,
                          .fresh = known,
                          .to = says,
                          .has = base.main,
                          .says = known->main};
    st = m->old.media == MEDIA_VCARD ? merge_card(&merge) : merge_calendar(&merge);
    m->caught_up |= merge.changed;
    return st == OK && m->old.media == MEDIA_CALENDAR ? zones_provide(m->x, m->fresh.root, known->root) : st;
}

static enum status merge_into(struct import *m, struct ical_comp *to, struct ical_comp *says,
                              struct str recur_id)
{
    struct doc known;
    bool same;
    enum status st = known_of(m, &m->old, recur_id, &known, &same);
    if (st == OK && !same && m->base.root)
        st = catch_up(m, &known, says, recur_id);
    if (st != OK || same)
        return st;
    struct merge merge = {.x = m->x,
                          .how = m->how,
                          .old = &m->old,
                          .known = &known,
                          .fresh = &m->fresh,
                          .to = to,
                          .has = known.main,
                          .says = says};
    st = m->old.media == MEDIA_VCARD ? merge_card(&merge) : merge_calendar(&merge);
    m->changed |= merge.changed;
    return st;
}

/* ---- objects ---- */

/* The master stands before its overrides. */
static void put_component(struct doc *to, struct ical_comp *c, bool master)
{
    struct ical_comp **at = &to->root->children;
    while (*at && !(master && ical_kind_of((*at)->name)))
        at = &(*at)->next;
    c->next = *at;
    *at = c;
    comp_touch(to->root);
}

/* A component that the object does not have yet. */
static enum status join(struct import *m, const struct ical_comp *says, struct str recur_id)
{
    struct ctx *x = m->x;
    struct when rid;
    bool part = recur_id.n && part_of_name(x, &m->old, recur_id, &rid);
    const struct ical_comp *master = part_master(&m->old);
    if (part && !master)
        (void)when_of(x, m->fresh.root, says, STR("RECURRENCE-ID"), &rid);
    struct ical_comp *made = component_new(x, says, m->old.root, m->uid, part ? &rid : NULL);
    if (!made)
        return x->a->st;
    put_component(&m->old, made, !part);
    m->changed = true;
    return OK;
}

static enum status one_component(struct import *m, struct ical_comp *says, struct str recur_id)
{
    struct ical_comp *to = part_find(m->x, &m->old, recur_id);
    if (to && !str_caseeq(to->name, says->name)) { /* another kind of thing now */
        comp_remove_child(m->old.root, to);
        to = NULL;
    }
    return to ? merge_into(m, to, says, recur_id) : join(m, says, recur_id);
}

/* The item's component, and those of its overrides that came with it. */
static enum status all_components(struct import *m, struct str recur_id)
{
    struct ical_comp *main = m->fresh.main;
    enum status st = one_component(m, main, recur_id);
    for (struct ical_comp *c = m->fresh.root->children; c && st == OK; c = c->next)
        if (c != main && str_caseeq(c->name, main->name) && ical_prop(c, STR("RECURRENCE-ID")))
            st = one_component(m, c, part_name(m->x, m->fresh.root, c));
    return st == OK ? zones_provide(m->x, m->old.root, m->fresh.root) : st;
}

static enum status card_in_version(struct import *m)
{
    enum status st = doc_to_version(m->x, &m->fresh, m->old.version);
    m->fresh.main = m->fresh.root;
    return st;
}

static enum status import_card(struct import *m, bool is_new)
{
    struct ctx *x = m->x;
    if (!is_new) {
        enum status st = card_in_version(m);
        return st == OK ? merge_into(m, m->old.root, m->fresh.root, STR("")) : st;
    }
    m->old = m->fresh;
    m->old.root = m->old.main = comp_copy(x->a, m->fresh.root, NULL);
    m->changed = true;
    return m->old.root ? card_settle(x, &m->old, m->uid) : x->a->st;
}

static enum status check(struct ctx *x, enum media media, struct str body)
{
    struct doc item;
    struct ical_problem problem = {ICAL_OK, STR_NONE};
    struct vcard_problem card_problem = {STR_NONE, false};
    struct ical_info info;
    struct vcard_info card_info;
    struct vcard card;
    if (body.n > ctx_size(x))
        return ctx_fail(x, TOO_LARGE, "the object is larger than what is taken");
    enum status st = doc_parse(x, media, body, &item);
    if (st != OK)
        return st;
    if (media == MEDIA_CALENDAR) {
        st = ical_check(x->a, item.root, &x->s->limits->ical, &info, &problem);
        x->why = problem.text;
        return st;
    }
    doc_card(&item, &card);
    st = vcard_check(x->a, &card, &card_info, &card_problem);
    x->why = card_problem.text;
    return st;
}

/* Does the device see in the object something else than what it sent? Asked the way the merge asks. */
static enum status find_difference(struct import *m, struct str recur_id, struct content_in *out)
{
    struct import again = {
        .x = m->x, .fresh = m->fresh, .data = m->data, .how = CONTENT_DEVICE, .uid = m->uid};
    enum status st = doc_parse(m->x, m->old.media, out->body, &again.old);
    if (st == OK && m->caught_up)
        st = doc_read(m->x, m->data, &again.fresh);
    if (st == OK && m->caught_up && again.fresh.media == MEDIA_VCARD)
        st = card_in_version(&again);
    if (st != OK)
        return st;
    struct ical_comp *to = part_find(m->x, &again.old, recur_id);
    st = to ? merge_into(&again, to, again.fresh.main, recur_id) : OK;
    out->differs = again.changed;
    return st;
}

static enum status finish(struct import *m, struct str stored, struct str recur_id, struct content_in *out)
{
    struct ctx *x = m->x;
    out->uid = m->uid;
    out->recur_id = STR("");
    if (recur_id.n) {
        const struct ical_comp *part = part_find(x, &m->old, recur_id);
        out->recur_id = part ? part_name(x, m->old.root, part) : recur_id;
    }
    if (!m->changed && stored.p) {
        out->body = stored;
        out->unchanged = true; /* and yet there can be more in it than the device has */
        return m->caught_up || m->how == CONTENT_BOTH ? find_difference(m, recur_id, out) : OK;
    }
    enum status st = doc_store(x, &m->old, &out->body);
    if (st == OK)
        st = check(x, m->old.media, out->body);
    return st == OK && stored.p ? find_difference(m, recur_id, out) : st;
}

/* The stored object; none when it cannot be read: then what the device has is better than nothing. */
static enum status read_stored(struct import *m, struct str *stored)
{
    if (!stored->p)
        return OK;
    enum status st = doc_parse(m->x, content_media(m->x->type), *stored, &m->old);
    if (st > OK) {
        *stored = STR_NONE;
        m->x->why = STR_NONE;
        return OK;
    }
    struct str uid = st == OK ? prop_value(m->old.main, STR("UID")) : STR_NONE;
    if (uid.p)
        m->uid = uid;
    return st;
}

/* What it was: when that cannot be read, two ways are left. */
static enum status read_base(struct import *m, struct str base)
{
    enum status st = doc_parse(m->x, m->old.media, base, &m->base);
    if (st == OK)
        m->how = CONTENT_DEVICE;
    else
        m->base = (struct doc){.root = NULL};
    return st < OK ? st : OK;
}

static enum status import_item(struct import *m, struct str stored, struct str base, struct str recur_id,
                               struct str uid, struct content_in *out)
{
    struct ctx *x = m->x;
    struct str part;
    enum status st = doc_read(x, m->data, &m->fresh);
    if (st != OK)
        return st;
    m->uid = doc_named(x, &m->fresh, &part);
    if (!part.n)
        part = recur_id;
    out->made_uid = !m->uid.p;
    if (!m->uid.p)
        m->uid = uid.n ? uid : uid_random(x->a);
    st = read_stored(m, &stored);
    if (st == OK && stored.p && base.p)
        st = read_base(m, base);
    if (st == OK && m->fresh.media == MEDIA_VCARD) {
        st = import_card(m, !stored.p);
        part = STR("");
    } else if (st == OK) {
        if (!stored.p)
            st = calendar_new(x, &m->old);
        if (st == OK)
            st = all_components(m, part);
    }
    if (st == OK && x->a->st != OK)
        st = x->a->st;
    return st == OK ? finish(m, stored, part, out) : st;
}

enum status content_import(struct arena *a, const struct content_settings *s, enum content_type type,
                           struct str data, struct str stored, struct str recur_id, struct str uid,
                           enum content_merge how, struct content_in *out)
{
    return content_import_since(a, s, type, data, stored, STR_NONE, recur_id, uid, how, out);
}

enum status content_import_since(struct arena *a, const struct content_settings *s, enum content_type type,
                                 struct str data, struct str stored, struct str base, struct str recur_id,
                                 struct str uid, enum content_merge how, struct content_in *out)
{
    struct ctx x;
    struct import m = {.x = &x, .data = data, .how = how};
    ctx_init(&x, a, s, type);
    *out = (struct content_in){0};
    enum status st = import_item(&m, stored, base, recur_id, uid, out);
    if (st != OK)
        out->why = x.why.p ? x.why : str_c(status_text(st));
    return st;
}

enum status content_without(struct arena *a, const struct content_settings *s, struct str stored,
                            struct str recur_id, struct str *out)
{
    struct ctx x;
    struct doc object;
    struct when at, start;
    ctx_init(&x, a, s, CONTENT_ICAL20);
    enum status st = doc_parse(&x, MEDIA_CALENDAR, stored, &object);
    if (st != OK)
        return st;
    struct ical_comp *part = part_find(&x, &object, recur_id), *master = part_master(&object);
    if (!recur_id.n || (!part && !master) || !part_of_name(&x, &object, recur_id, &at))
        return NOT_FOUND;
    if (part)
        comp_remove_child(object.root, part);
    comp_touch(object.root);
    if (!master) {
        bool rest = false;
        for (const struct ical_comp *c = object.root->children; c; c = c->next)
            rest |= ical_kind_of(c->name) != 0;
        return rest ? doc_store(&x, &object, out) : NOT_FOUND;
    }
    if (when_of(&x, object.root, master, STR("DTSTART"), &start) && at.is_date == start.is_date)
        at = when_as(&x, &at, &start);
    struct line *l = when_line(&x, STR("EXDATE"), &at);
    if (!l)
        return a->st;
    ical_add_prop(master, l);
    comp_touch(master);
    return doc_store(&x, &object, out);
}
