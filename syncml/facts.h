/* syncml/facts.h: what is known of an item that the device sends: which stored object it is, and what the device had of it. Shared by
 * facts.c (finding it) and sync_in.c (what becomes of it). */
#ifndef SCAMBIO_SYNCML_FACTS_H
#define SCAMBIO_SYNCML_FACTS_H

#include "store/former.h"
#include "syncml/engine.h"

struct facts { /* of the device's item */
    struct content_settings settings;
    struct content_peek peek;
    unsigned char hash[16];
    struct object *object; /* it is this one; NULL: none */
    struct str part;       /* which component of it */
    struct luid row;
    struct str
        base; /* the object as the row's device got it, when it was changed since; STR_NONE: not known */
    bool has_row, same;     /* same: content_same() held */
    bool copy;              /* of what was deleted, unchanged; what came in its place has a row of its own */
    struct grave grave;     /* the row's item was deleted; obj_uid STR_NONE: no, or that is forgotten */
    struct db_source *from; /* from here */
    struct slow_entry *entry;
};

static inline struct db_source *facts_source(const struct change *c, const struct object *o)
{
    size_t i = database_source_of(c->db, o->collection);
    return i == SIZE_MAX ? NULL : &c->db->sources[i];
}

/* What its text says. */
enum status facts_read(struct turn *t, struct change *c, struct facts *f);

/* ---- finding its object: by LUID (then has_row), by UID, by content; f->object stays NULL when it is none ---- */
enum status facts_by_luid(struct turn *t, struct tx *tx, struct change *c, struct facts *f);
/* *elsewhere: the UID belongs to something that this is not. */
enum status facts_by_uid(struct turn *t, struct tx *tx, struct change *c, struct facts *f, bool *elsewhere);
enum status facts_by_content(struct turn *t, struct tx *tx, struct change *c, struct facts *f);
void facts_claim(struct change *c, struct facts *f); /* no other item is matched with it */

/* Does this text of the object look different to the device than what it has? */
enum status looks_other(struct turn *t, const struct change *c, const struct facts *f, struct str body,
                        bool *other);
/* What the device had before it changed it (f->base): the text of the number that it had seen, or one that looks the same to it. */
enum status facts_base(struct turn *t, struct tx *tx, const struct change *c, struct facts *f);
/* Has it an older text as it was, and changed nothing? It may be one that it was sent and never answered for. */
enum status facts_stale(struct turn *t, struct tx *tx, const struct change *c, const struct facts *f,
                        bool *stale);

#endif
