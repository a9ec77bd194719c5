/* syncml/phone_int.h: the profiles as they are read, for phone.c and phone_rows.c. */
#ifndef SCAMBIO_SYNCML_PHONE_INT_H
#define SCAMBIO_SYNCML_PHONE_INT_H

#include "syncml/phone.h"

enum phone_key { PHONE_MAN, PHONE_MOD, PHONE_SWV, PHONE_DEVID, PHONE_KEYS };

struct phone_patterns {
    struct str *texts; /* "Nokia*": a beginning */
    size_t count, cap;
};

struct phone_row {
    struct phone phone;
    struct phone_patterns match[PHONE_KEYS]; /* none: anything */
    struct phone_field *lengths;
    size_t length_cap;
};

struct phones {
    struct arena arena;
    struct phone_row *rows;
    size_t count, cap;
    size_t generic; /* the row that fits all */
};

/* Reads one file's rows behind those that are there. `mistakes` gets a line for each; E_MEMORY. */
enum status phone_rows_read(struct phones *p, struct str text, const char *name, struct buf *mistakes);
/* The rows that are part of the program. */
enum status phone_rows_own(struct phones *p, struct buf *mistakes);

#endif
