/* syncml/content_export.c: stored objects on their way to a device: which items they are there, and each of them as text. */
#include "syncml/content_int.h"

enum status content_export(struct arena *a, const struct content_settings *s, enum media media,
                           struct str stored, struct str recur_id, enum content_type type, struct str *out)
{
    struct ctx x;
    struct doc object, adapted;
    ctx_init(&x, a, s, type);
    enum status st = doc_parse(&x, media, stored, &object);
    if (st == OK)
        st = doc_adapt(&x, &object, recur_id, &adapted);
    return st == OK ? doc_write(&x, &adapted, out) : st;
}

enum status known_part(struct ctx *x, const struct doc *stored, struct str recur_id, struct str *text,
                       struct doc *out)
{
    struct doc adapted;
    enum status st = doc_adapt(x, stored, recur_id, &adapted);
    if (st == OK)
        st = doc_write(x, &adapted, text);
    return st == OK ? doc_read(x, *text, out) : st;
}

static enum status add_part(struct ctx *x, struct str **ids, size_t *n, size_t *cap, struct str id)
{
    struct str *more = arena_grow(x->a, *ids, *n, cap, *n + 1, sizeof *more);
    if (!more)
        return x->a->st;
    *ids = more;
    more[(*n)++] = id;
    return x->a->st;
}

enum status content_parts(struct arena *a, const struct content_settings *s, enum media media,
                          struct str stored, enum content_type type, struct str **recur_ids, size_t *count)
{
    struct ctx x;
    struct doc object;
    size_t cap = 0;
    ctx_init(&x, a, s, type);
    *recur_ids = NULL;
    *count = 0;
    enum status st = doc_parse(&x, media, stored, &object);
    if (st == OK && (media != MEDIA_CALENDAR || part_master(&object)))
        st = add_part(&x, recur_ids, count, &cap, STR(""));
    if (media != MEDIA_CALENDAR || st != OK)
        return st;
    for (const struct ical_comp *c = object.root->children; c && st == OK; c = c->next)
        if (ical_kind_of(c->name) && ical_prop(c, STR("RECURRENCE-ID")))
            st = add_part(&x, recur_ids, count, &cap, part_name(&x, object.root, c));
    return st;
}

enum status content_hash(struct arena *a, const struct content_settings *s, enum content_type type,
                         struct str text, unsigned char out[16])
{
    struct ctx x;
    struct doc item;
    ctx_init(&x, a, s, type);
    enum status st = doc_read(&x, text, &item);
    return st == OK ? doc_digest(&x, &item, out) : st;
}
