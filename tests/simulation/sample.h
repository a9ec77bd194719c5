/* tests/simulation/sample.h: what the simulated items are: a contact or a task that says which item it is (`tag`), and two fields that are
 * edited, each edit with a number of its own. So whatever a device or the server ends up with tells where it came from. */
#ifndef SCAMBIO_TESTS_SIMULATION_SAMPLE_H
#define SCAMBIO_TESTS_SIMULATION_SAMPLE_H

#include "core/buf.h"

enum db { DB_CONTACTS, DB_TASKS, DB_COUNT };

enum { SAMPLE_NUMBERS = 8 };

struct sample {
    int tag;  /* which item: N, SUMMARY */
    int note; /* which edit: NOTE, DESCRIPTION. Every seventh is 2,600 bytes long */
    /* The same of TEL and DUE, ascending, 0 behind the last: there are several TELs when several phones wrote one at the
     * same time and neither was to be lost. */
    int numbers[SAMPLE_NUMBERS];
};

/* The collection, the database's name. */
const char *sample_db(enum db db);
/* `modern`: vCard 3.0 and iCalendar, otherwise vCard 2.1 and vCalendar 1.0. */
const char *sample_type(enum db db, bool modern);
const char *sample_version(enum db db, bool modern);
/* `uid`: NULL for none. */
void sample_write(struct buf *out, enum db db, bool modern, const char *uid, const struct sample *c);
/* False: something is missing or was changed on the way. */
bool sample_read(struct str text, enum db db, struct sample *c);

#endif
