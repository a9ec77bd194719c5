/* store/derived.c: the rows that are computed from an item's text: occurrences, span, searchable fields. */
#include "store/rows.h"

static enum status add_occurrences(struct db *db, int64_t collection, int64_t item, const struct prepared *p)
{
    enum status st = OK;
    for (size_t i = 0; i < p->occ_count && st == OK; i++) {
        const struct occ_row *o = &p->occ[i];
        st = DB_RUN(
            db,
            "INSERT INTO occ(collection, week, start, item, \"end\", flags) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
            db_int(collection), db_int(o->week), db_int(o->start), db_int(item), db_int(o->end),
            db_int(o->flags));
    }
    return st;
}

enum status derived_add(struct tx *tx, int64_t collection, int64_t item, const struct prepared *p)
{
    struct db *db = tx_wdb(tx, collection);
    enum status st = OK;
    if (p->media == MEDIA_CALENDAR) {
        st = DB_RUN(
            db,
            "INSERT INTO span(item, first, last, recurs, until_done, tzver) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
            db_int(item), db_int(p->first), db_int(p->last), db_int(p->recurs), db_int(p->until_done),
            db_int(p->tzver));
        if (st == OK)
            st = add_occurrences(db, collection, item, p);
    }
    for (size_t i = 0; i < p->field_count && st == OK; i++)
        st = DB_RUN(db, "INSERT INTO field(collection, prop, fold, item, n) VALUES(?1, ?2, ?3, ?4, ?5)",
                    db_int(collection), db_int(p->fields[i].field), db_text(p->fields[i].fold), db_int(item),
                    db_int(p->fields[i].n));
    return st;
}

enum status derived_remove(struct tx *tx, int64_t item)
{
    struct db *db = tx_wdb(tx, item);
    enum status st = DB_RUN(db, "DELETE FROM occ WHERE item = ?1", db_int(item));
    if (st == OK)
        st = DB_RUN(db, "DELETE FROM span WHERE item = ?1", db_int(item));
    return st != OK ? st : DB_RUN(db, "DELETE FROM field WHERE item = ?1", db_int(item));
}

enum status derived_move(struct tx *tx, int64_t item, int64_t collection)
{
    struct db *db = tx_wdb(tx, item);
    enum status st =
        DB_RUN(db, "UPDATE occ SET collection = ?2 WHERE item = ?1", db_int(item), db_int(collection));
    return st != OK ? st
                    : DB_RUN(db, "UPDATE field SET collection = ?2 WHERE item = ?1", db_int(item),
                             db_int(collection));
}

enum status derived_copy(struct tx *tx, int64_t item, int64_t copy, int64_t collection)
{
    struct db *db = tx_wdb(tx, item);
    enum status st = DB_RUN(db,
                            "INSERT INTO occ(collection, week, start, item, \"end\", flags) "
                            "SELECT ?3, week, start, ?2, \"end\", flags FROM occ WHERE item = ?1",
                            db_int(item), db_int(copy), db_int(collection));
    if (st == OK)
        st = DB_RUN(db,
                    "INSERT INTO span(item, first, last, recurs, until_done, tzver) "
                    "SELECT ?2, first, last, recurs, until_done, tzver FROM span WHERE item = ?1",
                    db_int(item), db_int(copy));
    if (st == OK)
        st = DB_RUN(db,
                    "INSERT INTO field(collection, prop, fold, item, n) "
                    "SELECT ?3, prop, fold, ?2, n FROM field WHERE item = ?1",
                    db_int(item), db_int(copy), db_int(collection));
    return st;
}
