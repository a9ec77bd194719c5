/* store/db_inside.h: what db.c and db_stmt.c share: the structs. SQLite's header comes in here and nowhere
 * else. */
#ifndef SCAMBIO_STORE_DB_INSIDE_H
#define SCAMBIO_STORE_DB_INSIDE_H

#include "store/db.h"

#include <sqlite3.h>

struct stmt {
    sqlite3_stmt *h;
    struct db *db;
    const char *sql;
    enum status st; /* of preparing and binding; answered by stmt_row */
    bool busy;      /* handed out and not ended */
    bool kept;      /* in the table; others are finalized at their end */
};

struct db {
    sqlite3 *h;
    enum status broken;  /* the connection is none: this is every answer */
    struct stmt failure; /* handed out when a statement can not be made */
    struct stmt **table; /* open addressing by the text's address */
    size_t used, cap;
    int wal_pages;
};

enum status db_status_of(int code);
void db_statements_free(struct db *db);

#endif
