/* tests/simulation/phone_int.h: what the halves of a phone share: what it says (phone_say.c), what it hears (phone_hear.c). */
#ifndef SCAMBIO_TESTS_SIMULATION_PHONE_INT_H
#define SCAMBIO_TESTS_SIMULATION_PHONE_INT_H

#include "tests/simulation/phone.h"

enum {
    SYNC_TWO_WAY = 200,
    SYNC_SLOW,
    ALERT_NEXT = 222,
    ALERT_SUSPEND = 224,
    ALERT_RESUME = 225,
    STATUS_CHUNK = 213,
    STATUS_NOT_DELETED = 211,
};

void phone_faultf(struct phone *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct phone_item *phone_find(struct phone *p, enum db db, struct str luid);
void phone_remove(struct phone *p, enum db db, struct phone_item *item);
/* What it had to tell the server goes with the session: those items are orphans. */
void phone_forget_maps(struct phone *p, enum db db);
/* A Status of ours, appended to p->statuses. */
struct el *phone_status(struct phone *p, struct str msg, struct str cmd, const char *name, int code);
void phone_plan(struct phone *p); /* fills p->work by the modes agreed */
void phone_credential(const struct phone *p, struct buf *out);
bool phone_is_confirmed(const struct phone *p, enum db db, struct str luid);

#endif
